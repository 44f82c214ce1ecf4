"""One person, known to two tools by two numbers: the second is kept beside the first, and goes with its import."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from liquor_app.accounts.permissions import SYSTEM
from liquor_app.core.db import transaction
from liquor_app.customers.editing.change_customer import delete_customer
from liquor_app.imports.undo.undo_import import preview_undo
from liquor_app.imports.undo.undo_locally import undo_locally
from tests.imports.test_import import rows, run
from tests.imports.test_import_cases import FILES, write

pytestmark = pytest.mark.integration

SHOPIFY = (FILES / "01_shopify_customers.csv").read_text().splitlines()[0]
SQUARE = (FILES / "03_square_customers.csv").read_text().splitlines()[0]
ITEMS = (FILES / "03_square_items.csv").read_text().splitlines()[0]
CLOVER = (FILES / "07_clover_customers.csv").read_text().splitlines()[0]
PEOPLE = "SELECT external_id, email, name FROM customers WHERE deleted_at IS NULL ORDER BY email, external_id"
BOUGHT = (
    "SELECT p.external_id, c.email FROM purchases p JOIN customers c ON c.id = p.customer_id ORDER BY p.external_id"
)
ALIASES = "SELECT value, c.email FROM customer_aliases a JOIN customers c ON c.id = a.customer_id ORDER BY value"


def row(header: str, **cells: str) -> str:
    names = header.split(",")
    assert {*cells} <= {*names}
    return ",".join(f'"{cells[name]}"' if name in cells else "" for name in names)


def shopify(number: str, first: str, email: str) -> str:
    return row(SHOPIFY, **{"Customer ID": number, "First Name": first, "Last Name": "Ray", "Email": email})


def square(number: str, first: str, email: str, **more: str) -> str:
    cells = {"Square Customer ID": number, "First Name": first, "Last Name": "Ray", "Email Address": email, **more}
    return row(SQUARE, **cells)


def item(order: str, number: str) -> str:
    cells = {
        "Date": "2026-10-03", "Time": "18:14:30", "Time Zone": "Eastern Time (US & Canada)", "Item": "Rye",
        "Qty": "1.0", "Gross Sales": "$48.00", "Discounts": "$0.00", "Net Sales": "$48.00", "Tax": "$2.00",
        "Transaction ID": order, "Payment ID": order, "Event Type": "Payment", "Location": "Main",
        "Customer ID": number, "Category": "Whiskey", "Itemization Type": "Physical Good",
    }  # fmt: skip
    return row(ITEMS, **cells)


async def two_tools(tmp_path: Path) -> Any:
    await run(write(tmp_path / "shop.csv", SHOPIFY, shopify("7001", "Ann", "ann@x.example"),
                    shopify("7002", "Bo", "bo@x.example")))  # fmt: skip
    return await run(write(tmp_path / "square.csv", SQUARE, square("SQANN", "Ann", "ann@x.example"),
                           square("SQBO", "Bo", "bo@x.example"), square("SQCY", "Cy", "cy@x.example")))  # fmt: skip


async def last_import(name: str) -> Any:
    (one,) = await rows(f"SELECT id FROM imports WHERE file_name = '{name}'")
    return one["id"]


async def test_a_second_tools_number_finds_the_same_person(database: str, tmp_path: Path) -> None:
    """Before, Ann and Bo of Square were refused ("The e-mail belongs to customer '7001'"), and so were their sales."""
    report = await two_tools(tmp_path)
    assert (report.created, report.updated, report.rejected) == (1, 2, 0)
    assert [one["external_id"] for one in await rows(PEOPLE)] == ["7001", "7002", "SQCY"]
    sold = write(tmp_path / "items.csv", ITEMS, item("T1", "SQANN"), item("T2", "SQBO"), item("T3", "SQCY"))
    assert (await run(sold, "purchases")).rejected == 0
    assert [one["email"] for one in await rows(BOUGHT)] == ["ann@x.example", "bo@x.example", "cy@x.example"]


@pytest.mark.parametrize("policy", ["fill", "overwrite", "keep"])
async def test_the_same_file_again_says_nothing_new(database: str, tmp_path: Path, policy: str) -> None:
    await two_tools(tmp_path)
    again = await run(tmp_path / "square.csv", policy=policy)
    assert (again.created, again.updated, again.unchanged, again.rejected) == (0, 0, 3, 0)
    assert [one["external_id"] for one in await rows(PEOPLE)] == ["7001", "7002", "SQCY"], "the first number stays"


async def test_undoing_makes_the_number_nobodys_again(database: str, tmp_path: Path) -> None:
    await two_tools(tmp_path)
    square_import = await last_import("square.csv")
    async with transaction() as session:
        told = await preview_undo(session, SYSTEM, square_import)
    assert told.removed["numbers"] == 2
    async with transaction() as session:
        of_shop = await preview_undo(session, SYSTEM, await last_import("shop.csv"))
    assert of_shop.kept["people_later_import"] == 2, "what the second tool said of them was built on the first's word"
    done = await undo_locally(SYSTEM, square_import)
    assert (done.removed["numbers"], await rows(ALIASES)) == (2, [])
    assert [one["external_id"] for one in await rows(PEOPLE)] == ["7001", "7002"]
    sold = await run(write(tmp_path / "items.csv", ITEMS, item("T1", "SQANN")), "purchases")
    assert sold.reasons == {"unknown_customer": 1}


async def test_two_numbers_of_one_tool_are_two_people(database: str, tmp_path: Path) -> None:
    """A family shares an address: its second number is told, in the same file and in a later one, and beside another
    tool's."""
    file = write(
        tmp_path / "a.csv", SQUARE, square("SQ1", "Ann", "rays@x.example"), square("SQ2", "", "rays@x.example")
    )
    report = await run(file)
    assert (report.created, report.reasons) == (1, {"email_of_another": 1})
    later = await run(write(tmp_path / "b.csv", SQUARE, square("SQ3", "Ann", "rays@x.example")))
    assert later.reasons == {"email_of_another": 1}
    await run(write(tmp_path / "c.csv", SHOPIFY, shopify("7001", "Ann", "kins@x.example")))
    both = write(
        tmp_path / "d.csv", SQUARE, square("SQ8", "Ann", "kins@x.example"), square("SQ9", "Ann", "kins@x.example")
    )
    report = await run(both)
    assert (report.updated, report.reasons) == (1, {"email_of_another": 1})
    again = await run(write(tmp_path / "e.csv", SQUARE, square("SQ9", "Ann", "kins@x.example")))
    assert again.reasons == {"email_of_another": 1}


