"""Orders told in parts: what was given back later lowers the order it is of, once, in whatever order the files come."""

from __future__ import annotations

from datetime import timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import text

from liquor_app.accounts.permissions import SYSTEM
from liquor_app.core.clock import now, travel
from liquor_app.core.db import transaction
from liquor_app.imports.dry_run import try_file
from liquor_app.imports.single_purchases import NewLine, NewOrder, record_purchase
from liquor_app.screens.imports.wizard.report.note_lines import note_words
from liquor_app.screens.imports.wizard.report.report_words import trial_words
from liquor_app.screens.imports.wizard.trial_view import money_words, trial_lines
from tests.imports.test_import import run
from tests.imports.test_import_cases import many, one, write
from tests.imports.test_reversed_orders import HEAD, bring, orders, people, sold
from tests.imports.test_undo import everything, state, undo

pytestmark = pytest.mark.integration

SALE = sold("2", "Ale", "20.00", "Paid")
BACK = sold("2", "Ale", "-20.00", "Refund", day="03")
PART = sold("2", "Ale", "-5.00", "Refund", day="03")
LATER = sold("2", "Ale", "-5.00", "Refund", day="04")

FILES: dict[str, tuple[list[tuple[str, ...]], str]] = {
    "all of it": ([(SALE,), (BACK,)], "0.00"),
    "a part": ([(SALE,), (PART,)], "15.00"),
    "on the order's own day": ([(SALE,), (sold("2", "Ale", "-5.00", "Refund"),)], "15.00"),
    "two parts of one sum in one file": ([(SALE,), (PART, PART)], "10.00"),
    "two parts of one sum in two files": ([(SALE,), (PART,), (LATER,)], "10.00"),
    "each file has those before": ([(SALE,), (PART,), (PART, LATER)], "10.00"),
    "one stood beside the sale": ([(SALE, PART), (LATER,)], "10.00"),
    "named otherwise than what was sold": ([(SALE,), (sold("2", "Money back", "-5.00", "Refund", day="03"),)], "15.00"),
    "called refunded": ([(SALE,), (sold("2", "Ale", "-20.00", "Refunded", day="03"),)], "0.00"),
    "in part, before the whole": (
        [(SALE,), (PART,), (SALE, PART, sold("2", "Ale", "-15.00", "Refund", day="05"))], "0.00",
    ),
    "with a coupon among the sale's lines": (
        [(SALE, sold("2", "Coupon", "-2.00", "Paid")), (sold("2", "Ale", "-18.00", "Refund", day="03"),)], "0.00",
    ),
}  # fmt: skip


@pytest.mark.parametrize("name", FILES)
async def test_files_in_any_order_and_again_come_to_the_same(database: str, tmp_path: Path, name: str) -> None:
    """A refund under the sale's own number took the sale's place: 20.00 became -20.00."""
    files, total = FILES[name]
    await people(tmp_path)
    for nth, order in enumerate((files, files[::-1], [*files[1:], files[0]])):
        for at, rows in enumerate(order):
            report = await bring(tmp_path, *rows, name=f"{nth}_{at}.csv", again=True)
            assert report.rejected == 0
        assert await orders() == {"2": total}, order
        before = await everything()
        for at, rows in enumerate(order):
            again = await bring(tmp_path, *rows, name=f"{nth}_{at}_again.csv", again=True)
            assert set(again.orders) == {"unchanged"}, order
        assert await everything() == before
        async with transaction() as session:
            await session.execute(text("DELETE FROM purchases"))


async def net(tmp_path: Path, *files: tuple[str, ...], **told: Any) -> str:
    for at, rows in enumerate(files):
        await bring(tmp_path, *rows, name=f"{at}_{abs(hash(rows))}.csv", again=True, **told)
    return (await orders()).get("2", "")


@pytest.mark.parametrize(
    "exchanged",
    [
        (sold("2", "Ale", "-20.00", "Return", day="03"), sold("2", "Gin", "25.00", "Paid", day="03")),
        (sold("2", "Ale", "-20.00", "Return"), sold("2", "Gin", "25.00", "Paid")),
        (sold("2", "Gin", "25.00", "Paid", day="03"), sold("2", "Money back", "-20.00", "Return", day="03")),
    ],
)  # fmt: skip
async def test_an_exchange_adds_what_it_sells_and_takes_off_what_came_back(
    database: str, tmp_path: Path, exchanged: tuple[str, ...]
) -> None:
    await people(tmp_path)
    assert await net(tmp_path, (SALE,), exchanged) == "25.00"
    assert await net(tmp_path, exchanged, exchanged) == "25.00"
    assert await net(tmp_path, (SALE,)) == "25.00"
    whole = (SALE, *exchanged)
    assert await net(tmp_path, whole, whole, exchanged, (SALE,)) == "25.00"


