"""Give each action a coupon code of its own, from the campaign's pool or made up: the same one at every attempt.

A code belongs to an action the moment it is taken, in the transaction that claims the action's message: a worker that
dies before its commit has taken nothing, and whoever sends the message after a crash finds its code already there.
Corridors, for `sending`: messages go out for the system.
"""

from __future__ import annotations

import secrets
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from typing import Any
from uuid import UUID

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

from liquor_app.core.bulk import unnest
from liquor_app.core.ids import uuid_array
from liquor_app.coupons.models import Coupon
from liquor_app.organization.service import notify
from liquor_app.ui.words import figure

NO_CODE = "no_coupon_code"

_CODE_LETTERS = "2346789BCDFGHJKMPQRTVWXYZ"
"""Nothing that is misread at a till, and no vowels to make words of."""

_PIN = """
INSERT INTO campaign_pools (campaign_id, discount_pct, pool_id)
SELECT :campaign, discount_pct, id FROM coupon_pools WHERE is_standing
ON CONFLICT DO NOTHING RETURNING discount_pct
"""

_MADE = unnest(
    "f", code=Coupon.code, campaign_id=Coupon.campaign_id, action_id=Coupon.action_id, customer_id=Coupon.customer_id,
    percent=Coupon.discount_pct, last_day="date",
)  # fmt: skip

_MAKE_UP = f"""
INSERT INTO coupons (code, campaign_id, action_id, customer_id, discount_pct, issued_at, expires_at)
SELECT f.code, f.campaign_id, f.action_id, f.customer_id, f.percent, now(),
       CAST(f.last_day + 1 AS timestamp) AT TIME ZONE :zone
FROM {_MADE}
ON CONFLICT DO NOTHING
RETURNING action_id, code
"""

_POOLS = """
SELECT c.campaign_id, c.discount_pct, c.pool_id, p.name
FROM campaign_pools c JOIN coupon_pools p ON p.id = c.pool_id
WHERE c.campaign_id = ANY(CAST(CAST(:campaigns AS text) AS uuid[]))
"""

# Whoever finds a code locked takes the next one; the unique index on the action is the last word.
_ASKED = unnest(
    "f", numbered_as="place", pool_id=Coupon.pool_id, campaign_id=Coupon.campaign_id, action_id=Coupon.action_id,
    customer_id=Coupon.customer_id, last_day="date",
)  # fmt: skip
_TAKE = f"""
WITH asked AS (
    SELECT f.*, row_number() OVER (PARTITION BY f.pool_id ORDER BY f.place) AS turn
    FROM {_ASKED}
), wanted AS (
    SELECT pool_id, count(*) AS most FROM asked GROUP BY pool_id
), free AS MATERIALIZED (
    SELECT w.pool_id, k.id FROM wanted w CROSS JOIN LATERAL (
        SELECT c.id FROM coupons c WHERE c.pool_id = w.pool_id AND c.action_id IS NULL
        ORDER BY c.id LIMIT w.most FOR UPDATE SKIP LOCKED
    ) k
), dealt AS (
    SELECT pool_id, id, row_number() OVER (PARTITION BY pool_id ORDER BY id) AS turn FROM free
)
UPDATE coupons c SET action_id = a.action_id, customer_id = a.customer_id, campaign_id = a.campaign_id,
    issued_at = now(), expires_at = CAST(a.last_day + 1 AS timestamp) AT TIME ZONE :zone
FROM dealt d JOIN asked a USING (pool_id, turn)
WHERE c.id = d.id
RETURNING c.action_id, c.code
"""

_REDEEMED = unnest("f", coupon_id=Coupon.id, occurred_at=Coupon.redeemed_at, purchase_id=Coupon.purchase_id)

_REDEEM = f"""
UPDATE coupons k SET redeemed_at = f.occurred_at, purchase_id = f.purchase_id
FROM {_REDEEMED}
WHERE k.id = f.coupon_id AND k.redeemed_at IS NULL
"""

# One more than the mark is all that has to be counted.
_LEVEL = """
SELECT p.id, p.name, p.low_water, p.warned_at IS NOT NULL AS is_told, x.left_over
FROM coupon_pools p
CROSS JOIN LATERAL (
    SELECT count(*) AS left_over FROM (
        SELECT 1 FROM coupons k WHERE k.pool_id = p.id AND k.action_id IS NULL LIMIT p.low_water + 1) k
) x
WHERE p.id = ANY(CAST(CAST(:pools AS text) AS uuid[])) ORDER BY p.id
"""


@dataclass(frozen=True, slots=True)
class Wanted:
    """A code wanted for an action whose offer is `percent` off and holds until the end of `last_day`."""

    action_id: UUID
    campaign_id: UUID
    customer_id: UUID
    percent: Decimal
    last_day: date | None


@dataclass(frozen=True, slots=True)
class Given:
    """Codes by action, and why the others have none: a reason, or None where one may be free again in a moment."""

    codes: dict[UUID, str]
    without: dict[UUID, tuple[str | None, str]]


@dataclass(frozen=True, slots=True)
class Pinned:
    """Discounts of a campaign whose codes come from pools; of `fresh` ones that was settled just now."""

    percents: frozenset[Decimal]
    fresh: frozenset[Decimal]


async def pin_standing_pools(session: AsyncSession, campaign_id: UUID) -> Pinned:
    """Settle at its launch where a campaign's codes come from."""
    fresh = await session.execute(text(_PIN), {"campaign": campaign_id})
    settled = frozenset(fresh.scalars())
    found = await session.execute(text(_POOLS), {"campaigns": uuid_array([campaign_id])})
    return Pinned(frozenset(row.discount_pct for row in found), settled)


