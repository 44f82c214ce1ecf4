"""Keep whose occasion a triggered campaign has taken up, once each, and what came of it. Corridors."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from uuid import UUID

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

from liquor_app.campaigns.models import FiringOutcome
from liquor_app.core.bulk import unnest

_OCCASIONS = unnest("f", customer_id="uuid", occasion_at="timestamptz")
_OUTCOMES = unnest("f", customer_id="uuid", outcome="text")

_RECORD = f"""
INSERT INTO trigger_firings (campaign_id, customer_id, occasion_at, outcome, fired_at)
SELECT :campaign, f.customer_id, f.occasion_at, :outcome, :at
  FROM {_OCCASIONS}
ON CONFLICT DO NOTHING RETURNING customer_id
"""

_SETTLE = f"""
UPDATE trigger_firings t SET outcome = f.outcome
  FROM {_OUTCOMES}
 WHERE t.campaign_id = :campaign AND t.customer_id = f.customer_id
"""


async def record_firings(
    session: AsyncSession, campaign_id: UUID, occasions: Sequence[tuple[UUID, datetime]], at: datetime
) -> list[UUID]:
    """Take up occasions (customer, moment): returns the customers seen for the first time, by id."""
    found = await session.execute(
        text(_RECORD),
        {
            "campaign": campaign_id,
            **_OCCASIONS.bind(
                customer_id=[person for person, _ in occasions], occasion_at=[moment for _, moment in occasions]
            ),
            "outcome": FiringOutcome.SEEN.value,
            "at": at,
        },
    )
    return sorted(found.scalars())


async def settle_firings(session: AsyncSession, campaign_id: UUID, outcomes: Mapping[UUID, FiringOutcome]) -> None:
    """Write down what came of them, by customer."""
    await session.execute(
        text(_SETTLE),
        {
            **_OUTCOMES.bind(customer_id=outcomes, outcome=[one.value for one in outcomes.values()]),
            "campaign": campaign_id,
        },
    )


_MOVE_FIRINGS = """
UPDATE trigger_firings x SET customer_id = :to WHERE customer_id = :gone
   AND NOT EXISTS (SELECT FROM trigger_firings o WHERE o.campaign_id = x.campaign_id AND o.customer_id = :to)
RETURNING campaign_id
"""
_RETURN_FIRINGS = """
UPDATE trigger_firings SET customer_id = :gone WHERE campaign_id = ANY(CAST(:ids AS uuid[])) AND customer_id = :to
"""


async def move_firings(session: AsyncSession, gone: UUID, to: UUID) -> list[str]:
    """Give the occasions of one customer to another, but for campaigns that saw one of both; returns the campaigns. A
    corridor, for `doubles`."""
    moved = await session.execute(text(_MOVE_FIRINGS), {"gone": gone, "to": to})
    return [str(one) for one in moved.scalars()]


async def return_firings(session: AsyncSession, gone: UUID, to: UUID, ids: Sequence[str]) -> None:
    """Undo `move_firings`. A corridor, for `doubles`."""
    await session.execute(text(_RETURN_FIRINGS), {"gone": gone, "to": to, "ids": list(ids)})
