"""Passkeys: added with the password, named, signed in with, taken away; and what counts as a second step."""

from __future__ import annotations

import json
from typing import Any
from uuid import UUID

import pytest
from sqlalchemy import text

from liquor_app.accounts.cookies import CEREMONY, SESSION
from liquor_app.accounts.entry import passkey_ceremony
from liquor_app.accounts.entry.passkey_ceremony import relying_party
from liquor_app.accounts.entry.passkeys import MOST_PASSKEYS
from liquor_app.accounts.models import Role
from liquor_app.core import config
from liquor_app.core.db import transaction
from tests.api.client import PASSWORD, Client, address_of, is_problem
from tests.passkeys import Device

pytestmark = pytest.mark.integration

OWN: dict[str, Any] = {"current_password": PASSWORD}


def our_device(**columns: Any) -> Device:
    """A device on our own page."""
    party = relying_party()
    assert party is not None
    return Device(party.origin, **columns)


async def proved(client: Client, device: Device) -> dict[str, Any]:
    """The password, and what a passkey signed as well."""
    begun = await client.post("/users/me/passkeys/prove")
    assert begun.status_code == 200, begun.text
    return {**OWN, "credential": device.sign(begun.json()["options"])}


async def added(
    client: Client, device: Device, name: str = "Laptop", proof: dict[str, Any] = OWN
) -> dict[str, Any]:  # fmt: skip
    begun = await client.post("/users/me/passkeys/begin", json=proof)
    assert begun.status_code == 200, begun.text
    made = await client.post(
        "/users/me/passkeys", json={"name": name, "credential": device.make(begun.json()["options"])}
    )
    assert made.status_code == 201, made.text
    return dict(made.json())


async def entered(anybody: Client, device: Device) -> Any:
    begun = await anybody.post("/auth/passkeys/begin")
    assert begun.status_code == 200, begun.text
    return await anybody.post("/auth/passkeys/finish", json={"credential": device.sign(begun.json()["options"])})


async def test_somebody_adds_names_uses_and_removes_a_passkey(viewer: Client, anybody: Client) -> None:
    device = our_device()
    is_problem(
        await viewer.post("/users/me/passkeys/begin", json={"current_password": "not it at all"}), 422, "rule.value",
        "current_password",
    )  # fmt: skip
    begun = await viewer.post("/users/me/passkeys/begin", json=OWN)
    asked = begun.json()["options"]
    assert asked["rp"] == {"id": "localhost", "name": "Liquor Marketing"}
    assert (asked["user"]["name"], asked["attestation"]) == ("user@example.com", "none")
    assert asked["authenticatorSelection"]["residentKey"] == "required"
    assert asked["authenticatorSelection"]["userVerification"] == "required"
    made = await viewer.post("/users/me/passkeys", json={"name": " My  laptop ", "credential": device.make(asked)})
    kept = made.json()
    assert (made.status_code, kept["name"], kept["last_used_at"]) == (201, "My laptop", None)
    again = (await viewer.post("/users/me/passkeys/begin", json=OWN)).json()["options"]
    assert [one["id"] for one in again["excludeCredentials"]] == [device.make(again)["id"]]

    asked = (await anybody.post("/auth/passkeys/begin")).json()["options"]
    assert (asked["allowCredentials"], asked["userVerification"]) == ([], "required")
    signed = await anybody.post("/auth/passkeys/finish", json={"credential": device.sign(asked)})
    assert signed.status_code == 200, signed.text
    client = Client(anybody.http, {"Authorization": f"Bearer {signed.json()['access_token']}"})
    assert (await client.get("/users/me")).json()["email"] == "user@example.com"
    used = (await client.get("/users/me/passkeys")).json()["items"]
    assert [one["last_used_at"] is not None for one in used] == [True]

    path = f"/users/me/passkeys/{kept['id']}"
    tag = (await client.get(path)).headers["etag"]
    assert tag == made.headers["etag"], "that it was used makes no other version"
    named = await client.patch(path, json={"name": "Old laptop"}, headers={"If-Match": tag})
    assert (named.status_code, named.json()["name"]) == (200, "Old laptop")
    is_problem(await client.patch(path, json={"name": "x"}, headers={"If-Match": tag}), 412, "precondition_failed")
    is_problem(await client.delete(path, headers={"If-Match": tag}), 412, "precondition_failed")
    is_problem(await client.patch(path, json={"name": "  "}), 422, "rule.value", "name")
    assert (await client.delete(path, headers={"If-Match": named.headers["etag"]})).status_code == 204
    is_problem(await client.get(path), 404, "not_found")
    is_problem(await entered(anybody, device), 401, "unauthenticated")


