"""Coupons, playbooks, segments and the churn score's nearness, as their charts and tables say them. Pure."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from liquor_app.analytics.documents.report_document import told
from liquor_app.analytics.insights.read_insights import Insight, InsightKind
from liquor_app.analytics.metrics import rows_page
from liquor_app.ui.words import NONE, percent

MOST_DRAWN = 12
LONGEST_NAME = 30
BAR, FRAME = 30, 44
"""Pixels of a bar, and of what stands around them all."""


@dataclass(frozen=True, slots=True)
class Drawn:
    """A chart and the table behind it: `first` and `second` are the values of its two series by name, `lines` the cells
    of its rows, after them the addresses they lead to."""

    names: list[str] = field(default_factory=list)
    first: list[float | None] = field(default_factory=list)
    second: list[float | None] = field(default_factory=list)
    lines: list[list[str]] = field(default_factory=list)

    @property
    def height(self) -> int:
        """Return how high the chart is: every bar as thick as any."""
        return FRAME + BAR * max(len(self.names), 2)


def drawn_of(found: Insight) -> Drawn:
    """Return an insight as it is drawn; nothing of one that has a drawing of its own."""
    how = _HOW.get(found.kind)
    return Drawn() if how is None or not found.rows else how(found)


def _cells(found: Insight, *keys: str) -> list[list[str]]:
    columns = {one.key: one for one in found.columns}
    return [[told(row[key], columns[key]) for key in keys] for row in found.rows]


def _short(name: str) -> str:
    return name if len(name) <= LONGEST_NAME else f"{name[: LONGEST_NAME - 1]}…"


def _number(value: Any) -> float | None:
    return None if value is None else float(value)


def _coupons(found: Insight) -> Drawn:
    shown = list(found.rows)[:MOST_DRAWN]
    keys = ("codes", "coupons_given", "coupons_redeemed", "redemption_rate", "still_good", "revenue")
    return Drawn(
        [_short(row["codes"]) for row in shown],
        [_number(row["coupons_given"]) for row in shown],
        [_number(row["coupons_redeemed"]) for row in shown],
        _cells(found, *keys),
    )


def _playbooks(found: Insight) -> Drawn:
    shown = list(found.rows)[:MOST_DRAWN]
    keys = ("segment", "offer", "sends", "click_rate", "conversions", "conversion_rate", "attributed_revenue")
    return Drawn(
        [_short(f"{row['offer']} · {row['segment']}") for row in shown],
        [_number(row["attributed_revenue"]) for row in shown],
        [],
        _cells(found, *keys),
    )


LEADS = ("sends", "conversions", "attributed_revenue")


def _segments(found: Insight) -> Drawn:
    shown = list(found.rows)[:MOST_DRAWN]
    keys = ("name", "customers", "sends", "conversions", "conversion_rate", "attributed_revenue")
    cells = _cells(found, *keys)
    for line, row in zip(cells, found.rows, strict=True):
        line += [_leads(found, row, key) for key in LEADS]
    return Drawn(
        [_short(row["name"]) for row in shown], [_number(row["attributed_revenue"]) for row in shown], [], cells
    )  # fmt: skip


def _leads(found: Insight, row: Mapping[str, Any], key: str) -> str:
    return "" if row[key] is None else rows_page(key, found.start, found.end, segment=row["id"])


def _calibration(found: Insight) -> Drawn:
    return Drawn(
        [str(row["group"]) for row in found.rows],
        [round(100 * row["seen"], 1) for row in found.rows],
        [round(100 * row["said"], 1) for row in found.rows],
        _cells(found, "group", "said", "seen", "customers"),
    )


_HOW: Mapping[InsightKind, Callable[[Insight], Drawn]] = {
    InsightKind.COUPONS: _coupons,
    InsightKind.PLAYBOOKS: _playbooks,
    InsightKind.SEGMENTS: _segments,
    InsightKind.CALIBRATION: _calibration,
}


def nearness_words(found: Insight) -> str:
    """Tell in a sentence how near a churn score came on the whole; empty where that was not measured."""
    said, seen = found.totals.get("said"), found.totals.get("seen")
    if said is None or seen is None:
        return ""
    return f"On the whole it said that {percent(said, 1)} would stay away, and {percent(seen, 1)} did."


def not_measured(found: Insight) -> str:
    """Return why there is nothing to show; "–" words of nothing."""
    return found.why_none or NONE
