"""kill -9 of the worker in mid-import, twice, on deliberately dirty files: the same rows, rejects and counts."""

from __future__ import annotations

import asyncio
import json
import os
import signal
import sys
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import text

from liquor_app.core.config import PROJECT_ROOT
from liquor_app.core.db import transaction
from tests.reliability.dirty import write_people
from tests.reliability.imports import FILES, compare, differences, forget, take, undo

pytestmark = pytest.mark.reliability

ROWS = 20_000


@pytest.mark.xdist_group("imports of a worker")
async def test_a_killed_worker_neither_loses_nor_doubles_a_row(database: str, tmp_path: Path) -> None:
    found = await compare(tmp_path, ROWS)
    for kind, (calm, rough) in found.items():
        counts = calm.counts
        print(f"\n{kind}: {counts}, killed after {rough.killed_at} rows")
        assert counts["created"] + counts["updated"] + counts["unchanged"] + counts["rejected"] == counts["rows"]
        assert counts["rejected"] == sum(counts["reasons"].values()) > ROWS // 100
        assert 0 < counts["created"] < ROWS
        assert len(rough.killed_at) == 2
        assert differences(calm, rough) == []
        assert calm.tables["waiting"] == [(0,)]
    assert counts["reasons"].keys() >= {"unknown_customer", "bad_amount", "bad_occurred_at", "unreadable_row"}
    assert await _one("SELECT count(*) FROM purchases WHERE total < 0") > 0, "returns are taken"

    # taken back, from the last to the first, nothing is left; and taken again they are what they were
    for _, rough in reversed(found.values()):
        await undo(rough.row.id)
    for table in ("customers", "consents", "age_ledger", "purchases", "purchase_lines"):
        assert await _one(f"SELECT count(*) FROM {table}") == 0, table
    for kind, (calm, _) in found.items():
        again = await take(tmp_path / FILES[kind], kind)
        assert differences(calm, again) == []


async def _command(path: Path, *more: str) -> asyncio.subprocess.Process:
    return await asyncio.create_subprocess_exec(
        sys.executable, "-m", "liquor_app.cli", "import", "customers", str(path), "--json", *more,
        cwd=PROJECT_ROOT, env=dict(os.environ), stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.PIPE,
    )  # fmt: skip


async def _report(path: Path, *more: str) -> tuple[dict[str, Any], str]:
    """What the command printed: its report, and what it said on the way."""
    process = await _command(path, *more)
    output, said = await process.communicate()
    assert process.returncode == 0, said
    return json.loads(output), said.decode()


def _text(path: str) -> str:
    return Path(path).read_text()


async def _one(sql: str) -> Any:
    async with transaction() as session:
        return (await session.execute(text(sql))).scalar()


@pytest.mark.xdist_group("imports of a command")
async def test_a_killed_command_goes_on_when_run_again(database: str, tmp_path: Path) -> None:
    path = tmp_path / "people.csv"
    write_people(path, ROWS)
    calm, _ = await _report(path)
    await forget()
    killed = await _command(path)
    for _ in range(3000):
        if ((await _one("SELECT max(rows) FROM imports")) or 0) >= ROWS // 4 or killed.returncode is not None:
            break
        await asyncio.sleep(0.02)
    assert killed.returncode is None, "it ended before it could be killed"
    killed.send_signal(signal.SIGKILL)
    await killed.communicate()
    assert ROWS // 4 <= await _one("SELECT rows FROM imports") < calm["rows"]

    rough, said = await _report(path)
    assert "Going on with the import" in said
    for name in ("rows", "created", "updated", "unchanged", "rejected", "reasons"):
        assert rough[name] == calm[name]
    assert _text(rough["rejects_file"]) == _text(calm["rejects_file"])
    assert await _one("SELECT count(*) FROM imports") == 1, "it is the same import"
    anew, said = await _report(path)
    assert "Going on" not in said
    assert anew["created"] == 0, "one that came to its end is begun anew, and everybody is recognised"
