"""The pipeline, step by step: sample, scores, segments, sending. What lies between is `planning`."""

from __future__ import annotations

import asyncio
from typing import Annotated, Any

import typer
from rich.progress import Progress

from liquor_app.accounts.permission_table import Permission, needs
from liquor_app.accounts.permissions import SYSTEM
from liquor_app.commands.arguments import CampaignId, Json, campaign_of
from liquor_app.commands.kit import call, engines_running, err, show, show_rows
from liquor_app.core import db, redis
from liquor_app.core.db import Session
from liquor_app.core.errors import Invalid
from liquor_app.core.listing.spec import ListQuery
from liquor_app.segments.lists import list_segments
from liquor_app.ui.words import figure

app = typer.Typer()


@app.command()
@needs(Permission.DATA_ADMIN)
def demo(
    full_store: Annotated[bool, typer.Option(help="All purchases of these people, not their liquor alone.")] = False,
    as_json: Json = False,
) -> None:
    """Load the sample into an empty database and run the pipeline on it, up to a plan that waits for approval."""
    from liquor_app import bootstrap
    from liquor_app.demo import sample_shop

    async def work() -> None:
        try:
            await bootstrap.defaults(None)
            if not await sample_shop.is_empty():
                raise Invalid("There are customers already. The sample goes into an empty database only.")
            with Progress(console=err) as progress:
                bar = progress.add_task("Sample", total=1.0)
                await sample_shop.load_sample(
                    lambda done, total, label: progress.update(bar, completed=done / max(total, 1), description=label),
                    full_store=full_store,
                )
        finally:
            await db.dispose()
            await redis.dispose()

    with engines_running():
        asyncio.run(work())
    show({"loaded": True}, as_json)


@app.command()
@needs(Permission.ANALYTICS_WRITE)
def score(
    refit: Annotated[bool, typer.Option(help="Fit the models anew first, though they are not a week old.")] = False,
    as_json: Json = False,
) -> None:
    """Score every customer."""
    from liquor_app.scoring.service import score_customers

    show(call(lambda session: score_customers(session, SYSTEM, refit=refit)), as_json, "Scored")


@app.command()
@needs(Permission.SEGMENTS_WRITE)
def segments(
    refresh: Annotated[bool, typer.Option(help="Recompute membership first.")] = True, as_json: Json = False
) -> None:
    """Segments and how many people are in each."""
    from liquor_app.segments.service import refresh_segments

    async def work(session: Session) -> Any:
        if refresh:
            await refresh_segments(session, SYSTEM)
        return await list_segments(session, SYSTEM, ListQuery(limit=500))

    page = call(work)
    show_rows(page.items, ("slug", "name", "customer_count"), as_json, total=page.total)


@app.command()
@needs(Permission.ANALYTICS_READ)
def holdout(as_json: Json = False) -> None:
    """What marketing as a whole changes: customers left out of every campaign beside everybody else, counted now."""
    from liquor_app.experiments.global_holdout import take_reading

    with Progress(console=err, transient=True) as progress:
        progress.add_task("Counting both groups", total=None)
        row = call(lambda session: take_reading(session, SYSTEM))
    if as_json:
        show(row, True)
        return
    told: dict[str, Any] = {"left out of everything": f"{row.share:.1%} of customers"}
    if row.revenue and row.bought:
        us, them = row.revenue.contacted, row.revenue.held_out
        told |= {
            "counted from": f"{row.from_at:%Y-%m-%d}, {row.days} days" if row.from_at else "the first campaign to come",
            "customers": f"{us.people:,} written to, {them.people:,} left out",
            "revenue a customer": f"{us.mean:.2f} written to, {them.mean:.2f} left out",
            "difference": _interval(row.revenue.difference, row.revenue.low, row.revenue.high, "{:+.2f}"),
            "more of them buy": _interval(row.bought.difference, row.bought.low, row.bought.high, "{:+.1f} pts", 100),
        }
    if row.split and row.split.is_mismatch:
        told["not to be trusted"] = row.split.message
    if row.missing:
        told["verdict"] = "not enough data yet: " + " ".join(row.missing)
    elif row.revenue:
        told["verdict"] = row.revenue.verdict
    show(told, False, "The global holdout")


