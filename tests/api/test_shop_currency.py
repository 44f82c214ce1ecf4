"""The shop's currency and zone are read once in a while, and others are seen at once wherever they were chosen."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import suppress
from typing import Any

import pytest
from sqlalchemy import event, text
from sqlalchemy.engine import Engine

from liquor_app.accounts.permissions import SYSTEM
from liquor_app.core.db import transaction
from liquor_app.core.money import shop_currency, use_currency
from liquor_app.core.pubsub import hub
from liquor_app.organization import kept_general as kept
from liquor_app.organization.settings import GeneralSettings, save_settings, shop_zone
from liquor_app.organization.shop_currency import speak_in_shop_currency
from tests.api.client import Client
from tests.factories import open_shop

pytestmark = pytest.mark.integration
ELSEWHERE = "UPDATE settings SET value = jsonb_set(value, '{currency}', '\"EUR\"') WHERE key = 'general'"


@pytest.fixture
async def asked(database: str) -> AsyncIterator[list[str]]:
    """Statements that ask for the general settings."""
    found: list[str] = []

    def note(_connection: object, _cursor: object, statement: str, *_rest: object) -> None:
        found.extend([statement] if "key = 'general'" in statement else [])

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
    for path in ("/segments", "/customers", "/campaigns", "/analytics/dashboard") * 2:
        assert (await viewer.get(path)).status_code == 200
    assert len(asked) <= 1, "the shop's day, too"


async def day_of(zone: str | None = None) -> str:
    async with transaction() as session:
        if zone is not None:
            await save_settings(session, SYSTEM, GeneralSettings, {"timezone": zone})
            assert (await shop_zone(session)).key == zone, "what it changed itself, it reads"
            return await day_of()
        return (await shop_zone(session)).key


async def test_another_zone_is_read_by_who_chose_it_and_by_others_once_it_is_committed(
    asked: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(kept, "KEPT_SECONDS", 3600.0)
    async with transaction() as session:
        await open_shop(session)
    before = await day_of()
    assert before != "Pacific/Kiritimati"
    assert await day_of("Pacific/Kiritimati") == before
    assert await day_of() == "Pacific/Kiritimati"
    with suppress(LookupError):
        async with transaction() as session:
            await save_settings(session, SYSTEM, GeneralSettings, {"timezone": "Pacific/Apia"})
            assert (await shop_zone(session)).key == "Pacific/Apia"
            raise LookupError
    assert await day_of() == "Pacific/Kiritimati", "what was rolled back was never kept"


async def test_what_was_read_before_a_change_is_not_kept_after_it(
    asked: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """A slow reader must not put back what another forgot meanwhile."""
    monkeypatch.setattr(kept, "KEPT_SECONDS", 3600.0)
    async with transaction() as session:
        await open_shop(session)
    kept.forget_general()
    asked.clear()
    async with transaction() as session:
        plain = session.execute

        async def slow(*given: Any, **options: Any) -> Any:
            found = await plain(*given, **options)
            kept.forget_general()
            return found

        monkeypatch.setattr(session, "execute", slow)
        await speak_in_shop_currency(session)
    assert len(asked) == 1
    assert await spoken() == "USD"
    assert len(asked) == 2
