"""Tabs that show somebody who is erased: their states are taken away, and their pages told to load anew. Corridors: no
actor is asked."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterable

from liquor_app.core.platform.personal_data import Traces
from liquor_app.core.pubsub import publish_now
from liquor_app.core.redis import state_client

CLOSED = "pages:closed"
"""Where web processes hear which tabs load anew (`tabs`)."""
STATE_KEYS = "*_reflex___state____state*"
"""Keys of states as Reflex names them: the tab, then the state's full name."""
_TAB = re.compile(r"(.+?)_reflex___state____state")
AT_ONCE = 200
"""States that are looked through in one go."""


async def close_pages(traces: Traces) -> int:
    """Forget the states of every tab one of whose states names them, or has their id; returns how many tabs.

    Raises:
        RedisError: they cannot be looked through now.
    """
    client, named = state_client(), _anywhere(traces)
    keys, showing, batch = defaultdict[str, list[bytes]](list), set[str](), list[bytes]()

    async def look() -> None:
        for key, held in zip(batch, await client.mget(batch) if batch else (), strict=True):
            if held is not None and named.search(held.decode("utf-8", "ignore")):
                showing.add(_tab_of(key))
        batch.clear()

    async for found in client.scan_iter(STATE_KEYS, count=1_000):
        key = bytes(found)
        keys[_tab_of(key)].append(key)
        batch.append(key)
        if len(batch) >= AT_ONCE:
            await look()
    await look()
    for tab in showing:
        await client.delete(*keys[tab])
    if showing:
        await publish_now(CLOSED, {"tabs": sorted(showing)})
    return len(showing)


def _tab_of(key: bytes) -> str:
    found = _TAB.match(key.decode("utf-8", "replace"))
    return found[1] if found else ""


def _anywhere(traces: Traces) -> re.Pattern[str]:
    """Their ids, addresses, numbers and names, whatever stands beside them: in a state's bytes that may be a letter.
    One tab too many loads anew."""
    words = re.sub(r"\(\?<?!\[[^]]*\]+\)", "", traces.words)
    return re.compile("|".join([*_ids(traces), words]), re.IGNORECASE)


def _ids(traces: Traces) -> Iterable[str]:
    return (re.escape(str(one)) for one in (*traces.people, *traces.sends, *traces.actions))
