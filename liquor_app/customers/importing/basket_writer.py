"""Lines of purchases into baskets: all of them wait first, because a basket's lines may lie anywhere in a file, and
are then merged in the order of their orders' numbers, a batch a step."""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

from sqlalchemy import text
from sqlalchemy.exc import IntegrityError
from sqlalchemy.ext.asyncio import AsyncSession

from liquor_app.core.bulk import copy_rows
from liquor_app.customers.importing.cleaning.cells import Rejected
from liquor_app.customers.importing.cleaning.rows import Line
from liquor_app.customers.importing.merge_rows import KEYS, Base, Known, Outcome, Policy
from liquor_app.customers.importing.query_hints import by_index
from liquor_app.customers.importing.rejects import WHOLE

TRIES = 3

COLUMNS = (
    "import_id", "row_number", "order_id", "customer_id", "occurred_at", "local_hour", "store", "coupon_code",
    "product", "category", "brand", "quantity", "amount", "discount", "coupon_discount", "is_alcohol",
)  # fmt: skip


BATCH_ORDERS = 5_000
"""Orders made in one step."""


@dataclass(frozen=True, slots=True)
class Merged:
    """A batch of orders made: lines by what became of their basket, the first day that changed, the last order's
    number, each line's outcome (if watched), and how many good lines stand among the rejects to keep their order
    whole."""

    counts: Counter[Outcome]
    since: date | None
    upto: str
    rows: list[tuple[int, str]]
    kept_whole: int


async def _load_buyers(session: AsyncSession, keys: dict[str, list[str]]) -> Base:
    """Whoever holds one of these keys, by their keys alone."""
    holders = " UNION ".join(
        f"SELECT id, email_key, external_id, phone FROM customers WHERE deleted_at IS NULL AND {key} = ANY(:{key})"
        for key in KEYS
        if keys[key]
    )
    if not holders:
        return Base([])
    found = await session.execute(text(f"{holders} ORDER BY id"), {key: list(set(keys[key])) for key in KEYS})
    return Base(
        Known(customer_id, {"email_key": email, "external_id": external, "phone": phone})
        for customer_id, email, external, phone in found
    )


def _buyer(base: Base, line: Line) -> UUID:
    given = {
        "email_key": line.email_key,
        "external_id": line.external_id,
        "phone": line.phone,
    }
    found = base.match({key: value for key, value in given.items() if value})
    if found is None:
        shown = line.email_key or line.external_id or line.phone
        raise Rejected("unknown_customer", "customer", f"There is no customer {shown!r}. Import the customers first.")
    return found.id


def _order_id(line: Line, buyer: UUID, mended: bool) -> str:
    """The till's number; else one made of who, when and where, the same each time the file is read.

    A mended line that names no order becomes one of its own: it must not take the place of those taken before.
    """
    if line.order_id:
        return line.order_id
    mark = f"{buyer}|{line.when.at.isoformat()}|{line.store or ''}{'|mended' if mended else ''}"
    return "auto-" + hashlib.sha256(mark.encode()).hexdigest()[:24]


async def stage(
    session: AsyncSession, import_id: UUID, lines: Sequence[Line], *, mended: bool = False
) -> list[tuple[int, Rejected]]:
    """Put a chunk of lines into the waiting table; returns the positions of those that belong to nobody known, or to
    an order of somebody else."""
    keys = {
        "email_key": [line.email_key for line in lines if line.email_key],
        "external_id": [line.external_id for line in lines if line.external_id],
        "phone": [line.phone for line in lines if line.phone],
    }
    base = await _load_buyers(session, keys)
    rejected: list[tuple[int, Rejected]] = []
    bought: list[tuple[int, Line, UUID, str]] = []
    for position, line in enumerate(lines):
        try:
            buyer = _buyer(base, line)
        except Rejected as why:
            rejected.append((position, why))
        else:
            bought.append((position, line, buyer, _order_id(line, buyer, mended)))
    owners = await _owners(session, import_id, {order_id for *_, order_id in bought})
    rows: list[list[Any]] = []
    for position, line, buyer, order_id in bought:
        if owners.setdefault(order_id, buyer) != buyer:
            reason = f"The order {order_id[:60]!r} is another customer's."
            rejected.append((position, Rejected("order_of_another_customer", "order_id", reason)))
            continue
        rows.append(
            [
                import_id, line.number, order_id, buyer, line.when.at, line.when.local_hour, line.store,
                line.coupon_code, line.product, line.category, line.brand, line.quantity, line.amount, line.discount,
                line.coupon_discount, line.is_alcohol,
            ]
        )  # fmt: skip
    await copy_rows(session, "import_lines", COLUMNS, rows)
    return rejected


