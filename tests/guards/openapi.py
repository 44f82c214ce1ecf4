"""The API as programs see it: routes, parameters and shapes, without the prose.

`python -m tests.guards.openapi` writes the snapshot anew after a change that was meant.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

from liquor_app.core.config import PROJECT_ROOT
from liquor_app.rest.routers import create_api

SNAPSHOT = PROJECT_ROOT / "tests" / "guards" / "openapi.json"
WIDTH = 160
PROSE = {"description", "summary", "title", "example", "examples"}


def surface() -> str:
    """The present API, a line a fact, in a fixed order."""
    return written(_shortened(create_api().openapi()))


def _shortened(document: dict[str, Any]) -> dict[str, Any]:
    """Without what is the same of all operations: refusals by their status alone, and names of headers."""
    paths = {
        path: {method: {**operation, **_responses(operation)} for method, operation in operations.items()}
        for path, operations in document["paths"].items()
    }
    return {**document, "paths": paths}


def _responses(operation: dict[str, Any]) -> dict[str, Any]:
    responses = operation["responses"]
    own = {status: one for status, one in responses.items() if "$ref" not in one}
    told = {
        status: {**one, "headers": ", ".join(one["headers"])} if "headers" in one else one
        for status, one in own.items()
    }
    return {"responses": told, "refusals": " ".join(status for status in responses if status not in own)}


def written(document: dict[str, Any]) -> str:
    """A document without its prose, a line a fact."""
    return "\n".join(_lines(_bare(document))) + "\n"


def _bare(node: Any, *, named: bool = False) -> Any:
    """Without prose; `named` where keys are names of ours (a field may be called `title`)."""
    if isinstance(node, list):
        return [_bare(one) for one in node]
    if not isinstance(node, dict):
        return node
    kept = {key: value for key, value in node.items() if named or key not in PROSE}
    if not named and isinstance(kept.get("required"), list):  # a set, whose order follows the classes
        kept["required"] = sorted(kept["required"])
    return {key: _bare(value, named=key in {"properties", "schemas", "paths", "$defs"}) for key, value in kept.items()}


def _lines(node: Any, depth: int = 0, key: str = "", end: str = "") -> Iterator[str]:
    """JSON whose short parts stand on one line each."""
    head = " " * depth + (json.dumps(key) + ": " if key else "")
    whole = json.dumps(node, sort_keys=True, ensure_ascii=False)
    if len(whole) <= WIDTH or not isinstance(node, dict | list):
        yield f"{head}{whole}{end}"
        return
    pairs = sorted(node.items()) if isinstance(node, dict) else [("", one) for one in node]
    yield head + ("{" if isinstance(node, dict) else "[")
    for number, (name, value) in enumerate(pairs, 1):
        yield from _lines(value, depth + 1, name, "," if number < len(pairs) else "")
    yield " " * depth + ("}" if isinstance(node, dict) else "]") + end


if __name__ == "__main__":
    SNAPSHOT.write_text(surface())
