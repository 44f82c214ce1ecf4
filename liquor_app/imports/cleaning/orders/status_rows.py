"""Rows of a file of purchases that a column of statuses tells apart: what was paid counts, what was not is left out,
and what nobody can tell is asked about. Pure.

The words are in `status_words`. A known tool's profile reads its own; this is for every other file.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from decimal import Decimal
from enum import Enum

from liquor_app.core.errors import Invalid
from liquor_app.imports.cleaning.cells import Rejected
from liquor_app.imports.cleaning.orders.money_names import REFUNDED as REFUNDED_SUM
from liquor_app.imports.cleaning.orders.order_statuses import (
    ASKS,
    NO_HOUR,
    OF_ROWS,
    TELLS_OF_VOID,
    About,
    asked,
    status_columns,
)
from liquor_app.imports.cleaning.orders.row_kinds import KindSigns, KindWords
from liquor_app.imports.cleaning.orders.row_worth import RowWorth
from liquor_app.imports.cleaning.orders.status_words import Says, is_day, is_exchange, is_no, said_by, word_of
from liquor_app.imports.cleaning.sums.refunds_in_part import InPart
from liquor_app.imports.profiles.tool_profile import OTHER_ROW, REFUNDED, UNPAID, VOIDED, plain
from liquor_app.imports.readers.row_reader import Record

UNKNOWN = "unknown_status"
"""Why a row is refused whose status nobody can read."""
MOST_TOLD = 5
"""Words a refusal names."""
MOST_OF_WORD = 40
MOST_ROWS = 1_000
"""Rows of one order that are looked at together."""
MOST_ORDERS = 200_000
"""Orders given back whose numbers are held, for rows of theirs that lie elsewhere in the file."""

_LEFT_OUT = {Says.VOIDED: VOIDED, Says.UNPAID: UNPAID, Says.REFUNDED: REFUNDED, Says.NO_LINE: OTHER_ROW}
_OF_PARCEL_ALONE = {Says.UNPAID, Says.PARTLY}
"""What a parcel's word ("pending") does not say of its payment."""


@dataclass(frozen=True, slots=True)
class _Told:
    """What a row's cells say, and the word that says it."""

    says: Says | None
    column: str
    word: str
    asks: bool = False
    voids: bool = False
    """It is the kind of row that takes a sale back."""
    of_sale: bool = False
    """It says what became of a sale ("Returned"), not what its row is ("Is Return")."""

    @property
    def label(self) -> str:
        """What rows left out for it are counted by: "voided", of a column that asks "void yes"."""
        return word_of(f"{self.column} {self.word}" if self.asks else self.word)[:MOST_OF_WORD]


