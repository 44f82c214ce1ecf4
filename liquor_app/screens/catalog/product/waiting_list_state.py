"""Who asked for a product, on its page: listed, added by a tag, and an allocation opened for them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any
from uuid import UUID

import reflex as rx

from liquor_app.accounts.permission_table import Permission, needs
from liquor_app.accounts.permissions import Actor
from liquor_app.allocations.interest import InterestRow, ask_by_tag, forget_interest
from liquor_app.allocations.lists import INTERESTS, list_interests
from liquor_app.allocations.models import AllocationMethod, InterestStatus
from liquor_app.allocations.service import create_allocation
from liquor_app.core.db import Session, transaction
from liquor_app.core.errors import Invalid
from liquor_app.core.ids import parse_id
from liquor_app.core.listing.spec import ListQuery, ListSpec
from liquor_app.core.paging import Page
from liquor_app.organization.settings import shop_now
from liquor_app.screens.forms.state import FormState, submits
from liquor_app.screens.listing.state import ListState
from liquor_app.screens.session.state import guarded, signed_in
from liquor_app.ui.address import last_part
from liquor_app.ui.forms.form_data import typed
from liquor_app.ui.toast import toast_done
from liquor_app.ui.words import ago, plural

TAG, ALLOCATION = "tag", "allocation"


@dataclass(frozen=True, slots=True)
class InterestLine:
    """Somebody who asked."""

    customer_id: str
    who: str
    detail: str
    word: str


class WaitingListState(FormState, ListState, rx.State):
    """`asking` is the dialog that is open: people by a tag, or a new allocation."""

    rows: list[InterestLine] = []
    asking: str = ""

    def _fields(self) -> frozenset[str]:
        return frozenset({"tag", "bottles", "method", "counsel"})

    def _asked(self) -> bool:
        return bool(self.asking)

    def _shut(self) -> None:
        self.asking = ""

    def _product(self) -> UUID:
        return parse_id(last_part(self), "product")

    def _list(self) -> ListSpec[InterestRow]:
        return INTERESTS

    def _export_path(self) -> str:
        return f"/api/v1/products/{last_part(self)}/interests/export"

    async def _read_page(self, session: Session, actor: Actor, query: ListQuery) -> Page[InterestRow]:
        return await list_interests(session, actor, self._product(), query)

    async def _lines(self, session: Session, actor: Actor, items: list[InterestRow]) -> list[InterestLine]:
        at = await shop_now(session)
        return [
            InterestLine(
                str(row.customer_id), row.customer_name or "Unnamed", f"{ago(row.asked_at, at)}, by {row.source}",
                "waiting" if row.status is InterestStatus.WAITING else "told that it is back",
            )
            for row in items
        ]  # fmt: skip

    @rx.event
    @guarded
    @needs(Permission.APP)
    async def ask(self, what: str) -> None:
        self._fresh()
        self.asking = what if what in (TAG, ALLOCATION) else ""

    @rx.event
    @submits
    @needs(Permission.ALLOCATIONS_WRITE)
    async def add(self, form: dict[str, Any]) -> Any:
        """Note that everybody with a tag asked for it."""
        actor = await signed_in(self)
        async with transaction() as session:
            try:
                count = await ask_by_tag(session, actor, self._product(), typed(form, "tag"))
            except Invalid as error:
                raise Invalid(error.message, field="tag") from error
        self.asking = ""
        await self._again()
        return toast_done("Noted", f"{plural(count, 'person', 'people')} who had not asked before.")

    @rx.event
    @submits
    @needs(Permission.ALLOCATIONS_WRITE)
    async def open_allocation(self, form: dict[str, Any]) -> Any:
        """Open an allocation, and go to it."""
        actor, given = await signed_in(self), typed(form, "bottles").strip()
        if not (given.isascii() and given.isdigit() and len(given) < 7):
            raise Invalid("How many bottles are there? A whole number, please.", field="bottles")
        method = AllocationMethod.SPEND if typed(form, "method") == AllocationMethod.SPEND else AllocationMethod.DRAW
        async with transaction() as session:
            row = await create_allocation(
                session, actor, self._product(), int(given), method=method, counsel=typed(form, "counsel")
            )
        self.asking = ""
        return [rx.redirect(f"/allocations/{row.id}"), toast_done("Allocation opened", row.product_name)]

    @rx.event
    @guarded
    @needs(Permission.ALLOCATIONS_WRITE)
    async def remove(self, customer_id: str) -> Any:
        """They no longer want it."""
        actor = await signed_in(self)
        async with transaction() as session:
            await forget_interest(session, actor, self._product(), parse_id(str(customer_id), "customer"))
        await self._again()
        return toast_done("Taken off")
