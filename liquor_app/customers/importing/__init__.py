"""Import of customers and purchases: a file of any dialect, streamed, all of it or nothing.

Everything happens in the caller's transaction: a file that fails, is cancelled or loses its worker half way leaves
nothing behind, and reading it again neither loses nor doubles a row.
"""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import AsyncIterator, Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from itertools import islice
from pathlib import Path
from typing import Generic, TypeVar
from zoneinfo import ZoneInfo

from psycopg.errors import UniqueViolation
from sqlalchemy.exc import IntegrityError
from sqlalchemy.ext.asyncio import AsyncSession

from liquor_app.accounts.audit import audit
from liquor_app.accounts.models import Role
from liquor_app.accounts.permissions import Actor, require
from liquor_app.core.clock import now
from liquor_app.core.config import get_settings
from liquor_app.core.errors import Conflict, Invalid
from liquor_app.core.ids import uuid7
from liquor_app.core.queue import Job, enqueue
from liquor_app.customers.importing import baskets, people
from liquor_app.customers.importing.cells import Rejected
from liquor_app.customers.importing.cleaning import Line, Person, clean_line, clean_person
from liquor_app.customers.importing.mapping import CONSENTS, KINDS, check_mapping, guess_mapping
from liquor_app.customers.importing.merging import KEYS, Outcome, Policy
from liquor_app.customers.importing.reading import DelimitedFile, Record
from liquor_app.customers.importing.rejects import Rejects
from liquor_app.organization.settings import GeneralSettings, load_settings

__all__ = ["FilePreview", "ImportReport", "guess_mapping", "import_file", "inspect_file"]

CHUNK_ROWS = 5_000
TRIES = 3
Report = Callable[[int, int | None], None]
R = TypeVar("R", Person, Line)


@dataclass(frozen=True, slots=True)
class ImportReport:
    """What became of a file's rows: `created + updated + unchanged + rejected = rows`.

    `rows` counts those that hold anything, without the header. A repeated row counts as updated or unchanged. Lines
    of purchases count by what became of their basket. `reasons` counts the rejected by code.
    """

    rows: int
    created: int
    updated: int
    unchanged: int
    rejected: int
    reasons: dict[str, int]
    rejects_file: str | None


@dataclass(frozen=True, slots=True)
class FilePreview:
    """A file before it is imported: its columns, what they were taken for (field → column), and its first rows."""

    columns: list[str]
    mapping: dict[str, str]
    rows: list[list[str]]


@dataclass(slots=True)
class _Chunk(Generic[R]):
    """Rows understood, each with the record it came from."""

    records: list[Record] = field(default_factory=list)
    rows: list[R] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class _Source:
    """A file being read: `at` says which cell holds which field, `zone` whose clock its times are by."""

    file: DelimitedFile
    at: dict[str, int]
    zone: ZoneInfo
    rejects: Rejects
    report: Report | None
    name: str


def check_choices(kind: str, policy: str) -> Policy:
    """Raises: Invalid: an unknown kind or policy; the message names the field."""
    if kind not in KINDS:
        raise Invalid(f"kind must be one of {', '.join(KINDS)}", field="kind")
    if policy not in set(Policy):
        raise Invalid(f"policy must be one of {', '.join(Policy)}", field="policy")
    return Policy(policy)


def _open(path: Path) -> DelimitedFile:
    if not path.is_file():
        raise Invalid(f"There is no file {path.name}.", field="file")
    return DelimitedFile(path)


def inspect_file(path: Path, kind: str, *, rows: int = 5) -> FilePreview:
    """The start of a file and the guessed mapping, for a person to confirm.

    Raises:
        Invalid: no such file, not a delimited file, unknown kind.
    """
    check_choices(kind, Policy.FILL)
    with _open(path) as file:
        shown = [[cell[:100] for cell in record.cells] for record in islice(file, max(0, min(rows, 50)))]
        return FilePreview(file.columns, guess_mapping(file.columns, kind), shown)


