"""What is tried against passkeys: answers of before, of other pages, of other people, of copies, and no answers."""

from __future__ import annotations

import base64
import json
from collections.abc import Callable
from typing import Any

import cbor2
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from redis.asyncio import Redis
from sqlalchemy import text

from liquor_app.accounts.cookies import CEREMONY
from liquor_app.accounts.entry import passkey_proof
from liquor_app.accounts.entry.passkey_ceremony import SECONDS, RelyingParty, relying_party
from liquor_app.accounts.entry.passkey_proof import named_user, prove_known, prove_new
from liquor_app.accounts.models import Role
from liquor_app.core.db import transaction
from liquor_app.core.security.crypto import token_hash
from liquor_app.rest.kit.passkey_exchange import PER_MINUTE
from tests.api.client import Client, address_of, is_problem
from tests.api.test_passkeys import OWN, added, entered, our_device
from tests.conftest import Engines
from tests.passkeys import PRESENT, Device

pytestmark = pytest.mark.integration

Answer = dict[str, Any]


async def _asked(anybody: Client) -> Answer:
    return dict((await anybody.post("/auth/passkeys/begin")).json()["options"])


async def _finish(anybody: Client, answer: Answer, **options: Any) -> Any:
    return await anybody.post("/auth/passkeys/finish", json={"credential": answer}, **options)


async def _why(admin: Client) -> list[str]:
    """Of refusals, the latest first."""
    told = (await admin.get("/audit?action=passkey.refused&limit=50")).json()["items"]
    return [one["changes"]["why"] for one in told]


async def test_an_answer_is_good_once(viewer: Client, anybody: Client, admin: Client) -> None:
    device = our_device(is_counting=False)
    await added(viewer, device)
    answer = device.sign(await _asked(anybody))
    cookie = anybody.http.cookies[CEREMONY]
    assert (await _finish(anybody, answer)).status_code == 200
    anybody.http.cookies.clear()
    is_problem(await _finish(anybody, answer), 401, "unauthenticated")
    is_problem(await _finish(anybody, answer, headers={"Cookie": f"{CEREMONY}={cookie}"}), 401, "unauthenticated")
    await _asked(anybody)
    is_problem(await _finish(anybody, answer), 401, "unauthenticated")
    assert await _why(admin) == ["proof", "challenge", "challenge"]


async def test_a_failed_answer_spends_the_challenge(viewer: Client, anybody: Client) -> None:
    device = our_device()
    await added(viewer, device)
    asked = await _asked(anybody)
    is_problem(await _finish(anybody, Device("https://evil.example").sign(asked)), 401, "unauthenticated")
    is_problem(await _finish(anybody, device.sign(asked)), 401, "unauthenticated")
    assert (await entered(anybody, device)).status_code == 200


async def test_a_challenge_belongs_to_the_browser_that_asked(viewer: Client, anybody: Client) -> None:
    device = our_device()
    await added(viewer, device)
    theirs = await _asked(anybody)
    anybody.http.cookies.clear()
    await _asked(anybody)  # another browser, with a challenge of its own
    is_problem(await _finish(anybody, device.sign(theirs)), 401, "unauthenticated")
    anybody.http.cookies.clear()
    is_problem(await _finish(anybody, device.sign(theirs)), 401, "unauthenticated")


async def test_a_challenge_ends(viewer: Client, anybody: Client, engines: Engines) -> None:
    device = our_device()
    await added(viewer, device)
    asked = await _asked(anybody)
    async with Redis.from_url(engines.redis_url) as client:
        key = f"liquor:passkey:{token_hash(anybody.http.cookies[CEREMONY])}"
        assert 0 < await client.ttl(key) <= SECONDS <= 300
        await client.pexpireat(key, 1)
    is_problem(await _finish(anybody, device.sign(asked)), 401, "unauthenticated")


async def test_a_challenge_is_for_its_purpose_and_its_user(viewer: Client, manager: Client, anybody: Client) -> None:
    """One to sign in adds nothing, one to add signs nobody in, and nobody adds theirs to another."""
    device = our_device()
    await added(viewer, device)
    to_add = (await viewer.post("/users/me/passkeys/begin", json=OWN)).json()["options"]
    is_problem(await _finish(anybody, device.sign(to_add)), 401, "unauthenticated")

    to_enter = await _asked(anybody)
    forged = our_device().make({**to_add, "challenge": to_enter["challenge"]})
    body = {"name": "x", "credential": forged}
    is_problem(await viewer.post("/users/me/passkeys", json=body), 422, "rule.value", "credential")

    theirs = (await viewer.post("/users/me/passkeys/begin", json=OWN)).json()["options"]
    body = {"name": "x", "credential": our_device().make(theirs)}
    is_problem(await manager.post("/users/me/passkeys", json=body), 422, "rule.value", "credential")
    assert (await manager.get("/users/me/passkeys")).json()["items"] == []


