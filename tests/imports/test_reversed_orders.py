"""Orders bought by one file and called voided, cancelled or refunded in full by a later one: the money comes back."""

from __future__ import annotations

import csv
from datetime import timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest
from sqlalchemy import text

from liquor_app.accounts.permissions import SYSTEM
from liquor_app.analytics.returned_revenue import returned_since
from liquor_app.core.clock import now, travel
from liquor_app.core.db import transaction
from liquor_app.imports.dry_run import ImportReport, try_file
from liquor_app.scoring.service import score_customers
from liquor_app.screens.imports.wizard.report.note_lines import note_words
from liquor_app.screens.imports.wizard.report.report_words import trial_words
from liquor_app.screens.imports.wizard.trial_view import trial_lines
from liquor_app.sending.tracking.conversions import attribute_purchases
from tests.imports.report_texts import report_text
from tests.imports.test_import import run
from tests.imports.test_import_cases import FILES, many, one, write
from tests.imports.test_undo import everything, state, undo
from tests.sending.test_conversions import message

pytestmark = pytest.mark.integration
HEAD = "Order Number,Email,Date,Item,Amount,Status"


def sold(number: str, item: str, amount: str, status: str, *, who: str = "a@x.example", day: str = "01") -> str:
    return f"{number},{who},2026-10-{day} 10:00,{item},{amount},{status}"


async def bring(tmp_path: Path, *rows: str, head: str = HEAD, name: str = "sales.csv", **told: Any) -> ImportReport:
    return await run(write(tmp_path / name, head, *rows), "purchases", **told)


async def people(tmp_path: Path, *who: str) -> None:
    await run(write(tmp_path / "people.csv", "email", *(who or ("a@x.example", "b@x.example"))))


async def orders() -> dict[str, str]:
    """What each order comes to, recomputed from its lines as well."""
    found = await many(
        "SELECT p.external_id, p.total, (SELECT COALESCE(sum(amount), 0) FROM purchase_lines WHERE purchase_id = p.id)"
        " AS lines FROM purchases p ORDER BY 1"
    )
    assert all(row.total == row.lines for row in found)
    return {row.external_id: str(row.total) for row in found}


PAID = (sold("1", "Rye", "50.00", "Paid"), sold("1", "Gin", "30.00", "Paid"), sold("2", "Ale", "20.00", "Paid"))


@pytest.mark.parametrize(
    ("status", "word"),
    [
        ("Voided", "rows_voided: voided"),
        ("CANCELLED", "rows_voided: cancelled"),
        ("Refunded", "rows_refunded: refunded"),
        ("Anulada", "rows_voided: anulada"),
    ],
)
async def test_a_later_word_takes_a_known_order_back(database: str, tmp_path: Path, status: str, word: str) -> None:
    await people(tmp_path)
    await bring(tmp_path, *PAID)
    later = (sold("1", "Rye", "50.00", status), sold("1", "Gin", "30.00", status), sold("2", "Ale", "20.00", "Paid"))
    report = await bring(tmp_path, *later, name="later.csv")
    assert await orders() == {"1": "0.00", "2": "20.00"}, "the file's own: what was paid in it"
    assert report.taken_back == {"orders": 1, "sum": "80.00"}
    assert (report.orders, report.rows, report.notes[word]) == ({"unchanged": 1}, 1, 2)
    kept = await one("SELECT occurred_at, discount, alcohol_total FROM purchases WHERE external_id = '1'")
    assert (kept.occurred_at.isoformat()[:10], kept.discount, kept.alcohol_total) == ("2026-10-01", 0, 0)
    again = await bring(tmp_path, *later, name="later_again.csv")
    assert await orders() == {"1": "0.00", "2": "20.00"}
    assert again.taken_back == {}, "what is taken back already is not told again"


