"""What calls what in the product's code, as far as names tell: each function of each module, and what it refers to."""

from __future__ import annotations

import ast
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from functools import cache

from liquor_app.core.config import PROJECT_ROOT

_WRITES = re.compile(r"\b(?:INSERT\s+INTO|UPDATE|DELETE\s+FROM|MERGE\s+INTO)\s+\"?(\w+)")
_NO_TABLE = {"of", "on", "set", "skip", "nowait"}
"""What follows the word in `FOR UPDATE OF`, `DO UPDATE SET`, a comment."""
_EDGE = "liquor_app.rest.kit.authentication."
_ORM = {"add", "add_all", "delete", "merge"}


@dataclass(slots=True)
class Unit:
    """A function, a class with its methods, or a module's constant; `module.name` is what it is known by."""

    name: str
    node: ast.AST
    refers: set[str] = field(default_factory=set)
    writes: set[str] = field(default_factory=set)
    """Tables its own text writes; "?" for rows added through the session."""


def _modules() -> Iterator[tuple[str, ast.Module]]:
    for path in sorted((PROJECT_ROOT / "liquor_app").rglob("*.py")):
        parts = path.relative_to(PROJECT_ROOT).with_suffix("").parts
        yield ".".join(parts[:-1] if parts[-1] == "__init__" else parts), ast.parse(path.read_text())


def _imported(tree: ast.Module) -> dict[str, str]:
    """Name in this module → what it stands for."""
    found = {}
    for node in ast.walk(tree):
        if isinstance(node, ast.ImportFrom) and node.module:
            found |= {one.asname or one.name: f"{node.module}.{one.name}" for one in node.names}
        elif isinstance(node, ast.Import):
            found |= {one.asname or one.name: one.name for one in node.names}
    return found


@cache
def units() -> dict[str, Unit]:
    """Every unit by its name."""
    found: dict[str, Unit] = {}
    known = []
    for module, tree in _modules():
        names = _imported(tree)
        for node in tree.body:
            if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
                own = [node.name]
            elif isinstance(node, ast.Assign | ast.AnnAssign):
                targets = node.targets if isinstance(node, ast.Assign) else [node.target]
                own = [one.id for one in targets if isinstance(one, ast.Name)]
            else:
                continue
            for name in own:
                found[f"{module}.{name}"] = Unit(f"{module}.{name}", node)
                names[name] = f"{module}.{name}"
        known.append((module, names))
    by_module = dict(known)

    def stands_for(name: str, depth: int = 0) -> str:
        """Follow a name that a module only passes on, as `service` does."""
        module, _, last = name.rpartition(".")
        if name in found or depth > 3 or last not in by_module.get(module, {}):
            return name
        return stands_for(by_module[module][last], depth + 1)

    for unit in found.values():
        _read(unit, by_module[unit.name.rpartition(".")[0]], found, stands_for)
    return found


def _read(unit: Unit, names: dict[str, str], found: dict[str, Unit], stands_for: Callable[[str], str]) -> None:
    said = {id(node.value) for node in ast.walk(unit.node) if isinstance(node, ast.Expr)}
    for node in ast.walk(unit.node):
        if isinstance(node, ast.Constant) and isinstance(node.value, str) and id(node) not in said:
            unit.writes |= {table.lower() for table in _WRITES.findall(node.value)} - _NO_TABLE
        elif isinstance(node, ast.Name) and (there := stands_for(names.get(node.id, ""))) in found:
            unit.refers.add(there)
        elif isinstance(node, ast.Attribute):
            base = node.value
            if isinstance(base, ast.Name):
                if (there := stands_for(f"{names.get(base.id, '')}.{node.attr}")) in found:
                    unit.refers.add(there)
                if base.id == "session" and node.attr in _ORM:
                    unit.writes.add("?")


@cache
def reached(name: str) -> frozenset[str]:
    """Everything a unit may come to, itself included; who calls is asked by every route and is no part of it."""
    seen, left = set[str](), [name]
    while left:
        one = left.pop()
        if one not in seen and not one.startswith(_EDGE):
            seen.add(one)
            left += units()[one].refers - seen
    return frozenset(seen)


def tables_written(name: str) -> set[str]:
    """Tables that a unit may write, as far as its statements name them."""
    return set[str]().union(*(units()[one].writes for one in reached(name)))
