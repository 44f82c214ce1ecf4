"""Insights as the page says them."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any

import reflex as rx

from liquor_app.accounts.permission_table import Permission, needs
from liquor_app.analytics.insights.read_insights import DAYS, Insight, InsightKind, named_segment, read_insight
from liquor_app.analytics.insights.rfm_moves import NOT_YET
from liquor_app.analytics.report_files import export_insight
from liquor_app.core.db import transaction
from liquor_app.organization.settings import shop_now
from liquor_app.scoring.estimators.rfm import RfmSegment
from liquor_app.screens.analytics.carry_away import file_format
from liquor_app.screens.analytics.insights.performance_view import drawn_of, nearness_words
from liquor_app.screens.session.state import guarded, signed_in
from liquor_app.ui.address import parameter, remember
from liquor_app.ui.charts.kpi import sparkline_path
from liquor_app.ui.words import NONE, ago, figure, percent, show_days, show_money, show_month

ADDRESS = "/insights"
MOST_MOVES = 12


@dataclass(frozen=True, slots=True)
class GoodsLine:
    """A category or brand in words; `spark` draws its 24 months."""

    name: str
    revenue: str
    share: str
    change: str
    trend: str
    sold: str
    buyers: str
    spark: str


def base_line(row: dict[str, Any]) -> list[str]:
    """Return a month of the customer base in words: month, new, won back, returning, lapsed, net, active."""
    net = f"{'+' if row['net'] > 0 else '−' if row['net'] < 0 else ''}{figure(abs(row['net']))}"
    counts = [figure(row[name]) for name in ("first_time", "back", "again", "lapsed")]
    return [show_month(row["month"], long=False), *counts, net, figure(row["active"])]


def goods_line(row: dict[str, Any], course: list[Any]) -> GoodsLine:
    change = row["change"]
    said = NONE if change is None else f"{'+' if change > 0 else '−'}{percent(abs(change), 1)}"
    return GoodsLine(
        row["name"],
        show_money(row["revenue"]),
        NONE if row["share"] is None else percent(row["share"], 1),
        said,
        "gray" if not change else "green" if change > 0 else "red",
        figure(row["quantity"]),
        figure(row["buyers"]),
        sparkline_path([float(one) for one in course]),
    )


SHOWN = [one for one in InsightKind if one is not InsightKind.COHORTS]
"""What the page tells; cohorts have their own."""


def heat_of(found: Insight) -> tuple[str, str]:
    """Return the share a heat map shows and its words: clicks, or orders where nobody told of a click."""
    if any(row["click_rate"] for row in found.rows):
        return "click_rate", "Clicks of a hundred messages"
    return "conversion_rate", "Attributed orders of a hundred messages"


def hour_rows(found: Insight) -> list[list[str]]:
    """Return the rows of a heat map: the day, its messages, and of a hundred of each hour how many were answered."""
    hours, (share, _) = hours_of(found), heat_of(found)
    known = {(row["day"], row["hour"]): row for row in found.rows}
    rows = []
    for day in DAYS:
        sends = sum(row["sends"] for row in found.rows if row["day"] == day)
        cells = [known.get((day, hour), {}).get(share) for hour in hours]
        if sends:
            rows.append([day, figure(sends), *("" if one is None else str(round(100 * one)) for one in cells)])
    return rows


def hours_of(found: Insight) -> list[int]:
    return sorted({row["hour"] for row in found.rows})


def counted_words(found: Insight, at: datetime) -> str:
    if found.kind is InsightKind.CALIBRATION:
        return "From the backtest of the model in use"
    if found.start and found.end:
        return f"{show_days(found.start, found.end)}, as it is now"
    if found.counted_at is None:
        return "Counted each night, and after a file of purchases"
    return f"Counted {ago(found.counted_at, at)}; each night, and after a file of purchases"


def move_matrix(rows: list[dict[str, Any]]) -> tuple[list[list[str]], list[str]]:
    """Return a heat map of who went where: a row a segment they were in, its customers, and of a hundred of them how
    many are in each segment now; and its head."""
    segments = [one.label for one in RfmSegment]
    known = {(row["was"], row["now"]): row for row in rows}
    were = [one for one in (*segments, named_segment(NOT_YET)) if any(row["was"] == one for row in rows)]
    are = [one for one in segments if any(row["now"] == one for row in rows)]
    body = []
    for was in were:
        many = sum(row["customers"] for row in rows if row["was"] == was)
        cells = [known.get((was, now)) for now in are]
        body.append([was, figure(many), *("" if one is None else str(round(100 * one["share"])) for one in cells)])
    return body, ["Was", "Customers", *are] if body else []


def move_lines(rows: list[dict[str, Any]]) -> list[list[str]]:
    """Return who moved in words, most people first: was, is, customers, their share of those who were there."""
    moved = [row for row in rows if row["was"] != row["now"]][:MOST_MOVES]
    return [[row["was"], row["now"], figure(row["customers"]), percent(row["share"], 1)] for row in moved]


class InsightsState(rx.State):
    """Customers, goods and hours over time."""

    kind: str = InsightKind.CUSTOMERS.value
    loading: bool = True
    words: str = ""
    meaning: str = ""
    months: list[str] = []
    gained: list[int] = []
    won_back: list[int] = []
    lapsed: list[int] = []
    active: list[int] = []
    base: list[list[str]] = []
    goods: list[GoodsLine] = []
    heat_words: str = ""
    head: list[str] = []
    heat: list[list[str]] = []
    moved: list[list[str]] = []
    names: list[str] = []
    first: list[float | None] = []
    second: list[float | None] = []
    lines: list[list[str]] = []
    """Of what is drawn by name: see `Drawn`."""
    height: int = 0
    sentence: str = ""
    why_none: str = ""

    @rx.event
    @guarded
    @needs(Permission.ANALYTICS_READ)
    async def load(self) -> None:
        wanted = parameter(self, "view")
        self.kind = wanted if wanted in SHOWN else InsightKind.CUSTOMERS.value
        await self._read()

    @rx.event
    @guarded
    @needs(Permission.ANALYTICS_READ)
    async def choose(self, kind: str | list[str]) -> Any:
        self.kind = kind if isinstance(kind, str) and kind in SHOWN else InsightKind.CUSTOMERS.value
        await self._read()
        return remember(ADDRESS, {"view": self.kind})

    @rx.event
    @guarded
    @needs(Permission.ANALYTICS_READ)
    async def carry_away(self, form: str) -> Any:
        """Write what is shown into a file and have the browser save it."""
        actor, kind = await signed_in(self), file_format(form)
        async with transaction() as session:
            link = await export_insight(session, actor, InsightKind(self.kind), form=kind)
        return rx.download(url=link.url, filename=link.name)

    async def _read(self) -> None:
        actor = await signed_in(self)
        kind = InsightKind(self.kind)
        async with transaction() as session:
            found = await read_insight(session, actor, kind)
            at = await shop_now(session)
        self.words, self.meaning, self.loading = counted_words(found, at), found.words, False
        rows = [dict(row) for row in found.rows]
        is_base, is_hours = kind is InsightKind.CUSTOMERS, kind is InsightKind.SEND_TIMES
        is_moves = kind is InsightKind.MOVES
        self.months = [row["month"].isoformat() for row in rows] if is_base else []
        self.gained = [row["first_time"] for row in rows] if is_base else []
        self.won_back = [row["back"] for row in rows] if is_base else []
        self.lapsed = [-row["lapsed"] for row in rows] if is_base else []
        self.active = [row["active"] for row in rows] if is_base else []
        self.base = [base_line(row) for row in reversed(rows)] if is_base else []
        self.goods = [goods_line(row, list(course)) for row, course in zip(rows, found.courses, strict=False)]
        self.heat, self.heat_words = (hour_rows(found) if is_hours else []), heat_of(found)[1] if is_hours else ""
        self.head = ["Day", "Messages", *(f"{hour}:00" for hour in hours_of(found))] if self.heat else []
        self.moved = move_lines(rows) if is_moves else []
        drawn = drawn_of(found)
        self.names, self.first, self.second, self.lines = drawn.names, drawn.first, drawn.second, drawn.lines
        self.height, self.why_none, self.sentence = drawn.height, found.why_none, nearness_words(found)
        if is_moves:
            self.heat, self.head = move_matrix(rows)
            self.heat_words = f"{show_month(found.months[0])}: of a hundred who were there" if found.months else ""
