"""The people of the shop: asked to join, given a role, let go. Nobody is deleted: what they did keeps their name."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any
from uuid import UUID

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession
from sqlmodel import col, select

from liquor_app.accounts.access_changes import announce_access
from liquor_app.accounts.audit import audit, audit_change
from liquor_app.accounts.entry.access_links import end_links, make_link
from liquor_app.accounts.entry.passkeys import drop_passkeys
from liquor_app.accounts.entry.passwords import Hashed
from liquor_app.accounts.models import LinkKind, Role, User
from liquor_app.accounts.permission_table import RANK, Permission
from liquor_app.accounts.permissions import Actor, require, require_person
from liquor_app.accounts.sessions import revoke_all
from liquor_app.accounts.users import UserFields, UserRow, clean_name, create_user, get_user, row_of_user
from liquor_app.core.clock import now
from liquor_app.core.errors import Conflict, Invalid, NotFound

UNCHOSEN = Hashed("")
"""What stands for the password of somebody who has not chosen one; no password matches it."""
LAST_ADMIN = "This is the last admin who can sign in. Make somebody else an admin first."


class UserStatus(StrEnum):
    JOINED = "joined"
    INVITED = "invited"
    """Added, but no password chosen yet."""
    DEACTIVATED = "deactivated"

    @property
    def label(self) -> str:
        return self.value.capitalize()


@dataclass(frozen=True, slots=True)
class TeamRow(UserFields):
    """Somebody of the shop. `link_until`: until when the link they were given to choose a password is good."""

    status: UserStatus
    has_two_steps: bool
    link_until: datetime | None


async def invite_user(
    session: AsyncSession, actor: Actor, *, email: str, role: Role, full_name: str | None = None
) -> tuple[UserRow, str]:
    """Add somebody who chooses their password themselves; returns them, and the token of the link for it.

    Raises:
        Forbidden: the actor is not an admin, or a key.
        Conflict: the address is taken.
        Invalid: bad address.
    """
    user = await create_user(session, actor, email=email, password=UNCHOSEN, full_name=full_name, role=role)
    return user, await make_link(session, user.id, LinkKind.INVITATION)


async def renew_link(session: AsyncSession, actor: Actor, user_id: UUID) -> tuple[UserRow, LinkKind, str]:
    """Return a user, and the kind and the token of a new link for them to choose a password: an invitation again, or a
    reset. The password they have stays good until they have chosen another.

    Raises:
        Forbidden: the actor is not an admin, or a key.
        NotFound: there is no such user.
        Conflict: they were deactivated.
    """
    require(actor, Permission.TEAM_ADMIN)
    require_person(actor)
    user = await _locked(session, user_id)
    if not user.is_active:
        raise Conflict("They were deactivated. Activate them first.")
    kind = LinkKind.RESET if user.password_hash else LinkKind.INVITATION
    await audit(session, actor, "user.link_made", "user", user.id, kind=kind.value)
    return row_of_user(user), kind, await make_link(session, user.id, kind)


async def get_member(session: AsyncSession, actor: Actor, user_id: UUID) -> UserRow:
    """Return one of the shop's people.

    Raises:
        Forbidden: the actor is not an admin.
        NotFound: there is no such user.
    """
    require(actor, Permission.TEAM_ADMIN)
    found = await get_user(session, user_id)
    if found is None:
        raise NotFound("There is no such user.")
    return found


async def change_user(session: AsyncSession, actor: Actor, user_id: UUID, changes: Mapping[str, Any]) -> UserRow:
    """Change somebody's `role`, `full_name` or `is_active`; deactivated, they are signed out everywhere at
    once and their passkeys are gone. A key may take rights away, and give nobody any.

    Raises:
        Forbidden: the actor is not an admin, or a key that would give rights.
        NotFound: there is no such user.
        Invalid: an unknown field or value.
        Conflict: it would leave the shop without an admin who can sign in, or lock the actor out.
    """
    require(actor, Permission.TEAM_ADMIN)
    if unknown := set(changes) - {"role", "full_name", "is_active"}:
        raise Invalid(f"{sorted(unknown)[0]} cannot be changed here", field=sorted(unknown)[0])
    # of two admins who demote each other at one moment, the later one is refused
    await session.execute(text("LOCK TABLE users IN SHARE ROW EXCLUSIVE MODE"))
    user = await _locked(session, user_id)
    before = {"role": user.role.value, "full_name": user.full_name, "is_active": user.is_active}
    role = _role(changes["role"]) if "role" in changes else user.role
    is_active = bool(changes.get("is_active", user.is_active))
    if RANK[role] > RANK[user.role] or (is_active and not user.is_active):
        require_person(actor)
    if user.id == actor.user_id and (role is not user.role or not is_active):
        raise Conflict("Nobody takes away their own rights. Ask another admin.")
    if user.role is Role.ADMIN and user.is_active and user.password_hash and not (is_active and role is Role.ADMIN):
        await _require_another_admin(session, user.id)
    user.role, user.is_active = role, is_active
    if "full_name" in changes:
        user.full_name = clean_name(changes["full_name"])
    user.updated_at = now()
    await session.flush()
    if not is_active:
        await revoke_all(session, user.id)
        await end_links(session, user.id)
        await drop_passkeys(session, user.id)
    announce_access(session, user.id)
    after = {"role": user.role.value, "full_name": user.full_name, "is_active": user.is_active}
    await audit_change(
        session, actor, "user.changed", "user", user.id, before=before, after=after, plain=("role", "is_active")
    )
    return row_of_user(user)


async def sign_out_user(session: AsyncSession, actor: Actor, user_id: UUID) -> None:
    """End every session and token of somebody: a lost laptop.

    Raises:
        Forbidden: the actor is not an admin.
        NotFound: there is no such user.
    """
    require(actor, Permission.TEAM_ADMIN)
    user = await _locked(session, user_id)
    await revoke_all(session, user.id)
    await audit(session, actor, "user.signed_out", "user", user.id)


async def _locked(session: AsyncSession, user_id: UUID) -> User:
    found = await session.execute(select(User).where(col(User.id) == user_id).with_for_update())
    user = found.scalars().first()
    if user is None:
        raise NotFound("There is no such user.")
    return user


async def _require_another_admin(session: AsyncSession, but: UUID) -> None:
    others = await session.execute(
        text(
            "SELECT EXISTS (SELECT FROM users WHERE role = 'admin' AND is_active AND password_hash <> ''"
            " AND id <> :but)"
        ),
        {"but": but},
    )
    if not others.scalar_one():
        raise Conflict(LAST_ADMIN)


def _role(value: Any) -> Role:
    if value not in set(Role):
        raise Invalid(f"role must be one of {', '.join(Role)}", field="role")
    return Role(value)
