"""A page about one thing: the thing, or that there is none and the way back."""

from __future__ import annotations

import reflex as rx

from liquor_app.screens.details.state import DetailState
from liquor_app.ui.button import button
from liquor_app.ui.empty import empty


def found(state: type[DetailState], noun: str, all_of_them: str, href: str, shown: rx.Component) -> rx.Component:
    """Draw `shown`, or "No such {noun}", why, and a button `all_of_them` that leads to `href`."""
    back = button(all_of_them, kind="primary", href=href)
    none = empty(f"No such {noun}", state.missing, back, icon="search-x", whole_page=True)
    return rx.cond(state.missing != "", none, shown)
