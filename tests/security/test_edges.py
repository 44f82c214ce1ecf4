"""What stands at the app's edge: words decoded once, one way to tell where a message ends, only what was built is
served, and a sign-in that ends the one before."""

from __future__ import annotations

import asyncio
import gzip
import json
from pathlib import Path

import httpx
import pytest
from starlette.applications import Starlette
from starlette.routing import Mount
from starlette.staticfiles import StaticFiles

from liquor_app.accounts.cookies import SESSION
from liquor_app.api.web_rules import ELSEWHERE, static_rules
from liquor_app.core.ids import uuid7
from liquor_app.core.platform.frontend import POLICIES
from liquor_app.liquor_app import PAGES
from liquor_app.organization.models import Channel
from liquor_app.providers.adapters import smtp
from liquor_app.providers.kit.base import OutgoingMessage
from liquor_app.providers.kit.message_bodies import Whole
from liquor_app.screens.shell.view import slots
from liquor_app.ui.frame.shell import shell
from tests.api.client import PASSWORD, Client
from tests.security.test_slow_bodies import port

__all__ = ["port"]


@pytest.mark.integration
@pytest.mark.parametrize("way", ["gzip", "br", "deflate", "identity, gzip", "GZIP"])
async def test_a_compressed_body_is_told_not_to_be_taken(manager: Client, way: str) -> None:
    """It was read as it came: ten thousand rows nobody can read, and a 200."""
    squeezed = gzip.compress(b'{"email": "a@example.com"}')
    for method, path in (("PUT", "/customers"), ("POST", "/customers")):
        for kind in ("application/json", "application/x-ndjson"):
            headers = {"Content-Type": kind, "Content-Encoding": way}
            answer = await manager.call(method, path, content=squeezed, headers=headers)
            assert (answer.status_code, answer.json()["code"]) == (415, "unsupported_media_type"), (method, kind)
    plain = {"Content-Type": "application/json", "Content-Encoding": "identity"}
    assert (await manager.call("POST", "/customers", content=b'{"email": "a@example.com"}', headers=plain)).is_success


@pytest.mark.integration
async def test_what_is_written_twice_is_read_once(manager: Client) -> None:
    """A name that holds an escape is found by it, and not by what the escape would stand for."""
    made = await manager.post("/customers", json={"email": "ann@example.com", "name": "Ann %41bel"})
    assert made.status_code == 201, made.text
    for search, found in (("%2541bel", 1), ("%41bel", 0)):
        answer = await manager.get(f"/customers?search={search}")
        assert len(answer.json()["items"]) == found, search
    for path in ("/customers/%252e%252e%252fusers", "/customers/%2e%2e%2fusers"):
        assert (await manager.get(path)).status_code in {404, 422}, path


@pytest.mark.parametrize("part", ["subject", "sender_name", "sender", "recipient", "reply_to"])
@pytest.mark.parametrize("ends", ["\r\n", "\n", "\r"])
def test_no_part_of_a_letter_adds_a_line_to_its_head(part: str, ends: str) -> None:
    given = {"subject": "Hello", "sender_name": "Shop", "sender": "offers@shop.example", "recipient": "ann@example.com"}
    message = OutgoingMessage(
        **{**given, part: f"x@shop.example{ends}Bcc: everybody@example.com"}, send_id=uuid7(), campaign_id=None,
        channel=Channel.EMAIL, body=Whole("Hello"), headers={},
    )  # fmt: skip
    try:
        lines = smtp._mime(message).splitlines()
    except ValueError:
        return
    assert not [line for line in lines if line.lower().startswith(b"bcc")]


