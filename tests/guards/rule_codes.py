"""Which rules an operation may refuse by, as far as the code tells: those of whatever its function may come to call.

`python -m tests.guards.rule_codes` writes `liquor_app/rest/kit/rule_codes.py` anew after a change that was meant.
"""

from __future__ import annotations

import ast
from collections.abc import Callable, Iterator
from functools import cache
from types import FunctionType
from typing import Any

from fastapi.dependencies.utils import get_flat_params
from fastapi.routing import APIRoute

from liquor_app.core.config import PROJECT_ROOT
from liquor_app.core.errors import AppError, Conflict, Invalid, Meanwhile, Taken, Unstorable
from liquor_app.rest.routers import ROUTERS, create_api
from tests.guards.call_graph import units

MODULE = PROJECT_ROOT / "liquor_app" / "rest" / "kit" / "rule_codes.py"
BEYOND = tuple(
    f"liquor_app.{one}."
    for one in ("core.db", "core.config", "core.platform", "core.security", "core.files", "rest.kit.authentication")
)
"""What every operation comes to: who calls, the transaction, keys and files. Of these, the database alone refuses by a
rule, and only what writes."""
WRITES = {Taken.code, Conflict.code, Invalid.code, Meanwhile.code}
"""What the database refuses to keep: see `core.db`."""
TEXTS = {Unstorable.code, Invalid.code}
"""What the shape of a text does not tell: see `api.problems`."""
HEAD = '''"""By which rules each operation may refuse what has the right shape: codes of its problems.

Written by `python -m tests.guards.rule_codes`, which reads the code; a test compares, and another calls.
"""

from __future__ import annotations

from collections.abc import Mapping

RULE_CODES: Mapping[str, str] = {
'''


@cache
def refusals() -> dict[str, str]:
    """Class of refusals by a rule → its code."""
    found: dict[str, str] = {}
    left: list[type[AppError]] = [AppError]
    while left:
        one = left.pop()
        left += one.__subclasses__()
        if one.code.startswith("rule."):
            found[f"{one.__module__}.{one.__name__}"] = one.code
    return found


@cache
def _raised(unit: str) -> frozenset[str]:
    """Codes of the refusals a unit's own text makes."""
    there = {name.rpartition(".")[2]: code for name, code in refusals().items() if name in units()[unit].refers}
    made = (node.func for node in ast.walk(units()[unit].node) if isinstance(node, ast.Call))
    return frozenset(there[one.id] for one in made if isinstance(one, ast.Name) and one.id in there)


@cache
def _reached(unit: str) -> frozenset[str]:
    seen, left = set[str](), [unit]
    while left:
        one = left.pop()
        if one not in seen and not one.startswith(BEYOND):
            seen.add(one)
            left += units()[one].refers - seen
    return frozenset(seen)


def _roots(function: Callable[..., Any], depth: int = 0) -> Iterator[str]:
    """Units a route begins at: its function, and what a kit's route was given."""
    yield f"{function.__module__}.{function.__qualname__.split('.')[0]}"
    for cell in (function.__closure__ or ()) if isinstance(function, FunctionType) and depth < 3 else ():
        if isinstance(cell.cell_contents, FunctionType):
            yield from _roots(cell.cell_contents, depth + 1)


def codes_of(route: APIRoute, method: str) -> set[str]:
    """Codes of the rules an operation may refuse by."""
    found = set[str]()
    for root in _roots(route.endpoint):
        for unit in _reached(root) if root in units() else ():
            found |= _raised(unit)
    if method != "GET":
        found |= WRITES
    if method != "GET" or get_flat_params(route.dependant):
        found |= TEXTS
    return found


def table() -> dict[str, str]:
    """Operation → codes, in the order of the API."""
    create_api()  # which has routes take what all of their kind do
    return {
        f"{method} {route.path}": " ".join(sorted(one.removeprefix("rule.") for one in codes_of(route, method)))
        for router in ROUTERS
        for route in router.routes
        if isinstance(route, APIRoute) and route.include_in_schema
        for method in sorted(route.methods - {"HEAD"})
    }


if __name__ == "__main__":
    rows = "".join(f'    "{operation}": "{codes}",\n' for operation, codes in table().items())
    MODULE.write_text(HEAD + rows + "}\n")
