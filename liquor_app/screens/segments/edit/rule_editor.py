"""The rule builder's model: the lines on the screen, how they are drawn, how they change. Pure.

A line is a group's head, a condition, an event, or the place under a group where more can be added. What belongs to
a group stands below its head with a greater depth. A negation of the rule language is shown as a group of its own
("not all of", "none of"), so every rule that can be stored can be edited.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace

from liquor_app.customers.ages.birth_dates import AgeBand
from liquor_app.segments.rule_fields import BARE_OPS, DAY_OPS, EVENTS, LIST_OPS, OPS, Field, Kind, field_named
from liquor_app.segments.rules import MAX_DEPTH, MAX_NODES, RuleProblem
from liquor_app.ui.words import currency_sign

Choices = list[tuple[str, str]]

MODES: Choices = [("all", "all of"), ("any", "any of"), ("not_all", "not all of"), ("none", "none of")]
COMPARISONS: Choices = [
    ("at_least", "at least"),
    ("at_most", "at most"),
    ("exactly", "exactly"),
    ("between", "between"),
    ("never", "never"),
]
WITHIN: Choices = [("in", "is"), ("not_in", "is not")]
MEMBER = "segment:member"
NUMBERS = (Kind.NUMBER, Kind.MONEY, Kind.SHARE)
SHARE, DAYS = "%", "days"
_SUGGESTIONS = {"rfm_segment": "rfm-names", "primary_category": "categories", "secondary_category": "categories"}
MAX_TYPED = 2_000


@dataclass(frozen=True, slots=True)
class Line:
    """One line. What was typed is kept as typed; from `control` on, fields say how the line is drawn.

    Attributes:
        kind: "group", "field", "event", "segment" or "add".
        mode: of a group, one of `MODES`.
        what: "field:<name>", "event:<name>" or "segment:member".
        op: of a field, one of its kind's operators; of an event, one of `COMPARISONS`; of a segment, one of `WITHIN`.
        value, high: what it is compared with; `high` for the second number of "between".
        days, category, product: of an event; empty for ever and for anything.
        control: "text", "number", "between", "days", "date", "choice", "list", "flag" or "none".
    """

    id: str
    depth: int
    kind: str
    mode: str = "all"
    what: str = ""
    op: str = ""
    value: str = ""
    high: str = ""
    days: str = ""
    category: str = ""
    product: str = ""
    control: str = "none"
    unit: str = ""
    suggest: str = ""
    has_category: bool = False
    ops: Choices = field(default_factory=list)
    options: Choices = field(default_factory=list)
    error: str = ""


NEW_RULE = "field:churn_probability"


# how lines are drawn


def dressed(lines: Sequence[Line]) -> list[Line]:
    """Return the lines with everything their drawing needs, and the places to add more."""
    kept, drawn, open_groups = [line for line in lines if line.kind != "add"], list[Line](), list[Line]()
    for line in kept:
        while open_groups and line.depth <= open_groups[-1].depth:
            drawn.append(_end(open_groups.pop()))
        drawn.append(_dress(line))
        if line.kind == "group":
            open_groups.append(line)
    drawn.extend(_end(group) for group in reversed(open_groups))
    return drawn


def _end(group: Line) -> Line:
    return Line(group.id, group.depth, "add")


def _dress(line: Line) -> Line:
    if line.kind == "group":
        return line
    name = line.what.partition(":")[2]
    if line.kind == "segment":
        return replace(line, ops=WITHIN, control="segment")
    if line.kind == "event":
        control = {"never": "none", "between": "between"}.get(line.op, "number")
        return replace(line, ops=COMPARISONS, control=control, has_category=EVENTS[name].has_category)
    known = _field(name)
    return replace(
        line,
        ops=list(OPS[known.kind].items()),
        control=_control(known.kind, line.op),
        unit=_unit(line.op, known.kind),
        options=[(option, _choice(name, option)) for option in known.options],
        suggest=_SUGGESTIONS.get(name, ""),
    )


def _field(name: str) -> Field:
    """Return a field of a rule that was read already, so that there is one."""
    known = field_named(name)
    if known is None:
        raise KeyError(name)
    return known


def _choice(name: str, option: str) -> str:
    return AgeBand(option).label if name == "age_band" else option.capitalize()


def _unit(op: str, kind: Kind) -> str:
    """Tell what stands beside the number: the shop's currency before it, the others after it."""
    if op in DAY_OPS:
        return DAYS
    return {Kind.MONEY: currency_sign(), Kind.SHARE: SHARE}.get(kind, "")


