"""Kinds of rows of purchases ("Sale", "Return", "Void"), and what was given back where only they tell. Pure."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Mapping, Sequence, Set

from liquor_app.imports.cleaning.amounts import read_amount
from liquor_app.imports.cleaning.answers.dead_addresses import column_words
from liquor_app.imports.cleaning.orders.no_goods import no_goods
from liquor_app.imports.cleaning.orders.row_worth import RowWorth
from liquor_app.imports.cleaning.orders.status_words import Says, is_exchange, is_yes, said_by, word_of
from liquor_app.imports.profiles.tool_profile import plain
from liquor_app.imports.readers.row_reader import Record

OF_WHAT = (
    "sales?|transaction|trans|txn|tran|order|record|row|document|doc|receipt|invoice|ticket|tkt|event|entry|line|post"
)
"""What stands before "type" where it is about rows; a type alone may be a product's."""
_NAMED = re.compile(rf"^(?:{OF_WHAT})(?:type|kind|typ)$")
CODED = r"(?:sales?|transaction|trans|txn|tran|document|doc|receipt|invoice|ticket|tkt)(?:code|cd)"
"""Columns of codes that may be kinds, and as often number something: where letters of kinds are all they hold."""
_CODED = re.compile(rf"^{CODED}$")
_OF_PRODUCTS = re.compile(
    r"\b(?:product\w*|items?|lineitem\w*|sku|upc|plu|barcode|description|article|articulo|producto|brand|vendor|size"
    r"|category|department|qty|quantity|units?|price|bottles?|varietal|vintage)\b"
)
"""Words of columns about what was sold: in a file with one a type may be of that."""
BARE = ("line", "row", "record", "entry")
"""Columns of kinds that tills call by what has one; as often they number it."""
_TELLING = (Says.COUNTS, Says.VOIDED, Says.RETURN)
"""Of which one makes a bare "Type" a column of kinds."""
_LETTERS = {
    **dict.fromkeys(("S", "SL", "SA"), Says.COUNTS), **dict.fromkeys(("R", "RT", "RF", "RN"), Says.RETURN),
    **dict.fromkeys(("V", "VD", "VO"), Says.VOIDED),
}  # fmt: skip
_WORDS = {
    **dict.fromkeys(
        (
            "regular", "approved", "sales receipt", "cash sale", "shop order", "delivery", "pickup", "pick up",
            "curbside", "curbside pickup", "in store", "instore", "online", "web", "phone", "phone order", "walk in",
            "order", "orders", "takeout", "take out", "to go",
            "dine in", "retail", "wholesale", "pos", "e commerce", "ecommerce",
        ),
        Says.COUNTS,
    ),
    **dict.fromkeys(("shop order refund", "reversing"), Says.RETURN),
    **dict.fromkeys(
        ("payout", "payin", "pay out", "pay in", "cash drop", "cash in", "cash out", "open drawer", "drawer open"),
        Says.UNPAID,
    ),
    **dict.fromkeys(
        (
            f"{debt} {paid}"
            for debt in ("layaway", "layby", "account", "on account", "house account", "customer", "ar", "invoice")
            for paid in ("deposit", "payment")
        ),
        Says.NO_LINE,
    ),
    **dict.fromkeys(("payment on account", "received on account", "roa", "gift card redemption"), Says.NO_LINE),
}  # fmt: skip
"""Words for kinds that say nothing of an order's state. How something was sold says that it was."""
_BELOW = re.compile(r"^\s*+[-−(]\s*+[$€£]?+\s*+[\d.]")
_BACK: set[Says | None] = {Says.RETURN, Says.VOIDED}


