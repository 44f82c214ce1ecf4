"""Dates and times as people and programs write them. Pure."""

from __future__ import annotations

import re
from datetime import UTC, date, datetime, time, timedelta, timezone, tzinfo
from zoneinfo import ZoneInfo

from liquor_app.core.clock import time_zones

_MONTHS = {
    name: number
    for number, names in enumerate(
        ("jan january ene enero", "feb february febrero", "mar march marzo", "apr april abr abril", "may mayo",
         "jun june junio", "jul july julio", "aug august ago agosto", "sep sept september septiembre setiembre",
         "oct october octubre", "nov november noviembre", "dec december dic diciembre"), 1,
    )
    for name in names.split()
}  # fmt: skip
_ZONES = {
    "z": 0, "utc": 0, "gmt": 0, "ast": -4, "adt": -3, "est": -5, "edt": -4, "cst": -6, "cdt": -5, "mst": -7, "mdt": -6,
    "pst": -8, "pdt": -7, "akst": -9, "akdt": -8, "hst": -10, "et": None, "ct": None, "mt": None, "pt": None,
}  # fmt: skip
"""Hours from UTC of the zones that tills in the United States print; `ET` and the like are the store's own clock."""
_REGIONS = {
    "eastern": "America/New_York", "central": "America/Chicago", "mountain": "America/Denver", "arizona":
    "America/Phoenix", "pacific": "America/Los_Angeles", "alaska": "America/Anchorage", "hawaii": "Pacific/Honolulu",
    "atlantic": "America/Halifax", "indiana": "America/Indiana/Indianapolis", "guam": "Pacific/Guam",
    "american samoa": "Pacific/Pago_Pago", "midway island": "Pacific/Midway", "puerto rico": "America/Puerto_Rico",
}  # fmt: skip
_REGION = re.compile(
    rf"^({'|'.join(_REGIONS)})(?: standard| daylight)?(?: time)?(?: \((?:us (?:&|and) canada|canada|us|east)\))?$"
)
"""As Square and spreadsheets name them: Eastern Time (US & Canada)."""
_OFFSET = re.compile(r"^(?:utc|gmt)?(?P<sign>[+-])(?P<hours>\d{1,2}):?(?P<minutes>\d{2})?(?: \([a-z ]+\))?$")
_IANA = {name.lower(): name for name in time_zones() if "/" in name}
_WEEKDAY = r"(?:(?:mon|tues?|wed(?:nes)?|thu(?:rs?)?|fri|sat(?:ur)?|sun)(?:day)?\.?,?\s+)?"
_FORMS = tuple(
    re.compile(rf"^{_WEEKDAY}{form}(?:[\sT,@]+(?:[-–|]\s+)?(?P<rest>\S.*))?$", re.IGNORECASE | re.ASCII)
    for form in (
        r"(?P<y>\d{4})[-/.](?P<m>\d{1,2})[-/.](?P<d>\d{1,2})",
        r"(?P<a>\d{1,2})[/-](?P<b>\d{1,2})[/-](?P<y>\d{4}|\d{2})",
        r"(?P<d>\d{1,2})\.(?P<m>\d{1,2})\.(?P<y>\d{4}|\d{2})",
        r"(?P<month>[a-z]{3,10})\.?[\s-]+(?P<d>\d{1,2})(?:st|nd|rd|th)?,?[\s-]+(?P<y>\d{4}|\d{2})",
        r"(?P<y>\d{4})[\s/-](?P<month>[a-z]{3,9})[\s/-](?P<d>\d{1,2})",
        r"(?P<d>\d{1,2})(?:st|nd|rd|th|\.)?[\s/-]+(?:(?:of|de)\s+)?(?P<month>[a-z]{3,10})\.?,?[\s/-]+(?:del?\s+)?(?P<y>\d{4}|\d{2})",
        r"(?P<d>\d{2})(?P<month>[a-z]{3})(?P<y>\d{4}|\d{2})",
    )
)
_CLOCK = re.compile(
    r"^(?:at\s+)?(?P<h>\d{1,2})(?:[:.](?P<min>\d{2})(?:[:.](?P<s>\d{2})(?:[.,]\d+)?)?)?\s*+(?:(?P<half>[ap])(?:\.?\s?m\.?(?=$|[^a-z]|[a-z]{3}$)|(?![a-z])))?"
    r"\s*+(?P<zone>[a-z(+-][a-z0-9+:&/_() -]{0,60})?$",
    re.IGNORECASE | re.ASCII,
)
_BARE_CLOCK = re.compile(r"^(?P<h>\d{1,2}(?=\d{2}$)|\d{2}(?=\d{4}$))(?P<min>\d{2})(?P<s>\d{2})?$", re.ASCII)
"""Hours and minutes as registers print them, `1814` and `181405`."""
_WEEK = re.compile(r"^\d{4}-?W\d{2}(?!-?\d)", re.ASCII)
_ISO_DOTTED = re.compile(r"[ T]\d{1,2}\.\d{2}$")
"""`15.04` is four past three, and no fraction of an hour."""
_YEAR_LAST = re.compile(
    rf"^{_WEEKDAY}(?P<day>[a-z]{{3,9}} +\d{{1,2}}),? +"
    r"(?P<clock>\d{1,2}:\d{2}(?::\d{2})?(?: [a-z]{1,4})?) +(?P<y>\d{4})$",
    re.IGNORECASE | re.ASCII,
)
"""As C prints a time: `Fri Jan  5 10:11:12 2024`."""
_CLOCK_FIRST = re.compile(
    r"^(?P<clock>\d{1,2}:\d{2}(?::\d{2})?(?:\s*[ap]\.?m\.?)?)[\s,]+(?P<day>\S.*)$", re.IGNORECASE | re.ASCII
)
_SERIAL = re.compile(r"^(?P<days>[1-6]\d{4})(?:\.(?P<part>\d+))?$", re.ASCII)
"""Days since the last of 1899, as spreadsheets count them (1927 to 2091)."""
_EPOCH = re.compile(r"^(?P<seconds>[12]\d{9})(?:\.\d+|\d{3})?$", re.ASCII)
"""Seconds or milliseconds since 1970, from 2001 on."""
TURN = 70
"""Two digits below this are of the 2000s, the others of the 1900s."""


