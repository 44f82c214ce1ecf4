"""The WebSockets as programs see them: channels, messages and shapes, without the prose.

`python -m tests.guards.asyncapi` writes the snapshot anew after a change that was meant.
"""

from __future__ import annotations

from liquor_app.api.application import VERSION
from liquor_app.api.live.asyncapi import asyncapi
from liquor_app.core.config import PROJECT_ROOT
from liquor_app.rest.routers import SOCKETS
from tests.guards.openapi import written

SNAPSHOT = PROJECT_ROOT / "tests" / "guards" / "asyncapi.json"


def surface() -> str:
    """The present sockets, a line a fact, in a fixed order."""
    return written(asyncapi("Liquor Marketing Agent", VERSION, SOCKETS))


if __name__ == "__main__":
    SNAPSHOT.write_text(surface())
