"""What one customer bought, as the page shows it. Pure."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal

from liquor_app.customers.purchase_history import MonthSpend, PurchaseRow
from liquor_app.screens.customers.field_values import place_words
from liquor_app.screens.customers.segment_colors import FAMILIES, family
from liquor_app.ui.charts.bars import Bar
from liquor_app.ui.words import NONE, listed, percent, plural, show_day, show_money, show_month

MONTHS = 12
DRAWN_CATEGORIES = 6


@dataclass(frozen=True, slots=True)
class PurchaseLine:
    """A basket."""

    id: str
    day: str
    what: str
    store: str
    discount: str
    total: str


def purchase_line(row: PurchaseRow, at: datetime) -> PurchaseLine:
    return PurchaseLine(
        str(row.id),
        show_day(row.occurred_at, at),
        listed(row.categories) or "Not itemised",
        place_words(row),
        f"−{show_money(row.discount)}" if row.discount else NONE,
        show_money(row.total, cents=True),
    )


def last_months(today: date, count: int = MONTHS) -> list[date]:
    """First days of the last `count` months, this one included, oldest first."""
    index = today.year * 12 + today.month - 1
    return [date(number // 12, number % 12 + 1, 1) for number in range(index - count + 1, index + 1)]


def spend_series(spend: Sequence[MonthSpend], months: Sequence[date]) -> dict[str, list[float]]:
    """Dollars by month for each of `FAMILIES`; a month without a purchase is 0."""
    sums: dict[tuple[str, date], Decimal] = defaultdict(Decimal)
    for one in spend:
        sums[family(one.category), one.month] += one.amount
    return {name: [float(sums[name, month]) for month in months] for name in FAMILIES}


def category_mix(spend: Sequence[MonthSpend]) -> list[Bar]:
    """Return categories by spend, the largest first, the smallest as one."""
    sums: dict[str, Decimal] = defaultdict(Decimal)
    for one in spend:
        sums[one.category] += one.amount
    ranked = sorted(sums.items(), key=lambda item: (-item[1], item[0]))
    kept, rest = ranked[:DRAWN_CATEGORIES], ranked[DRAWN_CATEGORIES:]
    if rest:
        kept.append((plural(len(rest), "other category", "other categories"), sum((n for _, n in rest), Decimal(0))))
    total, longest = sum(sums.values()) or Decimal(1), max(sums.values(), default=Decimal(1)) or Decimal(1)
    return [
        Bar(
            name, show_money(amount), round(float(amount / longest) * 100, 1), FAMILIES[family(name)],
            percent(amount / total),
        )
        for name, amount in kept
    ]  # fmt: skip


def spend_words(months: Sequence[date], series: dict[str, list[float]]) -> str:
    """Return the chart as a sentence for those who do not see it."""
    totals = [sum(values) for values in zip(*series.values(), strict=True)]
    if not any(totals):
        return "Nothing bought in the last twelve months."
    best = max(range(len(totals)), key=totals.__getitem__)
    empty = sum(1 for value in totals if not value)
    return (
        f"Spend by month and kind over twelve months, highest {show_money(totals[best])} in {show_month(months[best])};"
        f" nothing in {plural(empty, 'month')}."
    )
