"""Who may do what: the permission table, as it is asked everywhere."""

from __future__ import annotations

from typing import Any

import reflex as rx

from liquor_app.accounts.models import Role
from liquor_app.accounts.permission_table import RANK, TABLE, Rule
from liquor_app.screens.session.state import SessionState
from liquor_app.ui.card import card
from liquor_app.ui.frame.page_spec import Page, page_head
from liquor_app.ui.icon import icon
from liquor_app.ui.table import Column, table
from liquor_app.ui.words import NONE

Line = dict[str, str]


def permission_line(rule: Rule) -> Line:
    """Return a permission as its row: what it lets somebody do, "yes" for each role that has it, and a key's area."""
    has = {role.value: "yes" if role in rule.roles else "" for role in RANK}
    return {"what": rule.words, "anybody": "yes" if rule.role is None else "", "key": rule.scope or NONE, **has}


def permissions_page() -> rx.Component:
    lines: rx.Var[list[Line]] = rx.Var.create([permission_line(rule) for rule in TABLE.values()])
    return rx.fragment(
        page_head(
            "Who may do what",
            rx.fragment(
                "You are signed in as ", rx.el.b(SessionState.role_label), ". An API key has a role too; one that names"
                " areas may only do what lies in them.",
            ),
        ),
        card(
            table(
                lines,
                [
                    Column("What", lambda line: line["what"]),
                    *(_role(role) for role in RANK),
                    Column("API key", lambda line: rx.el.code(line["key"]), phone="under", named=True),
                ],
                label="Who may do what",
            ),
            flush=True,
        ),
    )  # fmt: skip


def _role(role: Role) -> Column:
    def cell(line: Any) -> rx.Component:
        yes = rx.fragment(icon("check", 16), rx.el.span("yes", class_name="sr"))
        return rx.cond(line[role.value] == "yes", yes, rx.el.span("no", class_name="sr"))

    return Column(role.label, cell)


PAGES = (
    Page(
        "/permissions", "Who may do what", permissions_page, icon="shield-check", parent="/profile",
        on_load=SessionState.require_sign_in,
    ),
)  # fmt: skip
