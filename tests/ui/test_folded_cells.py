"""On a phone a table's columns are folded under its first: a label stands there only beside what it names."""

from __future__ import annotations

import reflex as rx

from liquor_app.screens.imports.wizard.report.warned_panel import warned_card
from liquor_app.ui.table import Column, _folded


def test_a_label_is_folded_with_its_cell_or_not_at_all() -> None:
    line = rx.Var("line").to(str)
    column = Column("Read", rx.el.span, phone="under", named=True, filled=lambda row: row != "")
    drawn = str(_folded(column, line))
    assert "line" in drawn.partition("Read: ")[0], "it is asked for before its label"
    assert str(_folded(Column("Read", rx.el.span, phone="under", named=True), line)).startswith('jsx("div"')


def test_warned_rows_say_read_where_something_was() -> None:
    """Before, rows without a column said "Read:" and nothing."""
    drawn = str(warned_card())
    assert drawn.count("Read: ") == 1
    assert '["read"]?.valueOf?.() === ' in drawn.partition("Read: ")[0]
