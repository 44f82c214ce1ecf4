"""kill -9 of the worker in mid-import, twice, on deliberately dirty files: the same rows, rejects and counts."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.reliability.imports import compare, differences

pytestmark = pytest.mark.reliability

ROWS = 20_000


async def test_a_killed_worker_neither_loses_nor_doubles_a_row(database: str, tmp_path: Path) -> None:
    for kind, (calm, rough) in (await compare(tmp_path, ROWS)).items():
        counts = calm.counts
        print(f"\n{kind}: {counts}, killed after {rough.killed_at} rows")
        assert counts["created"] + counts["updated"] + counts["unchanged"] + counts["rejected"] == counts["rows"]
        assert counts["rejected"] == sum(counts["reasons"].values()) > ROWS // 100
        assert 0 < counts["created"] < ROWS
        assert len(rough.killed_at) == 2
        assert differences(calm, rough) == []
        assert calm.tables["waiting"] == [(0,)]
    assert counts["reasons"].keys() >= {"unknown_customer", "negative_amount", "bad_occurred_at", "unreadable_row"}
