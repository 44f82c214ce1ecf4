"""Caching of built files, pages without a redirect, and who may open the event socket."""

from __future__ import annotations

from pathlib import Path

import httpx
import pytest
from starlette.applications import Starlette
from starlette.responses import PlainTextResponse
from starlette.routing import Mount, Route
from starlette.staticfiles import StaticFiles

from liquor_app.core.web import DAY, YEAR, same_origin, static_rules


@pytest.fixture
def site(tmp_path: Path) -> httpx.AsyncClient:
    for name in ("assets/app-1.js", "fonts/a.woff2", "favicon.svg", "customers/index.html", "index.html"):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text(name)
    own = Route("/api", lambda _: PlainTextResponse("api", headers={"cache-control": "private"}))
    app = static_rules(Starlette(routes=[own, Mount("/", StaticFiles(directory=tmp_path, html=True))]), tmp_path)
    return httpx.AsyncClient(transport=httpx.ASGITransport(app=app), base_url="http://shop")


@pytest.mark.parametrize(
    ("path", "status", "rule"),
    [
        ("/assets/app-1.js", 200, YEAR),
        ("/fonts/a.woff2", 200, YEAR),
        ("/favicon.svg", 200, DAY),
        ("/", 200, "no-cache"),
        ("/customers", 200, "no-cache"),
        ("/customers/", 200, "no-cache"),
        ("/assets/gone.js", 404, "no-cache"),
        ("/customers/../../etc/passwd", 404, "no-cache"),
        ("/api", 200, "private"),
    ],
)
async def test_what_browsers_keep(site: httpx.AsyncClient, path: str, status: int, rule: str) -> None:
    answer = await site.get(path)
    assert (answer.status_code, answer.headers["cache-control"]) == (status, rule)


@pytest.mark.parametrize(
    ("origin", "host", "allowed"),
    [
        ("http://shop.example", "shop.example", True),
        ("https://shop.example:8443", "shop.example:8443", True),
        ("http://evil.example", "shop.example", False),
        ("http://shop.example.evil.example", "shop.example", False),
        ("http://shop.example:81", "shop.example", False),
        ("null", "shop.example", False),
        (None, "shop.example", False),
        ("", "shop.example", False),
        ("http://shop.example", None, False),
    ],
)
def test_only_our_own_pages_open_the_socket(origin: str | None, host: str | None, allowed: bool) -> None:
    assert same_origin(origin, {"HTTP_HOST": host} if host else {}) is allowed
