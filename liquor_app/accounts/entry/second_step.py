"""Between the two steps of signing in: a signed cookie that says whose password was right a moment ago. It has no
rights; whoever steals it still needs the code. It is good for one sign-in."""

from __future__ import annotations

import hmac
import time
from uuid import UUID

from redis.exceptions import RedisError
from sqlalchemy.ext.asyncio import AsyncSession

from liquor_app.accounts.models import User
from liquor_app.core import redis
from liquor_app.core.errors import Invalid, Unauthenticated, Unavailable
from liquor_app.core.security.crypto import sign, token_hash, unsign

PURPOSE = "second step"
SECONDS = 300
AGAIN = "That took too long. Please sign in again."
_USED = "liquor:second-step:"


async def remember_first_step(session: AsyncSession, user_id: UUID) -> str:
    """Return the cookie of somebody whose password was right just now. A corridor."""
    user = await session.get_one(User, user_id)
    return sign(PURPOSE, {"u": str(user_id), "p": token_hash(user.password_hash)[:16], "t": int(time.time())})


async def use_first_step(cookie: str) -> None:
    """Use up the cookie of somebody whose code was right.

    Raises:
        Unauthenticated: it signed somebody in before.
        Unavailable: nobody can tell now.
    """
    try:
        is_first = await redis.client().set(_USED + token_hash(cookie), 1, ex=SECONDS + 60, nx=True)
    except (RedisError, OSError) as error:
        raise Unavailable("Codes cannot be checked right now. Please try again in a minute.") from error
    if not is_first:
        raise Unauthenticated(AGAIN)


async def first_step_of(session: AsyncSession, cookie: str | None) -> User:
    """Return whose password was right.

    Raises:
        Unauthenticated: nobody's, not within five minutes, or it was changed since.
    """
    try:
        told = unsign(PURPOSE, cookie or "")
        user = await session.get(User, UUID(str(told["u"])), populate_existing=True)
        fresh = 0 <= time.time() - float(told["t"]) <= SECONDS
        if user is not None and user.is_active and fresh and _same(str(told["p"]), user):
            return user
    except (Invalid, KeyError, TypeError, ValueError):
        pass
    raise Unauthenticated(AGAIN)


def _same(told: str, user: User) -> bool:
    return hmac.compare_digest(told.encode(), token_hash(user.password_hash)[:16].encode())
