"""How a declared list is drawn: what narrows it, its table, the way through its pages, what chosen rows are for."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import reflex as rx

from liquor_app.screens.session.role_controls import for_managers
from liquor_app.ui.button import download
from liquor_app.ui.card import card
from liquor_app.ui.forms.filters import chip, choice_chip, filter_bar
from liquor_app.ui.forms.form import search_input
from liquor_app.ui.pager import bulk_bar, pager
from liquor_app.ui.table import Column, Selection, table
from liquor_app.ui.var_types import Child, Text


def list_card(
    state: Any,
    columns: Sequence[Column],
    *,
    label: str,
    empty: Child,
    search: str = "",
    href: Callable[[Any], Text] | None = None,
    bulk: Sequence[Child] = (),
    before: Sequence[Child] = (),
    exports: bool = True,
    class_name: str = "",
) -> rx.Component:
    """A list in a card of its own.

    Args:
        state: a class made with `ListState`.
        label: names the table for screen readers.
        empty: what stands there when nothing matches.
        search: what can be searched for; empty where nothing can.
        bulk: what can be done with chosen rows; without any, rows are not chosen.
        before: stands before the filters.
        exports: offers the file of what is shown, to those who may have it.
    """
    return rx.fragment(
        card(
            list_filters(state, search, before, exports=exports),
            list_table(state, columns, label=label, empty=empty, href=href, selects=bool(bulk)),
            list_pager(state),
            flush=True,
            class_name=class_name,
        ),
        bulk_bar(state.chosen, *bulk, on_clear=state.clear) if bulk else rx.fragment(),
    )


def list_filters(state: Any, search: str = "", before: Sequence[Child] = (), *, exports: bool = True) -> rx.Component:
    """Search, what is chosen, what could be, and the file."""

    def one(item: Any) -> rx.Component:
        return rx.cond(
            item.value != "",
            chip(item.label, item.words, state.choose(item.key, "")),
            choice_chip(item.label, item.options, lambda value: state.choose(item.key, value)),
        )

    asked = [search_input(search, value=state.query, on_change=state.search)] if search else []
    file = rx.cond(state.exported != "", download("Export", state.exported), rx.fragment())
    return filter_bar(*before, *asked, rx.foreach(state.filters, one), end=(for_managers(file),) if exports else ())


def list_table(
    state: Any,
    columns: Sequence[Column],
    *,
    label: str,
    empty: Child,
    href: Callable[[Any], Text] | None = None,
    selects: bool = False,
    dense: bool = False,
) -> rx.Component:
    """The rows; a head that can be sorted by names a sort of the list's declaration."""
    selection = Selection(state.chosen, state.toggle, state.toggle_page, lambda row: row.id) if selects else None
    return table(
        state.rows, columns, label=label, loading=state.loading, sort=state.sort, on_sort=state.sort_by, href=href,
        empty=empty, selection=selection, dense=dense,
    )  # fmt: skip


def list_pager(state: Any) -> rx.Component:
    """Where one stands, and the pages before and after."""
    return pager(
        state.showing,
        has_previous=rx.Var.create(state.cursors).length() > 1,
        has_next=state.next_cursor != "",
        on_first=state.first,
        on_previous=state.back,
        on_next=state.forward,
    )
