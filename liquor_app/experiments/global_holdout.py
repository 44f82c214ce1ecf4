"""What marketing as a whole changes: people left out of every campaign beside everybody else who may be written to.

Compared by intention: whoever may be, or once might have been, written to counts in the group of their draw. Today's
consents alone would not do: who is written to unsubscribes more, and the two groups would not be alike any longer.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Any

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

from liquor_app.accounts.permission_table import Permission
from liquor_app.accounts.permissions import Actor, require
from liquor_app.core.clock import now
from liquor_app.core.holdout_draw import draw_sql, threshold
from liquor_app.customers.models import ConsentStatus
from liquor_app.experiments.statistics import Arm, Lift, SplitCheck, check_split, lift
from liquor_app.experiments.what_teaches import LEFT_BY_MAIL, REAL_CAMPAIGN
from liquor_app.organization.settings import PlanningSettings, load_settings

LEAST_DAYS = 28
"""Four whole weeks: every weekday and both ends of a month's pay count alike."""
LEAST_PEOPLE = 100
LEAST_BUYERS = 30
"""In either group. Below it the mean is that of a few large baskets and its interval is not to be trusted."""


@dataclass(frozen=True, slots=True)
class OverallRow:
    """The global holdout and what it shows so far. `bought` compares the share who bought, `revenue` money a person.

    `share` is 0 to 1, and 0 if nobody is left out. `since` is when the draw began, `from_at` when the first message of
    a campaign left: from there on the groups can differ, and purchases count. `missing` says in words what the
    comparison waits for; until it is empty nothing may be concluded. Without a reading there is neither split nor
    comparison.
    """

    share: float
    since: datetime | None
    from_at: datetime | None
    read_at: datetime | None
    days: int
    split: SplitCheck | None
    bought: Lift | None
    revenue: Lift | None
    missing: tuple[str, ...]

    @property
    def is_conclusive(self) -> bool:
        """Whether the comparison says something: enough data, a fair split, and an interval that leaves out zero."""
        return bool(
            not self.missing and self.split and not self.split.is_mismatch and self.revenue and self.revenue.is_decided
        )


# a campaign that was begun may have written to nobody: only a message that left makes a difference
_FROM = f"""
SELECT min(s.at) FROM campaigns k CROSS JOIN LATERAL (
    SELECT min(COALESCE(s.contact_at, s.sent_at, s.not_before)) AS at FROM sends s
     WHERE s.campaign_id = k.id AND {LEFT_BY_MAIL}
       AND COALESCE(s.contact_at, s.sent_at, s.not_before) >= CAST(:since AS timestamptz)) s
 WHERE {REAL_CAMPAIGN}
"""

_READ = f"""
WITH spent AS (
    SELECT customer_id, sum(total) AS spent, bool_or(total > 0) AS bought FROM purchases
    WHERE occurred_at >= :start AND occurred_at <= :at GROUP BY 1
)
SELECT {draw_sql("c.id")} AS held, count(*) AS people, count(*) FILTER (WHERE s.bought) AS buyers,
       COALESCE(sum(s.spent), 0) AS spent,
       COALESCE(sum(s.spent * s.spent), 0) AS squares
FROM customers c LEFT JOIN spent s ON s.customer_id = c.id
WHERE c.deleted_at IS NULL AND (c.email_consent = 'given' OR c.sms_consent = 'given'
      OR EXISTS (SELECT FROM consents k WHERE k.customer_id = c.id AND k.status = '{ConsentStatus.GIVEN}'))
GROUP BY 1
"""


