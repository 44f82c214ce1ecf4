"""Find pairs of profiles that may be one person, and let somebody say that they are not."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

from liquor_app.accounts.audit import audit
from liquor_app.accounts.permission_table import Permission
from liquor_app.accounts.permissions import Actor, require
from liquor_app.core.errors import NotFound
from liquor_app.core.models import JobStatus
from liquor_app.core.platform.open_jobs import open_job
from liquor_app.core.queue import Job, enqueue

PHONE, ADDRESS, NAME = "phone", "address", "name"
SCORES = {ADDRESS: 50, PHONE: 30, NAME: 20}
"""How much each says; two say more than one. An address in other clothes is the same mailbox."""
MOST_ALIKE = 4
"""More profiles than these that share something are a household, a shop or a made-up value."""
MOST_PAIRS = 10_000
"""Kept at once, the likeliest first."""

# the mailbox an address leads to: what stands behind a plus is the owner's own note, and Google reads no dots
_MAILBOX = """
CASE WHEN split_part(email_key, '@', 2) IN ('gmail.com', 'googlemail.com')
     THEN replace(split_part(split_part(email_key, '@', 1), '+', 1), '.', '') || '@gmail.com'
     ELSE split_part(split_part(email_key, '@', 1), '+', 1) || '@' || split_part(email_key, '@', 2) END
"""
_WORDS = (
    "(SELECT string_agg(w, ' ' ORDER BY w) FROM regexp_split_to_table(lower(name), '[^[:alpha:]]+') w WHERE w <> '')"
)
_ALIVE = "deleted_at IS NULL"
_SAME = {
    PHONE: f"SELECT phone AS what, id FROM customers WHERE {_ALIVE} AND phone IS NOT NULL",
    ADDRESS: f"SELECT {_MAILBOX}, id FROM customers WHERE {_ALIVE} AND email_key IS NOT NULL",
    NAME: f"SELECT {_WORDS} || '|' || left(postal_code, 5), id FROM customers"
    f" WHERE {_ALIVE} AND name LIKE '_% _%' AND length(postal_code) >= 5",
}
_GROUPS = " UNION ALL ".join(
    f"SELECT '{why}' AS why, array_agg(id ORDER BY id) AS ids FROM ({rows}) {why}_rows(what, id) GROUP BY what"
    f" HAVING count(*) BETWEEN 2 AND {MOST_ALIKE}"
    for why, rows in _SAME.items()
)
_SCORE = "CASE why " + " ".join(f"WHEN '{why}' THEN {score}" for why, score in SCORES.items()) + " END"
_FIND = f"""
INSERT INTO likely_doubles AS d (first_id, second_id, reasons, score, found_at)
SELECT a.id, b.id, array_agg(DISTINCT why ORDER BY why), sum({_SCORE}), clock_timestamp()
  FROM ({_GROUPS}) g
 CROSS JOIN LATERAL unnest(g.ids) WITH ORDINALITY a(id, n)
 CROSS JOIN LATERAL unnest(g.ids) WITH ORDINALITY b(id, n)
  JOIN customers one ON one.id = a.id JOIN customers other ON other.id = b.id AND other.is_sample = one.is_sample
 WHERE a.n < b.n
 GROUP BY a.id, b.id ORDER BY 4 DESC, 1, 2 LIMIT {MOST_PAIRS}
ON CONFLICT (first_id, second_id) DO UPDATE
   SET reasons = excluded.reasons, score = excluded.score, found_at = excluded.found_at
"""
_GONE = "DELETE FROM likely_doubles WHERE found_at < :since AND dismissed_at IS NULL"
_LOOKED = f"SELECT max(finished_at) FROM jobs WHERE name = :name AND status = '{JobStatus.SUCCEEDED}'"
EVERYBODY = "all"
"""One look at a time."""
_DISMISS = """
UPDATE likely_doubles SET dismissed_at = now(), dismissed_by = :by WHERE id = :id AND dismissed_at IS NULL
RETURNING first_id, second_id
"""


async def find_doubles(session: AsyncSession) -> int:
    """Look at everybody; pairs that no longer are go, those somebody dismissed stay dismissed. Returns how many pairs
    there are to look at. A corridor, for the worker."""
    since = (await session.execute(text("SELECT clock_timestamp()"))).scalar_one()
    await session.execute(text(_FIND))
    await session.execute(text(_GONE), {"since": since})
    found = await session.execute(text("SELECT count(*) FROM likely_doubles WHERE dismissed_at IS NULL"))
    return int(found.scalar_one())


async def request_doubles(session: AsyncSession, actor: Actor) -> UUID:
    """Ask the worker to look for doubles now; returns the job.

    Raises:
        Forbidden: the actor may only read.
    """
    require(actor, Permission.CUSTOMERS_WRITE)
    return await enqueue(session, Job.FIND_DOUBLES, created_by=actor.user_id, dedupe_key=EVERYBODY)


@dataclass(frozen=True, slots=True)
class Look:
    """The look that is under way or waits, if one is, and when everybody was looked at last."""

    job: UUID | None
    done_at: datetime | None


async def last_look(session: AsyncSession, actor: Actor) -> Look:
    """Return how things stand with looking for doubles.

    Raises:
        Forbidden: the actor may only read.
    """
    require(actor, Permission.CUSTOMERS_PRIVATE)
    done = await session.execute(text(_LOOKED), {"name": Job.FIND_DOUBLES.value})
    return Look(await open_job(session, Job.FIND_DOUBLES, EVERYBODY), done.scalar_one())


async def dismiss_double(session: AsyncSession, actor: Actor, pair_id: UUID) -> None:
    """Say that two profiles are two people: the pair is not brought up again.

    Raises:
        Forbidden: the actor may only read.
        NotFound: there is no such pair to look at.
    """
    require(actor, Permission.CUSTOMERS_WRITE)
    gone = (await session.execute(text(_DISMISS), {"id": pair_id, "by": actor.user_id})).first()
    if gone is None:
        raise NotFound("There is no such pair any more.")
    await audit(
        session, actor, "doubles.dismissed", "customer", gone.first_id, other=str(gone.second_id)
    )  # fmt: skip
