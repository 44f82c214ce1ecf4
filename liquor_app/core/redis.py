"""One Redis client per event loop, with bounded waits."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable
from typing import cast

from redis import exceptions
from redis.asyncio import Redis
from redis.exceptions import RedisError

from liquor_app.core.errors import Unavailable
from liquor_app.core.platform.runtime_info import redis_url, state_redis_url
from liquor_app.core.security.redact import describe

Client = Redis

_clients: dict[tuple[int, str], Redis] = {}


def client() -> Redis:
    """Return the client of the running event loop."""
    return _client_of(redis_url())


def state_client() -> Redis:
    """Return the client of the server that holds the states of open tabs, which may be another one."""
    return _client_of(state_redis_url())


def _client_of(url: str) -> Redis:
    key = (id(asyncio.get_running_loop()), url)
    found = _clients.get(key)
    if found is None:
        found = _clients[key] = Redis.from_url(
            url, socket_timeout=10, socket_connect_timeout=3, health_check_interval=30, decode_responses=False
        )
    return found


async def dispose() -> None:
    """Close this loop's clients."""
    loop = id(asyncio.get_running_loop())
    for key in [key for key in _clients if key[0] == loop]:
        await _clients.pop(key).aclose()


async def check() -> None:
    """Ping.

    Raises:
        Unavailable: it cannot be reached.
    """
    try:
        await cast(Awaitable[bool], client().ping())
    except (RedisError, OSError) as error:
        if isinstance(error, exceptions.AuthenticationError):
            why = "it refuses our password"
        elif isinstance(error, exceptions.ConnectionError | exceptions.TimeoutError | OSError):
            why = "it does not answer at the address of REDIS_URL"
        else:
            why = describe(error)
        raise Unavailable(f"Redis cannot be reached: {why}.") from error
