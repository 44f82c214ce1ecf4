"""What came of a test's variants, summed over people. Corridors.

By intention: whoever was drawn into a variant counts in it from the moment their message's turn has come, whether it
left or was stopped on the way; each person's window begins with their own message. The sandbox reaches nobody, so its
messages say nothing, nor does a played week whose messages were stopped.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from uuid import UUID

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

from liquor_app.actions.models import ActionStatus
from liquor_app.core.states import sql_list
from liquor_app.experiments.ab_tests.compare import VariantSums
from liquor_app.experiments.ab_tests.in_force import OWN_WORDS
from liquor_app.experiments.ab_tests.models import AbTopic, Measure
from liquor_app.experiments.outcomes import MARGINS, SPENT, outcome_terms
from liquor_app.ledger.models import CONTACTS, UNFINISHED, SendStatus

_READ = f"""
WITH {MARGINS},
drawn AS MATERIALIZED (
    SELECT s.campaign_id, s.customer_id, min(s.variant) AS variant,
           min(COALESCE(s.contact_at, s.not_before)) AS since,
           min(COALESCE(s.contact_at, s.not_before)) + CAST(:window AS integer) * interval '1 day' AS until,
           CAST(:now AS timestamptz) AS at,
           bool_or(s.status IN {sql_list(*CONTACTS)}) AS has_left, bool_or(s.delivered_at IS NOT NULL) AS has_come,
           bool_or(s.clicked_at IS NOT NULL) AS has_clicked, bool_or(s.unsubscribed_at IS NOT NULL) AS has_gone,
           bool_or(s.complained_at IS NOT NULL) AS has_complained
      FROM sends s JOIN campaigns k ON k.id = s.campaign_id
     WHERE s.campaign_id = ANY(:campaigns) AND k.virtual_now IS NULL
       AND s.variant IS NOT NULL AND s.customer_id IS NOT NULL
       AND s.status NOT IN {sql_list(*UNFINISHED, SendStatus.CANCELLED)} AND s.provider IS DISTINCT FROM 'sandbox'
     GROUP BY 1, 2
), {SPENT}, measured AS (
    SELECT w.*, CASE WHEN b.bought THEN 1 ELSE 0 END AS bought, COALESCE(b.revenue, 0) AS revenue,
           COALESCE(b.earned, 0) - COALESCE(n.cost, 0) AS profit
      FROM drawn w LEFT JOIN spent b USING (campaign_id, customer_id) LEFT JOIN sent n USING (campaign_id, customer_id)
     WHERE CAST(:read_on AS date) IS NULL OR w.until <= CAST(CAST(:read_on AS date) AS timestamp) AT TIME ZONE :zone
)
SELECT variant AS key, count(*) AS people, count(*) FILTER (WHERE has_left) AS left,
       NULLIF(count(*) FILTER (WHERE has_come), 0) AS delivered, count(*) FILTER (WHERE has_clicked) AS clicked,
       count(*) FILTER (WHERE has_gone) AS unsubscribed, count(*) FILTER (WHERE has_complained) AS complained,
       sum(bought) AS bought, CAST(sum(revenue) AS double precision) AS revenue,
       CAST(sum(profit) AS double precision) AS profit, CAST(sum(profit * profit) AS double precision) AS profit_square
  FROM measured GROUP BY 1
"""

_WAITING = f"""
SELECT s.variant AS key, count(DISTINCT s.customer_id) AS people FROM sends s
 WHERE s.campaign_id = :campaign AND s.variant IS NOT NULL AND s.status IN {sql_list(*UNFINISHED)}
   AND s.provider IS DISTINCT FROM 'sandbox' GROUP BY 1
"""
_PEOPLE = f"""
SELECT count(DISTINCT a.customer_id) FROM actions a
 WHERE a.campaign_id = :campaign AND a.status = '{ActionStatus.PENDING}'
   AND CASE WHEN :is_planned THEN COALESCE(a.decision ? 'variant', false)
            ELSE a.channel = :channel AND NOT {OWN_WORDS} END
   AND (CAST(:day AS date) IS NULL OR a.scheduled_date < :day)
"""

_USUAL = f"""
SELECT count(*) AS people, count(*) FILTER (WHERE s.clicked_at IS NOT NULL) AS clicked,
       count(*) FILTER (WHERE s.converted_at IS NOT NULL) AS bought
  FROM sends s WHERE s.created_at > CAST(:now AS timestamptz) - interval '180 days' AND s.channel = :channel
   AND s.provider IS DISTINCT FROM 'sandbox' AND s.status IN {sql_list(*CONTACTS)}
"""


async def read_variants(
    session: AsyncSession, campaign_id: UUID, keys: Sequence[str], measure: Measure, *, read_on: date | None = None
) -> list[VariantSums]:
    """Return what each variant did so far, in the order of `keys`, those nobody was drawn into as well.

    Args:
        read_on: only people whose window was over when this day began: the one final read.
    """
    asked = {**await outcome_terms(session), "campaigns": [campaign_id], "read_on": read_on}
    asked["window"] = measure.window_days
    found = {row.key: VariantSums(**row._mapping) for row in await session.execute(text(_READ), asked)}
    return [found.get(key, VariantSums(key)) for key in keys]


async def read_waiting(session: AsyncSession, campaign_id: UUID) -> dict[str, int]:
    """Return how many were drawn into each variant whose turn is still to come."""
    found = await session.execute(text(_WAITING), {"campaign": campaign_id})
    return {row.key: row.people for row in found}


async def people_in(
    session: AsyncSession, campaign_id: UUID, channel: str, decide_on: date | None, topic: AbTopic
) -> int:
    """Return how many people of a campaign's plan a test by this channel would draw among; of offers or channels, how
    many the plan drew."""
    asked = {"campaign": campaign_id, "channel": channel, "day": decide_on, "is_planned": topic.is_planned}
    return int((await session.execute(text(_PEOPLE), asked)).scalar_one())


async def usual_rate(session: AsyncSession, channel: str, measure: Measure) -> float | None:
    """Return what share of the last half year's messages were clicked, or bought from; None where too few left."""
    terms = await outcome_terms(session)
    row = (await session.execute(text(_USUAL), {"now": terms["now"], "channel": channel})).one()
    if row.people < 100:
        return None
    return float(row.clicked if measure is Measure.CLICKED else row.bought) / float(row.people)
