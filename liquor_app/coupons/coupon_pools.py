"""Coupon pools: codes the till knows, brought in as a list and given away one by one.

`coupons.coupon_codes` takes them out at sending.
"""

from __future__ import annotations

import asyncio
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from itertools import islice
from typing import Any
from uuid import UUID

from sqlalchemy import text
from sqlalchemy.exc import IntegrityError
from sqlalchemy.ext.asyncio import AsyncSession

from liquor_app.accounts.audit import audit, audit_change
from liquor_app.accounts.permission_table import Permission
from liquor_app.accounts.permissions import Actor, require
from liquor_app.core.bulk import copy_rows
from liquor_app.core.db import raw_connection
from liquor_app.core.errors import Conflict, Full, Invalid, NotFound, Taken
from liquor_app.core.ids import uuid7
from liquor_app.core.security.redact import constraint_of
from liquor_app.coupons.code_files import CodeReader, Refused
from liquor_app.organization.form_mistakes import Mistakes
from liquor_app.segments.playbook import clean_percent, clean_text
from liquor_app.ui.words import figure

MAX_CODES = 1_000_000
"""In one pool."""
MAX_POOLS = 200
MAX_BYTES = 45_000_000
"""Of an uploaded list."""
AT_ONCE = 20_000
"""Codes read in one go, in a thread: a long file must not keep everybody else waiting."""
MAX_LOW_WATER = 100_000
TOTAL = "(SELECT count(*) FROM coupons k WHERE k.pool_id = t.id)"
REMAINING = "(SELECT count(*) FROM coupons k WHERE k.pool_id = t.id AND k.action_id IS NULL)"
REDEEMED = "(SELECT count(*) FROM coupons k WHERE k.pool_id = t.id AND k.redeemed_at IS NOT NULL)"
_SELECT = f"""
SELECT t.id, t.name, t.discount_pct, t.is_standing, t.low_water, t.created_at,
       {TOTAL} AS total, {REMAINING} AS remaining, {REDEEMED} AS redeemed
FROM coupon_pools t
"""

# Tills ignore case, and so does a code: SAVE-1 and save-1 are one, as it was first written.
# What does not fit any more is the end of the list.
_TAKE_IN = """
WITH fresh AS (
    INSERT INTO coupons (code, pool, pool_id, discount_pct)
    SELECT code, :name, :pool, :percent FROM (
        SELECT (array_agg(code ORDER BY place))[1] AS code FROM incoming_codes GROUP BY upper(code)
         ORDER BY min(place) LIMIT :room
    ) AS listed
    ON CONFLICT DO NOTHING
    RETURNING 1
)
SELECT (SELECT count(*) FROM fresh) AS added, (SELECT count(DISTINCT upper(code)) FROM incoming_codes) AS distinct_codes
"""


@dataclass(frozen=True)
class PoolFields:
    """A pool and how far it is used up."""

    id: UUID
    name: str
    is_standing: bool
    low_water: int
    total: int
    remaining: int
    redeemed: int


@dataclass(frozen=True, slots=True)
class PoolRow(PoolFields):
    """A pool and how far it is used up. `remaining` codes are nobody's yet; a notice comes at `low_water`."""

    discount_pct: Decimal
    created_at: datetime

    @property
    def is_low(self) -> bool:
        return self.remaining <= self.low_water


@dataclass(frozen=True, slots=True)
class AddedCodes:
    """What became of a list: `repeated` stood in it before, `known` is in this or another pool or was made up by us,
    `beyond` did not fit any more; `examples` are the first lines refused."""

    pool_id: UUID
    added: int
    repeated: int
    known: int
    beyond: int
    refused: int
    examples: tuple[Refused, ...]


async def get_pool(session: AsyncSession, actor: Actor, pool_id: UUID) -> PoolRow:
    """Return one pool.

    Raises:
        NotFound: there is none.
    """
    require(actor, Permission.COUPONS_READ)
    found = await session.execute(text(f"{_SELECT} WHERE t.id = :id"), {"id": pool_id})
    row = found.mappings().first()
    if row is None:
        raise NotFound("There is no such coupon pool.")
    return PoolRow(**row)


