"""Many rows at once: COPY through the session's own connection, in its transaction; columns handed on unread."""

from __future__ import annotations

import csv
import io
from collections.abc import AsyncIterator, Callable, Iterable, Sequence
from contextlib import asynccontextmanager
from itertools import islice
from typing import TYPE_CHECKING, Any

import psycopg
from psycopg import sql
from psycopg.adapt import Buffer, Dumper
from psycopg.pq import Format
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

from liquor_app.core.db import raw_connection

if TYPE_CHECKING:
    import pandas as pd

CHUNK_ROWS = 50_000
NULL = "\\N"


async def copy_frame(
    session: AsyncSession, table: str, frame: pd.DataFrame, progress: Callable[[int], None] | None = None
) -> None:
    """Append a frame to a table; its columns are the table's, missing values become NULL.

    Values go as CSV text, so dates, aware times, UUIDs, money and JSON text may be anything whose `str()` PostgreSQL
    reads. Constraints and defaults apply as with INSERT.

    Args:
        table: an unqualified name from our own code; temporary tables too.
        frame: at most a few million rows; sent in chunks of 50,000.
        progress: called with the number of rows each chunk added.
    """
    if frame.empty:
        return
    connection = await raw_connection(session)
    statement = sql.SQL("COPY {} ({}) FROM STDIN (FORMAT csv, NULL {})").format(
        sql.Identifier(table), sql.SQL(", ").join(map(sql.Identifier, frame.columns)), sql.Literal(NULL)
    )
    async with connection.cursor() as cursor, cursor.copy(statement) as copy:
        for start in range(0, len(frame), CHUNK_ROWS):
            chunk = frame.iloc[start : start + CHUNK_ROWS]
            await copy.write(chunk.to_csv(index=False, header=False, na_rep=NULL, lineterminator="\n"))
            if progress:
                progress(len(chunk))


async def copy_rows(session: AsyncSession, table: str, columns: Sequence[str], rows: Iterable[Sequence[Any]]) -> None:
    """Append plain tuples to a table; None (and empty text, which CSV cannot tell from it) becomes NULL.

    Args:
        table: an unqualified name from our own code; temporary tables too.
        columns: the order of each row's values; the first must never start with a backslash.
    """
    connection = await raw_connection(session)
    statement = sql.SQL("COPY {} ({}) FROM STDIN (FORMAT csv)").format(
        sql.Identifier(table), sql.SQL(", ").join(map(sql.Identifier, columns))
    )
    waiting = iter(rows)
    async with connection.cursor() as cursor, cursor.copy(statement) as copy:
        while chunk := list(islice(waiting, CHUNK_ROWS)):
            lines = io.StringIO()
            csv.writer(lines, lineterminator="\n").writerows(chunk)
            await copy.write(lines.getvalue())


@asynccontextmanager
async def by_index(session: AsyncSession) -> AsyncIterator[None]:
    """Within the block every look-up goes through an index.

    A table that is being filled has stale statistics: a planner that believes it empty reads all of it for each
    chunk, and an import slows down with the square of its length.
    """
    await session.execute(text(_LOOK_UPS), {"others": "off"})
    yield
    await session.execute(text(_LOOK_UPS), {"others": "on"})


_LOOK_UPS = (
    "SELECT set_config('enable_seqscan', :others, true), set_config('enable_hashjoin', :others, true),"
    " set_config('enable_mergejoin', :others, true)"
)


class PassedArray(bytes):
    """A column handed from one statement to the next: a thousand ids are one value that Python never reads.

    It is what `array_send(array_agg(id))` gave, and goes where the type is named: `CAST(:ids AS uuid[])`. Read from
    text, an array costs PostgreSQL two microseconds an id; in its own binary form, a fifth of that.
    """


class _AsItIs(Dumper):
    """The statement's cast says what it is."""

    format = Format.BINARY
    oid = 0

    def dump(self, obj: PassedArray) -> Buffer:
        return obj


psycopg.adapters.register_dumper(PassedArray, _AsItIs)
