"""Live updates: publish after commit, listen once per process, fan out to local queues.

Messages are hints ("campaign X changed"), never the truth: a listener that misses one reads the database again.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import logging
from collections import defaultdict
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import Any

from redis.exceptions import RedisError
from sqlalchemy.ext.asyncio import AsyncSession

from liquor_app.core import redis
from liquor_app.core.db import after_commit

log = logging.getLogger(__name__)

PREFIX = "liquor:live:"
QUEUE_LIMIT = 100
TICKET_PREFIX = "wt_"
"""How a ticket for a socket begins (`accounts.entry.socket_tickets`): nothing else opens one from within an address."""

Message = dict[str, Any]


async def publish_now(topic: str, payload: Message) -> None:
    """Publish at once. A Redis that is down is logged, not raised: live updates are a convenience."""
    try:
        await redis.client().publish(PREFIX + topic, json.dumps(payload, default=str))
    except (RedisError, OSError) as error:
        log.warning("live update on %s not published: %s", topic, error)


def publish(session: AsyncSession, topic: str, payload: Message) -> None:
    """Publish `payload` on `topic` once the session has committed."""

    async def send() -> None:
        await publish_now(topic, payload)

    after_commit(session, send)


class Hub:
    """One Redis subscription per process, any number of local subscribers with bounded queues.

    A subscriber too slow for its queue loses the oldest messages, which is harmless for hints.
    """

    def __init__(self) -> None:
        self._queues: dict[str, set[asyncio.Queue[Message]]] = defaultdict(set)
        self._heeded: dict[str, Callable[[Message], None]] = {}

    def heed(self, topic: str, act: Callable[[Message], None]) -> None:
        """Call `act` with every message on `topic`, at once: for what this process keeps in mind."""
        self._heeded[topic] = act

    @asynccontextmanager
    async def subscribe(self, *topics: str) -> AsyncIterator[asyncio.Queue[Message]]:
        """Give a queue that receives `{"topic": …, **payload}` of every message on `topics`."""
        queue: asyncio.Queue[Message] = asyncio.Queue(QUEUE_LIMIT)
        for topic in topics:
            self._queues[topic].add(queue)
        try:
            yield queue
        finally:
            for topic in topics:
                self._queues[topic].discard(queue)
                if not self._queues[topic]:
                    del self._queues[topic]

    def deliver(self, topic: str, payload: Message) -> None:
        if act := self._heeded.get(topic):
            act(payload)
        for queue in self._queues.get(topic, ()):
            if queue.full():
                with contextlib.suppress(asyncio.QueueEmpty):
                    queue.get_nowait()
            queue.put_nowait({"topic": topic, **payload})

    async def run(self) -> None:
        """Listen until cancelled, reconnecting when Redis goes away."""
        delay = 0.2
        while True:
            try:
                async with redis.client().pubsub() as channel:
                    await channel.psubscribe(PREFIX + "*")
                    delay = 0.2
                    while True:
                        message = await channel.get_message(ignore_subscribe_messages=True, timeout=5)
                        if message is not None:
                            topic = message["channel"].decode().removeprefix(PREFIX)
                            self.deliver(topic, json.loads(message["data"]))
            except (RedisError, OSError, ValueError) as error:
                log.warning("live updates interrupted: %s", error)
                await asyncio.sleep(delay)
                delay = min(delay * 2, 5)


hub = Hub()
