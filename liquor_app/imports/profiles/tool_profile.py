"""A tool's export: by what it is known, which column is which, and what follows from several. Pure."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable, Mapping, Sequence
from dataclasses import astuple, dataclass, field

_HOLE = re.compile(r"\{([^{}]+)\}")


@dataclass(frozen=True, slots=True)
class OrderBack:
    """Columns that say of an order, on its first row or on each, what was given back of it in all, what its goods cost
    before a discount and the discount, and its tax, shipping and total."""

    column: str
    before: str
    off: str
    tax: str
    shipping: str
    total: str


@dataclass(frozen=True, slots=True)
class Sales:
    """Which rows of a file of sales are lines of purchases, and what they came to. In a file of products, whose rows of
    one product follow each other: which are products, and what stands on the first of them only.

    Attributes:
        order: the column that numbers orders; rows of one follow each other.
        carried: columns filled on an order's first row only.
        keeps: column → words of the rows that are lines; others (payments, whole orders) are left out.
        drops: column → word → why the row is no purchase (`LEFT_OUT`); with `carried` the whole order. `FILLED` is any
            word, "" none.
        plus, minus: columns, or products of columns, that make what a line came to. Those filled on an order's first
            row only (its discount, what was refunded) count there. What is taken off counts whatever its sign.
        less: as `minus`, with the sign it has: the tax of a return is below zero, as its total is.
        discount: columns that were taken off, as far as they are no refund.
        discount_between: a column before a discount and one behind it, where none holds the discount itself.
        packed_minus: columns that pack sums (`amount:20.00|reason:…`), which are taken off.
        at_most: column of `minus` → column with the most it takes off: who gets their tax and shipping back as well has
            not bought less than nothing.
        with_tax: column of `at_most` → the columns of the tax in it and of the order's total: where this holds both the
            goods and their tax, what comes back holds the tax of the goods that do.
        comes_to: the column with what an order's goods come to, on its first row, before what was given back: its lines
            are cut to that, the last ones first. It knows better than `spread` what was taken off the goods.
        tells_parts: it has a word of its own for an order refunded in part, so that its word for one refunded holds
            whatever its sums say.
        spread: columns of `minus` that `comes_to` has taken off already, if they are about goods at all.
        back: what was given back of a whole order, some of it off its lines already (`sums.order_backs`).
        packed: how the columns begin that pack an order's lines (`cleaning.orders.packed_items`); a row is a whole
            order then, and stays one line where the items do not come to the row's own sum.
    """

    order: str
    carried: tuple[str, ...] = ()
    keeps: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    drops: Mapping[str, Mapping[str, str]] = field(default_factory=dict)
    plus: tuple[tuple[str, ...], ...] = ()
    minus: tuple[tuple[str, ...], ...] = ()
    less: tuple[tuple[str, ...], ...] = ()
    discount: tuple[str, ...] = ()
    packed: str = ""
    discount_between: tuple[str, ...] = ()
    packed_minus: tuple[str, ...] = ()
    at_most: Mapping[str, str] = field(default_factory=dict)
    tells_parts: bool = False
    with_tax: Mapping[str, tuple[str, str]] = field(default_factory=dict)
    comes_to: str = ""
    spread: tuple[str, ...] = ()
    back: OrderBack | None = None


FILLED = "*"
VOIDED, REFUNDED, UNPAID, OTHER_ROW, NOBODY, PICTURE, NO_GOODS, UNKNOWN_VOID, TOTALS, REPEATED = (
    "rows_voided", "rows_refunded", "rows_unpaid", "rows_of_no_line", "rows_without_customer", "rows_of_pictures",
    "rows_of_no_goods", "rows_of_unknown_voids", "rows_of_totals", "rows_repeated",
)  # fmt: skip
LEFT_OUT = {
    VOIDED: "voided or cancelled",
    REFUNDED: "refunded in full",
    UNPAID: "not paid",
    OTHER_ROW: "payments and totals",
    TOTALS: "sums of the report",
    REPEATED: "the same order once more",
    NO_GOODS: "tax, tips, shipping, deposits and gift cards",
    UNKNOWN_VOID: "voids of orders nobody knows",
    NOBODY: "sold to nobody named",
    PICTURE: "of pictures alone",
}
"""Why rows are no lines of purchases, or no products: counted, and no fault. Where a column of statuses says so, its
word stands behind (`rows_unpaid: pending`)."""


def is_reversal(why: str) -> bool:
    """Tell whether a row is left out because its order was voided or refunded in full: a known one is taken back."""
    return why.partition(": ")[0] in (VOIDED, REFUNDED)


def rows_left_out(notes: Mapping[str, int]) -> dict[str, dict[str, int]]:
    """Return why rows of a file are no rows of its kind → the word that says so, "" for none → how many."""
    found: dict[str, dict[str, int]] = {}
    for code, count in notes.items():
        reason, _, word = code.partition(": ")
        if reason in LEFT_OUT and int(count):
            found.setdefault(reason, {})[word] = int(count)
    return found


@dataclass(frozen=True, slots=True)
class Profile:
    """One kind of export of one tool.

    Attributes:
        key: what choices and tests call it.
        name: what people call it.
        kind: "customers", "purchases" or "products".
        marks: columns that together stand in no other tool's file.
        columns: field → column, where one holds it as it is.
        made: field → a text with `{Column}` in it, or `{One|Other}` for the first of several that is filled; blank
            where every column in it is. `{Column#part}` is what a cell such as `part:FALL5|amount:5.00` says. A text
            without columns says the same of every row.
        words: field → cell → what it means here; any other cell says nothing.
        unless: columns that make it another export of the same tool.
        named, unless_named: a pattern in the file's name, where that alone tells one export of a tool from another.
        sales: how its rows become lines of purchases.
        refuses: why it cannot be imported as it is, and what would help.
    """

    key: str
    name: str
    kind: str
    marks: tuple[str, ...]
    columns: Mapping[str, str] = field(default_factory=dict)
    made: Mapping[str, str] = field(default_factory=dict)
    words: Mapping[str, Mapping[str, str]] = field(default_factory=dict)
    unless: tuple[str, ...] = ()
    named: str = ""
    unless_named: str = ""
    sales: Sales | None = None
    refuses: str = ""


Make = Callable[[list[str]], str]


def plain(name: str) -> str:
    """Return a column's name as names are compared: letters and digits, in lower case, without accents."""
    small = name.lower()
    return re.sub(r"[^a-z0-9]+", "", small if small.isascii() else unicodedata.normalize("NFKD", small))


