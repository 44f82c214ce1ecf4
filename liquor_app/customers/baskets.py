"""Write purchases, thousands of baskets at once. Corridors, for `imports`: whoever calls has authorised.

A basket's lines wait in `basket_lines`, a table of the transaction's own: `wait_for_lines` makes it, its caller fills
it, `write_baskets` makes baskets of all it holds.

A line of row number `REVERSED` is none: it says that its order was voided or refunded in full. Where nothing sold waits
of the order, a known basket is lowered to 0.00, and an unknown one is not made. What a file gives back of a known order
is added to it (`told_apart`).
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

from sqlalchemy import text
from sqlalchemy.exc import IntegrityError
from sqlalchemy.ext.asyncio import AsyncSession

from liquor_app.core.bulk import by_index, look_up_freely
from liquor_app.core.ids import uuid7_head, uuid7_tail
from liquor_app.customers.imported.confirmations import confirm_baskets
from liquor_app.customers.told_apart import CONTENT, LINE, LINES_MARK, STANDS_APART, put_together
from liquor_app.customers.voided_orders import ToldBy, leave_out_voided, remember_voided

TRIES = 3
MOVED_HOURS = 20
REVERSED = 0
"""The row number of what stands for an order that was voided or refunded in full: lines of a file have others."""


@dataclass(frozen=True, slots=True)
class Reversed:
    """Known baskets that were lowered to 0.00, and what they came to before, in the shop's currency."""

    baskets: int = 0
    total: Decimal = Decimal(0)


@dataclass(frozen=True, slots=True)
class Written:
    """Lines by what became of their basket (`created`, `updated`, `unchanged`), the first day, by the shop's clock,
    that changed, how many baskets there were by what became of them, and what all came to. Lines whose number is
    below zero stood in one row with another, and are counted with it. What somebody bought who was deleted meanwhile is
    not written, and unchanged. Baskets lowered to 0.00 by a word are in `lowered`, and but for lines of theirs in
    nothing else. Of known orders that something was given back of (`given_back`) `total` has that alone. `voided` are
    left as they are, because they were voided since. Orders `moved` were of another store before, or of more than
    `MOVED_HOURS` earlier; those `replaced` were of the same moment and held nothing of what they hold now, those
    `clashing` of another moment within `MOVED_HOURS`; those `long` were sold over more than `MOVED_HOURS`.
    """

    lines: Counter[str]
    since: date | None
    baskets: Counter[str]
    total: Decimal
    lowered: Reversed = Reversed()
    given_back: int = 0
    voided: int = 0
    moved: int = 0
    replaced: int = 0
    clashing: int = 0
    long: int = 0


@dataclass(frozen=True, slots=True)
class BasketMade:
    """A basket as it stands, and what became of it: created, updated or unchanged."""

    outcome: str
    id: UUID
    customer_id: UUID
    total: Decimal


@dataclass(frozen=True, slots=True)
class BasketTold:
    """A line by its row, and what became of its basket, before (None: as after, or there was none) and after; `who`
    bought it."""

    row_number: int
    outcome: str
    order_id: str
    who: str
    before: dict[str, Any] | None
    after: dict[str, Any]


_WAITING = """
CREATE TEMP TABLE IF NOT EXISTS basket_lines (
    order_id text, row_number int, customer_id uuid, occurred_at timestamptz NOT NULL, local_hour smallint,
    store text, register text, coupon_code text, product text, sku text, category text NOT NULL, brand text,
    quantity numeric(10, 2) NOT NULL,
    amount numeric(12, 2) NOT NULL, discount numeric(12, 2) NOT NULL, coupon_discount numeric(12, 2) NOT NULL,
    is_alcohol boolean NOT NULL, PRIMARY KEY (order_id, row_number)
) ON COMMIT DROP
"""

# an order of which something sold is left is not voided: that is the whole of it
_LINES_LEFT = f"""
DELETE FROM basket_lines b WHERE row_number = {REVERSED} AND EXISTS (
    SELECT FROM basket_lines l WHERE l.order_id = b.order_id AND l.amount > 0)
"""

