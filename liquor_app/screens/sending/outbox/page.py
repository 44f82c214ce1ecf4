"""The outbox."""

from __future__ import annotations

from typing import Any

import reflex as rx

from liquor_app.accounts.permission_table import Permission
from liquor_app.screens.listing.view import list_filters, list_pager, list_table
from liquor_app.screens.sending.outbox.state import OutboxState
from liquor_app.screens.sending.outbox.unknown_state import UnknownState
from liquor_app.screens.session.role_controls import allowed
from liquor_app.ui.badge import badge
from liquor_app.ui.button import button
from liquor_app.ui.card import card, list_item, note, plain_list
from liquor_app.ui.empty import empty
from liquor_app.ui.forms.dialog import confirm
from liquor_app.ui.frame.page_spec import Page, page_head
from liquor_app.ui.grid import col, grid, row, span
from liquor_app.ui.icon import icon
from liquor_app.ui.message_preview import email_preview, sms_preview
from liquor_app.ui.table import Column

READING = OutboxState.reading


def outbox_page() -> rx.Component:
    return rx.fragment(
        page_head(
            "Outbox",
            "What the sandbox kept. Nothing here has left the house. Links lead nowhere and codes are masked.",
            badge("Sandbox", "amber"),
        ),
        rx.cond(UnknownState.total > 0, _unknown(), rx.fragment()),
        grid(
            span(6, card(_list(), flush=True), align_self="start"),
            span(6, _message(), align_self="start"),
        ),
    )


def _unknown() -> rx.Component:
    """Tell what nobody can know is decided here, one by one."""

    def one(line: Any) -> rx.Component:
        words = rx.el.div(
            row(rx.el.b(line.recipient, class_name="trunc"), rx.el.span(line.when, class_name="t12 muted nowrap")),
            rx.el.p(line.campaign, rx.cond(line.provider != "", ", by " + line.provider, ""), class_name="t12 muted"),
            rx.el.p(line.note, class_name="t12 muted pretty"),
            class_name="grow",
        )
        decide = allowed(
            Permission.SENDS_WRITE,
            row(
                button("It was sent", on_click=UnknownState.ask(line.id, "sent"), small=True),
                button("Send again", on_click=UnknownState.ask(line.id, "again"), small=True),
            ),
        )
        return list_item(words, decide, class_name="fold")

    return rx.fragment(
        card(
            plain_list(rx.foreach(UnknownState.rows, one)),
            list_pager(UnknownState, quiet=True),
            title="Unknown outcomes",
            aside=badge(rx.Var.create(UnknownState.total).to_string(), "unknown"),
            foot=rx.fragment(
                "The request left and no answer came. The provider's own pages may show whether it arrived; late"
                " reports settle it by themselves.",
            ),
            flush=True,
            margin_bottom="16px",
        ),
        confirm(
            "Was it sent?",
            "The message to " + UnknownState.who + " then counts as sent and is never repeated. Say so only if the"
            " provider's pages show it.",
            "It was sent",
            open=UnknownState.answer == "sent",
            on_open_change=UnknownState.ask("", ""),
            on_confirm=UnknownState.decide,
        ),
        confirm(
            "Send it again?",
            UnknownState.who + " may get the message twice, if the first one did arrive after all. This attempt then"
            " counts as failed.",
            "Send again",
            open=UnknownState.answer == "again",
            on_open_change=UnknownState.ask("", ""),
            on_confirm=UnknownState.decide,
            danger=True,
        ),
    )


def _list() -> rx.Component:
    def who(line: Any) -> rx.Component:
        return rx.fragment(
            rx.el.button(line.recipient, type="button", class_name="link", on_click=OutboxState.open(line.id)),
            rx.el.small(line.campaign),
        )

    def channel(line: Any) -> rx.Component:
        return rx.cond(line.channel == "sms", icon("message-square", label="SMS"), icon("mail", label="E-mail"))

    return rx.fragment(
        list_filters(OutboxState, "Recipient or subject"),
        list_table(
            OutboxState,
            [
                Column("To", who),
                Column("", channel, phone="hide", heard="Channel"),
                Column("Message", lambda line: rx.el.span(line.title, class_name="muted"), phone="under", wide=True),
                Column("When", lambda line: line.when, sort="accepted_at", number=True, phone="hide"),
            ],
            label="Messages the sandbox kept",
            dense=True,
            empty=empty("Nothing in the outbox", "Approve a plan and play its week; messages land here.", icon="inbox"),
        ),
        list_pager(OutboxState),
    )


def _message() -> rx.Component:
    email = card(
        email_preview(READING.sender, READING.subject, READING.html, height=620),
        title="As " + READING.recipient + " would see it",
    )
    text = card(sms_preview(READING.text, READING.segments), title="As " + READING.recipient + " would see it")
    headers = card(
        rx.el.div(
            rx.foreach(READING.headers, lambda line: rx.el.div(line, overflow_wrap="anywhere")), class_name="t12 muted"
        ),
        title="Headers",
    )
    shown = col(
        rx.cond(READING.channel == "sms", text, email),
        rx.cond(rx.Var.create(READING.headers).length() > 0, headers, rx.fragment()),
        gap=16,
    )
    nothing = note("Choose a message to read it.", icon="mail-open")
    return rx.cond(READING.id != "", shown, row(nothing))


PAGES = (
    Page(
        "/outbox",
        "Outbox",
        outbox_page,
        icon="inbox",
        on_load=[OutboxState.load, OutboxState.live, UnknownState.load],
        nav_group="main",
    ),
)