async def test_an_exchange_for_what_costs_the_same(database: str, tmp_path: Path) -> None:
    await people(tmp_path)
    two = (sold("2", "Rye", "50.00", "Paid"), sold("2", "Gin", "30.00", "Paid"))
    exchanged = (sold("2", "Rye", "-50.00", "Return", day="03"), sold("2", "Gin", "30.00", "Paid", day="03"))
    assert await net(tmp_path, two, exchanged, exchanged) == "60.00"


async def test_a_whole_order_with_its_refund_takes_the_place_of_both(database: str, tmp_path: Path) -> None:
    await people(tmp_path)
    assert await net(tmp_path, (SALE,), (BACK,), (SALE, BACK)) == "0.00"
    assert await net(tmp_path, (BACK,), (SALE,)) == "0.00", "told again, each as it was told at first"
    # its rows say the order's day alone, and the refund is in other parts
    two = (sold("2", "Ale", "14.00", "Paid"), sold("2", "Gin", "6.00", "Paid"))
    back = (sold("2", "Ale", "-14.00", "Refund", day="05"), sold("2", "Gin", "-6.00", "Refund", day="05"))
    assert await net(tmp_path, (*two, *back)) == "0.00"
    assert await net(tmp_path, (sold("2", "Ale", "18.00", "Paid"), sold("2", "Ale", "-18.00", "Refund"))) == "0.00"


async def test_a_corrected_sale_keeps_what_was_given_back(database: str, tmp_path: Path) -> None:
    await people(tmp_path)
    assert await net(tmp_path, (SALE,), (PART,), (sold("2", "Ale", "22.00", "Paid"),)) == "17.00"
    coupon = (sold("2", "Ale", "22.00", "Paid"), sold("2", "Coupon", "-2.00", "Paid"))
    assert await net(tmp_path, coupon) == "15.00"
    assert await net(tmp_path, (sold("2", "Ale", "22.00", "Paid"),)) == "17.00", "the coupon was the sale's own"


async def test_a_return_under_its_own_number_is_mended_by_the_later_word(database: str, tmp_path: Path) -> None:
    await people(tmp_path)
    assert await net(tmp_path, (BACK,)) == "-20.00"
    assert await net(tmp_path, (sold("2", "Ale", "-15.00", "Refund", day="03"),)) == "-15.00"


async def test_what_was_voided_has_nothing_to_give_back(database: str, tmp_path: Path) -> None:
    """Voided after a refund in part, and told of once more afterwards."""
    await people(tmp_path)
    void = (sold("2", "Ale", "20.00", "Voided"),)
    assert await net(tmp_path, (SALE,), (PART,), void) == "0.00"
    assert await net(tmp_path, (PART,), (BACK,), void) == "0.00"


@pytest.mark.parametrize("state", ["Refunded", "Voided"])
@pytest.mark.parametrize("apart", [False, True])
@pytest.mark.parametrize(
    ("known", "rows", "total"),
    [
        (False, ("80|{}", "-80|Refund"), None),
        (True, ("80|{}", "-80|Refund"), "0.00"),
        (True, ("80|{}", "-86.40|Refund"), "0.00"),
        (True, ("-80|Refund", "80|{}"), "0.00"),
        (True, ("80|{}", "-30|Refund", "-50|Refund"), "0.00"),
    ],
)
async def test_an_orders_state_beside_the_refunds_own_row_is_one_fact(
    database: str, tmp_path: Path, state: str, apart: bool, known: bool, rows: tuple[str, ...], total: str | None
) -> None:
    """It came to -80.00, for the row called refunded was left out, and the one called a refund was not."""
    await people(tmp_path)
    told = [sold("2", "Ale", *row.format(state).split("|")) for row in rows]
    if apart:
        told = [one for row in told for one in (row, sold(f"9{told.index(row)}", "Rye", "1.00", "Paid"))]
    if known:
        await bring(tmp_path, sold("2", "Ale", "80.00", "Paid"), name="sale.csv")
    for at in range(2):
        report = await bring(tmp_path, *told, name=f"{at}.csv", again=True)
        assert report.rejected == 0
        found = (await orders()).get("2")
        assert found in (total, total or "0.00")
    assert await net(tmp_path, (sold("2", "Ale", "80.00", "Paid"),)) in ("", "0.00"), "an older file says it was paid"


@pytest.mark.parametrize("state", ["Refunded", "Voided"])
async def test_a_line_given_back_is_told_twice_beside_one_that_stands(
    database: str, tmp_path: Path, state: str
) -> None:
    await people(tmp_path)
    rye = sold("2", "Rye", "50.00", "Paid")
    gin = (sold("2", "Gin", "30.00", state), sold("2", "Gin", "-30.00", "Refund"))
    assert await net(tmp_path, (rye, *gin)) == "50.00"
    assert await net(tmp_path, (*gin, rye)) == "50.00"
    more = sold("2", "Rye", "-10.00", "Refund")
    assert await net(tmp_path, (rye, *gin, more)) == "40.00"


