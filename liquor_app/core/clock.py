"""The only source of the current time, so that tests can travel."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from datetime import UTC, date, datetime
from functools import cache
from zoneinfo import ZoneInfo, available_timezones

_frozen: ContextVar[datetime | None] = ContextVar("frozen_now", default=None)


def now() -> datetime:
    """Current time as an aware UTC datetime."""
    return _frozen.get() or datetime.now(UTC)


def today_in(zone: str | ZoneInfo) -> date:
    """Return the calendar day it is now in a time zone."""
    return now().astimezone(ZoneInfo(zone) if isinstance(zone, str) else zone).date()


@contextmanager
def travel(moment: datetime) -> Iterator[None]:
    """Within the block, `now()` answers `moment` (aware) in this context and the tasks it starts."""
    if moment.tzinfo is None:
        raise ValueError("travel() needs an aware datetime")
    token = _frozen.set(moment.astimezone(UTC))
    try:
        yield
    finally:
        _frozen.reset(token)


@cache
def time_zones() -> frozenset[str]:
    """Return every name of a time zone. `zoneinfo.available_timezones` walks through some six hundred files each time;
    the settings, which every request reads, asked it."""
    return frozenset(available_timezones())
