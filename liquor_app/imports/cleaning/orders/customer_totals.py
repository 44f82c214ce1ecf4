"""A list of customers given as purchases: a row for each of them, with what they bought in all. Pure."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence

from liquor_app.core.errors import Invalid
from liquor_app.imports.cleaning.answers.dead_addresses import column_words
from liquor_app.imports.cleaning.column_mapping import guess_mapping
from liquor_app.imports.cleaning.column_names import IDENTITY
from liquor_app.imports.readers.row_reader import Record

_BOUGHT = r"(?:visits?|orders?|purchases?|transactions?|sales?|tickets?|invoices?)"
_TOTALS = re.compile(
    r"(?:(?:total|number of|num|no of|of|lifetime|all time|count of) )?(?:visits|orders|purchases|transactions)"
    rf"|(?:total )?{_BOUGHT} (?:counts?|to date|made)"
    r"|(?:total|lifetime|all time|overall|ytd|year to date) (?:spen[dt]|spending|amount spent|value|revenue|sales)"
    r"|(?:amount|money) spent(?: in all| to date)?|customer lifetime value|ltv|clv|lifetime"
    rf"|(?:date of )?(?:last|latest|most recent|first) (?:{_BOUGHT}|seen|purchased|bought|ordered|visited|shopped)"
    r"(?: date| on| at)?"
    rf"|(?:average|avg) (?:{_BOUGHT}(?: value| amount| size)?|spen[dt]|basket|ticket)|aov"
    r"|(?:customer|member|client) since|days since last \w+"
)
"""What a customer's own row says of all their purchases."""
ENOUGH = 2
"""Of such columns that make a list of customers of a file."""


def totals_of_customers(
    columns: Sequence[str], sample: Sequence[Record], mapping: Mapping[str, str] | None = None
) -> list[str]:
    """Return the columns that tell of all a customer's purchases, where they make a list of customers of a file: two or
    more of them, no number of an order, and nobody in two of its first rows.

    Args:
        sample: the first rows.
        mapping: field → column, as a file of purchases; guessed if not given.
    """
    found = [one for one in columns if _TOTALS.fullmatch(column_words(one))]
    if len(found) < ENOUGH:
        return []
    mapping = mapping or guess_mapping(columns, "purchases", None, sample)
    if "order_id" in mapping:
        return []
    for place in (
        columns.index(one) for field, one in mapping.items() if field in IDENTITY["purchases"] and one in columns
    ):
        filled = [one.cells[place].strip().lower() for one in sample if not one.problem and one.cells[place].strip()]
        if len(set(filled)) < len(filled):
            return []
    return found


def check_is_of_purchases(
    columns: Sequence[str], sample: Sequence[Record], mapping: Mapping[str, str] | None = None
) -> None:
    """Check, or raise Invalid: a list of customers is none of purchases. Arguments as above."""
    if found := totals_of_customers(columns, sample, mapping):
        told = ", ".join(f"“{one}”" for one in found[:4])
        raise Invalid(
            f"The file looks like a list of customers: each has a row, with all they ever bought ({told}). It holds"
            " customers, not purchases. Import it as customers; for their purchases, export orders or sales.",
            field="kind",
        )
