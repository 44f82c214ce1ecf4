"""From a cell's text to a value of ours: understood, or refused with a reason."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal, InvalidOperation
from functools import lru_cache
from zoneinfo import ZoneInfo, available_timezones

from liquor_app.core.csv_cells import unescape_formula
from liquor_app.core.errors import Invalid
from liquor_app.core.money import money
from liquor_app.customers.addresses import normalise_email, normalise_phone
from liquor_app.customers.places import normalise_state
from liquor_app.ui.words import figure

MAX_TEXT = 255
REMEMBERED = 4096
"""Cells whose meaning is remembered where a column holds few different ones."""
MAX_NUMBER = Decimal(1_000_000)
"""No bottle costs more, and a basket's sum stays within its column."""
BLANKS = frozenset({"", "null", "none", "n/a", "na", "nan", "nil", "-", "\\n"})
YES = frozenset({"yes", "y", "true", "t", "1", "given", "opt-in", "opted in", "opted_in", "subscribed", "x"})
NO = frozenset({
    "no", "n", "false", "f", "0", "withdrawn", "revoked", "opt-out", "opt out", "opted out", "opted_out",
    "unsubscribed", "unsubscribe", "stop",
})  # fmt: skip
EARLIEST = 1990

_NATIONAL_PHONE = re.compile(r"^(?:\+?1[ .-]?)?\(?([2-9]\d{2})\)?[ .-]?([2-9]\d{2})[ .-]?(\d{4})$")
_DAY = re.compile(
    r"^(?:(?P<m>\d{1,2})[/-](?P<d>\d{1,2})[/-](?P<y>\d{4}|\d{2})|(?P<y2>\d{4})[/.](?P<m2>\d{1,2})[/.](?P<d2>\d{1,2})"
    r"|(?P<d3>\d{1,2})\.(?P<m3>\d{1,2})\.(?P<y3>\d{4}))(?:[ T,]+(?P<clock>.+))?$"
)
_CLOCK = re.compile(r"^(\d{1,2}):(\d{2})(?::(\d{2})(?:\.\d+)?)?\s*([AaPp])?\.?[Mm]?\.?$")
_COMMA_AMOUNT = re.compile(r"^[$€£]?\s*(\d{1,3}(?:[ .]\d{3})+(?:,\d+)?|\d+(?:[.,]\d+)?|,\d+)\s*[$€£]?$")
_AMOUNT = re.compile(r"^[$€£]?\s*(\d{1,3}(?:[ ,]\d{3})+(?:\.\d+)?|\d+(?:[.,]\d+)?|\.\d+)\s*[$€£]?$")


class Rejected(Exception):
    """A row that cannot be taken: `code` for counting, `field` to blame, `reason` for whoever mends it."""

    def __init__(self, code: str, field: str, reason: str) -> None:
        super().__init__(reason)
        self.code = code
        self.field = field
        self.reason = reason


def clean_text(cell: str, field: str) -> str | None:
    """One line of text, None if blank."""
    if not cell:
        return None
    if "\x00" in cell:
        raise Rejected("nul_character", field, f"{field} holds a NUL character.")
    if len(cell) > MAX_TEXT and len(cell.strip()) > MAX_TEXT:
        raise Rejected("too_long", field, f"{field} is longer than {MAX_TEXT} characters.")
    return " ".join(unescape_formula(cell.strip()).split()) or None


@lru_cache(maxsize=REMEMBERED)
def clean_label(cell: str, field: str) -> str | None:
    """As `clean_text`, for columns that repeat themselves: cities, shops, categories."""
    return clean_text(cell, field)


def clean_word(cell: str, field: str) -> str | None:
    """Text, None if blank or one of the words programs write for nothing."""
    if not cell:
        return None
    text = clean_text(cell, field)
    return None if text is None or text.lower() in BLANKS else text


def clean_email(cell: str) -> tuple[str | None, str | None]:
    """The address as written, and its key."""
    text = clean_word(cell, "email")
    if text is None:
        return None, None
    try:
        return text, normalise_email(text)
    except Invalid as error:
        raise Rejected("bad_email", "email", error.message) from error


def clean_phone(cell: str, country: str) -> str | None:
    """E.164. Plain North American numbers are recognised without the library, which takes thirty times as long."""
    text = clean_word(cell, "phone")
    if text is None:
        return None
    if country == "US" and (plain := _NATIONAL_PHONE.match(text)):
        return "+1" + "".join(plain.groups())
    try:
        return normalise_phone(text, country)
    except Invalid as error:
        raise Rejected("bad_phone", "phone", error.message) from error


