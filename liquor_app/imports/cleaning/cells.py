"""From a cell's text to a value of ours: understood, or refused with a reason."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal
from enum import StrEnum
from functools import lru_cache
from zoneinfo import ZoneInfo, available_timezones

from liquor_app.core.csv_cells import unescape_formula
from liquor_app.core.errors import Invalid
from liquor_app.core.money import money
from liquor_app.customers.addresses import normalise_email, normalise_phone, stands_for_nobody
from liquor_app.customers.countries import country_code
from liquor_app.customers.places import normalise_state
from liquor_app.customers.visible_text import visible
from liquor_app.imports.cleaning.amounts import read_amount
from liquor_app.imports.cleaning.dates import read_clock, read_date
from liquor_app.ui.words import figure

MAX_TEXT = 255
REMEMBERED = 4096
"""Cells whose meaning is remembered where a column holds few different ones."""
MAX_NUMBER = Decimal(1_000_000)
"""No bottle costs more, and a basket's sum stays within its column."""
BLANKS = frozenset({"", "null", "none", "n/a", "na", "nan", "nil", "-", "\\n"})
YES = frozenset({
    "yes", "y", "true", "t", "1", "x", "given", "granted", "agreed", "opt in", "optin", "opted in", "double opt in",
    "single opt in", "confirmed opt in", "subscribed", "subscriber", "accepts marketing", "si", "sí",
})  # fmt: skip
NO = frozenset({
    "no", "n", "false", "f", "0", "withdrawn", "revoked", "opt out", "optout", "opted out", "unsubscribed",
    "unsubscribe", "stop", "stopped", "declined", "denied", "refused", "removed", "do not contact", "do not email",
    "do not text", "dnc", "complained", "complaint", "spam", "spam complaint", "marked as spam", "abuse",
})  # fmt: skip
SILENT = frozenset({
    "never subscribed", "not subscribed", "non subscribed", "nonsubscribed", "unknown", "not set", "not given",
    "pending", "unconfirmed", "awaiting confirmation", "inactive", "transactional", "redacted", "archived",
})  # fmt: skip
"""Neither yes nor no: nobody was asked, or nobody has answered yet."""
DEAD = frozenset({
    "cleaned", "bounced", "bounce", "hard bounce", "hard bounced", "undeliverable", "invalid", "suppressed", "blocked",
})  # fmt: skip
"""What another system says of an address it no longer writes to."""
EARLIEST = 1990

_NATIONAL_PHONE = re.compile(r"^(?:\+?1[ .-]?)?\(?([2-9]\d{2})\)?[ .-]?([2-9]\d{2})[ .-]?(\d{4})$")
_WHOLE = re.compile(r"^\d+\.0+$")
"""A number that went through a spreadsheet: 12583.0."""
_MANTISSA = re.compile(r"^[+-]?\d(?:[.,]\d+)?E[+-]?\d+$", re.IGNORECASE)
"""One that lost its digits there: 6.17555E+09."""
_SEVERAL = re.compile(r"\s*[;|\n]\s*|\s*,\s+|\s+/\s+|,(?=[^,@\s]+@)|\s+(?:or|and|&)\s+")
_NAMED = re.compile(r"^.*<\s*([^<>]*?)\s*>\s*$")
_EXTENSION = re.compile(
    r"\s*(?:;?\s*(?:x|ext\.?|extension|#)\s*\d{1,6}|\([a-z][a-z .]{0,20}\)|[a-z]{1,10})\s*$", re.IGNORECASE
)


class Rejected(Exception):
    """A row that cannot be taken: `code` for counting, `field` to blame, `reason` for whoever mends it."""

    def __init__(self, code: str, field: str, reason: str) -> None:
        super().__init__(reason)
        self.code = code
        self.field = field
        self.reason = reason


def clean_text(cell: str, field: str) -> str | None:
    """Return one line of text, None if blank."""
    if not cell:
        return None
    if "\x00" in cell:
        raise Rejected("nul_character", field, f"{field} holds a NUL character.")
    cell = visible(cell)
    if len(cell) > MAX_TEXT and len(cell.strip()) > MAX_TEXT:
        raise Rejected("too_long", field, f"{field} is longer than {MAX_TEXT} characters.")
    text = cell.strip()
    if text[:1] == "'" and text[1:2].isdigit():
        text = text[1:]  # what keeps a spreadsheet from reading a text of digits as a number
    return " ".join(unescape_formula(text).split()) or None


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


