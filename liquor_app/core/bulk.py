"""Many rows at once: COPY through the session's own connection, in its transaction; rows passed to a statement as
arrays (`unnest`); columns handed on unread."""

from __future__ import annotations

import csv
import io
from collections.abc import AsyncIterator, Callable, Iterable, Mapping, Sequence
from contextlib import asynccontextmanager
from itertools import islice
from typing import TYPE_CHECKING, Any
from uuid import UUID

import psycopg
from psycopg import sql
from psycopg.adapt import Buffer, Dumper
from psycopg.pq import Format
from sqlalchemy import text, types
from sqlalchemy.dialects.postgresql import BYTEA, JSONB
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
    """Within the block every look-up goes through an index; blocks may stand in each other.

    A table that is being filled has stale statistics: a planner that believes it empty reads all of it for each
    chunk, and an import slows down with the square of its length.
    """
    was = (await session.execute(text(_LOOK_UPS), {"others": "off"})).scalar_one()
    yield
    await session.execute(text(_LOOK_UPS), {"others": was})


@asynccontextmanager
async def in_order_of_index(session: AsyncSession) -> AsyncIterator[None]:
    """As `by_index`, and what is asked for in an order is read from an index that has it, never sorted."""
    async with by_index(session):
        was = (await session.execute(text(_SORT), {"sort": "off"})).scalar_one()
        yield
        await session.execute(text(_SORT), {"sort": was})


async def look_up_freely(session: AsyncSession) -> None:
    """From here on the planner chooses, also within a block of `by_index`."""
    await session.execute(text(_LOOK_UPS), {"others": "on"})


_LOOK_UPS = (
    "SELECT current_setting('enable_seqscan') AS was, set_config('enable_seqscan', :others, true),"
    " set_config('enable_hashjoin', :others, true), set_config('enable_mergejoin', :others, true)"
)
_SORT = "SELECT current_setting('enable_sort') AS was, set_config('enable_sort', :sort, true)"


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


class TextArray(str):
    """Thousands of texts as one parameter, for `= ANY(:names)`: made by `texts`.

    The driver looks at every element of a list by itself, which takes ten times as long as this.
    """

    __slots__ = ()


class _AsTexts(Dumper):
    format = Format.TEXT
    oid = psycopg.adapters.types["text"].array_oid

    def dump(self, obj: TextArray) -> Buffer:
        return obj.encode()


psycopg.adapters.register_dumper(TextArray, _AsTexts)


def texts(values: Iterable[str]) -> TextArray:
    """Return texts as PostgreSQL reads an array of them."""
    given = values if isinstance(values, list) else list(values)
    if not given:
        return TextArray("{}")
    joined = '","'.join(given)
    if "\\" in joined or joined.count('"') != 2 * (len(given) - 1):
        joined = '","'.join([one.replace("\\", "\\\\").replace('"', '\\"') for one in given])
    return TextArray(f'{{"{joined}"}}')


_NAMES: tuple[tuple[type[Any], str], ...] = (
    (types.Uuid, "uuid"),
    (types.BigInteger, "bigint"),
    (types.SmallInteger, "smallint"),
    (types.Integer, "int"),
    (types.Boolean, "boolean"),
    (types.Float, "float8"),
    (types.Numeric, "numeric"),
    (types.DateTime, "timestamptz"),
    (types.Date, "date"),
    (BYTEA, "bytea"),
    (types.LargeBinary, "bytea"),
    (JSONB, "jsonb"),
    (types.Enum, "text"),
    (types.String, "text"),
)
"""The first that fits. Without lengths and precisions: a cast to those would cut values off, where storing refuses."""


class Unnest:
    """Rows of a statement: one declaration makes both the SQL that reads them and its parameters. As text, it is what
    stands after FROM.

        _ENDED = unnest("f", id=Action.id, reason=Action.skip_reason)
        _SKIP = f"UPDATE actions a SET skip_reason = f.reason FROM {_ENDED} WHERE a.id = f.id"
        await session.execute(text(_SKIP), _ENDED.bind(id=ids, reason=reasons))

    Arrays of different lengths, which PostgreSQL would fill up with NULL, are refused.
    """

    __slots__ = ("_packed", "_parameters", "sql")

    def __init__(self, alias: str, columns: Mapping[str, str], packed: tuple[str, ...], place: str) -> None:
        self._parameters = {name: f"{alias}_{name}" for name in columns}
        self._packed: dict[str, Callable[[list[Any]], str]] = {
            name: texts if columns[name] == "text" else as_text for name in packed
        }
        arrays = ", ".join(
            f"CAST(CAST(:{self._parameters[name]} AS text) AS {kind}[])"
            if name in self._packed and kind != "text"
            else f"CAST(:{self._parameters[name]} AS {kind}[])"
            for name, kind in columns.items()
        )
        names = ", ".join(columns)
        self.sql = f"unnest({arrays}) AS {alias}({names})"
        if place:
            self.sql = f"unnest({arrays}) WITH ORDINALITY AS {alias}({names}, {place})"

    def __str__(self) -> str:
        return self.sql

    def bind(self, **columns: Iterable[Any]) -> dict[str, object]:
        """Return the parameters, an array a column.

        Raises:
            TypeError: not the columns that were declared.
            ValueError: arrays of different lengths.
        """
        if columns.keys() != self._parameters.keys():
            raise TypeError(f"{', '.join(self._parameters)} are wanted, {', '.join(columns)} given")
        arrays = {name: values if isinstance(values, list) else list(values) for name, values in columns.items()}
        if len({len(values) for values in arrays.values()}) > 1:
            raise ValueError(", ".join(f"{len(values)} {name}" for name, values in arrays.items()))
        return {
            self._parameters[name]: pack(values) if (pack := self._packed.get(name)) else values
            for name, values in arrays.items()
        }

    def rows(self, rows: Iterable[Any]) -> dict[str, object]:
        """Return the parameters from objects that have an attribute for each column."""
        given = list(rows)
        return self.bind(**{name: [getattr(row, name) for row in given] for name in self._parameters})


def unnest(alias: str, /, *, packed: tuple[str, ...] = (), numbered_as: str = "", **columns: object) -> Unnest:
    """Declare the rows of a statement.

    Args:
        columns: name → the table's column it is of, or a PostgreSQL type where it is of none.
        packed: columns of ids, or of texts of which none is missing, that go as one text: ten times faster to write,
            but with ids nothing for the planner to count.
        numbered_as: name of a last column that numbers the rows from 1.
    """
    return Unnest(alias, {name: _type_of(name, column) for name, column in columns.items()}, packed, numbered_as)


def as_text(ids: Iterable[UUID | None]) -> str:
    """Return ids as PostgreSQL reads an array of them from text."""
    return "{" + ",".join(["NULL" if one is None else one.hex for one in ids]) + "}"


def _type_of(name: str, column: object) -> str:
    if isinstance(column, str):
        return column
    kind = getattr(column, "type", None)
    kind = kind.impl_instance if isinstance(kind, types.TypeDecorator) else kind
    for known, word in _NAMES:
        if isinstance(kind, known):
            return word
    raise TypeError(f"{name}: {column!r} has no type that is passed in arrays")
