"""An export ends where its reader's right to it does."""

from __future__ import annotations

from typing import Any

import pytest
from sqlalchemy import text

from liquor_app.accounts.lists import open_export
from liquor_app.accounts.models import Role
from liquor_app.accounts.permissions import SYSTEM
from liquor_app.core.db import transaction
from liquor_app.core.errors import Forbidden
from liquor_app.core.ids import uuid7
from liquor_app.core.listing import read
from liquor_app.core.listing.spec import ListQuery
from liquor_app.imports import rejects
from liquor_app.rest.imports import get_rejects
from liquor_app.segments.lists import CUSTOMERS
from tests.people import add_customer, add_user

pytestmark = pytest.mark.integration


@pytest.fixture
async def pages(database: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(read, "EXPORTED_AT_ONCE", 1)
    async with transaction() as session:
        for number in range(3):
            await add_customer(session, email=f"c{number}@example.com")


@pytest.mark.parametrize("change", ["role = 'user'", "is_active = false"])
async def test_a_file_on_its_way_stops(pages: Any, change: str) -> None:
    manager = await add_user(Role.MANAGER)
    async with transaction() as session:
        rows = await open_export(session, manager, CUSTOMERS, ListQuery())
    assert len(await anext(rows)) == 1
    async with transaction() as session:
        await session.execute(text(f"UPDATE users SET {change} WHERE id = :id"), {"id": manager.id})
    with pytest.raises(Forbidden):
        await anext(rows)


async def test_whoever_still_may_gets_all_of_it(pages: Any) -> None:
    for actor in (SYSTEM, await add_user(Role.MANAGER)):
        async with transaction() as session:
            rows = await open_export(session, actor, CUSTOMERS, ListQuery())
        assert [len(page) async for page in rows] == [1, 1, 1]


@pytest.mark.parametrize("change", ["role = 'user'", "is_active = false"])
async def test_a_file_of_refused_rows_stops_too(database: str, monkeypatch: pytest.MonkeyPatch, change: str) -> None:
    monkeypatch.setattr(rejects, "PAGE_ROWS", 1)
    manager, import_id = await add_user(Role.MANAGER), uuid7()
    async with transaction() as session:
        await session.execute(
            text(
                "INSERT INTO imports (id, kind, file_name, file_key, status, rejected, position) VALUES"
                " (:id, 'customers', 'a.csv', 'k', 'completed', 3, '{\"columns\": [\"email\"]}')"
            ),
            {"id": import_id},
        )
        await session.execute(
            text(
                "INSERT INTO import_rejects (import_id, row_number, code, reason, raw) SELECT :id, n, 'email', 'bad',"
                " json_build_object('cells', json_build_array('nobody-' || n)) FROM generate_series(1, 3) n"
            ),
            {"id": import_id},
        )
    lines = (await get_rejects(manager, import_id)).body_iterator
    assert "nobody-1" in str(await anext(lines))
    async with transaction() as session:
        await session.execute(text(f"UPDATE users SET {change} WHERE id = :id"), {"id": manager.id})
    with pytest.raises(Forbidden):
        await anext(lines)
