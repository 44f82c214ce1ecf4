"""Waiting for a child that starts: as long as it gets on, and never without a word."""

from __future__ import annotations

import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from liquor_app.core.platform.child_process import Child, Patience


@pytest.fixture
def start(tmp_path: Path) -> Iterator[object]:
    started: list[Child] = []

    def run(program: str) -> Child:
        child = Child("web", [sys.executable, "-u", "-c", program], tmp_path / "web.log")
        child.start()
        started.append(child)
        return child

    yield run
    for child in started:
        child.stop(0.1)


def outlast(patience: Patience, seconds: float) -> bool:
    """Whether it lasts that long."""
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        if patience.is_over:
            return False
        time.sleep(0.02)
    return True


def test_whoever_works_is_waited_for(start: object) -> None:
    """However slowly: on a loaded machine a start takes minutes."""
    said: list[str] = []
    child = start("import time\nwhile True:\n print('reading pages'); time.sleep(0.05)")  # type: ignore[operator]
    assert outlast(Patience(child, said.append, idle=0.6, every=0.5), 2.0)
    assert said
    assert "web is still starting" in said[0]
    assert "reading pages" in said[0]


def test_whoever_stands_still_is_given_up(start: object) -> None:
    child = start("import time; time.sleep(60)")  # type: ignore[operator]
    patience = Patience(child, lambda _: None, idle=0.5)
    assert not outlast(patience, 10)
    assert "did nothing for 0" in patience.why or "did nothing for 1" in patience.why
    assert "It wrote nothing." in patience.why


def test_whoever_never_ends_is_given_up_too(start: object) -> None:
    child = start("while True: pass")  # type: ignore[operator]
    patience = Patience(child, lambda _: None, idle=60, most=0.5)
    assert not outlast(patience, 5)
    assert "was not ready after" in patience.why


def test_whoever_dies_says_why(start: object) -> None:
    child = start("import sys; print('no such port'); sys.exit(3)")  # type: ignore[operator]
    patience = Patience(child, lambda _: None)
    assert not outlast(patience, 10)
    assert "ended with code 3" in patience.why
    assert "no such port" in patience.why
