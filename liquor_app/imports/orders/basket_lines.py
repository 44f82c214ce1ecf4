"""Merge lines of purchases into baskets: all of them wait first, because a basket's lines may lie anywhere in a file,
and are then handed over in the order of their orders' numbers, a batch a step."""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from contextlib import nullcontext
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from functools import lru_cache
from operator import attrgetter, itemgetter
from typing import Any, NoReturn
from uuid import UUID
from zoneinfo import ZoneInfo

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

from liquor_app.core.bulk import by_index, copy_rows, in_order_of_index, texts
from liquor_app.core.db import FEW
from liquor_app.customers import baskets
from liquor_app.customers.baskets import BasketTold, Reversed
from liquor_app.customers.merging.aliases import aliases_among, asked_for, holders_of
from liquor_app.customers.voided_orders import ToldBy
from liquor_app.imports.cleaning.cells import REMEMBERED, Rejected
from liquor_app.imports.cleaning.line_rows import Line
from liquor_app.imports.cleaning.orders.store_numbers import BETWEEN, NumbersBeginAnew
from liquor_app.imports.merge_rows import Outcome, Policy
from liquor_app.imports.orders.store_orders import SAME_SALE, check_registers
from liquor_app.imports.people.known_people import KEYS, Base, Known

COLUMNS = (
    "row_number", "order_id", "customer_id", "occurred_at", "local_hour", "store", "register", "coupon_code",
    "product", "sku", "category", "brand", "quantity", "amount", "discount", "coupon_discount", "is_alcohol",
)  # fmt: skip


ELSEWHERE = "refund_at_another_store"
"""Why a line is refused that gives back at one store what was sold at another: the order it would lower stands."""
GIVEN, VOIDED_SINCE, MOVED = "orders_given_back", "orders_voided_since", "orders_moved"
REPLACED, CLASH, LONG = "orders_replaced", "orders_of_two_receipts", "orders_of_several_days"
"""Notes on orders: lines were given back of known ones; they are left out, for a later file voided them; they were of
another day before; nothing of what they held before is in the file, at the same time or at another; their number
was sold on several days."""
_who = itemgetter(slice(Line._fields.index("email_key"), Line._fields.index("phone") + 1))
_told = itemgetter(slice(Line._fields.index("store"), Line._fields.index("is_alcohol") + 1))
"""Of a line who bought it; and what stands behind its hour, in the order of `COLUMNS`."""
_WHOEVERS = ""
"""Who bought what a line gives back, where it names nobody."""
BATCH_ORDERS = 10_000
"""Orders made in one step."""


@dataclass(frozen=True, slots=True)
class Merged:
    """A batch of orders made: lines by what became of their basket, the first day that changed, the last order's
    number, what became of each line's order (if watched), how many orders there were by what became of them, what all
    came to, the known ones that were taken back, and notes: how many known ones something was given back of (`GIVEN`),
    how many were voided since (`VOIDED_SINCE`), of an earlier day (`MOVED`), of nothing they hold now (`REPLACED`,
    `CLASH`), or sold on several days (`LONG`)."""

    counts: Counter[Outcome]
    since: date | None
    upto: str
    rows: list[BasketTold]
    orders: Counter[str]
    total: Decimal
    taken_back: Reversed
    notes: Counter[str]


async def load_buyers(session: AsyncSession, keys: dict[str, list[str]]) -> Base:
    """Return whoever holds one of these keys, by their keys alone."""
    holders = " UNION ".join(
        f"SELECT h.id, h.email_key, h.external_id, h.phone FROM {holders_of(key)}" for key in KEYS if keys[key]
    )
    if not holders:
        return Base([])
    aliases = await aliases_among(session, keys)
    if aliases:
        holders += " UNION SELECT id, email_key, external_id, phone FROM customers WHERE id = ANY(:aliased)"
    bound = asked_for({key: set(keys[key]) for key in KEYS if keys[key]})
    if aliases:
        bound["aliased"] = list(aliases.values())
    is_many = max(map(len, keys.values())) > FEW
    async with in_order_of_index(session) if is_many else nullcontext():
        found = await session.execute(text(f"{holders} ORDER BY id"), bound)
    return Base(
        (
            Known(customer_id, {"email_key": email, "external_id": external, "phone": phone})
            for customer_id, email, external, phone in found
        ),
        aliases,
    )


def given(line: Line) -> dict[str, str]:
    """Return what a line says of who bought it."""
    told = {"email_key": line.email_key, "external_id": line.external_id, "phone": line.phone}
    return {key: value for key, value in told.items() if value}


