"""Users, sign-in, lock-out, sessions, tokens, keys, roles."""

from __future__ import annotations

import asyncio
from datetime import timedelta

import jwt
import pytest
from sqlalchemy import text

from liquor_app.accounts import profile, sessions, tokens, users
from liquor_app.accounts.api_keys import create_api_key
from liquor_app.accounts.entry.known_devices import Device
from liquor_app.accounts.entry.passwords import Hashed, hash_password, verify_password
from liquor_app.accounts.entry.sign_in import Verdict, begin_attempt, finish_attempt
from liquor_app.accounts.entry.sign_in_attempts import FREE, forget_attempts
from liquor_app.accounts.models import Role
from liquor_app.accounts.permission_table import Permission
from liquor_app.accounts.permissions import SYSTEM, Actor, ActorKind, require
from liquor_app.core import config
from liquor_app.core.clock import now, travel
from liquor_app.core.db import transaction
from liquor_app.core.errors import Conflict, Forbidden, Invalid, TooMany, Unauthenticated
from liquor_app.core.security.crypto import key

pytestmark = pytest.mark.integration

EMAIL, PASSWORD = "dana@example.com", "correct-horse-battery"


async def _dana() -> users.UserRow:
    hashed = await hash_password(PASSWORD)
    async with transaction() as session:
        return await users.register_first_admin(session, email=EMAIL, password=hashed, full_name="Dana Ruiz", code=None)


async def _try(password: str, email: str = EMAIL, source: str = "192.0.2.1", device: Device | None = None) -> Verdict:
    async with transaction() as session:
        attempt = await begin_attempt(session, email=email, source=source, source_group=source, device=device)
    correct = await verify_password(attempt.stored, password)
    async with transaction() as session:
        return await finish_attempt(session, attempt, correct)


async def test_only_the_first_comer_becomes_admin(database: str) -> None:
    assert (await _dana()).role is Role.ADMIN
    async with transaction() as session:
        with pytest.raises(Forbidden, match="already set up"):
            await users.register_first_admin(session, email="eve@example.com", password=Hashed("x"), code=None)


@pytest.mark.parametrize(
    "password",
    [
        "short", "aaaaaaaaaaaa", "x" * 201, "abcabcabcabc", "password123", "Password1234", "qwertyuiop12",
        "1q2w3e4r5t6y", "Summer2026", "iloveyou1234", "dana.example", "12/11/1988!", "liquormarketing",
    ],
)  # fmt: skip
async def test_weak_passwords_are_refused(password: str) -> None:
    with pytest.raises(Invalid) as caught:
        await hash_password(password, about=("dana@example.com", "Dana Harbor"))
    assert caught.value.field == "password"


async def test_an_address_is_taken_once_whatever_its_case(database: str) -> None:
    await _dana()
    async with transaction() as session:
        with pytest.raises(Conflict):
            await users.create_user(session, SYSTEM, email="DANA@Example.com", password=Hashed("x"), role=Role.USER)


async def test_after_eight_failures_one_waits_longer_each_time(database: str) -> None:
    await _dana()
    for _ in range(FREE):
        assert (await _try("wrong-password")).user is None
    with pytest.raises(TooMany) as first:
        await _try(PASSWORD)
    assert first.value.retry_after <= 30
    with travel(now() + timedelta(seconds=31)):
        assert (await _try("wrong-password")).user is None
        with pytest.raises(TooMany) as second:
            await _try(PASSWORD)
    assert 30 < second.value.retry_after <= 60
    with travel(now() + timedelta(minutes=16)):
        assert (await _try(PASSWORD)).user is not None
    assert (await _try("wrong-password")).user is None, "the right one has begun the count anew"


async def test_a_hundred_at_once_are_counted_each(database: str) -> None:
    """What is looked at before it is counted lets a hundred through together."""
    await _dana()
    answers = await asyncio.gather(*(_try("wrong-password") for _ in range(15)), return_exceptions=True)
    assert sum(isinstance(answer, TooMany) for answer in answers) == 15 - FREE
    assert all(isinstance(answer, TooMany | Verdict) for answer in answers)