SMUGGLED = b"GET /api/v1/users HTTP/1.1\r\nHost: shop.test\r\n\r\n"
START = "POST /api/v1/auth/login HTTP/1.1\r\nHost: shop.test\r\nContent-Type: application/json\r\n"
UNCLEAR = {
    "two lengths": f"{START}Content-Length: 0\r\nContent-Length: {len(SMUGGLED)}\r\n\r\n".encode() + SMUGGLED,
    "a length and a plus": f"{START}Content-Length: +2\r\n\r\n{{}}".encode() + SMUGGLED,
    "an unknown encoding": f"{START}Transfer-Encoding: xchunked\r\n\r\n".encode() + SMUGGLED,
    "chunked, and not last": f"{START}Transfer-Encoding: chunked, identity\r\n\r\n0\r\n\r\n".encode() + SMUGGLED,
    "a folded encoding": f"{START}Transfer-Encoding:\r\n chunked\r\n\r\n0\r\n\r\n".encode() + SMUGGLED,
    "a blank before the colon": f"{START}Content-Length : {len(SMUGGLED)}\r\n\r\n".encode() + SMUGGLED,
    "a chunk that is no number": f"{START}Transfer-Encoding: chunked\r\n\r\n0x2\r\n{{}}\r\n0\r\n\r\n".encode()
    + SMUGGLED,
}


@pytest.mark.integration
async def test_a_message_whose_end_is_told_two_ways_ends_the_connection(port: int) -> None:
    """Whatever lies in front may take the other way: what follows is no request of anybody's."""
    for how, sent in UNCLEAR.items():
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        writer.write(sent)
        await writer.drain()
        said = await asyncio.wait_for(reader.read(), 30)
        writer.close()
        assert said.count(b"HTTP/1.1 ") <= 1, (how, said)
        assert not said or said.startswith(b"HTTP/1.1 4"), (how, said)


NOT_BUILT = (
    "/.git/config", "/.git/HEAD", "/.gitignore", "/.env", "/assets", "/assets/", "/fonts/", "/customers/.hidden",
    "/.data/", "/assets/../secret.txt", "/%2e%2e/secret.txt", "/..%2fsecret.txt",
)  # fmt: skip


@pytest.mark.parametrize("path", NOT_BUILT)
async def test_only_what_was_built_is_served_and_no_folder_is_listed(tmp_path: Path, path: str) -> None:
    built = tmp_path / "client"
    for name in ("assets/app-1.js", "fonts/a.woff2", "customers/index.html", "index.html", "404.html"):
        (built / name).parent.mkdir(parents=True, exist_ok=True)
        (built / name).write_text(f"of {name}")
    for name in (".git/config", ".git/HEAD", ".env", "secret.txt"):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text("a secret")
    (tmp_path / POLICIES).write_text(json.dumps({ELSEWHERE: ["'sha256-'"]}))
    app = static_rules(Starlette(routes=[Mount("/", StaticFiles(directory=built, html=True))]), built)
    async with httpx.AsyncClient(transport=httpx.ASGITransport(app=app), base_url="http://shop") as http:
        answer = await http.get(httpx.URL(f"http://shop{path}"), follow_redirects=True)
    assert answer.status_code == 404, path
    assert "secret" not in answer.text
    assert "app-1.js" not in answer.text


@pytest.mark.integration
async def test_signing_in_again_ends_the_session_of_before(anybody: Client) -> None:
    """Of this browser: others of the same person go on."""
    form = {"email": "user@example.com", "password": PASSWORD}
    elsewhere = (await anybody.post("/session/login", data=form)).cookies[SESSION]
    anybody.http.cookies.clear()
    first = (await anybody.post("/session/login", data=form)).cookies[SESSION]
    second = (await anybody.post("/session/login", data=form)).cookies[SESSION]
    anybody.http.cookies.clear()
    seen = {}
    for name, cookie in (("elsewhere", elsewhere), ("first", first), ("second", second)):
        answer = await anybody.get("/users/me", headers={"Cookie": f"{SESSION}={cookie}"})
        seen[name] = answer.status_code
    assert seen == {"elsewhere": 200, "first": 401, "second": 200}


@pytest.mark.parametrize("page", [one for one in PAGES if not one.bare], ids=lambda one: one.route)
def test_signing_out_is_on_every_page(page: object) -> None:
    drawn = str(shell(page, PAGES, slots()).render())  # type: ignore[arg-type]
    assert "/session/logout" in drawn
    assert "Sign out" in drawn
