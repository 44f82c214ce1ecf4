"""Forms of our pages come from our pages, in the shape those send, whatever route takes them."""

from __future__ import annotations

import inspect
import json
import re
from collections.abc import Awaitable, Callable
from datetime import datetime
from typing import Any
from urllib.parse import parse_qs, urlencode, urlsplit

import pytest
from fastapi import FastAPI, Request
from fastapi.routing import APIRoute
from httpx import ASGITransport, AsyncClient, Response
from sqlalchemy import text

from liquor_app.accounts.cookies import CEREMONY, SECOND_STEP, SESSION
from liquor_app.accounts.entry.access_links import make_link
from liquor_app.accounts.entry.second_step import remember_first_step
from liquor_app.accounts.entry.setup_code import current_code
from liquor_app.accounts.models import LinkKind, Role
from liquor_app.accounts.sessions import open_session
from liquor_app.accounts.users import get_user
from liquor_app.api.problems import install
from liquor_app.core.db import transaction
from liquor_app.core.security.sealed_words import if_ours, seal_of
from liquor_app.rest.browser_sign_in import browser
from liquor_app.rest.kit.browser_forms import FORM, form_router, only_our_pages
from liquor_app.rest.routers import AT_ROOT
from liquor_app.screens.session.state import EntryState
from tests.api.client import OURS, PASSWORD, Client, address_of, is_problem
from tests.api.test_passkeys import added, our_device
from tests.api.test_two_steps import clock, code, enrolled, later
from tests.tabs import Tab, run

__all__ = ["clock"]

pytestmark = pytest.mark.integration

FRESH = "tundra oboe kestrel 7"
VIEWER = {"email": address_of(Role.USER), "password": PASSWORD}
FOREIGN: list[dict[str, str]] = [
    {"Origin": "https://evil.example"},
    {"Origin": "http://shop.test.evil.example"},
    {"Origin": "http://shop.test:81"},
    {"Origin": "null"},
    {"Origin": ""},
    {"Sec-Fetch-Site": "cross-site"},
    {"Sec-Fetch-Site": "same-site"},
    {"Origin": OURS, "Sec-Fetch-Site": "cross-site"},
    {"Referer": f"{OURS}/login"},
    {"X-Forwarded-Host": "evil.example", "Origin": "https://evil.example"},
    {},
]
"""The last is a program that says nothing."""

Form = tuple[dict[str, str], dict[str, str]]
"""Cookies and fields."""


async def _viewer_id() -> Any:
    async with transaction() as session:
        found = await session.execute(
            text("SELECT id FROM users WHERE email = :email"), {"email": address_of(Role.USER)}
        )
        return found.scalar_one()


async def _cookie() -> dict[str, str]:
    async with transaction() as session:
        user = await get_user(session, await _viewer_id())
        assert user is not None
        return {SESSION: await open_session(session, user, ip=None, user_agent=None)}


async def _login(viewer: Client, clock: list[datetime]) -> Form:
    return {}, {**VIEWER, "next": "/customers"}


async def _code(viewer: Client, clock: list[datetime]) -> Form:
    secret, _ = await enrolled(viewer, clock)
    async with transaction() as session:
        return {SECOND_STEP: await remember_first_step(session, await _viewer_id())}, {"code": code(secret, clock)}


async def _password(viewer: Client, clock: list[datetime]) -> Form:
    async with transaction() as session:
        return {}, {"token": await make_link(session, await _viewer_id(), LinkKind.RESET), "password": FRESH}


async def _first_admin(viewer: Client, clock: list[datetime]) -> Form:
    async with transaction() as session:
        await session.execute(text("DELETE FROM users"))
        return {}, {"email": "eve@example.com", "password": FRESH, "setup_code": await current_code(session) or ""}


async def _forgotten(viewer: Client, clock: list[datetime]) -> Form:
    return {}, {"email": VIEWER["email"]}


async def _change_password(viewer: Client, clock: list[datetime]) -> Form:
    return await _cookie(), {"current_password": PASSWORD, "password": FRESH}


async def _two_steps(viewer: Client, clock: list[datetime]) -> Form:
    return await _cookie(), {"current_password": PASSWORD}


async def _passkey(viewer: Client, clock: list[datetime]) -> Form:
    device = our_device()
    await added(viewer, device)
    asked = (await viewer.post("/auth/passkeys/begin")).json()["options"]
    return {CEREMONY: viewer.http.cookies[CEREMONY]}, {"credential": json.dumps(device.sign(asked)), "next": "/"}


async def _new_passkey(viewer: Client, clock: list[datetime]) -> Form:
    asked = (await viewer.post("/users/me/passkeys/begin", json={"current_password": PASSWORD})).json()["options"]
    cookies = {CEREMONY: viewer.http.cookies[CEREMONY], **await _cookie()}
    return cookies, {"name": "Laptop", "credential": json.dumps(our_device().make(asked))}


async def _logout(viewer: Client, clock: list[datetime]) -> Form:
    return await _cookie(), {}