async def test_a_session_ends_when_closed_or_its_user_leaves(database: str) -> None:
    dana = await _dana()
    async with transaction() as session:
        first = await sessions.open_session(session, dana, ip="127.0.0.1", user_agent="test")
        second = await sessions.open_session(session, dana, ip=None, user_agent=None)
    async with transaction() as session:
        found = await sessions.session_actor(session, first)
        assert found is not None
        assert found.name == "Dana Ruiz"
        await sessions.close_session(session, first)
        assert await sessions.session_actor(session, first) is None
        assert await sessions.session_actor(session, second) is not None
        await session.execute(text("UPDATE users SET is_active = false"))
        assert await sessions.session_actor(session, second) is None


async def test_cookies_and_keys_are_stored_as_hashes_only(database: str) -> None:
    dana = await _dana()
    async with transaction() as session:
        cookie = await sessions.open_session(session, dana, ip=None, user_agent=None)
        key = await create_api_key(session, dana.actor, name="till", role=Role.MANAGER)
        stored = await session.execute(
            text("SELECT token_hash FROM browser_sessions UNION ALL SELECT key_hash FROM api_keys")
        )
        hashes = set(stored.scalars())
    assert cookie not in hashes
    assert key not in hashes
    async with transaction() as session:
        assert (await tokens.token_actor(session, key)).role is Role.MANAGER


async def test_a_refresh_token_used_twice_ends_its_family(database: str) -> None:
    dana = await _dana()
    async with transaction() as session:
        first = await tokens.issue_tokens(session, dana)
    async with transaction() as session:
        second = await tokens.refresh_tokens(session, first.refresh_token)
    assert second is not None
    async with transaction() as session:
        assert await tokens.refresh_tokens(session, first.refresh_token) is None
    async with transaction() as session:
        assert await tokens.refresh_tokens(session, second.refresh_token) is None


async def test_an_access_token_speaks_for_the_user_as_they_are_now(database: str) -> None:
    dana = await _dana()
    async with transaction() as session:
        pair = await tokens.issue_tokens(session, dana)
        assert (await tokens.token_actor(session, pair.access_token)).id == dana.id
        await session.execute(text("UPDATE users SET role = 'user'"))
        session.expire_all()
        assert (await tokens.token_actor(session, pair.access_token)).role is Role.USER
        for forged in ("", "x.y.z", pair.access_token[:-3] + "abc", "lk_unknown"):
            with pytest.raises(Unauthenticated):
                await tokens.token_actor(session, forged)


async def test_an_access_token_dies_with_its_session(database: str) -> None:
    dana = await _dana()

    async def is_alive(pair: tokens.TokenPair) -> bool:
        async with transaction() as session:
            try:
                return (await tokens.token_actor(session, pair.access_token)).id == dana.id
            except Unauthenticated:
                return False

    async with transaction() as session:
        pairs = [await tokens.issue_tokens(session, dana) for _ in range(4)]
    assert [await is_alive(pair) for pair in pairs] == [True] * 4
    async with transaction() as session:
        await tokens.revoke_family(session, pairs[0].refresh_token)
        fresh = await tokens.refresh_tokens(session, pairs[1].refresh_token)
    assert fresh is not None
    assert [await is_alive(pair) for pair in (*pairs, fresh)] == [False, True, True, True, True]
    async with transaction() as session:
        await tokens.refresh_tokens(session, pairs[1].refresh_token)  # a second use: somebody stole it
    assert [await is_alive(pair) for pair in (*pairs, fresh)] == [False, False, True, True, False]
    async with transaction() as session:
        await session.execute(text("UPDATE users SET is_active = false"))
    assert not await is_alive(pairs[2])
    async with transaction() as session:
        await session.execute(text("UPDATE users SET is_active = true"))
        await profile.reset_password(session, SYSTEM, email=EMAIL, password=Hashed("x"))
    assert not await is_alive(pairs[2])


