"""How often somebody has tried a password, and how long they wait.

Counted by the address that was typed *and* where the attempt came from, so that nobody's typing locks anybody else
out; and by source alone, against one who tries many addresses. An attempt counts as failed from its first moment, in
one statement: a hundred sent at once find each other. Addresses are kept as keyed hashes, existing or not: an unknown
address is counted, refused and told exactly as a known one.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

from liquor_app.core.clock import now
from liquor_app.core.errors import TooMany
from liquor_app.core.security.crypto import keyed_hash

FREE = 8
"""Attempts in a row before one waits."""
SOURCE_FREE = 60
"""The same of one source, over all addresses."""
CODES_FREE = 5
"""Codes of a second step in a row, of one person, wherever they come from: whoever says one has the password."""
FIRST_WAIT = timedelta(seconds=30)
"""After the last free attempt; doubled with each further one."""
LONGEST_WAIT = timedelta(minutes=15)
FORGOTTEN_AFTER = timedelta(hours=1)

_COUNT = text(
    "INSERT INTO sign_in_attempts AS a (key_hash, failures, last_at) VALUES (:key, 1, :now)"
    " ON CONFLICT (key_hash) DO UPDATE SET last_at = :now,"
    " failures = CASE WHEN a.last_at < :forgotten THEN 1 ELSE a.failures + 1 END,"
    " blocked_until = CASE WHEN a.last_at >= :forgotten AND a.failures + 1 >= :free THEN CAST(:now AS timestamptz)"
    " + least(CAST(:first AS interval) * power(2, least(a.failures + 1 - :free, 20)), CAST(:longest AS interval)) END"
    " WHERE a.blocked_until IS NULL OR a.blocked_until <= :now RETURNING failures, blocked_until"
)
_BLOCKED = text("SELECT blocked_until FROM sign_in_attempts WHERE key_hash = :key")
_FORGIVE = text("DELETE FROM sign_in_attempts WHERE key_hash = :key")
_TAKE_BACK = text(
    "UPDATE sign_in_attempts SET failures = greatest(failures - 1, 0),"
    " blocked_until = nullif(blocked_until, CAST(:block AS timestamptz)) WHERE key_hash = :key"
)
_FORGET = text("DELETE FROM sign_in_attempts WHERE last_at < :forgotten")


@dataclass(frozen=True, slots=True)
class Counted:
    """An attempt that was counted. `failures` in a row if this one fails too.

    Attributes:
        source_block: until when this attempt makes its source wait, if it fails.
    """

    pair: bytes
    source: bytes | None
    failures: int
    source_block: datetime | None

    @property
    def locks(self) -> bool:
        """Whether one waits after this attempt, if it fails."""
        return self.failures >= FREE


async def count_attempt(session: AsyncSession, *, address: str, source: str, device: str | None) -> Counted:
    """Count one attempt at the password of `address`.

    Args:
        source: a `source_group`.
        device: a device this address has signed in on before. Its attempts are counted apart: what strangers do, at
            the same source or elsewhere, never makes it wait.

    Raises:
        TooMany: this pair, or this source, must wait; nothing was counted then.
    """
    pair = keyed_hash("attempt", f"device:{address}:{device}" if device else f"pair:{address}:{source}")
    alone = None if device else keyed_hash("attempt", f"source:{source}")
    failures, _ = await _count(session, pair, FREE)
    source_block = (await _count(session, alone, SOURCE_FREE))[1] if alone is not None else None
    return Counted(pair, alone, failures, source_block)


async def count_code(session: AsyncSession, user_id: UUID) -> int:
    """Count one code said for a second step, of one person from anywhere; returns how many in a row if it is wrong.

    Raises:
        TooMany: they must wait; nothing was counted then.
    """
    return (await _count(session, _code_key(user_id), CODES_FREE, "Too many wrong codes. Please wait {wait}."))[0]


async def forgive_codes(session: AsyncSession, user_id: UUID) -> None:
    """The code was right: they begin anew."""
    await session.execute(_FORGIVE, {"key": _code_key(user_id)})


def _code_key(user_id: UUID) -> bytes:
    return keyed_hash("attempt", f"code:{user_id}")


_WAIT = "Too many failed attempts from here. Please wait {wait}, or use a device you have signed in on before."


async def _count(
    session: AsyncSession, key: bytes, free: int, words: str = _WAIT
) -> tuple[int, datetime | None]:  # fmt: skip
    """Failures in a row, and until when one waits for this one."""
    moment = now()
    values = {"key": key, "now": moment, "forgotten": moment - FORGOTTEN_AFTER, "free": free}
    counted = (await session.execute(_COUNT, {**values, "first": FIRST_WAIT, "longest": LONGEST_WAIT})).first()
    if counted is None:
        until = (await session.execute(_BLOCKED, {"key": key})).scalar()
        seconds = max(1, round((until - moment).total_seconds())) if until else 1
        wait = f"{seconds} seconds" if seconds < 90 else f"{round(seconds / 60)} minutes"
        raise TooMany(words.format(wait=wait), retry_after=seconds)
    return counted.failures, counted.blocked_until


async def forgive(session: AsyncSession, counted: Counted) -> None:
    """The attempt was right: the pair begins anew, and the source has one failure less and does not wait for it. A
    block that another attempt has set since stays."""
    await session.execute(_FORGIVE, {"key": counted.pair})
    if counted.source is not None:
        await session.execute(_TAKE_BACK, {"key": counted.source, "block": counted.source_block})


async def forget_attempts(session: AsyncSession) -> None:
    """Drop what no longer counts, so that the table holds an hour of attempts at most."""
    await session.execute(_FORGET, {"forgotten": now() - FORGOTTEN_AFTER})
