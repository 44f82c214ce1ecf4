"""The bell as it is read: the latest notices, those that came since, and how far somebody has looked.

Ids and moments are given while a transaction runs, and one that began earlier may commit later: neither says who was
told what. So whoever reads on from a place first numbers what was committed and has no `position` yet. Positions are
given by one at a time, to committed rows alone: what somebody has not seen has a higher one than all they saw: ADR 113.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

from liquor_app.accounts.permission_table import Permission
from liquor_app.accounts.permissions import Actor, require


@dataclass(frozen=True)
class NotificationFields:
    """What a notice says."""

    id: UUID
    level: str
    title: str
    body: str
    link: str | None
    created_at: datetime


@dataclass(frozen=True, slots=True)
class NotificationRow(NotificationFields):
    is_read: bool
    position: int | None
    """Where it stands among all; None until somebody read on from a place."""


MOST_SINCE = 200
"""Notices of one page of those that came since."""

_WAITS = "SELECT EXISTS (SELECT FROM notifications WHERE position IS NULL)"
_ALONE = "SELECT pg_advisory_xact_lock(hashtextextended('positions of notices', 0))"
_NUMBER = """
UPDATE notifications n SET position = w.position FROM (
    SELECT id, row_number() OVER (ORDER BY id) + GREATEST(
        (SELECT max(position) FROM notifications), (SELECT max(position) FROM notices_seen), 0) AS position
      FROM notifications WHERE position IS NULL
) w WHERE n.id = w.id
"""
_COLUMNS = """
SELECT n.id, n.level, n.title, n.body, n.link, n.created_at, n.position,
       COALESCE(n.position <= s.position, false) AS is_read
  FROM notifications n LEFT JOIN notices_seen s ON s.user_id = :user WHERE (n.user_id IS NULL OR n.user_id = :user)
"""
_LATEST = f"{_COLUMNS} ORDER BY n.created_at DESC, n.id DESC LIMIT :n"
_AFTER = f"{_COLUMNS} AND n.position > :after ORDER BY n.position LIMIT :n"
_POSITION = """
SELECT COALESCE((SELECT position FROM notifications WHERE id = :id),
                (SELECT min(position) - 1 FROM notifications WHERE id > :id),
                (SELECT max(position) FROM notifications), 0)
"""
_SEEN = """
INSERT INTO notices_seen (user_id, position) SELECT :user, COALESCE(max(position), 0) FROM notifications
ON CONFLICT (user_id) DO UPDATE SET position = GREATEST(notices_seen.position, EXCLUDED.position)
"""
_RUNG = """
SELECT EXISTS (SELECT FROM notifications WHERE title = :title AND created_at > :since
    AND COALESCE(position > (SELECT max(position) FROM notices_seen), true))
"""


async def number_notices(session: AsyncSession) -> None:
    """Give what was committed its positions; others wait for the end of this transaction, so nothing long follows in
    it. A corridor."""
    if not (await session.execute(text(_WAITS))).scalar_one():
        return
    await session.execute(text(_ALONE))
    await session.execute(text(_NUMBER))


async def list_notifications(session: AsyncSession, actor: Actor, *, limit: int = 20) -> list[NotificationRow]:
    """Return the latest notices for a user: everybody's and their own. To a program, which looks into no bell, all are
    new."""
    require(actor, Permission.JOBS_READ)
    found = await session.execute(text(_LATEST), {"user": actor.user_id, "n": min(limit, 100)})
    return [NotificationRow(**row) for row in found.mappings()]


async def notifications_after(session: AsyncSession, actor: Actor, position: int) -> list[NotificationRow]:
    """Return the notices for a user whose position is a higher one, in the order of their positions, a page of them.
    Whoever reads on numbers first (`number_notices`)."""
    require(actor, Permission.JOBS_READ)
    found = await session.execute(text(_AFTER), {"user": actor.user_id, "after": position, "n": MOST_SINCE})
    return [NotificationRow(**row) for row in found.mappings()]


async def position_of(session: AsyncSession, notice_id: UUID) -> int:
    """Return where to read on after a notice. One that is not kept any more, or never was, stands before the first of
    those with later ids, so that rather one too many is told than one too few. A corridor."""
    return int((await session.execute(text(_POSITION), {"id": notice_id})).scalar_one())


async def mark_notifications_read(session: AsyncSession, actor: Actor) -> None:
    """This user has seen everything in the bell that is committed by now; what others have seen of it is theirs."""
    require(actor, Permission.OWN_ACCOUNT)
    if actor.user_id is None:
        return
    await number_notices(session)
    await session.execute(text(_SEEN), {"user": actor.user_id})


async def has_rung(session: AsyncSession, title: str, *, since: datetime) -> bool:
    """Tell whether everybody's bell rang with this title since then, and nobody has looked into it yet. A corridor."""
    return bool((await session.execute(text(_RUNG), {"title": title, "since": since})).scalar_one())
