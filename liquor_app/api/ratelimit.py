"""Fixed-window rate limits in Redis, shared by all web processes."""

from __future__ import annotations

import time

from redis.exceptions import RedisError

from liquor_app.core import redis
from liquor_app.core.errors import TooMany, Unavailable


async def limit(name: str, who: str, *, allowed: int, seconds: int, is_strict: bool = False) -> int:
    """Count one use; returns how many are left in this window.

    Args:
        is_strict: a Redis that is down lets nobody pass; else it lets everybody. For what costs money or goodwill.

    Raises:
        TooMany: the window's allowance is used up.
        Unavailable: a strict limit cannot be counted now.
    """
    window = int(time.time()) // seconds
    key = f"liquor:limit:{name}:{who}:{window}"
    try:
        async with redis.client().pipeline(transaction=False) as pipe:
            pipe.incr(key)
            pipe.expire(key, seconds)
            used = int((await pipe.execute())[0])
    except (RedisError, OSError) as error:
        if is_strict:
            raise Unavailable(
                "This cannot be counted now, as Redis does not answer; please try again later."
            ) from error
        return allowed
    if used > allowed:
        wait = (window + 1) * seconds - int(time.time())
        raise TooMany("Too many requests. Please wait a moment and try again.", retry_after=max(wait, 1))
    return allowed - used
