"""Columns of which only a no counts, beside those that say it plainly. Pure."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence

from liquor_app.imports.cleaning.answers.heard_columns import field_of, free_name
from liquor_app.imports.cleaning.answers.other_ways import other_way
from liquor_app.imports.cleaning.answers.refusals import REFUSALS, left_reason_field, says_no
from liquor_app.imports.cleaning.answers.status_columns import (
    asks_of_consent,
    channel_status,
    holds_answers,
    tells_noes,
)


def consent_statuses(
    columns: Sequence[str],
    cells_of: Callable[[str], list[str]],
    found: Mapping[str, str],
    also: Collection[str] = (),
) -> dict[str, str]:
    """Return the columns left that are by their names about being written to, or hold a no beyond doubt: of their
    answers the noes count.

    Args:
        also: names that are taken besides those of `found`.
    """
    more: dict[str, str] = {}
    by_phone = "phone" in {*found, *also} and "email" not in {*found, *also}  # a list of numbers
    for column in columns:
        if column in found.values() or says_no(column) or other_way(column, columns):
            continue
        cells = cells_of(column)
        if (asks_of_consent(column) and holds_answers(cells)) or tells_noes(column, cells):
            field = "sms_status" if by_phone else channel_status(column)
            more[free_name(field, {*found, *also, *more})] = column
    return more


def reasons_of_leaving(columns: Sequence[str], found: Mapping[str, str]) -> dict[str, str]:
    """Return the columns that say why somebody left, where no other says who did."""
    if any(field_of(name) in REFUSALS for name in found):
        return {}
    more: dict[str, str] = {}
    for column in columns:
        if field := left_reason_field(column):
            more[free_name(field, more)] = column
    return more
