"""Planning from a terminal: actions, plan, simulation, reasoning, approval, autopilot."""

from __future__ import annotations

import sys
from dataclasses import asdict
from typing import TYPE_CHECKING, Annotated, Any
from uuid import UUID

import typer
from rich.markup import escape
from rich.progress import Progress

from liquor_app.accounts.permission_table import Permission, needs
from liquor_app.accounts.permissions import SYSTEM
from liquor_app.actions.lists import list_actions
from liquor_app.commands.arguments import CampaignId, Json, campaign_of, parse_day
from liquor_app.commands.kit import call, err, in_steps, out, show, show_rows
from liquor_app.core.db import Session, transaction
from liquor_app.core.errors import Invalid
from liquor_app.core.ids import parse_id
from liquor_app.core.listing.spec import ListQuery
from liquor_app.segments.lists import list_segments
from liquor_app.ui.words import figure

if TYPE_CHECKING:
    from liquor_app.planning.approval.approval_outlook import ApprovalOutlook
    from liquor_app.planning.plan_store import PlanRow

app = typer.Typer()


@app.command()
@needs(Permission.PLANS_WRITE)
def plan(
    *,
    name: Annotated[str, typer.Option(help="What to call the campaign.")] = "This week's plan",
    segment: Annotated[list[str] | None, typer.Option(help="Segment slug; may be repeated.")] = None,
    start: Annotated[str | None, typer.Option(help="First day, YYYY-MM-DD; tomorrow by default.")] = None,
    engine: Annotated[str, typer.Option(help="heuristic (the default), llm or manual.")] = "",
    prompt: Annotated[str, typer.Option(help="What the AI planner should know of the week.")] = "",
    campaign: Annotated[str, typer.Option(help="Plan this campaign again instead of a new one: id, or `latest`.")] = "",
    as_json: Json = False,
) -> None:
    """Draft a week: actions, then a plan that waits for approval."""
    from liquor_app.campaigns.models import Engine
    from liquor_app.campaigns.service import create_campaign, update_campaign
    from liquor_app.planning.approval.autopilot import plan_ready
    from liquor_app.planning.draft_job import draft_plans

    if engine and engine not in set(Engine):
        raise Invalid(f"engine must be one of {', '.join(Engine)}", field="engine")

    async def campaign_id() -> UUID:
        async with transaction() as session:
            if campaign:
                known_id = await campaign_of(session, campaign)
                told = {"engine": Engine(engine)} if engine else {}
                if told or prompt:
                    await update_campaign(
                        session, SYSTEM, known_id, {**told, **({"llm_prompt": prompt} if prompt else {})}
                    )
                return known_id
            known = (await list_segments(session, SYSTEM, ListQuery({"active_only": "true"}))).items
            slugs = segment or [row.slug for row in known if row.customer_count][:6]
            row = await create_campaign(
                session,
                SYSTEM,
                name=name,
                target_segments=slugs,
                start_date=parse_day(start, "start") if start else None,
                engine=Engine(engine or Engine.HEURISTIC),
                llm_prompt=prompt or None,
            )
            return row.id

    async def work() -> Any:
        planned = await campaign_id()
        with Progress(console=err, transient=True) as progress:
            bar = progress.add_task("Planning", total=3)

            async def report(done: int, total: int, words: str) -> None:
                progress.update(bar, completed=done, total=total, description=words)

            drafted = await draft_plans(planned, report)
        async with transaction() as session:
            row = await plan_ready(session, SYSTEM, planned)
        made = drafted.plan
        return {
            "campaign_id": planned,
            "plan_id": made.id,
            "version": made.version,
            "engine": made.engine.value,
            "status": row.status.value,
            "proposed": drafted.proposed,
            "summary": made.summary,
        }

    made = in_steps(work)
    if as_json:
        show(made, True)
        return
    title = f"Plan {made['version']} by the {made['engine']} engine, {made['status']}"
    _show_simulation(made["plan_id"], made["summary"], title)


@app.command()
@needs(Permission.PLANS_WRITE)
def simulate(campaign: CampaignId = "latest", as_json: Json = False) -> None:
    """What a campaign's plan is likely to bring, from its actions as they stand, before anything is sent."""
    from liquor_app.campaigns.service import get_campaign
    from liquor_app.planning.plan_store import STEPS
    from liquor_app.planning.service import simulate_plan

    with Progress(console=err, transient=True) as progress:
        bar = progress.add_task("Simulating", total=STEPS)

        async def report(done: int, total: int, words: str) -> None:
            progress.update(bar, completed=done, total=total, description=words)

        async def work(session: Session) -> Any:
            row = await get_campaign(session, SYSTEM, await campaign_of(session, campaign))
            if row.plan_id is None:
                raise Invalid(f"“{row.name}” has no plan yet. Make one with `liquor plan --campaign {row.id}`.")
            return await simulate_plan(session, SYSTEM, row.plan_id, report=report)

        found = call(work)
    if as_json:
        show({"plan_id": found.id, "version": found.version, "summary": found.summary}, True)
        return
    _show_simulation(found.id, found.summary, f"Plan {found.version}")


