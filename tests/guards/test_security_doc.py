"""docs/security.md has every line of the standard it goes by, and no test that is not there."""

from __future__ import annotations

import ast
import re
from functools import cache

import pytest

from liquor_app.core.config import PROJECT_ROOT

DOC = PROJECT_ROOT / "docs" / "security.md"
STANDARD = """
1.1:1-2 1.2:1-9 1.3:1-11 1.4:1-3 1.5:1-2 2.1:1-3 2.2:1-3 2.3:1-4 2.4:1 3.2:1-2 3.3:1-4 3.4:1-6 3.5:1-5 3.7:1-2
4.1:1-3 4.2:1 4.3:1-2 4.4:1-4 5.1:1 5.2:1-3 5.3:1-2 5.4:1-3 6.1:1-3 6.2:1-12 6.3:1-4 6.4:1-4 6.5:1-5 6.6:1-3
6.8:1-4 7.1:1-3 7.2:1-4 7.3:1-2 7.4:1-5 7.5:1-2 7.6:1-2 8.1:1-2 8.2:1-3 8.3:1 8.4:1 9.1:1-3 9.2:1-4 10.1:1-2
10.2:1-2 10.3:1-4 10.4:1-11 10.5:1-5 10.6:1-2 10.7:1-3 11.1:1-2 11.2:1-3 11.3:1-3 11.4:1-4 11.5:1 11.6:1
12.1:1-3 12.2:1-2 12.3:1-4 13.1:1 13.2:1-5 13.3:1-2 13.4:1-5 14.1:1-2 14.2:1-4 14.3:1-3 15.1:1-3 15.2:1-3
15.3:1-7 16.1:1 16.2:1-5 16.3:1-4 16.4:1-3 16.5:1-3 17.1:1 17.2:1-4 17.3:1-2
"""
"""OWASP ASVS 5.0.0, levels 1 and 2: section:numbers."""
TESTS = re.compile(r"`(tests/[\w/]+\.py)(?:::(\w+))?`")
REASONS = ("*does not apply:*", "*not done, or not all:*", "*outside the app:*")


def lines_of_the_standard() -> list[str]:
    found = []
    for part in STANDARD.split():
        section, _, numbers = part.partition(":")
        for span in numbers.split(","):
            first, _, last = span.partition("-")
            found += [f"{section}.{number}" for number in range(int(first), int(last or first) + 1)]
    return found


def rows() -> list[list[str]]:
    """The cells of each line of the standard in the document."""
    told = [line.strip("| ").split(" | ") for line in DOC.read_text().splitlines()]
    return [cells for cells in told if re.fullmatch(r"\d+\.\d+\.\d+", cells[0])]


@cache
def functions_of(path: str) -> frozenset[str]:
    tree = ast.parse((PROJECT_ROOT / path).read_text())
    return frozenset(one.name for one in ast.walk(tree) if isinstance(one, ast.FunctionDef | ast.AsyncFunctionDef))


def missing(text: str) -> list[str]:
    """Tests that a text names and that are not there."""
    gone = []
    for path, name in TESTS.findall(text):
        if not (PROJECT_ROOT / path).is_file() or (name and name not in functions_of(path)):
            gone.append(f"{path}::{name}")
    return gone


def test_every_line_of_the_standard_is_there_once() -> None:
    assert len(lines_of_the_standard()) == 253
    assert [cells[0] for cells in rows()] == lines_of_the_standard()


def test_every_line_has_a_test_or_a_reason() -> None:
    for cells in rows():
        assert len(cells) == 4, cells
        assert cells[1] in ("1", "2"), cells
        assert TESTS.search(cells[3]) or any(one in cells[3] for one in REASONS), cells


def test_every_test_that_is_named_is_there() -> None:
    text = DOC.read_text()
    assert len(TESTS.findall(text)) > 180
    assert missing(text) == []


def test_attacks_are_tests_that_make_them() -> None:
    part = DOC.read_text().partition("## Attacks that were tried")[2].partition("\n## ")[0]
    tried = [line for line in part.splitlines() if line.startswith("| ") and "`" in line]
    assert len(tried) > 30
    assert all(re.search(r"`tests/(security|api)/\w+\.py::test_\w+`", line) for line in tried)


def test_what_is_told_of_the_whole_is_so() -> None:
    told = re.search(
        r"Of (\d+) lines (\d+) are shown by tests, (\d+) do not apply, (\d+) .*? and (\d+) are", DOC.read_text()
    )
    assert told is not None
    kinds = [next((one for one in REASONS if one in cells[3]), "") for cells in rows()]
    counted = [len(kinds), kinds.count(""), kinds.count(REASONS[0]), kinds.count(REASONS[2]), kinds.count(REASONS[1])]
    assert [int(one) for one in told.groups()] == counted


@pytest.mark.parametrize("name", ["tests/security/test_gone.py", "tests/security/test_gate.py::test_gone"])
def test_a_test_that_is_gone_is_noticed(name: str) -> None:
    assert missing(f"| 1.1.1 | 2 | x | `{name}` |") != []
