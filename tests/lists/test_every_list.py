"""For every list: sorts both ways, filters, cursors under inserts, what is malformed, roles, export, indexes."""

from __future__ import annotations

import csv
import functools
import io
import itertools
import json
import math
import re
from dataclasses import dataclass, fields, replace
from datetime import UTC, date, datetime
from decimal import Decimal
from enum import Enum, StrEnum
from typing import Any, get_type_hints
from uuid import UUID
from zoneinfo import ZoneInfo

import pytest
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

from liquor_app.accounts.lists import open_export, read_list
from liquor_app.accounts.models import Role
from liquor_app.accounts.permission_table import Permission
from liquor_app.accounts.permissions import SYSTEM, Actor, ActorKind, may
from liquor_app.api.list_query import _pattern, export_cell
from liquor_app.core.db import transaction
from liquor_app.core.errors import AppError, Forbidden, Invalid, Malformed
from liquor_app.core.listing import read
from liquor_app.core.listing.compile import compile_list
from liquor_app.core.listing.spec import Filter, ListQuery, ListSpec, Match, Sort, _bare
from liquor_app.core.paging import MAX_LIMIT, Page
from liquor_app.privacy.lists import AUDIT
from liquor_app.screens.campaigns.list.state import CampaignsState
from liquor_app.screens.customers.list.state import CustomersState
from liquor_app.segments.lists import CUSTOMERS
from liquor_app.ui.status_looks import LOOKS, STATUS_WORDS
from tests.api.client import Client, is_problem, whole_api
from tests.lists.contract import AS_SQL, Listed, declared, in_order
from tests.lists.registry import LISTS

pytestmark = pytest.mark.integration
SHOP = ZoneInfo("America/New_York")
OFF = [f"enable_{way}" for way in ("sort", "incremental_sort", "seqscan", "bitmapscan", "hashjoin", "mergejoin")]
each_list = pytest.mark.parametrize("listed", LISTS, ids=str)


def viewer(role: Role) -> Actor:
    return Actor(ActorKind.USER, None, role.value, role)


async def page_of(listed: Listed, query: ListQuery) -> Page[Any]:
    async with transaction() as session:
        return await read_list(session, SYSTEM, listed.spec, await asked(session, listed, query))


async def asked(session: AsyncSession, listed: Listed, query: ListQuery) -> ListQuery:
    return replace(query, scope=await listed.scope(session))


async def everything(listed: Listed, query: ListQuery | None = None) -> list[Any]:
    return list((await page_of(listed, replace(query or ListQuery(), limit=MAX_LIMIT))).items)


async def walked(listed: Listed, query: ListQuery, limit: int = 2) -> list[Any]:
    """The list as somebody sees it who turns its pages."""
    seen: list[Any] = []
    cursor: str | None = None
    while True:
        page = await page_of(listed, replace(query, limit=limit, cursor=cursor))
        assert len(page.items) <= limit
        seen += page.items
        assert len(seen) <= page.total, "a page that was turned to before"
        if page.next_cursor is None:
            assert page.total == len(seen)
            return seen
        assert len(page.items) == limit
        cursor = page.next_cursor


async def filled(listed: Listed) -> list[Any]:
    async with transaction() as session:
        await listed.fill(session)
    rows = await everything(listed)
    assert len(rows) >= 4, "a list needs rows to be tested"
    return rows


@functools.cache
def document() -> dict[str, Any]:
    """The API as it describes itself; making it takes a second."""
    return whole_api().openapi()


def test_every_list_is_here() -> None:
    assert {id(spec) for spec in declared().values()} == {id(listed.spec) for listed in LISTS}


@each_list
async def test_each_sort_both_ways(database: str, listed: Listed) -> None:
    rows = await filled(listed)
    spec = listed.spec
    key = spec.key_field
    for sort in spec.sorts:
        for way in (sort.name, f"-{sort.name}"):
            expected = [getattr(row, key) for row in in_order(spec, way, rows)]
            assert [getattr(row, key) for row in await walked(listed, ListQuery(sort=way))] == expected, way


@each_list
async def test_sorts_together(database: str, listed: Listed) -> None:
    rows = await filled(listed)
    spec = listed.spec
    names = [sort.name for sort in spec.sorts]
    pairs = [f"{sign}{one},{other}{two}" for one, two in itertools.pairwise(names)
             for sign, other in (("", "-"), ("-", ""), ("", ""))]  # fmt: skip
    for way in pairs:
        expected = [getattr(row, spec.key_field) for row in in_order(spec, way, rows)]
        assert [getattr(row, spec.key_field) for row in await walked(listed, ListQuery(sort=way))] == expected, way