_OF_BOTH = re.compile(
    r"^(?:sales?|sold|purchase|charge)(?:or)?(?:returns?|refunds?|voids?)(?:type|kind|code|flag|ind)?$"
)
"""A name that asks which of the two a row is ("Sale/Return")."""
_SOLD = frozenset(
    {"sale", "sales", "purchase", "purchases", "charge", "charges", "invoice", "inv", "order", "orders", "sold"}
)
_GIVEN_BACK = frozenset({
    "credit", "credits", "refund", "refunds", "return", "returns", "reversal", "reversals", "crn", "credit note",
    "credit memo", "creditmemo", "returned",
})  # fmt: skip
_OF_PAYMENT = re.compile(r"\b(?:pay(?:ment|ments)?|paid|tenders?|cards?|account|terms|method|customer|contact)\b")
"""Of how something was paid, where credit is a card and a charge an account."""
_OF_SIGNS = re.compile(r"(?:amount |total |transaction )?(?:sign|plus minus|polarity)")
_OF_MINUS = re.compile(r"(?:is )?(?:neg|negative|minus)(?: flag| ind| indicator| y n)?")
_OF_LEDGER = re.compile(r"(?:dr cr|cr dr|debit credit|credit debit|d c)(?: flag| ind| indicator| type| code)?")
_SIGNS = {"+": Says.COUNTS, "": Says.COUNTS, **dict.fromkeys(("-", "−", "–"), Says.RETURN)}
_MARKS = {
    **dict.fromkeys(("", "n", "no", "0", "false", "f", "+"), Says.COUNTS),
    **dict.fromkeys(("*", "x", "y", "yes", "1", "true", "t", "-", "✓", "neg", "minus"), Says.RETURN),
}  # fmt: skip
_LEDGER = {**dict.fromkeys(("dr", "d", "debit"), Says.COUNTS), **dict.fromkeys(("cr", "c", "credit"), Says.RETURN)}


def _certain(column: str, cells: Sequence[str]) -> Mapping[str, Says]:
    """Return what signs say in a column that is called one of signs, and holds both and nothing else ("+/-", "Neg: *",
    "DR/CR" where most are sold); empty for any other."""
    words = column_words(column)
    said = Counter(cell.strip().casefold() for cell in cells)
    if column.strip() in ("+/-", "-/+", "+-", "±") or _OF_SIGNS.fullmatch(words):
        known: Mapping[str, Says] = _SIGNS
    elif _OF_MINUS.fullmatch(words):
        known = _MARKS
    elif _OF_LEDGER.fullmatch(words):
        known = _LEDGER
    else:
        return {}
    if not said.keys() <= known.keys() or len({known[one] for one in said}) < 2:
        return {}
    back = sum(many for one, many in said.items() if known[one] is Says.RETURN)
    # in a bank's book a credit is what came in: those of whoever sells are fewer than the sales
    return known if back * 2 < said.total() else {}


def _beside_sales(words: Set[str]) -> Mapping[str, Says]:
    """Return what words say beside one for a sale, or for what came back, that alone may be of something else."""
    found: dict[str, Says] = {}
    if words & _SOLD:
        found |= dict.fromkeys(("credit", "credits", "reversal", "reversals", "crn"), Says.RETURN)
    if not words & {"sale", "sales"}:  # else it may be what the shop bought itself
        found |= dict.fromkeys(("purchase", "purchases"), Says.COUNTS)
    if words & _GIVEN_BACK:
        found |= dict.fromkeys(("charge", "charges", "inv"), Says.COUNTS)
    return found | ({"re": Says.RETURN} if "sa" in words else {})


def stand_for_kinds(columns: Sequence[str], place: int, rows: Sequence[Sequence[str]]) -> bool:
    """Tell whether a column of any name holds kinds of rows beyond doubt: words for sales and for what came back, both,
    on each row and but for a few rows nothing else ("Doc": INV, CRN; "Transaction": Purchase, Credit); or signs."""
    column = columns[place]
    cells = [one[place] for one in rows]
    if _certain(column, cells):
        return True
    if _OF_PAYMENT.search(column_words(column)):
        return False
    words = Counter(word_of(cell) for cell in cells)
    sold, back = (sum(words[one] for one in known) for known in (_SOLD, _GIVEN_BACK))
    others = words.total() - sold - back
    if not sold or not back or words[""] or others * 4 > words.total():
        return False
    return not others or all(
        said_by(one) is not None or one in _LEDGER_WORDS for one in words.keys() - _SOLD - _GIVEN_BACK
    )


