"""Who asked for a product, and what can be done for them."""

from __future__ import annotations

from typing import Any

import reflex as rx

from liquor_app.accounts.permission_table import Permission
from liquor_app.screens.catalog.product.waiting_list_state import ALLOCATION, TAG, WaitingListState
from liquor_app.screens.forms.view import form_dialog, form_of
from liquor_app.screens.listing.view import list_pager, list_table
from liquor_app.screens.session.role_controls import allowed
from liquor_app.ui.button import button, icon_button, link
from liquor_app.ui.card import card
from liquor_app.ui.empty import empty
from liquor_app.ui.forms.choice import select_field
from liquor_app.ui.forms.form import text_field
from liquor_app.ui.grid import col, row
from liquor_app.ui.table import Column

FORM = "waiting-list-form"
METHODS = [("draw", "A fair draw"), ("spend", "Who spent most in the last year (disputed)")]


def waiting_list() -> rx.Component:
    def who(line: Any) -> rx.Component:
        return rx.fragment(link(line.who, "/customers/" + line.customer_id), rx.el.small(line.detail))

    def off(line: Any) -> rx.Component:
        return allowed(
            Permission.ALLOCATIONS_WRITE,
            icon_button("x", "Take " + line.who + " off", on_click=WaitingListState.remove(line.customer_id)),
        )

    acts = allowed(
        Permission.ALLOCATIONS_WRITE,
        row(
            button("Add by tag", small=True, icon="tag", on_click=WaitingListState.ask(TAG)),
            button("Open an allocation", small=True, icon="dices", on_click=WaitingListState.ask(ALLOCATION)),
            wrap=True,
        ),
    )
    acts = row(link("Allocations", "/allocations"), acts, wrap=True)
    nothing = empty(
        "Nobody asked for it yet",
        "Note it on a customer's page, or by a tag. Who asks while it is out of stock is told once when it is back, by"
        " a campaign you approve.",
        icon="hand",
    )
    return rx.fragment(
        card(
            list_table(
                WaitingListState,
                [
                    Column("Who", who),
                    Column("Status", lambda line: line.word, phone="hide"),
                    Column("", off, number=True),
                ],
                label="Who asked for it",
                empty=nothing,
            ),
            list_pager(WaitingListState),
            title="Who asked for it",
            aside=acts,
            flush=True,
            class_name="c12",
        ),
        _form(),
    )


def _form() -> rx.Component:
    errors, by_tag = WaitingListState.errors, WaitingListState.asking == TAG
    tag = text_field("Tag", "tag", error=errors["tag"], hint="Everybody with it is noted; an import can fill it.")
    allocation = col(
        text_field("Bottles", "bottles", input_mode="numeric", error=errors["bottles"], hint="One a person."),
        select_field("Who gets them", "method", METHODS, default_value="draw", error=errors["method"],
                     hint="Whether a licence may rank by spend is disputed. A draw is safe."),
        text_field("What counsel said", "counsel", optional=True, error=errors["counsel"],
                   hint="Needed for a rank by spend, which an admin opens."),
        gap=16,
    )  # fmt: skip
    forms = rx.cond(
        by_tag,
        form_of(WaitingListState, tag, id=FORM, on_submit=WaitingListState.add),
        form_of(WaitingListState, allocation, id=FORM, on_submit=WaitingListState.open_allocation),
    )
    return form_dialog(
        WaitingListState,
        rx.cond(by_tag, "Add everybody with a tag", "Open an allocation"),
        forms,
        open=WaitingListState.asking != "",
        description=rx.cond(
            by_tag,
            "Who asked before keeps their turn.",
            "People can ask until you settle the list. The draw is committed to from now on.",
        ),
        foot=rx.fragment(
            button("Cancel", on_click=WaitingListState.close(False)),
            button(rx.cond(by_tag, "Add them", "Open it"), kind="primary", submit=True, form=FORM),
        ),
        max_width="460px",
    )