def read_clock(text: str) -> tuple[time, tzinfo | None] | None:
    """Return the time of day and its zone, None where it names none; None if it is no time of day."""
    if (bare := _BARE_CLOCK.match(text.strip())) is not None:
        hours, minutes, seconds = (int(bare[part] or 0) for part in ("h", "min", "s"))
        return (time(hours, minutes, seconds), None) if max(hours - 23, minutes - 59, seconds - 59) <= 0 else None
    if (found := _CLOCK.match(text.strip())) is None or not (found["min"] or found["half"]):
        return None
    hour, half = int(found["h"]), (found["half"] or "").lower()
    if half and 1 <= hour <= 12:
        hour = hour % 12 + 12 * (half == "p")
    try:
        clock = time(hour, int(found["min"] or 0), int(found["s"] or 0))
        return clock, _zone(found["zone"])
    except (ValueError, KeyError):
        return None


def read_date(text: str, order: str = "mdy") -> datetime | date | None:
    """Return what a text says: a day, or a moment with or without a zone; None if it is no date.

    `2026-11-24`, `11/24/26 3pm`, `Nov 24, 2026`, `24-Nov-2026 09:33 PM EST`, `2026-11-24T21:33:00Z`, `9:33 11/24/26`;
    a spreadsheet's day number (`46350.4`), seconds or milliseconds since 1970.

    Args:
        order: `mdy` or `dmy`, for dates of three numbers.
    """
    try:
        parsed = datetime.fromisoformat(text if not _WEEK.match(text) else "")  # a week is seven days
    except ValueError:
        pass
    else:
        if ":" in text or "." not in text or not _ISO_DOTTED.search(text):
            return parsed.date() if len(text) <= 10 else parsed
    if (found := _YEAR_LAST.match(text)) is not None:
        text = f"{found['day']}, {found['y']} {found['clock']}"
    for form in _FORMS:
        if (found := form.match(text)) is not None:
            return _of_parts(found.groupdict(), order)
    return _of_number(text) or _clock_first(text, order)


def _of_number(text: str) -> datetime | date | None:
    if found := _EPOCH.match(text):
        return datetime.fromtimestamp(int(found["seconds"]), UTC)
    if (found := _SERIAL.match(text)) is None:
        return None
    day = date(1899, 12, 30) + timedelta(days=int(found["days"]))
    if not found["part"] or not (seconds := round(float(f"0.{found['part']}") * 86_400)):
        return day
    return datetime.combine(day, time()) + timedelta(seconds=seconds)


def _clock_first(text: str, order: str) -> datetime | None:
    if (found := _CLOCK_FIRST.match(text)) is None or (told := read_clock(found["clock"])) is None:
        return None
    day = read_date(found["day"], order)
    return None if day is None or isinstance(day, datetime) else datetime.combine(day, *told)


def _of_parts(part: dict[str, str | None], order: str) -> datetime | date | None:
    if named := part.get("month"):
        month, day = _MONTHS.get(named.lower(), 0), int(part["d"] or 0)
    elif part.get("a"):
        month, day = int(part["a"] or 0), int(part["b"] or 0)
        if order == "dmy":
            month, day = day, month
    else:
        month, day = int(part["m"] or 0), int(part["d"] or 0)
    written = part["y"] or ""
    year = int(written) + (0 if len(written) == 4 else 2000 if int(written) < TURN else 1900)
    try:
        only = date(year, month, day)
    except ValueError:
        return None
    if not part["rest"]:
        return only
    if (clock := read_clock(part["rest"])) is None:
        return None
    return datetime.combine(only, clock[0], clock[1])


def _zone(written: str | None) -> tzinfo | None:
    """Check, or raise KeyError: no zone of ours. ValueError: no offset there is."""
    if not written:
        return None
    name = " ".join(written.lower().split())
    if name[0] == "(" and name[-1] == ")":
        name = name[1:-1]
    if name in _ZONES:
        hours = _ZONES[name]
        return None if hours is None else timezone(timedelta(hours=hours))
    if offset := _OFFSET.match(name):
        behind = timedelta(hours=int(offset["hours"]), minutes=int(offset["minutes"] or 0))
        return timezone(behind if offset["sign"] == "+" else -behind)
    return ZoneInfo(_REGIONS[region[1]] if (region := _REGION.match(name)) else _IANA[name])