async def take_reading(session: AsyncSession, actor: Actor) -> OverallRow:
    """Count anew, keep the figures, and begin a new stretch if the share or its word was changed. Reads every
    customer and every purchase since: minutes for millions, hence for a job.

    Raises:
        Forbidden: the actor may only read.
    """
    require(actor, Permission.ANALYTICS_WRITE)
    planning = await load_settings(session, PlanningSettings)
    at, share = now(), planning.global_holdout_pct
    drawn = {"seed": planning.global_holdout_seed, "share": share, "at": at}
    await session.execute(
        text("UPDATE global_holdouts SET ended_at = :at WHERE ended_at IS NULL AND (seed <> :seed OR share <> :share)"),
        drawn,
    )
    if share == 0:
        return _row(None)
    await session.execute(
        text("INSERT INTO global_holdouts (seed, share, since) VALUES (:seed, :share, :at) ON CONFLICT DO NOTHING"),
        drawn,
    )
    found = await session.execute(text("SELECT id, since FROM global_holdouts WHERE ended_at IS NULL FOR UPDATE"))
    stretch = found.one()
    from_at = (await session.execute(text(_FROM), {"since": stretch.since})).scalar()
    counted = await session.execute(
        text(_READ),
        {"start": from_at or at, "at": at, "seed": drawn["seed"], "below": threshold(float(share) / 100)},
    )
    reading = {
        "held_out" if row.held else "contacted": {
            "people": row.people, "buyers": row.buyers, "spent": float(row.spent), "squares": float(row.squares)
        }
        for row in counted
    }  # fmt: skip
    await session.execute(
        text(
            "UPDATE global_holdouts SET from_at = :from_at, read_at = :at, reading = CAST(:reading AS jsonb)"
            " WHERE id = :id"
        ),
        {"from_at": from_at, "at": at, "reading": json.dumps(reading), "id": stretch.id},
    )
    return await overall_result(session, actor)


async def overall_result(session: AsyncSession, actor: Actor) -> OverallRow:
    """Return the last reading of the stretch that runs; a share of 0 if nobody is left out, and no comparison if the
    share or its word was changed since the last reading."""
    require(actor, Permission.ANALYTICS_READ)
    planning = await load_settings(session, PlanningSettings)
    if planning.global_holdout_pct == 0:
        return _row(None)
    found = await session.execute(
        text(
            "SELECT share, since, from_at, read_at, reading FROM global_holdouts"
            " WHERE ended_at IS NULL AND seed = :seed AND share = :share"
        ),
        {"seed": planning.global_holdout_seed, "share": planning.global_holdout_pct},
    )
    stretch = found.mappings().first()
    return _row(stretch or {"share": planning.global_holdout_pct})


def _row(stretch: Any) -> OverallRow:
    if stretch is None:
        return OverallRow(0.0, None, None, None, 0, None, None, None, ("Nobody is left out of every campaign.",))
    share = float(Decimal(stretch["share"]) / 100)
    from_at, read_at, reading = (stretch.get(name) for name in ("from_at", "read_at", "reading"))
    if reading is None:
        first = "The group was drawn a moment ago; its first figures come within the hour."
        return OverallRow(share, stretch.get("since"), None, None, 0, None, None, None, (first,))
    contacted, held_out = (_Counted.of(reading.get(arm)) for arm in ("contacted", "held_out"))
    days = (read_at - from_at).days if from_at else 0
    return OverallRow(
        share=share,
        since=stretch["since"],
        from_at=from_at,
        read_at=read_at,
        days=days,
        split=check_split([contacted.people, held_out.people], [1 - share, share]),
        bought=lift(contacted.rate, held_out.rate),
        revenue=lift(contacted.money, held_out.money),
        missing=gates(contacted.money, held_out.money, (contacted.buyers, held_out.buyers), days if from_at else None),
    )


@dataclass(frozen=True, slots=True)
class _Counted:
    people: int
    buyers: int
    money: Arm
    rate: Arm

    @classmethod
    def of(cls, read: dict[str, Any] | None) -> _Counted:
        people, buyers = (int((read or {}).get(name, 0)) for name in ("people", "buyers"))
        spent, squares = (float((read or {}).get(name, 0)) for name in ("spent", "squares"))
        return cls(people, buyers, Arm(people, spent, squares), Arm.of_rate(people, buyers))


def gates(contacted: Arm, held_out: Arm, buyers: tuple[int, int], days: int | None) -> tuple[str, ...]:
    """Tell what is missing before the comparison may be read, in words; empty if nothing is. Pure.

    Args:
        buyers: who bought, among the contacted and among the held out.
        days: since the first message; None before it.
    """
    if days is None:
        return ("No campaign has written to anybody since the group was drawn, so the two cannot differ yet.",)
    missing = []
    if days < LEAST_DAYS:
        missing.append(f"{LEAST_DAYS} days of campaigns are needed; {days} have passed.")
    if (people := min(contacted.people, held_out.people)) < LEAST_PEOPLE:
        missing.append(f"{LEAST_PEOPLE} people are needed in either group; the smaller has {people}.")
    if (least := min(buyers)) < LEAST_BUYERS:
        missing.append(f"{LEAST_BUYERS} buyers are needed in either group; the smaller has {least}.")
    return tuple(missing)