def clean_id(cell: str, field: str) -> str | None:
    """Return a name a program gave: without the apostrophe that keeps a spreadsheet from reading it as a number, and
    without the `.0` of one that did. Zeros are nobody's."""
    text = clean_word(cell, field)
    if text is None:
        return None
    if text[0] == "'":
        text = text[1:].strip() or text
    if _WHOLE.match(text):
        text = text.partition(".")[0]
    elif _MANTISSA.match(text):
        raise Rejected(f"bad_{field}", field, f"{field} lost its digits in a spreadsheet: {text[:40]!r}.")
    return text if text.strip("0") else None


def clean_email(cell: str) -> tuple[str | None, str | None]:
    """Return the address as written, and its key. Of several in a cell the first counts; the name beside it, `mailto:`
    and a full stop behind it are taken off. What stands for no address (`noemail@…`) is none."""
    text = clean_word(cell, "email")
    if text is None:
        return None, None
    if "@" in text:
        text = _SEVERAL.split(text.strip(" ;,|"), maxsplit=1)[0]
        if named := _NAMED.match(text):
            text = named[1]
        text = text.removeprefix("mailto:").removeprefix("MAILTO:").strip(" .,;'\"")
    try:
        key = normalise_email(text)
    except Invalid as error:
        raise Rejected("bad_email", "email", error.message) from error
    if stands_for_nobody(key):
        raise Rejected("nobodys_email", "email", f"email stands for no address: {text[:40]!r}.")
    return text, key


def clean_phone(cell: str, country: str) -> str | None:
    """Return E.164. Of several numbers in a cell the first counts, without its extension. Plain North American numbers
    are recognised without the library, which takes thirty times as long."""
    text = clean_word(cell, "phone")
    if text is None:
        return None
    if _WHOLE.match(text):
        text = text.partition(".")[0]
    if country == "US" and (plain := _NATIONAL_PHONE.match(text)):
        number = "+1" + "".join(plain.groups())
        if not _is_given_out(plain[1], plain[2]) or stands_for_nobody(number):
            raise Rejected("bad_phone", "phone", f"phone stands for no number: {text[:40]!r}.")
        return number
    if _MANTISSA.match(text):
        raise Rejected("bad_phone", "phone", f"phone lost its digits in a spreadsheet: {text[:40]!r}.")
    first = _EXTENSION.sub("", _SEVERAL.split(text, maxsplit=1)[0])
    if first != text and first:
        return clean_phone(first, country)
    try:
        return normalise_phone(text, country)
    except Invalid as error:
        raise Rejected("bad_phone", "phone", error.message) from error


@lru_cache(maxsize=4 * REMEMBERED)
def _is_given_out(area: str, exchange: str) -> bool:
    """Tell whether North America has numbers of this area and exchange."""
    try:
        normalise_phone(f"+1{area}{exchange}0123")
    except Invalid:
        return False
    return True


@lru_cache(maxsize=REMEMBERED)
def clean_flag(cell: str, field: str) -> bool | None:
    """Return what a yes or a no says, in anybody's words."""
    word = _word(cell, field)
    if not word:
        return None
    if word in YES:
        return True
    if word in NO:
        return False
    raise Rejected(f"bad_{field}", field, f"{field} must be yes or no, not {cell.strip()[:40]!r}.")


class Answer(StrEnum):
    """What a column of consents says of one person."""

    YES = "yes"
    NO = "no"
    SILENT = "silent"
    DEAD = "dead"


@lru_cache(maxsize=REMEMBERED)
def clean_answer(cell: str, field: str) -> Answer:
    """Return what a cell says of somebody's consent, in the words of the tools that write it.

    Raises:
        Rejected: in words we do not know.
    """
    word = _word(cell, field)
    for words, answer in ((YES, Answer.YES), (NO, Answer.NO), (SILENT | {""}, Answer.SILENT), (DEAD, Answer.DEAD)):
        if word in words:
            return answer
    raise Rejected(f"bad_{field}", field, f"{field} must be yes or no, not {cell.strip()[:40]!r}.")


def _word(cell: str, field: str) -> str:
    """Return a cell's word as the sets above spell theirs; "" for none."""
    return " ".join(re.sub(r"[_-]+", " ", clean_word(cell, field) or "").lower().split())


@lru_cache(maxsize=REMEMBERED)
def clean_number(cell: str, field: str, decimal: str = ".", currency: str = "USD") -> Decimal | None:
    """Return a number that is not negative, as `amounts.read_amount` reads it; money of another currency is none.

    Args:
        decimal: the file's decimal mark.
        currency: ISO 4217, the shop's.
    """
    value = clean_signed(cell, field, decimal, currency)
    if value is not None and value < 0:
        raise Rejected(f"negative_{field}", field, f"{field} is negative; returns are not imported.")
    return value


