"""One command starts, supervises and stops everything, and says in one line what stands in its way."""

from __future__ import annotations

import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass
from os import geteuid
from pathlib import Path
from shutil import rmtree

import httpx
import psutil
import pytest

from liquor_app.core.config import PROJECT_ROOT
from liquor_app.core.platform.child_process import free_port
from tests.e2e.conftest import environment, start, wait_until_ready
from tests.processes import end

pytestmark = [pytest.mark.reliability, pytest.mark.beside, pytest.mark.xdist_group("up")]


def _new_folder() -> Path:
    root = Path(tempfile.mkdtemp(prefix="liquor-up-", dir="/var/lib" if geteuid() == 0 else None))
    root.chmod(0o755)
    return root / "data"


@pytest.fixture
def folder() -> Iterator[Path]:
    found = _new_folder()
    yield found
    rmtree(found.parent, ignore_errors=True)


@dataclass(frozen=True, slots=True)
class Running:
    """A product that is up, without the sample."""

    process: subprocess.Popen[bytes]
    url: str
    folder: Path


class Products:
    """One product for all tests of this module, as each leaves it behind: a start takes longer than most of them. One
    that was ended, or does not answer, is followed by a new one on new data."""

    def __init__(self) -> None:
        self.running: Running | None = None

    def up(self) -> Running:
        if self.running is None or not _is_ready(self.running):
            self.end()
            self.running = self.start(_new_folder())
        return self.running

    def start(self, folder: Path) -> Running:
        port = free_port()
        url = f"http://127.0.0.1:{port}"
        process, log = start(folder, port, LIQUOR_SAMPLE="0")
        self.running = Running(process, url, folder)
        wait_until_ready(process, url, log)
        return self.running

    def end(self) -> None:
        if self.running is None:
            return
        end(self.running.process, 10)
        rmtree(self.running.folder.parent, ignore_errors=True)
        self.running = None


def _is_ready(product: Running) -> bool:
    """Whether all of it is there: who answers, and who works."""
    if product.process.poll() is not None:
        return False
    return "-m worker" in _commands(product.process) and _answers(f"{product.url}/api/v1/health/ready")


def _answers(url: str) -> bool:
    try:
        return httpx.get(url, timeout=2).status_code == 200
    except httpx.HTTPError:
        return False


@pytest.fixture(scope="module")
def products() -> Iterator[Products]:
    kept = Products()
    yield kept
    kept.end()


@pytest.fixture
def running(products: Products) -> Running:
    return products.up()


def _up(folder: Path, **more: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "liquor_app.cli", "up"],
        cwd=PROJECT_ROOT, env=environment(folder, LIQUOR_SAMPLE="0", **more), capture_output=True, text=True,
        timeout=60, check=False,
    )  # fmt: skip


def _family(process: subprocess.Popen[bytes]) -> list[psutil.Process]:
    return psutil.Process(process.pid).children(recursive=True)


def _commands(process: subprocess.Popen[bytes]) -> str:
    said: list[str] = []
    for one in _family(process):
        with suppress(psutil.NoSuchProcess):
            said += one.cmdline()
    return " ".join(said)


def _eventually(holds: Callable[[], bool], seconds: float, what: str | Callable[[], str]) -> None:
    deadline = time.monotonic() + seconds
    while not holds():
        assert time.monotonic() < deadline, what if isinstance(what, str) else what()
        time.sleep(0.1)


def _gone(processes: list[psutil.Process]) -> bool:
    return not any(one.is_running() and one.status() != psutil.STATUS_ZOMBIE for one in processes)


def _state(product: Running) -> str:
    """What everybody does and what was written last, for whoever reads of a failure."""
    told = [f"{one.pid} {one.status()} {' '.join(one.cmdline()[:4])}" for one in _family(product.process)]
    folder = product.folder
    logs = [folder.with_name(f"{folder.name}-up.log"), folder / "log" / "web.log"]
    return "\n".join([*told, *(f"{log.name}:\n{log.read_text(errors='replace')[-2000:]}" for log in logs)])


def test_a_second_instance_on_the_same_data_is_refused(running: Running) -> None:
    refused = _up(running.folder, LIQUOR_PORT=str(free_port()))
    assert refused.returncode == 4
    assert "in use by another instance" in refused.stderr
    assert len(refused.stderr.strip().splitlines()) == 1
    assert "Traceback" not in refused.stderr


def test_what_is_written_down_is_ours_alone_and_clean(running: Running) -> None:
    given = {"email": "a@example.com", "password": "not this one"}
    httpx.post(f"{running.url}/api/v1/auth/login", json=given, headers={"x-forwarded-for": "198.51.100.7"})
    log = running.folder / "log" / "web.log"
    _eventually(lambda: "WARNING liquor_app.api.client_address: " in log.read_text(), 5, "not logged as everything is")
    others = 0o066 if geteuid() == 0 else 0o077  # as root the engines' account passes through the data directory
    assert running.folder.stat().st_mode & others == 0
    paths = [path for path in running.folder.rglob("*") if not path.is_symlink()]
    assert [path for path in paths if path.stat().st_mode & 0o077] == []


def test_a_killed_web_server_leaves_nobody_on_its_port(running: Running) -> None:
    main = next(one for one in _family(running.process) if "granian" in " ".join(one.cmdline()))
    workers = main.children(recursive=True)
    assert workers, "the web server has no worker of its own: look for another victim"
    main.kill()
    _eventually(lambda: _gone(workers), 3, "a worker of the killed server still holds the port")
    # it starts as on the first day, and on a machine that does other things meanwhile
    again = f"{running.url}/api/v1/health/live"
    _eventually(lambda: _answers(again), 120, lambda: f"nobody serves the port again\n{_state(running)}")


def test_killed_children_come_back(running: Running) -> None:
    victims = [
        next(one for one in _family(running.process) if wanted in " ".join(one.cmdline()))
        for wanted in ("-m worker", "granian", "valkey-server", "postgres -D")
    ]
    for victim in victims:
        victim.kill()
    _eventually(lambda: _gone(victims), 5, "a killed child is still there")
    again = f"{running.url}/api/v1/health/ready"
    _eventually(lambda: _answers(again), 120, lambda: f"not ready again\n{_state(running)}")
    _eventually(lambda: _is_ready(running), 20, "the worker is not back")


def test_nothing_outlives_a_killed_supervisor_and_the_next_start_works(running: Running, products: Products) -> None:
    family = _family(running.process)
    running.process.kill()
    running.process.wait(5)
    # they look for their parent every second; on a machine busy with something else that takes a while
    _eventually(
        lambda: _gone(family), 25, lambda: f"outlived their supervisor: {[o for o in family if not _gone([o])]}"
    )
    assert _is_ready(products.start(running.folder))


def test_one_signal_stops_everything(running: Running) -> None:
    family = _family(running.process)
    names = " ".join(one.name() for one in family)
    assert "postgres" in names
    assert "valkey" in names
    running.process.send_signal(signal.SIGINT)
    assert running.process.wait(20) == 0  # engines write out what they hold, beside whatever else the machine does
    _eventually(lambda: _gone(family), 1, f"left behind: {[one for one in family if one.is_running()]}")


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
