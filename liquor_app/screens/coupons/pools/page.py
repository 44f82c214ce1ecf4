"""Coupon codes: the pools the till's own codes lie in."""

from __future__ import annotations

from typing import Any

import reflex as rx

from liquor_app.accounts.permission_table import Permission
from liquor_app.screens.coupons.pools.state import PoolsState
from liquor_app.screens.forms.view import form_dialog, form_of
from liquor_app.screens.listing.view import list_card
from liquor_app.screens.session.role_controls import allowed
from liquor_app.ui.badge import badge
from liquor_app.ui.button import button, icon_button
from liquor_app.ui.card import note
from liquor_app.ui.charts.progress import bar
from liquor_app.ui.empty import empty
from liquor_app.ui.forms.choice import select_field
from liquor_app.ui.forms.dialog import confirm
from liquor_app.ui.forms.form import text_field
from liquor_app.ui.forms.menu import Item, menu
from liquor_app.ui.frame.page_spec import Page, page_head
from liquor_app.ui.grid import col, pair, row
from liquor_app.ui.table import Column

POOL, CODES = "pool-form", "codes-form"
CHOSEN = PoolsState.pool


def pools_page() -> rx.Component:
    new = button("New pool", kind="primary", icon="plus", on_click=PoolsState.ask("new", ""))
    return rx.fragment(
        rx.script(src="/js/codes.js"),
        page_head(
            "Coupon codes",
            "Codes your till knows. Everybody gets one of their own; without a pool codes are made up.",
            allowed(Permission.COUPONS_WRITE, new),
            crumbs=(("Templates", "/templates"),),
        ),
        _pools(),
        _edit(),
        _add(),
        _questions(),
        rx.el.button(
            id="codes-ended",
            aria_label="The file has been sent",
            type="button",
            class_name="offstage",
            aria_hidden="true",
            tab_index=-1,
            on_click=rx.call_script("codesFile.answer()", callback=PoolsState.sent),
        ),
    )


def _pools() -> rx.Component:
    def name(line: Any) -> rx.Component:
        return rx.fragment(
            rx.el.b(line.name),
            rx.el.small(line.worth, rx.cond(line.standing, ", for every campaign with this discount", "")),
        )

    def left(line: Any) -> rx.Component:
        return row(
            rx.cond(line.low, badge("Low", "amber"), rx.fragment()), rx.el.b(line.left, class_name="num"),
            justify_content="flex-end",
        )  # fmt: skip

    def used(line: Any) -> rx.Component:
        return col(bar(line.share, "Given away"), rx.el.span(line.given, class_name="t12 muted"), gap=4)

    def acts(line: Any) -> rx.Component:
        return allowed(
            Permission.COUPONS_WRITE,
            row(
                button("Add codes", small=True, on_click=PoolsState.ask("add", line.id)),
                menu(
                    icon_button("ellipsis", "More about " + line.name),
                    Item("Change", PoolsState.ask("edit", line.id), "pencil"),
                    Item(
                        "Discard unused codes",
                        PoolsState.ask("discard", line.id),
                        "eraser",
                        danger=True,
                        when=line.unused,
                    ),
                    Item("Delete pool", PoolsState.ask("delete", line.id), "trash-2", danger=True, when=line.untouched),
                ),
                justify_content="flex-end",
            ),
        )

    return list_card(
        PoolsState,
        [
            Column("Pool", name, sort="name"),
            Column("Given away", used, phone="under", wide=True),
            Column("Left", left, sort="remaining", number=True),
            Column("", acts, number=True),
        ],
        label="Coupon pools",
        search="Name of a pool",
        empty=empty(
            "No pool yet",
            "Does your till know its own codes? Bring them in as a list: nobody gets one that was given before.",
            icon="ticket-percent",
        ),
    )