def _control(kind: Kind, op: str) -> str:
    if op in BARE_OPS:
        return "none"
    if op in DAY_OPS:
        return "days"
    if op in LIST_OPS:
        return "list"
    if op == "between":
        return "between"
    if kind in NUMBERS:
        return "number"
    return {Kind.FLAG: "flag", Kind.CHOICE: "choice", Kind.MOMENT: "date", Kind.DAY: "date"}.get(kind, "text")


def blamed(
    lines: Sequence[Line], problems: Sequence[RuleProblem], paths: dict[str, str], *, finished: bool = False
) -> list[Line]:
    """Return the lines, each with the first thing wrong with it; a problem belongs to the nearest line above its path.

    While the rule is being written, what was not filled in yet is no mistake; once it is `finished` it is.
    """
    errors: dict[str, str] = {}
    for problem in problems:
        path = problem.path
        while path not in paths and "." in path:
            path = path.rpartition(".")[0]
        errors.setdefault(paths.get(path, lines[0].id), problem.message)
    return [replace(line, error=_error(line, errors, finished)) if line.kind != "add" else line for line in lines]


def _error(line: Line, errors: dict[str, str], finished: bool) -> str:
    message = errors.get(line.id, "")
    if not message:
        return ""
    if line.kind != "group" and line.control != "none" and not line.value.strip():
        return "Fill this in." if finished else ""
    return f"{message[:1].upper()}{message[1:]}."


# changes


def changed(lines: Sequence[Line], line_id: str, part: str, value: str) -> list[Line]:
    """Return one part of one line as typed or chosen; what makes no sense is left as it was."""
    return dressed([_change(line, part, value[:MAX_TYPED]) if line.id == line_id else line for line in lines])


def _change(line: Line, part: str, value: str) -> Line:
    match part:
        case "mode" if line.kind == "group" and value in dict(MODES):
            return replace(line, mode=value)
        case "what" if line.kind in ("field", "event", "segment"):
            return _about(line, value)
        case "op" if line.kind in ("field", "event", "segment") and value in dict(line.ops):
            control = _dress(replace(line, op=value)).control
            keeps = control == line.control or {control, line.control} <= {"number", "between"}
            return replace(line, op=value, value=line.value if keeps else _first(line.what, control), high="")
        case "value":
            return replace(line, value=value)
        case "high":
            return replace(line, high=value)
        case "days":
            return replace(line, days=value)
        case "category":
            return replace(line, category=value)
        case "product":
            return replace(line, product=value)
    return line


def _about(line: Line, what: str) -> Line:
    kind, _, name = what.partition(":")
    if what == MEMBER:
        return Line(line.id, line.depth, "segment", what=what, op="in")
    if kind == "event" and name in EVENTS:
        return Line(line.id, line.depth, "event", what=what, op="at_least", value="1", days="60")
    if kind == "field" and (known := field_named(name)) is not None:
        op = "gte" if known.kind in NUMBERS else next(iter(OPS[known.kind]))
        control = _control(known.kind, op)
        return Line(line.id, line.depth, "field", what=what, op=op, value=_first(what, control))
    return line


def _first(what: str, control: str) -> str:
    if control == "flag":
        return "true"
    options = _field(what.removeprefix("field:")).options if what.startswith("field:") else ()
    if control == "days":
        return {"field:birthday": "7", "field:turned_21": "30"}.get(what, "")
    return options[0] if control == "choice" and options else ""


def added(lines: Sequence[Line], group_id: str, kind: str) -> list[Line]:
    """Return one more condition ("field"), or a group with one condition ("group"), at the end of a group."""
    kept = [line for line in lines if line.kind != "add"]
    at = next((index for index, line in enumerate(kept) if line.id == group_id and line.kind == "group"), None)
    if at is None or len(kept) + 2 > MAX_NODES or kept[at].depth + 3 > MAX_DEPTH:
        return list(lines)
    end, depth = at + 1, kept[at].depth + 1
    while end < len(kept) and kept[end].depth >= depth:
        end += 1
    number = max(int(line.id) for line in kept) + 1
    new = []
    if kind == "group":
        new, depth = [Line(str(number), depth, "group", mode="any")], depth + 1
    new.append(_about(Line(str(number + len(new)), depth, "field"), NEW_RULE))
    return dressed([*kept[:end], *new, *kept[end:]])


def removed(lines: Sequence[Line], line_id: str) -> list[Line]:
    """Without a line and whatever belongs to it; the root group stays."""
    kept = [line for line in lines if line.kind != "add"]
    at = next((index for index, line in enumerate(kept) if line.id == line_id), 0)
    if at == 0:
        return list(lines)
    end = at + 1
    while end < len(kept) and kept[end].depth > kept[at].depth:
        end += 1
    return dressed([*kept[:at], *kept[end:]])
