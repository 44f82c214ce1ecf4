"""The rules of law, and the questions asked before one changes."""

from __future__ import annotations

import calendar
import re
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import date
from decimal import Decimal, InvalidOperation
from typing import Any

import reflex as rx

from liquor_app.accounts.permission_table import Permission, needs
from liquor_app.accounts.permissions import require
from liquor_app.compliance.holidays import Holiday
from liquor_app.compliance.legal_rules import OFFER_LAW, WEEKDAYS, RuleKind
from liquor_app.compliance.rule_pack import RuleDraft
from liquor_app.compliance.rule_pack_editing import add_rule, end_rule
from liquor_app.compliance.service import RuleRow, list_rules
from liquor_app.core.db import transaction
from liquor_app.core.errors import AppError, Invalid
from liquor_app.core.ids import parse_id
from liquor_app.organization.form_mistakes import Mistakes
from liquor_app.organization.models import Channel
from liquor_app.organization.settings import shop_today
from liquor_app.screens.forms.state import FormState, complaints, submits
from liquor_app.screens.session.state import guarded, signed_in
from liquor_app.ui.forms.form_data import typed
from liquor_app.ui.toast import toast_done
from liquor_app.ui.words import listed, plain_number, show_full_day

_WHERE = re.compile(rf"[A-Z]{{2}} (?:{'|'.join(RuleKind)}):? ")

KINDS = {
    RuleKind.HOURS: "Hours",
    RuleKind.CONTACT_LIMIT: "Limit a day",
    RuleKind.CLOSED_DAYS: "Closed days",
    RuleKind.COUPON_BAN: "No coupons",
    RuleKind.MAX_DISCOUNT: "Largest discount",
    RuleKind.MIN_MARKUP: "Least mark-up",
    RuleKind.MIN_PRICE: "Minimum price",
    RuleKind.REBATE_BAN: "No rebates",
    RuleKind.DISCLOSURE: "Words beside offers",
    RuleKind.NOTE: "Note",
}
FIELDS = {
    "value.start": "start",
    "value.end": "end",
    "value.days": "days",
    "value.max": "max",
    "value.text": "text",
    "value.percent": "percent",
    "value.holidays": "holidays",
    "on": "valid_from",
}
"""Which input a service's complaint belongs to, where their names differ."""
INPUTS = frozenset({
    "jurisdiction", "kind", "channel", "start", "end", "days", "max", "text", "percent", "holidays", "disputed",
    "citation", "valid_from",
})  # fmt: skip


@dataclass(frozen=True, slots=True)
class RuleLine:
    """A rule in words; `ended` if it binds no more, `limited` if its last day is known."""

    id: str = ""
    place: str = ""
    kind: str = RuleKind.HOURS.value
    kind_words: str = ""
    channel: str = ""
    channel_words: str = ""
    says: str = ""
    citation: str = ""
    since: str = ""
    until: str = ""
    start: str = ""
    end: str = ""
    days: str = ""
    limit: str = ""
    words: str = ""
    percent: str = ""
    closed_on: str = ""
    binds: str = ""
    contested: bool = False
    ended: bool = False
    limited: bool = False


def rule_line(row: RuleRow, today: date) -> RuleLine:
    value, kind = row.value, RuleKind(row.kind)
    days = ", ".join(str(day) for day in value.get("days") or [])
    says = {
        RuleKind.HOURS: _hours_in_words(value, days),
        RuleKind.CONTACT_LIMIT: f"At most {value.get('max')} in 24 hours",
        RuleKind.CLOSED_DAYS: f"Nothing on {_holidays_in_words(value)}",
        RuleKind.COUPON_BAN: "No coupon and no personal discount on alcohol",
        RuleKind.MAX_DISCOUNT: f"At most {_percent_in_words(value)} % off the price",
        RuleKind.MIN_MARKUP: _markup_in_words(value),
        RuleKind.MIN_PRICE: "No price below the product's minimum",
        RuleKind.REBATE_BAN: "No rebate, no refund, no free goods",
        RuleKind.DISCLOSURE: f"Beside every offer chosen for one person: “{value.get('text', '')}”",
        RuleKind.NOTE: str(value.get("text", "")),
    }[kind]
    return RuleLine(
        id=str(row.id),
        place=row.jurisdiction,
        kind=kind.value,
        kind_words=KINDS[kind],
        channel=row.channel or "",
        channel_words=Channel(row.channel).label if row.channel else "All",
        says=says,
        citation=row.citation,
        since=show_full_day(row.valid_from) if row.valid_from.year > 1970 else "",
        until=show_full_day(row.valid_to) if row.valid_to else "",
        start=str(value.get("start", "")),
        end=str(value.get("end", "")),
        days=days,
        limit=str(value.get("max", "")),
        words=str(value.get("text", "")),
        percent=_percent_in_words(value),
        closed_on=", ".join(str(one).replace("_", " ") for one in value.get("holidays") or []),
        binds="Licence" if kind in OFFER_LAW else "" if kind is RuleKind.NOTE else "Recipient",
        contested=bool(value.get("disputed")),
        ended=not row.is_active or (row.valid_to is not None and row.valid_to <= today),
        limited=row.valid_to is not None,
    )


