"""The inbox: what people wrote that no rule understands."""

from __future__ import annotations

from typing import Any

import reflex as rx

from liquor_app.screens.listing.view import list_card
from liquor_app.screens.sending.replies.state import RepliesState
from liquor_app.screens.session.role_controls import for_managers
from liquor_app.ui.badge import badge
from liquor_app.ui.button import button, link
from liquor_app.ui.empty import empty
from liquor_app.ui.frame.page_spec import Page, page_head
from liquor_app.ui.grid import row
from liquor_app.ui.table import Column


def replies_page() -> rx.Component:
    return rx.fragment(
        page_head(
            "Replies",
            "Texts people wrote that no rule understands. Until you have read one, no text goes to its number: it may"
            " be a no.",
            crumbs=(("Outbox", "/outbox"),),
        ),
        _texts(),
    )


def _texts() -> rx.Component:
    def who(line: Any) -> rx.Component:
        return rx.cond(line.customer != "", link(line.who, line.customer), rx.el.span(line.who))

    def meant(line: Any) -> rx.Component:
        choices = row(
            button("It is a no", small=True, kind="danger", aria_label="It is a no: " + line.body,
                   on_click=RepliesState.settle(line.id, True)),
            button("Nothing to do", small=True, aria_label="Nothing to do: " + line.body,
                   on_click=RepliesState.settle(line.id, False)),
        )  # fmt: skip
        return rx.cond(line.is_open, for_managers(choices), rx.el.span(line.became, class_name="muted t12"))

    return list_card(
        RepliesState,
        [
            Column("From", who),
            Column("Text", lambda line: rx.el.span(line.body, class_name="pretty"), phone="under", wide=True),
            Column("Received", lambda line: line.when, sort="received_at", phone="hide"),
            Column("Status", lambda line: badge(line.status, rx.cond(line.is_open, "amber", "outline")), phone="hide"),
            Column("", meant, number=True),
        ],
        label="Texts people wrote",
        empty=empty("Nothing to read", "STOP, START and HELP are answered by themselves, in many words.", icon="inbox"),
    )


PAGES = (Page("/replies", "Replies", replies_page, on_load=RepliesState.load, parent="/outbox"),)
