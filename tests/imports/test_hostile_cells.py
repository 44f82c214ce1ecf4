"""Cells made to hold up whoever reads them: twenty thousand letters of one kind, in every column."""

from __future__ import annotations

import csv
import time
from pathlib import Path

import pytest

from liquor_app.accounts.permissions import SYSTEM
from liquor_app.core.db import transaction
from liquor_app.customers.labels.custom_fields import add_custom_field
from liquor_app.imports.cleaning.amounts import read_amount
from liquor_app.imports.cleaning.column_names import KINDS
from liquor_app.imports.cleaning.dates import read_clock
from liquor_app.imports.cleaning.label_cells import clean_tags
from liquor_app.imports.cleaning.orders.packed_items import packed_items
from liquor_app.imports.dry_run import inspect_file, try_file
from liquor_app.imports.readers.formats import open_table
from tests.imports.test_import import rows, run

N = 20_000
RUNS = (" ", "1", "a", "1 ", " (", "<", ";", ",", "-", ".", "@", "\n")
CELLS = [
    start + (run * N)[:N] + end
    for run in RUNS
    for start, end in (("", "x"), ("12", "x"), ("a@x.y", "b"), ("2026-01-01", "y"))
]
FIXED = {"external_id": "E1", "order_id": "O1", "customer": "E1", "occurred_at": "2026-01-01 10:00", "amount": "10",
         "sku": "S1", "name": "N", "category": "Wine"}  # fmt: skip


@pytest.mark.integration
@pytest.mark.parametrize("kind", sorted(KINDS))
async def test_every_column_reads_such_cells_at_once(database: str, tmp_path: Path, kind: str) -> None:
    columns = [
        *KINDS[kind],
        *([f"custom.{what}.{what}_x" for what in ("text", "number", "date", "flag")] if kind == "customers" else []),
    ]
    async with transaction() as session:
        for what in ("text", "number", "date", "flag"):
            await add_custom_field(session, SYSTEM, f"{what} x", what)
    path = tmp_path / "f.csv"
    rows = 0
    with path.open("w") as file:
        writer = csv.writer(file)
        writer.writerow(columns)
        for place in range(len(columns)):
            for cell in CELLS[place % 4 :: 4]:
                if "\n" in cell:
                    continue  # a broken row, which is another matter
                rows += 1
                writer.writerow([cell if at == place else FIXED.get(name, "") for at, name in enumerate(columns)])
    mapping = {name: name for name in columns}
    began = time.process_time()
    inspect_file(path, kind, mapping=mapping)
    async with transaction() as session:
        tried = await try_file(session, SYSTEM, kind=kind, path=path, mapping=mapping, limit=2_000, watch=True)
    assert time.process_time() - began < 12
    assert tried.report.rows == rows > 10 * len(columns)


def test_readers_of_raw_cells_are_quick() -> None:
    began = time.process_time()
    for cell in CELLS:
        read_amount(cell)
        read_clock(cell)
        clean_tags(cell)
        packed_items([cell])
    assert time.process_time() - began < 3


def test_what_such_cells_hold_is_still_read(tmp_path: Path) -> None:
    gap = " " * 2_000
    amount = read_amount(f"USD{gap}12.50{gap}")
    assert amount is not None
    assert (str(amount.value), amount.currency) == ("12.50", "USD")
    assert read_amount("1" * 65) is None
    assert clean_tags(f'red{gap};{gap}white | "dry"\nrosé') == (("red", "white", "dry", "rosé"), True)
    assert clean_tags('["vip", "rum"]') == clean_tags("[vip,rum]") == (("vip", "rum"), True)
    assert clean_tags("a" * 200_000) == ((), False)
    assert [one.product for one in packed_items([f"name:Gin|total:20;{gap}\n name:Rum|total:9"])] == ["Gin", "Rum"]
    path = tmp_path / "f.csv"
    path.write_text(f'email,note\na@x.example,"a{gap}b{gap}\n{gap}c"\nb@x.example,a  b\n')
    with open_table(path) as table:
        assert [record.cells[1] for record in table] == ["a b\nc", "a  b"]


@pytest.mark.integration
@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("half.json", rb'[{"email":"a@x.example","name":"Ann \ud83d"},{"email":"b@x.example","name":"Bo"}]'),
        ("half_name.json", rb'[{"email":"a@x.example","n\ud83d":"Ann"},{"email":"b@x.example"}]'),
        ("nul_name.jsonl", b'{"email":"a@x.example","n\\u0000ote":"x"}\n{"email":"b@x.example"}\n'),
        ("nul_name.csv", b"email,na\x00me\na@x.example,Ann\nb@x.example,Bo\n"),
    ],
)
async def test_what_cannot_be_stored_costs_no_file(database: str, tmp_path: Path, name: str, content: bytes) -> None:
    """Before, half of a pair in one value of JSON ended the whole import, as did a NUL in a column's name."""
    path = tmp_path / name
    path.write_bytes(content)
    report = await run(path)
    assert (report.created, report.rejected) == (2, 0)
    if name == "half.json":
        kept = {row["name"] for row in await rows("SELECT name FROM customers")}
        assert kept == {"Ann \ufffd", "Bo"}