def fits(profile: Profile, columns: Sequence[str], file_name: str = "") -> bool:
    """Tell whether a file with these columns, and of this name, is an export of this kind."""
    name = file_name.lower()
    if (profile.named and not re.search(profile.named, name)) or (
        profile.unless_named and re.search(profile.unless_named, name)
    ):
        return False
    there = {plain(one) for one in columns}
    return all(plain(one) in there for one in profile.marks) and not any(plain(one) in there for one in profile.unless)


def mapping(profile: Profile, columns: Sequence[str]) -> dict[str, str]:
    """Return field → column of a file, as it spells its columns."""
    spelled = {plain(one): one for one in reversed(columns)}
    return {name: spelled[plain(one)] for name, one in profile.columns.items() if plain(one) in spelled}


def put_together(profile: Profile, columns: Sequence[str]) -> list[str]:
    """Return the columns of a file that a field is made of together with others, or that tell which rows count."""
    sales = profile.sales
    named = {hole for text in profile.made.values() for holes in _HOLE.findall(text) for hole in _named(holes)}
    if sales:
        terms = (*sales.plus, *sales.minus, *sales.less, sales.discount, sales.carried)
        terms = (*terms, sales.packed_minus, sales.discount_between, (sales.comes_to,) if sales.comes_to else ())
        named |= {sales.order, *sales.keeps, *sales.drops, *(one for term in terms for one in term)}
        named |= {*astuple(sales.back)} if sales.back else set()
    used = {plain(one) for one in named}
    packed = plain(sales.packed) if sales else ""
    return [one for one in columns if plain(one) in used or (packed and plain(one).startswith(packed))]


def made_of(profile: Profile | None, columns: Sequence[str], field: str) -> tuple[int, ...]:
    """Return the places of the columns that a field is made of."""
    text = profile.made.get(field, "") if profile else ""
    named = {plain(one) for hole in _HOLE.findall(text) for one in _named(hole)}
    return tuple(place for place, one in enumerate(columns) if plain(one) in named)


def makers(profile: Profile, columns: Sequence[str]) -> dict[str, Make]:
    """Return field → what makes its cell of a row's cells."""
    at = {plain(one): position for position, one in reversed(list(enumerate(columns)))}
    return {name: _maker(text, at, profile.words.get(name)) for name, text in profile.made.items()}


def _named(hole: str) -> list[str]:
    return [one.partition("#")[0] for one in hole.split("|")]


def packed_part(cell: str, part: str) -> str:
    """Return what one part of a cell says (`code:FALL5|amount:5.00`); of several things in it, divided by semicolons,
    that of the first. Empty where it says nothing."""
    told = (piece.strip().partition(":") for piece in cell.partition(";")[0].split("|"))
    return next((value.strip() for name, mark, value in told if mark and name.strip().lower() == part), "")


def _maker(text: str, at: Mapping[str, int], words: Mapping[str, str] | None) -> Make:
    holes = [
        [
            (at[plain(name)], part)
            for name, _, part in (one.partition("#") for one in hole.split("|"))
            if plain(name) in at
        ]
        for hole in _HOLE.findall(text)
    ]
    pieces = _HOLE.split(text)[::2]

    def make(cells: list[str]) -> str:
        filled = [
            next(
                (packed_part(cells[one], part) if part else cells[one] for one, part in places if cells[one].strip()),
                "",
            )
            for places in holes
        ]
        if holes and not any(filled):
            return ""
        made = pieces[0] + "".join(cell + piece for cell, piece in zip(filled, pieces[1:], strict=True))
        return made if words is None else words.get(made.strip().lower(), "")

    return make
