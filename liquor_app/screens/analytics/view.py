"""Figures as the dashboard says them: pure words from the service's rows."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import date, datetime
from decimal import Decimal

from liquor_app.analytics.metrics import METRICS, Unit, rows_page, said
from liquor_app.analytics.service import Dashboard, Kpi
from liquor_app.experiments.global_holdout import OverallRow
from liquor_app.ui.charts.interval import Marks, interval_marks
from liquor_app.ui.charts.kpi import sparkline_path
from liquor_app.ui.words import (
    NONE,
    ago,
    figure,
    percent,
    plain_number,
    plural,
    points,
    record_words,
    show_day,
    show_days,
    show_money,
)


@dataclass(frozen=True)
class CampaignFigures:
    """What a campaign's messages of some days did, in words; `rows` says where the rows of each figure are, by its
    metric."""

    id: str
    name: str
    sends: str
    rate: str
    revenue: str
    rows: dict[str, str]


@dataclass(frozen=True, slots=True)
class Tile:
    """A KPI tile in words; `meaning` says what the figure is and how it is worked out."""

    label: str
    meaning: str
    value: str
    delta: str
    base: str
    trend: str
    spark: str
    href: str
    """The rows it counts; empty where no list has them, or nothing was measured."""


def show_figure(name: str, value: Decimal | None) -> str:
    """Money, a count or a percentage, by what it is; "–" for what was not measured."""
    return said(METRICS[name].unit, value)


def show_rate(name: str, **counts: int | Decimal | None) -> str:
    """Return a count, or a share of two, in words: "12", "3.4%", or "–" for what was not measured."""
    return show_figure(name, METRICS[name].of(counts))


def show_conversions(conversions: int, **reached: int) -> tuple[str, str]:
    """Return attributed orders and their share of what was sent; dashes where nothing is known to have reached anybody.

    Args:
        reached: what else became of the messages: `sends`, `delivered`, `opens`, `clicks`.
    """
    counts = {"conversions": conversions, **reached}
    return show_rate("conversions", **counts), show_rate("conversion_rate", **counts)


def show_revenue(revenue: Decimal, **counts: int) -> str:
    """Return attributed revenue in words; a dash where no order can have been, because nothing is known to have reached
    anybody.

    Args:
        counts: what became of the messages: `conversions`, and what `show_conversions` is told.
    """
    return show_figure(
        "attributed_revenue", METRICS["attributed_revenue"].of({"attributed_revenue": revenue, **counts})
    )


def rows_pages(shown: Mapping[str, str], start: date | None, end: date | None, **narrowed: str) -> dict[str, str]:
    """Return where the rows of each figure are listed; nowhere for what was not measured.

    Args:
        shown: figures in words, by their metric.
    """
    return {key: "" if words == NONE else rows_page(key, start, end, **narrowed) for key, words in shown.items()}


def meaning(name: str) -> str:
    """Return what a figure is and how it is worked out, for who points at its name."""
    metric = METRICS[name]
    return f"{metric.words} ({metric.formula[:1].upper()}{metric.formula[1:]}.)"


def show_change(kpi: Kpi) -> tuple[str, str]:
    """Return the change against the period before, and whether it is good. Rates change in points, the rest in
    percent."""
    if kpi.previous is None or kpi.value is None:
        return "", "gray"
    if METRICS[kpi.name].unit is Unit.SHARE:
        apart = points(kpi.value, kpi.previous)
        if apart.startswith("±"):
            return "no change", "gray"
        return apart, "green" if apart.startswith("+") else "red"
    share = (kpi.value / kpi.previous - 1) * 100
    if abs(share) < Decimal("0.05"):
        return "no change", "gray"
    trend = "gray" if kpi.name == "sends" else ("green" if share > 0 else "red")
    return f"{'+' if share > 0 else '−'}{figure(abs(share), 1)}%", trend


NOWHERE = Marks("0%", "0%", "0%", "0%", "0%")


@dataclass(frozen=True, slots=True)
class HoldoutCard:
    """The global holdout in words. `verdict` and `tone` are a badge's; `marks` draws the interval if `has_marks`."""

    is_on: bool = False
    verdict: str = "Not enough data yet"
    tone: str = "gray"
    title: str = ""
    detail: str = ""
    has_figures: bool = False
    contacted_label: str = ""
    contacted: str = NONE
    held_out_label: str = ""
    held_out: str = NONE
    difference: str = NONE
    bought: str = NONE
    incremental: str = NONE
    has_marks: bool = False
    marks: Marks = NOWHERE
    low: str = ""
    high: str = ""
    sentence: str = ""
    missing: list[str] = field(default_factory=list)
    foot: str = ""


