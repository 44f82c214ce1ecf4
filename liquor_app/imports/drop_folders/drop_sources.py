"""Drop folders: made, changed, paused, taken away."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import MISSING, dataclass, field, fields
from datetime import datetime
from typing import Annotated, Any
from uuid import UUID

from pydantic import Field
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

from liquor_app.accounts.audit import audit, audit_change
from liquor_app.accounts.permission_table import Permission
from liquor_app.accounts.permissions import Actor, require
from liquor_app.core.errors import Conflict, Full, Invalid, NotFound, Taken
from liquor_app.core.files.drop_root import clean_folder
from liquor_app.core.ids import uuid7
from liquor_app.core.queue import Job, enqueue
from liquor_app.core.states import sql_list
from liquor_app.customers.visible_text import visible
from liquor_app.imports.cleaning.column_names import KINDS
from liquor_app.imports.drop_folders.models import DropStatus
from liquor_app.imports.dry_run import OPTIONS, check_choices, check_options
from liquor_app.imports.models import ImportStatus
from liquor_app.imports.orders.new_buyers import OPTION
from liquor_app.imports.profiles.known_tools import PROFILES
from liquor_app.organization.form_mistakes import Mistakes

MAX_SOURCES = 50
LEAST_MINUTES, MOST_MINUTES = 5, 1_440
MOST_SILENT_HOURS = 24 * 31


Word = Annotated[str, Field(min_length=1, max_length=250)]


@dataclass(frozen=True, kw_only=True)
class HowRead:
    """Which folder, and how its files are read: what they hold, what becomes of what is known, an import's options."""

    folder: Word
    kind: Word
    policy: Word = "fill"
    options: dict[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, kw_only=True)
class DropFields(HowRead):
    """A drop folder as an admin sets it up. `silent_hours` None: its silence is not told."""

    name: Word
    every_minutes: Annotated[int, Field(ge=LEAST_MINUTES, le=MOST_MINUTES)] = 15
    silent_hours: Annotated[int, Field(ge=1, le=MOST_SILENT_HOURS)] | None = None
    is_paused: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class SourceRow(DropFields):
    """A drop folder, and how it goes: `last_at` is when its last file came, `is_silent` that it is longer ago than it
    should be; `failed` counts files of the last 30 days that failed and nobody has settled since."""

    id: UUID
    problem: str | None
    looked_at: datetime | None
    last_at: datetime | None
    is_silent: bool
    failed: int
    created_at: datetime


DEFAULTS: dict[str, Any] = {one.name: one.default for one in fields(DropFields) if one.default is not MISSING}
LAST = "(SELECT max(f.seen_at) FROM drop_files f WHERE f.source_id = t.id)"
SILENT = (
    f"(NOT t.is_paused AND t.silent_hours IS NOT NULL AND COALESCE({LAST}, t.created_at)"
    " < now() - make_interval(hours => t.silent_hours))"
)
UNSETTLED = (
    f"(SELECT count(*) FROM drop_files f LEFT JOIN imports i ON i.id = f.import_id WHERE f.source_id = t.id"
    f" AND f.seen_at > now() - interval '30 days' AND (f.status = '{DropStatus.FAILED}'"
    f" OR (f.status = '{DropStatus.TAKEN}' AND i.status IN"
    f" {sql_list(ImportStatus.FAILED, ImportStatus.CANCELLED, ImportStatus.PREVIEW)})))"
)
_SOURCE = f"""
SELECT t.id, t.name, t.folder, t.kind, t.policy, t.options, t.every_minutes, t.silent_hours, t.is_paused, t.problem,
       t.looked_at, {LAST} AS last_at, {SILENT} AS is_silent, {UNSETTLED} AS failed, t.created_at
  FROM drop_sources t WHERE t.id = :id
"""
_INSERT = """
INSERT INTO drop_sources (id, name, folder, kind, policy, options, every_minutes, silent_hours, is_paused)
VALUES (:id, :name, :folder, :kind, :policy, CAST(:options AS jsonb), :every_minutes, :silent_hours, :is_paused)
"""
_UPDATE = """
UPDATE drop_sources SET name = :name, folder = :folder, kind = :kind, policy = :policy,
       options = CAST(:options AS jsonb), every_minutes = :every_minutes, silent_hours = :silent_hours,
       is_paused = :is_paused, problem = NULL, silence_told_at = NULL, next_look_at = now()
 WHERE id = :id
"""


async def get_source(session: AsyncSession, actor: Actor, source_id: UUID) -> SourceRow:
    """Return one drop folder.

    Raises:
        Forbidden: the actor may only read customers.
        NotFound: there is none.
    """
    require(actor, Permission.IMPORTS_READ)
    row = (await session.execute(text(_SOURCE), {"id": source_id})).mappings().first()
    if row is None:
        raise NotFound("There is no such drop folder.")
    return SourceRow(**row)


async def create_source(session: AsyncSession, actor: Actor, told: Mapping[str, Any]) -> SourceRow:
    """Add a drop folder.

    Raises:
        Forbidden: the actor is not an admin.
        Invalid: a field makes no sense; the message names it.
        Conflict: the name or the folder is taken, or there are too many.
    """
    require(actor, Permission.IMPORTS_ADMIN)
    values = _cleaned({**DEFAULTS, **told})
    if (await session.execute(text("SELECT count(*) FROM drop_sources"))).scalar_one() >= MAX_SOURCES:
        raise Full(f"There are {MAX_SOURCES} drop folders already.")
    source_id = uuid7()
    await _refuse_taken(session, source_id, values)
    await session.execute(text(_INSERT), {**values, "options": json.dumps(values["options"]), "id": source_id})
    await audit(session, actor, "drop_folder.created", "drop_source", source_id, **values)
    return await get_source(session, actor, source_id)


