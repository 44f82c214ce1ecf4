"""Routes that ask nobody who they are (signing in, recipients' pages, providers' callbacks), by everybody who brings
something: a key of each scope, a person's token or cookie of each role, and those that ended. Each answers as it
answers nobody, and looks no credential up; the few that read one are listed with which, and none reads an API key."""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any
from uuid import UUID

import httpx
import pytest
from fastapi import APIRouter, FastAPI, Request
from fastapi.params import Form
from fastapi.routing import APIRoute
from pydantic import TypeAdapter
from sqlalchemy import event
from sqlalchemy.engine import Engine

from liquor_app.accounts.api_keys import revoke_api_key
from liquor_app.accounts.cookies import SESSION, cookie_name
from liquor_app.accounts.key_areas import SCOPES
from liquor_app.accounts.models import Role
from liquor_app.accounts.permission_table import Permission, needs
from liquor_app.accounts.permissions import SYSTEM
from liquor_app.accounts.sessions import close_session
from liquor_app.accounts.tokens import revoke_access, token_actor
from liquor_app.core.db import transaction
from liquor_app.rest.kit.authentication import bearer_of, session_cookie
from liquor_app.rest.routers import AT_ROOT
from tests.api.client import OURS, Client, signed_in, whole_api
from tests.security.test_enumeration import NOBODYS_ID, asks, key_of, routes
from tests.security.test_generated import Spec
from tests.security.test_streams import cookie_for

pytestmark = pytest.mark.integration

KEY, TOKEN, COOKIE = "key", "token", "cookie"
READS = {
    ("POST", "/auth/logout"): {TOKEN, COOKIE},  # ends that session
    ("POST", "/auth/register"): {TOKEN},  # an admin's adds people
    ("POST", "/session/login"): {COOKIE},  # the session of before ends with the one that is opened
    ("POST", "/session/code"): {COOKIE},
    ("POST", "/session/passkey"): {COOKIE},
    ("POST", "/session/password"): {COOKIE},
    ("POST", "/session/first-admin"): {COOKIE},
    ("POST", "/session/change-password"): {COOKIE},  # these are the person's own
    ("POST", "/session/two-steps"): {COOKIE},
    ("POST", "/session/passkeys"): {COOKIE},
    ("POST", "/session/logout"): {COOKIE},
}
"""What a route may read of who calls. No kind of route may read a key here: whatever takes one asks `current_actor`."""
SAID = {
    "/auth/register": {"email": "eve{n}@example.com", "password": "correct horse battery", "role": "admin"},
    "/auth/login": {"email": "nobody{n}@example.com", "password": "correct horse battery"},
    "/session/login": {"email": "nobody{n}@example.com", "password": "correct horse battery"},
}
"""Bodies that lead further in than those made of the schema."""
TABLES = re.compile(r"\b(api_keys|refresh_tokens|browser_sessions)\b")

RANDOM = re.compile(r"[\w-]{22,}")
"""What differs from answer to answer: challenges, ids, seals."""

Place = tuple[APIRoute, str, str]
AT_THE_ROOT = [route for router in AT_ROOT for route in router.routes]
OPEN = [one for one in routes() if not asks(one[0]) and one[1] != "HEAD"]


@dataclass(frozen=True, slots=True)
class Credential:
    """What somebody brings; `kind` is how it is read."""

    name: str
    kind: str
    headers: dict[str, str]


@contextmanager
def lookups() -> Iterator[set[str]]:
    """Which tables of credentials were asked meanwhile."""
    found = set[str]()

    def note(_conn: Any, _cursor: Any, statement: str, *_: Any) -> None:
        found.update(TABLES.findall(statement))

    event.listen(Engine, "before_cursor_execute", note)
    try:
        yield found
    finally:
        event.remove(Engine, "before_cursor_execute", note)


def body_of(route: APIRoute, number: int) -> dict[str, Any]:
    """A body the route's schema takes, as JSON or as a form."""
    said = SAID.get(route.path)
    if said is not None:
        said = {name: value.format(n=number) for name, value in said.items()}
    fields = route.dependant.body_params
    if any(isinstance(one.field_info, Form) for one in fields):
        return {"data": said or {one.alias: "x" for one in fields}}
    if not fields:
        return {}
    schema = TypeAdapter(fields[0].field_info.annotation).json_schema()
    return {"json": said or Spec(schema).sample(schema)}


_number = iter(range(1, 1 << 24))


async def call(place: Place, headers: dict[str, str]) -> tuple[int, str, set[str]]:
    """Call a route from an address of its own, so that no limit is met: its status, what it says, and which credentials
    it looked up."""
    route, method, path = place
    number = next(_number)
    address = f"10.{number >> 16}.{number >> 8 & 255}.{number & 255}"
    path = path.replace(NOBODYS_ID, str(UUID(int=number)))
    url = path if route in AT_THE_ROOT else f"/api/v1{path}"
    transport = httpx.ASGITransport(whole_api(), raise_app_exceptions=False, client=(address, 1))
    async with httpx.AsyncClient(transport=transport, base_url=OURS) as client:
        with lookups() as found:
            answer = await client.request(method, url, headers={"Origin": OURS, **headers}, **body_of(route, number))
    if answer.headers.get("content-type") == "application/problem+json":
        return answer.status_code, str(answer.json()["code"]), found
    words = RANDOM.sub("", answer.headers.get("location", "") + answer.text)
    return answer.status_code, words, found


