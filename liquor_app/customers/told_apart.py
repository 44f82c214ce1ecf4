"""Orders that files tell in parts: what was given back later, beside the order as it was sold (ADR 98). Corridors, for
`baskets`.

A file lists an order *whole*, or *apart*: only what was given back of it, or exchanged. Lines told apart are added to
what is known, each once however often it is told. A whole order takes the place of the order as it was sold; what was
given back stays beside it, but for what it lists itself. Both kinds of lines are marked `is_apart`, with their moment.
"""

from __future__ import annotations

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

CONTENT = ("product", "sku", "category", "brand", "quantity", "amount", "discount", "coupon_discount", "is_alcohol")
"""Columns of a line that a file tells."""
LINE = (*CONTENT, "row_at", "is_apart")
"""All columns of a line."""


def _of(alias: str) -> str:
    return ", ".join(f"{alias}.{name}" for name in CONTENT)


LINES_MARK = (
    "md5(string_agg(concat_ws('|', COALESCE(product, ''), COALESCE(sku, ''), category, COALESCE(brand, ''), quantity,"
    " amount, discount, coupon_discount, is_alcohol), chr(10)"
    " ORDER BY product, sku, category, brand, quantity, amount, discount, coupon_discount, is_alcohol))"
)
"""SQL that says what lines hold, whatever their order; equal for equal lines."""


IS_APART = "(b.sold = 0 AND b.backs > 0)"
"""A basket of the file that holds what was given back, and nothing sold."""


def _same(one: str, other: str) -> str:
    """Two lines are of one thing, by name or number; one without both is of none."""
    return f"(({one}.product = {other}.product) IS TRUE OR ({one}.sku = {other}.sku) IS TRUE)"


def _is_nameless(alias: str) -> str:
    return f"({alias}.product IS NULL AND {alias}.sku IS NULL)"


_SOLD_BEFORE = "s.purchase_id = p.id AND NOT s.is_apart AND s.amount > 0"
# something is given back that the known order sold and the file's does not: the file does not hold the whole of it
_GIVES_BACK_KNOWN = f"""
EXISTS (SELECT FROM basket_lines n WHERE n.order_id = b.order_id AND n.amount < 0
           AND EXISTS (SELECT FROM purchase_lines s WHERE {_SOLD_BEFORE} AND {_same("s", "n")})
           AND (SELECT sum(f.amount) FROM basket_lines f WHERE f.order_id = b.order_id AND {_same("f", "n")}) < 0)
"""
# the same of a sum alone ("Refund -20.00"), where nothing of the known order is sold in the file
_GIVES_BACK_A_SUM = f"""
(EXISTS (SELECT FROM basket_lines n WHERE n.order_id = b.order_id AND n.amount < 0
            AND EXISTS (SELECT FROM purchase_lines s WHERE {_SOLD_BEFORE} AND s.amount = -n.amount)
            AND (SELECT sum(sign(f.amount)) FROM basket_lines f
                  WHERE f.order_id = b.order_id AND abs(f.amount) = -n.amount) < 0)
 AND NOT EXISTS (SELECT FROM basket_lines f JOIN purchase_lines s ON s.amount = f.amount
                    AND ({_same("s", "f")} OR ({_is_nameless("s")} AND {_is_nameless("f")}))
                  WHERE f.order_id = b.order_id AND f.amount > 0 AND {_SOLD_BEFORE}))
"""
# a line below zero is a return, and no coupon, where it stands without a sale or a name, or says so by its count, its
# moment or the thing it is of
STANDS_APART = f"""
CASE WHEN {IS_APART} THEN true WHEN l.amount >= 0 THEN false
     ELSE l.quantity < 0 OR l.occurred_at <> b.told_at OR {_is_nameless("l")}
          OR EXISTS (SELECT FROM basket_lines s WHERE s.order_id = l.order_id AND s.amount > 0 AND {_same("s", "l")})
END
"""
"""Whether a line `l` that waits is no part of its basket `b` as it was sold."""