async def test_undoing_the_refunds_file_gives_the_order_back(database: str, tmp_path: Path) -> None:
    await people(tmp_path)
    await bring(tmp_path, SALE, sold("3", "Gin", "9.00", "Paid"), name="sale.csv")
    before = await everything()
    await bring(tmp_path, PART, PART, name="back.csv")
    assert (await orders())["2"] == "10.00"
    last = await one("SELECT id FROM imports ORDER BY id DESC LIMIT 1")
    done = await undo(await state(last.id))
    assert (done.undo["set_back"], done.undo["since"]) == ({"purchases": 1}, "2026-10-01")
    assert await everything() == before


async def test_undoing_a_whole_order_gives_its_parts_back(database: str, tmp_path: Path) -> None:
    await people(tmp_path)
    await bring(tmp_path, SALE, name="sale.csv")
    await bring(tmp_path, PART, name="back.csv")
    before = await everything()
    await bring(tmp_path, SALE, PART, LATER, name="whole.csv")
    assert (await orders())["2"] == "10.00"
    last = await one("SELECT id FROM imports ORDER BY id DESC LIMIT 1")
    await undo(await state(last.id))
    assert await everything() == before
    assert await net(tmp_path, (LATER,)) == "10.00", "the part is told apart still"


async def test_it_is_told_in_the_preview_and_the_report(database: str, tmp_path: Path) -> None:
    await people(tmp_path)
    await bring(tmp_path, SALE, name="sale.csv")
    file = write(tmp_path / "back.csv", HEAD, PART, PART)
    async with transaction() as session:
        trial = await try_file(session, SYSTEM, kind="purchases", path=file, limit=100, watch=True)
    assert trial_words(trial.report) == (
        "Tried on the first 2 rows: 1 order changed (2 lines). 1 known order is changed by what was given back of it,"
        " or exchanged."
    )
    assert (trial.totals.money, trial.totals.money_made) == (-10, -10)
    assert "Both are the same" in money_words(trial, "purchases")
    lines = trial_lines(trial.shown, now())
    assert {line.becomes for line in lines} == {"Total: $20.00 → $10.00\nLines: 1 → 3"}
    assert (await orders())["2"] == "20.00"
    async with transaction() as session:
        await session.execute(text("DELETE FROM touched_customers"))
    kept = await one("SELECT occurred_at, local_hour FROM purchases")
    report = await bring(tmp_path, PART, PART, name="back.csv")
    assert report.notes == {"orders_given_back": 1}
    assert await one("SELECT occurred_at, local_hour FROM purchases") == kept, "it was bought when it was bought"
    touched = await many("SELECT 1 FROM touched_customers")
    assert len(touched) == 1


async def test_known_orders_are_kept_where_that_was_chosen(database: str, tmp_path: Path) -> None:
    await people(tmp_path)
    assert await net(tmp_path, (SALE,)) == "20.00"
    assert await net(tmp_path, (PART,), policy="keep") == "20.00"


async def test_a_till_that_tells_its_order_again_keeps_what_was_given_back(database: str, tmp_path: Path) -> None:
    await people(tmp_path)
    await net(tmp_path, (SALE,), (PART,))
    found = await one("SELECT occurred_at FROM purchases")
    async with transaction() as session:
        line = NewLine(Decimal(20), product="Ale")
        told = await record_purchase(session, SYSTEM, NewOrder("2", found.occurred_at, [line], email="a@x.example"))
    assert (told.outcome, str(told.total)) == ("unchanged", "15.00")


