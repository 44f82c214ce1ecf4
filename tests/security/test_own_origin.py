"""A page is ours by the shop's public address, or by a name that nobody else can make lead here (DNS rebinding)."""

from __future__ import annotations

from urllib.parse import parse_qs

import pytest
from starlette.websockets import WebSocket

from liquor_app.accounts.cookies import SESSION, cookie_name
from liquor_app.accounts.models import Role
from liquor_app.api.sockets import same_site
from liquor_app.api.web_rules import same_origin
from liquor_app.core.config import get_settings
from liquor_app.core.security.own_origin import is_own_origin
from tests.api.client import PASSWORD, Client
from tests.security.test_streams import cookie_for


@pytest.mark.parametrize(
    ("origin", "host"),
    [
        ("http://127.0.0.1:8000", "127.0.0.1:8000"), ("http://[::1]:8000", "[::1]:8000"), ("http://nas", "nas"),
        ("http://localhost:8000", "localhost:8000"), ("https://till.shop.local", "till.shop.local"),
        ("http://192.168.1.20", "192.168.1.20"),
    ],
)  # fmt: skip
def test_names_nobody_else_has(origin: str, host: str) -> None:
    assert is_own_origin(origin, host)
    assert not is_own_origin(origin, "elsewhere")


@pytest.mark.parametrize(
    ("origin", "host"),
    [
        ("http://evil.com", "evil.com"), ("http://127.0.0.1.evil.com", "127.0.0.1.evil.com"), ("null", "null"),
        ("http://evil.com:8000", "evil.com:8000"), ("http://localhost.evil.com", "localhost.evil.com"), ("", ""),
        ("http://[bad", "[bad"), ("file://nas", "nas"), (None, None), ("http://evil.com.", "evil.com."),
        ("http://0x7f000001.evil.io", "0x7f000001.evil.io"),
    ],
)  # fmt: skip
def test_names_of_somebody_else_lead_here(origin: str | None, host: str | None) -> None:
    assert not is_own_origin(origin, host)


def test_the_public_address_is_ours_whatever_host_says(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(get_settings(), "public_url", "https://shop.example.com")
    assert is_own_origin("https://shop.example.com", "127.0.0.1:8000"), "behind a proxy"
    assert not is_own_origin("http://shop.example.com", "shop.example.com"), "another scheme is another origin"
    assert not is_own_origin("https://evil.com", "evil.com")


@pytest.mark.integration
async def test_nobody_signs_in_on_a_page_of_somebody_elses_name(viewer: Client, anybody: Client) -> None:
    """Their name leads here, and their page says it twice."""
    said = {"email": "user@example.com", "password": PASSWORD}
    theirs = {"Origin": "http://evil.com", "Host": "evil.com"}
    for path in ("/session/login", "/session/forgotten", "/session/logout"):
        data = {"email": said["email"]} if path.endswith("forgotten") else said if path.endswith("login") else {}
        assert (await anybody.post(path, data=data, headers=theirs)).status_code == 403, path
    assert (await anybody.post("/session/login", data=said)).status_code == 303


@pytest.mark.integration
async def test_what_is_wrong_with_a_password_is_a_sentence(anybody: Client) -> None:
    """As services say it, it begins with a field's name."""
    _, cookie = await cookie_for(Role.USER)
    form = {"current_password": PASSWORD, "password": "short"}
    answer = await anybody.post(
        "/session/change-password", data=form, headers={"Cookie": f"{cookie_name(SESSION)}={cookie}"}
    )
    told = parse_qs(answer.headers["location"].partition("?")[2])["error"][0]
    assert told == "Password must have 10 to 200 characters, not all alike"


def test_sockets_ask_the_same() -> None:
    """The app's own, and the one pages talk through."""
    for origin, host, is_ours in (
        ("http://evil.com", "evil.com", False),
        ("http://127.0.0.1:8000", "127.0.0.1:8000", True),
        (None, "127.0.0.1:8000", False),
    ):
        headers = [(b"host", host.encode()), *([(b"origin", origin.encode())] if origin else [])]
        socket = WebSocket({"type": "websocket", "headers": headers}, receive=None, send=None)  # type: ignore[arg-type]
        assert same_site(socket) is is_ours
        assert same_origin(origin, {"HTTP_HOST": host}) is is_ours
