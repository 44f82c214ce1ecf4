"""Whether a provider can be used now: its circuit, and how much a young sender may send today.

Both live in the database, so that every worker knows what one has learnt.
"""

from __future__ import annotations

from datetime import date, datetime, timedelta
from math import floor

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

from liquor_app.organization.models import Channel
from liquor_app.organization.service import notify
from liquor_app.providers.service import Route, route_of

FIRST_PAUSE_SECONDS = 15
LONGEST_PAUSE_SECONDS = 600
PROBE_SECONDS = 20
"""How long one worker has for its probe before another may try."""

WARM = 1_000_000
"""A sender that may send so many a day is warm."""


async def open_circuit(session: AsyncSession, name: str, reason: str) -> None:
    """Leave a failing provider alone, longer each time in a row; it is probed by itself."""
    await session.execute(
        text(
            "UPDATE channels SET failures = failures + 1, pause_reason = :reason, paused_until = now() +"
            " make_interval(secs => LEAST(:longest, :first * power(2, LEAST(failures, 10))))"
            " WHERE provider = :name AND (paused_until IS NULL OR paused_until < now() + make_interval(secs => :probe))"
        ),
        {
            "name": name,
            "reason": reason[:500],
            "first": FIRST_PAUSE_SECONDS,
            "longest": LONGEST_PAUSE_SECONDS,
            "probe": PROBE_SECONDS,
        },
    )


async def close_circuit(session: AsyncSession, name: str) -> None:
    """It answers again."""
    await session.execute(
        text(
            "UPDATE channels SET failures = 0, paused_until = NULL, pause_reason = NULL"
            " WHERE provider = :name AND failures > 0"
        ),
        {"name": name},
    )


async def take_probes(session: AsyncSession) -> list[Route]:
    """Providers whose pause is over and which this worker alone may try now."""
    found = await session.execute(
        text(
            "UPDATE channels SET paused_until = now() + make_interval(secs => :probe)"
            " WHERE is_enabled AND failures > 0 AND paused_until < now()"
            " RETURNING channel, provider, config_encrypted, rate_per_second, warmup_from IS NOT NULL AS warms_up"
        ),
        {"probe": PROBE_SECONDS},
    )
    return [route_of(row, is_probe=True) for row in found]


async def rest(session: AsyncSession, name: str, seconds: float, reason: str) -> None:
    """Keep off a provider that asked us to wait; that is no failure."""
    await session.execute(
        text(
            "UPDATE channels SET paused_until = GREATEST(paused_until, now() + make_interval(secs => :seconds)),"
            " pause_reason = :reason WHERE provider = :name"
        ),
        {"name": name, "seconds": seconds, "reason": reason[:500]},
    )


async def pass_over(session: AsyncSession, name: str, channel: Channel, reason: str) -> bool:
    """Take a provider that refuses *us* out of use, if another carries the channel; False if none does.

    It is probed again by itself: a key that was renewed needs nobody to press a button.
    """
    found = await session.execute(
        text(
            "SELECT EXISTS (SELECT 1 FROM channels WHERE channel = :channel AND provider <> :name AND is_enabled"
            " AND failures = 0 AND (paused_until IS NULL OR paused_until < now()))"
        ),
        {"channel": channel.value, "name": name},
    )
    if not found.scalar_one():
        return False
    await open_circuit(session, name, reason)
    await notify(
        session,
        title=f"{name} refuses us",
        body=f"{reason} Messages go out by the next provider meanwhile.",
        link="/settings/channels",
        level="warning",
    )
    return True


def allowance(first_day: int, growth_pct: int, started: date, today: date) -> int:
    """Return messages a sender may send on its n-th day: `first_day` · (1 + growth)ⁿ."""
    days = (today - started).days
    if days < 0:
        return 0
    return min(WARM, floor(first_day * (1 + growth_pct / 100) ** min(days, 365)))


async def take_allowance(
    session: AsyncSession, channel: Channel, provider: str, sender: str, wanted: int
) -> tuple[int, datetime]:
    """Of `wanted` messages, how many may go today, booked at once; and when the next day begins (UTC)."""
    found = await session.execute(
        text(
            "SELECT warmup_from, warmup_first_day, warmup_growth_pct, CAST(now() AS date) AS today,"
            " date_trunc('day', now()) AS midnight FROM channels WHERE channel = :channel AND provider = :provider"
        ),
        {"channel": channel.value, "provider": provider},
    )
    row = found.one()
    tomorrow: datetime = row.midnight + timedelta(days=1)
    if row.warmup_from is None:
        return wanted, tomorrow
    most = allowance(row.warmup_first_day, row.warmup_growth_pct, row.warmup_from, row.today)
    keys = {"provider": provider, "sender": sender, "day": row.today}
    await session.execute(
        text(
            "INSERT INTO sender_days (provider, sender, day) VALUES (:provider, :sender, :day) ON CONFLICT DO NOTHING"
        ),
        keys,
    )
    used = await session.execute(
        text("SELECT used FROM sender_days WHERE provider = :provider AND sender = :sender AND day = :day FOR UPDATE"),
        keys,
    )
    granted = max(0, min(wanted, most - int(used.scalar_one())))
    if granted:
        await session.execute(
            text(
                "UPDATE sender_days SET used = used + :granted"
                " WHERE provider = :provider AND sender = :sender AND day = :day"
            ),
            {**keys, "granted": granted},
        )
    return granted, tomorrow
