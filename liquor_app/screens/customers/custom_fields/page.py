"""Fields of the shop's own: what there are, what templates call them, and taking one away."""

from __future__ import annotations

from typing import Any

import reflex as rx

from liquor_app.accounts.permission_table import Permission
from liquor_app.screens.customers.custom_fields.state import CustomFieldsState
from liquor_app.screens.session.role_controls import allowed, is_allowed, roles_of
from liquor_app.ui.button import button, icon_button
from liquor_app.ui.card import card
from liquor_app.ui.charts.progress import progress
from liquor_app.ui.empty import empty
from liquor_app.ui.forms.dialog import confirm
from liquor_app.ui.frame.page_spec import Page, page_head
from liquor_app.ui.grid import col
from liquor_app.ui.table import Column, table


def custom_fields_page() -> rx.Component:
    return rx.fragment(
        page_head(
            "Custom fields",
            "What the shop knows of its customers beside what everybody does. Imports fill them; segments and templates"
            " ask for them.",
            button("Import", icon="upload", href="/customers/import"),
            crumbs=(("Settings", "/settings", is_allowed(Permission.SETTINGS_ADMIN)),),
        ),
        col(_under_way(), _fields(), gap=16),
        confirm(
            "Take " + CustomFieldsState.chosen.label + " away?",
            "What stands in it is deleted for every customer, and cannot be brought back. " + CustomFieldsState.uses,
            "Take away for good",
            open=CustomFieldsState.asking != "",
            on_open_change=CustomFieldsState.shut,
            on_confirm=CustomFieldsState.remove,
            danger=True,
        ),
    )


def _under_way() -> rx.Component:
    bar = card(
        col(
            progress(
                CustomFieldsState.percent, rx.Var.create(CustomFieldsState.percent).to_string() + "%", "Taken away"
            ),
            rx.el.p(CustomFieldsState.words, class_name="muted num", role="status"),
            gap=8,
        ),
        title="Taking a field away",
    )
    return rx.cond(CustomFieldsState.words != "", bar, rx.fragment())


def _fields() -> rx.Component:
    def away(line: Any) -> rx.Component:
        pressed = icon_button("trash-2", "Take away " + line.label, on_click=CustomFieldsState.ask(line.key))
        return allowed(Permission.CUSTOMERS_ADMIN, pressed)

    columns = (
        Column("Field", lambda line: rx.el.b(line.label)),
        Column("Holds", lambda line: line.kind, phone="under"),
        Column("In templates", lambda line: rx.el.code(line.tag), phone="under"),
        Column("", away, number=True),
    )
    nothing = empty(
        "No field of your own yet",
        "Import a file with a column nobody else has, and make it a new field there.",
        button("Import", icon="upload", href="/customers/import"),
        icon="tag",
    )
    shown = table(CustomFieldsState.rows, columns, label="Custom fields")
    return card(rx.cond(CustomFieldsState.rows, shown, nothing), title="Fields", flush=True)


PAGES = (
    Page(
        "/settings/custom-fields",
        "Custom fields",
        custom_fields_page,
        on_load=[CustomFieldsState.load],
        roles=roles_of(Permission.CUSTOMERS_WRITE),
        parent="/settings",
    ),
)
