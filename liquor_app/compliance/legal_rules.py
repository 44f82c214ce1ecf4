"""The rules a message is held against, and the hours they leave open. Pure.

Hours and limits bind by the recipient's place; offers and prices by the shop's licence (`may_offer`).
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal, InvalidOperation
from enum import StrEnum
from functools import lru_cache
from typing import Any
from zoneinfo import ZoneInfo

from liquor_app.compliance.holidays import Holiday, is_closed
from liquor_app.core.errors import Invalid

FEDERAL = "US"
DAY_MINUTES = 24 * 60
WEEKDAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")

US_ZONES = (
    "America/Puerto_Rico",
    "America/New_York",
    "America/Chicago",
    "America/Denver",
    "America/Phoenix",
    "America/Los_Angeles",
    "America/Anchorage",
    "Pacific/Honolulu",
)
"""Where somebody may be of whom we know nothing: an hour is open only if it is open in all of them."""

Span = tuple[int, int]
"""Minutes since local midnight: open from the first, closed from the second on; empty if they cross."""

Interval = tuple[datetime, datetime]
"""From the first moment (UTC) up to, not including, the second."""

WHOLE_DAY: Span = (0, DAY_MINUTES)


class RuleKind(StrEnum):
    """What a rule is about. Any value may add `"disputed": true`: whether it reaches this channel is contested."""

    HOURS = "hours"
    """`{"start": "08:00", "end": "20:00", "days": ["sun"]?}`, local to the recipient; no days means every day."""
    CONTACT_LIMIT = "contact_limit"
    """`{"max": 3, "hours": 24}`."""
    CLOSED_DAYS = "closed_days"
    """`{"holidays": ["christmas", …]}`: nothing goes out on these, by the recipient's own calendar (`Holiday`)."""
    COUPON_BAN = "coupon_ban"
    """No coupon or personal discount on alcohol; an empty value."""
    MAX_DISCOUNT = "max_discount"
    """`{"percent": 35}`: no more off the price than this."""
    MIN_MARKUP = "min_markup"
    """`{"percent": 6}`: no price below what the shop paid and so much of it."""
    MIN_PRICE = "min_price"
    """No price below the product's own minimum; an empty value. Where that is not known, no money off."""
    REBATE_BAN = "rebate_ban"
    """No rebate, refund or free goods; an empty value."""
    DISCLOSURE = "disclosure"
    """`{"text": …}`: these words beside every price or discount chosen for the person."""
    NOTE = "note"
    """`{"text": …}`: law that no machine can check, kept beside the others for people to read."""


OFFER_LAW = frozenset({
    RuleKind.COUPON_BAN, RuleKind.MAX_DISCOUNT, RuleKind.MIN_MARKUP, RuleKind.MIN_PRICE, RuleKind.REBATE_BAN,
})  # fmt: skip
"""What binds the licence: the state that gave it, wherever the recipient lives."""


@dataclass(frozen=True, slots=True)
class Rule:
    """One rule of one place; `channel` None binds every channel. `valid_to` is the first day it binds no more."""

    jurisdiction: str
    kind: RuleKind
    channel: str | None
    citation: str
    valid_from: date
    valid_to: date | None = None
    span: Span = WHOLE_DAY
    weekdays: frozenset[int] = frozenset(range(7))
    limit: int = 0
    hours: int = 24
    percent: Decimal = Decimal(0)
    text: str = ""
    holidays: frozenset[Holiday] = frozenset()
    disputed: bool = False

    def binds(self, channel: str, day: date) -> bool:
        return self.channel in (None, channel) and self.valid_from <= day and (not self.valid_to or day < self.valid_to)


@dataclass(frozen=True, slots=True, eq=False)
class Rules:
    """Everything `may_send` goes by: the law's rows and the store's own settings.

    Compared by identity, so that opening hours can be cached per set of rules.

    Attributes:
        store_spans: the store's own hours by channel.
        store_zone: where the store's hours hold for people whose zone is unknown.
        unknown_age_email: `block` or `with_purchase_history`.
    """

    laws: tuple[Rule, ...]
    minimum_age: int
    unknown_age_email: str
    store_spans: Mapping[str, Span]
    store_zone: str
    max_contacts_7_days: int
    max_contacts_30_days: int
    usual_margin_pct: Decimal = Decimal(0)
    """What the shop's prices leave, in per cent, where a product's own margin is not known."""

    def same_as(self, other: Rules) -> bool:
        """Tell whether both say the same."""
        return all(getattr(self, name) == getattr(other, name) for name in self.__slots__)


def parse_clock(value: object, name: str, *, field: str = "") -> int:
    """Return minutes since midnight of `17:30`; `24:00` is the end of the day. `name` says in words what it is of,
    `field` where it was given, if that is called otherwise.

    Raises:
        Invalid: not a time of day.
    """
    try:
        hours, minutes = (int(part) for part in str(value).split(":"))
    except ValueError as error:
        raise Invalid(f"{name} must be a time such as 08:00, not {value!r}", field=field or name) from error
    total = hours * 60 + minutes
    if not (0 <= minutes < 60 and 0 <= total <= DAY_MINUTES):
        raise Invalid(f"{name} must lie between 00:00 and 24:00, not {value!r}", field=field or name)
    return total


