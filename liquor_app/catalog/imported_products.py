"""Products that an import made or changed: taken away, or set back. Corridors, for `imports.undo`.

A field is set back where it still says what the import wrote; a product that a later import or a call changed stays.
Lines of purchases are called anew by what is left.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any
from uuid import UUID

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

from liquor_app.catalog.product_write import KEPT
from liquor_app.customers.imported.imported_people import CONFIRMED, EDITED, LATER_IMPORT, TAKEN, Undone
from liquor_app.customers.labels.product_labels import relabel_products

ASKED_FOR = "asked_for"
_WHY_MADE = f"""
CASE WHEN EXISTS (SELECT FROM product_images i WHERE i.product_id = p.id AND i.import_id <> p.import_id)
     THEN '{LATER_IMPORT}' WHEN p.edited_at IS NOT NULL THEN '{EDITED}'
     WHEN p.asked_for_at IS NOT NULL THEN '{ASKED_FOR}' WHEN p.seen_by <> p.import_id THEN '{CONFIRMED}' END
"""
_COUNT_MADE = f"SELECT {_WHY_MADE} AS why, count(*) AS n FROM products p WHERE p.import_id = :import GROUP BY 1"
_MADE = """
SELECT id FROM products WHERE import_id = :import AND id > :after ORDER BY id LIMIT :most FOR UPDATE
"""
_REMOVE = f"""
WITH plan AS MATERIALIZED (SELECT p.id, {_WHY_MADE} AS why FROM products p WHERE p.id = ANY(:ids)),
gone AS (
    DELETE FROM products p USING plan WHERE p.id = plan.id AND plan.why IS NULL
    RETURNING p.sku, p.upc, p.name)
SELECT NULL AS why, sku, upc, name FROM gone UNION ALL SELECT why, NULL, NULL, NULL FROM plan WHERE why IS NOT NULL
"""

# The field and its day are one: a stock is as old as `stock_at` says. What is as before already (an earlier go set it
# back) holds nothing. A code is not set back to what another product
# bears by now: of those known by a UPC alone there is one.
_PLAN = f"""
SELECT i.product_id AS id, f.name,
       CASE WHEN to_jsonb(p) -> f.name IS DISTINCT FROM i.after -> f.name
              OR (f.name = 'stock' AND to_jsonb(p) -> 'stock_at' IS DISTINCT FROM i.after -> 'stock_at')
            THEN CASE WHEN p.edited_at IS NOT NULL AND NOT EXISTS (SELECT FROM product_images o
                    WHERE o.product_id = p.id AND o.import_id > i.import_id) THEN '{EDITED}' ELSE '{LATER_IMPORT}' END
            WHEN f.name IN ('sku', 'upc') AND i.before ->> 'sku' IS NULL AND EXISTS (SELECT FROM products o
                    WHERE o.upc = i.before ->> 'upc' AND o.sku IS NULL AND o.id <> p.id) THEN '{TAKEN}' END AS why
  FROM product_images i JOIN products p ON p.id = i.product_id
 CROSS JOIN LATERAL (SELECT key AS name FROM jsonb_object_keys(i.before) key
                      WHERE i.before -> key IS DISTINCT FROM i.after -> key) f
 WHERE i.import_id = :import
   AND (to_jsonb(p) -> f.name IS DISTINCT FROM i.before -> f.name
        OR (f.name = 'stock' AND to_jsonb(p) -> 'stock_at' IS DISTINCT FROM i.before -> 'stock_at'))
"""
_SUMMED = """
SELECT why, count(*) AS n FROM (SELECT DISTINCT id, why FROM ({plan}) p) told GROUP BY 1
"""
KEPT_PRODUCTS = f"""
SELECT p.id, p.name AS called, COALESCE(p.sku, p.upc) AS number, 'products_' || k.why AS why
  FROM (SELECT p.id, {_WHY_MADE} AS why FROM products p WHERE p.import_id = :import
         UNION SELECT id, why FROM ({_PLAN}) f) k JOIN products p ON p.id = k.id
 WHERE k.why IS NOT NULL
"""
"""Which products stay, or something of them, and why."""
_BATCH = """
SELECT product_id FROM product_images WHERE import_id = :import AND product_id > :after
 ORDER BY product_id LIMIT :most
