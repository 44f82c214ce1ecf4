"""Columns of a file of purchases that say which rows count, by their names and what stands in them. Pure."""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping, Sequence
from enum import Enum

from liquor_app.imports.cleaning.orders.money_names import REFUNDED as REFUNDED_SUM
from liquor_app.imports.cleaning.orders.row_kinds import BARE, CODED, OF_WHAT, stand_for_kinds, tells_kinds
from liquor_app.imports.cleaning.orders.status_words import Says, is_day, is_no, is_yes, said_by
from liquor_app.imports.profiles.tool_profile import plain
from liquor_app.imports.readers.row_reader import Record

_WHOSE = (
    "order", "orders", "sales?", "purchase", "invoice", "receipt", "ticket", "check", "document", "doc", "line", "item",
    "lineitem", "processing", "final", "current", "latest", "overall", "deal", "pedido", "venta", "orden", "factura",
)  # fmt: skip
_OF_ORDERS = re.compile(rf"^(?:{'|'.join(_WHOSE)})*(?:status|state|stage|estado|estatus|statut)$")
_OF_PAYMENTS = re.compile(
    r"^(?:order)?(?:financial|payment|transaction|tender|capture|pago|paiement|zahlungs?)+(?:status|state)$"
)
_OF_PAYMENTS_TOO = frozenset({"estadodelpago", "estadodepago", "statutdepaiement"})
_OF_ORDERS_TOO = frozenset({
    "estadodelpedido", "estadodepedido", "estadodelaventa", "estadodelaorden", "estadodeorden", "situacion",
    "statutdelacommande", "bestellstatus",
})  # fmt: skip
_OF_PARCELS = re.compile(
    r"^(?:order|line|item|lineitem)*(?:fulfill?ment|shipment|shipping|delivery|envio)+(?:status|state)$"
)
_OF_RETURNS = re.compile(r"^(?:order|line|item|lineitem)*(?:return|refund)+(?:status|state)$")
_FLAG = r"(?:flag|flg|fl|ind|indicator|yn)?"
"""How tills end the name of a column that asks."""
_VOIDS = re.compile(
    r"^(?:is|was|order|sale|line|item|receipt|transaction|trans|txn|tran|ticket|tkt|doc|invoice)*"
    rf"(?:(?:void(?:ed)?|cancell?ed|deleted|anulad[oa]|cancelad[oa])(?:at|on|date|{_FLAG})"
    r"|(?:void(?:ed)?|cancel(?:l?ed|lation)?|deleted)(?:by|reason|date|time))$"
)
TELLS_OF_VOID = re.compile(r"(?:by|reason|time)$")
"""A column of who voided a row, why or at which hour: filled, it was."""
NO_HOUR = re.compile(r"^[\s0:.-]*+$")
_NO_SALES = re.compile(
    rf"^(?:is|was)?(?:order|sale|line|item|transaction|trans|txn|tran|ticket)?(?:nosale|errorcorrect(?:ed|ion)?){_FLAG}$"
)
_NOT_YET = re.compile(
    r"^(?:is|was|in)?(?:order|sale|transaction|trans|txn|tran|ticket)?(?:suspend(?:ed)?|training|practice|test|onhold|held"
    rf"|parked)(?:mode|order|sale|transaction|txn|ticket)?{_FLAG}$"
)
"""Columns of what is no sale, or none yet: only where they hold answers."""
_REFUNDS = re.compile(r"^(?:is|was)?(?:order|sale|line|item)?(?:refunded|exchanged)$")
_RETURNS = re.compile(r"^(?:is|was)?(?:order|sale|line|item)?(?:refund|return|returned|deferred)$")
OF_ROWS = re.compile(r"(?:return|refund)$")
_PAIDS = re.compile(r"^(?:is|was)?(?:order|sale|invoice|fully)?(?:paid|paidinfull|settled|captured|closed|pagad[oa])$")
_SUCCEEDS = re.compile(
    r"^(?:is|was)?(?:order|sale|payment|transaction|trans|txn|tran|charge)?(?:success(?:ful)?|succeeded|approved)"
    rf"{_FLAG}$"
)
"""… and of whether it went through: in yeses and noes, or in words."""
_RESULTS = re.compile(
    r"^(?:order|sale|payment|transaction|trans|txn|tran|auth|authorization|card|charge|processor|gateway|tender)*"
    r"(?:result|outcome)$"
)
_KINDS = re.compile(rf"^(?:(?:{OF_WHAT})?(?:type|kind|typ)|{CODED}|{'|'.join(BARE)})$")


_OTHERS = re.compile(
    r"^(?!.*(?:email|mail|sms|phone|customer|member|loyalty|subscri|consent|opt|marketing|^age|verif|idcheck|stock|inventory"
    r"|coupon|promo|gift|tax|risk|fraud|marital|employ|account|sync|print|review)).+(?:status|stage)$"
)
"""A status of whatever a tool calls an order or its delivery: one where all it holds are words we know."""