TOOLS = {
    "square": (
        "Transaction ID,Date,Time,Time Zone,Net Sales,Event Type,Itemization Type,Item,Qty,Discounts,Customer ID,SKU",
        "2,2026-10-01,10:00:00,Eastern Time (US & Canada),{},{},Physical Good,Ale,{},0,C1,",
    ),
    "clover": (
        "Line Item Date,Order ID,Item Revenue,Refunded,Customer ID,Item Name,Item SKU,Total Revenue,Discounts",
        "2026-10-01 10:00,2,{0},No,C1,Ale,,{0},0",
    ),
    "lightspeed x": (
        "Receipt Number,Line Type,Customer Code,Register,Date,Details,Sku,Quantity,Subtotal,Discount,Status",
        "2,Sale Line,C1,Main,2026-10-01 10:00,Ale,,{2},{0},0,CLOSED",
    ),
    "lightspeed r": (
        "Sale ID,Item,Retail,Subtotal,Tax,Total,Customer,Customer ID,Date,Qty,Shop,Discount",
        "2,Ale,20,{0},0,{0},Ann,C1,2026-10-01 10:00,{2},Main,0",
    ),
    "uci": (
        "InvoiceNo,StockCode,Description,Quantity,InvoiceDate,UnitPrice,CustomerID",
        "2,A1,Ale,{2},2026-10-01 10:00,{3},C1",
    ),
    "a wine till": (
        "Invoice ID,Customer ID,Invoice Date,ITEM,BRAND,Qty Sold,Ext Sell Price",
        "2,C1,2026-10-01 10:00,Ale,,{2},{0}",
    ),
    "woocommerce": (
        "order_id,billing_email,item_name,item_total,item_subtotal,item_refunded,status,date,item_quantity",
        "2,a@x.example,Ale,{0},{0},0,completed,2026-10-01 10:00,{2}",
    ),
    "shopify": (
        "Name,Email,Financial Status,Lineitem quantity,Lineitem name,Lineitem price,Created at,Subtotal",
        "2,a@x.example,paid,{2},Ale,{3},2026-10-01 10:00,",
    ),
    "no tool, its sums alone": ("Order,Customer ID,Date,Amount", "2,C1,2026-10-01 10:00,{0}"),
}  # fmt: skip


@pytest.mark.parametrize("tool", TOOLS)
async def test_every_tool_lowers_the_order(database: str, tmp_path: Path, tool: str) -> None:
    head, row = TOOLS[tool]
    await run(write(tmp_path / "people.csv", "customer id,email", "C1,a@x.example"))
    sale = row.format("20.00", "Payment", "4", "5.00")
    back = row.format("-5.00", "Refund", "-1", "5.00")
    for at, rows in enumerate(((sale,), (back,), (back,), (sale,), (sale, back), (back,), (sale,))):
        report = await run(write(tmp_path / f"{at}.csv", head, *rows), "purchases", again=True)
        assert report.rejected == 0
        assert await orders() == {"2": "20.00" if at == 0 else "15.00"}, at


async def test_an_older_file_makes_no_purchase_of_what_was_voided(database: str, tmp_path: Path) -> None:
    """Nothing remembered a void of an order nobody knew: the file of the day before made it bought."""
    await people(tmp_path)
    void = (sold("2", "Ale", "20.00", "Voided"),)
    report = await bring(tmp_path, *void, name="void.csv")
    assert (report.rows, await orders()) == (0, {})
    sales = (SALE, sold("3", "Gin", "9.00", "Paid"))
    report = await bring(tmp_path, *sales, name="sale.csv")
    assert (await orders(), report.orders) == ({"3": "9.00"}, {"created": 1, "unchanged": 1})
    assert report.notes == {"orders_voided_since": 1}
    assert "1 order is left out: it was voided or refunded in full" in note_words(report.notes)
    report = await bring(tmp_path, BACK, name="back.csv")
    assert await orders() == {"3": "9.00"}, "nor is anything given back of it"
    imported = await one("SELECT id FROM imports WHERE file_name = 'void.csv'")
    await undo(await state(imported.id))
    await bring(tmp_path, *sales, name="sale.csv", again=True)
    assert await orders() == {"2": "20.00", "3": "9.00"}


async def test_a_file_that_is_surely_later_says_it_was_paid(database: str, tmp_path: Path) -> None:
    """It has rows from after the void was known: a web shop's order that was cancelled for want of a payment, and paid
    a day later. A later void takes it back once more."""
    await people(tmp_path)
    void = (sold("2", "Ale", "20.00", "Cancelled"),)
    day = now()
    with travel(day):
        await bring(tmp_path, *void, name="void.csv")
    with travel(day + timedelta(days=3)):
        fresh = sold("3", "Gin", "9.00", "Paid").replace("2026-10-01", (day + timedelta(days=2)).date().isoformat())
        await bring(tmp_path, SALE, fresh, name="paid.csv")
        assert await orders() == {"2": "20.00", "3": "9.00"}
    with travel(day + timedelta(days=4)):
        await bring(tmp_path, *void, fresh, name="void_again.csv")
        assert (await orders())["2"] == "0.00"
        await bring(tmp_path, SALE, fresh, name="paid_again.csv")
        assert (await orders())["2"] == "0.00"


async def test_a_number_given_out_anew_is_another_order(database: str, tmp_path: Path) -> None:
    await people(tmp_path)
    await bring(tmp_path, sold("2", "Ale", "20.00", "Voided"), name="void.csv")
    await bring(tmp_path, sold("2", "Ale", "20.00", "Paid", day="20"), name="sale.csv")
    assert await orders() == {"2": "20.00"}
