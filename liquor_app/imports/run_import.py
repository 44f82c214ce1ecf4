"""A file on its way in: a chunk a step, a step a transaction, the checkpoint in the same one.

Whoever drives it opens a transaction for each step (see `drive` in `imports.tasks`), or one for all of them to try a
file out. A step that was rolled back never happened, and one that was committed is never done again: the rows, the
refused rows, the counts and the position stand or fall together. So a lost worker loses and doubles nothing.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from decimal import Decimal
from functools import partial
from itertools import islice
from pathlib import Path
from typing import Any, Self
from uuid import UUID
from zoneinfo import ZoneInfo

from psycopg.errors import UniqueViolation
from sqlalchemy import text
from sqlalchemy.exc import IntegrityError
from sqlalchemy.ext.asyncio import AsyncSession

from liquor_app.accounts.models import Role
from liquor_app.accounts.permissions import Actor, require
from liquor_app.core.bulk import by_index, unnest
from liquor_app.core.clock import now
from liquor_app.core.errors import Conflict, Invalid
from liquor_app.customers.bulk_write import Raced
from liquor_app.customers.labels.custom_fields import ensure_fields
from liquor_app.customers.labels.custom_values import MOST_LETTERS, FieldKind, split_name
from liquor_app.imports import basket_lines, customer_rows, product_rows
from liquor_app.imports.chunks import Chunk, Chunks, take_rows
from liquor_app.imports.cleaning.column_mapping import CONSENTS, KINDS, check_mapping
from liquor_app.imports.cleaning.line_rows import Line
from liquor_app.imports.cleaning.order_shape import check_rows
from liquor_app.imports.cleaning.rows import NOTES, TOO_MANY_TAGS, CleanProduct, Person, Setting
from liquor_app.imports.cleaning.sale_rows import MADE, PACKED, SaleRows
from liquor_app.imports.merge_rows import KEYS, Outcome, Policy
from liquor_app.imports.models import AS_OF
from liquor_app.imports.profiles.known_tools import chosen_profile, extra_cells
from liquor_app.imports.profiles.tool_profile import Make, Profile, put_together
from liquor_app.imports.readers.dialect import Dialect, chosen_dialect, guess_dialect
from liquor_app.imports.readers.formats import READING, open_table, read_sample
from liquor_app.imports.readers.row_reader import Record, Table
from liquor_app.imports.rejects import OWN_COLUMNS, Reject, raw_of, write_rejects
from liquor_app.imports.trial.becoming import Becoming, basket_becomes
from liquor_app.imports.trial.file_totals import FileTotals
from liquor_app.organization.settings import GeneralSettings

TRIES = 3
ROWS, ORDERS, WHOLE, DONE = "rows", "orders", "whole", "done"
"""What is being done: reading rows; making orders of waiting lines; filling in the good lines of refused orders."""

_RAWS = unnest("k", number="int", raw="text")


@dataclass(frozen=True, slots=True)
class Shown:
    """A row of a trial: what would become of it, and why not, or what of it is left out."""

    record: Record
    outcome: str
    field: str = ""
    reason: str = ""
    becomes: Becoming | None = None


@dataclass(frozen=True, slots=True)
class Plan:
    """An import as it was asked for, from its row in `imports`."""

    id: UUID
    kind: str
    policy: Policy
    path: Path
    file_name: str
    mapping: dict[str, str]
    options: dict[str, Any]


@dataclass(frozen=True, slots=True)
class Reading:
    """How a file's rows are read: which cell holds which field, and how cells are understood."""

    at: dict[str, int]
    how: Setting


