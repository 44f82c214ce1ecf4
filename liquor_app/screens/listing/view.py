"""How a declared list is drawn: what narrows it, its table, the way through its pages, what chosen rows are for."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import reflex as rx

from liquor_app.accounts.bulk_actions import BulkList
from liquor_app.accounts.permission_table import Permission
from liquor_app.screens.forms.view import form_dialog, form_of
from liquor_app.screens.listing.bulk_view import bulk_actions, work_report
from liquor_app.screens.session.role_controls import allowed
from liquor_app.ui.button import button, download
from liquor_app.ui.card import card
from liquor_app.ui.forms.choice import select_field
from liquor_app.ui.forms.filters import chip, choice_chip, filter_bar
from liquor_app.ui.forms.form import chip_input, search_input, text_field
from liquor_app.ui.forms.menu import KEEP_FOCUS
from liquor_app.ui.grid import col
from liquor_app.ui.icon import icon
from liquor_app.ui.pager import pager
from liquor_app.ui.table import SORT_HINT, Column, Selection, table
from liquor_app.ui.var_types import Child, Text


def list_card(
    state: Any,
    columns: Sequence[Column],
    *,
    label: str,
    empty: Child,
    search: str = "",
    href: Callable[[Any], Text] | None = None,
    bulk: BulkList | None = None,
    before: Sequence[Child] = (),
    exports: bool = True,
    keeps: bool = False,
    class_name: str = "",
) -> rx.Component:
    """Draw a list in a card of its own.

    Args:
        state: a class made with `ListState`.
        label: names the table for screen readers.
        empty: what stands there when nothing matches.
        search: what can be searched for; empty where nothing can.
        bulk: what can be done to chosen rows, of a state made with `BulkState` too; else rows are not chosen.
        before: stands before the filters.
        keeps: columns can be put away and questions saved as views, of a state made with `ViewsState` too.
        exports: offers the file of what is shown, to those who may have it.
    """
    return rx.fragment(
        card(
            list_filters(
                state,
                search,
                before,
                exports=exports,
                end=_kept(state, columns) if keeps else (),
                excel=bulk is not None,
            ),
            work_report(state) if bulk else rx.fragment(),
            list_table(state, columns, label=label, empty=empty, href=href, selects=bool(bulk)),
            list_pager(state, hint=SORT_HINT if sum(bool(one.sort) for one in columns) > 1 else ""),
            flush=True,
            class_name=class_name,
        ),
        bulk_actions(state, bulk) if bulk else rx.fragment(),
        _save_view(state) if keeps else rx.fragment(),
    )


def list_filters(
    state: Any,
    search: str = "",
    before: Sequence[Child] = (),
    *,
    exports: bool = True,
    excel: bool = False,
    end: Sequence[Child] = (),
) -> rx.Component:
    """Search, what is chosen, what could be, and the file; `excel` where a job can write one."""

    def one(item: Any) -> rx.Component:
        def choose(value: Any) -> Any:
            return state.choose(item.key, value)

        chosen = rx.cond(
            item.value != "",
            chip(item.label, item.words, state.choose(item.key, ""), name=item.key),
            choice_chip(item.label, item.options, choose, name=item.key),
        )
        day = chip_input(item.label, value=item.value, on_change=choose, name=item.key, type="date")
        words = chip_input(item.label, value=item.value, on_change=choose, name=item.key, size=12, max_length=200)
        return rx.match(item.typed, ("date", day), ("text", words), chosen)

    asked = [search_input(search, value=state.query, on_change=state.search)] if search else []
    files = [download("CSV" if excel else "Export", state.exported)]
    if excel:
        busy = state.working != ""
        files.append(button("Excel", icon="sheet", on_click=state.export_file, disabled=busy))
    file = rx.cond(state.exported != "", rx.fragment(*files), rx.fragment())
    return filter_bar(
        *before,
        *asked,
        rx.foreach(state.filters, one),
        end=(*end, *((file,) if exports else ())),
    )


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
    """Draw the rows; a head that can be sorted by names a sort of the list's declaration."""
    selection = (
        Selection(state.marked, state.toggle, state.toggle_page, lambda row: row.id, lambda row: row.name)
        if selects
        else None
    )
    return table(
        state.rows, columns, label=label, loading=state.loading, sort=state.sort, on_sort=state.sort_by, href=href,
        empty=empty, selection=selection, dense=dense, hidden=state.hidden,
    )  # fmt: skip


def list_pager(state: Any, *, quiet: bool = False, hint: str = "") -> rx.Component:
    """Tell where one stands, and the pages before and after: nothing where there are no rows, and a `quiet` one only
    where there is more than a page."""
    has_previous, has_next = rx.Var.create(state.cursors).length() > 1, state.next_cursor != ""
    drawn = pager(
        state.showing,
        has_previous=has_previous,
        has_next=has_next,
        on_first=state.first,
        on_previous=state.back,
        on_next=state.forward,
        hint=hint,
    )
    several = has_previous | has_next
    return rx.cond(several if quiet else several | (state.rows.length() > 0), drawn, rx.fragment())


def _kept(state: Any, columns: Sequence[Column]) -> tuple[rx.Component, ...]:
    """Draw the menus of columns and of saved views."""

    def column(head: str) -> rx.Component:
        away = state.hidden.contains(head)
        mark = rx.cond(away, icon("square"), icon("square-check"))
        told = rx.el.span(rx.cond(away, "put away", "shown"), class_name="sr")
        return rx.menu.item(mark, head, told, on_click=state.show_column(head, away))

    def view(line: Any) -> rx.Component:
        return rx.menu.item(
            rx.cond(line.shared, icon("users"), icon("bookmark")), line.name, on_click=state.open_view(line.id)
        )

    def remove(line: Any) -> rx.Component:
        return rx.menu.item(line.name, on_click=state.delete_view(line.id), class_name="red")

    heads = [one.label for one in columns[1:] if one.label]
    chooser = rx.menu.root(
        rx.menu.trigger(button("Columns", icon="columns-3")),
        rx.menu.content(*(column(head) for head in heads), align="end", side_offset=4),
    )
    views = rx.menu.root(
        rx.menu.trigger(button("Views", icon="bookmark")),
        rx.menu.content(
            rx.foreach(state.views, view),
            rx.cond(state.views.length() > 0, rx.menu.separator(), rx.fragment()),
            rx.menu.item(icon("plus"), "Save this view", on_click=state.ask_view),
            rx.cond(
                state.views.length() > 0,
                rx.menu.sub(rx.menu.sub_trigger("Delete a view"), rx.menu.sub_content(rx.foreach(state.views, remove))),
                rx.fragment(),
            ),
            align="end",
            side_offset=4,
            custom_attrs=KEEP_FOCUS,
        ),
    )
    return views, chooser


def _save_view(state: Any) -> rx.Component:
    name = f"save-view-{state.get_name()}"
    form = form_of(
        state,
        col(
            text_field("Name", "name", required=True, max_length=60, error=state.errors["name"], auto_focus=True),
            allowed(
                Permission.SHARED_VIEWS,
                select_field("For", "shared", [("", "Myself"), ("yes", "Everybody")]),
            ),
            gap=16,
        ),
        id=name,
        on_submit=state.save_view,
    )
    return form_dialog(
        state,
        "Save this view",
        form,
        open=state.saving,
        description="Search, filters, sort and columns, as they are now. One of the same name is replaced.",
        foot=rx.fragment(
            button("Cancel", on_click=state.close(False)),
            button("Save", kind="primary", submit=True, form=name, busy=state.busy),
        ),
        max_width="420px",
    )
