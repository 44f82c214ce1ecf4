"""A whole shop under every attack at once: those who work in it can, and its ledger stays whole."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from liquor_app.core.platform.child_process import free_port
from tests.e2e.conftest import EMAIL, PASSWORD, data_root, start, wait_until_ready
from tests.processes import end
from tests.security.siege import ATTACKS, Regular, prepare, read_ledger, under, week_is_over

__all__ = ["data_root"]
pytestmark = [pytest.mark.reliability, pytest.mark.alone, pytest.mark.proof]

SIGN_INS = 12


@pytest.fixture
def shop(data_root: Path) -> Iterator[tuple[str, Path]]:
    """The product as a newcomer starts it, told that what stands before it is a proxy."""
    port = free_port()
    process, log = start(data_root / "siege", port, LIQUOR_TRUSTED_PROXIES="127.0.0.1")
    try:
        wait_until_ready(process, f"http://127.0.0.1:{port}", log)
        yield f"http://127.0.0.1:{port}", data_root / "siege"
    finally:
        end(process)


async def test_a_shop_under_siege(shop: tuple[str, Path]) -> None:
    url, data_dir = shop
    siege, campaign = await prepare(url, EMAIL, PASSWORD)
    regular = Regular(siege, EMAIL, PASSWORD)
    await regular.sign_in()
    signed_in = 0
    async with under(siege), asyncio.timeout(SIGN_INS * 15):
        for _ in range(SIGN_INS):
            await regular.sign_in()  # raises if it is not answered
            signed_in += 1
            await asyncio.sleep(0.5)
    await regular.aclose()
    assert signed_in == SIGN_INS
    assert set(siege.answers) >= set(ATTACKS), "every attack was made"
    assert siege.worst() == {}, "nothing is a fault of ours"
    await week_is_over(url, siege.admin, campaign)
    database = json.loads((data_dir / "runtime.json").read_text())["database_url"]
    ledger = read_ledger(database, campaign)
    assert ledger.is_whole, ledger
    logs = "".join(path.read_text(errors="replace") for path in (data_dir / "log").glob("*.log*"))
    assert "\x1b" not in logs
    assert not [line for line in logs.splitlines() if line.startswith("2026-11-28 admin@example.com signed in")]
