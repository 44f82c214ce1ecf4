"""What messages of a period did, cut by what they were chosen for: one statement for every report that counts them.
Days are counted beforehand (`daily_rollups`), up to the minute."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any, Self

from sqlalchemy import RowMapping, text
from sqlalchemy.ext.asyncio import AsyncSession

from liquor_app.analytics.measured import TOLD, measured_sums

_SENT = f"""
WITH {TOLD}
SELECT {{keys}}, sum(d.sends) AS sends, sum(d.delivered) AS delivered, sum(d.opens) AS opens, sum(d.clicks) AS clicks,
       sum(d.bounces) AS bounces, sum(d.complaints) AS complaints, sum(d.unsubscribes) AS unsubscribes,
       sum(d.redeemed) AS redeemed, sum(d.conversions) AS conversions,
       COALESCE(sum(d.revenue), 0) AS attributed_revenue,
       {measured_sums("d", "t")},
       GROUPING(d.segment_slug) = 1 AS is_whole, count(*) OVER () - 1 AS groups
  FROM daily_offers d LEFT JOIN segments g ON g.slug = d.segment_slug
  LEFT JOIN told t ON t.campaign_id = d.campaign_id AND t.channel = d.channel
 WHERE d.day BETWEEN :start AND :end
 GROUP BY GROUPING SETS (({{columns}}), ())
 ORDER BY is_whole DESC, attributed_revenue DESC, sends DESC, {{columns}} LIMIT :most
"""
_SEGMENT = {"id": "d.segment_slug", "name": "COALESCE(g.name, d.segment_slug)", "customers": "g.customer_count"}
_OFFER = {"offer": "d.offer", "pct": "d.discount_pct"}


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


async def sent_counts(session: AsyncSession, statement: str, start: date, end: date, *, most: int) -> SentCounts:
    """Count what was sent from `start` to `end`, both included. A corridor of reports that have asked the actor.

    Args:
        statement: `BY_SEGMENT` or `BY_OFFER`.
        most: groups returned.
    """
    bound = {"start": start, "end": end, "most": most + 1}
    return SentCounts.of((await session.execute(text(statement), bound)).mappings())
