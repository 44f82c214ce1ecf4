"""The audit log: who did what, for admins."""

from __future__ import annotations

import reflex as rx

from liquor_app.screens.listing.view import list_card
from liquor_app.screens.organization.audit.state import AuditState
from liquor_app.ui.empty import empty
from liquor_app.ui.frame.page_spec import Page, page_head
from liquor_app.ui.table import Column


def audit_page() -> rx.Component:
    return rx.fragment(
        page_head("Audit log", "Who did what. Entries are never changed.", crumbs=(("Settings", "/settings"),)),
        list_card(
            AuditState,
            [
                Column("When", lambda line: rx.el.span(line.when, class_name="nowrap num"), sort="at"),
                Column("Who", lambda line: rx.el.b(line.who)),
                Column("As", lambda line: line.kind, phone="hide"),
                Column("Did", lambda line: line.did, phone="under"),
                Column("To", lambda line: line.about, phone="under"),
                Column("From", lambda line: rx.el.span(line.source, title=line.via), phone="hide"),
                Column(
                    "Changes", lambda line: rx.el.span(line.changes, class_name="muted t12"), phone="hide", wide=True
                ),
            ],
            label="Audit log",
            empty=empty("Nothing here", "Nobody has done such a thing.", icon="scroll-text"),
        ),
    )


PAGES = (
    Page(
        "/settings/audit", "Audit log", audit_page, icon="scroll-text", on_load=AuditState.load, parent="/settings",
        roles=frozenset({"admin"}),
    ),
)  # fmt: skip
