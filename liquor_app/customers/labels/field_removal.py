"""Take a custom field away, with what stands in it for everybody: a batch of customers a transaction, the field last.

Stopped half way, the field is still there, emptied in part, and can be taken away again.
"""

from __future__ import annotations

from typing import Any
from uuid import UUID

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

from liquor_app.accounts.audit import audit, audit_change
from liquor_app.accounts.models import Role
from liquor_app.accounts.permissions import SYSTEM, Actor, require
from liquor_app.core.db import transaction
from liquor_app.core.errors import NotFound
from liquor_app.core.queue import Job, JobContext, Task, enqueue
from liquor_app.customers.labels.custom_fields import LOCK, CustomFieldRow, get_custom_field

BATCH_ROWS = 5_000
FIRST = UUID(int=0)

_HELD = "SELECT count(*) FROM customers WHERE raw_data #> ARRAY['custom', :key] IS NOT NULL"
_EMPTY = """
WITH following AS (
    SELECT id FROM customers WHERE id > :after AND raw_data #> ARRAY['custom', :key] IS NOT NULL ORDER BY id LIMIT :most
), emptied AS (
    UPDATE customers c SET raw_data = NULLIF(NULLIF(c.raw_data #- ARRAY['custom', :key], '{"custom": {}}'), '{}')
      FROM following f WHERE c.id = f.id RETURNING c.id
)
SELECT id FROM emptied ORDER BY id
"""
_REMOVE = "DELETE FROM custom_fields WHERE key = :key"


async def request_removal(session: AsyncSession, actor: Actor, key: str) -> UUID:
    """Have a field taken away, and what stands in it for everybody; returns the job. Asked twice, it is one. Rules and
    templates that name it find nothing any more (`templates.custom_field_usage` tells which they are).

    Raises:
        Forbidden: the actor is not an admin.
        NotFound: there is no such field.
    """
    require(actor, Role.ADMIN)
    row = await get_custom_field(session, actor, key)
    await audit(session, actor, "custom_field.removal_requested", "custom_field", None, key=row.key, label=row.label)
    return await enqueue(
        session, Job.REMOVE_CUSTOM_FIELD, {"key": row.key}, created_by=actor.user_id, dedupe_key=row.key
    )


async def remove_custom_field(job: JobContext) -> dict[str, Any]:
    """Empty a field and take it away; what was emptied before a worker was lost stays so."""
    key = str(job.args.get("key", ""))
    try:
        async with transaction() as session:
            row = await get_custom_field(session, SYSTEM, key)
            total = int((await session.execute(text(_HELD), {"key": row.key})).scalar_one())
    except NotFound:
        return {"key": key[:40], "customers": 0}  # by this job, before it was lost
    done, after = 0, FIRST
    while True:
        async with transaction() as session:
            emptied = await _empty(session, row.key, after)
        if not emptied:
            break
        done, after = done + len(emptied), emptied[-1]
        await job.progress(done, max(done, total), f"Taking {row.label} away")
    async with transaction() as session:
        done += await _finish(session, row)
    return {"key": row.key, "customers": done}


async def _empty(session: AsyncSession, key: str, after: UUID) -> list[UUID]:
    found = await session.execute(text(_EMPTY), {"key": key, "after": after, "most": BATCH_ROWS})
    return [UUID(str(one)) for one in found.scalars()]


async def _finish(session: AsyncSession, row: CustomFieldRow) -> int:
    """Take the field away with what was written into it meanwhile; no import makes it anew in between."""
    await session.execute(text(LOCK))
    more, after = 0, FIRST
    while emptied := await _empty(session, row.key, after):
        more, after = more + len(emptied), emptied[-1]
    await session.execute(text(_REMOVE), {"key": row.key})
    await audit_change(
        session, SYSTEM, "custom_field.removed", "custom_field", None,
        before={"label": row.label}, after={"label": None}, key=row.key,
    )  # fmt: skip
    return more


TASKS: dict[Job, Task] = {Job.REMOVE_CUSTOM_FIELD: remove_custom_field}
