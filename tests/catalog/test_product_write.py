"""Products written many at once: who is who, what stays, what a repeated file does."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest
from sqlalchemy import text

from liquor_app.catalog.product_write import NewProduct, ProductOutcome, write_products
from liquor_app.core.clock import now
from liquor_app.core.db import transaction
from tests.factories import product

pytestmark = pytest.mark.integration

GIN = product(
    1, "G-1", "083664868735", "Beefeater 750ml", category="Gin", brand="Beefeater", price=Decimal("21.99"),
    sale_price=Decimal("18.99"), cost=Decimal("14.10"), stock=Decimal(7),
)  # fmt: skip
CREATED, UPDATED, UNCHANGED, AMBIGUOUS = ProductOutcome


async def write(*rows: NewProduct, keep: bool = False, at: Any = None) -> list[ProductOutcome]:
    async with transaction() as session:
        found = await write_products(session, rows, source="stock.csv", at=at or now(), keep=keep)
    return [found[row.number] for row in rows]


async def products() -> list[Any]:
    async with transaction() as session:
        return list((await session.execute(text("SELECT * FROM products ORDER BY sku, upc"))).mappings())


async def test_the_same_rows_again_only_say_when_they_were_seen(database: str) -> None:
    assert await write(GIN) == [CREATED]
    first = (await products())[0]
    later = now() + timedelta(hours=3)
    assert await write(GIN, at=later) == [UNCHANGED]
    [again] = await products()
    assert (again["last_seen_at"], again["stock_at"], again["updated_at"]) == (later, later, first["updated_at"])
    assert (again["sells_at"], again["margin_pct"]) == (Decimal("18.99"), Decimal("25.75"))


async def test_what_a_row_does_not_say_stays(database: str) -> None:
    await write(GIN)
    hourly = product(1, "g-1", None, stock=Decimal(0))
    assert await write(hourly) == [UPDATED]
    [gin] = await products()
    assert (gin["sku"], gin["name"], gin["cost"], gin["stock"]) == ("G-1", "Beefeater 750ml", Decimal("14.10"), 0)
    assert await write(replace(GIN, sale_price=None, ends_sale=True)) == [UPDATED]
    [gin] = await products()
    assert (gin["sale_price"], gin["sells_at"]) == (None, Decimal("21.99"))


async def test_a_product_that_is_in_no_row_stays(database: str) -> None:
    at = now()
    await write(GIN, at=at)
    await write(product(1, "W-1", None, "Sancerre"), at=at + timedelta(days=1))
    assert [(one["sku"], one["last_seen_at"] > at) for one in await products()] == [("G-1", False), ("W-1", True)]


async def test_known_ones_are_kept_if_asked_to(database: str) -> None:
    await write(GIN)
    assert await write(replace(GIN, price=Decimal(99)), product(2, "N", None), keep=True) == [UNCHANGED, CREATED]
    assert [(one["sku"], one["name"], one["price"]) for one in await products()] == [
        ("G-1", "Beefeater 750ml", Decimal("21.99")), ("N", "N", None),
    ]  # fmt: skip


async def test_a_upc_finds_its_product_and_gains_its_sku(database: str) -> None:
    by_upc = product(1, None, GIN.upc, stock=Decimal(3))
    assert await write(by_upc) == [CREATED]
    assert await write(replace(GIN, stock=None)) == [UPDATED], "the SKU takes over what was known by its UPC alone"
    assert await write(replace(by_upc, stock=Decimal(5))) == [UPDATED]
    [gin] = await products()
    assert (gin["sku"], gin["stock"]) == ("G-1", 5)


async def test_rows_of_one_file_that_name_one_product_differently(database: str) -> None:
    rows = (
        replace(GIN, stock=None),
        product(2, None, GIN.upc, stock=Decimal(5)),
        replace(GIN, number=3, stock=None),
    )
    assert await write(*rows) == [CREATED, UNCHANGED, UNCHANGED]
    [gin] = await products()
    assert (gin["stock"], gin["price"]) == (5, Decimal("21.99"))
    # the one is found by its SKU, the other by its UPC: both are it
    assert await write(product(1, "G-1", None, price=Decimal(20)), product(2, None, GIN.upc, stock=Decimal(1)))
    [gin] = await products()
    assert (gin["stock"], gin["price"]) == (1, 20)


async def test_a_upc_that_several_products_have_says_nothing_by_itself(database: str) -> None:
    await write(GIN, replace(GIN, number=2, sku="G-2"))
    assert await write(product(1, None, GIN.upc, stock=Decimal(99))) == [AMBIGUOUS]
    assert [(one["sku"], one["stock"]) for one in await products()] == [("G-1", 7), ("G-2", 7)]


async def test_two_skus_do_not_both_take_over_what_is_known_by_a_upc(database: str) -> None:
    await write(product(1, None, GIN.upc, "Gin"))
    assert await write(GIN, replace(GIN, number=2, sku="G-2")) == [CREATED, CREATED]
    assert len(await products()) == 3
