"""Find a Chromium for the end-to-end tests, or install one; never skip.

Order: $CHROMIUM, PATH, Playwright's own; then apt when root on Debian, else Playwright's download.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

NAMES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")


def find() -> str | None:
    """Path of a usable browser, or None."""
    given = os.environ.get("CHROMIUM")
    if given:
        if not shutil.which(given):
            sys.exit(f"CHROMIUM={given} is not an executable file.")
        return given
    for name in NAMES:
        if path := shutil.which(name):
            return path
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        own = playwright.chromium.executable_path
    return own if own and Path(own).exists() else None


def install() -> None:
    """Install one the way this machine allows."""
    if os.geteuid() == 0 and shutil.which("apt-get"):
        quiet = {**os.environ, "DEBIAN_FRONTEND": "noninteractive"}
        for command in (["apt-get", "update", "-qq"], ["apt-get", "install", "-y", "-qq", "chromium"]):
            subprocess.run(command, check=False, env=quiet, stdout=subprocess.DEVNULL, timeout=900)
        return
    subprocess.run([sys.executable, "-m", "playwright", "install", "chromium"], check=False, timeout=900)


def main() -> None:
    if find() is None:
        print("No Chromium found; installing one for the end-to-end tests …", flush=True)
        install()
    path = find()
    if path is None:
        sys.exit("No Chromium. Install one (Debian: apt-get install chromium) or set CHROMIUM=/path/to/it.")
    print(f"Browser: {path}")


if __name__ == "__main__":
    main()
