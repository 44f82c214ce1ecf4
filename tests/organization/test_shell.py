"""The shell around every page: what it does when the sample goes."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Any

import pytest

from liquor_app.accounts.models import Role
from liquor_app.accounts.permissions import SYSTEM, Actor, ActorKind
from liquor_app.core.db import transaction
from liquor_app.demo.load import clear_sample
from liquor_app.organization.settings import GeneralSettings, save_settings
from liquor_app.screens.shell import state as shell
from liquor_app.screens.shell.state import ShellState
from tests.people import add_customer, ensure_shop
from tests.tabs import Tab, run, said

pytestmark = pytest.mark.integration
ADMIN = Actor(ActorKind.USER, None, "Ada", Role.ADMIN)


async def test_a_tab_loads_itself_anew_once_the_sample_is_gone(database: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Before, nobody told it: the old shop's name, its counts and the banner stayed until somebody reloaded."""
    topics: list[str] = []

    async def heard(state: Any, *names: str) -> AsyncIterator[Any]:
        topics.extend(names)
        yield {}

    monkeypatch.setattr(shell, "follow", heard)
    tab = Tab("/", ADMIN)
    state = await tab.state(ShellState)
    async with transaction() as session:
        await save_settings(session, SYSTEM, GeneralSettings, {"is_sample": True})
        await ensure_shop(session)
        await add_customer(session, is_sample=True)
    assert await run(ShellState.load, state) is None
    assert state.is_sample
    assert await run(ShellState.live, state) is None, "nothing has gone yet"
    async with transaction() as session:
        await clear_sample(session, SYSTEM)
    assert "location.reload()" in said(await run(ShellState.live, state))
    assert not state.is_sample
    # what the tab listens for is what clearing rings: a notice for everybody
    assert set(topics) == {"notifications"}
    assert [(notice.title, notice.href) for notice in state.notices] == [("The sample is gone", "/customers/import")]
    assert await run(ShellState.live, state) is None, "once is enough"
