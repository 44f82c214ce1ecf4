"""An event loop of its own, in a thread of its own, for what a crowd in the main loop must not keep waiting."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable, Coroutine
from typing import Any, TypeVar

T = TypeVar("T")


class LoopLane:
    """Work that is done beside the main loop once the lane is open, and in the caller's loop before.

    A loop goes through all that is ready before it comes back to somebody: twenty answers of the database are twenty
    rounds, and among a thousand requests each takes tens of milliseconds. In a loop of its own each takes one turn at
    the interpreter. Connections belong to their loop, so what is done here takes none from the crowd's pool either.

    Args:
        name: of its thread.
    """

    def __init__(self, name: str) -> None:
        self.name = name
        self._loop: asyncio.AbstractEventLoop | None = None

    def open(self) -> None:
        """Start the loop; once more does nothing. Its thread ends with the process."""
        if self._loop is None:
            self._loop = asyncio.new_event_loop()
            threading.Thread(target=self._loop.run_forever, name=self.name, daemon=True).start()

    def close(self) -> None:
        """Stop the loop; work is done in the caller's from now on."""
        if self._loop is not None:
            self._loop.call_soon_threadsafe(self._loop.stop)
            self._loop = None

    async def run(self, work: Callable[[], Coroutine[Any, Any, T]]) -> T:
        """Return what `work` returns, with the caller's context variables. Whoever is cancelled cancels it."""
        if self._loop is None:
            return await work()
        return await asyncio.wrap_future(asyncio.run_coroutine_threadsafe(work(), self._loop))
