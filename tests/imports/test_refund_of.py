"""A refund under a number of its own that names the order it is of."""

from __future__ import annotations

from itertools import permutations
from pathlib import Path

import pytest

from liquor_app.imports.cleaning.column_mapping import guess_mapping
from liquor_app.imports.dry_run import ImportReport, inspect_file
from tests.imports.test_import_cases import write
from tests.imports.test_reversed_orders import bring, orders, people
from tests.imports.test_undo import everything

HEAD = "Receipt No,Original Receipt,Type,Email,Date,Item,Qty,Amount"
SALE = "100,,Sale,a@x.example,2026-10-01 10:00,Rye,2,80.00"
BACK = "R-7,100,Refund,,2026-10-03 10:00,Rye,-1,-30.00"
OTHER = "101,,Sale,b@x.example,2026-10-02 10:00,Gin,1,9.00"

NAMES = (
    "Original Order", "Original Order Number", "Original Receipt #", "Original Transaction ID", "Original Invoice No",
    "Original Sale", "Refund of", "Refund Of Order", "Refunded Order", "Return of", "Returned Order ID", "Parent order",
    "Parent Order ID", "Void of", "Recibo original", "Pedido original", "Factura original", "Devolución de",
    "Reembolso de", "Originalbeleg", "Ursprüngliche Bestellung", "Originalrechnung", "Erstattung von",
    "Commande d'origine", "Commande originale", "Facture d'origine", "Remboursement de", "Retour de",
)  # fmt: skip


@pytest.mark.parametrize("name", NAMES)
def test_such_columns_are_known(name: str) -> None:
    columns = ["Receipt No", name, "Email", "Date", "Item", "Amount"]
    found = guess_mapping(columns, "purchases")
    assert (found["refund_of"], found["order_id"]) == (name, "Receipt No")


async def told(tmp_path: Path, *rows: str, name: str = "sales.csv", head: str = HEAD) -> ImportReport:
    return await bring(tmp_path, *rows, head=head, name=name, again=name != "sales.csv")


@pytest.mark.integration
@pytest.mark.parametrize("rows", list(permutations((SALE, BACK, OTHER))))
async def test_in_one_file_it_lowers_its_order(database: str, tmp_path: Path, rows: tuple[str, ...]) -> None:
    """Before, it was an order of its own of nobody, was left out, and 80.00 stood."""
    await people(tmp_path)
    report = await told(tmp_path, *rows)
    assert (report.rejected, report.notes) == (0, {})
    assert await orders() == {"100": "50.00", "101": "9.00"}
    before = await everything()
    await told(tmp_path, *rows, name="again.csv")
    assert await everything() == before


@pytest.mark.integration
async def test_in_files_of_any_order(database: str, tmp_path: Path) -> None:
    await people(tmp_path)
    named = BACK.replace("Refund,,", "Refund,a@x.example,")
    await told(tmp_path, named, OTHER)
    assert await orders() == {"100": "-30.00", "101": "9.00"}
    for name, rows in (("sale", [SALE]), ("back", [named]), ("sale_again", [SALE]), ("back_again", [BACK])):
        await told(tmp_path, *rows, name=f"{name}.csv")
        assert await orders() == {"100": "50.00", "101": "9.00"}, name


@pytest.mark.integration
async def test_two_refunds_of_one_order(database: str, tmp_path: Path) -> None:
    await people(tmp_path)
    await told(tmp_path, SALE)
    other = BACK.replace("R-7", "R-8").replace("-03 10:00", "-04 10:00")
    await told(tmp_path, BACK, other, name="back.csv")
    assert await orders() == {"100": "20.00"}


@pytest.mark.integration
async def test_only_what_is_below_zero_goes_to_the_order_it_names(database: str, tmp_path: Path) -> None:
    """An exchange's new bottle is a sale of its own; a cell that names no order names none."""
    await people(tmp_path)
    new = "102,100,Sale,a@x.example,2026-10-03 10:00,Ale,1,7.00"
    none = "R-9,N/A,Refund,b@x.example,2026-10-04 10:00,Gin,-1,-9.00"
    await told(tmp_path, SALE, BACK, new, OTHER, none)
    assert await orders() == {"100": "50.00", "101": "9.00", "102": "7.00", "R-9": "-9.00"}


@pytest.mark.integration
async def test_a_mapping_that_leaves_it_out_does_not_silence_it(database: str, tmp_path: Path) -> None:
    await people(tmp_path)
    preview = inspect_file(write(tmp_path / "look.csv", HEAD, SALE, BACK), "purchases")
    mapping = {field: column for field, column in preview.mapping.items() if field != "refund_of"}
    await bring(tmp_path, SALE, BACK, head=HEAD, mapping=mapping)
    assert await orders() == {"100": "50.00"}


@pytest.mark.integration
async def test_worth_by_price_and_count(database: str, tmp_path: Path) -> None:
    await people(tmp_path)
    head = "Order Number,Parent order,Email,Date,Item,Qty,Price"
    rows = ("5,,a@x.example,2026-10-01,Rye,3,10.00", "6,5,a@x.example,2026-10-02,Rye,-1,10.00")
    await told(tmp_path, *rows, head=head)
    assert await orders() == {"5": "20.00"}