"""
_LOCK = "SELECT id FROM products WHERE id = ANY(:ids) ORDER BY id FOR UPDATE"
_MAKE_PLAN = f"CREATE TEMP TABLE products_back ON COMMIT DROP AS {_PLAN} AND i.product_id = ANY(:ids)"
_SET_BACK = f"""
UPDATE products p
   SET {", ".join(f"{name} = CASE WHEN '{name}' = ANY(b.names) THEN r.{name} ELSE p.{name} END" for name in KEPT)},
       updated_at = now()
  FROM (SELECT id, array_agg(name) AS names FROM products_back WHERE why IS NULL GROUP BY id) b
  JOIN product_images i ON i.product_id = b.id AND i.import_id = :import
 CROSS JOIN LATERAL jsonb_populate_record(CAST(NULL AS products), i.before) r
 WHERE p.id = b.id
RETURNING i.before ->> 'sku' AS old_sku, i.before ->> 'upc' AS old_upc, i.before ->> 'name' AS old_name,
          i.after ->> 'sku' AS sku, i.after ->> 'upc' AS upc, i.after ->> 'name' AS name
"""
_FORGET = """
DELETE FROM product_images i WHERE i.import_id = :import AND i.product_id = ANY(:ids)
   AND NOT EXISTS (SELECT FROM products_back b WHERE b.id = i.product_id AND b.why IS NOT NULL)
"""
_CALLED_SO = """
SELECT sku, upc, name, category, brand FROM products WHERE lower(sku) = ANY(:codes)
 UNION SELECT sku, upc, name, category, brand FROM products WHERE upc = ANY(:codes)
 UNION SELECT sku, upc, name, category, brand FROM products WHERE lower(name) = ANY(:codes)
"""
_UNSEEN = "UPDATE products SET seen_by = NULL WHERE seen_by = :import AND import_id <> :import"
FORGET_IMAGES = "DELETE FROM product_images WHERE import_id = ANY(:imports)"


def _note(undone: Undone, rows: Any) -> None:
    for why, many in rows:
        if why is None:
            undone.set_back["products"] += many
        else:
            undone.kept[f"products_{why}"] += many


async def count_products(session: AsyncSession, import_id: UUID) -> Undone:
    """Tell what `set_back_products` and `remove_products` would do, all in all."""
    undone = Undone()
    _note(undone, await session.execute(text(_SUMMED.format(plan=_PLAN)), {"import": import_id}))
    for why, many in await session.execute(text(_COUNT_MADE), {"import": import_id}):
        if why is None:
            undone.removed["products"] += many
        else:
            undone.kept[f"products_{why}"] += many
    return undone


async def set_back_products(session: AsyncSession, import_id: UUID, after: UUID, most: int) -> Undone:
    """Set the next products back that the import changed, those after `after`."""
    found = await session.execute(text(_BATCH), {"import": import_id, "after": after, "most": most})
    ids = list(found.scalars())
    undone = Undone(upto=ids[-1] if len(ids) == most else None)
    if not ids:
        return undone
    which = {"import": import_id, "ids": ids}
    await session.execute(text(_LOCK), {"ids": ids})
    await session.execute(text(_MAKE_PLAN), which)
    _note(undone, await session.execute(text(_SUMMED.format(plan="SELECT * FROM products_back"))))
    changed = list(await session.execute(text(_SET_BACK), {"import": import_id}))
    await session.execute(text(_FORGET), which)
    await _relabel(session, [code for row in changed for code in row])
    return undone


async def remove_products(session: AsyncSession, import_id: UUID, after: UUID, most: int) -> Undone:
    """Take away the next products the import made, those after `after`."""
    found = await session.execute(text(_MADE), {"import": import_id, "after": after, "most": most})
    ids = list(found.scalars())
    undone = Undone(upto=ids[-1] if len(ids) == most else None)
    if not ids:
        return undone
    codes = list[str]()
    for why, *called in await session.execute(text(_REMOVE), {"ids": ids}):
        if why is None:
            undone.removed["products"] += 1
            codes += called
        else:
            undone.kept[f"products_{why}"] += 1
    await _relabel(session, codes)
    return undone


async def forget_product_images(session: AsyncSession, imports: Sequence[UUID]) -> None:
    """Drop what is kept of products that these imports changed: they can no longer be undone."""
    await session.execute(text(FORGET_IMAGES), {"imports": list(imports)})


async def forget_seen(session: AsyncSession, import_id: UUID) -> None:
    """Take back that an import listed products: it is undone."""
    await session.execute(text(_UNSEEN), {"import": import_id})


async def _relabel(session: AsyncSession, codes: Sequence[str | None]) -> None:
    """Have lines of purchases with these codes called by the products that bear them now, or by none."""
    borne = sorted({code.lower() for code in codes if code})
    if borne:
        found = await session.execute(text(_CALLED_SO), {"codes": borne})
        await relabel_products(session, borne, [dict(row) for row in found.mappings()])
