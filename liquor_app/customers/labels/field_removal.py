"""Take a custom field away, with what stands in it for everybody: a batch of customers a transaction, the field last.
What is kept for undoing an import or a merge loses it too, so that no undoing brings it back.

Stopped half way, the field is still there, emptied in part, and can be taken away again.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterable
from typing import Any
from uuid import UUID

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

from liquor_app.accounts.audit import audit, audit_change
from liquor_app.accounts.permission_table import Permission
from liquor_app.accounts.permissions import SYSTEM, Actor, require
from liquor_app.core.db import transaction
from liquor_app.core.errors import NotFound
from liquor_app.core.queue import Job, JobContext, Task, enqueue
from liquor_app.customers.labels.custom_fields import LOCK, CustomFieldRow, get_custom_field

BATCH_ROWS = 5_000
FIRST = UUID(int=0)

Elsewhere = Callable[[AsyncSession, str], Awaitable[None]]
"""Takes a field out of what a slice above keeps of customers."""


def holds(image: str) -> str:
    """Return the condition that an image of a customer has the field `:key`."""
    return f"{image} #> ARRAY['raw_data', 'custom', :key] IS NOT NULL"


def without(image: str) -> str:
    """Return an image of a customer without the field `:key`, as `customers.raw_data` would stand without it."""
    raw = f"""NULLIF(NULLIF({image} -> 'raw_data' #- ARRAY['custom', :key], '{{"custom": {{}}}}'), '{{}}')"""
    return f"CASE WHEN {holds(image)} THEN {image} || jsonb_build_object('raw_data', {raw}) ELSE {image} END"


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
_IN_IMAGES = f"""
WITH following AS (
    SELECT import_id, customer_id FROM customer_images
     WHERE (import_id, customer_id) > (:import, :after) AND ({holds("before")} OR {holds("after")})
     ORDER BY import_id, customer_id LIMIT :most
), emptied AS (
    UPDATE customer_images i SET before = {without("i.before")}, after = {without("i.after")}
      FROM following f WHERE i.import_id = f.import_id AND i.customer_id = f.customer_id
    RETURNING i.import_id, i.customer_id
)
SELECT import_id, customer_id FROM emptied ORDER BY import_id, customer_id
"""
_REMOVE = "DELETE FROM custom_fields WHERE key = :key"


async def request_removal(session: AsyncSession, actor: Actor, key: str) -> UUID:
    """Have a field taken away, and what stands in it for everybody; returns the job. Asked twice, it is one. Rules and
    templates that name it find nothing any more (`templates.custom_field_usage` tells which they are).

    Raises:
        Forbidden: the actor is not an admin.
        NotFound: there is no such field.
    """
    require(actor, Permission.CUSTOMERS_ADMIN)
    row = await get_custom_field(session, actor, key)
    await audit(session, actor, "custom_field.removal_requested", "custom_field", None, key=row.key, label=row.label)
    return await enqueue(
        session, Job.REMOVE_CUSTOM_FIELD, {"key": row.key}, created_by=actor.user_id, dedupe_key=row.key
    )


def field_remover(*elsewhere: Elsewhere) -> Task:
    """Return the job that empties a field and takes it away; what was emptied before a worker was lost stays so."""

    async def remove_custom_field(job: JobContext) -> dict[str, Any]:
        return await _remove(job, elsewhere)

    return remove_custom_field


async def _remove(job: JobContext, elsewhere: Iterable[Elsewhere]) -> dict[str, Any]:
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
    image: tuple[UUID, UUID] | None = (FIRST, FIRST)
    while image:
        async with transaction() as session:
            image = await _empty_images(session, row.key, image)
        await job.progress(done, max(done, total), f"Taking {row.label} away")
    async with transaction() as session:
        done += await _finish(session, row, elsewhere)
    return {"key": row.key, "customers": done}


async def _empty(session: AsyncSession, key: str, after: UUID) -> list[UUID]:
    found = await session.execute(text(_EMPTY), {"key": key, "after": after, "most": BATCH_ROWS})
    return [UUID(str(one)) for one in found.scalars()]


async def _empty_images(session: AsyncSession, key: str, after: tuple[UUID, UUID]) -> tuple[UUID, UUID] | None:
    """Empty the next images; returns the last of them, None where there were none."""
    told = {"key": key, "import": after[0], "after": after[1], "most": BATCH_ROWS}
    rows = (await session.execute(text(_IN_IMAGES), told)).all()
    return (rows[-1].import_id, rows[-1].customer_id) if rows else None


async def _finish(session: AsyncSession, row: CustomFieldRow, elsewhere: Iterable[Elsewhere]) -> int:
    """Take the field away with what was written into it meanwhile; no import makes it anew in between."""
    await session.execute(text(LOCK))
    more, after = 0, FIRST
    while emptied := await _empty(session, row.key, after):
        more, after = more + len(emptied), emptied[-1]
    image: tuple[UUID, UUID] | None = (FIRST, FIRST)
    while image:
        image = await _empty_images(session, row.key, image)
    for forget in elsewhere:
        await forget(session, row.key)
    await session.execute(text(_REMOVE), {"key": row.key})
    await audit_change(
        session, SYSTEM, "custom_field.removed", "custom_field", None,
        before={"label": row.label}, after={"label": None}, key=row.key,
    )  # fmt: skip
    return more
