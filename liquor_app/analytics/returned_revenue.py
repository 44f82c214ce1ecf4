"""What of a campaign's tracked revenue came back: told beside it, for attribution stays as it was made."""

from __future__ import annotations

from decimal import Decimal
from uuid import UUID

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

from liquor_app.accounts.permission_table import Permission
from liquor_app.accounts.permissions import Actor, require
from liquor_app.events.models import EventType

RETURN_DAYS = 60
"""A return counts for so long after the purchase; shops take bottles back for thirty to sixty days."""

# Most tills do not say which purchase a return is of: a person's returns count up to what was attributed to them. An
# order told anew with less in it counts by the difference.
_RETURNED = f"""
WITH won AS (
    SELECT customer_id, min(converted_at) AS since, sum(conversion_value) AS worth FROM sends
    WHERE campaign_id = :id AND converted_at IS NOT NULL AND customer_id IS NOT NULL GROUP BY 1
), back AS (
    SELECT w.customer_id, w.worth, COALESCE((
        SELECT -sum(r.total) FROM purchases r WHERE r.customer_id = w.customer_id AND r.total < 0
          AND r.occurred_at >= w.since AND r.occurred_at < w.since + make_interval(days => {RETURN_DAYS})
    ), 0) + COALESCE((
        SELECT sum(GREATEST(CAST(e.properties ->> 'value' AS numeric) - GREATEST(p.total, 0), 0))
        FROM analytics_events e JOIN purchases p ON p.id = CAST(e.properties ->> 'purchase_id' AS uuid)
        WHERE e.customer_id = w.customer_id AND e.campaign_id = :id AND e.event_type = '{EventType.CONVERSION}'
    ), 0) AS amount
    FROM won w
)
SELECT COALESCE(sum(LEAST(amount, worth)), 0) FROM back
"""


async def returned_since(session: AsyncSession, actor: Actor, campaign_id: UUID) -> Decimal:
    """Return how much money went back to people whose purchases were attributed to a campaign: what they returned
    within `RETURN_DAYS` and what their orders were lowered by, for each person at most what was attributed to them.

    Raises:
        Forbidden: not for this actor.
    """
    require(actor, Permission.ANALYTICS_READ)
    found = await session.execute(text(_RETURNED), {"id": campaign_id})
    return Decimal(found.scalar_one())
