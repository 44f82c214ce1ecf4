"""Of which messages a thing was measured: those of a campaign and a channel of which anybody ever told it.

A provider without callbacks, the sandbox, a text message's opening, an imported mailing's delivery: of these nobody
ever tells, and a rate that has them below its line is of nothing. So every count of messages of several campaigns or
channels carries, beside what was sent, what was sent where the thing was measured (`metrics.MEASURED`).
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import Any
from uuid import UUID

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

from liquor_app.accounts.permission_table import Permission
from liquor_app.accounts.permissions import Actor, require

_EVIDENCE = {
    "of_deliveries": "{delivered} > 0",
    "of_opens": "{opens} > 0",
    "of_clicks": "{clicks} > 0",
    "of_orders": "{delivered} + {opens} + {clicks} + {conversions} > 0",
    "of_answers": "{delivered} + {opens} + {clicks} + {bounces} + {complaints} + {unsubscribes} > 0",
}
"""What shows that a thing is measured of a campaign's messages of a channel, of sums over all their days."""
_COUNTERS = ("delivered", "opens", "clicks", "conversions", "bounces", "complaints", "unsubscribes")
MEASURED_NAMES = tuple(_EVIDENCE)


def evidence(counted: str, names: Collection[str] = MEASURED_NAMES) -> str:
    """Return the columns that say what is measured.

    Args:
        counted: how a counter is summed, as "sum({})".
        names: which of them.
    """
    sums = {name: counted.format(name) for name in _COUNTERS}
    return ", ".join(f"{_EVIDENCE[name].format(**sums)} AS {name}" for name in names)


TOLD = f"""told AS (
    SELECT campaign_id, channel, {evidence("sum({})")} FROM daily_messages GROUP BY campaign_id, channel
)"""
"""A WITH: of each campaign and channel, what is measured of its messages."""


def measured_sums(counted: str, told: str) -> str:
    """Return the columns of what was sent where each thing was measured.

    Args:
        counted, told: names of the rows that are summed, and of the row of `TOLD` they go with.
    """
    return ", ".join(f"sum({counted}.sends) FILTER (WHERE {told}.{name}) AS {name}" for name in MEASURED_NAMES)


_CAMPAIGNS = f"""
WITH told AS (
    SELECT campaign_id, channel, sum(sends) AS sends, {evidence("sum({})")} FROM daily_messages
     WHERE campaign_id = ANY(:ids) GROUP BY campaign_id, channel
)
SELECT campaign_id, {measured_sums("told", "told")} FROM told GROUP BY campaign_id HAVING count(*) > 1
"""


async def measured_of_campaigns(
    session: AsyncSession, actor: Actor, ids: Collection[UUID]
) -> Mapping[UUID, Mapping[str, Any]]:
    """Return what was sent where each thing was measured, by campaign: what its rates are of. A campaign of one
    channel is missing: of its messages everything was measured, or nothing, whatever is counted since."""
    require(actor, Permission.CAMPAIGNS_READ)
    if not ids:
        return {}
    found = await session.execute(text(_CAMPAIGNS), {"ids": list(ids)})
    return {row["campaign_id"]: {name: int(row[name] or 0) for name in MEASURED_NAMES} for row in found.mappings()}
