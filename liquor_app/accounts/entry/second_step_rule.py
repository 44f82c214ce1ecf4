"""A shop may ask its admins for a second step, a code or a passkey: until one has it, they act as marketers.

That locks nobody out: whoever is asked can set it up for themselves, and is an admin again at once.
"""

from __future__ import annotations

from uuid import UUID

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

from liquor_app.accounts.access_changes import announce_access
from liquor_app.accounts.audit import audit_change
from liquor_app.accounts.models import Role
from liquor_app.accounts.permission_table import Permission
from liquor_app.accounts.permissions import Actor, ActorKind, require
from liquor_app.core.clock import now
from liquor_app.core.errors import Conflict

RULE = "two_steps_for_admins"

_IS_ON = f"EXISTS (SELECT FROM access_rules WHERE name = '{RULE}')"
_HAS_CODES = "EXISTS (SELECT FROM totp_secrets t WHERE t.user_id = u.id AND t.confirmed_at IS NOT NULL)"
_HAS_PASSKEY = "EXISTS (SELECT FROM passkeys p WHERE p.user_id = u.id)"
HAS_SECOND_STEP = f"({_HAS_CODES} OR {_HAS_PASSKEY})"
"""SQL: whether a user `u` has one."""
_IS_ASKED = f"u.role = '{Role.ADMIN}' AND {_IS_ON}"
STANDING_ROLE = f"""
CASE WHEN {_IS_ASKED} AND NOT {HAS_SECOND_STEP} THEN '{Role.MANAGER}' ELSE u.role END"""
"""SQL: what a user `u` may do now."""

_READ = f"SELECT {_IS_ON}"
_ON = "INSERT INTO access_rules (name, set_at) VALUES (:name, :at) ON CONFLICT DO NOTHING RETURNING 1"
_OFF = "DELETE FROM access_rules WHERE name = :name RETURNING 1"
_HAS = f"SELECT {HAS_SECOND_STEP} FROM users u WHERE u.id = :user"
_MUST_KEEP = f"SELECT {_IS_ASKED} AND NOT {HAS_SECOND_STEP} FROM users u WHERE u.id = :user"
_NEEDS = f"SELECT {_HAS_CODES} OR ({_IS_ASKED} AND {_HAS_PASSKEY}) FROM users u WHERE u.id = :user"
_CODES = f"SELECT {_HAS_CODES} FROM users u WHERE u.id = :user"
_ADMINS = f"SELECT id FROM users WHERE role = '{Role.ADMIN}' AND is_active ORDER BY id"


async def asks_admins(session: AsyncSession, actor: Actor) -> bool:
    """Tell whether admins are asked for a second step."""
    require(actor, Permission.APP)
    return bool((await session.execute(text(_READ))).scalar_one())


async def ask_admins(session: AsyncSession, actor: Actor, is_on: bool) -> None:
    """Ask admins for a second step from now on, or no more. Open pages of theirs load anew. Asked again, nothing
    changes.

    Raises:
        Forbidden: the actor is no admin.
        Conflict: they have no second step themselves, so they would ask it of others alone.
    """
    require(actor, Permission.TEAM_ADMIN)
    has_own = actor.kind is not ActorKind.USER or await session.scalar(text(_HAS), {"user": actor.user_id})
    if is_on and not has_own:
        raise Conflict("Set up two-step sign-in for yourself first, on your profile.")
    if is_on:
        changed = await session.execute(text(_ON), {"name": RULE, "at": now()})
    else:
        changed = await session.execute(text(_OFF), {"name": RULE})
    if changed.scalar() is None:
        return
    await audit_change(
        session, actor, "access.changed", "access", None, before={RULE: not is_on}, after={RULE: is_on}, plain=(RULE,)
    )
    for user in (await session.execute(text(_ADMINS))).scalars():
        announce_access(session, user)


async def must_keep_second_step(session: AsyncSession, user_id: UUID) -> bool:
    """Tell whether a user is asked for a second step and has none left: what took the last one away is not done. A
    corridor."""
    return bool(await session.scalar(text(_MUST_KEEP), {"user": user_id}))


async def needs_second_step(session: AsyncSession, user_id: UUID) -> bool:
    """Tell whether a user's password alone does not sign them in: they have codes, or are asked for a second step and
    have a passkey. A corridor: before they are known."""
    return bool(await session.scalar(text(_NEEDS), {"user": user_id}))


async def has_codes(session: AsyncSession, user_id: UUID) -> bool:
    """Tell whether a user signs in with codes of an app. A corridor."""
    return bool(await session.scalar(text(_CODES), {"user": user_id}))
