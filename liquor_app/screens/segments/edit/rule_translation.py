"""A stored rule as the builder's lines, and the lines as a rule. Pure."""

from __future__ import annotations

import csv
from collections.abc import Iterator, Sequence
from decimal import Decimal
from typing import Any

from liquor_app.core.errors import Invalid, Unknown
from liquor_app.screens.segments.edit.rule_editor import MEMBER, NUMBERS, Line, dressed
from liquor_app.segments.rule_fields import BARE_OPS, DAY_OPS, LIST_OPS, Field, Kind, field_named
from liquor_app.ui.words import currency_sign, plain_number


def lines_of(rules: Any) -> list[Line]:
    """Return the lines of a sound rule, the root group first."""
    numbers = iter(range(1, 10_000))
    root = rules if set(rules) & {"all", "any", "not"} and not _is_outside(rules) else {"all": [rules]}
    return dressed(list(_read(root, 0, numbers)))


def _read(raw: dict[str, Any], depth: int, numbers: Iterator[int]) -> Iterator[Line]:
    mine = str(next(numbers))
    if "field" in raw:
        yield _field_line(raw, mine, depth)
    elif "event" in raw:
        yield _event_line(raw, mine, depth)
    elif "segment" in raw or _is_outside(raw):
        yield _segment_line(raw, mine, depth)
    else:
        mode, parts = _group(raw)
        yield Line(mine, depth, "group", mode=mode)
        for part in parts:
            yield from _read(part, depth + 1, numbers)


def _is_outside(raw: dict[str, Any]) -> bool:
    """Tell whether a rule says "is not in the segment", which is one line and no group."""
    return isinstance(raw.get("not"), dict) and "segment" in raw["not"]


def _segment_line(raw: dict[str, Any], mine: str, depth: int) -> Line:
    op, inner = ("not_in", raw["not"]) if "not" in raw else ("in", raw)
    return Line(mine, depth, "segment", what=MEMBER, op=op, value=inner["segment"])


def _group(raw: dict[str, Any]) -> tuple[str, list[dict[str, Any]]]:
    if "not" not in raw:
        mode = "all" if "all" in raw else "any"
        return mode, raw[mode]
    inner = raw["not"]
    if "all" in inner:
        return "not_all", inner["all"]
    return "none", inner.get("any", [inner])


def _field_line(raw: dict[str, Any], mine: str, depth: int) -> Line:
    known, value = _field(raw["field"]), raw.get("value")
    low, high = (value[0], value[1]) if isinstance(value, list) and raw["op"] == "between" else (value, None)
    shown = (_shown(known.kind, low), _shown(known.kind, high))
    return Line(mine, depth, "field", what=f"field:{known.name}", op=raw["op"], value=shown[0], high=shown[1])


def _field(name: str) -> Field:
    known = field_named(name)
    if known is None:
        raise Unknown("There is no such field.", field="rules")
    return known


def _shown(kind: Kind, value: Any) -> str:
    if value is None:
        return ""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, list):
        return _joined(value)
    if kind is Kind.SHARE and isinstance(value, int | float):
        value = (Decimal(str(value)) * 100).normalize()
    return plain_number(value) if isinstance(value, Decimal) else str(value)


def _joined(values: list[Any]) -> str:
    """Separated by commas; a value with a comma or quotation mark of its own stands in quotation marks."""
    quoted = (
        value if not set(value) & set(',"') else '"' + value.replace('"', '""') + '"' for value in map(str, values)
    )
    return ", ".join(quoted)


def _separated(typed: str) -> list[str]:
    """Tell what `_joined` joined; a pasted column of values will do too."""
    typed = ", ".join(typed.splitlines())
    return [item.strip() for item in next(csv.reader([typed], skipinitialspace=True), []) if item.strip()]


