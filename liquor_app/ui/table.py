"""The server-paged table: sortable head, skeleton, empty state, selection, folding on a phone."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, Literal

import reflex as rx

from liquor_app.ui.explained import explained
from liquor_app.ui.forms.choice import checkbox
from liquor_app.ui.icon import icon
from liquor_app.ui.skeleton import skeleton
from liquor_app.ui.var_types import Child, Flag, Handler, Text, given

SORT_HINT = "Shift + click on a heading sorts by it as well"


@dataclass(frozen=True, slots=True)
class Column:
    """One column.

    Attributes:
        label: the head's word.
        cell: draws the cell from the row's variable: `lambda row: row.name`.
        sort: the key given to `on_sort`; empty if the column cannot be sorted.
        number: right-aligned.
        phone: "show" keeps it below 720 px, "under" folds it under the first column, "hide" drops it.
        wide: only above 1180 px; with "under" it is folded from there on.
        named: folded under the first column, it says its label: what stands there tells not which column it was.
        filled: tells of a row whether there is anything to fold; without it there always is.
        whole: folded so, it is shown in full, over as many lines as it takes; figures always are.
        meaning: what its figures are, for who asks the heading.
        heard: what a column without a label is called for who hears it.
    """

    label: str
    cell: Callable[[Any], Child]
    sort: str = ""
    number: bool = False
    phone: Literal["show", "under", "hide"] = "show"
    wide: bool = False
    named: bool = False
    filled: Callable[[Any], Any] | None = None
    whole: bool = False
    heard: str = "Actions"
    meaning: str = ""

    @property
    def class_name(self) -> str:
        names = ("r" if self.number else "", "" if self.phone == "show" else "hide-sm", "hide-md" if self.wide else "")
        return " ".join(name for name in names if name)


@dataclass(frozen=True, slots=True)
class Selection:
    """Rows with a check box. `ids` holds the chosen; `on_toggle(id)` flips one, `on_page()` the whole page; `name`
    tells rows apart for who hears them."""

    ids: rx.Var[list[str]]
    on_toggle: Callable[[Any], Any]
    on_page: Handler
    row_id: Callable[[Any], rx.Var[str]]
    name: Callable[[Any], Text]


def table(
    rows: rx.Var[Any],
    columns: Sequence[Column],
    *,
    label: str,
    loading: Flag = False,
    empty: Child = "",
    sort: Text = "",
    on_sort: Callable[[str, Any], Any] | None = None,
    href: Callable[[Any], Text] | None = None,
    selection: Selection | None = None,
    dense: bool = False,
    hidden: rx.Var[list[str]] | None = None,
) -> rx.Component:
    """Draw a table over one page of rows, for a flush card.

    Args:
        rows: a state variable: a list of dataclasses or dicts.
        label: names the table for screen readers.
        sort: how the rows are sorted, "-clv_score,name"; `on_sort(key, also)` asks for another column, or for a
            further one where Shift is held.
        href: makes the whole row a link.
        hidden: heads of columns that are not drawn now; the first always is.
        empty: what stands there when there are no rows: `empty(...)`.
    """
    many = sum(bool(column.sort and on_sort) for column in columns) > 1
    head = [_head(column, sort, on_sort, _looks(column, number, hidden)) for number, column in enumerate(columns)]
    if selection:
        chosen = selection.ids.length() > 0
        pick = checkbox("Select this page", checked=False, on_change=selection.on_page, hidden_label=True, mixed=chosen)
        head.insert(0, rx.el.th(pick, class_name="pick", scope="col"))
    body = rx.el.tbody(rx.foreach(rows, lambda row: _row(row, columns, href, selection, hidden)))
    if given(loading):
        bones = rx.el.tbody(*(_bones(columns, bool(selection)) for _ in range(8)), aria_busy="true")
        body = rx.cond(rx.Var.create(loading) & (rows.length() == 0), bones, body)
    # where nothing in it takes the keyboard, the box does: what overflows on a phone is reached by arrows
    reached = {} if href or selection else {"tab_index": 0, "role": "group", "aria_label": label}
    drawn = rx.el.div(
        rx.el.table(
            rx.el.caption(label, rx.el.span(f". {SORT_HINT}") if many else "", class_name="sr"),
            rx.el.thead(rx.el.tr(*head)),
            body,
            class_name="tbl dense" if dense else "tbl",
            custom_attrs={"aria-busy": rx.cond(loading, "true", "false")},
        ),
        class_name="scroll",
        **reached,
    )
    return rx.cond((rows.length() == 0) & ~rx.Var.create(loading), empty, drawn)


def _looks(column: Column, number: int, hidden: rx.Var[list[str]] | None) -> Any:
    """Return a column's class: out of sight where it was put away."""
    if hidden is None or number == 0 or not column.label:
        return column.class_name
    return rx.cond(hidden.contains(column.label), "away", column.class_name)


