"""Charts: a light and a dark Plotly template chosen by colour mode, `rx.plotly.basic` only; the bar gives the picture.

A page names lists in its state; the drawing is part of the page. So the server sends numbers, never figures, and
needs no Plotly. The donut is inline SVG, because a round of six numbers is not worth 350 kB of JavaScript.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Literal

import reflex as rx
from plotly.graph_objs import Figure
from plotly.graph_objs.layout import Template

from liquor_app.ui.charts.chart_template import DARK, LIGHT, template
from liquor_app.ui.charts.points import with_points
from liquor_app.ui.skeleton import skeleton
from liquor_app.ui.var_types import Flag, Text, given

CONFIG: dict[str, Any] = {
    "responsive": True, "doubleClick": False, "displaylogo": False, "modeBarButtons": [["toImage"]],
    "toImageButtonOptions": {"format": "png", "scale": 2, "filename": "chart"},
}  # fmt: skip
"""The mode bar shows when a pointer is on the chart, and holds one thing: the chart as a picture (PNG), which the
button below presses for who has no pointer."""

MOST_TICKS = 5
"""Days named below a chart of two axes: on a phone more of them stand aslant, and are cut off."""
Paint = Literal["c1", "c2", "c3", "c4", "c5", "c6", "ghost", "band", "area", "grid", "text"]


def paint(name: str) -> rx.Var[str]:
    """Return a token's colour in the mode the reader has chosen."""
    return rx.color_mode_cond(light=LIGHT[name], dark=DARK[name])


@dataclass(frozen=True, slots=True)
class Series:
    """One line or one set of bars.

    Attributes:
        name: in the legend and the hover label.
        y: a state variable holding the values, or a list.
        color: a token; revenue is always "c1", the previous period "ghost".
        dash: dashed, for the previous period.
        fill: "area" tints down to zero; "band" fills between this and the series before it (an interval).
        right: measured on the right axis.
        bare: no line, only the fill, and no word in the hover label: the ground a band stands on.
        points: dots and no line, for what is not one course: a day that is not over, a series of few values.
    """

    name: str
    y: rx.Var[Any] | Sequence[float | None]
    color: Paint = "c1"
    dash: bool = False
    fill: Literal["", "area", "band"] = ""
    right: bool = False
    bare: bool = False
    points: bool = False

    def trace(self, x: Any, kind: Literal["line", "bar"]) -> dict[str, Any]:
        trace: dict[str, Any] = {"x": x, "y": self.y, "name": self.name}
        trace |= {"hoverinfo": "skip"} if self.bare else {"hovertemplate": f"{self.name}  <b>%{{y}}</b><extra></extra>"}
        if self.right:
            trace["yaxis"] = "y2"
        if kind == "bar":
            return trace | {"type": "bar", "marker": {"color": paint(self.color)}}
        line: dict[str, Any] = {"color": paint(self.color), "width": 0 if self.bare else 1.5 if self.dash else 2}
        if self.dash:
            line["dash"] = "3px,3px"
        if self.fill == "band":
            trace |= {"fill": "tonexty", "fillcolor": paint("band")}
        elif self.fill == "area":
            trace |= {"fill": "tozeroy", "fillcolor": paint("area")}
        if self.points:
            ring = {"color": paint(self.color), "size": 7, "symbol": "circle-open", "line": {"width": 2}}
            return trace | {"type": "scatter", "mode": "markers", "marker": ring}
        return trace | {"type": "scatter", "mode": "lines", "line": line}


def revenue_chart(
    days: Any, revenue: Any, *, prefix: Text, baseline: Any = None, previous: Any = None, today: Any = None,
    label: Text, **options: Any,
) -> rx.Component:  # fmt: skip
    """Revenue by day as an area; above `baseline` (what would have come anyway) the incremental part as a band;
    the previous period dashed; `today`, the last of the days, as a ring: it is not over. `prefix` is the currency's
    sign."""
    if baseline is None:
        series = [Series("Revenue", revenue, fill="area")]
    else:
        series = [Series("Without", baseline, fill="area", bare=True), Series("Revenue", revenue, fill="band")]
    if previous is not None:
        # First, because the hover label of a band lists its series from last to first.
        series.insert(0, Series("Previous", previous, color="ghost", dash=True))
    if today is not None:
        series.append(Series("Today so far", today, points=True))
    return line_chart(days, series, label=label, **({"prefix": prefix, "value_format": ",.0f"} | options))


