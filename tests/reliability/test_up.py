"""One command starts, supervises and stops everything, and says in one line what stands in its way."""

from __future__ import annotations

import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from os import geteuid
from pathlib import Path
from shutil import rmtree

import httpx
import psutil
import pytest

from liquor_app.core.config import PROJECT_ROOT
from liquor_app.core.platform.child_process import free_port
from tests.e2e.conftest import environment, start, wait_until_ready

pytestmark = [pytest.mark.reliability, pytest.mark.xdist_group("up")]


@pytest.fixture
def folder() -> Iterator[Path]:
    root = Path(tempfile.mkdtemp(prefix="liquor-up-", dir="/var/lib" if geteuid() == 0 else None))
    root.chmod(0o755)
    yield root / "data"
    rmtree(root, ignore_errors=True)


@pytest.fixture
def running(folder: Path) -> Iterator[tuple[subprocess.Popen[bytes], str]]:
    port = free_port()
    process, log = start(folder, port, LIQUOR_SAMPLE="0")
    url = f"http://127.0.0.1:{port}"
    wait_until_ready(process, url, log)
    yield process, url
    if process.poll() is None:
        process.send_signal(signal.SIGTERM)
        process.wait(10)


def _up(folder: Path, **more: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "liquor_app.cli", "up"],
        cwd=PROJECT_ROOT, env=environment(folder, LIQUOR_SAMPLE="0", **more), capture_output=True, text=True,
        timeout=60, check=False,
    )  # fmt: skip


def _family(process: subprocess.Popen[bytes]) -> list[psutil.Process]:
    return psutil.Process(process.pid).children(recursive=True)


def _eventually(holds: Callable[[], bool], seconds: float, what: str | Callable[[], str]) -> None:
    deadline = time.monotonic() + seconds
    while not holds():
        assert time.monotonic() < deadline, what if isinstance(what, str) else what()
        time.sleep(0.1)


def _gone(processes: list[psutil.Process]) -> bool:
    return not any(one.is_running() and one.status() != psutil.STATUS_ZOMBIE for one in processes)


def test_one_signal_stops_everything(running: tuple[subprocess.Popen[bytes], str]) -> None:
    process, _ = running
    family = _family(process)
    names = " ".join(one.name() for one in family)
    assert "postgres" in names
    assert "valkey" in names
    process.send_signal(signal.SIGINT)
    assert process.wait(5) == 0
    _eventually(lambda: _gone(family), 1, f"left behind: {[one for one in family if one.is_running()]}")


def test_killed_children_come_back(running: tuple[subprocess.Popen[bytes], str], folder: Path) -> None:
    process, url = running
    victims = [
        next(one for one in _family(process) if wanted in " ".join(one.cmdline()))
        for wanted in ("-m worker", "granian", "valkey-server", "postgres -D")
    ]
    for victim in victims:
        victim.kill()

    def back() -> bool:
        try:
            return httpx.get(f"{url}/api/v1/health/ready", timeout=2).status_code == 200
        except httpx.HTTPError:
            return False

    _eventually(lambda: _gone(victims), 5, "a killed child is still there")
    _eventually(back, 120, lambda: f"not ready again\n{_state(process, folder)}")
    _eventually(
        lambda: any("-m worker" in " ".join(one.cmdline()) for one in _family(process)), 20, "the worker is not back"
    )


def test_what_is_written_down_is_ours_alone_and_clean(
    running: tuple[subprocess.Popen[bytes], str], folder: Path
) -> None:
    _, url = running
    given = {"email": "a@example.com", "password": "not this one"}
    httpx.post(f"{url}/api/v1/auth/login", json=given, headers={"x-forwarded-for": "198.51.100.7"})
    log = folder / "log" / "web.log"
    _eventually(lambda: "WARNING liquor_app.api.client_address: " in log.read_text(), 5, "not logged as everything is")
    others = 0o066 if geteuid() == 0 else 0o077  # as root the engines' account passes through the data directory
    assert folder.stat().st_mode & others == 0
    open_to_others = [path for path in folder.rglob("*") if not path.is_symlink() and path.stat().st_mode & 0o077]
    assert open_to_others == []


