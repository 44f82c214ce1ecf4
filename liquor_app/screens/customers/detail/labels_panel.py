"""A customer's tags and custom fields, and the dialogs that change them."""

from __future__ import annotations

from typing import Any

import reflex as rx

from liquor_app.accounts.permission_table import Permission
from liquor_app.customers.labels.custom_values import MOST_LETTERS, MOST_VALUE
from liquor_app.screens.customers.detail.labels_state import FIELD, KINDS, VALUES, LabelsState
from liquor_app.screens.forms.view import form_dialog, form_of
from liquor_app.screens.session.role_controls import allowed
from liquor_app.ui.badge import badge
from liquor_app.ui.button import button
from liquor_app.ui.card import card, list_item, plain_list
from liquor_app.ui.forms.choice import select_field
from liquor_app.ui.forms.form import text_field
from liquor_app.ui.grid import col, row
from liquor_app.ui.skeleton import skeleton_lines

FORM, NEW_FIELD = "labels-form", "field-form"


def labels_card() -> rx.Component:
    """Draw what the shop itself says of somebody; each leads to everybody of whom the same is said."""

    def tag(one: Any) -> rx.Component:
        return rx.el.a(badge(one.name, dot=False), href=one.href, title="Everybody with this tag")

    def line(one: Any) -> rx.Component:
        shown = rx.cond(
            one.value != "",
            rx.el.a(one.words, href=one.href, class_name="link", title="Everybody with this value"),
            rx.el.span("Not known", class_name="muted"),
        )
        return list_item(rx.el.span(one.label, class_name="muted grow"), rx.el.span(shown, class_name="pretty"))

    tags = rx.cond(
        LabelsState.tags,
        row(rx.foreach(LabelsState.tags, tag), wrap=True, class_name="pad"),
        rx.el.p("No tags yet. Segments and lists can ask for them.", class_name="muted pad"),
    )
    foot = allowed(
        Permission.CUSTOMERS_WRITE,
        row(
            button("Change", icon="pencil", small=True, on_click=LabelsState.ask(VALUES)),
            button("New field", icon="plus", kind="ghost", small=True, on_click=LabelsState.ask(FIELD)),
        ),
    )
    body = rx.fragment(tags, plain_list(rx.foreach(LabelsState.lines, line)))
    return card(rx.cond(LabelsState.loading, skeleton_lines(2), body), title="Tags and fields", flush=True, foot=foot)


def labels_dialogs() -> rx.Component:
    return rx.fragment(_values(), _field())


def _values() -> rx.Component:
    def control(one: Any) -> rx.Component:
        error = LabelsState.errors.get(one.key, "")
        plain = text_field(
            one.label, one.slot, default_value=one.value, max_length=MOST_VALUE, error=error, optional=True,
        )  # fmt: skip
        number = text_field(
            one.label, one.slot, default_value=one.value, input_mode="decimal", error=error, optional=True,
        )  # fmt: skip
        day = text_field(one.label, one.slot, default_value=one.value, type="date", error=error, optional=True)
        answer = select_field(
            one.label, one.slot, [("", "Not known"), ("yes", "Yes"), ("no", "No")], default_value=one.value, error=error
        )
        return rx.match(one.kind, ("number", number), ("date", day), ("flag", answer), plain)

    form = form_of(
        LabelsState,
        col(
            text_field(
                "Tags", "tags", default_value=LabelsState.tags_text, error=LabelsState.errors.get("tags", ""),
                optional=True, hint="Separated by commas", placeholder="wine club, wholesale",
            ),
            rx.foreach(LabelsState.lines, control),
            gap=16,
        ),
        id=FORM,
        on_submit=LabelsState.save,
    )  # fmt: skip
    return form_dialog(
        LabelsState,
        "Tags and fields",
        form,
        open=LabelsState.asking == VALUES,
        description="What the shop itself says of this customer. Lists, segments and templates can use it.",
        foot=rx.fragment(
            button("Cancel", on_click=LabelsState.close(False)),
            button("Save", kind="primary", submit=True, form=FORM, busy=LabelsState.busy),
        ),
        max_width="460px",
    )


def _field() -> rx.Component:
    form = form_of(
        LabelsState,
        col(
            text_field(
                "Name", "label", max_length=MOST_LETTERS, error=LabelsState.errors.get("label", ""),
                placeholder="Favorite grape",
            ),
            select_field(
                "What stands in it", "kind", KINDS, error=LabelsState.errors.get("kind", ""),
                hint="It stays what it is made as.",
            ),
            gap=16,
        ),
        id=NEW_FIELD,
        on_submit=LabelsState.add,
    )  # fmt: skip
    return form_dialog(
        LabelsState,
        "A new field for every customer",
        form,
        open=LabelsState.asking == FIELD,
        description="Imports can fill it, rules can ask for it, templates can name it.",
        foot=rx.fragment(
            button("Cancel", on_click=LabelsState.close(False)),
            button("Add field", kind="primary", submit=True, form=NEW_FIELD, busy=LabelsState.busy),
        ),
        max_width="420px",
    )
