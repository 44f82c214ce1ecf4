"""Where a request comes from, for limits."""

from __future__ import annotations

from starlette.types import Scope


def source_of(scope: Scope) -> str:
    """The address of whoever opened the connection."""
    client = scope.get("client")
    return str(client[0]) if client else "unknown"
