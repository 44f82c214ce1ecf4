"""Files of purchases whose rows are not all lines of purchases: refused in words, never counted. Pure.

A till's export often holds, beside the lines, a row with the whole order's total, rows of payments, returns, and orders
that were voided or refunded. Counting them all as lines makes money nobody paid. Until each tool's own layout is read,
such a file is refused as a whole, with the columns to map and what to take out.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping, Sequence

from liquor_app.core.errors import Invalid
from liquor_app.customers.places import STATES, normalise_state
from liquor_app.imports.cleaning.amounts import holds_cents, read_amount, without_unit
from liquor_app.imports.cleaning.cells import MOST_REMEMBERED, REMEMBERED
from liquor_app.imports.cleaning.column_names import IDENTITY
from liquor_app.imports.cleaning.orders.discount_columns import offs_of
from liquor_app.imports.cleaning.orders.given_back import GivenBack
from liquor_app.imports.cleaning.orders.money_names import (
    REFUNDED,
    gave_nothing,
    given_back,
    names_sum_given_back,
    number_of,
    of_goods,
)
from liquor_app.imports.cleaning.orders.order_discounts import order_refunds_of
from liquor_app.imports.cleaning.orders.order_sums import MOST_LETTERS, Sums
from liquor_app.imports.profiles.tool_profile import plain
from liquor_app.imports.readers.dialect import SAMPLE_ROWS
from liquor_app.imports.readers.row_reader import Record

STATUS = frozenset({
    "status", "orderstatus", "salestatus", "financialstatus", "paymentstatus", "transactionstatus",
    "fulfillmentstatus", "invoicestatus", "receiptstatus", "linestatus", "void", "voided", "isvoid", "refund",
    "refunded", "isrefund", "refundedamount", "refundamount", "itemrefunded", "returned", "isreturn", "exchanged",
    "cancelled", "canceled", "cancelledat", "canceledat", "iscancelled", "iscanceled", "deferred",
})  # fmt: skip
"""Columns, spelled without spaces, that say whether an order counts at all."""
_STATUS = re.compile(
    r"^(?:order|sales?|purchase|financial|payment|transaction|fulfill?ment|invoice|receipt|ticket|check|document|doc"
    r"|line|item|shipment|shipping|delivery|return|refund|processing)+(status|state)$"
)
_ROW_KIND = re.compile(
    r"^(?:line|row|record|entry|event|itemi[sz]ation|transaction|trans|tran|txn|tkt|sales?|document|doc|order|lineitem|invoice"
    r"|receipt|ticket)(?:type|kind)$"
)
"""Columns that say what a row is: a sale, its line, a payment, a return."""
KINDS = frozenset({
    "sale line", "payment", "tender", "refund", "partially refunded", "return", "void", "cancelled", "canceled",
    "chargeback", "charge back", "exchange", "credit memo", "credit note", "creditmemo", "pending payment",
    "payment pending", "on hold", "unpaid", "declined", "order total", "grand total", "subtotal", "total",
})  # fmt: skip
"""Words such a column holds, whatever it is called."""
_KIND = re.compile(
    r"^(?:refund(?:s|ed)?|void(?:s|ed)?|returns|returned|cancell?ed)\b|\b(?:refund(?:ed)?|return|tender)$"
)
"""… and how such words begin or end: "refund receipt", "sale return"."""
_SUMS = frozenset({"order total", "grand total", "subtotal", "total"})
"""… of which those at a report's foot name no customer, and are nobody's."""
MIGHT_TELL = (
    "sale", "payment", "tender", "refund", "return", "void", "cancel", "charge", "exchange", "credit", "hold", "unpaid",
    "declined", "total",
)  # fmt: skip
"""Parts of those words: a text that holds none of these is none of them."""
ENOUGH = 2_000
"""Rows after which a column is known: from then on only cells that might hold one of those words are looked at."""
_NOTES = re.compile(r"\b(?:notes?|comments?|remarks?|memos?|messages?|instructions?|notas?|comentarios?)\b")
"""What somebody wrote of an order: only a word by itself tells there."""
_BETWEEN = "\x1f"
MOST_KINDS = 12
"""A column of more different words than this holds something else."""

WHOLE_ORDER = frozenset({
    "total", "subtotal", "grandtotal", "nettotal", "ordertotal", "ordersubtotal", "orderamount", "ordervalue",
    "carttotal", "baskettotal", "receipttotal", "invoicetotal", "checktotal",
    "ordertotalamount", "totalorderamount", "totalordervalue", "ordertotalprice",
})  # fmt: skip

_OF_A_LINE = re.compile(r"^(?:line ?items?|line|items?)[ _-]|^lineitem", re.IGNORECASE)
_NAMES_LINES = re.compile(r"(?i:\b(?:line|line ?item|item)s?\b)|^lineitem")
_HOW_MANY = re.compile(r"^(?:line)?items?(?:count|qty|quantity|number|sold|ordered|purchased)$")
"""Columns that count an order's items, and are of no line."""
_OF_AN_ORDER = re.compile(r"^(?:order|cart|basket|receipt|invoice|check|transaction)", re.IGNORECASE)


