"""One's own password, and the second step where there is one, asked again before the sign-in is changed. Wrong ones are
counted as at sign-in: whoever finds a browser open, and the password, opens and ends nothing of it (ASVS 7.5.1)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from fastapi import Request

from liquor_app.accounts import profile
from liquor_app.accounts.cookies import CEREMONY, DEVICE, cookie_name
from liquor_app.accounts.entry.known_devices import Device, read_device
from liquor_app.accounts.entry.passkey_ceremony import Ceremony, take_challenge
from liquor_app.accounts.entry.passkeys import finish_entry
from liquor_app.accounts.entry.passwords import Hashed, check_password, hash_password, turn, verify_password
from liquor_app.accounts.entry.second_step_rule import has_codes, needs_second_step
from liquor_app.accounts.entry.sign_in import begin_attempt, confirm_code, finish_attempt
from liquor_app.accounts.permissions import Actor
from liquor_app.accounts.users import UserRow
from liquor_app.api.client_address import source_group, source_of
from liquor_app.core.db import transaction
from liquor_app.core.errors import Invalid

PASSKEY_NEEDED = "Use your passkey as well."
NOT_YOURS = "This passkey was not accepted. Try again."


@dataclass(frozen=True, slots=True)
class Proof:
    """What somebody says to be known again: the password, and of the second step a code or what a passkey signed."""

    password: str
    code: str | None = None
    credential: Mapping[str, Any] | None = None


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


async def confirm_identity(request: Request, actor: Actor, proof: Proof) -> UserRow:
    """Return the actor as a user, who said their present password and, if that alone does not sign them in, a code, a
    recovery code or what a passkey of theirs signed.

    Raises:
        Forbidden: the actor is no person.
        Invalid: one of them is wrong, or left out.
        TooMany: too many wrong ones.
    """
    user = await confirm_password(request, actor, proof.password)
    async with transaction() as session:
        is_asked, by_code = await needs_second_step(session, user.id), await has_codes(session, user.id)
    if not is_asked:
        return user
    if proof.credential is not None:
        await _confirm_passkey(request, user.id, proof.credential)
    elif by_code:
        await confirm_code(user.id, proof.code, source=source_of(request))
    else:
        raise Invalid(PASSKEY_NEEDED, field="credential")
    return user


async def _confirm_passkey(request: Request, user_id: UUID, answer: Mapping[str, Any]) -> None:
    challenge = await take_challenge(request.cookies.get(cookie_name(CEREMONY)), Ceremony.PROVE, user_id)
    async with transaction() as session:
        found = await finish_entry(session, challenge, answer, source=source_of(request))
    if found is None or found.id != user_id:
        raise Invalid(NOT_YOURS, field="credential")


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
