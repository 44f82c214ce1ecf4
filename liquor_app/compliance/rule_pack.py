"""The rule pack a shop starts with: the law as we understand it, dated and cited. Have counsel review it.

Hours of telephone solicitation bind marketing texts; whether they reach texts people agreed to is contested in some
states, and said so in the row. Rows live in `compliance_rules`, where an admin edits them;
`PACK` only fills in what is missing there.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date
from typing import Any

from liquor_app.compliance.holidays import Holiday
from liquor_app.compliance.legal_rules import FEDERAL, RuleKind

ALGORITHM_NOTICE = "THIS PRICE WAS SET BY AN ALGORITHM USING YOUR PERSONAL DATA."
"""The words of N.Y. Gen. Bus. Law § 349-a(2), letter by letter."""

REVIEW_NOTICE = "A starting point, not legal advice: have counsel review these rules before you send to real people."


@dataclass(frozen=True, slots=True)
class RuleDraft:
    """A rule as somebody writes it; see `RuleKind` for what `value` holds."""

    jurisdiction: str
    kind: str
    channel: str | None
    citation: str
    valid_from: date
    value: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class PackRule(RuleDraft):
    """A row of the pack, as `compliance_rules` keeps it."""

    kind: RuleKind


_WORKING_DAYS = ("mon", "tue", "wed", "thu", "fri", "sat")
_WEEK = ("mon", "tue", "wed", "thu", "fri")
_UNDATED = date(1970, 1, 1)
"""In force for longer than anybody sends by this product: the day it began is not looked up."""
_ALL_HOLIDAYS = tuple(one.value for one in Holiday if one not in (Holiday.GOOD_FRIDAY, Holiday.MARDI_GRAS))


def _hours(
    place: str, start: str, end: str, citation: str, since: date, *days: str, disputed: bool = False
) -> PackRule:
    value: dict[str, Any] = {"start": start, "end": end}
    if days:
        value["days"] = list(days)
    if disputed:
        value["disputed"] = True
    return PackRule(place, RuleKind.HOURS, "sms", citation, since, value)


def _limit(place: str, citation: str, since: date) -> PackRule:
    return PackRule(place, RuleKind.CONTACT_LIMIT, "sms", citation, since, {"max": 3, "hours": 24})


def _no_sundays(place: str, citation: str) -> PackRule:
    """The same time twice closes the day."""
    return _hours(place, "12:00", "12:00", citation, _UNDATED, "sun", disputed=True)


def _holidays(place: str, citation: str, *holidays: str) -> PackRule:
    value = {"holidays": list(holidays), "disputed": True}
    return PackRule(place, RuleKind.CLOSED_DAYS, "sms", citation, _UNDATED, value)


def _offers(place: str, kind: RuleKind, citation: str, since: date = _UNDATED, **value: Any) -> PackRule:
    return PackRule(place, kind, None, citation, since, value)


def _note(place: str, citation: str, words: str, channel: str | None = None) -> PackRule:
    return PackRule(place, RuleKind.NOTE, channel, citation, _UNDATED, {"text": words})


_TEXAS = "Tex. Bus. & Com. Code § 301.051; texts by consent need no registration (chs. 302, 304, 305, S.B. 140)"
_ALABAMA = "Ala. Code tit. 8 ch. 19A, Ala. Pub. Serv. Comm'n telephone rules"
_LOUISIANA = "La. R.S. 45:844.11 ff., La. Pub. Serv. Comm'n General Order on telephonic solicitation"
_MISSISSIPPI = "Miss. Code § 77-3-723"
_RHODE_ISLAND = "R.I. Gen. Laws §§ 5-61-2(9), 5-61-3.6"

PACK: tuple[PackRule, ...] = (
    # hours and limits: the recipient's place
    _hours(FEDERAL, "08:00", "21:00", "TCPA, 47 CFR § 64.1200(c)(1)", date(1992, 12, 20)),
    _hours("AL", "08:00", "20:00", _ALABAMA, _UNDATED, *_WORKING_DAYS, disputed=True),
    _no_sundays("AL", _ALABAMA),
    _holidays("AL", _ALABAMA, *_ALL_HOLIDAYS, Holiday.MARDI_GRAS.value),
    _hours("CT", "09:00", "20:00", "Conn. Gen. Stat. § 42-288a, P.A. 23-98", date(2023, 10, 1)),
    _hours("FL", "08:00", "20:00", "Fla. Stat. § 501.616(6)(a)", date(2021, 7, 1)),
    _limit("FL", "Fla. Stat. § 501.616(6)(b)", date(2021, 7, 1)),
    _hours("KY", "10:00", "21:00", "Ky. Rev. Stat. § 367.46955", _UNDATED, disputed=True),
    _hours("LA", "08:00", "20:00", _LOUISIANA, _UNDATED, *_WORKING_DAYS, disputed=True),
    _no_sundays("LA", _LOUISIANA),
    _holidays("LA", _LOUISIANA, *_ALL_HOLIDAYS, Holiday.MARDI_GRAS.value, Holiday.GOOD_FRIDAY.value),
    _hours("MA", "08:00", "20:00", "M.G.L. c. 159C § 3, 201 CMR 12.02", date(2003, 4, 1)),
    _hours("MD", "08:00", "20:00", "Stop the Spam Calls Act of 2023, Md. Code, Com. Law § 14-4501", date(2024, 1, 1)),
    _limit("MD", "Stop the Spam Calls Act of 2023, Md. Code, Com. Law § 14-4501", date(2024, 1, 1)),
    _hours("MI", "09:00", "21:00", "Mich. Comp. Laws § 445.111 ff.", _UNDATED, disputed=True),
    _hours("MN", "09:00", "21:00", "Minn. Stat. § 325E.30", _UNDATED, disputed=True),
    _hours("MS", "08:00", "20:00", _MISSISSIPPI, _UNDATED, *_WORKING_DAYS, disputed=True),
    _no_sundays("MS", _MISSISSIPPI),
    _hours("NM", "09:00", "21:00", "N.M. Stat. § 57-12-22", _UNDATED, disputed=True),
    _hours("NV", "09:00", "20:00", "Nev. Rev. Stat. § 228.500 ff.", _UNDATED, disputed=True),
    _hours("OK", "08:00", "20:00", "Oklahoma Telephone Solicitation Act of 2022, 15 O.S. § 775C.4", date(2022, 11, 1)),
    _limit("OK", "Oklahoma Telephone Solicitation Act of 2022, 15 O.S. § 775C.4", date(2022, 11, 1)),
    _hours("RI", "09:00", "18:00", _RHODE_ISLAND, _UNDATED, *_WEEK, disputed=True),
    _hours("RI", "10:00", "17:00", _RHODE_ISLAND, _UNDATED, "sat", "sun", disputed=True),
    _hours("TX", "09:00", "21:00", _TEXAS, date(2025, 9, 1), *_WORKING_DAYS),
    _hours("TX", "12:00", "21:00", _TEXAS, date(2025, 9, 1), "sun"),
    _hours("WA", "08:00", "20:00", "RCW 80.36.390, H.B. 1497 (2022)", date(2022, 6, 9)),
    # offers and prices: the licence's state
    _offers("CT", RuleKind.MIN_PRICE, "Conn. Gen. Stat. § 30-68m"),
    _offers("MA", RuleKind.COUPON_BAN, "M.G.L. c. 138 § 25C, ABCC"),
    _offers("MA", RuleKind.MIN_MARKUP, "M.G.L. c. 138 § 25C: no sale below invoice", percent=0),
    _offers("ME", RuleKind.REBATE_BAN, "28-A M.R.S. § 708(3)"),
    _offers("NC", RuleKind.MAX_DISCOUNT, "14B NCAC 15B .1004", percent=35),
    _offers("NY", RuleKind.DISCLOSURE, "N.Y. Gen. Bus. Law § 349-a", date(2025, 11, 10), text=ALGORITHM_NOTICE),
    _offers("OK", RuleKind.MIN_MARKUP, "37A O.S. § 3-118", percent=6),
    _note("PA", "47 P.S. § 4-493(24)",
          "Inducements to buy are limited. Have counsel look at any offer made under a Pennsylvania licence."),
    _note("WA", "CEMA, RCW 19.190.020",
          "A subject line that says a deadline must be true: one that is extended afterwards costs $500 to $1,500 a"
          " message.", "email"),
)  # fmt: skip

RETIRED: frozenset[tuple[str, str]] = frozenset({
    ("TX", "Tex. Bus. & Com. Code § 301.051, S.B. 140"),
    ("MA", "M.G.L. c. 138 § 25C"),
    ("PA", "40 Pa. Code § 13.51"),
    ("OK", "OAC 45:20-5"),
})  # fmt: skip
"""Rows of earlier packs whose citation was wrong, by place and citation: they end where nobody has changed them."""