GOOD: dict[str, Callable[[Client, list[datetime]], Awaitable[Form]]] = {
    "/session/login": _login,
    "/session/code": _code,
    "/session/password": _password,
    "/session/first-admin": _first_admin,
    "/session/forgotten": _forgotten,
    "/session/change-password": _change_password,
    "/session/two-steps": _two_steps,
    "/session/passkey": _passkey,
    "/session/passkeys": _new_passkey,
    "/session/logout": _logout,
}
ROUTES = [route for route in browser.routes if isinstance(route, APIRoute)]
PATHS = [route.path for route in ROUTES]
_ALL = "SELECT table_name FROM information_schema.tables WHERE table_schema = 'public' AND table_type = 'BASE TABLE'"


async def _everything() -> dict[str, str]:
    """A hash of all that is stored, by table."""
    async with transaction() as session:
        names = (await session.execute(text(_ALL))).scalars().all()
        hashed = "SELECT md5(coalesce(string_agg(CAST(t AS text), '|' ORDER BY CAST(t AS text)), '')) FROM {} t"
        return {name: (await session.execute(text(hashed.format(name)))).scalar_one() for name in names}


async def _send(viewer: Client, path: str, form: Form, headers: dict[str, str], **how: Any) -> Response:
    cookies, fields = form
    viewer.http.cookies.clear()
    cookie = {"Cookie": "; ".join(f"{name}={value}" for name, value in cookies.items())} if cookies else {}
    how = how or {"data": fields}
    return await viewer.http.request(how.pop("method", "POST"), path, headers={**cookie, **headers}, **how)


def test_every_form_is_tried() -> None:
    assert set(PATHS) == set(GOOD), "a new form needs a good one to try here"


@pytest.mark.parametrize("path", PATHS)
async def test_a_foreign_page_changes_nothing(path: str, viewer: Client, clock: list[datetime]) -> None:
    form = await GOOD[path](viewer, clock)
    before = await _everything()
    for headers in FOREIGN:
        answer = await _send(viewer, path, form, headers)
        assert is_problem(answer, 403, "forbidden")["detail"] == "This request came from another site.", headers
        assert "set-cookie" not in answer.headers
    assert await _everything() == before
    answer = await _send(viewer, path, form, {"Origin": OURS, "Sec-Fetch-Site": "same-origin"})
    assert answer.status_code == 303, answer.text
    assert "error=" not in answer.headers["location"]
    assert await _everything() != before, "the same form from a page of ours does something"


@pytest.mark.parametrize("path", PATHS)
async def test_other_shapes_change_nothing(path: str, viewer: Client, clock: list[datetime]) -> None:
    form = await GOOD[path](viewer, clock)
    fields = form[1]
    before = await _everything()
    ours = {"Origin": OURS}
    first = next(iter(fields), "")
    shapes: list[tuple[str, set[int], dict[str, Any]]] = [
        ("JSON", {415}, {"json": fields or {"a": "b"}}),
        ("JSON that says it is text", {415}, {"content": b"{}", "headers": {"content-type": "text/plain"}}),
        ("no type", {415}, {"content": b"a=b"}),
        ("files", {415, 422}, {"files": {first or "a": ("a.txt", b"x")}, "data": fields}),
        ("multipart", {415}, {"files": {name: (None, value) for name, value in (fields or {"a": "b"}).items()}}),
        ("broken multipart", {400, 415}, {"content": b"--x", "headers": {"content-type": "multipart/form-data"}}),
        ("a field more", {422}, {"data": {**fields, "role": "admin"}}),
        ("in the address", {422}, {"data": fields, "params": {"next": "/"}}),
        ("a megabyte", {413}, {"data": {**fields, "next": "x" * 1_100_000}}),
    ]
    for name in fields:
        twice = [*fields.items(), (name, "other")]
        shapes.append(
            (f"{name} twice", {422}, {"content": urlencode(twice).encode(), "headers": {"content-type": FORM}})
        )
        shapes.append((f"{name} too long", {422}, {"data": {**fields, name: "x" * 20_000}}))
        shapes.append((f"{name} unstorable", {422}, {"data": {**fields, name: "\x00"}}))
        others = {one: value for one, value in fields.items() if one != name}
        shapes.append((f"{name}[]", {422}, {"data": {**others, f"{name}[]": fields[name]}}))
    for method in ("GET", "HEAD", "PUT", "PATCH", "DELETE", "OPTIONS"):
        shapes.append((method, {404, 405}, {"method": method, "params": fields}))
    for told, wanted, how in shapes:
        answer = await _send(viewer, path, form, {**ours, **how.pop("headers", {})}, **how)
        assert answer.status_code in wanted, (told, answer.status_code, answer.text)
        assert "set-cookie" not in answer.headers, told
        assert FRESH not in answer.text, told
        assert PASSWORD not in answer.text, told
    assert await _everything() == before


