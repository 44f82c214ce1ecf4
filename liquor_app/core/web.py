"""Rules of the web server: what browsers keep, where pages lie, and who may open our event socket."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from starlette.datastructures import MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

YEAR = "public, max-age=31536000, immutable"
DAY = "public, max-age=86400"
KEPT = {"/assets/": YEAR, "/fonts/": YEAR, "/js/": DAY, "/favicon": DAY, "/logo": DAY}


def static_rules(app: ASGIApp, static_dir: Path) -> ASGIApp:
    """Let browsers keep built files (their names change with their content) and ask again for everything else, and
    serve `/customers` without the detour over `/customers/`."""

    async def ruled(scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await app(scope, receive, send)
            return
        path: str = scope["path"]
        rule = next((rule for prefix, rule in KEPT.items() if path.startswith(prefix)), "no-cache")

        async def headed(message: Message) -> None:
            if message["type"] == "http.response.start":
                found = message["status"] in (200, 304)
                MutableHeaders(scope=message).setdefault("cache-control", rule if found else "no-cache")
            await send(message)

        if _is_page(path, static_dir):
            scope = {**scope, "path": f"{path}/"}
        await app(scope, receive, headed)

    return ruled


def _is_page(path: str, static_dir: Path) -> bool:
    if path.endswith("/") or "." in path or "\0" in path:
        return False
    return (static_dir / path.lstrip("/") / "index.html").is_file()


def same_origin(origin: str | None, environ: Mapping[str, Any]) -> bool:
    """Whether a page that opens the event socket was served by us.

    Without this any web site could drive the app in a visitor's browser. Behind a proxy, it must pass `Host` on.
    """
    return origin is not None and urlsplit(origin).netloc == environ.get("HTTP_HOST")
