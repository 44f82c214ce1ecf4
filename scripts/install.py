"""Install a lock file into this virtual environment, on every core where it can: uv unpacks in seconds what takes pip a
minute. Where uv is not to be had for a machine, or fails, pip installs the same files with the same hashes.

Indexes, mirrors and certificates are those pip is set to: uv reads none of its settings.
"""

from __future__ import annotations

import os
import subprocess
import sys
import sysconfig
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
UV = Path(sysconfig.get_path("scripts"), "uv")
PIP = [sys.executable, "-m", "pip"]
_LOCKED = ["--require-hashes", "--no-deps", "--quiet"]
_SETTINGS = {
    "global.index-url": "UV_DEFAULT_INDEX",
    ":env:.index-url": "UV_DEFAULT_INDEX",
    "global.cert": "SSL_CERT_FILE",
    ":env:.cert": "SSL_CERT_FILE",
}
"""What pip calls a setting, the more particular last, and what uv does."""


def main() -> None:
    lock = sys.argv[1]
    fetched = UV.exists() or _pip(str(ROOT / "requirements-uv.lock"))
    sys.exit(0 if (fetched and _uv(lock)) or _pip(lock) else 1)


def _pip(lock: str) -> bool:
    asked = subprocess.run(
        [*PIP, "install", *_LOCKED, "--no-compile", "-r", lock], check=False, stderr=subprocess.PIPE, text=True
    )
    told = [line for line in asked.stderr.splitlines() if not line.startswith("WARNING: Location")]
    print(*told, sep="\n", end="\n" * bool(told), file=sys.stderr)
    return asked.returncode == 0


def _uv(lock: str) -> bool:
    return not subprocess.run(
        [UV, "pip", "install", "--python", sys.executable, *_LOCKED, "-r", lock], check=False, env=_environment()
    ).returncode


def _environment() -> dict[str, str]:
    listed = subprocess.run([*PIP, "config", "list"], check=False, capture_output=True, text=True).stdout
    said = dict(line.split("=", 1) for line in listed.splitlines() if "=" in line)
    found = {theirs: said[ours].strip("'\"") for ours, theirs in _SETTINGS.items() if ours in said}
    return {**found, **os.environ}


if __name__ == "__main__":
    main()