@lru_cache(maxsize=REMEMBERED)
def clean_flag(cell: str, field: str) -> bool | None:
    text = clean_word(cell, field)
    if text is None:
        return None
    if text.lower() in YES:
        return True
    if text.lower() in NO:
        return False
    raise Rejected(f"bad_{field}", field, f"{field} must be yes or no, not {text[:40]!r}.")


@lru_cache(maxsize=REMEMBERED)
def clean_number(cell: str, field: str, decimal: str = ".") -> Decimal | None:
    """A number that is not negative; `1,234.50`, `12,50` and `$12.50` are understood.

    Args:
        decimal: the file's decimal mark, which settles what `1.234` and `1,234` are; what can only be one thing
            (`12,50` among points, `12.50` among commas) is that.
    """
    text = clean_word(cell, field)
    if text is None:
        return None
    found = (_AMOUNT if decimal == "." else _COMMA_AMOUNT).match(text)
    if not found:
        negative = text.lstrip("$€£ ").startswith(("-", "−", "("))
        if negative:
            raise Rejected(f"negative_{field}", field, f"{field} is negative; returns are not imported.")
        raise Rejected(f"bad_{field}", field, f"{field} must be a number such as 12.50, not {text[:40]!r}.")
    try:
        value = money(_plain_number(found.group(1), decimal))
    except InvalidOperation as error:
        raise Rejected(f"bad_{field}", field, f"{field} is out of range.") from error
    if value > MAX_NUMBER:
        raise Rejected(f"bad_{field}", field, f"{field} is larger than {figure(MAX_NUMBER)}.")
    return value


def _plain_number(digits: str, decimal: str) -> str:
    if digits.isdigit():
        return digits
    other = "," if decimal == "." else "."
    whole, mark, cents = digits.partition(other)
    if mark and whole.isdigit() and cents.isdigit() and len(cents) <= 2:
        return f"{whole}.{cents}"
    return digits.replace(other, "").replace(" ", "").replace(decimal, ".")


def _clock(text: str, field: str, given: str) -> time:
    found = _CLOCK.match(text.strip())
    try:
        if found:
            hour, minute, second, half = found.groups()
            hours = int(hour) % 12 + 12 * (half.lower() == "p") if half and 1 <= int(hour) <= 12 else int(hour)
            return time(hours, int(minute), int(second or 0))
    except ValueError:
        pass
    raise Rejected(f"bad_{field}", field, f"{field} is not a time: {given[:40]!r}; write 2026-11-24 19:30.")


def _parse(text: str, field: str, order: str = "mdy") -> datetime | date:
    try:
        parsed = datetime.fromisoformat(text)
    except ValueError:
        pass
    else:
        return parsed.date() if len(text) <= 10 else parsed
    found = _DAY.match(text)
    if not found:
        raise Rejected(f"bad_{field}", field, f"{field} is not a date: {text[:40]!r}; write 2026-11-24.")
    part = found.groupdict()
    year = int(part["y"] or part["y2"] or part["y3"])
    month, day = int(part["m"] or part["m2"] or part["m3"]), int(part["d"] or part["d2"] or part["d3"])
    if part["m"] and order == "dmy":
        month, day = day, month
    if part["y"] and len(part["y"]) == 2:
        year += 2000 if year < 70 else 1900
    try:
        only = date(year, month, day)
    except ValueError as error:
        first = "day" if order == "dmy" else "month"
        reason = f"{field} is not a date: {text[:40]!r}. Dates with slashes are read {first} first; write 2026-11-24."
        raise Rejected(f"bad_{field}", field, reason) from error
    return datetime.combine(only, _clock(part["clock"], field, text)) if part["clock"] else only


@dataclass(frozen=True, slots=True)
class When:
    """A moment, and the hour on the store's wall; the hour is None if only the day is known."""

    at: datetime
    local_hour: int | None


def clean_moment(
    cell: str, field: str, zone: ZoneInfo, now: datetime, *, clock: str = "", order: str = "mdy"
) -> When | None:
    """A moment. One without a zone is the store's; a bare day is its noon, the hour unknown.

    Args:
        clock: the time of day from a column of its own.
        order: `mdy` or `dmy`, for dates with slashes.
    """
    text = clean_word(cell, field)
    if text is None:
        return None
    parsed = _parse(text, field, order)
    if clock_text := clean_word(clock, "time_of_day"):
        only = parsed.date() if isinstance(parsed, datetime) else parsed
        parsed = datetime.combine(only, _clock(clock_text, "time_of_day", clock_text))
    if not isinstance(parsed, datetime):
        moment, hour = datetime.combine(parsed, time(12), zone), None
    else:
        moment = parsed.replace(tzinfo=zone) if parsed.tzinfo is None else parsed.astimezone(zone)
        hour = moment.hour
    if moment.year < EARLIEST or moment > now + timedelta(days=1):
        raise Rejected(f"bad_{field}", field, f"{field} must lie between {EARLIEST} and today, not {text[:40]!r}.")
    return When(moment.astimezone(now.tzinfo), hour)


