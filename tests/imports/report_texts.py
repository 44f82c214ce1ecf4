"""A report as one text, for tests that look for words in it."""

from __future__ import annotations

from liquor_app.imports.import_rows import ImportRow
from liquor_app.screens.imports.wizard.report.report_words import report_of


def report_text(row: ImportRow) -> str:
    """Return all a report says, a line each."""
    told = report_of(row)
    figures = (f"{one.words}: {one.count}" if one.count else one.words for one in told.figures)
    return "\n".join([told.says, *figures, *told.left_out, *told.assumed, *told.following])
