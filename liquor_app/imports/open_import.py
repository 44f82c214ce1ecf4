"""Open an import: its file, what its columns are, and the work of taking it in from its checkpoint on."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import suppress
from dataclasses import replace
from datetime import UTC
from typing import Any
from zoneinfo import ZoneInfo

from liquor_app.accounts.permissions import Actor
from liquor_app.core.clock import now
from liquor_app.core.errors import Invalid
from liquor_app.imports.checkpoint import start_position
from liquor_app.imports.chunks import Chunks
from liquor_app.imports.cleaning.answers.coded_columns import Codes, codes_of
from liquor_app.imports.cleaning.answers.refusals import noes_win
from liquor_app.imports.cleaning.column_mapping import check_mapping, guess_mapping, positions
from liquor_app.imports.cleaning.column_names import KINDS, births_of
from liquor_app.imports.cleaning.doubts.doubt import ROW_KINDS, told_kinds
from liquor_app.imports.cleaning.doubts.left_out import check_answered, left_out
from liquor_app.imports.cleaning.file_setting import Reading, Setting
from liquor_app.imports.cleaning.orders.customer_totals import check_is_of_purchases
from liquor_app.imports.cleaning.orders.discount_columns import ORDER_TOTAL, order_offs_of, percentages
from liquor_app.imports.cleaning.orders.money_names import given_back
from liquor_app.imports.cleaning.orders.no_goods import leave_out_no_goods
from liquor_app.imports.cleaning.orders.order_discounts import OrderDiscounts, order_refunds_of
from liquor_app.imports.cleaning.orders.order_shape import check_rows, tells_whole_orders
from liquor_app.imports.cleaning.orders.order_totals import OrderTotals
from liquor_app.imports.cleaning.orders.refunds_of import refunds_of
from liquor_app.imports.cleaning.orders.status_rows import StatusRows
from liquor_app.imports.cleaning.orders.store_numbers import Series, by_store, places_of_numbering, with_numbering
from liquor_app.imports.cleaning.orders.total_rows import leave_out_totals
from liquor_app.imports.cleaning.person_cells import tell_of_us
from liquor_app.imports.cleaning.row_notes import (
    CHOSEN_ODD,
    LETTERS_ODD,
    READ_AS_CENTRAL,
    READ_AS_JAPANESE,
    READ_AS_MAC,
)
from liquor_app.imports.cleaning.sale_rows import MADE, PACKED, SaleRows
from liquor_app.imports.cleaning.sums.differing_totals import one_total_each
from liquor_app.imports.cleaning.sums.payment_rows import leave_out_payments, pays_orders
from liquor_app.imports.cleaning.sums.repeated_orders import once_each
from liquor_app.imports.cleaning.sums.totals_below import TotalsBelow
from liquor_app.imports.import_rows import Plan
from liquor_app.imports.models import AS_OF
from liquor_app.imports.orders.answered_before import Answers, with_answers
from liquor_app.imports.orders.store_orders import BY_STORE, NOT_NUMBERED, Numbered, series_of
from liquor_app.imports.profiles.known_tools import chosen_profile, extra_cells, told_for_all, tool_of
from liquor_app.imports.profiles.tool_profile import REPEATED, Make, Profile, made_of, makers, put_together
from liquor_app.imports.readers.dialect import Dialect, chosen_dialect, guess_dialect
from liquor_app.imports.readers.formats import READING, open_table, read_as, read_sample
from liquor_app.imports.readers.letters import CENTRAL, JAPANESE, MAC, WINDOWS
from liquor_app.imports.readers.row_reader import Record, Table
from liquor_app.imports.rejects import ORDER, OWN_COLUMNS
from liquor_app.imports.run_import import Work
from liquor_app.imports.trial.file_totals import FileTotals
from liquor_app.imports.trial.likely_kind import check_is_of_people, check_is_of_products
from liquor_app.organization.settings import GeneralSettings


def _is_of_us(kind: str, sample: Sequence[Record], made: Sequence[Make], at: dict[str, int]) -> bool:
    if kind != "customers":
        return True
    return tell_of_us(([*one.cells, *(make(one.cells) for make in made)] for one in sample if not one.problem), at)


def _codes(columns: Sequence[str], sample: Sequence[Record]) -> dict[str, Codes]:
    found = ((column, codes_of(column, [one.cells[place] for one in sample])) for place, column in enumerate(columns))
    return {column: codes for column, codes in found if codes}


def fitting_sheet(plan: Plan, table: Table) -> str:
    """Return the sheet of a workbook whose columns are those of a file of this kind, where the one that was read has
    others; "" for none."""
    for sheet in (one for one in table.sheets if one != table.sheet):
        with suppress(Invalid), open_table(plan.path, sheet) as other:
            sample = read_sample(plan.path, sheet)
            check_mapping({}, other.columns, plan.kind, sample=sample)
            return sheet
    return ""


def letters_note(table: Table) -> str:
    """Return the note on a file whose letters are no UTF-8, and may be wrong; "" for none."""
    encoding, is_chosen, is_odd = table.letters
    if is_chosen:
        return CHOSEN_ODD if is_odd else ""
    return LETTERS_ODD if is_odd and encoding == WINDOWS else _READ_AS.get(encoding, "")


_READ_AS = {MAC: READ_AS_MAC, CENTRAL: READ_AS_CENTRAL, JAPANESE: READ_AS_JAPANESE}


async def open_work(
    plan: Plan,
    actor: Actor,
    shop: GeneralSettings,
    position: dict[str, Any],
    *,
    limit: int | None = None,
    watch: bool = False,
    totals: bool = False,
    numbered: Numbered = NOT_NUMBERED,
    answers: Answers | None = None,
) -> Work:
    """Return the work of an import from its checkpoint on (`position` is empty for one not begun). A corridor.

    Args:
        shop: whose clock and whose money cells are read by.
        limit: try only so many rows.
        watch: note in `shown` what becomes of each row; for trials.
        totals: add up the file as it stands, too, be it none of purchases; for trials.
        numbered: how imports before numbered receipts, by their columns (`store_orders`).
        answers: what was answered of imports before (`answered_before`).

    Raises:
        Invalid: a drop folder's file leaves out what may matter, and nobody answered; not a file we read, columns
            or options that make no sense, or purchases whose rows are not all lines.
    """

    def prepare() -> tuple[
        Table, dict[str, int], Dialect, list[Make], Profile | None, StatusRows | None, bool, list[Record], bool,
        list[Record], dict[str, Any],
    ]:  # fmt: skip
        opened_as = sheet, _ = read_as(plan.options)
        table = open_table(plan.path, *opened_as)
        try:
            profile = chosen_profile(table.columns, plan.kind, plan.options, plan.file_name)
            fields = tuple(KINDS[plan.kind])
            made = extra_cells(profile, table.columns, plan.options, fields)
            if profile and profile.refuses:
                raise Invalid(profile.refuses, field="profile")
            sales = profile.sales if profile else None
            behind = [*MADE, *made, *(PACKED if sales.packed else ())] if sales else list(made)
            sample = read_sample(plan.path, *opened_as)
            if constants := told_for_all(plan.options, fields):
                chosen = plan.mapping or guess_mapping(table.columns, plan.kind, profile, sample)
                by_tool = makers(profile, table.columns) if profile else {}
                made = noes_win(made, constants, by_tool, positions(chosen, table.columns))
            if plan.kind == "customers" and profile is None and not plan.mapping:
                check_is_of_people(table.columns, sample)
            if plan.kind == "products" and profile is None and not plan.mapping:
                check_is_of_products(table.columns, sample)
            if plan.kind == "purchases" and profile is None:
                check_is_of_purchases(table.columns, sample, plan.mapping)
            at = check_mapping(plan.mapping, table.columns, plan.kind, profile=profile, made=behind, sample=sample)
            if sales:  # it knows its orders' totals
                at.pop(ORDER_TOTAL, None)
            own = {field: position for field, position in at.items() if position < len(table.columns)}
            guessed = guess_dialect(sample, own)
            if plan.kind == "purchases":
                before = series_of(position) or numbered.get(tuple(table.columns), "")
                guessed = with_numbering(guessed, sample, own, table.columns, before=before)
            dialect = chosen_dialect(guessed, plan.options)
            said = with_answers(plan.options, tuple(table.columns), answers or {})
            statuses, pays, goods = None, False, list[Record]()
            if plan.kind == "purchases" and sales is None:
                lines = list(leave_out_totals(sample, own["occurred_at"])) if "occurred_at" in own else sample
                single = [one for one in once_each(lines, table.columns, own) if one.left_out != REPEATED]
                named = list(refunds_of(single, at, dialect.decimal))
                if places := places_of_numbering(own, len(table.columns), dialect.numbering):
                    named = list(by_store(named, own["order_id"], places))
                if pays := pays_orders(table.columns, own, named):
                    named = list(leave_out_payments(named, own))
                kinds = {one: told_kinds(said, one) for one in said.get(ROW_KINDS) or {}}
                statuses = StatusRows(table.columns, at, named, dialect.decimal, kinds)
                goods = list(leave_out_no_goods(statuses.sample, own.get("product")))
                if tells_whole_orders(table.columns, own):
                    goods = list(OrderTotals(goods, table.columns, own, dialect.decimal))
                goods = list(one_total_each(goods, table.columns, own, dialect.decimal))
                if ORDER_TOTAL in own:
                    goods = list(TotalsBelow(goods, own, dialect.decimal))
                if order_offs_of(own) and "order_id" in own:
                    goods = list(OrderDiscounts(goods, own, dialect.decimal))
                if backs := order_refunds_of(table.columns, own):
                    goods = list(OrderDiscounts(goods, own, dialect.decimal, backs))
                check_rows(table.columns, at, goods, statuses.places)
            return (
                table,
                at,
                dialect,
                list(made.values()),
                profile,
                statuses,
                _is_of_us(plan.kind, sample, list(made.values()), at),
                [one for one in sample if not one.problem],
                pays,
                goods,
                said,
            )
        except BaseException as error:
            table.close()
            if isinstance(error, Invalid) and not sheet and (fits := fitting_sheet(plan, table)):
                words = f"{error.message} This is the sheet “{table.sheet}”; “{fits}” fits: choose that sheet."
                raise Invalid(words, field="sheet") from error
            raise

    table, at, dialect, made, profile, statuses, is_of_us, sample, pays, goods, said = await READING.run(prepare)
    if plan.kind == "purchases" and "order_id" not in at and ORDER in table.columns:
        at["order_id"] = table.columns.index(ORDER)  # rejects of a file that numbers no orders: we do
    sales = profile.sales if profile else None
    zone = ZoneInfo(shop.timezone)
    how = Setting(
        zone,
        now().astimezone(UTC),
        dialect.date_order,
        dialect.decimal,
        shop.currency,
        percentages(at, table.columns),
        plan.file_name,
        tuple(table.columns),
        frozenset(plan.options.get("constants") or ()),
        is_of_us,
        dialect.numbering,
        tuple(places_of_numbering(at, len(table.columns), dialect.numbering)) if plan.kind == "purchases" else (),
        codes=_codes(table.columns, sample) if plan.kind == "customers" else {},
    )
    used = {
        *at.values(),
        *(table.columns.index(one) for one in (put_together(profile, table.columns) if profile else ())),
        *(statuses.places if statuses else ()),
    }
    unused = [one for place, one in enumerate(table.columns) if place not in used and one not in OWN_COLUMNS]
    left = left_out(plan.kind, table, at, unused, sample, goods, said, dialect.decimal, asks=profile is None)
    if AS_OF in plan.options and plan.kind == "purchases" and not position:
        check_answered(left.doubts)
    how = replace(how, noes=left.noes)
    if not position:
        position = {**start_position(table.columns), **({BY_STORE: how.numbering} if how.by_store else {})}
    rows = SaleRows(sales, table.columns, made, dialect.decimal) if sales else None
    own = FileTotals(table.columns, at, how, sales) if totals or plan.kind == "purchases" else None
    series = None
    if plan.kind == "purchases" and "numbering" not in plan.options:
        real = {name: place for name, place in at.items() if place < len(table.columns)}
        series = Series(table.columns, real, dialect.decimal)
    chunks = Chunks(
        table, plan.kind, at, how, made=made, sales=rows, statuses=statuses, skip=int(position["records"]), limit=limit,
        own=own, pays=pays, later=left.later, series=series,
    )  # fmt: skip
    places = {name: made_of(profile, table.columns, name) for name in (profile.made if profile else ())}
    work = Work(plan, actor, position, chunks=chunks, reading=Reading(at, how, places), watch=watch)
    others = [one for one in table.sheets if one != table.sheet]
    work.refund_sheets = sum(map(given_back, others)) if plan.kind == "purchases" else 0
    work.of_letters = letters_note(table)
    work.tool = tool_of(profile)
    work.own, work.other_sheets = own, len(others) - work.refund_sheets
    births = births_of(table.columns)
    if (born := at.get("date_of_birth")) is not None:
        births |= {born} if born < len(table.columns) else {*made_of(profile, table.columns, "date_of_birth")}
    work.births = tuple(sorted(births))
    # a column the file's own sum stands on is looked at, though it becomes nothing
    summed = own.columns if own is not None and plan.kind == "purchases" else frozenset()
    work.unused, work.doubts = [one for one in unused if one not in summed], left.doubts
    work.unheard = left.noes.unheard if left.noes else []
    return work