_BASKETS = f"""
CREATE TEMP TABLE baskets ON COMMIT DROP AS
SELECT n.order_id, n.customer_id, n.occurred_at,
       CASE WHEN n.last_at = n.occurred_at THEN n.local_hour
            ELSE (SELECT l.local_hour FROM basket_lines l WHERE l.order_id = n.order_id
                   ORDER BY l.occurred_at, l.local_hour NULLS LAST LIMIT 1) END AS local_hour,
       n.store, n.register, n.coupon_code, n.lines, n.total, n.discount,
       n.alcohol_total, n.coupon_lines, COALESCE(p.id, {uuid7_tail("head")}) AS purchase_id,
       (c.id IS NULL OR c.deleted_at IS NOT NULL) AS is_gone,
       CASE WHEN p.id IS NULL THEN 'created'
            WHEN :keep OR (p.occurred_at, p.total, p.discount) = (n.occurred_at, n.total, n.discount)
                 AND (n.store IS NULL OR lower(btrim(n.store)) IS NOT DISTINCT FROM lower(btrim(p.store)))
                 AND (n.register IS NULL OR lower(n.register) IS NOT DISTINCT FROM lower(p.register))
                 AND COALESCE(n.coupon_code, p.coupon_code) IS NOT DISTINCT FROM p.coupon_code
                 AND (SELECT {LINES_MARK} FROM basket_lines l WHERE l.order_id = n.order_id)
                     = (SELECT {LINES_MARK} FROM purchase_lines l WHERE l.purchase_id = p.id)
            THEN 'unchanged' ELSE 'updated' END AS outcome,
       LEAST(n.occurred_at, p.occurred_at) AS moved_from, n.is_reversed, p.total AS total_before, n.total AS came_to,
       n.occurred_at AS told_at, n.sold, n.backs, n.lines AS lines_now, false AS has_parts, false AS is_apart,
       COALESCE(n.backs = 0 AND n.last_at - n.occurred_at > interval '{MOVED_HOURS} hours', false) AS is_long,
       false AS is_other, false AS is_voided,
       COALESCE(lower(btrim(n.store)) <> lower(btrim(p.store)), false) AS is_elsewhere,
       COALESCE(n.occurred_at <> p.occurred_at, false) AS is_elsewhen
  FROM (SELECT order_id, (array_agg(customer_id))[1] AS customer_id, min(occurred_at) AS occurred_at,
               max(occurred_at) AS last_at, min(local_hour) AS local_hour,
               min(store) AS store, min(register) AS register, min(coupon_code) AS coupon_code,
               count(*) FILTER (WHERE row_number > 0) AS lines, sum(amount) AS total,
               sum(discount) AS discount,
               COALESCE(sum(amount) FILTER (WHERE is_alcohol), 0) AS alcohol_total,
               count(*) FILTER (WHERE coupon_discount > 0) AS coupon_lines,
               count(*) FILTER (WHERE amount > 0) AS sold, count(*) FILTER (WHERE amount < 0) AS backs,
               bool_or(row_number = {REVERSED}) AS is_reversed
          FROM basket_lines GROUP BY order_id) n
  LEFT JOIN customers c ON c.id = n.customer_id
  LEFT JOIN purchases p ON p.external_id = n.order_id
"""
# lines wait while a file is read: by now their buyer may be one with another profile, or deleted
_FOLLOW = """
WITH RECURSIVE profiles AS (
    SELECT DISTINCT customer_id AS was, customer_id AS now FROM baskets WHERE is_gone
     UNION SELECT p.was, c.merged_into FROM profiles p JOIN customers c ON c.id = p.now WHERE c.merged_into IS NOT NULL
)
UPDATE baskets b SET customer_id = p.now, is_gone = false
  FROM profiles p JOIN customers c ON c.id = p.now AND c.deleted_at IS NULL
 WHERE b.is_gone AND b.customer_id = p.was
"""
_LEAVE_OUT = "UPDATE baskets SET outcome = 'unchanged' WHERE is_gone"
# what came to nothing already, or was taken away meanwhile, stays as it is; any other keeps its day
_REVERSE = """
UPDATE baskets b SET occurred_at = COALESCE(p.occurred_at, b.occurred_at), local_hour = p.local_hour, total = 0,
       discount = 0, alcohol_total = 0, coupon_lines = 0, lines_now = 0,
       outcome = CASE WHEN b.is_gone OR :keep OR COALESCE(p.total, 0) = 0 THEN 'unchanged' ELSE 'updated' END
  FROM baskets o LEFT JOIN purchases p ON p.id = o.purchase_id WHERE b.is_reversed AND o.order_id = b.order_id
"""

