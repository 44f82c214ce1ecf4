"""The cards of coupons, playbooks, segments and the churn score's nearness."""

from __future__ import annotations

from typing import Any

import reflex as rx

from liquor_app.screens.analytics.carry_away import file_buttons
from liquor_app.screens.analytics.insights.state import InsightsState
from liquor_app.screens.analytics.view import meaning as defined
from liquor_app.screens.shell.state import ShellState
from liquor_app.ui.button import link, rows_link
from liquor_app.ui.card import card
from liquor_app.ui.charts.chart import Series, chart, legend, lying_chart
from liquor_app.ui.empty import empty
from liquor_app.ui.grid import grid
from liquor_app.ui.table import Column, table


def files() -> rx.Component:
    """Draw the ways to carry an insight away."""
    return file_buttons(InsightsState.carry_away)


def meaning() -> rx.Component:
    """Draw what is counted, and how."""
    return rx.el.span(InsightsState.meaning, class_name="t12 muted")


def coupons() -> rx.Component:
    """Draw codes given and redeemed."""
    bars = lying_chart(
        InsightsState.names,
        [Series("Given", InsightsState.first, color="ghost"), Series("Redeemed", InsightsState.second)],
        label="Codes given and redeemed, by where they came from; the table below has the figures",
        height=InsightsState.height,
    )
    lines = table(
        InsightsState.lines,
        [
            Column("Codes", lambda line: line[0]),
            Column("Given", lambda line: line[1], number=True, meaning=defined("coupons_given")),
            Column("Redeemed", lambda line: line[2], number=True, meaning=defined("coupons_redeemed")),
            Column("Redemption", lambda line: line[3], number=True, meaning=defined("redemption_rate")),
            Column("Still good", lambda line: line[4], number=True, phone="under", named=True),
            Column("Baskets came to", lambda line: line[5], number=True, phone="under", named=True),
        ],
        label="Codes by where they came from",
        empty=rx.fragment(),
    )
    colours = legend(("Given", "ghost", "box"), ("Redeemed", "c1", "box"))
    return _two("Coupon redemption", bars, colours, lines, "By source and discount")


def playbooks() -> rx.Component:
    """Draw what each offer of a segment's playbook brought."""
    lines = table(
        InsightsState.lines,
        [
            Column("Segment", lambda line: line[0]),
            Column("Offer", lambda line: line[1], phone="under", whole=True),
            Column("Sent", lambda line: line[2], number=True, meaning=defined("sends")),
            Column("Click rate", lambda line: line[3], number=True, phone="hide", meaning=defined("click_rate")),
            Column(
                "Attributed orders",
                lambda line: line[4],
                number=True,
                phone="under",
                named=True,
                meaning=defined("conversions"),
            ),
            Column(
                "Conversion",
                lambda line: line[5],
                number=True,
                phone="under",
                named=True,
                meaning=defined("conversion_rate"),
            ),
            Column("Attributed revenue", lambda line: line[6], number=True, meaning=defined("attributed_revenue")),
        ],
        label="Offers of playbooks, most attributed revenue first",
        empty=rx.fragment(),
    )
    return _two("Attributed revenue by offer", _revenue("offer of a playbook"), rx.fragment(), lines, "By offer")


def segments() -> rx.Component:
    """Draw what messages chosen for each segment brought."""
    lines = table(
        InsightsState.lines,
        [
            Column("Segment", lambda line: line[0]),
            Column("Customers now", lambda line: line[1], number=True, phone="hide"),
            Column("Sent", _led(2, 6, "Sent"), number=True, meaning=defined("sends")),
            Column(
                "Attributed orders",
                _led(3, 7, "Attributed orders"),
                number=True,
                phone="under",
                named=True,
                meaning=defined("conversions"),
            ),
            Column(
                "Conversion",
                lambda line: line[4],
                number=True,
                phone="under",
                named=True,
                meaning=defined("conversion_rate"),
            ),
            Column(
                "Attributed revenue",
                _led(5, 8, "Attributed revenue"),
                number=True,
                meaning=defined("attributed_revenue"),
            ),
        ],
        label="Segments, most attributed revenue first",
        empty=rx.fragment(),
    )
    return _two("Attributed revenue by segment", _revenue("segment"), rx.fragment(), lines, "By segment")


def _led(cell: int, address: int, what: str) -> Any:
    return lambda line: rows_link(line[cell], line[address], what)


def calibration() -> rx.Component:
    """Draw what the churn score said beside what happened."""
    groups: Any = InsightsState.names
    drawn = chart(
        [
            Series("Stayed away", InsightsState.first).trace(groups, "bar"),
            Series("Said", InsightsState.second, color="text", points=True).trace(groups, "line"),
        ],
        label="Said to stay away and stayed away, by tenths of the customers; the table below has the figures",
        suffix="%",
        day_format="",
        layout={"xaxis": {"type": "category", "tickmode": "linear", "dtick": 1}},
    )
    lines = table(
        InsightsState.lines,
        [
            Column("Group", lambda line: line[0]),
            Column("Said to stay away", lambda line: line[1], number=True),
            Column("Stayed away", lambda line: line[2], number=True),
            Column("Customers", lambda line: line[3], number=True),
        ],
        label="What was said beside what happened, by tenths of the customers",
        empty=rx.fragment(),
    )
    colours = legend(("Stayed away", "c1", "box"), ("Said to stay away", "text", "ring"))
    return grid(
        card(
            drawn, title="Churn: said and happened", aside=colours,
            foot=rx.el.span(InsightsState.sentence + " " + InsightsState.meaning, class_name="t12 muted pretty"),
            class_name="c12",
        ),
        card(lines, title="By tenths of the customers", aside=files(), flush=True, class_name="c12"),
    )  # fmt: skip


def nothing_measured() -> rx.Component:
    """Draw why there is nothing to show."""
    return card(
        empty(
            "Not measured yet",
            InsightsState.why_none,
            link("Models", "/models"),
            icon="chart-line",
        ),
        foot=meaning(),
    )


def nothing_sent() -> rx.Component:
    """Draw that nothing happened in the days looked at."""
    return card(
        empty(
            "Nothing in the last ninety days",
            "Messages that were chosen for a segment, and codes that campaigns gave, stand here once the day is over."
            " Mailings of an imported history were chosen for none.",
            link("Campaigns", "/campaigns"),
            icon="send",
        ),
        foot=meaning(),
    )


def _revenue(what: str) -> rx.Component:
    return lying_chart(
        InsightsState.names,
        [Series("Attributed revenue", InsightsState.first)],
        label=f"Attributed revenue by {what}; the table below has the figures",
        height=InsightsState.height,
        prefix=ShellState.sign,
    )


def _two(title: str, drawn: rx.Component, colours: rx.Component, lines: rx.Component, below: Any) -> rx.Component:
    return grid(
        card(drawn, title=title, aside=colours, foot=meaning(), class_name="c12"),
        card(lines, title=below, aside=files(), flush=True, class_name="c12"),
    )
