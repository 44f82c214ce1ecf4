"""Coupon pools: what is taken in of a list, and what is said of the rest."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from decimal import Decimal
from typing import Any

import pytest
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

from liquor_app.accounts.models import Role
from liquor_app.accounts.permissions import SYSTEM, Actor, ActorKind
from liquor_app.core.errors import Conflict, Forbidden, Invalid
from liquor_app.coupons import coupon_pools
from liquor_app.coupons.coupon_pools import (
    add_codes,
    create_pool,
    delete_pool,
    discard_codes,
    get_pool,
    update_pool,
)
from liquor_app.coupons.lists import list_pools

VIEWER = Actor(ActorKind.USER, None, "Vi", Role.USER)


async def pool_of(session: AsyncSession, **more: Any) -> coupon_pools.PoolRow:
    return await create_pool(session, SYSTEM, **{"name": "Autumn", "discount_pct": "10", **more})


async def test_a_list_is_taken_in_and_the_rest_is_told(session: AsyncSession) -> None:
    other = await pool_of(session, name="Spring")
    await add_codes(session, SYSTEM, other.id, ["OLD-1"])
    pool = await pool_of(session)
    lines = ["\ufeffCode,Note\r\n", "AAA-1,for the till\n", '"AAA-2";x', "AAA-1", "", "no good", "=2+3", "OLD-1", "é"]
    done = await add_codes(session, SYSTEM, pool.id, lines)
    assert (done.added, done.repeated, done.known, done.refused, done.beyond) == (2, 1, 1, 3, 0)
    assert [(one.line, one.text) for one in done.examples] == [(6, "no good"), (7, "=2+3"), (9, "é")]
    again = await add_codes(session, SYSTEM, pool.id, ["AAA-1", "AAA-3"])
    assert (again.added, again.known) == (1, 1)
    row = await get_pool(session, SYSTEM, pool.id)
    assert (row.total, row.remaining, row.redeemed, row.discount_pct) == (3, 3, 0, Decimal(10))
    with pytest.raises(Invalid, match="no code in it"):
        await add_codes(session, SYSTEM, pool.id, ["Code", "??"])


async def test_a_list_is_read_beside_the_loop(session: AsyncSession) -> None:
    """One long file would keep everybody else waiting."""
    readers = set[int]()

    def lines() -> Iterator[str]:
        for number in range(5):
            readers.add(threading.get_ident())
            yield f"AAA-{number}"

    pool = await pool_of(session)
    assert (await add_codes(session, SYSTEM, pool.id, lines())).added == 5
    assert threading.get_ident() not in readers


async def test_case_38_a_code_is_one_in_any_case(session: AsyncSession) -> None:
    """Tills ignore case: two codes that differ by it alone would be redeemed by whichever comes."""
    pool = await pool_of(session)
    done = await add_codes(session, SYSTEM, pool.id, ["SAVE-AAA1", "save-aaa1", "Save-AAA2", "SAVE-AAA3"])
    assert (done.added, done.repeated, done.known) == (3, 1, 0)
    again = await add_codes(session, SYSTEM, pool.id, ["save-aaa3", "SAVE-aaa2", "new-1", "NEW-1"])
    assert (again.added, again.repeated, again.known) == (1, 1, 2)
    kept = await session.execute(text("SELECT code FROM coupons ORDER BY upper(code)"))
    assert list(kept.scalars()) == ["new-1", "SAVE-AAA1", "Save-AAA2", "SAVE-AAA3"], "as they were written first"


async def test_a_pool_is_bounded(session: AsyncSession, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(coupon_pools, "MAX_CODES", 3)
    pool = await pool_of(session)
    await add_codes(session, SYSTEM, pool.id, ["AAA-1", "AAA-2"])
    done = await add_codes(session, SYSTEM, pool.id, ["BBB-1", "BBB-2", "BBB-3", "BBB-4"])
    assert (done.added, done.beyond, done.known) == (1, 3, 0)
    assert (await get_pool(session, SYSTEM, pool.id)).total == 3


async def test_one_standing_pool_a_discount_and_only_managers(session: AsyncSession) -> None:
    first = await pool_of(session, is_standing=True)
    with pytest.raises(Conflict, match="already serves") as raised:
        await pool_of(session, name="Other", is_standing=True)
    assert raised.value.field == "is_standing"
    with pytest.raises(Conflict, match="called 'Autumn'"):
        await pool_of(session)
    await pool_of(session, name="Other", discount_pct=15, is_standing=True)
    renamed = await update_pool(session, SYSTEM, first.id, name="Late autumn", low_water=7)
    assert (renamed.name, renamed.low_water, renamed.is_standing) == ("Late autumn", 7, True)
    for wrong in ({"discount_pct": 0}, {"discount_pct": "x"}, {"low_water": -1}, {"name": " "}):
        with pytest.raises(Invalid):
            await pool_of(session, **{"name": "New", **wrong})
    with pytest.raises(Forbidden):
        await add_codes(session, VIEWER, first.id, ["AAA-1"])
    assert [pool.name for pool in (await list_pools(session, VIEWER)).items] == ["Late autumn", "Other"]


async def test_codes_with_people_keep_their_pool(session: AsyncSession) -> None:
    pool = await pool_of(session)
    await add_codes(session, SYSTEM, pool.id, ["AAA-1", "AAA-2"])
    await session.execute(text("UPDATE coupons SET action_id = uuid_v7() WHERE code = 'AAA-1'"))
    with pytest.raises(Conflict, match="1 codes of it are with people"):
        await delete_pool(session, SYSTEM, pool.id)
    assert await discard_codes(session, SYSTEM, pool.id) == 1
    assert (await get_pool(session, SYSTEM, pool.id)).total == 1
    await session.execute(text("DELETE FROM coupons"))
    await delete_pool(session, SYSTEM, pool.id)
    assert (await list_pools(session, SYSTEM)).items == []
