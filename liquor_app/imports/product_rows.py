"""Merge a chunk of product rows with what the shop is known to sell (`catalog.product_write`)."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from uuid import UUID

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

from liquor_app.catalog.product_write import ProductOutcome, write_products
from liquor_app.imports.cleaning.cells import Rejected
from liquor_app.imports.cleaning.products.product_cells import CleanProduct
from liquor_app.imports.merge_rows import Outcome, Policy
from liquor_app.imports.trial.becoming import Becoming, becoming
from liquor_app.imports.trial.repeated_rows import fold_repeated, product_keys

_FIELDS = ("name", "category", "brand", "price", "sale_price", "cost", "stock")
_KNOWN = f"""
SELECT lower(sku) AS sku, upc, {", ".join(_FIELDS)} FROM products WHERE lower(sku) = ANY(:skus)
 UNION SELECT lower(sku), upc, {", ".join(_FIELDS)} FROM products WHERE upc = ANY(:upcs)
"""
Products = dict[str, dict[str, str]]


async def products_of(session: AsyncSession, rows: Sequence[CleanProduct]) -> Products:
    """Return what is known of the products of these rows, as text, by SKU and by UPC; for trials, of few rows."""
    told = [row.product for row in rows]
    keys = {"skus": [one.sku.lower() for one in told if one.sku], "upcs": [one.upc for one in told if one.upc]}
    found: Products = {}
    for row in (await session.execute(text(_KNOWN), keys)).mappings():
        values = {name: "" if row[name] is None else str(row[name]) for name in _FIELDS}
        found |= {code: values for code in (row["sku"], row["upc"]) if code}
    return found


def product_becomes(row: CleanProduct, before: Products, after: Products) -> Becoming:
    """Return what a row makes of its product: its fields before and after."""
    code = (row.product.sku or row.product.upc or "").lower()
    was, now_is = before.get(code, {}), after.get(code, {})
    name = now_is.get("name") or row.product.name or ""
    return becoming(" · ".join(part for part in (row.product.sku or row.product.upc, name) if part), was, now_is)


async def write(
    session: AsyncSession,
    rows: Sequence[CleanProduct],
    *,
    policy: Policy,
    file_name: str,
    at: datetime,
    import_id: UUID,
) -> tuple[dict[int, Outcome], list[tuple[int, Rejected]]]:
    """Store the rows; returns what became of each by its position, and those that could be of several products.

    A till's later word is the right one, as it is with orders: what a row says replaces what was known under every
    policy but `keep`, what it leaves blank stays. Of several rows of one product in the file
    the later one counts.
    """
    found = await write_products(
        session,
        [replace(row.product, number=position) for position, row in enumerate(rows)],
        source=file_name,
        at=at,
        keep=policy is Policy.KEEP,
        import_id=import_id,
    )
    why = Rejected("upc_of_several", "upc", "Several products have this UPC. Give the row its SKU.")
    rejected = [(position, why) for position, outcome in found.items() if outcome is ProductOutcome.AMBIGUOUS]
    taken = {position: Outcome(one.value) for position, one in found.items() if one is not ProductOutcome.AMBIGUOUS}
    for places in _repeated(rows, taken):
        if taken[places[0]] is Outcome.CREATED:
            told = fold_repeated([rows[at].product for at in places], {}, policy, Outcome.CREATED)
            taken |= {at: one for at, (one, *_) in zip(places, told, strict=True)}
    return taken, rejected


def _repeated(rows: Sequence[CleanProduct], taken: Iterable[int]) -> list[list[int]]:
    """Return the positions of rows of one product, where several of the chunk are."""
    of: dict[tuple[str, str | None], list[int]] = {}
    for at in sorted(taken):
        of.setdefault(product_keys(rows[at].product)[0], []).append(at)
    return [places for places in of.values() if len(places) > 1]


def becomings(
    rows: Sequence[CleanProduct], outcomes: Mapping[int, Outcome], policy: Policy, before: Products, after: Products
) -> dict[int, Becoming]:
    """Return what each row makes of its product; of several rows of one each by itself."""
    told = {at: product_becomes(rows[at], before, after) for at in outcomes}
    for places in _repeated(rows, outcomes):
        products = [rows[at].product for at in places]
        code = (products[0].sku or products[0].upc or "").lower()
        folded = fold_repeated(products, before.get(code, {}), policy, outcomes[places[0]])
        for at, (_, was, now_is) in zip(places, folded, strict=True):
            told[at] = product_becomes(rows[at], {code: was}, {code: now_is})
    return told