async def update_source(session: AsyncSession, actor: Actor, source_id: UUID, told: Mapping[str, Any]) -> SourceRow:
    """Change a drop folder; what is not told stays. It is looked at anew.

    Raises:
        Forbidden, NotFound, Invalid, Conflict: as `create_source`.
    """
    require(actor, Permission.IMPORTS_ADMIN)
    before = _settable(await get_source(session, actor, source_id))
    values = _cleaned({**before, **told})
    await _refuse_taken(session, source_id, values)
    await session.execute(text(_UPDATE), {**values, "options": json.dumps(values["options"]), "id": source_id})
    await audit_change(session, actor, "drop_folder.updated", "drop_source", source_id, before=before, after=values)
    return await get_source(session, actor, source_id)


async def delete_source(session: AsyncSession, actor: Actor, source_id: UUID) -> None:
    """Forget a drop folder and its log; files and what was imported stay.

    Raises:
        Forbidden: the actor is not an admin.
        NotFound: there is none.
    """
    require(actor, Permission.IMPORTS_ADMIN)
    before = await get_source(session, actor, source_id)
    await session.execute(text("DELETE FROM drop_sources WHERE id = :id"), {"id": source_id})
    await audit(session, actor, "drop_folder.deleted", "drop_source", source_id, name=before.name, folder=before.folder)


async def request_look(session: AsyncSession, actor: Actor, source_id: UUID) -> UUID:
    """Have a drop folder looked at now; returns the job.

    Raises:
        Forbidden: the actor may only read.
        NotFound: there is none.
        Conflict: it is paused.
    """
    row = await get_source(session, actor, source_id)
    if row.is_paused:
        raise Conflict(f"{row.name} is paused. Go on with it first.")
    return await ask_look(session, source_id)


async def ask_look(session: AsyncSession, source_id: UUID) -> UUID:
    """Ask for a look, once however often it is asked. A corridor."""
    return await enqueue(session, Job.LOOK_DROP_FOLDER, {"source_id": str(source_id)}, dedupe_key=str(source_id))


def _settable(row: SourceRow) -> dict[str, Any]:
    return {one.name: getattr(row, one.name) for one in fields(DropFields)}


def _cleaned(told: Mapping[str, Any]) -> dict[str, Any]:
    """Return every field as it is stored.

    Raises:
        Invalid: the message names the field.
    """
    values: dict[str, Any] = {"is_paused": bool(told.get("is_paused"))}
    mistakes = Mistakes()
    for name, clean in _CLEAN.items():
        with mistakes.noted():
            values[name] = clean(told)
    mistakes.refuse()
    return values


def _clean_name(told: Mapping[str, Any]) -> str:
    name = told.get("name")
    name = " ".join(visible(name).split()) if isinstance(name, str) else ""
    if not 1 <= len(name) <= 80:
        raise Invalid("name must be a text of 1 to 80 characters", field="name")
    return name


def _clean_options(told: Mapping[str, Any]) -> dict[str, Any]:
    kind, options = str(told.get("kind") or ""), told.get("options") or {}
    if kind not in KINDS:
        return {}  # that is told of the kind
    if not isinstance(options, Mapping) or set(options) - set(OPTIONS):
        raise Invalid(f"options may be {', '.join(sorted(OPTIONS))}", field="options")
    if kind != "purchases":
        options = {name: value for name, value in options.items() if name not in (OPTION, "numbering")}
    check_options(kind, {}, {name: value for name, value in options.items() if name != "profile"})
    profile = options.get("profile")
    if profile and (str(profile) not in PROFILES or PROFILES[str(profile)].kind != kind):
        raise Invalid(f"profile must be one that tells of {kind}", field="profile")
    return dict(options)


def _clean_choices(told: Mapping[str, Any], which: str) -> str:
    check_choices(str(told.get("kind") or ""), str(told.get("policy") or ""))
    return str(told.get(which) or "")


def _clean_silence(told: Mapping[str, Any]) -> int | None:
    hours = told.get("silent_hours")
    return None if hours in (None, "") else _whole(hours, "silent_hours", 1, MOST_SILENT_HOURS)


_CLEAN: Mapping[str, Callable[[Mapping[str, Any]], Any]] = {
    "name": _clean_name,
    "folder": lambda told: clean_folder(told.get("folder")),
    "kind": lambda told: _clean_choices(told, "kind"),
    "policy": lambda told: _clean_choices(told, "policy"),
    "options": _clean_options,
    "every_minutes": lambda told: _whole(told.get("every_minutes"), "every_minutes", LEAST_MINUTES, MOST_MINUTES),
    "silent_hours": _clean_silence,
}
"""What reads each field; all are tried, so that all mistakes are told at once."""


def _whole(value: object, name: str, low: int, high: int) -> int:
    text_ = str(value).strip()
    if isinstance(value, bool) or not text_.isdecimal() or len(text_) > 6 or not low <= int(text_) <= high:
        raise Invalid(f"{name} must be a whole number from {low} to {high}", field=name)
    return int(text_)


async def _refuse_taken(session: AsyncSession, source_id: UUID, values: Mapping[str, Any]) -> None:
    found = await session.execute(
        text(
            "SELECT name, folder FROM drop_sources WHERE id <> :id AND (name = :name OR lower(folder) = lower(:folder))"
        ),
        {"id": source_id, "name": values["name"], "folder": values["folder"]},
    )
    if (other := found.first()) is not None:
        if other.name == values["name"]:
            raise Taken("A drop folder has this name already.", field="name")
        raise Taken(f"{other.name} has this folder already.", field="folder")
