"""Where the states of open tabs live: an hour for whoever is signed in, minutes and little room for nobody.

Anybody can open a tab; without this a stranger's states would fill the Redis that everybody's live in.
"""

from __future__ import annotations

import time
from collections.abc import Iterator
from typing import Any

from reflex.istate.manager.redis import StateManagerRedis
from reflex.istate.manager.token import BaseStateToken
from reflex.state import BaseState

from liquor_app.core.redis import Client
from liquor_app.screens.session.state import SessionState

NOBODYS_SECONDS = 300
NOBODYS_BYTES = 64 * 1024
NOBODYS_TABS = 2_000
"""At once, in all web processes; more find the door closed for a while."""
TABS_OF_NOBODY = "liquor:tabs-of-nobody"


class TabStates(StateManagerRedis):
    """Reflex's own store, that asks whose states it keeps."""

    async def set_state(self, token: Any, state: Any, **context: Any) -> None:
        await super().set_state(token, state, **context)
        if isinstance(token, BaseStateToken) and _is_nobodys(state):
            async with self.redis.pipeline(transaction=False) as pipe:
                for part in _tree(state):
                    pipe.expire(token._state_key(type(part)), NOBODYS_SECONDS)
                await pipe.execute()

    def _collect_state_writes(self, token: Any, base_state: Any) -> list[tuple[str, bytes]]:
        writes: list[tuple[str, bytes]] = super()._collect_state_writes(token, base_state)
        if _is_nobodys(base_state) and sum(len(stored) for _, stored in writes) > NOBODYS_BYTES:
            return []
        return writes


def _tree(state: BaseState) -> Iterator[BaseState]:
    yield state
    for part in state.substates.values():
        yield from _tree(part)


def _is_nobodys(state: BaseState) -> bool:
    session = next((part for part in _tree(state._get_root_state()) if isinstance(part, SessionState)), None)
    return session is None or session._actor is None


async def admit_nobody(redis: Client, tab: str) -> bool:
    """Count one more tab of nobody; False if there are too many whose states have not ended yet."""
    at = time.time()
    async with redis.pipeline(transaction=True) as pipe:
        pipe.zremrangebyscore(TABS_OF_NOBODY, 0, at)
        pipe.zadd(TABS_OF_NOBODY, {tab: at + NOBODYS_SECONDS})
        pipe.zcard(TABS_OF_NOBODY)
        pipe.expire(TABS_OF_NOBODY, 2 * NOBODYS_SECONDS)
        count = int((await pipe.execute())[2])
    if count > NOBODYS_TABS:
        await redis.zrem(TABS_OF_NOBODY, tab)
        return False
    return True
