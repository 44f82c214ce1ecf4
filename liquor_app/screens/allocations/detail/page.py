"""One allocation: settle the list, draw, hand over, and explain."""

from __future__ import annotations

from typing import Any

import reflex as rx

from liquor_app.accounts.permission_table import Permission
from liquor_app.screens.allocations.detail.state import AllocationState, PlacesState
from liquor_app.screens.details.view import found
from liquor_app.screens.listing.view import list_card
from liquor_app.screens.session.role_controls import allowed
from liquor_app.ui.badge import badge
from liquor_app.ui.button import button, link
from liquor_app.ui.card import card, key_values, note
from liquor_app.ui.empty import empty
from liquor_app.ui.forms.dialog import confirm, dialog
from liquor_app.ui.frame.page_spec import Page, page_head
from liquor_app.ui.grid import col, row
from liquor_app.ui.table import Column

HEAD = AllocationState.head


def allocation_page() -> rx.Component:
    body = rx.fragment(_head(), col(_disputed(), _places(), _proof(), gap=16), _questions(), _explained())
    return found(AllocationState, "allocation", "All allocations", "/allocations", body)


def _head() -> rx.Component:
    give_up = button("Cancel it", on_click=AllocationState.ask("cancel"))
    acts = rx.match(
        HEAD.status,
        ("open", row(give_up, button("Settle the list", kind="primary", icon="lock",
                                     on_click=AllocationState.ask("freeze")))),
        ("frozen", row(give_up, button("Draw", kind="primary", icon="dices", on_click=AllocationState.ask("draw")))),
        ("drawn", button("The winners' list", icon="layers", href=HEAD.winners)),
        rx.fragment(),
    )  # fmt: skip
    return page_head(
        HEAD.product,
        HEAD.words,
        allowed(Permission.ALLOCATIONS_WRITE, acts),
        crumbs=(("Catalogue", "/catalogue"), ("Allocations", "/allocations")),
        badge=rx.cond(AllocationState.loading, rx.fragment(), badge(HEAD.word, HEAD.tone)),
    )


def _disputed() -> rx.Component:
    said = note(rx.el.b("Ranking by spend is disputed. "), "Counsel said: ", HEAD.disputed, tone="amber", icon="scale")
    return rx.cond(HEAD.disputed != "", said, rx.fragment())


def _places() -> rx.Component:
    def who(line: Any) -> rx.Component:
        return rx.cond(line.customer_id != "", link(line.who, "/customers/" + line.customer_id), rx.el.span(line.who))

    def became(line: Any) -> rx.Component:
        return rx.fragment(badge(line.word, line.tone), rx.el.small(line.note))

    def acts(line: Any) -> rx.Component:
        choices = row(
            button("Fetched", small=True, aria_label="Fetched by number " + line.shown,
                   on_click=PlacesState.fetched(line.number)),
            button("Unclaimed", small=True, aria_label="Unclaimed by number " + line.shown,
                   on_click=PlacesState.ask_to_pass(line.number)),
            wrap=True, justify_content="flex-end",
        )  # fmt: skip
        why = rx.cond(
            line.customer_id != "",
            button("Explain", kind="ghost", small=True, aria_label="Explain number " + line.shown,
                   on_click=PlacesState.explain(line.customer_id)),
            rx.fragment(),
        )  # fmt: skip
        return row(
            rx.cond(line.is_offered, allowed(Permission.ALLOCATIONS_WRITE, choices), rx.fragment()),
            why,
            justify_content="flex-end",
            wrap=True,
        )

    return list_card(
        PlacesState,
        [
            Column("Number", lambda line: rx.el.b(line.shown, class_name="num"), sort="number"),
            Column("Who", who),
            Column("Place", lambda line: line.place, sort="place", number=True, phone="hide"),
            Column("Spent in the year before", lambda line: line.spend, number=True, phone="hide"),
            Column("What became of it", became, phone="under", whole=True),
            Column("", acts, number=True),
        ],
        label="Places on the list",
        empty=empty(
            "The list is open",
            "Whoever asks for the product is on it. Settle it when nobody should be added any more; then draw.",
            icon="list-ordered",
        ),
    )


def _proof() -> rx.Component:
    def code(words: Any) -> rx.Component:
        return rx.el.code(words, class_name="t12", overflow_wrap="anywhere")

    return card(
        key_values(
            ("SHA-256 of the seed", code(HEAD.seed_hash)),
            ("Seed", code(HEAD.seed)),
            ("SHA-256 of the list", code(HEAD.list_hash)),
        ),
        title="How it can be checked",
        foot="The hash was there before the list was settled. After the draw each number's ticket is HMAC-SHA256 of"
        " “allocation:number” with the seed; the lowest come first.",
    )


def _questions() -> rx.Component:
    return rx.fragment(
        confirm(
            "Settle the list?",
            "Everybody who asked until now gets a number. Nobody can be added or taken off afterwards.",
            "Settle it",
            open=AllocationState.asking == "freeze",
            on_open_change=AllocationState.ask(""),
            on_confirm=AllocationState.act("freeze"),
        ),
        confirm(
            "Draw now?",
            "It is drawn once and for good. The winners become a list that a campaign can use; nothing is sent yet.",
            "Draw",
            open=AllocationState.asking == "draw",
            on_open_change=AllocationState.ask(""),
            on_confirm=AllocationState.act("draw"),
        ),
        confirm(
            "Cancel this allocation?",
            "It will never be drawn. Who asked for the product stays noted.",
            "Cancel the allocation",
            open=AllocationState.asking == "cancel",
            on_open_change=AllocationState.ask(""),
            on_confirm=AllocationState.act("cancel"),
            danger=True,
        ),
        confirm(
            PlacesState.passing_title,
            "The bottle goes to the next in order who may have it, for good: this place is not offered it again.",
            "Hand it on",
            open=PlacesState.passing > 0,
            on_open_change=PlacesState.ask_to_pass(0),
            on_confirm=PlacesState.pass_on,
            danger=True,
        ),
    )


def _explained() -> rx.Component:
    return dialog(
        "What you can tell them",
        col(
            rx.el.p(PlacesState.told, class_name="pretty"),
            rx.el.p(PlacesState.proof, class_name="t12 muted", overflow_wrap="anywhere"),
            gap=12,
        ),
        open=PlacesState.told != "",
        on_open_change=PlacesState.shut,
        foot=button("Close", on_click=PlacesState.shut(False)),
        max_width="520px",
    )


PAGES = (
    Page(
        "/allocations/[allocation_id]", "Allocation", allocation_page,
        on_load=[AllocationState.clear, PlacesState.forget, AllocationState.load, PlacesState.load],
        parent="/catalogue",
    ),
)  # fmt: skip
