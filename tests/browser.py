"""A real browser and the real production build, for end-to-end tests."""

from __future__ import annotations

import os
import shutil
import subprocess
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager

from playwright.sync_api import Browser, sync_playwright

from liquor_app.core.platform.child_process import free_port
from liquor_app.core.platform.frontend import serve_command
from tests.processes import end

FLAGS = [
    *("--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run"),
    *("--disable-background-networking", "--disable-component-update", "--disable-sync"),
]


def find_chromium() -> str | None:
    """`$CHROMIUM`, then PATH, then Playwright's own (None leaves the choice to Playwright)."""
    if given := os.environ.get("CHROMIUM"):
        return given
    return next(
        (found for name in ("chromium", "chromium-browser", "google-chrome") if (found := shutil.which(name))), None
    )


@contextmanager
def chromium() -> Iterator[Browser]:
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=find_chromium(), args=FLAGS)
        try:
            yield browser
        finally:
            browser.close()


@contextmanager
def served(**environment: str) -> Iterator[str]:
    """The built app on a free port; yields its address."""
    port = free_port()
    argv, own = serve_command("127.0.0.1", port, 1)
    process = subprocess.Popen(argv, env=os.environ | own | environment)
    try:
        wait_until_up(f"http://127.0.0.1:{port}/ping", process)
        yield f"http://127.0.0.1:{port}"
    finally:
        end(process, 10)


def wait_until_up(url: str, process: subprocess.Popen[bytes], seconds: float = 40.0) -> None:
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        if process.poll() is not None:
            raise RuntimeError(f"The server stopped with code {process.returncode} before it answered.")
        try:
            urllib.request.urlopen(url, timeout=2).close()
            return
        except (urllib.error.URLError, OSError):
            time.sleep(0.1)
    raise TimeoutError(f"{url} did not answer within {seconds:.0f} s.")
