"""The gallery: every component in its states. A developers' page, not in the navigation."""

from __future__ import annotations

import reflex as rx

from liquor_app.screens.gallery.charts_panel import charts, kpis, people_table
from liquor_app.screens.gallery.marks_panel import marks, more
from liquor_app.screens.gallery.state import GalleryState
from liquor_app.screens.gallery.states_panel import forms, states
from liquor_app.ui.badge import status_badge
from liquor_app.ui.button import button, link
from liquor_app.ui.card import call_to_action
from liquor_app.ui.forms.choice import checkbox
from liquor_app.ui.forms.dialog import confirm, dialog
from liquor_app.ui.forms.form import text_field
from liquor_app.ui.frame.entry_frame import entry
from liquor_app.ui.frame.notices import bell
from liquor_app.ui.frame.page_spec import Page, page_head
from liquor_app.ui.frame.palette import palette
from liquor_app.ui.grid import col, grid
from liquor_app.ui.pager import bulk_bar


def gallery() -> rx.Component:
    """Draw the page."""
    return rx.fragment(
        page_head(
            "Gallery",
            "Every component in its states, drawn once",
            bell(GalleryState.notices, GalleryState.unread, on_read_all=GalleryState.read_all),
            button("Search", icon="search", on_click=GalleryState.look(True), custom_attrs={"data-search": ""}),
            button("New campaign", kind="primary", icon="plus"),
            crumbs=(("Developers", "/_gallery"),),
            badge=status_badge("awaiting_approval"),
        ),
        grid(
            call_to_action(
                "This week's plan is waiting for your approval",
                rx.fragment(
                    "581 sends to 581 customers, Tue 24 to Mon 30 Nov. Expected incremental profit ",
                    rx.el.b("$118"),
                    ", 80% interval $31 to $212.",
                ),
                button("Simulate"),
                button("Review plan", kind="primary", trailing="arrow-right"),
            ),
            *kpis(),
            *charts(),
            people_table(),
            *states(),
            *forms(),
            *marks(),
            *more(),
        ),
        bulk_bar(
            rx.Var.create(GalleryState.chosen).length(),
            rx.Var.create(GalleryState.chosen).length().to_string() + " selected",
            button("Add to segment", icon="layers"),
            button("Export", icon="download"),
            on_clear=GalleryState.toggle_page,
        ),
        confirm(
            "Erase Marguerite Okafor?",
            "Her profile, purchases and messages are deleted for good. A keyed hash stays on the suppression list.",
            "Erase for good",
            open=GalleryState.asking,
            on_open_change=GalleryState.ask,
            on_confirm=GalleryState.ask(False),
            danger=True,
            word="erase",
            typed=GalleryState.typed,
            on_type=GalleryState.type_word,
        ),
        dialog(
            "New segment",
            text_field("Name", "segment", default_value="Whisky buyers going quiet"),
            open=GalleryState.editing,
            on_open_change=GalleryState.edit,
            description="Customers who match all of these rules",
            foot=rx.fragment(
                button("Cancel", on_click=GalleryState.edit(False)),
                button("Create segment", kind="primary", on_click=GalleryState.edit(False)),
            ),
        ),
        palette(
            GalleryState.hits,
            open=GalleryState.searching,
            on_open_change=GalleryState.look,
            query=GalleryState.query,
            on_query=GalleryState.search,
        ),
    )


def entry_page() -> rx.Component:
    """Signing in, as a picture: nothing behind it."""
    forgot = link("Forgot it?", "/_entry", class_name="t12")
    return entry(
        "Sign in",
        "Harbor & Vine",
        col(
            text_field("E-mail", "email", type="email", default_value="dana.ruiz@example.com"),
            text_field("Password", "password", type="password", aside=forgot, error="E-mail or password is wrong"),
            checkbox("Keep me signed in for 14 days", checked=GalleryState.consent, on_change=GalleryState.give),
            button("Sign in", kind="primary", block=True),
            gap=16,
        ),
        foot="For people aged 21 and over who sell to people aged 21 and over.",
    )


DEVELOPER_PAGES = (
    Page("/_gallery", "Gallery", gallery),
    Page("/_entry", "Entry", entry_page, bare=True),
)
