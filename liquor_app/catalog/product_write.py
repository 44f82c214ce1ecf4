"""Write products, thousands at once. A corridor, for `imports` and the API's verb: whoever calls has authorised."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from decimal import Decimal
from enum import StrEnum
from typing import Annotated
from uuid import UUID

from pydantic import Field
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

from liquor_app.core.bulk import unnest
from liquor_app.customers.labels.product_labels import label_products

CALLED = ("name", "category", "brand", "price", "sale_price", "cost", "minimum_price", "stock")
KEPT = ("sku", "upc", *CALLED, "stock_at")
"""What is kept of a product that an import changes."""


Word = Annotated[str, Field(max_length=255)]
Price = Annotated[Decimal, Field(ge=0, le=1_000_000, max_digits=12, decimal_places=2)]
Count = Annotated[Decimal, Field(ge=-1_000_000, le=1_000_000, max_digits=12, decimal_places=2)]


@dataclass(frozen=True)
class ProductFields:
    """What is said of a product, or known; None is nothing. Its bounds are those of the API's shape made of it."""

    sku: Annotated[str, Field(max_length=100)] | None = None
    upc: Annotated[str, Field(max_length=20)] | None = None
    name: Word | None = None
    category: Word | None = None
    brand: Word | None = None
    price: Price | None = None
    sale_price: Price | None = None
    cost: Price | None = None
    minimum_price: Price | None = None
    """The least the law lets it be sold for, where a state sets one (Conn. Gen. Stat. § 30-68m)."""
    stock: Count | None = None


@dataclass(frozen=True, slots=True)
class NewProduct(ProductFields):
    """What a row or a call says of a product; what it does not say stays. `number` is the row's own. `ends_sale`: it
    speaks of sale prices, and names none."""

    number: int = 0
    ends_sale: bool = False


class ProductOutcome(StrEnum):
    CREATED = "created"
    UPDATED = "updated"
    UNCHANGED = "unchanged"
    AMBIGUOUS = "ambiguous"
    """It names a UPC alone, and several products have it: nothing was written."""


_ROWS = unnest(
    "n", number="int", sku="text", upc="text", name="text", category="text", brand="text", price="numeric",
    sale_price="numeric", cost="numeric", minimum_price="numeric", stock="numeric", ends_sale="boolean",
    adopts="boolean",
)  # fmt: skip

# one writer at a time: of two that both bring a new product the second finds it
_ALONE = "SELECT pg_advisory_xact_lock(hashtextextended('products', 0))"
# a table that is being filled has stale statistics: a planner that believes it empty reads all of it for each UPC
_SCANS = "SELECT set_config('enable_seqscan', :scans, true)"


def _latest(name: str) -> str:
    return f"(array_agg({name} ORDER BY number DESC) FILTER (WHERE {name} IS NOT NULL))[1] AS {name}"


def _image(row: str) -> str:
    return f"jsonb_build_object({', '.join(f'{name!r}, {row}.{name}' for name in KEPT)})"


# A row is of the product with its SKU; else of the one with its UPC that has no SKU yet (`adopts`), or, for a row
# without a SKU, of the only one with its UPC. Several rows of one product count together, the later word for each cell.
_UPSERT = f"""
WITH met AS MATERIALIZED (
    SELECT n.*, uuid_v7() AS fresh, s.id AS by_sku, u.ids
      FROM {_ROWS}
      LEFT JOIN products s ON lower(s.sku) = lower(n.sku)
      LEFT JOIN LATERAL (
           SELECT array_agg(p.id) AS ids FROM products p
            WHERE p.upc = n.upc AND (n.sku IS NULL OR (n.adopts AND p.sku IS NULL))) u ON s.id IS NULL),
aimed AS MATERIALIZED (
    SELECT met.*, by_sku IS NULL AND COALESCE(cardinality(ids), 0) > 1 AS is_ambiguous,
           COALESCE(by_sku, CASE WHEN cardinality(ids) = 1 THEN ids[1] END,
                    first_value(fresh) OVER (PARTITION BY COALESCE('s' || lower(sku), 'u' || upc) ORDER BY number)
           ) AS target
      FROM met),
said AS (
    SELECT target, {", ".join(map(_latest, ("sku", "upc", *CALLED)))},
           (array_agg(ends_sale ORDER BY number DESC))[1] AS ends_sale
      FROM aimed WHERE NOT is_ambiguous GROUP BY target),
made AS MATERIALIZED (
    SELECT target, p.id IS NULL AS is_new,
           CASE WHEN :keep AND p.id IS NOT NULL THEN p.sku ELSE COALESCE(p.sku, said.sku) END AS sku,
           {
    ", ".join(
        f"CASE WHEN :keep AND p.id IS NOT NULL THEN p.{name} ELSE COALESCE(said.{name}, p.{name}) END AS {name}"
        for name in ("upc", *CALLED)
        if name != "sale_price"
    )
},
           CASE WHEN :keep AND p.id IS NOT NULL THEN p.sale_price WHEN said.ends_sale THEN NULL
                ELSE COALESCE(said.sale_price, p.sale_price) END AS sale_price,
           CASE WHEN said.stock IS NOT NULL AND NOT (:keep AND p.id IS NOT NULL) THEN :at
                ELSE p.stock_at END AS stock_at
      FROM said LEFT JOIN products p ON p.id = said.target),
judged AS MATERIALIZED (
    SELECT made.*, p.updated_at AS before, CASE WHEN is_new THEN 'created'
                        WHEN ({", ".join(f"made.{name}" for name in ("sku", "upc", *CALLED))}) IS DISTINCT FROM
                             ({", ".join(f"p.{name}" for name in ("sku", "upc", *CALLED))}) THEN 'updated'
                        ELSE 'unchanged' END AS outcome
      FROM made LEFT JOIN products p ON p.id = made.target),
written AS (
    INSERT INTO products AS o (id, sku, upc, {", ".join(CALLED)}, stock_at, source, last_seen_at, updated_at,
                               import_id, seen_by, edited_at)
    SELECT target, sku, upc, COALESCE(name, sku, upc), {", ".join(CALLED[1:])}, stock_at, :source, :at,
           CASE WHEN outcome = 'unchanged' THEN before ELSE :at END, CAST(:import AS uuid),
           COALESCE(CAST(:import AS uuid), '{UUID(int=0)}'),
           CASE WHEN CAST(:import AS uuid) IS NULL AND outcome = 'updated' THEN CAST(:at AS timestamptz) END
      FROM judged
        ON CONFLICT (id) DO UPDATE SET {", ".join(f"{name} = EXCLUDED.{name}" for name in ("sku", "upc", *CALLED))},
           stock_at = EXCLUDED.stock_at, source = EXCLUDED.source, last_seen_at = EXCLUDED.last_seen_at,
           updated_at = EXCLUDED.updated_at, seen_by = EXCLUDED.seen_by,
           edited_at = COALESCE(EXCLUDED.edited_at, o.edited_at)),
images AS (
    INSERT INTO product_images (import_id, product_id, before, after)
    SELECT CAST(:import AS uuid), p.id, {_image("p")}, {_image("j")}
      FROM judged j JOIN products p ON p.id = j.target
     WHERE j.outcome = 'updated' AND p.import_id IS DISTINCT FROM CAST(:import AS uuid)
       AND CAST(:import AS uuid) IS NOT NULL
        ON CONFLICT (import_id, product_id) DO UPDATE SET after = EXCLUDED.after)
SELECT a.number, CASE WHEN a.is_ambiguous THEN 'ambiguous'
                      WHEN j.outcome = 'created' AND row_number() OVER (PARTITION BY a.target ORDER BY a.number) > 1
                      THEN 'unchanged' ELSE j.outcome END AS outcome
  FROM aimed a LEFT JOIN judged j USING (target)
"""


