"""What API keys may ask: so many requests a minute, counted in Redis, and so many a month, counted here, where every
web process sees them and no restart forgets them. Months are those of UTC."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import ClassVar
from uuid import UUID

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

from liquor_app.accounts.permissions import Allowance, Share
from liquor_app.core.clock import now
from liquor_app.core.errors import Invalid, TooMany

PER_MINUTE, PER_MONTH = 3_000, 5_000_000
"""Requests of a key of which nothing else is said."""
MOST_PER_MINUTE, MOST_PER_MONTH = 60_000, 1_000_000_000

_USE = """
INSERT INTO api_key_months AS m (key_id, month, requests) VALUES (:key, :month, 1)
    ON CONFLICT (key_id, month) DO UPDATE SET requests = m.requests + 1 WHERE m.requests < :most
RETURNING requests
"""
_MAKERS = """
WITH RECURSIVE makers AS (
    SELECT id, made_with, per_minute, per_month FROM api_keys WHERE id = :maker
    UNION SELECT k.id, k.made_with, k.per_minute, k.per_month FROM makers m JOIN api_keys k ON k.id = m.made_with)
SELECT id, per_minute, per_month FROM makers
"""


class QuotaExceeded(TooMany):
    """A key has made all the requests of its month."""

    code: ClassVar[str] = "quota_exceeded"


@dataclass(frozen=True, slots=True)
class MonthUsed:
    """What is left of a month, and its seconds: in all, and to come."""

    left: int
    seconds: int
    reset: int


def allowance_of(per_minute: int | None, per_month: int | None, shares: Sequence[Share] = ()) -> Allowance:
    """Return what a key may ask."""
    return Allowance(per_minute or PER_MINUTE, per_month or PER_MONTH, tuple(shares))


async def shares_of(session: AsyncSession, maker: UUID | None) -> list[Share]:
    """Return whose requests a key uses as well: that of the key that made it, of the one that made this, and so on. A
    corridor."""
    if maker is None:
        return []
    found = await session.execute(text(_MAKERS), {"maker": maker})
    return [Share(row.id, row.per_minute or PER_MINUTE, row.per_month or PER_MONTH) for row in found]


def clean_limit(name: str, given: int | None) -> int | None:
    """Return a limit as it is stored; None for that of all keys.

    Raises:
        Invalid: out of range.
    """
    most = MOST_PER_MINUTE if name == "per_minute" else MOST_PER_MONTH
    if given is not None and not 1 <= given <= most:
        raise Invalid(f"{name} must be between 1 and {most}", field=name)
    return given


def month_of(at: datetime) -> tuple[datetime, datetime]:
    """Return the first moment of a moment's month, and of the next."""
    first = at.astimezone(UTC).replace(day=1, hour=0, minute=0, second=0, microsecond=0)
    return first, (first + timedelta(days=32)).replace(day=1)


def month_used(at: datetime, left: int) -> MonthUsed:
    """Return what is left of the month `at` stands in."""
    first, following = month_of(at)
    seconds = int((following - first).total_seconds())
    return MonthUsed(left, seconds, max(int((following - at).total_seconds()), 1))


async def use_month(session: AsyncSession, key_id: UUID, most: int, shares: Sequence[Share] = ()) -> MonthUsed:
    """Count a request of a key's month, and of the months of those that made it: what a key makes has no more together
    than it. Returns what is left of the one with the least. A corridor.

    Raises:
        QuotaExceeded: there are `most` already, or of one of `shares`; with the transaction none is counted.
    """
    at = now()
    counted = {key_id: most, **{one.key_id: one.per_month for one in shares}}
    left = []
    for one, allowed in sorted(counted.items()):  # in one order, or two would wait for each other
        found = await session.execute(text(_USE), {"key": one, "month": month_of(at)[0], "most": allowed})
        used = found.scalar()
        if used is None:
            whose = "This key has" if one == key_id else "The key that made this one has, with all it made,"
            raise QuotaExceeded(
                f"{whose} made all the requests of its month. An admin can allow it more.",
                retry_after=month_used(at, 0).reset,
            )
        left.append(max(allowed - int(used), 0))
    return month_used(at, min(left))
