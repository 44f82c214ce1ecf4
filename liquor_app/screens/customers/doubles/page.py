"""Likely doubles: who stands in the base twice, compared and made one."""

from __future__ import annotations

from typing import Any

import reflex as rx

from liquor_app.accounts.permission_table import Permission
from liquor_app.screens.customers.doubles.state import DoublesState
from liquor_app.screens.forms.view import form_dialog, form_of
from liquor_app.screens.listing.view import list_card
from liquor_app.screens.session.role_controls import allowed, roles_of
from liquor_app.ui.badge import badge
from liquor_app.ui.button import button, icon_button, link
from liquor_app.ui.card import note
from liquor_app.ui.empty import empty
from liquor_app.ui.forms.form import text_field
from liquor_app.ui.frame.page_spec import Page, page_head
from liquor_app.ui.grid import col, row
from liquor_app.ui.table import Column, table

FORM = "merge-form"
LOOKING = DoublesState.looking != ""


def doubles_page() -> rx.Component:
    return rx.fragment(
        page_head(
            "Likely doubles",
            "Profiles that may be one person. Made one, somebody gets one message instead of two, and a no counts once"
            " for all.",
            allowed(
                Permission.CUSTOMERS_WRITE,
                button("Look again", icon="refresh-cw", on_click=DoublesState.find, busy=LOOKING),
            ),
            crumbs=(("Customers", "/customers"),),
        ),
        _pairs(),
        _compare(),
    )


def _pairs() -> rx.Component:
    def who(name: Any, detail: Any, href: Any) -> rx.Component:
        return col(link(name, href), rx.el.span(detail, class_name="t12 muted"), gap=4)

    def acts(line: Any) -> rx.Component:
        return allowed(
            Permission.CUSTOMERS_WRITE,
            row(
                icon_button(
                    "user-x",
                    "Not the same person: " + line.first + " and " + line.second,
                    on_click=DoublesState.dismiss(line.id),
                ),
                button("Compare", small=True, on_click=DoublesState.compare(line.id)),
            ),
        )

    return list_card(
        DoublesState,
        [
            Column("One", lambda line: who(line.first, line.first_detail, line.first_href)),
            Column("The other", lambda line: who(line.second, line.second_detail, line.second_href), phone="under"),
            Column("In common", lambda line: badge(line.why, "outline", dot=False), sort="score", phone="under"),
            Column("", acts, number=True),
        ],
        label="Likely doubles",
        empty=rx.cond(
            LOOKING,
            empty("Looking at everybody", "The pairs stand here as soon as it is done.", icon="search"),
            rx.cond(
                DoublesState.looked == "",
                empty(
                    "Nobody was looked at yet",
                    "Each night everybody is: same phone, same mailbox, same name and ZIP. “Look again” does it now.",
                    icon="search",
                ),
                empty(
                    "Nobody twice",
                    "Everybody was looked at " + DoublesState.looked + ": same phone, same mailbox, same name and ZIP.",
                    icon="users",
                ),
            ),
        ),
    )


def _compare() -> rx.Component:
    def whole(value: Any, **props: Any) -> rx.Component:
        return rx.el.span(value, white_space="normal", overflow_wrap="anywhere", **props)

    def said(value: Any) -> rx.Component:
        return rx.cond(value != "", whole(value), "–")

    columns = (
        Column("", lambda line: whole(line.label, class_name="muted"), heard="Field"),
        Column("Stays", lambda line: said(line.stays), phone="under", named=True, whole=True),
        Column("Becomes part of it", lambda line: said(line.goes), phone="under", named=True, whole=True),
        Column(
            "Then",
            lambda line: rx.cond(line.changes, rx.el.b(whole(line.becomes)), whole(line.becomes)),
            phone="under",
            named=True,
            whole=True,
        ),
    )
    form = form_of(
        DoublesState,
        text_field(
            "Why they are one person", "reason", error=DoublesState.error, max_length=200,
            placeholder="Showed both cards at the counter",
            hint="Needed: it stands with the merge, on the profile.", required=True,
        ),
        id=FORM,
        on_submit=DoublesState.merge,
    )  # fmt: skip
    body = col(
        row(
            rx.el.p(
                rx.el.b(DoublesState.stays_name), " stays, ", rx.el.b(DoublesState.goes_name), " becomes part of it. ",
                DoublesState.summary,
                overflow_wrap="anywhere",
                min_width="0",
            ),
            button("Swap", icon="arrow-left-right", small=True, on_click=DoublesState.swap),
            apart=True,
            wrap=True,
        ),
        table(DoublesState.fields, columns, label="Field by field", dense=True),
        note(
            "Purchases, messages and tags of both come together. A no of either holds, at every address. It can be"
            " undone for 30 days."
        ),
        form,
        gap=16,
    )  # fmt: skip
    return form_dialog(
        DoublesState,
        "One person?",
        body,
        open=DoublesState.comparing != "",
        foot=rx.fragment(
            button("Cancel", on_click=DoublesState.close(False)),
            button("Merge", kind="primary", submit=True, form=FORM, busy=DoublesState.busy),
        ),
        max_width="760px",
    )


PAGES = (
    Page(
        "/customers/doubles",
        "Likely doubles",
        doubles_page,
        on_load=[DoublesState.load, DoublesState.watch],
        parent="/customers",
        roles=roles_of(Permission.CUSTOMERS_PRIVATE),
    ),
)
