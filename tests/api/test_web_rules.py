"""Caching of built files, pages without a redirect, and who may open the event socket."""

from __future__ import annotations

import json
from pathlib import Path

import httpx
import pytest
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import HTMLResponse, PlainTextResponse, Response
from starlette.routing import Mount, Route
from starlette.staticfiles import StaticFiles

from liquor_app.api.web_rules import DAY, ELSEWHERE, YEAR, policy, same_origin, static_rules
from liquor_app.core.platform.frontend import POLICIES
from liquor_app.rest.routers import create_api


@pytest.fixture
def site(tmp_path: Path) -> httpx.AsyncClient:
    tmp_path /= "client"
    for name in ("assets/app-1.js", "fonts/a.woff2", "favicon.svg", "customers/index.html", "index.html", "404.html"):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text(name)
    known = {"index.html": ["'sha256-one'"], "customers/index.html": ["'sha256-two'"], ELSEWHERE: ["'sha256-'"]}
    (tmp_path.parent / POLICIES).write_text(json.dumps(known))
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


@pytest.mark.parametrize(
    ("path", "own"),
    [("/", "one"), ("/customers", "two"), ("/customers/", "two"), ("/nowhere", ""), ("/" + "x" * 5000, "")],
)
async def test_a_page_runs_its_own_scripts_and_no_others(site: httpx.AsyncClient, path: str, own: str) -> None:
    answer = await site.get(path)
    if not answer.headers["content-type"].startswith("text/html"):
        assert not own
        return
    found = dict(part.split(" ", 1) for part in answer.headers["content-security-policy"].split("; "))
    assert found["script-src"] == f"'self' 'unsafe-eval' 'sha256-{own}'"
    assert found["connect-src"] == "'self' ws://shop wss://shop"
    for name, value in {
        "default-src": "'self'", "style-src": "'self' 'unsafe-inline'", "object-src": "'none'", "base-uri": "'none'",
        "form-action": "'self'", "frame-ancestors": "'none'",
    }.items():  # fmt: skip
        assert found[name] == value
    assert answer.headers["x-frame-options"] == "DENY"
    if answer.status_code == 200:
        again = await site.get(path, headers={"if-none-match": answer.headers["etag"]})
        assert again.status_code == 304
        assert again.headers["content-security-policy"] == answer.headers["content-security-policy"]


def test_a_hosts_name_writes_no_policy() -> None:
    assert "evil" not in policy([], "a; script-src *; x evil")
    assert policy([], "shop.example.com:8000").count("shop.example.com:8000") == 2


@pytest.mark.parametrize(
    ("path", "is_page"), [("/customers/0199", True), ("/customers", True), ("/js/shell.js", False)]
)
async def test_a_page_that_the_browser_kept_keeps_its_policy(tmp_path: Path, path: str, is_page: bool) -> None:
    """An answer "not modified" replaces the headers that were kept, those of pages drawn in the browser too."""
    (tmp_path / POLICIES).write_text(json.dumps({ELSEWHERE: ["'sha256-elsewhere'"], "customers/index.html": ["'x'"]}))
    unchanged = Starlette(routes=[Mount("/", Response(status_code=304))])
    app = static_rules(unchanged, tmp_path / "client")
    async with httpx.AsyncClient(transport=httpx.ASGITransport(app=app), base_url="http://shop") as client:
        answer = await client.get(path)
    assert answer.status_code == 304
    assert ("script-src" in answer.headers.get("content-security-policy", "")) is is_page


async def test_a_page_for_recipients_keeps_its_own_policy(database: str, tmp_path: Path) -> None:
    """They run nothing, and a stored message is in a sandbox: the app's policy over theirs would let both go. Through
    all that stands before them in the product."""
    api = create_api()
    policies = {
        "/stored-here": "sandbox; frame-ancestors 'none'",
        "/framed-here": "frame-ancestors https://shop.example.com",
    }

    @api.get("/stored-here")
    @api.get("/framed-here")
    async def page(request: Request) -> Response:
        return HTMLResponse("<p>x", headers={"Content-Security-Policy": policies[request.url.path]})

    @api.get("/page")
    async def own() -> Response:
        return HTMLResponse("<p>the app's")

    transport = httpx.ASGITransport(app=static_rules(api, tmp_path))
    async with httpx.AsyncClient(transport=transport, base_url="http://shop") as client:
        for path, frames in (("/stored-here", "DENY"), ("/framed-here", None)):
            answer = await client.get(path)
            assert answer.headers["content-security-policy"] == policies[path]
            assert answer.headers.get("x-frame-options") == frames
        answer = await client.get("/page")
        assert "script-src 'self'" in answer.headers["content-security-policy"]
        assert answer.headers["x-frame-options"] == "DENY"
