"""Figures have one definition, and every surface says what it says."""

from __future__ import annotations

import ast
from decimal import Decimal
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as some

from liquor_app.analytics.metrics import METRICS, TOLD, Unit, rate
from liquor_app.screens.analytics.view import meaning, show_rate
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


@given(some.integers(1, 10**6), some.integers(1, 10**6))
def test_a_share_is_the_quotient_of_its_counts(part: int, whole: int) -> None:
    assert rate("conversion_rate", conversions=part, sends=whole) == pytest.approx(part / whole)


COUNTERS = {
    "sends", "sent", "completed_sends", "delivered", "delivered_sends", "opens", "clicks", "conversions", "bounces",
    "complaints", "unsubscribes",
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
