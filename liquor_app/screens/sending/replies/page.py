"""The inbox: what people wrote that no rule understands."""

from __future__ import annotations

from typing import Any

import reflex as rx

from liquor_app.accounts.permission_table import Permission
from liquor_app.screens.forms.view import form_dialog, form_of
from liquor_app.screens.listing.view import list_card
from liquor_app.screens.sending.replies.state import RepliesState
from liquor_app.screens.session.role_controls import allowed, roles_of
from liquor_app.ui.badge import badge
from liquor_app.ui.button import button, link
from liquor_app.ui.empty import empty
from liquor_app.ui.forms.form import text_field
from liquor_app.ui.frame.page_spec import Page, page_head
from liquor_app.ui.grid import col, row
from liquor_app.ui.icon import icon
from liquor_app.ui.table import Column

FORM = "mailed-no-form"


def replies_page() -> rx.Component:
    return rx.fragment(
        page_head(
            "Replies",
            "What people wrote back and no rule understands. Until you have read it, nothing more goes to who wrote it:"
            " it may be a no. E-mails that said no are kept here too, done already.",
            allowed(Permission.SENDS_WRITE, button("Note an e-mailed STOP", icon="mail-x", on_click=RepliesState.note)),
            crumbs=(("Outbox", "/outbox"),),
        ),
        _texts(),
        _note(),
    )


def _texts() -> rx.Component:
    def who(line: Any) -> rx.Component:
        return rx.cond(line.customer != "", link(line.who, line.customer), rx.el.span(line.who))

    def words(line: Any) -> rx.Component:
        doubt = rx.cond(line.doubt != "", rx.el.div(line.doubt, class_name="t12 muted"), rx.fragment())
        return rx.el.div(rx.el.span(line.body, class_name="pretty"), doubt)

    def meant(line: Any) -> rx.Component:
        choices = row(
            button("It is a no", small=True, kind="danger", aria_label="It is a no: " + line.body,
                   on_click=RepliesState.settle(line.id, True)),
            button("Nothing to do", small=True, aria_label="Nothing to do: " + line.body,
                   on_click=RepliesState.settle(line.id, False)),
        )  # fmt: skip
        return rx.cond(
            line.is_open, allowed(Permission.SENDS_WRITE, choices), rx.el.span(line.became, class_name="muted t12")
        )

    return list_card(
        RepliesState,
        [
            Column("From", who),
            Column(
                "By",
                lambda line: rx.cond(
                    line.channel == "sms", icon("message-square", label="SMS"), icon("mail", label="E-mail")
                ),
                phone="hide",
            ),
            Column("Words", words, phone="under", whole=True),
            Column("Received", lambda line: line.when, sort="received_at", phone="under"),
            Column("Status", lambda line: badge(line.status, rx.cond(line.is_open, "amber", "outline")), phone="under"),
            Column("", meant, number=True, phone="under", whole=True),
        ],
        label="What people wrote back",
        empty=empty(
            "Nothing to read",
            "STOP, START and HELP are answered by themselves, in many words. E-mails come here where your provider"
            " hands them on (see the provider's settings under Channels); note those in your own mailbox by hand.",
            icon="inbox",
        ),
    )


def _note() -> rx.Component:
    fields = form_of(
        RepliesState,
        col(
            text_field("Their e-mail address", "address", type="email", required=True, auto_complete="off",
                       error=RepliesState.errors["address"]),
            text_field("What they wrote", "words", lines=3, error=RepliesState.errors["words"],
                      hint="Kept as the evidence. Empty: noted by hand."),
            gap=16,
        ),
        id=FORM,
        on_submit=RepliesState.save,
    )  # fmt: skip
    return form_dialog(
        RepliesState,
        "Note an e-mailed STOP",
        fields,
        open=RepliesState.noting,
        description="Somebody answered an e-mail and asked you to stop. Their address is taken off at once, as if they"
        " had unsubscribed themselves.",
        foot=rx.fragment(
            button("Cancel", on_click=RepliesState.close(False)),
            button("Take the address off", kind="primary", submit=True, form=FORM),
        ),
        max_width="460px",
    )


PAGES = (
    Page(
        "/replies", "Replies", replies_page, on_load=RepliesState.load, parent="/outbox",
        roles=roles_of(Permission.SENDS_PRIVATE),
    ),
)  # fmt: skip
