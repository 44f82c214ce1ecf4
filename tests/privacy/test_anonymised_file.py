"""The anonymised copy as a file: asked for on the page and over HTTP, by admins alone, written by a job."""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import text

from liquor_app.accounts.models import Role
from liquor_app.core.db import transaction
from liquor_app.core.queue import Job
from liquor_app.privacy import anonymised
from liquor_app.privacy.k_anonymity import K, smallest
from liquor_app.privacy.named_files import forget_exports
from liquor_app.screens.organization.settings.copy_state import CopyState
from tests.people import add_user
from tests.privacy.planted import run_jobs, scalar
from tests.privacy.test_anonymised import a_shop, copied, read
from tests.tabs import Tab, run, said

pytestmark = pytest.mark.integration


async def test_it_is_asked_for_on_the_page(database: str) -> None:
    await a_shop()
    admin = await add_user(Role.ADMIN)
    tab = Tab("/settings", admin)
    state = await tab.state(CopyState)
    await run(CopyState.load, state)
    assert (state.working, state.file_url, state.report) == (False, "", "")
    await run(CopyState.write, state)
    assert (state.working, state.step) == (True, "Waiting for its turn")
    await run_jobs(Job.ANONYMISE_BASE)
    await run(CopyState.load, state)
    assert not state.working
    assert state.file_url.startswith("/api/v1/files/")
    assert " rows, asked for " in state.report
    other = await Tab("/settings", await add_user(Role.ADMIN)).state(CopyState)
    await run(CopyState.load, other)
    assert other.file_url == "", "each has their own"
    await forget_exports()  # as an erasure does
    await run(CopyState.load, state)
    assert (state.file_url, state.report) == ("", "")
    await run(CopyState.write, state)
    assert "Stopped" in said(await run(CopyState.stop, state))
    await run_jobs(Job.ANONYMISE_BASE)
    await run(CopyState.load, state)
    assert state.file_url == ""
    marketer = await Tab("/settings", await add_user(Role.MANAGER)).state(CopyState)
    for event in (CopyState.load, CopyState.write):
        assert "Admin" in said(await run(event, marketer))
    assert await scalar("SELECT count(*) FROM jobs") == 2


async def test_a_shop_that_works_meanwhile_makes_nobody_alone(
    database: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Tables are read twice, to count and to tell. Each read what was there then: rows of a class that had lost
    the others in between stood there alone."""
    await a_shop()
    whole, times = anonymised._rows, 0

    async def reading(*given: Any, **bound: Any) -> AsyncIterator[Mapping[str, Any]]:
        nonlocal times
        async for row in whole(*given, **bound):
            yield row
        times += 1
        if times == 1:
            async with transaction() as session:
                await session.execute(text("UPDATE customers SET profiling_objected_at = now() WHERE random() < 0.9"))

    monkeypatch.setattr(anonymised, "_rows", reading)
    await copied(tmp_path / "copy")
    assert smallest([tuple(row.values()) for row in read(tmp_path / "copy", "customers")]) >= K
