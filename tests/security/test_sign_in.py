"""Nobody locks anybody out, nobody guesses on, and nobody claims an empty shop from outside."""

from __future__ import annotations

import ast
import asyncio
import io
import os
import sys
import threading
from collections.abc import AsyncIterator, MutableMapping
from contextlib import AsyncExitStack, asynccontextmanager
from types import SimpleNamespace
from typing import Any
from uuid import UUID

import httpx
import pytest
from reflex.istate.data import RouterData
from rich.console import Console
from sqlalchemy import text

from liquor_app import up
from liquor_app.accounts import audit
from liquor_app.accounts.cookies import DEVICE, SESSION
from liquor_app.accounts.entry import known_devices, passwords
from liquor_app.accounts.entry.setup_code import current_code, new_code
from liquor_app.accounts.entry.sign_in_attempts import FREE, SOURCE_FREE, count_attempt, forgive
from liquor_app.accounts.models import Role
from liquor_app.accounts.permissions import STRANGER, SYSTEM
from liquor_app.core import config, db, redis
from liquor_app.core.config import PROJECT_ROOT
from liquor_app.core.db import transaction
from liquor_app.core.errors import AppError
from liquor_app.demo import sample_shop
from liquor_app.liquor_app import app
from liquor_app.rest.accounts import SIGNING_IN
from liquor_app.screens.session.state import cookie_of
from tests.api.client import PASSWORD, Client, address_of, is_problem, whole_api
from tests.sources import parsed, reads_sources
from tests.tabs import Tab

pytestmark = pytest.mark.integration

VICTIM = "admin@example.com"
PROXY = "10.9.8.7"


@asynccontextmanager
async def from_address(address: str, **headers: str) -> AsyncIterator[Client]:
    """Somebody whose connection comes from an address."""
    transport = httpx.ASGITransport(whole_api(), raise_app_exceptions=False, client=(address, 4711))
    async with httpx.AsyncClient(transport=transport, base_url="http://shop.test") as http:
        yield Client(http, headers)


async def _sign_in(client: Client, password: str = PASSWORD, email: str = VICTIM) -> httpx.Response:
    return await client.post("/auth/login", json={"email": email, "password": password})


async def _count(table: str, where: str = "true") -> int:
    async with transaction() as session:
        return int((await session.execute(text(f"SELECT count(*) FROM {table} WHERE {where}"))).scalar_one())


async def test_a_stranger_cannot_lock_the_admin_out(anybody: Client) -> None:
    async with from_address("203.0.113.66") as attacker, from_address("198.51.100.7") as admin:
        for _ in range(FREE):
            is_problem(await _sign_in(attacker, "not this one"), 401, "unauthenticated")
        refused = await _sign_in(attacker)
        assert "from here" in is_problem(refused, 429, "too_many_requests")["detail"]
        assert int(refused.headers["retry-after"]) > 0
        assert (await _sign_in(admin)).status_code == 200, "somebody else's typing is not the admin's"


async def test_a_known_device_is_let_in_from_the_very_address_of_the_attack(anybody: Client) -> None:
    async with from_address("203.0.113.66") as attacker, from_address("203.0.113.66") as admin:
        assert (await _sign_in(admin)).status_code == 200
        assert DEVICE in admin.http.cookies
        for _ in range(FREE):
            await _sign_in(attacker, "not this one")
        is_problem(await _sign_in(attacker), 429, "too_many_requests")
        for _ in range(3):
            assert (await _sign_in(admin)).status_code == 200
        # it is no licence to guess
        for _ in range(FREE):
            is_problem(await _sign_in(admin, "not this one"), 401, "unauthenticated")
        is_problem(await _sign_in(admin), 429, "too_many_requests")


@pytest.mark.parametrize(
    "forged",
    ["", "x.y", "eyJhbGciOiJub25lIn0.e30.", known_devices.remember(None, UUID(int=1))],
    ids=["none", "nonsense", "unsigned", "another's"],  # one is random, and test processes compare names
)
async def test_a_made_up_device_is_none(anybody: Client, forged: str) -> None:
    async with from_address("203.0.113.66", cookie=f"{DEVICE}={forged}") as attacker:
        for _ in range(FREE):
            await _sign_in(attacker, "not this one")
        is_problem(await _sign_in(attacker), 429, "too_many_requests")


