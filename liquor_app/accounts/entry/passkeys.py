"""Passkeys of the shop's people: added, named, taken away, and signed in with.

One is two factors: a device somebody has, and the finger, face or number by which it knows them. So no code is asked
for after it, and where the shop asks its admins for a second step, a passkey is one (ADR 114).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession
from sqlmodel import col, select

from liquor_app.accounts.access_changes import announce_access
from liquor_app.accounts.audit import audit, audit_access, audit_change
from liquor_app.accounts.entry.passkey_ceremony import Begun, Ceremony, begin_ceremony, required_party
from liquor_app.accounts.entry.passkey_proof import (
    named_user,
    options_to_add,
    options_to_enter,
    prove_known,
    prove_new,
)
from liquor_app.accounts.entry.second_step_rule import must_keep_second_step
from liquor_app.accounts.models import User
from liquor_app.accounts.permission_table import Permission
from liquor_app.accounts.permissions import STRANGER, Actor, require
from liquor_app.accounts.users import UserRow, row_of_user
from liquor_app.core.clock import now
from liquor_app.core.errors import Conflict, Forbidden, Full, Invalid, NotFound, Taken
from liquor_app.core.storable_text import said

MOST_NAME = 80
MOST_PASSKEYS = 20
"""Of one person."""
NOT_ADDED = "This passkey was not taken: it took too long, or was made for another page. Please try again."

_MINE = "SELECT id, name, created_at, last_used_at FROM passkeys WHERE user_id = :user ORDER BY created_at, id"
_ONE = "SELECT id, name, created_at, last_used_at FROM passkeys WHERE user_id = :user AND id = :id"
_KNOWN = "SELECT credential_id FROM passkeys WHERE user_id = :user"
_LOCK = "SELECT id FROM users WHERE id = :user FOR UPDATE"
_RENAME = "UPDATE passkeys SET name = :name WHERE id = :id AND user_id = :user"
_REMOVE = "DELETE FROM passkeys WHERE id = :id AND user_id = :user"
_DROP = "DELETE FROM passkeys WHERE user_id = :user RETURNING 1"
_ADD = """
INSERT INTO passkeys (user_id, name, credential_id, public_key, sign_count)
VALUES (:user, :name, :credential, :key, :count) ON CONFLICT (credential_id) DO NOTHING RETURNING id
"""
_STORED = """
SELECT id, public_key, sign_count FROM passkeys WHERE credential_id = :credential AND user_id = :user FOR UPDATE
"""
_USED = "UPDATE passkeys SET sign_count = :count, last_used_at = :now WHERE id = :id"


@dataclass(frozen=True, slots=True)
class PasskeyRow:
    """A passkey as its owner sees it."""

    id: UUID
    name: str
    created_at: datetime
    last_used_at: datetime | None


async def my_passkeys(session: AsyncSession, actor: Actor) -> list[PasskeyRow]:
    """Return the actor's passkeys, the oldest first."""
    user = _person(actor)
    found = await session.execute(text(_MINE), {"user": user})
    return [PasskeyRow(**row) for row in found.mappings()]


async def my_passkey(session: AsyncSession, actor: Actor, passkey_id: UUID) -> PasskeyRow:
    """Return one of the actor's passkeys.

    Raises:
        NotFound: it is none of theirs.
    """
    user = _person(actor)
    found = await session.execute(text(_ONE), {"user": user, "id": passkey_id})
    row = found.mappings().first()
    if row is None:
        raise NotFound("There is no such passkey.")
    return PasskeyRow(**row)


async def begin_adding(session: AsyncSession, actor: Actor, user: UserRow) -> tuple[dict[str, Any], Begun]:
    """Return what the browser asks a device for, and what it holds meanwhile. Whoever calls this has just asked for
    the actor's password.

    Raises:
        Forbidden: the actor is no person.
        Conflict: they have as many as one may, or the shop's address is none passkeys work at.
    """
    owner, party = _person(actor), required_party()
    known = list((await session.execute(text(_KNOWN), {"user": owner})).scalars())
    _check_room(len(known))
    begun = await begin_ceremony(Ceremony.ADD, owner)
    options = options_to_add(
        party, begun.challenge, owner, email=user.email, full_name=user.full_name, known=known
    )  # fmt: skip
    return options, begun


async def add_passkey(
    session: AsyncSession, actor: Actor, challenge: bytes | None, answer: Mapping[str, Any], name: str
) -> PasskeyRow:
    """Keep the passkey that a device made for the actor.

    Args:
        challenge: what the device was asked to sign; None for nothing that is still good.

    Raises:
        Forbidden: the actor is no person.
        Invalid: the name, or the answer proves nothing.
        Conflict: it is known already, or they have as many as one may.
    """
    owner, called = _person(actor), _name(name)
    made = prove_new(required_party(), challenge, answer) if challenge else None
    if made is None:
        raise Invalid(NOT_ADDED, field="credential")
    await session.execute(text(_LOCK), {"user": owner})  # of two at one moment the second one is counted, too
    _check_room(len((await session.execute(text(_KNOWN), {"user": owner})).all()))
    values = {"credential": made.credential_id, "key": made.public_key, "count": made.sign_count}
    added = (await session.execute(text(_ADD), {"user": owner, "name": called, **values})).scalar()
    if added is None:
        raise Taken("This passkey was added before.")
    await audit(session, actor, "user.passkey_added", "user", owner, passkey=called)
    announce_access(session, owner)  # an admin who is asked for a second step may act as one again
    return await my_passkey(session, actor, added)