class Watch:
    """A file of purchases on its way in, from its first row to its last: what stands in no sample is seen too. Nothing
    of a file is counted before all of it was read.

    Args:
        told: positions of columns that are read elsewhere (`status_rows`); rows they leave out are not looked at.
    """

    def __init__(self, columns: Sequence[str], at: Mapping[str, int], told: Collection[int] = ()) -> None:
        self._columns = columns
        self._mapped = {position for field, position in at.items() if field not in _MAY_TELL}
        self._who = [at[field] for field in IDENTITY["purchases"] if field in at]
        watched = [position for position in range(len(columns)) if position not in told]
        self._words: dict[int, set[str]] = {position: set() for position in watched}
        self._seen: dict[int, set[str]] = {position: set() for position in watched}
        near = {
            field: columns.index(name)
            for field in ("unit_price", "quantity", "product")
            if (name := _found(columns, field))
        }
        self._written = self._mapped | {place for place in watched if _NOTES.search(columns[place].lower())}
        self._suspects: set[int] = set()
        self._harmless: set[str] = set()
        self._rows = 0
        self._sums = Sums(
            {**near, **at},
            is_total="amount" in at and _is_whole_order(columns[at["amount"]]),
            is_orders="amount" in at and _is_of_orders(columns[at["amount"]]),
        )
        self._amount_at = at["amount"] if at.get("amount", len(columns)) < len(columns) else None
        self._amount = columns[at["amount"]] if "amount" in at else ""
        self._back = GivenBack(at) if REFUNDED in at else None
        self._is_spread = bool(order_refunds_of(columns, at))
        self._back_at = at[REFUNDED] if self._back and at[REFUNDED] < len(columns) else None
        self._refunded = columns[at[REFUNDED]] if self._back and at[REFUNDED] < len(columns) else ""
        self._offs = [
            (GivenBack(at, name), columns[place]) for name, place in offs_of(at)
            if place < len(columns) and _OF_AN_ORDER.match(columns[place])
        ]  # fmt: skip
        # beside the sum that is taken off, another one is not, and words say of what that is
        tells = [
            place for place, one in enumerate(columns)
            if (names_sum_given_back(one) if self._back else given_back(one))
        ]  # fmt: skip
        self._backs = [place for place in tells if place not in self._mapped and place not in told]
        if self._refunded and of_goods(self._refunded):
            self._backs = [place for place in self._backs if not names_sum_given_back(columns[place])]

    def see(self, record: Record) -> None:
        """Check, or raise Invalid: a column says of this row that it may not count, or what it is."""
        if record.problem or record.left_out:
            return
        self._rows += 1
        if self._rows <= ENOUGH or self._might_tell(record.cells):
            self._see_words(record.cells)
        if self._back:
            self._back.see(record)
        for off, _ in self._offs:
            off.see(record)
        if self._backs and not self._is_given_back(record.cells):
            self._suspects.update(
                place for place in self._backs
                if not gave_nothing(record.cells[place]) and not self._says_again(place, record.cells)
            )  # fmt: skip
        if self._suspects and self._rows >= SAMPLE_ROWS:
            raise _told(self._columns, min(self._suspects), is_mapped=self._back is not None)
        if not record.shared:
            self._sums.see(record)

    def _says_again(self, place: int, cells: list[str]) -> bool:
        """Tell whether a column repeats, in this row, the sum that is taken off ("Refunded Amount" beside "Amount
        Refunded"). The first and the second refund of an order may be as large, and are two."""
        if self._back_at is None or any(letter.isdigit() for letter in self._columns[place]):
            return False
        said, taken = number_of(cells[place]), number_of(cells[self._back_at])
        return said is not None and said == taken

    def _is_given_back(self, cells: list[str]) -> bool:
        """Tell whether a row is below zero itself: what its other columns say came back is what it says."""
        if self._amount_at is None:
            return False
        found = read_amount(cells[self._amount_at].strip())
        return found is not None and found.value < 0

    def _might_tell(self, cells: list[str]) -> bool:
        row = _BETWEEN.join([cells[place] for place in self._seen]).lower()
        if row in self._harmless:  # columns that are still looked at hold few words
            return False
        for part in MIGHT_TELL:
            if part in row:
                return True
        if len(self._harmless) < REMEMBERED and len(row) <= MOST_REMEMBERED:
            self._harmless.add(row)
        return False

    def _see_words(self, cells: list[str]) -> None:
        done = list[int]()
        for position, seen in self._seen.items():
            cell = cells[position]
            if cell in seen or (len(cell) > MOST_LETTERS and cell[:MOST_LETTERS] in seen):
                continue
            cell = cell[:MOST_LETTERS]
            word = _word(cell)
            if word in _SUMS and (
                position in self._who or (self._who and not any(cells[one].strip() for one in self._who))
            ):
                continue  # a sum nobody bought: the row costs itself
            words = self._words[position]
            words.add(word)
            if len(seen) < MOST_KINDS * 4:
                seen.add(cell)
            elif words == {""}:
                done.append(position)
            if len(words) > MOST_KINDS:
                done.append(position)
            elif word in KINDS or (position not in self._written and _KIND.search(word)):
                self._suspects.add(position)
        for position in done:
            del self._seen[position], self._words[position]
            self._suspects.discard(position)

    def finish(self, *, is_sample: bool = False) -> None:
        """Check, or raise Invalid: as `see`, or amounts are totals of orders beside or on those of lines."""
        if self._suspects:
            raise _told(self._columns, min(self._suspects), is_mapped=self._back is not None)
        if self._back:
            self._back.end()
            if self._back.is_of_orders and not self._is_spread:
                raise _of_orders(self._refunded)
        for off, column in self._offs:
            off.end()
            if off.is_of_orders:
                raise _off_orders(column)
        if self._amount and self._sums.are_mixed(strict=is_sample):
            raise mixed(self._columns, self._amount)