async def test_what_is_done_with_passkeys_is_recorded(viewer: Client, anybody: Client, admin: Client) -> None:
    device = our_device()
    kept = await added(viewer, device)
    assert (await entered(anybody, device)).status_code == 200
    device.counts = 0
    is_problem(await entered(anybody, device), 401, "unauthenticated")
    await viewer.patch(f"/users/me/passkeys/{kept['id']}", json={"name": "Phone"})
    await viewer.delete(f"/users/me/passkeys/{kept['id']}")
    told = (await admin.get("/audit?limit=50")).json()["items"]
    about = {one["action"]: one["changes"] for one in told}
    assert about["user.passkey_added"] == {"passkey": "Laptop"}
    assert about["user.passkey_renamed"] == {"passkey": ["Laptop", "Phone"]}
    assert about["user.passkey_removed"] == {"passkey": ["Phone", None]}
    assert about["passkey.used"]["passkey"] == kept["id"]
    assert about["passkey.refused"]["why"] == "counter"
    assert {"tokens.issued"} <= set(about)


async def test_a_browser_signs_in_with_one(viewer: Client, anybody: Client) -> None:
    device = our_device()
    await added(viewer, device)
    asked = (await anybody.post("/auth/passkeys/begin")).json()["options"]
    form = {"credential": json.dumps(device.sign(asked)), "next": "/customers"}
    inside = await anybody.post("/session/passkey", data=form)
    assert (inside.headers["location"], SESSION in inside.cookies) == ("/customers", True)
    again = await anybody.post("/session/passkey", data=form)
    assert again.headers["location"].startswith("/login?error=This%20passkey%20was%20not%20accepted")
    for broken in ("", "[]", "{", "[" * 9000):
        answer = await anybody.post("/session/passkey", data={"credential": broken, "next": "//evil.example"})
        assert "next=/" in answer.headers["location"]
        assert "evil" not in answer.headers["location"]
    early = await anybody.post("/session/passkey", data={"next": "/customers"})  # before the script was there
    assert early.headers["location"].startswith("/login?error=The%20page%20had%20not%20finished%20loading")


async def test_a_browser_adds_one(viewer: Client, anybody: Client) -> None:
    signed = await anybody.post("/session/login", data={"email": "user@example.com", "password": PASSWORD})
    assert SESSION in signed.cookies
    ours = Client(anybody.http, {"Origin": "http://shop.test"})
    device = our_device()
    asked = (await ours.post("/users/me/passkeys/begin", json=OWN)).json()["options"]
    form = {"name": "Laptop", "credential": json.dumps(device.make(asked))}
    assert (await ours.post("/session/passkeys", data=form)).headers["location"] == "/profile?told=passkey"
    again = (await ours.post("/session/passkeys", data=form)).headers["location"]
    assert again.startswith("/profile?error=This%20passkey%20was%20not%20taken")
    assert "about=credential" in again
    early = (await ours.post("/session/passkeys", data={"name": "Phone"})).headers["location"]
    assert early.startswith("/profile?error=The%20page%20had%20not%20finished%20loading")
    assert [one["name"] for one in (await ours.get("/users/me/passkeys")).json()["items"]] == ["Laptop"]