@lru_cache(maxsize=REMEMBERED)
def clean_signed(cell: str, field: str, decimal: str = ".", currency: str = "USD") -> Decimal | None:
    """Return a number of either sign.

    Raises:
        Rejected: no number, too large, or money of another currency: it is never added as the shop's own.
    """
    text = clean_word(cell, field)
    if text is None:
        return None
    found = read_amount(text, decimal)
    if found is None:
        raise Rejected(f"bad_{field}", field, f"{field} must be a number such as 12.50, not {text[:40]!r}.")
    if not is_own(found.currency, currency):
        raise Rejected("foreign_currency", field, f"{field} is not in {currency}: {text[:40]!r}.")
    if abs(found.value) > MAX_NUMBER:
        raise Rejected(f"bad_{field}", field, f"{field} is larger than {figure(MAX_NUMBER)}.")
    return money(found.value)


def is_own(written: str, currency: str) -> bool:
    """Tell whether what stands beside a sum is the shop's currency: `$` is of any shop whose money is dollars."""
    return written in {"", currency} or (written == "$" and currency.endswith("D"))


def clean_currency(cell: str, currency: str) -> None:
    """Let a column of currencies pass where it names the shop's.

    Raises:
        Rejected: it names another.
    """
    text = clean_word(cell, "currency")
    if text is not None and not is_own(text.upper(), currency):
        reason = f"The amount is in {text[:10].upper()}, the shop's currency is {currency}."
        raise Rejected("foreign_currency", "currency", reason)


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


def clean_moment(
    cell: str, field: str, zone: ZoneInfo, now: datetime, *, clock: str = "", order: str = "mdy"
) -> When | None:
    """Return a moment. One without a zone is the store's; a bare day is its noon, the hour unknown.

    Args:
        clock: the time of day from a column of its own.
        order: `mdy` or `dmy`, for dates with slashes.
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
        moment = parsed.replace(tzinfo=zone) if parsed.tzinfo is None else parsed.astimezone(zone)
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
    """Tell whether a cell holds, instead of a date of birth, what a program writes for none."""
    if (found := _NO_DATE.match(cell.strip())) is None:
        return False
    year, *rest = (found["y"] or found["y2"] or "0", found["m"] or found["m2"] or "0", found["d"] or found["d2"] or "0")
    return (len(year) == 4 and not 1900 <= int(year) < 9999) or any(int(part) == 0 for part in rest)


def clean_birthday(cell: str, today: date, order: str = "mdy") -> date | None:
    """Return a date of birth; one that tells nothing (`birthdays.PLACEHOLDERS`) is still returned, for whoever says so.
    What is no date at all (`is_no_birthday`) is None."""
    text = clean_word(cell, "date_of_birth")
    if text is None or is_no_birthday(text):
        return None
    parsed = _parse(text, "date_of_birth", order)
    born = parsed.date() if isinstance(parsed, datetime) else parsed
    if today < born and not _FOUR_DIGITS.search(text):
        born = born.replace(year=born.year - 100)  # "7/4/30": nobody is born in 2030 yet
    if not date(1900, 1, 1) <= born <= today:
        raise Rejected("bad_date_of_birth", "date_of_birth", "date_of_birth must lie between 1900 and today.")
    return born


_FOUR_DIGITS = re.compile(r"\d{4}")


@lru_cache(maxsize=REMEMBERED)
def clean_state(cell: str) -> str | None:
    """As `normalise_state` reads it; None if blank."""
    text = clean_text(cell, "state")
    if text is None:
        return None
    return normalise_state(text) or None


@lru_cache(maxsize=REMEMBERED)
def clean_postal_code(cell: str) -> str | None:
    """Return a postal code; a ZIP code gets the zero back that a spreadsheet took for nothing (`2118` is 02118)."""
    text = clean_text(cell, "postal_code")
    if text is None:
        return None
    if _WHOLE.match(text):
        text = text.partition(".")[0]
    return text.zfill(5) if text.isdigit() and len(text) == 4 else text


@lru_cache(maxsize=REMEMBERED)
def clean_country(cell: str) -> str | None:
    """ISO 3166-1 alpha-2."""
    text = clean_text(cell, "country")
    if text is None:
        return None
    code = country_code(text)
    if code is None:
        raise Rejected("bad_country", "country", f"country must be two letters such as US, not {text[:40]!r}.")
    return code


@lru_cache(maxsize=REMEMBERED)
def clean_timezone(cell: str) -> str | None:
    text = clean_word(cell, "timezone")
    if text is not None and text not in _ZONES:
        raise Rejected("bad_timezone", "timezone", f"timezone must be a name such as America/New_York, not {text!r}.")
    return text


_ZONES = available_timezones()
