"""Figures of a page as a file: what it may be, and the buttons for it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import reflex as rx

from liquor_app.analytics.report_files import ReportFormat
from liquor_app.core.errors import Invalid
from liquor_app.ui.button import button
from liquor_app.ui.grid import row

_WORDS = {ReportFormat.CSV: "CSV", ReportFormat.XLSX: "Excel", ReportFormat.PDF: "PDF"}


def file_format(form: str) -> ReportFormat:
    """Return what a browser asks for.

    Raises:
        Invalid: it is none of them.
    """
    if form not in set(ReportFormat):
        raise Invalid("It is carried away as a CSV, Excel or PDF file.", field="form")
    return ReportFormat(form)


def file_buttons(carry_away: Callable[[str], Any]) -> rx.Component:
    """Draw a button for each kind of file; `carry_away` is the state's handler."""
    return row(
        *(button(words, icon="download", on_click=carry_away(form.value), small=True) for form, words in _WORDS.items())
    )