_ASKED_FOR = text("UPDATE products SET asked_for_at = :at WHERE id = :id")
_CALLED = """
SELECT sku, upc, name, category, brand FROM products WHERE lower(sku) = ANY(:skus)
 UNION SELECT sku, upc, name, category, brand FROM products WHERE upc = ANY(:upcs)
"""


async def write_products(
    session: AsyncSession,
    rows: Sequence[NewProduct],
    *,
    source: str,
    at: object,
    keep: bool = False,
    import_id: UUID | None = None,
) -> dict[int, ProductOutcome]:
    """Add products and change those known, in one statement; returns what became of each row by its number.

    What a row does not say stays, and a product that is in no row stays as it is: no file deletes one. The same rows
    again change nothing but when they were last seen.

    Args:
        source: where they come from, for the product's page: a file's name, or who called.
        at: when this was so; a stock figure is as old as this.
        keep: leave known products as they are, and only note that they were seen.
        import_id: the import they come from, which can be undone; none where a call tells them.
    """
    if not rows:
        return {}
    joined = _joined(rows)
    await session.execute(text(_ALONE))
    await session.execute(text(_SCANS), {"scans": "off"})
    told = {"source": source[:120], "at": at, "keep": keep, "import": import_id}
    found = await session.execute(text(_UPSERT), {**_bound(joined), **told})
    outcomes = {number: ProductOutcome(outcome) for number, outcome in found}
    await session.execute(text(_SCANS), {"scans": "on"})
    new = (ProductOutcome.CREATED, ProductOutcome.UPDATED)
    await _label(session, [row for row in joined if outcomes[row.number] in new])
    return outcomes


async def note_asked_for(session: AsyncSession, product_id: UUID, at: datetime) -> None:
    """Note that somebody waits for a product, or that its bottles are shared out. A corridor, for `allocations`."""
    await session.execute(_ASKED_FOR, {"id": product_id, "at": at})


async def _label(session: AsyncSession, rows: Sequence[NewProduct]) -> None:
    """Have lines of purchases known by what these products are called now."""
    if rows:
        codes = {"skus": [row.sku.lower() for row in rows if row.sku], "upcs": [row.upc for row in rows if row.upc]}
        found = await session.execute(text(_CALLED), codes)
        await label_products(session, [dict(row) for row in found.mappings()])


def _joined(rows: Sequence[NewProduct]) -> list[NewProduct]:
    """Give rows that name a UPC alone the SKU that the same rows give it, where they give it one."""
    skus = _skus(rows)
    return [
        replace(row, sku=only)
        if row.sku is None and row.upc and len(skus[row.upc]) == 1 and (only := next(iter(skus[row.upc].values())))
        else row
        for row in rows
    ]


def _skus(rows: Sequence[NewProduct]) -> dict[str, dict[str, str]]:
    found: dict[str, dict[str, str]] = defaultdict(dict)
    for row in rows:
        if row.upc and row.sku:
            found[row.upc][row.sku.lower()] = row.sku
    return found


def _bound(rows: Sequence[NewProduct]) -> dict[str, object]:
    skus = _skus(rows)
    return _ROWS.bind(
        **{
            name: [getattr(row, name) for row in rows]
            for name in ("number", "sku", "upc", *CALLED, "ends_sale")
        },
        # of several SKUs with one UPC none takes over the product that is known by it alone
        adopts=[bool(row.upc) and len(skus[row.upc or ""]) == 1 for row in rows],
    )  # fmt: skip
