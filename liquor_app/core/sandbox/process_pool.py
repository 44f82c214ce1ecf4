"""A few workers for short questions: started when first needed, replaced after a while, killed when they are slow."""

from __future__ import annotations

import atexit
import importlib
import os
import threading
from typing import Any

from liquor_app.core.errors import TooMany
from liquor_app.core.sandbox import jail
from liquor_app.core.sandbox.jailed_process import SandboxError, Worker

WAIT_SECONDS = 15.0
"""For a free worker; after that the machine has more to do than it can."""


class Sandbox:
    """Asks workers that have imported `module`. Safe from every thread.

    Args:
        size: workers at most; each holds some tens of megabytes.
        lifetime: questions a worker answers before another takes its place, so that nothing piles up.
        seconds: what one question may take.
    """

    def __init__(self, module: str, *, size: int = 2, lifetime: int = 200, seconds: float = 5.0) -> None:
        self.module, self.lifetime, self.seconds = module, lifetime, seconds
        self._slots = threading.BoundedSemaphore(size)
        self._idle: list[Worker] = []
        self._lock = threading.Lock()
        self._owner = os.getpid()
        atexit.register(self.close)

    def call(self, operation: str, argument: Any) -> Any:
        """Return the answer to a question; both are plain data. Inside a worker it is answered on the spot.

        Raises:
            Overrun: it took too long or too much memory; the worker was killed.
            Broken: it failed.
            TooMany: no worker was free for long.
            Unavailable: none could be started.
        """
        if jail.inside:
            return importlib.import_module(self.module).OPERATIONS[operation](argument)
        if not self._slots.acquire(timeout=WAIT_SECONDS):
            raise TooMany("Too much is being read at this moment. Please try again.", retry_after=10)
        try:
            worker = self._take()
            try:
                worker.ask(operation, argument)
                answer = worker.read(self.seconds)["answer"]
            except SandboxError:
                worker.kill()
                raise
            self._give_back(worker)
            return answer
        finally:
            self._slots.release()

    def _take(self) -> Worker:
        with self._lock:
            if self._owner != os.getpid():  # a fork: the pipes are the parent's
                self._idle, self._owner = [], os.getpid()
            if self._idle:
                return self._idle.pop()
        return Worker(self.module)

    def _give_back(self, worker: Worker) -> None:
        worker.answers += 1
        if worker.answers >= self.lifetime:
            worker.kill()
            return
        with self._lock:
            self._idle.append(worker)

    def close(self) -> None:
        """End the workers that wait."""
        with self._lock:
            idle, self._idle = self._idle, []
        if self._owner == os.getpid():
            for worker in idle:
                worker.kill()
