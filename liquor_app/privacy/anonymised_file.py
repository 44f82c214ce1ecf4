"""The anonymised copy as a ZIP: a job writes it into the file store, whoever asked for it fetches it."""

from __future__ import annotations

import asyncio
import json
import zipfile
from pathlib import Path
from typing import Any
from uuid import UUID

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

from liquor_app.accounts.audit import audit
from liquor_app.accounts.bulk_actions import one_of_few
from liquor_app.accounts.list_exports import pieces_of, scratch_folder
from liquor_app.accounts.permission_table import Permission
from liquor_app.accounts.permissions import Actor, require
from liquor_app.accounts.tokens import actor_again
from liquor_app.core.db import transaction
from liquor_app.core.files.folders import EXPORT_FILES
from liquor_app.core.files.store import file_store
from liquor_app.core.models import JobStatus
from liquor_app.core.queue import Job, JobContext, enqueue
from liquor_app.privacy.anonymised import FILES, write_anonymised

PERMISSION = Permission.CUSTOMERS_ADMIN
CALLED = {
    "customers": "Customers", "purchases": "Purchases", "purchase_lines": "What was bought", "sends": "Messages"
}  # fmt: skip
NAME = "anonymised"
"""What the file is called where it is saved."""
_LATEST = f"""
SELECT id, status FROM jobs WHERE name = :name AND args -> 'actor' = CAST(:asker AS jsonb)
   AND status <> '{JobStatus.CANCELLED}' AND created_at > now() - make_interval(days => :days)
 ORDER BY created_at DESC LIMIT 1
"""


async def request_anonymised(session: AsyncSession, actor: Actor) -> UUID:
    """Ask for a copy of the base that tells of nobody; returns the job.

    Raises:
        Forbidden: the actor is no admin.
        Conflict: too many are under way for them already.
    """
    require(actor, PERMISSION)
    args = {"actor": await one_of_few(session, actor, Job.ANONYMISE_BASE)}
    job_id = await enqueue(session, Job.ANONYMISE_BASE, args, created_by=actor.user_id)
    await audit(session, actor, "base.copy_asked", "privacy", None, job=str(job_id))
    return job_id


async def latest_anonymised(session: AsyncSession, actor: Actor) -> UUID | None:
    """Return the job of the actor's latest copy, for as long as its file is kept; None if there is none.

    Raises:
        Forbidden: the actor is no admin.
    """
    require(actor, PERMISSION)
    asker = json.dumps([actor.kind.value, str(actor.id) if actor.id else ""])
    bound = {"name": Job.ANONYMISE_BASE.value, "asker": asker, "days": EXPORT_FILES.kept_days}
    found = (await session.execute(text(_LATEST), bound)).first()
    if found is None:
        return None
    is_gone = found.status == JobStatus.SUCCEEDED and await file_store().find(EXPORT_FILES.key(found.id, "zip")) is None
    return None if is_gone else found.id  # an erasure takes every file away that somebody asked to carry away


async def anonymise_base(job: JobContext) -> dict[str, Any]:
    """Write the copy and pack it. Whoever asked for it must still be allowed to; run again, another copy is written,
    under other names. Stopped half way, there is none."""
    who = job.args.get("actor")
    async with transaction() as session:
        actor = await actor_again(session, who)
        require(actor, PERMISSION)

    async def told(done: int, file: str) -> None:
        await job.progress(done, len(FILES), f"{CALLED[file]} written")

    with scratch_folder() as folder:
        made = await write_anonymised(actor, folder / "copy", told)
        packed = await asyncio.to_thread(_pack, folder / "copy", folder / f"{NAME}.zip")
        size = await file_store().put(EXPORT_FILES.key(job.id, "zip"), pieces_of(packed))
    rows = sum(made.rows.values())
    return {
        "list": NAME, "rows": rows, "bytes": size, "left_out": made.left_out, "for": who, "permission": PERMISSION.value
    }  # fmt: skip


def _pack(folder: Path, into: Path) -> Path:
    with zipfile.ZipFile(into, "x", zipfile.ZIP_DEFLATED) as archive:
        for one in sorted(folder.iterdir()):
            archive.write(one, one.name)
    return into
