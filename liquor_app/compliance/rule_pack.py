"""The rule pack a shop starts with: the law as we understand it, dated and cited. Have counsel review it.

Hours of telephone solicitation bind marketing texts. Rows live in `compliance_rules`, where an admin edits them;
`PACK` only fills in what is missing there.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date
from typing import Any

from liquor_app.compliance.legal_rules import FEDERAL, RuleKind

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


def _hours(place: str, start: str, end: str, citation: str, since: date, *days: str) -> PackRule:
    value: dict[str, Any] = {"start": start, "end": end}
    if days:
        value["days"] = list(days)
    return PackRule(place, RuleKind.HOURS, "sms", citation, since, value)


def _limit(place: str, citation: str, since: date) -> PackRule:
    return PackRule(place, RuleKind.CONTACT_LIMIT, "sms", citation, since, {"max": 3, "hours": 24})


_WORKING_DAYS = ("mon", "tue", "wed", "thu", "fri", "sat")

PACK: tuple[PackRule, ...] = (
    _hours(FEDERAL, "08:00", "21:00", "TCPA, 47 CFR § 64.1200(c)(1)", date(1992, 12, 20)),
    _hours("CT", "09:00", "20:00", "Conn. Gen. Stat. § 42-288a, P.A. 23-98", date(2023, 10, 1)),
    _hours("FL", "08:00", "20:00", "Fla. Stat. § 501.616(6)(a)", date(2021, 7, 1)),
    _limit("FL", "Fla. Stat. § 501.616(6)(b)", date(2021, 7, 1)),
    _hours("MA", "08:00", "20:00", "M.G.L. c. 159C § 3, 201 CMR 12.02", date(2003, 4, 1)),
    _hours("MD", "08:00", "20:00", "Stop the Spam Calls Act of 2023, Md. Code, Com. Law § 14-4501", date(2024, 1, 1)),
    _limit("MD", "Stop the Spam Calls Act of 2023, Md. Code, Com. Law § 14-4501", date(2024, 1, 1)),
    _hours("OK", "08:00", "20:00", "Oklahoma Telephone Solicitation Act of 2022, 15 O.S. § 775C.4", date(2022, 11, 1)),
    _limit("OK", "Oklahoma Telephone Solicitation Act of 2022, 15 O.S. § 775C.4", date(2022, 11, 1)),
    _hours("TX", "09:00", "21:00", "Tex. Bus. & Com. Code § 301.051, S.B. 140", date(2025, 9, 1), *_WORKING_DAYS),
    _hours("TX", "12:00", "21:00", "Tex. Bus. & Com. Code § 301.051, S.B. 140", date(2025, 9, 1), "sun"),
    _hours("WA", "08:00", "20:00", "RCW 80.36.390, H.B. 1497 (2022)", date(2022, 6, 9)),
    PackRule("MA", RuleKind.COUPON_BAN, None, "M.G.L. c. 138 § 25C, ABCC", date(1970, 1, 1)),
    PackRule(
        "MA",
        RuleKind.NOTE,
        None,
        "M.G.L. c. 138 § 25C",
        date(1970, 1, 1),
        {"text": "No sale below invoice cost. Keep the margin floor of planning settings above zero."},
    ),
    PackRule(
        "PA", RuleKind.NOTE, None, "40 Pa. Code § 13.51", date(1970, 1, 1),
        {"text": "Coupons and inducements by mail are limited; printed mailings are not sent by this product."},
    ),
    PackRule(
        "OK", RuleKind.NOTE, None, "OAC 45:20-5", date(1970, 1, 1),
        {"text": "Coupons by mail are limited; printed mailings are not sent by this product."},
    ),
)  # fmt: skip
