"""Registration with carriers (10DLC): every answer ready to hand in, and what is still missing before it is."""

from __future__ import annotations

from typing import Any

import reflex as rx

from liquor_app.accounts.permission_table import Permission
from liquor_app.screens.providers.carrier_kit.state import CarrierKitState
from liquor_app.screens.session.role_controls import is_allowed, roles_of
from liquor_app.ui.badge import badge
from liquor_app.ui.button import button, download, link
from liquor_app.ui.card import card, list_item, note, plain_list
from liquor_app.ui.forms.choice import select
from liquor_app.ui.frame.page_spec import Page, page_head
from liquor_app.ui.grid import col, grid, row, span
from liquor_app.ui.skeleton import skeleton_lines


def carrier_kit_page() -> rx.Component:
    many = select(
        "Brand", CarrierKitState.brands, value=CarrierKitState.brand, on_change=CarrierKitState.choose, width="auto"
    )
    return rx.fragment(
        page_head(
            "Carrier registration",
            "What carriers ask before your texts go out (10DLC), made of what is set here.",
            rx.cond(rx.Var.create(CarrierKitState.brands).length() > 1, many, rx.fragment()),
            rx.cond(CarrierKitState.file != "", download("All of it as a text", CarrierKitState.file), rx.fragment()),
            crumbs=(("Channels", "/settings/channels", is_allowed(Permission.CHANNELS_READ)),),
        ),
        rx.cond(
            CarrierKitState.loading,
            card(skeleton_lines(8)),
            grid(
                span(
                    8,
                    _answers("Campaign", CarrierKitState.campaign_answers),
                    _answers("Brand", CarrierKitState.brand_answers),
                    gap=16,
                    align_self="start",
                ),
                span(4, _missing(), _advice(), gap=16, align_self="start"),
            ),
        ),
    )


def _answers(title: str, lines: Any) -> rx.Component:
    def answer(line: Any) -> rx.Component:
        copy = button(
            "Copy", small=True, icon="copy", aria_label="Copy: " + line.label, on_click=rx.set_clipboard(line.value)
        )
        handed = rx.cond(line.value != "", copy, badge("missing", "amber"))
        mark = rx.cond(line.is_advice, rx.fragment(), handed)
        return list_item(
            col(
                row(rx.el.b(line.label), mark, apart=True),
                rx.cond(line.value != "", rx.el.p(line.value, class_name="pretty pre"), rx.fragment()),
                gap=4,
                width="100%",
            )
        )

    return card(plain_list(rx.foreach(lines, answer)), title=title, flush=True)


def _missing() -> rx.Component:
    def one(line: Any) -> rx.Component:
        where = rx.cond(line.page != "", link("Mend it", line.page, aria_label="Mend it: " + line.words), rx.fragment())
        return list_item(rx.el.span(line.words, class_name="pretty"), where)

    return card(
        rx.cond(
            rx.Var.create(CarrierKitState.missing).length() > 0,
            plain_list(rx.foreach(CarrierKitState.missing, one)),
            rx.el.div(note("Nothing is missing.", tone="green", icon="check"), padding="16px"),
        ),
        title="Still missing",
        flush=True,
    )


def _advice() -> rx.Component:
    return card(
        col(
            rx.el.p(
                "Take the pictures of the opt-in from the sign-up page and the sheet for the counter, as they are.",
                class_name="pretty",
            ),
            rx.el.p(
                "A registration about alcohol that is refused cannot always be handed in again: look it over with"
                " counsel, and change nothing about the page while it is read.",
                class_name="pretty muted",
            ),
            link("Sign-up page", "/settings/sign-up"),
            gap=8,
        ),
        title="Before you hand it in",
    )


PAGES = (
    Page(
        "/settings/channels/carriers",
        "Carrier registration",
        carrier_kit_page,
        on_load=CarrierKitState.load,
        parent="/settings/channels",
        roles=roles_of(Permission.SETTINGS_EXPORT),
    ),
)