_LEDGER_WORDS = frozenset(
    {"adjustment", "adjustments", "correction", "payment", "payments", "debit", "transfer", "fee"}
)
"""What stands beside sales and credits in a book, and is asked about row by row."""
_ITEMS = frozenset({
    "item", "items", "line item", "lineitem", "product", "merchandise", "goods", "sale item", "sales item", "plu",
})  # fmt: skip
_BESIDE_ITEMS = dict.fromkeys(_ITEMS, Says.COUNTS) | {
    **dict.fromkeys(
        ("discount", "discounts", "item discount", "order discount", "coupon", "promo", "promotion", "markdown"),
        Says.RETURN,
    ),
    **dict.fromkeys(
        (
            "tax", "taxes", "sales tax", "vat", "tip", "gratuity", "fee", "fees", "surcharge", "deposit", "shipping",
            "delivery", "tender", "tenders", "payment", "payments", "cash", "card", "change", "change due", "rounding",
            "total", "subtotal", "sub total", "grand total", "order total", "header", "footer", "comment", "note",
        ),
        Says.NO_LINE,
    ),
}  # fmt: skip
"""Words for an order's rows in a file that calls some of them items: what was taken off, and what is no line."""


class KindWords:
    """`KindWords(columns, place, rows)(cell)` is what a kind of row says, None where nobody knows.

    Some words mean what those beside them make of them: letters in a column just called a type are kinds where what
    they give back stands below zero, or no column is about products (an R may be for red wine); a payment is a sale
    where no row is called one and sums have their sign; what was reversed counts where the row that reverses it does.

    Args:
        rows: the first ones.
    """

    def __init__(
        self, columns: Sequence[str], place: int, rows: Sequence[Sequence[str]],
        told: Mapping[str, Says] | None = None,
    ) -> None:  # fmt: skip
        column = columns[place]
        self._told = dict(told or _certain(column, [cells[place] for cells in rows]))
        said = {cells[place] for cells in rows}
        words = {word_of(one) for one in said}
        self._letters = (
            is_named(column)
            or _OF_BOTH.match(plain(column)) is not None
            or _stand_apart(place, rows)
            or _are_all(columns, place, said)
        )
        self._of_here: dict[str, Says] = {}
        is_signed = any(_BELOW.match(cell) for cells in rows for cell in cells)
        if "payment" in words and is_signed and not any(said_by(one) is Says.COUNTS for one in said):
            self._of_here["payment"] = Says.COUNTS
        if words & _ITEMS:
            self._of_here |= _BESIDE_ITEMS
        if "reversing" in words:
            self._of_here["reversed"] = Says.COUNTS
        self._of_here |= _beside_sales(words)

    def __call__(self, cell: str) -> Says | None:
        """Return what the cell says of its row."""
        if self._told and (said := self._told.get(cell.strip().casefold())) is not None:
            return said
        word = word_of(cell)
        letter = _LETTERS.get(cell.strip().upper()) if self._letters else None
        said = letter or self._of_here.get(word) or _WORDS.get(word) or said_by(cell)
        return said or (Says.NO_LINE if no_goods(cell) else None)


def is_named(column: str) -> bool:
    """Tell whether a column's name says that it holds kinds of rows: not just "Type"."""
    return _NAMED.match(plain(column)) is not None


def tells_kinds(columns: Sequence[str], place: int, rows: Sequence[Sequence[str]]) -> bool:
    """Tell whether a column holds kinds of rows ("Sale", "Return"): by its name; or one just called a type where all it
    holds are kinds, or one is of what was given back. It is no category."""
    column = columns[place]
    filled = [cells[place] for cells in rows if cells[place].strip()]
    if _certain(column, [cells[place] for cells in rows]):
        return True
    kinds = KindWords(columns, place, rows)
    told = [kinds(one) for one in filled]
    if _OF_BOTH.match(plain(column)):
        return bool(filled) and None not in told
    if plain(column) in BARE:
        return len(filled) == len(rows) and None not in told and Says.NO_LINE in told
    if is_named(column):  # a database's own code for all its tickets (TKT_TYP: T) tells them not apart
        return any(told) if plain(column).endswith("typ") else bool(filled)
    return (len(filled) == len(rows) and None not in told and any(one in _TELLING for one in told)) or any(
        one in _BACK and len(cell.strip()) > 2 for one, cell in zip(told, filled, strict=True)
    )


