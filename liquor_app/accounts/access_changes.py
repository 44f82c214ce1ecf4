"""News that somebody's access changed: what is held open for them looks again at once instead of within five seconds.

News are hints like all others: whoever hears one reads the database, and whoever misses one reads it soon anyway.
"""

from __future__ import annotations

from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from liquor_app.core.pubsub import publish

CHECK_SECONDS = 5.0
"""No stream of any kind goes on for longer than this on a session, a user or a role it has not read again."""


def access_topic(who: UUID | None) -> str:
    """Tell where news of the access of a user or an API key are heard."""
    return f"access:{who}"


def announce_access(session: AsyncSession, who: UUID | None) -> None:
    """Tell, once committed, everything that streams to a user or an API key that their access may have changed."""
    publish(session, access_topic(who), {})
