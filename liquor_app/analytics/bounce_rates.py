"""Figures of how senders are received: bounces and complaints by channel."""

from __future__ import annotations

from dataclasses import dataclass

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

from liquor_app.accounts.permission_table import Permission
from liquor_app.accounts.permissions import Actor, require
from liquor_app.analytics.metrics import rate
from liquor_app.organization.models import Channel
from liquor_app.organization.settings import shop_today

HEALTH_DAYS = 30
COMPLAINTS = (0.001, 0.003)
"""Share of complaints from which a sender is in danger, and is refused: Gmail's and Yahoo's sender rules of 2024."""
BOUNCES = (0.02, 0.05)
"""The same of bounces: where providers warn, and where they close accounts."""
ENOUGH = 100
"""Messages below which a share says nothing."""

_HEALTH = """
WITH campaigns AS (
    SELECT channel, sum(sends) AS sends, sum(bounces) AS bounces, sum(complaints) AS complaints,
           sum(delivered + opens + clicks + bounces + complaints + unsubscribes) > 0 AS is_told FROM daily_messages
     WHERE day > CAST(:today AS date) - CAST(:days AS integer) GROUP BY channel, campaign_id
)
SELECT channel, CAST(COALESCE(sum(sends) FILTER (WHERE is_told), sum(sends)) AS bigint) AS sends,
       CAST(sum(bounces) AS bigint) AS bounces, CAST(sum(complaints) AS bigint) AS complaints,
       bool_or(is_told) AS is_told FROM campaigns GROUP BY channel
"""


@dataclass(frozen=True, slots=True)
class SenderHealth:
    """A channel's last thirty days; shares of what was sent, None where there was too little, or where nobody has told
    what became of any of it (`is_told`), as of the sandbox's: that nobody complained is not known then. Where anything
    is told, campaigns of which nothing is are left out: a played week would thin what people complain of."""

    channel: str
    sends: int
    bounces: int
    complaints: int
    bounce_share: float | None
    complaint_share: float | None
    is_told: bool = True


async def sender_health(session: AsyncSession, actor: Actor) -> list[SenderHealth]:
    """Return bounces and complaints of the last thirty days by channel, from the daily rollups."""
    require(actor, Permission.ANALYTICS_READ)
    found = await session.execute(text(_HEALTH), {"days": HEALTH_DAYS, "today": await shop_today(session)})
    rows = {row.channel: row for row in found}
    made = []
    for channel in Channel:
        row = rows.get(channel.value)
        sends, bounces, complaints = (row.sends, row.bounces, row.complaints) if row else (0, 0, 0)
        is_told = row is None or bool(row.is_told)
        tells = sends >= ENOUGH and is_told
        made.append(
            SenderHealth(
                channel.value, sends, bounces, complaints,
                rate("bounce_rate", bounces=bounces, sends=sends) if tells else None,
                rate("complaint_rate", complaints=complaints, sends=sends) if tells else None,
                is_told,
            )
        )  # fmt: skip
    return made