_BY_EMAIL = f"SELECT h.email_key, CAST(h.id AS text) FROM {holders_of('email_key')}"
_BY_NUMBER = f"SELECT h.external_id, CAST(h.id AS text) FROM {holders_of('external_id')}"
_BY_ONE = frozenset({"email_key", "external_id"})
"""Keys that one customer at most holds."""


async def who_bought(session: AsyncSession, lines: Sequence[Line]) -> Callable[[Line], str]:
    """Return what tells a line's buyer, and raises Rejected where nobody is known.

    Where a chunk names everybody by an address alone, or by a number alone, as most files do, who holds it is all there
    is to know: half the time of comparing people.
    """
    keys = keys_of(lines)
    named = [key for key, values in keys.items() if values]
    if len(named) != 1 or named[0] not in _BY_ONE:
        base = await load_buyers(session, keys)
        return lambda line: _buyer(base, line)
    (key,) = named
    aliases = await aliases_among(session, keys)
    by_one = text(_BY_EMAIL) if key == "email_key" else text(_BY_NUMBER)
    async with in_order_of_index(session):
        found = await session.execute(by_one, asked_for({key: set(keys[key])}))
    known: dict[str, str] = {value: str(one) for (_, value), one in aliases.items()}
    known.update((value, customer_id) for value, customer_id in found)
    tells: Callable[[Line], str] = attrgetter(key)
    return lambda line: known.get(tells(line)) or _nobody(line)


def _buyer(base: Base, line: Line) -> str:
    found = base.match(given(line))
    return str(found.id) if found is not None else _nobody(line)


def _nobody(line: Line) -> NoReturn:
    shown = line.email_key or line.external_id or line.phone
    raise Rejected("unknown_customer", "customer", f"There is no customer {shown!r}. Import the customers first.")


def _order_id(line: Line, buyer: str, mended: bool) -> str:
    """Return the till's number; else one made of who, when and where, the same each time the file is read.

    A mended line that names no order becomes one of its own: it must not take the place of those taken before.
    """
    if line.order_id:
        return line.order_id
    mark = f"{buyer}|{line.when.at.isoformat()}|{line.store or ''}{'|mended' if mended else ''}"
    return "auto-" + hashlib.sha256(mark.encode()).hexdigest()[:24]


async def stage(
    session: AsyncSession, import_id: UUID, lines: Sequence[Line], *, mended: bool = False, one_series: bool = False
) -> list[tuple[int, Rejected]]:
    """Put a chunk of lines into the waiting table; returns the positions of those that belong to nobody known, or to
    an order of somebody else. What was given back by nobody named waits for `claim`, unless its order is known.

    Args:
        one_series: receipts are taken for one series of numbers, which nobody said.

    Raises:
        NumbersBeginAnew: they are not.
    """
    rows, rejected = await recognise(session, import_id, lines, mended=mended, one_series=one_series)
    voids = {line.number for line in lines if line.voids}
    if voids:
        flagged = [[*row, row[1] in voids] for row in rows]
        await copy_rows(session, "import_lines", ("import_id", *COLUMNS, "is_void"), flagged)
    else:
        await copy_rows(session, "import_lines", ("import_id", *COLUMNS), rows)
    return rejected


async def stage_basket(session: AsyncSession, lines: Sequence[Line]) -> list[tuple[int, Rejected]]:
    """As `stage`, for the whole of one basket: it need not wait."""
    rows, rejected = await recognise(session, None, lines)
    await stage_rows(session, rows)
    return rejected


async def stage_rows(session: AsyncSession, rows: Sequence[Sequence[Any]]) -> None:
    """Put lines of whole baskets, as `recognise` tells them, where they become baskets at once."""
    await baskets.wait_for_lines(session)
    await copy_rows(session, "basket_lines", COLUMNS, rows)


async def order_ids(session: AsyncSession, lines: Sequence[Line], *, mended: bool) -> list[str]:
    """Return the order each of these lines belongs to; "" for one of nobody known."""
    buyer = await who_bought(session, lines)
    orders = []
    for line in lines:
        try:
            orders.append(_order_id(line, buyer(line), mended))
        except Rejected:
            orders.append("")
    return orders


def keys_of(lines: Sequence[Line]) -> dict[str, list[str]]:
    """Return whom lines name, by key."""
    return {key: [value for value in map(attrgetter(key), lines) if value] for key in KEYS}


