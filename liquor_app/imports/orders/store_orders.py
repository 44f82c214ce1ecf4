"""Orders numbered by store beside those of imports that did not number so."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from datetime import timedelta
from typing import Any

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

from liquor_app.accounts.permission_table import Permission
from liquor_app.accounts.permissions import Actor, require
from liquor_app.core.bulk import texts
from liquor_app.imports.chunks import Chunk
from liquor_app.imports.cleaning.line_rows import Line
from liquor_app.imports.cleaning.orders.store_numbers import BESIDE, BETWEEN, NumbersBeginAnew, of_store
from liquor_app.imports.readers.dialect import REGISTER, STORE

BY_STORE = "by_store"
"""The place in a checkpoint that says so of a file: `true` of earlier ones, or one of `NUMBERINGS`."""
Numbered = Mapping[tuple[str, ...], str]
"""Columns of files → how they numbered their receipts."""
NOT_NUMBERED: Numbered = {}

_BEFORE = f"""
SELECT DISTINCT position -> 'columns', position ->> '{BY_STORE}' FROM imports
 WHERE kind = 'purchases' AND status <> 'preview' AND position ? '{BY_STORE}' AND undone_at IS NULL
"""
_KNOWN = """
SELECT p.external_id, p.store, p.occurred_at, c.email_key, c.external_id AS customer_number, c.phone
  FROM purchases p JOIN customers c ON c.id = p.customer_id WHERE p.external_id = ANY(:orders)
"""
_ANY = "SELECT EXISTS (SELECT FROM purchases WHERE external_id = ANY(:orders))"
SAME_SALE = timedelta(hours=20)
"""Apart by less, two tellings of one order that names no store are one."""


def series_of(position: Mapping[str, Any]) -> str:
    """Return how a file that was begun numbers its receipts, by its checkpoint; "" for one series."""
    told = position.get(BY_STORE)
    return REGISTER if told == REGISTER else STORE if told else ""


async def numbered_before(session: AsyncSession, actor: Actor) -> Numbered:
    """Return the columns of imports before that numbered receipts by store, or by register: later ones of the same
    columns, of the same till, do too, where nothing else is said.

    Raises:
        Forbidden: the actor may not read imports.
    """
    require(actor, Permission.IMPORTS_READ)
    found = {(tuple(columns), told == REGISTER) for columns, told in await session.execute(text(_BEFORE))}
    return {columns: REGISTER if by_register else STORE for columns, by_register in sorted(found)}


async def call_as_known(session: AsyncSession, chunk: Chunk) -> dict[str, str]:
    """Call the orders of a chunk as they are known: one taken in under its bare number at the same store, by an import
    before, is the same order, and would be a second one under number and store.

    Returns:
        Number with store → the bare number, where that is the one.
    """
    lines = {one.order_id: one.line for one in chunk.reversals if one.line}
    lines |= {row.order_id or "": row for row in reversed(chunk.rows) if isinstance(row, Line)}
    named = {*lines, *(one.order_id for one in chunk.rejects), *(one.order_id for one in chunk.reversals)}
    known = await _known_as(session, named, lines)
    if known:
        chunk.rows = [
            row._replace(order_id=known.get(row.order_id or "", row.order_id)) if isinstance(row, Line) else row
            for row in chunk.rows
        ]
        chunk.rejects = [replace(one, order_id=known.get(one.order_id, one.order_id)) for one in chunk.rejects]
        chunk.reversals = [replace(one, order_id=known.get(one.order_id, one.order_id)) for one in chunk.reversals]
    return known


async def called_as_known(session: AsyncSession, lines: Sequence[Line]) -> list[Line]:
    """Return lines that a till told with their registers, those of orders known by less called so, as
    `call_as_known`."""
    named = {line.order_id or "": line for line in reversed(lines)}
    known = await _known_as(session, named, named)
    return [line._replace(order_id=known.get(line.order_id or "", line.order_id)) for line in lines]


async def _known_as(session: AsyncSession, named: Iterable[str], lines: Mapping[str, Line]) -> dict[str, str]:
    """Return number with place → what its order is known as, where that is less."""
    before = {one: _called_before(one) for one in named if one and BETWEEN in one}
    if not before:
        return {}
    found = await session.execute(
        text(_KNOWN), {"orders": texts({*before, *(old for all in before.values() for old in all)})}
    )
    there = {row.external_id: row for row in found}
    return {
        one: old for one, names in before.items() for old in reversed(names)
        if one not in there and old in there and _is_same(one, there[old], lines.get(one))
    }  # fmt: skip


async def check_registers(session: AsyncSession, lines: Iterable[Line]) -> None:
    """Check, or raise NumbersBeginAnew: of a file that is taken for one series of receipts, none is known under its
    number and register, as a till or a file before told it."""
    named = {
        of_store(line.order_id, BESIDE.join(place))
        for line in lines
        if line.register and line.order_id
        for place in ({line.register}, filter(None, (line.store, line.register)))
    }
    if named and (await session.execute(text(_ANY), {"orders": texts(named)})).scalar_one():
        raise NumbersBeginAnew(REGISTER)


def _called_before(named: str) -> list[str]:
    """Return what an order of a store, or a register, may have been called before that was told: of its store, or by
    its bare number."""
    of_place = named.rpartition(BESIDE)[0]
    return [*([of_place] if BETWEEN in of_place else []), named.rpartition(BETWEEN)[0]]


def _is_same(named: str, known: Any, line: Line | None) -> bool:
    """Tell whether an order of a store is one known by less than its number and place: of that store; where none is
    known, or not at which register, of the same customer at the same time."""
    here, register = named.rpartition(BETWEEN)[2], ""
    if known.store and of_store("", known.store) != of_store("", here):
        here, _, register = here.rpartition(BESIDE)
        if not register or of_store("", known.store) != of_store("", here):
            return False
    elif known.store:
        return True
    if line is None or abs(known.occurred_at - line.when.at) > SAME_SALE:
        return False
    keys = ((line.email_key, known.email_key), (line.external_id, known.customer_number), (line.phone, known.phone))
    return any(one and one == other for one, other in keys)