class About(Enum):
    """What a column's words are about."""

    ORDER = "order"
    PAYMENT = "payment"
    PARCEL = "parcel"
    RETURNS = "returns"
    KIND = "kind"
    VOIDS = "voids"
    REFUNDS = "refunds"
    RETURN = "return"
    PAID = "paid"
    SUCCEEDS = "succeeds"
    NO_SALE = "no sale"
    NOT_YET = "not yet"


_OF_BOTH = re.compile(
    r"^(?:sales?|sold|purchase|charge)(?:or)?(?:returns?|refunds?|voids?)(?:type|kind|code|flag|ind)?$"
)
_NAMED: tuple[tuple[re.Pattern[str], About], ...] = (
    (_OF_RETURNS, About.RETURNS), (_OF_PARCELS, About.PARCEL), (_OF_PAYMENTS, About.PAYMENT), (_OF_ORDERS, About.ORDER),
    (_VOIDS, About.VOIDS), (_REFUNDS, About.REFUNDS), (_RETURNS, About.RETURN), (_PAIDS, About.PAID),
    (_KINDS, About.KIND), (_RESULTS, About.PAYMENT), (_SUCCEEDS, About.SUCCEEDS),
    (_NO_SALES, About.NO_SALE), (_NOT_YET, About.NOT_YET), (_OTHERS, About.ORDER),
)  # fmt: skip
ASKS = {
    About.VOIDS: Says.VOIDED, About.REFUNDS: Says.REFUNDED, About.RETURN: Says.RETURN, About.PAID: Says.COUNTS,
    About.SUCCEEDS: Says.COUNTS, About.NO_SALE: Says.VOIDED, About.NOT_YET: Says.UNPAID,
}  # fmt: skip
"""Columns that ask, and what a yes says."""
_ANSWERED = (About.SUCCEEDS, About.NO_SALE, About.NOT_YET)


def about_of(column: str) -> About | None:
    """Return what the words of a column are about, by its name; None where they are about something else."""
    name = plain(column)
    if name in _OF_ORDERS_TOO or name in _OF_PAYMENTS_TOO:
        return About.PAYMENT if name in _OF_PAYMENTS_TOO else About.ORDER
    return next((role for pattern, role in _NAMED if pattern.match(name)), None)


def status_columns(
    columns: Sequence[str], at: Mapping[str, int], sample: Sequence[Record], told: Collection[str] = ()
) -> dict[int, About]:
    """Return the positions of the columns that say which rows count, and what their words are about.

    Args:
        at: field → position of its column.
        sample: the first rows.
        told: columns of kinds, as somebody said.
    """
    rows = [one.cells for one in sample if not one.problem]
    mapped = set(at.values())
    found: dict[int, About] = {}
    for place, name in enumerate(columns):
        role = about_of(name)
        is_of_kinds = name in told or (_OF_BOTH.match(plain(name)) is not None and tells_kinds(columns, place, rows))
        if is_of_kinds or (role is None and place not in mapped and stand_for_kinds(columns, place, rows)):
            found[place] = About.KIND
        elif role is not None and place != at.get(REFUNDED_SUM) and _holds(role, columns, place, rows):
            found[place] = role
    return found


def _holds(role: About, columns: Sequence[str], place: int, rows: Sequence[Sequence[str]]) -> bool:
    """Tell whether a column is one of these by what stands in it, where its name leaves that open: a state may be a
    place, what was paid a sum, and a kind of row a payment, which is another matter."""
    filled = [cells[place] for cells in rows if cells[place].strip()]
    name = plain(columns[place])
    if role is About.KIND:
        return tells_kinds(columns, place, rows)
    if role in _ANSWERED:
        known = [
            is_yes(one) or is_no(one) or is_day(one) or said_by(one, of_payment=role is About.SUCCEEDS) is not None
            for one in filled
        ]
        return sum(known) * 2 > len(known)
    if role is About.PAID:
        return bool(filled) and all(is_yes(one) or is_no(one) for one in filled) and not all(map(_is_sum, filled))
    if role is About.ORDER and not _OF_ORDERS.match(name) and name not in _OF_ORDERS_TOO:
        told = [said_by(one) for one in filled]
        return None not in told and any(one is not Says.COUNTS for one in told)
    if "status" not in name and "statut" not in name and role in (About.ORDER, About.PAYMENT, About.PARCEL):
        return any(said_by(one, of_payment=role is About.PAYMENT) is not None for one in filled)
    return True


def _is_sum(cell: str) -> bool:
    return re.search(r"\d[.,]\d\d\b", cell) is not None


def asked(role: About, cell: str) -> Says | None:
    """Return what the answer in a column that asks says of its row."""
    if role in (About.PAID, About.SUCCEEDS):
        if is_yes(cell) or (known := said_by(cell, of_payment=True)) is Says.COUNTS:
            return Says.COUNTS
        return Says.UNPAID if is_no(cell) else known
    if is_no(cell):
        return Says.COUNTS
    if role is About.VOIDS and cell.strip().upper() == "V":
        return Says.VOIDED
    return ASKS[role] if is_yes(cell) or is_day(cell) else said_by(cell)