def line_chart(x: Any, series: Sequence[Series], *, label: Text, **options: Any) -> rx.Component:
    """Draw lines and areas over `x` (ISO dates make a time axis).

    Args:
        label: the chart as a sentence, for those who do not see it.
        options: see `chart`.
    """
    return chart([one.trace(x, "line") for one in series], label=label, **options)


def bar_chart(x: Any, series: Sequence[Series], *, label: Text, stacked: bool = False, **options: Any) -> rx.Component:
    """Upright bars; lying bars are `bar_list`."""
    layout = {"barmode": "stack" if stacked else "group"} | options.pop("layout", {})
    return chart([one.trace(x, "bar") for one in series], label=label, layout=layout, **options)


def lying_chart(
    names: Any, series: Sequence[Series], *, label: Text, height: Any, prefix: Text = "", suffix: str = ""
) -> rx.Component:
    """Lying bars over `names`, the first on top; of several series each is drawn thinner into the one before it, which
    holds it. Unlike `bar_list` it can be kept as a picture."""
    traces = []
    for place, one in enumerate(series):
        trace = one.trace(names, "bar")
        told = {"hovertemplate": f"{one.name}  <b>%{{x}}</b><extra></extra>", "width": 0.7 - 0.3 * place}
        traces.append({**trace, "x": trace["y"], "y": names, "orientation": "h", **told})
    layout = {
        "barmode": "overlay",
        "hovermode": "y unified",
        "margin": {"l": 8, "r": 20, "t": 4, "b": 26},
        "xaxis": {"showgrid": True, "gridcolor": paint("grid"), "showline": False, "rangemode": "tozero", "nticks": 5,
                  "tickprefix": prefix, "ticksuffix": suffix, "showspikes": False},
        "yaxis": {"type": "category", "autorange": "reversed", "automargin": True, "showgrid": False,
                  "tickmode": "linear", "dtick": 1},
    }  # fmt: skip
    return chart(traces, label=label, height=height, day_format="", layout=layout)


def chart(
    traces: Sequence[dict[str, Any]],
    *,
    label: Text,
    height: Any = 270,
    prefix: Text = "",
    suffix: str = "",
    value_format: str = ",",
    day_format: str = "%-d %b",
    right_suffix: str = "",
    loading: Flag = False,
    layout: dict[str, Any] | None = None,
) -> rx.Component:
    """Any Plotly traces (constants and state variables mixed) in our template.

    Args:
        prefix, suffix: units of the left axis; `right_suffix` opens a right one.
        value_format, day_format: d3 formats of the values and of a time axis ("" leaves the axis to Plotly).
    """
    days = {"tickformat": day_format, "hoverformat": "%a %-d %b"} if day_format else {}
    values = {"tickprefix": prefix, "ticksuffix": suffix, "tickformat": value_format}
    full: dict[str, Any] = {"xaxis": days, "yaxis": values, "separators": ".,", **(layout or {})}
    if right_suffix:
        full["yaxis2"] = {
            "overlaying": "y", "side": "right", "showgrid": False, "ticksuffix": right_suffix,
            "rangemode": "tozero", "fixedrange": True, "nticks": 5, "zeroline": False, "ticklabelstandoff": 6,
        }  # fmt: skip
        full["margin"] = {"l": 44, "r": 40, "t": 8, "b": 26}
        full["xaxis"] = {"nticks": MOST_TICKS} | full["xaxis"]
    mode = rx.color_mode_cond(light=rx.Var.create(template(LIGHT)), dark=rx.Var.create(template(DARK)))
    drawn = rx.plotly.basic(
        data=rx.Var.create({"data": list(traces)}).to(Figure),
        layout=full,
        template=mode.to(Template),
        config=CONFIG,
        use_resize_handler=True,
        width="100%",
        height="100%",
    )
    body = rx.cond(loading, skeleton("100%", height, max_height="100%"), drawn) if given(loading) else drawn
    figure = rx.el.div(body, class_name="chartbox", role="figure", aria_label=label, style={"--h": f"{height}px"})
    return with_points(figure, label)


def legend(*series: tuple[str, Paint, Literal["line", "dash", "box", "ring"]]) -> rx.Component:
    """Draw the legend for a card's head: (name, colour, mark)."""

    def mark(color: str, kind: str) -> rx.Component:
        solid = f"var(--{color})"
        look = {"background" if kind == "box" else "color": solid}
        return rx.el.i(class_name="sw" if kind == "box" else f"sw {kind}", style=look)

    return rx.el.div(*(rx.el.span(mark(color, kind), name) for name, color, kind in series), class_name="legend")
