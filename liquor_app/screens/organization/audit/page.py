"""The audit log: who did what, for admins."""

from __future__ import annotations

from typing import Any

import reflex as rx

from liquor_app.accounts.permission_table import Permission
from liquor_app.screens.listing.view import list_card
from liquor_app.screens.organization.audit.state import AuditState
from liquor_app.screens.session.role_controls import roles_of
from liquor_app.ui.badge import badge
from liquor_app.ui.empty import empty
from liquor_app.ui.frame.page_spec import Page, page_head
from liquor_app.ui.icon import icon
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
                Column("Did", _did, phone="under"),
                Column("To", _to, phone="under"),
                Column("From", _from, phone="hide"),
                Column("Changes", _changes, phone="hide", wide=True),
            ],
            label="Audit log",
            search="Who, what, whom",
            empty=empty("Nothing here", "Nobody has done such a thing.", icon="scroll-text"),
        ),
    )


def _did(line: Any) -> rx.Component:
    mark = rx.cond(line.outcome != "", badge(line.outcome, "red"), rx.fragment())
    return rx.el.span(line.did, mark, class_name="row wrap")


def _to(line: Any) -> rx.Component:
    """Draw what it is about: its name leads to it where it still is, the clock to all that was done to it."""
    called = rx.cond(line.subject != "", line.about + " " + line.subject, line.about)
    name = rx.cond(line.href != "", rx.el.a(called, href=line.href, class_name="link"), rx.el.span(called))
    history = rx.el.a(
        icon("history", 14), href=line.history, class_name="link", title="All that was done to it",
        custom_attrs={"aria-label": "All that was done to " + called},
    )  # fmt: skip
    return rx.el.span(name, rx.cond(line.history != "", history, rx.fragment()), class_name="row wrap g4")


def _from(line: Any) -> rx.Component:
    """Draw from where, and by which request: the others of the same request are one press away."""
    by = rx.cond(
        line.same != "",
        rx.el.a(line.by, href=line.same, class_name="link", title="All that this request did"),
        rx.el.span(line.by, title=line.via),
    )
    return rx.el.div(rx.el.div(line.source), rx.el.div(by, class_name="muted t12"))


def _changes(line: Any) -> rx.Component:
    return rx.el.div(
        rx.foreach(line.changes, rx.el.div), class_name="muted t12", white_space="normal", overflow_wrap="anywhere",
        min_width="180px",
    )  # fmt: skip


def _when(line: Any) -> rx.Component:
    """Draw when it was; where there is no room for all columns, what they hold opens below it."""
    origin = rx.el.div("As " + line.kind + ", from " + line.source + ", " + line.via, class_name="t12")
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
