"""Tills tell at which register something was sold, where each numbers its receipts by itself (ADR 139)."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from tests.api.client import Client
from tests.imports.test_import_cases import many, run, write
from tests.imports.test_registers import orders
from tests.imports.test_reversed_orders import people

pytestmark = pytest.mark.integration
HEAD = "Store,Register,Receipt,Date,Email,Item,Amount"


async def _places() -> list[tuple[str, str | None, str | None]]:
    found = await many("SELECT external_id, store, register FROM purchases ORDER BY 1")
    return [(row.external_id, row.store, row.register) for row in found]


SALE: dict[str, Any] = {
    "order_id": "7", "occurred_at": "2025-03-01T15:00:00Z", "email": "a@x.example", "store": "Main",
    "lines": [{"amount": "10.00", "product": "Rye"}],
}  # fmt: skip


async def test_tills_tell_their_register(manager: Client, tmp_path: Path) -> None:
    """The same number at two registers is two orders, as in files; told again each is the same."""
    await people(tmp_path)
    for register, total in (("1", "10.00"), ("2", "12.00"), ("1", "10.00"), ("2", "12.00")):
        sale = SALE | {"register": register, "lines": [{"amount": total, "product": "Rye"}]}
        answer = await manager.post("/purchases", json=sale)
        assert answer.status_code == 201, answer.text
        assert answer.json()["order_id"] == f"7 · MAIN / {register}"
    assert await orders() == [("7 · MAIN / 1", "10.00", "a"), ("7 · MAIN / 2", "12.00", "a")]
    rows = [SALE | {"register": "2", "lines": [{"amount": "12.00", "product": "Rye"}]}, SALE | {"register": "3"},
            {name: value for name, value in (SALE | {"register": "4"}).items() if name != "store"}]  # fmt: skip
    told_of = (await manager.post("/purchases", json=rows)).json()["items"]
    assert [one["outcome"] for one in told_of] == ["unchanged", "created", "created"]
    assert await _places() == [
        ("7 · 4", None, "4"), ("7 · MAIN / 1", "Main", "1"), ("7 · MAIN / 2", "Main", "2"),
        ("7 · MAIN / 3", "Main", "3"),
    ]  # fmt: skip
    answer = await manager.post("/purchases", json=SALE | {"register": "x\x00"})
    assert answer.status_code == 422


async def test_an_order_known_without_its_register_stays_one(manager: Client, tmp_path: Path) -> None:
    await people(tmp_path)
    await run(write(tmp_path / "a.csv", "Store,Receipt,Date,Email,Item,Amount",
                    "Main,7,2025-03-01 10:00,a@x.example,Rye,10.00"), "purchases")  # fmt: skip
    answer = (await manager.post("/purchases", json=SALE | {"register": "2"})).json()
    assert answer["order_id"] == "7"
    assert await orders() == [("7", "10.00", "a")]
    (row,) = (await manager.post("/purchases", json=[SALE | {"register": "2"}])).json()["items"]
    assert row["outcome"] == "unchanged"


@pytest.mark.parametrize("head", [HEAD, "Register,Receipt,Date,Email,Item,Amount"])
async def test_a_file_of_what_a_till_told_counts_nothing_twice(manager: Client, tmp_path: Path, head: str) -> None:
    """The file alone shows one series of numbers: what the till told says that it is not."""
    await people(tmp_path)
    named = head == HEAD
    sale = SALE | {"register": "2"} | ({} if named else {"store": None})
    await manager.post("/purchases", json=sale)
    row = "2,7,2025-03-01 10:00,a@x.example,Rye,10.00"
    report = await run(write(tmp_path / "a.csv", head, f"Main,{row}" if named else row), "purchases")
    assert len(await orders()) == 1
    assert sum(report.orders.values()) == 1
