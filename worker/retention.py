"""The nightly job that deletes what was kept for as long as it should be."""

from __future__ import annotations

from typing import Any

from liquor_app.accounts.audit import audit
from liquor_app.accounts.permissions import SYSTEM
from liquor_app.core.clock import now
from liquor_app.core.db import transaction
from liquor_app.core.platform.retention import AT_ONCE, forget_some
from liquor_app.core.queue import JobContext
from liquor_app.organization.settings import RetentionSettings, load_settings
from liquor_app.schema import KEPT
from liquor_app.ui.words import figure


async def apply_retention(job: JobContext) -> dict[str, Any]:
    """Delete rows that are past their time, the oldest first, some a transaction; it may be stopped and run again.

    Returns:
        How many rows went, by table.
    """
    async with transaction() as session:
        settings = (await load_settings(session, RetentionSettings)).model_dump()
    at, gone = now(), dict.fromkeys((one.table for one in KEPT), 0)
    for number, kept in enumerate(KEPT):
        before = kept.before(at, settings)
        while before is not None:
            async with transaction() as session:
                some = await forget_some(session, kept, before)
            gone[kept.table] += some
            await job.progress(number, len(KEPT), f"{kept.table.replace('_', ' ')}: {figure(gone[kept.table])}")
            if some < AT_ONCE:
                break
    told: dict[str, Any] = {table: many for table, many in gone.items() if many}
    if told:
        async with transaction() as session:
            await audit(session, SYSTEM, "retention.applied", "retention", None, **told)
    return told
