"""The import page's later steps: match and try, run, report."""

from __future__ import annotations

from typing import Any

import reflex as rx

from liquor_app.imports.readers.dialect import MARKS, NUMBERINGS, ORDERS
from liquor_app.screens.imports.wizard.doubts_panel import doubts_card
from liquor_app.screens.imports.wizard.matching_state import MatchState
from liquor_app.screens.imports.wizard.opened_as import LETTERS
from liquor_app.screens.imports.wizard.opening_state import OpeningState
from liquor_app.screens.imports.wizard.report.report_panel import report_lists
from liquor_app.screens.imports.wizard.report.warned_panel import warned_card
from liquor_app.screens.imports.wizard.running_state import RunState
from liquor_app.screens.imports.wizard.said_panel import said_panel
from liquor_app.screens.imports.wizard.state import ImportState
from liquor_app.screens.imports.wizard.trial_panel import trial_rows, trial_told, trial_totals
from liquor_app.screens.imports.wizard.undo_panel import (
    undo_button,
    undo_dialog,
    undo_progress,
    undone_list,
    why_no_undo,
)
from liquor_app.ui.button import button, download
from liquor_app.ui.card import card, note
from liquor_app.ui.charts.progress import progress
from liquor_app.ui.focus import AWAIT_RESULT, focus_result
from liquor_app.ui.forms.choice import select, select_field
from liquor_app.ui.grid import col, pair, row
from liquor_app.ui.table import Column, table

POLICIES = [
    ("fill", "Fill in what is missing"),
    ("overwrite", "Overwrite with the file"),
    ("keep", "Leave it as it is"),
]
DATES = [(key, f"{words[:1].upper()}{words[1:]}") for key, words in ORDERS.items()]
NUMBERED = [(key, f"{words[:1].upper()}{words[1:]}") for key, words in NUMBERINGS.items()]
DECIMALS = [(key, f"Decimal {words}") for key, words in MARKS.items()]


def problem_note(problem: Any) -> rx.Component:
    return rx.cond(problem != "", note(problem, tone="red", icon="circle-alert", alert=True), rx.fragment())


def match_step() -> rx.Component:
    def becomes(line: Any) -> rx.Component:
        chosen = select(
            "Becomes",
            MatchState.choices,
            value=line.becomes,
            on_change=lambda field: MatchState.match(line.name, field),
            class_name="sm",
        )
        together = rx.el.span(line.by, class_name="muted")
        return rx.cond((line.by != "") & (line.becomes == ""), together, chosen)

    columns = (
        Column("In the file", lambda line: rx.el.b(line.name)),
        Column("For example", lambda line: rx.el.span(line.example, class_name="muted"), phone="under"),
        Column("Becomes", becomes),
    )  # fmt: skip
    importing = row(
        # pressed while the file is read anew it waits for that; off only while there is nothing to import yet
        button(rx.cond(MatchState.pressed, "Reading…", "Import"), kind="primary", icon="upload",
               on_click=[AWAIT_RESULT, MatchState.start], busy=MatchState.pressed,
               disabled=(rx.Var.create(MatchState.columns).length() == 0) | (MatchState.problem != "")
               | ((rx.Var.create(MatchState.doubts).length() > 0) & ~MatchState.reading)
               | ((MatchState.trial == "") & ~MatchState.reading)),
        button("Choose another file", on_click=OpeningState.again),
        wrap=True,
    )  # fmt: skip
    chosen = card(
        _meant(),
        _known_as(),
        rx.cond(MatchState.reading, rx.el.p("Reading the file…", class_name="muted pad", role="status"), rx.fragment()),
        trial_totals(),
        rx.el.div(trial_told(), _strangers(), problem_note(MatchState.problem), class_name="col g16 pad"),
        title=ImportState.name,
        flush=True,
        foot=importing,
    )
    listed = rx.el.details(
        rx.el.summary(MatchState.columns_note, rx.el.span(" · change", class_name="muted"), class_name="link med pad"),
        rx.el.div(table(MatchState.columns, columns, label="Columns of the file"), class_name="stacked"),
        open=MatchState.known_as == "",
    )
    read = card(
        rx.cond(MatchState.columns, listed, rx.fragment()),
        rx.el.div(_choices(), class_name="col g16 pad"),
        title="How it is read",
        flush=True,
    )
    return col(chosen, doubts_card(), said_panel(), trial_rows(), read, gap=16)


def _known_as() -> rx.Component:
    """Draw whose export the file is, and the way out of that."""
    by_tool = row(
        rx.el.p("Read as: ", rx.el.b(MatchState.known_as), ". ", MatchState.made_note),
        button("Read it column by column", on_click=MatchState.read_by_columns(True)),
        apart=True,
        wrap=True,
    )
    by_columns = row(
        rx.el.p("Read column by column.", class_name="muted"),
        button("Read it as what it looks like", on_click=MatchState.read_by_columns(False)),
        apart=True,
        wrap=True,
    )
    return rx.cond(
        MatchState.by_columns,
        rx.el.div(by_columns, class_name="pad"),
        rx.cond(MatchState.known_as != "", rx.el.div(by_tool, class_name="pad"), rx.fragment()),
    )


