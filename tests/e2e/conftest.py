"""The whole product as a newcomer starts it, and a real browser before it."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import tempfile
import time
from collections import deque
from collections.abc import Generator, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx
import pytest
from playwright.sync_api import Browser, Page, WebSocket, expect

from liquor_app.core.config import PROJECT_ROOT
from liquor_app.core.platform.child_process import free_port
from tests.processes import end

PASSWORD = "correct-horse-battery"
EMAIL = "admin@example.com"
WEEK_MS = 240_000
SHOTS = Path(os.environ["LIQUOR_SHOTS"]) / "liquor-shots" if os.environ.get("LIQUOR_SHOTS") else None
"""Where pictures of the steps are kept; nobody looks at those of a landing, and drawing whole pages takes a while."""


@dataclass(frozen=True, slots=True)
class Product:
    """A running product: `liquor up` as a subprocess, its own data directory, the sample loaded."""

    url: str
    data_dir: Path
    process: subprocess.Popen[bytes]
    log: Path
    seconds_to_ready: float

    def api(self) -> httpx.Client:
        """A client signed in with a bearer token."""
        client = httpx.Client(base_url=f"{self.url}/api/v1", timeout=30)
        found = client.post("/auth/login", json={"email": EMAIL, "password": PASSWORD})
        found.raise_for_status()
        client.headers["Authorization"] = f"Bearer {found.json()['access_token']}"
        return client

    def cli(self, *arguments: str) -> subprocess.CompletedProcess[str]:
        """`liquor …` in a second terminal."""
        return subprocess.run(
            [sys.executable, "-m", "liquor_app.cli", *arguments],
            cwd=PROJECT_ROOT, env=environment(self.data_dir), capture_output=True, text=True, timeout=120, check=False,
        )  # fmt: skip


def environment(data_dir: Path, **more: str) -> dict[str, str]:
    """The environment of a newcomer: none of ours, none of the other tests'."""
    kept = {
        name: value
        for name, value in os.environ.items()
        if not name.startswith(("LIQUOR_", "TEST_")) and name not in {"DATABASE_URL", "REDIS_URL"}
    }
    # one build for all tests: those of the design system need its pages
    return {**kept, "LIQUOR_DATA_DIR": str(data_dir), "LIQUOR_GALLERY": "1", **more}


def start(data_dir: Path, port: int, *, root: Path = PROJECT_ROOT, **more: str) -> tuple[subprocess.Popen[bytes], Path]:
    """`liquor up` of the clone at `root`, its output in a file."""
    log = data_dir.with_name(f"{data_dir.name}-up.log")
    with log.open("wb") as output:
        process = subprocess.Popen(
            [sys.executable, "-m", "liquor_app.cli", "up"],
            cwd=root,
            env=environment(data_dir, **{"LIQUOR_PORT": str(port), "LIQUOR_ADMIN_PASSWORD": PASSWORD, **more}),
            stdout=output,
            stderr=subprocess.STDOUT,
        )
    return process, log


def wait_until_ready(process: subprocess.Popen[bytes], url: str, log: Path, seconds: float = 240) -> float:
    """Seconds until the product says it is ready.

    Raises:
        AssertionError: it ended, or it took too long; with the end of its output.
    """
    began = time.monotonic()
    while time.monotonic() - began < seconds:
        assert process.poll() is None, log.read_text()[-3000:]
        try:
            if httpx.get(f"{url}/api/v1/health/ready", timeout=2).status_code == 200:
                return time.monotonic() - began
        except httpx.HTTPError:
            pass
        time.sleep(0.2)
    raise AssertionError(f"not ready after {seconds} s:\n{log.read_text()[-3000:]}")


@pytest.fixture(scope="session")
def data_root() -> Iterator[Path]:
    """A folder that the unprivileged account of the embedded engines can reach."""
    root = Path(tempfile.mkdtemp(prefix="liquor-e2e-", dir="/var/lib" if os.geteuid() == 0 else None))
    root.chmod(0o755)
    yield root
    shutil.rmtree(root, ignore_errors=True)


@pytest.fixture(scope="session")
def product(data_root: Path) -> Iterator[Product]:
    port = free_port()
    url = f"http://127.0.0.1:{port}"
    process, log = start(data_root / "main", port)
    try:
        yield Product(url, data_root / "main", process, log, wait_until_ready(process, url, log))
    finally:
        end(process, 10)


HEARD: deque[str] = deque(maxlen=80)
"""What went over the sockets of tabs last, for who has to find out why a test failed on another machine."""


def _listen(socket: WebSocket) -> None:
    def note(sign: str, said: bytes | str) -> None:
        HEARD.append(f"{time.strftime('%H:%M:%S')} {sign} {str(said)[:400]}")

    socket.on("framesent", lambda said: note(">", said))
    socket.on("framereceived", lambda said: note("<", said))
    socket.on("close", lambda _: note("x", "closed"))


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item: pytest.Item) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """Tell with a failure what the tabs stood at and heard last."""
    report = yield
    if report.when == "call" and report.failed:
        for name, tab in getattr(item, "funcargs", {}).items():
            if isinstance(tab, Page) and not tab.is_closed():
                report.sections.append((f"{name} at {tab.url}", tab.locator("body").aria_snapshot()[:6_000]))
        report.sections.append(("sockets", "\n".join(HEARD)))
    return report


@contextmanager
def opened_tab(browser: Browser) -> Iterator[Page]:
    """A fresh desktop tab that fails the test on any uncaught script error."""
    context = browser.new_context(viewport={"width": 1440, "height": 1000})
    tab = context.new_page()
    problems: list[str] = []
    tab.on("pageerror", lambda problem: problems.append(str(problem)))
    tab.on("websocket", _listen)
    tab.set_default_timeout(15_000)
    yield tab
    context.close()
    assert problems == []


@pytest.fixture
def page(browser: Browser) -> Iterator[Page]:
    with opened_tab(browser) as tab:
        yield tab


@dataclass
class Day:
    """A marketer's tab that stays open while the week goes out, which other tests use: `test_main_job` leaves it,
    `test_sent_week` finds it. `figures` are the dashboard's before."""

    tab: Page
    figures: dict[str, Any] = field(default_factory=dict)


@pytest.fixture(scope="session")
def day(browser: Browser) -> Iterator[Day]:
    with opened_tab(browser) as tab:
        yield Day(tab)


def settle(tab: Page) -> None:
    """Wait until nothing on the page is still being loaded, and what came has its place."""
    expect(tab.locator(".skel").locator("visible=true")).to_have_count(0)
    tab.wait_for_timeout(150)


def sign_in(tab: Page, url: str) -> None:
    """Through the form, as a person does."""
    tab.goto(f"{url}/login")
    tab.fill("#email", EMAIL)
    tab.fill("#password", PASSWORD)
    tab.click("button[type=submit]")
    tab.wait_for_url(f"{url}/")


def shoot(tab: Page, name: str) -> None:
    """Keep a picture of this step, where somebody wants to see it."""
    if SHOTS is None:
        return
    SHOTS.mkdir(parents=True, exist_ok=True)
    tab.screenshot(path=SHOTS / f"{name}.png", full_page=True)
