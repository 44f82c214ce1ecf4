"""A report or an insight as a document: what its figures come to in words, its rows, what the figures mean. Pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date, datetime
from typing import Any

from liquor_app.analytics import metrics
from liquor_app.analytics.documents.pdf_file import Bar, Bars, Course, Document, Line, Note, Sheet
from liquor_app.analytics.insights.read_insights import Insight, InsightKind
from liquor_app.analytics.metrics import Unit
from liquor_app.analytics.reports import LIFT, Report, ReportColumn, ReportKind
from liquor_app.ui.words import (
    NONE,
    figure,
    percent,
    plural,
    record_words,
    show_days,
    show_full_day,
    show_moment,
    show_money,
    show_month,
)

ON_PAPER = (
    "name", "customers", "start_date", "sends", "delivery_rate", "open_rate", "click_rate", "conversions",
    "conversion_rate", "attributed_revenue", "unsubscribes",
)  # fmt: skip
"""Of a report's columns those that a page has room for; the others are in its spreadsheet."""
MOST_BARS = 10


def report_document(report: Report, *, shop: str, color: str, at: datetime) -> Document:
    """Return a report of campaigns or segments for paper, landscape.

    Args:
        at: the present by the shop's clock.
    """
    kind = "campaign" if report.kind is ReportKind.CAMPAIGNS else "segment"
    columns = [one for one in report.columns if one.key in ON_PAPER]
    heads = [*(one.label for one in columns), "Beyond the holdout"]
    rows = [[*(told(row[one.key], one) for one in columns), lift_words(row)] for row in report.rows]
    total = ["All", *(told(report.totals.get(one.key), one) for one in columns[1:]), ""]
    top = [one for one in report.rows if one["attributed_revenue"]][:MOST_BARS]
    return Document(
        title="Campaigns" if kind == "campaign" else "Segments",
        shop=shop, color=color, made=f"Made {show_moment(at, at)}", wide=True,
        under=f"Messages sent {show_days(report.start, report.end)}, and what became of them up to now",
        summary=report_words(report),
        charts=[Bars("Attributed revenue", [
            Bar(str(row["name"]), float(row["attributed_revenue"]), show_money(row["attributed_revenue"]))
            for row in top
        ])] if top else (),
        tables=[Sheet(
            f"Each {kind}", heads, [one.unit is not None for one in columns] + [True], rows, total if rows else (),
            empty="No message was sent in this period." if kind == "campaign" else UNCHOSEN,
        )],
        notes=[
            *(Note(one.label, one.words) for one in columns if one.words),
            Note("Beyond the holdout", "What the messages brought that would not have come anyway: against the people"
                 " held out, after discounts and sending, since the campaign's beginning, with a 95% interval that may"
                 f" be read any day. {NONE} where nothing was held out or measured. Lifts are not added up: together"
                 " they are pooled, on the page Learning."),
        ],
    )  # fmt: skip


UNCHOSEN = "No message of this period was chosen from a segment: those of an imported history never are."


def report_words(report: Report) -> list[str]:
    """Return what a report comes to, in sentences worked out from its figures."""
    kind = "campaign" if report.kind is ReportKind.CAMPAIGNS else "segment"
    if not report.rows:
        what = "was sent" if kind == "campaign" else "that was chosen from a segment was sent"
        return [f"No message {what} {show_days(report.start, report.end)}."]
    whole = report.totals
    went = (
        f"{plural(int(whole['sends']), 'message')} of {plural(report.groups, kind)} went out"
        f" {show_days(report.start, report.end)}."
    )
    if whole["conversions"] is None:
        return [f"{went} None is known to have reached anybody, so no orders can be attributed to them."]
    said = [
        f"{went} {plural(int(whole['conversions']), 'order')} with"
        f" {show_money(whole['attributed_revenue'])} {'is' if whole['conversions'] == 1 else 'are'} attributed to them:"
        f" {percent(whole['conversion_rate'], 1)} of what was sent where orders can be seen."
        f" Some of these people would have bought anyway."
    ]
    if report.recorded_from:
        said.append(f"{record_words(report.recorded_from)} What was bought before is in none of these figures.")
    if report.groups > len(report.rows):
        said.append(f"The {figure(len(report.rows))} with the most attributed revenue are told, the totals are of all.")
    best = report.rows[0]
    if best["attributed_revenue"]:
        said.append(f"Most is attributed to “{best['name']}”: {show_money(best['attributed_revenue'])}.")
    measured = [row for row in report.rows if row[LIFT[0]] is not None]
    better = [row for row in measured if row[LIFT[1]] > 0]
    worse = [row for row in measured if row[LIFT[2]] < 0]
    if not measured:
        said.append("What they brought beyond what would have come anyway was not measured.")
    else:
        said.append(
            f"Against the people held out, {figure(len(measured))} of {plural(len(report.rows), kind)} can be judged:"
            f" {figure(len(better))} brought more than they cost, {figure(len(worse))} less, and of"
            f" {figure(len(measured) - len(better) - len(worse))} it cannot be told yet."
        )
    return said


