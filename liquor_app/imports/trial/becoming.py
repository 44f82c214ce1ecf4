"""What a row makes of a person or an order: before and after, field by field. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from liquor_app.customers.ages.sealed_dates import BIRTH_COLUMNS
from liquor_app.customers.baskets import BasketTold
from liquor_app.customers.labels.custom_values import custom_of
from liquor_app.imports.people.known_people import Known

HIDDEN = frozenset({"email_key", "raw_data", *BIRTH_COLUMNS} - {"of_age_on"})
"""Columns that others tell better, and the sealed date."""
MOST_LETTERS = 120
ORDER = ("occurred_at", "total", "discount", "lines", "store", "register", "coupon_code")


@dataclass(frozen=True)
class Change:
    """A field before and after; empty text for nothing."""

    field: str
    before: str
    after: str


@dataclass(frozen=True, slots=True)
class Becoming:
    """A person or an order by what they are called, and what of them changes; of a new one everything there is."""

    who: str
    changes: tuple[Change, ...] = ()


def becoming(who: str, before: Mapping[str, str], after: Mapping[str, str]) -> Becoming:
    changed = [name for name in dict.fromkeys([*after, *before]) if after.get(name, "") != before.get(name, "")]
    return Becoming(who, tuple(Change(name, before.get(name, ""), after.get(name, "")) for name in changed))


def person(known: Known | None) -> dict[str, str]:
    """Return what is known of somebody, by field: columns, custom fields, consent, what the file adds; {} of nobody."""
    if known is None:
        return {}
    told = {name: _text(value) for name, value in known.values.items() if name not in HIDDEN}
    told |= {f"custom.{key}": value for key, value in custom_of(known.values.get("raw_data")).items()}
    told |= {f"{channel}_consent": status or "" for channel, status in known.consent.items()}
    told |= {"second_number": ", ".join(known.numbers)}
    told |= {"tags": ", ".join(known.tags)} | {
        f"{channel}_suppressed": why for (channel, _), why in known.given_up.items()
    }
    return told


def called(known: Known) -> str:
    """Return what a person is called where they stand in a list."""
    names = (known.values.get(name) for name in ("name", "email", "external_id", "phone"))
    return next((_text(name) for name in names if name), "")


def order(told: Mapping[str, Any]) -> dict[str, str]:
    """Return what is told of an order, by field."""
    return {name: _text(told.get(name)) for name in ORDER}


def _text(value: Any) -> str:
    if value is None:
        return ""
    return (value.isoformat() if isinstance(value, datetime) else str(value))[:MOST_LETTERS]


def basket_becomes(one: BasketTold) -> Becoming:
    """Return what a basket was and becomes."""
    after = order(one.after)
    before = {"created": {}, "unchanged": after}.get(one.outcome, order(one.before or {}))
    return becoming(f"{one.order_id} · {one.who}", before, after)