async def test_the_next_form_need_not_ask() -> None:
    """A route somebody adds, which asks nothing."""
    router, done = form_router(), []

    @router.post("/session/next")
    async def add(request: Request) -> None:
        done.append(request.url.path)

    app = FastAPI()
    install(app)
    app.include_router(router)
    async with AsyncClient(transport=ASGITransport(app), base_url=OURS) as client:
        for headers in FOREIGN:
            is_problem(await client.post("/session/next", headers=headers), 403, "forbidden")
        assert done == []
        assert (await client.post("/session/next", headers={"Origin": OURS})).status_code == 200
    assert done == ["/session/next"]


def test_forms_with_a_session_have_the_router() -> None:
    """What is posted outside the API stands in a `form_router`, or knows nobody by a cookie."""
    tried = 0
    for router in AT_ROOT:
        if only_our_pages in {one.dependency for one in router.dependencies}:
            continue
        for route in router.routes:
            if isinstance(route, APIRoute) and route.methods - {"GET", "HEAD"}:
                tried += 1
                source = inspect.getsource(route.endpoint)
                assert not re.search(r"session_cookie|\.cookies|CurrentActor", source), f"{route.path}: use form_router"
                assert not route.path.startswith("/session")
    assert tried > 5


# --- the same once more ---


async def test_what_was_used_is_used_up(viewer: Client, clock: list[datetime]) -> None:
    ours = {"Origin": OURS}
    for path, says in (
        ("/session/passkey", "not accepted"),
        ("/session/code", "wrong"),
        ("/session/password", "link was used"),
    ):
        form = await GOOD[path](viewer, clock)
        first = await _send(viewer, path, form, ours)
        assert first.status_code == 303
        assert "error=" not in first.headers["location"]
        before = await _sessions()
        again = await _send(viewer, path, form, ours)
        assert says in parse_qs(urlsplit(again.headers["location"]).query)["error"][0]
        assert "set-cookie" not in again.headers
        assert await _sessions() == before
        later(clock)


async def test_a_session_that_ended_changes_nothing(viewer: Client, clock: list[datetime]) -> None:
    ours = {"Origin": OURS}
    cookies, _ = await GOOD["/session/logout"](viewer, clock)
    assert SESSION in (await _send(viewer, "/session/logout", (cookies, {}), ours)).headers["set-cookie"]
    before = await _everything()
    for path, fields in (
        ("/session/change-password", {"current_password": PASSWORD, "password": FRESH}),
        ("/session/two-steps", {"current_password": PASSWORD}),
        ("/session/passkeys", {"name": "Laptop", "credential": "{}"}),
        ("/session/two-steps", {"current_password": PASSWORD, "off": "yes"}),
        ("/session/logout", {}),
    ):
        answer = await _send(viewer, path, (cookies, fields), ours)
        assert answer.headers["location"].startswith("/login")
    assert await _everything() == before


async def _sessions() -> int:
    async with transaction() as session:
        return int((await session.execute(text("SELECT count(*) FROM browser_sessions"))).scalar_one())


# --- where one is led, and what one is told there ---


@pytest.mark.parametrize(
    "target",
    [
        "//evil.example", "https://evil.example", "/\\evil.example", "\\\\evil.example", "/\t/evil.example",
        "/\r/evil.example", "/\n/evil.example", "javascript:alert(1)", "evil.example", "", "\t//evil.example",
        "/\x7f/evil.example", "/\u2028/evil.example",
    ],
)  # fmt: skip
async def test_signing_in_leads_to_no_other_host(target: str, viewer: Client) -> None:
    answer = await _send(viewer, "/session/login", ({}, {**VIEWER, "next": target}), {"Origin": OURS})
    assert answer.headers["location"] == "/"
    wrong = {**VIEWER, "password": "not this one", "next": target}
    answer = await _send(viewer, "/session/login", ({}, wrong), {"Origin": OURS})
    assert parse_qs(urlsplit(answer.headers["location"]).query)["next"] == ["/"]


async def test_our_pages_say_only_what_we_wrote(viewer: Client) -> None:
    """A link somebody was sent does not put words into the mouth of the sign-in page."""
    answer = await _send(viewer, "/session/login", ({}, {**VIEWER, "password": "not this one"}), {"Origin": OURS})
    there = answer.headers["location"]
    given = {name: values[0] for name, values in parse_qs(urlsplit(there).query).items()}
    assert given["error"]
    for address, shown in (
        (there, given["error"]),
        ("/login?error=Call+555+0100", ""),
        (f"/login?error=Call+555+0100&seal={given['seal']}", ""),
        ("/login?error=Call+555+0100&seal=", ""),
        ("/login?error=Call+555+0100&seal=%C3%A9", ""),
    ):
        state = await Tab(address, None).state(EntryState)
        await run(EntryState.load, state)
        assert state.error == shown


@pytest.mark.parametrize("seal", ["", "x", "é", "====", "A" * 22, "A" * 5000])
def test_a_made_up_seal_is_none(seal: str) -> None:
    assert if_ours("Call 555 0100", seal) == ""
    assert if_ours("Wrong.", seal_of("Wrong.")) == "Wrong."
    assert if_ours("Wrong. Call 555 0100", seal_of("Wrong.")) == ""
