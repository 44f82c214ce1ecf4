"""Values nobody means: numbers and days at the ends of what can be written, choices of another shape."""

from __future__ import annotations

import json
import tracemalloc
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from liquor_app.core.errors import Invalid
from liquor_app.imports.chunks import CHUNK_CHARACTERS, take_rows
from liquor_app.imports.cleaning.cells import Rejected
from liquor_app.imports.cleaning.moment_cells import clean_consent_moment, clean_moment
from liquor_app.imports.cleaning.orders.order_shape import ENOUGH, KINDS, Watch
from liquor_app.imports.readers.delimited import DelimitedFile
from liquor_app.imports.readers.row_reader import Record
from liquor_app.screens.campaigns.builder.state import parse_percent
from tests.api.client import Client, is_problem

NOW = datetime(2026, 11, 24, 12, tzinfo=UTC)
HEAD = "order id,email,date,amount,unit price,quantity\n"
ENDS_OF_TIME = ("9999-12-31T23:59:59-12:00", "0001-01-01T00:00:00+14:00", "0001-01-01", "9999-12-31")


@pytest.mark.parametrize("cell", ENDS_OF_TIME)
@pytest.mark.parametrize("zone", ["America/New_York", "Pacific/Kiritimati"])
def test_the_ends_of_time_cost_their_row_alone(cell: str, zone: str) -> None:
    with pytest.raises(Rejected, match="must lie between 1990 and today"):
        clean_moment(cell, "occurred_at", ZoneInfo(zone), NOW)
    for given in (True, False):  # what programs write for none: a yes has no evidence then, and a no is one of now
        assert clean_consent_moment(cell, ZoneInfo(zone), NOW, given=given) is None


@pytest.mark.integration
@pytest.mark.parametrize(
    "rows",
    [
        [f"1,a@b.co,{ENDS_OF_TIME[0]},5,5,1", f"2,a@b.co,{ENDS_OF_TIME[1]},5,5,1"],
        ["1,a@b.co,2026-01-01,5,9e999999,10", "1,a@b.co,2026-01-01,6,9e999999,10"],
    ],
)
async def test_no_cell_costs_the_whole_file(manager: Client, rows: list[str]) -> None:
    await manager.post("/customers", json={"email": "a@b.co"})
    seen = await _looked_at(manager, rows)
    assert seen.status_code == 200, seen.text
    assert seen.json()["created"] + seen.json()["updated"] >= 1, seen.text


@pytest.mark.integration
@pytest.mark.parametrize("huge", ["9e999999", "9e999999999", "-9e999999", "1e-999999999"])
async def test_what_does_not_add_up_is_told_in_words(manager: Client, huge: str) -> None:
    rows = [f"1,a@b.co,2026-01-01,{huge},{huge},{huge}", f"1,a@b.co,2026-01-01,{huge},1,1", "1,a@b.co,2026-01-01,1,1,1"]
    assert (await _looked_at(manager, rows)).status_code in {200, 422}


async def _looked_at(manager: Client, rows: list[str]) -> Any:
    file = (HEAD + "\n".join([*rows, "9,a@b.co,2026-01-01,5,5,1"]) + "\n").encode()
    sent = await manager.post("/imports", files={"file": ("till.csv", file)}, data={"kind": "purchases"})
    return await manager.post(f"/imports/{sent.json()['id']}/preview", json={"kind": "purchases"})


@pytest.mark.integration
async def test_what_holds_for_every_row_is_taken_with_the_file(manager: Client) -> None:
    async def sent(options: Any) -> Any:
        return await manager.post(
            "/customers/import",
            files={"file": ("people.csv", b"email\na@b.co\n")},
            data={"kind": "customers", "options": json.dumps(options)},
        )

    assert (await sent({"constants": {"country": "US"}})).status_code == 202
    for wrong in ([], [1], "US", 1, {"country": 1}, {"country": ["US"]}, {"country": "x" * 256}, {"nope": "US"}):
        answer = await sent({"constants": wrong})
        assert answer.status_code == (202 if wrong == [] else 422), answer.text
    is_problem(await sent({"profile": {"a": "b"}}), 422, "rule.value", "options")
    is_problem(await sent({"decimal": ["."]}), 422, "rule.value", "options")


@pytest.mark.integration
@pytest.mark.parametrize("points", ["NaN", "sNaN", "-NaN", "Infinity", "1e9", "-1"])
async def test_no_number_is_no_priority(viewer: Client, points: str) -> None:
    is_problem(await viewer.get(f"/actions?min_priority={points}"), 422, "rule.value", "min_priority")


@pytest.mark.parametrize("typed", ["NaN", "sNaN", "Infinity", "-inf", "ten", ""])
def test_no_number_is_no_percentage(typed: str) -> None:
    with pytest.raises(Invalid, match="Give a number"):
        parse_percent(typed, "holdout_pct")


def test_long_notes_are_not_held_by_the_thousand() -> None:
    """Rows of one order are kept until it ends; of a cell of a megabyte only what can tell anything."""
    columns = ["order id", "email", "date", "amount", "notes"]
    at = {"order_id": 0, "email": 1, "occurred_at": 2, "amount": 3}
    watch, notes = Watch(columns, at), 100_000
    tracemalloc.start()
    try:
        for number in range(300):
            watch.see(Record(number + 2, ["1", "a@b.co", "2026-01-01", str(number), f"{number} " + "x" * notes]))
        held, _ = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert held < 30 * notes


@pytest.mark.parametrize("word", sorted(KINDS))
def test_what_a_row_is_is_heard_in_the_last_row_as_in_the_first(word: str) -> None:
    """Behind the first rows only cells that might tell are looked at: each word is one of those, however written."""
    columns = ["order id", "email", "date", "amount", "what"]
    for told in (word, f" {word.upper()} ", "--".join(word.split()), f"{word.title()} 7"):
        watch = Watch(columns, {"order_id": 0, "email": 1, "occurred_at": 2, "amount": 3})
        for number in range(ENOUGH + 50):
            watch.see(Record(number + 2, [f"T{number}", f"p{number}@b.co", "2026-01-01", "5.00", "Bottle"]))
        with pytest.raises(Invalid, match="The column “what” says which rows count"):
            watch.see(Record(9_999, ["T9999", "z@b.co", "2026-01-01", "5.00", told]))


def test_long_rows_are_read_again_a_few_at_a_time(tmp_path: Path) -> None:
    file, notes = tmp_path / "till.csv", 500_000
    file.write_text("email,notes\n" + "".join(f"a@b.co,{'x' * notes}\n" for _ in range(40)))
    table = DelimitedFile(file)
    try:
        rows = iter(table)
        sizes = []
        while taken := take_rows(table, rows):
            sizes.append(len(taken))
    finally:
        table.close()
    assert sum(sizes) == 40
    assert max(sizes) <= CHUNK_CHARACTERS // notes + 1