class Work:
    """An import under way; make it with `open_work`."""

    def __init__(
        self, plan: Plan, actor: Actor, position: dict[str, Any], *, chunks: Chunks, reading: Reading, watch: bool
    ) -> None:
        self.plan = plan
        self.position = position
        self.shown: list[Shown] = []
        self._actor, self._reading = actor, reading
        self._chunks, self._watch = chunks, watch
        self._waiting: dict[int, Record] = {}
        self._again: Table | None = None
        self._records: Iterator[Record] = iter(())
        self._notes: Counter[str] = Counter()
        self.noes = self.orders = 0
        self.money = Decimal(0)
        self.own: FileTotals | None = None
        self.unused: list[str] = []

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_: object) -> None:
        await self._chunks.aclose()
        if self._again is not None:
            self._again.close()

    @property
    def progress(self) -> tuple[int, int]:
        """Rows done, and how many there are in all as far as one can tell. Orders count half for reading."""
        read, share = int(self.position["records"]), max(float(self.position["share"]), 1e-9)
        total = read if self.position["phase"] != ROWS else max(read, round(read / share))
        if self.plan.kind == "purchases":
            return (read + int(self.position["merged"])) // 2, total
        return read, total

    async def step(self, session: AsyncSession) -> bool:
        """Do one chunk; False when the file is done.

        Raises:
            Forbidden: the actor may only read.
            Invalid: the file cannot be read on.
            Conflict: somebody else goes on with this import, or keeps writing the same customers or orders.
        """
        require(self._actor, Role.MANAGER)
        # No step waits for the disk: should the machine fail, rows and checkpoint are both those of an earlier step.
        # The commit that says the import is done does wait, and by that for everything before it.
        # And each statement is planned for its own five thousand keys: a plan for any keys, made while nothing is known
        # of a table that fills, compares each row with each of them.
        found = await session.execute(
            text(
                "SELECT status, position, set_config('synchronous_commit', 'off', true),"
                " set_config('plan_cache_mode', 'force_custom_plan', true) FROM imports WHERE id = :id FOR UPDATE"
            ),
            {"id": self.plan.id},
        )
        status, position, *_ = found.one()
        if status != "running" or (position or None) != (self.position if position else None):
            raise Conflict("This import was stopped, or another worker goes on with it.")
        self.position = dict(self.position)
        counts: Counter[Outcome] = Counter()
        rejects: list[Reject] = []
        self._notes = Counter()
        try:
            if self.position["phase"] == ROWS:
                counts, rejects = await self._rows(session)
            elif self.position["phase"] == ORDERS:
                counts = await self._orders(session)
            elif self.position["phase"] == WHOLE:
                await self._whole(session)
        except (UniqueViolation, IntegrityError, Raced) as error:
            raise Conflict("Somebody else kept changing the same customers or orders. Please try again.") from error
        await write_rejects(session, self.plan.id, rejects)
        await self._advance(session, counts, rejects)
        return bool(self.position["phase"] != DONE)

    async def _advance(self, session: AsyncSession, counts: Counter[Outcome], rejects: Sequence[Reject]) -> None:
        reasons = Counter(one.why.code for one in rejects)
        if self._watch:
            self.shown += [Shown(one.record, "rejected", one.why.field, one.why.reason) for one in rejects]
        await session.execute(
            text(
                "UPDATE imports SET position = CAST(:position AS jsonb), rows = rows + :taken + :rejected,"
                " created = created + :created, updated = updated + :updated, unchanged = unchanged + :unchanged,"
                " rejected = rejected + :rejected, reasons = (SELECT COALESCE(jsonb_object_agg(key, n), '{}') FROM"
                " (SELECT key, sum(CAST(value AS int)) AS n FROM (SELECT * FROM jsonb_each_text(reasons) UNION ALL"
                " SELECT * FROM jsonb_each_text(CAST(:reasons AS jsonb))) both_ GROUP BY key) summed),"
                " notes = (SELECT COALESCE(jsonb_object_agg(key, n), '{}') FROM"
                " (SELECT key, sum(CAST(value AS int)) AS n FROM (SELECT * FROM jsonb_each_text(notes) UNION ALL"
                " SELECT * FROM jsonb_each_text(CAST(:notes AS jsonb))) both_ GROUP BY key) summed) WHERE id = :id"
            ),
            {
                "id": self.plan.id,
                "position": json.dumps(self.position),
                "taken": sum(counts.values()),
                "rejected": len(rejects),
                "reasons": json.dumps(reasons),
                "notes": json.dumps(self._notes),
                **{outcome.value: counts[outcome] for outcome in Outcome},
            },
        )

    async def _rows(self, session: AsyncSession) -> tuple[Counter[Outcome], list[Reject]]:
        chunk = await self._chunks.next()
        self.position |= {"records": self.position["records"] + chunk.read, "share": round(chunk.share, 6)}
        if not chunk.read:
            self.position |= {"phase": ORDERS if self.plan.kind == "purchases" else DONE, "share": 1.0}
            return Counter(), []
        if self.plan.kind == "customers":
            counts, refused = await self._customers(session, chunk)
        elif self.plan.kind == "products":
            counts, refused = await self._products(session, chunk)
        else:
            counts, refused = Counter(), await self._lines(session, chunk)
            self._notes = chunk.left_out
        return counts, chunk.rejects + refused

    async def _customers(self, session: AsyncSession, chunk: Chunk) -> tuple[Counter[Outcome], list[Reject]]:
        rows = [row for row in chunk.rows if isinstance(row, Person)]
        keys = {key: [str(row.values[key]) for row in rows if key in row.values] for key in KEYS}
        consents = any(name in self._reading.at for name in CONSENTS)
        for attempt in range(1, TRIES + 1):
            try:
                async with session.begin_nested(), by_index(session):
                    await ensure_fields(session, self._custom)
                    base = await customer_rows.load_known(session, keys, consents=consents)
                    merge = partial(customer_rows.merge, watch=self._watch)
                    result = await READING.run(merge, base, rows, self.plan.policy)
                    await customer_rows.write(session, base, self._actor.user_id, self.plan.file_name, self.plan.id)
                    left_out = await customer_rows.write_tags(session, base, result, self.plan.id)
                break
            except (UniqueViolation, Raced):
                if attempt == TRIES:
                    raise
        self._notes = Counter(note for row in rows for note in row.notes)
        if left_out:
            self._notes[TOO_MANY_TAGS] += left_out
        self.noes += sum(row.says_no for row in rows)
        if self._watch:
            self.shown += [
                Shown(
                    chunk.records[at], one.value, reason=" ".join(NOTES[note] for note in rows[at].notes),
                    becomes=result.becoming.get(at),
                )
                for at, one in result.outcomes.items()
            ]  # fmt: skip
        return Counter(result.outcomes.values()), [Reject(chunk.records[at], why) for at, why in result.rejected]

    @property
    def _custom(self) -> list[tuple[FieldKind, str, str]]:
        """Custom fields the file fills: kind, key, and the column's name, which a new one takes."""
        named = [(split_name(name), column) for name, column in self.plan.mapping.items()]
        return [(*name, " ".join(column.split())[:MOST_LETTERS]) for name, column in named if name is not None]

    @property
    def _as_of(self) -> datetime:
        """When what the file says was so: now, unless it lay in a drop folder for a while."""
        now_is = self._reading.how.now
        told = self.plan.options.get(AS_OF)
        return min(now_is, datetime.fromisoformat(told)) if isinstance(told, str) else now_is

    async def _products(self, session: AsyncSession, chunk: Chunk) -> tuple[Counter[Outcome], list[Reject]]:
        rows = [row for row in chunk.rows if isinstance(row, CleanProduct)]
        outcomes, rejected = await product_rows.write(
            session, rows, policy=self.plan.policy, file_name=self.plan.file_name, at=self._as_of
        )
        self._notes = Counter(note for row in rows for note in row.notes)
        if self._watch:
            self.shown += [
                Shown(chunk.records[at], one.value, reason=" ".join(NOTES[note] for note in rows[at].notes))
                for at, one in outcomes.items()
            ]
        return Counter(outcomes.values()), [Reject(chunk.records[at], why) for at, why in rejected]

    async def _lines(self, session: AsyncSession, chunk: Chunk) -> list[Reject]:
        rows = [row for row in chunk.rows if isinstance(row, Line)]
        async with by_index(session):
            refused = await basket_lines.stage(session, self.plan.id, rows, mended=bool(self.position["mended"]))
        if self._watch:
            self._waiting |= {row.number: record for row, record in zip(rows, chunk.records, strict=True)}
        # of a row that packs several lines one tells
        told = {chunk.records[at].number: (chunk.records[at], why) for at, why in reversed(refused)}
        return [Reject(record, why, self._chunks.order_of(record)) for record, why in reversed(told.values())]

    async def _orders(self, session: AsyncSession) -> Counter[Outcome]:
        merged = await basket_lines.merge(
            session, self.plan.id, self.plan.policy, self._reading.how.zone, self.position["order"], watch=self._watch
        )
        if merged is None:
            self.position |= {"phase": WHOLE if self.position["whole"] else DONE, "order": ""}
            return Counter()
        if self._watch:
            self.shown += [
                Shown(self._waiting[one.row_number], one.outcome, becomes=basket_becomes(one))
                for one in merged.rows
                if one.row_number > 0
            ]
        self.orders, self.money = self.orders + merged.orders, self.money + merged.total
        days = [day for day in (self.position["since"], merged.since and merged.since.isoformat()) if day]
        self.position |= {
            "order": merged.upto,
            "merged": self.position["merged"] + sum(merged.counts.values()),
            "since": min(days, default=None),
            "whole": self.position["whole"] + merged.kept_whole,
            "sum": str(Decimal(self.position.get("sum") or 0) + merged.total),
        }
        return merged.counts

    async def _whole(self, session: AsyncSession) -> None:
        """Read the file once more, a chunk a step, for the good lines of orders that have a refused one."""
        if self._again is None:
            self._again = await READING.run(open_table, self.plan.path)
            self._records = islice(self._again, self.position["again"], None)
        again, following = self._again, self._records
        records = await READING.run(lambda: take_rows(again, following))
        if not records:
            self.position["phase"] = DONE
            return
        self.position["again"] += len(records)
        found = await session.execute(
            text(
                "SELECT row_number FROM import_rejects WHERE import_id = :id AND raw = '{}'"
                " AND row_number BETWEEN :first AND :last"
            ),
            {"id": self.plan.id, "first": records[0].number, "last": records[-1].number},
        )
        wanted = set(found.scalars())
        raws = {record.number: raw_of(record) for record in records if record.number in wanted}
        if raws:
            await session.execute(
                text(
                    f"UPDATE import_rejects r SET raw = CAST(k.raw AS jsonb) FROM {_RAWS}"
                    " WHERE r.import_id = :id AND r.row_number = k.number"
                ),
                {**_RAWS.bind(number=raws, raw=raws.values()), "id": self.plan.id},
            )


