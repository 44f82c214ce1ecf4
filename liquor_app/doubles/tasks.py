"""Jobs: looking for doubles; taking a custom field out of everything."""

from __future__ import annotations

from typing import Any

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

from liquor_app.core.db import transaction
from liquor_app.core.queue import Job, JobContext, Task
from liquor_app.customers.labels.field_removal import field_remover, holds, without
from liquor_app.doubles.likely_doubles import find_doubles as find

_WITHOUT = f"""
UPDATE customer_merges SET before = {without("before")}, after = {without("after")}
 WHERE {holds("before")} OR {holds("after")}
"""


async def find_doubles(job: JobContext) -> dict[str, Any]:
    """Look at everybody anew; as often as one likes."""
    async with transaction() as session:
        return {"pairs": await find(session)}


async def forget_field(session: AsyncSession, key: str) -> None:
    """Take a custom field out of what merges keep to be undone. A corridor."""
    await session.execute(text(_WITHOUT), {"key": key})


TASKS: dict[Job, Task] = {
    Job.FIND_DOUBLES: find_doubles,
    Job.REMOVE_CUSTOM_FIELD: field_remover(forget_field),  # here, because merges keep what customers were
}