# of an order cut over two files the second would take the first one's place, and so would a receipt of another
# register that has its number: at another time a line that names nothing is known by what was paid
_OTHERS = """
UPDATE baskets b SET is_other = true
 WHERE b.outcome = 'updated' AND NOT b.is_reversed AND NOT b.is_apart AND NOT :keep
   AND EXISTS (SELECT FROM purchase_lines s WHERE s.purchase_id = b.purchase_id AND NOT s.is_apart)
   AND NOT EXISTS (
       SELECT FROM purchase_lines s JOIN basket_lines l ON l.order_id = b.order_id AND (
                  (s.product = l.product) IS TRUE OR (s.sku = l.sku) IS TRUE
                  OR (s.amount, s.category) = (l.amount, l.category)
                  OR ((COALESCE(s.product, s.sku) IS NULL OR COALESCE(l.product, l.sku) IS NULL)
                      AND (s.amount = l.amount OR NOT b.is_elsewhen)))
        WHERE s.purchase_id = b.purchase_id AND NOT s.is_apart)
"""

_INSERT = """
INSERT INTO purchases (id, external_id, customer_id, occurred_at, local_hour, total, discount, alcohol_total, store,
                       register, coupon_code, coupon_lines, import_id)
SELECT purchase_id, order_id, customer_id, occurred_at, local_hour, total, discount, alcohol_total, store, register,
       coupon_code, coupon_lines, CAST(:import AS uuid)
  FROM baskets WHERE outcome = 'created'
"""

BASKET = (
    "occurred_at", "local_hour", "total", "discount", "alcohol_total", "store", "register", "coupon_code",
    "coupon_lines", "written_by",
)  # fmt: skip
"""Columns of a basket that an update writes."""


def _as_json(alias: str, columns: Sequence[str]) -> str:
    pairs = ", ".join(f"'{name}', {alias}.{name}" for name in columns)
    return f"jsonb_build_object({pairs})"


# What an import changes is kept, lines and all, by the statement that changes it. Every part of it sees the lines as
# they were, and finds them by index.
_UPDATE = f"""
WITH old AS (
    SELECT b.*, {_as_json("p", BASKET)} AS before,
           CASE WHEN CAST(:import AS uuid) IS NOT NULL THEN (
               SELECT jsonb_agg({_as_json("l", LINE)}) FROM purchase_lines l WHERE l.purchase_id = p.id) END AS were
      FROM baskets b JOIN purchases p ON p.id = b.purchase_id WHERE b.outcome = 'updated' FOR UPDATE OF p
), gone AS (
    DELETE FROM purchase_lines l USING baskets b WHERE l.purchase_id = b.purchase_id AND b.outcome = 'updated'
), changed AS (
    UPDATE purchases p SET occurred_at = b.occurred_at, local_hour = b.local_hour, total = b.total,
           discount = b.discount, alcohol_total = b.alcohol_total,
           store = CASE WHEN b.is_apart THEN p.store ELSE COALESCE(b.store, p.store) END,
           register = CASE WHEN b.is_apart THEN p.register ELSE COALESCE(b.register, p.register) END,
           coupon_code = COALESCE(b.coupon_code, p.coupon_code), coupon_lines = b.coupon_lines,
           written_by = COALESCE(CAST(:import AS uuid), uuid_v7())
      FROM old b WHERE p.id = b.purchase_id
    RETURNING p.id, b.before, b.were
)
INSERT INTO purchase_images (import_id, purchase_id, before, lines)
SELECT CAST(:import AS uuid), id, before, COALESCE(were, '[]') FROM changed WHERE CAST(:import AS uuid) IS NOT NULL
    ON CONFLICT (import_id, purchase_id) DO NOTHING
"""