async def test_voided_first_and_never_paid_is_no_order(database: str, tmp_path: Path) -> None:
    await people(tmp_path)
    report = await bring(tmp_path, sold("1", "Rye", "50.00", "Voided"), PAID[2])
    assert (await orders(), report.taken_back) == ({"2": "20.00"}, {})
    report = await bring(tmp_path, sold("1", "Rye", "50.00", "Voided"), name="alone.csv")
    assert (await orders(), report.rows, report.taken_back) == ({"2": "20.00"}, 0, {})


async def test_an_order_paid_again_is_bought_again(database: str, tmp_path: Path) -> None:
    """By a file with rows from after the void was known. The file of before, brought again, is no such word."""
    await people(tmp_path)
    await bring(tmp_path, *PAID)
    was = await many("SELECT occurred_at, total, discount, alcohol_total FROM purchases ORDER BY external_id")
    await bring(tmp_path, sold("1", "Rye", "50.00", "Voided"), name="void.csv")
    assert (await orders())["1"] == "0.00"
    again = await bring(tmp_path, *PAID, name="paid_before.csv", again=True)
    assert ((await orders())["1"], again.orders) == ("0.00", {"unchanged": 2})
    tomorrow = now() + timedelta(days=1)
    with travel(tomorrow):
        fresh = sold("3", "Rum", "5.00", "Paid").replace("2026-10-01", tomorrow.date().isoformat())
        again = await bring(tmp_path, *PAID, fresh, name="paid_again.csv", again=True)
    assert again.orders == {"updated": 1, "unchanged": 1, "created": 1}
    assert was == await many(
        "SELECT occurred_at, total, discount, alcohol_total FROM purchases WHERE external_id < '3' ORDER BY external_id"
    )


async def test_lines_that_are_left_are_the_whole_order(database: str, tmp_path: Path) -> None:
    """One line of it was voided, wherever it stands in the file: no order is taken back."""
    await people(tmp_path)
    await bring(tmp_path, *PAID)
    report = await bring(
        tmp_path, sold("1", "Gin", "30.00", "Void"), PAID[2], sold("1", "Rye", "50.00", "Paid"), name="line.csv"
    )
    assert (await orders(), report.taken_back) == ({"1": "50.00", "2": "20.00"}, {})
    assert report.orders == {"updated": 1, "unchanged": 1}


async def test_an_order_of_which_a_row_is_refused_keeps_what_it_was(database: str, tmp_path: Path) -> None:
    await people(tmp_path)
    await bring(tmp_path, *PAID)
    report = await bring(
        tmp_path, sold("1", "Gin", "30.00", "Void"), sold("1", "Rye", "much", "Paid"), name="broken.csv"
    )
    assert (await orders(), report.rejected, report.taken_back) == ({"1": "80.00", "2": "20.00"}, 1, {})


async def test_a_number_of_somebody_else_takes_nothing_back(database: str, tmp_path: Path) -> None:
    await people(tmp_path)
    await bring(tmp_path, *PAID)
    rows = [
        sold("1", "Rye", "50.00", "Voided", who="b@x.example"), sold("2", "Ale", "20.00", "Voided", who="c@x.example"),
    ]  # fmt: skip
    report = await bring(tmp_path, *rows, name="theirs.csv")
    assert (await orders(), report.taken_back) == ({"1": "80.00", "2": "20.00"}, {})
    assert report.notes["reversals_of_another_customer"] == 2
    assert "2 known orders voided or refunded in the file but left as bought" in note_words(report.notes)
    report = await bring(tmp_path, sold("1", "Rye", "50.00", "Voided", who=""), name="nobodys.csv")
    assert (await orders(), report.taken_back["sum"]) == ({"1": "0.00", "2": "20.00"}, "80.00")


async def test_known_orders_are_kept_where_that_was_chosen(database: str, tmp_path: Path) -> None:
    await people(tmp_path)
    await bring(tmp_path, *PAID)
    report = await bring(tmp_path, sold("1", "Rye", "50.00", "Voided"), name="void.csv", policy="keep")
    assert (await orders(), report.taken_back) == ({"1": "80.00", "2": "20.00"}, {})


