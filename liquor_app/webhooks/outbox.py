"""What happened, written down for those who asked, in the transaction in which it happened: nothing is told that was
rolled back, and nothing is lost that was committed. A payload names things and says nothing of people: whoever may know
more asks the API."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from typing import Any

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

from liquor_app.core.bulk import unnest
from liquor_app.core.clock import now
from liquor_app.core.db import after_commit, transaction
from liquor_app.core.ids import uuid7
from liquor_app.core.queue import Job, enqueue
from liquor_app.webhooks.models import Happened

_FACTS = unnest("f", id="uuid", payload="text")
_EMIT = f"""
WITH wanted AS (SELECT id FROM webhook_endpoints WHERE is_active AND CAST(:type AS text) = ANY(events)),
event AS (
    INSERT INTO webhook_events (id, type, payload) SELECT f.id, :type, f.payload FROM {_FACTS}
    WHERE EXISTS (SELECT FROM wanted) RETURNING id
), told AS (
    INSERT INTO webhook_deliveries (event_id, endpoint_id) SELECT event.id, wanted.id FROM event, wanted RETURNING 1
)
SELECT count(*) FROM told
"""
_DUE = """
SELECT EXISTS (SELECT FROM webhook_endpoints e WHERE e.is_active AND EXISTS (SELECT FROM webhook_deliveries d
    WHERE d.endpoint_id = e.id AND d.status = 'pending' AND d.next_at <= now()))
"""


def payload_of(happened: Happened, data: Mapping[str, Any]) -> str:
    """Return what is sent, as Standard Webhooks has it: type, timestamp, data."""
    whole = {"type": happened.value, "timestamp": now().isoformat(), "data": dict(data)}
    return json.dumps(whole, ensure_ascii=False, separators=(",", ":"), default=str)


async def emit(session: AsyncSession, happened: Happened, facts: Iterable[Mapping[str, Any]]) -> int:
    """Write down that something happened, once for each of `facts`; returns how many tellings that makes, none where
    nobody asked. A corridor.

    Args:
        facts: the `data` of each; ids, statuses and sums, nobody's name or address.
    """
    payloads = [payload_of(happened, one) for one in facts]
    if not payloads:
        return 0
    ids = [uuid7() for _ in payloads]
    done = await session.execute(text(_EMIT), {"type": happened.value, **_FACTS.bind(id=ids, payload=payloads)})
    if told := int(done.scalar_one()):
        after_commit(session, ring_deliveries)
    return told


async def ring_deliveries() -> None:
    """Ask for the job outside the transaction that wrote: one open job serves all, and nobody waits for its row."""
    async with transaction() as session:
        await enqueue(session, Job.DELIVER_WEBHOOKS, dedupe_key="all")


async def request_due_deliveries(session: AsyncSession) -> bool:
    """Ask for the job if something is due; whether it was. A corridor, for the clock."""
    is_due = bool((await session.execute(text(_DUE))).scalar_one())
    if is_due:
        await enqueue(session, Job.DELIVER_WEBHOOKS, dedupe_key="all")
    return is_due
