"""What a file's orders come to beside its own sum, in words. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal
from typing import Any

from liquor_app.imports.profiles.tool_profile import TOTALS, plain
from liquor_app.imports.profiles.tool_profile import rows_left_out as left_out_by_reason
from liquor_app.imports.trial.file_totals import TOTALS as WHOLE_TOTALS
from liquor_app.screens.imports.wizard.report.note_lines import rows_left_out
from liquor_app.ui.words import listed, plural, show_money


def net_words(net: Decimal, back: Decimal) -> str:
    """Return what orders come to, and what of them came back: "$45.00 ($60.00 less $15.00 back)"."""
    said, whole, less = (show_money(one, cents=True) for one in (net, net + back, back))
    return f"{said} ({whole} less {less} back)" if back > 0 else said


def apart_words(
    apart: Decimal, column: str, *, rejected: int, notes: Mapping[str, Any], left_out: Decimal = Decimal(0),
    taken: str = "", back: Decimal = Decimal(0),
) -> str:  # fmt: skip
    """Tell why a file's own sum is another than what its orders come to: only what can be the reason here.

    Args:
        column: whose sum the file's own is.
        taken: the columns revenue is made of, where that is known.
        left_out: what rows that are no lines come to, where that is known.
        back: what was given back, as columns of its own say: no sum of another column holds it.
    """
    why = [f"{show_money(back, cents=True)} came back"] if 0 < back <= apart else []
    if rejected:
        why.append(f"{plural(rejected, 'refused row')} {'does' if rejected == 1 else 'do'} not count")
    sums = sum(left_out_by_reason(notes).get(TOTALS, {}).values())  # whose money is other rows'
    if rows := rows_left_out(notes) - sums:
        came_to = f" ({show_money(left_out, cents=True)})" if left_out else ""
        why.append(f"{plural(rows, 'row')} {'is' if rows == 1 else 'are'} no line of a purchase{came_to}")
    if "− the tax of" in taken:
        why.append("the tax that prices hold is taken out")
    elif taken and "−" not in taken and taken.replace("“", "").replace("”", "") != column:
        why.append(f"what was paid stands in {taken}")
    elif plain(column) in WHOLE_TOTALS and not (rejected or abs(apart) in (left_out, back)):
        why.append("that column may hold tax, shipping and tips as well, which are not paid for goods")
    elif not why:
        why.append("discounts and returns stand in other columns")
    return f"They are {show_money(abs(apart), cents=True)} apart: {listed(why)}."
