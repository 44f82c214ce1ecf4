"""Packages are put in by uv where it is to be had, by pip where not; both with the lock's hashes and pip's settings."""

from __future__ import annotations

import os
import runpy
import sys
from pathlib import Path

import pytest

from liquor_app.core.config import PROJECT_ROOT

SCRIPT = PROJECT_ROOT / "scripts" / "install.py"


def stand_in(path: Path, told: Path, code: int, answer: str = "") -> Path:
    """A program that writes down what it was asked, and what it would reach."""
    path.write_text(
        f"#!{sys.executable}\nimport os, sys\nopen({str(told)!r}, 'a').write(' '.join(sys.argv[1:]) + ' at '"
        f" + os.environ.get('UV_DEFAULT_INDEX', 'the usual') + chr(10))\nprint({answer!r})\n"
        f"sys.exit({code} if sys.argv[1] != 'config' else 0)\n"
    )
    path.chmod(0o700)
    return path


@pytest.mark.parametrize(("by_uv", "by_pip", "code"), [(0, 1, 0), (1, 0, 0), (1, 1, 1)])
def test_pip_does_what_uv_cannot(tmp_path: Path, by_uv: int, by_pip: int, code: int) -> None:
    of_uv, of_pip = tmp_path / "uv.txt", tmp_path / "pip.txt"
    names = runpy.run_path(str(SCRIPT))
    the = names["main"].__globals__
    the["UV"] = stand_in(tmp_path / "uv", of_uv, by_uv)
    the["PIP"] = [stand_in(tmp_path / "pip", of_pip, by_pip, "global.index-url='file:///mirror'")]
    argv = sys.argv
    sys.argv = ["install.py", "some.lock"]
    try:
        with pytest.raises(SystemExit) as end:
            names["main"]()
    finally:
        sys.argv = argv
    assert end.value.code == code
    (asked,) = of_uv.read_text().splitlines()
    assert "--require-hashes --no-deps" in asked
    index = os.environ.get("UV_DEFAULT_INDEX", "file:///mirror")
    assert asked.endswith(f"-r some.lock at {index}"), "what pip is set to, uv is told"
    installs = [line for line in of_pip.read_text().splitlines() if line.startswith("install")]
    assert [line.split(" at ")[0] for line in installs] == (
        ["install --require-hashes --no-deps --quiet --no-compile -r some.lock"] * by_uv
    )


def test_what_installs_the_rest_is_the_one_that_is_locked() -> None:
    lines = (PROJECT_ROOT / "requirements-uv.lock").read_text().splitlines()[1:]
    whole = (PROJECT_ROOT / "requirements-dev.lock").read_text().splitlines()
    start = whole.index(lines[0])
    assert whole[start : start + len(lines)] == lines
