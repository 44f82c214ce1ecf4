"""The people of the shop over HTTP: asked in, changed, let go; and keys for programs."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime
from typing import Any
from urllib.parse import parse_qs, urlsplit
from uuid import UUID

import pytest
from sqlalchemy import text

from liquor_app.accounts.cookies import SESSION
from liquor_app.accounts.key_areas import clean_areas
from liquor_app.accounts.models import Role
from liquor_app.accounts.sessions import OpenSession, SessionKind
from liquor_app.accounts.tokens import refresh_tokens
from liquor_app.core.db import transaction
from liquor_app.core.errors import Invalid
from liquor_app.screens.accounts.profile.state import device_words
from tests.api.client import NOT_TAKEN, PASSWORD, Client, is_problem, signed_in

pytestmark = pytest.mark.integration

FRESH = "tundra oboe kestrel 7"


def token_of(link: str) -> str:
    return parse_qs(urlsplit(link).query)["token"][0]


async def id_of(admin: Client, email: str) -> str:
    found = await admin.get(f"/users?search={email}")
    return str(found.json()["items"][0]["id"])


async def audited(action: str) -> list[dict[str, Any]]:
    async with transaction() as session:
        found = await session.execute(
            text("SELECT actor_name, entity_id, changes FROM audit_log WHERE action = :action ORDER BY at"),
            {"action": action},
        )
        return [dict(row) for row in found.mappings()]


async def test_somebody_is_asked_in_and_chooses_a_password(admin: Client, anybody: Client) -> None:
    made = await admin.post("/users", json={"email": "Nia@Example.com", "full_name": "Nia", "role": "manager"})
    assert made.status_code == 201
    assert made.json()["user"]["email"] == "nia@example.com"
    token = token_of(made.json()["link"])
    row = (await admin.get("/users?status=invited")).json()["items"]
    assert [(one["email"], one["status"], one["has_two_steps"]) for one in row] == [
        ("nia@example.com", "invited", False)
    ]
    for guess in ("", PASSWORD):
        is_problem(
            await anybody.post("/auth/login", json={"email": "nia@example.com", "password": guess}),
            401, "unauthenticated",
        )  # fmt: skip
    is_problem(
        await anybody.post("/auth/password", json={"token": token, "password": "password1234"}),
        422, "rule.value", "password",
    )  # fmt: skip
    chosen = await anybody.post("/auth/password", json={"token": token, "password": FRESH, "full_name": "Nia Ward"})
    assert (chosen.status_code, chosen.json()["full_name"]) == (200, "Nia Ward")
    again = await anybody.post("/auth/password", json={"token": token, "password": "kestrel oboe tundra 8"})
    is_problem(again, 422, "rule.value", "token")
    assert (await anybody.post("/auth/login", json={"email": "nia@example.com", "password": FRESH})).status_code == 200
    assert len(await audited("user.joined")) == 1
    async with transaction() as session:
        kept = await session.execute(text("SELECT token_hash FROM access_links"))
        assert kept.scalars().all() == []
        everything = await session.execute(text("SELECT string_agg(CAST(a AS text), '') FROM audit_log a"))
        assert token not in everything.scalar_one()


async def test_of_two_who_use_a_link_at_one_moment_one_does(admin: Client, anybody: Client) -> None:
    made = await admin.post("/users", json={"email": "nia@example.com"})
    token = token_of(made.json()["link"])
    answers = await asyncio.gather(
        *(
            anybody.post("/auth/password", json={"token": token, "password": f"tundra oboe kestrel {n}"})
            for n in range(4)
        )
    )
    assert sorted(answer.status_code for answer in answers) == [200, 422, 422, 422]


async def test_links_end(admin: Client, anybody: Client) -> None:
    viewer = await id_of(admin, "user@example.com")
    first = token_of((await admin.post(f"/users/{viewer}/link")).json()["link"])
    second = token_of((await admin.post(f"/users/{viewer}/link")).json()["link"])
    is_problem(
        await anybody.post("/auth/password", json={"token": first, "password": FRESH}), 422, "rule.value", "token"
    )
    async with transaction() as session:
        await session.execute(text("UPDATE access_links SET expires_at = now() - interval '1 second'"))
    is_problem(
        await anybody.post("/auth/password", json={"token": second, "password": FRESH}), 422, "rule.value", "token"
    )
    third = token_of((await admin.post(f"/users/{viewer}/link")).json()["link"])
    assert (await admin.patch(f"/users/{viewer}", json={"is_active": False})).status_code == 200
    is_problem(
        await anybody.post("/auth/password", json={"token": third, "password": FRESH}), 422, "rule.value", "token"
    )
    is_problem(await admin.post(f"/users/{viewer}/link"), 409, "rule.state")
    refused = await anybody.post("/auth/login", json={"email": "user@example.com", "password": PASSWORD})
    is_problem(refused, 401, "unauthenticated")


async def test_a_password_stays_until_another_was_chosen(admin: Client, anybody: Client) -> None:
    viewer = await id_of(admin, "user@example.com")
    old = await signed_in(anybody, Role.USER)
    token = token_of((await admin.post(f"/users/{viewer}/link")).json()["link"])
    assert (await old.get("/users/me")).status_code == 200
    assert (await anybody.post("/auth/password", json={"token": token, "password": FRESH})).status_code == 200
    is_problem(await old.get("/users/me"), 401, "unauthenticated")


async def test_the_last_admin_stays(admin: Client, anybody: Client) -> None:
    boss, viewer = await id_of(admin, "admin@example.com"), await id_of(admin, "user@example.com")
    for change in ({"role": "user"}, {"is_active": False}):
        is_problem(await admin.patch(f"/users/{boss}", json=change), 409, "rule.state")
    # a second admin who never chose a password cannot sign in, and does not count
    await admin.post("/users", json={"email": "nia@example.com", "role": "admin"})
    assert (await admin.patch(f"/users/{viewer}", json={"role": "admin"})).status_code == 200
    second = await signed_in(anybody, Role.USER)
    # two admins demote each other at one moment
    answers = await asyncio.gather(
        admin.patch(f"/users/{viewer}", json={"role": "user"}), second.patch(f"/users/{boss}", json={"role": "user"})
    )
    assert sorted(answer.status_code for answer in answers) in ([200, 403], [200, 409])
    async with transaction() as session:
        left = await session.execute(
            text("SELECT count(*) FROM users WHERE role = 'admin' AND is_active AND password_hash <> ''")
        )
        assert left.scalar_one() == 1


async def test_let_go_somebody_is_out_at_once(admin: Client, anybody: Client) -> None:
    user = await id_of(admin, "manager@example.com")
    theirs = await signed_in(anybody, Role.MANAGER)
    assert (await theirs.get("/customers")).status_code == 200
    assert (await admin.patch(f"/users/{user}", json={"is_active": False})).status_code == 200
    is_problem(await theirs.get("/customers"), 401, "unauthenticated")
    assert (await admin.patch(f"/users/{user}", json={"is_active": True})).status_code == 200
    is_problem(await theirs.get("/customers"), 401, "unauthenticated")
    (first, _) = await audited("user.changed")
    assert first["changes"]["is_active"] == [True, False]
    theirs = await signed_in(anybody, Role.MANAGER)
    assert (await admin.post(f"/users/{user}/sign-out")).status_code == 204
    is_problem(await theirs.get("/customers"), 401, "unauthenticated")


async def test_only_admins_manage_people_and_keys(manager: Client, viewer: Client, admin: Client) -> None:
    boss = await id_of(admin, "admin@example.com")
    for client in (manager, viewer):
        for method, path, body in (
            ("GET", "/users", None), ("GET", "/users/export", None), ("POST", "/users", {"email": "x@example.com"}),
            ("PATCH", f"/users/{boss}", {"role": "user"}), ("POST", f"/users/{boss}/link", None),
            ("POST", f"/users/{boss}/sign-out", None), ("POST", f"/users/{boss}/two-steps/off", None),
            ("GET", "/api-keys", None), ("POST", "/api-keys", {"name": "x"}), ("DELETE", f"/api-keys/{boss}", None),
        ):  # fmt: skip
            is_problem(await client.call(method, path, json=body), 403, "forbidden")
    assert (await admin.get("/users")).json()["total"] == 3


async def test_a_forgotten_password_tells_nothing_to_strangers(admin: Client, anybody: Client) -> None:
    """While e-mail stays in the house, where managers read it, an admin is told and hands the link over."""
    answers = [await anybody.post("/auth/forgotten", json={"email": email}) for email in
               ("user@example.com", "nobody@example.com", "USER@example.com", "' OR 1=1 --")]  # fmt: skip
    assert {(answer.status_code, answer.text) for answer in answers} == {(202, "")}
    async with transaction() as session:
        told = await session.execute(
            text("SELECT u.email, n.body FROM notifications n JOIN users u ON u.id = n.user_id")
        )
        assert told.all() == [
            (
                "admin@example.com",
                "user@example.com asks for a new password. If it is them who ask, give them a new link.",
            )
        ]
        assert (await session.execute(text("SELECT count(*) FROM access_links"))).scalar_one() == 0
    for _ in range(2):
        answer = await anybody.post("/auth/forgotten", json={"email": "user@example.com"})
    is_problem(answer, 429, "too_many_requests")


# --- keys ---


async def test_a_key_is_shown_once_used_and_revoked(admin: Client, anybody: Client) -> None:
    made = await admin.post("/api-keys", json={"name": "till", "role": "manager", "days": 30})
    key = made.json()["key"]
    listed = (await admin.get("/api-keys")).json()["items"]
    assert key not in str(listed)
    (row,) = listed
    assert (row["name"], row["status"], row["last_used_at"], key.startswith(row["prefix"])) == (
        "till",
        "good",
        None,
        True,
    )
    assert (await anybody.get("/customers", headers={"X-API-Key": key})).status_code == 200
    assert (await admin.get("/api-keys")).json()["items"][0]["last_used_at"] is not None
    assert (await admin.delete(f"/api-keys/{row['id']}")).status_code == 204
    is_problem(await anybody.get("/customers", headers={"X-API-Key": key}), 401, "unauthenticated")
    is_problem(await admin.delete(f"/api-keys/{row['id']}"), 404, "not_found")
    assert (await admin.get("/api-keys?status=revoked")).json()["total"] == 1
    short = (await admin.post("/api-keys", json={"name": "short", "days": 1})).json()["key"]
    async with transaction() as session:
        await session.execute(text("UPDATE api_keys SET expires_at = now() WHERE name = 'short'"))
    is_problem(await anybody.get("/customers", headers={"X-API-Key": short}), 401, "unauthenticated")


@pytest.mark.parametrize(
    ("wrong", "field"),
    [({"name": "  "}, "name"), ({"areas": ["customers"]}, "areas"), ({"areas": ["all:write"]}, "areas"),
     ({"areas": ["purchases:admin"]}, "areas"), ({"days": 0}, "days"), ({"days": 9999}, "days")],
)  # fmt: skip
async def test_a_key_that_makes_no_sense(admin: Client, wrong: dict[str, Any], field: str) -> None:
    is_problem(await admin.post("/api-keys", json={"name": "x", **wrong}), 422, NOT_TAKEN, field)


def test_areas_are_kept_once() -> None:
    assert clean_areas(["customers:read", "purchases:write", "customers:read"]) == ["customers:read", "purchases:write"]
    assert clean_areas(["customers:read", "customers:write"]) == ["customers:write"], "who may write may read"
    with pytest.raises(Invalid, match="customers:write, customers:admin"):
        clean_areas(["nothing:read"])


async def test_a_key_for_one_area_listens_to_no_other(admin: Client, anybody: Client) -> None:
    key = (await admin.post("/api-keys", json={"name": "x", "areas": ["purchases:write"]})).json()["key"]
    program = Client(anybody.http, {"X-API-Key": key})
    is_problem(await program.get("/analytics/dashboard"), 403, "forbidden")
    refused = await audited("access.refused")
    assert [row["changes"]["what"] for row in refused] == ["GET /analytics/dashboard"]


# --- the second step ---


async def test_browsers_one_is_signed_in_on(anybody: Client) -> None:
    form = {"email": "user@example.com", "password": PASSWORD}
    tabs = []
    for agent in ("Firefox/1 Windows", "Safari/1 iPhone"):
        answer = await anybody.post("/session/login", data=form, headers={"User-Agent": agent})
        tabs.append(
            Client(anybody.http, {"Cookie": f"{SESSION}={answer.cookies[SESSION]}", "Origin": "http://shop.test"})
        )
        anybody.http.cookies.clear()
    found = (await tabs[0].get("/users/me/sessions")).json()["items"]
    assert sorted((one["user_agent"], one["is_this"]) for one in found) == [
        ("Firefox/1 Windows", True), ("Safari/1 iPhone", False)
    ]  # fmt: skip
    other = next(one["id"] for one in found if not one["is_this"])
    stranger = await signed_in(anybody, Role.MANAGER)
    is_problem(await stranger.delete(f"/users/me/sessions/{other}"), 404, "not_found")
    assert (await tabs[0].delete(f"/users/me/sessions/{other}")).status_code == 204
    is_problem(await tabs[1].get("/users/me"), 401, "unauthenticated")
    assert (await tabs[0].get("/users/me")).status_code == 200


async def let_in(anybody: Client, agent: str) -> tuple[Client, str]:
    """A program somebody signed in with: its client, and its refresh token."""
    who = {"email": "user@example.com", "password": PASSWORD}
    pair = (await anybody.post("/auth/login", json=who, headers={"User-Agent": agent})).json()
    return Client(anybody.http, {"Authorization": f"Bearer {pair['access_token']}"}), pair["refresh_token"]


async def test_programs_one_is_signed_in_on_are_seen_and_ended(
    viewer: Client, anybody: Client, manager: Client, admin: Client
) -> None:
    """A refresh token lives for 30 days: whoever stole one is seen, and sent away alone."""
    till, refresh = await let_in(anybody, "till/2.1")
    other, stolen = await let_in(anybody, "curl/8")
    form = {"email": "user@example.com", "password": PASSWORD}
    answer = await anybody.post("/session/login", data=form, headers={"User-Agent": "Firefox/1 Windows"})
    cookie = {"Cookie": f"{SESSION}={answer.cookies[SESSION]}", "Origin": "http://shop.test"}
    anybody.http.cookies.clear()
    tab = Client(anybody.http, cookie)
    renewed = await anybody.post("/auth/refresh", json={"refresh_token": stolen}, headers={"User-Agent": "wget/1"})
    stolen = renewed.json()["refresh_token"]

    def told(rows: list[dict[str, Any]]) -> list[tuple[str, str, bool]]:
        return sorted((one["kind"], one["user_agent"] or "", one["is_this"]) for one in rows)

    seen = (await till.get("/users/me/sessions")).json()["items"]
    assert told(seen) == [
        ("browser", "Firefox/1 Windows", False), ("tokens", "", False), ("tokens", "till/2.1", True),
        ("tokens", "wget/1", False),
    ]  # fmt: skip
    assert all(one["ip"] for one in seen if one["user_agent"])
    thief = next(one for one in seen if one["user_agent"] == "wget/1")
    assert thief["created_at"] < thief["last_seen_at"], "renewed since"
    path = f"/users/me/sessions/{thief['id']}"
    for method in ("GET", "DELETE"):
        is_problem(await manager.call(method, path), 404, "not_found")
    one = await tab.get(path)
    assert (one.status_code, one.json()["is_this"]) == (200, False)
    assert (await tab.delete(path, headers={"If-Match": one.headers["etag"]})).status_code == 204
    is_problem(await other.get("/users/me"), 401, "unauthenticated")
    is_problem(await anybody.post("/auth/refresh", json={"refresh_token": stolen}), 401, "unauthenticated")
    is_problem(await tab.delete(path), 404, "not_found")
    assert (await till.get("/users/me")).status_code == 200

    assert (await tab.post("/users/me/sessions/end-others")).json() == {"ended": 2}
    is_problem(await till.get("/users/me"), 401, "unauthenticated")
    is_problem(await viewer.get("/users/me"), 401, "unauthenticated")
    is_problem(await anybody.post("/auth/refresh", json={"refresh_token": refresh}), 401, "unauthenticated")
    assert told((await tab.get("/users/me/sessions")).json()["items"]) == [("browser", "Firefox/1 Windows", True)]
    assert (await manager.get("/users/me")).status_code == 200
    again, _ = await let_in(anybody, "till/2.1")
    assert (await again.post("/users/me/sessions/end-others")).json() == {"ended": 1}
    is_problem(await tab.get("/users/me"), 401, "unauthenticated")
    assert [one["changes"] for one in await audited("session.closed")] == [{"tokens": thief["id"]}]
    assert [one["changes"] for one in await audited("session.others_closed")] == [
        {"browsers": 0, "tokens": 2}, {"browsers": 1, "tokens": 0},
    ]  # fmt: skip
    who = (await admin.get("/users?search=user@example.com")).json()["items"][0]["id"]
    assert (await admin.post(f"/users/{who}/sign-out")).status_code == 204
    is_problem(await again.get("/users/me"), 401, "unauthenticated")


async def test_a_session_ended_while_it_is_renewed_is_over(anybody: Client) -> None:
    """The renewed token is written by a transaction that ending does not see yet: it must not outlive its session."""
    for how in ("one", "others", "logout", "reuse", "sign-out"):
        renewing, refresh = await let_in(anybody, "till/2.1")
        tab, _ = await let_in(anybody, "other/1")
        seen = (await tab.get("/users/me/sessions")).json()["items"]
        session_id = next(one["id"] for one in seen if one["user_agent"] == "till/2.1")
        boss = await signed_in(anybody, Role.ADMIN)
        who = await id_of(boss, "user@example.com")
        ways = {
            "one": lambda tab=tab, of=session_id: tab.delete(f"/users/me/sessions/{of}"),
            "others": lambda tab=tab: tab.post("/users/me/sessions/end-others"),
            "logout": lambda by=renewing: by.post("/auth/logout"),
            "reuse": lambda token=refresh: anybody.post("/auth/refresh", json={"refresh_token": token}),
            "sign-out": lambda boss=boss, who=who: boss.post(f"/users/{who}/sign-out"),
        }
        async with transaction() as session:
            pair = await refresh_tokens(session, refresh)
            assert pair is not None
            await session.flush()
            ending = asyncio.create_task(ways[how]())
            await asyncio.sleep(0.5)  # it stands before the row that is being renewed
        assert (await ending).status_code in {200, 204, 401}, how
        is_problem(
            await anybody.post("/auth/refresh", json={"refresh_token": pair.refresh_token}), 401, "unauthenticated"
        )
        is_problem(await renewing.get("/users/me"), 401, "unauthenticated")


def test_what_a_session_is_known_by() -> None:
    at = datetime(2026, 3, 1, tzinfo=UTC)

    def words(kind: SessionKind, agent: str | None) -> str:
        return device_words(OpenSession(UUID(int=1), kind, None, agent, at, at, False))

    assert words(SessionKind.BROWSER, "Mozilla/5.0 (Windows NT 10.0) Firefox/130.0") == "Firefox on Windows"
    assert words(SessionKind.TOKENS, "python-httpx/0.28") == "A program (python-httpx)"
    for odd in (None, "", "<b>you won</b>", "x" * 300, "\u202eabc"):
        assert words(SessionKind.TOKENS, odd) == "A program"
