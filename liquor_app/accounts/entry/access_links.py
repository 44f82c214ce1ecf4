"""Links that let somebody choose a password: an invitation, or after one was forgotten.

Whoever has the link is let in as that user, so: its token is random, stored only as a hash, good once and for a short
while; a newer one ends those before; it ends with the password, and with a user who was deactivated.
"""

from __future__ import annotations

import secrets
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession
from sqlmodel import col, select

from liquor_app.accounts.audit import audit
from liquor_app.accounts.entry.passwords import Hashed
from liquor_app.accounts.models import LinkKind, User
from liquor_app.accounts.sessions import revoke_all
from liquor_app.accounts.users import UserRow, clean_name, row_of_user
from liquor_app.core.clock import now
from liquor_app.core.errors import Invalid
from liquor_app.core.security.crypto import token_hash

INVITED_FOR = timedelta(days=7)
RESET_FOR = timedelta(hours=2)
SPENT = "This link was used, has expired, or was replaced by a newer one. Ask an admin of your shop for another."

_FIND = """
SELECT l.kind, l.expires_at, u.id, u.email, u.full_name FROM access_links l JOIN users u ON u.id = l.user_id
 WHERE l.token_hash = :hash AND l.expires_at > :now AND u.is_active
"""
_END = "DELETE FROM access_links WHERE user_id = :user"
_REPLACE = f"{_END} AND (kind = :kind OR :kind = '{LinkKind.INVITATION}')"
"""Anybody may ask for a reset of any address: that ends no invitation, which an admin sent."""
_FORGET = "DELETE FROM access_links WHERE expires_at < :now"


@dataclass(frozen=True, slots=True)
class OpenLink:
    """A link that is still good, and whose it is."""

    kind: LinkKind
    user_id: UUID
    email: str
    full_name: str | None
    expires_at: datetime


async def make_link(session: AsyncSession, user_id: UUID, kind: LinkKind) -> str:
    """Return the token of a new link for a user, which ends those before; a reset ends no invitation. It is shown or
    mailed once and stored nowhere. A corridor: who may ask for one is the door's before it."""
    token = secrets.token_urlsafe(32)
    life = INVITED_FOR if kind is LinkKind.INVITATION else RESET_FOR
    await session.execute(text(_REPLACE), {"user": user_id, "kind": kind.value})
    await session.execute(
        text("INSERT INTO access_links (user_id, kind, token_hash, expires_at) VALUES (:user, :kind, :hash, :expires)"),
        {"user": user_id, "kind": kind.value, "hash": token_hash(token), "expires": now() + life},
    )
    return token


async def end_links(session: AsyncSession, user_id: UUID) -> None:
    """End every link of a user. A corridor."""
    await session.execute(text(_END), {"user": user_id})


async def find_link(session: AsyncSession, token: str) -> OpenLink:
    """Return whose link this is; its token is the authority.

    Raises:
        Invalid: it is not good any more, or none of ours.
    """
    found = (await session.execute(text(_FIND), {"hash": token_hash(token[:200]), "now": now()})).first()
    if found is None:
        raise Invalid(SPENT, field="token")
    return OpenLink(LinkKind(found.kind), found.id, found.email, found.full_name, found.expires_at)


async def use_link(session: AsyncSession, token: str, password: Hashed, *, full_name: str = "") -> UserRow:
    """Give the user of a link the password they chose, once; every session and token of theirs ends.

    Args:
        full_name: what somebody who was invited says to be called; empty leaves it.

    Raises:
        Invalid: the link is not good any more; of two who use it at one moment, the later one.
    """
    link = await find_link(session, token)
    found = await session.execute(select(User).where(col(User.id) == link.user_id).with_for_update())
    user = found.scalars().one()
    await find_link(session, token)  # whoever was before us at the row has used it up
    user.password_hash = password
    if link.kind is LinkKind.INVITATION and full_name.strip():
        user.full_name = clean_name(full_name)
    user.updated_at = now()
    await end_links(session, user.id)
    await revoke_all(session, user.id)
    row = row_of_user(user)
    what = "user.joined" if link.kind is LinkKind.INVITATION else "user.password_reset"
    await audit(session, row.actor, what, "user", user.id, by="link")
    return row


async def forget_links(session: AsyncSession) -> None:
    """Drop links that have expired."""
    await session.execute(text(_FORGET), {"now": now()})
