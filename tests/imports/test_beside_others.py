"""An import is taken back while others write to the same people: it goes on, and nothing is counted twice."""

from __future__ import annotations

import asyncio

import pytest
from psycopg import AsyncConnection

from liquor_app.accounts.permissions import SYSTEM
from liquor_app.core import queue
from liquor_app.core.db import transaction
from liquor_app.core.models import JobStatus
from liquor_app.imports.tasks import TASKS
from liquor_app.imports.undo.undo_import import undo_counts
from liquor_app.segments.service import create_segment
from liquor_app.segments.tasks import TASKS as SEGMENT_TASKS
from liquor_app.segments.tasks import request_refresh
from tests.collisions import rival
from tests.imports.test_import import rows
from tests.imports.test_undo import asked, state, take

pytestmark = pytest.mark.integration
PEOPLE = "email,external_id,name\n" + "".join(f"p{n}@example.com,P{n},P\n" for n in range(5))


async def test_scoring_stops_no_undoing(database: str) -> None:
    """It holds rows that belong to somebody and wants the person; the undoing has the person and wants those rows."""
    row = await take(PEOPLE)
    job = await asked(row)
    async with (
        await AsyncConnection.connect(database.replace("+psycopg", "")) as gate,
        rival(database) as other,
    ):
        await gate.execute("LOCK TABLE touched_customers IN SHARE MODE")  # the people are locked before this is asked
        await other.hold("SELECT FROM touched_customers FOR UPDATE")
        undoing = asyncio.create_task(queue.run(job, TASKS))
        await other.until_waits("liquor")
        await other.want("UPDATE customers SET updated_at = updated_at WHERE external_id = 'P3'")
        await gate.commit()
        assert await undoing is JobStatus.SUCCEEDED
        await other.done()
    done = await state(row.id)
    assert done.status == "undone"
    assert undo_counts(done).removed == {"customers": 5}
    assert await rows("SELECT id FROM customers") == []


async def test_segments_are_refreshed_while_people_go(database: str) -> None:
    """Before, whoever was deleted between the look and the row made the refresh fail: "does not exist any more"."""
    await take(PEOPLE)
    async with transaction() as session:
        await create_segment(session, SYSTEM, {"name": "All", "rules": {"all": []}})
        job = await request_refresh(session, SYSTEM)
    async with (
        await AsyncConnection.connect(database.replace("+psycopg", "")) as undoing,
        rival(database) as other,
    ):
        await undoing.execute("DELETE FROM customers WHERE external_id = 'P3'")
        refreshing = asyncio.create_task(queue.run(job, SEGMENT_TASKS))
        await other.until_waits("liquor")
        await undoing.commit()
        assert await refreshing is JobStatus.SUCCEEDED
    members = "SELECT external_id FROM segment_members JOIN customers c ON c.id = customer_id ORDER BY 1"
    assert [one["external_id"] for one in await rows(members)] == ["P0", "P1", "P2", "P4"]
