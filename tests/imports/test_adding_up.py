"""What lies between two sums of the same rows, of sales and of returns."""

from __future__ import annotations

from decimal import Decimal

import pytest

from liquor_app.imports.cleaning.sums.adding_up import between


def _sums(*values: str) -> list[Decimal]:
    return [Decimal(one) for one in values]


@pytest.mark.parametrize(
    ("tax", "off"),
    [
        (("2.50", "2.50"), ("5.00", "5.00")),
        (("2.50", "-2.50"), ("5.00", "-5.00")),
        (("2.50", "-2.50"), ("-5.00", "5.00")),
    ],
)
def test_a_returns_parts_turn_with_its_sum(tax: tuple[str, ...], off: tuple[str, ...]) -> None:
    """40.00 and 2.50 less 5.00 are 37.50, and so is what came back of it: before, it was explained by nothing."""
    apart = _sums("-2.50", "2.50")
    found = between(apart, {"tax": _sums(*tax)}, {"off": _sums(*off)}, [False, True])
    assert found == (frozenset({"tax"}), frozenset({"off"}))


def test_a_total_that_is_more_is_not_one_that_is_less() -> None:
    assert between(_sums("2.50", "2.50"), {"tax": _sums("2.50", "2.50")}, {}) == (frozenset({"tax"}), frozenset())
    assert between(_sums("-2.50", "-2.50"), {"tax": _sums("2.50", "2.50")}, {}) is None
    assert between(_sums("2.50", "2.50"), {"tax": _sums("2.50", "2.50")}, {}, [True, True]) is None
    assert between(_sums("5.00", "5.00"), {}, {"off": _sums("5.00", "5.00")}) is None
