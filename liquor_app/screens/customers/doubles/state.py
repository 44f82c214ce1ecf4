"""Likely doubles on their page: compared field by field, made one, or left two."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

import reflex as rx

from liquor_app.accounts.permission_table import Permission, needs
from liquor_app.accounts.permissions import Actor
from liquor_app.core.db import Session, transaction
from liquor_app.core.ids import parse_id
from liquor_app.core.listing.spec import ListQuery, ListSpec
from liquor_app.core.models import JobStatus
from liquor_app.core.paging import Page
from liquor_app.customers.addresses import show_phone
from liquor_app.doubles.likely_doubles import dismiss_double, last_look, request_doubles
from liquor_app.doubles.lists import DOUBLES, WORDS, DoubleRow, list_doubles
from liquor_app.doubles.merge_profiles import FieldPreview, merge_profiles, preview_merge
from liquor_app.organization.settings import shop_now
from liquor_app.screens.customers.field_values import shown_value
from liquor_app.screens.forms.state import FormState, submits
from liquor_app.screens.listing.state import ListState
from liquor_app.screens.session.background import background
from liquor_app.screens.session.job_end import end_of
from liquor_app.screens.session.state import guarded, signed_in
from liquor_app.ui.focus import focus_page
from liquor_app.ui.forms.form_data import typed
from liquor_app.ui.toast import toast_done, toast_failed, toast_warning
from liquor_app.ui.words import ago, plural, show_money, spoken


@dataclass(frozen=True, slots=True)
class PairLine:
    """A pair; `first` and `second` are names, the details what else tells them apart."""

    id: str = ""
    first: str = ""
    first_detail: str = ""
    first_href: str = ""
    second: str = ""
    second_detail: str = ""
    second_href: str = ""
    why: str = ""


@dataclass(frozen=True, slots=True)
class CompareLine:
    """A field of both and what it becomes; `held` where a no, a doubt or a limit decided."""

    label: str = ""
    stays: str = ""
    goes: str = ""
    becomes: str = ""
    changes: bool = False


LABELS = {
    "external_id": "Customer number", "email": "E-mail", "postal_code": "ZIP", "email_consent": "E-mail consent",
    "sms_consent": "SMS consent", "age_verified_at": "Age checked", "age_disputed_at": "Age in doubt since",
    "profiling_objected_at": "Objected to profiling", "no_tracking": "Opens not counted",
    "paused_until": "Paused until", "max_contacts_30_days": "Most messages a month", "topics_off": "Topics not wanted",
    "date_of_birth": "Date of birth",
}  # fmt: skip


OF_PLACES = frozenset({"country", "timezone", "language"})
"""Said where they are not the same for both."""


class DoublesState(FormState, ListState, rx.State):
    """The list, and the pair that is being compared: `stays` is the profile that would stay."""

    rows: list[PairLine] = []
    looking: str = ""
    """The look under way."""
    looked: str = ""
    """When everybody was looked at last, in words; empty for never."""
    comparing: str = ""
    fields: list[CompareLine] = []
    summary: str = ""
    stays_name: str = ""
    goes_name: str = ""
    _stays: str = ""
    _goes: str = ""

    def _fields(self) -> frozenset[str]:
        return frozenset({"reason"})

    def _asked(self) -> bool:
        return bool(self.comparing)

    def _shut(self) -> None:
        self.comparing = ""

    def _list(self) -> ListSpec[DoubleRow]:
        return DOUBLES

    def _path(self) -> str:
        return "/customers/doubles"

    def _export_path(self) -> str:
        return "/api/v1/doubles/export"

    async def _arrive(self, session: Session, actor: Actor) -> None:
        look = await last_look(session, actor)
        self.looking = str(look.job or "")
        self.looked = ago(look.done_at, await shop_now(session)) if look.done_at else ""

    async def _read_page(self, session: Session, actor: Actor, query: ListQuery) -> Page[DoubleRow]:
        return await list_doubles(session, actor, query)

    async def _lines(self, session: Session, actor: Actor, items: list[DoubleRow]) -> list[PairLine]:
        return [
            PairLine(
                str(row.id),
                row.first_name or row.first_email or "Unnamed",
                _detail(row.first_email, row.first_phone),
                f"/customers/{row.first_id}",
                row.second_name or row.second_email or "Unnamed",
                _detail(row.second_email, row.second_phone),
                f"/customers/{row.second_id}",
                _in_common(row.reasons),
            )
            for row in items
        ]

    @rx.event
    @guarded
    @needs(Permission.CUSTOMERS_PRIVATE)
    async def compare(self, pair_id: str) -> None:
        """Open a pair; the profile that bought more would stay, of two alike the older one."""
        line = next((one for one in self.rows if one.id == pair_id), None)
        if line is None:
            return
        self._fresh()
        ids = [href.removeprefix("/customers/") for href in (line.first_href, line.second_href)]
        self._stays, self._goes = ids
        self.stays_name, self.goes_name = told_apart(line)
        if await self._look():
            self._turn()
            await self._look()
        self.comparing = line.id

    @rx.event
    @guarded
    @needs(Permission.CUSTOMERS_PRIVATE)
    async def swap(self) -> None:
        """Let the other profile stay."""
        if not self.comparing:
            return
        self._turn()
        await self._look()

    def _turn(self) -> None:
        self._stays, self._goes = self._goes, self._stays
        self.stays_name, self.goes_name = self.goes_name, self.stays_name

    async def _look(self) -> bool:
        """Compare the two; tells whether rather the other one should stay."""
        actor = await signed_in(self)
        async with transaction() as session:
            seen = await preview_merge(session, actor, *self._both())
            at = await shop_now(session)
        shown = [one for one in seen.fields if one.name not in OF_PLACES or one.stays != one.goes]
        self.fields = [_compared(one, at) for one in shown]
        self.summary = f"Together {plural(seen.purchases, 'purchase')}, {show_money(seen.spent)}."
        return seen.goes_bought_more

    def _both(self) -> tuple[UUID, UUID]:
        return parse_id(self._stays, "customer"), parse_id(self._goes, "customer")

    @rx.event
    @submits
    @needs(Permission.CUSTOMERS_WRITE)
    async def merge(self, form: dict[str, Any]) -> Any:
        """Make them one, with the reason."""
        actor = await signed_in(self)
        async with transaction() as session:
            row = await merge_profiles(session, actor, *self._both(), reason=typed(form, "reason"))
        self.comparing = ""
        await self._again()
        stays = f"/customers/{row.stays_id}"
        return [
            rx.redirect(stays),
            focus_page(stays),
            toast_done("One profile now", "It can be taken apart again for 30 days, on this page."),
        ]

    @rx.event
    @guarded
    @needs(Permission.CUSTOMERS_WRITE)
    async def dismiss(self, pair_id: str) -> Any:
        """They are two people."""
        actor = await signed_in(self)
        async with transaction() as session:
            await dismiss_double(session, actor, parse_id(pair_id, "pair"))
        await self._again()
        return toast_done("Two people", "This pair is not brought up again.")

    @rx.event
    @guarded
    @needs(Permission.CUSTOMERS_WRITE)
    async def find(self) -> Any:
        """Look at everybody again; the list follows when it is done."""
        actor = await signed_in(self)
        async with transaction() as session:
            self.looking = str(await request_doubles(session, actor))
        return DoublesState.watch

    @background
    @needs(Permission.CUSTOMERS_PRIVATE)
    async def watch(self) -> Any:
        """Wait for the look under way, if one is, then show what it found."""
        async with self:
            job = self.looking
        if not job:
            return None
        ended = await end_of(job)
        async with self:
            actor = await signed_in(self)
            async with transaction() as session:
                await self._arrive(session, actor)
            await self._read(actor)
            if ended is None:
                return toast_warning("Looking goes on", "It takes longer than usual; these are the pairs of last time.")
            if ended.status is not JobStatus.SUCCEEDED:
                return toast_failed("Nobody was looked at", ended.error or "These are the pairs of last time.")
            return toast_done("Everybody was looked at", f"{plural((ended.result or {})['pairs'], 'likely pair')}.")


def _in_common(reasons: list[str]) -> str:
    """Return "Same phone, same name and ZIP"."""
    words = ", ".join(WORDS[reason] for reason in reasons)
    return words[:1] + words[1:].replace("Same", "same")


def told_apart(pair: PairLine) -> tuple[str, str]:
    """Return what the two are called where they stand side by side: namesakes with what else is known of them."""
    if pair.first.casefold() != pair.second.casefold():
        return pair.first, pair.second
    details = (pair.first_detail, pair.second_detail)
    if details[0] == details[1]:
        details = ("the older profile", "the newer profile")
    return f"{pair.first}, {details[0] or 'no address'}", f"{pair.second}, {details[1] or 'no address'}"


def _detail(email: str | None, phone: str | None) -> str:
    return " · ".join(part for part in (email, show_phone(phone) if phone else None) if part)


def _compared(one: FieldPreview, at: datetime) -> CompareLine:
    name = one.name.removeprefix("custom.")
    stays, goes, becomes = (shown_value(one.name, value, at) for value in (one.stays, one.goes, one.becomes))
    return CompareLine(LABELS.get(name, spoken(name)), stays, goes, becomes, one.becomes != one.stays)