_HAS_PARTS = """
NOT b.is_reversed AND b.outcome <> 'created' AND (b.backs > 0 OR EXISTS (
    SELECT FROM purchase_lines s WHERE s.purchase_id = b.purchase_id AND s.is_apart))
"""
_ANY = f"SELECT EXISTS (SELECT FROM baskets b WHERE {_HAS_PARTS})"
_PARTS = f"""
CREATE TEMP TABLE basket_parts ON COMMIT DROP AS
SELECT b.order_id, b.purchase_id, p.occurred_at AS known_at, p.local_hour, p.store, p.register, p.coupon_code,
       p.total, p.discount,
       b.occurred_at AS first_at,
       (SELECT max(f.occurred_at) FROM basket_lines f WHERE f.order_id = b.order_id) AS last_at,
       {IS_APART} OR (b.backs > 0 AND ({_GIVES_BACK_KNOWN} OR {_GIVES_BACK_A_SUM})) AS is_apart,
       NOT EXISTS (SELECT FROM purchase_lines s WHERE s.purchase_id = p.id) AS is_empty,
       NOT EXISTS (SELECT FROM purchase_lines s WHERE s.purchase_id = p.id AND NOT s.is_apart) AS is_unsold,
       false AS is_known, false AS lists_returns, false AS is_too_much
  FROM baskets b JOIN purchases p ON p.id = b.purchase_id
 WHERE {_HAS_PARTS}
"""
_LINES = f"""
CREATE TEMP TABLE part_lines ON COMMIT DROP AS
SELECT CAST(NULL AS text) AS order_id, {_of("l")}, l.row_at, l.is_apart, l.row_at AS at
  FROM purchase_lines l WHERE false
"""
_COLUMNS = f"order_id, {', '.join(LINE)}, at"
_TOLD = f"""
CREATE TEMP TABLE told_lines ON COMMIT DROP AS
SELECT l.*, {STANDS_APART} AS is_return, row_number() OVER (
           PARTITION BY l.order_id, l.amount, l.product, l.sku, l.occurred_at ORDER BY l.row_number) AS nth
  FROM basket_lines l JOIN baskets b USING (order_id) JOIN basket_parts USING (order_id)
"""
# what is known of the order already: all that was sold, and no less given back
_JUDGE = f"""
UPDATE basket_parts p SET
       lists_returns = EXISTS (SELECT FROM told_lines t WHERE t.order_id = p.order_id AND t.is_return),
       is_too_much = (SELECT sum(t.amount) FROM told_lines t WHERE t.order_id = p.order_id) + COALESCE((
           SELECT sum(l.amount) FROM purchase_lines l WHERE l.purchase_id = p.purchase_id AND l.is_apart), 0) < 0,
       is_known = (SELECT {LINES_MARK} FROM told_lines t WHERE t.order_id = p.order_id AND NOT t.is_return)
           IS NOT DISTINCT FROM (SELECT {LINES_MARK} FROM purchase_lines l
                                  WHERE l.purchase_id = p.purchase_id AND NOT l.is_apart)
           AND NOT EXISTS (SELECT FROM told_lines t WHERE t.order_id = p.order_id AND t.is_return AND t.nth > (
               SELECT count(*) FROM purchase_lines l WHERE l.purchase_id = p.purchase_id AND l.is_apart
                  AND l.amount = t.amount AND l.product IS NOT DISTINCT FROM t.product
                  AND l.sku IS NOT DISTINCT FROM t.sku AND l.row_at = t.occurred_at))
 WHERE NOT p.is_apart
"""
_WHOLE = f"""
INSERT INTO part_lines ({_COLUMNS})
SELECT f.order_id, {_of("f")}, CASE WHEN f.amount < 0 THEN f.occurred_at END, f.is_return, f.occurred_at
  FROM told_lines f JOIN basket_parts p USING (order_id)
 WHERE NOT p.is_apart AND NOT (p.is_known AND f.is_return)
"""
# a whole order with returns knows of what was given back before its last row, or of all where more than was sold would
# come back; any knows of what it lists, by its moment, or by the order's own where a till writes no other
_STAYING = f"""
INSERT INTO part_lines ({_COLUMNS})
SELECT k.order_id, {_of("k")}, k.row_at, true, k.row_at
  FROM (SELECT p.order_id, p.is_known, p.lists_returns, p.is_too_much, p.first_at, p.last_at, l.*,
               row_number() OVER (PARTITION BY l.purchase_id, l.amount, l.row_at ORDER BY l.id) AS nth
          FROM basket_parts p JOIN purchase_lines l ON l.purchase_id = p.purchase_id
         WHERE NOT p.is_apart AND l.is_apart) k
 WHERE k.is_known
    OR (NOT (k.lists_returns AND (k.is_too_much OR k.row_at <= k.last_at))
        AND k.nth > (SELECT count(*) FROM basket_lines f WHERE f.order_id = k.order_id AND f.amount = k.amount
                        AND f.occurred_at IN (k.row_at, k.first_at)
                        AND ({_same("f", "k")} OR (f.amount < 0 AND ({_is_nameless("f")} OR {_is_nameless("k")})))))
"""
# of an order nobody saw sold what is told anew of one moment takes the place of what was told of it
_KNOWN = f"""
INSERT INTO part_lines ({_COLUMNS})
SELECT p.order_id, {_of("l")}, l.row_at, l.is_apart, COALESCE(l.row_at, p.known_at)
  FROM basket_parts p JOIN purchase_lines l ON l.purchase_id = p.purchase_id
 WHERE p.is_apart AND NOT (p.is_unsold AND EXISTS (
     SELECT FROM basket_lines f WHERE f.order_id = p.order_id AND f.occurred_at = l.row_at))
"""
# as often as the file has it; what came to nothing before (voided) has nothing to give back
_NEWS = f"""
INSERT INTO part_lines ({_COLUMNS})
SELECT n.order_id, {_of("n")}, n.occurred_at, true, n.occurred_at
  FROM told_lines n JOIN basket_parts p USING (order_id)
 WHERE p.is_apart AND NOT p.is_empty
   AND n.nth > (SELECT count(*) FROM part_lines k WHERE k.order_id = n.order_id AND k.amount = n.amount
                   AND k.product IS NOT DISTINCT FROM n.product AND k.sku IS NOT DISTINCT FROM n.sku
                   AND k.at = n.occurred_at)
"""
_ADD_UP = f"""
UPDATE baskets b SET has_parts = true, is_apart = p.is_apart, lines_now = t.lines, total = t.total,
       discount = t.discount, alcohol_total = t.alcohol_total, coupon_lines = t.coupon_lines,
       occurred_at = CASE WHEN NOT p.is_apart THEN b.occurred_at
                          WHEN p.is_unsold THEN LEAST(p.known_at, b.occurred_at) ELSE p.known_at END,
       local_hour = CASE WHEN p.is_apart AND NOT p.is_unsold THEN p.local_hour ELSE b.local_hour END,
       moved_from = CASE WHEN p.is_apart AND NOT p.is_unsold THEN p.known_at ELSE b.moved_from END,
       outcome = CASE WHEN p.is_apart AND p.is_empty THEN 'unchanged'
                      WHEN (p.is_apart OR (
                               p.known_at = b.occurred_at AND COALESCE(b.store, p.store) IS NOT DISTINCT FROM p.store
                               AND COALESCE(b.register, p.register) IS NOT DISTINCT FROM p.register
                               AND COALESCE(b.coupon_code, p.coupon_code) IS NOT DISTINCT FROM p.coupon_code))
                           AND (SELECT {LINES_MARK} FROM part_lines l WHERE l.order_id = p.order_id)
                               IS NOT DISTINCT FROM
                               (SELECT {LINES_MARK} FROM purchase_lines l WHERE l.purchase_id = p.purchase_id)
                      THEN 'unchanged' ELSE 'updated' END
  FROM basket_parts p
 CROSS JOIN LATERAL (
     SELECT count(*) AS lines, COALESCE(sum(amount), 0) AS total, COALESCE(sum(discount), 0) AS discount,
            COALESCE(sum(amount) FILTER (WHERE is_alcohol), 0) AS alcohol_total,
            count(*) FILTER (WHERE coupon_discount > 0) AS coupon_lines
       FROM part_lines l WHERE l.order_id = p.order_id) t
 WHERE b.order_id = p.order_id
"""


async def put_together(session: AsyncSession, *, keep: bool) -> bool:
    """Make of `baskets` that are told in parts what they come to with the parts that are known; returns whether there
    are any: their lines wait in `part_lines`. Known baskets are left alone if `keep`."""
    if keep or not (await session.execute(text(_ANY))).scalar_one():
        return False
    await session.execute(text("DROP TABLE IF EXISTS pg_temp.basket_parts, pg_temp.told_lines, pg_temp.part_lines"))
    await session.execute(text(_LINES))
    for statement in (_PARTS, _TOLD, _JUDGE, _WHOLE, _STAYING, _KNOWN, _NEWS, _ADD_UP):
        await session.execute(text(statement))
    return True
