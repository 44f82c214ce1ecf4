"""A list as it is declared: columns, filters, sorts, search. Pure; `compile_list` makes SQL of it.

A list costs the same at any size because every sort leads with a column that has an index and ends with the id, and a
page begins where the one before ended (a keyset), never at an offset.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field, fields
from datetime import datetime
from decimal import Decimal
from enum import Enum, StrEnum
from functools import cached_property
from typing import Any, Generic, TypeVar, get_args, get_type_hints
from zoneinfo import ZoneInfo

from liquor_app.core.errors import Invalid, Malformed

R = TypeVar("R")

SHARE_PLACES, AMOUNT_PLACES = 4, 2
"""Decimals of a figure in a file: a share of one (a float) as percent with two, an amount (a Decimal) with cents."""


class Match(StrEnum):
    """How a filter compares."""

    ANY = "any"
    """One of several values, separated by commas."""
    EXACT = "exact"
    ID = "id"
    FLAG = "flag"
    """`true` or `false`."""
    FROM = "from"
    """On this day or later: of the calendar of `zone`, a parameter of the list's own."""
    UNTIL = "until"
    """On this day or before."""


@dataclass(frozen=True, slots=True)
class Filter:
    """Something a list can be narrowed by.

    Attributes:
        name: in addresses and the API.
        sql: a condition with `:name` for the value, and `:now` for the present if it needs it; or just a column,
            compared as `match` says.
        options: the values there are; empty if any will do.
        label: on the page; empty for one that pages do not offer.
        parse: makes the bound value of a text; raises `Malformed` for one that `pattern` does not describe, `Invalid`
            for one it does.
        pattern: what its texts look like, in words of a regular expression, where `parse` tells by the form alone.
        names_people: its value is somebody's address, which no log keeps.
    """

    name: str
    sql: str
    match: Match = Match.ANY
    options: tuple[str, ...] = ()
    label: str = ""
    parse: Callable[[str], Any] | None = None
    pattern: str = ""
    spoken: Mapping[str, str] = field(default_factory=dict)
    """Words of the options that do not read well as they are."""
    names_people: bool = False
    is_typed: bool = False
    """Pages offer a field to type it into, because nobody could list its values. Days are always typed."""

    def words(self, value: str) -> str:
        """Return a value as pages say it."""
        return self.spoken.get(value) or value.replace("_", " ").capitalize()

    @property
    def condition(self) -> str:
        if f":{self.name}" in self.sql:
            return self.sql
        compared = {
            Match.ANY: f"= ANY(:{self.name})",
            Match.EXACT: f"= :{self.name}",
            Match.ID: f"= CAST(:{self.name} AS uuid)",
            Match.FLAG: f"= :{self.name}",
            Match.FROM: f">= CAST(CAST(:{self.name} AS date) AS timestamp) AT TIME ZONE :zone",
            Match.UNTIL: f"< CAST(CAST(:{self.name} AS date) + 1 AS timestamp) AT TIME ZONE :zone",
        }
        return f"{self.sql} {compared[self.match]}"


@dataclass(frozen=True, slots=True)
class Sort:
    """A column the list can be sorted by, either way; whoever has no value comes last either way.

    Attributes:
        name: a field of the row; its value travels in the cursor.
        first: which way a first press sorts: "-" for the highest.
        by: a function of SQL that both a value and the cursor's are compared through: "natural_order".
        nulls_last: the index is `(… DESC NULLS LAST, id DESC)`; else the plain `(…, id)`.
    """

    name: str
    sql: str = ""
    first: str = ""
    by: str = ""
    nulls_last: bool = False


