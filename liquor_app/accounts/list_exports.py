"""A list carried away as an Excel file: a job writes it into the file store, whoever asked for it fetches it."""

from __future__ import annotations

import asyncio
import json
import shutil
import tempfile
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

from liquor_app.accounts.audit import audit
from liquor_app.accounts.bulk_actions import one_of_few
from liquor_app.accounts.changed_fields import told_filters
from liquor_app.accounts.downloads import download_link
from liquor_app.accounts.lists import read_while_allowed
from liquor_app.accounts.permission_table import Permission
from liquor_app.accounts.permissions import Actor, require
from liquor_app.core.clock import now
from liquor_app.core.config import get_settings
from liquor_app.core.db import transaction
from liquor_app.core.errors import Conflict, Invalid, NotFound, Unknown
from liquor_app.core.files.download_links import MINUTES
from liquor_app.core.files.folders import EXPORT_FILES
from liquor_app.core.files.store import PIECE, file_store
from liquor_app.core.listing.compile import compile_list
from liquor_app.core.listing.read import _count
from liquor_app.core.listing.spec import ListQuery, ListSpec
from liquor_app.core.listing.xlsx_file import XlsxFile
from liquor_app.core.models import JobStatus
from liquor_app.core.platform.private_files import private_directory
from liquor_app.core.queue import Job, JobContext, enqueue, get_job
from liquor_app.ui.words import figure

MOST_ROWS = 200_000
"""Of an Excel file; a CSV has no bound."""
LEFT_HOURS = 24
ENDINGS = {Job.EXPORT_ROWS.value: "xlsx", Job.EXPORT_PERSON.value: "zip", Job.ANONYMISE_BASE.value: "zip"}
"""Jobs that write a file for whoever asked for it, and how it ends. Their result says whose it is (`for`), what it is
called (`list`), how many `rows` it has, and the `permission` it takes."""
_HALF_WRITTEN = "export-"
_OWN = "SELECT 1 FROM jobs WHERE id = :id AND name = ANY(:names) AND args -> 'actor' = CAST(:asker AS jsonb)"


@dataclass(frozen=True, slots=True)
class ExportLink:
    """Where a finished file is fetched, by whoever asked for it and nobody else, until `good_until`."""

    url: str
    name: str
    rows: int
    good_until: datetime


async def request_export(
    session: AsyncSession, actor: Actor, spec: ListSpec[Any], query: ListQuery, *, columns: Sequence[str] = ()
) -> UUID:
    """Ask for all that match as an Excel file; returns the job. Audited before the first row is read.

    Args:
        columns: fields of the export, in this order; all of them if none is named.

    Raises:
        Forbidden: not for this role.
        Invalid: see `read_list`; an unknown column; more rows than such a file may have.
        Conflict: too many are under way for them already.
    """
    require(actor, Permission(spec.export_permission))
    chosen = spec.chosen_columns(columns)
    compile_list(spec, query)
    if await _count(session, spec, query, MOST_ROWS + 1) > MOST_ROWS:
        raise Invalid(
            f"More than {figure(MOST_ROWS)} rows match, the most of an Excel file. Narrow the list, or take the CSV."
        )
    filters = {name: value for name, value in query.filters.items() if value}
    args = {
        "list": spec.name, "filters": filters, "search": query.search, "sort": query.sort, "columns": list(chosen),
        "actor": await one_of_few(session, actor, Job.EXPORT_ROWS),
    }  # fmt: skip
    job_id = await enqueue(session, Job.EXPORT_ROWS, args, created_by=actor.user_id)
    await audit(
        session, actor, f"{spec.name}.exported", "list", None, search=bool(query.search),
        filters=told_filters(spec, filters),
        columns=list(chosen), format="xlsx", job=str(job_id),
    )  # fmt: skip
    return job_id


