"""What a customer asked for."""

from __future__ import annotations

from typing import Any

import reflex as rx

from liquor_app.accounts.permission_table import Permission
from liquor_app.screens.customers.detail.interests_state import InterestsState
from liquor_app.screens.forms.view import form_dialog, form_of
from liquor_app.screens.session.role_controls import allowed
from liquor_app.ui.button import button, icon_button
from liquor_app.ui.card import card, list_item, plain_list
from liquor_app.ui.forms.form import text_field
from liquor_app.ui.grid import col
from liquor_app.ui.skeleton import skeleton_lines

FORM = "interest-form"


def interests_card() -> rx.Component:
    def line(one: Any) -> rx.Component:
        return list_item(
            rx.el.div(
                rx.el.a(one.name, href="/catalogue/" + one.product_id, class_name="link"),
                rx.el.small(one.detail, class_name="muted"),
                class_name="col grow",
            ),
            allowed(
                Permission.ALLOCATIONS_WRITE,
                icon_button("x", "Take " + one.name + " off", on_click=InterestsState.remove(one.product_id)),
            ),
        )

    body = rx.cond(
        InterestsState.lines,
        plain_list(rx.foreach(InterestsState.lines, line)),
        rx.el.p("Nothing noted. A bottle they ask for goes on its list.", class_name="muted pad"),
    )
    return card(
        rx.cond(InterestsState.loading, skeleton_lines(2), body),
        title="Asked for",
        flush=True,
        foot=allowed(
            Permission.ALLOCATIONS_WRITE, button("Note a bottle", icon="plus", small=True, on_click=InterestsState.ask)
        ),
    )


def interests_dialog() -> rx.Component:
    form = form_of(
        InterestsState,
        col(
            text_field(
                "SKU or UPC", "code", error=InterestsState.errors["code"], auto_complete="off",
                hint="As the catalogue has it.",
            ),
            gap=16,
        ),
        id=FORM,
        on_submit=InterestsState.save,
    )  # fmt: skip
    return form_dialog(
        InterestsState,
        "Which bottle do they ask for?",
        form,
        open=InterestsState.asking,
        description="They are told once when it is back in stock, and are in the draw if there are too few.",
        foot=rx.fragment(
            button("Cancel", on_click=InterestsState.close(False)),
            button("Note it", kind="primary", submit=True, form=FORM),
        ),
        max_width="420px",
    )
