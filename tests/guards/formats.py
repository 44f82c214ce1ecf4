"""Places that make figures, dates or money into text by themselves."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path

from liquor_app.core.config import PROJECT_ROOT
from tests.sources import parsed

FORMATTER = "liquor_app/ui/words.py"
"""The only one."""
_NUMBER = re.compile(r"^([^{}]?[<>=^])?[-+ ]?#?0?\d*[,_]?(\.\d+)?[bcdeEfFgGnoxX%]?$")
_DATE = re.compile(r"%-?[aAbBcdHIjmMpSyYZzeFDTxX]")
_PERCENT_SIGN = re.compile(r"%[-+ #0]*\d*(?:\.\d+)?[dfgeF]")
_JAVASCRIPT = re.compile(r"toLocale(?:Date|Time)?String|\bIntl\.|\.toFixed\(")
_LETTERS = re.compile(r"^([^{}]?[<>^])?\d*s?$")
"""A spec that only sets text in a column."""


def formats_in(source: str) -> Iterator[tuple[int, str]]:
    """Line and text of each fault: a number's or a date's format, a currency's sign before a value, `strftime`, a date
    cut off its machine form, `rx.moment`, and the browser's own formats."""
    tree, script = parsed(source), _JAVASCRIPT.search(source)
    docstrings = {
        id(node.body[0].value)
        for node in (ast.walk(tree) if script else ())
        if isinstance(node, ast.Module | ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef)
        and node.body and isinstance(node.body[0], ast.Expr)
    }  # fmt: skip
    for node in ast.walk(tree):
        if isinstance(node, ast.JoinedStr):
            yield from _in_string(node)
        elif isinstance(node, ast.Call) and _called(node) is not None:
            yield node.lineno, ast.unparse(node)[:80]
        elif isinstance(node, ast.Subscript) and isinstance(node.value, ast.Call):
            if isinstance(node.value.func, ast.Attribute) and node.value.func.attr == "isoformat":
                yield node.lineno, ast.unparse(node)[:80]
        elif isinstance(node, ast.BinOp) and isinstance(node.op, ast.Mod) and _is_text(node.left):
            if _PERCENT_SIGN.search(str(node.left.value)):  # type: ignore[attr-defined]
                yield node.lineno, ast.unparse(node)[:80]
        elif script and _is_text(node) and id(node) not in docstrings and _JAVASCRIPT.search(node.value):  # type: ignore[attr-defined]
            yield node.lineno, node.value.strip()[:80]  # type: ignore[attr-defined]


def _is_text(node: ast.AST) -> bool:
    return isinstance(node, ast.Constant) and isinstance(node.value, str)


def _in_string(node: ast.JoinedStr) -> Iterator[tuple[int, str]]:
    before = ""
    for part in node.values:
        if isinstance(part, ast.Constant):
            before = str(part.value)
            continue
        assert isinstance(part, ast.FormattedValue)
        if part.format_spec is not None:
            spec = ast.unparse(part.format_spec)[2:-1]
            plain = re.sub(r"\{[^}]*\}", "0", spec)
            if _DATE.search(plain) or (_NUMBER.match(plain) and not _LETTERS.match(plain)):
                yield part.lineno, ast.unparse(part)[:80]
                continue
        if before.endswith(("$", "€", "£", "¥")):
            yield part.lineno, f"{before[-1]}{ast.unparse(part)[:80]}"


def _called(node: ast.Call) -> str | None:
    if isinstance(node.func, ast.Attribute):
        name = node.func.attr
        whose = node.func.value.id if isinstance(node.func.value, ast.Name) else ""
        if name == "strftime" or (whose, name) == ("rx", "moment"):
            return name
        if name == "format" and _is_text(node.func.value):
            template = str(node.func.value.value)  # type: ignore[attr-defined]
            return name if re.search(r"\{[^{}]*:[^{}]*[,.%][^{}]*\}", template) else None
    if isinstance(node.func, ast.Name) and node.func.id == "format":
        return "format"
    return None


def all_formats() -> dict[str, list[tuple[int, str]]]:
    """By module's path, of everything that runs in the product."""
    found: dict[str, list[tuple[int, str]]] = {}
    for package in ("liquor_app", "worker"):
        for path in sorted((PROJECT_ROOT / package).rglob("*.py")):
            place = str(path.relative_to(PROJECT_ROOT))
            if place != FORMATTER and (faults := list(formats_in(Path(path).read_text()))):
                found[place] = faults
    return found
