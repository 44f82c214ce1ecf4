"""The report's part about undoing: the question with what would happen, how far it is, what it did."""

from __future__ import annotations

from typing import Any

import reflex as rx

from liquor_app.imports.import_rows import KEPT_DAYS
from liquor_app.screens.imports.wizard.running_state import RunState
from liquor_app.screens.imports.wizard.state import ImportState
from liquor_app.screens.imports.wizard.undo_state import UndoState
from liquor_app.ui.button import button, download
from liquor_app.ui.card import list_item, note, plain_list
from liquor_app.ui.charts.progress import progress
from liquor_app.ui.forms.dialog import dialog
from liquor_app.ui.grid import col, row


def _line(one: Any) -> rx.Component:
    named = rx.cond(one.names != "", rx.el.p(one.names, class_name="t12 muted"), rx.fragment())
    return list_item(
        rx.el.div(rx.el.span(one.words), named, class_name="grow"), rx.el.b(one.count, class_name="num med")
    )


def _kept_file(href: Any) -> rx.Component:
    return rx.cond(href != "", rx.el.div(download("Download what stays", href, small=True)), rx.fragment())


def undo_button() -> rx.Component:
    return rx.cond(
        RunState.can_undo,
        button(
            rx.cond(RunState.undone, "Undo what is left", "Undo this import"),
            kind="danger",
            icon="undo-2",
            on_click=UndoState.ask,
        ),
        rx.fragment(),
    )


def why_no_undo() -> rx.Component:
    return rx.fragment(
        rx.cond(RunState.no_undo != "", rx.el.p(RunState.no_undo, class_name="muted"), rx.fragment()),
        rx.cond(RunState.undo_until != "", rx.el.p(RunState.undo_until, class_name="muted"), rx.fragment()),
    )


def undone_list() -> rx.Component:
    told = col(
        rx.el.h3("What the undoing did"), plain_list(rx.foreach(RunState.undone, _line)), _kept_file(RunState.kept_file)
    )
    return rx.cond(RunState.undone, told, rx.fragment())


def undo_progress() -> rx.Component:
    stop = button(
        rx.cond(UndoState.stopping, "Stopping after this batch", "Stop undoing"),
        small=True,
        on_click=UndoState.cancel,
        disabled=UndoState.stopping,
    )
    under_way = col(
        progress(UndoState.percent, rx.Var.create(UndoState.percent).to_string() + "%", "Undone"),
        row(rx.el.p(UndoState.words, class_name="muted num", role="status"), stop, apart=True, wrap=True),
        gap=8,
    )
    return rx.cond(RunState.undoing, under_way, rx.fragment())


def undo_dialog() -> rx.Component:
    counted = col(
        rx.cond(
            UndoState.is_nothing,
            note(
                rx.cond(
                    UndoState.lines,
                    "There is nothing to take back: others built on all that is left of it.",
                    "There is nothing left to take back.",
                ),
                tone="amber",
                icon="circle-pause",
            ),
            rx.fragment(),
        ),
        plain_list(rx.foreach(UndoState.lines, _line)),
        _kept_file(UndoState.kept_file),
        rx.el.p(
            "What others changed since stays, and a no stays with everybody who stays. Whom this file made goes with"
            " all that is theirs, their noes too: import it again if those were right.",
            class_name="t12 muted",
        ),
        gap=12,
    )
    body = rx.cond(
        UndoState.counting,
        rx.el.p("Counting what this would do…", class_name="muted", role="status"),
        rx.cond(
            UndoState.problem != "",
            note(UndoState.problem, tone="red", icon="circle-alert", alert=True),
            counted,
        ),
    )
    return dialog(
        "Undo this import?",
        body,
        description=ImportState.name + f": possible for {KEPT_DAYS} days after the import.",
        open=UndoState.asking,
        on_open_change=UndoState.close,
        foot=row(
            button("Keep it", on_click=UndoState.close(False)),
            button(
                "Undo the import",
                kind="solid-danger",
                on_click=UndoState.undo,
                disabled=UndoState.counting | UndoState.is_nothing | (UndoState.problem != ""),
            ),
        ),
    )
