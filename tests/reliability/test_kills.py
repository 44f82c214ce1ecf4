"""kill -9 of the worker, of PostgreSQL and of Valkey while messages go out: counted at the receiving end."""

from __future__ import annotations

import pytest

from tests.reliability.chaos import Counted, Plan, run

pytestmark = [pytest.mark.reliability, pytest.mark.alone]


async def test_nothing_lost_and_nothing_sent_twice() -> None:
    """The small form of the chaos program: every message arrives once, and nothing stays open."""
    plan = Plan(900, worker_kills=3, per_second=120)
    assert await run(plan) == Counted(sends=900, delivered=900, lost=0, duplicates=0, unknown_open=0, kills=5)


async def test_a_provider_that_cannot_be_asked() -> None:
    """What nobody can know is said to be unknown; nothing of it is lost, and nothing sent twice."""
    counted = await run(Plan(300, provider="smtp", worker_kills=1, engine_kills=0, per_second=100))
    assert (counted.sends, counted.lost, counted.duplicates, counted.kills) == (300, 0, 0, 1)
    assert 0 < counted.unknown_open < 60