def _event_line(raw: dict[str, Any], mine: str, depth: int) -> Line:
    low, high = raw.get("at_least"), raw.get("at_most")
    low = 1 if low is None and high is None else low
    if high == 0:
        op, value = "never", ""
    elif low is not None and high is not None:
        op, value = ("exactly" if low == high else "between"), str(low)
    else:
        op, value = ("at_most", str(high)) if low is None else ("at_least", str(low))
    return Line(
        mine, depth, "event", what=f"event:{raw['event']}", op=op, value=value,
        high=str(high) if op == "between" else "", days=str(raw.get("within_days") or ""),
        category=raw.get("category") or "", product=raw.get("product") or "",
    )  # fmt: skip


def rules_of(lines: Sequence[Line]) -> tuple[dict[str, Any], dict[str, str]]:
    """Return the rule the lines say (not yet checked), and which line stands at which of its paths.

    Raises:
        Invalid: there are no lines, as before the page has loaded them.
    """
    kept = [line for line in lines if line.kind != "add"]
    if not kept:
        raise Invalid("There is no rule here to change yet; open the segment again.", field="rules")
    paths: dict[str, str] = {}
    rule, _ = _write(kept, 0, "rules", paths)
    return rule, paths


def _write(lines: list[Line], start: int, path: str, paths: dict[str, str]) -> tuple[dict[str, Any], int]:
    line, after = lines[start], start + 1
    paths[path] = line.id
    if line.kind == "field":
        return _condition(line), after
    if line.kind == "event":
        return _happened(line), after
    if line.kind == "segment":
        inside: dict[str, Any] = {"segment": line.value}
        if line.op == "not_in":
            paths[f"{path}.not"] = line.id
        return ({"not": inside} if line.op == "not_in" else inside), after
    key = "all" if line.mode in ("all", "not_all") else "any"
    negated = line.mode in ("not_all", "none")
    inner, parts = f"{path}.not" if negated else path, list[dict[str, Any]]()
    while after < len(lines) and lines[after].depth > line.depth:
        part, after = _write(lines, after, f"{inner}.{key}[{len(parts)}]", paths)
        parts.append(part)
    rule: dict[str, Any] = {key: parts}
    return ({"not": rule} if negated else rule), after


def _condition(line: Line) -> dict[str, Any]:
    known = _field(line.what.removeprefix("field:"))
    rule: dict[str, Any] = {"field": known.name, "op": line.op}
    if line.op in BARE_OPS:
        return rule
    if line.op in DAY_OPS:
        value: Any = _number(line.value)
    elif line.op in LIST_OPS:
        value = _separated(line.value)
    elif line.op == "between":
        value = [_number(line.value, known.kind), _number(line.high, known.kind)]
    elif known.kind is Kind.FLAG:
        value = line.value == "true"
    else:
        value = _number(line.value, known.kind) if known.kind in NUMBERS else line.value.strip()
    return rule | {"value": value}


def _happened(line: Line) -> dict[str, Any]:
    rule: dict[str, Any] = {"event": line.what.removeprefix("event:")}
    if line.category.strip():
        rule["category"] = line.category.strip()
    if line.product.strip():
        rule["product"] = line.product.strip()
    times, high = _number(line.value), _number(line.high)
    bounds: dict[str, dict[str, Any]] = {
        "at_least": {"at_least": times},
        "at_most": {"at_most": times},
        "exactly": {"at_least": times, "at_most": times},
        "between": {"at_least": times, "at_most": high},
        "never": {"at_most": 0},
    }
    return rule | bounds[line.op] | ({"within_days": _number(line.days)} if line.days.strip() else {})


def _number(typed: str, kind: Kind = Kind.NUMBER) -> int | float | str:
    """Tell what was typed as a number (a percentage as a share of 1), else as it is, for the rule's own check to
    complain about."""
    try:
        number = Decimal(typed.replace(",", "").replace(currency_sign(), "").replace("%", "").strip())
        number = number / 100 if kind is Kind.SHARE else number
        return int(number) if abs(number) < 10**15 and number == number.to_integral_value() else float(number)
    except (ArithmeticError, ValueError):
        return typed