def _show_simulation(plan_id: UUID, summary: dict[str, Any], title: str) -> None:
    from liquor_app.planning.plan_summary import NEW_BUYERS, TAKERS, takers_of
    from liquor_app.planning.reasoning.plan_reasoning import basis_words

    totals, simulated, foreseen = summary["totals"], summary["simulation"], summary["foreseen"]

    costs = simulated["cost_by_channel"]

    def span(name: str) -> str:
        found = takers_of(simulated) if name == "takers" else simulated[name]
        return f"{found['mean']}  (80%: {found['low']} to {found['high']})"

    show(
        {
            "plan": plan_id,
            "reach": f"{totals['reach']:,} of {totals['audience']:,}, {totals['held_out']:,} held out",
            "messages": f"{totals['sends']:,}: {totals['email']:,} e-mail, {totals['sms']:,} SMS",
            "cost": f"{simulated['cost']}: {costs['email']} e-mail, {costs['sms']} SMS",
            "discount": span("discount"),
            TAKERS.lower(): span("takers"),
            NEW_BUYERS.lower(): span("new_buyers"),
            "revenue with the offer": span("revenue"),
            "incremental profit": f"{span('incremental_profit')}, {basis_words(simulated['uplift'])}",
            "uplift": simulated["uplift"]["note"],
            "predicted blocks": f"{foreseen['blocked']:,}, {foreseen['later']:,} later",
            "messages in 7 days": f"{summary['fatigue']['mean_7_days']} a person on average",
        },
        False,
        title,
    )
    days = ("date", "weekday", "email", "sms", "discount", "expected_profit")
    show_rows(summary["days"], days, False)
    if foreseen["reasons"]:
        show_rows(foreseen["reasons"], ("label", "messages"), False)


@app.command()
@needs(Permission.ACTIONS_READ)
def why(
    campaign: CampaignId = "latest",
    version: Annotated[int, typer.Option(help="Of the plan; the current one by default.")] = 0,
    as_json: Json = False,
) -> None:
    """Why a campaign's plan is as it is: the reasoning that stays with it, and what people changed."""
    from liquor_app.actions.lists import list_edits
    from liquor_app.campaigns.service import get_campaign
    from liquor_app.planning.service import get_plan, plan_of_version

    async def work(session: Session) -> Any:
        row = await get_campaign(session, SYSTEM, await campaign_of(session, campaign))
        if version:
            found = await plan_of_version(session, SYSTEM, row.id, version)
        elif row.plan_id is not None:
            found = await get_plan(session, SYSTEM, row.plan_id)
        else:
            raise Invalid(f"“{row.name}” has no plan yet.")
        edits = await list_edits(session, SYSTEM, row.id, ListQuery({"plan": str(found.id)}, limit=200))
        return found, list(edits.items)

    found, edits = call(work)
    if as_json:
        told = {
            "plan_id": found.id,
            "version": found.version,
            "engine": found.engine.value,
            "guidance_version": found.guidance_version,
        }
        show({**told, "reasoning": found.reasoning, "engine_record": found.engine_record, "edits": edits}, True)
        return
    out.print(f"[bold]Plan {found.version}[/], {found.engine.value}, under guidance {found.guidance_version}")
    out.print(f"  {found.id}", highlight=False)
    for entry in found.reasoning:
        out.print(f"  [dim]{entry['kind']:<10}[/] {escape(entry['title'])}: {escape(entry['text'])}", highlight=False)
    show_rows(edits, ("at", "by", "summary", "actions", "undone_at"), False)


@app.command()
@needs(Permission.ACTIONS_READ)
def actions(
    campaign: CampaignId = "latest",
    *,
    status: Annotated[str, typer.Option(help="One or several, separated by commas.")] = "",
    segment: str = "",
    limit: int = 20,
    generate: Annotated[
        bool, typer.Option("--generate", help="Propose them anew first; what was edited by hand stays.")
    ] = False,
    as_json: Json = False,
) -> None:
    """A campaign's actions, highest priority first."""
    from liquor_app.actions.service import generate_actions

    with Progress(console=err, transient=True) as progress:
        bar = progress.add_task("Looking at customers" if generate else "Reading actions", total=None)

        async def tell(done: int, total: int) -> None:
            progress.update(bar, completed=done, total=total)

        async def work(session: Session) -> Any:
            campaign_id = await campaign_of(session, campaign)
            made = await generate_actions(session, SYSTEM, campaign_id, tell=tell) if generate else None
            progress.update(bar, description="Reading actions")
            rows = await list_actions(
                session,
                SYSTEM,
                ListQuery({"campaign_id": str(campaign_id), "status": status, "segment": segment}, limit=limit),
            )
            return made, rows

        made, page = call(work)
    if made is not None:
        err.print(f"{made.proposed:,} proposed for {made.customers:,} customers, {made.excluded:,} left out.")
    columns = ("priority_score", "status", "channel", "scheduled_date", "offer", "reason")
    show_rows(page.items, columns, as_json, total=page.total)