def parse_rule(row: Mapping[str, Any]) -> Rule:
    """Return a row of `compliance_rules` as a rule.

    Raises:
        Invalid: its kind or value makes no sense; the message names the place and the part.
    """
    where = f"{row['jurisdiction']} {row['kind']}"
    value: Mapping[str, Any] = row["value"]
    common: dict[str, Any] = {
        "jurisdiction": row["jurisdiction"],
        "channel": row["channel"],
        "citation": row["citation"],
        "valid_from": row["valid_from"],
        "valid_to": row["valid_to"],
    }
    try:
        kind = RuleKind(row["kind"])
    except ValueError as error:
        raise Invalid(f"{where}: the kind must be one of {', '.join(RuleKind)}", field="kind") from error
    if kind is RuleKind.HOURS:
        days = value.get("days") or list(WEEKDAYS)
        if not isinstance(days, list):
            raise Invalid(f'{where}: the days must be a list such as ["sat", "sun"]', field="value.days")
        if unknown := sorted(set(map(str, days)) - set(WEEKDAYS)):
            raise Invalid(f"{where}: {unknown[0]!r} is not one of {', '.join(WEEKDAYS)}", field="value.days")
        common["span"] = (
            parse_clock(value.get("start"), f"{where} start", field="value.start"),
            parse_clock(value.get("end"), f"{where} end", field="value.end"),
        )
        common["weekdays"] = frozenset(WEEKDAYS.index(str(day)) for day in days)
    if kind is RuleKind.CLOSED_DAYS:
        common["holidays"] = _holidays(value.get("holidays"), where)
    if kind in (RuleKind.MAX_DISCOUNT, RuleKind.MIN_MARKUP):
        common["percent"] = _percent(value.get("percent"), where)
    if kind is RuleKind.DISCLOSURE:
        words = value.get("text")
        if not isinstance(words, str) or not words.strip():
            raise Invalid(f"{where}: give the words the law wants", field="value.text")
        common["text"] = words.strip()
    disputed = value.get("disputed", False)
    if not isinstance(disputed, bool):
        raise Invalid(f"{where}: disputed must be true or false", field="value.disputed")
    common["disputed"] = disputed
    if kind is RuleKind.CONTACT_LIMIT:
        limit, hours = value.get("max"), value.get("hours", 24)
        if type(limit) is not int or limit < 1 or type(hours) is not int or hours != 24:
            raise Invalid(f"{where}: max must be 1 or more, hours must be 24", field="value.max")
        common["limit"], common["hours"] = limit, hours
    return Rule(kind=kind, **common)


def _holidays(given: object, where: str) -> frozenset[Holiday]:
    if not isinstance(given, list) or not given:
        raise Invalid(f'{where}: the holidays must be a list such as ["christmas"]', field="value.holidays")
    if unknown := sorted(set(map(str, given)) - set(Holiday)):
        raise Invalid(f"{where}: {unknown[0][:40]!r} is not one of {', '.join(Holiday)}", field="value.holidays")
    return frozenset(Holiday(str(one)) for one in given)


def _percent(given: object, where: str) -> Decimal:
    try:
        percent = Decimal(str(given))
    except InvalidOperation:
        percent = Decimal(-1)
    if isinstance(given, bool) or not percent.is_finite() or not 0 <= percent <= 100:
        raise Invalid(f"{where}: the per cent must lie between 0 and 100", field="value.percent")
    return percent


@lru_cache(maxsize=32_768)
def legal_span(rules: Rules, channel: str, states: frozenset[str] | None, day: date) -> Span:
    """Tell what federal and state law leave of a day; of several states, what each of them leaves, and without one
    (None) what every state does."""
    start, end = WHOLE_DAY
    for rule in rules.laws:
        if not rule.binds(channel, day) or not reaches(rule, states):
            continue
        if rule.kind is RuleKind.CLOSED_DAYS and is_closed(day, rule.holidays):
            return DAY_MINUTES, 0
        if rule.kind is RuleKind.HOURS and day.weekday() in rule.weekdays:
            start, end = max(start, rule.span[0]), min(end, rule.span[1])
    return start, end


def reaches(rule: Rule, states: frozenset[str] | None) -> bool:
    """Tell whether a rule reaches somebody who may live in one of these states; None: nobody knows where."""
    return rule.jurisdiction == FEDERAL or states is None or rule.jurisdiction in states


def narrow(*spans: Span) -> Span:
    """Tell what all spans leave open."""
    return max(span[0] for span in spans), min(span[1] for span in spans)


@lru_cache(maxsize=65_536)
def interval(zone: str, day: date, span: Span) -> Interval | None:
    """Return a local span as moments; None if it is empty.

    Where clocks change inside it, the reading that keeps the interval narrower counts: from the later of two
    possible openings to the earlier of two possible closings. Midnight is where the day begins, whatever the clock
    reads then (in Havana 01:00, one Sunday a year): whole days leave nothing out between them.
    """
    if span[0] >= span[1]:
        return None
    place = ZoneInfo(zone)
    midnight = datetime.combine(day, time.min)

    def moments(minutes: int) -> list[datetime]:
        local = midnight + timedelta(minutes=minutes)
        folds = (0,) if minutes in WHOLE_DAY else (0, 1)
        return [local.replace(tzinfo=place, fold=fold).astimezone(UTC) for fold in folds]

    opens, closes = max(moments(span[0])), min(moments(span[1]))
    return (opens, closes) if opens < closes else None


def intersect(first: Iterable[Interval], second: Iterable[Interval]) -> list[Interval]:
    """Moments in both; each input in order and without overlaps."""
    found: list[Interval] = []
    left, right = list(first), list(second)
    i = j = 0
    while i < len(left) and j < len(right):
        opens, closes = max(left[i][0], right[j][0]), min(left[i][1], right[j][1])
        if opens < closes:
            found.append((opens, closes))
        if left[i][1] <= right[j][1]:
            i += 1
        else:
            j += 1
    return found
