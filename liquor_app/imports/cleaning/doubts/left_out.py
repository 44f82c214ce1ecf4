"""What a file leaves out that may matter: one net for every file, whatever its columns are called. Pure."""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from liquor_app.core.errors import Invalid
from liquor_app.imports.cleaning.answers.dead_addresses import column_words
from liquor_app.imports.cleaning.doubts.doubt import MOST_OF_NAME, OF_STORES, Doubt, settled
from liquor_app.imports.cleaning.doubts.doubtful_kinds import LaterWords, kinds_doubt, may_tell
from liquor_app.imports.cleaning.doubts.doubtful_noes import LeftOutNoes
from liquor_app.imports.cleaning.doubts.doubtful_sums import LeftOutSums, before_or_after
from liquor_app.imports.readers.row_reader import Record, Table
from liquor_app.ui.words import plural

_OF_TEXTS = frozenset({"sms_consent", "sms_opt_out", "sms_status", "sms_suppressed"})
"""Fields that say who agreed to texts, or refused them."""


def counted(sample: Sequence[Record]) -> list[list[str]]:
    """Return the cells of the rows that count."""
    return [one.cells for one in sample if not (one.problem or one.left_out or one.doubt)]


def sales_doubts(  # noqa: PLR0917 - a file as it was read
    columns: Sequence[str],
    at: Mapping[str, int],
    places: Sequence[int],
    rows: Sequence[Sequence[str]],
    decimal: str,
    answered: Collection[str] = (),
) -> list[Doubt]:
    """Return what is to be asked of the columns at `places`, which are left out and not answered for.

    Args:
        at: field → position of its cell.
        rows: the cells of the first rows that count.
    """
    sums = LeftOutSums(columns, at, rows, decimal)
    known = sums.add_up(places)
    places = [place for place in places if place not in known]
    asked = before_or_after(columns, at, rows, decimal) if not known else None
    found = (sums.doubt(place) or kinds_doubt(columns, place, at, rows, decimal) for place in places)
    return [*([asked] if asked and asked.column not in answered else []), *(one for one in found if one is not None)]


def later_words(
    columns: Sequence[str], places: Collection[int], rows: Sequence[Sequence[str]], asked: Collection[str]
) -> LaterWords:
    """Return what looks for another word in columns that said one alone, and are not asked about yet."""
    quiet = {
        place: rows[0][place] for place in places
        if rows and columns[place] not in asked and may_tell(columns[place])
        and len({cells[place].strip().casefold() for cells in rows}) == 1
    }  # fmt: skip
    return LaterWords(columns, quiet)


@dataclass(slots=True)
class LeftOut:
    """What of a file's columns is asked about, what looks for more while it is read, and, of people, where a no may
    stand."""

    doubts: list[Doubt]
    later: LaterWords | None = None
    noes: LeftOutNoes | None = None


def left_out(  # noqa: PLR0917 - a file as it was read
    kind: str, table: Table, at: Mapping[str, int], unused: Sequence[str], sample: Sequence[Record],
    goods: Sequence[Record], options: Mapping[str, Any], decimal: str, *, asks: bool,
) -> LeftOut:  # fmt: skip
    """Return what is asked about a file.

    Args:
        unused: its columns that become nothing.
        sample: its first rows.
        goods: of a file of purchases those that are lines.
        asks: no known tool's profile reads it: of one, columns that become nothing are known to be nothing.
    """
    answered, places = settled(options), [table.columns.index(one) for one in unused]
    if kind == "customers":
        named = list(zip(unused, places, strict=True))
        held = [[row.cells[place] for row in sample] for place in places]
        noes = LeftOutNoes(named, held, heard=table.columns, hears_texts=not _OF_TEXTS.isdisjoint(at))
        noes = noes.without(answered)
        return LeftOut(noes.doubts([one.cells for one in sample]), noes=noes)
    if kind == "products" and asks:
        places = [place for place in places if table.columns[place] not in answered]
        return LeftOut(stores_doubt(table.columns, at, places, counted(sample)))
    if kind != "purchases" or not asks:
        return LeftOut([])
    places = [place for place in places if table.columns[place] not in answered]
    rows = counted(goods)
    doubts = sales_doubts(table.columns, at, places, rows, decimal, answered)
    return LeftOut(doubts, later_words(table.columns, places, rows, [one.column for one in doubts]))


def check_answered(doubts: Sequence[Doubt]) -> None:
    """Check, or raise Invalid: something is asked of a file that nobody watches."""
    if doubts:
        more = f" {len(doubts) - 1} more columns are asked about." if len(doubts) > 1 else ""
        raise Invalid(
            f"{doubts[0].words}{more} Import it by hand once and answer there: later files of the same columns are"
            " taken by those answers.",
            field="file",
        )


_STORES = re.compile(r"(?:store|location|outlet|warehouse|branch|site|shop)(?: (?:name|id|no|number|code))?")


def stores_doubt(
    columns: Sequence[str], at: Mapping[str, int], places: Sequence[int], rows: Sequence[Sequence[str]]
) -> list[Doubt]:
    """Return what is asked of a file of products that stand once for each store: the last one's stock stands alone."""
    key = at.get("sku", at.get("upc", len(columns)))
    if "stock" not in at or key >= len(columns):
        return []
    for place in (one for one in places if _STORES.fullmatch(column_words(columns[one]))):
        held: dict[str, set[str]] = {}
        for cells in rows:
            held.setdefault(cells[key].strip(), set()).add(cells[place].strip())
        if many := sum(len(stores) > 1 for product, stores in held.items() if product):
            words = (
                f"“{columns[place][:MOST_OF_NAME]}” names several stores, and {plural(many, 'product')} of the first"
                f" rows {'stands' if many == 1 else 'stand'} once for each: stock and the price of the last row hold,"
                " not those of all stores together. Import one store's rows, or say that it changes nothing."
            )
            return [Doubt(columns[place], OF_STORES, words)]
    return []