def clean_consent_moment(
    cell: str, zone: ZoneInfo, now: datetime, *, given: bool, order: str = "mdy"
) -> datetime | None:
    """When somebody agreed or withdrew; never in the future.

    A bare day says nothing of the hour, nor of whose day it is: a consent counts from its first moment, by the store's
    calendar or UTC's, whichever is earlier; a withdrawal until its last. So neither beats an exact word of the same day
    that says no. A withdrawal from the future is one of now: it is never lost.
    """
    when = clean_moment(cell, "consent_at", zone, now, order=order)
    if when is None:
        return None
    moment = when.at
    if when.local_hour is None:
        day = moment.astimezone(zone).date()
        if given:
            moment = min(datetime.combine(day, time(0), where) for where in (zone, UTC))
        else:
            moment = max(datetime.combine(day + timedelta(days=1), time(0), where) for where in (zone, UTC))
    if not given:
        return min(moment, now)
    if moment > now:
        reason = f"consent_at lies in the future: {cell[:40]!r}. Nobody has agreed yet."
        raise Rejected("consent_in_the_future", "consent_at", reason)
    return moment.astimezone(now.tzinfo)


_NO_DATE = re.compile(
    r"^(?:(?P<y>\d{4})[-/.](?P<m>\d{1,2})[-/.](?P<d>\d{1,2})|(?P<m2>\d{1,2})[-/.](?P<d2>\d{1,2})[-/.](?P<y2>\d{2}|\d{4})"
    r"|0+)(?:[ T].*)?$",
    re.ASCII,
)
"""What programs write for no date: zeros, the first and last day of their calendars (0001, 1601, 1753, 1899-12-30,
9999), or a day or month 0."""


def is_no_birthday(cell: str) -> bool:
    """Whether a cell holds, instead of a date of birth, what a program writes for none."""
    if (found := _NO_DATE.match(cell.strip())) is None:
        return False
    year, *rest = (found["y"] or found["y2"] or "0", found["m"] or found["m2"] or "0", found["d"] or found["d2"] or "0")
    return (len(year) == 4 and not 1900 <= int(year) < 9999) or any(int(part) == 0 for part in rest)


def clean_birthday(cell: str, today: date, order: str = "mdy") -> date | None:
    """A date of birth; one that tells nothing (`birthdays.PLACEHOLDERS`) is still returned, for whoever says so. What
    is no date at all (`is_no_birthday`) is None."""
    text = clean_word(cell, "date_of_birth")
    if text is None or is_no_birthday(text):
        return None
    parsed = _parse(text, "date_of_birth", order)
    born = parsed.date() if isinstance(parsed, datetime) else parsed
    if not date(1900, 1, 1) <= born <= today:
        raise Rejected("bad_date_of_birth", "date_of_birth", "date_of_birth must lie between 1900 and today.")
    return born


_COUNTRIES = {"usa": "US", "united states": "US", "united states of america": "US", "canada": "CA", "mexico": "MX"}


@lru_cache(maxsize=REMEMBERED)
def clean_state(cell: str) -> str | None:
    """As `normalise_state` reads it; None if blank."""
    text = clean_text(cell, "state")
    if text is None:
        return None
    return normalise_state(text) or None


@lru_cache(maxsize=REMEMBERED)
def clean_country(cell: str) -> str | None:
    """ISO 3166-1 alpha-2."""
    text = clean_text(cell, "country")
    if text is None:
        return None
    code = _COUNTRIES.get(text.lower(), text.upper())
    if len(code) != 2 or not code.isascii() or not code.isalpha():
        raise Rejected("bad_country", "country", f"country must be two letters such as US, not {text[:40]!r}.")
    return code


@lru_cache(maxsize=REMEMBERED)
def clean_timezone(cell: str) -> str | None:
    text = clean_word(cell, "timezone")
    if text is not None and text not in _ZONES:
        raise Rejected("bad_timezone", "timezone", f"timezone must be a name such as America/New_York, not {text!r}.")
    return text


_ZONES = available_timezones()
