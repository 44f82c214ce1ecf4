"""One campaign: its plan before approval, its ledger afterwards. Live."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from contextlib import suppress
from functools import partial
from typing import Any
from uuid import UUID

import reflex as rx

from liquor_app.accounts.permission_table import Permission, needs
from liquor_app.analytics.measured import measured_of_campaigns
from liquor_app.analytics.returned_revenue import returned_since
from liquor_app.analytics.service import ledger
from liquor_app.campaigns import lifecycle
from liquor_app.campaigns.models import OPEN
from liquor_app.campaigns.service import (
    delete_campaign,
    get_campaign,
    open_planning,
    request_exploration,
    request_plan,
)
from liquor_app.core.db import transaction
from liquor_app.core.errors import Conflict, NotFound
from liquor_app.core.listing.spec import ListQuery
from liquor_app.core.queue import Job, work_topic
from liquor_app.organization.settings import shop_now
from liquor_app.planning.approval.approve_campaign import approve_campaign, submit_plan
from liquor_app.planning.plan_store import fingerprint_of
from liquor_app.planning.reasoning.plan_reasoning import silence_words
from liquor_app.planning.service import get_plan
from liquor_app.screens.analytics.attribution.state import AttributionState
from liquor_app.screens.analytics.parts.state import PartsState
from liquor_app.screens.campaigns.detail.coupons_state import CodesState
from liquor_app.screens.campaigns.detail.licence_state import LicenceState, seen_plan
from liquor_app.screens.campaigns.detail.outlook_state import OutlookState
from liquor_app.screens.campaigns.detail.planned_actions_state import ActionsState
from liquor_app.screens.campaigns.detail.resend_state import AgainState
from liquor_app.screens.campaigns.detail.view import (
    Head,
    LedgerLine,
    PlanView,
    funnel_steps,
    head_of,
    ledger_lines,
    plan_view,
)
from liquor_app.screens.details.state import DetailState
from liquor_app.screens.experiments.ab_test.state import AbTestState
from liquor_app.screens.experiments.campaign_effect.effect_state import CampaignEffectState
from liquor_app.screens.experiments.played.played_state import PlayedState
from liquor_app.screens.sending.words import SendLine, send_line
from liquor_app.screens.session.background import background
from liquor_app.screens.session.state import guarded, signed_in
from liquor_app.sending.lists import list_left
from liquor_app.sending.sandbox_play import play_week
from liquor_app.ui.address import last_part
from liquor_app.ui.charts.bars import Step
from liquor_app.ui.live_updates import follow
from liquor_app.ui.toast import toast_done
from liquor_app.ui.words import show_money

Verb = Callable[..., Awaitable[Any]]

VERBS: dict[str, tuple[Verb, str]] = {
    "approve": (approve_campaign, "Approved"),
    "approve_warned": (approve_campaign, "Approved"),
    "approve_anyway": (partial(approve_campaign, despite_sender=True), "Approved"),
    "submit": (submit_plan, "Put up for approval"),
    "send_back": (lifecycle.send_back, "Back to draft"),
    "start": (lifecycle.start_campaign, "Started"),
    "play": (play_week, "Playing the week"),
    "pause": (lifecycle.pause_campaign, "Paused"),
    "resume": (lifecycle.resume_campaign, "Going on"),
    "cancel": (lifecycle.cancel_campaign, "Cancelled"),
    "plan": (request_plan, "Planning"),
    "explore": (request_exploration, "Planning to learn"),
}


class CampaignState(DetailState, rx.State):
    """What the page shows of the campaign in its address."""

    head: Head = Head()
    plan: PlanView = PlanView()
    seen: str = ""
    """The plan and the fingerprint of its messages as they are shown: what is approved from here."""
    ledger: list[LedgerLine] = []
    sends: list[SendLine] = []
    returned: str = "–"
    steps: list[Step] = []
    """What became of its messages, as a funnel."""
    silent: str = ""
    """Why an open plan writes to hardly anybody, where a plan to learn would."""
    may_explore: bool = True
    """Nothing was drawn yet of what is believed: planning to learn may say more."""
    asking: str = ""
    busy: bool = False
    """It is planned now, whoever asked for it."""

    def _noun(self) -> str:
        return "campaign"

    @rx.event
    @guarded
    @needs(Permission.ANALYTICS_READ)
    async def load(self) -> None:
        self.loading, self.missing, self.asking = True, "", ""
        await self._open()
        if not self.missing:
            await self._read_returned()

    async def _read_returned(self) -> None:
        actor = await signed_in(self)
        async with transaction() as session:
            self.returned = show_money(await returned_since(session, actor, self._id()), cents=True)

    async def _read(self) -> None:
        actor, campaign_id = await signed_in(self), self._id()
        async with transaction() as session:
            row = await get_campaign(session, actor, campaign_id)
            plan = await get_plan(session, actor, row.plan_id) if row.plan_id else None
            at = await shop_now(session)
            measured = await measured_of_campaigns(session, actor, {campaign_id: row.completed_sends})
            fingerprint = await fingerprint_of(session, campaign_id) if plan else ""
            counts = await ledger(session, actor, campaign_id)
            is_planned_now = await open_planning(session, actor, campaign_id) is not None
            latest = await list_left(session, actor, ListQuery({"campaign_id": str(campaign_id)}, limit=10))
        is_played = row.virtual_now is not None
        before, self.head, self.plan = self.seen, head_of(row, at, measured.get(row.id, {})), plan_view(plan)
        self.seen = f"{plan.id}:{fingerprint}" if plan else ""
        silent = plan.summary.get("silent") if plan and row.status in OPEN else None
        self.silent = silence_words(silent) if silent else ""
        self.may_explore = not (silent and silent.get("is_tried"))
        self.steps = funnel_steps(row, measured.get(row.id, {}))
        if row.status in OPEN and before not in ("", self.seen):
            await self._show_changed()
        self.ledger = ledger_lines(counts, campaign_id)
        self.sends, self.busy = [send_line(one, at, is_played=is_played) for one in latest.items], is_planned_now
        played = await self.get_state(PlayedState)
        await played._refresh()

    async def _show_changed(self) -> None:
        """Show what another plan, or a change to this one, holds: what is approved from here is what is shown, so an
        open question about what was shown before is closed."""
        self.asking = "" if self.asking == "outlook" else self.asking
        outlook, actions = await self.get_state(OutlookState), await self.get_state(ActionsState)
        await outlook._refresh()
        await actions._read()
        ab_test = await self.get_state(AbTestState)
        await ab_test._read()

    @background
    @needs(Permission.ANALYTICS_READ)
    async def live(self) -> None:
        async with self:
            campaign = last_part(self)
        # what a plan is made by ends a moment after it stands, and may end without one
        async for _ in follow(self, f"campaign:{campaign}", work_topic(Job.GENERATE_CAMPAIGN, campaign)):
            async with self:
                await self._open()

    @rx.event
    @guarded
    @needs(Permission.CAMPAIGNS_WRITE)
    async def act(self, verb: str) -> Any:
        """Start, play, pause, resume, cancel, plan again, and send back, which asks first. Nothing is approved here: of
        that the plan has to be named."""
        return None if verb.startswith("approve") else await self._do(verb)

    @rx.event
    @guarded
    @needs(Permission.CAMPAIGNS_WRITE)
    async def approve(self, verb: str, plan: str) -> Any:
        """Approve the plan as the browser shows it (`seen`): another may have taken its place meanwhile, or somebody
        changed a message. Asks first if there is anything to be told (`OutlookState`)."""
        return await self._do(verb, *seen_plan(plan)) if verb.startswith("approve") else None

    async def _do(self, verb: str, plan: UUID | None = None, fingerprint: str | None = None) -> Any:
        actor, asked = await signed_in(self), self.asking
        self.asking = ""
        if verb not in VERBS or (verb == "approve" and await self._warned()):
            return None
        work, done = VERBS[verb]
        if verb == "send_back" and asked != verb:
            return None
        try:
            seen = {"plan_id": plan, "fingerprint": fingerprint} if plan else {}
            async with transaction() as session:
                await work(session, actor, self._id(), **seen)
        except Conflict as error:
            if error.field == "licence_state":  # the one thing that can be said right here
                return LicenceState.ask(f"{plan}:{fingerprint}", verb == "approve_anyway")
            if error.field == "sender_domain" and await self._warned():  # found out since the question was asked
                return None
            raise
        await self._open()
        return toast_done(done, self.head.name)

    async def _warned(self) -> bool:
        """Open the question if anything stands in the plan's way; tell whether it does."""
        outlook = await self.get_state(OutlookState)
        self.asking = "outlook" if await outlook._look() else ""
        return self.asking != ""

    @rx.event
    @needs(Permission.ANALYTICS_READ)
    async def ask(self, what: str) -> None:
        """Open the question before something that cannot be taken back; empty closes it."""
        self.asking = what if what in {"cancel", "delete", "send_back"} else ""

    @rx.event
    @guarded
    @needs(Permission.CAMPAIGNS_WRITE)
    async def delete(self) -> Any:
        actor = await signed_in(self)
        async with transaction() as session:
            await delete_campaign(session, actor, self._id())
        return rx.redirect("/campaigns")


CALM_SECONDS = 3
"""What the panels show looks at every message: a running campaign has them read no more often."""
PANELS = (AbTestState, CampaignEffectState, AttributionState, PartsState, CodesState, AgainState, ActionsState)
"""What else stands on the page of what changes without the reader's doing, in the order it is read again."""


class PanelsState(rx.State):
    """The page's one loop for its panels: each is read as its own `load` reads it, for one hint or for many."""

    @background
    @needs(Permission.ANALYTICS_READ)
    async def live(self) -> None:
        async with self:
            topic = f"campaign:{last_part(self)}"
        async for _ in follow(self, topic):
            async with self:
                await self._refresh()
            await asyncio.sleep(CALM_SECONDS)

    async def _refresh(self) -> None:
        with suppress(NotFound):  # deleted meanwhile: the page's own state says so
            for kind in PANELS:
                panel = await self.get_state(kind)
                await panel._read()
            page = await self.get_state(CampaignState)
            await page._read_returned()