async def rename_passkey(session: AsyncSession, actor: Actor, passkey_id: UUID, name: str) -> PasskeyRow:
    """Call one of the actor's passkeys by another name.

    Raises:
        NotFound: it is none of theirs.
        Invalid: the name.
    """
    before, called = await my_passkey(session, actor, passkey_id), _name(name)
    await session.execute(text(_RENAME), {"id": passkey_id, "user": _person(actor), "name": called})
    await audit_change(
        session, actor, "user.passkey_renamed", "user", actor.user_id, before={"passkey": before.name},
        after={"passkey": called}, plain=("passkey",),
    )  # fmt: skip
    return await my_passkey(session, actor, passkey_id)


async def remove_passkey(session: AsyncSession, actor: Actor, passkey_id: UUID) -> None:
    """Take one of the actor's passkeys away: nobody signs in with it any more.

    Raises:
        NotFound: it is none of theirs.
        Conflict: the shop asks its admins for a second step, and this is the actor's only one.
    """
    owner = _person(actor)
    await session.execute(text(_LOCK), {"user": owner})
    gone = await my_passkey(session, actor, passkey_id)
    await session.execute(text(_REMOVE), {"id": passkey_id, "user": owner})
    if await must_keep_second_step(session, owner):
        raise Conflict("This shop asks its admins for two steps, and this is your only one. Add another one first.")
    await audit_change(
        session, actor, "user.passkey_removed", "user", owner, before={"passkey": gone.name}, after={"passkey": None},
        plain=("passkey",),
    )  # fmt: skip
    announce_access(session, owner)


async def drop_passkeys(session: AsyncSession, user_id: UUID) -> int:
    """Take all passkeys of a user away; returns how many there were. A corridor: whoever may is asked before."""
    return len((await session.execute(text(_DROP), {"user": user_id})).all())


async def begin_entry() -> tuple[dict[str, Any], Begun]:
    """Return what the browser of somebody unknown asks a device for, and what it holds meanwhile.

    Raises:
        Conflict: the shop's address is none passkeys work at.
    """
    party, begun = required_party(), await begin_ceremony(Ceremony.ENTER)
    return options_to_enter(party, begun.challenge), begun


async def begin_proof(session: AsyncSession, actor: Actor) -> tuple[dict[str, Any], Begun]:
    """Return what the actor's browser asks a device for, to prove before the sign-in is changed that they hold one.

    Raises:
        Forbidden: the actor is no person.
        Conflict: they have no passkey, or the shop's address is none passkeys work at.
    """
    owner, party = _person(actor), required_party()
    if not (await session.execute(text(_KNOWN), {"user": owner})).all():
        raise Conflict("You have no passkey.")
    begun = await begin_ceremony(Ceremony.PROVE, owner)
    return options_to_enter(party, begun.challenge), begun


async def finish_entry(
    session: AsyncSession, challenge: bytes | None, answer: Mapping[str, Any], *, source: str
) -> UserRow | None:
    """Return whose passkey signed the challenge; None for nobody's, which is recorded. A refusal is a value, so that
    what is written of it commits. A corridor: attempts are limited before it."""
    named = named_user(answer)
    user = None
    if named is not None:  # its user is locked first, as everywhere
        found = await session.execute(select(User).where(col(User.id) == named[1]).with_for_update())
        user = found.scalars().first()
    why, passkey_id = "unknown", None
    if challenge is None:
        why = "challenge"
    elif named is not None and user is not None:
        kept = (await session.execute(text(_STORED), {"credential": named[0], "user": user.id})).first()
        proved = prove_known(required_party(), challenge, answer, kept.public_key) if kept is not None else None
        if kept is not None:
            why = _refusal(user, kept.sign_count, proved.sign_count if proved else None)
            passkey_id = kept.id
        if proved is not None and not why:
            await session.execute(text(_USED), {"id": passkey_id, "count": proved.sign_count, "now": now()})
            user.last_login_at = now()
            row = row_of_user(user)
            await audit_access(session, row.actor, "passkey.used", user.id, passkey=passkey_id, ip=source)
            return row
    about = user.id if user is not None and passkey_id is not None else None
    await audit_access(session, STRANGER, "passkey.refused", about, ip=source, why=why)
    return None


def _refusal(user: User, before: int, said: int | None) -> str:
    """Why a known passkey opens nothing; empty if it does. A count that did not go on is a copy of the device, or an
    answer of before (WebAuthn 3, 6.1.1); devices that count nothing say 0."""
    if said is None:
        return "proof"
    if not user.is_active:
        return "deactivated"
    return "counter" if (said or before) and said <= before else ""


def _check_room(count: int) -> None:
    if count >= MOST_PASSKEYS:
        raise Full(f"You have {MOST_PASSKEYS} passkeys. Remove one that you no longer use.")


def _name(value: str) -> str:
    name = " ".join(said(value).split())
    if not 0 < len(name) <= MOST_NAME:
        raise Invalid(f"name must have 1 to {MOST_NAME} characters", field="name")
    return name


def _person(actor: Actor) -> UUID:
    require(actor, Permission.OWN_ACCOUNT)
    if actor.user_id is None:
        raise Forbidden("Only a signed-in person has a profile.")
    return actor.user_id
