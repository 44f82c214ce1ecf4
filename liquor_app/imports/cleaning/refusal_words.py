"""What is said of a cell, by the name of its column in the file: whoever mends it knows no other. Pure."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from contextlib import suppress

from liquor_app.customers.labels.custom_values import FieldKind, split_name
from liquor_app.customers.whereabouts.zip_codes import with_zeros
from liquor_app.imports.cleaning.answers.answer_cells import Answer, clean_answer
from liquor_app.imports.cleaning.answers.heard_columns import field_of
from liquor_app.imports.cleaning.answers.refusals import CONSENTS
from liquor_app.imports.cleaning.cells import Rejected
from liquor_app.imports.cleaning.column_names import births_of
from liquor_app.imports.cleaning.label_cells import clean_custom
from liquor_app.imports.cleaning.orders.money_names import REFUNDED
from liquor_app.imports.cleaning.person_cells import clean_postal_code
from liquor_app.imports.cleaning.row_notes import (
    BACK_WITH_TAX,
    COST_ABOVE_PRICE,
    COUNTRY_OF_PHONE,
    FUTURE,
    GIVEN_UP,
    IN_DOUBT,
    MAY_HOLD_TAX,
    NO_BIRTHDAY,
    NO_EVIDENCE,
    NO_LONGER_SOLD,
    NO_STATE,
    NOBODYS,
    NOTES,
    PERCENT,
    PRICE_OF_ZERO,
    SALE_ABOVE_PRICE,
    SHARED,
    STOCK_BELOW_ZERO,
    TOTAL_BELOW,
    TOTALS_ADDED,
    YEARLESS,
    ZIP_WRONG,
    ZIP_ZEROS,
)
from liquor_app.ui.words import listed

MOST_OF_NAME, MOST_OF_CELL = 60, 40
_QUOTED = r"“[^”]*”|(?<!\w)'[^']*'"
_LEFT_OUT = "_left_out"
_NOBODYS = {code: field for field, code in NOBODYS.items()}
_ABOUT = {
    ZIP_ZEROS: "postal_code", ZIP_WRONG: "postal_code", NO_STATE: "state", NO_BIRTHDAY: "date_of_birth",
    YEARLESS: "date_of_birth", COST_ABOVE_PRICE: "cost", SALE_ABOVE_PRICE: "sale_price", STOCK_BELOW_ZERO: "stock",
    NO_LONGER_SOLD: "stock", PRICE_OF_ZERO: "price", GIVEN_UP: "email", PERCENT: "discount",
    BACK_WITH_TAX: REFUNDED, MAY_HOLD_TAX: REFUNDED, SHARED: "amount", TOTALS_ADDED: "amount",
    TOTAL_BELOW: "order_total", COUNTRY_OF_PHONE: "phone",
}  # fmt: skip
"""Notes that name no field: which one they are about."""
_OF_A_YES = {NO_EVIDENCE: "The consent of", FUTURE: "The consent dated by", IN_DOUBT: "The yes of"}
"""Notes on a yes, and how the cell it stands in is told of."""
_IS_OUT = " is left out:"
_DATES = ("email_consent_at", "sms_consent_at", "consent_at")
_UNTOLD = frozenset({"date_of_birth"})
"""Whose cells are not repeated."""


class FileWords:
    """Says things in a file's own words.

    Args:
        columns: the file's, by name.
        at: field → position of its cell; what a profile makes has none among the columns.
        made: field → positions of the columns a profile makes it of.
    """

    def __init__(
        self, columns: Sequence[str], at: Mapping[str, int], made: Mapping[str, Sequence[int]] | None = None
    ) -> None:
        self._columns, self._made = columns, made or {}
        self._births = births_of(columns)
        self._at = {field: place for field, place in at.items() if place < len(columns)}
        self._heads = {field: f"“{columns[place][:MOST_OF_NAME]}”" for field, place in self._at.items()}
        # a name that is English too ("email", "price") is one only where the sentence begins with it
        names = sorted(self._heads, key=len, reverse=True)
        spelled = "|".join(re.escape(one) for one in names if "_" in one or "." in one)
        begun = "|".join(map(re.escape, names))
        told = [f"^(?:{begun})\\b(?= )", *([f"\\b(?:{spelled})\\b"] if spelled else [])] if names else []
        self._pattern = re.compile("|".join([_QUOTED, *told]))

    def refusal(self, reason: str) -> str:
        """Return why a row is refused: "“Sale Date” must lie between 1990 and today, not '3031-01-01'."."""
        return self._pattern.sub(lambda found: self._heads.get(found[0], found[0]), reason)

    def note(self, code: str, cells: Sequence[str]) -> str:
        """Return the words of a note; of a cell that is left blank its column and what stands in it."""
        if code == ZIP_ZEROS:
            return self._zip_words(cells)
        if code in _OF_A_YES:
            places = self._yes(code, cells)
            named = [f"{self._head(place)} ({cells[place].strip()[:MOST_OF_CELL]!r})" for place in places]
            said, is_out, why = NOTES[code].partition(_IS_OUT)
            return f"{_OF_A_YES[code]} {listed(named)}{is_out}{why}" if named else said + is_out + why
        field = _NOBODYS.get(code) or code.removesuffix(_LEFT_OUT)
        place = self._place(field, cells)
        if field == code or place is None:
            return NOTES[code]
        head, cell = self._head(place), cells[place].strip()[:MOST_OF_CELL]
        if code in _NOBODYS:
            thing = "address" if field == "email" else "number"
            return f"{head}: {cell!r} is nobody's {thing}. It is left blank, and no fault."
        said = "" if field in _UNTOLD else f": {cell!r}"
        return f"{head} cannot be read and is left blank{said}. Correct it in the file, or leave it blank."

    def where(self, code: str, cells: Sequence[str]) -> tuple[str, str]:
        """Return the column that a note is about, and what stands in it: of a date of birth nothing; both empty where
        it is about the row."""
        field = _NOBODYS.get(code) or _ABOUT.get(code) or code.removesuffix(_LEFT_OUT)
        place = next(iter(self._yes(code, cells)), None) if code in _OF_A_YES else self._place(field, cells)
        if place is None:
            return "", ""
        said = "" if field in _UNTOLD or place in self._births else cells[place].strip()[:MOST_OF_CELL]
        return self._columns[place][:MOST_OF_NAME], said

    def _yes(self, code: str, cells: Sequence[str]) -> list[int]:
        """Return where a yes stands that is left out: where that is for its date, where the date does. None where it
        was said of everybody."""
        fields = [name for name in {**self._at, **self._made} if field_of(name) in CONSENTS]
        if code == FUTURE:
            return [one for one in map(self._place, _DATES, [cells] * len(_DATES)) if one is not None][:1]
        own = dict.fromkeys(place for name in fields for place in (self._at.get(name), *self._made.get(name, ())))
        filled = [place for place in own if place is not None and place < len(cells) and cells[place].strip()]
        return [place for place in filled if _is_yes(cells[place])] or filled

    def _place(self, field: str, cells: Sequence[str]) -> int | None:
        """Return where what a field cannot hold stands: in its column, in the first filled one of those a profile makes
        it of, or in that of a custom field which is not of its kind."""
        own = [self._at[field]] if field in self._at else self._made.get(field, ())
        if field == "custom":
            named = ((split_name(name), place) for name, place in self._at.items())
            own = [place for kind, place in named if kind and _is_odd(kind, cells[place])]
        return next((place for place in own if place < len(cells) and cells[place].strip()), None)

    def _head(self, place: int) -> str:
        return f"“{self._columns[place][:MOST_OF_NAME]}”"

    def _zip_words(self, cells: Sequence[str]) -> str:
        """Return the words of a leading zero put back: with the row's own code, where it stands in a cell."""
        place = self._at.get("postal_code", len(cells))
        with suppress(Rejected):
            written = clean_postal_code(cells[place]) if place < len(cells) else None
            if written and (whole := with_zeros(written, None)) is not None:
                return NOTES[ZIP_ZEROS].replace("2139 is read as 02139", f"{written} is read as {whole}")
        return NOTES[ZIP_ZEROS]


def _is_yes(cell: str) -> bool:
    with suppress(Rejected):
        return clean_answer(cell, CONSENTS[0]) is Answer.YES
    return False


def _is_odd(kind: tuple[FieldKind, str], cell: str) -> bool:
    """Tell whether a cell is not of a custom field's kind, however it is written."""
    with suppress(Rejected):
        clean_custom(*kind, cell, order="mdy", decimal=".", currency="USD")
        return False
    return True
