"""Tests of one group share a process: what one has started serves the next (a product, a browser, a server)."""

from __future__ import annotations

import pytest

pytestmark = pytest.mark.xdist_group("together")
seen: list[int] = []


@pytest.mark.parametrize("number", range(6))
def test_a_group_stays_in_one_process(number: int) -> None:
    assert len(seen) == number
    seen.append(number)
