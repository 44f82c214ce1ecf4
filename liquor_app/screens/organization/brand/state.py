"""A brand's form, and the mail it would make while one types."""

from __future__ import annotations

from dataclasses import replace
from typing import Any
from uuid import UUID

import reflex as rx

from liquor_app.accounts.permission_table import Permission, needs
from liquor_app.accounts.permissions import require
from liquor_app.core.db import transaction
from liquor_app.core.errors import Invalid, NotFound
from liquor_app.core.ids import parse_id
from liquor_app.organization.brands import clean_brand, list_brands, update_brand
from liquor_app.organization.service import BrandRow
from liquor_app.organization.us_states import state_name, state_of_address
from liquor_app.screens.forms.state import submits
from liquor_app.screens.organization.brand_form import BrandFormState
from liquor_app.screens.session.state import guarded, signed_in
from liquor_app.templates.preview import preview_brand
from liquor_app.ui.toast import toast_done

TEXTS = (
    "name", "header", "logo_url", "logo_alt", "primary_color", "website_url", "from_name", "from_email", "reply_to",
    "sms_sender", "postal_address", "footer_text", "timezone", "licence_state",
)  # fmt: skip
SWITCHES = ("track_clicks", "track_opens")


class BrandState(BrandFormState, rx.State):
    """`switches` are what was chosen, stored or not; `html` the mail it makes."""

    switches: dict[str, bool] = {}
    licence_proposed: str = ""
    """The state read off the postal address, until somebody confirms one."""
    sender: str = ""
    subject: str = ""
    html: str = ""
    text: str = ""

    def _fields(self) -> tuple[str, ...]:
        return (*TEXTS, *SWITCHES)

    def _texts(self) -> tuple[str, ...]:
        return TEXTS

    async def _read(self) -> None:
        actor = await signed_in(self)
        require(actor, Permission.SETTINGS_ADMIN)
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

    async def _mistake(self, name: str) -> str:
        require(await signed_in(self), Permission.SETTINGS_ADMIN)
        try:
            clean_brand({name: self.values[name]})
        except Invalid as error:
            return error.message
        return ""

    async def _drawn(self) -> None:
        await self._draw(await self._stored())

    @rx.event
    @guarded
    @needs(Permission.BRANDS_READ)
    async def flip(self, name: str, on: bool) -> None:
        await signed_in(self)
        if name in SWITCHES:
            self.switches, self.dirty = {**self.switches, name: bool(on)}, True

    @rx.event
    @submits
    @needs(Permission.SETTINGS_ADMIN)
    async def save(self) -> Any:
        """Store all of it, or nothing."""
        actor, brand_id = await signed_in(self), self._brand_id()
        async with transaction() as session:
            await update_brand(session, actor, brand_id, {**self.values, **self.switches})
        await self._read()
        return toast_done("Brand saved", "The next messages follow it; those made already stay as they are.")

    def _brand_id(self) -> UUID:
        return parse_id(self.brand, "brand")