def _meant() -> rx.Component:
    """Draw what the file seems to hold instead, and the way to have it read as that."""
    told = row(
        rx.el.p("This file looks like ", rx.el.b(MatchState.meant), ", not ", ImportState.kind, ".", role="status"),
        button("Read it as " + MatchState.meant, icon="replace", on_click=MatchState.read_as(MatchState.meant)),
        apart=True,
        wrap=True,
    )
    return rx.cond(MatchState.meant != "", rx.el.div(told, class_name="pad"), rx.fragment())


def _strangers() -> rx.Component:
    """Draw what becomes of buyers nobody knows, and the way to the other."""
    create = button("Create them", icon="user-plus", on_click=MatchState.create_strangers(True))
    refuse = button("Refuse their lines instead", on_click=MatchState.create_strangers(False))
    told = row(
        rx.el.p(MatchState.stranger_note, role="status"),
        rx.cond(MatchState.creates, refuse, create),
        apart=True,
        wrap=True,
    )
    return rx.cond(MatchState.stranger_note != "", told, rx.fragment())


def _choices() -> rx.Component:
    known = select_field(
        "What is known already", "policy", POLICIES, value=MatchState.policy, on_change=MatchState.choose_policy,
        hint="Customers are recognised by e-mail, customer number and phone; orders by their number; products by SKU or"
        " UPC.",
    )  # fmt: skip
    dates = select_field(
        "Dates with slashes", "date_order", DATES, value=MatchState.date_order,
        on_change=MatchState.choose_date_order, hint=MatchState.date_note,
    )  # fmt: skip
    numbers = select_field(
        "Numbers", "decimal", DECIMALS, value=MatchState.decimal, on_change=MatchState.choose_decimal,
        hint=MatchState.decimal_note,
    )  # fmt: skip
    receipts = select_field(
        "Receipt numbers", "numbering", NUMBERED, value=MatchState.numbering, on_change=MatchState.choose_numbering,
        hint=MatchState.numbering_note,
    )  # fmt: skip
    sheets = select_field(
        "Sheet", "sheet", MatchState.sheets, value=MatchState.sheet, on_change=MatchState.choose_sheet,
        hint="The workbook has several sheets with rows, and one is read. Import the file again for the next.",
    )  # fmt: skip
    dates = rx.cond(MatchState.has_slashes, dates, rx.fragment())
    written = rx.match(ImportState.kind, ("purchases", pair(dates, numbers)), ("products", numbers), dates)
    of_book = rx.cond(MatchState.sheets, sheets, rx.fragment())
    letters = select_field(
        "Letters", "encoding", LETTERS, value=MatchState.encoding, on_change=MatchState.choose_encoding,
        hint=MatchState.letters_note,
    )  # fmt: skip
    of_text = rx.cond(MatchState.encoding != "", letters, rx.fragment())
    return rx.fragment(of_book, of_text, known, written, rx.cond(MatchState.numbers_stores, receipts, rx.fragment()))


def run_step() -> rx.Component:
    return card(
        col(
            progress(RunState.percent, rx.Var.create(RunState.percent).to_string() + "%", "Imported"),
            rx.el.p(RunState.words, class_name="muted num", role="status"),
            rx.el.p(
                "You may leave this page; the bell tells when it is done. Stopped, what was taken so far stays.",
                class_name="t12 muted",
            ),
            gap=12,
        ),
        title=ImportState.name,
        id="import-run",
        on_mount=focus_result("import-run"),
        foot=row(
            button(
                rx.cond(RunState.stopping, "Stopping after this chunk", "Cancel import"),
                kind="danger",
                small=True,
                on_click=RunState.cancel,
                disabled=RunState.stopping,
            )
        ),
    )


def report_step() -> rx.Component:
    told = rx.match(
        RunState.tone,
        ("green", note(RunState.words, tone="green", icon="circle-check")),
        ("amber", note(RunState.words, tone="amber", icon="circle-pause")),
        note(RunState.words, tone="red", icon="circle-alert", alert=True),
    )
    go_on = button("Go on with it", icon="play", on_click=RunState.resume)
    report = card(
        col(told, undo_progress(), undone_list(), report_lists(), why_no_undo(), gap=16),
        undo_dialog(),
        title=ImportState.name,
        id="import-report",
        on_mount=focus_result("import-report"),
        foot=row(
            button("Import another file", on_click=OpeningState.again),
            undo_button(),
            rx.cond(RunState.rejects != "", download("Download refused rows", RunState.rejects), rx.fragment()),
            rx.cond(RunState.can_resume, go_on, rx.fragment()),
            rx.cond(
                ImportState.kind == "products",
                button("Show the catalogue", kind="primary", href="/catalogue"),
                button("Show customers", kind="primary", href="/customers"),
            ),
            wrap=True,
        ),
    )
    return col(report, warned_card(), gap=16)
