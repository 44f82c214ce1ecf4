"""The brand: how its messages look and who they come from, beside a mail that shows it."""

from __future__ import annotations

from typing import Any

import reflex as rx

from liquor_app.accounts.permission_table import Permission
from liquor_app.organization.us_states import STATES, state_name
from liquor_app.screens.forms.view import unsaved_mark
from liquor_app.screens.organization.brand.state import BrandState
from liquor_app.screens.organization.brand_form import typed_field
from liquor_app.screens.session.role_controls import roles_of
from liquor_app.ui.button import button
from liquor_app.ui.card import card, note
from liquor_app.ui.forms.choice import select, select_field, switch
from liquor_app.ui.frame.page_spec import Page, page_head
from liquor_app.ui.grid import col, grid, pair, row, span
from liquor_app.ui.message_preview import email_preview
from liquor_app.ui.skeleton import skeleton_lines

HEADERS = [
    ("plain", "Logo or name"),
    ("band", "Logo or name on the brand's colour"),
    ("none", "None: the templates bring their own"),
]


def brand_page() -> rx.Component:
    many = select("Brand", BrandState.brands, value=BrandState.brand, on_change=BrandState.choose, width="auto")
    return rx.fragment(
        unsaved_mark(BrandState),
        page_head(
            "Brand",
            "What stands around every message, put there by us: no template can leave it out.",
            rx.cond(rx.Var.create(BrandState.brands).length() > 1, many, rx.fragment()),
            rx.cond(BrandState.dirty, button("Undo", on_click=BrandState.undo), rx.fragment()),
            button(
                "Save",
                kind="primary",
                icon="check",
                on_click=BrandState.save,
                disabled=~BrandState.dirty & (BrandState.licence_proposed == ""),
            ),
            crumbs=(("Settings", "/settings"),),
        ),
        rx.cond(  # what is typed before what is stored has come would be overwritten by it
            BrandState.loading,
            card(skeleton_lines(8)),
            grid(
                span(6, _licence(), _look(), _sender(), _law(), _counting(), gap=16, align_self="start"),
                span(6, _preview(), align_self="start"),
            ),
        ),
    )


def _field(label: str, name: str, **props: Any) -> rx.Component:
    return typed_field(BrandState, label, name, **props)


def _look() -> rx.Component:
    swatch = rx.el.input(
        type="color",
        aria_label="Pick the colour",
        value=BrandState.values["primary_color"],
        on_change=lambda value: BrandState.type_in("primary_color", value),
        class_name="swatch",
    )
    return card(
        col(
            _field("Name", "name", max_length=80),
            select_field(
                "Above every e-mail",
                "header",
                HEADERS,
                value=BrandState.values["header"],
                on_change=lambda value: BrandState.type_in("header", value),
                error=BrandState.errors["header"],
            ),
            _field("Logo", "logo_url", optional=True, type="url", placeholder="https://",
                   hint="A picture on https, 80 pixels high or more. Without one the name stands there."),
            _field("Logo in words", "logo_alt", optional=True, max_length=120,
                   hint="Read out, and shown where pictures are blocked. Empty: the name."),
            _field("Colour", "primary_color", max_length=7, aside=swatch,
                   hint="Of buttons and the band; white words have to read on it."),
            _field("Website", "website_url", type="url", hint="Where the logo and the buttons lead."),
            gap=16,
        ),
        title="Look",
    )  # fmt: skip


def _sender() -> rx.Component:
    return card(
        col(
            pair(
                _field("Sender's name", "from_name", max_length=80),
                _field("Sender's address", "from_email", type="email", hint="Of a domain your provider may send for."),
            ),
            pair(
                _field("Replies go to", "reply_to", optional=True, type="email",
                       hint="A mailbox somebody reads, or your provider's for replies: a no by e-mail binds you."),
                _field("SMS sender", "sms_sender", optional=True, hint="Number, short code, or up to 11 letters."),
            ),
            rx.cond(
                BrandState.values["reply_to"] == "",
                note(
                    "Nobody has said where replies go: they come back to the sender's address. Does somebody read it?",
                    tone="amber",
                    icon="reply",
                ),
                rx.fragment(),
            ),
            gap=16,
        ),
        title="Sender",
    )  # fmt: skip


def _licence() -> rx.Component:
    return card(
        col(
            select_field(
                "State of the licence",
                "licence_state",
                [("", "Choose a state"), *((code, state_name(code)) for code in sorted(STATES, key=state_name))],
                value=BrandState.values["licence_state"],
                on_change=lambda value: BrandState.type_in("licence_state", value),
                error=BrandState.errors["licence_state"],
                hint="Its law binds what you offer and at what price, wherever your customers live.",
            ),
            rx.cond(
                BrandState.licence_proposed != "",
                note(
                    BrandState.licence_proposed
                    + " was read off your postal address. Save to confirm it: no offer is approved before.",
                    tone="amber",
                    icon="scale",
                ),
                rx.fragment(),
            ),
            gap=16,
        ),
        title="Licence",
    )


def _law() -> rx.Component:
    return card(
        col(
            _field("Postal address", "postal_address", max_length=300, hint="In every e-mail: CAN-SPAM asks it."),
            _field("Line in the footer", "footer_text", optional=True, max_length=500),
            _field("Time zone", "timezone", hint="A name such as America/New_York."),
            gap=16,
        ),
        title="Footer",
        foot=rx.el.span(
            "The disclaimer and the age are under Settings, Compliance; the way out is always there.",
            class_name="t12 muted",
        ),
    )


def _counting() -> rx.Component:
    def line(label: str, name: str, words: str) -> rx.Component:
        return rx.el.div(
            switch(label, checked=BrandState.switches[name], on_change=lambda on: BrandState.flip(name, on)),
            rx.el.p(words, class_name="t12 muted pretty"),
            class_name="col g4",
        )

    return card(
        col(
            line("Count clicks", "track_clicks", "Links lead through this server, which notes who followed them."),
            line("Count opens", "track_opens", "An invisible picture notes that an e-mail was opened; often wrongly."),
            gap=16,
        ),
        title="Counting",
        foot=rx.el.span(
            "A customer who does not want to be counted is not, whatever stands here: see their page.",
            class_name="t12 muted",
        ),
    )


def _preview() -> rx.Component:
    shown = col(
        email_preview(BrandState.sender, BrandState.subject, BrandState.html, height=720),
        rx.el.details(
            rx.el.summary("As plain text", class_name="link"),
            rx.el.pre(BrandState.text, class_name="t12 pre"),
        ),
        gap=12,
    )
    return card(
        rx.cond(BrandState.loading, skeleton_lines(8), shown),
        title="A mail of this brand",
        aside=row(rx.el.span("not saved yet", class_name="t12 muted", hidden=~BrandState.dirty)),
    )


PAGES = (
    Page(
        "/settings/brand",
        "Brand",
        brand_page,
        icon="palette",
        on_load=[BrandState.clear, BrandState.load],
        nav_group="admin",
        roles=roles_of(Permission.SETTINGS_ADMIN),
    ),
)
