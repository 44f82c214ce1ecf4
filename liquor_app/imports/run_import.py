"""A file on its way in: a chunk a step, a step a transaction, the checkpoint in the same one.

Whoever drives it opens a transaction for each step (see `drive` in `imports.tasks`), or one for all of them to try a
file out. A step that was rolled back never happened, and one that was committed is never done again: the rows, the
refused rows, the counts and the position stand or fall together. So a lost worker loses and doubles nothing.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from datetime import datetime
from decimal import Decimal
from itertools import islice
from typing import Any, Self

from psycopg.errors import UniqueViolation
from sqlalchemy.exc import IntegrityError
from sqlalchemy.ext.asyncio import AsyncSession

from liquor_app.accounts.permission_table import Permission
from liquor_app.accounts.permissions import Actor, require
from liquor_app.core.bulk import by_index
from liquor_app.core.errors import Meanwhile
from liquor_app.customers.bulk_write import By, Raced
from liquor_app.customers.labels.custom_values import MOST_LETTERS, FieldKind, split_name
from liquor_app.customers.voided_orders import ToldBy
from liquor_app.imports import checkpoint, customer_rows, product_rows
from liquor_app.imports.checkpoint import DONE, ORDERS, REFUSED, ROWS, UNNAMED, VOIDS, WHOLE
from liquor_app.imports.chunks import Chunk, Chunks, take_rows
from liquor_app.imports.cleaning.answers.heard_columns import OF_CONSENT, OF_EVIDENCE, field_of
from liquor_app.imports.cleaning.doubts.doubt import DOUBTS, Doubt
from liquor_app.imports.cleaning.file_setting import Reading
from liquor_app.imports.cleaning.line_rows import Line
from liquor_app.imports.cleaning.person_rows import Person
from liquor_app.imports.cleaning.products.product_cells import CleanProduct
from liquor_app.imports.cleaning.refusal_words import FileWords
from liquor_app.imports.cleaning.row_notes import ERASED, OTHER_SHEETS, REFUND_SHEETS
from liquor_app.imports.erased_rows import leave_out_erased
from liquor_app.imports.import_rows import Plan
from liquor_app.imports.merge_rows import Outcome, Policy
from liquor_app.imports.models import AS_OF, NOES, OWN, TAKEN_BACK, WARNED
from liquor_app.imports.orders import basket_lines, came_back, refused_orders, reversed_orders
from liquor_app.imports.orders.new_buyers import CREATE, MADE, OPTION, add_buyers, remove_without_orders
from liquor_app.imports.orders.store_orders import call_as_known
from liquor_app.imports.profiles.tool_profile import NOBODY, UNKNOWN_VOID
from liquor_app.imports.readers.dialect import SHOP
from liquor_app.imports.readers.formats import READING, open_table, read_as
from liquor_app.imports.readers.row_reader import Record, Table
from liquor_app.imports.rejects import Reject, write_rejects
from liquor_app.imports.trial.becoming import basket_becomes
from liquor_app.imports.trial.file_totals import FileTotals
from liquor_app.imports.trial.repeated_rows import RepeatedRows, product_keys
from liquor_app.imports.trial.shown_rows import Shown
from liquor_app.imports.warned.row_warnings import RowWarnings

UNKNOWN = "unknown_customer"


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
        self._warned: dict[int, str] = {}
        self._reversed: dict[str, Record] = {}
        self._again: Table | None = None
        self._records: Iterator[Record] = iter(())
        self._notes: Counter[str] = Counter()
        self.strangers: set[tuple[tuple[str, str], ...]] = set()
        """Whom lines name that were refused because nobody knows them; noted where the work is watched."""
        self.orders = 0
        self.money = Decimal(0)
        self.own: FileTotals | None = None
        later = plan.kind == "products"  # a product's later word counts under every policy
        repeated = RepeatedRows(Policy.OVERWRITE if later else plan.policy)
        self._warnings = RowWarnings(FileWords(position["columns"], reading.at, reading.made), repeated)
        self.unused: list[str] = []
        self.unheard: list[str] = []
        self.doubts: list[Doubt] = []
        self.other_sheets = self.refund_sheets = 0
        """Sheets of the workbook that hold rows and are not read."""
        self.of_letters = ""
        """The note on a file whose letters may be wrong."""
        self.tool = ""
        """Whose export the file is (`known_tools.tool_of`)."""
        self.births: tuple[int, ...] = ()
        """Places of the cells a date of birth is read from."""

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
        require(self._actor, Permission.IMPORTS_WRITE)
        await checkpoint.hold(session, self.plan.id, self.position)
        self.position = dict(self.position)
        counts: Counter[Outcome] = Counter()
        rejects: list[Reject] = []
        reasons: Counter[str] = Counter()
        self._notes = Counter()
        self._warnings.begin(self.position)
        try:
            if self.position["phase"] == ROWS:
                counts, rejects = await self._rows(session)
                reasons = Counter(one.why.code for one in rejects)
            elif self.position["phase"] == REFUSED:
                reasons = await self._refuse_orders(session)
            elif self.position["phase"] == ORDERS:
                counts = await self._orders(session)
            elif self.position["phase"] == WHOLE:
                await self._whole(session)
        except (UniqueViolation, IntegrityError, Raced) as error:
            raise Meanwhile("Somebody else kept changing the same customers or orders. Please try again.") from error
        rejects = [Reject(one.record, self._warnings.refusal(one.why), one.order_id) for one in rejects]
        await write_rejects(session, self.plan.id, rejects, self.births)
        if self._watch:
            self.shown += [Shown(one.record, "rejected", one.why.field, one.why.reason) for one in rejects]
        else:
            await self._warnings.write(session, self.plan.id, self.position)
        await checkpoint.advance(session, self.plan.id, self.position, counts, reasons=reasons, notes=self._notes)
        return bool(self.position["phase"] != DONE)

    async def _rows(self, session: AsyncSession) -> tuple[Counter[Outcome], list[Reject]]:
        chunk = await self._chunks.next()
        is_first = not self.position["records"]
        self.position |= {"records": self.position["records"] + chunk.read, "share": round(chunk.share, 6)}
        if is_first and self.doubts:
            self.position[DOUBTS] = [one.words for one in self.doubts]
        if not chunk.read:
            if self._chunks.later and (later := self._chunks.later.told()):
                self.position[DOUBTS] = [*self.position.get(DOUBTS, []), *later]
            self.position |= {"phase": REFUSED if self.plan.kind == "purchases" else DONE, "share": 1.0}
            if self.own is not None and (own := self.own.own):
                self.position[OWN] = own
            return Counter(), []
        if self._reading.how.by_store:
            self._chunks.known_as |= await call_as_known(session, chunk)
        erased = await leave_out_erased(session, chunk)
        if self.plan.kind == "customers":
            counts, refused = await self._customers(session, chunk)
        elif self.plan.kind == "products":
            counts, refused = await self._products(session, chunk)
        else:
            counts, refused = Counter(), await self._lines(session, chunk)
        self._notes.update({ERASED: erased} if erased else {})
        self._notes.update({self.of_letters: 1} if is_first and self.of_letters else {})
        self._notes.update({OTHER_SHEETS: self.other_sheets} if is_first and self.other_sheets else {})
        self._notes.update({REFUND_SHEETS: self.refund_sheets} if is_first and self.refund_sheets else {})
        return counts, chunk.rejects + refused

    async def _customers(self, session: AsyncSession, chunk: Chunk) -> tuple[Counter[Outcome], list[Reject]]:
        rows = [row for row in chunk.rows if isinstance(row, Person)]
        consents = any(field_of(name) in OF_CONSENT for name in self._reading.at)
        _, result, left_out = await customer_rows.store(
            session, rows, self.plan.policy, self._by, fields=self._custom, consents=consents, watch=self._watch,
            tool=self.tool,
        )  # fmt: skip
        self._notes = chunk.left_out + Counter(note for row in rows for note in row.notes) + left_out
        named = {at: str(rows[at].values.get("external_id") or "") for at in sorted(result.outcomes)}
        again = self._warnings.twice(
            {at: ([("Customer number", value)], chunk.records[at].number) for at, value in named.items()},
            self.position, self._notes,
        )  # fmt: skip
        self._warnings.keep(rows, chunk.records, again)
        self._count(NOES, sum(row.says_no for row in rows))
        self._count(WARNED, sum(bool(row.notes) for row in rows))
        if self._watch:
            self.shown += [
                Shown(
                    chunk.records[at], one.value,
                    reason=self._warnings.told(rows[at].notes, chunk.records[at], again.get(at)),
                    becomes=result.becoming.get(at),
                )
                for at, one in result.outcomes.items()
            ]  # fmt: skip
        return Counter(result.outcomes.values()), [Reject(chunk.records[at], why) for at, why in result.rejected]

    @property
    def numbering(self) -> str:
        """How the file numbers its receipts; one series where it has no column that tells of another."""
        return self._reading.how.numbering if self._reading.how.by_store else SHOP

    @property
    def _is_one_series(self) -> bool:
        """Whether receipts are taken for one series of numbers, which nobody said."""
        return not self._reading.how.by_store and "store" in self._reading.at and "numbering" not in self.plan.options

    @property
    def _by(self) -> By:
        said = self._reading.how.said_of_all & OF_EVIDENCE
        return By(self.plan.id, self.plan.file_name, self._actor.user_id, tuple(sorted(said)))

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
        before = await product_rows.products_of(session, rows) if self._watch else {}
        outcomes, rejected = await product_rows.write(
            session, rows, policy=self.plan.policy, file_name=self.plan.file_name, at=self._as_of,
            import_id=self.plan.id,
        )  # fmt: skip
        self._notes = chunk.left_out + Counter(note for row in rows for note in row.notes)
        again = self._warnings.twice(
            {at: (product_keys(rows[at].product), chunk.records[at].number) for at in sorted(outcomes)},
            self.position, self._notes,
        )  # fmt: skip
        self._count(WARNED, sum(bool(row.notes) for row in rows))
        self._warnings.keep(rows, chunk.records, again)
        if self._watch:
            after = await product_rows.products_of(session, rows)
            told = product_rows.becomings(rows, outcomes, self.plan.policy, before, after)
            self.shown += [
                Shown(
                    chunk.records[at], one.value,
                    reason=self._warnings.told(rows[at].notes, chunk.records[at], again.get(at)),
                    becomes=told[at],
                )
                for at, one in outcomes.items()
            ]  # fmt: skip
        return Counter(outcomes.values()), [Reject(chunk.records[at], why) for at, why in rejected]

    def _count(self, what: str, many: int) -> None:
        if many:
            self.position[what] = int(self.position.get(what, 0)) + many

    async def _lines(self, session: AsyncSession, chunk: Chunk) -> list[Reject]:
        rows = [row for row in chunk.rows if isinstance(row, Line)]
        mended = bool(self.position["mended"])
        made = await self._new_buyers(session, rows) if self.plan.options.get(OPTION) == CREATE else 0
        async with by_index(session):
            refused = await basket_lines.stage(
                session, self.plan.id, rows, mended=mended, one_series=self._is_one_series
            )
            if any(row.names_nobody for row in rows):
                self.position[UNNAMED] = True
            if any(row.voids for row in rows):
                self.position[VOIDS] = True
            if chunk.partial:
                orders = await basket_lines.order_ids(session, [line for _, line in chunk.partial], mended=mended)
                for (at, _), order in zip(chunk.partial, orders, strict=True):
                    one = chunk.rejects[at]
                    chunk.rejects[at] = Reject(one.record, one.why, order)
        if self._watch:
            self._waiting |= {row.number: record for row, record in zip(rows, chunk.records, strict=True)}
            self._warned |= {
                row.number: self._warnings.told(row.notes, record)
                for row, record in zip(rows, chunk.records, strict=True)
                if row.notes
            }
        times = [row.when.at for row in rows] + [one.line.when.at for one in chunk.reversals if one.line]
        if times:
            latest = max(times).isoformat()
            self.position["latest"] = max(latest, self.position.get("latest") or latest)
        self._notes = chunk.left_out + Counter({MADE: made} if made else {})
        self._notes.update(note for row in rows for note in row.notes)
        self._count(WARNED, sum(bool(row.notes) for row in rows))
        self._warnings.keep(rows, chunk.records, {})
        came_back.tally(self.position, rows, {at for at, _ in refused})
        if self._watch:
            self.strangers |= {
                tuple(basket_lines.given(rows[at]).items()) for at, why in refused if why.code == UNKNOWN
            }
        await self._reverse(session, chunk, mended)
        # of a row that packs several lines one tells
        told = {chunk.records[at].number: (chunk.records[at], why) for at, why in reversed(refused)}
        return [
            Reject(record, why, "" if why.code == basket_lines.ELSEWHERE else self._chunks.order_of(record))
            for record, why in reversed(told.values())
        ]

    async def _reverse(self, session: AsyncSession, chunk: Chunk, mended: bool) -> None:
        if not chunk.reversals:
            return
        rows, others = await reversed_orders.stage_reversals(session, self.plan.id, chunk.reversals, mended=mended)
        self._notes.update({reversed_orders.ANOTHERS: others} if others else {})
        if self._watch:
            self._reversed = rows | self._reversed

    async def _new_buyers(self, session: AsyncSession, rows: list[Line]) -> int:
        return await add_buyers(
            session, rows, file_name=self.plan.file_name, by=self._actor.user_id, import_id=self.plan.id
        )

    async def _refuse_orders(self, session: AsyncSession) -> Counter[str]:
        refused = await refused_orders.refuse_orders(session, self.plan.id)
        if self._watch:
            self.shown += [
                Shown(self._waiting[one.number], "rejected", "order_id", one.reason)
                for one in await refused_orders.refused_lines(session, self.plan.id)
            ]
        if self.position.get(VOIDS):
            self._leave_out(UNKNOWN_VOID, await basket_lines.leave_out_unknown_voids(session, self.plan.id))
        if self.plan.options.get(OPTION) == CREATE and (gone := await remove_without_orders(session, self.plan.id)):
            self._notes[MADE] -= gone
        if self.position.get(UNNAMED):
            unclaimed = await basket_lines.claim(session, self.plan.id)
            came_back.leave_out(self.position, unclaimed.total)
            self._leave_out(NOBODY, unclaimed)
        if refused:
            self.position.pop(came_back.CAME_BACK, None)
        self.position |= {"phase": ORDERS, "whole": refused, "merged": self.position["merged"] + refused}
        return Counter({refused_orders.CODE: refused} if refused else {})

    def _leave_out(self, why: str, gone: basket_lines.Gone) -> None:
        if gone.rows:
            self._notes[why] += gone.rows
        if self.own is not None:
            self.own.leave_out(gone.total)

    async def _orders(self, session: AsyncSession) -> Counter[Outcome]:
        latest = self.position.get("latest")
        told_by = ToldBy(self.plan.id, self._as_of, datetime.fromisoformat(latest) if latest else None)
        merged = await basket_lines.merge(
            session, told_by, self.plan.policy, self._reading.how.zone, self.position["order"], watch=self._watch
        )
        if merged is None:
            self.position |= {"phase": WHOLE if self.position["whole"] else DONE, "order": ""}
            return Counter()
        if self._watch:
            self.shown += [
                Shown(
                    self._waiting[one.row_number] if one.row_number else self._reversed[one.order_id],
                    one.outcome,
                    reason=self._warned.get(one.row_number, ""),
                    becomes=basket_becomes(one),
                    order=one.order_id,
                )
                for one in merged.rows
                if one.row_number >= 0
            ]
        self.orders, self.money = self.orders + merged.orders.total(), self.money + merged.total
        self._notes = merged.notes
        days = [day for day in (self.position["since"], merged.since and merged.since.isoformat()) if day]
        self.position |= {
            "order": merged.upto,
            "merged": self.position["merged"] + sum(merged.counts.values()),
            "since": min(days, default=None),
            "orders": dict(Counter(self.position.get("orders") or {}) + merged.orders),
            "sum": str(Decimal(self.position.get("sum") or 0) + merged.total),
        }
        if merged.taken_back.baskets:
            self.position[TAKEN_BACK] = reversed_orders.added(self.position.get(TAKEN_BACK), merged.taken_back)
        return merged.counts

    async def _whole(self, session: AsyncSession) -> None:
        """Read the file once more, a chunk a step, for the good lines of orders that have a refused one."""
        if self._again is None:
            self._again = await READING.run(open_table, self.plan.path, *read_as(self.plan.options))
            self._records = islice(self._again, self.position["again"], None)
        again, following = self._again, self._records
        records = await READING.run(lambda: take_rows(again, following))
        if not records:
            self.position["phase"] = DONE
            return
        self.position["again"] += len(records)
        await refused_orders.fill(session, self.plan.id, records)