async def _owners(session: AsyncSession, import_id: UUID, orders: set[str]) -> dict[str, UUID]:
    found = await session.execute(
        text(
            "SELECT external_id, customer_id FROM purchases WHERE external_id = ANY(:orders)"
            " UNION ALL SELECT DISTINCT ON (order_id) order_id, customer_id FROM import_lines"
            " WHERE import_id = :import AND order_id = ANY(:orders)"
        ),
        {"orders": list(orders), "import": import_id},
    )
    return {row[0]: row[1] for row in found}


_LINES_MARK = (
    "md5(string_agg(concat_ws('|', COALESCE(product, ''), category, COALESCE(brand, ''), quantity, amount, discount,"
    " coupon_discount, is_alcohol), chr(10)"
    " ORDER BY product, category, brand, quantity, amount, discount, coupon_discount, is_alcohol))"
)

_BASKETS = f"""
CREATE TEMP TABLE import_baskets ON COMMIT DROP AS
SELECT n.order_id, n.customer_id, n.occurred_at, n.local_hour, n.store, n.coupon_code, n.lines, n.total, n.discount,
       n.alcohol_total, n.coupon_lines, COALESCE(p.id, uuid_v7()) AS purchase_id,
       CASE WHEN p.id IS NULL THEN 'created'
            WHEN :keep OR (p.occurred_at, p.total, p.discount) = (n.occurred_at, n.total, n.discount)
                 AND COALESCE(n.store, p.store) IS NOT DISTINCT FROM p.store
                 AND COALESCE(n.coupon_code, p.coupon_code) IS NOT DISTINCT FROM p.coupon_code
                 AND (SELECT {_LINES_MARK} FROM import_lines l WHERE l.import_id = :import AND l.order_id = n.order_id)
                     = (SELECT {_LINES_MARK} FROM purchase_lines l WHERE l.purchase_id = p.id)
            THEN 'unchanged' ELSE 'updated' END AS outcome,
       LEAST(n.occurred_at, p.occurred_at) AS moved_from
  FROM (SELECT order_id, (array_agg(customer_id))[1] AS customer_id, min(occurred_at) AS occurred_at,
               (array_agg(local_hour ORDER BY occurred_at, local_hour NULLS LAST))[1] AS local_hour,
               min(store) AS store, min(coupon_code) AS coupon_code, count(*) AS lines, sum(amount) AS total,
               sum(discount) AS discount,
               COALESCE(sum(amount) FILTER (WHERE is_alcohol), 0) AS alcohol_total,
               count(*) FILTER (WHERE coupon_discount > 0) AS coupon_lines
          FROM import_lines WHERE import_id = :import AND order_id > :after AND order_id <= :upto
         GROUP BY order_id) n
  LEFT JOIN purchases p ON p.external_id = n.order_id
"""

_INSERT = """
INSERT INTO purchases (id, external_id, customer_id, occurred_at, local_hour, total, discount, alcohol_total, store,
                       coupon_code, coupon_lines)
SELECT purchase_id, order_id, customer_id, occurred_at, local_hour, total, discount, alcohol_total, store, coupon_code,
       coupon_lines
  FROM import_baskets WHERE outcome = 'created'
"""

_UPDATE = """
UPDATE purchases p SET occurred_at = b.occurred_at, local_hour = b.local_hour, total = b.total,
       discount = b.discount, alcohol_total = b.alcohol_total, store = COALESCE(b.store, p.store),
       coupon_code = COALESCE(b.coupon_code, p.coupon_code), coupon_lines = b.coupon_lines
  FROM import_baskets b WHERE p.id = b.purchase_id AND b.outcome = 'updated'
"""

