"""What ends is started again, and what is started again and hangs, once more."""

from __future__ import annotations

import sys
import threading
import time
from pathlib import Path

from liquor_app.core.platform.child_process import Child
from liquor_app.core.platform.supervisor import Supervisor, stop_all

HANGS_THE_SECOND_TIME = """
import sys, time
from pathlib import Path

here = Path(sys.argv[1])
starts = len(list(here.glob("start-*")))
(here / f"start-{starts}").touch()
if starts == 0:
    sys.exit(3)
if starts > 1:
    (here / "serves").touch()
time.sleep(60)
"""


def test_a_child_that_hangs_when_it_is_started_anew_is_started_once_more(tmp_path: Path) -> None:
    said: list[str] = []
    supervisor = Supervisor(said.append, idle=0.3)
    child = Child(
        "web", [sys.executable, "-c", HANGS_THE_SECOND_TIME, str(tmp_path)], tmp_path / "web.log",
        answers=(tmp_path / "serves").exists,
    )  # fmt: skip
    child.start()
    watching = threading.Thread(target=supervisor.watch, args=([child],))
    watching.start()
    try:
        deadline = time.monotonic() + 30
        while not (tmp_path / "serves").exists():
            assert time.monotonic() < deadline, said
            time.sleep(0.05)
        pid = child.pid
        time.sleep(1.5)  # longer than it would take to give it up
        assert (child.pid, child.running) == (pid, True)
    finally:
        supervisor.stopping.set()
        watching.join()
        stop_all([child])
    assert [one for one in said if "does not answer" in one] == [said[1]], said
    assert said[0].startswith("web ended unexpectedly (code 3)")
    assert len(list(tmp_path.glob("start-*"))) == 3
