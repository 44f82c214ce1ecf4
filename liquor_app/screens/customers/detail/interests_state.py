"""What one customer asked for: noted here, taken back here."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import reflex as rx

from liquor_app.accounts.permission_table import Permission, needs
from liquor_app.allocations.interest import ask_by_code, forget_interest, interests_of
from liquor_app.core.db import transaction
from liquor_app.core.ids import parse_id
from liquor_app.organization.settings import shop_now
from liquor_app.screens.details.state import DetailState
from liquor_app.screens.forms.state import FormState, submits
from liquor_app.screens.session.state import guarded, signed_in
from liquor_app.ui.address import last_part
from liquor_app.ui.forms.form_data import typed
from liquor_app.ui.toast import toast_done
from liquor_app.ui.words import ago


@dataclass(frozen=True, slots=True)
class AskedLine:
    """A product they asked for."""

    product_id: str
    name: str
    detail: str


class InterestsState(FormState, DetailState, rx.State):
    """`asking` while a product is noted."""

    lines: list[AskedLine] = []
    asking: bool = False

    def _fields(self) -> frozenset[str]:
        return frozenset({"code"})

    def _asked(self) -> bool:
        return self.asking

    def _shut(self) -> None:
        self.asking = False

    def _noun(self) -> str:
        return "customer"

    async def _read(self) -> None:
        actor, customer_id = await signed_in(self), self._id()
        async with transaction() as session:
            rows = await interests_of(session, actor, customer_id)
            at = await shop_now(session)
        self.lines = [
            AskedLine(str(one.product_id), one.product_name, f"{ago(one.asked_at, at)}, by {one.source}")
            for one in rows
        ]

    @rx.event
    @guarded
    @needs(Permission.APP)
    async def ask(self) -> None:
        self._fresh()
        self.asking = True

    @rx.event
    @submits
    @needs(Permission.ALLOCATIONS_WRITE)
    async def save(self, form: dict[str, Any]) -> Any:
        """Note the product of this SKU or UPC."""
        actor, customer_id = await signed_in(self), parse_id(last_part(self), "customer")
        async with transaction() as session:
            await ask_by_code(session, actor, customer_id, typed(form, "code"))
        self.asking = False
        return [InterestsState.load, toast_done("Noted", "They are on the product's list.")]

    @rx.event
    @guarded
    @needs(Permission.ALLOCATIONS_WRITE)
    async def remove(self, product_id: str) -> Any:
        """They no longer want it."""
        actor = await signed_in(self)
        async with transaction() as session:
            await forget_interest(session, actor, parse_id(str(product_id), "product"), self._id())
        await self._open()
        return toast_done("Taken off")
