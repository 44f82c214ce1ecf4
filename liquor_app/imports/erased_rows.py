"""Rows of people who were erased: left out of every later file, and nothing of them is kept, neither where they are
refused."""

from __future__ import annotations

from dataclasses import replace

from sqlalchemy.ext.asyncio import AsyncSession

from liquor_app.customers.erasing.erased_keys import erased_among, erased_texts, is_anybody_erased
from liquor_app.imports.chunks import Chunk
from liquor_app.imports.cleaning.cells import Rejected
from liquor_app.imports.cleaning.line_rows import Line
from liquor_app.imports.cleaning.person_rows import Person
from liquor_app.imports.orders.basket_lines import given
from liquor_app.imports.people.known_people import KEYS

WITHHELD = "The row is of somebody who was erased; nothing of it is kept."


async def leave_out_erased(session: AsyncSession, chunk: Chunk) -> int:
    """Take rows of people who were erased out of a chunk, and the cells out of those it refused; returns how many rows
    were taken out."""
    if not await is_anybody_erased(session):
        return 0
    gone = await erased_among(session, [_named(row) for row in chunk.rows])
    refused = await erased_texts(session, [" ".join(one.record.cells) for one in chunk.rejects])
    chunk.rejects = [
        replace(
            one, record=one.record._replace(cells=[], own=None), why=Rejected(one.why.code, one.why.field, WITHHELD)
        )
        if place in refused
        else one
        for place, one in enumerate(chunk.rejects)
    ]
    if gone:
        kept = [place for place in range(len(chunk.rows)) if place not in gone]
        chunk.records = [chunk.records[place] for place in kept]
        chunk.rows = [chunk.rows[place] for place in kept]
    return len(gone)


def _named(row: object) -> dict[str, str | None]:
    if isinstance(row, Person):
        return {key: str(value) for key in KEYS if (value := row.values.get(key))}
    return dict(given(row)) if isinstance(row, Line) else {}
