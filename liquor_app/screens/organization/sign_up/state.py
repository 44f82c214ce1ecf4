"""A brand's sign-up page: open or shut, what it says, where it is shown, what came of it."""

from __future__ import annotations

from dataclasses import dataclass
from html import escape
from typing import Any

import reflex as rx

from liquor_app.accounts.permission_table import Permission, needs
from liquor_app.core.db import transaction
from liquor_app.core.errors import Invalid
from liquor_app.core.ids import parse_id
from liquor_app.organization.brands import list_brands
from liquor_app.organization.models import Channel
from liquor_app.organization.settings import shop_now
from liquor_app.screens.forms.state import submits
from liquor_app.screens.organization.brand_form import BrandFormState
from liquor_app.screens.session.state import guarded, signed_in
from liquor_app.sending.sign_up.consent_wording import EDITABLE, Wording, box_words, changed
from liquor_app.sending.sign_up.sign_up_pages import PageRow, read_sign_up_page, save_sign_up_page
from liquor_app.ui.toast import toast_done, toast_warning
from liquor_app.ui.words import figure, percent, show_full_day, show_moment

TEXTS = (*EDITABLE, "origins")


@dataclass(frozen=True, slots=True)
class VersionLine:
    """A wording that was in force."""

    name: str
    when: str
    by: str
    headline: str
    email: str
    sms: str


@dataclass(frozen=True, slots=True)
class DayLine:
    """A day's sign-ups."""

    day: str
    asked: str
    confirmed: str
    too_young: str


class SignUpState(BrandFormState, rx.State):
    """`email_box` and `sms_box` are the words that what was typed makes."""

    brand_name: str = ""
    is_open: bool = False
    address: str = ""
    no_texts: str = ""
    email_box: str = ""
    sms_box: str = ""
    versions: list[VersionLine] = []
    days: list[DayLine] = []
    asked: str = ""
    confirmed: str = ""
    too_young: str = ""

    def _fields(self) -> tuple[str, ...]:
        return TEXTS

    def _texts(self) -> tuple[str, ...]:
        return TEXTS

    @rx.var
    def form_code(self) -> str:
        """What a web site pastes in to ask for the address and open the page."""
        return (
            f'<form action="{escape(self.address)}" method="post">\n'
            '  <label>E-mail <input name="email" type="email" autocomplete="email"></label>\n'
            '  <button type="submit">Sign up</button>\n</form>'
        )

    @rx.var
    def frame_code(self) -> str:
        """What a web site pastes in to show the page itself."""
        title = escape(f"Sign up with {self.brand_name}")
        return (
            f'<iframe src="{escape(self.address)}" title="{title}" width="100%" height="1400"'
            ' style="border:0;max-width:560px"></iframe>'
        )

    async def _read(self) -> None:
        actor = await signed_in(self)
        async with transaction() as session:
            rows = await list_brands(session, actor)
            brand = self.brand if self.brand in {str(one.id) for one in rows} else ""
            page = await read_sign_up_page(session, actor, parse_id(brand, "brand") if brand else None)
            at = await shop_now(session)
        self.brands = [(str(one.id), one.name) for one in rows]
        self.brand, self.brand_name = str(page.brand_id), page.brand
        self.is_open, self.address, self.no_texts = page.is_open, page.address, page.no_texts
        self.values = {name: str(getattr(page.wording, name)) for name in EDITABLE}
        self.values["origins"] = "\n".join(page.origins)
        self.versions = [
            VersionLine(
                f"Version {one.version}", show_moment(one.created_at, at),
                one.written_by, one.headline,
                *(box_words(channel, page.brand, _wording(one)) for channel in (Channel.EMAIL, Channel.SMS)),
            )
            for one in page.versions
        ]  # fmt: skip
        self._count(page)
        self._fresh()
        await self._drawn()
        self.loading = False

    def _count(self, page: PageRow) -> None:
        self.days = [
            DayLine(
                show_full_day(one.day), figure(one.email_asked + one.sms_asked),
                figure(one.email_confirmed + one.sms_confirmed), figure(one.too_young),
            )
            for one in page.days
        ]  # fmt: skip
        asked = sum(one.email_asked + one.sms_asked for one in page.days)
        yes = sum(one.email_confirmed + one.sms_confirmed for one in page.days)
        self.asked, self.too_young = figure(asked), figure(sum(one.too_young for one in page.days))
        self.confirmed = f"{figure(yes)} ({percent(yes / asked)})" if asked else figure(yes)

    async def _drawn(self) -> None:
        """The words of what was typed, as far as it can be used."""
        wording = Wording()
        for name in EDITABLE:
            try:
                wording = changed(wording, {name: self._typed(name)})
            except Invalid:
                continue
        self.email_box = box_words(Channel.EMAIL, self.brand_name, wording)
        self.sms_box = box_words(Channel.SMS, self.brand_name, wording)

    def _typed(self, name: str) -> Any:
        value = self.values.get(name, "").strip()
        return (int(value) if value.isdecimal() and len(value) < 6 else 0) if name == "messages_a_month" else value

    async def _mistake(self, name: str) -> str:
        await signed_in(self)
        if name != "origins":
            try:
                changed(Wording(), {name: self._typed(name)})
            except Invalid as error:
                return error.message
        return ""

    @rx.event
    @submits
    @needs(Permission.SETTINGS_WRITE)
    async def save(self) -> Any:
        """Store all of it, or nothing; changed words are a new version."""
        actor = await signed_in(self)
        origins = [one for line in self.values.get("origins", "").splitlines() if (one := line.strip())]
        async with transaction() as session:
            changes = {**{name: self._typed(name) for name in EDITABLE}, "origins": origins}
            await save_sign_up_page(session, actor, parse_id(self.brand, "brand"), changes)
        await self._read()
        return toast_done("Saved", "Who signs up from now on agrees to these words.")

    @rx.event
    @guarded
    @needs(Permission.SETTINGS_WRITE)
    async def switch_page(self, on: bool) -> Any:
        """Open or shut the page."""
        actor = await signed_in(self)
        if self.dirty:
            return toast_warning("Not saved yet", "Save what you typed first, or undo it.")
        async with transaction() as session:
            await save_sign_up_page(session, actor, parse_id(self.brand, "brand"), {"is_open": bool(on)})
        await self._read()
        return toast_done("The page is open" if self.is_open else "The page is shut", self.address)


def _wording(row: Any) -> Wording:
    return Wording(version=row.version, **{name: getattr(row, name) for name in EDITABLE})
