"""Signing in in two steps: a password, and a code of an app that only its owner has (RFC 6238).

A code is good once: `last_step` is the step it belonged to, and only a later one is taken. The secret is stored
encrypted, recovery codes as hashes; each of these is good once, too.
"""

from __future__ import annotations

import hmac
import json
import secrets
from dataclasses import dataclass
from typing import Any
from uuid import UUID

import pyotp
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

from liquor_app.accounts.access_changes import announce_access
from liquor_app.accounts.audit import audit, audit_access
from liquor_app.accounts.entry.passkeys import drop_passkeys
from liquor_app.accounts.entry.second_step_rule import asks_admins, must_keep_second_step
from liquor_app.accounts.models import Role
from liquor_app.accounts.permission_table import Permission
from liquor_app.accounts.permissions import Actor, require, require_person
from liquor_app.core.clock import now
from liquor_app.core.errors import Conflict, Forbidden, Invalid
from liquor_app.core.security.crypto import decrypt, encrypt, token_hash

STEP_SECONDS = 30
AROUND = (0, -1, 1)
"""Steps beside the present one whose codes are taken, too: clocks differ, people type (RFC 6238, 5.2)."""
RECOVERY_CODES = 10
ISSUER = "Liquor Marketing"

_READ = "SELECT secret_encrypted, recovery_hashes, last_step, confirmed_at FROM totp_secrets WHERE user_id = :user"
_BEGIN = """
INSERT INTO totp_secrets (user_id, secret_encrypted) VALUES (:user, :secret)
    ON CONFLICT (user_id) DO UPDATE
   SET secret_encrypted = EXCLUDED.secret_encrypted, last_step = NULL, created_at = now()
 WHERE totp_secrets.confirmed_at IS NULL RETURNING 1
"""
_PENDING = """
SELECT secret_encrypted FROM totp_secrets
 WHERE user_id = :user AND confirmed_at IS NULL AND created_at > now() - interval '15 minutes'
"""
_CONFIRM = """
UPDATE totp_secrets SET confirmed_at = :now, last_step = :step, recovery_hashes = CAST(:hashes AS jsonb)
 WHERE user_id = :user
"""
_STEP = "UPDATE totp_secrets SET last_step = :step WHERE user_id = :user"
_USED = "UPDATE totp_secrets SET recovery_hashes = recovery_hashes - CAST(:hash AS text) WHERE user_id = :user"
_IS_ADMIN = f"SELECT EXISTS (SELECT FROM users WHERE id = :user AND role = '{Role.ADMIN}')"
_END = "DELETE FROM totp_secrets WHERE user_id = :user AND confirmed_at IS NOT NULL RETURNING 1"


@dataclass(frozen=True, slots=True)
class Enrolment:
    """What an app is given: by hand, or as an address that stands in a picture."""

    secret: str
    address: str


@dataclass(frozen=True, slots=True)
class TwoSteps:
    """Whether somebody signs in in two steps, how many recovery codes they have left, and whether they are to."""

    is_on: bool
    recovery_left: int
    is_asked_for: bool = False
    """The shop asks its admins for it, and this is one: until it is on, they act as marketers."""


async def two_steps_of(session: AsyncSession, actor: Actor) -> TwoSteps:
    """Return how the actor signs in."""
    user = _person(actor)
    row = await _row(session, user)
    is_asked = await asks_admins(session, actor) and await _is_admin(session, user)
    if row is None or row.confirmed_at is None:
        return TwoSteps(False, 0, is_asked)
    return TwoSteps(True, len(row.recovery_hashes or []), is_asked)


async def begin_enrolment(session: AsyncSession, actor: Actor, email: str) -> Enrolment:
    """Return a new secret for the actor's app; it holds once a code of it was said (`confirm_enrolment`). Asked again
    before that, the one before is forgotten.

    Raises:
        Forbidden: the actor is no person.
        Conflict: two steps are on already.
    """
    user, secret = _person(actor), pyotp.random_base32()
    done = await session.execute(text(_BEGIN), {"user": user, "secret": encrypt(secret)})
    if done.scalar() is None:
        raise Conflict("Two-step sign-in is on already. Turn it off to set up another device.")
    await audit_access(session, actor, "two_steps.begun", user)
    return Enrolment(secret, pyotp.TOTP(secret).provisioning_uri(name=email, issuer_name=ISSUER))


