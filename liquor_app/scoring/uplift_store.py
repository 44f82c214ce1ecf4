"""The uplift model as it is kept: one version a fit, the latest in use. Corridors of `experiments.learning`."""

from __future__ import annotations

import json
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

from liquor_app.core.clock import now
from liquor_app.core.ids import uuid7
from liquor_app.scoring.estimators.uplift import Posterior

KEPT = 60
"""Versions kept whatever their age: two months of nights."""
KEPT_WEEKS = 104
"""Of what is older the last version of each week is kept, for as long as decisions count (two years): 165 at most."""

_LATEST = """
SELECT id, version, created_at, until, params FROM uplift_models ORDER BY version DESC LIMIT 1
"""
_ADD = """
INSERT INTO uplift_models (id, version, created_at, until, people, controls, params)
SELECT :id, COALESCE(max(version), 0) + 1, :at, :until, :people, :controls, CAST(:params AS jsonb) FROM uplift_models
RETURNING version
"""
_PRUNE = """
DELETE FROM uplift_models m WHERE m.version <= CAST(:version AS integer) - CAST(:kept AS integer)
   AND (m.created_at < CAST(:at AS timestamptz) - :weeks * interval '1 week'
        OR EXISTS (SELECT FROM uplift_models n WHERE n.version > m.version
                      AND date_trunc('week', n.created_at, 'UTC') = date_trunc('week', m.created_at, 'UTC')))
"""
_BEFORE = """
SELECT id, version, created_at, until, params FROM uplift_models WHERE version < :version AND until <= :until
 ORDER BY version DESC LIMIT 1
"""


@dataclass(frozen=True, slots=True)
class Beliefs:
    """What is believed of every cell, and since when. Version 0 is the prior: nothing was learned yet."""

    version: int
    posterior: Posterior
    learned_at: datetime | None = None
    until: date | None = None
    """The last day whose outcomes are in it."""
    persons: int | None = None
    """Different people the messages went to it was learned from; None of versions before they were counted."""


PRIOR = Beliefs(0, Posterior.prior())


async def uplift_in_use(session: AsyncSession) -> Beliefs:
    """Return the latest fit; the prior before the first, or where the latest cannot be read."""
    return _read((await session.execute(text(_LATEST))).first())


async def uplift_before(session: AsyncSession, beliefs: Beliefs, until: date) -> Beliefs:
    """Return what was believed with the outcomes up to an earlier day; the prior if nothing was."""
    found = await session.execute(text(_BEFORE), {"version": beliefs.version, "until": until})
    return _read(found.first())


async def keep_uplift(
    session: AsyncSession, posterior: Posterior, until: date, *, persons: int | None = None
) -> Beliefs:
    """Keep a fit as the next version, which is in use from now on."""
    at = now()
    version = (
        await session.execute(
            text(_ADD),
            {
                "id": uuid7(),
                "at": at,
                "until": until,
                "people": sum(posterior.people.values()),
                "controls": posterior.controls,
                "params": json.dumps({**posterior.as_document(), "persons": persons}),
            },
        )
    ).scalar_one()
    await session.execute(text(_PRUNE), {"version": version, "kept": KEPT, "at": at, "weeks": KEPT_WEEKS})
    return Beliefs(version, posterior, at, until, persons)


def _read(row: Any) -> Beliefs:
    if row is None:
        return PRIOR
    try:
        return Beliefs(
            row.version, Posterior.from_document(row.params), row.created_at, row.until, row.params.get("persons")
        )
    except (LookupError, TypeError, ValueError, ArithmeticError):
        return PRIOR
