"""Receipt numbers that begin anew in each store: number and store together are the order's. Pure."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from functools import lru_cache

from liquor_app.imports.cleaning.cells import REMEMBERED, Rejected, clean_label
from liquor_app.imports.cleaning.orders.row_worth import RowWorth
from liquor_app.imports.cleaning.person_cells import clean_order_id
from liquor_app.imports.readers.dialect import STORE, Dialect
from liquor_app.imports.readers.row_reader import Record

BETWEEN = " · "
WHO = ("email", "external_id", "customer", "phone")
_HOUR = re.compile(r"(?<!\s)(?:T|\s++)\d{1,2}(?::\d\d.*+|\s*+[ap]\.?m\b.*+)$", re.IGNORECASE)
MOST_NUMBERS = 2
"""Numbers that are named as evidence."""


def of_store(order: str, store: str) -> str:
    """Return the number of an order of a store, however the store is spelled: `1001 · NORTH`."""
    return f"{order}{BETWEEN}{' '.join(store.split()).upper()}"


@lru_cache(maxsize=REMEMBERED)
def _label(cell: str) -> str:
    try:
        return clean_label(cell, "store") or ""
    except Rejected:
        return ""


def by_store(records: Iterable[Record], order: int, store: int) -> Iterator[Record]:
    """Yield the rows of a file; the number of each is that of its order in its store. A row that names no store is of
    the one before where it has its number."""
    now, here = "", ""
    for record in records:
        if record.problem:
            yield record
            continue
        cells = record.cells
        try:
            number = clean_order_id(cells[order]) or ""
        except Rejected:
            number = ""
        told = _label(cells[store])
        here, now = told or (here if number == now else ""), number
        if not (number and here):
            yield record
            continue
        named = list(cells)
        named[order] = of_store(number, here)
        yield record._replace(cells=named, own=record.told)


def with_numbering(dialect: Dialect, sample: Sequence[Record], at: Mapping[str, int], *, before: bool) -> Dialect:
    """Return how a file is written, with how it numbers its receipts: by what its first rows show, or as the files
    before it did.

    Args:
        at: field → position of its column.
        before: an import before, of the same columns, numbered by store.
    """
    if "order_id" not in at or "store" not in at:
        return dialect
    evidence = told_of_two_stores(sample, at, dialect.decimal)
    evidence = evidence or ("As in the files before" if before else "")
    return replace(dialect, numbering=STORE, numbering_evidence=evidence) if evidence else dialect


def told_of_two_stores(sample: Sequence[Record], at: Mapping[str, int], decimal: str) -> str:
    """Return, in words, what shows that each store numbers its receipts anew: sales under one number in two stores, to
    two customers or on two days. "" where nothing does.

    Args:
        sample: the first rows.
        at: field → position of its column.
        decimal: the file's decimal mark.
    """
    who = [at[field] for field in WHO if field in at]
    if "order_id" not in at or "store" not in at:
        return ""
    worth = RowWorth(at, decimal)
    sold: dict[str, dict[str, tuple[str, ...]]] = {}
    for record in sample:
        if record.problem or worth(record.cells) <= 0:
            continue
        number, store = record.cells[at["order_id"]].strip(), _label(record.cells[at["store"]]).casefold()
        buyer = tuple(record.cells[place].strip().casefold() for place in who)
        if number and store and any(buyer):
            sold.setdefault(number, {}).setdefault(store, (*buyer, _day(record, at)))
    twice = [number for number, stores in sold.items() if len(set(stores.values())) > 1]
    if not twice:
        return ""
    stores = {store for number in twice for store in sold[number]}
    named = " and ".join(one[:30] for one in twice[:MOST_NUMBERS])
    verb = "were" if len(twice) > 1 else "was"
    return f"{'Numbers' if len(twice) > 1 else 'Number'} {named} {verb} sold anew in {len(stores)} stores"


def _day(record: Record, at: Mapping[str, int]) -> str:
    """Return a row's day as it is written, without the hour: rows of a receipt say the same."""
    return _HOUR.sub("", record.cells[at["occurred_at"]].strip()) if "occurred_at" in at else ""
