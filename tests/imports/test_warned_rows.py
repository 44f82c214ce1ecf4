"""Rows that were taken with a warning are listed on the report and told as a file: where, and what was done."""

from __future__ import annotations

import csv
import io

import pytest
from sqlalchemy import text

from liquor_app.accounts.models import Role
from liquor_app.accounts.permissions import SYSTEM, Actor, ActorKind
from liquor_app.core.db import transaction
from liquor_app.core.errors import Forbidden, NotFound
from liquor_app.core.ids import uuid7
from liquor_app.imports.import_rows import ImportRow
from liquor_app.imports.tasks import forget_old_uploads
from liquor_app.imports.warned import row_warnings, warned_rows
from liquor_app.imports.warned.warned_rows import Warned, warned_lines, warned_page
from tests.imports.test_import import rows
from tests.imports.test_undo import take

pytestmark = pytest.mark.integration
VIEWER = Actor(ActorKind.USER, None, "Vi", Role.USER)
IMPORTS_KEY = Actor(ActorKind.API_KEY, uuid7(), "till", Role.MANAGER, frozenset({"imports:read", "imports:write"}))
PEOPLE = """email,name,phone,dob,state,postal_code
ann@example.com,Ann,12,1980-02-03,ME,4401
bo@example.com,Bo,207 555 0101,31.31.1980,Mane,04401
cy@example.com,Cy,,,ME,04401
"""


async def listed(row: ImportRow, actor: Actor = SYSTEM) -> list[Warned]:
    async with transaction() as session:
        return (await warned_page(session, actor, row.id)).rows


async def told(row: ImportRow) -> list[list[str]]:
    async with transaction() as session:
        lines, _ = await warned_lines(session, SYSTEM, row.id)
    return list(csv.reader(io.StringIO("".join(lines))))


async def test_each_warning_says_where_what_was_read_and_what_was_done(database: str) -> None:
    row = await take(PEOPLE)
    found = await listed(row)
    assert [(one.number, one.field, one.read) for one in found] == [
        (2, "phone", "12"),
        (2, "postal_code", "4401"),
        (3, "dob", ""),
        (3, "state", "Mane"),
    ]
    assert found[1].done.endswith("(4401 is read as 04401).")
    assert "31.31.1980" not in str(await rows("SELECT * FROM import_warnings")), "of a date of birth nothing is kept"
    table = await told(row)
    assert table[0] == ["row", "column", "read", "done"]
    assert [line[:3] for line in table[1:]] == [
        ["2", "phone", "12"], ["2", "postal_code", "4401"], ["3", "dob", ""], ["3", "state", "Mane"],
    ]  # fmt: skip


async def test_lines_and_products_are_listed_alike(database: str) -> None:
    await take("external_id\nA1\n")
    sales = await take(
        "order_id,customer,occurred_at,product,amount,quantity\n1,A1,2025-03-01,Ale,10.00,many\n2,A1,2025-03-02,Gin,3,1\n",
        "purchases",
    )
    assert [(one.number, one.field, one.read) for one in await listed(sales)] == [(2, "quantity", "many")]
    goods = await take("sku,name,price,cost\nG-1,Gin,20,30\nA-2,Ale,3,1\nG-1,Gin,21,1\n", "products")
    assert [(one.number, one.field, one.read) for one in await listed(goods)] == [(2, "cost", "30"), (4, "", "")]
    assert goods.position["warned"] == 1


async def test_what_was_read_is_for_those_who_may_see_it(database: str) -> None:
    row = await take(PEOPLE)
    with pytest.raises(Forbidden):
        await listed(row, VIEWER)
    assert {one.read for one in await listed(row, IMPORTS_KEY)} == {warned_rows.HIDDEN, ""}


async def test_so_many_are_kept_and_turned_page_by_page(database: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(row_warnings, "MOST_KEPT", 30)
    monkeypatch.setattr(warned_rows, "PAGE_ROWS", 7)
    row = await take("email,phone\n" + "".join(f"p{n}@example.com,{n}\n" for n in range(1, 50)))
    assert (row.position["warned"], row.position["warnings"]) == (49, 30)
    async with transaction() as session:
        second = await warned_page(session, SYSTEM, row.id, 1)
        pages, after = list[list[str]](), None
        while True:
            lines, after = await warned_lines(session, SYSTEM, row.id, after)
            pages.append(lines)
            if after is None:
                break
    assert (second.total, [one.number for one in second.rows]) == (30, list(range(22, 32)))
    assert [len(page) for page in pages] == [8, 7, 7, 7, 2]


async def test_they_go_with_the_refused_rows_and_with_whom_they_name(database: str) -> None:
    row = await take(PEOPLE)
    async with transaction() as session:
        await session.execute(text("UPDATE imports SET finished_at = now() - interval '31 days'"))
    await forget_old_uploads()
    assert await rows("SELECT id FROM import_warnings") == []
    async with transaction() as session:
        with pytest.raises(NotFound, match="gone"):
            await warned_lines(session, SYSTEM, row.id)


async def test_a_file_without_warnings_has_no_list(database: str) -> None:
    row = await take("email,name\nann@example.com,Ann\n")
    async with transaction() as session:
        with pytest.raises(NotFound, match="No row"):
            await warned_lines(session, SYSTEM, row.id)