@dataclass(frozen=True)
class ListSpec(Generic[R]):
    """A list.

    Attributes:
        name: of the list, in file names and messages: "campaigns".
        row: a frozen dataclass; its fields are what is selected, in this order.
        source: FROM, with the alias `t` for the table the list is of.
        where: what always holds.
        select: SQL of the fields that are not columns of `t` by their own name; empty for one that `build` makes.
        permission: what reading it takes, of the permission table.
        export_permission: what carrying it away takes.
        sorts: the first is the one that is taken where nothing is asked for.
        order: what is taken where nothing is asked for: "-start_date" or "position,name".
        search: SQL that holds `:search` as a LIKE pattern in lower case.
        export: field → head in the exported file; all fields if empty.
        spoken: field → words of its values in the exported file, where no filter offers them.
        more: SQL name → expression, for what `build` needs beside the row's fields.
        build: makes a row of what was selected; by default field by field.
        shown: told the session and the actor, returns what makes of a row what they may read of it, on a page and in a
            file alike; by default all of it.
        never_empty: fields that have a value in this list though the row's type says they need not.
        bounded: why sorting it costs nothing without an index: "versions of one plan"; empty for a list that grows.
        counted: FROM for counting, where `source` joins what no condition asks for.
        exact_up_to: more than these are estimated by the planner, and said to be.
    """

    name: str
    row: type[R]
    source: str
    order: str
    sorts: tuple[Sort, ...]
    permission: str
    export_permission: str
    filters: tuple[Filter, ...] = ()
    where: str = ""
    select: Mapping[str, str] = field(default_factory=dict)
    key: str = "t.id"
    key_field: str = "id"
    search: str = ""
    export: Mapping[str, str] = field(default_factory=dict)
    spoken: Mapping[str, Mapping[str, str]] = field(default_factory=dict)
    more: Mapping[str, str] = field(default_factory=dict)
    build: Callable[[Mapping[Any, Any]], R] | None = None
    shown: Callable[[Any, Any], Awaitable[Callable[[R], R]]] | None = None
    never_empty: frozenset[str] = frozenset()
    bounded: str = ""
    counted: str = ""
    exact_up_to: int = 10_000

    def __post_init__(self) -> None:
        names = {one.name for one in fields(self.row)}  # type: ignore[arg-type]
        missing = ({one.name for one in self.sorts} | {self.key_field} | set(self.export) | set(self.select)) - names
        if missing:
            raise ValueError(f"list {self.name}: {', '.join(sorted(missing))} is no field of {self.row.__name__}")

    @cached_property
    def kinds(self) -> dict[str, type]:
        """Field → type, without `None`."""
        return {name: _bare(hint) for name, hint in get_type_hints(self.row).items()}

    @cached_property
    def optional(self) -> frozenset[str]:
        """Fields that may be without a value."""
        hints = get_type_hints(self.row).items()
        return frozenset(name for name, hint in hints if type(None) in get_args(hint)) - self.never_empty

    @cached_property
    def columns(self) -> str:
        own = {one.name: self.expression(one.name) for one in fields(self.row)}  # type: ignore[arg-type]
        return ", ".join(f"{sql} AS {name}" for name, sql in {**own, **self.more}.items() if sql)

    def expression(self, name: str) -> str:
        return self.select.get(name, f"t.{name}")

    @cached_property
    def sort_names(self) -> dict[str, Sort]:
        return {one.name: one for one in self.sorts}

    @cached_property
    def filter_names(self) -> dict[str, Filter]:
        return {one.name: one for one in self.filters}

    def make(self, row: Mapping[Any, Any]) -> R:
        """Return a row of the database as the list's."""
        if self.build is not None:
            return self.build(row)
        return self.row(**{
            name: kind(row[name]) if issubclass(kind, StrEnum) and row[name] is not None else row[name]
            for name, kind in self.kinds.items()
        })  # fmt: skip

    @cached_property
    def exported(self) -> dict[str, str]:
        return dict(self.export) or {one.name: one.name for one in fields(self.row)}  # type: ignore[arg-type]

    def exported_heads(self, names: Sequence[str], zone: ZoneInfo) -> list[str]:
        """Return the heads of a file; those of times say by whose clock they are, so that the cells need not."""
        return [
            f"{self.exported[name]} ({zone})" if self.kinds[name] is datetime else self.exported[name] for name in names
        ]

    def exported_cells(self, row: R, names: Sequence[str], zone: ZoneInfo) -> list[Any]:
        """Return a row's values as a file has them: figures rounded by their kind, choices in the words of pages, times
        by the clock of `zone`."""
        return [_in_words(self._words.get(name, {}), _rounded(getattr(row, name)), zone) for name in names]

    @cached_property
    def _words(self) -> dict[str, Mapping[str, str]]:
        """Field → words of its values."""
        offered = {
            name: {value: one.words(value) for value in one.options}
            for one in self.filters
            for name in self.exported
            if one.options and one.sql == self.expression(name)
        }
        return {**offered, **self.spoken}

    def chosen_columns(self, given: Sequence[str]) -> tuple[str, ...]:
        """Return the fields of a file: the given ones in their order, all if none is given.

        Raises:
            Invalid: one is not exported, or named twice.
        """
        refusal = Malformed if not set(given) <= set(self.exported) else Invalid
        if refusal is Malformed or len(set(given)) != len(given):
            raise refusal(f"columns must be some of {', '.join(self.exported)}, each once", field="columns")
        return tuple(given) or tuple(self.exported)


@dataclass(frozen=True, slots=True)
class ListQuery:
    """What somebody asks of a list. `filters` are texts, as an address holds them; empty ones are not set."""

    filters: Mapping[str, str] = field(default_factory=dict)
    search: str = ""
    sort: str = ""
    limit: int = 50
    cursor: str | None = None
    scope: Mapping[str, Any] = field(default_factory=dict)
    """Values of the list's own parameters (whose list it is), given by the service and by nobody else."""


def _rounded(value: Any) -> Any:
    if isinstance(value, float):
        return round(value, SHARE_PLACES)
    if isinstance(value, Decimal) and value.is_finite() and value != round(value, AMOUNT_PLACES):
        return round(value, AMOUNT_PLACES) + 0  # never "-0.00"
    return value


def _in_words(words: Mapping[str, str], value: Any, zone: ZoneInfo) -> Any:
    if isinstance(value, datetime):
        return value.astimezone(zone).replace(tzinfo=None, microsecond=0)
    if isinstance(value, Enum):
        return words.get(value.value) or str(value.value).replace("_", " ").capitalize()
    return words.get(value, value) if isinstance(value, str) else value


def _bare(hint: Any) -> type:
    """`int` of `int | None`; containers as `object`."""
    parts = [part for part in get_args(hint) if part is not type(None)]
    if type(None) in get_args(hint) and len(parts) == 1:
        hint = parts[0]
    return hint if isinstance(hint, type) else object
