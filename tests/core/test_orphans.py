"""What a supervisor started goes when the supervisor is killed, whatever it does with polite signals."""

from __future__ import annotations

import signal
import subprocess
import sys
import time
from pathlib import Path

import psutil
import pytest

DEAF = "import signal, time; signal.signal(signal.SIGTERM, signal.SIG_IGN); print('deaf', flush=True); time.sleep(60)"

SUPERVISOR = """
import signal, sys, time
from pathlib import Path
from liquor_app.core.platform.child_process import Child

child = Child("web", [sys.executable, "-c", sys.argv[1]], Path(sys.argv[2]), orphan_signal=signal.SIGKILL)
child.start()
while "deaf" not in child.tail():
    time.sleep(0.01)
print(child.pid, flush=True)
time.sleep(60)
"""

SERVER = """
import multiprocessing, time
from liquor_app.core.platform.child_process import end_with_parent


def work():
    print(multiprocessing.current_process().pid, flush=True)
    time.sleep(0.5)  # still importing while its parent is killed
    end_with_parent()
    time.sleep(60)


if __name__ == "__main__":
    multiprocessing.get_context("fork").Process(target=work).start()
    time.sleep(60)
"""


def _gone(pid: int, seconds: float = 20) -> bool:
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        if not psutil.pid_exists(pid) or psutil.Process(pid).status() == psutil.STATUS_ZOMBIE:
            return True
        time.sleep(0.02)
    return False


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux tells a child of its parent's end")
def test_a_child_that_ignores_polite_signals_does_not_outlive_a_killed_supervisor(tmp_path: Path) -> None:
    argv = [sys.executable, "-c", SUPERVISOR, DEAF, str(tmp_path / "web.log")]
    with subprocess.Popen(argv, stdout=subprocess.PIPE, text=True) as supervisor:
        assert supervisor.stdout is not None
        pid = int(supervisor.stdout.readline())
        supervisor.send_signal(signal.SIGKILL)
    assert _gone(pid), "it outlived its supervisor"


def test_a_worker_whose_parent_is_killed_before_it_looked_ends_too(tmp_path: Path) -> None:
    script = tmp_path / "server.py"
    script.write_text(SERVER)
    with subprocess.Popen([sys.executable, str(script)], stdout=subprocess.PIPE, text=True) as server:
        assert server.stdout is not None
        pid = int(server.stdout.readline())
        server.send_signal(signal.SIGKILL)
    assert _gone(pid), "it outlived its parent"
