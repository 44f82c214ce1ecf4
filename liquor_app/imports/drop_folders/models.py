"""Drop folders, and what came in them."""

from __future__ import annotations

import hashlib
from datetime import datetime
from enum import StrEnum
from typing import Any
from uuid import UUID

from sqlalchemy import BigInteger, Column, Index, text
from sqlmodel import Field, SQLModel

from liquor_app.core.columns import choice, document, flag, moment, pk, ref, stamped, whole, words
from liquor_app.core.platform.named_in import named_in, names_them
from liquor_app.core.platform.personal_data import Mention, Personal
from liquor_app.core.states import Transitions


class DropStatus(StrEnum):
    WAITING = "waiting"
    """Seen, and left to become whole: it is read when it looks the same twice."""
    TAKEN = "taken"
    """Handed to the importer; what became of it is its import's status."""
    REPEATED = "repeated"
    """Its content was imported before."""
    FAILED = "failed"
    """Not read; the reason says why."""
    DISCARDED = "discarded"
    """It failed, and somebody said to leave it out."""


DROP = Transitions(
    "file",
    {
        DropStatus.WAITING: [DropStatus.TAKEN, DropStatus.REPEATED, DropStatus.FAILED],
        # tried again, on somebody's word
        DropStatus.FAILED: [DropStatus.WAITING, DropStatus.TAKEN, DropStatus.DISCARDED],
        # taken, and its import failed
        DropStatus.TAKEN: [DropStatus.TAKEN, DropStatus.DISCARDED],
    },
)


class DropSource(SQLModel, table=True):
    """A folder below the drop root that one till lays one kind of file in."""

    __tablename__ = "drop_sources"
    __table_args__ = (Index("uq_drop_sources_folder", text("lower(folder)"), unique=True),)

    id: UUID = pk()
    name: str = words(unique=True)
    folder: str = words()
    kind: str = words()
    policy: str = words(default="fill")
    options: dict[str, Any] = document(empty="{}")
    every_minutes: int = whole(default=15)
    silent_hours: int | None = whole(nullable=True)
    """Longer than this without a file is told; None: it may be silent."""
    is_paused: bool = flag()
    problem: str | None = words(nullable=True)
    """Why the last look could not be taken."""
    looked_at: datetime | None = moment()
    next_look_at: datetime = stamped()
    silence_told_at: datetime | None = moment()
    created_at: datetime = stamped()


class DropFile(SQLModel, table=True):
    """A file that came. Once it waits no longer, its name, size and time are never read again."""

    __tablename__ = "drop_files"
    __table_args__ = (
        Index("uq_drop_files_seen", "source_id", "name", "size", "modified", unique=True),
        Index("uq_drop_files_waiting", "source_id", "name", unique=True, postgresql_where=text("status = 'waiting'")),
        Index("ix_drop_files_mark", "source_id", "mark"),
        Index("ix_drop_files_source", "source_id", "seen_at"),
        Index("ix_drop_files_seen", "seen_at", "id"),
    )

    id: UUID = pk()
    source_id: UUID = ref("drop_sources.id")
    name: str = words()
    size: int = Field(sa_column=Column(BigInteger, nullable=False))
    modified: datetime = moment(nullable=False)
    looks: int = whole(default=1)
    """How often it looked the same."""
    mark: str | None = words(nullable=True)
    """SHA-256 of its content."""
    status: DropStatus = choice("status", DropStatus, DropStatus.WAITING)
    reason: str | None = words(nullable=True)
    import_id: UUID | None = ref("imports.id", ondelete="SET NULL", nullable=True)
    seen_at: datetime = stamped()


def hidden_name(source_id: UUID, name: str) -> str:
    """Return what stands for a file's name that named somebody who was erased: it is known again, and names nobody."""
    return f"erased {hashlib.sha256(f'{source_id}{name}'.encode()).hexdigest()}"


_TOLD, _CALLED = names_them("concat_ws(' ', name, reason)", ":words"), names_them("name")
PERSONAL = (
    Personal(
        "drop_files",
        rows=f"SELECT name, reason, seen_at FROM drop_files WHERE {_TOLD}",
        scrub=f"UPDATE drop_files SET reason = NULL WHERE {names_them('reason', ':words')}",
        why="that a file came",
    ),
)
"""What rows hold of a person."""

MENTIONS = (
    named_in("drop_sources", ("name", "problem"), ("options",), unique=("name",), name="name"),
    # one that waits is noted anew while it lies there; one that was settled is known again by `hidden_name`
    Mention(
        "drop_files",
        rows=f"SELECT id, status AS name FROM drop_files WHERE {_CALLED} ORDER BY id",
        scrub=f"WITH gone AS (DELETE FROM drop_files WHERE status = 'waiting' AND {_CALLED})"
        " UPDATE drop_files SET name = 'erased ' || encode(sha256(convert_to(CAST(source_id AS text) || name, 'UTF8')),"
        f" 'hex') WHERE status <> 'waiting' AND {_CALLED}",
    ),
    Mention(
        "drop_sources",  # it lies on the shop's own disk
        rows="SELECT id, folder AS name FROM drop_sources WHERE folder ~* :named ORDER BY folder",
        link="/settings/drop-folders",
    ),
)
"""Where the shop's own words may name somebody."""