def start_position(columns: Sequence[str]) -> dict[str, Any]:
    """Return the checkpoint of a file not begun yet. `mended` marks a file of rejects of ours that comes back,
    `traced` that what it makes and changes can be undone."""
    return {
        "phase": ROWS, "records": 0, "share": 0.0, "columns": list(columns), "order": "", "merged": 0, "since": None,
        "whole": 0, "again": 0, "mended": all(name in columns for name in OWN_COLUMNS), "traced": True,
    }  # fmt: skip


async def open_work(
    plan: Plan,
    actor: Actor,
    shop: GeneralSettings,
    position: dict[str, Any],
    *,
    limit: int | None = None,
    watch: bool = False,
    totals: bool = False,
) -> Work:
    """Return the work of an import from its checkpoint on (`position` is empty for one not begun). A corridor.

    Args:
        shop: whose clock and whose money cells are read by.
        limit: try only so many rows.
        watch: note in `shown` what becomes of each row; for trials.
        totals: add up the file as it stands, too; for trials.

    Raises:
        Invalid: not a file we read, columns or options that make no sense, or purchases whose rows are not all lines.
    """

    def prepare() -> tuple[Table, dict[str, int], Dialect, list[Make], Profile | None]:
        table = open_table(plan.path)
        try:
            profile = chosen_profile(table.columns, plan.kind, plan.options)
            made = extra_cells(profile, table.columns, plan.options, tuple(KINDS[plan.kind]))
            if profile and profile.refuses:
                raise Invalid(profile.refuses, field="profile")
            sales = profile.sales if profile else None
            behind = [*MADE, *made, *(PACKED if sales.packed else ())] if sales else list(made)
            sample = read_sample(plan.path)
            at = check_mapping(plan.mapping, table.columns, plan.kind, profile=profile, made=behind, sample=sample)
            if plan.kind == "purchases" and sales is None:
                check_rows(table.columns, at, sample)
            own = {field: position for field, position in at.items() if position < len(table.columns)}
            return table, at, chosen_dialect(guess_dialect(sample, own), plan.options), list(made.values()), profile
        except BaseException:
            table.close()
            raise

    table, at, dialect, made, profile = await READING.run(prepare)
    sales = profile.sales if profile else None
    zone = ZoneInfo(shop.timezone)
    how = Setting(zone, now().astimezone(UTC), dialect.date_order, dialect.decimal, shop.currency)
    position = position or start_position(table.columns)
    rows = SaleRows(sales, table.columns, made, dialect.decimal) if sales else None
    own = FileTotals(table.columns, at, dialect.decimal, sales) if totals else None
    chunks = Chunks(
        table, plan.kind, at, how, made=made, sales=rows, skip=int(position["records"]), limit=limit,
        see=own.see if own else None,
    )  # fmt: skip
    work = Work(plan, actor, position, chunks=chunks, reading=Reading(at, how), watch=watch)
    work.own = own
    used = {
        *at.values(),
        *(table.columns.index(one) for one in (put_together(profile, table.columns) if profile else ())),
    }
    work.unused = [one for place, one in enumerate(table.columns) if place not in used and one not in OWN_COLUMNS]
    return work
