"""Merge a chunk of product rows with what the shop is known to sell (`catalog.product_write`)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime

from sqlalchemy.ext.asyncio import AsyncSession

from liquor_app.catalog.product_write import ProductOutcome, write_products
from liquor_app.imports.cleaning.cells import Rejected
from liquor_app.imports.cleaning.rows import CleanProduct
from liquor_app.imports.merge_rows import Outcome, Policy


async def write(
    session: AsyncSession, rows: Sequence[CleanProduct], *, policy: Policy, file_name: str, at: datetime
) -> tuple[dict[int, Outcome], list[tuple[int, Rejected]]]:
    """Store the rows; returns what became of each by its position, and those that could be of several products.

    A till's later word is the right one, as it is with orders: what a row says replaces what was known under every
    policy but `keep`, what it leaves blank stays.
    """
    found = await write_products(
        session,
        [replace(row.product, number=position) for position, row in enumerate(rows)],
        source=file_name,
        at=at,
        keep=policy is Policy.KEEP,
    )
    why = Rejected("upc_of_several", "upc", "Several products have this UPC. Give the row its SKU.")
    rejected = [(position, why) for position, outcome in found.items() if outcome is ProductOutcome.AMBIGUOUS]
    taken = {position: Outcome(one.value) for position, one in found.items() if one is not ProductOutcome.AMBIGUOUS}
    return taken, rejected
