"""How fast messages may leave: one bucket per provider in Redis, shared by every worker on every machine."""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Awaitable
from typing import cast

from redis.exceptions import RedisError

from liquor_app.core import redis

log = logging.getLogger(__name__)

LONGEST_WAIT = 15.0
"""A turn further away is not waited for: the messages go back and are claimed again."""

ALONE_SHARE = 0.25
"""Without Redis a worker keeps to this share of the rate: there may be others."""

RETRY_SECONDS = 5.0

# The moment up to which the bucket is spent (GCRA): nobody saves up more than a second, and a turn too far away is
# not taken. Returns the wait in microseconds, or -1.
_TAKE = """
local t = redis.call('TIME')
local now = t[1] * 1000000 + t[2]
local spent = tonumber(redis.call('GET', KEYS[1]) or '0')
local base = math.max(spent, now - 1000000)
local after = base + tonumber(ARGV[1])
if base - now > tonumber(ARGV[2]) then return -1 end
redis.call('SET', KEYS[1], string.format('%.0f', after), 'PX', math.floor((after - now) / 1000) + 60000)
return math.max(0, math.floor(after - now))
"""


class Pacer:
    """Turns of one provider: at most `rate` messages a second among all workers, a second's worth at once."""

    def __init__(self, name: str, rate: float) -> None:
        self.rate = rate
        self._key = f"rate:{name}"
        self._next = 0.0
        self._lock = asyncio.Lock()
        self._alone_until = 0.0

    async def take(self, count: int) -> bool:
        """Wait until `count` messages may leave; False if that is too far away."""
        async with self._lock:
            wait = await self._turn(count)
            if wait is None:
                return False
            if wait > 0:
                await asyncio.sleep(wait)
            return True

    async def _turn(self, count: int) -> float | None:
        if time.monotonic() >= self._alone_until:
            try:
                said = await cast(
                    Awaitable[int],
                    redis.client().eval(
                        _TAKE, 1, self._key, str(int(1e6 * count / self.rate)), str(int(1e6 * LONGEST_WAIT))
                    ),
                )
                return None if said < 0 else said / 1e6
            except (RedisError, OSError, TimeoutError) as problem:
                log.warning("no shared pace, %s a second alone: %s", max(1, int(self.rate * ALONE_SHARE)), problem)
                self._alone_until = time.monotonic() + RETRY_SECONDS
        return self._own_turn(count)

    def _own_turn(self, count: int) -> float | None:
        now = time.monotonic()
        base = max(self._next, now - 1.0)
        if base - now > LONGEST_WAIT:
            return None
        self._next = base + count / (self.rate * ALONE_SHARE)
        return max(0.0, self._next - now)