async def export_link(session: AsyncSession, actor: Actor, job_id: UUID) -> ExportLink:
    """Tell where the file of a finished export is fetched.

    Raises:
        NotFound: no such export, or not this actor's: nobody learns of anybody else's.
        Conflict: it has not finished, or not well.
        Forbidden: not for this role any more.
    """
    require(actor, Permission.OWN_FILES)
    asker = json.dumps([actor.kind.value, str(actor.id) if actor.id else ""])
    bound = {"id": job_id, "names": list(ENDINGS), "asker": asker}
    if (await session.execute(text(_OWN), bound)).first() is None:
        raise NotFound("There is no such export.")
    job = await get_job(session, job_id)
    if job.status is not JobStatus.SUCCEEDED:
        raise Conflict(job.error or "The file is not ready yet.")
    made = job.result or {}
    name = f"{made['list']}.{ENDINGS[job.name]}"
    url = download_link(
        actor, EXPORT_FILES.key(job_id, ENDINGS[job.name]), name=name, permission=Permission(made["permission"])
    )
    return ExportLink(url, name, int(made["rows"]), now() + timedelta(minutes=MINUTES))


def export_task(
    lists: Iterable[ListSpec[Any]], zone_of: Callable[[AsyncSession], Awaitable[ZoneInfo]]
) -> Callable[[JobContext], Awaitable[dict[str, Any]]]:
    """Return the job that writes any of these lists into a file, times by the clock of `zone_of`."""
    known = {spec.name: spec for spec in lists}

    async def export_rows(job: JobContext) -> dict[str, Any]:
        """Write all that match into a file, a page a transaction; stopped half way, there is none. Whoever asked for
        it must still be allowed to, page by page; run again, the same file is written again."""
        spec, who = known.get(str(job.args.get("list"))), job.args.get("actor")
        if spec is None:
            raise Unknown("There is no such list any more.", field="list")
        columns = spec.chosen_columns(job.args.get("columns") or ())
        query = ListQuery(
            filters=dict(job.args.get("filters") or {}), search=str(job.args.get("search") or ""),
            sort=str(job.args.get("sort") or ""),
        )  # fmt: skip
        async with transaction() as session:
            total, zone = await _count(session, spec, query, MOST_ROWS), await zone_of(session)
        with scratch_folder() as folder:
            path, rows = folder / "list.xlsx", 0
            file = XlsxFile(path, spec.name, spec.exported_heads(columns, zone))
            async for page in read_while_allowed(who, spec, query):
                if (rows := rows + len(page)) > MOST_ROWS:
                    raise Conflict(
                        f"More than {figure(MOST_ROWS)} rows match by now. Narrow the list, or take the CSV."
                    )
                await asyncio.to_thread(file.add, [spec.exported_cells(row, columns, zone) for row in page])
                await job.progress(rows, max(total, rows), f"{figure(rows)} rows written")
            await asyncio.to_thread(file.close)
            size = await file_store().put(EXPORT_FILES.key(job.id, "xlsx"), pieces_of(path))
        return {"list": spec.name, "rows": rows, "bytes": size, "for": who, "permission": spec.export_permission}

    return export_rows


@contextmanager
def scratch_folder() -> Iterator[Path]:
    """Give a job a folder of its own to write in, which is gone afterwards; a killed worker's, with a later one."""
    home = private_directory(get_settings().data_dir / "tmp")
    _forget_half_written(home)
    with tempfile.TemporaryDirectory(prefix=_HALF_WRITTEN, dir=home) as folder:
        yield Path(folder)


async def pieces_of(path: Path) -> AsyncIterator[bytes]:
    """Yield a file piece by piece."""
    with path.open("rb") as file:
        while piece := await asyncio.to_thread(file.read, PIECE):
            yield piece


def _forget_half_written(home: Path) -> None:
    """Delete what workers that were killed left behind: no job runs as long."""
    last = now().timestamp() - LEFT_HOURS * 3600
    for left in home.glob(f"{_HALF_WRITTEN}*"):
        if left.stat().st_mtime < last:
            shutil.rmtree(left, ignore_errors=True)
