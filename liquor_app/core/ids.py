"""Time-ordered identifiers (UUID version 7, RFC 9562 §5.7)."""

from __future__ import annotations

import os
import time
from collections.abc import Iterable
from datetime import UTC, datetime, timedelta
from uuid import UUID

from liquor_app.core.errors import Malformed

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_LAST_MILLISECOND = (datetime(9999, 12, 31, tzinfo=UTC) - _EPOCH) // timedelta(milliseconds=1)


def uuid7(moment: datetime | None = None) -> UUID:
    """Return a UUIDv7: 48 bits of Unix milliseconds, 74 random bits. `moment` defaults to the real time."""
    millis = time.time_ns() // 1_000_000 if moment is None else (moment - _EPOCH) // timedelta(milliseconds=1)
    value = int.from_bytes(millis.to_bytes(6, "big") + os.urandom(10), "big")
    value = (value & ~(0xF << 76)) | (0x7 << 76)
    value = (value & ~(0x3 << 62)) | (0x2 << 62)
    return UUID(int=value)


def uuid7_head() -> str:
    """Return the first 24 digits of a new UUIDv7; eight more, which count up, make a row's. Each of thousands of rows
    of one statement having random bits of its own costs more than all else that is done for it (RFC 9562 §6.2)."""
    return uuid7().hex[:24]


def uuid7_tail(head: str) -> str:
    """Return SQL of the next id behind a head, which is bound as `head`; for a select list."""
    return f"CAST(CAST(:{head} AS text) || lpad(to_hex(row_number() OVER ()), 8, '0') AS uuid)"


def uuid7_time(value: UUID) -> datetime:
    """Return the moment inside a UUIDv7, to the millisecond; what `created_at` of a partitioned row holds.

    A stranger's id may name a moment after the calendar's end; it is then the last one, at which nothing was made.
    """
    return _EPOCH + timedelta(milliseconds=min(value.int >> 80, _LAST_MILLISECOND))


def uuid_array(ids: Iterable[UUID]) -> str:
    """Return ids as PostgreSQL reads an array of them from text: written ten times faster than one by one."""
    return "{" + ",".join([one.hex for one in ids]) + "}"


def parse_id(value: str | UUID, field: str = "id") -> UUID:
    """Return a UUID from what a client sent.

    Raises:
        Invalid: it is not a UUID.
    """
    if isinstance(value, UUID):
        return value
    try:
        return UUID(str(value))
    except ValueError as error:
        raise Malformed(f"{field} is not a valid id: {str(value)[:60]!r}", field=field) from error