def holdout_card(row: OverallRow, at: datetime) -> HoldoutCard:
    """Return the card for a reading; `at` is the shop's present."""
    if row.share == 0:
        return HoldoutCard(missing=list(row.missing))
    share = f"{plain_number(row.share * 100)}%"
    if row.revenue is None or row.bought is None or row.split is None:
        return HoldoutCard(is_on=True, title=f"{share} of customers are left out", missing=list(row.missing))
    money, rate = row.revenue, row.bought
    verdict, tone, title = _verdict(row)
    since = f"{show_day(row.from_at, at)}, {plural(row.days, 'day')}" if row.from_at else ""
    card = HoldoutCard(
        is_on=True,
        verdict=verdict,
        tone=tone,
        title=title,
        has_figures=row.from_at is not None,
        contacted_label=f"{figure(money.contacted.people)} written to",
        contacted=f"{show_money(money.contacted.mean, cents=True)} each",
        held_out_label=f"{figure(money.held_out.people)} left out",
        held_out=f"{show_money(money.held_out.mean, cents=True)} each",
        difference=_signed_money(money.difference),
        bought=f"{percent(rate.contacted.mean, 1)} against {percent(rate.held_out.mean, 1)}",
        missing=[row.split.message, *row.missing] if row.split.is_mismatch else list(row.missing),
        foot=f"{share} drawn at random, {plural(money.held_out.people, 'customer')}, left out of every campaign."
        " Purchases "
        + (f"since {since}" if since else "count from the first message on")
        + f"; read {ago(row.read_at, at)}.",
    )
    if money.low is None or money.high is None:
        return card
    whole, low, high = money.incremental()
    return replace(
        card,
        incremental=f"{_signed_money(whole)} ({_signed_money(low or 0.0)} to {_signed_money(high or 0.0)})",
        has_marks=True,
        marks=interval_marks(money.low, money.difference, money.high),
        low=_signed_money(money.low),
        high=_signed_money(money.high),
        sentence=f"{_signed_money(money.difference)} a customer, 95% interval {_signed_money(money.low)} to"
        f" {_signed_money(money.high)}",
    )


def _verdict(row: OverallRow) -> tuple[str, str, str]:
    """Badge, its tone, and what it means."""
    if row.split is None or row.revenue is None or row.split.is_mismatch:
        return "Not to be trusted", "red", "The groups are not of the sizes they were drawn for"
    if row.from_at is None:
        return "Not enough data yet", "gray", "It begins with the first message"
    if row.missing:
        return "Not enough data yet", "gray", "Do not read the difference yet"
    if not row.revenue.is_decided:
        return "Not sure yet", "gray", "The difference may be chance"
    if row.revenue.difference > 0:
        return "It works", "green", "Customers who are written to spend more"
    return "It does harm", "red", "Customers who are written to spend less"


def _signed_money(value: float) -> str:
    shown = show_money(value)
    return f"+{shown}" if value > 0 and shown != show_money(0) else shown


def tiles(board: Dashboard) -> list[Tile]:
    """Return one tile a KPI."""
    made = []
    for kpi in board.kpis:
        delta, trend = show_change(kpi)
        base = "nothing before" if kpi.previous is None else f"vs {show_figure(kpi.name, kpi.previous)}"
        made.append(
            Tile(
                METRICS[kpi.name].label, meaning(kpi.name), show_figure(kpi.name, kpi.value), delta, base, trend,
                sparkline_path(kpi.series, dots=METRICS[kpi.name].unit is Unit.SHARE),
                "" if kpi.value is None else rows_page(kpi.name, board.start, board.end),
            )
        )  # fmt: skip
    return made


def period_words(board: Dashboard) -> str:
    """`25 Oct to 23 Nov, against the 30 days before`."""
    known = f". {record_words(board.recorded_from)}" if board.recorded_from else ""
    return f"{show_days(board.start, board.end)}, {board.against.words(len(board.days))}{known}"


def today_words(board: Dashboard) -> str:
    """`Today so far $1,234, 12 orders, 300 messages`: today is not over, and in no figure of the period."""
    day = board.today
    return f"Today so far {show_money(day.revenue)}, {plural(day.orders, 'order')}, {plural(day.sends, 'message')}"
