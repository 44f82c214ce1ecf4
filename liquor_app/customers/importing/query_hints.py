"""How PostgreSQL is to find the few rows a chunk is about: by their keys."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession


@asynccontextmanager
async def by_index(session: AsyncSession) -> AsyncIterator[None]:
    """Within the block every look-up goes through an index.

    A table that is being filled has stale statistics: a planner that believes it empty reads all of it for each
    chunk, and an import slows down with the square of its length.
    """
    await _allow(session, "off")
    yield
    await _allow(session, "on")


async def _allow(session: AsyncSession, state: str) -> None:
    await session.execute(
        text(
            "SELECT set_config('enable_seqscan', :state, true), set_config('enable_hashjoin', :state, true),"
            " set_config('enable_mergejoin', :state, true)"
        ),
        {"state": state},
    )