def _state(process: subprocess.Popen[bytes], folder: Path) -> str:
    """What everybody does and what was written last, for whoever reads of a failure."""
    told = [f"{one.pid} {one.status()} {' '.join(one.cmdline()[:4])}" for one in _family(process)]
    logs = [folder.with_name(f"{folder.name}-up.log"), folder / "log" / "web.log"]
    return "\n".join([*told, *(f"{log.name}:\n{log.read_text(errors='replace')[-2000:]}" for log in logs)])


def test_a_killed_web_server_leaves_nobody_on_its_port(
    running: tuple[subprocess.Popen[bytes], str], folder: Path
) -> None:
    process, url = running
    main = next(one for one in _family(process) if "granian" in " ".join(one.cmdline()))
    workers = main.children(recursive=True)
    assert workers, "the web server has no worker of its own: look for another victim"
    main.kill()
    _eventually(lambda: _gone(workers), 3, "a worker of the killed server still holds the port")

    def served_anew() -> bool:
        try:
            return httpx.get(f"{url}/api/v1/health/live", timeout=2).status_code == 200
        except httpx.HTTPError:
            return False

    # it starts as on the first day, and on a machine that does other things meanwhile
    _eventually(served_anew, 120, lambda: f"nobody serves the port again\n{_state(process, folder)}")


def test_nothing_outlives_a_killed_supervisor_and_the_next_start_works(
    running: tuple[subprocess.Popen[bytes], str], folder: Path
) -> None:
    process, _ = running
    family = _family(process)
    process.kill()
    process.wait(5)
    # they look for their parent every second; on a machine busy with something else that takes a while
    _eventually(
        lambda: _gone(family), 25, lambda: f"outlived their supervisor: {[o for o in family if not _gone([o])]}"
    )
    port = free_port()
    again, log = start(folder, port, LIQUOR_SAMPLE="0")
    try:
        wait_until_ready(again, f"http://127.0.0.1:{port}", log, 60)
    finally:
        again.send_signal(signal.SIGTERM)
        again.wait(10)


def test_a_second_instance_on_the_same_data_is_refused(
    running: tuple[subprocess.Popen[bytes], str], folder: Path
) -> None:
    refused = _up(folder, LIQUOR_PORT=str(free_port()))
    assert refused.returncode == 4
    assert "in use by another instance" in refused.stderr
    assert len(refused.stderr.strip().splitlines()) == 1
    assert "Traceback" not in refused.stderr


def test_a_taken_port_is_named(folder: Path) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        refused = _up(folder, LIQUOR_PORT=str(port))
    assert refused.returncode == 4
    assert str(port) in refused.stderr
    assert not folder.exists()


@pytest.mark.parametrize(
    ("settings", "code", "words"),
    [
        ({"DATABASE_URL": "mysql://x"}, 2, "must look like postgresql://"),
        ({"DATABASE_URL": "postgresql://nobody:x@127.0.0.1:1/none"}, 7, "cannot be reached"),
        ({"REDIS_URL": "redis://127.0.0.1:1/0"}, 7, "Redis cannot be reached"),
        ({"LIQUOR_PORT": "99999"}, 2, "LIQUOR_PORT"),
        ({"LIQUOR_ENV": "production"}, 2, "LIQUOR_SECRET_KEY"),
    ],
)
def test_bad_settings_are_one_clear_line(folder: Path, settings: dict[str, str], code: int, words: str) -> None:
    refused = _up(folder, **{"LIQUOR_PORT": str(free_port()), **settings})
    assert refused.returncode == code, refused.stderr
    assert words in " ".join(refused.stderr.split())
    assert "Traceback" not in refused.stderr


def test_a_full_or_forbidden_disk_is_named() -> None:
    refused = _up(Path("/proc/nowhere"), LIQUOR_PORT=str(free_port()))
    assert refused.returncode == 7
    assert "data directory" in " ".join(refused.stderr.split())
    assert "Traceback" not in refused.stderr