@pytest.mark.parametrize("missing", ["exp", "sid", "sub", "aud", "iat"])
async def test_an_access_token_without_a_claim_is_none(database: str, missing: str) -> None:
    dana = await _dana()
    async with transaction() as session:
        pair = await tokens.issue_tokens(session, dana)
        claims = jwt.decode(pair.access_token, options={"verify_signature": False})
        del claims[missing]
        with pytest.raises(Unauthenticated):
            await tokens.token_actor(session, jwt.encode(claims, key("jwt"), "HS256"))


async def test_an_idle_session_ends_and_looking_on_is_not_doing(database: str) -> None:
    dana = await _dana()
    async with transaction() as session:
        cookie = await sessions.open_session(session, dana, ip=None, user_agent=None)

    async def idle(minutes: int) -> bool:
        async with transaction() as session:
            await session.execute(
                text("UPDATE browser_sessions SET last_seen_at = now() - make_interval(mins => :m)"), {"m": minutes}
            )
            return await sessions.session_actor(session, cookie) is not None

    limit = config.get_settings().session_idle_minutes
    assert await idle(limit - 1)
    async with transaction() as session:
        await sessions.session_actor(session, cookie)
        seen = await session.execute(text("SELECT now() - last_seen_at > interval '1 hour' FROM browser_sessions"))
        assert seen.scalar_one(), "a live page that looks again keeps nobody signed in"
        await sessions.touch_session(session, cookie)
        seen = await session.execute(text("SELECT now() - last_seen_at < interval '1 minute' FROM browser_sessions"))
        assert seen.scalar_one()
    assert not await idle(limit + 1)


async def test_what_ended_long_ago_is_forgotten(database: str) -> None:
    dana = await _dana()
    async with transaction() as session:
        cookie = await sessions.open_session(session, dana, ip=None, user_agent=None)
        pair = await tokens.issue_tokens(session, dana)
    with travel(now() - timedelta(days=60)):
        async with transaction() as session:
            await sessions.open_session(session, dana, ip=None, user_agent=None)
            await tokens.issue_tokens(session, dana)
        await _try("wrong-password")
    await _try("wrong-password", source="192.0.2.9")
    async with transaction() as session:
        await sessions.forget_sessions(session)
        await forget_attempts(session)
        left = await session.execute(
            text(
                "SELECT (SELECT count(*) FROM browser_sessions), (SELECT count(*) FROM refresh_tokens),"
                " (SELECT count(*) FROM sign_in_attempts)"
            )
        )
        assert tuple(left.one()) == (1, 1, 2)
        assert await sessions.session_actor(session, cookie) is not None
        assert (await tokens.token_actor(session, pair.access_token)).id == dana.id


async def test_a_password_changed_meanwhile_is_not_changed_again(database: str) -> None:
    dana = await _dana()
    async with transaction() as session:
        cookie = await sessions.open_session(session, dana, ip=None, user_agent=None)
        _, stored = await profile.stored_hash(session, dana.actor)
    fresh = await hash_password("another-long-one")
    async with transaction() as session:
        await profile.update_me(session, dana.actor, {}, (stored, fresh))
    async with transaction() as session:
        assert await sessions.session_actor(session, cookie) is None
        with pytest.raises(Conflict):
            await profile.update_me(session, dana.actor, {}, (stored, Hashed("y")))
    assert (await _try("another-long-one")).user is not None


def test_roles_are_ranked() -> None:
    viewer = Actor(ActorKind.USER, None, "v", Role.USER)
    require(viewer, Permission.CUSTOMERS_READ)
    with pytest.raises(Forbidden, match="Marketer"):
        require(viewer, Permission.CUSTOMERS_WRITE)
    require(SYSTEM, Permission.CUSTOMERS_ADMIN)
