"""What messages of a period did, cut by what they were chosen for: one statement for every report that counts them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any, Self

from sqlalchemy import RowMapping, text
from sqlalchemy.ext.asyncio import AsyncSession

from liquor_app.ledger.models import LONGEST_CAMPAIGN_DAYS

_SENT = """
SELECT {keys}, count(*) AS sends, count(s.delivered_at) AS delivered, count(s.opened_at) AS opens,
       count(s.clicked_at) AS clicks, count(s.bounced_at) AS bounces, count(s.complained_at) AS complaints,
       count(s.unsubscribed_at) AS unsubscribes, count(s.converted_at) AS conversions,
       COALESCE(sum(s.conversion_value), 0) AS attributed_revenue,
       GROUPING(a.segment_slug) = 1 AS is_whole, count(*) OVER () - 1 AS groups
  FROM sends s JOIN actions a ON a.id = s.action_id LEFT JOIN segments g ON g.slug = a.segment_slug
 WHERE s.sent_at >= CAST(:start AS timestamp) AT TIME ZONE :zone
   AND s.sent_at < CAST(:next AS timestamp) AT TIME ZONE :zone
   AND s.created_at >= (CAST(:start AS timestamp) AT TIME ZONE :zone) - make_interval(days => :longest)
   AND s.campaign_id IS NOT NULL AND a.segment_slug IS NOT NULL
 GROUP BY GROUPING SETS (({columns}), ())
 ORDER BY is_whole DESC, attributed_revenue DESC, sends DESC, {columns} LIMIT :most
"""
_SEGMENT = {"id": "a.segment_slug", "name": "COALESCE(g.name, a.segment_slug)", "customers": "g.customer_count"}
_OFFER = {
    "offer": "COALESCE(a.offer_terms ->> 'name', a.offer)",
    "pct": "COALESCE(a.offer_terms ->> 'discount_pct', '0')",
}


def _statement(keys: Mapping[str, str]) -> str:
    named = ", ".join(f"{expression} AS {name}" for name, expression in keys.items())
    return _SENT.format(keys=named, columns=", ".join(keys.values()))


BY_SEGMENT = _statement(_SEGMENT)
BY_OFFER = _statement({**_SEGMENT, **_OFFER})


@dataclass(frozen=True, slots=True)
class SentCounts:
    """Counts by group, most attributed revenue first, `whole`: of all `groups`, shown or not."""

    rows: Sequence[Mapping[str, Any]]
    whole: Mapping[str, Any]
    groups: int

    @classmethod
    def of(cls, found: Iterable[RowMapping]) -> Self:
        """Part the first row, which is of all of them, from the rest."""
        whole, *rows = [dict(row) for row in found]
        return cls(rows, whole, whole["groups"])


async def sent_counts(
    session: AsyncSession, statement: str, start: date, end: date, zone: str, *, most: int
) -> SentCounts:
    """Count what was sent from `start` to `end`, both included. A corridor of reports that have asked the actor.

    Args:
        statement: `BY_SEGMENT` or `BY_OFFER`.
        most: groups returned.
    """
    bound = {
        "start": start, "next": end + timedelta(days=1), "zone": zone, "longest": LONGEST_CAMPAIGN_DAYS,
        "most": most + 1,
    }  # fmt: skip
    return SentCounts.of((await session.execute(text(statement), bound)).mappings())
