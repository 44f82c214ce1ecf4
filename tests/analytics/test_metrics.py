"""Figures have one definition, and every surface says what it says."""

from __future__ import annotations

import ast
from decimal import Decimal
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as some

from liquor_app.analytics.metrics import METRICS, TOLD, Unit, rate
from liquor_app.screens.analytics.view import meaning, show_rate
from liquor_app.screens.campaigns.detail.view import funnel_steps
from liquor_app.screens.campaigns.words import bought_words, revenue_words
from tests.sources import parsed, reads_sources

ROOT = Path(__file__).parents[2]
NOTHING = dict.fromkeys({one.top for one in METRICS.values()} | {one.bottom for one in METRICS.values()} - {""}, 0)


@pytest.mark.parametrize("key", METRICS)
def test_each_figure_says_what_it_is(key: str) -> None:
    metric = METRICS[key]
    assert metric.key == key
    assert metric.words.endswith(".")
    assert metric.label[:1].isupper()
    assert metric.top in METRICS
    assert not METRICS[metric.top].bottom, "rates are made of counts, not of rates"
    assert (metric.unit is Unit.SHARE) <= bool(metric.bottom)
    assert ("÷" in metric.formula) is bool(metric.bottom)
    assert metric.words in meaning(key)


@pytest.mark.parametrize("key", [key for key, one in METRICS.items() if one.bottom])
def test_a_rate_of_nothing_is_not_measured(key: str) -> None:
    assert METRICS[key].of(NOTHING) is None
    assert show_rate(key, **NOTHING) == "–"
    counts = {**NOTHING, METRICS[key].top: 3, METRICS[key].bottom: 60}
    assert METRICS[key].of(counts) == Decimal("0.05")
    assert METRICS[key].of({**counts, METRICS[key].top: None}) is None


@pytest.mark.parametrize("name", sorted(TOLD))
def test_silence_is_not_nought(name: str) -> None:
    """A sandbox tells of no delivery: 0 % delivered was said of messages that all arrived."""
    assert METRICS[name].of({name: 0, "sends": 300}) is None
    assert METRICS[name].of({name: 0, "sends": 0}) == 0
    assert METRICS[name].of({name: 1, "sends": 300}) == 1
    assert rate("bounce_rate", bounces=0, sends=300) == 0, "bounces are told by who takes the message"


def test_no_order_of_messages_that_reached_nobody_is_not_measured() -> None:
    """0.0 % conversion was said of a week in the sandbox: nobody could have bought of it."""
    silent = {"sends": 300, "conversions": 0, "delivered": 0, "opens": 0, "clicks": 0}
    for key in ("conversions", "conversion_rate"):
        assert METRICS[key].of(silent) is None
        assert METRICS[key].of({**silent, "delivered": None}) is None
        for told in ("delivered", "opens", "clicks"):
            assert METRICS[key].of({**silent, told: 1}) == 0, "they arrived, and nobody bought"
        assert METRICS[key].of({**silent, "conversions": 3}) == (3 if key == "conversions" else Decimal("0.01"))
        assert METRICS[key].of({**silent, "sends": 0}) == (0 if key == "conversions" else None)
        with pytest.raises(KeyError):
            METRICS[key].of({"sends": 300, "conversions": 0})
        with pytest.raises(KeyError):
            METRICS["attributed_revenue"].of({"sends": 300, "attributed_revenue": 0})
    worth = METRICS["attributed_revenue"]
    assert worth.of({**silent, "attributed_revenue": 0}) is None, "$0.00 stood beside – orders"
    assert worth.of({**silent, "attributed_revenue": 0, "clicks": 1}) == 0
    assert worth.of({**silent, "attributed_revenue": 0, "conversions": 2}) == 0, "two baskets of nothing"
    assert worth.of({**silent, "attributed_revenue": 7}) == 7
    row = campaign(total_sends=300, completed_sends=300)
    assert revenue_words(row) == "–"
    assert [one.value for one in funnel_steps(row)][-1] == "–"
    assert bought_words(row) == ("–", "–")
    assert bought_words(campaign(completed_sends=300, delivered_sends=290)) == ("0", "0.0%")


@given(some.integers(1, 10**6), some.integers(1, 10**6))
def test_a_share_is_the_quotient_of_its_counts(part: int, whole: int) -> None:
    assert rate("conversion_rate", conversions=part, sends=whole) == pytest.approx(part / whole)