@each_list
async def test_each_filter(database: str, listed: Listed) -> None:
    rows = await filled(listed)
    spec, names = listed.spec, {one.name for one in fields(listed.spec.row)}
    for one in spec.filters:
        for value in one.options or (("true", "false") if one.match is Match.FLAG else ()):
            found = await walked(listed, ListQuery({one.name: value}))
            if one.name in names and spec.kinds[one.name] in (str, bool):
                wanted = [row for row in rows if str(getattr(row, one.name)).lower() == value.lower()]
                assert {getattr(row, spec.key_field) for row in found} == {
                    getattr(row, spec.key_field) for row in wanted
                }, (one.name, value)
        if one.options or one.match in {Match.FLAG, Match.ID, Match.FROM, Match.UNTIL}:
            with pytest.raises(Invalid) as caught:
                await everything(listed, ListQuery({one.name: "no such thing"}))
            assert caught.value.field == one.name
    with pytest.raises(Invalid):
        await everything(listed, ListQuery({"no_such_filter": "x"}))


@each_list
async def test_search_takes_no_wildcards(database: str, listed: Listed) -> None:
    await filled(listed)
    if not listed.spec.search:
        with pytest.raises(Invalid):
            await everything(listed, ListQuery(search="x"))
        return
    assert await everything(listed, ListQuery(search="%zq_%")) == []
    with pytest.raises(Invalid):
        await everything(listed, ListQuery(search="a\x00b"))


@each_list
async def test_a_search_narrows_what_the_filters_left(database: str, listed: Listed) -> None:
    """A search whose conditions are joined by OR is one condition beside the filters', the cursor's, the list's own."""
    spec = listed.spec
    if not spec.search:
        return
    await filled(listed)

    def keys(rows: list[Any]) -> set[Any]:
        return {getattr(row, spec.key_field) for row in rows}

    for needle in "e", "1", "a":
        found = keys(await everything(listed, ListQuery(search=needle)))
        assert keys(await walked(listed, ListQuery(search=needle))) == found
        for one in spec.filters:
            for value in one.options or (("true", "false") if one.match is Match.FLAG else ()):
                both = keys(await walked(listed, ListQuery({one.name: value}, search=needle)))
                assert both == found & keys(await everything(listed, ListQuery({one.name: value}))), (one.name, value)


@each_list
async def test_a_cursor_stands_while_rows_come_in(database: str, listed: Listed) -> None:
    before = {getattr(row, listed.spec.key_field) for row in await filled(listed)}
    first = await page_of(listed, ListQuery(limit=2))
    async with transaction() as session:
        await listed.fill(session)
    seen = [getattr(row, listed.spec.key_field) for row in first.items]
    cursor = first.next_cursor
    while cursor:
        page = await page_of(listed, ListQuery(limit=2, cursor=cursor))
        seen += [getattr(row, listed.spec.key_field) for row in page.items]
        cursor = page.next_cursor
    assert len(seen) == len(set(seen)), "a row twice"
    assert before <= set(seen), "a row lost"


@each_list
async def test_what_is_malformed_is_said_so(database: str, listed: Listed) -> None:
    await filled(listed)
    cursor = (await page_of(listed, ListQuery(limit=1))).next_cursor
    other = next(
        sort for sort in (listed.spec.sorts[0].name, f"-{listed.spec.sorts[0].name}") if sort != listed.spec.order
    )
    for query, field in (
        (ListQuery(cursor="nonsense"), "cursor"),
        (ListQuery(cursor="x" * 4000), "cursor"),
        (ListQuery(cursor=cursor, sort=other), "cursor"),
        (ListQuery(sort="no_such_column"), "sort"),
        (ListQuery(sort=f"{listed.spec.sorts[0].name},-{listed.spec.sorts[0].name}"), "sort"),
        (ListQuery(limit=0), "limit"),
        (ListQuery(limit=100_000), "limit"),
    ):
        with pytest.raises(Invalid) as caught:
            await page_of(listed, query)
        assert caught.value.field == field, query


