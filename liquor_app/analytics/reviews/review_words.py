"""What a review says: sentences worked out from its figures, nothing else. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta
from decimal import Decimal

from liquor_app.analytics import metrics
from liquor_app.analytics.alerts import health_alerts
from liquor_app.analytics.reviews.review import Review, ReviewFigure, ReviewKind
from liquor_app.analytics.service import first_recorded
from liquor_app.experiments.enough import LEAST_COMPARED
from liquor_app.ui.words import (
    figure,
    percent,
    plural,
    points,
    record_words,
    show_days,
    show_money,
    show_month,
    show_span,
    show_weekday,
)

MOST_GOODS = 3
SMALL_CHANGE = Decimal("0.005")
"""Below it two sums are "about as much"."""
MANIFOLD = 2.0
"""From this growth on nobody reads percent: "23 times as much"."""
MOST_DAYS_NAMED = 3
NEW_FOR_DAYS = 366
"""So long after the first purchase on record, people who bought before it still come as if for the first time."""


def period_words(review: Review) -> str:
    """ "Mon 23 to Sun 29 Nov 2026", or "November 2026"."""
    days = review.days
    return show_span(days.start, days.end) if days.kind is ReviewKind.WEEK else show_month(days.start)


def review_words(review: Review) -> list[str]:
    """Return what happened, what it is measured against, and what waits: a paragraph each."""
    said = [_takings(review), _messages(review), _lift(review)]
    said += [_customers(review), _goods(review)] if review.days.kind is ReviewKind.MONTH else []
    said += [_silent_days(review), _health(review), _waiting(review)]
    return [one for one in said if one]


def change_words(now: Decimal | None, before: Decimal | None) -> str:
    """ "6% less than", "about as much as"; "" where there is nothing to compare."""
    change = metrics.growth(now, before)
    if change is None:
        return ""
    if abs(change) < SMALL_CHANGE:
        return "about as much as"
    if change >= MANIFOLD:
        return f"{figure(1 + change)} times as much as"
    return f"{percent(abs(change))} {'more' if change > 0 else 'less'} than"


def _named(review: Review, key: str) -> ReviewFigure:
    return next(one for one in review.figures if one.metric.key == key)


def _takings(review: Review) -> str:
    money, orders = _named(review, "revenue"), _named(review, "orders")
    unit = review.days.kind.value
    if not orders.value:
        return f"No purchase is on record for {period_words(review)}."
    said = (
        f"{review.shop} took {show_money(money.value)} in {plural(int(orders.value), 'order')},"
        f" {show_money(_named(review, 'average_order').value)} each."
    )
    if first := first_recorded(review.course):
        said += f" {record_words(first)}"
    before, year = change_words(money.value, money.before), change_words(money.value, money.year_before)
    compared = []
    if before:
        compared.append(f"{before} the {unit} before ({show_money(money.before)})")
    if year:
        whose = "the same weekdays 52 weeks before" if unit == "week" else "the same month a year before"
        compared.append(f"{year} {whose} ({show_money(money.year_before)})")
    if compared:
        return f"{said} That is {', and '.join(compared)}."
    return f"{said} There is no earlier {unit} to compare it with."


def _messages(review: Review) -> str:
    whole = review.campaigns.totals
    if not review.campaigns.rows:
        return "No campaign sent anything."
    went = f"{plural(int(whole['sends']), 'message')} of {plural(review.campaigns.groups, 'campaign')} went out"
    if whole["conversions"] is None:
        return f"{went}; none is known to have reached anybody, so no orders can be attributed to them."
    orders = int(whole["conversions"])
    said = (
        f"{went}; {plural(orders, 'order')} with {show_money(whole['attributed_revenue'])}"
        f" {'is' if orders == 1 else 'are'} attributed to them so far. Some of these people would have bought anyway."
    )
    best = review.campaigns.rows[0]
    if len(review.campaigns.rows) > 1 and best["attributed_revenue"]:
        said += f" Most is attributed to “{best['name']}”: {show_money(best['attributed_revenue'])}."
    return said


def _lift(review: Review) -> str:
    found = review.lift
    whole = found.profit.total if found and not found.is_mismatch else None
    if found is None or whole is None:
        return (
            "What messages brought beyond what would have come anyway is not measured yet: it takes at least"
            f" {LEAST_COMPARED} people held out, as many written to, and purchases of both."
        )
    said = (
        f"Against {plural(found.held_out, 'person', 'people')} held out, all messages since the beginning"
        f" ({plural(found.campaigns, 'campaign')}) came to {show_money(whole.mean)} of profit after discounts and"
        f" sending, 95% interval {show_money(whole.low)} to {show_money(whole.high)}."
    )
    if whole.low > 0:
        return f"{said} They brought more than they cost."
    if whole.high < 0:
        return f"{said} They cost more than they brought."
    return f"{said} Whether they brought more than they cost cannot be told yet."


def _customers(review: Review) -> str:
    if review.customers is None:
        return ""
    row = next((one for one in review.customers.rows if one["month"] == review.days.start), None)
    if row is None:
        return ""
    net = row["net"]
    first, old = review.recorded_from, ""
    if first and first > review.days.start - timedelta(days=NEW_FOR_DAYS):
        old = f" {record_words(first)} Whoever bought before that counts as new in their first month since."
    return (
        f"{plural(row['first_time'], 'customer')} bought for the first time, {figure(row['back'])} came back after half"
        f" a year or more, {figure(row['lapsed'])} have now bought nothing for as long: {figure(net, sign=True)} in"
        f" all. {figure(row['active'])} are active.{old}"
    )


def _goods(review: Review) -> str:
    """Of the largest categories, the month beside the same of the year before."""
    if review.goods is None or review.days.start not in review.goods.months:
        return ""
    at = list(review.goods.months).index(review.days.start)
    if at < 12 or (review.recorded_from and review.recorded_from > review.goods.months[at - 12]):
        return ""
    said = list[str]()
    for row, course in zip(review.goods.rows, review.goods.courses, strict=True):
        now, year = course[at], course[at - 12]
        if (words := change_words(now, year)) and len(said) < MOST_GOODS:
            said.append(f"{row['name']} {show_money(now)}, {words} a year before")
    return f"By category: {'; '.join(said)}." if said else ""


def _silent_days(review: Review) -> str:
    silent = [one.day for one in review.course if one.is_recorded and not one.orders]
    if not silent or len(silent) == len(review.course):
        return ""
    named = ", ".join(show_weekday(one) for one in silent[:MOST_DAYS_NAMED])
    more = f" and {figure(len(silent) - MOST_DAYS_NAMED)} more" if len(silent) > MOST_DAYS_NAMED else ""
    return f"No purchase is on record for {named}{more}: if the shop was open, a till's file is missing."


def _health(review: Review) -> str:
    return " ".join(one.words for one in health_alerts(review.health))


def _waiting(review: Review) -> str:
    if not review.waiting:
        return ""
    return f"{plural(review.waiting, 'plan waits', 'plans wait')} for approval: nothing of it is sent before."


def figure_words(one: ReviewFigure) -> str:
    """Return a review's figure as it is shown."""
    return metrics.said(one.metric.unit, one.value)


def compared_words(one: ReviewFigure, kind: ReviewKind) -> str:
    """ "−6% on the week before, +3% on the year", of a rate "−2.1 pts": with a true sign; "" where there is nothing to
    compare."""
    said = []
    for before, whose in ((one.before, f"the {kind.value} before"), (one.year_before, "a year before")):
        if (change := metrics.change(one.metric.unit, one.value, before)) is not None:
            said.append(f"{_changed(one, before, change)} on {whose}")
    return ", ".join(said)


def _changed(one: ReviewFigure, before: Decimal | None, change: float) -> str:
    if one.metric.unit is metrics.Unit.SHARE:
        return points(one.value or 0, before or 0)
    sign = "+" if change > 0 else "−" if change < 0 else ""
    return f"×{figure(1 + change)}" if change >= MANIFOLD else f"{sign}{percent(abs(change))}"


def compared_with(review: Review) -> Sequence[str]:
    """Return what the days before are called, and what those of a year before."""
    before, year = review.days.before, review.days.year_before
    return show_days(*before), show_days(*year)
