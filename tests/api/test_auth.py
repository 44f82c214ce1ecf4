"""Who gets in, and how far."""

from __future__ import annotations

import asyncio
from uuid import UUID

import httpx
import pytest
from sqlalchemy import text

from liquor_app.accounts.api_keys import create_api_key
from liquor_app.accounts.cookies import SESSION
from liquor_app.accounts.entry.setup_code import current_code
from liquor_app.accounts.entry.sign_in import Verdict, hold_granted
from liquor_app.accounts.models import Role
from liquor_app.accounts.permissions import SYSTEM
from liquor_app.accounts.sessions import open_session, session_actor
from liquor_app.accounts.users import UserRow, get_user
from liquor_app.core.db import Session, transaction
from liquor_app.rest import accounts, browser_sign_in
from tests.api.client import PASSWORD, Client, is_problem, signed_in

pytestmark = pytest.mark.integration


async def test_the_first_user_becomes_admin_and_nobody_else(http: httpx.AsyncClient) -> None:
    client = Client(http, {})
    async with transaction() as session:
        code = await current_code(session)
    person = {"email": "A@Example.com", "password": PASSWORD, "setup_code": code}
    first = await client.post("/auth/register", json=person)
    assert (first.status_code, first.json()["role"], first.json()["email"]) == (201, "admin", "a@example.com")
    assert "password" not in first.text
    is_problem(await client.post("/auth/register", json={**person, "email": "b@example.com"}), 403, "forbidden")


async def test_sign_in_gives_tokens_that_open_the_api(anybody: Client) -> None:
    answer = await anybody.post("/auth/login", json={"email": "MANAGER@example.com", "password": PASSWORD})
    assert set(answer.json()) == {"access_token", "refresh_token", "token_type", "expires_in"}
    assert (answer.json()["token_type"], answer.json()["expires_in"]) == ("bearer", 900)
    me = await anybody.get("/users/me", headers={"Authorization": f"Bearer {answer.json()['access_token']}"})
    assert (me.status_code, me.json()["role"]) == (200, "manager")


@pytest.mark.parametrize(
    "headers", [{}, {"Authorization": "Bearer nonsense"}, {"Authorization": "Basic YTpi"}, {"X-API-Key": "lk_nobody"}]
)
async def test_nobody_known_gets_nothing(anybody: Client, headers: dict[str, str]) -> None:
    answer = await anybody.get("/customers", headers=headers)
    is_problem(answer, 401, "unauthenticated")
    assert answer.headers["www-authenticate"] == "Bearer"


async def test_a_refresh_token_works_once_and_its_reuse_ends_the_family(anybody: Client) -> None:
    first = (await anybody.post("/auth/login", json={"email": "user@example.com", "password": PASSWORD})).json()
    second = (await anybody.post("/auth/refresh", json={"refresh_token": first["refresh_token"]})).json()
    assert second["refresh_token"] != first["refresh_token"]
    is_problem(
        await anybody.post("/auth/refresh", json={"refresh_token": first["refresh_token"]}), 401, "unauthenticated"
    )
    is_problem(
        await anybody.post("/auth/refresh", json={"refresh_token": second["refresh_token"]}), 401, "unauthenticated"
    )


async def test_signing_out_ends_the_refresh_token(anybody: Client) -> None:
    tokens = (await anybody.post("/auth/login", json={"email": "user@example.com", "password": PASSWORD})).json()
    out = await anybody.post("/auth/logout", json={"refresh_token": tokens["refresh_token"]})
    assert out.status_code == 204
    is_problem(
        await anybody.post("/auth/refresh", json={"refresh_token": tokens["refresh_token"]}), 401, "unauthenticated"
    )


async def test_unknown_addresses_and_wrong_passwords_look_alike(anybody: Client) -> None:
    unknown = await anybody.post("/auth/login", json={"email": "nobody@example.com", "password": PASSWORD})
    wrong = await anybody.post("/auth/login", json={"email": "user@example.com", "password": "wrong wrong"})
    assert unknown.json() == wrong.json()


async def test_roles(viewer: Client, manager: Client, admin: Client) -> None:
    new = {"email": "new@example.com"}
    is_problem(await viewer.post("/customers", json=new), 403, "forbidden")
    assert (await manager.post("/customers", json=new)).status_code == 201
    assert (await viewer.get("/customers")).json()["total"] == 1
    patch = {"minimum_age": 22}
    is_problem(await manager.patch("/settings/compliance", json=patch), 403, "forbidden")
    assert (await admin.patch("/settings/compliance", json=patch)).status_code == 200
    is_problem(await viewer.get("/imports"), 403, "forbidden")
    added = {"email": "second@example.com", "password": PASSWORD, "role": "manager"}
    is_problem(await manager.post("/auth/register", json=added), 403, "forbidden")
    assert (await admin.post("/auth/register", json=added)).json()["role"] == "manager"


