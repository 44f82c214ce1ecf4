"""Files of products as tills write them: the right values, bad cells blank, a missing row no deletion."""

from __future__ import annotations

from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from liquor_app.accounts.permissions import SYSTEM
from liquor_app.catalog.upc_codes import read_upc
from liquor_app.core.db import transaction
from liquor_app.core.errors import Invalid
from liquor_app.imports import chunks
from liquor_app.imports.cleaning.cells import Rejected
from liquor_app.imports.cleaning.file_setting import Setting
from liquor_app.imports.cleaning.products.product_cells import clean_product
from liquor_app.imports.cleaning.row_notes import NOTES
from liquor_app.imports.dry_run import try_file
from liquor_app.imports.profiles.known_tools import ALL, recognise
from liquor_app.imports.profiles.tool_profile import fits
from liquor_app.imports.readers.formats import open_table
from liquor_app.screens.imports.wizard.report.note_lines import note_words
from liquor_app.screens.imports.wizard.report.report_words import trial_words
from tests.imports.test_import import run
from tests.imports.test_import_cases import FILES, many, write

KNOWN = {
    "20_city_hive_inventory": "city_hive_inventory",
    "20_bottlecapps_inventory": "bottlecapps_inventory",
    "23_shopify_products": "shopify_products",
    "21_lightspeed_r_items": "lightspeed_r_items",
    "21_lightspeed_r_inventory": "lightspeed_r_inventory",
}


async def products() -> dict[str, Any]:
    return {one.sku or one.upc: one for one in await many("SELECT * FROM products")}


@pytest.mark.parametrize("name", KNOWN)
def test_a_tools_file_of_products_is_recognised(name: str) -> None:
    with open_table(FILES / f"{name}.csv") as table:
        profile = recognise(table.columns, "products")
        assert profile is not None
        assert profile.key == KNOWN[name]
        assert [one.key for one in ALL if fits(one, table.columns)] == [profile.key]


async def test_an_hourly_stock_file(database: str) -> None:
    report = await run(FILES / "20_city_hive_inventory.csv", "products")
    assert (report.rows, report.created, report.unchanged, report.rejected) == (8, 5, 0, 2)
    assert report.updated == 1
    assert report.reasons == {"no_product": 1, "foreign_currency": 1}
    assert report.notes == {
        "stock_left_out": 1, "upc_left_out": 1, "price_left_out": 1, "cost_left_out": 1,
        "stock_below_zero": 1, "repeated_later_stands": 1,
    }  # fmt: skip
    known = await products()
    bourbon, gin, tonic, wine = (known[code] for code in ("OHB750", "GRG1L", "T4", "083664868766"))
    assert (bourbon.price, bourbon.sale_price, bourbon.stock, bourbon.margin_pct) == (
        Decimal("24.99"), Decimal("19.99"), 11, Decimal("22.96"),
    )  # fmt: skip
    assert (gin.upc, gin.sale_price, gin.stock) == ("083664868742", None, 0)
    assert (tonic.upc, tonic.cost, tonic.sale_price, tonic.stock) == ("008366486875", None, None, -3)
    assert (wine.stock, wine.stock_at) == (None, None)
    assert (known["BAD1"].upc, known["BAD1"].price, known["BAD1"].cost) == (None, None, None)
    again = await run(FILES / "20_city_hive_inventory.csv", "products")
    assert (again.created, again.rejected) == (0, 2)
    assert len(await products()) == 5


async def test_a_product_a_file_no_longer_lists_stays_and_keeps_its_day(database: str, tmp_path: Path) -> None:
    await run(FILES / "20_city_hive_inventory.csv", "products")
    before = await products()
    report = await run(write(tmp_path / "next.csv", "sku,stock,sale price", "OHB750,3,"), "products")
    after = await products()
    assert (report.updated, len(after)) == (1, 5)
    assert after["GRG1L"].last_seen_at == before["GRG1L"].last_seen_at < after["OHB750"].last_seen_at
    assert (after["OHB750"].stock, after["OHB750"].sale_price, after["OHB750"].cost) == (3, None, Decimal("15.40"))


async def test_other_tools_files_of_products(database: str) -> None:
    await run(FILES / "21_lightspeed_r_items.csv", "products")
    known = await products()
    bourbon = known["210000000001"]
    assert (bourbon.name, bourbon.category, bourbon.cost, bourbon.stock) == (
        "Old Harbor Bourbon", "Bourbon", Decimal("15.40"), 12,
    )  # fmt: skip
    assert known["210000000002"].upc == "4006381333931"
    report = await run(FILES / "21_lightspeed_r_inventory.csv", "products")
    assert (report.updated, (await products())["210000000001"].stock) == (1, 9)
    report = await run(FILES / "20_bottlecapps_inventory.csv", "products")
    assert (report.created, (await products())["BC1"].stock) == (1, 12)


