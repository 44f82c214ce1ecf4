"""Who owns which table, and which statements reach across the floors."""

from __future__ import annotations

import ast
import re
import tomllib
from collections import Counter
from dataclasses import dataclass
from functools import cache

import sqlglot
from sqlglot import exp
from sqlmodel import SQLModel

from liquor_app import schema
from liquor_app.core.config import PROJECT_ROOT
from tests.guards.statements import Statement, copies, statements
from tests.sources import parsed

EXEMPT = {"demo", "keys"}
"""Packages that may write everything: the sample, and what seals every secret anew."""


@cache
def floors() -> tuple[str, ...]:
    """Packages, ground first, as the import contract has them; of those on one floor the last named first."""
    document = tomllib.loads((PROJECT_ROOT / "pyproject.toml").read_text())
    contracts = document["tool"]["importlinter"]["contracts"]
    layers = next(one["layers"] for one in contracts if one["type"] == "layers")
    names = [name.strip() for layer in layers for name in re.split(r"[|:]", layer)]
    return tuple(name.rsplit(".", 1)[1] for name in reversed(names))


@cache
def owners() -> dict[str, str]:
    """Table → the slice in whose `models` it is declared."""
    assert schema.metadata is SQLModel.metadata
    return {mapper.local_table.name: mapper.class_.__module__.split(".")[1] for mapper in SQLModel._sa_registry.mappers}


@dataclass(frozen=True, slots=True)
class Reach:
    """A slice that reads or writes a table of another; `upward` if that one stands above it."""

    slice: str
    table: str
    owner: str
    writes: bool
    upward: bool

    def __str__(self) -> str:
        return f"{self.slice} {'writes' if self.writes else 'reads'} {self.owner}.{self.table}"


def tables_of(statement: Statement) -> tuple[set[str], set[str]]:
    """Tables a statement reads (or locks) and those it writes. Scratch tables and its own WITHs are neither."""
    if statement.is_scratch:
        return set(_words(statement.sql)), set()
    try:
        trees = sqlglot.parse(statement.numbered, read="postgres")
    except sqlglot.ParseError:  # a form it does not know yet
        return _roughly(statement.sql)
    read: set[str] = set()
    written: set[str] = set()
    for tree in filter(None, trees):
        own = {with_.alias.lower() for with_ in tree.find_all(exp.CTE)}
        targets = {
            id(target)
            for node in tree.find_all(exp.Insert, exp.Update, exp.Delete, exp.Merge)
            if (target := node.this.find(exp.Table) if node.this is not None else None) is not None
        }
        for table in tree.find_all(exp.Table):
            name = table.name.lower()
            if name not in own and name in owners():
                (written if id(table) in targets else read).add(name)
    return read, written


_TARGET = re.compile(r"\b(?:INSERT INTO|UPDATE|DELETE FROM|MERGE INTO)\s+(?:ONLY\s+)?(\w+)")


def _roughly(sql: str) -> tuple[set[str], set[str]]:
    written = {name for name in _TARGET.findall(sql) if name in owners()}
    return set(_words(sql)) - written, written


def _words(sql: str) -> list[str]:
    """Names of tables in a text, wherever tables stand."""
    found = re.findall(r"(?:\bFROM|\bJOIN|\bUSING|,|\bINTO|\bUPDATE)\s+(\w+)", sql)
    return [name for name in found if name in owners()]


def reaches() -> Counter[Reach]:
    """Every way a statement crosses the floors, and how many statements do."""
    found: Counter[Reach] = Counter()
    height = {name: number for number, name in enumerate(floors())}
    touched = [(one.module, one.slice, *tables_of(one)) for one in statements()]
    touched += [(one.module, one.slice, set[str](), {one.table}) for one in copies() if one.table in owners()]
    for module, here, read, written in touched:
        if here not in height or here in EXEMPT or module.rsplit(".", 1)[-1] in EXEMPT:
            continue
        for table in read | written:
            owner = owners()[table]
            upward = height[owner] > height[here]
            if owner != here and table in written:
                found[Reach(here, table, owner, True, upward)] += 1
            if upward and table in read:
                found[Reach(here, table, owner, False, True)] += 1
    return found


@cache
def classes() -> dict[str, tuple[str, frozenset[str]]]:
    """Table class, dotted → (its slice, its columns)."""
    return {
        f"{mapper.class_.__module__}.{mapper.class_.__name__}": (
            mapper.class_.__module__.split(".")[1], frozenset(mapper.columns.keys()),
        )
        for mapper in SQLModel._sa_registry.mappers
    }  # fmt: skip


def rows_set(module: str, source: str) -> list[str]:
    """Rows of another slice that a module makes (`Campaign(…)`) or sets a column of (`campaign.status = …`, a row being
    called like its class), as `module:line Class`. What goes through the ORM is seen by no reading of SQL."""
    tree = parsed(source)
    here = module.split(".")[1]
    imported = {
        alias.asname or alias.name: f"{node.module}.{alias.name}"
        for node in ast.walk(tree)
        if isinstance(node, ast.ImportFrom)
        for alias in node.names
    }
    foreign = {name: columns for name, (owner, columns) in classes().items() if owner != here}
    found = []
    for node in ast.walk(tree):
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and imported.get(node.func.id) in foreign:
            found.append(f"{module}:{node.lineno} {node.func.id}")
        for target in _targets(node):
            if isinstance(target, ast.Attribute) and isinstance(target.value, ast.Name):
                for name, columns in foreign.items():
                    if name.rsplit(".", 1)[1].lower() == target.value.id and target.attr in columns:
                        found.append(f"{module}:{node.lineno} {name.rsplit('.', 1)[1]}")
    return found


def _targets(node: ast.AST) -> list[ast.expr]:
    whole = node.targets if isinstance(node, ast.Assign) else [node.target] if isinstance(node, ast.AugAssign) else []
    return [part for one in whole for part in (one.elts if isinstance(one, ast.Tuple) else [one])]