def tells_whole_orders(columns: Sequence[str], at: Mapping[str, int]) -> bool:
    """Tell whether a file says what whole orders came to, and of no line what it cost: `order_totals` shares it."""
    place, many = at.get("amount", len(columns)), len(columns)
    if place >= many or at.get("order_id", many) >= many or at.get("unit_price", many) < many:
        return False
    column = columns[place]
    is_told = any(_found(columns, field, but=column) for field in ("amount", "unit_price"))
    return _is_of_orders(column) and not is_told and not holds_cents(column)


def check_rows(
    columns: Sequence[str], at: Mapping[str, int], sample: Sequence[Record], told: Collection[int] = ()
) -> None:
    """Look at a file of purchases before a row of it is taken; `Watch` looks on.

    Args:
        at: field → position of its column.
        sample: the first rows.
        told: positions of columns that say which rows count, and are read (`status_rows`).

    Raises:
        Invalid: it has a column that says which rows count or what they are, or mixes totals of orders with those of
            lines; the message says which columns to map and what to take out.
    """
    for position, column in enumerate(columns):
        if REFUNDED in at and (names_sum_given_back(column) or _is_taken_off(position, at, sample)):
            continue  # the rows tell whether it says the same (`Watch`)
        if position not in told and _tells(column, position, sample):
            raise _told(columns, position, is_mapped=REFUNDED in at)
    if "amount" in at and any(_OF_A_LINE.match(name) and not _HOW_MANY.match(_plain(name)) for name in columns):
        column = columns[at["amount"]]
        is_shared = tells_whole_orders(columns, at)
        if _is_whole_order(column) and not is_shared and not _has_each_once(sample, at):
            raise mixed(columns, column)
    watch = Watch(columns, at, told)
    by_order = sorted(sample, key=lambda record: "" if record.problem else record.cells[at.get("order_id", 0)].strip())
    for record in by_order:
        watch.see(record)
    watch.finish(is_sample=True)


def _is_taken_off(position: int, at: Mapping[str, int], sample: Sequence[Record]) -> bool:
    """Tell whether a column ("Refunded") is the one of sums that are taken off, and holds nothing else."""
    cells = [one.cells[position].strip() for one in sample if not one.problem]
    return position == at[REFUNDED] and all(number_of(cell) is not None or gave_nothing(cell) for cell in cells if cell)


def _has_each_once(sample: Sequence[Record], at: Mapping[str, int]) -> bool:
    """Tell whether each order of the first rows has one: whatever its total is, it counts once. `Watch` looks on."""
    orders = [one.cells[at["order_id"]].strip() for one in sample if not one.problem] if "order_id" in at else []
    return bool(orders) and len(set(orders) - {""}) == len(orders)