@app.command()
@needs(Permission.ANALYTICS_WRITE)
def learn(as_json: Json = False) -> None:
    """Learn what messages change from decisions whose week is over, and tell what is believed now."""
    from liquor_app.experiments.learning import learn as learn_now
    from liquor_app.experiments.learning import read_learning

    async def work(session: Session) -> Any:
        await learn_now(session, SYSTEM)
        return await read_learning(session, SYSTEM)

    row = call(work)
    rows = [
        {
            "segment": one.cell.segment,
            "offer": one.cell.offer,
            "channel": one.cell.channel,
            "buyers_of_100": round(one.mean * 100, 2),
            "low_80": round(one.low * 100, 2),
            "high_80": round(one.high * 100, 2),
            "learned_from": one.learned_from,
            "basis": one.basis,
            "since_last_week": round(one.change * 100, 2),
        }
        for one in row.cells
    ]
    names = (
        "segment", "offer", "channel", "buyers_of_100", "low_80", "high_80", "learned_from", "basis", "since_last_week",
    )  # fmt: skip
    following = [{"segment": one.segment, "next": _next_words(one), "why": one.why} for one in row.trials]
    whole = row.overall
    overall = {
        "buyers_of_100": round(whole.mean * 100, 2), "low_80": round(whole.low * 100, 2),
        "high_80": round(whole.high * 100, 2), "basis": "learned" if row.messages else "assumed",
        "messages": row.messages, "distinct_people": row.distinct_people, "held_out": row.controls,
        "version": row.beliefs.version, "until": row.beliefs.until,
    }  # fmt: skip
    if not as_json:
        typer.echo(_overall_words(overall))
    show_rows(rows, names, as_json, total=len(rows), more={"overall": overall, "next": following})
    if not as_json and following:
        show_rows(following, ("segment", "next", "why"), as_json)


def _overall_words(overall: dict[str, Any]) -> str:
    mean, low, high = (figure(overall[name], 1, sign=True) for name in ("buyers_of_100", "low_80", "high_80"))
    won = f"{mean} buyers of 100 (80%: {low} to {high})"
    if not overall["messages"]:
        return f"Nothing was learned yet (version {overall['version']}). A message is assumed to win {won}."
    to = "" if overall["distinct_people"] is None else f" to {figure(overall['distinct_people'])} people"
    return (
        f"A message wins {won}: version {overall['version']}, learned from {figure(overall['messages'])} messages{to},"
        f" {figure(overall['held_out'])} times somebody was held out, with outcomes up to {overall['until']}."
    )


def _next_words(trial: Any) -> str:
    if not trial.is_worth and not trial.is_pinned:
        return "nothing"
    return f"{trial.most.cell.offer}, {trial.most.cell.channel}"


def _interval(middle: float, low: float | None, high: float | None, form: str, times: float = 1) -> str:
    if low is None or high is None:
        return f"{form.format(middle * times)} (no interval yet)"
    return f"{form.format(middle * times)} (95%: {form.format(low * times)} to {form.format(high * times)})"


@app.command()
@needs(Permission.CAMPAIGNS_WRITE)
def send(
    campaign: CampaignId = "latest",
    play: Annotated[bool, typer.Option(help="Play the whole week now (sandbox only).")] = False,
    as_json: Json = False,
) -> None:
    """Start an approved campaign; a running worker sends it."""
    from liquor_app.campaigns.lifecycle import start_campaign
    from liquor_app.campaigns.service import get_campaign
    from liquor_app.sending.sandbox_play import play_week

    async def work(session: Session) -> Any:
        campaign_id = await campaign_of(session, campaign)
        if play:
            await play_week(session, SYSTEM, campaign_id)
            return await get_campaign(session, SYSTEM, campaign_id)
        return await start_campaign(session, SYSTEM, campaign_id)

    row = call(work)
    show({"id": row.id, "name": row.name, "status": row.status, "playing": row.is_playing}, as_json, "Started")