async def test_ghosts_are_answered_with_the_same_words_and_work(
    anybody: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What takes the time is a hash, of the same cost for somebody and for nobody."""
    answers: dict[str, list[tuple[int, str]]] = {}
    looked_at: list[str] = []
    verify = passwords._hasher.verify

    def noted(stored: str, password: str) -> bool:
        looked_at.append(stored.rsplit("$", 2)[0])
        return verify(stored, password)

    monkeypatch.setattr(passwords, "_hasher", SimpleNamespace(verify=noted))
    async with from_address("203.0.113.66") as attacker:
        for email in ("user@example.com", "ghost@example.com"):
            for _ in range(FREE + 2):
                answer = await _sign_in(attacker, "not this one", email)
                answers.setdefault(email, []).append((answer.status_code, answer.json()["code"]))
    known, ghost = answers.values()
    assert known == ghost
    half = len(looked_at) // 2
    assert half >= FREE
    assert looked_at[:half] == looked_at[half:]
    assert len(set(looked_at)) == 1, "the same cost"
    assert await _count("sign_in_attempts") == 3, "both addresses and the source"
    async with transaction() as session:
        kept = str((await session.execute(text("SELECT * FROM sign_in_attempts"))).all())
    assert "example.com" not in kept


async def test_one_source_cannot_try_every_address(anybody: Client) -> None:
    async with transaction() as session:
        await session.execute(text("UPDATE users SET password_hash = 'none'"))  # quicker: nothing to verify
    refused = 0
    for n in range(SOURCE_FREE + 5):
        # no such window as the limit a minute: a patient attacker
        async with transaction() as session:
            try:
                await count_attempt(session, address=f"a{n}@example.com", source="203.0.113.66", device=None)
            except AppError:
                refused += 1
    assert refused == 5
    async with from_address("198.51.100.7") as somebody:
        is_problem(await _sign_in(somebody), 401, "unauthenticated")


async def test_right_passwords_do_not_lock_their_source(anybody: Client) -> None:
    """A shop behind one address: whatever was mistyped before, who knows the password is let in, and so is the next."""
    async with from_address("203.0.113.66") as shop:
        for n in range(SOURCE_FREE - 1):
            async with transaction() as session:
                await count_attempt(session, address=f"a{n}@example.com", source="203.0.113.66", device=None)
        for role in (Role.USER, Role.MANAGER, Role.ADMIN):
            assert (await _sign_in(shop, email=address_of(role))).status_code == 200
            shop.http.cookies.clear()
        is_problem(await _sign_in(shop, "not this one", "ghost@example.com"), 401, "unauthenticated")
        is_problem(await _sign_in(shop), 429, "too_many_requests")


async def test_a_right_password_lifts_no_block_but_its_own(anybody: Client) -> None:
    source = "203.0.113.67"
    async with transaction() as session:
        for n in range(SOURCE_FREE - 2):
            await count_attempt(session, address=f"a{n}@example.com", source=source, device=None)
        right = await count_attempt(session, address="right@example.com", source=source, device=None)
        await count_attempt(session, address="wrong@example.com", source=source, device=None)
        await forgive(session, right)
    with pytest.raises(AppError, match="wait"):
        async with transaction() as session:
            await count_attempt(session, address="next@example.com", source=source, device=None)


async def test_the_current_password_is_not_guessed_either(viewer: Client) -> None:
    body = {"password": "another good phrase", "current_password": "not this one"}
    for _ in range(FREE):
        is_problem(await viewer.patch("/users/me", json=body), 422, "rule.value", "current_password")
    is_problem(await viewer.patch("/users/me", json={**body, "current_password": PASSWORD}), 429, "too_many_requests")
    assert await _count("audit_log", "action = 'password_change.locked'") == 1


# --- where somebody comes from ---


@pytest.fixture
def behind_a_proxy(anybody: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LIQUOR_TRUSTED_PROXIES", f"{PROXY}, 2001:db8:ffff::/48")
    config.get_settings.cache_clear()


async def _session_ip(client: Client) -> str:
    form = {"email": VICTIM, "password": PASSWORD}
    assert (await client.post("/session/login", data=form)).headers["location"] == "/"
    async with transaction() as session:
        return str((await session.execute(text("SELECT ip FROM browser_sessions ORDER BY id DESC LIMIT 1"))).scalar())


@pytest.mark.parametrize(
    ("peer", "header", "source"),
    [
        ("203.0.113.66", None, "203.0.113.66"),
        ("203.0.113.66", "198.51.100.7", "203.0.113.66"),  # anybody can write a header
        (PROXY, "198.51.100.7", "198.51.100.7"),
        (PROXY, "1.2.3.4, 198.51.100.7", "198.51.100.7"),  # what it says before the proxy's own word is hearsay
        (PROXY, f"1.2.3.4, 198.51.100.7, {PROXY}", "198.51.100.7"),
        (PROXY, "nonsense", PROXY),
        (PROXY, "198.51.100.7:5123", "198.51.100.7"),
        (f"::ffff:{PROXY}", "[2001:db8::1]:443", "2001:db8::1"),
        ("2001:db8:ffff::9", "2001:db8::1", "2001:db8::1"),
        (PROXY, None, PROXY),
    ],
)
async def test_only_a_trusted_proxy_says_where_somebody_comes_from(
    behind_a_proxy: None, peer: str, header: str | None, source: str
) -> None:
    async with from_address(peer, **({"x-forwarded-for": header} if header else {})) as client:
        assert await _session_ip(client) == source


async def test_a_header_of_ones_own_does_not_make_another_source(behind_a_proxy: None) -> None:
    async with from_address("203.0.113.66") as attacker:
        for n in range(FREE):
            await attacker.post(
                "/auth/login", json={"email": VICTIM, "password": "no"}, headers={"x-forwarded-for": f"10.0.0.{n}"}
            )
        is_problem(await _sign_in(attacker), 429, "too_many_requests")


async def test_addresses_of_one_customer_are_one_source(anybody: Client) -> None:
    for n in range(FREE):
        async with from_address(f"2001:db8:1:2::{n + 1:x}") as attacker:
            await _sign_in(attacker, "not this one")
    async with from_address("2001:db8:1:2:ffff::1") as attacker, from_address("2001:db8:1:3::1") as neighbour:
        is_problem(await _sign_in(attacker), 429, "too_many_requests")
        assert (await _sign_in(neighbour)).status_code == 200


def test_trusting_everybody_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    for wrong in ("0.0.0.0/0", "::/0", "my-proxy"):
        monkeypatch.setenv("LIQUOR_TRUSTED_PROXIES", wrong)
        config.get_settings.cache_clear()
        with pytest.raises(AppError, match="trusted_proxies"):
            config.get_settings()
    monkeypatch.undo()
    config.get_settings.cache_clear()


@reads_sources
def test_nobody_else_reads_where_a_request_comes_from() -> None:
    """A second reader would believe the proxy to be everybody, or a stranger's header."""
    headers = {"x-forwarded-for", "forwarded", "x-real-ip", "remote_addr", "http_x_forwarded_for", "client"}
    found = []
    for path in (PROJECT_ROOT / "liquor_app").rglob("*.py"):
        tree = parsed(path.read_text())
        called = {id(node.func) for node in ast.walk(tree) if isinstance(node, ast.Call)}
        for node in ast.walk(tree):
            name = getattr(node, "attr", "")
            reads = isinstance(node, ast.Attribute) and name in {"client", "client_ip"} and id(node) not in called
            subscript = node.slice if isinstance(node, ast.Subscript) else None
            argument = node.args[0] if isinstance(node, ast.Call) and node.args else None
            key = subscript or argument
            asks = isinstance(key, ast.Constant) and str(key.value).lower() in headers
            if (reads or asks) and path.name != "client_address.py":
                found.append(f"{path.relative_to(PROJECT_ROOT)}:{getattr(node, 'lineno', 0)}")
    assert found == [], "use api.client_address.source_of"


@reads_sources
def test_cookies_are_set_in_one_place() -> None:
    places = {
        path.relative_to(PROJECT_ROOT).as_posix()
        for path in (PROJECT_ROOT / "liquor_app").rglob("*.py")
        for node in ast.walk(parsed(path.read_text()))
        if isinstance(node, ast.Call)
        and getattr(node.func, "attr", getattr(node.func, "id", "")) in ("set_cookie", "delete_cookie")
    }
    assert places == {"liquor_app/rest/kit/authentication.py"}, "use keep_cookie and drop_cookie: they know https"


@reads_sources
def test_no_password_is_hashed_in_a_transaction() -> None:
    slow, blocks, found = {"hash_password", "verify_password"}, 0, []
    for path in (PROJECT_ROOT / "liquor_app").rglob("*.py"):
        for node in ast.walk(parsed(path.read_text())):
            opened = [item.context_expr for item in node.items] if isinstance(node, ast.AsyncWith) else []
            if any(isinstance(one, ast.Call) and getattr(one.func, "id", "") == "transaction" for one in opened):
                blocks += 1
                called = {getattr(one.func, "id", "") for one in ast.walk(node) if isinstance(one, ast.Call)}
                found += [f"{path.relative_to(PROJECT_ROOT)}:{node.lineno}"] * bool(called & slow)
    assert blocks > 100
    assert found == []


# --- an empty shop ---


async def test_an_empty_shop_is_not_claimed_from_outside(http: httpx.AsyncClient) -> None:
    eve = {"email": "eve@example.com", "password": PASSWORD}
    client = Client(http, {})
    async with transaction() as session:
        code = await current_code(session)
        assert code == await current_code(session), "every process prints the same"
        stored = str((await session.execute(text("SELECT * FROM setup_codes"))).all())
    assert code is not None
    assert code not in stored
    assert code.replace("-", "") not in stored
    for wrong in ({}, {"setup_code": ""}, {"setup_code": "AAAA-BBBB-CCCC-DDDD"}, {"setup_code": code[:-1]}):
        is_problem(await client.post("/auth/register", json={**eve, **wrong}), 403, "forbidden", "setup_code")
        form = await client.post("/session/first-admin", data={**eve, **wrong})
        assert "set-up%20code" in form.headers["location"]
        assert "set-cookie" not in form.headers
    assert await _count("users") == 0
    async with transaction() as session:
        newer = await new_code(session, SYSTEM)
    is_problem(await client.post("/auth/register", json={**eve, "setup_code": code}), 403, "forbidden")
    dana = {"email": "dana@example.com", "password": PASSWORD, "setup_code": newer.lower()}
    answers = await asyncio.gather(*(
        client.post("/auth/register", json={**dana, "email": f"dana{n}@example.com"}) for n in range(4)
    ))  # fmt: skip
    assert sorted(answer.status_code for answer in answers) == [201, 403, 403, 403], "it works once"
    assert await _count("users") == 1
    assert await _count("setup_codes") == 0
    assert await _count("audit_log", "action = 'setup.refused'") > 0


# --- what is written down ---


async def test_ways_in_and_out_are_recorded_and_bounded(anybody: Client) -> None:
    async with from_address("203.0.113.66") as attacker:
        await _sign_in(attacker, "not this one", "user@example.com")
        tokens = (await _sign_in(attacker, email="user@example.com")).json()
        bearer = {"Authorization": f"Bearer {tokens['access_token']}"}
        is_problem(await attacker.post("/customers", json={"phone": "2075550101"}, headers=bearer), 403, "forbidden")
        await attacker.post("/auth/refresh", json={"refresh_token": tokens["refresh_token"]})
        await attacker.post("/auth/refresh", json={"refresh_token": tokens["refresh_token"]})
        await attacker.post("/session/login", data={"email": "user@example.com", "password": PASSWORD})
        await attacker.post("/session/logout")
        async with transaction() as session:
            found = await session.execute(text("SELECT action FROM audit_log WHERE entity = 'access' ORDER BY at, id"))
            assert list(found.scalars()) == [
                "sign_in.refused", "tokens.issued", "access.refused", "refresh.reused", "session.opened",
                "session.closed",
            ]  # fmt: skip
        for _ in range(3 * audit.ACCESS_PER_HOUR):
            async with transaction() as session:
                await audit.audit_access(session, SYSTEM, "sign_in.refused", None, ip="203.0.113.9")
    assert await _count("audit_log", "action = 'sign_in.refused' AND entity_id IS NULL") == audit.ACCESS_PER_HOUR
    assert await _count("audit_log", "changes ? 'more'") == 1
    assert await _count("audit_log", "changes::text LIKE '%example.com%'") == 0


async def test_a_flood_of_refusals_hides_nothing(anybody: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    """What one address is refused takes no room of another's, and what succeeds is always recorded."""
    monkeypatch.setattr(audit, "ACCESS_PER_HOUR", 3)
    monkeypatch.setattr(audit, "ACCESS_IN_ALL", 7)
    for n in range(30):
        async with transaction() as session:
            await audit.audit_access(session, STRANGER, "sign_in.refused", None, ip=f"203.0.113.{n // 10}")
            await audit.audit_access(session, STRANGER, "tokens.issued", None, ip="203.0.113.1")
    assert await _count("audit_log", "action = 'sign_in.refused' AND changes->>'ip' = '203.0.113.0'") == 3
    assert await _count("audit_log", "action = 'sign_in.refused' AND changes->>'ip' = '203.0.113.1'") == 3
    assert await _count("audit_log", "action = 'sign_in.refused'") == 7, "in all"
    assert await _count("audit_log", "action = 'tokens.issued'") == 30


async def test_guessed_keys_are_recorded_however_they_are_sent(anybody: Client) -> None:
    await anybody.get("/users/me", headers={"Authorization": "Bearer lk_guess"})
    await anybody.get("/users/me", headers={"X-API-Key": "lk_guess"})
    await anybody.get("/users/me", headers={"Authorization": "Bearer no key"})
    assert await _count("audit_log", "action = 'api_key.refused'") == 2


async def test_signing_out_with_the_access_token_alone(anybody: Client) -> None:
    tokens = (await _sign_in(anybody)).json()
    bearer = {"Authorization": f"Bearer {tokens['access_token']}"}
    assert (await anybody.get("/users/me", headers=bearer)).status_code == 200
    assert (await anybody.post("/auth/logout", headers=bearer)).status_code == 204
    is_problem(await anybody.get("/users/me", headers=bearer), 401, "unauthenticated")
    used = await anybody.post("/auth/refresh", json={"refresh_token": tokens["refresh_token"]})
    is_problem(used, 401, "unauthenticated")
    assert await _count("audit_log", "action = 'session.closed'") == 1
    assert (await anybody.post("/auth/logout", headers={"Authorization": "Bearer nonsense"})).status_code == 204


async def test_a_viewer_who_asks_too_much_does_not_fill_the_log(viewer: Client) -> None:
    for _ in range(audit.ACCESS_PER_HOUR + 10):
        is_problem(await viewer.post("/customers", json={"phone": "2075550101"}), 403, "forbidden")
    assert await _count("audit_log", "action = 'access.refused'") == audit.ACCESS_PER_HOUR


# --- a flood ---


async def test_a_flood_of_sign_ins_holds_no_connection_and_stalls_nobody(
    anybody: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Two hundred sources guess at once: whoever is signed in is answered, each guess gets a word, and a known device
    gets in among them."""
    held = []
    original = passwords._verify

    def verify(stored: str | None, password: str) -> bool:
        held.append(db._engines[key].pool.checkedout())  # type: ignore[attr-defined]
        return original(stored, password)

    monkeypatch.setattr(passwords, "_verify", verify)
    db.engine()
    (key,) = db._engines
    async with from_address("198.51.100.7") as admin:
        tokens = (await _sign_in(admin)).json()
        bearer = {"Authorization": f"Bearer {tokens['access_token']}"}

        async def guess(n: int) -> int:
            async with from_address(f"203.0.113.{n % 250}") as attacker:
                return (await _sign_in(attacker, "not this one")).status_code

        flood = asyncio.gather(*(guess(n) for n in range(200)))
        for _ in range(5):
            assert (await admin.get("/users/me", headers=bearer)).status_code == 200
        assert (await _sign_in(admin)).status_code == 200, "a known device"
        assert not flood.done(), "while others still wait"
        answers = await flood
    assert set(answers) <= {401, 429}
    assert answers.count(429) >= 100, "what cannot be looked at now is said so at once"
    assert max(held) <= passwords.TURNS + 2, (
        "no more connections than turns: one for who is signed in, one for a device"
    )
    assert min(held) == 0, "none is held while a password is looked at"


async def test_one_source_does_not_take_all_seats(anybody: Client) -> None:
    async def guess(address: str) -> int:
        async with from_address(address) as client:
            return (await _sign_in(client, "not this one", "ghost@example.com")).status_code

    flood = asyncio.gather(*(guess("203.0.113.66") for _ in range(30)))
    await asyncio.sleep(0.05)
    async with from_address("198.51.100.7") as admin:
        assert (await _sign_in(admin)).status_code == 200
    assert (await flood).count(429) >= 30 - FREE


async def test_who_has_left_is_not_waited_for() -> None:
    gate = passwords._Gate()
    ran: list[int] = []

    async def attempt(n: int, *, is_known: bool = False) -> None:
        async with gate.turn(f"source {n}", is_known=is_known):
            ran.append(n)
            await asyncio.sleep(0.02)

    holders = [asyncio.create_task(attempt(-1 - n)) for n in range(passwords.TURNS)]
    await asyncio.sleep(0)
    waiting = [asyncio.create_task(attempt(n, is_known=n == 9)) for n in range(10)]
    await asyncio.sleep(0)
    for task in waiting[:5]:
        task.cancel()
    await asyncio.gather(*holders, *waiting, return_exceptions=True)
    assert ran[passwords.TURNS] == 9, "a known device goes first"
    assert ran[passwords.TURNS + 1 :] == [5, 6, 7, 8]
    assert (gate._free[False], +gate._seated, gate._by_source) == (passwords.TURNS, {}, {})


# --- cookies ---


async def test_cookies_over_https_are_this_hosts_alone(anybody: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    form = {"email": VICTIM, "password": PASSWORD}
    plain = await anybody.post("/session/login", data=form)
    assert {SESSION, DEVICE} <= set(plain.cookies)
    monkeypatch.setenv("LIQUOR_PUBLIC_URL", "https://marketing.shop.test")
    config.get_settings.cache_clear()
    planted = await anybody.get("/users/me", headers={"cookie": f"{SESSION}={plain.cookies[SESSION]}"})
    is_problem(planted, 401, "unauthenticated")
    signed = await anybody.post("/session/login", data=form)
    set_cookies = signed.headers.get_list("set-cookie")
    assert len(set_cookies) == 2
    for one in set_cookies:
        name, *attributes = [part.strip().lower() for part in one.split(";")]
        assert name.startswith("__host-liquor_")
        assert {"secure", "httponly", "path=/", "samesite=lax"} <= set(attributes)
        assert not any(attribute.startswith("domain") for attribute in attributes)
    value = set_cookies[0].split(";")[0]
    anybody.http.cookies.clear()
    assert (await anybody.get("/users/me", headers={"cookie": value})).status_code == 200
    out = await anybody.post("/session/logout", headers={"cookie": value})
    assert "secure" in out.headers["set-cookie"].lower()
    is_problem(await anybody.get("/users/me", headers={"cookie": value}), 401, "unauthenticated")


async def test_who_hangs_up_before_the_turn_is_neither_hashed_nor_counted(
    anybody: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    looked: list[str] = []
    monkeypatch.setattr(passwords, "_verify", lambda stored, password: bool(looked.append(password)))
    body = b'{"email": "user@example.com", "password": "not this one"}'
    messages = [{"type": "http.request", "body": body, "more_body": False}]
    sent: list[MutableMapping[str, Any]] = []

    async def receive() -> MutableMapping[str, Any]:
        return messages.pop() if messages else {"type": "http.disconnect"}

    async def send(message: MutableMapping[str, Any]) -> None:
        sent.append(message)

    scope = {
        "type": "http", "asgi": {"version": "3.0"}, "http_version": "1.1", "method": "POST", "scheme": "http",
        "path": "/api/v1/auth/login", "raw_path": b"/api/v1/auth/login", "query_string": b"", "root_path": "",
        "headers": [(b"host", b"shop.test"), (b"content-type", b"application/json"),
                    (b"content-length", str(len(body)).encode())],
        "client": ("203.0.113.66", 1), "server": ("shop.test", 80),
    }  # fmt: skip
    await whole_api()(scope, receive, send)
    assert sent[0]["status"] == 503
    assert looked == []
    assert await _count("sign_in_attempts") == 0


def test_a_first_password_is_shown_until_somebody_has_signed_in(database: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Each start as one that was interrupted before it said the password of the one before."""

    async def is_empty() -> bool:
        return False  # the sample is loaded: not what this is about

    monkeypatch.setattr(sample_shop, "is_empty", is_empty)
    monkeypatch.setenv("LIQUOR_SAMPLE", "1")
    monkeypatch.delenv("LIQUOR_ADMIN_PASSWORD", raising=False)
    config.get_settings.cache_clear()
    console = Console(file=io.StringIO())
    first, second = up._prepare(console)[0], up._prepare(console)[0]
    assert first
    assert second
    assert first != second

    async def sign_in(password: str) -> int:
        async with from_address("198.51.100.7") as admin:
            answer = await _sign_in(admin, password)
        await db.dispose()
        await redis.dispose()
        return answer.status_code

    assert asyncio.run(sign_in(first)) == 401
    assert up._prepare(console)[0] not in (None, first, second), "a failed attempt is nobody's sign-in"
    third = up._prepare(console)[0]
    assert third
    assert asyncio.run(sign_in(third)) == 200
    assert up._prepare(console) == (None, None), "somebody has signed in: it stays"


@pytest.mark.parametrize(("address", "name"), [("", SESSION), ("https://shop.example.com", f"__Host-{SESSION}")])
def test_a_tab_is_known_by_this_hosts_cookie_alone(monkeypatch: pytest.MonkeyPatch, address: str, name: str) -> None:
    monkeypatch.setenv("LIQUOR_PUBLIC_URL", address)
    config.get_settings.cache_clear()
    tab = Tab("/", None)
    both = f"{SESSION}=planted; __Host-{SESSION}=right" if address else f"{SESSION}=right; __Host-{SESSION}=other"
    tab.root.router = RouterData.from_router_data({"pathname": "/", "query": {}, "headers": {"cookie": both}})
    assert cookie_of(tab.root) == "right"
    tab.root.router = RouterData.from_router_data({"pathname": "/", "query": {}, "headers": {"cookie": f"{name}=x"}})
    assert cookie_of(tab.root) == "x"
    monkeypatch.undo()
    config.get_settings.cache_clear()


async def test_a_known_device_signs_in_while_a_crowd_holds_every_connection(admin: Client) -> None:
    """Known devices sign in in a loop of their own, whose connections are its own, too."""
    assert (await _sign_in(admin)).status_code == 200
    assert DEVICE in admin.http.cookies
    size = 2 * config.get_settings().db_pool_size
    SIGNING_IN.open()
    try:
        async with AsyncExitStack() as crowd:
            for _ in range(size):
                await (await crowd.enter_async_context(transaction())).execute(text("SELECT 1"))
            async with asyncio.timeout(8):
                assert (await _sign_in(admin)).status_code == 200
                form = {"email": VICTIM, "password": PASSWORD}
                answer = await admin.post("/session/login", data=form)
                assert (answer.status_code, answer.headers["location"]) == (303, "/")
    finally:
        await SIGNING_IN.run(db.dispose)
        await SIGNING_IN.run(redis.dispose)
        SIGNING_IN.close()


def test_a_web_server_opens_the_known_devices_loop() -> None:
    assert SIGNING_IN.open in app.get_lifespan_tasks()


@pytest.mark.skipif(sys.platform != "linux", reason="elsewhere a thread has no niceness of its own")
async def test_strangers_passwords_come_after_all_else() -> None:
    async def niceness(*, is_known: bool) -> int:
        async with passwords.turn("x", is_known=is_known):
            return await passwords._in_thread(lambda: os.getpriority(os.PRIO_PROCESS, threading.get_native_id()))

    known = await niceness(is_known=True)
    assert await niceness(is_known=False) == min(19, passwords.STANDS_BACK)
    assert known == os.getpriority(os.PRIO_PROCESS, 0)
