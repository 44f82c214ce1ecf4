"""A campaign's plans as versions: why each is as it is, and two of them side by side."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date
from typing import Any
from uuid import UUID

import reflex as rx

from liquor_app.accounts.permission_table import Permission, needs
from liquor_app.campaigns.service import get_campaign
from liquor_app.core.db import transaction
from liquor_app.core.errors import NotFound
from liquor_app.core.ids import parse_id
from liquor_app.core.listing.spec import ListQuery
from liquor_app.organization.settings import shop_now
from liquor_app.planning.compare_plans import Comparison, Figure
from liquor_app.planning.lists import list_plans
from liquor_app.planning.service import PlanRow, choose_plan, compare_plans
from liquor_app.screens.campaigns.detail.edits_state import EditsState
from liquor_app.screens.campaigns.detail.planned_actions_state import ActionsState
from liquor_app.screens.campaigns.detail.state import CampaignState
from liquor_app.screens.session.background import background
from liquor_app.screens.session.state import guarded, signed_in
from liquor_app.ui.address import last_part
from liquor_app.ui.live_updates import follow
from liquor_app.ui.toast import toast_done
from liquor_app.ui.words import figure, plural, show_moment, show_money, show_us_dollars, show_weekday, signed

ENGINES = {"heuristic": "Optimiser", "llm": "AI planner", "manual": "By hand"}
SHOWN_CELLS, SHOWN_COPY, SHOWN_VERSIONS = 12, 12, 20


@dataclass(frozen=True, slots=True)
class FigureLine:
    label: str
    left: str
    left_range: str
    right: str
    right_range: str
    difference: str
    tone: str


@dataclass(frozen=True, slots=True)
class CellLine:
    who: str
    when: str
    channel: str
    offer: str
    left: str
    right: str
    difference: str


@dataclass(frozen=True, slots=True)
class CopyLine:
    who: str
    channel: str
    left: str
    right: str


@dataclass(frozen=True, slots=True)
class Side:
    """Two plans of one campaign beside each other; `other_id` is empty while there is only one."""

    other_id: str = ""
    left: str = ""
    right: str = ""
    summary: str = ""
    figures: list[FigureLine] = field(default_factory=list)
    cells: list[CellLine] = field(default_factory=list)
    copy: list[CopyLine] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class WhyLine:
    kind: str
    title: str
    text: str


@dataclass(frozen=True, slots=True)
class Why:
    """One version's reasoning."""

    version: str = ""
    made: str = ""
    reasoning: list[WhyLine] = field(default_factory=list)


def name_of(plan: PlanRow) -> str:
    return f"Plan {plan.version} ({ENGINES[plan.engine.value]})"


def _marked(plan: PlanRow) -> str:
    return f"{name_of(plan)}{', current' if plan.is_current else ''}"


def _figure(found: Figure) -> FigureLine:
    def show(value: float) -> str:
        return show_money(value) if found.unit else figure(value)

    def span(pair: tuple[float, float] | None) -> str:
        return f"{show(pair[0])} to {show(pair[1])}" if pair else ""

    sign = "+" if found.difference > 0 else ""
    better = found.name == "incremental_profit" and abs(found.difference) >= 0.005
    return FigureLine(
        found.label,
        show(found.left),
        span(found.left_range),
        show(found.right),
        span(found.right_range),
        f"{sign}{show(found.difference)}" if abs(found.difference) >= 0.005 else "same",
        ("green" if found.difference > 0 else "red") if better else "",
    )


def side_of(left: PlanRow, right: PlanRow, found: Comparison) -> Side:
    """Return both plans in words."""

    def copies(pairs: tuple[tuple[str, str], ...]) -> str:
        return "  /  ".join(f"{subject}: {text}" if subject else text for subject, text in pairs) or "Nothing"

    return Side(
        other_id=str(left.id if right.is_current else right.id),
        left=_marked(left),
        right=_marked(right),
        summary=(
            f"{plural(found.moved, 'message')} differ in {plural(found.cells_differing, 'cell')}"
            " of segment, day, channel and offer."
        ),
        figures=[_figure(one) for one in found.figures],
        cells=[
            CellLine(
                cell.segment_name, show_weekday(date.fromisoformat(cell.date)),
                "SMS" if cell.channel == "sms" else "E-mail", cell.offer,
                figure(cell.left), figure(cell.right), signed(cell.difference),
            )
            for cell in found.cells[:SHOWN_CELLS]
        ],
        copy=[
            CopyLine(
                f"{one.segment_name}, {one.offer}", "SMS" if one.channel == "sms" else "E-mail",
                copies(one.left), copies(one.right),
            )
            for one in found.copy[:SHOWN_COPY]
        ],
    )  # fmt: skip


