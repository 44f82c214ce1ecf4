"""A run of tests leaves no folder behind, whether it needed the engines or not."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from liquor_app.core.config import PROJECT_ROOT


@pytest.mark.parametrize("more", [[], ["-n", "2"]], ids=["one process", "two processes"])
def test_a_run_without_engines_leaves_nothing(tmp_path: Path, more: list[str]) -> None:
    done = subprocess.run(
        [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", *more, "tests/ui/test_words.py"],
        cwd=PROJECT_ROOT, env={**os.environ, "LIQUOR_TEST_FOLDER": str(tmp_path)}, capture_output=True, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stdout[-2000:]
    assert list(tmp_path.iterdir()) == []
