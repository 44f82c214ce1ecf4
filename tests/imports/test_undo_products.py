"""An import of products is taken back: what it made goes, what it changed is what it was, a later word stays."""

from __future__ import annotations

from typing import Any

import pytest
from sqlalchemy import text

from liquor_app.accounts.permissions import SYSTEM
from liquor_app.allocations.interest import ask_for
from liquor_app.catalog.service import put_products
from liquor_app.core.db import transaction
from liquor_app.imports.tasks import forget_old_uploads
from liquor_app.imports.undo.undo_import import undo_counts
from tests.imports.test_undo import look, take, undo

pytestmark = pytest.mark.integration

FIRST = """sku,upc,name,category,price,cost,stock
G-1,,Gin,Spirits,20.00,12.00,5
,083664868742,Rum,Spirits,18.00,,3
T-4,,Tonic,,4.00,,9
"""
SECOND = """sku,upc,name,category,price,cost,stock
G-1,,Gin of old,Wine,2.00,12.00,50
R-1,083664868742,Rum,Spirits,19.00,9.00,
T-4,,Tonic,,4.00,,9
X-1,,Not ours,Beer,1.00,,1
G-1,,Gin of old,Wine,2.50,,
"""
TOLD = (
    "SELECT sku, upc, name, category, brand, price, sale_price, cost, stock, margin_pct FROM products"
    " ORDER BY lower(name), sku",
    "SELECT code, rank, category, brand FROM product_labels ORDER BY 1",
    "SELECT count(*) FROM product_images",
)


async def catalogue() -> list[list[Any]]:
    async with transaction() as session:
        return [[tuple(one) for one in await session.execute(text(sql))] for sql in TOLD]


async def one(column: str, sku: str) -> Any:
    async with transaction() as session:
        found = await session.execute(text(f"SELECT {column} FROM products WHERE sku = :sku"), {"sku": sku})
        return found.scalar_one()


async def test_what_a_file_of_products_made_and_changed_is_as_before(database: str) -> None:
    nothing = await catalogue()
    first = await take(FIRST, "products")
    before, told_at = await catalogue(), await one("stock_at", "G-1")
    second = await take(SECOND, "products")
    assert (second.created, second.updated) == (1, 3)
    assert await one("price", "G-1") == 2.5
    done = await undo(second)
    assert undo_counts(done).removed == {"products": 1}
    assert undo_counts(done).set_back == {"products": 2}
    assert (await catalogue(), await one("stock_at", "G-1")) == (before, told_at)
    assert undo_counts(await undo(first)).removed == {"products": 3}
    assert await catalogue() == nothing


async def test_what_a_later_file_and_a_program_said_stays(database: str) -> None:
    wrong = await take(FIRST, "products")
    await take(SECOND, "products")
    async with transaction() as session:
        await put_products(session, SYSTEM, [{"sku": "T-4", "price": 4.5}])
    told = undo_counts(await undo(wrong))
    assert (told.removed, told.kept) == ({}, {"products_later_import": 2, "products_edited": 1})
    assert await one("price", "T-4") == 4.5


async def test_a_field_told_anew_stays_and_the_others_go_back(database: str) -> None:
    await take(FIRST, "products")
    wrong = await take(SECOND, "products")
    later = await take("sku,stock\nG-1,50\n", "products")  # the same figure, told of a later hour
    told = undo_counts(await undo(wrong))
    assert told.kept == {"products_later_import": 1}
    assert (await one("name", "G-1"), await one("price", "G-1"), await one("stock", "G-1")) == ("Gin", 20, 50)
    assert undo_counts(await undo(later)).set_back == {}  # it changed nothing, and a figure it confirmed stays
    assert undo_counts(await undo(wrong)).kept == {"products_later_import": 1}
    assert await one("stock", "G-1") == 50


async def test_a_upc_that_another_product_took_stays_with_it(database: str) -> None:
    await take(FIRST, "products")
    wrong = await take("sku,upc\nR-1,083664868742\n", "products")
    async with transaction() as session:  # the one with the SKU changes its UPC, and somebody new is known by it alone
        await put_products(session, SYSTEM, [{"sku": "R-1", "upc": "083664868759"}])
        await put_products(session, SYSTEM, [{"upc": "083664868742", "name": "Another"}])
    assert (await look(wrong)).kept == {"products_taken": 1}
    await undo(wrong)
    assert await one("upc", "R-1") == "083664868759"


async def test_a_product_somebody_asked_for_stays(database: str) -> None:
    wrong = await take(FIRST, "products")
    async with transaction() as session:
        made = await session.execute(text("INSERT INTO customers (external_id) VALUES ('A1') RETURNING id"))
        ann = made.scalar_one()
        gin = (await session.execute(text("SELECT id FROM products WHERE sku = 'G-1'"))).scalar_one()
        assert await ask_for(session, SYSTEM, gin, [ann]) == 1
    told = undo_counts(await undo(wrong))
    assert (told.removed, told.kept) == ({"products": 2}, {"products_asked_for": 1})


async def test_lines_are_called_by_what_is_left(database: str) -> None:
    await take(FIRST, "products")
    wrong = await take("sku,name,category\nX-9,Gin,Wine\nG-1,Gin,Beer\n", "products")
    await undo(wrong)
    async with transaction() as session:
        found = await session.execute(text("SELECT category FROM product_labels WHERE code IN ('g-1', 'gin', 'x-9')"))
        assert [row.category for row in found] == ["Spirits", "Spirits"]


async def test_images_go_with_the_time_to_undo(database: str) -> None:
    await take(FIRST, "products")
    await take(SECOND, "products")
    assert (await catalogue())[2] == [(2,)]
    async with transaction() as session:
        await session.execute(text("UPDATE imports SET finished_at = now() - interval '31 days'"))
    await forget_old_uploads()
    assert (await catalogue())[2] == [(0,)]


async def test_files_undone_in_any_order_leave_nothing(database: str) -> None:
    """A field that an earlier go had set back was taken for somebody's later word, and its product stayed for good."""
    nothing = await catalogue()
    files = [
        await take(FIRST, "products"),
        await take(SECOND, "products"),
        await take("sku,name,price\nG-1,Gin anew,3\nX-1,Not theirs,2\nT-4,Tonic water,4.5\n", "products"),
    ]
    for wrong in (files[0], files[1], files[2], files[1], files[0]):
        await undo(wrong)
    assert await catalogue() == nothing


async def test_what_a_later_file_lists_unchanged_stays(database: str) -> None:
    made = await take("sku,name,price\nG-1,Gin,20\nA-2,Ale,3\n", "products")
    again = await take("sku,name,price\nG-1,Gin,20\n", "products")
    assert (again.created, again.updated, again.unchanged) == (0, 0, 1)
    told = undo_counts(await undo(made))
    assert (told.removed, told.kept) == ({"products": 1}, {"products_confirmed": 1})
    await undo(again)
    await undo(made)
    assert (await catalogue())[0] == []
