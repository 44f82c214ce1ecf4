"""Lines of purchases into baskets: staged whole, because a basket's lines may lie anywhere in a file, then merged
by their order's number in a handful of statements."""

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
from sqlalchemy.ext.asyncio import AsyncSession

from liquor_app.core.bulk import copy_rows
from liquor_app.customers.importing.cells import Rejected
from liquor_app.customers.importing.cleaning import Line
from liquor_app.customers.importing.merging import Base, Outcome, Policy
from liquor_app.customers.importing.people import load_known

COLUMNS = (
    "order_id", "customer_id", "occurred_at", "local_hour", "store", "coupon_code", "product", "category", "brand",
    "quantity", "amount", "discount", "is_alcohol",
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Merged:
    """Lines by what became of their basket, and the first day that changed."""

    counts: Counter[Outcome]
    since: date | None


async def prepare(session: AsyncSession) -> None:
    """The temporary table the lines wait in."""
    await session.execute(text("DROP TABLE IF EXISTS pg_temp.import_lines, pg_temp.import_baskets"))
    await session.execute(
        text(
            "CREATE TEMP TABLE import_lines (order_id text NOT NULL, customer_id uuid NOT NULL,"
            " occurred_at timestamptz NOT NULL, local_hour smallint, store text, coupon_code text, product text,"
            " category text NOT NULL, brand text, quantity numeric(10,2), amount numeric(12,2),"
            " discount numeric(12,2), is_alcohol boolean) ON COMMIT DROP"
        )
    )
    await session.execute(text("CREATE INDEX ON import_lines (order_id)"))


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


def _order_id(line: Line, buyer: UUID) -> str:
    """The till's number; else one made of who, when and where, the same each time the file is read."""
    if line.order_id:
        return line.order_id
    mark = f"{buyer}|{line.when.at.isoformat()}|{line.store or ''}"
    return "auto-" + hashlib.sha256(mark.encode()).hexdigest()[:24]


async def stage(session: AsyncSession, lines: Sequence[Line]) -> list[tuple[int, Rejected]]:
    """Put a chunk of lines into the waiting table; returns the positions of those that belong to nobody known, or to
    an order of somebody else."""
    keys = {
        "email_key": [line.email_key for line in lines if line.email_key],
        "external_id": [line.external_id for line in lines if line.external_id],
        "phone": [line.phone for line in lines if line.phone],
    }
    base = await load_known(session, keys)
    rejected: list[tuple[int, Rejected]] = []
    bought: list[tuple[int, Line, UUID, str]] = []
    for position, line in enumerate(lines):
        try:
            buyer = _buyer(base, line)
        except Rejected as why:
            rejected.append((position, why))
        else:
            bought.append((position, line, buyer, _order_id(line, buyer)))
    owners = await _owners(session, {order_id for *_, order_id in bought})
    rows: list[list[Any]] = []
    for position, line, buyer, order_id in bought:
        if owners.setdefault(order_id, buyer) != buyer:
            reason = f"The order {order_id[:60]!r} is another customer's."
            rejected.append((position, Rejected("order_of_another_customer", "order_id", reason)))
            continue
        rows.append(
            [
                order_id, buyer, line.when.at, line.when.local_hour, line.store, line.coupon_code, line.product,
                line.category, line.brand, line.quantity, line.amount, line.discount, line.is_alcohol,
            ]
        )  # fmt: skip
    await copy_rows(session, "import_lines", COLUMNS, rows)
    return rejected


async def _owners(session: AsyncSession, orders: set[str]) -> dict[str, UUID]:
    found = await session.execute(
        text(
            "SELECT external_id, customer_id FROM purchases WHERE external_id = ANY(:orders)"
            " UNION ALL SELECT DISTINCT ON (order_id) order_id, customer_id FROM import_lines"
            " WHERE order_id = ANY(:orders)"
        ),
        {"orders": list(orders)},
    )
    return {row[0]: row[1] for row in found}


_LINES_MARK = (
    "md5(string_agg(concat_ws('|', COALESCE(product, ''), category, COALESCE(brand, ''), quantity, amount, discount,"
    " is_alcohol), chr(10) ORDER BY product, category, brand, quantity, amount, discount, is_alcohol))"
)

_BASKETS = f"""
CREATE TEMP TABLE import_baskets ON COMMIT DROP AS
SELECT n.order_id, n.customer_id, n.occurred_at, n.local_hour, n.store, n.coupon_code, n.lines, n.total, n.discount,
       n.alcohol_total, COALESCE(p.id, uuid_v7()) AS purchase_id,
       CASE WHEN p.id IS NULL THEN 'created'
            WHEN :keep OR (p.occurred_at, p.total, p.discount) = (n.occurred_at, n.total, n.discount)
                 AND COALESCE(n.store, p.store) IS NOT DISTINCT FROM p.store
                 AND COALESCE(n.coupon_code, p.coupon_code) IS NOT DISTINCT FROM p.coupon_code
                 AND n.mark = (SELECT {_LINES_MARK} FROM purchase_lines l WHERE l.purchase_id = p.id)
            THEN 'unchanged' ELSE 'updated' END AS outcome,
       LEAST(n.occurred_at, p.occurred_at) AS moved_from
  FROM (SELECT order_id, (array_agg(customer_id))[1] AS customer_id, min(occurred_at) AS occurred_at,
               (array_agg(local_hour ORDER BY occurred_at, local_hour NULLS LAST))[1] AS local_hour,
               min(store) AS store, min(coupon_code) AS coupon_code, count(*) AS lines, sum(amount) AS total,
               sum(discount) AS discount,
               COALESCE(sum(amount) FILTER (WHERE is_alcohol), 0) AS alcohol_total, {_LINES_MARK} AS mark
          FROM import_lines GROUP BY order_id) n
  LEFT JOIN purchases p ON p.external_id = n.order_id
"""

_INSERT = """
INSERT INTO purchases (id, external_id, customer_id, occurred_at, local_hour, total, discount, alcohol_total, store,
                       coupon_code)
SELECT purchase_id, order_id, customer_id, occurred_at, local_hour, total, discount, alcohol_total, store, coupon_code
  FROM import_baskets WHERE outcome = 'created'
"""

_UPDATE = """
UPDATE purchases p SET occurred_at = b.occurred_at, local_hour = b.local_hour, total = b.total,
       discount = b.discount, alcohol_total = b.alcohol_total, store = COALESCE(b.store, p.store),
       coupon_code = COALESCE(b.coupon_code, p.coupon_code)
  FROM import_baskets b WHERE p.id = b.purchase_id AND b.outcome = 'updated'
"""

_DROP_LINES = """
DELETE FROM purchase_lines l USING import_baskets b WHERE l.purchase_id = b.purchase_id AND b.outcome = 'updated'
"""

_ADD_LINES = """
INSERT INTO purchase_lines (purchase_id, product, category, brand, quantity, amount, discount, is_alcohol)
SELECT b.purchase_id, l.product, l.category, l.brand, l.quantity, l.amount, l.discount, l.is_alcohol
  FROM import_lines l JOIN import_baskets b USING (order_id) WHERE b.outcome <> 'unchanged'
"""


async def merge(session: AsyncSession, policy: Policy, zone: ZoneInfo) -> Merged:
    """The waiting lines into baskets. A basket in the file is the whole of it: a known one is replaced if anything
    differs (the till's later word is the right one), or left alone where the policy keeps what is known."""
    await session.execute(text("ANALYZE import_lines"))
    await session.execute(text(_BASKETS), {"keep": policy is Policy.KEEP})
    for statement in (_INSERT, _UPDATE, _DROP_LINES, _ADD_LINES):
        await session.execute(text(statement))
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
    return Merged(counts, min(days, default=None))
