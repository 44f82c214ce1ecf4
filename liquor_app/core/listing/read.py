"""Reading a list that was declared: a page, its total, or all of it, a page at a time."""

from __future__ import annotations

from collections.abc import AsyncGenerator
from dataclasses import replace
from decimal import Decimal
from typing import Any, TypeVar

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

from liquor_app.core.db import snapshot
from liquor_app.core.listing.compile import Compiled, compile_list, next_cursor
from liquor_app.core.listing.selection import Selection
from liquor_app.core.listing.spec import ListQuery, ListSpec
from liquor_app.core.paging import Page, check_limit

R = TypeVar("R")

EXPORTED_AT_ONCE = 500


async def _read_page(session: AsyncSession, spec: ListSpec[R], query: ListQuery) -> Page[R]:
    """Return a page and the total: exact up to the list's `exact_up_to`, else the planner's estimate.

    Raises:
        Invalid: see `compile_list`; or a limit out of range.
    """
    check_limit(query.limit)
    compiled = compile_list(spec, query)
    rows, more = await _rows(session, spec, compiled, query.limit)
    total, is_exact = await _total(session, spec, compiled)
    return Page(rows, next_cursor(spec, query.sort, rows[-1]) if more else None, total, is_exact)


async def _rows(session: AsyncSession, spec: ListSpec[R], compiled: Compiled, limit: int) -> tuple[list[R], bool]:
    rows: list[R] = []
    for part in compiled.parts:
        wanted = limit + 1 - len(rows)
        if wanted <= 0:
            break
        found = await session.execute(
            text(f"SELECT {spec.columns} FROM {spec.source} WHERE {part.where} ORDER BY {part.order} LIMIT :n"),
            {**compiled.params, "n": wanted},
        )
        rows += [spec.make(row) for row in found.mappings()]
    return rows[:limit], len(rows) > limit


async def _total(session: AsyncSession, spec: ListSpec[Any], compiled: Compiled) -> tuple[int, bool]:
    source = f"FROM {spec.counted or spec.source} WHERE {compiled.where}"
    params = {name: value for name, value in compiled.params.items() if not name.startswith("after_")}
    counted = await session.execute(
        text(f"SELECT count(*) FROM (SELECT 1 {source} LIMIT :most) x"), {**params, "most": spec.exact_up_to + 1}
    )
    total = int(counted.scalar_one())
    if total <= spec.exact_up_to:
        return total, True
    plan = await session.execute(text(f"EXPLAIN (FORMAT JSON) SELECT 1 {source}"), params)
    return max(int(plan.scalar_one()[0]["Plan"]["Plan Rows"]), total), False


async def _read_ids(session: AsyncSession, spec: ListSpec[Any], chosen: Selection, most: int) -> list[Any]:
    """Keys of the chosen rows that are there, in the order of the keys; `most` at most.

    Raises:
        Invalid: see `compile_list`.
    """
    compiled = compile_list(spec, chosen.query)
    which = f"{spec.key} = ANY(:picked)" if chosen.ids else f"NOT ({spec.key} = ANY(:picked))"
    found = await session.execute(
        text(
            f"SELECT {spec.key} FROM {spec.counted or spec.source} WHERE {compiled.where} AND {which}"
            f" ORDER BY {spec.key} LIMIT :n"
        ),
        {**compiled.params, "picked": list(chosen.ids or chosen.but), "n": most},
    )
    return list(found.scalars())


async def _count(session: AsyncSession, spec: ListSpec[Any], query: ListQuery, most: int) -> int:
    """Tell how many rows match, counted up to `most`.

    Raises:
        Invalid: see `compile_list`.
    """
    compiled = compile_list(spec, replace(query, cursor=None))
    counted = await session.execute(
        text(f"SELECT count(*) FROM (SELECT 1 FROM {spec.counted or spec.source} WHERE {compiled.where} LIMIT :n) x"),
        {**compiled.params, "n": most},
    )
    return int(counted.scalar_one())


async def _add_up(
    session: AsyncSession, spec: ListSpec[Any], query: ListQuery, name: str, most: int
) -> tuple[int, Decimal]:
    """Return how many rows match, and what a field of them comes to; of `most` at most.

    Raises:
        Invalid: see `compile_list`.
    """
    compiled = compile_list(spec, replace(query, cursor=None))
    found = await session.execute(
        text(
            f"SELECT count(*), COALESCE(sum(x.value), 0) FROM (SELECT {spec.expression(name)} AS value"
            f" FROM {spec.counted or spec.source} WHERE {compiled.where} LIMIT :n) x"
        ),
        {**compiled.params, "n": most},
    )
    count, whole = found.one()
    return int(count), Decimal(whole)


async def _read_all(spec: ListSpec[R], query: ListQuery) -> AsyncGenerator[list[R], None]:
    """Yield everything the question matches, in its order, a page at a time and all of it as it was at one moment: what
    is written meanwhile is neither missed nor met twice (ADR 108). Whoever takes two minutes for a page is cut off by
    the database.

    Raises:
        Invalid: see `compile_list`.
    """
    cursor: str | None = None
    async with snapshot() as session:
        while True:
            asked = replace(query, limit=EXPORTED_AT_ONCE, cursor=cursor)
            rows, more = await _rows(session, spec, compile_list(spec, asked), EXPORTED_AT_ONCE)
            if rows:
                yield rows
            if not more:
                return
            cursor = next_cursor(spec, query.sort, rows[-1])