async def test_shopifys_products(database: str) -> None:
    report = await run(FILES / "23_shopify_products.csv", "products")
    assert (report.rows, report.created, report.reasons) == (4, 3, {"no_product": 1}), "a gift card has no code"
    assert report.notes == {"rows_of_pictures": 1, "stock_below_zero": 1}
    assert "1 row of pictures alone: left out, and no fault." in trial_words(report)
    told = {
        code: (one.name, one.brand, one.category, str(one.price), one.cost and str(one.cost), one.stock, one.upc)
        for code, one in (await products()).items()
    }
    assert told == {
        "OHB750": ("Old Harbor Bourbon", "Old Harbor", "Bourbon", "24.99", "15.40", 12, "083664868735"),
        "OHB1L": ("Old Harbor Bourbon", "Old Harbor", "Bourbon", "31.99", "20.10", -2, None),
        "4006381333931": ("Riesling", "Lakeside", "Wine", "18.00", None, 6, "4006381333931"),
    }
    again = await run(FILES / "23_shopify_products.csv", "products")
    assert (again.created, again.updated, again.unchanged) == (0, 0, 3)


async def test_what_could_be_of_several_products_is_refused_and_nothing_else(database: str, tmp_path: Path) -> None:
    upc = "083664868735"
    await run(write(tmp_path / "two.csv", "sku,upc,stock", f"A,{upc},1", f"B,{upc},2"), "products")
    report = await run(write(tmp_path / "one.csv", "upc,stock", f"{upc},9", "4006381333931,4"), "products")
    assert (report.created, report.reasons) == (1, {"upc_of_several": 1})


async def test_codes_a_spreadsheet_took_the_digits_of_make_no_two_products_one(database: str, tmp_path: Path) -> None:
    rows = ("A,8.1E+11,Gin,1", "B,8.1E+11,Rum,2", "8.1E+11,4006381333931,Rye,3", "8.1E+11,,Ale,4")
    exact = "1.2583E+04,8.36648687350E+10,Port,5"
    report = await run(write(tmp_path / "a.csv", "sku,upc,name,stock", *rows, exact), "products")
    assert (report.created, report.reasons) == (4, {"no_product": 1})
    assert report.notes == {"upc_left_out": 2, "sku_left_out": 1}
    assert [tuple(row) for row in await many("SELECT sku, upc, name FROM products ORDER BY name")] == [
        ("A", None, "Gin"), ("12583", "083664868735", "Port"), ("B", None, "Rum"), (None, "4006381333931", "Rye"),
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("cells", "notes", "kept"),
    [
        ("20,25,5", ("cost_above_price",), (20, 25, 5)),
        ("20,20,-3", ("stock_below_zero",), (20, 20, -3)),
        ("0.00,5,1", ("price_of_zero",), (None, 5, 1)),
        ("0,,-1", ("price_of_zero", "stock_below_zero"), (None, None, -1)),
        (",5,0", (), (None, 5, 0)),
        ("20,0,1", (), (20, None, 1)),
    ],
)
def test_what_should_be_looked_at_is_told_and_refuses_nothing(
    cells: str, notes: tuple[str, ...], kept: tuple[int | None, ...]
) -> None:
    at = {"sku": 0, "price": 1, "cost": 2, "stock": 3}
    found = clean_product(2, ["A1", *cells.split(",")], at, Setting(ZoneInfo("UTC"), datetime(2026, 11, 1, tzinfo=UTC)))
    assert found.notes == notes
    assert (found.product.price, found.product.cost, found.product.stock) == kept


async def test_such_rows_are_shown_and_counted(database: str, tmp_path: Path) -> None:
    path = write(tmp_path / "a.csv", "sku,name,price,cost,stock", "A,Gin,20,25,1", "B,Rum,0,2,-2", "C,Rye,20,12,3")
    async with transaction() as session:
        trial = await try_file(session, SYSTEM, kind="products", path=path, limit=100, watch=True)
    assert (trial.report.created, trial.report.rejected) == (3, 0)
    assert [one.reason for one in trial.shown] == [
        NOTES["cost_above_price"], f"{NOTES['price_of_zero']} {NOTES['stock_below_zero']}", "",
    ]  # fmt: skip
    assert note_words(trial.report.notes) == (
        " 1 product costs more than its price. 1 product has a stock below zero. 1 price of 0 is left blank."
    )


