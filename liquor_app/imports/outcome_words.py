"""What became of a file's rows, in words: people and products are rows, orders are several. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal
from typing import Any

from liquor_app.imports.merge_rows import Outcome
from liquor_app.ui.words import figure, plural, show_money

WORDS = {Outcome.CREATED: "new", Outcome.UPDATED: "changed", Outcome.UNCHANGED: "known already"}


def outcome_words(outcome: Outcome, rows: int, orders: Mapping[str, int]) -> str:
    """Return "1,200 new"; of a file of purchases "3 orders new (5 lines)".

    Args:
        orders: how many orders each outcome has; empty for another kind of file, or an import of before.
    """
    if not orders:
        return f"{figure(rows)} {WORDS[outcome]}"
    return f"{plural(int(orders.get(outcome, 0)), 'order')} {WORDS[outcome]} ({plural(rows, 'line')})"


def taken_back_words(taken_back: Mapping[str, Any]) -> str:
    """Return "3 known orders taken back ($120.00)": orders voided or refunded in full since they came; "" for none."""
    if not taken_back:
        return ""
    orders = int(taken_back["orders"])
    came_to = show_money(Decimal(taken_back["sum"]), cents=True)
    return f"{plural(orders, 'known order')} taken back ({came_to})"
