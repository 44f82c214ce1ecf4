"""Cells that say when: purchases, consents, dates of birth. Pure."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from liquor_app.imports.cleaning.cells import Rejected, clean_word
from liquor_app.imports.cleaning.dates import read_clock, read_date

EARLIEST = 1990


def _parse(text: str, field: str, order: str = "mdy") -> datetime | date:
    found = read_date(text, order)
    if found is None:
        first = "day" if order == "dmy" else "month"
        reason = f"{field} is not a date: {text[:40]!r}. Dates of numbers are read {first} first; write 2026-11-24."
        raise Rejected(f"bad_{field}", field, reason)
    return found


@dataclass(frozen=True, slots=True)
class When:
    """A moment, and the hour on the store's wall; the hour is None if only the day is known."""

    at: datetime
    local_hour: int | None


_IN_UTC = re.compile(r"[(\[]?\b(?:UTC|GMT)(?: ?[+-]?0+(?::?00)?)?\b[)\]]?", re.IGNORECASE)


def named_zone(column: str) -> ZoneInfo | None:
    """Return the zone a column of times names itself ("Created date (UTC)"); None for the store's."""
    return ZoneInfo("UTC") if _IN_UTC.search(column.replace("_", " ")) else None


def without_zone(column: str) -> str:
    """Return a column's name without the zone of its times."""
    return _IN_UTC.sub(" ", column.replace("_", " "))


def clean_moment(
    cell: str,
    field: str,
    zone: ZoneInfo,
    now: datetime,
    *,
    clock: str = "",
    order: str = "mdy",
    written_in: ZoneInfo | None = None,
) -> When | None:
    """Return a moment. One without a zone is the store's; a bare day is its noon, the hour unknown.

    Args:
        clock: the time of day from a column of its own.
        order: `mdy` or `dmy`, for dates with slashes.
        written_in: the zone of times without one, if not the store's.
    """
    text = clean_word(cell, field)
    if text is None:
        return None
    parsed = _parse(text, field, order)
    out_of_reach = f"{field} must lie between {EARLIEST} and today, not {text[:40]!r}."
    if not EARLIEST - 1 <= parsed.year <= now.year + 1:  # the last hours of the calendar have no time elsewhere
        raise Rejected(f"bad_{field}", field, out_of_reach)
    if clock_text := clean_word(clock, "time_of_day"):
        only = parsed.date() if isinstance(parsed, datetime) else parsed
        if (told := read_clock(clock_text)) is None:
            reason = f"time_of_day is not a time: {clock_text[:40]!r}; write 19:30."
            raise Rejected("bad_time_of_day", "time_of_day", reason)
        parsed = datetime.combine(only, *told)
    if not isinstance(parsed, datetime):
        moment, hour = datetime.combine(parsed, time(12), zone), None
    else:
        moment = (parsed if parsed.tzinfo else parsed.replace(tzinfo=written_in or zone)).astimezone(zone)
        hour = moment.hour
    if moment.year < EARLIEST or moment > now + timedelta(days=1):
        raise Rejected(f"bad_{field}", field, out_of_reach)
    return When(moment.astimezone(now.tzinfo), hour)


def clean_consent_moment(
    cell: str, zone: ZoneInfo, now: datetime, *, given: bool, order: str = "mdy"
) -> datetime | None:
    """Tell when somebody agreed or withdrew; never in the future.

    A bare day says nothing of the hour, nor of whose day it is: a consent counts from its first moment, by the store's
    calendar or UTC's, whichever is earlier; a withdrawal until its last. So neither beats an exact word of the same day
    that says no. A withdrawal from the future is one of now: it is never lost.
    """
    if is_no_day(cell, order):
        return None
    if given and (is_of_the_future(cell, now, order) or _has_not_come(cell, now, order)):
        raise Rejected("consent_in_the_future", "consent_at", _NOT_YET.format(cell[:40]))
    when = clean_moment(cell, "consent_at", zone, now, order=order)
    if when is None:
        return None
    moment = when.at
    if when.local_hour is None:
        day = moment.astimezone(zone).date()
        if given:
            moment = min(datetime.combine(day, time(0), where) for where in (zone, UTC))
        else:
            moment = max(datetime.combine(day, time.max, where) for where in (zone, UTC))
    if not given:
        return min(moment, now)
    if moment > now:
        raise Rejected("consent_in_the_future", "consent_at", _NOT_YET.format(cell[:40]))
    return moment.astimezone(now.tzinfo)


