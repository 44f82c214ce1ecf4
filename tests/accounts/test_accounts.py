"""Users, sign-in, lock-out, sessions, tokens, keys, roles."""

from __future__ import annotations

from datetime import timedelta

import pytest
from sqlalchemy import text

from liquor_app.accounts import service
from liquor_app.accounts.models import Role
from liquor_app.accounts.permissions import SYSTEM, Actor, ActorKind, require
from liquor_app.core.clock import now, travel
from liquor_app.core.db import transaction
from liquor_app.core.errors import Conflict, Forbidden, Invalid, Unauthenticated

pytestmark = pytest.mark.integration

EMAIL, PASSWORD = "dana@example.com", "correct-horse-battery"


async def _dana() -> service.UserRow:
    async with transaction() as session:
        return await service.register_first_admin(session, email=EMAIL, password=PASSWORD, full_name="Dana Ruiz")


async def _try(password: str, email: str = EMAIL) -> service.Verdict:
    async with transaction() as session:
        return await service.authenticate(session, email=email, password=password)


async def test_only_the_first_comer_becomes_admin(database: str) -> None:
    assert (await _dana()).role is Role.ADMIN
    async with transaction() as session:
        with pytest.raises(Forbidden, match="already set up"):
            await service.register_first_admin(session, email="eve@example.com", password=PASSWORD)


@pytest.mark.parametrize("password", ["short", "aaaaaaaaaaaa", "x" * 201])
async def test_weak_passwords_are_refused(database: str, password: str) -> None:
    async with transaction() as session:
        with pytest.raises(Invalid) as caught:
            await service.create_user(session, SYSTEM, email=EMAIL, password=password, role=Role.USER)
    assert caught.value.field == "password"


async def test_an_address_is_taken_once_whatever_its_case(database: str) -> None:
    await _dana()
    async with transaction() as session:
        with pytest.raises(Conflict):
            await service.create_user(session, SYSTEM, email="DANA@Example.com", password=PASSWORD, role=Role.USER)


async def test_eight_failures_lock_for_a_quarter_of_an_hour(database: str) -> None:
    await _dana()
    for _ in range(service.MAX_FAILURES):
        assert (await _try("wrong-password")).user is None
    assert "15 minutes" in (await _try(PASSWORD)).refusal
    with travel(now() + timedelta(minutes=16)):
        assert (await _try(PASSWORD)).user is not None


async def test_a_wrong_address_and_a_wrong_password_read_the_same(database: str) -> None:
    await _dana()
    assert (await _try("wrong-password")).refusal == (await _try(PASSWORD, "nobody@example.com")).refusal


async def test_a_session_ends_when_closed_or_its_user_leaves(database: str) -> None:
    dana = await _dana()
    async with transaction() as session:
        first = await service.open_session(session, dana, ip="127.0.0.1", user_agent="test")
        second = await service.open_session(session, dana, ip=None, user_agent=None)
    async with transaction() as session:
        found = await service.session_actor(session, first)
        assert found is not None
        assert found.name == "Dana Ruiz"
        await service.close_session(session, first)
        assert await service.session_actor(session, first) is None
        assert await service.session_actor(session, second) is not None
        await session.execute(text("UPDATE users SET is_active = false"))
        assert await service.session_actor(session, second) is None


async def test_cookies_and_keys_are_stored_as_hashes_only(database: str) -> None:
    dana = await _dana()
    async with transaction() as session:
        cookie = await service.open_session(session, dana, ip=None, user_agent=None)
        key = await service.create_api_key(session, dana.actor, name="till", role=Role.MANAGER)
        stored = await session.execute(
            text("SELECT token_hash FROM browser_sessions UNION ALL SELECT key_hash FROM api_keys")
        )
        hashes = set(stored.scalars())
    assert cookie not in hashes
    assert key not in hashes
    async with transaction() as session:
        assert (await service.token_actor(session, key)).role is Role.MANAGER


async def test_a_refresh_token_used_twice_ends_its_family(database: str) -> None:
    dana = await _dana()
    async with transaction() as session:
        first = await service.issue_tokens(session, dana)
    async with transaction() as session:
        second = await service.refresh_tokens(session, first.refresh_token)
    assert second is not None
    async with transaction() as session:
        assert await service.refresh_tokens(session, first.refresh_token) is None
    async with transaction() as session:
        assert await service.refresh_tokens(session, second.refresh_token) is None


async def test_an_access_token_speaks_for_the_user_as_they_are_now(database: str) -> None:
    dana = await _dana()
    async with transaction() as session:
        pair = await service.issue_tokens(session, dana)
        assert (await service.token_actor(session, pair.access_token)).id == dana.id
        await session.execute(text("UPDATE users SET role = 'user'"))
        session.expire_all()
        assert (await service.token_actor(session, pair.access_token)).role is Role.USER
        for forged in ("", "x.y.z", pair.access_token[:-3] + "abc", "lk_unknown"):
            with pytest.raises(Unauthenticated):
                await service.token_actor(session, forged)


async def test_changing_a_password_needs_the_old_one_and_ends_every_session(database: str) -> None:
    dana = await _dana()
    async with transaction() as session:
        cookie = await service.open_session(session, dana, ip=None, user_agent=None)
    async with transaction() as session:
        with pytest.raises(Invalid) as caught:
            await service.update_me(session, dana.actor, {"password": "another-long-one", "current_password": "no"})
        assert caught.value.field == "current_password"
    async with transaction() as session:
        await service.update_me(session, dana.actor, {"password": "another-long-one", "current_password": PASSWORD})
    async with transaction() as session:
        assert await service.session_actor(session, cookie) is None
    assert (await _try("another-long-one")).user is not None


def test_roles_are_ranked() -> None:
    viewer = Actor(ActorKind.USER, None, "v", Role.USER)
    require(viewer, Role.USER)
    with pytest.raises(Forbidden, match="Marketer"):
        require(viewer, Role.MANAGER)
    require(SYSTEM, Role.ADMIN)
