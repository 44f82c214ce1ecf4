"""Columns of few short values that are left out, and may say which rows are sales: each is asked about. Pure."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Mapping, Sequence
from decimal import Decimal

from liquor_app.imports.cleaning.answers.dead_addresses import column_words
from liquor_app.imports.cleaning.cell_kinds import CellKind, kind_of
from liquor_app.imports.cleaning.doubts.doubt import MOST_OF_NAME, MOST_OF_VALUE, OF_KINDS, Doubt
from liquor_app.imports.cleaning.orders.row_worth import RowWorth
from liquor_app.ui.words import figure, listed, plural, show_money

MOST_VALUES, MOST_LETTERS = 12, 24
_NOT_OF_ROWS = re.compile(
    r"\b(?:register|terminal|till|lane|station|pos|device|drawer|workstation|cashier|employee|emp|clerk|staff|user"
    r"|server|operator|associate|salesperson|sold by|rung by|rep|store|shop|location|branch|outlet|site|warehouse"
    r"|region|area|territory|shift|batch|daypart|weekday|day|week|month|quarter|year|hour|date|time|timezone"
    r"|pay(?:ment)? (?:method|types?|via|by)|paid (?:by|with|via)|payment|tenders?|tender type|card type|card"
    r"|gateway|processor|wallet"
    r"|channel|source|origin|platform|medium|campaign|referr\w+|utm\w*|app|browser|device type|order method"
    r"|ship(?:ping)?|delivery|pickup|carrier|courier|fulfil\w+|dining option|service type|table|seat|section"
    r"|size|volume|unit|units|uom|pack|pack size|bottle|format|vintage|varietal|grape|appellation|country|origin"
    r"|product|item|sku|upc|plu|barcode|description|name|title|brand|vendor|supplier|producer|distributor|department"
    r"|dept|category|categories|subcategory|class|subclass|group|family|collection|style|flavou?r|colou?r|variant"
    r"|modifiers?|attribute|tags?|city|state|province|county|zip|postal|postcode|address|street|apt|suite|country code"
    r"|lat|lng|phone|email|gender|sex|age|birth\w*|language|locale|customer\w*|client|member\w*|loyalty|rewards?|tier"
    r"|segment|club|vip|guests?|party|company|first|last|title|salutation"
    r"|tax(?:able|ed)?|tax (?:code|class|category|exempt|rate)|exempt|alcohol\w*|abv|proof|is (?:gift|alcohol)|gift"
    r"|currency|exchange rate|coupon\w*|promo\w*|discount\w*|offer|voucher|rate|percent\w*|qty|quantity|count"
    r"|verified|id checked?|age (?:check|verified)|printed|exported|sync\w*|emailed|receipt (?:sent|email|printed)"
    r"|weather|holiday|event name|reviewed|rating|consent|marketing|opt\w*|subscri\w*|newsletter|notes?|comments?"
    r"|remarks?|memo|message|instructions?|points?|version|ids?|number|no|num|nr|line|row|index|seq\w*)\b"
)
"""Words of columns about who sold, where, how it was paid and what it was: they do not say whether it was a sale."""
_IS_KIND = re.compile(r"\b(?:type|typ|kind|code|sign|direction|credit|debit|neg\w*|cr|dr|mode|action|flag)\b")
"""… but for such a word beside them ("Item Code" is one of the product's, "Line Type" is not)."""
_OF_PRODUCTS = re.compile(
    r"\b(?:product|item|sku|tax|payment|tender|card|customer\w*|discount\w*|coupon\w*|promo\w*|zip|postal|country|state"
    r"|store|vendor|department|dept|category|class|size|currency|location|employee|loyalty|ship\w*|delivery|order|device"
    r"|unit|pack|bottle|gift|member\w*|area|phone|event)\b"
)


def kinds_doubt(
    columns: Sequence[str], place: int, at: Mapping[str, int], rows: Sequence[Sequence[str]], decimal: str
) -> Doubt | None:
    """Return what is to be asked of a column: its values, with the rows and the sum of each; None of one that holds
    others, the same in each row, or whose values and the signs of the sums say the same.

    Args:
        at: field → position of its cell.
        rows: the cells of the first rows that count.
    """
    column = columns[place]
    if not may_tell(column):
        return None
    worth = RowWorth({field: one for field, one in at.items() if one < len(columns)}, decimal)
    counted, sums, signs = Counter[str](), dict[str, Decimal](), dict[str, set[bool]]()
    spelled: dict[str, str] = {}
    for cells in rows:
        value, came_to = cells[place].strip().casefold(), worth(cells)
        spelled.setdefault(value, cells[place].strip()[:MOST_OF_VALUE])
        counted[value] += 1
        sums[value] = sums.get(value, Decimal(0)) + came_to
        signs.setdefault(value, set()).add(came_to < 0)
        if len(counted) > MOST_VALUES:
            return None
    filled = [one for one in counted if one]
    if len(counted) < 2 or any(len(one) > MOST_LETTERS for one in filled) or len(counted) > max(2, len(rows) // 2):
        return None
    if kind_of(list(spelled.values())) in (CellKind.EMAIL, CellKind.PHONE, CellKind.MOMENT, CellKind.MONEY):
        return None
    if all(len(one) == 1 for one in signs.values()) and {True} in signs.values():
        return None
    told = [
        f"{f'“{spelled[value]}”' if value else 'blank'} {plural(counted[value], 'row')}"
        f" ({show_money(sums[value], cents=True)})"
        for value in sorted(counted, key=lambda one: -counted[one])
    ]
    least = min(filled, key=lambda one: (counted[one], sums[one]))
    made = sum(sums.values(), Decimal(0))
    words = (
        f"“{column[:MOST_OF_NAME]}” is left out and may say which rows are sales: {listed(told)}. All count, and"
        f" come to {show_money(made, cents=True)}; were “{spelled[least]}” money given back, it were"
        f" {show_money(made - 2 * sums[least], cents=True)}. Say what rows with each value are, or that it changes"
        " nothing."
    )
    return Doubt(column, OF_KINDS, words, tuple(spelled[one] for one in sorted(counted, key=lambda one: -counted[one])))


def may_tell(column: str) -> bool:
    """Tell whether a column may say by its name what a row is, as far as it says nothing else."""
    words = column_words(column)
    if _IS_KIND.search(words) and not _OF_PRODUCTS.search(words):
        return True
    return not _NOT_OF_ROWS.search(words)


class LaterWords:
    """Columns that said one thing in a file's first rows, and are left out: another word further down is told at the
    end.

    Args:
        places: their positions, each with what its first rows say.
    """

    def __init__(self, columns: Sequence[str], places: Mapping[int, str]) -> None:
        self._columns, self._first = columns, dict(places)
        self._said: dict[int, Counter[str]] = {place: Counter() for place in places}

    def __bool__(self) -> bool:
        return bool(self._first)

    def see(self, cells: Sequence[str]) -> None:
        """The next row of the file."""
        for place, first in self._first.items():
            if (cell := cells[place]) != first:
                self._see(place, cell)

    def _see(self, place: int, cell: str) -> None:
        said = self._said[place]
        if (value := cell.strip().casefold()[: MOST_LETTERS + 1]) != self._first[place].strip().casefold():
            said[value] += 1
        if len(said) > MOST_VALUES or len(value) > MOST_LETTERS:  # it is no kind of row
            del self._said[place]
            self._first = {one: word for one, word in self._first.items() if one != place}

    def told(self) -> list[str]:
        """Return what was seen, in words."""
        return [
            f"“{self._columns[place][:MOST_OF_NAME]}” is left out, and says {listed(_rows(said))} where all the first"
            " rows said the same: if these are no sales, the sum is too high."
            for place, said in self._said.items() if said
        ]  # fmt: skip


def _rows(said: Counter[str]) -> list[str]:
    return [f"{f'“{value}”' if value else 'nothing'} in {figure(many)}" for value, many in said.most_common(5)]