_ADD_LINES = f"""
INSERT INTO purchase_lines (id, purchase_id, {", ".join(LINE)})
SELECT {uuid7_tail("head")}, b.purchase_id, {", ".join(f"l.{name}" for name in CONTENT)},
       CASE WHEN l.amount < 0 OR b.sold = 0 THEN l.occurred_at END, {STANDS_APART}
  FROM basket_lines l JOIN baskets b USING (order_id)
 WHERE b.outcome <> 'unchanged' AND NOT b.is_reversed AND NOT b.has_parts
"""
_ADD_PARTS = f"""
INSERT INTO purchase_lines (purchase_id, {", ".join(LINE)})
SELECT b.purchase_id, {", ".join(f"l.{name}" for name in LINE)}
  FROM part_lines l JOIN baskets b USING (order_id) WHERE b.outcome <> 'unchanged'
"""

_TOUCH = """
INSERT INTO touched_customers (customer_id)
SELECT DISTINCT customer_id FROM baskets WHERE outcome <> 'unchanged' ORDER BY 1
    ON CONFLICT (customer_id) DO UPDATE SET at = now(), claimed = NULL WHERE touched_customers.claimed IS NOT NULL
"""
# whoever waits already is locked and not written anew: a scoring that is taking them away leaves them to the next one

_SUMMED = f"""
SELECT outcome, is_reversed, sum(lines) AS lines, count(*) AS baskets,
       sum(CASE WHEN is_reversed THEN total_before ELSE came_to END) AS total,
       min(CAST(moved_from AT TIME ZONE :zone AS date)) FILTER (WHERE outcome <> 'unchanged') AS since,
       count(*) FILTER (WHERE is_apart AND outcome = 'updated') AS given_back,
       count(*) FILTER (WHERE is_voided) AS voided,
       count(*) FILTER (WHERE outcome = 'updated' AND NOT is_apart AND NOT is_reversed
                          AND (occurred_at - moved_from > interval '{MOVED_HOURS} hours' OR is_elsewhere)) AS moved,
       count(*) FILTER (WHERE is_other AND occurred_at - moved_from <= interval '{MOVED_HOURS} hours'
                          AND NOT is_elsewhere AND NOT is_elsewhen) AS replaced,
       count(*) FILTER (WHERE is_other AND occurred_at - moved_from <= interval '{MOVED_HOURS} hours'
                          AND NOT is_elsewhere AND is_elsewhen) AS clashing,
       count(*) FILTER (WHERE is_long AND outcome <> 'unchanged' AND NOT is_reversed) AS long
  FROM baskets GROUP BY outcome, is_reversed
"""

_TOLD_OF = ("given_back", "voided", "moved", "replaced", "clashing", "long")

_TOLD = """
SELECT l.row_number, b.outcome, b.order_id, COALESCE(c.name, c.email, c.external_id, c.phone, '') AS who,
       i.before || jsonb_build_object('lines', jsonb_array_length(i.lines), 'total', i.before ->> 'total',
           'discount', i.before ->> 'discount') AS before,
       jsonb_build_object('occurred_at', p.occurred_at, 'total', CAST(p.total AS text), 'discount',
           CAST(p.discount AS text), 'lines', b.lines_now, 'store', p.store, 'register', p.register,
           'coupon_code', p.coupon_code) AS after
  FROM basket_lines l JOIN baskets b USING (order_id)
  JOIN purchases p ON p.id = b.purchase_id
  JOIN customers c ON c.id = b.customer_id
  LEFT JOIN purchase_images i
    ON i.purchase_id = b.purchase_id AND i.import_id = CAST(:import AS uuid) AND b.outcome = 'updated'
 ORDER BY l.row_number
"""


_MADE = """
SELECT b.order_id, b.outcome, p.id, p.customer_id, p.total FROM baskets b JOIN purchases p ON p.external_id = b.order_id
"""


