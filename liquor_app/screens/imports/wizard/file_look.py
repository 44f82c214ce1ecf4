"""Looking at a file before it is imported: how it writes, and what would become of its first rows."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from liquor_app.accounts.permissions import Actor
from liquor_app.core.db import transaction
from liquor_app.core.errors import AppError
from liquor_app.core.files.store import file_store
from liquor_app.imports.cleaning.answers.heard_columns import field_of
from liquor_app.imports.cleaning.doubts.doubt import ROW_KINDS
from liquor_app.imports.dry_run import FilePreview, Trial, inspect_file, try_file
from liquor_app.imports.import_rows import ImportRow, stored_file
from liquor_app.imports.orders.store_orders import numbered_before
from liquor_app.imports.profiles.known_tools import PROFILES
from liquor_app.imports.readers.dialect import is_slashed
from liquor_app.imports.readers.formats import READING, read_as
from liquor_app.imports.trial.likely_kind import likely_kind_of
from liquor_app.imports.trial.shown_rows import TRIED_ROWS
from liquor_app.organization.settings import shop_now, shop_today
from liquor_app.screens.imports.wizard.said_of_all import NOTHING, mistakes
from liquor_app.screens.imports.wizard.trial_view import (
    TrialLine,
    trial_lines,
)


@dataclass(frozen=True, slots=True)
class Question:
    """What a file is looked at for: as it comes (`mapping` None), or with what was chosen so far."""

    row: ImportRow
    policy: str
    mapping: dict[str, str] | None
    options: dict[str, Any]
    """What is not chosen is read as the file itself seems to say."""
    saved: Mapping[str, str] = field(default_factory=dict)
    """What its columns were before the page was left, where they are looked at for the first time."""


@dataclass(frozen=True, slots=True)
class Answer:
    """What was seen: `problem` says in words why no more than this was."""

    first: FilePreview | None = None
    """The columns and their examples, where the file had just come."""
    seen: FilePreview | None = None
    tried: Trial | None = None
    problem: str = ""
    lines: tuple[TrialLine, ...] = ()
    """What becomes of the rows that were tried."""
    meant: str = ""
    """What the file rather holds than what was said."""
    has_slashes: bool = True
    wrong: dict[str, str] = field(default_factory=lambda: dict(NOTHING))
    """What is wrong with what was said of everybody, by field."""


def told_of_all(constants: Mapping[str, str], said: Mapping[str, str]) -> dict[str, Any]:
    """Return the options of what was said of a file as a whole; what is empty was not said."""
    held = {name: value for name, value in constants.items() if value}
    return {**({"constants": held} if held else {}), **{name: value for name, value in said.items() if value}}


async def look_at(actor: Actor, question: Question) -> Answer:
    """Open the file, read how it writes, import its first rows for trial and take them back."""
    row = question.row
    first: FilePreview | None = None
    seen: FilePreview | None = None
    meant = ""
    wrong = dict(NOTHING)
    try:
        async with file_store().on_disk(stored_file(row)) as path:
            if question.mapping is None:
                meant = await READING.run(likely_kind_of, path, row.kind, *read_as(question.options))
            told = question.options
            async with transaction() as session:
                numbered = await numbered_before(session, actor)
            whole: dict[str, Any] = {
                name: told[name] for name in ("profile", "constants", "sheet", "encoding", ROW_KINDS) if name in told
            }
            if question.mapping is None:
                seen = first = await READING.run(
                    inspect_file, path, row.kind, options=whole, file_name=row.file_name,
                    numbered=numbered,
                )  # fmt: skip
                if question.saved and set(question.saved.values()) <= set(first.columns):
                    seen = first = replace(first, mapping=dict(question.saved))
            else:
                seen = await READING.run(
                    inspect_file, path, row.kind, rows=0, mapping=question.mapping, options=whole,
                    file_name=row.file_name, numbered=numbered,
                )  # fmt: skip
            mapping = seen.mapping if question.mapping is None else question.mapping
            written = seen.dialect
            async with transaction() as session:
                today = await shop_today(session)
            made = PROFILES[seen.profile].made if seen.profile else ()
            wrong = mistakes(told.get("constants") or {}, row.kind, {*map(field_of, mapping), *made}, today)
            options = {"date_order": written.date_order, "decimal": written.decimal} | told
            async with transaction() as session:
                tried = await try_file(
                    session, actor, kind=row.kind, path=path, policy=question.policy, mapping=mapping,
                    options=options, limit=TRIED_ROWS, watch=True, file_name=row.file_name,
                )  # fmt: skip
                slashes = any(is_slashed(cell) for one in tried.shown for cell in one.record.told)
                lines = trial_lines(tried.shown, await shop_now(session), seen.columns, seen.mapping)
    except AppError as problem:
        return Answer(first, seen, problem=problem.message, meant=meant, wrong=wrong)
    return Answer(first, seen, tried, lines=tuple(lines), meant=meant, wrong=wrong, has_slashes=slashes)