async def test_a_file_without_a_code_or_of_another_kind_is_said_so(database: str, tmp_path: Path) -> None:
    with pytest.raises(Invalid, match=r"No column says which product it is \(sku, upc\)"):
        await run(write(tmp_path / "a.csv", "name,price", "Gin,20"), "products")
    with pytest.raises(Invalid, match="City Hive inventory: it holds products"):
        await run(FILES / "20_city_hive_inventory.csv", "customers")


@pytest.mark.parametrize(
    ("written", "kept"),
    [
        ("083664868735", "083664868735"), ("83664868735.0", "083664868735"), ("0083664868735", "083664868735"),
        ("0-83664-86873-5", "083664868735"), ("4006381333931", "4006381333931"), ("96385074", "96385074"),
        ("10012345678902", "10012345678902"), ("04006381333931", "4006381333931"), ("0000", None),
    ],
)  # fmt: skip
def test_bar_codes_as_people_write_them(written: str, kept: str | None) -> None:
    assert read_upc(written) == kept


@pytest.mark.parametrize("written", ["8.3664E+11", "12", "abc", "123456789012345"])
def test_what_is_no_bar_code(written: str) -> None:
    with pytest.raises(ValueError, match="digits of a bar code"):
        read_upc(written)


@pytest.mark.parametrize(
    ("cell", "stock"),
    [("12 pcs", 12), ("3 btl", 3), ("4 ea.", 4), ("7 Bottles", 7), ("5", 5), ("-2 pcs", -2), ("9 CAN", 9),
     ("6 sth", None), ("8 EUR", None)],
)  # fmt: skip
def test_a_unit_behind_a_number_is_no_currency(cell: str, stock: int | None) -> None:
    """Any three letters were a currency, and the product was refused for it."""
    at = {name: place for place, name in enumerate(("sku", "price", "stock"))}
    row = clean_product(2, ["A", "24.99 btl", cell], at, Setting(ZoneInfo("UTC"), datetime(2026, 11, 1, tzinfo=UTC)))
    assert (row.product.stock, row.product.price) == (stock, Decimal("24.99"))
    assert row.notes == (() if stock is None or stock >= 0 else ("stock_below_zero",)) + (
        ("stock_left_out",) if stock is None else ()
    )
    with pytest.raises(Rejected, match="EUR"):
        clean_product(2, ["A", "24.99 EUR", cell], at, Setting(ZoneInfo("UTC"), datetime(2026, 11, 1, tzinfo=UTC)))


TWICE = (
    "sku,name,price,brand",
    "RJ1,Rioja Reserva,18.99,",
    "A,Ale,5,",
    "B,Beer,6,",
    "C,Cider,7,",
    "RJ1,Rioja,19.99,Muga",
)


@pytest.mark.parametrize("policy", ["fill", "overwrite"])
@pytest.mark.parametrize("chunk", [5_000, 2])
async def test_of_a_sku_twice_in_a_file_the_later_row_stands_and_both_are_told(
    database: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, policy: str, chunk: int
) -> None:
    """Found by somebody at work: the later row's price stood, shown under the first row and told as "0 changed"."""
    monkeypatch.setattr(chunks, "CHUNK_ROWS", chunk)
    path = write(tmp_path / "twice.csv", *TWICE)
    async with transaction() as session:
        trial = await try_file(
            session, SYSTEM, kind="products", path=path, policy=policy, limit=50, watch=True, mapping={}
        )
    assert trial.twice == ("SKU twice in the file, rows 2 and 6",)
    assert "(SKU twice in the file, rows 2 and 6)" in trial_words(trial.report, trial.twice)
    first, later = trial.shown[0], trial.shown[-1]
    assert (first.outcome, first.reason, later.outcome) == ("created", "", "updated")
    assert later.reason == "SKU twice in the file, rows 2 and 6: the later row stands."
    assert first.becomes
    assert later.becomes
    assert {one.field: one.after for one in first.becomes.changes} == {"name": "Rioja Reserva", "price": "18.99"}
    assert {one.field for one in later.becomes.changes} == {"name", "price", "brand"}
    report = await run(path, "products", policy=policy)
    assert (report.created, report.updated, report.notes) == (4, 1, {"repeated_later_stands": 1})
    wine = (await products())["RJ1"]
    assert (wine.name, wine.price, wine.brand) == ("Rioja", Decimal("19.99"), "Muga")


