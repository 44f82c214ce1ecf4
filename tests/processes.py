"""Ending a process a test started."""

from __future__ import annotations

import subprocess


def end(process: subprocess.Popen[bytes], seconds: float = 15) -> None:
    """Ask it to stop; after `seconds` it is killed."""
    process.terminate()
    try:
        process.wait(seconds)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait(5)
