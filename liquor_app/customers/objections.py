"""Who objects to being profiled (GDPR art. 21): neither scored nor chosen by scores from then on."""

from __future__ import annotations

from datetime import datetime
from uuid import UUID

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

from liquor_app.accounts.audit import audit_change
from liquor_app.accounts.permission_table import Permission
from liquor_app.accounts.permissions import Actor, require
from liquor_app.core.errors import NotFound
from liquor_app.core.queue import Job, enqueue

_LOCK = "SELECT profiling_objected_at FROM customers WHERE id = :id AND deleted_at IS NULL FOR UPDATE"
_SAY = """
UPDATE customers SET profiling_objected_at = CASE WHEN :objects THEN now() END, updated_at = now() WHERE id = :id
RETURNING profiling_objected_at
"""
# what was worked out of them goes with the next scoring, which is asked for at once
_TOUCH = """
INSERT INTO touched_customers (customer_id) VALUES (:id)
ON CONFLICT (customer_id) DO UPDATE SET at = now(), claimed = NULL
"""


async def record_objection(session: AsyncSession, actor: Actor, customer_id: UUID, *, objects: bool) -> datetime | None:
    """Record that somebody objects to being profiled, or does no more; returns since when they object. Said again it
    changes nothing. Plans leave them out with a reason of its own, the fence holds what was chosen before, and their
    scores go.

    Raises:
        Forbidden: the actor may only read.
        NotFound: there is no such customer.
    """
    require(actor, Permission.CUSTOMERS_WRITE)
    found = (await session.execute(text(_LOCK), {"id": customer_id})).first()
    if found is None:
        raise NotFound("There is no such customer, or it was deleted.")
    since: datetime | None = found[0]
    if (since is not None) == objects:
        return since
    said: datetime | None = (await session.execute(text(_SAY), {"id": customer_id, "objects": objects})).scalar_one()
    await session.execute(text(_TOUCH), {"id": customer_id})
    await audit_change(
        session, actor, "customer.objection", "customer", customer_id, before={"objects": since is not None},
        after={"objects": objects},
    )  # fmt: skip
    await enqueue(session, Job.SCORE_CUSTOMERS, {"touched": True, "then_segments": True}, dedupe_key="touched")
    return said
