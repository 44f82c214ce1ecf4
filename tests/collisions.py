"""A rival who makes a transaction of ours the one that PostgreSQL rolls back, whatever the machine's speed."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

from psycopg import AsyncConnection

# `transaction()` names its connections after the product; the rival's has a name of its own
_WAITS = "SELECT count(*) FROM pg_stat_activity WHERE wait_event_type = 'Lock' AND application_name = %s"


class Rival:
    """Holds a lock that ours will want, then wants one that ours holds."""

    def __init__(self, connection: AsyncConnection[Any], watch: AsyncConnection[Any]) -> None:
        self._connection, self._watch = connection, watch
        self._waiting: asyncio.Task[None] | None = None

    async def hold(self, statement: str) -> None:
        await self._connection.execute(statement)

    async def want(self, statement: str) -> None:
        """Ask for what ours holds; returns once this waits for it. Whoever asks for the rival's after that is the one
        who is rolled back: this one never looks for a deadlock."""

        async def wait_and_commit() -> None:
            await self._connection.execute(statement)
            await self._connection.commit()

        self._waiting = asyncio.create_task(wait_and_commit())
        await self.until_waits("rival")

    async def until_waits(self, application: str) -> None:
        """Return once a connection of this name waits for a lock."""
        while self._waiting is None or not self._waiting.done():
            found = await (await self._watch.execute(_WAITS, (application,))).fetchone()
            if found and found[0]:
                return
            await asyncio.sleep(0.02)
        raise AssertionError("ours does not hold what the rival wants")

    async def done(self) -> None:
        """Return once the rival has what it wanted, and has committed."""
        assert self._waiting is not None
        await self._waiting


@asynccontextmanager
async def rival(url: str) -> AsyncIterator[Rival]:
    """Give a rival on this database."""
    plain = url.replace("+psycopg", "")
    async with (
        await AsyncConnection.connect(plain, application_name="rival") as connection,
        await AsyncConnection.connect(plain, application_name="watch", autocommit=True) as watch,
    ):
        await connection.execute("SET deadlock_timeout = '1h'")
        await connection.commit()
        yield Rival(connection, watch)