async def recognise(
    session: AsyncSession, import_id: UUID | None, lines: Sequence[Line], *, mended: bool = False,
    one_series: bool = False,
) -> tuple[list[list[Any]], list[tuple[int, Rejected]]]:  # fmt: skip
    """Return lines with who bought them and which order they belong to, in the order of `COLUMNS`, behind the import's
    id if there is one; and, by position, those of nobody known, or of an order that is somebody else's. Lines that name
    nobody are their order's buyer's; None where that is not known yet."""
    buyer_of = await who_bought(session, lines)
    rejected: list[tuple[int, Rejected]] = []
    bought: list[tuple[int, Line, str, str]] = []
    last: tuple[str | None, ...] = ()
    buyer = ""
    for position, line in enumerate(lines):
        who = _who(line)  # the lines of a basket tell the same
        try:
            if who != last:
                buyer, last = buyer_of(line) if any(who) else _WHOEVERS, who
        except Rejected as why:
            last = ()
            rejected.append((position, why.bare()))
        else:
            bought.append((position, line, buyer, line.order_id or _order_id(line, buyer, mended)))
    known = await _known(session, import_id, {one[3] for one in bought})
    if one_series:
        _check_series(bought, known)
        await check_registers(session, lines)
    owners = {order: one.buyer for order, one in known.items()}
    first = [] if import_id is None else [import_id.hex]
    rows: list[list[Any]] = []
    for position, line, buyer, order_id in bought:
        whose = owners.get(order_id, buyer) if buyer == _WHOEVERS else buyer
        if buyer != _WHOEVERS and owners.setdefault(order_id, buyer) != buyer:
            rejected.append((position, _anothers(line)))
            continue
        when = line.when
        rows.append([*first, line.number, order_id, whose or None, _written(when.at), when.local_hour, *_told(line)])
    return rows, rejected


_written = lru_cache(maxsize=REMEMBERED)(datetime.isoformat)
"""A moment as COPY reads it; the lines of a basket share theirs."""


def _anothers(line: Line) -> Rejected:
    """Return why a line is refused that names another customer than its order's."""
    if line.amount < 0 and BETWEEN in (line.order_id or ""):
        return Rejected(
            ELSEWHERE,
            "order_id",
            f"The order {(line.order_id or '')[:60]!r} is another customer's. Each store numbers its receipts anew,"
            " and the row does not say at which store was sold what it gives back: write that one's name into it.",
        )
    return Rejected("order_of_another_customer", "order_id", _why_anothers(line))


def _why_anothers(line: Line) -> str:
    whose = f"The order {(line.order_id or '')[:60]!r} is another customer's."
    if BETWEEN in (line.order_id or ""):
        return f"{whose} Each store numbers its receipts anew in this file: name the store of that order."
    if line.store:
        return f"{whose} Where each store numbers its receipts anew, choose that for the file (Receipt numbers)."
    return f"{whose} Where numbers begin anew, each month or in each store, write that into them (2026-10-1001)."


@dataclass(frozen=True, slots=True)
class _Order:
    """An order known, or waiting: who bought it, where and when."""

    buyer: str
    store: str | None
    at: datetime

    def is_another(self, other: _Order) -> bool:
        """Tell whether two sales under one number are two orders: of two stores, and to two people or at two times."""
        here, there = (" ".join((one.store or "").split()).casefold() for one in (self, other))
        apart = self.buyer != other.buyer or abs(self.at - other.at) > SAME_SALE
        return bool(here and there and here != there and apart)


def _check_series(bought: Sequence[tuple[int, Line, str, str]], known: Mapping[str, _Order]) -> None:
    """Check, or raise NumbersBeginAnew: a number stands for one order, whatever the store."""
    seen = dict(known)
    for _, line, buyer, order_id in bought:
        if line.amount > 0 and buyer != _WHOEVERS:
            here = _Order(buyer, line.store, line.when.at)
            if seen.setdefault(order_id, here).is_another(here):
                raise NumbersBeginAnew


_KNOWN = """
SELECT external_id AS id, CAST(customer_id AS text) AS buyer, store, occurred_at FROM purchases
 WHERE external_id = ANY(:orders)
 UNION ALL
SELECT DISTINCT ON (order_id) order_id, CAST(customer_id AS text), store, occurred_at FROM import_lines
 WHERE import_id = CAST(:import AS uuid) AND order_id = ANY(:orders) AND customer_id IS NOT NULL
"""


async def _known(session: AsyncSession, import_id: UUID | None, orders: set[str]) -> dict[str, _Order]:
    found = await session.execute(text(_KNOWN), {"orders": texts(orders), "import": import_id})
    return {row.id: _Order(row.buyer, row.store, row.occurred_at) for row in found}


