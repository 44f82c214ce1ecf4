"""What carriers ask, answered from what is set; and what is missing."""

from __future__ import annotations

from dataclasses import dataclass

import reflex as rx

from liquor_app.accounts.permission_table import Permission, needs
from liquor_app.core.db import transaction
from liquor_app.core.ids import parse_id
from liquor_app.organization.brands import list_brands
from liquor_app.screens.session.state import guarded, signed_in
from liquor_app.sending.sign_up.carrier_kit import KitField, carrier_kit


@dataclass(frozen=True, slots=True)
class AnswerLine:
    """A field of the registry's form, and what to hand in."""

    label: str
    value: str
    is_advice: bool


@dataclass(frozen=True, slots=True)
class MissingLine:
    """What is still to be done; `page` is where, "" for an operator."""

    words: str
    page: str


class CarrierKitState(rx.State):
    """One brand's registration."""

    brands: list[tuple[str, str]] = []
    brand: str = ""
    loading: bool = True
    brand_answers: list[AnswerLine] = []
    campaign_answers: list[AnswerLine] = []
    missing: list[MissingLine] = []
    file: str = ""

    @rx.event
    @guarded
    @needs(Permission.SETTINGS_EXPORT)
    async def load(self) -> None:
        self.reset()
        await self._read()

    @rx.event
    @guarded
    @needs(Permission.SETTINGS_EXPORT)
    async def choose(self, brand: str) -> None:
        self.brand = str(brand)[:36]
        await self._read()

    async def _read(self) -> None:
        actor = await signed_in(self)
        async with transaction() as session:
            rows = await list_brands(session, actor)
            known = self.brand in {str(one.id) for one in rows}
            kit = await carrier_kit(session, actor, parse_id(self.brand, "brand") if known else None)
        self.brands = [(str(one.id), one.name) for one in rows]
        self.brand = str(kit.brand_id)
        self.brand_answers, self.campaign_answers = _lines(kit.brand_fields), _lines(kit.campaign_fields)
        self.missing = [MissingLine(one.words, one.page) for one in kit.missing]
        self.file = f"/api/v1/settings/sign-up/{kit.brand_id}/carrier-kit/file"
        self.loading = False


def _lines(fields: list[KitField]) -> list[AnswerLine]:
    return [AnswerLine(one.label, one.value, one.is_advice) for one in fields]
