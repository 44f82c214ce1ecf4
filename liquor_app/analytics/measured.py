"""Of which messages a thing was measured: by campaign and channel, and never by what came of it.

A provider without callbacks, the sandbox, a text message's opening, an imported mailing's delivery: of these nobody
ever tells, and a rate that has them below its line is of nothing. So every count of messages of several campaigns or
channels carries, beside what was sent, what was sent where the thing was measured (`metrics.MEASURED`). A campaign that
nobody clicked or bought from is measured all the same where those of its channel are: a rate of the lucky ones alone
would be too high (ADR 155).
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from decimal import Decimal
from typing import Any
from uuid import UUID

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

from liquor_app.accounts.permission_table import Permission
from liquor_app.accounts.permissions import Actor, require
from liquor_app.analytics.metrics import METRICS, Unit
from liquor_app.campaigns.service import SendingCounters
from liquor_app.organization.settings import SendingSettings

FIRST_SALE = "(SELECT min(day) FROM daily_sales WHERE orders > 0)"
"""SQL: the day on which the shop's purchases begin to be on record; NULL where there are none."""


async def recorded_from(session: AsyncSession) -> date | None:
    """Return the first day of which purchases are on record; None where there are none. A corridor."""
    found: date | None = (await session.execute(text(f"SELECT {FIRST_SALE}"))).scalar()
    return found


_WINDOW = f"""COALESCE((SELECT CAST(value ->> 'attribution_days' AS integer) FROM settings
    WHERE key = '{SendingSettings.key}'), {SendingSettings.model_fields["attribution_days"].default})"""
IS_SEEN = f"""COALESCE(
    GREATEST({{last_day}} + {_WINDOW}, {{campaign}}.end_date, {{campaign}}.offers_end_on) >= {FIRST_SALE}, true)"""
"""SQL: whether any purchase that a campaign may have brought could be on record; what was sent last on `last_day`."""

_ANY_ANSWER = "g.delivered + g.opens + g.clicks + g.bounces + g.complaints + g.unsubscribes"
_HEARD = ("delivered", "opens", "clicks", "answers")
_MEASURED = {
    # whatever arrives or comes back is told of: one of the two shows that both are
    "of_deliveries": "g.delivered > 0 OR (g.carried > 0 AND g.bounces + g.complaints > 0 AND g.heard_delivered)",
    "of_opens": "g.opens > 0 OR (g.carried > 0 AND g.heard_opens AND COALESCE(b.track_opens, true))",
    "of_clicks": "g.clicks > 0 OR (g.carried > 0 AND g.heard_clicks AND COALESCE(b.track_clicks, true))",
    # of what the sandbox kept, only where somebody was seen to have got it
    "of_orders": "g.conversions > 0 OR ((g.sends > g.simulated OR g.delivered + g.opens + g.clicks > 0) AND "
    + IS_SEEN.format(last_day="g.last_day", campaign="k") + ")",
    "of_answers": f"{_ANY_ANSWER} > 0 OR (g.carried > 0 AND g.heard_answers)",
}  # fmt: skip
"""Whether a thing is measured of a campaign's messages of a channel. `heard_…`: it was ever told of any message of that
channel that a provider carried, of whichever campaign."""
MEASURED_NAMES = tuple(_MEASURED)
_SUMMED = (
    "sends", "carried", "simulated", "delivered", "opens", "clicks", "bounces", "complaints", "unsubscribes",
    "conversions",
)  # fmt: skip
_ANSWERS = "delivered + opens + clicks + bounces + complaints + unsubscribes"
_HEARD_SUMS = ", ".join(
    f"sum(sum(CASE WHEN carried > 0 THEN {_ANSWERS if one == 'answers' else one} ELSE 0 END))"
    f" OVER (PARTITION BY channel) > 0 AS heard_{one}"
    for one in _HEARD
)
TOLD = f"""told AS (
    SELECT g.campaign_id, g.channel, {", ".join(f"{sql} AS {name}" for name, sql in _MEASURED.items())}
      FROM (SELECT campaign_id, channel, max(day) FILTER (WHERE sends > 0) AS last_day, {_HEARD_SUMS},
                   {", ".join(f"sum({one}) AS {one}" for one in _SUMMED)}
              FROM daily_messages GROUP BY campaign_id, channel) g
      LEFT JOIN campaigns k ON k.id = g.campaign_id
      LEFT JOIN brands b ON b.id = COALESCE(k.brand_id, (SELECT id FROM brands WHERE is_default))
)"""
"""A WITH: of each campaign and channel, what is measured of its messages."""


def measured_sums(counted: str, told: str) -> str:
    """Return the columns of what was sent where each thing was measured.

    Args:
        counted, told: names of the rows that are summed, and of the row of `TOLD` they go with.
    """
    return ", ".join(f"sum({counted}.sends) FILTER (WHERE {told}.{name}) AS {name}" for name in MEASURED_NAMES)


_CAMPAIGNS = f"""
WITH {TOLD}, sent AS (
    SELECT campaign_id, channel, sum(sends) AS sends FROM daily_messages WHERE campaign_id = ANY(:ids)
     GROUP BY campaign_id, channel
)
SELECT campaign_id, count(*) AS channels, {measured_sums("sent", "told")}
  FROM sent JOIN told USING (campaign_id, channel) GROUP BY campaign_id
"""


async def measured_of_campaigns(
    session: AsyncSession, actor: Actor, sent: Mapping[UUID, int]
) -> Mapping[UUID, Mapping[str, Any]]:
    """Return what was sent where each thing was measured, by campaign: what its rates are of. A campaign of which
    nothing is counted by day yet, or a played week, is missing.

    Args:
        sent: by campaign, how many of its messages left: of one channel all of them are measured, or none, also those
            that the days do not have yet.
    """
    require(actor, Permission.CAMPAIGNS_READ)
    if not sent:
        return {}
    found = await session.execute(text(_CAMPAIGNS), {"ids": list(sent)})
    return {row["campaign_id"]: _whole(dict(row), sent[row["campaign_id"]]) for row in found.mappings()}


def _whole(row: Mapping[str, Any], sent: int) -> dict[str, int]:
    counted = {name: int(row[name] or 0) for name in MEASURED_NAMES}
    if row["channels"] > 1:
        return counted
    return {name: sent if many else 0 for name, many in counted.items()}


COUNTERS = {
    "delivered": "delivered_sends", "opens": "opens", "clicks": "clicks", "redeemed": "redeemed",
    "conversions": "conversions", "attributed_revenue": "revenue_generated",
}  # fmt: skip
"""By metric, the campaign's own counter of it."""


def counts_of_campaign(row: SendingCounters, measured: Mapping[str, int]) -> dict[str, Any]:
    """Return what a campaign counted, by metric, with what was sent where each thing was measured."""
    return {"sends": row.completed_sends, **{key: getattr(row, name) for key, name in COUNTERS.items()}, **measured}


def told_counters(row: SendingCounters, measured: Mapping[str, int]) -> dict[str, int | Decimal | None]:
    """Return a campaign's counters by their own names, None of what was not measured, as its page has "–"."""
    counts = counts_of_campaign(row, measured)
    found = {name: (METRICS[key], METRICS[key].of(counts)) for key, name in COUNTERS.items()}
    return {
        name: value if value is None or metric.unit is Unit.MONEY else int(value)
        for name, (metric, value) in found.items()
    }
