"""Keyset pages: a cursor names the last row seen, so page 20,000 costs what page 1 costs."""

from __future__ import annotations

import base64
import json
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from typing import Any, Generic, TypeVar
from uuid import UUID

from liquor_app.core.errors import MadeUp, Malformed
from liquor_app.core.storable_text import unstorable

T = TypeVar("T")

MAX_LIMIT = 500
LARGEST = 2**63


@dataclass(frozen=True, slots=True)
class Page(Generic[T]):
    """A slice of a list. `total` may be an estimate, and says so."""

    items: Sequence[T]
    next_cursor: str | None
    total: int
    total_is_exact: bool = True


def check_limit(limit: int) -> int:
    """Check, or raise Invalid: not between 1 and 500."""
    if not 1 <= limit <= MAX_LIMIT:
        raise Malformed(f"limit must lie between 1 and {MAX_LIMIT}", field="limit")
    return limit


def _plain(value: Any) -> Any:
    if isinstance(value, datetime | date):
        return value.isoformat()
    if isinstance(value, UUID | Decimal):
        return str(value)
    return value


def encode_cursor(*values: Any) -> str:
    """Return a URL-safe cursor from the sort key of the last row; times, ids and decimals travel as text."""
    raw = json.dumps([_plain(value) for value in values], separators=(",", ":")).encode()
    return base64.urlsafe_b64encode(raw).rstrip(b"=").decode()


def decode_cursor(cursor: str, *kinds: type) -> list[Any]:
    """Return the values `encode_cursor` was given, each converted to its kind (str, int, float, UUID, datetime,
    Decimal).

    Raises:
        Invalid: the cursor was not made by us, or belongs to another sort order.
    """
    wrong = MadeUp("cursor is malformed; take it from the next_cursor of the previous page", field="cursor")
    if len(cursor) > 2048:
        raise wrong
    try:
        values = json.loads(base64.urlsafe_b64decode(cursor + "=" * (-len(cursor) % 4)))
        if not isinstance(values, list) or len(values) != len(kinds):
            raise wrong
        return [None if value is None else _value(value, kind) for value, kind in zip(values, kinds, strict=True)]
    except (ValueError, TypeError, AttributeError, ArithmeticError, RecursionError) as error:
        raise wrong from error


def _value(value: Any, kind: Any) -> Any:
    """Return a sort key as `encode_cursor` wrote it, within what the database compares with.

    Raises:
        ValueError: it is none; others likewise.
    """
    if isinstance(value, bool) or not isinstance(value, int | float if kind in (int, float) else str):
        raise ValueError("another kind")
    if kind in (datetime, date):
        return kind.fromisoformat(value)
    found = kind(value)
    if isinstance(found, str) and unstorable(found) is not None:
        raise ValueError("no text")
    if isinstance(found, int | float | Decimal) and not -LARGEST < found < LARGEST:
        raise ValueError("too large, or no number")
    return found
