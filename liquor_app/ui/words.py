"""Say figures, money, percentages, days and times as people do: the only place that formats one for a person.

`at` is always the reader's present, aware and in the shop's time zone: calendar days are counted there, and moments
are told there, labelled with the zone where a reader elsewhere could take them for their own. Money is in the shop's
currency (see `core.money`). What was not measured is a dash, never 0. Storage, the API and files speak UTC and plain
decimals; they do not come here.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, datetime
from decimal import Decimal
from math import isnan

from liquor_app.core.money import money, shop_currency

NONE = "–"
SIGNS = {"USD": "$", "CAD": "CA$", "AUD": "A$", "NZD": "NZ$", "MXN": "MX$", "EUR": "€", "GBP": "£", "JPY": "¥"}
"""A currency by its sign; every other one is told by its code."""

_MINUTE, _HOUR, _DAY = 60, 3600, 86_400


def figure(number: float | Decimal | int | None, places: int = 0, *, sign: bool = False) -> str:
    """ "1,545", "0.82", and with `sign` "+22"; a true minus; a dash for none."""
    if number is None or isnan(number):
        return NONE
    if isinstance(number, int) and number >= 0 and not sign and not places:
        return f"{number:,}"
    rounded = round(Decimal(str(number)), places) + 0
    shown = f"{abs(rounded):,.{places}f}"
    return f"{'−' if rounded < 0 else '+' if sign and rounded else ''}{shown}"


def plain_number(number: float | Decimal | int) -> str:
    """ "12.5", "10": as somebody would type it, with neither thousands nor idle zeros."""
    return f"{round(Decimal(str(number)), 6).normalize() + 0:f}"


def plural(count: int, one: str, many: str = "") -> str:
    """ "1 customer", "1,545 customers"; `many` only where it is not `one` with an s."""
    return f"{figure(count)} {one if count == 1 else many or one + 's'}"


def currency_sign() -> str:
    """Tell what stands before an amount: "$", "€", or a code and a space."""
    return SIGNS.get(shop_currency(), f"{shop_currency()} ")


def show_money(value: Decimal | float | int | str | None, *, cents: bool | None = None) -> str:
    """ "$1,234.50"; whole from 1,000 on unless `cents` says otherwise; a true minus; a dash for none."""
    if value is None:
        return NONE
    amount = money(value)
    with_cents = abs(amount) < 1000 if cents is None else cents
    return f"{'−' if amount < 0 else ''}{currency_sign()}{figure(abs(amount), 2 if with_cents else 0)}"


def show_us_dollars(value: Decimal | float | str) -> str:
    """ "$0.0042": what a service abroad charged, to the hundredth of a cent, whatever the shop's own currency is."""
    return f"${figure(Decimal(str(value)), 4)}"


def percent(share: float | Decimal | None, places: int = 0) -> str:
    """Return a share of 1 as "71%"; never 0% or 100% for what is merely rare or likely; a dash for none."""
    if share is None:
        return NONE
    hundredths = float(share) * 100
    smallest = 10.0**-places
    if 0 < hundredths < smallest / 2:
        return f"under {smallest:.{places}f}%"
    if 100 - smallest / 2 <= hundredths < 100:
        return f"over {100 - smallest:.{places}f}%"
    return f"{hundredths:.{places}f}%".replace("-", "−")


def points(now: float | Decimal, before: float | Decimal = 0) -> str:
    """Return the difference of two shares in percentage points, of what is shown of them: "−2.1 pts"; "±0.0 pts" for
    none.

    >>> points(0.0244, 0.0451), points(0.02)
    ('−2.1 pts', '+2.0 pts')
    """
    shown = [Decimal(f"{float(share) * 100:.1f}") for share in (now, before)]
    apart = shown[0] - shown[1]
    sign = "+" if apart > 0 else "−" if apart < 0 else "±"
    return f"{sign}{abs(apart):.1f} pts"


def signed(number: int) -> str:
    """ "+22", "−11", "0": a change, with a true minus."""
    return figure(number, sign=True)


def ago(moment: datetime | None, at: datetime) -> str:
    """Tell how long since, to the unit that matters: "just now", "5 min ago", "3 h ago", "12 days ago"; a dash for
    none."""
    if moment is None:
        return NONE
    seconds = (at - moment).total_seconds()
    if seconds < _MINUTE:
        return "just now"
    if seconds < _HOUR:
        return f"{int(seconds // _MINUTE)} min ago"
    return f"{int(seconds // _HOUR)} h ago" if seconds < _DAY else days_ago(moment, at)


