"""An export ends where its reader's right to it does."""

from __future__ import annotations

from typing import Any

import pytest
from sqlalchemy import text

from liquor_app.accounts.lists import MOST_EXPORTS, open_export
from liquor_app.accounts.models import Role
from liquor_app.accounts.permissions import SYSTEM
from liquor_app.api.list_query import ndjson_response
from liquor_app.core.db import transaction
from liquor_app.core.errors import Forbidden, TooMany
from liquor_app.core.ids import uuid7
from liquor_app.core.listing import read
from liquor_app.core.listing.spec import ListQuery
from liquor_app.imports import rejects
from liquor_app.rest.work.import_undo import get_rejects
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


async def test_a_file_is_of_one_moment(pages: Any) -> None:
    async with transaction() as session:
        rows = await open_export(session, SYSTEM, CUSTOMERS, ListQuery(sort="name"))
    (first,) = await anext(rows)
    async with transaction() as session:
        await session.execute(text("UPDATE customers SET name = 'Aaron' WHERE id <> :id"), {"id": first.id})
        await add_customer(session, email="new@example.com", name="Zoe")
    rest = [one async for page in rows for one in page]
    assert len({first.id, *(one.id for one in rest)}) == 3
    assert {one.name for one in rest} == {"Ada Example"}


async def test_so_many_files_are_on_their_way_at_once(pages: Any) -> None:
    async def opened() -> Any:
        async with transaction() as session:
            return await open_export(session, SYSTEM, CUSTOMERS, ListQuery())

    on_their_way = [await opened() for _ in range(MOST_EXPORTS)]
    for one in on_their_way:
        await anext(one)
    with pytest.raises(TooMany):
        await opened()
    await on_their_way[0].aclose()
    another = await opened()
    assert len(await anext(another)) == 1
    for one in (*on_their_way, another):
        await one.aclose()
    assert [len(page) async for page in await opened()] == [1, 1, 1], "whoever went away holds no place"


async def test_a_page_is_sent_before_the_next_is_read(pages: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    """So a file of a million rows takes no more memory than one page."""
    read_so_far: list[int] = []
    original = read._rows

    async def counted(*given: Any) -> Any:
        read_so_far.append(1)
        return await original(*given)

    monkeypatch.setattr(read, "_rows", counted)
    async with transaction() as session:
        rows = await open_export(session, SYSTEM, CUSTOMERS, ListQuery())
    body = ndjson_response(CUSTOMERS, rows, (), CUSTOMERS.row).body_iterator
    sent = 0
    async for piece in body:
        sent += 1
        assert bytes(piece).count(b"\n") == 1
        assert len(read_so_far) == sent
    assert sent == 3


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