def _holidays_in_words(value: Mapping[str, Any]) -> str:
    return ", ".join(str(one).replace("_", " ").title() for one in value.get("holidays") or [])


def _hours_in_words(value: Mapping[str, Any], days: str) -> str:
    """Return "08:00 to 20:00 on Mon, Tue", "Nothing on Sundays"."""
    if value.get("start") == value.get("end"):
        closed = [f"{calendar.day_name[WEEKDAYS.index(day)]}s" for day in days.split(", ") if day in WEEKDAYS]
        return f"Nothing on {listed(closed)}" if closed else "Nothing"
    return f"{value.get('start')} to {value.get('end')}" + (f" on {days.title()}" if days else "")


def _percent_in_words(value: Mapping[str, Any]) -> str:
    """Return "35", "12.5"; empty for none. A form stores 35.0, the pack 35."""
    percent = value.get("percent")
    return "" if percent is None else plain_number(float(percent))


def _markup_in_words(value: Mapping[str, Any]) -> str:
    percent = _percent_in_words(value)
    return f"No price below cost and {percent} % of it" if percent else "No price below cost"


def parse_day(value: object, field: str) -> date:
    """Check, or raise Invalid: not a day."""
    try:
        return date.fromisoformat(str(value))
    except ValueError as error:
        raise Invalid("Choose a day.", field=field) from error


def draft_of(form: dict[str, Any], like: RuleLine) -> RuleDraft:
    """Tell what a form says; the place, kind and channel of a rule being changed stay.

    Raises:
        FormInvalid: no day, a limit that is no number, or both.
    """
    mistakes, day = Mistakes(), date.min
    kind = like.kind if like.id else typed(form, "kind")
    channel = like.channel if like.id else typed(form, "channel")
    place = like.place if like.id else typed(form, "jurisdiction").strip().upper()
    value: dict[str, Any] = {}
    with mistakes.noted():
        value = _value_of(kind, form)
    with mistakes.noted():
        day = parse_day(form.get("valid_from"), "valid_from")
    mistakes.refuse()
    if form.get("disputed"):
        value["disputed"] = True
    return RuleDraft(place, kind, channel or None, typed(form, "citation").strip(), day, value)


def _value_of(kind: str, form: dict[str, Any]) -> dict[str, Any]:
    value: dict[str, Any] = {}
    if kind == RuleKind.HOURS:
        value = {name: typed(form, name).strip() for name in ("start", "end")}
        if days := [day.strip().lower()[:3] for day in typed(form, "days").split(",") if day.strip()]:
            value["days"] = days
    elif kind == RuleKind.CONTACT_LIMIT:
        written = typed(form, "max").strip()
        if not (written.isdecimal() and len(written) < 5 and int(written)):
            raise Invalid("Give a number, 1 or more.", field="max")
        value = {"max": int(written), "hours": 24}
    elif kind in (RuleKind.NOTE, RuleKind.DISCLOSURE):
        value = {"text": typed(form, "text").strip()}
    elif kind in (RuleKind.MAX_DISCOUNT, RuleKind.MIN_MARKUP):
        value = {"percent": _percent(typed(form, "percent"))}
    elif kind == RuleKind.CLOSED_DAYS:
        days = [day.strip().lower().replace(" ", "_") for day in typed(form, "holidays").split(",")]
        value = {"holidays": [day for day in days if day]}
    return value


