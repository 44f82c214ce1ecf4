"""The campaign builder: details, audience, strategy, then the plan to review. Kept as a draft while it is made."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal, InvalidOperation
from typing import Any

import reflex as rx

from liquor_app.accounts.permission_table import Permission, needs
from liquor_app.campaigns.models import CampaignStatus, CampaignType, Engine
from liquor_app.campaigns.service import (
    CampaignRow,
    create_campaign,
    get_campaign,
    request_plan,
    update_campaign,
)
from liquor_app.campaigns.triggers import TriggerKind
from liquor_app.core.clock import today_in
from liquor_app.core.config import get_settings
from liquor_app.core.db import transaction
from liquor_app.core.errors import AppError, Conflict, Invalid
from liquor_app.core.ids import parse_id, uuid7
from liquor_app.core.listing.spec import ListQuery
from liquor_app.organization.form_mistakes import Mistakes
from liquor_app.organization.guidance import load_guidance
from liquor_app.organization.settings import GeneralSettings, PlanningSettings, load_settings
from liquor_app.screens.forms.state import FormState, submits
from liquor_app.screens.session.state import guarded, signed_in
from liquor_app.segments.lists import list_segments
from liquor_app.segments.reach import estimate_reach
from liquor_app.ui.address import parameter, remember
from liquor_app.ui.forms.form_data import said, typed
from liquor_app.ui.words import figure, plain_number

TRIGGER = ("trigger_kind", "trigger_days", "trigger_event", "trigger_segment")
FIELDS = ("name", "description", "start_date", "end_date", "holdout_pct", "llm_prompt", *TRIGGER)


@dataclass(frozen=True, slots=True)
class Choice:
    """A segment to choose."""

    slug: str
    name: str
    detail: str
    people: str


def parse_day(value: Any, field: str) -> date:
    """Return a day from a form.

    Raises:
        Invalid: not a date.
    """
    try:
        return date.fromisoformat(str(value))
    except ValueError as error:
        raise Invalid("Choose a day.", field=field) from error


def parse_percent(value: Any, field: str) -> Decimal:
    """Return a percentage from a form.

    Raises:
        Invalid: not a number.
    """
    try:
        found = Decimal(str(value).strip().rstrip("%"))
    except InvalidOperation as error:
        raise Invalid("Give a number such as 10.", field=field) from error
    if not found.is_finite():
        raise Invalid("Give a number such as 10.", field=field)
    return found


def trigger_of(fields: dict[str, str]) -> dict[str, Any]:
    """Return the trigger that the form describes: only what its kind asks for.

    Raises:
        Invalid: the days are not a number.
    """
    kind = fields.get("trigger_kind") or TriggerKind.AFTER_FIRST_PURCHASE.value
    if kind == TriggerKind.EVENT:
        return {"kind": kind, "event": fields.get("trigger_event", "").strip()}
    if kind == TriggerKind.SEGMENT_ENTERED:
        return {"kind": kind, "segment": fields.get("trigger_segment", "").strip()}
    try:
        return {"kind": kind, "days": int(fields.get("trigger_days", "0").strip() or "0")}
    except ValueError as error:
        raise Invalid("Give a whole number of days.", field="trigger.days") from error


class BuilderState(FormState, rx.State):
    """A campaign being made. With a name and an audience it is a draft of its own, saved after every change and found
    again under `?draft=`."""

    choices: list[Choice] = []
    chosen: list[str] = []
    reach: str = ""
    fields: dict[str, str] = {}
    type: str = CampaignType.WEEKLY_PLAN.value
    engine: str = Engine.HEURISTIC.value
    hint: str = ""
    saved: str = ""
    stamp: str = ""
    """Another one for each load, so that the fields begin anew."""
    _draft: str = ""

    def _fields(self) -> tuple[str, ...]:
        return (*(name.replace("trigger_", "trigger.") for name in FIELDS), "target_segments")

    @rx.event
    @guarded
    @needs(Permission.CAMPAIGNS_READ)
    async def load(self) -> None:
        actor = await signed_in(self)
        wanted = parameter(self, "draft")
        async with transaction() as session:
            segments = await list_segments(session, actor, ListQuery({"active_only": "true"}))
            general = await load_settings(session, GeneralSettings)
            planning = await load_settings(session, PlanningSettings)
            guidance = (await load_guidance(session)).guidance
            draft = await get_campaign(session, actor, parse_id(wanted, "draft")) if wanted else None
            if draft is not None and draft.status is not CampaignStatus.DRAFT:
                raise Conflict(f"“{draft.name}” is {draft.status.value.replace('_', ' ')}; it is no draft any more.")
        self.choices = [
            Choice(row.slug, row.name, row.messaging_strategy or "", figure(row.customer_count))
            for row in segments.items
        ]
        first = today_in(general.timezone) + timedelta(days=1)
        self._fresh()
        self.saved, self._draft, self.stamp = "", "", uuid7().hex
        self.hint = _hint(guidance.autonomy(self.type).label)
        if draft is None:
            self.fields = {
                "start_date": first.isoformat(),
                "end_date": (first + timedelta(days=6)).isoformat(),
                "holdout_pct": plain_number(planning.holdout_pct),
                "trigger_kind": TriggerKind.AFTER_FIRST_PURCHASE.value,
                "trigger_days": "14",
            }
            self.chosen, self.reach, self.engine = [], "", Engine.HEURISTIC.value
            return
        self._take(draft)
        await self._count()

    def _take(self, draft: CampaignRow) -> None:
        """Go on with a draft."""
        self._draft, self.chosen, self.type = str(draft.id), list(draft.target_segments), draft.type.value
        self.engine, self.saved = draft.engine.value, "Draft"
        self.fields = {
            "name": draft.name,
            "description": draft.description or "",
            "start_date": draft.start_date.isoformat(),
            "end_date": draft.end_date.isoformat(),
            "holdout_pct": plain_number(draft.holdout_pct),
            "llm_prompt": draft.llm_prompt or "",
            **{f"trigger_{name}": str(value) for name, value in (draft.trigger or {}).items()},
        }

    @rx.event
    @guarded
    @needs(Permission.CAMPAIGNS_WRITE)
    async def toggle(self, slug: str) -> Any:
        """Choose or drop a segment, and count again who could be reached."""
        known = {choice.slug for choice in self.choices}
        if slug not in known:
            return None
        self.chosen = [item for item in self.chosen if item != slug] if slug in self.chosen else [*self.chosen, slug]
        await self._count()
        self.errors = {key: text for key, text in self.errors.items() if key != "target_segments"}
        return await self._keep()

    async def _count(self) -> None:
        actor = await signed_in(self)
        async with transaction() as session:
            reach = await estimate_reach(session, actor, self.chosen)
        self.reach = (
            f"{figure(reach.reachable)} of {figure(reach.audience)} can be reached: {figure(reach.emailable)}"
            " by e-mail,"
            f" {figure(reach.textable)} by SMS"
        )

    @rx.event
    @guarded
    @needs(Permission.CAMPAIGNS_READ)
    async def choose_type(self, value: str | list[str]) -> None:
        self.type = value if isinstance(value, str) and value in set(CampaignType) else CampaignType.WEEKLY_PLAN.value
        if self.type == CampaignType.TRIGGERED:
            self.engine = Engine.HEURISTIC.value
        async with transaction() as session:
            guidance = (await load_guidance(session)).guidance
        self.hint = _hint(guidance.autonomy(self.type).label)

    @rx.event
    @guarded
    @needs(Permission.CAMPAIGNS_WRITE)
    async def choose_engine(self, value: str | list[str]) -> Any:
        self.engine = value if isinstance(value, str) and value in set(Engine) else Engine.HEURISTIC.value
        return await self._keep()

    @rx.event
    @guarded
    @needs(Permission.CAMPAIGNS_WRITE)
    async def keep(self, name: str, value: str) -> Any:
        """Return a field was left: remember it, and save the draft."""
        if name in FIELDS:
            self.fields = {**self.fields, name: said(value)[:4000]}
            return await self._keep()
        return None

    async def _keep(self) -> Any:
        """Save the draft as it is, once it has a name and an audience; what is wrong waits for the button."""
        if not self.fields.get("name", "").strip() or not self.chosen:
            return None
        try:
            await self._save()
        except AppError as error:
            if error.field is None:
                raise
            self.saved = "Not saved yet: " + error.message
            return None
        self.saved = "Draft saved"
        return remember("/campaigns/new", {"draft": self._draft})

    async def _save(self) -> CampaignRow:
        actor = await signed_in(self)
        values: dict[str, Any] = {
            "name": self.fields.get("name", ""),
            "description": self.fields.get("description", "").strip()[:2000] or None,
            "target_segments": list(self.chosen),
            "type": CampaignType(self.type),
            "engine": Engine(self.engine),
            "llm_prompt": self.fields.get("llm_prompt", "").strip()[:4000] or None,
            "trigger": None,
        }
        mistakes = Mistakes()
        for name, parse in (("start_date", parse_day), ("end_date", parse_day), ("holdout_pct", parse_percent)):
            with mistakes.noted():
                values[name] = parse(self.fields.get(name), name)
        if self.type == CampaignType.TRIGGERED:
            with mistakes.noted():
                values["trigger"] = trigger_of(self.fields)
        mistakes.refuse()
        async with transaction() as session:
            if self._draft:
                draft = await get_campaign(session, actor, parse_id(self._draft, "draft"))
                # a draft that is only looked at keeps its plan
                changes = {name: value for name, value in values.items() if getattr(draft, name) != value}
                return await update_campaign(session, actor, draft.id, changes) if changes else draft
            row = await create_campaign(session, actor, **values)
        self._draft = str(row.id)
        return row

    @rx.event
    @submits
    @needs(Permission.CAMPAIGNS_WRITE)
    async def generate(self, form: dict[str, Any]) -> Any:
        """Store the draft and have it planned; the campaign's page shows the plan as it comes."""
        actor = await signed_in(self)
        self.fields = {**self.fields, **{name: typed(form, name) for name in FIELDS if name in form}}
        row = await self._save()
        async with transaction() as session:
            await request_plan(session, actor, row.id)
        self.busy = True
        return rx.redirect(f"/campaigns/{row.id}")


def _hint(autonomy: str) -> str:
    key = "" if get_settings().openai_api_key.get_secret_value() else " No key is set: the optimiser would answer."
    return f"Autonomy for this kind: {autonomy.lower()}.{key}"