def _head(column: Column, sort: Text, on_sort: Callable[[str, Any], Any] | None, looks: Any) -> rx.Component:
    """Draw a heading that sorts when it is pressed; of several it also tells, and says, which it is."""
    if not (column.sort and on_sort):
        words = column.label if given(column.label) else rx.el.span(column.heard, class_name="sr")
        told = explained(words, column.meaning) if column.meaning else words
        return rx.el.th(told, class_name=looks, scope="col")
    asked = rx.Var.create(sort)
    keys = asked.split(",").to(list[str])
    falls, rises = keys.contains(f"-{column.sort}"), keys.contains(column.sort)
    state = rx.cond(falls, "descending", rx.cond(rises, "ascending", "none"))
    at = rx.Var(  # 1 for the first; nothing in the kit tells where something stands in a list
        f"({keys!s}.findIndex((key) => key.replace('-', '') === '{column.sort}') + 1)", int, asked._get_all_var_data()
    ).to(int)
    heard = rx.el.span(", number ", at, " in the sorting, ", state, class_name="sr")
    drawn = rx.fragment(rx.el.i(at, class_name="nth", aria_hidden="true"), heard)
    place = rx.cond((at > 0) & (keys.length() > 1), drawn, rx.fragment())

    def pressed(event: Any) -> Any:
        return on_sort(column.sort, event["shift_key"])

    arrow = icon("arrow-up", 12)
    words = (arrow, place, column.label) if column.number else (column.label, arrow, place)
    press = rx.el.button(*words, type="button", on_click=pressed, title=SORT_HINT)
    told = {"data-sort": state, "aria-sort": rx.cond(at == 1, state, "none")}  # aria-sort is for one heading alone
    return rx.el.th(press, class_name=looks, scope="col", custom_attrs=told)


def _row(
    row: Any,
    columns: Sequence[Column],
    href: Callable[[Any], Text] | None,
    selection: Selection | None,
    hidden: rx.Var[list[str]] | None,
) -> rx.Component:
    first, rest = columns[0], columns[1:]
    name = first.cell(row)
    if href:
        name = rx.el.a(name, href=href(row), class_name="go")
    under = [_folded(column, row) for column in rest if column.phone == "under"]
    cells = [rx.el.td(name, *under, class_name=f"who {first.class_name}".strip())]
    cells += [rx.el.td(column.cell(row), class_name=_looks(column, 1, hidden)) for column in rest]
    if selection is None:
        return rx.el.tr(*cells)
    row_id = selection.row_id(row)
    chosen = selection.ids.contains(row_id)
    pick = checkbox(
        "Select " + selection.name(row), checked=chosen, on_change=selection.on_toggle(row_id), hidden_label=True
    )
    return rx.el.tr(
        rx.el.td(pick, class_name="pick"),
        *cells,
        custom_attrs={"aria-selected": rx.cond(chosen, "true", "false")},
    )


def _folded(column: Column, row: Any) -> rx.Component:
    name = (f"{column.label}: ",) if column.named else ()
    # a figure cut is another figure
    looks = ("under", "whole" if column.whole or column.number else "", "md" if column.wide else "")
    folded = rx.el.div(*name, column.cell(row), class_name=" ".join(filter(None, looks)))
    return folded if column.filled is None else rx.cond(column.filled(row), folded, rx.fragment())


def _bones(columns: Sequence[Column], selectable: bool) -> rx.Component:
    cells = [rx.el.td(skeleton("64%", 12), class_name=column.class_name) for column in columns]
    return rx.el.tr(*([rx.el.td(class_name="pick")] if selectable else []), *cells)


UNFOLDED = 5
"""Rows a long table shows before it is opened."""


def folded_table(
    rows: rx.Var[Any], columns: Sequence[Column], *, label: str, others: str, shown: int = UNFOLDED, **given: Any
) -> rx.Component:
    """Draw the first rows, and the rest behind "23 more <others>": a table of its own with the same heads, so whoever
    hears it loses nothing, and the keyboard opens it.

    Args:
        label: names the table for screen readers; the rest is called the same, "the others".
        others: what the rows are called together: "segments".
        given: as `table` takes it.
    """
    rest = rx.el.details(
        rx.el.summary(
            rx.el.span((rows.length() - shown).to_string(), class_name="num"), f" more {others}", class_name="t13 muted"
        ),
        table(rows[shown:], columns, label=f"{label}: the others", dense=bool(given.get("dense")), empty=rx.fragment()),
        class_name="folded",
    )
    return rx.fragment(
        table(rows[:shown], columns, label=label, **given), rx.cond(rows.length() > shown, rest, rx.fragment())
    )