def _has_not_come(cell: str, now: datetime, order: str) -> bool:
    """Tell whether a cell names a day that has begun nowhere yet."""
    found = read_date(cell.strip(), order)
    day = found.date() if isinstance(found, datetime) else found
    return day is not None and day > (now + timedelta(hours=14)).date()


_NOT_YET = "consent_at lies in the future: {!r}. Nobody has agreed yet."


def is_of_the_future(cell: str, now: datetime, order: str = "mdy") -> bool:
    """Tell whether a cell names a day that is years from now, as no clock is wrong."""
    found = read_date(cell.strip(), order)
    return found is not None and found.year > now.year + 1


_NO_DATE = re.compile(
    r"^(?:(?P<y>\d{4})[-/.](?P<m>\d{1,2})[-/.](?P<d>\d{1,2})|(?P<m2>\d{1,2})[-/.](?P<d2>\d{1,2})[-/.](?P<y2>\d{2}|\d{4})"
    r"|0+)(?:[ T].*)?$",
    re.ASCII,
)
"""What programs write for no date: zeros, the first and last day of their calendars (0001, 1601, 1753, 1899-12-30,
9999), or a day or month 0."""


def is_no_birthday(cell: str) -> bool:
    """Tell whether a cell holds, instead of a date of birth, what a program writes for none."""
    if (found := _NO_DATE.match(cell.strip())) is None:
        return False
    year, *rest = (found["y"] or found["y2"] or "0", found["m"] or found["m2"] or "0", found["d"] or found["d2"] or "0")
    return (len(year) == 4 and not 1900 <= int(year) < 9999) or any(int(part) == 0 for part in rest)


def is_no_day(cell: str, order: str = "mdy") -> bool:
    """Tell whether a cell holds, instead of the day on which something was said or done by e-mail, what a program
    writes for none: zeros, or a day on which its calendar begins (1900 in spreadsheets, 1970 in servers)."""
    if is_no_birthday(cell):
        return True
    day = read_date(cell.strip(), order) if "19" in cell else None
    return day is not None and day.year <= _CLOCKS_BEGIN


_CLOCKS_BEGIN = 1970


_YEARLESS = re.compile(
    r"^(?:(?P<a>\d{1,2})[-/.](?P<b>\d{1,2})|(?:(?:0|0000)[-/.]|--?)(?P<m0>\d{1,2})[-/.](?P<d0>\d{1,2})"
    r"|(?P<month>[a-z]{3,9})\.?[\s-]+(?P<d>\d{1,2})(?:st|nd|rd|th)?"
    r"|(?P<d2>\d{1,2})(?:st|nd|rd|th)?[\s-]+(?P<month2>[a-z]{3,9})\.?)$",
    re.IGNORECASE | re.ASCII,
)


def yearless_birthday(cell: str, order: str = "mdy") -> int | None:
    """Return month times 100 plus day of a birthday without its year (`05/14`, `May 14`, Square's `0000-12-04`,
    `--12-04`), as newsletters and tills keep it; None for anything else. It proves no age."""
    if (found := _YEARLESS.match(cell.strip())) is None:
        return None
    month, day = found["month"] or found["month2"], found["d"] or found["d2"]
    # of a leap year, for 29 February
    if found["m0"]:
        born = read_date(f"2000-{int(found['m0']):02}-{int(found['d0']):02}", order)
    else:
        born = read_date(f"{found['a']}/{found['b']}/2000" if found["a"] else f"{month} {day}, 2000", order)
    return None if born is None else born.month * 100 + born.day


def clean_birthday(cell: str, today: date, order: str = "mdy") -> date | None:
    """Return a date of birth; one that tells nothing (`birthdays.PLACEHOLDERS`) is still returned, for whoever says so.
    What is no date at all (`is_no_birthday`) is None."""
    text = clean_word(cell, "date_of_birth")
    if text is None or is_no_birthday(text):
        return None
    # a number of seconds would make a child of whoever it stands for: it begins in 2001
    parsed = _parse("" if text.isdigit() and len(text) > 8 else text, "date_of_birth", order)
    born = parsed.date() if isinstance(parsed, datetime) else parsed
    if today < born and not _FOUR_DIGITS.search(text):
        born = born.replace(year=born.year - 100)  # "7/4/30": nobody is born in 2030 yet
    if not date(1900, 1, 1) <= born <= today:
        raise Rejected("bad_date_of_birth", "date_of_birth", "date_of_birth must lie between 1900 and today.")
    return born


_FOUR_DIGITS = re.compile(r"\d{4}")