async def create_pool(
    session: AsyncSession,
    actor: Actor,
    *,
    name: str,
    discount_pct: object,
    is_standing: bool = False,
    low_water: int = 100,
) -> PoolRow:
    """Return an empty pool.

    Raises:
        Forbidden: the actor may only read.
        Invalid: no name, a discount beyond 0.01 to 100, a low water out of range.
        Conflict: the name is taken, another standing pool has this discount, or there are too many pools.
    """
    require(actor, Permission.COUPONS_WRITE)
    values = _cleaned(name=name, discount_pct=discount_pct, is_standing=is_standing, low_water=low_water)
    counted = await session.execute(text("SELECT count(*) FROM coupon_pools"))
    if counted.scalar_one() >= MAX_POOLS:
        raise Full(f"There are {MAX_POOLS} pools already. Remove one that is used up first.")
    pool_id = uuid7()
    await _write(
        session,
        "INSERT INTO coupon_pools (id, name, discount_pct, is_standing, low_water)"
        " VALUES (:id, :name, :discount_pct, :is_standing, :low_water)",
        {"id": pool_id, **values},
    )
    await audit(session, actor, "coupons.pool_created", "coupon_pool", pool_id, **values)
    return await get_pool(session, actor, pool_id)


async def update_pool(session: AsyncSession, actor: Actor, pool_id: UUID, **changes: Any) -> PoolRow:
    """Change `name`, `is_standing` or `low_water`. The discount stays: codes of it are with people.

    Raises:
        NotFound, Forbidden, Invalid, Conflict: as `create_pool`.
    """
    require(actor, Permission.COUPONS_WRITE)
    before = await get_pool(session, actor, pool_id)
    now_is = {"name": before.name, "is_standing": before.is_standing, "low_water": before.low_water}
    values = _cleaned(discount_pct=before.discount_pct, **{**now_is, **changes})
    await _write(
        session,
        "UPDATE coupon_pools SET name = :name, is_standing = :is_standing, low_water = :low_water, warned_at = NULL"
        " WHERE id = :id",
        {"id": pool_id, **{name: values[name] for name in now_is}},
    )
    after = {name: values[name] for name in now_is}
    await audit_change(session, actor, "coupons.pool_updated", "coupon_pool", pool_id, before=now_is, after=after)
    return await get_pool(session, actor, pool_id)


async def add_codes(session: AsyncSession, actor: Actor, pool_id: UUID, lines: Iterable[str]) -> AddedCodes:
    """Take codes in, one a line or in a column of a CSV file (`code_files`). What is known already is left as it is.

    Args:
        lines: of any number; read once, at most `MAX_CODES` a pool are kept.

    Raises:
        Forbidden: the actor may only read.
        NotFound: there is no such pool.
        Invalid: not one code among the lines, or nothing says which column holds them.
    """
    require(actor, Permission.COUPONS_WRITE)
    # two lists at once could fill the pool beyond its bound; the row itself stays free for whoever gives codes away
    await session.execute(
        text("SELECT pg_advisory_xact_lock(hashtextextended(:name, 0))"), {"name": f"coupon_pool:{pool_id}"}
    )
    pool = await get_pool(session, actor, pool_id)
    reader = CodeReader(lines, MAX_CODES)
    connection = await raw_connection(session)
    await connection.execute("CREATE TEMPORARY TABLE incoming_codes (place int, code text) ON COMMIT DROP")
    codes = iter(reader)
    while some := await asyncio.to_thread(lambda: list(islice(codes, AT_ONCE))):
        await copy_rows(session, "incoming_codes", ("place", "code"), some)
    if not reader.taken:
        raise Invalid(
            "There is no code in it. One a line: 3 to 40 letters, digits and - . _ / #, such as KV7Q-2MRT.",
            field="codes",
        )
    room = MAX_CODES - pool.total
    done = await session.execute(
        text(_TAKE_IN),
        {"name": pool.name, "pool": pool_id, "percent": pool.discount_pct, "room": room},
    )
    row = done.one()
    await session.execute(text("DROP TABLE incoming_codes"))
    await session.execute(text("UPDATE coupon_pools SET warned_at = NULL WHERE id = :id"), {"id": pool_id})
    beyond = max(row.distinct_codes - room, 0) + reader.beyond
    result = AddedCodes(
        pool_id=pool_id,
        added=row.added,
        repeated=reader.taken - row.distinct_codes,
        known=min(row.distinct_codes, room) - row.added,
        beyond=beyond,
        refused=reader.refused,
        examples=tuple(reader.examples),
    )
    await audit(
        session, actor, "coupons.codes_added", "coupon_pool", pool_id, added=result.added, known=result.known,
        repeated=result.repeated, refused=result.refused,
    )  # fmt: skip
    return result


