"""Words that describe a name stand below it: left behind when it goes, they describe whatever comes next."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

from tests.sources import parsed

ROOT = Path(__file__).parents[2]
HAVE_DOCSTRINGS = (ast.Module, ast.ClassDef, ast.FunctionDef, ast.AsyncFunctionDef)


def _orphans(tree: ast.Module) -> Iterator[int]:
    for node in ast.walk(tree):
        body = getattr(node, "body", None)
        for place, one in enumerate(body if isinstance(body, list) else ()):
            if not (
                isinstance(one, ast.Expr) and isinstance(one.value, ast.Constant) and isinstance(one.value.value, str)
            ):
                continue
            describes = (
                isinstance(body[place - 1], ast.Assign | ast.AnnAssign) if place else isinstance(node, HAVE_DOCSTRINGS)
            )
            if not describes:
                yield one.lineno


def test_words_describe_what_stands_above_them() -> None:
    paths = [
        path
        for room in ("liquor_app", "worker", "tests", "benchmarks", "scripts")
        for path in (ROOT / room).rglob("*.py")
    ]
    found = [f"{path.relative_to(ROOT)}:{line}" for path in paths for line in _orphans(parsed(path.read_text()))]
    assert len(paths) > 1_000
    assert found == []


def test_the_guard_sees_them() -> None:
    left = (
        '"""M."""\nimport os\n"""Of a name that is gone."""\nX = 1\n"""Of X."""\ndef f():\n    g()\n    """Late."""\n'
    )
    assert list(_orphans(parsed(left))) == [3, 8]