async def test_of_a_customer_number_twice_in_a_file_both_rows_are_told(database: str, tmp_path: Path) -> None:
    path = write(tmp_path / "twice.csv", "customer id,city", "C1,Bath", "C2,Bath", "C1,Bangor")
    for policy, stands, city in (("fill", "first", "Bath"), ("overwrite", "later", "Bangor")):
        async with transaction() as session:
            trial = await try_file(session, SYSTEM, kind="customers", path=path, policy=policy, limit=9, watch=True)
        assert trial.shown[-1].reason == f"Customer number twice in the file, rows 2 and 4: the {stands} row stands."
        await run(path, policy=policy)
        assert [row.city for row in await many("SELECT city FROM customers WHERE external_id = 'C1'")] == [city]


@pytest.mark.parametrize(
    ("head", "rows", "known"),
    [
        ("ID,Type,SKU,Name,In stock?,Stock,Regular price,Categories,Brands",
         ['11,simple,A1,Rye,1,7,20.00,"Spirits > Whiskey, Gifts",Old Harbor', "12,variable,A2,Gin,0,0,19.00,Gin,"],
         {"A1": ("Whiskey", "Old Harbor", None, 7, None), "A2": ("Gin", None, None, 0, None)}),
        ("SKU,Name,Type,Price", ["A1,Rye,Simple,20.00", "A2,Gin,,19.00"], {"A1": (None,) * 5, "A2": (None,) * 5}),
        ("SKU,Name,Type,Price", ["A1,Rye,Whiskey,20.00"], {"A1": ("Whiskey", None, None, None, None)}),
        ("Item Name,SKU,GTIN,Price,Current Quantity Elm St,New Quantity Elm St,Stock Alert Count Elm St,"
         "Default Unit Cost",
         ["Rye,A1,080432400432,20.00,7,,3,12.00", "Gin,A2,,19.00,-1,,,"],
         {"A1": (None, None, Decimal("12.00"), 7, "080432400432"), "A2": (None, None, None, -1, None)}),
        ("handle,sku,name,brand_name,supply_price,retail_price,inventory_Main,inventory_Elm_Street,inventory_tracking",
         ["rye,A1,Rye,Old Harbor,12.00,20.00,7,5,1", "gin,A2,Gin,,,19.00,,2,1"],
         {"A1": (None, "Old Harbor", Decimal("12.00"), 12, None), "A2": (None, None, None, 2, None)}),
        ("SKU,Name,Default price,Cost,In stock [Main],Low stock [Main],Optimal stock [Main]",
         ["A1,Rye,20.00,12.00,7,2,9"], {"A1": (None, None, Decimal("12.00"), 7, None)}),
        ("Name,Price,Product Code,SKU,Quantity", ["Rye,20.00,080432400432,A1,7"],
         {"A1": (None, None, None, 7, "080432400432")}),
        ("Name,Price,Product Code", ["Rye,20.00,080432400432"],
         {"080432400432": (None, None, None, None, "080432400432")}),
        ("Name,Price,Product Code", ["Rye,20.00,080432400432", "Gin,19.00,10002"],
         {"080432400432": (None,) * 5, "10002": (None,) * 5}),
    ],
)  # fmt: skip
async def test_what_names_do_not_tell_of_products_their_cells_do(
    database: str, tmp_path: Path, head: str, rows: list[str], known: dict[str, tuple[Any, ...]]
) -> None:
    """The kind of a product was its category; stock by place, costs and prices by default were not seen at all."""
    report = await run(write(tmp_path / "items.csv", head, *rows), "products")
    found = await products()
    assert {code: (one.category, one.brand, one.cost, one.stock, one.upc) for code, one in found.items()} == known
    assert (report.rejected, report.notes.get("stock_left_out")) == (0, None)
    assert all(one.price for one in found.values())


@pytest.mark.parametrize(
    ("heads", "cells", "stock"),
    [
        ("Main Street Stock,Harbor Stock", "3,4", 7),
        ("Qty Main,Qty Harbor", "3,4", 7),
        ("Qty Main,Qty Harbor,Total Qty", "3,4,7", 7),
        ("On Hand (Main),On Hand (Harbor),On Hand (All Stores)", "3,4,7", 7),
        ("Main QOH,Harbor QOH,Reorder Qty,Case Qty", "3,4,12,6", 7),
        ("Stock A,Stock B", "3,4", 7),
        ("Safety Stock,Minimum Stock", "3,4", None),
        ("Main Street Stock,Qty Sold", "3,4", None),
        ("Case Quantity,Pack Quantity", "12,6", None),
    ],
)
async def test_stock_of_several_places(
    database: str, tmp_path: Path, heads: str, cells: str, stock: int | None
) -> None:
    """Written one after the other: what is left is in all of them, or in the column that says so."""
    await run(write(tmp_path / "stock.csv", f"SKU,Name,Price,{heads}", f"R1,Rye,20,{cells}"), "products")
    assert (await products())["R1"].stock == stock
