"""A brand's form, and the mail it would make while one types."""

from __future__ import annotations

from dataclasses import replace
from typing import Any
from uuid import UUID

import reflex as rx

from liquor_app.accounts.models import Role
from liquor_app.accounts.permissions import require
from liquor_app.core.db import transaction
from liquor_app.core.errors import Invalid, NotFound
from liquor_app.core.ids import parse_id
from liquor_app.organization.brands import clean_brand, list_brands, update_brand
from liquor_app.organization.service import BrandRow
from liquor_app.organization.us_states import state_name, state_of_address
from liquor_app.screens.forms.state import FormState, submits
from liquor_app.screens.session.state import guarded, signed_in
from liquor_app.templates.preview import preview_brand
from liquor_app.ui.toast import toast_done, toast_warning

TEXTS = (
    "name", "header", "logo_url", "logo_alt", "primary_color", "website_url", "from_name", "from_email", "reply_to",
    "sms_sender", "postal_address", "footer_text", "timezone", "licence_state",
)  # fmt: skip
SWITCHES = ("track_clicks", "track_opens")


class BrandState(FormState, rx.State):
    """`values` and `switches` are what was typed, stored or not; `html` the mail it makes."""

    brands: list[tuple[str, str]] = []
    brand: str = ""
    values: dict[str, str] = {}
    switches: dict[str, bool] = {}
    licence_proposed: str = ""
    """The state read off the postal address, until somebody confirms one."""
    loading: bool = True
    sender: str = ""
    subject: str = ""
    html: str = ""
    text: str = ""

    def _fields(self) -> tuple[str, ...]:
        return (*TEXTS, *SWITCHES)

    @rx.event
    @guarded
    async def load(self) -> None:
        self.reset()
        await self._read()

    async def _read(self) -> None:
        actor = await signed_in(self)
        require(actor, Role.ADMIN)
        async with transaction() as session:
            rows = await list_brands(session, actor)
            if not rows:
                raise NotFound("No brand is set up yet.")
            row = next((one for one in rows if str(one.id) == self.brand), rows[0])
        self.brands = [(str(one.id), one.name) for one in rows]
        self.brand = str(row.id)
        self.values = {name: str(getattr(row, name) or "") for name in TEXTS}
        self.licence_proposed = ""
        if not row.licence_state and (guess := state_of_address(row.postal_address)) is not None:
            self.values["licence_state"], self.licence_proposed = guess, state_name(guess)
        self.switches = {name: bool(getattr(row, name)) for name in SWITCHES}
        self._fresh()
        self.loading = False
        await self._draw(row)

    async def _draw(self, row: BrandRow) -> None:
        """The mail with what was typed, as far as it can be used."""
        actor = await signed_in(self)
        usable: dict[str, Any] = {}
        for name in TEXTS:
            try:
                usable |= clean_brand({name: self.values.get(name, "")})
            except Invalid:
                continue
        async with transaction() as session:
            made = await preview_brand(session, actor, replace(row, **usable))
        self.sender, self.subject, self.html, self.text = made.sender, made.subject or "", made.html or "", made.text

    async def _stored(self) -> BrandRow:
        actor = await signed_in(self)
        async with transaction() as session:
            rows = await list_brands(session, actor)
        return next((one for one in rows if str(one.id) == self.brand), rows[0])

    @rx.event
    @guarded
    async def choose(self, brand: str) -> Any:
        if self.dirty:
            return toast_warning("Not saved yet", "Save what you typed first, or undo it.")
        self.brand = str(brand)[:36]
        await self._read()
        return None

    @rx.event
    @guarded
    async def type_in(self, name: str, value: str) -> None:
        """One field; a mistake is said at once, beside it."""
        actor = await signed_in(self)
        require(actor, Role.ADMIN)
        if name not in TEXTS:
            return
        self.values, self.dirty = {**self.values, name: str(value)[:2001]}, True
        self.errors = {key: words for key, words in self.errors.items() if key != name}
        try:
            clean_brand({name: self.values[name]})
        except Invalid as error:
            self.errors = {**self.errors, name: error.message}
        await self._draw(await self._stored())

    @rx.event
    @guarded
    async def flip(self, name: str, on: bool) -> None:
        await signed_in(self)
        if name in SWITCHES:
            self.switches, self.dirty = {**self.switches, name: bool(on)}, True

    @rx.event
    @submits
    async def save(self) -> Any:
        """Store all of it, or nothing."""
        actor, brand_id = await signed_in(self), self._brand_id()
        async with transaction() as session:
            await update_brand(session, actor, brand_id, {**self.values, **self.switches})
        await self._read()
        return toast_done("Brand saved", "The next messages follow it; those made already stay as they are.")

    @rx.event
    @guarded
    async def undo(self) -> None:
        """Back to what is stored."""
        await self._read()

    def _brand_id(self) -> UUID:
        return parse_id(self.brand, "brand")
