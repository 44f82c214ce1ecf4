"""The campaign builder: details, audience, strategy, then the plan to review."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal, InvalidOperation
from typing import Any
from zoneinfo import ZoneInfo

import reflex as rx

from liquor_app.accounts.state import guarded, signed_in
from liquor_app.campaigns.models import CampaignType
from liquor_app.campaigns.service import create_campaign, estimate_reach, request_plan
from liquor_app.core.clock import now
from liquor_app.core.db import transaction
from liquor_app.core.errors import AppError, Invalid
from liquor_app.organization.settings import GeneralSettings, PlanningSettings, load_settings
from liquor_app.planning.models import Engine
from liquor_app.segments.service import list_segments


@dataclass(frozen=True, slots=True)
class Choice:
    """A segment to choose."""

    slug: str
    name: str
    detail: str
    people: str


def parse_day(value: Any, field: str) -> date:
    """A day from a form.

    Raises:
        Invalid: not a date.
    """
    try:
        return date.fromisoformat(str(value))
    except ValueError as error:
        raise Invalid("Choose a day.", field=field) from error


def parse_percent(value: Any, field: str) -> Decimal:
    """A percentage from a form.

    Raises:
        Invalid: not a number.
    """
    try:
        return Decimal(str(value).strip().rstrip("%"))
    except InvalidOperation as error:
        raise Invalid("Give a number such as 10.", field=field) from error


class BuilderState(rx.State):
    """A draft being made. Nothing is stored before "Generate plan"; then it is a campaign of its own."""

    choices: list[Choice] = []
    chosen: list[str] = []
    reach: str = ""
    start: str = ""
    end: str = ""
    holdout: str = "10"
    type: str = CampaignType.WEEKLY_PLAN.value
    errors: dict[str, str] = {}
    busy: bool = False

    @rx.event
    @guarded
    async def load(self) -> None:
        actor = await signed_in(self)
        async with transaction() as session:
            segments = await list_segments(session, actor, active_only=True)
            general = await load_settings(session, GeneralSettings)
            planning = await load_settings(session, PlanningSettings)
        self.choices = [
            Choice(row.slug, row.name, row.messaging_strategy or "", f"{row.customer_count:,}")
            for row in segments.items
        ]
        first = now().astimezone(ZoneInfo(general.timezone)).date() + timedelta(days=1)
        self.start, self.end = first.isoformat(), (first + timedelta(days=6)).isoformat()
        self.holdout, self.errors, self.busy, self.chosen, self.reach = f"{planning.holdout_pct:f}", {}, False, [], ""

    @rx.event
    @guarded
    async def toggle(self, slug: str) -> None:
        """Choose or drop a segment, and count again who could be reached."""
        actor = await signed_in(self)
        known = {choice.slug for choice in self.choices}
        if slug not in known:
            return
        self.chosen = [item for item in self.chosen if item != slug] if slug in self.chosen else [*self.chosen, slug]
        async with transaction() as session:
            reach = await estimate_reach(session, actor, self.chosen)
        self.reach = (
            f"{reach.reachable:,} of {reach.audience:,} can be reached: {reach.emailable:,} by e-mail,"
            f" {reach.textable:,} by SMS"
        )
        self.errors = {key: text for key, text in self.errors.items() if key != "target_segments"}

    @rx.event
    async def choose_type(self, value: str | list[str]) -> None:
        self.type = value if isinstance(value, str) and value in set(CampaignType) else CampaignType.WEEKLY_PLAN.value

    @rx.event
    @guarded
    async def generate(self, form: dict[str, Any]) -> Any:
        """Store the draft and have it planned; the campaign's page shows the plan as it comes."""
        actor = await signed_in(self)
        self.errors = {}
        try:
            async with transaction() as session:
                campaign = await create_campaign(
                    session,
                    actor,
                    name=str(form.get("name", "")),
                    description=str(form.get("description", "")),
                    target_segments=self.chosen,
                    start_date=parse_day(form.get("start_date"), "start_date"),
                    end_date=parse_day(form.get("end_date"), "end_date"),
                    type=CampaignType(self.type),
                    engine=Engine.HEURISTIC,
                    holdout_pct=parse_percent(form.get("holdout_pct"), "holdout_pct"),
                )
                await request_plan(session, actor, campaign.id)
        except AppError as error:
            if error.field is None:
                raise
            self.errors = {error.field: error.message}
            return None
        self.busy = True
        return rx.redirect(f"/campaigns/{campaign.id}")
