"""No pattern of ours may take more than about linear time: strangers choose what it reads."""

from __future__ import annotations

import ast
import importlib
import re
import time
from collections.abc import Iterator
from pathlib import Path

from tests.sources import parsed

ROOT = Path(__file__).parents[2] / "liquor_app"
METHODS = frozenset({"match", "fullmatch", "search", "sub", "split", "findall", "finditer"})
RUNS = (
    " ", "\t\n", "1", "a", "A1", "(", "<", "@", ",", ";", "-", ".", ":", '"', "|", "{",
    "1 ", "a ", " ;", " ,", " (", "a@", "<a", "a:", "1,", "1.", "a-", "or ", "{{ a", "<a b=", "%", "*|", "=",
)  # fmt: skip
STARTS = ("", "1", "USD", "<")
ENDS = ("", "x\x00")
SIZES = (250, 2_000)
FLOOR = 0.001
"""Seconds of a core that say nothing yet: a square grows far beyond them at the largest size."""


def _uses() -> Iterator[tuple[str, re.Pattern[str], frozenset[str]]]:
    """Every pattern of the program, and how it is used: those at the head of a module, and those written in place."""
    sources = {path: path.read_text() for path in ROOT.rglob("*.py")}
    trees = {path: parsed(source) for path, source in sources.items() if re.search(r"\bre\b|_RE\b", source)}
    called: dict[str, set[str]] = {}
    for tree in trees.values():
        for one in ast.walk(tree):
            if isinstance(one, ast.Attribute) and one.attr in METHODS and isinstance(one.value, ast.Name):
                called.setdefault(one.value.id, set()).add(one.attr)
    for path, tree in trees.items():
        where = str(path.relative_to(ROOT))
        if "re.compile" in sources[path]:
            module = importlib.import_module(".".join(("liquor_app", *path.relative_to(ROOT).with_suffix("").parts)))
            for name, value in vars(module).items():
                for pattern in _within(value):
                    yield f"{where} {name}", pattern, frozenset(called.get(name, METHODS - {"finditer", "findall"}))
        for one in ast.walk(tree):
            if (
                isinstance(one, ast.Call)
                and ast.unparse(one.func) in {f"re.{method}" for method in METHODS}
                and isinstance(one.args[0], ast.Constant)
            ):
                yield f"{where}:{one.lineno}", re.compile(one.args[0].value), frozenset({one.func.attr})  # type: ignore[attr-defined]


def _within(value: object) -> Iterator[re.Pattern[str]]:
    if isinstance(value, re.Pattern):
        if isinstance(value.pattern, str):
            yield value
    elif isinstance(value, tuple | list | frozenset):
        for one in value:
            yield from _within(one)
    elif isinstance(value, dict):
        for one in (*value, *value.values()):
            yield from _within(one)


def _seconds(pattern: re.Pattern[str], method: str, text: str) -> float:
    began = time.thread_time()
    if method == "sub":
        pattern.sub("", text)
    elif method == "finditer":
        for _ in pattern.finditer(text):
            pass
    else:
        getattr(pattern, method)(text)
    return time.thread_time() - began


def _grows(pattern: re.Pattern[str], method: str, head: str, run: str, tail: str) -> bool:
    """Tell whether a text eight times as long takes more than sixteen times as long, or a short one for ever."""
    before, shorter = 0.0, ""
    for size in SIZES:
        text = head + (run * size)[:size] + tail
        took = _seconds(pattern, method, text)
        if took > FLOOR:
            # the least of three, of both lengths: what else the machine does only ever adds
            took = min(took, *(_seconds(pattern, method, text) for _ in range(2)))
            before = before and max(min(before, *(_seconds(pattern, method, shorter) for _ in range(2))), FLOOR / 8)
        if took > (FLOOR if before else 10 * FLOOR) and took > 16 * before:
            return True
        before, shorter = max(took, FLOOR / 8), text
    return False


def test_every_pattern_takes_its_time_by_length() -> None:
    slow = {
        f"{where} .{method}: {head!r} + {run!r}… + {tail!r}"
        for where, pattern, methods in _uses()
        for method in methods
        for run in RUNS
        for head in STARTS
        for tail in ENDS
        if _grows(pattern, method, head, run, tail)
    }
    assert not slow, "\n".join(sorted(slow))


def test_the_guard_sees_a_square() -> None:
    assert _grows(re.compile(r"\s*;"), "sub", "", " ", "")
    assert not _grows(re.compile(r"(?<!\s)\s*+;"), "sub", "", " ", "")
