"""The second step of signing in: set up, asked for, used once, lost."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

import pyotp
import pytest
from sqlalchemy import text

from liquor_app.accounts.cookies import SECOND_STEP, SESSION
from liquor_app.accounts.entry import two_steps
from liquor_app.accounts.entry.two_steps import matching_step
from liquor_app.accounts.models import Role, User
from liquor_app.accounts.sessions import open_session, session_actor
from liquor_app.accounts.tokens import actor_again
from liquor_app.accounts.users import get_user
from liquor_app.core.clock import now
from liquor_app.core.db import transaction
from liquor_app.ui.forms.field_labels import in_labels
from tests.api.client import PASSWORD, Client, is_problem, signed_in
from tests.api.test_passkeys import added, our_device

pytestmark = pytest.mark.integration

WHO = {"email": "user@example.com", "password": PASSWORD}


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> list[datetime]:
    """The moment the codes are of, in the middle of a step: a test never waits for the next one."""
    moment = [now().replace(second=15, microsecond=0)]
    monkeypatch.setattr(two_steps, "now", lambda: moment[0])
    return moment


def later(clock: list[datetime], steps: int = 1) -> None:
    clock[0] += timedelta(seconds=30 * steps)


def code(secret: str, clock: list[datetime]) -> str:
    return pyotp.TOTP(secret).at(clock[0])


async def enrolled(viewer: Client, clock: list[datetime]) -> tuple[str, list[str]]:
    begun = await viewer.post("/users/me/two-steps", json={"current_password": PASSWORD})
    assert begun.status_code == 201, begun.text
    secret = begun.json()["secret"]
    assert begun.json()["address"].startswith("otpauth://totp/Liquor%20Marketing:user%40example.com?secret=")
    done = await viewer.post("/users/me/two-steps/confirm", json={"code": code(secret, clock)})
    assert done.status_code == 200, done.text
    later(clock)
    return secret, done.json()["codes"]


async def test_a_code_is_asked_for_after_the_password_and_is_good_once(
    viewer: Client, anybody: Client, clock: list[datetime]
) -> None:
    secret, recovery = await enrolled(viewer, clock)
    assert (await viewer.get("/users/me/two-steps")).json() == {
        "is_on": True, "recovery_left": 10, "is_asked_for": False,
    }  # fmt: skip
    is_problem(await anybody.post("/auth/login", json=WHO), 401, "code_needed", "code")
    wrong = {"email": "user@example.com", "password": "wrong wrong wrong", "code": code(secret, clock)}
    is_problem(await anybody.post("/auth/login", json=wrong), 401, "unauthenticated")
    good = code(secret, clock)
    assert (await anybody.post("/auth/login", json={**WHO, "code": good})).status_code == 200
    is_problem(await anybody.post("/auth/login", json={**WHO, "code": good}), 401, "unauthenticated")
    later(clock)
    assert (await anybody.post("/auth/login", json={**WHO, "code": code(secret, clock)})).status_code == 200
    one = recovery[3].upper().replace("-", " ")
    assert (await anybody.post("/auth/login", json={**WHO, "code": one})).status_code == 200
    is_problem(await anybody.post("/auth/login", json={**WHO, "code": one}), 401, "unauthenticated")
    assert (await viewer.get("/users/me/two-steps")).json()["recovery_left"] == 9
    async with transaction() as session:
        kept = await session.execute(text("SELECT CAST(t AS text) FROM totp_secrets t"))
        stored = kept.scalar_one()
    assert secret not in stored
    assert not any(one in stored or one.replace("-", "") in stored for one in recovery)


def test_codes_beside_the_present_one(clock: list[datetime]) -> None:
    secret, at = pyotp.random_base32(), clock[0]
    for steps, taken in ((0, True), (-1, True), (1, True), (-2, False), (2, False)):
        beside = pyotp.TOTP(secret).at(at + timedelta(seconds=30 * steps))
        found = matching_step(secret, beside, None)
        alike = beside in {pyotp.TOTP(secret).at(at + timedelta(seconds=30 * one)) for one in (-1, 0, 1)}
        assert (found is not None) is (taken or alike)
    for nothing in ("", "12345", "1234567", "abcdef", "١٢٣٤٥٦", "12 34"):
        assert matching_step(secret, nothing, None) is None


async def test_guessing_codes_is_counted_as_guessing_passwords_is(
    viewer: Client, anybody: Client, clock: list[datetime]
) -> None:
    """Saying the right password in between gives nobody more guesses."""
    secret, _ = await enrolled(viewer, clock)
    good, bad = code(secret, clock), str((int(code(secret, clock)) + 500_000) % 1_000_000).zfill(6)
    answers = []
    for number in range(9):
        given: dict[str, Any] = {**WHO, "code": bad} if number % 2 else WHO
        answers.append((await anybody.post("/auth/login", json=given)).status_code)
    assert answers == [401] * 8 + [429]
    is_problem(await anybody.post("/auth/login", json={**WHO, "code": good}), 429, "too_many_requests")


async def test_it_is_set_up_and_turned_off_with_the_password(
    viewer: Client, admin: Client, anybody: Client, clock: list[datetime]
) -> None:
    wrong = await viewer.post("/users/me/two-steps", json={"current_password": "not it at all"})
    is_problem(wrong, 422, "rule.value", "current_password")
    is_problem(await viewer.post("/users/me/two-steps/confirm", json={"code": "123456"}), 409, "rule.state")
    begun = (await viewer.post("/users/me/two-steps", json={"current_password": PASSWORD})).json()
    again = (await viewer.post("/users/me/two-steps", json={"current_password": PASSWORD})).json()
    old = await viewer.post("/users/me/two-steps/confirm", json={"code": code(begun["secret"], clock)})
    said = in_labels(old.json()["detail"], "code")
    assert said == "This is not the code that the app shows now.", "it was called by the label of another form"
    if begun["secret"] != again["secret"] and code(begun["secret"], clock) != code(again["secret"], clock):
        is_problem(old, 422, "rule.value", "code")
    assert (await anybody.post("/auth/login", json=WHO)).status_code == 200, "nothing is on before it was confirmed"
    done = await viewer.post("/users/me/two-steps/confirm", json={"code": code(again["secret"], clock)})
    assert done.status_code == 200
    later(clock)
    said = {"current_password": PASSWORD, "code": code(again["secret"], clock)}
    is_problem(await viewer.post("/users/me/two-steps", json=said), 409, "rule.state")
    off = await viewer.post("/users/me/two-steps/off", json={"current_password": "not it at all"})
    is_problem(off, 422, "rule.value", "current_password")
    later(clock)
    said = {"current_password": PASSWORD, "code": code(again["secret"], clock)}
    assert (await viewer.post("/users/me/two-steps/off", json=said)).status_code == 204
    assert (await anybody.post("/auth/login", json=WHO)).status_code == 200
    is_problem(await viewer.post("/users/me/two-steps/off", json={"current_password": PASSWORD}), 409, "rule.state")


async def test_an_admin_helps_who_lost_the_device(
    viewer: Client, admin: Client, anybody: Client, clock: list[datetime]
) -> None:
    await enrolled(viewer, clock)
    found = (await admin.get("/users?search=user@example.com")).json()["items"][0]
    assert found["has_two_steps"] is True
    assert (await admin.post(f"/users/{found['id']}/two-steps/off")).status_code == 204
    assert (await anybody.post("/auth/login", json=WHO)).status_code == 200
    boss = (await admin.get("/users?search=admin@example.com")).json()["items"][0]["id"]
    is_problem(await admin.post(f"/users/{boss}/two-steps/off"), 403, "forbidden")


async def test_a_link_for_a_new_password_does_not_pass_the_second_step(
    viewer: Client, admin: Client, anybody: Client, clock: list[datetime]
) -> None:
    secret, _ = await enrolled(viewer, clock)
    user = (await admin.get("/users?search=user@example.com")).json()["items"][0]["id"]
    link = (await admin.post(f"/users/{user}/link")).json()["link"]
    form = {"token": link.split("token=")[1], "password": "tundra oboe kestrel 7"}
    answer = await anybody.post("/session/password", data=form)
    assert answer.headers["location"] == "/login/code"
    assert SESSION not in answer.cookies
    cookie = {"Cookie": f"{SECOND_STEP}={answer.cookies[SECOND_STEP]}"}
    anybody.http.cookies.clear()
    inside = await anybody.post("/session/code", data={"code": code(secret, clock)}, headers=cookie)
    assert (inside.headers["location"], SESSION in inside.cookies) == ("/", True)


async def test_the_browsers_second_step(viewer: Client, anybody: Client, clock: list[datetime]) -> None:
    secret, _ = await enrolled(viewer, clock)
    first = await anybody.post("/session/login", data={**WHO, "next": "/customers"})
    assert first.headers["location"] == "/login/code?next=/customers"
    assert SESSION not in first.cookies
    told = first.cookies[SECOND_STEP]
    anybody.http.cookies.clear()

    async def say(said: str, cookie: str, **headers: str) -> Any:
        answer = await anybody.post(
            "/session/code", data={"code": said, "next": "/customers"},
            headers={"Cookie": f"{SECOND_STEP}={cookie}", **headers},
        )  # fmt: skip
        anybody.http.cookies.clear()
        return answer

    good = code(secret, clock)
    bad = str((int(good) + 500_000) % 1_000_000).zfill(6)
    assert (await say(bad, told)).headers["location"].startswith("/login/code?error=The%20code%20is%20wrong")
    for forged in ("", "x.y", told[:-2], told.split(".")[0]):
        assert (await say(good, forged)).headers["location"].startswith("/login?error=That%20took%20too%20long")
    is_problem(await say(good, told, Origin="https://evil.test"), 403, "forbidden")
    inside = await say(good, told)
    assert (inside.headers["location"], SESSION in inside.cookies) == ("/customers", True)
    assert (await say(good, told)).headers["location"].startswith("/login/code?error="), "the code was used"
    clock[0] += timedelta(seconds=30)
    other = await say(code(secret, clock), told)
    assert other.headers["location"].startswith("/login?error="), "a first step is good for one sign-in"
    assert SESSION not in other.cookies


async def test_the_first_step_is_forgotten_with_the_password(
    viewer: Client, anybody: Client, clock: list[datetime]
) -> None:
    secret, _ = await enrolled(viewer, clock)
    first = await anybody.post("/session/login", data=WHO)
    told = {"Cookie": f"{SECOND_STEP}={first.cookies[SECOND_STEP]}"}
    anybody.http.cookies.clear()
    client = await signed_in(anybody, Role.USER)
    change = {"password": "tundra oboe kestrel 7", "current_password": PASSWORD}
    assert (await client.patch("/users/me", json=change)).status_code == 200
    answer = await anybody.post("/session/code", data={"code": code(secret, clock)}, headers=told)
    assert answer.headers["location"].startswith("/login?error=")


async def test_admins_who_are_asked_for_a_second_step_act_as_marketers_until_they_have_it(
    admin: Client, manager: Client, anybody: Client, clock: list[datetime], password_hash: str
) -> None:
    """By token, by cookie and in jobs; nobody asks it of others alone, and nobody is locked out."""
    asked = {"two_steps_for_admins": True}
    is_problem(await manager.patch("/settings/access", json=asked), 403, "forbidden")
    is_problem(await admin.patch("/settings/access", json=asked), 409, "rule.state")
    async with transaction() as session:
        other = User(email="second@example.com", password_hash=password_hash, role=Role.ADMIN)
        session.add(other)
        await session.flush()
        who = other.id
    signed = await anybody.post("/auth/login", json={"email": "second@example.com", "password": PASSWORD})
    second = Client(anybody.http, {"Authorization": f"Bearer {signed.json()['access_token']}"})
    async with transaction() as session:
        user = await get_user(session, who)
        assert user is not None
        cookie = await open_session(session, user, ip=None, user_agent=None)

    async def roles() -> set[Role]:
        async with transaction() as session:
            browser = await session_actor(session, cookie)
            assert browser is not None
            return {browser.role, (await actor_again(session, ["user", str(who)])).role}

    await turned_on(admin, clock)
    assert (await second.get("/users")).status_code == 200
    assert await roles() == {Role.ADMIN}
    assert (await admin.patch("/settings/access", json=asked)).json() == asked
    assert (await admin.get("/users")).status_code == 200
    is_problem(await second.get("/users"), 403, "forbidden")
    is_problem(await second.patch("/settings/access", json={"two_steps_for_admins": False}), 403, "forbidden")
    assert (await second.get("/customers")).status_code == 200
    assert (await manager.get("/users/me/two-steps")).json()["is_asked_for"] is False
    assert (await second.get("/users/me/two-steps")).json()["is_asked_for"] is True
    assert await roles() == {Role.MANAGER}

    secret = await turned_on(second, clock)
    assert (await second.get("/users")).status_code == 200
    assert await roles() == {Role.ADMIN}
    said = {"current_password": PASSWORD, "code": code(secret, clock)}
    is_problem(await second.post("/users/me/two-steps/off", json=said), 409, "rule.state")
    assert (await admin.post(f"/users/{who}/two-steps/off")).status_code == 204, "who lost the device"
    assert await roles() == {Role.MANAGER}
    assert (await admin.patch("/settings/access", json={"two_steps_for_admins": False})).status_code == 200
    assert await roles() == {Role.ADMIN}
    told = (await admin.get("/audit?action=access.changed")).json()["items"]
    assert [one["changes"]["two_steps_for_admins"] for one in told] == [[True, False], [False, True]]


async def turned_on(client: Client, clock: list[datetime]) -> str:
    begun = await client.post("/users/me/two-steps", json={"current_password": PASSWORD})
    done = await client.post("/users/me/two-steps/confirm", json={"code": code(begun.json()["secret"], clock)})
    assert done.status_code == 200, done.text
    later(clock)
    return str(begun.json()["secret"])


OWN = {"current_password": PASSWORD}


async def test_it_is_turned_off_with_a_code_as_well(
    viewer: Client, anybody: Client, admin: Client, clock: list[datetime]
) -> None:
    """Whoever has the password and an open browser has one step of two."""
    secret, recovery = await enrolled(viewer, clock)
    off = "/users/me/two-steps/off"
    is_problem(await viewer.post(off, json=OWN), 422, "rule.value", "code")
    is_problem(await viewer.post(off, json={**OWN, "code": ""}), 422, "rule.value", "code")
    good = code(secret, clock)
    bad = str((int(good) + 500_000) % 1_000_000).zfill(6)
    is_problem(await viewer.post(off, json={**OWN, "code": bad}), 422, "rule.value", "code")
    is_problem(await viewer.post(off, json={"current_password": "not it at all", "code": good}), 422, "rule.value")
    is_problem(await viewer.post(off, json={**OWN, "credential": {}}), 422, "rule.value", "credential")
    assert (await viewer.get("/users/me/two-steps")).json()["is_on"] is True
    assert (await viewer.post(off, json={**OWN, "code": good})).status_code == 204
    told = (await admin.get("/audit?action=code.refused")).json()["items"]
    assert [one["changes"]["in_a_row"] for one in told] == [1]

    secret, recovery = await enrolled(viewer, clock)
    assert (await viewer.post(off, json={**OWN, "code": recovery[0]})).status_code == 204
    secret, recovery = await enrolled(viewer, clock)
    answers = [(await viewer.post(off, json={**OWN, "code": "000000"})).status_code for _ in range(7)]
    assert answers == [422] * 5 + [429] * 2, "guessing codes here is counted as at sign-in"
    is_problem(await viewer.post(off, json={**OWN, "code": recovery[0]}), 429, "too_many_requests")


async def test_the_browsers_form_asks_for_the_code(viewer: Client, anybody: Client, clock: list[datetime]) -> None:
    async with transaction() as session:
        found = await session.execute(text("SELECT id FROM users WHERE email = 'user@example.com'"))
        user = await get_user(session, found.scalar_one())
        assert user is not None
        cookie = await open_session(session, user, ip=None, user_agent=None)
    secret, _ = await enrolled(viewer, clock)
    headers = {"Cookie": f"{SESSION}={cookie}"}
    form = {"current_password": PASSWORD, "off": "yes"}
    refused = await anybody.post("/session/two-steps", data=form, headers=headers)
    assert refused.headers["location"].startswith("/profile?error=Say%20the%20code")
    assert "about=code" in refused.headers["location"]
    done = await anybody.post("/session/two-steps", data={**form, "code": code(secret, clock)}, headers=headers)
    assert done.headers["location"] == "/profile?told=off"


async def test_a_passkey_is_added_and_removed_with_a_code_as_well(viewer: Client, clock: list[datetime]) -> None:
    """A passkey signs in by itself: with the password alone a thief would add their own."""
    kept = await added(viewer, our_device())
    secret, recovery = await enrolled(viewer, clock)
    is_problem(await viewer.post("/users/me/passkeys/begin", json=OWN), 422, "rule.value", "code")
    said = {**OWN, "code": code(secret, clock)}
    assert (await viewer.post("/users/me/passkeys/begin", json=said)).status_code == 200
    path = f"/users/me/passkeys/{kept['id']}"
    is_problem(await viewer.delete(path), 422, "rule.value", "code")
    is_problem(await viewer.delete(path, headers={"X-Code": "000000"}), 422, "rule.value", "code")
    assert len((await viewer.get("/users/me/passkeys")).json()["items"]) == 1
    assert (await viewer.delete(path, headers={"X-Code": recovery[1]})).status_code == 204
