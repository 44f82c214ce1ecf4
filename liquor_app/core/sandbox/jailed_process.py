"""One worker, as whoever asks it sees it."""

from __future__ import annotations

import json
import os
import select
import subprocess
import sys
import time
from pathlib import Path
from typing import IO, Any

from liquor_app.core.config import PROJECT_ROOT
from liquor_app.core.errors import Unavailable
from liquor_app.core.sandbox import jail

START_SECONDS = 30.0
"""To import and to prove; a busy machine takes its time."""


class SandboxError(Exception):
    """What was asked was not answered."""


class Overrun(SandboxError):
    """It took more time or memory than anything honest needs."""


class Broken(SandboxError):
    """The worker failed at it; the text is the kind of error and holds nothing of what was read."""


class Worker:
    """A process that has proved it can open nothing. Used by one thread at a time.

    Args:
        module: what is imported inside; its `OPERATIONS` can be asked for.
        file: an open file that it may read, as its descriptor 2.

    Raises:
        Unavailable: it did not start, or could still open something and was not used.
    """

    def __init__(self, module: str, file: IO[bytes] | None = None) -> None:
        self.answers = 0
        self._buffer = bytearray()
        self._process = subprocess.Popen(  # noqa: S603 - our own interpreter and our own file
            [sys.executable, "-I", "-X", "utf8", str(Path(jail.__file__)), str(PROJECT_ROOT), module],
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=file or subprocess.DEVNULL,
            env={}, close_fds=True, cwd="/", bufsize=0, start_new_session=True,
        )  # fmt: skip
        try:
            started = self.read(START_SECONDS)
        except SandboxError as error:
            self.kill()
            if self._process.returncode == jail.REFUSED:
                raise Unavailable(
                    "The sandbox could not be closed on this system, so nothing is read in it."
                ) from error
            raise Unavailable("The sandbox did not start. Please try again in a moment.") from error
        if not started.get("ready"):
            self.kill()
            raise Unavailable("The sandbox did not start. Please try again in a moment.")

    @property
    def pid(self) -> int:
        return self._process.pid

    def ask(self, operation: str, argument: Any, *, rows: bool = False) -> None:
        """Put a question.

        Raises:
            Overrun: it is longer than a worker takes.
            Broken: the worker has gone.
        """
        question = json.dumps({"operation": operation, "argument": argument, "rows": rows}).encode()
        if len(question) > jail.MOST_BYTES:
            raise Overrun("question")
        pipe = self._process.stdin
        assert pipe is not None
        whole = memoryview(len(question).to_bytes(4, "big") + question)
        try:
            while whole:
                whole = whole[pipe.write(whole) or 0 :]
        except OSError as error:
            raise Broken("gone") from error

    def read(self, seconds: float) -> dict[str, Any]:
        """Return the next answer.

        Raises:
            Overrun: none came in time.
            Broken: the worker has gone, or what it says is no answer.
        """
        deadline = time.monotonic() + seconds
        length = int.from_bytes(self._take(4, deadline), "big")
        if length > jail.MOST_BYTES:
            raise Broken("answer")
        try:
            answer: dict[str, Any] = json.loads(self._take(length, deadline))
        except ValueError as error:
            raise Broken("answer") from error
        if "overrun" in answer:
            raise Overrun(str(answer["overrun"]))
        if "broken" in answer:
            raise Broken(str(answer["broken"]))
        return answer

    def _take(self, length: int, deadline: float) -> bytes:
        pipe = self._process.stdout
        assert pipe is not None
        while len(self._buffer) < length:
            left = deadline - time.monotonic()
            if left <= 0 or not select.select([pipe], [], [], left)[0]:
                raise Overrun("time")
            piece = os.read(pipe.fileno(), 1 << 16)
            if not piece:
                raise Broken("gone")
            self._buffer += piece
        taken = bytes(self._buffer[:length])
        del self._buffer[:length]
        return taken

    def kill(self) -> None:
        """End it, whatever it does."""
        self._process.kill()
        self._process.wait()
        for pipe in (self._process.stdin, self._process.stdout):
            if pipe is not None:
                pipe.close()
