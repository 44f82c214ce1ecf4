"""Where the product's code spells a status itself, instead of taking it from its enum."""

from __future__ import annotations

import ast
import re
from dataclasses import dataclass
from enum import StrEnum
from functools import cache
from pathlib import Path

from sqlmodel import SQLModel

from liquor_app import schema
from liquor_app.core.columns import EnumText
from liquor_app.core.config import PROJECT_ROOT
from liquor_app.sending.models import ErrandStatus
from tests.sources import parsed

AS_TEXT: dict[str, tuple[str, type[StrEnum]]] = {"service_messages": ("sending", ErrandStatus)}
"""Tables whose `status` is kept as text, and what it is one of."""


@cache
def enums() -> dict[str, tuple[str, type[StrEnum]]]:
    """Table → (the slice that owns it, the enum of its `status`)."""
    assert schema.metadata is SQLModel.metadata
    found = {}
    for mapper in SQLModel._sa_registry.mappers:
        kind = getattr(mapper.local_table.columns.get("status"), "type", None)
        if isinstance(kind, EnumText):
            found[mapper.local_table.name] = (mapper.class_.__module__.split(".")[1], kind.options)
    return found | AS_TEXT


@dataclass(frozen=True, slots=True)
class Spelled:
    """A status that stands in a text or a comparison. `owner` is the slice whose status it is, "" where that cannot
    be told from the line."""

    module: str
    line: int
    value: str
    owner: str

    @property
    def slice(self) -> str:
        parts = self.module.split(".")
        return parts[1] if parts[0] == "liquor_app" and len(parts) > 2 else parts[-1]


_ALIAS = re.compile(
    r"\b(?:FROM|JOIN|UPDATE|INTO|USING)\s+(?:ONLY\s+)?(\w+)(?:\s+(?:AS\s+)?(?!ON\b|SET\b|WHERE\b)(\w+))?"
)
_STATUS = re.compile(
    r"(?:\b(\w+)\.)?\b(?:\w+_)?status\b\s*(?:=|<>|!=|IS DISTINCT FROM|IS NOT DISTINCT FROM|(?:NOT\s+)?IN\s*\()\s*"
    r"((?:'\w+'\s*,?\s*)+|CASE\b.*?\bEND)",
    re.DOTALL,
)
_WORD = re.compile(r"'(\w+)'")
_THEN = re.compile(r"\b(?:THEN|ELSE)\s+'(\w+)'")


def in_sql(module: str, line: int, sql: str) -> list[Spelled]:
    """Statuses in a statement, or in a piece of one."""
    aliases: dict[str, str] = {}
    for table, alias in _ALIAS.findall(sql):
        if table in enums():
            aliases[alias or table] = aliases[table] = table
    found = []
    for alias, told in _STATUS.findall(sql):
        table = aliases.get(alias) or (next(iter(aliases.values())) if len(set(aliases.values())) == 1 else None)
        for value in (_THEN if told.startswith("CASE") else _WORD).findall(told):
            found.append(Spelled(module, line, value, enums()[table][0] if table else _only_owner(value)))
    return [one for one in found if one.value in all_values()]


@cache
def all_values() -> frozenset[str]:
    return frozenset(option.value for _, kind in enums().values() for option in kind)


def _only_owner(value: str) -> str:
    owners = {owner for owner, kind in enums().values() if value in list(kind)}
    return owners.pop() if len(owners) == 1 else ""


def in_python(module: str, tree: ast.AST) -> list[Spelled]:
    """Statuses that something called `status` is compared with or set to."""
    found = []
    for node in ast.walk(tree):
        told: list[ast.expr] = []
        if isinstance(node, ast.Compare) and any(_is_status(one) for one in (node.left, *node.comparators)):
            told = [node.left, *node.comparators]
        elif (isinstance(node, ast.Assign) and any(_is_status(target) for target in node.targets)) or (
            isinstance(node, ast.keyword) and node.arg is not None and _named(node.arg)
        ):
            told = [node.value]
        elif isinstance(node, ast.Dict):
            told = [
                value
                for key, value in zip(node.keys, node.values, strict=True)
                if isinstance(key, ast.Constant) and isinstance(key.value, str) and _named(key.value)
            ]
        for value in told:
            if isinstance(value, ast.Constant | ast.Tuple | ast.List | ast.Set | ast.IfExp):
                for part in ast.walk(value):
                    if isinstance(part, ast.Constant) and isinstance(part.value, str) and part.value in all_values():
                        found.append(Spelled(module, part.lineno, part.value, _only_owner(part.value)))
    return found


def _named(name: str) -> bool:
    return name in ("status", "statuses")


def _is_status(node: ast.expr) -> bool:
    if isinstance(node, ast.Attribute):
        return _named(node.attr)
    if isinstance(node, ast.Name):
        return _named(node.id)
    return isinstance(node, ast.Subscript) and isinstance(node.slice, ast.Constant) and node.slice.value == "status"


@cache
def spelled() -> tuple[Spelled, ...]:
    """Every one, in the product and its worker."""
    found: list[Spelled] = []
    for package in ("liquor_app", "worker"):
        for path in sorted((PROJECT_ROOT / package).rglob("*.py")):
            found += of_module(path)
    return tuple(found)


def of_module(path: Path) -> list[Spelled]:
    module = ".".join(path.relative_to(PROJECT_ROOT).with_suffix("").parts)
    return of_source(module, path.read_text())


def of_source(module: str, source: str) -> list[Spelled]:
    tree = parsed(source)
    found = in_python(module, tree)
    pieces: set[int] = set()
    for node in ast.walk(tree):
        if id(node) in pieces:
            continue
        if isinstance(node, ast.JoinedStr):
            pieces |= {id(one) for one in ast.walk(node)} - {id(node)}
            words = "".join(one.value if isinstance(one, ast.Constant) else " hole " for one in node.values)  # type: ignore[misc]
        elif isinstance(node, ast.Constant) and isinstance(node.value, str):
            words = node.value
        else:
            continue
        found += in_sql(module, node.lineno, words)
    return found