class StatusRows:
    """The columns of a file that say which rows count, and its rows as they say.

    Attributes:
        places: of these columns.
        sample: the first rows as they say, those of an order together.

    Raises:
        Invalid: the first rows hold a word nobody knows, or a refund in part without its sum; the message names it and
            says what to do.
    """

    def __init__(
        self, columns: Sequence[str], at: Mapping[str, int], sample: Sequence[Record], decimal: str,
        kinds: Mapping[str, Mapping[str, Says]] | None = None,
    ) -> None:  # fmt: skip
        kinds = kinds or {}
        self._columns = columns
        self._at = {field: place for field, place in at.items() if place < len(columns)}
        self._worth = RowWorth(self._at, decimal)
        self._in_part = InPart(columns, self._at, self._worth)
        self._roles = status_columns(columns, at, sample, kinds)
        self._has_payment = About.PAYMENT in self._roles.values()
        self._has_status = self._has_payment or About.ORDER in self._roles.values()
        # "Is Return" is about the row; "Returned" says what became of a sale
        first = [one.cells for one in sample if not one.problem]
        self._kinds = {
            place: KindWords(columns, place, first, kinds.get(columns[place]))
            for place, role in self._roles.items() if role is About.KIND
        }  # fmt: skip
        asking = [
            place for place, role in self._roles.items()
            if role is About.RETURN and OF_ROWS.search(plain(columns[place]))
        ]  # fmt: skip
        self._gone, self._back = set[str](), set[str]()
        self._signs = KindSigns(self._at, {**self._kinds, **dict.fromkeys(asking)}, self._worth, sample)
        self.places, self.sample = frozenset(self._roles), sample
        if self._roles:
            order = self._at.get("order_id")
            in_order = sorted(sample, key=lambda one: "" if one.problem or order is None else one.cells[order].strip())
            self.sample = list(self.rows(in_order))
            doubts = [one for one in self.sample if one.doubt]
            if doubts and not _are_few(doubts, self.sample):
                raise Invalid(self._question(doubts), field="mapping")
            self._gone, self._back = set(), set()

    def rows(self, records: Iterable[Record]) -> Iterator[Record]:
        """Yield the rows of the file in their order: with why one is left out (a key of `LEFT_OUT`, and the word), or
        why nobody can tell."""
        if not self._roles:
            yield from records
            return
        run, now, first = list[Record](), "", list[str]()
        order = self._at.get("order_id")
        for record in records:
            number = now if record.problem or order is None else record.cells[order].strip()
            if run and (number != now or not number or len(run) >= MOST_ROWS):
                yield from self._order(run, now, first)
                run = []
            if number != now or not number or not first:
                first = record.cells if not record.problem else []
            now = number
            run.append(record)
        yield from self._order(run, now, first)

    def _order(self, run: list[Record], order: str, first: Sequence[str]) -> Iterator[Record]:
        """One order's rows: what stands on its first row holds for those that say nothing."""
        run = self._signs(run) if self._signs else run
        worth = {at: self._worth(one.cells) for at, one in enumerate(run) if not one.problem}
        told = {at: self._told(run[at].cells, first, below=came_to < 0) for at, came_to in worth.items()}
        says_how_much = any(worth[at] < 0 or self._gives_back(run[at].cells) for at in told)
        twice = _told_twice([(one.says, worth[at]) for at, one in told.items()])
        rows = [(at, run[at].cells, worth[at], one.says) for at, one in told.items()]
        in_part, is_again = self._in_part.rows(rows), self._in_part.is_said_again(rows)
        for at, record in enumerate(run):
            one = told.get(at)
            if (
                one is None
                or one.says is Says.COUNTS
                or at in in_part
                or (twice is Twice.COUNTS and one.says in _TAKEN_BACK and worth[at] > 0)
            ):
                yield record
            elif one.says is None:
                yield record._replace(doubt=_doubt(one))
            elif one.says is Says.PARTLY:
                yield record if says_how_much else record._replace(doubt=_no_sum(one))
            elif (
                one.says is Says.RETURN
                and worth[at] >= 0
                and is_exchange(one.word)
                and (self._signs.has_signs or min(worth.values()) < 0)
            ):
                yield record  # what was taken instead, or paid on top
            elif one.says is Says.RETURN and worth[at] >= 0 and one.of_sale and self._gives_back(record.cells):
                yield record  # "Returned: Y" says once more that something came back, which is taken off
            elif one.says is Says.RETURN and worth[at] >= 0:
                yield record._replace(doubt=_no_sign(one))
            elif one.says is Says.RETURN and (twice is Twice.LEFT_OUT or is_again or order in self._gone):
                yield record._replace(left_out=f"{VOIDED if one.voids else REFUNDED}: {one.label}")
            elif one.says is Says.RETURN:
                self._note_back(order)
                yield record._replace(voids=True) if one.voids else record
            elif one.says is Says.REFUNDED and self._is_return(order, _came_to(told, worth)):
                yield record
            else:
                yield record._replace(left_out=f"{_LEFT_OUT[one.says]}: {one.label}")

    def _is_return(self, order: str, came_to: Decimal) -> bool:
        """Tell whether rows called refunded are what was given back, beside the sale: they come to nothing or less, and
        the sale itself was not left out already."""
        if came_to > 0 and order not in self._back:
            if order and len(self._gone) < MOST_ORDERS:
                self._gone.add(order)
            return False
        if order in self._gone:
            return False
        if came_to < 0:
            self._note_back(order)
        return True

    def _note_back(self, order: str) -> None:
        if order and len(self._back) < MOST_ORDERS:
            self._back.add(order)

    def _told(self, cells: Sequence[str], first: Sequence[str], *, below: bool) -> _Told:
        """Return the gravest of what a row's columns say. A row `below` zero of the kind “void” gives back what was
        sold; that it is voided says the same once more."""
        first = first or cells
        found = [self._of_cell(place, role, cells, first) for place, role in self._roles.items()]
        if below and any(one.voids for one in found):
            found = [
                replace(one, says=Says.RETURN) if one.voids else one
                for one in found if one.voids or one.says is not Says.VOIDED
            ]  # fmt: skip
        return min(found, key=lambda one: _GRAVEST.index(one.says))

    def _of_cell(self, place: int, role: About, cells: Sequence[str], first: Sequence[str]) -> _Told:
        cell, column = cells[place], self._columns[place]
        if role is About.VOIDS and TELLS_OF_VOID.search(plain(column)):
            cell = cell if cell.strip() or not is_day(first[place]) else first[place]
            nothing = is_no(cell) or NO_HOUR.match(cell) is not None
            # counted by the column alone: its words are a person's
            return _Told(Says.COUNTS if nothing else Says.VOIDED, column, "", asks=True)
        if role in ASKS:
            if not cell.strip() and (role is About.PAID or is_day(first[place])):
                cell = first[place]
            of_sale = role is About.RETURN and not OF_ROWS.search(plain(column))
            return _Told(asked(role, cell), column, cell, asks=said_by(cell) is None, of_sale=of_sale)
        cell = cell if cell.strip() or role in (About.KIND, About.RETURNS, About.PARCEL) else first[place]
        if role is About.RETURNS:
            says = Says.COUNTS if is_no(cell) or word_of(cell).startswith(("not ", "no ")) else said_by(cell)
            return _Told(Says.PARTLY if word_of(cell) in ("partial", "partially") else says, column, cell)
        if role is About.PARCEL and self._has_status:
            says = said_by(cell)
            return _Told(says if says in (Says.VOIDED, Says.REFUNDED) else Says.COUNTS, column, cell)
        if role is About.KIND:
            says = self._kinds[place](cell)
            return _Told(says, column, cell, voids=says is Says.VOIDED)
        says = said_by(cell, of_payment=role is About.PAYMENT)
        if role is About.PARCEL and says in _OF_PARCEL_ALONE:
            says = None
        elif role is About.ORDER and self._has_payment and says in (None, Says.UNPAID):
            says = Says.COUNTS  # an order that is open, on hold, in the making: its payment stands beside it
        return _Told(says, column, cell)

    def _gives_back(self, cells: Sequence[str]) -> bool:
        return bool(self._worth.number(cells, REFUNDED_SUM))

    def _question(self, doubts: Sequence[Record]) -> str:
        told = list(dict.fromkeys(one.doubt for one in doubts))
        more = f" {len(told) - MOST_TOLD} more such words follow." if len(told) > MOST_TOLD else ""
        order = self._at.get("order_id")
        on_first = any(_BLANK in one.doubt and (order is None or not one.cells[order].strip()) for one in doubts)
        return (
            f"Row {doubts[0].number}: {' '.join(told[:MOST_TOLD])}{more} Known are words such as paid, completed,"
            " shipped, sale (they count), pending, draft, authorized, declined, void, cancelled, refunded (they are"
            " left out), return (given back, below zero). Write one of them for a word that is none, or take its rows"
            f" out.{_ON_FIRST if on_first else ''} If the column says nothing of what was paid, take it out."
        )