def _told(columns: Sequence[str], position: int, *, is_mapped: bool) -> Invalid:
    """Return what is said of a column that tells which rows count.

    Args:
        is_mapped: another column already says what was given back.
    """
    column = columns[position]
    if names_sum_given_back(column) and not is_mapped:
        return Invalid(
            f"The column “{column}” says which rows count and which do not: what was given back. Counted without it"
            f" the figures would be wrong; map {REFUNDED} to “{column}”, and it is taken off.",
            field="mapping",
        )
    return Invalid(
        f"The column “{column}” says which rows count and which do not (refunds, voids, payments, whole orders). We"
        " do not read that yet, and counted as they are the figures would be wrong. Keep only the lines of"
        f" purchases that stand, take the column “{column}” out of the file, and map {_ways(columns)}.",
        field="mapping",
    )


def mixed(columns: Sequence[str], column: str) -> Invalid:
    """Return what is said of a column that holds totals of orders beside those of lines."""
    return Invalid(
        f"The column “{column}” holds totals of whole orders beside those of lines: counted as lines, the money"
        f" would be counted twice. Leave “{column}” out, and map {_ways(columns, but=column)}.",
        field="mapping",
    )


def _of_orders(column: str) -> Invalid:
    return Invalid(
        f"The column “{column}” says what was given back of whole orders, on several of their rows or beside one it"
        " does not fit: taken off each, the figures would be wrong. Write it on a row of its own, below zero,"
        f" and take the column “{column}” out of the file.",
        field="mapping",
    )


def _off_orders(column: str) -> Invalid:
    return Invalid(
        f"The column “{column}” says what was taken off whole orders, on several of their rows: taken off each, the"
        " money would be less than was paid. Write it on one row of each order, or take the column out of the file.",
        field="mapping",
    )


def _plain(name: str) -> str:
    return plain(without_unit(name))


def _word(cell: str) -> str:
    if cell.isascii():  # as most are
        return " ".join(cell[:MOST_LETTERS].translate(_LETTERS).split())
    return _NO_LETTERS.sub(" ", cell[:MOST_LETTERS].lower()).strip()


_LETTERS = {code: " " if not chr(code).isalpha() else chr(code).lower() for code in range(128)}


_NO_LETTERS = re.compile(r"[^a-z]+")


def _tells(column: str, position: int, sample: Sequence[Record]) -> bool:
    """Tell whether a column's name says that it tells which rows count, or what they are."""
    plain = _plain(column)
    if plain in STATUS or _ROW_KIND.match(plain):
        return True
    if (found := _STATUS.match(plain)) is None:
        return False
    held = {record.cells[position].strip() for record in sample if not record.problem} - {""}
    # "Shipping State" is a place, "Order State" is one where all it holds are states of the US
    is_place = plain in {"shippingstate", "deliverystate"} or all(normalise_state(cell) in STATES for cell in held)
    return not (found[1] == "state" and is_place)


def _is_whole_order(column: str) -> bool:
    return _plain(column) in WHOLE_ORDER or bool(_OF_AN_ORDER.match(column) and not _NAMES_LINES.search(column))


def _is_of_orders(column: str) -> bool:
    """Tell whether a column's name leaves no doubt: "Order Total", where "Total" may be a line's."""
    plain = _plain(column)
    return plain in WHOLE_ORDER - {"total", "subtotal", "nettotal"} and not _OF_A_LINE.match(column)


def _found(columns: Sequence[str], field: str, *, but: str = "") -> str | None:
    """Return the column that holds a line's own figure, by its name."""
    named = {_plain(one): one for one in columns if one != but}
    return next((named[name] for name in _LINE_COLUMNS[field] if name in named), None)


def _ways(columns: Sequence[str], *, but: str = "") -> str:
    """Tell what to map instead, as the file has it: unit_price to “Lineitem price” and quantity to “Lineitem
    quantity”."""
    if amount := _found(columns, "amount", but=but):
        return f"amount to “{amount}”"
    if price := _found(columns, "unit_price", but=but):
        quantity = _found(columns, "quantity", but=but)
        return f"unit_price to “{price}”{f' and quantity to “{quantity}”' if quantity else ''}"
    return "amount to a column with what each line cost"


_MAY_TELL = frozenset({"category", "is_alcohol"})
"""Fields whose columns may be called “Type” and tell what a row is all the same."""
_LINE_COLUMNS = {
    "amount": (
        "linetotal", "lineamount", "itemtotal", "netsales", "salesvalue", "netprice", "itemrevenue", "extsellprice",
    ),
    "unit_price": ("lineitemprice", "unitprice", "itemprice", "priceeach", "price"),
    "quantity": ("lineitemquantity", "itemquantity", "quantity", "qty", "units"),
    "product": (
        "lineitemname", "productname", "itemname", "product", "item", "description", "sku", "details", "article",
    ),
}  # fmt: skip