async def test_no_key_adds_a_user_past_its_areas(anybody: Client) -> None:
    """Before, any key of an admin's role made itself an admin with a password here, whatever it was good for."""
    async with transaction() as session:
        keys = [
            await create_api_key(session, SYSTEM, name=f"key {nth}", role=Role.ADMIN, areas=areas)
            for nth, areas in enumerate((["events:write"], ["purchases:write"], []))
        ]
    eve = {"email": "eve@example.com", "password": PASSWORD, "role": "admin"}
    for secret in keys:
        for headers in ({"Authorization": f"Bearer {secret}"}, {"X-API-Key": secret}):
            answer = await anybody.post("/auth/register", json=eve, headers=headers)
            assert answer.status_code in (401, 403), answer.text
    async with transaction() as session:
        found = await session.execute(text("SELECT count(*) FROM users WHERE email = 'eve@example.com'"))
        assert found.scalar_one() == 0


async def test_api_keys_act_with_their_own_role(anybody: Client) -> None:
    async with transaction() as session:
        key = await create_api_key(session, SYSTEM, name="till", role=Role.USER)
    headers = {"X-API-Key": key}
    assert (await anybody.get("/customers", headers=headers)).status_code == 200
    is_problem(await anybody.post("/customers", json={"phone": "2075550101"}, headers=headers), 403, "forbidden")
    is_problem(await anybody.get("/users/me", headers=headers), 403, "forbidden")


async def test_a_cookie_writes_only_from_our_own_pages(anybody: Client) -> None:
    signed = await anybody.post(
        "/session/login", data={"email": "manager@example.com", "password": PASSWORD, "next": "//evil.test"}
    )
    assert (signed.status_code, signed.headers["location"]) == (303, "/")
    cookie = signed.headers["set-cookie"]
    assert "HttpOnly" in cookie
    assert "SameSite=lax" in cookie
    browser = Client(anybody.http, {"Cookie": f"{SESSION}={signed.cookies[SESSION]}"})
    anybody.http.cookies.clear()
    ours = {"Origin": "http://shop.test"}
    assert (await browser.post("/customers", json={"phone": "2075550101"}, headers=ours)).status_code == 201
    for foreign in ({"Origin": "https://evil.test"}, {"Sec-Fetch-Site": "cross-site"}):
        answer = await browser.post("/customers", json={"phone": "2075550102"}, headers=foreign)
        is_problem(answer, 403, "forbidden")
    assert (await browser.get("/customers")).json()["total"] == 1
    is_problem(await anybody.post("/session/login", data={"email": "a", "password": "b"},
                                  headers={"Origin": "https://evil.test"}), 403, "forbidden")  # fmt: skip


async def test_a_password_is_changed_with_the_old_one_and_ends_other_sessions(anybody: Client) -> None:
    client = await signed_in(anybody, Role.USER)
    fresh = "another good phrase"
    wrong = await client.patch("/users/me", json={"password": fresh, "current_password": "wrong"})
    is_problem(wrong, 422, "rule.value", "current_password")
    changed = await client.patch("/users/me", json={"password": fresh, "current_password": PASSWORD, "full_name": "Vi"})
    assert changed.json()["full_name"] == "Vi"
    is_problem(await client.get("/users/me"), 401, "unauthenticated")
    again = await anybody.post("/auth/login", json={"email": "user@example.com", "password": fresh})
    assert again.status_code == 200


@pytest.mark.parametrize("door", ["/auth/login", "/session/login"])
async def test_a_password_changed_between_its_check_and_the_session_opens_nothing(
    anybody: Client, monkeypatch: pytest.MonkeyPatch, door: str
) -> None:
    """They are two transactions: what the change ended did not have the session that was only about to be."""
    owner = await signed_in(anybody, Role.USER)

    async def changed_first(session: Session, verdict: Verdict) -> UserRow:
        async with transaction() as other:
            await other.execute(text("UPDATE users SET password_hash = 'another' WHERE email = 'user@example.com'"))
        return await hold_granted(session, verdict)

    monkeypatch.setattr(accounts, "hold_granted", changed_first)
    monkeypatch.setattr(browser_sign_in, "hold_granted", changed_first)
    who = {"email": "user@example.com", "password": PASSWORD}
    answer = await anybody.post(door, **({"json": who} if door == "/auth/login" else {"data": who}))
    if door == "/auth/login":
        is_problem(answer, 401, "unauthenticated")
    else:
        assert answer.headers["location"].startswith("/login?")
        assert "session" not in answer.headers.get("set-cookie", "")
    async with transaction() as session:
        opened = await session.execute(
            text("SELECT (SELECT count(*) FROM browser_sessions) + (SELECT count(*) FROM refresh_tokens)")
        )
        assert opened.scalar_one() == 1, "the owner's own"
    assert owner.headers


async def test_a_change_of_the_password_waits_for_a_session_that_is_being_opened(anybody: Client) -> None:
    owner = await signed_in(anybody, Role.USER)
    async with transaction() as session:
        user = await get_user(session, UUID((await owner.get("/users/me")).json()["id"]))
        assert user is not None
        stored = await session.scalar(text("SELECT password_hash FROM users WHERE id = :id"), {"id": user.id})
        await hold_granted(session, Verdict(user, stored=stored))
        fresh = {"password": "another good phrase", "current_password": PASSWORD}
        changing = asyncio.create_task(owner.patch("/users/me", json=fresh))
        cookie = await open_session(session, user, ip=None, user_agent="late")
        await asyncio.sleep(1)
        assert not changing.done()
    assert (await changing).status_code == 200
    async with transaction() as session:
        assert await session_actor(session, cookie) is None, "ended with all others"
