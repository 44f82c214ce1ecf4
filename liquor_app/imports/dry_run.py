"""Looking at a file, and trying it out: the very work an import does, rolled back at the end."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from dataclasses import dataclass, field, replace
from itertools import islice
from pathlib import Path
from typing import Any, NamedTuple
from uuid import UUID

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

from liquor_app.accounts.permission_table import Permission
from liquor_app.accounts.permissions import Actor, require
from liquor_app.core.errors import Invalid, Unknown
from liquor_app.core.files.folders import REJECT_FILES
from liquor_app.core.files.store import file_store
from liquor_app.core.ids import uuid7
from liquor_app.imports.cleaning.column_mapping import check_fields, guess_mapping, positions
from liquor_app.imports.cleaning.column_names import KINDS
from liquor_app.imports.cleaning.doubts.doubt import CHANGES_NOTHING, DOUBTS, ROW_KINDS, Doubt, check_answers
from liquor_app.imports.cleaning.orders.order_statuses import status_columns
from liquor_app.imports.cleaning.orders.store_numbers import NumbersBeginAnew, with_numbering
from liquor_app.imports.import_rows import Plan
from liquor_app.imports.merge_rows import Policy
from liquor_app.imports.models import AS_OF, NOES, TAKEN_BACK
from liquor_app.imports.open_import import open_work
from liquor_app.imports.orders.answered_before import Answers, answered_before
from liquor_app.imports.orders.came_back import came_back
from liquor_app.imports.orders.new_buyers import CREATE, OPTION, REFUSE
from liquor_app.imports.orders.store_orders import NOT_NUMBERED, Numbered, numbered_before
from liquor_app.imports.profiles.known_tools import chosen_profile, named_profile, told_for_all
from liquor_app.imports.profiles.tool_profile import put_together
from liquor_app.imports.readers.dialect import SHOP, Dialect, chosen_dialect, guess_dialect
from liquor_app.imports.readers.encoding import ENCODINGS, NO_LETTERS, Letters
from liquor_app.imports.readers.formats import open_table, read_as, read_sample
from liquor_app.imports.rejects import heading, reject_lines
from liquor_app.imports.trial.file_totals import Totals
from liquor_app.imports.trial.shown_rows import Shown
from liquor_app.organization.settings import GeneralSettings, load_settings

MAX_SHOWN = 2_000
"""Rows whose becoming is told one by one."""


@dataclass(frozen=True, slots=True)
class ImportReport:
    """What became of a file's rows: `created + updated + unchanged + rejected = rows`.

    `rows` counts those that hold anything, without the header. A repeated row counts as updated or unchanged. Lines
    of purchases count by what became of their basket; `orders` counts those baskets. `reasons` counts the rejected by
    code, `notes` what was left out of rows that were taken. `taken_back` are known orders the file calls voided or
    refunded in full: how many (`orders`), and what they came to (`sum`); empty for none. `doubts` are columns that are
    left out, may matter, and nobody answered for, in words.
    """

    rows: int
    created: int
    updated: int
    unchanged: int
    rejected: int
    reasons: dict[str, int]
    notes: dict[str, int]
    rejects_file: str | None
    orders: dict[str, int] = field(default_factory=dict)
    taken_back: dict[str, Any] = field(default_factory=dict)
    doubts: list[str] = field(default_factory=list)


class Sheets(NamedTuple):
    """Of a workbook the sheet that is read, and those that hold rows; empty for any other file."""

    read: str = ""
    held: tuple[str, ...] = ()


NO_BOOK = Sheets()


@dataclass(frozen=True, slots=True)
class FilePreview:
    """A file before it is imported: its columns, what they were taken for (field → column), its first rows, how it
    writes dates and numbers, and whose export it is (`profile`, a `Profile.key`; "" for nobody's we know). Columns that
    this puts together with others, or reads row kinds from, are `put_together`; `statuses` are those that say which
    rows of a file of purchases count."""

    columns: list[str]
    mapping: dict[str, str]
    rows: list[list[str]]
    dialect: Dialect
    profile: str = ""
    put_together: tuple[str, ...] = ()
    statuses: tuple[str, ...] = ()
    book: Sheets = NO_BOOK
    letters: Letters = NO_LETTERS


@dataclass(frozen=True, slots=True)
class Trial:
    """What an import would do. `shown` tells it row by row, in the file's order, where it was asked for.

    `totals` are the file's own beside what is made of it, of the rows that were tried; `unused` are columns that
    become nothing, `strangers` buyers nobody knows, whose lines are refused, `noes` rows that withdraw a consent or
    name an address that is written to no more.
    """

    report: ImportReport
    shown: list[Shown]
    totals: Totals
    unused: list[str]
    noes: int
    strangers: int = 0
    unheard: tuple[str, ...] = ()
    """Of `unused` those that may say who agreed, and who did not."""
    numbering: str = SHOP
    """How receipts are numbered, as the file was tried."""
    twice: tuple[str, ...] = ()
    """Of rows that name again what stood further up a few, in words."""
    asked: tuple[Doubt, ...] = ()
    """Columns that are left out and may matter, which nobody answered for."""


def check_choices(kind: str, policy: str) -> Policy:
    """Check, or raise Invalid: an unknown kind or policy; the message names the field."""
    if kind not in KINDS:
        raise Invalid(f"kind must be one of {', '.join(KINDS)}", field="kind")
    if policy not in set(Policy):
        raise Invalid(f"policy must be one of {', '.join(Policy)}", field="policy")
    return Policy(policy)


OPTIONS = (
    "date_order", "decimal", "numbering", "profile", "constants", OPTION, "sheet", "encoding",
    CHANGES_NOTHING, ROW_KINDS,
)  # fmt: skip
"""What somebody may choose; a drop folder adds `AS_OF`."""


def check_options(kind: str, mapping: Mapping[str, str], options: Mapping[str, Any]) -> None:
    """Check all that can be known wrong of what was chosen before the file is opened.

    Raises:
        Invalid: an unknown option, value, field or export; the message names the field.
    """
    if unknown := sorted(set(options) - {*OPTIONS, AS_OF}):
        raise Unknown(f"options: there is no {unknown[0][:40]!r}; known are {', '.join(OPTIONS)}", field="options")
    check_fields(mapping, kind)
    chosen_dialect(Dialect(), options)
    named_profile(kind, options)
    told_for_all(options, tuple(KINDS[kind]))
    check_answers(options)
    if "encoding" in options and options["encoding"] not in ENCODINGS:
        raise Invalid(f"encoding must be one of {' '.join(ENCODINGS)}", field="encoding")
    if not isinstance(options.get("sheet", ""), str):
        raise Invalid("sheet must be the name of a workbook's sheet", field="sheet")
    if OPTION in options and (kind != "purchases" or options[OPTION] not in (CREATE, REFUSE)):
        raise Invalid(f"{OPTION} must be {CREATE} or {REFUSE}, for a file of purchases", field=OPTION)


def inspect_file(
    path: Path,
    kind: str,
    *,
    rows: int = 5,
    mapping: Mapping[str, str] | None = None,
    options: Mapping[str, Any] | None = None,
    file_name: str = "",
    numbered: Numbered = NOT_NUMBERED,
) -> FilePreview:
    """Return the start of a file and how it was understood, for a person to confirm.

    Args:
        file_name: what it was called where it comes from, if not as `path` is.
        mapping: field → column, as far as it has been chosen; guessed from the columns' names and cells if not given.
        numbered: how imports before numbered receipts, by their columns (`store_orders.numbered_before`).

    Raises:
        Invalid: no such file, not one we read, unknown kind or option.
    """
    check_choices(kind, Policy.FILL)
    opened_as = read_as(options or {})
    with open_table(path, *opened_as) as file:
        shown = [[cell[:100] for cell in record.cells] for record in islice(file, max(0, min(rows, 50)))]
        columns, book, letters = file.columns, Sheets(file.sheet, file.sheets), file.letters
    profile = chosen_profile(columns, kind, options or {}, file_name or path.name)
    sample = read_sample(path, *opened_as)
    chosen = dict(mapping) if mapping else guess_mapping(columns, kind, profile, sample)
    at = positions(chosen, columns)
    guessed = guess_dialect(sample, at)
    if kind == "purchases":
        guessed = with_numbering(guessed, sample, at, columns, before=numbered.get(tuple(columns), ""))
    dialect = chosen_dialect(guessed, options or {})
    if profile is not None:
        together = tuple(put_together(profile, columns))
        return FilePreview(columns, chosen, shown, dialect, profile.key, together, (), book, letters)
    told = (options or {}).get(ROW_KINDS) or {}
    says = status_columns(columns, at, sample, told) if kind == "purchases" else {}
    return FilePreview(columns, chosen, shown, dialect, "", (), tuple(columns[place] for place in says), book, letters)


async def try_file(
    session: AsyncSession,
    actor: Actor,
    *,
    kind: str,
    path: Path,
    policy: str = Policy.FILL,
    mapping: Mapping[str, str] | None = None,
    options: Mapping[str, Any] | None = None,
    limit: int | None = None,
    watch: bool = False,
    tell: Callable[[int, int], Awaitable[None]] | None = None,
    keeps_rejects: bool = False,
    file_name: str = "",
) -> Trial:
    """Import a file (or its first `limit` rows) and take it back; nothing stays but the file of rejects.

    Args:
        watch: tell what would become of each row; only with a limit of at most `MAX_SHOWN`.
        tell: called with rows done and how many there are.
        keeps_rejects: keep the refused rows as a file.
        file_name: as `inspect_file`.

    Raises:
        Forbidden: the actor may only read.
        Invalid: no such file, not one we read, or columns or options that make no sense.
        Conflict: somebody else kept writing the same customers or orders; try again.
    """
    require(actor, Permission.IMPORTS_WRITE)
    chosen = check_choices(kind, policy)
    if watch and not (limit and limit <= MAX_SHOWN):
        raise Invalid(f"At most {MAX_SHOWN} rows can be shown one by one.", field="rows")
    shop = await load_settings(session, GeneralSettings)
    numbered, answers = await numbered_before(session, actor), await answered_before(session, actor, kind)
    plan = Plan(uuid7(), kind, chosen, path, file_name or path.name, dict(mapping or {}), dict(options or {}))
    how: dict[str, Any] = {"answers": answers, "limit": limit, "watch": watch, "tell": tell, "keeps": keeps_rejects}
    try:
        return await _try(session, actor, shop, plan, numbered, **how)
    except NumbersBeginAnew as anew:
        by_number = replace(plan, options={**plan.options, "numbering": anew.numbering})
        return await _try(session, actor, shop, by_number, numbered, **how)


async def _try(
    session: AsyncSession, actor: Actor, shop: GeneralSettings, plan: Plan, numbered: Numbered,
    *, answers: Answers, limit: int | None, watch: bool, tell: Callable[[int, int], Awaitable[None]] | None,
    keeps: bool,
) -> Trial:  # fmt: skip
    work = await open_work(
        plan, actor, shop, {}, limit=limit, watch=watch, totals=True, numbered=numbered, answers=answers
    )
    savepoint = await session.begin_nested()
    try:
        async with work:
            await session.execute(
                text(
                    "INSERT INTO imports (id, kind, file_name, file_key, status, policy, mapping)"
                    " VALUES (:id, :kind, '', '', 'running', :policy, CAST(:mapping AS jsonb))"
                ),
                {"id": plan.id, "kind": plan.kind, "policy": plan.policy, "mapping": json.dumps(plan.mapping)},
            )
            while await work.step(session):
                if tell:
                    await tell(*work.progress)
        found = await session.execute(
            text("SELECT rows, created, updated, unchanged, rejected, reasons, notes FROM imports WHERE id = :id"),
            {"id": plan.id},
        )
        counts = dict(found.mappings().one())
        kept = None
        if keeps and counts["rejected"]:
            kept = await keep_rejects(session, plan.id, work.position["columns"])
    finally:
        await savepoint.rollback()
    shown = sorted(work.shown, key=lambda row: row.record.number)
    assert work.own is not None
    back = came_back(work.position)
    totals = replace(work.own.totals(work.orders, work.money), back=back.all, back_beside=back.beside)
    report = ImportReport(
        **counts, rejects_file=kept, orders=work.position.get("orders", {}),
        taken_back=work.position.get(TAKEN_BACK, {}), doubts=work.position.get(DOUBTS, []),
    )  # fmt: skip
    return Trial(
        report, shown, totals, work.unused, int(work.position.get(NOES, 0)), len(work.strangers), tuple(work.unheard),
        work.numbering,
        tuple(work.position.get("twice", ())),
        tuple(work.doubts),
    )  # fmt: skip


async def keep_rejects(session: AsyncSession, import_id: UUID, columns: list[str]) -> str:
    """Keep the refused rows as a file of the store; returns where it lies."""

    async def pieces() -> AsyncIterator[bytes]:
        yield heading(columns).encode()
        after: int | None = -1
        while after is not None:
            lines, after = await reject_lines(session, import_id, columns, after)
            yield "".join(lines).encode()

    key = REJECT_FILES.key(import_id, "csv")
    await file_store().put(key, pieces())
    return file_store().where(key)
