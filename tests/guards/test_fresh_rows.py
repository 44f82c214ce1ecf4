"""A row that is read is the one that is there now, not the one somebody in the same transaction read before."""

from __future__ import annotations

import ast
from pathlib import Path

from tests.sources import parsed

ROOT = Path(__file__).parents[2] / "liquor_app"


def _stale(tree: ast.Module) -> list[int]:
    """Lines of `session.get` that may answer from the session's memory: our writes are statements, which it does not
    see, and whether it has forgotten a row is up to the garbage collector."""
    return [
        one.lineno
        for one in ast.walk(tree)
        if isinstance(one, ast.Call)
        and ast.unparse(one.func) == "session.get"
        and not {key.arg for key in one.keywords} & {"populate_existing", "with_for_update"}
    ]


def test_rows_are_read_as_they_are() -> None:
    found = [f"{path.relative_to(ROOT)}:{line}" for path in ROOT.rglob("*.py") if "session.get(" in path.read_text()
             for line in _stale(parsed(path.read_text()))]  # fmt: skip
    assert found == [], "say populate_existing=True"


def test_the_guard_sees_them() -> None:
    assert _stale(parsed("session.get(A, 1)\nsession.get(A, 1, populate_existing=True)\n")) == [1]