_DROP_LINES = """
DELETE FROM purchase_lines l USING import_baskets b WHERE l.purchase_id = b.purchase_id AND b.outcome = 'updated'
"""

_ADD_LINES = """
INSERT INTO purchase_lines (purchase_id, product, category, brand, quantity, amount, discount, coupon_discount,
                            is_alcohol)
SELECT b.purchase_id, l.product, l.category, l.brand, l.quantity, l.amount, l.discount, l.coupon_discount, l.is_alcohol
  FROM import_lines l JOIN import_baskets b USING (order_id)
 WHERE l.import_id = :import AND b.outcome <> 'unchanged'
"""

_TOUCH = """
INSERT INTO touched_customers (customer_id)
SELECT DISTINCT customer_id FROM import_baskets WHERE outcome <> 'unchanged' ORDER BY 1
    ON CONFLICT (customer_id) DO UPDATE SET at = now(), claimed = NULL
"""

# The good lines of an order that has a refused one go into the file of rejects too: a basket in a file is the whole
# of it, so the mended file must hold the whole.
_KEEP_WHOLE = f"""
INSERT INTO import_rejects (import_id, row_number, reason, raw)
SELECT l.import_id, l.row_number, '{WHOLE}', '{{}}' FROM import_lines l JOIN import_baskets b USING (order_id)
 WHERE l.import_id = :import
   AND order_id IN (SELECT raw ->> 'order' FROM import_rejects WHERE import_id = :import AND raw ? 'order')
    ON CONFLICT DO NOTHING
"""

_TAKE_AWAY = """
DELETE FROM import_lines l USING import_baskets b
 WHERE l.import_id = :import AND l.order_id = b.order_id
"""

_UPTO = """
SELECT max(order_id) FROM (SELECT DISTINCT order_id FROM import_lines WHERE import_id = :import AND order_id > :after
 ORDER BY order_id LIMIT :most) batch
"""


async def merge(
    session: AsyncSession, import_id: UUID, policy: Policy, zone: ZoneInfo, after: str, *, watch: bool = False
) -> Merged | None:
    """The next batch of waiting orders, those after number `after`, into baskets; None if none waits.

    A basket in the file is the whole of it: a known one is replaced if anything differs (the till's later word is
    the right one), or left alone where the policy keeps what is known. Its buyer is noted for the next scoring.

    Raises:
        IntegrityError: somebody else wrote the same orders meanwhile, three times over.
    """
    bound: dict[str, Any] = {"import": import_id, "after": after}
    upto = (await session.execute(text(_UPTO), {**bound, "most": BATCH_ORDERS})).scalar()
    if upto is None:
        return None
    for attempt in range(1, TRIES + 1):
        try:
            async with session.begin_nested(), by_index(session):
                await session.execute(text("DROP TABLE IF EXISTS pg_temp.import_baskets"))
                await session.execute(text(_BASKETS), {**bound, "upto": upto, "keep": policy is Policy.KEEP})
                await session.execute(text("ANALYZE import_baskets"))
                for statement in (_INSERT, _UPDATE, _DROP_LINES, _ADD_LINES, _TOUCH):
                    await session.execute(text(statement), {"import": import_id} if ":import" in statement else {})
            break
        except IntegrityError:
            if attempt == TRIES:
                raise
    found = await session.execute(
        text(
            "SELECT outcome, sum(lines) AS lines,"
            " min(CAST(moved_from AT TIME ZONE :zone AS date)) FILTER (WHERE outcome <> 'unchanged') AS since"
            " FROM import_baskets GROUP BY outcome"
        ),
        {"zone": zone.key},
    )
    counts: Counter[Outcome] = Counter()
    days = []
    for outcome, lines, since in found:
        counts[Outcome(outcome)] += int(lines)
        days += [since] if since else []
    whole = await session.execute(text(_KEEP_WHOLE), {"import": import_id})
    async with by_index(session):
        gone = await session.execute(
            text(f"{_TAKE_AWAY} RETURNING l.row_number, b.outcome" if watch else _TAKE_AWAY), {"import": import_id}
        )
    rows = [(number, outcome) for number, outcome in gone] if watch else []
    return Merged(counts, min(days, default=None), upto, rows, int(whole.rowcount))  # type: ignore[attr-defined]