async def test_another_name_at_the_address_is_told(database: str, tmp_path: Path) -> None:
    await run(write(tmp_path / "a.csv", SHOPIFY, shopify("7001", "Ann", "rays@x.example")))
    report = await run(write(tmp_path / "b.csv", SQUARE, square("SQ2", "Bob", "rays@x.example")))
    assert report.reasons == {"email_of_another": 1}


async def test_a_file_of_no_tool_we_know_is_told_as_before(database: str, tmp_path: Path) -> None:
    await run(write(tmp_path / "a.csv", "customer id,name,email", "7001,Ann Ray,ann@x.example"))
    report = await run(write(tmp_path / "b.csv", SQUARE, square("SQ2", "Ann", "ann@x.example")))
    assert report.reasons == {"email_of_another": 1}
    report = await run(write(tmp_path / "c.csv", "customer id,name,email", "9,Ann Ray,ann@x.example"))
    assert report.reasons == {"email_of_another": 1}


async def test_a_number_of_somebody_deleted_is_free(database: str, tmp_path: Path) -> None:
    await two_tools(tmp_path)
    (ann,) = await rows("SELECT id FROM customers WHERE email = 'ann@x.example'")
    async with transaction() as session:
        await delete_customer(session, SYSTEM, ann["id"])
    report = await run(tmp_path / "square.csv")
    assert (report.created, report.rejected) == (1, 0)
    assert [one["external_id"] for one in await rows(PEOPLE)] == ["SQANN", "7002", "SQCY"]
