"""Keeps children alive until told to stop; then stops all of them, in order, within five seconds."""

from __future__ import annotations

import logging
import signal
import threading
import time
from collections.abc import Callable, Sequence
from types import FrameType

from liquor_app.core.platform.child_process import Child, Patience

log = logging.getLogger(__name__)

POLL = 0.2
CALM_SECONDS = 30.0
LOOK_SECONDS = 1.0
MAX_BACKOFF = 10.0
STOP_SECONDS = 2.5


class Supervisor:
    """Supervises children on the main thread.

    Args:
        say: where one-line news for people go.
        idle: seconds a child that was started anew may do nothing before it answers; then it is started once more.
    """

    def __init__(self, say: Callable[[str], None], *, idle: float = 60.0) -> None:
        self.say, self._idle = say, idle
        self._patience: dict[str, Patience] = {}
        self._look_at: dict[str, float] = {}
        self.stopping = threading.Event()
        self._retry_at: dict[str, float] = {}
        self._backoff: dict[str, float] = {}

    def install_signals(self) -> None:
        """Ctrl-C and SIGTERM ask for an orderly stop; a second one changes nothing."""

        def stop(number: int, frame: FrameType | None) -> None:
            self.stopping.set()

        signal.signal(signal.SIGINT, stop)
        signal.signal(signal.SIGTERM, stop)

    def watch(self, children: Sequence[Child]) -> None:
        """Until `stopping` is set: restart what ends, waiting longer each time it ends soon; keep the logs short."""
        while not self.stopping.wait(POLL):
            for child in children:
                child.cut_log()
                if not child.running:
                    self._restart(child)
                elif child.name in self._patience:
                    self._look(child)

    def _look(self, child: Child) -> None:
        """Whether one that was started anew answers by now; one that hangs without doing anything is ended."""
        if time.monotonic() < self._look_at.get(child.name, 0.0):
            return
        self._look_at[child.name] = time.monotonic() + LOOK_SECONDS
        if child.answers is None or child.answers():
            del self._patience[child.name]
        elif self._patience[child.name].is_over and child.running:
            self.say(f"{child.name} does not answer: {self._patience.pop(child.name).why}")
            child.stop(1)

    def _restart(self, child: Child) -> None:
        moment = time.monotonic()
        due = self._retry_at.get(child.name)
        if due is None:
            lived = moment - child.started_at
            pause = 0.2 if lived > CALM_SECONDS else min(self._backoff.get(child.name, 0.1) * 2, MAX_BACKOFF)
            self._backoff[child.name] = pause
            self._retry_at[child.name] = moment + pause
            self.say(f"{child.name} ended unexpectedly (code {child.exit_code}); restarting. Log: {child.log_path}")
        elif moment >= due:
            del self._retry_at[child.name]
            try:
                child.start()
                if child.answers is not None:
                    self._patience[child.name] = Patience(child, self.say, idle=self._idle)
            except OSError as error:
                self.say(f"{child.name} cannot be started: {error}")
                self._retry_at[child.name] = moment + MAX_BACKOFF


def stop_all(children: Sequence[Child]) -> None:
    """Ask all at once, wait together, kill what is left."""
    for child in children:
        child.ask_to_stop()
    deadline = time.monotonic() + STOP_SECONDS
    for child in children:
        child.wait(deadline - time.monotonic())
    for child in children:
        child.stop(0.01)
