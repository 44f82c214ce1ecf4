"""One customer's tags and custom fields: shown, changed in a dialog, and new fields made."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from typing import Any
from urllib.parse import quote

import reflex as rx

from liquor_app.accounts.permission_table import Permission, needs
from liquor_app.core.db import transaction
from liquor_app.core.errors import Invalid
from liquor_app.core.ids import parse_id
from liquor_app.customers.labels.custom_fields import (
    CustomFieldRow,
    add_custom_field,
    custom_values,
    list_custom_fields,
    set_custom_values,
)
from liquor_app.customers.labels.custom_values import FieldKind
from liquor_app.customers.labels.tags import set_tags, tags_of
from liquor_app.screens.customers.detail.state import CustomerState
from liquor_app.screens.details.state import DetailState
from liquor_app.screens.forms.state import FormState, submits
from liquor_app.screens.session.state import guarded, signed_in
from liquor_app.ui.address import last_part
from liquor_app.ui.forms.form_data import typed
from liquor_app.ui.toast import toast_done
from liquor_app.ui.words import show_full_day

VALUES, FIELD = "values", "field"
"""The two dialogs: the values of this customer, a new field for everybody."""
KINDS = [(kind.value, kind.label) for kind in FieldKind]


@dataclass(frozen=True, slots=True)
class FieldLine:
    """A custom field: `slot` names its input, `href` leads to everybody of the same value, `words` are shown."""

    slot: str = ""
    key: str = ""
    label: str = ""
    kind: str = ""
    value: str = ""
    href: str = ""
    hint: str = ""
    words: str = ""


@dataclass(frozen=True, slots=True)
class TagLine:
    name: str = ""
    href: str = ""


HINTS = {FieldKind.TEXT: "", FieldKind.NUMBER: "A number", FieldKind.DATE: "A day", FieldKind.FLAG: "Yes or no"}


class LabelsState(FormState, DetailState, rx.State):
    """What the shop itself says of somebody."""

    tags: list[TagLine] = []
    lines: list[FieldLine] = []
    tags_text: str = ""
    asking: str = ""

    def _fields(self) -> frozenset[str]:
        return frozenset({"tags", "label", "kind", *(line.key for line in self.lines)})

    def _asked(self) -> bool:
        return bool(self.asking)

    def _shut(self) -> None:
        self.asking = ""

    def _noun(self) -> str:
        return "customer"

    async def _read(self) -> None:
        actor, customer_id = await signed_in(self), self._id()
        async with transaction() as session:
            tags = await tags_of(session, actor, customer_id)
            values = await custom_values(session, actor, customer_id)
            fields = await list_custom_fields(session, actor)
        self.tags = [TagLine(name, f"/customers?tag={quote(name)}") for name in tags]
        self.tags_text = ", ".join(tags)
        self.lines = [_line(field, values.get(field.key, "")) for field in fields]

    @rx.event
    @guarded
    @needs(Permission.APP)
    async def ask(self, question: str) -> Any:
        self._fresh()
        self.asking = question if question in (VALUES, FIELD) else ""
        return LabelsState.load

    @rx.event
    @submits
    @needs(Permission.CUSTOMERS_WRITE)
    async def save(self, form: dict[str, Any]) -> Any:
        """Store tags and values; a value to blame says so beside itself, and nothing is stored."""
        if self.asking != VALUES:
            return None
        actor, customer_id = await signed_in(self), parse_id(last_part(self), "customer")
        names = [name for name in typed(form, "tags").split(",") if name.strip()]
        values = {line.key: typed(form, line.slot) for line in self.lines}
        async with transaction() as session:
            try:
                await set_tags(session, actor, customer_id, names)
            except Invalid as error:
                raise Invalid(error.message, field="tags") from error
            await set_custom_values(session, actor, customer_id, values)
        self.asking = ""
        return [LabelsState.load, CustomerState.load, toast_done("Tags and fields saved")]

    @rx.event
    @submits
    @needs(Permission.CUSTOMERS_WRITE)
    async def add(self, form: dict[str, Any]) -> Any:
        """Make a field that every customer has from then on."""
        if self.asking != FIELD:
            return None
        actor = await signed_in(self)
        async with transaction() as session:
            await add_custom_field(session, actor, typed(form, "label"), typed(form, "kind"))
        self.asking = ""
        return [LabelsState.load, toast_done("Field added", "Rules, templates and imports can use it.")]


def _line(field: CustomFieldRow, value: str) -> FieldLine:
    asked = quote(f"{field.key}:{value}") if value else ""
    return FieldLine(
        f"custom-{field.key}", field.key, field.label, field.kind.value, value,
        f"/customers?custom={asked}" if asked else "", HINTS[field.kind], _words(field.kind, value),
    )  # fmt: skip


def _words(kind: FieldKind, value: str) -> str:
    """Return a value as people write it: "11 Feb 2011", "Yes"."""
    if kind is FieldKind.DATE and value:
        return show_full_day(date.fromisoformat(value))
    return {"yes": "Yes", "no": "No"}.get(value, value) if kind is FieldKind.FLAG else value