@each_list
async def test_roles(database: str, listed: Listed) -> None:
    for role in Role:
        async with transaction() as session:
            await listed.fill(session)
            query = await asked(session, listed, ListQuery())
            if not may(viewer(role), Permission(listed.spec.permission)):
                with pytest.raises(Forbidden):
                    await read_list(session, viewer(role), listed.spec, query)
            else:
                await read_list(session, viewer(role), listed.spec, query)
            if not may(viewer(role), Permission(listed.spec.export_permission)):
                with pytest.raises(Forbidden):
                    await open_export(session, viewer(role), listed.spec, ListQuery())


@each_list
async def test_the_export_is_the_list(api: Client, listed: Listed) -> None:
    await filled(listed)
    spec = listed.spec
    sort = f"-{spec.sorts[-1].name}"
    shown = await walked(listed, ListQuery(sort=sort))
    async with transaction() as session:
        pages = await open_export(session, SYSTEM, spec, await asked(session, listed, ListQuery(sort=sort)))
        exported = [row async for page in pages for row in page]
        recorded = await session.execute(
            text("SELECT count(*) FROM audit_log WHERE action = :what"), {"what": f"{spec.name}.exported"}
        )
        route = await listed.route(session)
    assert exported == shown
    assert recorded.scalar_one() == 1
    if not listed.path:
        return
    answer = await api.get(f"{route}/export", params={"sort": sort})
    assert answer.status_code == 200, answer.text
    head, *lines = csv.reader(io.StringIO(answer.text.removeprefix("\ufeff")))
    names = [*spec.exported]
    assert head == spec.exported_heads(names, SHOP)
    assert "+00:00" not in answer.text
    if spec is AUDIT:  # every export, this one too, is an entry of its own
        lines = lines[-len(shown) :]
    assert lines == [[export_cell(value) for value in spec.exported_cells(row, names, SHOP)] for row in shown]
    said = dict(zip(names, zip(*lines, strict=True), strict=True)) if lines else {}
    for one in (one for one in spec.filters if one.options and one.sql == spec.expression(one.name)):
        assert set(said.get(one.name, ())) <= {"", *map(one.words, one.options)}, f"{one.name} in the words of the page"
    few = [*spec.exported][:-3:-1]
    answer = await api.get(f"{route}/export", params={"sort": sort, "columns": ",".join(few)})
    assert next(csv.reader(io.StringIO(answer.text.removeprefix("\ufeff")))) == spec.exported_heads(few, SHOP)
    answer = await api.get(f"{route}/export", params={"columns": "password_hash"})
    is_problem(answer, 422, "invalid", "columns")


@each_list
async def test_the_export_as_json_lines_is_the_list_too(api: Client, listed: Listed) -> None:
    if not listed.path:
        return
    await filled(listed)
    async with transaction() as session:
        route = await listed.route(session)
    sort = listed.spec.sorts[0].name
    page = (await api.get(route, params={"sort": sort, "limit": 500})).json()["items"]
    asked_by = ({"params": {"sort": sort, "format": "ndjson"}}, {"params": {"sort": sort}, "headers": LINES})
    for how in asked_by:
        answer = await api.get(f"{route}/export", **how)
        assert answer.status_code == 200, answer.text
        assert answer.headers["content-type"] == "application/x-ndjson"
        lines = [json.loads(line) for line in answer.text.splitlines()]
        assert told_otherwise(listed.spec, page, lines) == {}, "field → in the list, in the file"
        assert all(set(line) == set(page[0]) for line in lines)
        assert all("date_of_birth" not in line for line in lines)
    few = [*listed.spec.exported][:2]
    answer = await api.get(f"{route}/export", params={"format": "ndjson", "columns": ",".join(few)})
    assert all(set(json.loads(line)) == set(few) for line in answer.text.splitlines())
    is_problem(await api.get(f"{route}/export?format=xml"), 422, "invalid", "format")


@each_list
async def test_an_export_has_every_field_that_its_list_has(
    api: Client, listed: Listed, monkeypatch: pytest.MonkeyPatch
) -> None:
    """With a value in each field, whatever the sample of a test leaves empty: what the list tells, its file tells."""
    if not listed.path:
        return
    await filled(listed)
    found = read._rows

    async def complete(*asked: Any) -> tuple[list[Any], bool]:
        rows, more = await found(*asked)
        return [replace(row, **made_up(row)) for row in rows], more

    monkeypatch.setattr(read, "_rows", complete)
    async with transaction() as session:
        route = await listed.route(session)
    page = (await api.get(route, params={"limit": 500})).json()["items"]
    empty = {name for name in page[0] if all(item[name] is None for item in page)}
    assert empty <= {name for name in page[0] if listed.spec.kinds.get(name, object) is object}, (
        "has nothing to compare"
    )
    lines = [json.loads(line) for line in (await api.get(f"{route}/export?format=ndjson")).text.splitlines()]
    assert told_otherwise(listed.spec, page, lines) == {}, "field → in the list, in the file"


