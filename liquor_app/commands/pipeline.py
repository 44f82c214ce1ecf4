"""The pipeline, step by step: sample, scores, segments, actions, plan, approval, sending."""

from __future__ import annotations

import asyncio
from typing import Annotated, Any

import typer
from rich.progress import Progress
from sqlalchemy.ext.asyncio import AsyncSession

from liquor_app.accounts.permissions import SYSTEM
from liquor_app.cli_kit import call, engines_running, err, show, show_rows
from liquor_app.commands.arguments import CampaignId, Json, campaign_of, parse_day
from liquor_app.core import db, redis
from liquor_app.core.errors import Invalid

app = typer.Typer()


@app.command()
def demo(as_json: Json = False) -> None:
    """Load the sample into an empty database and run the pipeline on it, up to a plan that waits for approval."""
    from liquor_app import bootstrap

    async def work() -> None:
        try:
            await bootstrap.defaults(None)
            if not await bootstrap.is_empty():
                raise Invalid("There are customers already. The sample goes into an empty database only.")
            with Progress(console=err) as progress:
                bar = progress.add_task("Sample", total=1.0)
                await bootstrap.load_sample(
                    lambda done, total, label: progress.update(bar, completed=done / max(total, 1), description=label)
                )
        finally:
            await db.dispose()
            await redis.dispose()

    with engines_running():
        asyncio.run(work())
    show({"loaded": True}, as_json)


@app.command()
def score(as_json: Json = False) -> None:
    """Score every customer."""
    from liquor_app.scoring.service import score_customers

    show(call(lambda session: score_customers(session, SYSTEM)), as_json, "Scored")


@app.command()
def segments(
    refresh: Annotated[bool, typer.Option(help="Recompute membership first.")] = True, as_json: Json = False
) -> None:
    """Segments and how many people are in each."""
    from liquor_app.segments.service import list_segments, refresh_segments

    async def work(session: AsyncSession) -> Any:
        if refresh:
            await refresh_segments(session, SYSTEM)
        return await list_segments(session, SYSTEM, limit=500)

    page = call(work)
    show_rows(page.items, ("slug", "name", "customer_count"), as_json, total=page.total)


@app.command()
def plan(
    name: Annotated[str, typer.Option(help="What to call the campaign.")] = "This week's plan",
    segment: Annotated[list[str] | None, typer.Option(help="Segment slug; may be repeated.")] = None,
    start: Annotated[str | None, typer.Option(help="First day, YYYY-MM-DD; tomorrow by default.")] = None,
    as_json: Json = False,
) -> None:
    """Draft a week: actions, then a plan that waits for approval."""
    from liquor_app.actions.service import generate_actions
    from liquor_app.campaigns.autopilot import plan_ready
    from liquor_app.campaigns.service import create_campaign
    from liquor_app.planning.service import make_plan
    from liquor_app.segments.service import list_segments

    async def work(session: AsyncSession) -> Any:
        known = (await list_segments(session, SYSTEM, active_only=True)).items
        slugs = segment or [row.slug for row in known if row.customer_count][:6]
        campaign = await create_campaign(
            session, SYSTEM, name=name, target_segments=slugs, start_date=parse_day(start, "start") if start else None
        )
        generated = await generate_actions(session, SYSTEM, campaign.id)
        made = await make_plan(session, SYSTEM, campaign.id)
        await plan_ready(session, SYSTEM, campaign.id)
        return {"campaign_id": campaign.id, "plan_id": made.id, "proposed": generated.proposed, "summary": made.summary}

    show(call(work), as_json, "Waiting for approval")


@app.command()
def actions(campaign: CampaignId = "latest", limit: int = 20, as_json: Json = False) -> None:
    """A campaign's actions, highest priority first."""
    from liquor_app.actions.service import list_actions

    async def work(session: AsyncSession) -> Any:
        return await list_actions(session, SYSTEM, campaign_id=await campaign_of(session, campaign), limit=limit)

    page = call(work)
    show_rows(page.items, ("priority_score", "channel", "scheduled_date", "offer", "reason"), as_json, total=page.total)


@app.command()
def approve(campaign: CampaignId = "latest", as_json: Json = False) -> None:
    """Approve a campaign's plan."""
    from liquor_app.campaigns.lifecycle import approve_campaign

    async def work(session: AsyncSession) -> Any:
        return await approve_campaign(session, SYSTEM, await campaign_of(session, campaign))

    row = call(work)
    show({"id": row.id, "name": row.name, "status": row.status}, as_json, "Approved")


@app.command()
def send(
    campaign: CampaignId = "latest",
    play: Annotated[bool, typer.Option(help="Play the whole week now (sandbox only).")] = False,
    as_json: Json = False,
) -> None:
    """Start an approved campaign; a running worker sends it."""
    from liquor_app.campaigns.lifecycle import play_week, start_campaign
    from liquor_app.campaigns.service import get_campaign

    async def work(session: AsyncSession) -> Any:
        campaign_id = await campaign_of(session, campaign)
        if play:
            await play_week(session, SYSTEM, campaign_id)
            return await get_campaign(session, SYSTEM, campaign_id)
        return await start_campaign(session, SYSTEM, campaign_id)

    row = call(work)
    show({"id": row.id, "name": row.name, "status": row.status, "playing": row.is_playing}, as_json, "Started")