def short_age(moment: datetime, at: datetime) -> str:
    """ "now", "5 min", "3 h", "12 d": beside a notice, where there is little room."""
    minutes = int((at - moment).total_seconds() // _MINUTE)
    if minutes < 1:
        return "now"
    if minutes < 60:
        return f"{minutes} min"
    return f"{minutes // 60} h" if minutes < 1440 else f"{minutes // 1440} d"


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


def expected_words(moment: date | datetime | None, at: datetime) -> str:
    """Tell what is expected: "in 6 days", "today", "expected 12 days ago"; a dash for none."""
    if moment is None:
        return NONE
    days = days_between(moment, at)
    if days == 0:
        return "today"
    return f"in {plural(-days, 'day')}" if days < 0 else f"expected {plural(days, 'day')} ago"


def show_day(moment: date | datetime | None, at: datetime) -> str:
    """ "28 Nov", with the year if it is another one; a dash for none."""
    if moment is None:
        return NONE
    day = _local_day(moment, at)
    return f"{day.day} {day:%b}" if day.year == at.year else f"{day.day} {day:%b %Y}"


def show_full_day(day: date) -> str:
    """ "24 Nov 2026"."""
    return f"{day.day} {day:%b %Y}"


def show_long_day(day: date) -> str:
    """ "24 November", as a letter says it."""
    return f"{day.day} {day:%B}"


def show_weekday(day: date, *, long: bool = False) -> str:
    """ "Tue 24 Nov", or "Tuesday 24 November"."""
    return f"{day:%A} {day.day} {day:%B}" if long else f"{day:%a} {day.day} {day:%b}"


def show_weekday_name(day: date, *, long: bool = False) -> str:
    """ "Tue", or "Tuesday"."""
    return f"{day:%A}" if long else f"{day:%a}"


def record_words(first: date) -> str:
    """ "Purchases are on record from 30 Nov 2025 on." """
    return f"Purchases are on record from {show_full_day(first)} on."


def show_month(day: date, *, long: bool = True) -> str:
    """ "November 2026", or "Nov 2026"."""
    return f"{day:%B %Y}" if long else f"{day:%b %Y}"


def show_span(first: date, last: date) -> str:
    """ "Tue 24 to Mon 30 Nov 2026", the month twice if there are two."""
    start = f"{first:%a} {first.day}" if (first.year, first.month) == (last.year, last.month) else show_weekday(first)
    return f"{start} to {show_weekday(last)} {last.year}"


def show_days(first: date, last: date) -> str:
    """ "25 Oct to 23 Nov 2026"."""
    start = f"{first.day} {first:%b}" if first.year == last.year else show_full_day(first)
    return f"{start} to {show_full_day(last)}"


def show_clock(moment: datetime, at: datetime, *, seconds: bool = False) -> str:
    """ "17:30 EST": the shop's time, and whose it is."""
    local = moment.astimezone(at.tzinfo)
    return f"{local:%H:%M:%S} {_zone(local)}" if seconds else f"{local:%H:%M} {_zone(local)}"


def show_moment(moment: datetime | None, at: datetime) -> str:
    """ "Wed 25 Nov, 17:30 EST"; a dash for none."""
    if moment is None:
        return NONE
    local = moment.astimezone(at.tzinfo)
    return f"{local:%a} {show_day(local, at)}, {show_clock(local, at)}"


def _zone(local: datetime) -> str:
    """ "EST"; "UTC+05:30" where a zone has no letters."""
    name = local.tzname() or ""
    offset = f"{local:%z}"
    return name if name[:1].isalpha() else f"UTC{offset[:3]}:{offset[3:5]}"


def spoken(code: str) -> str:
    """Return a stored word as people write it: "Very_Frequent_Buyers" is "Very frequent buyers"."""
    return code.replace("_", " ").strip().capitalize()


def listed(words: Sequence[str], last: str = "and") -> str:
    """ "beer, wine and liquor"; empty for none."""
    if len(words) < 2:
        return "".join(words)
    return f"{', '.join(words[:-1])} {last} {words[-1]}"


def initials(name: str) -> str:
    """Return one or two capital letters for an avatar; a question mark for nobody."""
    parts = [part for part in name.split() if part[0].isalnum()]
    chosen = parts if len(parts) < 2 else (parts[0], parts[-1])
    return "".join(part[0] for part in chosen).upper() or "?"


def _local_day(moment: date | datetime, at: datetime) -> date:
    return moment.astimezone(at.tzinfo).date() if isinstance(moment, datetime) else moment
