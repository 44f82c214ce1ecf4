"""Who went from which RFM segment to which in a month, counted from purchases alone, so that also months before anybody
was scored are known."""

from __future__ import annotations

from collections import Counter
from datetime import date, datetime, timedelta
from zoneinfo import ZoneInfo

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

from liquor_app.analytics.cohorts import later
from liquor_app.core.bulk import copy_rows
from liquor_app.organization.settings import GeneralSettings, load_settings, shop_today
from liquor_app.scoring.estimators.rfm import RfmSegment, rfm
from liquor_app.scoring.estimators.scorecard import buyers_of, histories_of
from liquor_app.scoring.features import Moment, read_customers
from liquor_app.scoring.settings import ScoringSettings

MONTHS = 12
A_NIGHT = 2
"""Months counted in one night: each takes a look at all purchases. The older ones wait for the next nights."""
NOT_YET = "Not_Yet"
"""Where somebody comes from who had bought nothing before the month."""
_KNOWN = "SELECT DISTINCT month FROM rfm_moves"
_FIRST = "SELECT CAST(min(occurred_at) AT TIME ZONE :zone AS date) FROM purchases WHERE total > 0"
_FORGET = "DELETE FROM rfm_moves WHERE month >= :since OR month <= COALESCE(CAST(:first AS date), month)"


async def count_moves(session: AsyncSession, since: date) -> None:
    """Count the last finished months that were not counted yet, or in which something changed from `since` on, the
    latest first, at most `A_NIGHT` of them. A corridor, for the night's job.

    Segments are those of `scoring.estimators.rfm` among everybody who had bought by then and is a customer now; who
    objects to profiling is in none.
    """
    zone = (await load_settings(session, GeneralSettings)).timezone
    this_month = (await shop_today(session)).replace(day=1)
    first = (await session.execute(text(_FIRST), {"zone": zone})).scalar()
    await session.execute(text(_FORGET), {"since": since.replace(day=1), "first": first})
    if first is None:
        return
    known = set((await session.execute(text(_KNOWN))).scalars())
    wanted = [later(this_month, -nth) for nth in range(1, MONTHS + 1)]
    missing = [one for one in wanted if one > first and one not in known][:A_NIGHT]
    if not missing:
        return
    ends = {day: await segments_on(session, day, zone) for day in {*missing, *(later(one, 1) for one in missing)}}
    rows = [
        [month.isoformat(), was, now, many]
        for month in missing
        for (was, now), many in sorted(moves(ends[month], ends[later(month, 1)]).items())
    ]
    await copy_rows(session, "rfm_moves", ("month", "was", "now", "customers"), rows)


async def segments_on(session: AsyncSession, day: date, zone: str) -> dict[str, str]:
    """Return the segment of each customer who had bought before a day began, by id. A corridor."""
    window = (await load_settings(session, ScoringSettings)).rfm_window_days
    midnight = datetime(day.year, day.month, day.day, tzinfo=ZoneInfo(zone))
    moment = Moment(midnight - timedelta(microseconds=1), day - timedelta(days=1), zone)
    buyers = buyers_of(await read_customers(session, moment, window_days=window))
    if buyers.empty:
        return {}
    known = histories_of(buyers)
    named = rfm(
        known.recency, buyers["window_days"].to_numpy(), buyers["window_spend"].to_numpy(), known.orders, known.T
    )
    return dict(zip(map(str, buyers["id"]), map(str, named.segment), strict=True))


def moves(before: dict[str, str], after: dict[str, str]) -> Counter[tuple[str, str]]:
    """Return how many went from which segment to which, those who stayed among them."""
    return Counter((before.get(who, NOT_YET), now) for who, now in after.items() if now in set(RfmSegment))