_CLAIM = f"""
UPDATE import_lines l SET customer_id = o.customer_id
  FROM (SELECT order_id, min(customer_id::text)::uuid AS customer_id FROM import_lines
         WHERE import_id = :import AND row_number <> {baskets.REVERSED} GROUP BY order_id
        HAVING count(*) > count(customer_id) AND count(customer_id) > 0) o
 WHERE l.import_id = :import AND l.order_id = o.order_id AND l.customer_id IS NULL
   AND l.row_number <> {baskets.REVERSED}
"""
_UNCLAIMED = f"""
WITH gone AS (DELETE FROM import_lines WHERE import_id = :import AND customer_id IS NULL
                 AND row_number <> {baskets.REVERSED} RETURNING row_number, amount)
SELECT count(*) FILTER (WHERE row_number > 0), COALESCE(sum(amount), 0) FROM gone
"""


# a void takes back a sale of this file, or of one before
_UNKNOWN_VOIDS = """
WITH gone AS (
    DELETE FROM import_lines v WHERE v.import_id = :import AND v.is_void
       AND NOT EXISTS (SELECT FROM purchases p WHERE p.external_id = v.order_id)
       AND NOT EXISTS (SELECT FROM import_lines s
                        WHERE s.import_id = v.import_id AND s.order_id = v.order_id AND s.amount > 0)
    RETURNING row_number, amount
)
SELECT count(*) FILTER (WHERE row_number > 0), COALESCE(sum(amount), 0) FROM gone
"""


@dataclass(frozen=True, slots=True)
class Gone:
    """Waiting lines that were left out: how many rows of the file, and what they came to, in the shop's currency."""

    rows: int
    total: Decimal


async def leave_out_unknown_voids(session: AsyncSession, import_id: UUID) -> Gone:
    """Leave out voids below zero of orders nobody knows, which would be orders of less than nothing. Once all lines
    wait."""
    return Gone(*(await session.execute(text(_UNKNOWN_VOIDS), {"import": import_id})).one())


async def claim(session: AsyncSession, import_id: UUID) -> Gone:
    """Give what was given back by nobody named to whoever bought its order, wherever in the file that stands; returns
    what is left out, for nobody knows its order. Once all lines wait."""
    bound = {"import": import_id}
    await session.execute(text(_CLAIM), bound)
    return Gone(*(await session.execute(text(_UNCLAIMED), bound)).one())


_UPTO = """
SELECT max(order_id) FROM (SELECT DISTINCT order_id FROM import_lines WHERE import_id = :import AND order_id > :after
 ORDER BY order_id LIMIT :most) batch
"""

_HAND_OVER = f"""
WITH gone AS (DELETE FROM import_lines WHERE import_id = :import AND order_id > :after AND order_id <= :upto
              RETURNING {", ".join(COLUMNS)})
INSERT INTO basket_lines ({", ".join(COLUMNS)}) SELECT {", ".join(COLUMNS)} FROM gone
"""


async def merge(
    session: AsyncSession, told_by: ToldBy, policy: Policy, zone: ZoneInfo, after: str, *, watch: bool = False
) -> Merged | None:
    """Make baskets of the next batch of waiting orders, those after number `after`; None if none waits.

    A basket in the file is the whole of it, or what was given back of it: see `customers.baskets.write_baskets`.

    Raises:
        IntegrityError: somebody else wrote the same orders meanwhile, three times over.
    """
    bound: dict[str, Any] = {"import": told_by.import_id, "after": after}
    upto = (await session.execute(text(_UPTO), {**bound, "most": BATCH_ORDERS})).scalar()
    if upto is None:
        return None
    await baskets.wait_for_lines(session)
    async with by_index(session):
        await session.execute(text(_HAND_OVER), {**bound, "upto": upto})
    written = await baskets.write_baskets(session, zone, keep=policy is Policy.KEEP, told_by=told_by)
    rows = await baskets.baskets_by_row(session, told_by.import_id) if watch else []
    counts = Counter({Outcome(outcome): lines for outcome, lines in written.lines.items()})
    notes = +Counter({
        GIVEN: written.given_back, VOIDED_SINCE: written.voided, MOVED: written.moved,
        REPLACED: written.replaced, CLASH: written.clashing, LONG: written.long,
    })  # fmt: skip
    return Merged(counts, written.since, upto, rows, written.baskets, written.total, written.lowered, notes)