def lift_words(row: Mapping[str, Any]) -> str:
    """ "$12 (−$3 to $27)"; a dash where nothing was measured."""
    mean, low, high = (row[key] for key in LIFT)
    return NONE if mean is None else f"{show_money(mean)} ({show_money(low)} to {show_money(high)})"


def insight_document(insight: Insight, *, shop: str, color: str, at: datetime) -> Document:
    """Return an insight for paper.

    Args:
        at: the present by the shop's clock.
    """
    columns = insight.columns
    rows = [[told(row[one.key], one) for one in columns] for row in insight.rows]
    total = ["All", *(told(insight.totals.get(one.key), one) for one in columns[1:])]
    return Document(
        title=insight.kind.label, shop=shop, color=color, made=f"Made {show_moment(at, at)}",
        under=(f"{show_month(insight.months[0])} · " if insight.kind is InsightKind.MOVES and insight.months else "")
        + _counted(insight, at),
        summary=[insight.words],
        charts=_charts(insight),
        tables=[Sheet("Figures", [one.label for one in columns], [one.unit is not None for one in columns], rows,
                      total if rows else (), empty="Nothing was counted yet.", is_whole=columns[0].key == "month")],
        notes=[Note(one.label, one.words) for one in columns if one.words],
        wide=len(columns) > 7,
    )  # fmt: skip


_BARS = {
    InsightKind.COUPONS: ("Codes redeemed", "codes", "coupons_redeemed", Unit.COUNT),
    InsightKind.PLAYBOOKS: ("Attributed revenue", "offer", "attributed_revenue", Unit.MONEY),
    InsightKind.SEGMENTS: ("Attributed revenue", "name", "attributed_revenue", Unit.MONEY),
    InsightKind.CALIBRATION: ("Stayed away, by what was said", "group", "seen", Unit.SHARE),
}
"""What bars are drawn of: title, whose they are, of what, in which unit."""


def _counted(insight: Insight, at: datetime) -> str:
    if insight.kind is InsightKind.CALIBRATION:
        return insight.why_none or "From the backtest of the model in use"
    if insight.start and insight.end:
        return show_days(insight.start, insight.end)
    return f"Counted {show_moment(insight.counted_at, at)}" if insight.counted_at else "Not counted yet"


def _charts(insight: Insight) -> Sequence[Course | Bars]:
    if not insight.rows or insight.kind in (InsightKind.SEND_TIMES, InsightKind.MOVES, InsightKind.COHORTS):
        return ()
    if insight.kind is InsightKind.CUSTOMERS:
        active = [float(row["active"]) for row in insight.rows]
        return [Course("Active customers", [Line("active", active)], show_month(insight.months[0], long=False),
                       show_month(insight.months[-1], long=False), figure(max(active)))]  # fmt: skip
    if insight.kind in _BARS:
        title, name, key, unit = _BARS[insight.kind]
        rows = [(str(row[name]), row[key]) for row in insight.rows[:MOST_BARS] if row[key] is not None]
        return [Bars(title, [Bar(word, float(value), metrics.said(unit, value)) for word, value in rows])]
    return [Bars("Revenue of twelve months", [
        Bar(str(row["name"]), float(row["revenue"]), show_money(row["revenue"])) for row in insight.rows[:MOST_BARS]
    ])]  # fmt: skip


def told(value: Any, column: ReportColumn) -> str:
    """Return a cell in words, by its column's unit: "$1,234", "1,234", "12.3%", "24 Nov 2026", "–"."""
    if value is None:
        return NONE
    if column.unit is not None:
        return metrics.said(column.unit, value)
    if isinstance(value, date):
        return show_month(value, long=False) if column.key == "month" else show_full_day(value)
    return str(value)
