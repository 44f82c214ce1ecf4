"""One's own password, asked again before the sign-in is changed. Wrong ones are counted as at sign-in."""

from __future__ import annotations

from fastapi import Request

from liquor_app.accounts import profile
from liquor_app.accounts.cookies import DEVICE, cookie_name
from liquor_app.accounts.entry.known_devices import Device, read_device
from liquor_app.accounts.entry.passwords import Hashed, check_password, hash_password, turn, verify_password
from liquor_app.accounts.entry.sign_in import begin_attempt, finish_attempt
from liquor_app.accounts.permissions import Actor
from liquor_app.accounts.users import UserRow
from liquor_app.api.client_address import source_group, source_of
from liquor_app.core.db import transaction
from liquor_app.core.errors import Invalid


def device_of(request: Request) -> Device | None:
    """Return the device a request comes from, if somebody signed in on it before."""
    return read_device(request.cookies.get(cookie_name(DEVICE)))


async def confirm_password(request: Request, actor: Actor, current: str) -> UserRow:
    """Return the actor as a user, whose present password this is.

    Raises:
        Forbidden: the actor is no person.
        Invalid: it is wrong.
        TooMany: too many wrong ones.
    """
    return (await _confirmed(request, actor, current))[0]


async def new_password(request: Request, actor: Actor, current: str, fresh: str) -> tuple[Hashed, Hashed]:
    """Return the hash the present password was checked against, and the new one's.

    Raises:
        Forbidden, Invalid, TooMany: see `confirm_password`; the new one is too short or easy to guess.
    """
    check_password(fresh)
    user, stored = await _confirmed(request, actor, current)
    async with turn(f"user:{actor.id}", is_known=True):
        return stored, await hash_password(fresh, about=(user.email, user.full_name or ""))


async def _confirmed(request: Request, actor: Actor, current: str) -> tuple[UserRow, Hashed]:
    source = source_of(request)
    async with transaction() as session:
        user, stored = await profile.stored_hash(session, actor)
    async with turn(f"user:{actor.id}", is_known=True):
        async with transaction() as session:
            attempt = await begin_attempt(
                session, email=user.email, source=source, source_group=source_group(source), device=device_of(request)
            )
        correct = await verify_password(stored, current)
        async with transaction() as session:
            verdict = await finish_attempt(session, attempt, correct, kind="password_change")
    if verdict.user is None:
        raise Invalid("current_password is wrong", field="current_password")
    return user, stored
