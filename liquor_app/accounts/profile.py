"""One's own name and password, and a password that somebody else makes anew."""

from __future__ import annotations

from typing import Any

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession
from sqlmodel import col, select

from liquor_app.accounts.audit import audit_change
from liquor_app.accounts.entry.passwords import Hashed
from liquor_app.accounts.models import User
from liquor_app.accounts.permission_table import Permission
from liquor_app.accounts.permissions import Actor, require, require_person
from liquor_app.accounts.sessions import revoke_all
from liquor_app.accounts.users import UserRow, check_email, clean_name, row_of_user
from liquor_app.core.clock import now
from liquor_app.core.errors import Conflict, Forbidden, Invalid, NotFound


async def stored_hash(session: AsyncSession, actor: Actor) -> tuple[UserRow, Hashed]:
    """Return the actor as a user, and what is stored of their password.

    Raises:
        Forbidden: the actor is not a person.
    """
    user = await session.get(User, actor.user_id, populate_existing=True) if actor.user_id else None
    if user is None:
        raise Forbidden("Only a signed-in person has a profile.")
    return row_of_user(user), Hashed(user.password_hash)


async def update_me(
    session: AsyncSession, actor: Actor, changes: dict[str, Any], password: tuple[Hashed, Hashed] | None = None
) -> UserRow:
    """Change one's own `full_name`, or the password; a new password ends every session and token.

    Args:
        password: the hash the current password was checked against, and the new one.

    Raises:
        Forbidden: the actor is not a person.
        Invalid: an unknown field.
        Conflict: the password was changed meanwhile.
    """
    if actor.user_id is None:
        raise Forbidden("Only a signed-in person has a profile.")
    unknown = set(changes) - {"full_name"}
    if unknown:
        raise Invalid(f"{sorted(unknown)[0]} cannot be changed here", field=sorted(unknown)[0])
    user = (await session.execute(select(User).where(col(User.id) == actor.user_id).with_for_update())).scalars().one()
    before = {"full_name": user.full_name, "password": user.password_hash}
    if "full_name" in changes:
        user.full_name = clean_name(changes["full_name"])
    if password is not None:
        checked, fresh = password
        if user.password_hash != checked:
            raise Conflict("The password was changed at this very moment. Please sign in again.", field="password")
        user.password_hash = fresh
        await revoke_all(session, user.id)
    user.updated_at = now()
    after = {"full_name": user.full_name, "password": user.password_hash}
    await audit_change(
        session, actor, "user.updated", "user", user.id, before=before, after=after, private={"password"}
    )
    return row_of_user(user)


async def reset_password(session: AsyncSession, actor: Actor, *, email: str, password: Hashed) -> None:
    """A new password for a user; every session and token ends.

    Raises:
        Forbidden: the actor is not an admin, or a key.
        NotFound: nobody has this address.
    """
    require(actor, Permission.TEAM_ADMIN)
    require_person(actor)
    found = await session.execute(
        select(User).where(text("lower(email) = :email").bindparams(email=check_email(email))).with_for_update()
    )
    user = found.scalars().first()
    if user is None:
        raise NotFound(f"There is no user {email}.")
    before = {"password": user.password_hash}
    user.password_hash = password
    await revoke_all(session, user.id)
    await audit_change(
        session,
        actor,
        "user.password_reset",
        "user",
        user.id,
        before=before,
        after={"password": password},
        private={"password"},
    )
