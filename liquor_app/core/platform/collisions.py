"""Work done again where its transaction and another's collided."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable
from typing import TypeVar

from liquor_app.core.errors import Collided, Meanwhile

log = logging.getLogger(__name__)

WAITS = (0.1, 0.2, 0.4, 0.8, 1.6, 3.2)
"""Seconds before each further try. PostgreSQL rolls back one of two that wait for each other: whoever tries again waits
in line behind the other, so it is rare to collide twice."""

T = TypeVar("T")


async def again(work: Callable[[], Awaitable[T]]) -> T:
    """Do work that stands in transactions of its own, and do it again where it collided with another writer's.

    Raises:
        Meanwhile: it collided at each of its tries.
    """
    for wait in WAITS:
        try:
            return await work()
        except Collided:
            log.info("two transactions collided; trying again in %s s", wait)
            await asyncio.sleep(wait)
    try:
        return await work()
    except Collided as error:
        raise Meanwhile("Somebody else kept changing the same rows. Please try again.") from error
