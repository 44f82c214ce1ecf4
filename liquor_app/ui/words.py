"""Figures and times as people say them. Pure.

`at` is always the reader's present, aware and in the shop's time zone: calendar days are counted there, and moments
are told there.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, datetime
from decimal import Decimal

NONE = "–"

_MINUTE, _HOUR, _DAY = 60, 3600, 86_400


def plural(count: int, one: str, many: str = "") -> str:
    """ "1 customer", "1,545 customers"; `many` only where it is not `one` with an s."""
    return f"{count:,} {one if count == 1 else many or one + 's'}"


def percent(share: float | Decimal | None, places: int = 0) -> str:
    """A share of 1 as "71%"; never 0% or 100% for what is merely rare or likely; a dash for none."""
    if share is None:
        return NONE
    hundredths = float(share) * 100
    smallest = 10.0**-places
    if 0 < hundredths < smallest / 2:
        return f"under {smallest:.{places}f}%"
    if 100 - smallest / 2 <= hundredths < 100:
        return f"over {100 - smallest:.{places}f}%"
    return f"{hundredths:.{places}f}%".replace("-", "−")


def signed(number: int) -> str:
    """ "+22", "−11", "0": a change, with a true minus."""
    return f"{number:+,}".replace("-", "−") if number else "0"


def ago(moment: datetime | None, at: datetime) -> str:
    """How long since, to the unit that matters: "just now", "5 min ago", "3 h ago", "12 days ago"; a dash for none."""
    if moment is None:
        return NONE
    seconds = (at - moment).total_seconds()
    if seconds < _MINUTE:
        return "just now"
    if seconds < _HOUR:
        return f"{seconds // _MINUTE:.0f} min ago"
    return f"{seconds // _HOUR:.0f} h ago" if seconds < _DAY else days_ago(moment, at)


def days_between(moment: date | datetime, at: datetime) -> int:
    """Calendar days from `moment` to `at`; negative if `moment` is still to come."""
    return (at.date() - _local_day(moment, at)).days


def days_ago(moment: date | datetime | None, at: datetime) -> str:
    """ "today", "1 day ago", "41 days ago", and from two years on "2 years ago"; a dash for none."""
    if moment is None:
        return NONE
    days = days_between(moment, at)
    if days <= 0:
        return "today"
    return f"{plural(days, 'day')} ago" if days < 730 else f"{days // 365} years ago"


def due(moment: date | datetime | None, at: datetime) -> str:
    """What is expected: "in 6 days", "today", "overdue 12 days"; a dash for none."""
    if moment is None:
        return NONE
    days = days_between(moment, at)
    if days == 0:
        return "today"
    return f"in {plural(-days, 'day')}" if days < 0 else f"overdue {plural(days, 'day')}"


def show_day(moment: date | datetime | None, at: datetime) -> str:
    """ "28 Nov", with the year if it is another one; a dash for none."""
    if moment is None:
        return NONE
    day = _local_day(moment, at)
    return f"{day.day} {day:%b}" if day.year == at.year else f"{day.day} {day:%b %Y}"


def show_moment(moment: datetime | None, at: datetime) -> str:
    """ "Wed 25 Nov, 17:30"; a dash for none."""
    if moment is None:
        return NONE
    local = moment.astimezone(at.tzinfo)
    return f"{local:%a} {show_day(local, at)}, {local:%H:%M}"


def spoken(code: str) -> str:
    """A stored word as people write it: "Very_Frequent_Buyers" is "Very frequent buyers"."""
    return code.replace("_", " ").strip().capitalize()


def listed(words: Sequence[str], last: str = "and") -> str:
    """ "beer, wine and liquor"; empty for none."""
    if len(words) < 2:
        return "".join(words)
    return f"{', '.join(words[:-1])} {last} {words[-1]}"


def initials(name: str) -> str:
    """One or two capital letters for an avatar; a question mark for nobody."""
    parts = [part for part in name.split() if part[0].isalnum()]
    chosen = parts if len(parts) < 2 else (parts[0], parts[-1])
    return "".join(part[0] for part in chosen).upper() or "?"


def _local_day(moment: date | datetime, at: datetime) -> date:
    return moment.astimezone(at.tzinfo).date() if isinstance(moment, datetime) else moment