def _edit() -> rx.Component:
    errors = PoolsState.errors
    is_new = PoolsState.asking == "new"
    worth = text_field(
        "Discount, %", "discount_pct", error=errors["discount_pct"], input_mode="decimal",
        hint="What each code takes off at the till.",
    )  # fmt: skip
    low = text_field(
        "Tell me at", "low_water", default_value=rx.cond(is_new, "100", CHOSEN.low_water), error=errors["low_water"],
        hint="Codes left when a notice comes.", input_mode="numeric",
    )  # fmt: skip
    form = form_of(PoolsState,
        col(
            text_field(
                "Name", "name", default_value=CHOSEN.name, error=errors["name"], max_length=80, auto_focus=True,
                hint="As you know it: “Autumn, till 2”.",
            ),
            rx.cond(is_new, pair(worth, low), low),
            select_field(
                "Used for", "is_standing",
                [("no", "Campaigns that choose it"), ("yes", "Every campaign with this discount")],
                default_value=rx.cond(CHOSEN.standing, "yes", "no"),
                error=errors["is_standing"],
                hint="A campaign can always choose otherwise.",
            ),
            gap=16,
        ),
        id=POOL,
        key=PoolsState.asking + PoolsState.about,
        on_submit=PoolsState.save,
    )  # fmt: skip
    return form_dialog(
        PoolsState,
        rx.cond(is_new, "New pool", "Change the pool"),
        form,
        open=is_new | (PoolsState.asking == "edit"),
        foot=rx.fragment(
            button("Cancel", on_click=PoolsState.close(False)),
            button(rx.cond(is_new, "Create", "Save"), kind="primary", submit=True, form=POOL),
        ),
    )


def _add() -> rx.Component:
    file = rx.el.label(
        rx.el.input(
            id="codes-file", type="file", accept=".csv,.txt", class_name="sr", disabled=PoolsState.sending,
            on_change=lambda _: PoolsState.send(),
        ),
        rx.cond(PoolsState.sending, "Reading the file", "Choose a file"),
        class_name="btn",
    )  # fmt: skip
    form = form_of(PoolsState,
        text_field(
            "Codes", "codes", lines=8, error=PoolsState.errors["codes"], auto_focus=True,
            hint="One a line: 3 to 40 letters, digits and - . _ / #.",
        ),
        id=CODES,
        key=PoolsState.about + PoolsState.asking,
        on_submit=PoolsState.paste,
    )  # fmt: skip
    body = col(
        row(
            rx.el.span(
                "A CSV or text file, up to a million codes. The column headed Code counts, else the first.",
                class_name="muted t13",
            ),
            file,
            apart=True,
            wrap=True,
        ),
        form,
        rx.cond(PoolsState.report != "", note(PoolsState.report, tone="amber", icon="info"), rx.fragment()),
        gap=16,
    )
    return form_dialog(
        PoolsState,
        "Add codes",
        body,
        open=PoolsState.asking == "add",
        description=CHOSEN.name + ", " + CHOSEN.worth + ". Codes known already are left alone.",
        foot=rx.fragment(
            button("Done", on_click=PoolsState.close(False)),
            button("Add these", kind="primary", submit=True, form=CODES),
        ),
    )


def _questions() -> rx.Component:
    return rx.fragment(
        confirm(
            "Discard the unused codes?",
            CHOSEN.left + " codes of " + CHOSEN.name + " are removed for good. Those with people stay as they are."
            " Messages that wait for a code are skipped until you add others.",
            "Discard them",
            open=PoolsState.asking == "discard",
            on_open_change=PoolsState.close,
            on_confirm=PoolsState.discard,
            danger=True,
        ),
        confirm(
            "Delete this pool?",
            CHOSEN.name + " and its codes go for good. Only a pool of which nobody has a code can be deleted.",
            "Delete pool",
            open=PoolsState.asking == "delete",
            on_open_change=PoolsState.close,
            on_confirm=PoolsState.delete,
            danger=True,
        ),
    )


PAGES = (Page("/coupons", "Coupon codes", pools_page, on_load=PoolsState.load, parent="/templates"),)