def _came_to(told: Mapping[int, _Told], worth: Mapping[int, Decimal]) -> Decimal:
    return sum((worth[at] for at, one in told.items() if one.says is Says.REFUNDED), Decimal(0))


_GRAVEST: tuple[Says | None, ...] = (
    Says.NO_LINE, Says.VOIDED, Says.UNPAID, Says.REFUNDED, None, Says.PARTLY, Says.RETURN, Says.COUNTS,
)  # fmt: skip
"""Of what a row's columns say the first of these holds: whatever leaves it out needs no other to be known."""


class Twice(Enum):
    """What becomes of rows that say the same money back in two ways: of both."""

    COUNTS = "counts"
    LEFT_OUT = "left out"


_TAKEN_BACK = (Says.REFUNDED, Says.VOIDED)


def _told_twice(rows: Sequence[tuple[Says | None, Decimal]]) -> Twice | None:
    """Tell what becomes of an order's rows that are called refunded or voided (its state) beside those of the refund
    itself: they are one fact. None where there are not both.

    Where nothing else of the order was sold, it comes to nothing: all are left out. Beside what stands both count where
    the refund covers what its state says, which are even then; else neither.
    """
    sold = sum((worth for says, worth in rows if says in _TAKEN_BACK and worth > 0), Decimal(0))
    back = -sum((worth for says, worth in rows if says is Says.RETURN and worth < 0), Decimal(0))
    if not (sold and back):
        return None
    stands = any(worth > 0 for says, worth in rows if says in (Says.COUNTS, Says.PARTLY))
    return Twice.COUNTS if stands and back >= sold else Twice.LEFT_OUT


def check_status(record: Record) -> None:
    """Check, or raise Rejected: whether a row was paid, or what, cannot be told."""
    if record.doubt:
        raise Rejected(record.doubt_code, "", record.doubt)


_BLANK = "is blank"
_UNTOLD = ", and nobody can tell by that whether it was paid."


def _are_few(doubts: Sequence[Record], sample: Sequence[Record]) -> bool:
    """Tell whether less than half of the rows say a word nobody knows, and no more is in doubt: each is refused by
    itself, with its order."""
    is_word = all(one.doubt.endswith(_UNTOLD) and _BLANK not in one.doubt for one in doubts)
    return is_word and len(doubts) * 2 < len(sample)


_ON_FIRST = " If it stands on an order's first row alone, map the order's number to a column that each row has."


def _doubt(one: _Told) -> str:
    said = f"says “{one.word.strip()[:MOST_OF_WORD]}”" if one.word.strip() else _BLANK
    return f"“{one.column}” {said}{_UNTOLD}"


def _no_sum(one: _Told) -> str:
    return (
        f"“{one.column}” says “{one.word.strip()[:MOST_OF_WORD]}”, and no column says how much was given back: add one"
        " with that sum (“Refunded Amount”), or a row of the order with the sum below zero."
    )


def _no_sign(one: _Told) -> str:
    return (
        f"“{one.column}” says “{one.word.strip()[:MOST_OF_WORD]}” of a sum above zero: write what was given back below"
        " zero, or “refunded” where the row is the sale itself."
    )
