"""Every figure once: its name, what it means in words, and how it is worked out. Pure.

Pages, routes, exports and reports ask here, so a figure is the same wherever it stands. A rate is a quotient of two
counts and nothing else; where its denominator is nothing, or its numerator was never told of, it is not measured: None,
shown as "–", never 0.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal
from enum import StrEnum
from urllib.parse import urlencode

from liquor_app.ui.words import NONE, figure, percent, points, show_money

Counts = Mapping[str, int | Decimal | None]
"""What was counted, by name; None where it was not measured."""
TOLD = frozenset({"delivered", "opens", "clicks"})
"""Counts that somebody else tells of. None at all of many messages is silence, not nought: a sandbox delivers nothing,
and a provider whose callbacks do not arrive tells nothing."""
REACH_TO_BUY = frozenset({"redeemed", "conversions", "attributed_revenue"})
"""What nobody tells of, but what only messages that reached somebody can have: none of it, of messages of which nobody
told anything (the sandbox's) and to which no order belongs, is not measured either."""

REACH_TO_LEAVE = frozenset({"bounces", "complaints", "unsubscribes"})
"""Likewise: none of it, of messages of which nobody told anything, is silence. Counted where nobody is asked about
deliveries (`sender_health`), none is none."""


MEASURED = {
    "delivered": "of_deliveries", "opens": "of_opens", "clicks": "of_clicks", "redeemed": "of_orders",
    "conversions": "of_orders",
    "attributed_revenue": "of_orders", "bounces": "of_answers", "complaints": "of_answers",
    "unsubscribes": "of_answers",
}  # fmt: skip
"""By count, the one of what was sent where it was measured, which its rate is of. Counts of one campaign and channel
may go without: of them everything was measured, or nothing. Counts of several have it (`analytics.measured`)."""


class Unit(StrEnum):
    """What a figure is a number of."""

    MONEY = "money"
    COUNT = "count"
    SHARE = "share"
    POINTS = "points"
    """By how much two shares differ."""


def said(unit: Unit, value: Decimal | float | None) -> str:
    """Return a figure in words, as every page, file and letter has it: "$1,234", "1,234", "12.3%", "−2.1 pts"; "–" for
    what was not measured."""
    if value is None:
        return NONE
    if unit is Unit.MONEY:
        return show_money(value)
    if unit is Unit.POINTS:
        return points(value)
    return percent(value, 1) if unit is Unit.SHARE else figure(value)


class RowsOf(StrEnum):
    """A list that figures count the rows of; the value is its page."""

    SALES = "/purchases"
    SENDS = "/messages"

    @property
    def route(self) -> str:
        """The same list in the API."""
        return {RowsOf.SALES: "/purchases", RowsOf.SENDS: "/sends"}[self]

    @property
    def days(self) -> tuple[str, str]:
        """Its filters of a first and a last day."""
        return {RowsOf.SALES: ("bought_from", "bought_until"), RowsOf.SENDS: ("sent_from", "sent_until")}[self]


@dataclass(frozen=True, slots=True)
class CountedRows:
    """The rows a count is of: those of a list that its filters leave. `summed` is the field that is added up, empty
    where rows are counted."""

    of: RowsOf
    asked: Mapping[str, str] = field(default_factory=dict)
    summed: str = ""


def _did(what: str, summed: str = "") -> CountedRows:
    return CountedRows(RowsOf.SENDS, {"did": what, "of_campaigns": "true", "played": "false"}, summed)


@dataclass(frozen=True, slots=True)
class Metric:
    """A figure.

    Attributes:
        words: what it means, as hover text, drill-down and reference say it.
        top, bottom: names of the counts it is made of; `top` ÷ `bottom`, or `top` alone.
        source: which rows are counted.
        listed: of a count, the list that holds exactly what is counted; a sentence why there is none. A rate leads to
            what stands above its line.
    """

    key: str
    label: str
    unit: Unit
    words: str
    source: str
    top: str
    bottom: str = ""
    listed: CountedRows | str = ""

    @property
    def is_of_till(self) -> bool:
        """Whether it counts purchases."""
        return self.source == _TILL

    @property
    def counted(self) -> CountedRows | None:
        """The rows it counts, or those above its line; None where no list has them."""
        found = METRICS[self.top].listed
        return found if isinstance(found, CountedRows) else None

    @property
    def no_rows(self) -> str:
        """Why there is no list of what it counts; empty where there is one."""
        found = METRICS[self.top].listed
        return found if isinstance(found, str) else ""

    @property
    def formula(self) -> str:
        """ "attributed orders ÷ messages sent" """
        names = {one.key: one.label.lower() for one in METRICS.values() if not one.bottom}
        where = ", where it was measured" if self.bottom == "sends" else ""
        return f"{names[self.top]} ÷ {names[self.bottom]}{where}" if self.bottom else f"sum of {names[self.top]}"

    def of(self, counts: Counts) -> Decimal | None:
        """Return the figure of what was counted; None where it was not measured.

        Raises:
            KeyError: one of its counts is missing; of attributed orders, whatever tells that messages reached somebody.
        """
        top = _told(self.top, counts)
        if not self.bottom:
            return top
        measured = MEASURED.get(self.top, "") if self.bottom == "sends" else ""
        bottom = _told(measured if measured in counts else self.bottom, counts)
        return top / bottom if top is not None and bottom else None


def _told(name: str, counts: Counts) -> Decimal | None:
    value = counts[name]
    if value is None or (not value and counts.get("sends") and _is_silent(name, counts)):
        return None
    return Decimal(value)


def _is_silent(name: str, counts: Counts) -> bool:
    """Whether none of something says nothing, for want of anybody to tell of it."""
    if MEASURED.get(name) in counts:
        return not counts[MEASURED[name]]
    if name in REACH_TO_LEAVE:
        told = [counts[one] for one in sorted((TOLD | REACH_TO_LEAVE) & counts.keys())]
        return counts.keys() >= TOLD and not any(told)
    if name not in REACH_TO_BUY:
        return name in TOLD
    if counts.get("conversions") or counts.get("redeemed"):
        return False
    told = [counts[one] for one in sorted(TOLD & counts.keys())]
    if not told:
        raise KeyError("delivered")
    return not any(told)


_TILL = "purchases, by the day of the sale in the shop's time zone"
_LEDGER = "sends, by the day the message was sent in the shop's time zone"

_CODES = "coupons, by the day the code was given in the shop's time zone"
_UNLISTED = "Codes are listed nowhere: whoever reads one can redeem it."
_BY_NIGHT = (
    "Counted in the night from everybody's purchases, also of those deleted since; by person nothing of it is kept."
)

METRICS: Mapping[str, Metric] = {
    one.key: one
    for one in (
        Metric("revenue", "Revenue", Unit.MONEY, "What customers paid for goods, less what was given back; tax,"
               " shipping and tips are left out. Of the whole shop, whoever was written to.", _TILL, "revenue",
               listed=CountedRows(RowsOf.SALES, summed="total")),
        Metric("orders", "Orders", Unit.COUNT, "Baskets that something was paid for; one of 0.00 is none.", _TILL,
               "orders", listed=CountedRows(RowsOf.SALES, {"kind": "order"})),
        Metric("average_order", "Average order", Unit.MONEY, "What an order came to, returns taken off the whole.",
               _TILL, "revenue", "orders"),
        Metric("sends", "Messages sent", Unit.COUNT, "Messages a provider took. Each counts once, however often it was"
               " tried.", _LEDGER, "sends", listed=_did("sent")),
        Metric("delivered", "Delivered", Unit.COUNT, "Messages of which the provider said that they arrived.", _LEDGER,
               "delivered", listed=_did("delivered")),
        Metric("delivery_rate", "Delivery rate", Unit.SHARE, "Delivered of what was sent where deliveries are told of"
               " (by campaign and channel); not measured where nobody told of any.", _LEDGER, "delivered", "sends"),
        Metric("opens", "Opened", Unit.COUNT, "Messages that a person opened. What scanners and mail programs open"
               " unread is told apart and left out.", _LEDGER, "opens", listed=_did("opened")),
        Metric("open_rate", "Open rate", Unit.SHARE, "Opened of what was sent where openings are told of (of text"
               " messages never), whether any came or not; not measured where nobody told of any.", _LEDGER, "opens",
               "sends"),
        Metric("clicks", "Clicked", Unit.COUNT, "Messages of which a person followed a link; scanners follow them all,"
               " and are left out.", _LEDGER, "clicks", listed=_did("clicked")),
        Metric("click_rate", "Click rate", Unit.SHARE, "Clicked of what was sent where clicks are told of, whether any"
               " came or not; not measured where no link of a channel's was ever followed.", _LEDGER, "clicks",
               "sends"),
        Metric("redeemed", "Redeemed", Unit.COUNT, "Messages whose offer was taken up: the code they carried came back"
               " from the till, or a history tells so. That is no order yet: the basket may be attributed to another"
               " message, or hold nothing of this shop's.", _LEDGER, "redeemed", listed=_did("redeemed")),
        Metric("conversions", "Attributed orders", Unit.COUNT, "Messages that a purchase belongs to: by the coupon it"
               " carried, else by the last click before it within the attribution window. Some of these people would"
               " have bought anyway; what a campaign changed is for its holdout to say.", _LEDGER, "conversions",
               listed=_did("bought")),
        Metric("conversion_rate", "Conversion", Unit.SHARE, "Messages that a purchase belongs to, of what was sent"
               " where orders could be seen, whether any came or not; not measured of what the sandbox kept, or of"
               " what went out before purchases are on record.", _LEDGER,
               "conversions", "sends"),
        Metric("attributed_revenue", "Attributed revenue", Unit.MONEY, "What the attributed orders came to when they"
               " were attributed. What was given back since stands beside it.", _LEDGER, "attributed_revenue",
               listed=_did("bought", "conversion_value")),
        Metric("bounces", "Bounced", Unit.COUNT, "Messages that came back.", _LEDGER, "bounces",
               listed=_did("bounced")),
        Metric("bounce_rate", "Bounce rate", Unit.SHARE, "Bounced of what was sent where"
               " anybody tells what became of it.", _LEDGER, "bounces", "sends"),
        Metric("complaints", "Complaints", Unit.COUNT, "Messages called spam.", _LEDGER, "complaints",
               listed=_did("complained")),
        Metric("complaint_rate", "Complaint rate", Unit.SHARE, "Called spam of what was sent where"
               " anybody tells what became of it.", _LEDGER, "complaints",
               "sends"),
        Metric("unsubscribes", "Unsubscribed", Unit.COUNT, "Messages by which somebody left the list; not measured"
               " where nobody told anything of what was sent.", _LEDGER,
               "unsubscribes", listed=_did("unsubscribed")),
        Metric("customers", "Customers", Unit.COUNT, "People with a first purchase in the month.", _TILL, "customers",
               listed=_BY_NIGHT),
        Metric("buyers", "Buyers", Unit.COUNT, "People who bought in the month.", _TILL, "buyers", listed=_BY_NIGHT),
        Metric("retention", "Retention", Unit.SHARE, "Who bought in a month, of all whose first purchase lies in the"
               " cohort's.", _TILL, "buyers", "customers"),
        Metric("coupons_given", "Codes given", Unit.COUNT, "Coupon codes that messages carry; those of a week that was"
               " only played are left out.", _CODES, "coupons_given", listed=_UNLISTED),
        Metric("coupons_redeemed", "Codes redeemed", Unit.COUNT, "Codes that came back from the till with a basket.",
               _CODES, "coupons_redeemed", listed=_UNLISTED),
        Metric("redemption_rate", "Redemption", Unit.SHARE, "Redeemed of the codes given; some of the others are still"
               " good.", _CODES, "coupons_redeemed", "coupons_given"),
        Metric("unsubscribe_rate", "Unsubscribe rate", Unit.SHARE, "Left the list of what was sent where"
               " anybody tells what became of it.", _LEDGER,
               "unsubscribes", "sends"),
    )
}  # fmt: skip
"""By key, in the order a reader meets them."""


def rows_page(key: str, start: date | None = None, end: date | None = None, **narrowed: str) -> str:
    """Return the page that lists what a figure counts, of those days and nothing else; empty where no list has it.

    Args:
        narrowed: further filters of the list, such as whose campaign.

    >>> rows_page("clicks", date(2026, 11, 1), date(2026, 11, 30))
    '/messages?did=clicked&of_campaigns=true&played=false&sent_from=2026-11-01&sent_until=2026-11-30'
    """
    return _rows_at(key, start, end, narrowed, is_page=True)


def rows_route(key: str) -> str:
    """Return the same list in the API, over all days; empty where no list has it."""
    return _rows_at(key, None, None, {}, is_page=False)


def _rows_at(key: str, start: date | None, end: date | None, narrowed: Mapping[str, str], *, is_page: bool) -> str:
    rows = METRICS[key].counted
    if rows is None:
        return ""
    days = {name: day.isoformat() for name, day in zip(rows.of.days, (start, end), strict=True) if day}
    asked = urlencode({**rows.asked, **narrowed, **days})
    where = rows.of.value if is_page else rows.of.route
    return f"{where}?{asked}" if asked else where


def rate(key: str, **counts: int | Decimal | None) -> float | None:
    """Return a share of two counts by name; None where it was not measured.

    >>> rate("click_rate", clicks=3, sends=60), rate("delivery_rate", delivered=0, sends=60)
    (0.05, None)
    """
    found = METRICS[key].of(counts)
    return None if found is None else float(found)


def change(unit: Unit, now: Decimal | None, before: Decimal | None) -> float | None:
    """Return by how much a figure changed: shares by their difference, all else by `growth`; None where it is not
    known.

    >>> change(Unit.SHARE, Decimal("0.024"), Decimal("0.045"))
    -0.021
    """
    if unit is not Unit.SHARE:
        return growth(now, before)
    return None if now is None or before is None else float(now - before)


def growth(now: Decimal | None, before: Decimal | None) -> float | None:
    """Return by how much a figure grew, a share of what it was; None where it is not known, or where there was nothing
    to grow from: a first count is no growth.

    >>> growth(Decimal(12), Decimal(10)), growth(Decimal(12), Decimal(0))
    (0.2, None)
    """
    return None if now is None or before is None or before <= 0 else float(now / before - 1)
