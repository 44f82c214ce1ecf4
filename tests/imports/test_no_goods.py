"""Rows of an order that are no goods: tax, tips, shipping, deposits and gift cards by their whole names."""

from __future__ import annotations

from pathlib import Path

import pytest

from liquor_app.accounts.permissions import SYSTEM
from liquor_app.core.db import transaction
from liquor_app.imports.cleaning.orders.no_goods import no_goods
from liquor_app.imports.dry_run import try_file
from liquor_app.screens.imports.wizard.report.note_lines import note_words
from liquor_app.screens.imports.wizard.trial_view import money_words
from tests.imports.test_import_cases import write
from tests.imports.test_reversed_orders import bring, orders, people

HEAD = "Order Number,Email,Date,Item,Qty,Amount"


@pytest.mark.parametrize(
    "item",
    [
        "Sales Tax", "TAX", "Sales tax (8.25%)", "Tip", "Gratuity", "Shipping", "Shipping & Handling", "Delivery fee",
        "Bottle Deposit", "CRV", "CA CRV", "Gift card", "Gift Card $50", "eGift Card", "Propina", "Impuestos", "Envío",
        "Tarjeta de regalo", "MwSt.", "Trinkgeld", "Pfand", "Versandkosten", "Pourboire", "Frais de livraison",
        "Carte cadeau", "Service charge", "Bag Fee", "State  Tax",
    ],
)  # fmt: skip
def test_known_words(item: str) -> None:
    assert no_goods(item)


@pytest.mark.parametrize(
    "item",
    [
        "Tip Top Gin", "Tax Day IPA", "Port", "Shipping Crate Rum", "Gift Set", "Gift Card Holder", "Deposit Bourbon",
        "", "Delivery Boy Ale", "Tippy's Tip", "Taxi", "Moet & Chandon Gift Box",
    ],
)  # fmt: skip
def test_a_product_that_holds_such_a_word_is_one(item: str) -> None:
    assert not no_goods(item)


ROWS = [
    f"1,a@x.example,2026-10-01 10:00,{item}"
    for item in ("Rye,1,50", "Tip Top Gin,1,20", "Sales Tax,1,5.78", "Tip,1,6.00", "CRV,2,0.10", "Shipping,1,9.00")
]
CARD = "2,a@x.example,2026-10-02 10:00,Gift Card,1,100.00"


@pytest.mark.integration
async def test_they_are_left_out_and_counted(database: str, tmp_path: Path) -> None:
    """Before, each was a line: 90.88 and 100.00 of revenue."""
    await people(tmp_path)
    report = await bring(tmp_path, *ROWS, CARD, head=HEAD)
    assert await orders() == {"1": "70.00"}
    assert (report.rows, report.rejected) == (2, 0)
    assert report.notes == {
        "rows_of_no_goods: sales tax": 1, "rows_of_no_goods: tip": 1, "rows_of_no_goods: crv": 1,
        "rows_of_no_goods: shipping": 1, "rows_of_no_goods: gift card": 1,
    }  # fmt: skip
    assert "tax, tips, shipping, deposits and gift cards 5 (" in note_words(report.notes)


@pytest.mark.integration
async def test_the_sum_stands_beside_the_files_own(database: str, tmp_path: Path) -> None:
    await people(tmp_path)
    path = write(tmp_path / "sales.csv", HEAD, *ROWS, CARD)
    async with transaction() as session:
        trial = await try_file(session, SYSTEM, kind="purchases", path=path, limit=20, watch=True)
    totals = trial.totals
    assert (str(totals.money), str(totals.money_made), str(totals.left_out)) == ("190.88", "70.00", "120.88")
    assert "5 rows are no line of a purchase ($120.88)" in money_words(trial, "purchases")


@pytest.mark.integration
async def test_tax_given_back_is_no_goods_either(database: str, tmp_path: Path) -> None:
    await people(tmp_path)
    head = f"{HEAD},Type"
    rows = [
        "1,a@x.example,2026-10-01,Rye,1,50.00,Sale", "1,a@x.example,2026-10-01,Sales Tax,1,4.00,Sale",
        "1,a@x.example,2026-10-03,Rye,-1,-50.00,Refund", "1,a@x.example,2026-10-03,Sales Tax,-1,-4.00,Refund",
    ]  # fmt: skip
    await bring(tmp_path, *rows, head=head)
    assert await orders() == {"1": "0.00"}
