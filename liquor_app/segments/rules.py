"""The rule language of segments.

A rule is a JSON object, one of:

* `{"all": [rule, …]}`, `{"any": [rule, …]}`, `{"not": rule}`; `{"all": []}` is everybody;
* `{"field": "churn_probability", "op": "gte", "value": 0.5}`: fields, kinds and operators are in `fields.FIELDS`;
  `known` and `unknown` take no value, `between` takes `[low, high]`, `in` and `has_…` take lists, days are whole;
* `{"event": "purchased", "category": "Whisky", "at_least": 2, "within_days": 60}`: how often something happened;
  `at_most` 0 means never; without `within_days` all of history counts; `"product": "OHB750"` instead of a category asks
  for one product, by its SKU, UPC or name;
* `{"segment": "at_risk"}`: who was in another segment (rules or a hand-picked list) when it was last refreshed.
  Segments may build on each other, but not in a circle (`rule_references` checks that).

What is not known never matches a comparison; it does match `ne` and `not_in`.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Any, TypeAlias

from liquor_app.core.errors import Invalid
from liquor_app.core.storable_text import said
from liquor_app.segments.rule_fields import (
    BARE_OPS,
    DAY_OPS,
    EVENTS,
    FIELDS,
    LIST_OPS,
    OPS,
    Field,
    Kind,
    field_named,
    is_plain,
)

MAX_DEPTH = 8
MAX_NODES = 100
MAX_LIST = 200
MAX_TEXT = 200
MAX_DAYS = 3650
MAX_TIMES = 10_000
_MAX_NUMBER = 1e12

Value: TypeAlias = "str | Decimal | float | bool | int | date | tuple[str, ...] | tuple[Decimal, Decimal] | None"


@dataclass(frozen=True, slots=True)
class All:
    """Every part holds."""

    parts: tuple[Rule, ...]


@dataclass(frozen=True, slots=True)
class AnyOf:
    """At least one part holds."""

    parts: tuple[Rule, ...]


@dataclass(frozen=True, slots=True)
class Not:
    part: Rule


@dataclass(frozen=True, slots=True)
class Condition:
    field: Field
    op: str
    value: Value


@dataclass(frozen=True, slots=True)
class Happened:
    """`event` happened at least / at most so many times; `category` or `product` narrows purchases."""

    event: str
    at_least: int | None
    at_most: int | None
    within_days: int | None
    category: str | None = None
    product: str | None = None


@dataclass(frozen=True, slots=True)
class InSegment:
    """Is in another segment, named by its slug."""

    slug: str


Rule: TypeAlias = "All | AnyOf | Not | Condition | Happened | InSegment"


def profiles(rule: Rule) -> bool:
    """Tell whether a rule looks at what people did, or at what was worked out of it, anywhere. Another segment left out
    whom it had to itself; who is *not* in it says nothing of why."""
    match rule:
        case All(parts) | AnyOf(parts):
            return any(profiles(part) for part in parts)
        case Not(part):
            return profiles(part) or _names_segments(part)
        case Condition():
            return not is_plain(rule.field.name)
        case Happened():
            return True
        case InSegment():
            return False


def _names_segments(rule: Rule) -> bool:
    match rule:
        case All(parts) | AnyOf(parts):
            return any(_names_segments(part) for part in parts)
        case Not(part):
            return _names_segments(part)
        case _:
            return isinstance(rule, InSegment)


@dataclass(frozen=True, slots=True)
class RuleProblem:
    """What is wrong, and where: `rules.all[1].value`."""

    path: str
    message: str


class _Wrong(Exception):
    def __init__(self, path: str, message: str) -> None:
        super().__init__(message)
        self.problem = RuleProblem(path, message)


class _Reader:
    """Reads one rule, collecting every problem instead of stopping at the first."""

    def __init__(self) -> None:
        self.problems: list[RuleProblem] = []
        self.nodes = 0

    def read(self, raw: object, path: str, depth: int = 1) -> Rule | None:
        self.nodes += 1
        try:
            if self.nodes > MAX_NODES:
                raise _Wrong(path, f"a rule may have at most {MAX_NODES} parts")
            if depth > MAX_DEPTH:
                raise _Wrong(path, f"groups may be nested at most {MAX_DEPTH} deep")
            if not isinstance(raw, Mapping):
                raise _Wrong(path, f"must be an object such as {{'field': …, 'op': …}}, not {_shape(raw)}")
            kinds = [key for key in ("all", "any", "not", "field", "event", "segment") if key in raw]
            if len(kinds) != 1:
                raise _Wrong(path, "must have exactly one of all, any, not, field, event, segment")
            reader = {"all": self._group, "any": self._group, "not": self._negation}.get(kinds[0])
            if reader is not None:
                _only(raw, {kinds[0]}, path)
                return reader(raw, kinds[0], path, depth)
            leaves: dict[str, Callable[[Mapping[str, Any], str], Rule]] = {
                "field": _condition,
                "event": _happened,
                "segment": _in_segment,
            }
            return leaves[kinds[0]](raw, path)
        except _Wrong as wrong:
            if self.nodes <= MAX_NODES + 1:
                self.problems.append(wrong.problem)
            return None

    def _group(self, raw: Mapping[str, Any], key: str, path: str, depth: int) -> Rule:
        parts = raw[key]
        if not isinstance(parts, list):
            raise _Wrong(f"{path}.{key}", f"must be a list of rules, not {_shape(parts)}")
        if key == "any" and not parts:
            raise _Wrong(f"{path}.any", "must hold at least one rule")
        if len(parts) > MAX_NODES:
            raise _Wrong(f"{path}.{key}", f"a rule may have at most {MAX_NODES} parts")
        read = [self.read(part, f"{path}.{key}[{index}]", depth + 1) for index, part in enumerate(parts)]
        kept = tuple(part for part in read if part is not None)
        return All(kept) if key == "all" else AnyOf(kept)

    def _negation(self, raw: Mapping[str, Any], key: str, path: str, depth: int) -> Rule | None:
        part = self.read(raw[key], f"{path}.not", depth + 1)
        return None if part is None else Not(part)


def check_rules(raw: object) -> list[RuleProblem]:
    """Return everything wrong with a rule; empty if it is sound."""
    reader = _Reader()
    reader.read(raw, "rules")
    return reader.problems


def parse_rules(raw: object) -> Rule:
    """Return a rule from its JSON.

    Raises:
        Invalid: the rule is not sound; `field` is the path to the first part to blame.
    """
    reader = _Reader()
    rule = reader.read(raw, "rules")
    if reader.problems or rule is None:
        first = reader.problems[0]
        raise Invalid(f"{first.path}: {first.message}", field=first.path)
    return rule


def segments_in(rule: Rule) -> dict[str, None]:
    """Slugs of the segments a rule builds on, in the order they are named."""
    match rule:
        case All(parts) | AnyOf(parts):
            return {slug: None for part in parts for slug in segments_in(part)}
        case Not(part):
            return segments_in(part)
        case InSegment(slug):
            return {slug: None}
        case _:
            return {}


def _shape(value: object) -> str:
    if value is None:
        return "nothing"
    return {bool: "true or false", int: "a number", float: "a number", str: "text", list: "a list"}.get(
        type(value), "an object"
    )


def _only(raw: Mapping[str, Any], allowed: set[str], path: str) -> None:
    for key in raw:
        if key not in allowed:
            raise _Wrong(path, f"{str(key)[:40]!r} does not belong here; allowed: {', '.join(sorted(allowed))}")


def _condition(raw: Mapping[str, Any], path: str) -> Condition:
    _only(raw, {"field", "op", "value"}, path)
    name = raw["field"]
    field = field_named(name) if isinstance(name, str) else None
    if field is None:
        raise _Wrong(f"{path}.field", f"{str(name)[:40]!r} is not a field; fields: {', '.join(FIELDS)}")
    op = raw.get("op")
    if not isinstance(op, str) or op not in OPS[field.kind]:
        raise _Wrong(f"{path}.op", f"{field.name} takes one of {', '.join(OPS[field.kind])}")
    if op in BARE_OPS:
        if raw.get("value") is not None:
            raise _Wrong(f"{path}.value", f"{op} takes no value")
        return Condition(field, op, None)
    if "value" not in raw:
        raise _Wrong(f"{path}.value", "is missing")
    return Condition(field, op, _value(field, op, raw["value"], f"{path}.value"))


def _in_segment(raw: Mapping[str, Any], path: str) -> InSegment:
    _only(raw, {"segment"}, path)
    return InSegment(_text(raw["segment"], f"{path}.segment"))


def _value(field: Field, op: str, value: object, path: str) -> Value:
    if op in DAY_OPS:
        return _whole(value, path, 0 if op == "older_than_days" else 1, MAX_DAYS)
    if op in LIST_OPS:
        if not isinstance(value, list) or not 1 <= len(value) <= MAX_LIST:
            raise _Wrong(path, f"must be a list of 1 to {MAX_LIST} values")
        return tuple(_words(field, item, f"{path}[{index}]") for index, item in enumerate(value))
    if op == "between":
        if not isinstance(value, list) or len(value) != 2:
            raise _Wrong(path, "must be [low, high]")
        low, high = (_number(field, item, f"{path}[{index}]") for index, item in enumerate(value))
        if low > high:
            raise _Wrong(path, "the first number must not exceed the second")
        return low, high
    if field.kind in (Kind.MOMENT, Kind.DAY):
        try:
            return date.fromisoformat(value if isinstance(value, str) else "")
        except ValueError as error:
            raise _Wrong(path, "must be a date such as 2026-02-28") from error
    if field.kind is Kind.FLAG:
        if not isinstance(value, bool):
            raise _Wrong(path, f"must be true or false, not {_shape(value)}")
        return value
    if field.kind in (Kind.NUMBER, Kind.MONEY, Kind.SHARE):
        return _number(field, value, path)
    return _words(field, value, path)


def _words(field: Field, value: object, path: str) -> str:
    given = _text(value, path)
    if field.options and given not in field.options:
        raise _Wrong(path, f"must be one of {', '.join(field.options)}")
    return given


def _text(value: object, path: str) -> str:
    if not isinstance(value, str):
        raise _Wrong(path, f"must be text, not {_shape(value)}")
    if not said(value) or len(value) > MAX_TEXT:
        raise _Wrong(path, f"must be text of 1 to {MAX_TEXT} characters")
    if "\x00" in value or not value.isprintable():
        raise _Wrong(path, "must not hold control characters")
    return value.strip()


def _number(field: Field, value: object, path: str) -> Decimal:
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise _Wrong(path, f"must be a number, not {_shape(value)}")
    if not math.isfinite(value) or abs(value) > _MAX_NUMBER:
        raise _Wrong(path, "is out of range")
    if field.kind is Kind.SHARE and not 0 <= value <= 1:
        raise _Wrong(path, "must lie between 0 and 1 (0.5 is 50 %)")
    return Decimal(str(value)) + 0  # no negative zero


def _whole(value: object, path: str, low: int, high: int) -> int:
    if isinstance(value, bool) or not isinstance(value, int) or not low <= value <= high:
        raise _Wrong(path, f"must be a whole number from {low} to {high}")
    return value


def _happened(raw: Mapping[str, Any], path: str) -> Happened:
    _only(raw, {"event", "category", "product", "at_least", "at_most", "within_days"}, path)
    name = raw["event"]
    kind = EVENTS.get(name) if isinstance(name, str) else None
    if kind is None:
        raise _Wrong(f"{path}.event", f"{str(name)[:40]!r} is not an event; events: {', '.join(EVENTS)}")
    category = raw.get("category")
    if category is not None:
        if not kind.has_category:
            raise _Wrong(f"{path}.category", f"{kind.name} has no category")
        category = _text(category, f"{path}.category")
    product = raw.get("product")
    if product is not None:
        if not kind.has_category:
            raise _Wrong(f"{path}.product", f"{kind.name} has no product")
        product = _text(product, f"{path}.product")
    bounds: dict[str, int | None] = {"at_least": None, "at_most": None}
    for key, low in (("at_least", 1), ("at_most", 0)):
        if raw.get(key) is not None:
            bounds[key] = _whole(raw[key], f"{path}.{key}", low, MAX_TIMES)
    at_least, at_most = bounds["at_least"], bounds["at_most"]
    if at_least is None and at_most is None:
        at_least = 1
    if at_least is not None and at_most is not None and at_least > at_most:
        raise _Wrong(f"{path}.at_most", "must not be below at_least")
    days = raw.get("within_days")
    if days is not None:
        days = _whole(days, f"{path}.within_days", 1, MAX_DAYS)
    return Happened(kind.name, at_least, at_most, days, category, product)