def told_otherwise(
    spec: ListSpec[Any], page: list[dict[str, Any]], lines: list[dict[str, Any]]
) -> dict[str, tuple[Any, Any]]:
    """Fields of a list's items that a line of its file tells otherwise, with both values."""
    if spec is AUDIT:  # every export is an entry of its own
        lines = [one for one in lines if one["id"] in {item["id"] for item in page}]
    return {
        name: (item[name], line.get(name))
        for item, line in zip(page, lines, strict=True)
        for name in item
        if item[name] != line.get(name)
    }


def made_up(row: Any) -> dict[str, Any]:
    """Values for the fields of a row that has none."""
    at = datetime(2026, 5, 4, 3, 2, 1, tzinfo=UTC)
    some = {
        datetime: at, date: at.date(), Decimal: Decimal("1.25"), int: 3, float: 0.5, str: "x", bool: True,
        UUID: UUID(int=7),
    }  # fmt: skip
    kinds = {name: _bare(hint) for name, hint in get_type_hints(type(row)).items() if getattr(row, name) is None}
    return {
        name: next(iter(kind)) if issubclass(kind, Enum) else some[kind]
        for name, kind in kinds.items()
        if kind in some or issubclass(kind, Enum)
    }


def test_every_export_of_the_api_is_compared() -> None:
    routes = {path.removesuffix("/export") for path, ways in document()["paths"].items()
              if path.endswith("/export") and "get" in ways}  # fmt: skip
    assert routes == {listed.documented for listed in LISTS if listed.path}


LINES = {"Accept": "application/x-ndjson"}


def test_a_file_rounds_by_the_kind_of_figure() -> None:
    @dataclass(frozen=True)
    class Row:
        id: int
        share: float
        amount: Decimal
        day: date
        odd: float | None

    spec = ListSpec(
        name="x", row=Row, source="x t", order="id", sorts=(Sort("id"),), permission="app", export_permission="app"
    )
    row = Row(12_345_678, 0.0049144946731338734, Decimal("-0.0009"), date(2026, 1, 2), None)
    assert spec.exported_cells(row, ["id", "share", "amount", "day", "odd"], SHOP) == [
        12_345_678, 0.0049, Decimal("0.00"), date(2026, 1, 2), None,
    ]  # fmt: skip
    other = replace(row, share=0.99996, amount=Decimal("12.5"), odd=math.nan)
    cells = spec.exported_cells(other, [*spec.exported], SHOP)
    assert [export_cell(one) for one in cells[:3]] == ["12345678", "1.0", "12.5"]
    assert export_cell(spec.exported_cells(row, ["amount"], SHOP)[0]) == "0.00"


class Mood(StrEnum):
    AWAITING = "awaiting_approval"


def test_a_file_speaks_as_the_page_does() -> None:
    """Choices in the page's words, a status in its badge's; times by the shop's clock, which the head names."""

    @dataclass(frozen=True)
    class Row:
        id: int
        rfm_segment: str | None
        status: Mood
        consent: Mood
        at: datetime

    spec = ListSpec(
        name="x", row=Row, source="x t", order="id", sorts=(Sort("id"),), permission="app",
        export_permission="app", export={"rfm_segment": "segment", "status":
        "status", "consent": "consent", "at": "when"},
        filters=(
            CUSTOMERS.filter_names["rfm_segment"],
            Filter("status", "t.status", options=tuple(Mood), spoken=STATUS_WORDS),
        ),
    )  # fmt: skip
    row = Row(1, "At_Risk", Mood.AWAITING, Mood.AWAITING, datetime(2026, 7, 1, 2, 30, 9, 5, tzinfo=UTC))
    cells = [export_cell(one) for one in spec.exported_cells(row, [*spec.exported], SHOP)]
    assert cells == ["At risk", "Waiting for approval", "Awaiting approval", "2026-06-30 22:30:09"]
    assert spec.exported_heads([*spec.exported], SHOP)[-1] == "when (America/New_York)"
    unknown = replace(row, rfm_segment="Made up")
    assert spec.exported_cells(unknown, ["rfm_segment"], SHOP) == ["Made up"], "what no choice is stays as it is"