async def import_file(
    session: AsyncSession,
    actor: Actor,
    *,
    kind: str,
    path: Path,
    policy: str = Policy.FILL,
    dry_run: bool = False,
    mapping: Mapping[str, str] | None = None,
    report: Report | None = None,
    rejects_path: Path | None = None,
    file_name: str | None = None,
) -> ImportReport:
    """Import a CSV file of `customers` or `purchases` (one line of a basket a row; the customers must be known).

    Args:
        policy: what happens to what is known already: `fill` blanks, `overwrite`, or `keep`.
        dry_run: count only; nothing is written but the file of rejects.
        mapping: field → column; guessed from the column names if not given.
        report: called with rows read and an estimate of how many there are.
        rejects_path: where the rejected rows go; by default into the data directory's `files/rejects/`.
        file_name: what to call the file in the records; `path`'s name by default.

    Raises:
        Forbidden: the actor may only read.
        Invalid: no such file, not a delimited file, or columns that cannot be mapped; nothing was written.
        Conflict: somebody else kept writing the same customers or orders; nothing was written, try again.
    """
    require(actor, Role.MANAGER)
    chosen = check_choices(kind, policy)
    zone = ZoneInfo((await load_settings(session, GeneralSettings)).timezone)
    named = (file_name or path.name)[:120]
    with _open(path) as file:
        at = check_mapping(mapping, file.columns, kind)
        folder = get_settings().data_dir / "files" / "rejects"
        rejects = Rejects(rejects_path or folder / f"{path.stem[:60]}-{uuid7().hex[-8:]}.csv", file.columns)
        finished = False
        try:
            source = _Source(file, at, zone, rejects, report, named)
            savepoint = await session.begin_nested()
            take = _customers if kind == "customers" else _purchases
            taken = await take(session, actor, source, chosen)
            await (savepoint.rollback() if dry_run else savepoint.commit())
            finished = True
        except (UniqueViolation, IntegrityError, people.Raced) as error:
            raise Conflict(
                "Somebody else kept changing the same customers or orders. Nothing was imported; please try again."
            ) from error
        finally:
            rejects_file = rejects.close(keep=finished)
    counts = {outcome.value: taken[outcome] for outcome in Outcome}
    if not dry_run:
        await audit(session, actor, f"{kind}.imported", "import", None, file=named, **counts, rejected=rejects.count)
        if taken[Outcome.CREATED] or taken[Outcome.UPDATED]:
            await enqueue(
                session, Job.SCORE_CUSTOMERS, {"then_segments": True}, created_by=actor.user_id, dedupe_key="import"
            )
    return ImportReport(
        rows=sum(counts.values()) + rejects.count,
        **counts,
        rejected=rejects.count,
        reasons=dict(rejects.reasons.most_common()),
        rejects_file=rejects_file,
    )


Clean = Callable[[int, list[str], dict[str, int], ZoneInfo, datetime], R]


async def _chunks(source: _Source, clean: Clean[R]) -> AsyncIterator[_Chunk[R]]:
    """The file's rows, read and cleaned in a thread so that the worker's other work goes on."""
    records = iter(source.file)
    moment = now().astimezone(UTC)
    done = 0

    def next_chunk() -> tuple[_Chunk[R], int]:
        chunk: _Chunk[R] = _Chunk()
        read = 0
        for record in islice(records, CHUNK_ROWS):
            read += 1
            try:
                if record.problem:
                    raise Rejected("unreadable_row", "", record.problem)
                row = clean(record.number, record.cells, source.at, source.zone, moment)
            except Rejected as why:
                source.rejects.add(record, why)
            else:
                chunk.records.append(record)
                chunk.rows.append(row)
        return chunk, read

    while True:
        chunk, read = await asyncio.to_thread(next_chunk)
        if not read:
            return
        done += read
        if source.report:
            source.report(done, max(done, round(done / max(source.file.read_share, 1e-9))))
        yield chunk


async def _customers(session: AsyncSession, actor: Actor, source: _Source, policy: Policy) -> Counter[Outcome]:
    await people.prepare(session)
    consents = any(name in source.at for name in CONSENTS)
    counts: Counter[Outcome] = Counter()
    async for chunk in _chunks(source, clean_person):
        keys = {key: [str(row.values[key]) for row in chunk.rows if key in row.values] for key in KEYS}
        for attempt in range(1, TRIES + 1):
            try:
                async with session.begin_nested():
                    base = await people.load_known(session, keys, consents=consents)
                    result = await asyncio.to_thread(people.merge, base, chunk.rows, policy)
                    await people.write(session, base, actor.user_id, source.name)
                break
            except (UniqueViolation, people.Raced):
                if attempt == TRIES:
                    raise
        counts += result.counts
        for position, why in result.rejected:
            source.rejects.add(chunk.records[position], why)
    return counts


async def _purchases(session: AsyncSession, actor: Actor, source: _Source, policy: Policy) -> Counter[Outcome]:
    await baskets.prepare(session)
    async for chunk in _chunks(source, clean_line):
        for position, why in await baskets.stage(session, chunk.rows):
            source.rejects.add(chunk.records[position], why)
    merged = await baskets.merge(session, policy, source.zone)
    if merged.since is not None:
        await enqueue(session, Job.ROLL_UP, {"since": merged.since.isoformat()}, created_by=actor.user_id)
    return merged.counts
