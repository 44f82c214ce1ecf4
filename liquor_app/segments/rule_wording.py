"""A rule as a sentence a shopkeeper would say."""

from __future__ import annotations

from decimal import Decimal

from liquor_app.customers.ages.birth_dates import LEGAL_AGE, AgeBand
from liquor_app.segments.rule_fields import EVENTS, OPS, Kind
from liquor_app.segments.rules import All, AnyOf, Condition, Happened, InSegment, Not, Rule, parse_rules
from liquor_app.ui.words import plain_number, show_money

_FLAGS = {
    "is_night_buyer": ("buys mostly at night", "does not buy mostly at night"),
    "has_email": ("has an e-mail address", "has no e-mail address"),
    "has_phone": ("has a phone number", "has no phone number"),
    "age_verified": ("has a verified age", "has no verified age"),
    "objected_to_profiling": ("objected to profiling", "did not object to profiling"),
}


def sentence(raw: object) -> str:
    """Tell what a rule says, in words: "Bought Whisky at least 2 times in the last 180 days, and churn risk is over
    50%."

    Raises:
        Invalid: the rule is not sound.
    """
    words = describe(parse_rules(raw))
    return f"{words[:1].upper()}{words[1:]}."


def describe(rule: Rule, inside: bool = False) -> str:
    """Return the same without the capital and the full stop; `inside` another group, groups say where they begin."""
    match rule:
        case All(parts):
            if not parts:
                return "every customer"
            return _join([describe(part, True) for part in parts], "and", "both", inside)
        case AnyOf(parts):
            if not inside and any(isinstance(part, All) and len(part.parts) > 1 for part in parts):
                # whole conditions side by side read better with a pause between them
                return "; or ".join(describe(part) for part in parts)
            return _join([describe(part, True) for part in parts], "or", "either", inside)
        case Not(part):
            if isinstance(part, InSegment):
                return describe(part).replace("is in", "is not in", 1)
            return f"not ({describe(part)})"
        case Condition():
            return _condition(rule)
        case Happened():
            return _happened(rule)
        case InSegment(slug):
            return f"is in the segment “{slug.replace('_', ' ')}”"


def _join(parts: list[str], word: str, opening: str, inside: bool) -> str:
    if len(parts) == 1:
        return parts[0]
    if not inside:
        return ", ".join(parts[:-1]) + f", {word} {parts[-1]}"
    return f"{opening} " + f" {word} ".join(parts)


def _condition(rule: Condition) -> str:
    field, op, value = rule.field, rule.op, rule.value
    label = field.label if field.label.startswith(("E-", "SMS", "RFM")) else field.label[0].lower() + field.label[1:]
    if field.kind is Kind.FLAG and field.name not in _FLAGS:
        return f"{label} is {'yes' if value else 'not yes'}"
    if field.kind is Kind.FLAG:
        return _FLAGS[field.name][0 if value else 1]
    words = OPS[field.kind][op]
    if op == "this_month":
        return "has a birthday in this month"
    if op in ("known", "unknown"):
        return f"{label} {words}"
    if field.kind is Kind.BIRTHDAY:
        when = "in the next" if op == "next_days" else "in the last"
        return f"has a birthday today or {when} {_days(value)}"
    if field.kind is Kind.REACHED and op == "next_days":
        return f"turns {LEGAL_AGE} in the next {_days(value)}"
    if field.kind is Kind.REACHED:
        return f"{label} " + (f"in the last {_days(value)}" if op == "within_days" else f"more than {_days(value)} ago")
    if field.name == "age_band":
        bands = [AgeBand(str(item)).label for item in (value if isinstance(value, tuple) else (value,))]
        return f"{label} {words} {_or(bands)}"
    if field.kind in (Kind.MOMENT, Kind.DAY):
        verb = {"last_purchase_at": "last bought", "first_purchase_at": "first bought", "created_at": "was added"}.get(
            field.name, f"{label} is"
        )
        match op:
            case "within_days":
                return f"{verb} in the last {_days(value)}"
            case "older_than_days":
                return f"{verb} more than {_days(value)} ago" if value else f"{verb} before today"
            case "next_days":
                return f"{verb} in the next {_days(value)}"
            case _:
                return f"{verb} {words} {value}"
    if isinstance(value, tuple):
        shown = [_show(field.kind, item) for item in value]
        if op == "between":
            return f"{label} {words} {shown[0]} and {shown[1]}"
        return f"{label} {words} {_or(shown)}"
    return f"{label} {words} {_show(field.kind, value)}"


def _or(items: list[str]) -> str:
    shown = items if len(items) <= 5 else [*items[:4], f"{len(items) - 4} more"]
    return shown[0] if len(shown) == 1 else f"{', '.join(shown[:-1])} or {shown[-1]}"


def _show(kind: Kind, value: object) -> str:
    if isinstance(value, Decimal):
        if kind is Kind.MONEY:
            return show_money(value).removesuffix(".00")
        shown = value * 100 if kind is Kind.SHARE else value
        return plain_number(shown) + ("%" if kind is Kind.SHARE else "")
    return str(value)


def _days(value: object) -> str:
    return "day" if value == 1 else f"{value} days"


def _times(count: int) -> str:
    return {1: "once", 2: "twice"}.get(count, f"{count} times")


def _happened(rule: Happened) -> str:
    past = EVENTS[rule.event].past + (f" {rule.category}" if rule.category else "")
    past += f" “{rule.product}”" if rule.product else ""
    low, high = rule.at_least, rule.at_most
    window = f" in the last {_days(rule.within_days)}" if rule.within_days else ""
    if high == 0:
        return f"never {past}{window}"
    if low is not None and low == high:
        count = f" exactly {_times(low)}"
    elif low is not None and high is not None:
        count = f" {low} to {high} times"
    elif high is not None:
        count = f" at most {_times(high)}"
    else:
        count = "" if low == 1 else f" at least {_times(low or 1)}"
    return f"{past}{count}{window}"
