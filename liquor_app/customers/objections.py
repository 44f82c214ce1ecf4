"""Who objects to being profiled (GDPR art. 21): neither scored nor chosen by scores from then on. People of the shop
record it and take it back; a file only ever records it."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

from liquor_app.accounts.audit import audit_change, audit_each
from liquor_app.accounts.permission_table import Permission
from liquor_app.accounts.permissions import SYSTEM, Actor, require
from liquor_app.core.bulk import unnest
from liquor_app.core.errors import NotFound
from liquor_app.core.queue import Job, enqueue
from liquor_app.customers.bulk_write import By
from liquor_app.customers.merging.gone_profiles import why_gone

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
_TOLD = unnest("f", id="uuid")
_SAY_TOLD = f"""
UPDATE customers c SET profiling_objected_at = now(), updated_at = now() FROM {_TOLD}
 WHERE c.id = f.id AND c.profiling_objected_at IS NULL AND c.deleted_at IS NULL RETURNING c.id
"""
_TOUCH_TOLD = f"""
INSERT INTO touched_customers (customer_id) SELECT f.id FROM {_TOLD}
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
        raise NotFound(await why_gone(session, customer_id))
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


async def object_told(session: AsyncSession, told: Sequence[tuple[UUID, int, str]], by: By) -> None:
    """Record that people object, as rows of a file tell it: each a customer, the row's number and its column. Who
    objects already does so since then; that a file is undone lifts nothing. A corridor, for imports: whoever calls has
    authorised, has locked the customers, and has them scored anew when the file is through."""
    if not told:
        return
    said = (await session.execute(text(_SAY_TOLD), _TOLD.bind(id=[one[0] for one in told]))).scalars().all()
    await session.execute(text(_TOUCH_TOLD), _TOLD.bind(id=list(said)))
    whose = {"by": str(by.recorded_by)} if by.recorded_by else {}
    notes = {
        one: {"objects": [False, True], **by.where, "row": row, "column": column, **whose} for one, row, column in told
    }
    await audit_each(
        session, SYSTEM, "customer.objection", "customer", {one: notes[one] for one in said}, fields=("objects",)
    )
