"""Threads for one kind of slow work each, so that it never takes the seats of another kind."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextvars import copy_context
from functools import partial
from typing import ParamSpec, TypeVar

from liquor_app.core.errors import TooMany

P = ParamSpec("P")
T = TypeVar("T")


class Lane:
    """A few threads, and a bounded number of those who wait for one.

    Args:
        name: of what is done in it, as a person would say it: "files".
        threads: done at once; the rest wait in the order they came.
        waiting: under way or waiting at most; who comes later is told so.
    """

    def __init__(self, name: str, *, threads: int, waiting: int) -> None:
        self.name, self.waiting = name, waiting
        self._threads = ThreadPoolExecutor(threads, name)
        self._inside = 0

    async def run(self, work: Callable[P, T], /, *args: P.args, **kwargs: P.kwargs) -> T:
        """Tell what `work` returns, done aside. Whoever is cancelled while waiting gives up the place.

        Raises:
            TooMany: too many wait already.
        """
        if self._inside >= self.waiting:
            raise TooMany(f"Too many {self.name} are being looked at. Please try again in a moment.", retry_after=5)
        self._inside += 1
        future = self._threads.submit(copy_context().run, partial(work, *args, **kwargs))
        # counted until the thread is done with it, not until somebody stops waiting for it
        loop = asyncio.get_running_loop()
        future.add_done_callback(lambda _: loop.call_soon_threadsafe(self._leave) if not loop.is_closed() else None)
        return await asyncio.wrap_future(future)

    def _leave(self) -> None:
        self._inside -= 1
