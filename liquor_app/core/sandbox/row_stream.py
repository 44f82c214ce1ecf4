"""The rows of one file, read by a worker that has this file and nothing else."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from typing import IO, Any

from liquor_app.core.errors import TooMany
from liquor_app.core.sandbox.jailed_process import Worker
from liquor_app.core.sandbox.process_pool import WAIT_SECONDS

MOST_AT_ONCE = 3
_slots = threading.BoundedSemaphore(MOST_AT_ONCE)


class RowStream:
    """An iterator over what `operation` yields inside, one line after the other, never ahead by more than a pipe.

    Args:
        seconds: how long the next line may be in coming.

    Raises:
        Overrun, Broken: while iterating; the worker has been killed.
        TooMany: too many files are being read.
        Unavailable: no worker could be started.
    """

    def __init__(self, module: str, operation: str, file: IO[bytes], argument: Any, *, seconds: float) -> None:
        if not _slots.acquire(timeout=WAIT_SECONDS):
            raise TooMany("Too many files are being read at this moment. Please try again.", retry_after=10)
        self._seconds = seconds
        self._open = True
        try:
            self._worker = Worker(module, file)
            self._worker.ask(operation, argument, rows=True)
        except BaseException:
            _slots.release()
            self._open = False
            raise

    def __iter__(self) -> Iterator[Any]:
        return self

    def __next__(self) -> Any:
        if not self._open:
            raise StopIteration
        try:
            answer = self._worker.read(self._seconds)
        except BaseException:
            self.close()
            raise
        if "line" in answer:
            return answer["line"]
        self.close()
        raise StopIteration

    def close(self) -> None:
        """End the worker. Harmless a second time."""
        if self._open:
            self._open = False
            self._worker.kill()
            _slots.release()
