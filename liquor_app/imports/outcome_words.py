"""What became of a file's rows, in words: people and products are rows, orders are several. Pure."""

from __future__ import annotations

from collections.abc import Mapping

from liquor_app.imports.merge_rows import Outcome
from liquor_app.ui.words import figure, plural

WORDS = {Outcome.CREATED: "new", Outcome.UPDATED: "changed", Outcome.UNCHANGED: "known already"}


def outcome_words(outcome: Outcome, rows: int, orders: Mapping[str, int]) -> str:
    """Return "1,200 new"; of a file of purchases "3 orders new (5 lines)".

    Args:
        orders: how many orders each outcome has; empty for another kind of file, or an import of before.
    """
    if not orders:
        return f"{figure(rows)} {WORDS[outcome]}"
    return f"{plural(int(orders.get(outcome, 0)), 'order')} {WORDS[outcome]} ({plural(rows, 'line')})"
