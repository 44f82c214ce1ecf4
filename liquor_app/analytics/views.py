"""Figures as the dashboard says them: pure words from the service's rows."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal

from liquor_app.analytics.service import Dashboard, Kpi
from liquor_app.core.money import show_money
from liquor_app.ui.kpi import sparkline_path

LABELS = {
    "revenue": "Revenue",
    "sends": "Messages sent",
    "conversion_rate": "Conversion",
    "average_order": "Average order",
}


@dataclass(frozen=True, slots=True)
class Tile:
    """A KPI tile in words."""

    label: str
    value: str
    delta: str
    base: str
    trend: str
    spark: str


def show_figure(name: str, value: Decimal) -> str:
    """Money, a count or a percentage, by what it is."""
    if name in {"revenue", "average_order"}:
        return show_money(value)
    if name == "conversion_rate":
        return f"{value * 100:.1f}%"
    return f"{value:,.0f}"


def show_change(kpi: Kpi) -> tuple[str, str]:
    """The change against the period before, and whether it is good. Rates change in points, the rest in percent."""
    if kpi.previous is None:
        return "", "gray"
    if kpi.name == "conversion_rate":
        points = (kpi.value - kpi.previous) * 100
        if abs(points) < Decimal("0.05"):
            return "no change", "gray"
        return f"{'+' if points > 0 else '−'}{abs(points):.1f} pt", "green" if points > 0 else "red"
    share = (kpi.value / kpi.previous - 1) * 100
    if abs(share) < Decimal("0.05"):
        return "no change", "gray"
    trend = "gray" if kpi.name == "sends" else ("green" if share > 0 else "red")
    return f"{'+' if share > 0 else '−'}{abs(share):,.1f}%", trend


def tiles(board: Dashboard) -> list[Tile]:
    """One tile a KPI."""
    made = []
    for kpi in board.kpis:
        delta, trend = show_change(kpi)
        base = "nothing the period before" if kpi.previous is None else f"vs {show_figure(kpi.name, kpi.previous)}"
        made.append(
            Tile(
                LABELS[kpi.name], show_figure(kpi.name, kpi.value), delta, base, trend, sparkline_path(kpi.series)
            )
        )  # fmt: skip
    return made


def period_words(board: Dashboard) -> str:
    """`25 Oct to 23 Nov, against the 30 days before`."""
    return f"{board.start:%-d %b} to {board.end:%-d %b %Y}, against the {len(board.days)} days before"
