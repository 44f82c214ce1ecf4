"""A child process that cannot outlive us and can always be stopped."""

from __future__ import annotations

import contextlib
import ctypes
import multiprocessing
import os
import resource
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path

import psutil

from liquor_app.core.errors import Conflict
from liquor_app.core.platform.private_files import FILE, UMASK, append_bytes, create_bytes

_PR_SET_PDEATHSIG = 1
PARENT_SECONDS = 0.5
LOG_BYTES = 8 * 1024 * 1024
"""A child's log is cut when it is longer; one older piece of this length is kept beside it."""


def free_port() -> int:
    """Return a loopback port nobody listens on right now."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def require_free_port(host: str, port: int) -> None:
    """Fail early and clearly.

    Raises:
        Conflict: somebody already listens there.
    """
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    with socket.socket(family) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((host, port))
        except OSError as error:
            raise Conflict(
                f"Port {port} on {host} is taken ({error.strerror}). Choose another one: make run PORT={port + 1}",
                field="port",
            ) from error


def allow_many_files() -> None:
    """Let this process and its children hold as many connections open as the system lets anybody."""
    _, most = resource.getrlimit(resource.RLIMIT_NOFILE)
    with contextlib.suppress(ValueError, OSError):
        resource.setrlimit(resource.RLIMIT_NOFILE, (most, most))


def _die_with_parent(number: signal.Signals) -> None:
    """Linux: be told when the parent vanishes, however it vanished. Elsewhere a no-op."""
    if sys.platform == "linux":
        with contextlib.suppress(OSError):
            ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, number)


def end_with_parent() -> None:
    """For a process another of ours started: end at once when that one is gone, even killed. A server's worker that
    outlived its main process would go on answering on the port with nobody to stop it."""
    # who forked us, as noted then: a parent killed while we were still importing is nobody's parent by now
    started_by = multiprocessing.parent_process()
    parent = os.getppid() if started_by is None or started_by.pid is None else started_by.pid
    _die_with_parent(signal.SIGKILL)

    def watch() -> None:
        while os.getppid() == parent:
            time.sleep(PARENT_SECONDS)
        os._exit(1)

    # also where the kernel does not tell, and for a parent that went before we asked
    threading.Thread(target=watch, name="parent-watch", daemon=True).start()


@dataclass(slots=True)
class Child:
    """One supervised process in its own session, logging to a file.

    Args:
        argv: what to run.
        env: its whole environment.
        user, group: numeric ids to drop to (root only).
        stop_signal: what asks it to end in good order.
        orphan_signal: what the kernel sends it when the supervisor is gone, however that went (Linux). A server that
            may miss a polite one needs SIGKILL: nobody is left to ask again.
        answers: tells whether it serves by now, where one can tell.
    """

    name: str
    argv: list[str]
    log_path: Path
    env: dict[str, str] | None = None
    cwd: Path | None = None
    user: int | None = None
    group: int | None = None
    stop_signal: signal.Signals = signal.SIGTERM
    orphan_signal: signal.Signals = signal.SIGTERM
    answers: Callable[[], bool] | None = None
    process: subprocess.Popen[bytes] | None = field(default=None, init=False)
    started_at: float = field(default=0.0, init=False)

    def start(self) -> None:
        """Start it. What is left of a run before is ended first, so that nobody holds its port or its files.

        Raises:
            OSError: it cannot be started at all.
        """
        self._end_session()
        with append_bytes(self.log_path) as log:
            self.log_path.chmod(FILE)
            self.process = subprocess.Popen(  # noqa: S603 - our own argv, never a shell
                self.argv,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
                env=self.env,
                cwd=self.cwd,
                start_new_session=True,
                umask=UMASK,
                user=self.user,
                group=self.group,
                extra_groups=[] if self.user is not None else None,
                preexec_fn=partial(_die_with_parent, self.orphan_signal),  # noqa: PLW1509 - the supervisor has one thread
            )
        self.started_at = time.monotonic()

    @property
    def pid(self) -> int | None:
        return self.process.pid if self.process else None

    @property
    def running(self) -> bool:
        return self.process is not None and self.process.poll() is None

    @property
    def exit_code(self) -> int | None:
        return self.process.poll() if self.process else None

    def signal(self, number: signal.Signals) -> None:
        """Signal the whole session, so that its own children hear it too."""
        if self.process is not None and self.process.poll() is None:
            with contextlib.suppress(ProcessLookupError):
                os.killpg(self.process.pid, number)

    def ask_to_stop(self) -> None:
        """Only the leader is asked: servers with worker processes shut those down themselves."""
        if self.process is not None and self.process.poll() is None:
            self.process.send_signal(self.stop_signal)

    def wait(self, seconds: float) -> bool:
        """True once it has ended."""
        if self.process is None:
            return True
        try:
            self.process.wait(max(seconds, 0.01))
        except subprocess.TimeoutExpired:
            return False
        return True

    def stop(self, seconds: float) -> None:
        """Ask, wait, then kill whatever of its session is left."""
        self.ask_to_stop()
        if not self.wait(seconds):
            self.signal(signal.SIGKILL)
            self.wait(2)
        self._end_session()

    def _end_session(self) -> None:
        """Kill what an ended leader left behind in its session."""
        if self.process is not None:
            with contextlib.suppress(ProcessLookupError, PermissionError):
                os.killpg(self.process.pid, signal.SIGKILL)

    def cut_log(self, limit: int = LOG_BYTES) -> None:
        """Keep the log's end in `<log>.1` and begin anew once it is longer than `limit` bytes. The child appends, so
        it goes on at the new beginning."""
        with contextlib.suppress(OSError):
            if self.log_path.stat().st_size <= limit:
                return
            older = self.log_path.with_name(f"{self.log_path.name}.1")
            older.unlink(missing_ok=True)
            with self.log_path.open("r+b") as log, create_bytes(older) as kept:
                log.seek(-limit, os.SEEK_END)
                kept.write(log.read(limit))
                log.truncate(0)

    def tail(self, lines: int = 5) -> str:
        """Return the last lines of its log, for an error message."""
        try:
            text = self.log_path.read_text(errors="replace")
        except OSError:
            return ""
        return "\n".join(text.strip().splitlines()[-lines:])

    def effort(self) -> float:
        """Tell how much it has done so far: seconds of processor time, its children's too, and bytes of log. Grows
        while it is at work, however slow the machine is."""
        seconds = 0.0
        with contextlib.suppress(psutil.Error, OSError):
            process = psutil.Process(self.pid)
            for one in (process, *process.children(recursive=True)):
                with contextlib.suppress(psutil.Error):
                    times = one.cpu_times()
                    seconds += times.user + times.system
        with contextlib.suppress(OSError):
            seconds += self.log_path.stat().st_size
        return seconds


class Patience:
    """How long to wait for a child that starts: as long as it lives and gets on, and a while after it last did.

    Args:
        idle: seconds without any progress after which it is given up.
        most: seconds after which it is given up whatever it does.
        say: told every `every` seconds what is waited for.
    """

    def __init__(
        self, child: Child, say: Callable[[str], None], *, idle: float = 60, most: float = 900, every: float = 15
    ) -> None:
        self.child, self.say, self.idle, self.most, self.every = child, say, idle, most, every
        self._began = self._moved = self._said = time.monotonic()
        self._effort = 0.0

    @property
    def is_over(self) -> bool:
        """Whether it has ended, stands still, or takes for ever. Asked again and again while one waits."""
        moment, effort = time.monotonic(), self.child.effort()
        if effort > self._effort:
            self._effort, self._moved = effort, moment
        if moment - self._said > self.every:
            self._said = moment
            last = self.child.tail(1) or "it has said nothing yet"
            self.say(f"{self.child.name} is still starting ({moment - self._began:.0f} s): {last[:160]}")
        return not self.child.running or moment - self._moved > self.idle or moment - self._began > self.most

    @property
    def why(self) -> str:
        """What is to be said when it is over; never nothing."""
        if not self.child.running:
            what = f"it ended with code {self.child.exit_code}"
        elif time.monotonic() - self._began > self.most:
            what = f"it was not ready after {self.most:.0f} seconds"
        else:
            what = f"it did nothing for {self.idle:.0f} seconds"
        told = self.child.tail(12) or "It wrote nothing."
        return f"{what}. The end of {self.child.log_path}:\n{told}"
