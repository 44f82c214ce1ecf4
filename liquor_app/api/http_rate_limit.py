"""Fixed-window rate limits in Redis, shared by all web processes.

A Redis that is down or full opens no limit: each process then counts by itself, and what costs money or goodwill waits.
"""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import dataclass

from redis.exceptions import RedisError

from liquor_app.core import redis
from liquor_app.core.errors import TooMany, Unavailable


class _OwnCount:
    """Uses counted in this process. Bounded: whoever comes when there is no room counts as all who found none."""

    ROOM = 50_000

    def __init__(self) -> None:
        self._used: dict[tuple[str, int], int] = {}
        self._until: dict[tuple[str, int], float] = {}

    def count(self, who: str, window: int, until: float) -> int:
        key = (who, window)
        if key not in self._used and len(self._used) >= self.ROOM:
            self._forget(time.time())
            if len(self._used) >= self.ROOM:
                key = (who.partition(":")[0], window)
        self._used[key] = self._used.get(key, 0) + 1
        self._until[key] = until
        return self._used[key]

    def _forget(self, at: float) -> None:
        for key in [key for key, until in self._until.items() if until < at]:
            del self._used[key], self._until[key]


_own = _OwnCount()


@dataclass(frozen=True, slots=True)
class Quota:
    """A policy of how much may be asked, and how much is left of it now.

    Attributes:
        name: of the policy: "minute".
        quota: requests in its window of so many seconds.
        reset: seconds until the window ends.
    """

    name: str
    quota: int
    window: int
    left: int
    reset: int

    @property
    def policy(self) -> str:
        return f'"{self.name}";q={self.quota};w={self.window}'

    @property
    def state(self) -> str:
        return f'"{self.name}";r={self.left};t={self.reset}'


def quota_headers(quotas: Sequence[Quota]) -> dict[str, str]:
    """Return the fields `RateLimit-Policy` and `RateLimit` (draft-ietf-httpapi-ratelimit-headers-10: lists of strings
    with parameters, RFC 9651)."""
    return {
        "ratelimit-policy": ", ".join(one.policy for one in quotas),
        "ratelimit": ", ".join(one.state for one in quotas),
    }


def minute_quota(allowed: int, left: int) -> Quota:
    """Return what is left of this minute."""
    return Quota("minute", allowed, 60, max(left, 0), 60 - int(time.time()) % 60)


async def limit(name: str, who: str, *, allowed: int, seconds: int, is_strict: bool = False) -> int:
    """Count one use; returns how many are left in this window.

    Args:
        is_strict: a Redis that is down or full lets nobody pass; else this process counts its own. For what costs
            money or goodwill.

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
    except (RedisError, OSError, Unavailable) as error:
        if is_strict:
            raise Unavailable(
                "This cannot be counted now, as Redis does not answer; please try again later."
            ) from error
        used = _own.count(f"{name}:{who}", window, time.time() + seconds)
    if used > allowed:
        wait = (window + 1) * seconds - int(time.time())
        raise TooMany("Too many requests. Please wait a moment and try again.", retry_after=max(wait, 1))
    return allowed - used