async def pending_enrolment(session: AsyncSession, actor: Actor, email: str) -> Enrolment | None:
    """Return the secret the actor asked for a few minutes ago and has not confirmed; None if there is none."""
    user = _person(actor)
    found = await session.execute(text(_PENDING), {"user": user})
    sealed = found.scalar()
    if sealed is None:
        return None
    secret = decrypt(bytes(sealed))
    return Enrolment(secret, pyotp.TOTP(secret).provisioning_uri(name=email, issuer_name=ISSUER))


async def confirm_enrolment(session: AsyncSession, actor: Actor, code: str) -> list[str]:
    """Turn two steps on with a code of the new secret; returns the recovery codes, which are shown once.

    Raises:
        Conflict: nothing was begun, or it is on already.
        Invalid: the code is wrong.
    """
    user = _person(actor)
    row = await _row(session, user, locked=True)
    if row is None or row.confirmed_at is not None:
        raise Conflict("Begin anew: this was finished or given up in another window.")
    step = matching_step(decrypt(bytes(row.secret_encrypted)), code, None)
    if step is None:
        raise Invalid("This is not the code that the app shows now.", field="code")
    codes = [f"{(one := secrets.token_hex(5))[:5]}-{one[5:]}" for _ in range(RECOVERY_CODES)]
    hashes = json.dumps([_hash(one) for one in codes])
    await session.execute(text(_CONFIRM), {"user": user, "now": now(), "step": step, "hashes": hashes})
    await audit(session, actor, "user.two_steps_on", "user", user)
    if await asks_admins(session, actor):  # whoever is one may act as an admin again
        announce_access(session, user)
    return codes


async def end_two_steps(session: AsyncSession, actor: Actor, user_id: UUID) -> None:
    """Turn two steps off: one's own codes (whoever asks was just asked for the password), or as an admin codes and
    passkeys of somebody who lost their device.

    Raises:
        Forbidden: another's, and the actor is no admin; or it is a key.
        Conflict: they are off, or the shop asks its admins for them and these are an admin's own and only ones.
    """
    is_own = user_id == actor.user_id
    require(actor, Permission.OWN_ACCOUNT if is_own else Permission.TEAM_ADMIN)
    require_person(actor)
    ended = (await session.execute(text(_END), {"user": user_id})).scalar() is not None
    passkeys = 0 if is_own else await drop_passkeys(session, user_id)
    if not ended and not passkeys:
        raise Conflict("Two-step sign-in is off.")
    if is_own and await must_keep_second_step(session, user_id):
        raise Conflict("This shop asks its admins for two steps. If you lost your device, ask another admin.")
    await audit(session, actor, "user.two_steps_off", "user", user_id, passkeys=passkeys)
    announce_access(session, user_id)


async def _is_admin(session: AsyncSession, user_id: UUID) -> bool:
    return bool((await session.execute(text(_IS_ADMIN), {"user": user_id})).scalar_one())


async def take_code(session: AsyncSession, user_id: UUID, code: str) -> bool:
    """Tell whether this is the user's code now, or one of their recovery codes, and use it up. A corridor: attempts are
    counted before it."""
    row = await _row(session, user_id, locked=True)
    if row is None or row.confirmed_at is None:
        return False
    step = matching_step(decrypt(bytes(row.secret_encrypted)), code, row.last_step)
    if step is not None:
        await session.execute(text(_STEP), {"user": user_id, "step": step})
        return True
    hashed = _hash(code)
    if any(hmac.compare_digest(hashed, one) for one in row.recovery_hashes or []):
        await session.execute(text(_USED), {"user": user_id, "hash": hashed})
        return True
    return False


def matching_step(secret: str, code: str, after: int | None) -> int | None:
    """Return the step of which `code` is, if that is near the present one and later than `after`; else None."""
    given = "".join(code.split())[:12]
    if len(given) != 6 or not given.isascii() or not given.isdigit():
        return None
    present, found = int(now().timestamp()) // STEP_SECONDS, None
    for beside in AROUND:
        step = present + beside
        if hmac.compare_digest(pyotp.TOTP(secret).at(step * STEP_SECONDS), given) and (after is None or step > after):
            found = step
    return found


def _hash(code: str) -> str:
    return token_hash("recovery " + "".join(one for one in code.lower() if one.isalnum())[:40])


async def _row(session: AsyncSession, user_id: UUID, *, locked: bool = False) -> Any:
    statement = text(f"{_READ} FOR UPDATE") if locked else text(_READ)
    return (await session.execute(statement, {"user": user_id})).first()


def _person(actor: Actor) -> UUID:
    require(actor, Permission.OWN_ACCOUNT)
    if actor.user_id is None:
        raise Forbidden("Only a signed-in person has a profile.")
    return actor.user_id
