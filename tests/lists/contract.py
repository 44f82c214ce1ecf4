"""What every list must hold to, given something that fills it. A list that is declared and not named here fails."""

from __future__ import annotations

import functools
import importlib
import pkgutil
import re
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Any

from sqlalchemy.ext.asyncio import AsyncSession

import liquor_app
from liquor_app.core.listing.compile import check_sort
from liquor_app.core.listing.spec import ListSpec

Fill = Callable[[AsyncSession], Awaitable[None]]
"""Adds at least four rows: some that are alike in sorted columns, some without a value where that may be."""


Scope = Callable[[AsyncSession], Awaitable[dict[str, Any]]]


async def no_scope(session: AsyncSession) -> dict[str, Any]:
    return {}


@dataclass(frozen=True, slots=True)
class Listed:
    """A list, how a test fills it, where the API has it (`/api/v1` left out, whose list it is as `{segment}`; empty for
    a list the API does not have), and the values of its own parameters, such as whose list it is."""

    spec: ListSpec[Any]
    fill: Fill
    path: str = ""
    scope: Scope = no_scope

    async def route(self, session: AsyncSession) -> str:
        """Return the path with the ids of whose list it is."""
        return self.path.format_map(await self.scope(session))

    @property
    def documented(self) -> str:
        """The path as the API's document has it."""
        return "/api/v1" + re.sub(r"\{\w+\}", "{id}", self.path)

    def __str__(self) -> str:
        return f"{self.spec.name}, {self.spec.order}"


def declared() -> dict[str, ListSpec[Any]]:
    """Every list of the product, by where it is declared."""
    found: dict[str, ListSpec[Any]] = {}
    for module in pkgutil.walk_packages(liquor_app.__path__, "liquor_app."):
        if module.name.startswith(("liquor_app.screens", "liquor_app.ui", "liquor_app.rest", "liquor_app.liquor_app")):
            continue
        if not module.name.endswith(".lists") and ".lists." not in module.name:
            continue
        for name, value in vars(importlib.import_module(module.name)).items():
            if isinstance(value, ListSpec):
                found[f"{module.name}.{name}"] = value
    return found


AS_SQL: dict[str, Callable[[Any], Any]] = {
    "": lambda value: value,
    "natural_order": lambda name: re.sub(r"\d+", lambda found: found[0].zfill(12)[-12:], name.lower()),
}
"""What a list compares through, told by Python."""


def in_order(spec: ListSpec[Any], sort: str, rows: list[Any]) -> list[Any]:
    """Rows as `sort` wants them: told by Python, so that SQL is held to it. Without a value comes last either way."""
    keys = [(one.name, descending, AS_SQL[one.by]) for one, descending in check_sort(spec, sort)]
    if spec.key_field not in {name for name, _, _ in keys}:
        keys.append((spec.key_field, keys[0][1], AS_SQL[""]))

    def compare(left: Any, right: Any) -> int:
        for name, descending, by in keys:
            a, b = getattr(left, name), getattr(right, name)
            if a is None or b is None:
                if a is b:
                    continue
                return 1 if a is None else -1
            a, b = by(a), by(b)
            if a == b:
                continue
            before = (a > b) if descending else (a < b)
            return -1 if before else 1
        return 0

    return sorted(rows, key=functools.cmp_to_key(compare))
