"""Beliefs are kept for as long as decisions count: every night of two months, then a version a week for two years."""

from __future__ import annotations

from datetime import timedelta
from itertools import pairwise

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

from liquor_app.core.clock import now
from liquor_app.core.ids import uuid7
from liquor_app.scoring.estimators.uplift import Posterior
from liquor_app.scoring.uplift_store import KEPT, KEPT_WEEKS, keep_uplift, uplift_before, uplift_in_use

NIGHTS = 900


async def test_two_years_of_weeks_are_kept(session: AsyncSession) -> None:
    """After sixty versions nobody could tell any more what was believed in spring."""
    at = now()
    for version in range(1, NIGHTS):
        night = at - timedelta(days=NIGHTS - version)
        await session.execute(
            text(
                "INSERT INTO uplift_models (id, version, created_at, until, people, controls, params)"
                " VALUES (:id, :version, :at, :until, 0, 0, '{}')"
            ),
            {"id": uuid7(), "version": version, "at": night, "until": night.date()},
        )
    await keep_uplift(session, Posterior.prior(), at.date())
    kept = (await session.execute(text("SELECT version, created_at FROM uplift_models ORDER BY version"))).all()
    assert [row.version for row in kept][-KEPT:] == list(range(NIGHTS - KEPT + 1, NIGHTS + 1)), "every night of late"
    older = kept[:-KEPT]
    weeks = [row.created_at.isocalendar()[:2] for row in older]
    assert len(weeks) == len(set(weeks)), "one a week"
    assert 90 <= len(older) <= KEPT_WEEKS + 1
    assert older[0].created_at >= at - timedelta(weeks=KEPT_WEEKS)
    gaps = [later.created_at - row.created_at for row, later in pairwise(older)]
    assert max(gaps) <= timedelta(days=7, seconds=1)
    spring = await uplift_before(session, await uplift_in_use(session), (at - timedelta(days=200)).date())
    assert spring.version in (0, *[row.version for row in older])