@pytest.mark.parametrize(
    ("page", "name"),
    [
        ("https://evil.example", "localhost"),
        ("https://localhost:8000", "localhost"),
        ("http://localhost:8001", "localhost"),
        ("http://localhost:8000.evil.example", "localhost"),
        ("http://shop.test", "localhost"),
        ("http://127.0.0.1:8000", "localhost"),
        ("", "evil.example"),
        ("", "host"),
    ],
)
async def test_another_page_or_another_shop(page: str, name: str, viewer: Client, anybody: Client) -> None:
    """An empty page stands for our own: then only the name is another's. The request's own Host decides nothing."""
    device = our_device()
    ours = device.origin
    await added(viewer, device)
    device.origin, device.rp_id = page or ours, name
    is_problem(await entered(anybody, device), 401, "unauthenticated")
    asked = (await viewer.post("/users/me/passkeys/begin", json=OWN)).json()["options"]
    lying = Device(page or ours, rp_id=name)
    made = await viewer.post("/users/me/passkeys", json={"name": "x", "credential": lying.make(asked)})
    is_problem(made, 422, "rule.value", "credential")


async def test_somebody_elses_passkey(viewer: Client, admin: Client, anybody: Client) -> None:
    """Neither another's handle on one's own key, nor one's own signature under another's key."""
    mine, theirs = our_device(), our_device()
    await added(viewer, mine)
    await added(admin, theirs)
    asked = await _asked(anybody)
    is_problem(
        await _finish(anybody, mine.sign(asked, user_handle=theirs.user_handle)), 401, "unauthenticated"
    )  # fmt: skip
    answer, named = mine.sign(await _asked(anybody), user_handle=theirs.user_handle), theirs.make(asked_of(theirs))
    is_problem(await _finish(anybody, {**answer, "id": named["id"], "rawId": named["rawId"]}), 401, "unauthenticated")
    nobody = our_device(user_handle=mine.user_handle)
    is_problem(await _finish(anybody, nobody.sign(await _asked(anybody))), 401, "unauthenticated")
    without = mine.sign(await _asked(anybody))
    del without["response"]["userHandle"]
    is_problem(await _finish(anybody, without), 401, "unauthenticated")
    assert await _why(admin) == ["unknown", "unknown", "proof", "unknown"]

    begun = (await viewer.post("/users/me/passkeys/begin", json=OWN)).json()["options"]
    again = await viewer.post("/users/me/passkeys", json={"name": "x", "credential": theirs.make(begun)})
    is_problem(again, 409, "rule.taken")


def asked_of(device: Device) -> Answer:
    """A question as the server asks it, for a device that is to name itself."""
    handle = base64.urlsafe_b64encode(device.user_handle).decode().rstrip("=")
    return {"user": {"id": handle}, "challenge": "x"}


async def test_a_copy_of_a_device(viewer: Client, anybody: Client, admin: Client) -> None:
    """Its count stands still or goes back; the first of the two that is used goes on."""
    device = our_device()
    await added(viewer, device)
    assert (await entered(anybody, device)).status_code == 200
    device.counts = 5
    assert (await entered(anybody, device)).status_code == 200
    for before in (5, 4, 0, -1):
        device.counts, device.is_counting = max(before, 0), before == 4
        is_problem(await entered(anybody, device), 401, "unauthenticated")
    assert await _why(admin) == ["counter"] * 4
    device.counts, device.is_counting = 6, True
    assert (await entered(anybody, device)).status_code == 200


async def test_a_device_that_does_not_know_who_is_before_it(viewer: Client, anybody: Client) -> None:
    device = our_device()
    await added(viewer, device)
    for flags in (PRESENT, 0):
        device.flags = flags
        is_problem(await entered(anybody, device), 401, "unauthenticated")
        asked = (await viewer.post("/users/me/passkeys/begin", json=OWN)).json()["options"]
        made = await viewer.post("/users/me/passkeys", json={"name": "x", "credential": device.make(asked)})
        is_problem(made, 422, "rule.value", "credential")


def _turned(part: str, at: int) -> Callable[[Answer], None]:
    def turn(answer: Answer) -> None:
        told = bytearray(base64.urlsafe_b64decode(answer["response"][part] + "=="))
        told[at] ^= 1
        answer["response"][part] = base64.urlsafe_b64encode(bytes(told)).decode().rstrip("=")

    return turn


