"""The audit log: who did what, for admins."""

from __future__ import annotations

from typing import Any

import reflex as rx

from liquor_app.accounts.permission_table import Permission
from liquor_app.screens.listing.view import list_card
from liquor_app.screens.organization.audit.state import AuditState
from liquor_app.screens.session.role_controls import roles_of
from liquor_app.ui.empty import empty
from liquor_app.ui.frame.page_spec import Page, page_head
from liquor_app.ui.table import Column


def audit_page() -> rx.Component:
    return rx.fragment(
        page_head("Audit log", "Who did what. Entries are never changed.", crumbs=(("Settings", "/settings"),)),
        list_card(
            AuditState,
            [
                Column("When", _when, sort="at"),
                Column("Who", lambda line: rx.el.b(line.who)),
                Column("As", lambda line: line.kind, phone="hide"),
                Column("Did", lambda line: line.did, phone="under"),
                Column("To", lambda line: line.about, phone="under"),
                Column("From", lambda line: rx.el.span(line.source, title=line.via), phone="hide"),
                Column("Changes", _changes, phone="hide", wide=True),
            ],
            label="Audit log",
            search="Who, or what they did",
            empty=empty("Nothing here", "Nobody has done such a thing.", icon="scroll-text"),
        ),
    )


def _changes(line: Any) -> rx.Component:
    return rx.el.div(rx.foreach(line.changes, rx.el.div), class_name="muted t12", white_space="normal")


def _when(line: Any) -> rx.Component:
    """Draw when it was; where there is no room for all columns, what they hold opens below it."""
    origin = rx.el.div("As " + line.kind + ", from " + line.source, class_name="t12")
    more = rx.el.details(
        rx.el.summary("Details", rx.el.span(" of what " + line.who + " did", class_name="sr"), class_name="link t12"),
        _changes(line),
        origin,
        class_name="only-md",
        white_space="normal",
        overflow_wrap="anywhere",
        max_width="60vw",
    )
    return rx.fragment(rx.el.span(line.when, class_name="nowrap num"), more)


PAGES = (
    Page(
        "/settings/audit", "Audit log", audit_page, icon="scroll-text", on_load=AuditState.load, parent="/settings",
        roles=roles_of(Permission.AUDIT_READ),
    ),
)  # fmt: skip
