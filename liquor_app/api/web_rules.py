"""Rules of the web server: what browsers keep, where pages lie, and who may open our event socket."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from starlette.datastructures import Headers, MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from liquor_app.api.body_limits import NOTHING
from liquor_app.core.platform.frontend import POLICIES
from liquor_app.core.security.own_origin import is_own_origin

YEAR = "public, max-age=31536000, immutable"
DAY = "public, max-age=86400"
ELSEWHERE = "__spa-fallback.html"
"""Answers an address that is no built page's (`/customers/[customer_id]`): Reflex serves a copy of it, 404.html."""
_LONGEST = 250
"""Characters of an address that may be a page's; no file has a longer name."""
_HOST = re.compile(r"[A-Za-z0-9.:\[\]-]{1,255}")
KEPT = {"/assets/": YEAR, "/fonts/": YEAR, "/js/": DAY, "/favicon": DAY, "/logo": DAY}


def static_rules(app: ASGIApp, static_dir: Path) -> ASGIApp:
    """Let browsers keep built files (their names change with their content) and ask again for everything else, and
    serve `/customers` without the detour over `/customers/`."""

    pages = _inline_scripts(static_dir)

    async def ruled(scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await app(scope, receive, send)
            return
        path: str = scope["path"]
        rule = next((rule for prefix, rule in KEPT.items() if path.startswith(prefix)), "no-cache")

        async def headed(message: Message) -> None:
            if message["type"] == "http.response.start":
                found = message["status"] in (200, 304)
                headers = MutableHeaders(scope=message)
                headers.setdefault("cache-control", rule if found else "no-cache")
                file = _file(path, pages)
                # "not modified" has no type, and its headers replace those the browser kept
                is_kept = message["status"] == 304 and (file is not None or "." not in path.rpartition("/")[2])
                # pages for recipients bring a stricter one of their own: they run nothing, and may be framed or not
                is_own = headers.get("content-security-policy", NOTHING) != NOTHING
                if not is_own and (is_kept or headers.get("content-type", "").startswith("text/html")):
                    scripts = pages.get(file or ELSEWHERE, [])
                    headers["content-security-policy"] = policy(scripts, Headers(scope=scope).get("host", ""))
                    headers["x-frame-options"] = "DENY"
            await send(message)

        if _is_page(path, static_dir):
            scope = {**scope, "path": f"{path}/"}
        await app(scope, receive, headed)

    return ruled


def policy(scripts: list[str], host: str) -> str:
    """Tell what a page of the app may load and run: our own scripts and those written into it, whose hashes these are.

    'unsafe-eval' because Reflex evaluates what `rx.call_script` sends (ADR 43). Styles are written by its components.
    Pictures of brands and of messages in preview come from where their author put them.
    """
    sockets = f" ws://{host} wss://{host}" if _HOST.fullmatch(host) else ""
    return "; ".join((
        "default-src 'self'",
        " ".join(("script-src 'self' 'unsafe-eval'", *scripts)),
        "style-src 'self' 'unsafe-inline'",
        "img-src 'self' data: blob: https: http:",
        "font-src 'self' data:",
        f"connect-src 'self'{sockets}",
        "object-src 'none'",
        "base-uri 'none'",
        "form-action 'self'",
        "frame-ancestors 'none'",
    ))  # fmt: skip


def _inline_scripts(static_dir: Path) -> dict[str, list[str]]:
    """File of each built page → hashes; none while pages come from the development server."""
    try:
        found: dict[str, list[str]] = json.loads((static_dir.parent / POLICIES).read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return {}
    return found


def _file(path: str, pages: Mapping[str, object]) -> str | None:
    """Return the file of a built page; None for another address, which the browser draws from the one for all
    others."""
    inside = path.strip("/")
    named = (inside, f"{inside}/index.html".lstrip("/"))
    return next((name for name in named if name in pages), None)


def _is_page(path: str, static_dir: Path) -> bool:
    if path.endswith("/") or "." in path or "\0" in path or len(path) > _LONGEST:
        return False
    return (static_dir / path.lstrip("/") / "index.html").is_file()


def same_origin(origin: str | None, environ: Mapping[str, Any]) -> bool:
    """Tell whether a page that opens the event socket was served by us.

    Without this any web site could drive the app in a visitor's browser. Behind a proxy, it must pass `Host` on.
    """
    return is_own_origin(origin, environ.get("HTTP_HOST"))
