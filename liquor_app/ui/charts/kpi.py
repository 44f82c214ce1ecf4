"""KPI tile: label, value, change with its base, sparkline as one inline SVG."""

from __future__ import annotations

from collections.abc import Sequence

import reflex as rx

from liquor_app.ui.button import rows_link
from liquor_app.ui.explained import explained
from liquor_app.ui.skeleton import skeleton
from liquor_app.ui.var_types import Flag, Text, given

WIDTH, HEIGHT, PAD = 92.0, 28.0, 3.0


def sparkline_path(values: Sequence[float | None], *, dots: bool = False) -> str:
    """Return the `d` of a sparkline through `values`, in a box of 92 by 28; empty below two of them that are known.
    What was not measured is a gap.

    Args:
        dots: each by itself: a rate of few messages a day is no course.
    """
    known = [one for one in values if one is not None]
    if len(known) < 2:
        return ""
    low, high = min(known), max(known)
    step = WIDTH / (len(values) - 1)
    drawn, before = list[str](), None
    for index, value in enumerate(values):
        if value is not None:
            share = (value - low) / (high - low) if high > low else 0.5
            place = f"{index * step:.2f} {HEIGHT - PAD - share * (HEIGHT - 2 * PAD):.2f}"
            is_begun = before is not None and not dots
            is_alone = dots or (not is_begun and (index + 1 == len(values) or values[index + 1] is None))
            drawn.append(f"{'L' if is_begun else 'M'}{place}{'h.01' if is_alone else ''}")
        before = value
    return " ".join(drawn)


def sparkline(path: Text) -> rx.Component:
    """Draw the drawing for a `sparkline_path`; decorative, the numbers beside it carry the meaning."""
    line = {"fill": "none", "stroke": "var(--accent)", "strokeLinejoin": "round", "strokeLinecap": "round"}
    given_path = rx.Var.create(path).to(str)
    is_whole = given_path.split("M").length() == 2
    area = rx.cond(is_whole, given_path + " L92 28 L0 28Z", "")
    width = rx.cond(given_path.contains("h"), "3", "1.5")
    return rx.el.svg(
        rx.el.path(d=area, custom_attrs={"fill": "var(--accent)", "opacity": ".10"}),
        rx.el.path(d=path, custom_attrs={**line, "strokeWidth": width}),
        view_box="0 0 92 28",
        width="92",
        height="28",
        class_name="spark",
        custom_attrs={"preserveAspectRatio": "none", "aria-hidden": "true"},
    )


def kpi(
    label: Text,
    value: Text,
    *,
    delta: Text = "",
    base: Text = "",
    trend: Text = "gray",
    spark: Text = "",
    meaning: Text = "",
    href: Text = "",
    loading: Flag = False,
    tells_base: bool = False,
    class_name: str = "c3",
) -> rx.Component:
    """Draw one number that matters.

    Args:
        delta: the change in words, "+6.8%" or "−0.4 pts"; always with `base`, "vs $11,876".
        trend: "green" (better), "red" (worse) or "gray" (no change, or not to be judged).
        spark: a `sparkline_path`.
        meaning: what the number is, for who asks its label.
        tells_base: on a phone, too: where tiles beside each other are held to different times.
        href: where the rows are that it counts; empty where no list has them.
    """
    change = rx.el.span(
        rx.el.b(delta, class_name=f"num {trend}"),
        " ",
        rx.el.span(base, class_name="num" if tells_base else "hide-sm num nowrap"),
    )
    if isinstance(spark, rx.Var):
        drawing = rx.cond(spark != "", sparkline(spark), rx.fragment())
    else:
        drawing = sparkline(spark) if spark else rx.fragment()
    shown = rows_link(value, href, label) if given(href) else value
    tile = rx.fragment(rx.el.div(shown, class_name="v"), rx.el.div(change, drawing, class_name="d"))
    if given(loading):
        bones = rx.fragment(skeleton("96px", 24, margin_top="8px"), skeleton("60%", 12, margin_top="20px"))
        tile = rx.cond(loading, bones, tile)
    return rx.el.section(explained(label, meaning, class_name="k"), tile, class_name=f"card kpi {class_name}")
