"""Where the rules about accounts begin and end: the last length, the last seat, the very second."""

from __future__ import annotations

import asyncio
from contextlib import AsyncExitStack
from datetime import timedelta
from enum import StrEnum
from typing import Any

import pytest
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

from liquor_app.accounts import profile, tokens, users
from liquor_app.accounts.changed_fields import HIDDEN, changed_fields
from liquor_app.accounts.entry import passwords, setup_code
from liquor_app.accounts.entry.passwords import SEATS, SEATS_EACH, Hashed, check_password
from liquor_app.accounts.models import Role
from liquor_app.accounts.permissions import SYSTEM
from liquor_app.accounts.sessions import open_session
from liquor_app.core.clock import now, travel
from liquor_app.core.errors import Forbidden, Invalid, TooMany

NEVER = Hashed("never signed in with")


async def dana(session: AsyncSession, email: str = "dana@example.com", **more: Any) -> users.UserRow:
    return await users.create_user(session, SYSTEM, email=email, password=NEVER, role=Role.ADMIN, **more)


@pytest.mark.parametrize(("length", "fits"), [(9, False), (10, True), (200, True), (201, False)])
def test_a_password_has_ten_to_two_hundred_characters(length: int, fits: bool) -> None:
    password = ("abcde" * 41)[:length]
    if fits:
        check_password(password)
        return
    with pytest.raises(Invalid, match="10 to 200"):
        check_password(password)


async def test_every_seat_is_taken_and_none_beyond() -> None:
    gate = passwords._Gate()
    leave = asyncio.Event()

    async def sit(source: str) -> None:
        async with gate.turn(source, is_known=False):
            await leave.wait()

    crowd = [asyncio.create_task(sit("one")) for _ in range(SEATS_EACH)]
    await asyncio.sleep(0)
    with pytest.raises(TooMany):
        await sit("one")
    crowd += [asyncio.create_task(sit(f"other {n}")) for n in range(SEATS - SEATS_EACH)]
    await asyncio.sleep(0)
    assert not [task for task in crowd if task.done()], "each of them has a seat"
    with pytest.raises(TooMany):
        await sit("somebody else")
    async with AsyncExitStack() as known:
        await known.enter_async_context(gate.turn("a known device", is_known=True))
    leave.set()
    await asyncio.gather(*crowd)
    async with gate.turn("one", is_known=False):
        pass


@pytest.mark.integration
@pytest.mark.parametrize(("early", "good"), [(timedelta(seconds=1), True), (timedelta(0), False)])
async def test_a_refresh_token_ends_with_its_very_second(session: AsyncSession, early: timedelta, good: bool) -> None:
    pair = await tokens.issue_tokens(session, await dana(session))
    expires = (await session.execute(text("SELECT expires_at FROM refresh_tokens"))).scalar_one()
    with travel(expires - early):
        assert (await tokens.refresh_tokens(session, pair.refresh_token) is not None) is good


@pytest.mark.integration
async def test_an_account_is_unclaimed_until_anybody_has_signed_in(session: AsyncSession) -> None:
    """Alone, never seen, and without a session or a token that somebody may hold."""
    first = await dana(session)
    assert await users.is_unclaimed(session, "DANA@example.com")
    assert not await users.is_unclaimed(session, "other@example.com")
    await session.execute(text("UPDATE users SET last_login_at = :at"), {"at": now()})
    assert not await users.is_unclaimed(session, "dana@example.com")
    await session.execute(text("UPDATE users SET last_login_at = NULL"))
    pair = await tokens.issue_tokens(session, first)
    assert not await users.is_unclaimed(session, "dana@example.com")
    await session.execute(text("DELETE FROM refresh_tokens"))
    assert pair.refresh_token
    await open_session(session, first, ip=None, user_agent=None)
    await session.execute(text("UPDATE users SET last_login_at = NULL"))
    assert not await users.is_unclaimed(session, "dana@example.com")
    await session.execute(text("DELETE FROM browser_sessions"))
    assert await users.is_unclaimed(session, "dana@example.com")
    await dana(session, "second@example.com")
    assert not await users.is_unclaimed(session, "dana@example.com")


@pytest.mark.integration
async def test_a_name_has_at_most_120_characters(session: AsyncSession) -> None:
    actor = (await dana(session)).actor
    row = await profile.update_me(session, actor, {"full_name": f" {'n' * 119}  x "[:121] + " "})
    assert row.full_name == "n" * 119
    with pytest.raises(Invalid, match="at most 120"):
        await profile.update_me(session, actor, {"full_name": "n" * 121})


@pytest.mark.integration
async def test_a_code_is_used_up_once(session: AsyncSession) -> None:
    code = await setup_code.new_code(session, SYSTEM)
    with pytest.raises(Forbidden):
        await setup_code.use_code(session, "not the one")
    await setup_code.use_code(session, code)
    with pytest.raises(Forbidden):
        await setup_code.use_code(session, code)


class Colour(StrEnum):
    RED = "red"


def test_what_the_log_keeps_of_a_change() -> None:
    address = "ann@example.com"
    told = changed_fields(
        {"same": 1, "from_email": "", "note": "", "list": []},
        {"same": 1, "from_email": address, "note": address, "list": [address], "of": Colour.RED, "secret": "x"},
        private={"secret"},
        plain={"from_email"},
    )
    assert told["from_email"] == ["", address], "the shop's own"
    assert address not in str(told["note"]), "a person's, it may be"
    assert address not in str(told["list"])
    assert told["of"] == [None, "red"]
    assert type(told["of"][1]) is str
    assert told["secret"] == [None, HIDDEN]
    assert "same" not in told
