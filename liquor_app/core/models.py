"""Jobs: the outbox of background work and its progress."""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum
from typing import Any
from uuid import UUID

from sqlalchemy import Index, text
from sqlmodel import SQLModel

from liquor_app.core.columns import blob, choice, document, flag, moment, pk, plain_uuid, stamped, whole, words
from liquor_app.core.platform.named_in import names_them
from liquor_app.core.platform.personal_data import Personal
from liquor_app.core.platform.retention import Kept
from liquor_app.core.states import Transitions


class JobStatus(StrEnum):
    QUEUED = "queued"
    RUNNING = "running"
    SUCCEEDED = "succeeded"
    FAILED = "failed"
    CANCELLED = "cancelled"


UNFINISHED = (JobStatus.QUEUED, JobStatus.RUNNING)


JOB = Transitions(
    "job",
    {
        JobStatus.QUEUED: [JobStatus.RUNNING, JobStatus.CANCELLED],
        # running anew: its worker died, and another one took it
        JobStatus.RUNNING: [JobStatus.RUNNING, JobStatus.SUCCEEDED, JobStatus.FAILED, JobStatus.CANCELLED],
    },
)


class JobRecord(SQLModel, table=True):
    """One piece of background work. Written in the transaction that asked for it; ARQ only rings the bell."""

    __tablename__ = "jobs"
    __table_args__ = (
        Index("ix_jobs_open", "status", "created_at", postgresql_where=text("status IN ('queued', 'running')")),
        Index(
            "uq_jobs_dedupe_queued",
            "name",
            "dedupe_key",
            unique=True,
            postgresql_where=text("dedupe_key IS NOT NULL AND status = 'queued'"),
        ),
        Index(
            "uq_jobs_dedupe_running",
            "name",
            "dedupe_key",
            unique=True,
            postgresql_where=text("dedupe_key IS NOT NULL AND status = 'running'"),
        ),
    )

    id: UUID = pk()
    name: str = words()
    args: dict[str, Any] = document(empty="{}")
    status: JobStatus = choice("status", JobStatus, JobStatus.QUEUED)
    dedupe_key: str | None = words(nullable=True)
    attempt: int = whole()
    done: int = whole()
    total: int = whole()
    message: str | None = words(nullable=True)
    result: dict[str, Any] | None = document()
    error: str | None = words(nullable=True)
    cancel_requested: bool = flag()
    created_by: UUID | None = plain_uuid()
    lease_until: datetime | None = moment()
    created_at: datetime = stamped()
    started_at: datetime | None = moment()
    finished_at: datetime | None = moment()


class SealedSecret(SQLModel, table=True):
    """A secret of the shop's own that no rotation changes, encrypted under the ring."""

    __tablename__ = "sealed_secrets"

    name: str = words(primary=True)
    value_encrypted: bytes = blob(nullable=False)
    created_at: datetime = stamped()


KEPT = (Kept("jobs", "finished_at", 90, only="t.status NOT IN ('queued', 'running')"),)
"""How long rows are kept."""

_NAMED = names_them("concat_ws(' ', args, message, result, error)", ":words")
PERSONAL = (
    Personal(
        "jobs",
        rows=f"SELECT id, name, args, message, result, error, created_at FROM jobs WHERE {_NAMED}",
        scrub="UPDATE jobs SET args = CASE WHEN concat_ws(' ', args, message, result, error) ~* :words"
        " THEN jsonb_build_object() ELSE args - 'search' - 'filters' END, message = NULL, error = NULL,"
        " result = CASE WHEN CAST(result AS text) ~* :words THEN NULL ELSE result END"
        # the files of exports are gone, and who was looked for in a list may be told by a surname alone
        f" WHERE {_NAMED}"
        " OR (name = 'export_rows' AND finished_at IS NOT NULL AND args ? 'search')",
        why="that work was done",
    ),
)
"""What rows hold of a person."""
