"""A long table that is not paged: its first rows, and the others under a line that opens them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import reflex as rx

from liquor_app.ui.table import Column, table

SHOWN = 5


def folded_table(
    rows: rx.Var[Any], columns: Sequence[Column], *, label: str, others: str, shown: int = SHOWN, **given: Any
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