async def test_what_is_only_not_paid_yet_takes_nothing_back(database: str, tmp_path: Path) -> None:
    await people(tmp_path)
    await bring(tmp_path, *PAID)
    report = await bring(tmp_path, sold("1", "Rye", "50.00", "Pending"), name="pending.csv")
    assert (await orders(), report.taken_back) == ({"1": "80.00", "2": "20.00"}, {})


async def test_orders_without_numbers_are_known_by_who_and_when(database: str, tmp_path: Path) -> None:
    await people(tmp_path)
    head = "Email,Date,Item,Amount,Status"
    rows = [row.partition(",")[2] for row in (*PAID[:2], sold("", "Ale", "20.00", "Paid", day="02"))]
    await bring(tmp_path, *rows, head=head)
    voided = [row.replace("Paid", "Voided") for row in rows[:2]]
    report = await bring(tmp_path, *voided, head=head, name="void.csv")
    assert sorted((await orders()).values()) == ["0.00", "20.00"]
    assert report.taken_back == {"orders": 1, "sum": "80.00"}


async def test_a_return_that_was_voided_is_no_return(database: str, tmp_path: Path) -> None:
    await people(tmp_path)
    await bring(tmp_path, *PAID, sold("R2", "Ale", "-20.00", "Refund"))
    report = await bring(tmp_path, sold("R2", "Ale", "-20.00", "Voided"), name="void.csv")
    assert (await orders())["R2"] == "0.00"
    assert report.taken_back == {"orders": 1, "sum": "-20.00"}


async def test_undoing_the_later_file_gives_the_order_back(database: str, tmp_path: Path) -> None:
    await people(tmp_path)
    await bring(tmp_path, *PAID)
    before = await everything()
    await bring(tmp_path, sold("1", "Rye", "50.00", "Voided"), name="void.csv")
    assert (await orders())["1"] == "0.00"
    last = await one("SELECT id FROM imports ORDER BY id DESC LIMIT 1")
    row = await state(last.id)
    assert report_text(row).splitlines() == [
        "Imported: 0 of 1 row.", "Rows in the file: 1", "Rows refused: 0",
        "Voided or refunded in full since: 1 known order taken back ($80.00)",
        "Rows that are no lines of purchases, left out: voided or cancelled 1 (“voided” 1).",
    ]  # fmt: skip
    done = await undo(row)
    assert (done.undo["set_back"], done.undo["since"]) == ({"purchases": 1}, "2026-10-01")
    assert await everything() == before


async def test_the_preview_tells_before_anything_is_done(database: str, tmp_path: Path) -> None:
    await people(tmp_path)
    await bring(tmp_path, *PAID)
    file = write(tmp_path / "void.csv", HEAD, *(row.replace("Paid", "Refunded") for row in PAID[:2]))
    async with transaction() as session:
        trial = await try_file(session, SYSTEM, kind="purchases", path=file, limit=100, watch=True)
    assert trial_words(trial.report) == (
        "Tried on the first 2 rows: 1 known order taken back ($80.00). Rows that are no lines of purchases, left out:"
        " refunded in full 2 (“refunded” 2)."
    )
    [shown] = trial.shown
    assert (shown.record.number, shown.outcome, shown.order) == (2, "updated", "1")
    [line] = trial_lines(trial.shown, now())
    assert (line.outcome, line.becomes) == ("taken_back", "Total: $80.00 → $0.00\nLines: 2 → 0")
    assert shown.becomes is not None
    assert {(one.field, one.before, one.after) for one in shown.becomes.changes} == {
        ("total", "80.00", "0.00"), ("lines", "2", "0"),
    }  # fmt: skip
    assert (await orders())["1"] == "80.00"