def _are_all(columns: Sequence[str], place: int, said: Set[str]) -> bool:
    """Tell whether letters of sales, and of what was no sale, are all that a column holds which is about rows: a code
    of theirs, or a type in a file that says nothing of products."""
    told = {_LETTERS.get(cell.strip().upper()) for cell in said}
    if None in told or Says.COUNTS not in told or len(told) == 1:
        return False
    return _CODED.match(plain(columns[place])) is not None or not any(
        _OF_PRODUCTS.search(column_words(one)) for at, one in enumerate(columns) if at != place
    )


def _stand_apart(place: int, rows: Sequence[Sequence[str]]) -> bool:
    """Tell whether all a column holds are letters of kinds, and some other column holds sums below zero for what was
    given back alone."""
    told = [_LETTERS.get(cells[place].strip().upper()) or said_by(cells[place]) for cells in rows]
    if None in told or Says.RETURN not in told:
        return False
    return any(
        all(_is_below(cells[at]) for one, cells in zip(told, rows, strict=True) if one is Says.RETURN)
        and not any(_is_below(cells[at]) for one, cells in zip(told, rows, strict=True) if one is Says.COUNTS)
        for at in range(len(rows[0]))
        if at != place
    )


def _is_below(cell: str) -> bool:
    found = read_amount(cell) if cell.strip() else None
    return found is not None and found.value < 0


class KindSigns:
    """`KindSigns(…)(rows)` are an order's rows, those with their sum below zero whose kind alone says that they were
    given back: in a file none of whose first returns and voids has one. A void is so beside its sale alone; by itself
    it says that its order, wherever that stands, is none. False where no kind of the file is such a sign.

    Args:
        at: field → position of its column.
        kinds: positions of the columns that hold kinds of rows, and what reads them; None for one that asks if a row is
            a return.
        sample: the first rows.
    """

    def __init__(
        self, at: Mapping[str, int], kinds: Mapping[int, KindWords | None], worth: RowWorth,
        sample: Sequence[Record],
    ) -> None:  # fmt: skip
        self._worth = worth
        self._sums = [at[one] for one in ("amount", "quantity") if one in at] or [at.get("unit_price", 0)]
        self._kinds = [(place, one) for place, one in kinds.items() if one is not None]
        self._asks = [place for place, one in kinds.items() if one is None]
        self.has_signs = any(
            not one.problem and worth(one.cells) < 0 and self._says(one.cells) & _BACK for one in sample
        )
        if self.has_signs:
            self._kinds, self._asks = [], []

    def __bool__(self) -> bool:
        return bool(self._kinds or self._asks)

    def __call__(self, rows: Sequence[Record]) -> list[Record]:
        said = [set() if one.problem or self._worth(one.cells) <= 0 else self._says(one.cells) for one in rows]
        sold = any(Says.COUNTS in one and not one & _BACK for one in said)
        # by itself "Is Return: Yes" may be said of the sale that came back
        back = _BACK if sold else {Says.RETURN} if self._kinds else set[Says | None]()
        return [
            self._signed(one) if told & back and not self._is_exchange(one.cells) else one
            for one, told in zip(rows, said, strict=True)
        ]

    def _is_exchange(self, cells: Sequence[str]) -> bool:
        """Tell whether what came back and what was taken instead may both stand above zero."""
        return any(is_exchange(cells[place]) for place, _ in self._kinds)

    def _signed(self, record: Record) -> Record:
        cells = list(record.cells)
        for place in self._sums:
            cells[place] = f"-{cells[place].strip()}" if cells[place].strip() else ""
        return record._replace(cells=cells, own=record.told)

    def _says(self, cells: Sequence[str]) -> set[Says | None]:
        asked = {Says.RETURN if is_yes(cells[place]) else Says.COUNTS for place in self._asks}
        return asked | {says(cells[place]) for place, says in self._kinds}