def _percent(written: str) -> float:
    try:
        return float(Decimal(written.strip()))
    except (InvalidOperation, ValueError, OverflowError) as error:
        raise Invalid("Give a number from 0 to 100.", field="percent") from error


def _in_form(words: str) -> str:
    """Return a complaint without the place and kind it begins with in a list of rules: "NC max_discount: the …"."""
    bare = _WHERE.sub("", words)
    return bare[:1].upper() + bare[1:]


class LawState(FormState, rx.State):
    """Every rule; `asking` is "add", "change" or "end" while that dialog is open, about `chosen`."""

    rows: list[RuleLine] = []
    ended: int = 0
    with_ended: bool = False
    loading: bool = True
    asking: str = ""
    kind: str = RuleKind.HOURS.value
    chosen: RuleLine = RuleLine()
    today: str = ""
    every_holiday: str = f"Of {', '.join(one.replace('_', ' ') for one in Holiday)}."
    whole_days: str = f"Leave empty for every day; else of {', '.join(WEEKDAYS)}."

    def _fields(self) -> frozenset[str]:
        return INPUTS

    def _blamed(self, error: AppError) -> dict[str, str]:
        blamed = {FIELDS.get(name, name): words for name, words in complaints(error).items()}
        return {name: _in_form(words) for name, words in blamed.items() if name in INPUTS}

    def _asked(self) -> bool:
        return bool(self.asking)

    def _shut(self) -> None:
        self.asking = ""

    @rx.event
    @guarded
    @needs(Permission.LAW_READ)
    async def load(self) -> None:
        await self._read()

    async def _read(self) -> None:
        """As it is now."""
        actor = await signed_in(self)
        require(actor, Permission.LAW_READ)
        async with transaction() as session:
            rows = await list_rules(session, actor)
            today = await shop_today(session)
        lines = [rule_line(row, today) for row in rows]
        self.ended = sum(line.ended for line in lines)
        self.rows = [line for line in lines if self.with_ended or not line.ended]
        self.today, self.loading = today.isoformat(), False

    @rx.event
    @guarded
    @needs(Permission.LAW_READ)
    async def show_ended(self, on: bool) -> None:
        self.with_ended = bool(on)
        await self._read()

    @rx.event
    @guarded
    @needs(Permission.LAW_READ)
    async def ask(self, question: str, rule_id: str) -> None:
        """Open a dialog; about nothing for "add"."""
        self._fresh()
        self.chosen = next((line for line in self.rows if line.id == rule_id), RuleLine())
        self.asking = question if question == "add" or (question in ("change", "end") and self.chosen.id) else ""
        self.kind = self.chosen.kind

    @rx.event
    @guarded
    @needs(Permission.LAW_READ)
    async def choose_kind(self, kind: str) -> None:
        self.kind = kind if kind in set(RuleKind) else RuleKind.HOURS.value

    @rx.event
    @submits
    @needs(Permission.SETTINGS_ADMIN)
    async def save(self, form: dict[str, Any]) -> Any:
        """Return a new rule, or the one that follows the chosen."""
        actor = await signed_in(self)
        like = self.chosen if self.asking == "change" else replace(self.chosen, id="")
        draft = draft_of(form, like)
        async with transaction() as session:
            await add_rule(session, actor, draft, replaces=parse_id(like.id, "rule") if like.id else None)
        return await self._done("The rule stands", f"It binds from {show_full_day(draft.valid_from)}.")

    @rx.event
    @submits
    @needs(Permission.SETTINGS_ADMIN)
    async def finish(self, form: dict[str, Any]) -> Any:
        """Let the chosen rule bind no more from a day on."""
        actor = await signed_in(self)
        day = parse_day(form.get("valid_from"), "valid_from")
        async with transaction() as session:
            await end_rule(session, actor, parse_id(self.chosen.id, "rule"), day)
        return await self._done("The rule ends", f"It binds no more from {show_full_day(day)} on, and stays on record.")

    async def _done(self, title: str, words: str) -> Any:
        self.asking = ""
        await self._read()
        return toast_done(title, words)