async def discard_codes(session: AsyncSession, actor: Actor, pool_id: UUID) -> int:
    """Remove the codes nobody has got yet, as when the till no longer takes them; returns how many.

    Raises:
        Forbidden: the actor may only read.
        NotFound: there is no such pool.
    """
    require(actor, Permission.COUPONS_WRITE)
    await get_pool(session, actor, pool_id)
    gone = await session.execute(
        text(
            "WITH gone AS (DELETE FROM coupons WHERE pool_id = :id AND action_id IS NULL RETURNING 1)"
            " SELECT count(*) FROM gone"
        ),
        {"id": pool_id},
    )
    count = int(gone.scalar_one())
    await audit(session, actor, "coupons.codes_discarded", "coupon_pool", pool_id, discarded=count)
    return count


async def delete_pool(session: AsyncSession, actor: Actor, pool_id: UUID) -> None:
    """Remove a pool none of whose codes was given away, with its codes.

    Raises:
        Forbidden: the actor may only read.
        NotFound: there is no such pool.
        Conflict: codes of it are with people, or a campaign uses it.
    """
    require(actor, Permission.COUPONS_WRITE)
    pool = await get_pool(session, actor, pool_id)
    if pool.remaining < pool.total:
        given = pool.total - pool.remaining
        raise Conflict(f"{figure(given)} codes of it are with people. Discard the others; the record of these stays.")
    used = await session.execute(
        text(
            "SELECT string_agg(k.name, ', ') FROM campaign_pools c JOIN campaigns k ON k.id = c.campaign_id"
            " WHERE c.pool_id = :id"
        ),
        {"id": pool_id},
    )
    if (names := used.scalar()) is not None:
        raise Conflict(f"Its codes are for {names[:200]}. Choose others there first.")
    await discard_codes(session, actor, pool_id)
    await session.execute(text("DELETE FROM coupon_pools WHERE id = :id"), {"id": pool_id})
    await audit(session, actor, "coupons.pool_deleted", "coupon_pool", pool_id, name=pool.name)


def _cleaned(*, name: object, discount_pct: object, is_standing: object, low_water: object) -> dict[str, Any]:
    mistakes, values = Mistakes(), dict[str, Any](is_standing=bool(is_standing))
    with mistakes.noted():
        values["name"] = clean_text(name, "name", 80)
    with mistakes.noted():
        values["discount_pct"] = clean_percent(discount_pct, "discount_pct")
        if values["discount_pct"] == 0:
            raise Invalid("discount_pct must be more than 0: codes go with money off", field="discount_pct")
    with mistakes.noted():
        try:
            values["low_water"] = int(str(low_water))
        except ValueError:
            values["low_water"] = -1
        if not 0 <= values["low_water"] <= MAX_LOW_WATER:
            raise Invalid(f"low_water must be a number from 0 to {figure(MAX_LOW_WATER)}", field="low_water")
    mistakes.refuse()
    return values


async def _write(session: AsyncSession, statement: str, values: dict[str, Any]) -> None:
    try:
        async with session.begin_nested():
            await session.execute(text(statement), values)
    except IntegrityError as error:
        if constraint_of(error) == "uq_coupon_pools_standing":
            raise Conflict(
                "Another pool already serves every campaign with this discount. Turn that off first.",
                field="is_standing",
            ) from error
        raise Taken(f"There is a pool called {values['name']!r} already.", field="name") from error
