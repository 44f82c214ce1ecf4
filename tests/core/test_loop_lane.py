"""A lane of its own: work goes on while the main loop has its hands full, with what its caller knows."""

from __future__ import annotations

import asyncio
import threading
import time
from collections.abc import Iterator
from contextlib import suppress
from contextvars import ContextVar

import pytest

from liquor_app.core.platform.loop_lane import LoopLane

WHO: ContextVar[str] = ContextVar("who", default="nobody")


@pytest.fixture
def lane() -> Iterator[LoopLane]:
    lane = LoopLane("tested")
    lane.open()
    lane.open()
    yield lane
    lane.close()


async def _who() -> tuple[str, str]:
    await asyncio.sleep(0)
    return WHO.get(), threading.current_thread().name


async def test_it_is_another_thread_with_the_callers_variables(lane: LoopLane) -> None:
    WHO.set("Ann")
    assert await lane.run(_who) == ("Ann", "tested")
    lane.close()
    assert await lane.run(_who) == ("Ann", threading.current_thread().name), "closed, it is the caller's loop"


async def test_what_fails_fails_where_it_was_asked(lane: LoopLane) -> None:
    async def fail() -> None:
        raise ValueError("no")

    with pytest.raises(ValueError, match="no"):
        await lane.run(fail)


async def test_many_rounds_do_not_wait_for_each_round_of_the_main_loop(lane: LoopLane) -> None:
    ended: list[float] = []

    async def rounds() -> None:
        for _ in range(20):
            await asyncio.sleep(0)
        ended.append(time.monotonic())

    begun = asyncio.create_task(lane.run(rounds))
    await asyncio.sleep(0.02)
    time.sleep(0.01)  # noqa: ASYNC251 - the main loop stands still
    assert ended, "it went on meanwhile"
    await begun


async def test_whoever_leaves_takes_the_work_along(lane: LoopLane) -> None:
    left = threading.Event()

    async def long() -> None:
        try:
            await asyncio.sleep(60)
        except asyncio.CancelledError:
            left.set()
            raise

    task = asyncio.create_task(lane.run(long))
    await asyncio.sleep(0.05)
    task.cancel()
    with suppress(asyncio.CancelledError):
        await task
    assert await asyncio.to_thread(left.wait, 5)
