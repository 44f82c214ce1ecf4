"""Everything about one person as a ZIP: one JSON file, and a table a CSV file (GDPR art. 15 and 20). A job writes it
into the file store, whoever asked for it fetches it."""

from __future__ import annotations

import asyncio
import csv
import io
import json
import zipfile
from collections.abc import AsyncIterator, Mapping, Sequence
from typing import Any
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from liquor_app.accounts.audit import audit
from liquor_app.accounts.bulk_actions import one_of_few
from liquor_app.accounts.permission_table import Permission
from liquor_app.accounts.permissions import Actor, require
from liquor_app.accounts.tokens import actor_again
from liquor_app.core.csv_cells import export_text
from liquor_app.core.db import transaction
from liquor_app.core.errors import NotFound
from liquor_app.core.files.folders import EXPORT_FILES
from liquor_app.core.files.store import PIECE, file_store
from liquor_app.core.platform.personal_data import read_rows
from liquor_app.core.queue import Job, JobContext, enqueue
from liquor_app.privacy.find_traces import find_traces, profiles_of
from liquor_app.privacy.held_data import PERSONAL

PERMISSION = Permission.CUSTOMERS_PRIVATE
NAME = "person"
"""What the file is called where it is saved: the name of whom it is about stands inside."""
JSON_NAME = "person.json"

Tables = dict[str, list[dict[str, Any]]]


async def request_person_export(session: AsyncSession, actor: Actor, customer_id: UUID) -> UUID:
    """Ask for everything about one person, with every profile merged into theirs; returns the job. Audited before the
    first row is read.

    Raises:
        Forbidden: the actor may only read.
        NotFound: there is no such customer.
        Conflict: too many are under way for them already.
    """
    require(actor, PERMISSION)
    if not await profiles_of(session, customer_id):
        raise NotFound("There is no such customer.")
    args = {"customer": str(customer_id), "actor": await one_of_few(session, actor, Job.EXPORT_PERSON)}
    job_id = await enqueue(session, Job.EXPORT_PERSON, args, created_by=actor.user_id)
    await audit(session, actor, "customer.exported", "customer", customer_id, job=str(job_id))
    return job_id


async def export_person(job: JobContext) -> dict[str, Any]:
    """Write everything about a person into a file. Whoever asked for it must still be allowed to; run again, the same
    file is written again."""
    who = job.args.get("actor")
    async with transaction() as session:
        require(await actor_again(session, who), PERMISSION)
        traces = await find_traces(session, UUID(str(job.args.get("customer"))))
        tables: Tables = {one.table: await read_rows(session, one, traces) for one in PERSONAL}
    packed = await asyncio.to_thread(pack_tables, tables)
    size = await file_store().put(EXPORT_FILES.key(job.id, "zip"), _pieces(packed))
    rows = sum(map(len, tables.values()))
    return {"list": NAME, "rows": rows, "bytes": size, "for": who, "permission": PERMISSION.value}


def pack_tables(tables: Mapping[str, Sequence[Mapping[str, Any]]]) -> bytes:
    """Return a ZIP of one JSON file and a CSV file for each table that holds anything. Cells of CSV files that a
    spreadsheet would run are escaped; JSON has them as they are."""
    held = {table: rows for table, rows in tables.items() if rows}
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr(JSON_NAME, json.dumps(held, default=_plain, ensure_ascii=False, indent=1))
        for table, rows in held.items():
            archive.writestr(f"{table}.csv", _csv(rows))
    return out.getvalue()


def _csv(rows: Sequence[Mapping[str, Any]]) -> str:
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\r\n")
    writer.writerow(rows[0])
    writer.writerows([_cell(value) for value in row.values()] for row in rows)
    return "\ufeff" + out.getvalue()


def _cell(value: Any) -> str:
    if value is None:
        return ""
    if isinstance(value, dict | list):
        return export_text(json.dumps(value, default=_plain, ensure_ascii=False))
    return export_text(str(_plain(value)))


def _plain(value: Any) -> Any:
    return bytes(value).hex() if isinstance(value, bytes | memoryview) else str(value)


async def _pieces(packed: bytes) -> AsyncIterator[bytes]:
    for start in range(0, len(packed), PIECE):
        yield packed[start : start + PIECE]
