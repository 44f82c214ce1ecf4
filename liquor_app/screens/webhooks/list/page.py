"""Webhooks: who is told what happens here."""

from __future__ import annotations

from typing import Any

import reflex as rx

from liquor_app.screens.forms.view import form_dialog, form_of
from liquor_app.screens.listing.view import list_card
from liquor_app.screens.webhooks.list.state import WebhooksState
from liquor_app.ui.badge import badge
from liquor_app.ui.button import button
from liquor_app.ui.card import note
from liquor_app.ui.empty import empty
from liquor_app.ui.forms.dialog import confirm, dialog
from liquor_app.ui.forms.form import text_field
from liquor_app.ui.frame.page_spec import Page, page_head
from liquor_app.ui.grid import col, row
from liquor_app.ui.table import Column

NEW = "endpoint-form"


def webhooks_page() -> rx.Component:
    new = button("New endpoint", kind="primary", icon="plus", on_click=WebhooksState.ask("new", ""))
    return rx.fragment(
        page_head(
            "Webhooks",
            "Programs that are told what happens here, signed, tried again for three days. They hear ids, no names.",
            new,
            crumbs=(("Settings", "/settings"),),
        ),
        list_card(
            WebhooksState,
            [
                Column("Endpoint", _address, sort="url"),
                Column("Told of", lambda line: line.told_of, phone="under", wide=True),
                Column("Status", _status, phone="under"),
                Column("Last took something", lambda line: line.took, phone="hide"),
                Column("", _acts, number=True),
            ],
            label="Webhook endpoints",
            search="Address or description",
            empty=empty("No endpoint yet", "A program that asks again and again could be told.", icon="webhook"),
            href=lambda line: line.href,
        ),
        _new(),
        _shown(),
        confirm(
            "Remove " + WebhooksState.chosen.url + "?",
            "What waits for it is not sent.",
            "Remove",
            open=WebhooksState.asking == "remove",
            on_open_change=WebhooksState.close,
            on_confirm=WebhooksState.remove,
            danger=True,
        ),
        confirm(
            "Another secret for " + WebhooksState.chosen.url + "?",
            "It signs from now on: what checks the one before refuses us until you change it there.",
            "Make another",
            open=WebhooksState.asking == "renew",
            on_open_change=WebhooksState.close,
            on_confirm=WebhooksState.renew,
        ),
    )


def _address(line: Any) -> rx.Component:
    return rx.fragment(rx.el.b(line.url, overflow_wrap="anywhere"), rx.el.small(line.description))


def _status(line: Any) -> rx.Component:
    word = rx.match(
        line.state,
        ("on", badge("Active", "green")),
        ("failing", badge("Failing", "amber")),
        ("ended", badge("Told no more", "red")),
        badge("Paused", "gray"),
    )
    return rx.fragment(word, rx.el.small(line.why))


def _acts(line: Any) -> rx.Component:
    is_on = (line.state == "on") | (line.state == "failing")
    return row(
        rx.cond(is_on, button("Test", small=True, on_click=WebhooksState.test(line.id)), rx.fragment()),
        rx.cond(
            is_on,
            button("Pause", small=True, on_click=WebhooksState.turn(line.id, False)),
            button("Go on", small=True, on_click=WebhooksState.turn(line.id, True)),
        ),
        button("Secret", small=True, on_click=WebhooksState.ask("renew", line.id)),
        button("Remove", small=True, kind="danger", on_click=WebhooksState.ask("remove", line.id)),
    )


def _new() -> rx.Component:
    errors = WebhooksState.errors
    form = form_of(
        WebhooksState,
        col(
            text_field(
                "Address", "url", error=errors["url"], auto_focus=True, max_length=500, required=True,
                hint="Such as https://till.example.com/hooks. It must be reachable from the internet.",
            ),
            text_field(
                "Told of", "events", error=errors["events"], optional=True, max_length=400,
                hint="Such as customer.created purchase.created. Empty is everything.",
            ),
            text_field(
                "Description", "description", error=errors["description"], optional=True, max_length=200,
                hint="What it is for: “Stock at the till”.",
            ),
            gap=16,
        ),
        id=NEW,
        key=WebhooksState.asking,
        on_submit=WebhooksState.create,
    )  # fmt: skip
    return form_dialog(
        WebhooksState,
        "New endpoint",
        form,
        open=WebhooksState.asking == "new",
        foot=rx.fragment(
            button("Cancel", on_click=WebhooksState.close(False)),
            button("Make the endpoint", kind="primary", submit=True, form=NEW, busy=WebhooksState.busy),
        ),
    )


def _shown() -> rx.Component:
    return dialog(
        "The endpoint's secret",
        col(
            rx.el.code(WebhooksState.secret, overflow_wrap="anywhere"),
            note("Copy it now: what we send is signed with it, and it cannot be shown again.", tone="amber"),
            gap=16,
        ),
        open=WebhooksState.secret != "",
        on_open_change=WebhooksState.hide,
        foot=row(
            button("Copy", icon="copy", on_click=rx.set_clipboard(WebhooksState.secret)),
            button("Done", kind="primary", on_click=WebhooksState.hide(False)),
        ),
    )


PAGES = (
    Page(
        "/settings/webhooks", "Webhooks", webhooks_page, icon="webhook", on_load=WebhooksState.load,
        parent="/settings", roles=frozenset({"admin"}),
    ),
)  # fmt: skip
