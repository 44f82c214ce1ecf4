"""Custom fields: what they are called, what stands in them, and how it is kept in `customers.raw_data`. Pure.

`raw_data["custom"]` maps a field's key to its value as text: numbers plain ("12.5"), days ISO, yes or no. One form for
all keeps a filter one containment question, which an index answers.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from datetime import date
from decimal import Decimal, InvalidOperation
from enum import StrEnum
from functools import lru_cache
from typing import Any

from liquor_app.core.errors import Invalid
from liquor_app.core.storable_text import unstorable
from liquor_app.customers.visible_text import visible
from liquor_app.ui.words import plain_number

CUSTOM = "custom"
"""Where they stand in `raw_data`, and what rules, mappings and templates put before their keys."""
MOST_FIELDS = 40
"""In a shop."""
MOST_LETTERS = 40
"""In a field's name."""
MOST_VALUE = 200
"""Characters of a value."""

KEY = re.compile(r"[a-z][a-z0-9_]{0,39}")
_NAME = re.compile(r"^custom\.(text|number|date|flag)\.([a-z][a-z0-9_]{0,39})$")


class FieldKind(StrEnum):
    """What may stand in a custom field; it stays what it was made as."""

    TEXT = "text"
    NUMBER = "number"
    DATE = "date"
    FLAG = "flag"

    @property
    def label(self) -> str:
        return {"text": "Text", "number": "Number", "date": "Day", "flag": "Yes or no"}[self.value]


def field_key(label: str) -> str:
    """Return the key a field is known by, made of its name: "Favorite grape" is favorite_grape.

    Raises:
        Invalid: the name is empty, too long, or holds no letter.
    """
    shown = clean_label(label)
    key = re.sub(r"[^a-z0-9]+", "_", shown.lower()).strip("_")
    key = re.sub(r"^[0-9_]+", "", key)[:MOST_LETTERS].strip("_")
    if not KEY.fullmatch(key):
        raise Invalid("A field's name begins with a letter from A to Z.", field="label")
    return key


def clean_label(label: str) -> str:
    """Return a field's name as it is shown.

    Raises:
        Invalid: empty, too long, or with what cannot be printed.
    """
    shown = " ".join(visible(label).split())
    if not 1 <= len(shown) <= MOST_LETTERS or unstorable(shown) is not None or not shown.isprintable():
        raise Invalid(f"A field's name has 1 to {MOST_LETTERS} letters.", field="label")
    return shown


def full_name(kind: FieldKind, key: str) -> str:
    """Return how rules and mappings name a field: `custom.text.favorite_grape`. The kind is part of it, so that a rule
    can be read without asking the database."""
    return f"{CUSTOM}.{kind.value}.{key}"


@lru_cache(maxsize=1_024)  # asked of every column of every row of a file
def split_name(name: str) -> tuple[FieldKind, str] | None:
    """Return kind and key of a full name; None for anything else."""
    found = _NAME.match(name)
    return None if found is None else (FieldKind(found[1]), found[2])


def clean_value(kind: FieldKind, given: Any, key: str) -> str | None:
    """Return a value as it is kept; None for none.

    Args:
        given: text as typed, or a number, a boolean, a day.

    Raises:
        Invalid: not of this kind, too long, or with what cannot be printed; `field` is the key.
    """
    if given is None or (isinstance(given, str) and not given.strip()):
        return None
    if isinstance(given, bool) and kind is FieldKind.FLAG:
        return "yes" if given else "no"
    text = " ".join(visible(str(given)).split())
    if len(text) > MOST_VALUE or unstorable(text) is not None or not text.isprintable():
        raise Invalid(f"{key} has at most {MOST_VALUE} characters, all of which can be printed.", field=key)
    match kind:
        case FieldKind.NUMBER:
            return _number(text, key)
        case FieldKind.DATE:
            try:
                return date.fromisoformat(text).isoformat()
            except ValueError as error:
                raise Invalid(f"{key} must be a date such as 2026-02-28.", field=key) from error
        case FieldKind.FLAG:
            if text.lower() not in _ANSWERS:
                raise Invalid(f"{key} must be yes or no.", field=key)
            return _ANSWERS[text.lower()]
    return text


_ANSWERS = {"yes": "yes", "y": "yes", "true": "yes", "1": "yes", "no": "no", "n": "no", "false": "no", "0": "no"}


def _number(text: str, key: str) -> str:
    try:
        number = Decimal(text.replace(",", ""))
    except InvalidOperation as error:
        raise Invalid(f"{key} must be a number.", field=key) from error
    if not number.is_finite() or abs(number) > 10**12 or int(number.as_tuple().exponent) < -6:
        raise Invalid(f"{key} must be a number under a trillion, with at most six decimals.", field=key)
    return plain_number(number + 0)  # no negative zero


def custom_filter(asked: str) -> str:
    """Return what `raw_data` must contain, as JSON, of a question such as `favorite_grape:Riesling`.

    Raises:
        Invalid: no field, or no value.
    """
    key, colon, value = asked.partition(":")
    if not colon or not KEY.fullmatch(key.strip()) or not value.strip() or len(value) > MOST_VALUE:
        raise Invalid("custom must name a field and its value, such as favorite_grape:Riesling", field=CUSTOM)
    return json.dumps({CUSTOM: {key.strip(): value.strip()}})


def custom_of(raw_data: Any) -> dict[str, str]:
    """Return key → value of what a customer's `raw_data` holds."""
    held = raw_data.get(CUSTOM) if isinstance(raw_data, Mapping) else None
    if not isinstance(held, Mapping):
        return {}
    return {str(key): str(value) for key, value in held.items() if value is not None}


def with_custom(raw_data: Any, changes: Mapping[str, str | None]) -> dict[str, Any] | None:
    """Return `raw_data` with values changed, those that are None taken out; None where nothing is left."""
    rest = {name: value for name, value in (raw_data or {}).items() if name != CUSTOM}
    held = {key: value for key, value in {**custom_of(raw_data), **changes}.items() if value is not None}
    return {**rest, **({CUSTOM: held} if held else {})} or None
