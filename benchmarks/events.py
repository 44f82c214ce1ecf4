"""Appending to the event log: our one-statement insert beside a bare COPY of the same rows, and row by row."""

from __future__ import annotations

import json
import time
from collections.abc import AsyncIterator, Awaitable, Callable

from sqlalchemy import text

from liquor_app.core.db import raw_connection, transaction
from liquor_app.core.ids import uuid7
from liquor_app.events.service import NewEvent, record_events


async def _timed(work: Callable[[], Awaitable[None]], rows: int) -> float:
    began = time.perf_counter()
    await work()
    return rows / (time.perf_counter() - began)


async def run(rows: int = 20_000) -> AsyncIterator[dict[str, object]]:
    """Rows a second into the partitioned, indexed table."""
    events = [NewEvent("page_view", properties={"path": f"/p/{number}"}) for number in range(rows)]

    async def ours() -> None:
        async with transaction() as session:
            for start in range(0, rows, 5_000):
                await record_events(session, events[start : start + 5_000])

    async def copy() -> None:
        async with transaction() as session:
            connection = await raw_connection(session)
            async with (
                connection.cursor() as cursor,
                cursor.copy("COPY analytics_events (id, event_type, occurred_at, properties) FROM STDIN") as stream,
            ):
                for event in events:
                    await stream.write_row((uuid7(), event.event_type, event.occurred_at, json.dumps(event.properties)))

    async def one_by_one() -> None:
        async with transaction() as session:
            for event in events[: rows // 20]:
                await session.execute(
                    text("INSERT INTO analytics_events (event_type, properties) VALUES (:type, CAST(:props AS jsonb))"),
                    {"type": event.event_type, "props": json.dumps(event.properties)},
                )

    limit = await _timed(copy, rows)
    mine = await _timed(ours, rows)
    base = await _timed(one_by_one, rows // 20)
    yield {
        "bench": "events",
        "rows": rows,
        "ours_per_s": round(mine),
        "baseline_one_by_one_per_s": round(base),
        "limit_copy_per_s": round(limit),
        "share_of_limit": round(mine / limit, 3),
    }
