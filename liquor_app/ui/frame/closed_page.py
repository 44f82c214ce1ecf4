"""A page somebody's role may not use: whose it is, who can help, and the way back."""

from __future__ import annotations

from collections.abc import Sequence

import reflex as rx

from liquor_app.ui.button import button
from liquor_app.ui.empty import empty
from liquor_app.ui.frame.page_spec import Page
from liquor_app.ui.var_types import Text

NAMES = {"admin": "admins", "manager": "marketers", "user": "viewers"}
"""Roles, as several people of one are called."""


def whose(roles: frozenset[str]) -> str:
    """Tell in words whom a page is for: "marketers and admins"."""
    return " and ".join(NAMES[role] for role in reversed(NAMES) if role in roles)


def for_its_roles(page: Page, pages: Sequence[Page], role: Text) -> rx.Component:
    """Draw a page for those it is for; the others are told whose it is. Until the role is known it is drawn as it
    loads, without data."""
    if not page.roles:
        return page.component()
    known = rx.Var.create(role)
    is_theirs = (known == "") | rx.Var.create(sorted(page.roles)).contains(known)
    return rx.cond(is_theirs, page.component(), _closed(page, pages, known))


def _closed(page: Page, pages: Sequence[Page], role: rx.Var[str]) -> rx.Component:
    """Draw whose a page is, and the way to the page above it, or else to the dashboard."""
    home = button("To the dashboard", kind="primary", href="/")
    above = next((one for one in pages if one.route == page.parent and "[" not in one.route), None)
    back: rx.Component = home
    if above is not None:
        way = button(f"To {above.title}", kind="primary", href=above.route)
        back = rx.cond(rx.Var.create(sorted(above.roles)).contains(role), way, home) if above.roles else way
    return empty(
        f"{page.title} is not for your role",
        f"It is for {whose(page.roles)}. Ask an admin of your shop if you need it, or have them do what you came for.",
        back,
        icon="lock",
        whole_page=True,
    )
