"""A sum that came back, told by two columns of a file."""

from __future__ import annotations

from pathlib import Path

import pytest

from liquor_app.core.errors import Invalid
from tests.imports.test_import import run
from tests.imports.test_import_cases import many, write

REFUNDS_TWICE = ("order,date,email,Amount,Amount Refunded,{second}", "1,2026-01-05,{who},50.00,0.00,{none}",
                 "2,2026-01-06,{who},80.00,30.00,{some}")  # fmt: skip


@pytest.mark.integration
@pytest.mark.parametrize(
    ("second", "none", "some", "is_read"),
    [("Refunded Amount", "0.00", "30.00", True), ("Converted Amount Refunded", "", "30.00", True),
     ("Refunded Amount", "0.00", "20.00", False), ("Refunded Amount", "5.00", "30.00", False),
     ("Refund 2 Amount", "0.00", "30.00", False)],
)  # fmt: skip
async def test_a_refund_said_twice_is_taken_off_once(
    database: str, tmp_path: Path, second: str, none: str, some: str, is_read: bool
) -> None:
    """Before, a second column of refunds refused the file, whatever stood in it."""
    await run(write(tmp_path / "people.csv", "email,name", "ann@r.example,Ann"))
    lines = (one.format(second=second, who="ann@r.example", none=none, some=some) for one in REFUNDS_TWICE)
    file = write(tmp_path / "orders.csv", *lines)
    if not is_read:
        with pytest.raises(Invalid, match=f"“{second}” says which rows count"):
            await run(file, "purchases")
        return
    await run(file, "purchases")
    found = await many("SELECT total FROM purchases ORDER BY total")
    assert [str(one.total) for one in found] == ["50.00", "50.00"]
