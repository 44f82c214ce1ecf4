"""Users: who they are, the first one, the others."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

from liquor_app.accounts.audit import audit
from liquor_app.accounts.entry.passwords import Hashed
from liquor_app.accounts.entry.setup_code import use_code
from liquor_app.accounts.models import Role, User
from liquor_app.accounts.permission_table import Permission
from liquor_app.accounts.permissions import STRANGER, SYSTEM, Actor, ActorKind, require, require_person
from liquor_app.core.errors import Forbidden, Invalid, Taken

MOST_NAME = 120


@dataclass(frozen=True)
class UserFields:
    """Who somebody is."""

    id: UUID
    email: str
    full_name: str | None
    role: Role
    is_active: bool
    last_login_at: datetime | None
    created_at: datetime


@dataclass(frozen=True, slots=True)
class UserRow(UserFields):
    @property
    def actor(self) -> Actor:
        return Actor(ActorKind.USER, self.id, self.full_name or self.email, self.role)


def row_of_user(user: User) -> UserRow:
    """Return a user as services tell of one."""
    return UserRow(user.id, user.email, user.full_name, user.role, user.is_active, user.last_login_at, user.created_at)


def check_email(value: str) -> str:
    """Return a user's address, trimmed and lower case.

    Raises:
        Invalid: it is not an e-mail address.
    """
    cleaned = value.strip().lower()
    local, at, domain = cleaned.partition("@")
    if not (local and at and "." in domain) or len(cleaned) > 254 or any(c.isspace() for c in cleaned):
        raise Invalid(f"email is not an e-mail address: {value[:80]!r}", field="email")
    return cleaned


def clean_name(value: object) -> str | None:
    """Return a user's name, trimmed; None for none.

    Raises:
        Invalid: it is longer than a name.
    """
    name = " ".join(str(value or "").split())
    if len(name) > MOST_NAME:
        raise Invalid(f"full_name must have at most {MOST_NAME} characters", field="full_name")
    return name or None


async def has_users(session: AsyncSession) -> bool:
    """Tell whether anybody has been set up yet."""
    return bool((await session.execute(text("SELECT EXISTS (SELECT 1 FROM users)"))).scalar_one())


async def create_user(
    session: AsyncSession, actor: Actor, *, email: str, password: Hashed, full_name: str | None = None, role: Role
) -> UserRow:
    """Add a user.

    Raises:
        Forbidden: the actor is not an admin, or a key.
        Conflict: the address is taken.
        Invalid: bad address.
    """
    require(actor, Permission.TEAM_ADMIN)
    require_person(actor)
    address = check_email(email)
    taken = await session.execute(text("SELECT 1 FROM users WHERE lower(email) = :email"), {"email": address})
    if taken.scalar():
        raise Taken(f"There is already a user {address}.", field="email")
    user = User(email=address, password_hash=password, full_name=clean_name(full_name), role=role)
    session.add(user)
    await session.flush()
    await audit(session, actor, "user.created", "user", user.id, email=address, role=role.value)
    return row_of_user(user)


async def require_first_run(session: AsyncSession) -> None:
    """Check, or raise Forbidden: somebody was set up already; ask an admin for an account."""
    if await has_users(session):
        raise Forbidden("This shop is already set up. Ask one of its admins to add you.")


async def register_first_admin(
    session: AsyncSession, *, email: str, password: Hashed, full_name: str | None = None, code: str | None
) -> UserRow:
    """Return the first run's admin; open exactly once, to whoever reads the server's console.

    Args:
        code: the set-up code; None from the console itself.

    Raises:
        Forbidden: somebody was set up already, or the code is wrong.
    """
    await session.execute(text("LOCK TABLE users IN SHARE ROW EXCLUSIVE MODE"))
    await require_first_run(session)
    if code is not None:
        await use_code(session, code)
    return await create_user(session, SYSTEM, email=email, password=password, full_name=full_name, role=Role.ADMIN)


async def get_user(session: AsyncSession, user_id: UUID) -> UserRow | None:
    """Return the user of this id; None if there is none."""
    user = await session.get(User, user_id, populate_existing=True)
    return row_of_user(user) if user else None


async def hold_user(session: AsyncSession, user_id: UUID) -> None:
    """Wait for whatever else changes where somebody is signed in: what ends a session then sees what renewed it. A
    corridor."""
    await session.execute(text("SELECT FROM users WHERE id = :id FOR UPDATE"), {"id": user_id})


async def is_unclaimed(session: AsyncSession, email: str) -> bool:
    """Tell whether this address is the only user and nobody has ever signed in: an admin whose first password may never
    have been read."""
    found = await session.execute(
        text(
            "SELECT count(*) = 1 AND bool_and(lower(email) = lower(:email) AND last_login_at IS NULL"
            " AND NOT EXISTS (SELECT FROM browser_sessions) AND NOT EXISTS (SELECT FROM refresh_tokens)) FROM users"
        ),
        {"email": email},
    )
    return bool(found.scalar())


async def user_actor(session: AsyncSession, user_id: UUID) -> Actor:
    """Return whoever has this id; a stranger if nobody has."""
    user = await get_user(session, user_id)
    return user.actor if user else STRANGER
