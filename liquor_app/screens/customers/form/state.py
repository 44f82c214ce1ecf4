"""Adding a customer and changing one: the same form."""

from __future__ import annotations

from dataclasses import asdict
from datetime import datetime
from typing import Any

import reflex as rx

from liquor_app.accounts.permission_table import Permission, needs
from liquor_app.core.db import transaction
from liquor_app.core.ids import parse_id
from liquor_app.customers.ages.age_verification import age_of
from liquor_app.customers.editing.change_customer import WRITABLE, create_customer, update_customer
from liquor_app.customers.service import get_customer
from liquor_app.screens.customers.detail.state import CustomerState
from liquor_app.screens.forms.state import FormState, submits
from liquor_app.screens.session.state import guarded, signed_in
from liquor_app.ui.address import last_part
from liquor_app.ui.forms.form_data import typed
from liquor_app.ui.toast import toast_done

FIELDS = ("name", "email", "phone", "external_id", "date_of_birth", "city", "state", "postal_code", "country")


class EditCustomerState(FormState, rx.State):
    """The form: `before` is what was there when it opened, empty for a new customer."""

    open: bool = False
    editing: str = ""
    before: dict[str, str] = {}
    _seen: datetime | None = None

    def _fields(self) -> frozenset[str]:
        return frozenset(WRITABLE)

    def _asked(self) -> bool:
        return self.open

    def _shut(self) -> None:
        self.open = False

    @rx.event
    @guarded
    @needs(Permission.CUSTOMERS_READ)
    async def add(self) -> None:
        self._fresh()
        self.open, self.editing, self.before = True, "", {"country": "US"}

    @rx.event
    @guarded
    @needs(Permission.CUSTOMERS_PRIVATE)
    async def edit(self) -> None:
        """Open the form of the customer whose page this is."""
        actor = await signed_in(self)
        async with transaction() as session:
            row = await get_customer(session, actor, parse_id(last_part(self), "customer"))
            born = (await age_of(session, actor, row.id)).date_of_birth
        known = {**asdict(row), "date_of_birth": born}
        self.before = {name: str(known[name] or "") for name in FIELDS}
        self._fresh()
        self.open, self.editing, self._seen = True, str(row.id), row.updated_at

    @rx.event
    @submits
    @needs(Permission.CUSTOMERS_WRITE)
    async def save(self, form: dict[str, Any]) -> Any:
        """Store what was typed; a field to blame says so beside itself, and nothing is stored."""
        given = {name: typed(form, name).strip() for name in FIELDS}
        changes = {name: value or None for name, value in given.items() if value != self.before.get(name, "")}
        return await self._store(changes)

    async def _store(self, changes: dict[str, Any]) -> Any:
        actor = await signed_in(self)
        async with transaction() as session:
            if self.editing:
                customer_id = parse_id(self.editing, "customer")
                row = await update_customer(session, actor, customer_id, changes, seen=self._seen)
            else:
                row = await create_customer(session, actor, changes)
        self.open = False
        if not self.editing:
            return [rx.redirect(f"/customers/{row.id}"), toast_done("Customer added")]
        return [CustomerState.load, toast_done("Customer saved")]