def campaign(**counts: int) -> Any:
    usual = {
        "id": "0192",
        "revenue_generated": Decimal(0),
        "total_sends": 0,
        "held_out": 0,
        "completed_sends": 0,
        "delivered_sends": 0,
        "opens": 0,
        "clicks": 0,
        "redeemed": 0,
    }
    return SimpleNamespace(**{**usual, "conversions": 0, **counts})


def test_a_funnel_goes_from_the_plan_to_attributed_orders() -> None:
    row = campaign(
        total_sends=200, held_out=20, completed_sends=180, delivered_sends=170, opens=60, clicks=18, conversions=9
    )
    steps = funnel_steps(row)
    assert [(one.name, one.value, one.fill) for one in steps] == [
        ("Planned", "200", 100.0), ("Messages sent", "180", 90.0), ("Delivered", "170", 85.0), ("Opened", "60", 30.0),
        ("Clicked", "18", 9.0), ("Attributed orders", "9", 4.5),
    ]  # fmt: skip
    assert [one.detail for one in steps] == [
        "besides 20 held out", "90.0%", "94.4% of sent", "33.3% of sent", "10.0% of sent", "5.0% of sent",
    ]  # fmt: skip
    assert all(one.is_measured and one.meaning for one in steps)


def test_a_step_nobody_told_of_is_hatched_and_not_nought() -> None:
    steps = funnel_steps(campaign(total_sends=50, completed_sends=50, conversions=0))
    told = {one.name: (one.value, one.detail, one.is_measured) for one in steps}
    assert told["Delivered"] == told["Opened"] == told["Clicked"] == ("–", "not measured", False)
    assert told["Attributed orders"] == ("–", "not measured", False), "nobody is known to have got them"
    *_, last = funnel_steps(campaign(total_sends=50, completed_sends=50, clicks=1))
    assert (last.value, last.detail, last.is_measured) == ("0", "0.0% of sent", True)
    assert funnel_steps(campaign()) == []
    before = {one.name: one.value for one in funnel_steps(campaign(total_sends=50))}
    assert before["Delivered"] == "0", "nothing was sent yet, so nothing can have arrived"


COUNTERS = {
    "sends", "sent", "completed_sends", "delivered", "delivered_sends", "opens", "clicks", "redeemed", "conversions",
    "bounces", "complaints", "unsubscribes",
}  # fmt: skip


def divisions(source: str) -> list[int]:
    """Lines that divide one of a message's counters by another."""
    names = {
        node.lineno
        for node in ast.walk(parsed(source))
        if isinstance(node, ast.BinOp)
        and isinstance(node.op, ast.Div)
        and _last(node.left) in COUNTERS
        and _last(node.right) in COUNTERS
    }
    return sorted(names)


def _last(node: ast.expr) -> str:
    return node.attr if isinstance(node, ast.Attribute) else node.id if isinstance(node, ast.Name) else ""


@reads_sources
def test_nothing_but_metrics_divides_what_messages_did() -> None:
    assert divisions("a = row.clicks / row.sends\nb = bounces / sends") == [1, 2], "the search finds what it is for"
    found = {
        str(path): lines
        for path in (ROOT / "liquor_app").rglob("*.py")
        if path.name != "metrics.py" and (lines := divisions(path.read_text()))
    }
    assert not found


@pytest.mark.parametrize("name", ["unsubscribes", "complaints", "bounces"])
def test_who_left_is_not_measured_where_nobody_told_anything(name: str) -> None:
    """An imported mailing of which no provider, link or mailbox ever spoke has no "0 unsubscribed"."""
    silent = dict.fromkeys(("delivered", "opens", "clicks", "bounces", "complaints", "unsubscribes"), 0) | {
        "sends": 864
    }
    assert METRICS[name].of(silent) is None
    for told in ("delivered", "opens", "clicks", "bounces", "complaints", "unsubscribes"):
        assert METRICS[name].of(silent | {told: 3}) == (3 if told == name else 0)
    assert METRICS[name].of(silent | {"sends": 0}) == 0
    assert METRICS[name].of({name: 0, "sends": 90}) == 0, "nothing was asked about deliveries"


def test_the_last_step_is_hatched_too_where_nobody_told_of_it() -> None:
    """Orders that nobody measured stood as a full bar, as high as what was sent."""
    style = Path("assets/css/app.css").read_text()
    assert ".fb i.hatch{" in style
    assert ".fn:last-child .fb i:not(.hatch){" in style
    assert ".fn:last-child .fb i{" not in style
