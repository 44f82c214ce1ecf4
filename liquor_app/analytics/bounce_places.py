"""Where e-mail bounced: by day and by the domain that refused it, soft and hard apart."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

from liquor_app.accounts.permission_table import Permission
from liquor_app.accounts.permissions import Actor, require
from liquor_app.analytics.bounce_rates import HEALTH_DAYS
from liquor_app.events.models import EventType
from liquor_app.organization.settings import GeneralSettings, load_settings, shop_today

MOST_DOMAINS = 12

# A message counts once, on the day it first bounced; one that was refused for good at last is hard. What was told
# before bounces were told apart says neither, and is left out.
_BOUNCES = f"""
WITH bounced AS (
    SELECT send_id, min(occurred_at) AS at, max(properties ->> 'domain') AS domain,
           bool_or(CAST(properties ->> 'permanent' AS boolean)) AS is_hard
      FROM analytics_events
     WHERE event_type = '{EventType.BOUNCED}' AND occurred_at >= :since AND send_id IS NOT NULL
       AND properties ->> 'permanent' IS NOT NULL AND properties ->> 'domain' IS NOT NULL
     GROUP BY send_id
)
SELECT CAST(at AT TIME ZONE :zone AS date) AS day, domain,
       count(*) FILTER (WHERE NOT is_hard) AS soft, count(*) FILTER (WHERE is_hard) AS hard
  FROM bounced GROUP BY GROUPING SETS ((1), (2))
"""


@dataclass(frozen=True, slots=True)
class BounceDay:
    """A day of the shop's on which messages bounced."""

    day: date
    soft: int
    hard: int


@dataclass(frozen=True, slots=True)
class BounceDomain:
    """A receiving domain, such as gmail.com."""

    domain: str
    soft: int
    hard: int


@dataclass(frozen=True, slots=True)
class BouncePlaces:
    """Thirty days of e-mail that bounced: days latest first, domains by how much they refused, the rest summed up."""

    soft: int
    hard: int
    days: list[BounceDay]
    domains: list[BounceDomain]
    other_domains: int
    """How many more there are."""


async def bounce_places(session: AsyncSession, actor: Actor) -> BouncePlaces:
    """Return the e-mails of the last thirty days that bounced, by day and by receiving domain."""
    require(actor, Permission.ANALYTICS_READ)
    zone = (await load_settings(session, GeneralSettings)).timezone
    first = await shop_today(session) - timedelta(days=HEALTH_DAYS - 1)
    since = datetime.combine(first, time.min, ZoneInfo(zone))
    found = (await session.execute(text(_BOUNCES), {"since": since, "zone": zone})).all()
    days = sorted((BounceDay(row.day, row.soft, row.hard) for row in found if row.day is not None),
                  key=lambda one: one.day, reverse=True)  # fmt: skip
    domains = sorted((BounceDomain(row.domain, row.soft, row.hard) for row in found if row.domain is not None),
                     key=lambda one: (-one.soft - one.hard, one.domain))  # fmt: skip
    return BouncePlaces(
        sum(one.soft for one in days), sum(one.hard for one in days), days, domains[:MOST_DOMAINS],
        max(len(domains) - MOST_DOMAINS, 0),
    )  # fmt: skip
