"""Files of purchases whose rows are not all lines of purchases: refused in words, never counted. Pure.

A till's export often holds, beside the lines, a row with the whole order's total, rows of payments, returns, and orders
that were voided or refunded. Counting them all as lines makes money nobody paid. Until each tool's own layout is read,
such a file is refused as a whole, with the columns to map and what to take out.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Mapping, Sequence
from decimal import Decimal, InvalidOperation

from liquor_app.core.errors import Invalid
from liquor_app.customers.importing.reading import Record

STATUS = frozenset({
    "status", "orderstatus", "salestatus", "financialstatus", "paymentstatus", "transactionstatus",
    "fulfillmentstatus", "invoicestatus", "receiptstatus", "linestatus", "void", "voided", "isvoid", "refund",
    "refunded", "isrefund", "refundedamount", "refundamount", "itemrefunded", "returned", "isreturn", "exchanged",
    "cancelled", "canceled", "cancelledat", "canceledat", "iscancelled", "iscanceled", "deferred",
})  # fmt: skip
"""Columns, spelled without spaces, that say whether an order counts at all."""
ROW_KIND = frozenset({
    "linetype", "rowtype", "recordtype", "entrytype", "eventtype", "itemizationtype", "transactiontype", "saletype",
    "documenttype", "ordertype", "lineitemtype", "rowkind",
})  # fmt: skip
"""Columns that say what a row is: a sale, its line, a payment, a return."""
KINDS = frozenset({
    "sale line", "sale_line", "payment", "refund", "refunded", "partially_refunded", "partially refunded", "return",
    "void", "voided", "cancelled", "canceled", "chargeback", "exchange",
})  # fmt: skip
"""Words such a column holds, whatever it is called."""
MOST_KINDS = 12
"""A column of more different words than this holds something else."""

WHOLE_ORDER = frozenset({
    "total", "subtotal", "grandtotal", "nettotal", "ordertotal", "ordersubtotal", "orderamount", "ordervalue",
    "carttotal", "baskettotal", "receipttotal", "invoicetotal", "checktotal",
})  # fmt: skip
SEVERAL = 3

_OF_A_LINE = re.compile(r"^(?:line ?items?|line|items?)[ _-]|^lineitem", re.IGNORECASE)
_OF_AN_ORDER = re.compile(r"^(?:order|cart|basket|receipt|invoice|check|transaction)", re.IGNORECASE)


def check_rows(columns: Sequence[str], at: Mapping[str, int], sample: Sequence[Record]) -> None:
    """Look at a file of purchases before a row of it is taken.

    Args:
        at: field → position of its column.
        sample: the first rows.

    Raises:
        Invalid: it has a column that says which rows count or what they are, or mixes totals of orders with those of
            lines; the message says which columns to map and what to take out.
    """
    if (column := _telling_column(columns, sample)) is not None:
        raise Invalid(
            f"The column “{column}” says which rows count and which do not (refunds, voids, payments, whole orders). We"
            " do not read that yet, and counted as they are the figures would be wrong. Keep only the lines of"
            f" purchases that stand, take the column “{column}” out of the file, and map {_ways(columns)}.",
            field="mapping",
        )
    if _mixes(columns, at, sample):
        column = columns[at["amount"]]
        raise Invalid(
            f"The column “{column}” holds totals of whole orders beside those of lines: counted as lines, the money"
            f" would be counted twice. Leave “{column}” out, and map {_ways(columns, but=column)}.",
            field="mapping",
        )


def _plain(name: str) -> str:
    return re.sub(r"[^a-z0-9]+", "", name.lower())


def _telling_column(columns: Sequence[str], sample: Sequence[Record]) -> str | None:
    """The column that says which rows count or what they are: by its name, else by its words."""
    for column in columns:
        if _plain(column) in STATUS | ROW_KIND:
            return column
    for position, column in enumerate(columns):
        words = {record.cells[position].strip().lower() for record in sample if not record.problem}
        if len(words) <= MOST_KINDS and words & KINDS:
            return column
    return None


def _mixes(columns: Sequence[str], at: Mapping[str, int], sample: Sequence[Record]) -> bool:
    if "amount" not in at:
        return False
    column = columns[at["amount"]]
    has_lines = any(_OF_A_LINE.match(name) for name in columns)
    if has_lines and (_plain(column) in WHOLE_ORDER or _is_of_an_order(column)):
        return True
    return _gaps(at, sample) or _sums(at, sample)


def _is_of_an_order(column: str) -> bool:
    return bool(_OF_AN_ORDER.match(column)) and not _OF_A_LINE.match(column)


def _gaps(at: Mapping[str, int], sample: Sequence[Record]) -> bool:
    """Whether an order has its amount on one row alone, and prices on the others too."""
    if "unit_price" not in at or "order_id" not in at:
        return False
    filled: dict[str, set[bool]] = defaultdict(set)
    for record in sample:
        if record.problem or not (order := record.cells[at["order_id"]].strip()):
            continue
        if record.cells[at["unit_price"]].strip():
            filled[order].add(bool(record.cells[at["amount"]].strip()))
    return any(len(both) == 2 for both in filled.values())


def _sums(at: Mapping[str, int], sample: Sequence[Record]) -> bool:
    """Whether most orders of three rows or more have one that is the sum of the others: of several orders, or of one
    whose sum has fewer cells filled than its lines, which is no coincidence."""
    if "order_id" not in at:
        return False
    orders: dict[str, list[tuple[Decimal, int]]] = defaultdict(list)
    for record in sample:
        if record.problem or not (order := record.cells[at["order_id"]].strip()):
            continue
        if (amount := _number(record.cells[at["amount"]])) is not None:
            orders[order].append((amount, sum(bool(cell.strip()) for cell in record.cells)))
    looked_at = summed = poorer = 0
    for rows in orders.values():
        (most, filled), *others = sorted(rows, key=lambda row: -row[0])
        if len(rows) < 3 or most <= 0:
            continue
        looked_at += 1
        if most == sum(amount for amount, _ in others):
            summed += 1
            poorer += all(filled < of_line for _, of_line in others)
    return summed * 2 > looked_at and (summed >= SEVERAL or poorer > 0)


def _number(cell: str) -> Decimal | None:
    try:
        value = Decimal(cell.strip().lstrip("$€£ ").replace(",", ""))
    except InvalidOperation:
        return None
    return value if value.is_finite() else None


def _ways(columns: Sequence[str], *, but: str = "") -> str:
    """What to map instead, as the file has it: unit_price to “Lineitem price” and quantity to “Lineitem quantity”."""
    found = {
        field: next((one for one in columns if one != but and any(word == _plain(one) for word in words)), None)
        for field, words in _LINE_COLUMNS.items()
    }
    if found["amount"]:
        return f"amount to “{found['amount']}”"
    if found["unit_price"]:
        by = f" and quantity to “{found['quantity']}”" if found["quantity"] else ""
        return f"unit_price to “{found['unit_price']}”{by}"
    return "amount to a column with what each line cost"


_LINE_COLUMNS = {
    "amount": (
        "linetotal", "lineamount", "itemtotal", "netsales", "salesvalue", "netprice", "itemrevenue", "extsellprice",
    ),
    "unit_price": ("lineitemprice", "unitprice", "itemprice", "priceeach", "price"),
    "quantity": ("lineitemquantity", "itemquantity", "quantity", "qty", "units"),
}  # fmt: skip