async def test_names_are_sorted_as_people_count(session: AsyncSession) -> None:
    names = ["Week 2", "week 10", "Week 1", "Week 011", "Autumn", "Week 1, 2026-12-01", "Week 9999999999999"]
    found = await session.execute(
        text("SELECT name FROM unnest(CAST(:names AS text[])) name ORDER BY natural_order(name)"), {"names": names}
    )
    told = list(found.scalars())
    assert told == ["Autumn", "Week 1", "Week 1, 2026-12-01", "Week 2", "week 10", "Week 011", "Week 9999999999999"]
    assert told == sorted(names, key=AS_SQL["natural_order"])


MADE = ("0", "0" * 400, "x:y", "customer:x", f"customer:{'0' * 32}", "a@b.example", "color:red", "😀")


def test_what_a_filter_refuses_by_its_form_the_api_describes() -> None:
    """A caller who keeps to the parameter's pattern meets rules, never that the value is malformed; and who does not
    is refused."""
    wrong = []
    for spec in declared().values():
        for one in (one for one in spec.filters if one.parse is not None):
            for value in MADE:
                described = re.search(_pattern(one), value) is not None
                try:
                    one.parse(value)
                    refused = False
                except Malformed:
                    refused = True
                except AppError:
                    refused = not described
                if refused is described:
                    wrong.append(f"{spec.name} {one.name}={value[:40]!r}")
    assert wrong == []


def test_every_status_is_filtered_by_its_badges_word() -> None:
    wrong = [
        f"{spec.name}: {one.words(value)!r}, the badge says {LOOKS[value].word!r}"
        for spec in declared().values()
        for one in spec.filters
        if one.name == "status"
        for value in one.options
        if value in LOOKS and one.words(value) != LOOKS[value].word
    ]
    assert wrong == []


def test_a_word_means_one_thing_in_a_list() -> None:
    """What a filter, a column of the page and a head of the file call the same is the same; and of the same thing the
    filter and the file speak in the same word."""
    pages = {state._list(None).name: state._column_fields(None) for state in (CustomersState, CampaignsState)}
    wrong = []
    for spec in declared().values():
        heads = [(head, {name}) for name, head in spec.exported.items()]
        shown = [(head, set(names)) for head, names in pages.get(spec.name, {}).items()]
        for one in (one for one in spec.filters if one.label):
            about = {
                name for name in spec.exported if one.name in (name, name.removesuffix("_name")) or name in one.sql
            }
            wrong += [
                f"{spec.name}: {head!r} is {names}, the filter asks for {one.name}"
                for head, names in [*heads, *shown]
                if head.lower() == one.label.lower() and not names & about
            ]
            if one.name in spec.exported and one.label.lower() != spec.exported[one.name].lower():
                wrong.append(f"{spec.name}: {one.label!r} is {spec.exported[one.name]!r} in the file")
    assert wrong == []


@each_list
async def test_the_api_says_what_can_be_asked(api: Client, listed: Listed) -> None:
    if not listed.path:
        return
    await filled(listed)
    async with transaction() as session:
        route = await listed.route(session)
    spec = listed.spec
    found = {one["name"] for one in document()["paths"][listed.documented]["get"].get("parameters", [])}
    wanted = {*spec.filter_names, "sort", "limit", "cursor", *(["search"] if spec.search else [])}
    assert wanted <= found
    page = (await api.get(route, params={"limit": 2, "sort": spec.sorts[0].name})).json()
    assert len(page["items"]) == 2
    refused = await api.get(route, params={"sort": "no_such_column"})
    assert refused.status_code == 422
    assert "sort" in refused.text


@each_list
async def test_each_sort_has_an_index(database: str, listed: Listed) -> None:
    """With a table of millions the planner reads an index in its order; it never sorts what it then throws away."""
    spec = listed.spec
    if spec.bounded:
        return
    async with transaction() as session:
        await listed.fill(session)
        for setting in OFF:
            await session.execute(text(f"SET LOCAL {setting} = off"))
        for sort in spec.sorts:
            for way in (sort.name, f"-{sort.name}"):
                compiled = compile_list(spec, await asked(session, listed, ListQuery(sort=way)))
                for part in compiled.parts:
                    statement = (
                        f"SELECT {spec.columns} FROM {spec.source} WHERE {part.where} ORDER BY {part.order} LIMIT 50"
                    )
                    plan = await session.execute(text(f"EXPLAIN {statement}"), compiled.params)
                    lines = [str(line) for line in plan.scalars()]
                    assert not [line for line in lines if "Sort  (cost" in line], (way, lines)