_NO_MERGE = "SELECT pg_advisory_xact_lock_shared(hashtextextended('merge of profiles', 0))"
_MERGING = "SELECT pg_advisory_xact_lock(hashtextextended('merge of profiles', 0))"


async def lock_out_baskets(session: AsyncSession) -> None:
    """Until the end of the transaction nobody writes baskets: what is written before belongs to whom it names, and is
    seen by a merge of profiles; what comes after follows it."""
    await session.execute(text(_MERGING))


async def wait_for_lines(session: AsyncSession) -> None:
    """Make room for the lines of the next baskets."""
    await session.execute(text(_WAITING))
    await session.execute(text("TRUNCATE basket_lines"))


async def write_baskets(session: AsyncSession, zone: ZoneInfo, *, keep: bool, told_by: ToldBy | None = None) -> Written:
    """Make baskets of the lines that wait, and note their buyers for the next scoring.

    What waits of a basket is the whole of it, or what was given back of it: a known one is replaced if anything differs
    (the till's later word is the right one), lowered, or left alone if `keep`. What an import replaces is kept for its
    undoing. Whose profile was merged since the lines were understood is followed to the one that stayed.

    Args:
        told_by: the import; None for what a till tells as it happens.

    Raises:
        IntegrityError: somebody else wrote the same orders meanwhile, three times over.
    """
    import_id = told_by.import_id if told_by else None
    for attempt in range(1, TRIES + 1):
        try:
            async with session.begin_nested(), by_index(session):
                await session.execute(text(_NO_MERGE))
                await session.execute(text("DROP TABLE IF EXISTS pg_temp.baskets"))
                await session.execute(text(_LINES_LEFT))
                await session.execute(text(_BASKETS), {"keep": keep, "head": uuid7_head()})
                await session.execute(text("ANALYZE baskets (order_id, purchase_id, outcome)"))
                has_parts = await put_together(session, keep=keep)
                await session.execute(text(_FOLLOW))
                await session.execute(text(_LEAVE_OUT))
                await session.execute(text(_REVERSE), {"keep": keep})
                if told_by:
                    await leave_out_voided(session, told_by)
                    await remember_voided(session, told_by)
                    await session.execute(text(_OTHERS), {"keep": keep})
                for statement in (_INSERT, _UPDATE):
                    await session.execute(text(statement), {"import": import_id})
                # of tables of this transaction alone, whose size the planner sees
                await look_up_freely(session)
                await session.execute(text(_ADD_LINES), {"head": uuid7_head()})
                if has_parts:
                    await session.execute(text(_ADD_PARTS))
                await session.execute(text(_TOUCH))
                await confirm_baskets(session, import_id)
            break
        except IntegrityError:
            if attempt == TRIES:
                raise
    lines, baskets = Counter[str](), Counter[str]()
    days, total, lowered, told = [], Decimal(0), Reversed(), Counter[str]()
    for row in await session.execute(text(_SUMMED), {"zone": zone.key}):
        days += [row.since] if row.since else []
        lines[row.outcome] += int(row.lines)
        if row.is_reversed:
            lowered = Reversed(int(row.baskets), row.total) if row.outcome == "updated" else lowered
            continue
        baskets[row.outcome] += int(row.baskets)
        total += row.total
        told.update({name: int(getattr(row, name)) for name in _TOLD_OF})
    return Written(+lines, min(days, default=None), baskets, total, lowered, **told)


async def baskets_made(session: AsyncSession) -> dict[str, BasketMade]:
    """Tell what became of each basket just written, by its order's number."""
    found = await session.execute(text(_MADE))
    return {row.order_id: BasketMade(row.outcome, row.id, row.customer_id, row.total) for row in found}


async def baskets_by_row(session: AsyncSession, import_id: UUID) -> list[BasketTold]:
    """Tell what became of the basket of each line an import has just written, by the lines' row numbers."""
    found = await session.execute(text(_TOLD), {"import": import_id})
    return [BasketTold(**row) for row in found.mappings()]