@pytest.fixture
async def brought(anybody: Client) -> list[Credential]:
    """A credential of each kind there is."""
    found: list[Credential] = []

    def key(name: str, secret: str) -> None:
        found.append(Credential(f"key {name}", KEY, {"X-API-Key": secret}))
        found.append(Credential(f"key {name} as a token", KEY, {"Authorization": f"Bearer {secret}"}))

    for role in Role:
        key(str(role), (await key_of(anybody, role))[0].headers["X-API-Key"])
        person = await signed_in(anybody, role)
        found.append(Credential(f"token {role}", TOKEN, person.headers))
        _, cookie = await cookie_for(role)
        found.append(Credential(f"cookie {role}", COOKIE, {"Cookie": f"{cookie_name(SESSION)}={cookie}"}))
    for scope in SCOPES:
        secret = (await key_of(anybody, Role.ADMIN, (scope,)))[0].headers["X-API-Key"]
        both = {"X-API-Key": secret, "Authorization": f"Bearer {secret}"}
        found.append(Credential(f"key {scope}", KEY, both))
    ended, ended_id = await key_of(anybody, Role.ADMIN)
    left, (_, closed) = await signed_in(anybody, Role.ADMIN), await cookie_for(Role.ADMIN)
    async with transaction() as session:
        await revoke_api_key(session, SYSTEM, ended_id)
        await revoke_access(session, left.headers["Authorization"].partition(" ")[2])
        await close_session(session, closed)
    key("revoked", ended.headers["X-API-Key"])
    found.append(Credential("token revoked", TOKEN, left.headers))
    found.append(Credential("cookie ended", COOKIE, {"Cookie": f"{cookie_name(SESSION)}={closed}"}))
    return found


async def recognising(places: list[Place], brought: list[Credential]) -> list[str]:
    """What is answered otherwise than to nobody, or looks up what it was brought, and is not listed as reading that.
    Each scope is tried at a quarter of them."""
    wrong = []
    scoped = [one for one in brought if ":" in one.name]
    for number, place in enumerate(places):
        route, method, path = place
        status, words, asked = await call(place, {})
        assert status not in (405, 415), f"{method} {path} is not called as it is meant"
        for one in [*(one for one in brought if one not in scoped), *scoped[number % 4 :: 4]]:
            if one.kind in READS.get((method, route.path), ()):
                continue
            answer = await call(place, one.headers)
            if answer != (status, words, asked):
                wrong.append(f"{method} {path} by {one.name}: {answer}, nobody: {(status, words, asked)}")
    return wrong


async def test_who_is_asked_for_nothing_gains_nothing(brought: list[Credential]) -> None:
    assert len(OPEN) > 35
    assert len(brought) > 40
    assert await recognising(OPEN, brought) == []


async def test_what_is_read_must_be_alive_and_may_do_it(brought: list[Credential]) -> None:
    """Where a token or a cookie is read, one that ended does no more than nothing; only an admin's adds people."""
    reading = [one for one in OPEN if (one[1], one[0].path) in READS]
    for place in sorted(reading, key=lambda one: one[2].endswith("/logout")):
        nobody = (await call(place, {}))[:2]
        for one in [one for one in brought if ":" not in one.name]:
            status, words, asked = await call(place, one.headers)
            assert "api_keys" not in asked, (place, one.name)
            if (place[2], one.name) == ("/auth/register", "token admin"):
                assert (status, '"role":"admin"' in words) == (201, True)
            elif (place[2], one.name) == ("/auth/register", "token revoked"):
                assert (status, words) == (401, "unauthenticated")
            elif place[2] == "/auth/register" or one.name.endswith(("revoked", "ended")):
                assert (status, words) == nobody, (place, one.name)


async def test_a_new_route_that_takes_a_key_is_found(brought: list[Credential]) -> None:
    """Planted: a way to sign in that lets whoever has an admin's key make a person of itself; and one that reads a
    cookie nobody listed."""
    router, planted, whole = APIRouter(), FastAPI(), whole_api()

    @router.post("/api/v1/auth/planted")
    @needs(Permission.ENTER)
    async def by_key(request: Request) -> str:
        async with transaction() as session:
            if bearer := bearer_of(request):
                await token_actor(session, bearer)
        return "in"

    @router.get("/api/v1/auth/peeking")
    @needs(Permission.OWN_LINK)
    async def by_cookie(request: Request) -> str:
        return "known" if session_cookie(request) else "unknown"

    planted.include_router(router)
    before = list(whole.router.routes)
    whole.router.routes[:0] = planted.router.routes[-2:]
    try:
        places = [(one, min(one.methods), one.path.removeprefix("/api/v1")) for one in router.routes]
        found = await recognising(places, brought)
    finally:
        whole.router.routes[:] = before
    for one in brought:
        if ":" in one.name:
            continue  # some of each
        by_bearer = [told for told in found if told.startswith(f"POST /auth/planted by {one.name}:")]
        assert bool(by_bearer) is ("Authorization" in one.headers), one.name
        peeked = [told for told in found if told.startswith(f"GET /auth/peeking by {one.name}:")]
        assert bool(peeked) is (one.kind == COOKIE), one.name
