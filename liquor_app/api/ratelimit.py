"""Fixed-window rate limits in Redis, shared by all web processes."""

from __future__ import annotations

import time

from redis.exceptions import RedisError

from liquor_app.core import redis
from liquor_app.core.errors import TooMany


async def limit(name: str, who: str, *, allowed: int, seconds: int) -> int:
    """Count one use; returns how many are left in this window. A Redis that is down lets everybody pass.

    Raises:
        TooMany: the window's allowance is used up.
    """
    window = int(time.time()) // seconds
    key = f"liquor:limit:{name}:{who}:{window}"
    try:
        async with redis.client().pipeline(transaction=False) as pipe:
            pipe.incr(key)
            pipe.expire(key, seconds)
            used = int((await pipe.execute())[0])
    except (RedisError, OSError):
        return allowed
    if used > allowed:
        wait = (window + 1) * seconds - int(time.time())
        raise TooMany("Too many requests. Please wait a moment and try again.", retry_after=max(wait, 1))
    return allowed - used
