"""Webhooks: who is told what happens here."""

from __future__ import annotations

from typing import Any

import reflex as rx

from liquor_app.accounts.permission_table import Permission
from liquor_app.screens.forms.view import form_dialog, form_of
from liquor_app.screens.listing.view import list_card
from liquor_app.screens.session.role_controls import roles_of
from liquor_app.screens.webhooks.list.state import TELL, WebhooksState
from liquor_app.ui.badge import badge
from liquor_app.ui.button import button, icon_button
from liquor_app.ui.card import note
from liquor_app.ui.empty import empty
from liquor_app.ui.forms.choice import tick
from liquor_app.ui.forms.dialog import confirm, dialog
from liquor_app.ui.forms.form import text_field
from liquor_app.ui.forms.menu import Item, menu
from liquor_app.ui.frame.page_spec import Page, page_head
from liquor_app.ui.grid import col, row
from liquor_app.ui.table import Column
from liquor_app.webhooks.models import ASKED_FOR


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
        _form("New endpoint", "new", "Make the endpoint", WebhooksState.create),
        _form("Change the endpoint", "change", "Save", WebhooksState.change),
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
    return rx.fragment(
        rx.el.b(line.url, overflow_wrap="anywhere", display="inline-block", min_width="min(260px, 50vw)"),
        rx.el.small(line.description),
    )


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
        menu(
            icon_button("ellipsis", "More about " + line.url),
            Item("Send a test", WebhooksState.test(line.id), "send", when=is_on),
            Item("Change", WebhooksState.ask("change", line.id), "pencil"),
            Item("Pause", WebhooksState.turn(line.id, False), "pause", when=is_on),
            Item("Go on", WebhooksState.turn(line.id, True), "play", when=~is_on),
            Item("New secret", WebhooksState.ask("renew", line.id), "key-round"),
            Item("Remove", WebhooksState.ask("remove", line.id), "trash-2", danger=True),
        ),
        justify_content="flex-end",
    )


def _form(title: str, asked: str, verb: str, does: Any) -> rx.Component:
    """The dialog of a new endpoint (nothing chosen) or of one that is changed."""
    errors, line, form_id = WebhooksState.errors, WebhooksState.chosen, f"endpoint-{asked}"
    form = form_of(
        WebhooksState,
        col(
            text_field(
                "Address", "url", default_value=line.url, error=errors["url"], auto_focus=True, max_length=500,
                required=True, hint="Such as https://till.example.com/hooks. It must be reachable from the internet.",
            ),
            _events(is_new=asked == "new"),
            text_field(
                "Description", "description", default_value=line.description, error=errors["description"],
                optional=True, max_length=200, hint="What it is for: “Stock at the till”.",
            ),
            gap=16,
        ),
        id=form_id,
        key=WebhooksState.asking + WebhooksState.about,
        on_submit=does,
    )  # fmt: skip
    return form_dialog(
        WebhooksState,
        title,
        form,
        open=WebhooksState.asking == asked,
        foot=rx.fragment(
            button("Cancel", on_click=WebhooksState.close(False)),
            button(verb, kind="primary", submit=True, form=form_id, busy=WebhooksState.busy),
        ),
    )


def _events(*, is_new: bool) -> rx.Component:
    """Draw what an endpoint can be told of; a new one begins with everything."""
    line, error = WebhooksState.chosen, WebhooksState.errors["events"]
    ticks = [
        tick(one.label, TELL + one.value, aside=one.value,
             default_checked=is_new or rx.Var.create(line.events).contains(one.value))
        for one in ASKED_FOR
    ]  # fmt: skip
    return rx.el.fieldset(
        rx.el.legend("Told of", class_name="lab"),
        rx.el.div(*ticks, class_name="ticks"),
        rx.cond(error != "", rx.el.span(error, class_name="err-t", role="alert"), rx.fragment()),
        class_name="plain",
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
        parent="/settings", roles=roles_of(Permission.WEBHOOKS_READ),
    ),
)  # fmt: skip
