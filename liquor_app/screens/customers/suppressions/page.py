"""The suppression list: who must not be written to, and why."""

from __future__ import annotations

from typing import Any

import reflex as rx

from liquor_app.accounts.permission_table import Permission
from liquor_app.customers.suppressions import MAX_WHY
from liquor_app.organization.models import Channel
from liquor_app.screens.customers.suppressions.state import SuppressedState
from liquor_app.screens.forms.view import form_dialog, form_of
from liquor_app.screens.listing.view import list_card
from liquor_app.screens.session.role_controls import allowed, roles_of
from liquor_app.ui.badge import badge
from liquor_app.ui.button import button, icon_button, link
from liquor_app.ui.empty import empty
from liquor_app.ui.forms.choice import select_field
from liquor_app.ui.forms.form import text_field
from liquor_app.ui.frame.page_spec import Page, page_head
from liquor_app.ui.grid import col
from liquor_app.ui.table import Column

FORM, LIFT = "suppress-form", "lift-form"


def suppressed_page() -> rx.Component:
    return rx.fragment(
        page_head(
            "Suppression list",
            "Addresses no campaign writes to. It binds at the moment of sending, whatever a plan says.",
            button("Add addresses", kind="primary", icon="plus", on_click=SuppressedState.ask("add")),
            crumbs=(("Customers", "/customers"),),
        ),
        _entries(),
        _add(),
        _lift(),
    )


def _entries() -> rx.Component:
    def address(line: Any) -> rx.Component:
        return rx.cond(line.customer != "", link(line.address, line.customer), rx.el.span(line.address))

    def lift(line: Any) -> rx.Component:
        act = icon_button("undo-2", "Take " + line.address + " off the list", on_click=SuppressedState.ask(line.id))
        return rx.cond(
            line.fixed, rx.el.span("for good", class_name="muted t12"), allowed(Permission.CUSTOMERS_ADMIN, act)
        )

    nothing = rx.cond(
        SuppressedState.wrong != "",
        empty("No such address", SuppressedState.wrong, icon="search"),
        rx.cond(
            SuppressedState.query != "",
            empty("Not on the list", "Campaigns may write there where consent is given.", icon="search"),
            empty("Nobody", "Bounces, complaints and unsubscriptions land here by themselves.", icon="shield-check"),
        ),
    )
    return list_card(
        SuppressedState,
        [
            Column("Address", address),
            Column("Reason", lambda line: badge(line.reason, "outline")),
            Column("Channel", lambda line: line.channel, phone="hide"),
            Column("From", lambda line: line.source, phone="hide", wide=True),
            Column(
                "Since", lambda line: rx.fragment(line.when, rx.el.small(line.again)), sort="created_at", phone="hide"
            ),
            Column("", lift, number=True),
        ],
        label="Suppressed addresses",
        search="Address or number",
        empty=nothing,
    )


def _lift() -> rx.Component:
    form = form_of(SuppressedState,
        text_field(
            "Why", "why", error=SuppressedState.error, auto_focus=True, max_length=MAX_WHY,
            hint="Such as: asked in writing on 3 May. Kept in the audit log.",
        ),
        id=LIFT,
        key=SuppressedState.asking,
        on_submit=SuppressedState.lift,
    )  # fmt: skip
    return form_dialog(
        SuppressedState,
        "Take " + SuppressedState.asking_address + " off the suppression list?",
        form,
        open=(SuppressedState.asking != "") & (SuppressedState.asking != "add"),
        description="Campaigns may write to this address again where consent is given. The entry stays on record.",
        foot=rx.fragment(
            button("Cancel", on_click=SuppressedState.close(False)),
            button("Take off the list", kind="solid-danger", submit=True, form=LIFT),
        ),
        max_width="460px",
    )


def _add() -> rx.Component:
    form = form_of(SuppressedState,
        col(
            text_field(
                "Addresses", "addresses", lines=8, error=SuppressedState.error, auto_focus=True,
                hint="One e-mail address or phone number a line, up to 5,000. Customers or not.",
            ),
            select_field(
                "Channel", "channel", [("", "Every one"), *((one.value, one.label) for one in Channel)]
            ),
            gap=16,
        ),
        id=FORM,
        on_submit=SuppressedState.add,
    )  # fmt: skip
    return form_dialog(
        SuppressedState,
        "Add addresses",
        form,
        open=SuppressedState.asking == "add",
        description="Bring the list of the system you come from, so that nobody who left is written to again.",
        foot=rx.fragment(
            button("Cancel", on_click=SuppressedState.close(False)),
            button("Suppress", kind="solid-danger", submit=True, form=FORM),
        ),
    )


PAGES = (
    Page(
        "/customers/suppressed", "Suppression list", suppressed_page, on_load=SuppressedState.load,
        parent="/customers", roles=roles_of(Permission.CUSTOMERS_PRIVATE),
    ),
)  # fmt: skip
