"""Every template, and which of them messages are made of."""

from __future__ import annotations

from typing import Any

import reflex as rx

from liquor_app.accounts.permission_table import Permission
from liquor_app.screens.forms.view import form_dialog, form_of
from liquor_app.screens.listing.view import list_card
from liquor_app.screens.session.role_controls import allowed
from liquor_app.screens.templates.list.state import TemplatesState
from liquor_app.screens.templates.view import CHANNELS, KINDS
from liquor_app.ui.badge import badge
from liquor_app.ui.button import button, icon_button
from liquor_app.ui.empty import empty
from liquor_app.ui.forms.choice import select_field
from liquor_app.ui.forms.form import text_field
from liquor_app.ui.forms.menu import Item, menu
from liquor_app.ui.frame.page_spec import Page, page_head
from liquor_app.ui.grid import col, pair, row
from liquor_app.ui.icon import icon
from liquor_app.ui.table import Column


def templates_page() -> rx.Component:
    return rx.fragment(
        page_head(
            "Templates",
            "What messages are made of. Of each kind and channel, the active one changed last is in use.",
            button("Coupon codes", icon="ticket-percent", href="/coupons"),
            allowed(
                Permission.TEMPLATES_ADMIN,
                button("New template", kind="primary", icon="plus", on_click=TemplatesState.make(True)),
            ),
        ),
        _list(),
        _new(),
    )


def state_badge(line: Any) -> rx.Component:
    """In use, active but not the one in use, or off."""
    return rx.cond(
        line.current, badge("In use", "green"), rx.cond(line.active, badge("Active", "gray"), badge("Off", "outline"))
    )


def _list() -> rx.Component:
    def name(line: Any) -> rx.Component:
        return rx.fragment(rx.el.b(line.name), rx.el.small(line.kind))

    def channel(line: Any) -> rx.Component:
        email = row(icon("mail"), "E-mail")
        return rx.cond(line.channel == "sms", row(icon("message-square"), "SMS"), email)

    def used(line: Any) -> rx.Component:
        return rx.el.span(rx.cond(line.used_by != "", line.used_by, "–"), class_name="muted pretty")

    def more(line: Any) -> rx.Component:
        return allowed(
            Permission.TEMPLATES_ADMIN,
            menu(
                icon_button("ellipsis", "More about " + line.name),
                Item("Duplicate", TemplatesState.duplicate(line.id), "copy"),
            ),
        )

    return list_card(
        TemplatesState,
        [
            Column("Template", name, sort="name"),
            Column("Channel", channel, phone="hide"),
            Column("State", state_badge),
            Column("Version", lambda line: line.version, number=True, phone="hide"),
            Column("Used by", used, wide=True, phone="hide"),
            Column("Changed", lambda line: rx.el.span(line.saved, class_name="muted"), sort="updated_at", phone="hide"),
            Column("", more, number=True),
        ],
        label="Templates",
        search="Name of a template",
        href=lambda line: "/templates/" + line.id,
        empty=empty(
            "No template",
            "Without one of its kind a message is not sent.",
            button("Coupon codes", icon="ticket-percent", href="/coupons"),
            allowed(
                Permission.TEMPLATES_ADMIN, button("New template", kind="primary", on_click=TemplatesState.make(True))
            ),
            icon="file-text",
        ),
    )


def _new() -> rx.Component:
    errors = TemplatesState.errors
    form = form_of(
        TemplatesState,
        col(
            text_field(
                "Name", "name", required=True, max_length=120, error=errors["name"], placeholder="Win-back, craft beer"
            ),
            pair(
                select_field("Channel", "channel", CHANNELS, error=errors["channel"]),
                select_field("Kind of message", "category", KINDS, error=errors["category"]),
            ),
            row(button("Create", kind="primary", submit=True), class_name="apart"),
            gap=16,
        ),
        on_submit=TemplatesState.create,
    )
    return form_dialog(
        TemplatesState,
        "New template",
        form,
        open=TemplatesState.making,
        description="It begins as the shipped one of its kind, and is off until you switch it on.",
    )


PAGES = (
    Page(
        "/templates",
        "Templates",
        templates_page,
        icon="file-text",
        on_load=TemplatesState.load,
        nav_group="admin",
    ),
)