async def test_figures_follow(database: str, tmp_path: Path) -> None:
    """Revenue, orders and buyers of the day, and what came back of a campaign; what was attributed stays."""
    await people(tmp_path)
    day = now().date().isoformat()
    rows = [sold(number, "Rye", amount, "Paid").replace("2026-10-01 10:00", day) for number, amount in
            (("1", "80.00"), ("2", "20.00"))]  # fmt: skip
    async with transaction() as session:
        who = (await session.execute(text("SELECT id FROM customers WHERE email = 'a@x.example'"))).scalar_one()
        await message(session, UUID(str(who)), clicked=3)
        campaign = (await session.execute(text("SELECT campaign_id FROM sends"))).scalar_one()
    await bring(tmp_path, *rows)
    async with transaction() as session:
        await attribute_purchases(session, SYSTEM)
        won = (await session.execute(text("SELECT conversion_value FROM sends"))).scalar_one()
        await session.execute(text("DELETE FROM touched_customers"))
        await session.execute(text("DELETE FROM jobs"))
    report = await bring(tmp_path, rows[0].replace("Paid", "Voided"), rows[1].replace("Paid", "Voided"), name="v.csv")
    assert report.taken_back == {"orders": 2, "sum": "100.00"}
    assert [row.name for row in await many("SELECT name FROM jobs ORDER BY name")] == ["roll_up", "score_customers"]
    assert [row.customer_id for row in await many("SELECT customer_id FROM touched_customers")] == [who]
    async with transaction() as session:
        assert await returned_since(session, SYSTEM, campaign) == won
        assert (await session.execute(text("SELECT conversion_value FROM sends"))).scalar_one() == won
        scored = await score_customers(session, SYSTEM)
    assert scored is not None
    figures = await one("SELECT sum(total) AS net, count(*) FILTER (WHERE total > 0) AS orders FROM purchases")
    assert (figures.net, figures.orders) == (Decimal(0), 0)


TOOLS: dict[str, tuple[str, str, str, str]] = {
    "shopify, refunded": ("01_shopify_customers", "02_shopify_orders", "Financial Status", "refunded"),
    "shopify, voided": ("01_shopify_customers", "02_shopify_orders", "Financial Status", "voided"),
    "shopify, cancelled": ("01_shopify_customers", "02_shopify_orders", "Cancelled at", "2026-10-20 09:00:00 -0400"),
    "woocommerce lines": ("08_woo_customers", "08_woo_order_lines", "status", "cancelled"),
    "woocommerce orders": ("08_woo_customers", "08_woo_orders", "status", "wc-refunded"),
    "woocommerce packed": ("08_woo_customers", "22_woo_orders_packed", "status", "refunded"),
    "clover": ("07_clover_customers", "07_clover_line_items", "Refunded", "Yes"),
    "lightspeed": ("06_lightspeed_x_customers", "06_lightspeed_x_sales", "Status", "VOIDED"),
    "square": ("03_square_customers", "03_square_transactions", "Transaction Status", "Voided"),
}


@pytest.mark.parametrize("tool", TOOLS)
async def test_known_tools_say_it_in_their_own_words(database: str, tmp_path: Path, tool: str) -> None:
    customers, sales, column, word = TOOLS[tool]
    await run(FILES / f"{customers}.csv")
    await run(FILES / f"{sales}.csv", "purchases")
    known = await orders()
    paid = {number: Decimal(total) for number, total in known.items() if Decimal(total)}
    assert paid
    with (FILES / f"{sales}.csv").open(newline="") as file:
        table = list(csv.DictReader(file))
    for row in table:
        row[column] = word
    with (tmp_path / f"{sales}.csv").open("w", newline="") as file:
        later = csv.DictWriter(file, list(table[0]))
        later.writeheader()
        later.writerows(table)
    report = await run(tmp_path / f"{sales}.csv", "purchases")
    assert await orders() == dict.fromkeys(known, "0.00")
    assert report.taken_back == {"orders": len(paid), "sum": str(sum(paid.values()))}
