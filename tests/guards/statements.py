"""Every SQL statement that stands in the product's code, as it stands there.

What is written as a constant, or put together of a module's constants, is found; what is put together while running is
counted, so that its number can only shrink.
"""

from __future__ import annotations

import ast
import importlib
import re
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

from liquor_app.core.config import PROJECT_ROOT
from tests.sources import parsed

PACKAGES = ("liquor_app", "worker")
_VERB = re.compile(r"^\s*(?:SELECT|INSERT INTO|UPDATE|DELETE FROM|WITH|MERGE INTO)\s")
_SCRATCH = re.compile(r"^\s*CREATE TEMP(?:ORARY)? TABLE")
_COPIES = {"copy_rows", "copy_frame"}
_HOLE = re.compile(r"\{\w*\}")
"""Of a text that `format` or `replace` makes a statement of."""
_BIND = re.compile(r"(?<![:\w\\]):([A-Za-z_]\w*)|(?<!%)%(?:\((\w+)\))?[sb]\b")
"""SQLAlchemy's `:name`, psycopg's `%(name)s` and `%s`."""


@dataclass(frozen=True, slots=True)
class Statement:
    """A statement and where it stands; `module` is dotted, `sql` has its parameters as `:name`."""

    module: str
    line: int
    sql: str

    @property
    def slice(self) -> str:
        """The room it stands in: `sending` of `liquor_app.sending.pipeline.claim`."""
        parts = self.module.split(".")
        return parts[1] if parts[0] == "liquor_app" and len(parts) > 2 else parts[-1]

    @property
    def is_scratch(self) -> bool:
        """Whether it makes a table that lives as long as a transaction."""
        return _SCRATCH.match(self.sql) is not None

    @property
    def hollow(self) -> str:
        """With nothing for each parameter: what a table is made with before it holds anything."""
        return _BIND.sub("NULL", self.sql)

    @property
    def numbered(self) -> str:
        """With `$1` for its first parameter, as PREPARE wants it; the same name is the same parameter."""
        names: dict[str, int] = {}

        def numbered(found: re.Match[str]) -> str:
            name = found[1] or found[2] or f"#{len(names)}"
            return f"${names.setdefault(name, len(names) + 1)}"

        return _BIND.sub(numbered, self.sql).replace("\\:", ":").replace("%%", "%")

    def __str__(self) -> str:
        return f"{self.module}:{self.line}"


@dataclass(frozen=True, slots=True)
class Copied:
    """A table that rows are sent to as they are (COPY), and where; empty if the call does not name it."""

    module: str
    table: str

    @property
    def slice(self) -> str:
        return Statement(self.module, 0, "").slice


@cache
def copies() -> tuple[Copied, ...]:
    """Every `copy_rows(session, "table", …)` and `copy_frame(…)`."""
    found = []
    for path in _modules():
        for call in ast.walk(parsed(path.read_text())):
            if isinstance(call, ast.Call) and isinstance(call.func, ast.Name) and call.func.id in _COPIES:
                named = call.args[1]
                found.append(Copied(_name(path), str(named.value) if isinstance(named, ast.Constant) else ""))
    return tuple(found)


@cache
def statements() -> tuple[Statement, ...]:
    """All that are constant."""
    return _found()[0]


@cache
def put_together() -> tuple[str, ...]:
    """Where `text(…)` is given something put together while running, as `module:line`."""
    return _found()[1]


@cache
def _found() -> tuple[tuple[Statement, ...], tuple[str, ...]]:
    whole: dict[tuple[str, str], Statement] = {}
    dynamic: list[str] = []
    for path in _modules():
        name = _name(path)
        tree = parsed(path.read_text())
        given = {id(call.args[0]) for call in _text_calls(tree)}
        fragments = _fragments(tree, given)
        values: dict[str, Any] | None = None
        named = _named(tree)
        for node in ast.walk(tree):
            sql: str | None = None
            if isinstance(node, ast.Constant) and isinstance(node.value, str) and id(node) not in fragments:
                sql = node.value
            elif id(node) in given or id(node) in named:
                values = values if values is not None else vars(importlib.import_module(name))
                sql = _evaluated(node, values)
                if sql is None:
                    dynamic.append(f"{name}:{node.lineno}")
            if sql is not None and _VERB.match(sql) and _HOLE.search(sql):
                dynamic.append(f"{name}:{getattr(node, 'lineno', 0)}")
            elif sql is not None and (_VERB.match(sql) or _SCRATCH.match(sql)):
                whole.setdefault((name, sql), Statement(name, getattr(node, "lineno", 0), sql))
    return tuple(whole.values()), tuple(dynamic)


def _named(tree: ast.Module) -> set[int]:
    """What a module puts together once and gives a name: such need not go through `text`, as the fence does not."""
    return {id(one.value) for one in tree.body if isinstance(one, ast.Assign) and isinstance(one.value, ast.JoinedStr)}


def swallowed() -> list[str]:
    """Braces of a regular expression that an f-string has taken for its own: `{1,3}` becomes `(1, 3)`."""
    return [
        f"{_name(path)}:{node.lineno}"
        for path in _modules()
        for node in ast.walk(parsed(path.read_text()))
        if isinstance(node, ast.FormattedValue) and isinstance(node.value, ast.Constant | ast.Tuple)
    ]


def _modules() -> list[Path]:
    return sorted(path for package in PACKAGES for path in (PROJECT_ROOT / package).rglob("*.py"))


def _name(path: Path) -> str:
    return ".".join(path.relative_to(PROJECT_ROOT).with_suffix("").parts).removesuffix(".__init__")


def _text_calls(tree: ast.AST) -> list[ast.Call]:
    """Calls of SQLAlchemy's `text`, by whatever name it goes here."""
    names = {"text"} | {
        alias.asname
        for node in ast.walk(tree)
        if isinstance(node, ast.ImportFrom) and (node.module or "").split(".")[0] in {"sqlalchemy", "sqlmodel"}
        for alias in node.names
        if alias.name == "text" and alias.asname
    }

    def is_text(called: ast.expr) -> bool:
        if isinstance(called, ast.Attribute):
            return called.attr == "text" and ast.unparse(called.value) in {"sa", "sqlalchemy", "sqlmodel"}
        return isinstance(called, ast.Name) and called.id in names

    return [node for node in ast.walk(tree) if isinstance(node, ast.Call) and node.args and is_text(node.func)]


def _fragments(tree: ast.AST, given: set[int]) -> set[int]:
    """Constants that are a piece of something longer, or documentation."""
    pieces: set[int] = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.JoinedStr | ast.BinOp):
            pieces |= {id(one) for one in ast.walk(node)} - {id(node)}
        elif isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant):
            pieces.add(id(node.value))
    return pieces - given


def _evaluated(node: ast.AST, values: dict[str, Any]) -> str | None:
    try:
        made = eval(compile(ast.Expression(node), "<sql>", "eval"), dict(values))
    except Exception:
        return None
    return made if isinstance(made, str) else None