class VersionsState(rx.State):
    """The versions of the campaign in the address, the one whose reasoning is shown, and the comparison."""

    options: list[tuple[str, str]] = []
    shown: str = ""
    why: Why = Why()
    side: Side = Side()
    asking: bool = False

    @rx.event
    @guarded
    @needs(Permission.CAMPAIGNS_READ)
    async def load(self) -> None:
        self.shown, self.asking = "", False
        await self._read()

    async def _read(self) -> None:
        actor = await signed_in(self)
        try:
            campaign_id = parse_id(last_part(self), "campaign")
            async with transaction() as session:
                row = await get_campaign(session, actor, campaign_id)
                plans = list((await list_plans(session, actor, campaign_id, ListQuery(limit=SHOWN_VERSIONS))).items)
                known = {str(plan.id): plan for plan in plans}
                chosen = known.get(self.shown) or known.get(str(row.plan_id)) or (plans[0] if plans else None)
                pair = _pair(plans, row.plan_id)
                found = await compare_plans(session, actor, pair[0].id, pair[1].id) if pair else None
                at = await shop_now(session)
        except NotFound:
            self.options, self.why, self.side = [], Why(), Side()
            return
        self.options = [(str(plan.id), _marked(plan)) for plan in plans]
        self.shown = str(chosen.id) if chosen else ""
        self.why = _why(chosen, at) if chosen else Why()
        self.side = side_of(*pair, found) if pair and found else Side()
        await (await self.get_state(EditsState))._of_plan(self.shown)

    @background
    @needs(Permission.CAMPAIGNS_READ)
    async def live(self) -> Any:
        """Follow the campaign: a new plan shows its reasoning and its actions as soon as it stands."""
        async with self:
            topic = f"campaign:{last_part(self)}"
        async for _ in follow(self, topic):
            async with self:
                before = [option[0] for option in self.options]
                await self._read()
                fresh = [option[0] for option in self.options] != before
                if fresh:
                    self.shown = ""
                    await self._read()
            if fresh:
                yield ActionsState.refresh

    @rx.event
    @guarded
    @needs(Permission.CAMPAIGNS_READ)
    async def show(self, plan_id: str) -> None:
        """Show another version's reasoning."""
        self.shown = str(plan_id)
        await self._read()

    @rx.event
    @needs(Permission.CAMPAIGNS_READ)
    async def ask(self, open: bool) -> None:
        self.asking = bool(open)

    @rx.event
    @guarded
    @needs(Permission.PLANS_WRITE)
    async def choose(self) -> Any:
        """Take the other plan."""
        actor = await signed_in(self)
        self.asking = False
        async with transaction() as session:
            plan = await choose_plan(session, actor, parse_id(self.side.other_id, "plan"))
        self.shown = ""
        await self._read()
        return [CampaignState.load, ActionsState.load, toast_done("Plan chosen", name_of(plan))]


def _pair(plans: list[PlanRow], current: UUID | None) -> tuple[PlanRow, PlanRow] | None:
    """Return the optimiser's and the AI planner's plan of this round, in this order; None while there is only one."""
    now = next((plan for plan in plans if plan.id == current), None)
    other = next((plan for plan in plans if plan.can_be_chosen), None)
    if now is None or other is None:
        return None
    return (now, other) if now.version < other.version else (other, now)


def _why(plan: PlanRow, at: Any) -> Why:
    made = f"{ENGINES[plan.engine.value]}, {show_moment(plan.created_at, at)}, under guidance {plan.guidance_version}"
    record = plan.engine_record
    if record:
        tokens = record["prompt_tokens"] + record["completion_tokens"]
        made += (
            f". {record['model']}: {record['outcome'].replace('_', ' ')}, {figure(tokens)} tokens,"
            f" {show_us_dollars(record['cost'])}"
        )
    return Why(
        f"Plan {plan.version}",
        made,
        [WhyLine(entry["kind"], entry["title"], entry["text"]) for entry in plan.reasoning],
    )
