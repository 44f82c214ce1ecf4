"""The shop's currency is read once in a while, and another one is seen at once wherever it was chosen."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest
from sqlalchemy import event, text
from sqlalchemy.engine import Engine

from liquor_app.accounts.permissions import SYSTEM
from liquor_app.core.db import transaction
from liquor_app.core.money import shop_currency, use_currency
from liquor_app.core.pubsub import hub
from liquor_app.organization import shop_currency as kept
from liquor_app.organization.settings import GeneralSettings, save_settings
from liquor_app.organization.shop_currency import speak_in_shop_currency
from tests.api.client import Client
from tests.factories import open_shop

pytestmark = pytest.mark.integration
ELSEWHERE = "UPDATE settings SET value = jsonb_set(value, '{currency}', '\"EUR\"') WHERE key = 'general'"


@pytest.fixture
async def asked(database: str) -> AsyncIterator[list[str]]:
    """Statements that ask for the currency."""
    found: list[str] = []

    def note(_connection: object, _cursor: object, statement: str, *_rest: object) -> None:
        found.extend([statement] if "'currency'" in statement else [])

    event.listen(Engine, "before_cursor_execute", note)
    yield found
    event.remove(Engine, "before_cursor_execute", note)
    use_currency("USD")


async def spoken() -> str:
    async with transaction() as session:
        await speak_in_shop_currency(session)
    return shop_currency()


async def test_another_currency_is_seen_at_once_here_and_by_a_hint_elsewhere(
    asked: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(kept, "KEPT_SECONDS", 3600.0)
    async with transaction() as session:
        await open_shop(session)
    assert [await spoken() for _ in range(5)] == ["USD"] * 5
    assert len(asked) == 1
    async with transaction() as session:
        await save_settings(session, SYSTEM, GeneralSettings, {"currency": "CAD"})
        assert await spoken() == "USD", "not before it is committed"
    assert await spoken() == "CAD"
    async with transaction() as session:
        await session.execute(text(ELSEWHERE))
    assert await spoken() == "CAD"
    hub.deliver("settings", {})  # as another process's commit comes in
    assert await spoken() == "EUR"


async def test_without_a_hint_another_currency_is_seen_soon(asked: list[str], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(kept, "KEPT_SECONDS", 0.0)
    async with transaction() as session:
        await open_shop(session)
        await save_settings(session, SYSTEM, GeneralSettings, {"currency": "CAD"})
    assert await spoken() == "CAD"
    async with transaction() as session:
        await session.execute(text(ELSEWHERE))
    assert await spoken() == "EUR", "what is kept for no time is read again"


async def test_requests_do_not_ask_for_it_each_time(
    asked: list[str], viewer: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(kept, "KEPT_SECONDS", 3600.0)
    for _ in range(4):
        assert (await viewer.get("/segments")).status_code == 200
    assert len(asked) <= 1