@app.command()
@needs(Permission.CAMPAIGNS_WRITE)
def approve(
    campaign: CampaignId = "latest",
    *,
    plan: Annotated[str, typer.Option(help="Id of the plan you looked at: no other is approved.")] = "",
    fingerprint: Annotated[str, typer.Option(help="Of its messages as you saw them; `--look` says it.")] = "",
    despite_sender: Annotated[bool, typer.Option(help="Although its domain failed the last sender check.")] = False,
    look: Annotated[bool, typer.Option("--look", help="Show the plan and what stands in its way; approve nothing.")] = (
        False
    ),
    as_json: Json = False,
) -> None:
    """Approve a plan you looked at, named by --plan and --fingerprint. Without both it is shown and asked about; where
    nobody can be asked, refused."""
    from liquor_app.planning.approval.approval_outlook import read_outlook
    from liquor_app.planning.approval.approve_campaign import approve_campaign
    from liquor_app.planning.service import get_plan

    named = parse_id(plan, "plan") if plan else None

    async def read(session: Session) -> Any:
        asked = await get_plan(session, SYSTEM, named) if named else None
        campaign_id = asked.campaign_id if asked and campaign == "latest" else await campaign_of(session, campaign)
        if asked and asked.campaign_id != campaign_id:
            raise Invalid("That plan is of another campaign.", field="plan")
        seen = await read_outlook(session, SYSTEM, campaign_id)
        return await get_plan(session, SYSTEM, seen.plan_id), seen

    current, seen = call(read)
    if look and as_json:
        show(asdict(seen), True)
        return
    _show_outlook(current, seen, as_json)
    if look:
        err.print("Nothing was approved.")
        return
    if named is None or not fingerprint:
        _ask(current, seen, as_json)

    async def work(session: Session) -> Any:
        return await approve_campaign(
            session, SYSTEM, current.campaign_id, despite_sender=despite_sender, plan_id=named or current.id,
            fingerprint=fingerprint or seen.fingerprint,
        )  # fmt: skip

    with Progress(console=err, transient=True) as progress:
        progress.add_task("Checking the plan against the guidance", total=None)
        row = call(work)
    show({"id": row.id, "name": row.name, "status": row.status, "plan_id": row.plan_id}, as_json, "Approved")


def _show_outlook(plan: PlanRow, seen: ApprovalOutlook, as_json: bool) -> None:
    """Print which plan stands, and on stderr what stands in its way."""
    if not as_json:
        found = plan.summary["simulation"]["incremental_profit"]
        profit = f"{found['mean']}  (80%: {found['low']} to {found['high']})"
        told = {
            "campaign": plan.campaign_id, "plan": plan.id, "fingerprint": seen.fingerprint,
            "messages": figure(seen.messages),
        }  # fmt: skip
        told |= {"a/b test": seen.ab_test} if seen.ab_test else {}
        show({**told, "incremental profit": profit}, False, f"Plan {plan.version}, {plan.engine.value}")
    for warned in seen.warnings:
        err.print(f"[yellow]![/] {escape(warned.words)}", highlight=False)
    if not seen.warnings:
        err.print("Nothing stands in its way.")


def _ask(plan: PlanRow, seen: ApprovalOutlook, as_json: bool) -> None:
    """Ask whether the plan that was shown is the one that is meant.

    Raises:
        Invalid: there is nobody to ask.
        Abort: it is not.
    """
    if as_json or not sys.stdin.isatty():
        raise Invalid(
            f"Say which plan you looked at: plan {plan.version} is --plan {plan.id} --fingerprint {seen.fingerprint}."
            " Another may take its place at any time, or a message be changed, and would be approved unseen.",
            field="plan",
        )
    typer.confirm(f"Approve plan {plan.version}?", abort=True)


@app.command()
@needs(Permission.SETTINGS_ADMIN)
def autopilot(
    switch: Annotated[str, typer.Argument(help="status, stop (the kill switch) or release.")] = "status",
    as_json: Json = False,
) -> None:
    """Whether the planner may approve by itself; `stop` ends that at once and pauses what it started."""
    from liquor_app.planning.approval.autopilot import read_switch, release_autopilot, stop_autopilot

    if switch not in {"status", "stop", "release"}:
        raise Invalid("Say status, stop or release.", field="switch")

    async def work(session: Session) -> Any:
        if switch == "stop":
            await stop_autopilot(session, SYSTEM)
        elif switch == "release":
            await release_autopilot(session, SYSTEM)
        return await read_switch(session, SYSTEM)

    show(call(work).model_dump(), as_json)