async def test_a_passkey_is_two_steps(
    viewer: Client, admin: Client, anybody: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    """An admin who is asked for a second step has one with a passkey; then their password alone opens nothing."""
    asked = {"two_steps_for_admins": True}
    is_problem(await admin.patch("/settings/access", json=asked), 409, "rule.state")
    device = our_device()
    kept = await added(admin, device)
    boss = {"email": address_of(Role.ADMIN), "password": PASSWORD}
    assert (await anybody.post("/auth/login", json=boss)).status_code == 200, "nobody asks for it yet"
    assert (await admin.patch("/settings/access", json=asked)).json() == asked
    assert (await admin.get("/users")).status_code == 200
    is_problem(await anybody.post("/auth/login", json=boss), 401, "code_needed")
    is_problem(await anybody.post("/auth/login", json={**boss, "code": "123456"}), 401, "unauthenticated")
    first = await anybody.post("/session/login", data=boss)
    assert (first.headers["location"], SESSION in first.cookies) == ("/login/code?next=/", False)
    signed = await entered(anybody, device)
    client = Client(anybody.http, {"Authorization": f"Bearer {signed.json()['access_token']}"})
    assert (await client.get("/users")).status_code == 200
    is_problem(await client.delete(f"/users/me/passkeys/{kept['id']}"), 409, "rule.state")
    await added(admin, our_device(), "Another", await proved(admin, device))
    assert (await client.delete(f"/users/me/passkeys/{kept['id']}")).status_code == 204

    viewers = our_device()
    await added(viewer, viewers)
    who = {"email": address_of(Role.USER), "password": PASSWORD}
    assert (await anybody.post("/auth/login", json=who)).status_code == 200, "only admins are asked"


async def test_an_admin_helps_who_lost_the_passkey(viewer: Client, admin: Client, anybody: Client) -> None:
    device = our_device()
    await added(viewer, device)
    found = (await admin.get("/users?search=user@example.com")).json()["items"][0]
    assert found["has_two_steps"] is True
    assert (await admin.post(f"/users/{found['id']}/two-steps/off")).status_code == 204
    assert (await viewer.get("/users/me/passkeys")).json()["items"] == []
    is_problem(await entered(anybody, device), 401, "unauthenticated")
    is_problem(await admin.post(f"/users/{found['id']}/two-steps/off"), 409, "rule.state")


async def test_somebody_let_go_keeps_none(viewer: Client, admin: Client, anybody: Client) -> None:
    device = our_device()
    await added(viewer, device)
    who = (await admin.get("/users?search=user@example.com")).json()["items"][0]["id"]
    assert (await admin.patch(f"/users/{who}", json={"is_active": False})).status_code == 200
    async with transaction() as session:
        left = await session.execute(text("SELECT count(*) FROM passkeys WHERE user_id = :id"), {"id": UUID(who)})
        assert left.scalar_one() == 0
    assert (await admin.patch(f"/users/{who}", json={"is_active": True})).status_code == 200
    is_problem(await entered(anybody, device), 401, "unauthenticated")


async def test_a_person_has_so_many_and_a_program_none(viewer: Client, admin: Client, anybody: Client) -> None:
    await added(viewer, our_device())
    async with transaction() as session:
        await session.execute(
            text(
                "INSERT INTO passkeys (user_id, name, credential_id, public_key) SELECT user_id, name, 'c' || n, 'k'"
                " FROM passkeys, generate_series(2, :most) AS n"
            ),
            {"most": MOST_PASSKEYS},
        )
    is_problem(await viewer.post("/users/me/passkeys/begin", json=OWN), 409, "rule.full")
    key = (await admin.post("/api-keys", json={"name": "till", "role": "admin"})).json()["key"]
    program = Client(anybody.http, {"X-API-Key": key})
    anybody.http.cookies.clear()
    is_problem(await program.get("/users/me/passkeys"), 403, "forbidden")
    is_problem(await program.post("/users/me/passkeys/begin", json=OWN), 403, "forbidden")


@pytest.mark.parametrize(
    ("address", "party"),
    [
        ("", ("localhost", "http://localhost:8000")),
        ("https://Shop.example/", ("shop.example", "https://shop.example")),
        ("https://shop.example:443", ("shop.example", "https://shop.example")),
        ("https://shop.example:8443", ("shop.example", "https://shop.example:8443")),
        ("http://localhost:9000", ("localhost", "http://localhost:9000")),
        ("http://shop.example", None),
        ("https://203.0.113.7", None),
        ("https://[2001:db8::1]", None),
        ("http://127.0.0.1:8000", None),
    ],
)
def test_whom_passkeys_are_for(address: str, party: tuple[str, str] | None, monkeypatch: pytest.MonkeyPatch) -> None:
    settings = config.Settings(public_url=address, port=8000)
    monkeypatch.setattr(passkey_ceremony, "get_settings", lambda: settings)
    found = relying_party()
    assert (found and (found.id, found.origin)) == party


async def test_where_none_work_it_is_said(anybody: Client, viewer: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LIQUOR_PUBLIC_URL", "http://203.0.113.7")
    config.get_settings.cache_clear()
    is_problem(await anybody.post("/auth/passkeys/begin"), 409, "rule.state")
    is_problem(await viewer.post("/users/me/passkeys/begin", json=OWN), 409, "rule.state")
    assert CEREMONY not in anybody.http.cookies


async def test_the_passkey_that_is_the_second_step_is_asked_for_again(admin: Client, viewer: Client) -> None:
    """Where it is asked for, the password alone adds no other passkey and sets no codes up."""
    device, theirs = our_device(), our_device()
    await added(admin, device)
    await added(viewer, theirs)
    assert (await admin.patch("/settings/access", json={"two_steps_for_admins": True})).status_code == 200
    for path in ("/users/me/passkeys/begin", "/users/me/two-steps"):
        is_problem(await admin.post(path, json=OWN), 422, "rule.value", "credential")
        is_problem(await admin.post(path, json={**OWN, "code": "123456"}), 422, "rule.value", "credential")
        signed = await proved(admin, device)
        done = await admin.post(path, json=signed)
        assert done.status_code in {200, 201}, done.text
        is_problem(await admin.post(path, json=signed), 422, "rule.value", "credential")
        begun = await admin.post("/users/me/passkeys/prove")
        other = {**OWN, "credential": theirs.sign(begun.json()["options"])}
        is_problem(await admin.post(path, json=other), 422, "rule.value", "credential")
    entering = (await admin.post("/auth/passkeys/begin")).json()["options"]
    answer = {**OWN, "credential": device.sign(entering)}
    is_problem(await admin.post("/users/me/two-steps", json=answer), 422, "rule.value", "credential")


async def test_who_has_no_passkey_proves_none(viewer: Client) -> None:
    is_problem(await viewer.post("/users/me/passkeys/prove"), 409, "rule.state")