async def give_codes(session: AsyncSession, wanted: Sequence[Wanted], zone: str) -> Given:
    """Return a code for every action that has none yet. Three statements for a batch, none for an empty one.

    Args:
        zone: the store's; codes hold to the end of the offer's last day there.
    """
    if not wanted:
        return Given({}, {})
    found = await session.execute(text(_POOLS), {"campaigns": uuid_array({one.campaign_id for one in wanted})})
    pools = {(row.campaign_id, row.discount_pct): row for row in found}
    drawn: dict[UUID, Wanted] = {}
    made_up: dict[UUID, Wanted] = {}
    for one in wanted:
        (drawn if (one.campaign_id, one.percent) in pools else made_up)[one.action_id] = one
    codes = await make_up_codes(session, list(made_up.values()), zone)
    levels: dict[UUID, Any] = {}
    if drawn:
        pool_of = {action: pools[one.campaign_id, one.percent].pool_id for action, one in drawn.items()}
        codes |= await _take(session, drawn, pool_of, zone)
        levels = await _watch(session, set(pool_of.values()))
    without = {}
    for action in drawn:
        if action not in codes:
            level = levels[pool_of[action]]
            # what is left over here is in another worker's hands, which may yet let go of it
            reason = None if level.left_over else NO_CODE
            note = f"The pool “{level.name}” has no code left. Add codes to it, then send to the rest."
            without[action] = (reason, note if reason else "")
    return Given(codes, without)


async def make_up_codes(session: AsyncSession, wanted: Sequence[Wanted], zone: str) -> dict[UUID, str]:
    """Return codes of our own, by action, so that a basket can be tied to a message."""
    if not wanted:
        return {}
    made = await session.execute(
        text(_MAKE_UP),
        {
            **_MADE.bind(
                code=[coupon_code() for _ in wanted],
                campaign_id=[one.campaign_id for one in wanted],
                action_id=[one.action_id for one in wanted],
                customer_id=[one.customer_id for one in wanted],
                percent=[one.percent for one in wanted],
                last_day=[one.last_day for one in wanted],
            ),
            "zone": zone,
        },
    )
    return {row.action_id: row.code for row in made}


async def redeem_codes(
    session: AsyncSession, coupon_ids: Sequence[UUID], moments: Sequence[datetime], purchase_ids: Sequence[UUID]
) -> None:
    """Note when and with which purchase codes were redeemed; one redeemed before keeps its first."""
    if coupon_ids:
        bound = _REDEEMED.bind(coupon_id=coupon_ids, occurred_at=moments, purchase_id=purchase_ids)
        await session.execute(text(_REDEEM), bound)


def coupon_code() -> str:
    """`KV7Q-2MRT`: eight letters and digits, 25⁸ of them."""
    letters = "".join(secrets.choice(_CODE_LETTERS) for _ in range(8))
    return f"{letters[:4]}-{letters[4:]}"


async def _take(
    session: AsyncSession, drawn: dict[UUID, Wanted], pool_of: dict[UUID, UUID], zone: str
) -> dict[UUID, str]:
    taken = await session.execute(
        text(_TAKE),
        {
            **_ASKED.bind(
                pool_id=[pool_of[action] for action in drawn],
                campaign_id=[one.campaign_id for one in drawn.values()],
                action_id=drawn,
                customer_id=[one.customer_id for one in drawn.values()],
                last_day=[one.last_day for one in drawn.values()],
            ),
            "zone": zone,
        },
    )
    return {row.action_id: row.code for row in taken}


async def _watch(session: AsyncSession, pools: set[UUID]) -> dict[UUID, Any]:
    """Tell how full pools are; that one runs low is told once, until codes come in."""
    found = await session.execute(text(_LEVEL), {"pools": uuid_array(pools)})
    levels = {row.id: row for row in found}
    for level in levels.values():
        if level.is_told or level.left_over > level.low_water:
            continue
        first = await session.execute(
            text("UPDATE coupon_pools SET warned_at = now() WHERE id = :id AND warned_at IS NULL RETURNING 1"),
            {"id": level.id},
        )
        if first.first() is not None:
            left = f"{figure(level.left_over)} codes are left" if level.left_over else "No code is left"
            await notify(
                session,
                title=f"The coupon pool “{level.name}” runs low",
                body=f"{left}. Messages that find none are skipped until you add more.",
                link="/coupons",
                level="warning",
            )
    return levels


_MOVE_CODES = """
UPDATE coupons x SET customer_id = :to WHERE customer_id = :gone RETURNING id
"""
_RETURN_CODES = "UPDATE coupons SET customer_id = :gone WHERE id = ANY(CAST(:ids AS uuid[])) AND customer_id = :to"


async def move_codes(session: AsyncSession, gone: UUID, to: UUID) -> list[str]:
    """Give the codes of one customer to another; returns their ids. A corridor, for `doubles`."""
    moved = await session.execute(text(_MOVE_CODES), {"gone": gone, "to": to})
    return [str(one) for one in moved.scalars()]


async def return_codes(session: AsyncSession, gone: UUID, to: UUID, ids: Sequence[str]) -> None:
    """Undo `move_codes`. A corridor, for `doubles`."""
    await session.execute(text(_RETURN_CODES), {"gone": gone, "to": to, "ids": list(ids)})