@pytest.mark.parametrize(
    "tamper",
    [
        _turned("signature", -1),
        _turned("signature", 5),
        _turned("authenticatorData", 0),
        _turned("authenticatorData", 36),
        _turned("clientDataJSON", 30),
        lambda answer: answer.update(type="password"),
        lambda answer: answer.update(rawId="AAAA"),
        lambda answer: answer["response"].update(signature=""),
    ],
)
async def test_an_answer_that_was_changed(tamper: Callable[[Answer], None], viewer: Client, anybody: Client) -> None:
    device = our_device()
    await added(viewer, device)
    answer = device.sign(await _asked(anybody))
    tamper(answer)
    is_problem(await _finish(anybody, answer), 401, "unauthenticated")


async def test_certificates_of_strangers_are_not_read(viewer: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    """Who made a device was not asked; a statement with certificates would have them parsed."""
    read: list[str] = []
    monkeypatch.setattr(passkey_proof, "verify_registration_response", lambda **_: read.append("a statement"))
    for fmt, statement in (
        ("packed", {"alg": -7, "sig": b"x", "x5c": [b"0"]}), ("tpm", {}), ("android-safetynet", {"ver": "1"}), ("", {}),
    ):  # fmt: skip
        asked = (await viewer.post("/users/me/passkeys/begin", json=OWN)).json()["options"]
        body = {"name": "x", "credential": our_device().make(asked, fmt=fmt, attStmt=statement)}
        is_problem(await viewer.post("/users/me/passkeys", json=body), 422, "rule.value", "credential")
    assert read == []
    monkeypatch.undo()
    asked = (await viewer.post("/users/me/passkeys/begin", json=OWN)).json()["options"]
    body = {"name": "x", "credential": our_device().make(asked, attStmt={"sig": b"x"})}
    is_problem(await viewer.post("/users/me/passkeys", json=body), 422, "rule.value", "credential")


async def test_somebody_who_may_not_sign_in(viewer: Client, anybody: Client, admin: Client) -> None:
    """Deactivated behind the app's back, so that the passkey is still there."""
    device = our_device()
    await added(viewer, device)
    async with transaction() as session:
        await session.execute(
            text("UPDATE users SET is_active = false WHERE email = :email"), {"email": address_of(Role.USER)}
        )
    is_problem(await entered(anybody, device), 401, "unauthenticated")
    assert await _why(admin) == ["deactivated"]


async def test_it_is_limited_and_refused_to_other_sites(anybody: Client) -> None:
    foreign = {"Origin": "https://evil.example", "Sec-Fetch-Site": "cross-site"}
    is_problem(await anybody.post("/auth/passkeys/begin", headers=foreign), 403, "forbidden")
    is_problem(await _finish(anybody, {"id": "x"}, headers=foreign), 403, "forbidden")
    answers = [(await _finish(anybody, {"id": "x"})).status_code for _ in range(PER_MINUTE + 1)]
    assert answers == [401] * PER_MINUTE + [429]
    is_problem(await anybody.post("/auth/passkeys/begin"), 429, "too_many_requests")


PARTY = RelyingParty("localhost", "http://localhost:8000")
_JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=20) | st.binary(max_size=90).map(
        lambda one: base64.urlsafe_b64encode(one).decode().rstrip("=")
    ),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3),
    max_leaves=6,
)  # fmt: skip


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(st.data())
def test_nothing_breaks_what_reads_an_answer(data: st.DataObject) -> None:
    device = Device(PARTY.origin, user_handle=bytes(16))
    answer = device.sign({"challenge": "AAAA"}) if data.draw(st.booleans()) else device.make(
        {"challenge": "AAAA", "user": {"id": "AAAA"}}
    )  # fmt: skip
    where = data.draw(st.sampled_from(["id", "rawId", "type", "response", *answer["response"]]))
    target = answer["response"] if where in answer["response"] else answer
    target[where] = data.draw(_JSON)
    key = base64.urlsafe_b64encode(cbor2.dumps({1: 2, 3: -7, -1: 1, -2: bytes(32), -3: bytes(32)})).decode()
    assert prove_new(PARTY, b"0" * 32, answer) is None
    assert prove_known(PARTY, b"0" * 32, answer, key) is None
    named_user(answer)


def test_what_is_too_long_is_not_read() -> None:
    answer = json.loads(json.dumps(Device(PARTY.origin).make({"challenge": "AAAA", "user": {"id": "AAAA"}})))
    answer["response"]["attestationObject"] = "A" * 20_000
    assert prove_new(PARTY, b"0" * 32, answer) is None
    assert relying_party() is not None
