"""A list's declaration and somebody's question as keyset SQL. Pure.

Who has no value in the leading column comes last either way, in a statement of its own that is only asked where the
first leaves room: so one plain index serves both directions and every page, and the planner never sorts.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from datetime import date
from typing import Any
from uuid import UUID

from liquor_app.core.clock import now
from liquor_app.core.errors import Invalid, MadeUp, Malformed, Unstorable
from liquor_app.core.listing.spec import Filter, ListQuery, ListSpec, Match, Sort
from liquor_app.core.paging import decode_cursor, encode_cursor
from liquor_app.core.storable_text import unstorable

MOST_SORTS = 3
MOST_VALUES = 50
MOST_SEARCHED = 100


@dataclass(frozen=True, slots=True)
class Part:
    """One statement's share of a page: those with a value in the leading column, or those without."""

    where: str
    order: str


@dataclass(frozen=True, slots=True)
class Compiled:
    """What a question asks of the database: `where` for counting, `parts` for a page, in this order."""

    where: str
    parts: tuple[Part, ...]
    params: dict[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class _Key:
    """A column rows are ordered by."""

    name: str
    sql: str
    descending: bool
    optional: bool
    nulls_last: bool = False
    by: str = ""

    @property
    def bind(self) -> str:
        return f"after_{self.name}"

    @property
    def bound(self) -> str:
        """The cursor's value, as it is compared."""
        return f"{self.by}(:{self.bind})" if self.by else f":{self.bind}"

    @property
    def leading(self) -> str:
        """First in an ORDER BY over rows that all have a value, so that the index fits read either way."""
        if self.descending:
            return f"{self.sql} DESC{' NULLS LAST' if self.nulls_last else ''}"
        return f"{self.sql} ASC{' NULLS FIRST' if self.nulls_last else ''}"

    @property
    def following(self) -> str:
        return f"{self.sql} {'DESC' if self.descending else 'ASC'}{' NULLS LAST' if self.optional else ''}"


def compile_list(spec: ListSpec[Any], query: ListQuery) -> Compiled:
    """Check, or raise Invalid: an unknown filter, value or sort, a malformed cursor, or one of another sort order."""
    conditions, params = _conditions(spec, query)
    keys = _keys(spec, query.sort)
    after = _after_of(spec, keys, query)
    lead, rest = keys[0], keys[1:]
    base = [spec.where, *conditions]
    parts = []
    if not lead.optional:
        beyond = _beyond(keys, after, params) if after else ""
        parts.append(_part([*base, beyond], [lead.leading, *(key.following for key in rest)]))
    else:
        values_are_over = after is not None and after[lead.name] is None
        if not values_are_over:
            beyond = _beyond([replace(lead, optional=False), *rest], after, params) if after else ""
            has = [*base, f"{lead.sql} IS NOT NULL", beyond]
            parts.append(_part(has, [lead.leading, *(key.following for key in rest)]))
        beyond = _beyond(rest, after, params) if values_are_over and after else ""
        parts.append(_part([*base, f"{lead.sql} IS NULL", beyond], [key.following for key in rest]))
    return Compiled(_all(base), tuple(parts), params)


def next_cursor(spec: ListSpec[Any], sort: str, row: Any) -> str:
    """Continues after `row`."""
    return encode_cursor(sort or spec.order, *(getattr(row, key.name) for key in _keys(spec, sort)))


def check_sort(spec: ListSpec[Any], sort: str) -> list[tuple[Sort, bool]]:
    """Return columns and whether each runs downwards.

    Raises:
        Invalid: an unknown one, one twice, or more than three.
    """
    found: list[tuple[Sort, bool]] = []
    for part in (sort or spec.order).split(","):
        one = spec.sort_names.get(part.strip().removeprefix("-"))
        if one is not None and one.name in {other.name for other, _ in found}:
            raise Invalid(f"sort names {one.name} twice", field="sort")
        if one is None or len(found) == MOST_SORTS:
            raise Malformed(
                f"sort must be up to {MOST_SORTS} of {', '.join(spec.sort_names)}, separated by commas, each with a"
                " leading - for descending",
                field="sort",
            )
        found.append((one, part.strip().startswith("-")))
    return found


def _keys(spec: ListSpec[Any], sort: str) -> list[_Key]:
    keys = [
        _Key(one.name, _compared(spec, one), descending, one.name in spec.optional, one.nulls_last, one.by)
        for one, descending in check_sort(spec, sort)
    ]
    if spec.key_field not in {key.name for key in keys}:
        keys.append(_Key(spec.key_field, spec.key, keys[0].descending, optional=False))
    return keys


def _compared(spec: ListSpec[Any], one: Sort) -> str:
    plain = one.sql or spec.expression(one.name)
    return f"{one.by}({plain})" if one.by else plain


def _after_of(spec: ListSpec[Any], keys: list[_Key], query: ListQuery) -> dict[str, Any] | None:
    if not query.cursor:
        return None
    sort, *values = decode_cursor(query.cursor, str, *(_cursor_kind(spec.kinds[key.name]) for key in keys))
    after = dict(zip((key.name for key in keys), values, strict=True))
    if sort != (query.sort or spec.order) or any(after[key.name] is None and not key.optional for key in keys):
        raise MadeUp(
            "cursor belongs to another sort order; take it from the next_cursor of the previous page", field="cursor"
        )
    return after


def _cursor_kind(kind: type) -> type:
    return str if issubclass(kind, str) else kind


def _beyond(keys: list[_Key], after: dict[str, Any], params: dict[str, Any]) -> str:
    """Return rows that come strictly after the named one, by all keys."""
    for key in keys:
        if after[key.name] is not None:
            params[key.bind] = after[key.name]
    lead = keys[0]
    sign = "<" if lead.descending else ">"
    if all(not key.optional and key.descending == lead.descending for key in keys):
        left, right = ", ".join(key.sql for key in keys), ", ".join(key.bound for key in keys)
        return f"({left}) {sign} ({right})"
    ways, same = [], []
    for key in keys:
        if after[key.name] is None:  # nothing but the other keys can come after nothing
            same.append(f"{key.sql} IS NULL")
            continue
        strictly = f"{key.sql} {'<' if key.descending else '>'} {key.bound}"
        if key.optional:
            strictly = f"({strictly} OR {key.sql} IS NULL)"
        ways.append(" AND ".join((*same, strictly)))
        same.append(f"{key.sql} = {key.bound}")
    beyond = f"({' OR '.join(f'({way})' for way in ways)})"
    # the same once more for the leading column alone, which is what an index can begin at
    return beyond if lead.optional else f"{lead.sql} {sign}= {lead.bound} AND {beyond}"


def _conditions(spec: ListSpec[Any], query: ListQuery) -> tuple[list[str], dict[str, Any]]:
    conditions: list[str] = []
    params: dict[str, Any] = dict(query.scope)
    for name, value in query.filters.items():
        one = spec.filter_names.get(name)
        if one is None:
            raise Malformed(f"{spec.name} cannot be filtered by {name!r}", field=name)
        if value.strip():
            conditions.append(one.condition)
            params[name] = _value(one, value.strip())
            if ":now" in one.sql:
                params["now"] = now()
    if needle := query.search.strip().lower()[:MOST_SEARCHED]:
        if not spec.search:
            raise Malformed(f"{spec.name} cannot be searched", field="search")
        if unstorable(needle) is not None:
            raise Unstorable("search holds text that cannot be looked for", field="search")
        escaped = needle.replace("\\", "\\\\").replace("%", r"\%").replace("_", r"\_")
        conditions.append(spec.search)
        params["search"] = f"%{escaped}%"
    return conditions, params


def _value(one: Filter, value: str) -> Any:
    if unstorable(value) is not None:
        raise Unstorable(f"{one.name} holds text that cannot be kept", field=one.name)
    if one.parse is not None:
        return one.parse(value)
    if one.match is Match.FLAG:
        if value not in {"true", "false"}:
            raise Malformed(f"{one.name} must be true or false", field=one.name)
        return value == "true"
    if one.match is Match.ID:
        try:
            return UUID(value)
        except ValueError as error:
            raise Malformed(f"{one.name} must be an id", field=one.name) from error
    if one.match in {Match.FROM, Match.UNTIL}:
        try:
            return date.fromisoformat(value)
        except ValueError as error:
            raise Invalid(f"{one.name} must be a day such as 2026-11-28", field=one.name) from error
    values = [item.strip() for item in value.split(",") if item.strip()] if one.match is Match.ANY else [value]
    if len(values) > MOST_VALUES:
        raise Invalid(f"{one.name} may name at most {MOST_VALUES} values", field=one.name)
    if one.options and (wrong := next((item for item in values if item not in one.options), None)) is not None:
        raise Malformed(f"{one.name} {wrong!r} is not one of {', '.join(one.options)}", field=one.name)
    return values if one.match is Match.ANY else value


def _part(conditions: list[str], order: list[str]) -> Part:
    return Part(_all(conditions), ", ".join(order))


def _all(conditions: list[str]) -> str:
    """Return what holds where each of them does; one may hold an OR."""
    return " AND ".join(f"({one})" for one in conditions if one) or "true"
