"""The page of all messages."""

from __future__ import annotations

from typing import Any

import reflex as rx

from liquor_app.screens.listing.view import list_card
from liquor_app.screens.sending.messages.state import MessagesState
from liquor_app.ui.badge import status_badge
from liquor_app.ui.empty import empty
from liquor_app.ui.frame.page_spec import Page, page_head
from liquor_app.ui.icon import icon
from liquor_app.ui.table import Column


def messages_page() -> rx.Component:
    return rx.fragment(
        page_head("Messages", MessagesState.words, crumbs=(("Analytics", "/analytics"),)),
        list_card(
            MessagesState,
            [
                Column("Customer", lambda line: _named(line.customer, line.customer_href)),
                Column("Campaign", lambda line: _named(line.campaign, line.campaign_href), phone="hide"),
                Column("", _channel, phone="hide", heard="Channel"),
                Column("Message", lambda line: line.subject, phone="hide", wide=True),
                Column("Status", lambda line: status_badge(line.status)),
                Column("What became of it", lambda line: line.did, phone="under", whole=True),
                Column("Attributed", lambda line: line.value, number=True, phone="under", named=True),
                Column("When", lambda line: line.when, number=True, phone="hide"),
            ],
            label="Messages",
            empty=empty("No such message", "Take a filter off, or approve a plan and start it.", icon="send"),
        ),
    )


def _named(words: Any, href: Any) -> rx.Component:
    return rx.cond(href != "", rx.el.a(words, href=href, class_name="link"), rx.el.span(words))


def _channel(line: Any) -> rx.Component:
    return rx.cond(line.channel == "sms", icon("message-square", label="SMS"), icon("mail", label="E-mail"))


PAGES = (
    Page("/messages", "Messages", messages_page, icon="send", on_load=MessagesState.load, parent="/analytics"),
)  # fmt: skip
