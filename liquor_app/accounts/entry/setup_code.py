"""The one-time code that makes the first comer the admin: whoever reads the server's console, not whoever comes first.

Every web process prints the same code until it is used: it is derived from the secret key and a random number in the
database. The database alone does not tell it, for it holds that number and a hash.
"""

from __future__ import annotations

import base64
import hmac
import secrets

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

from liquor_app.accounts.audit import audit_access
from liquor_app.accounts.permission_table import Permission
from liquor_app.accounts.permissions import Actor, require
from liquor_app.core.errors import Conflict, Forbidden
from liquor_app.core.security.crypto import keyed_hash, token_hash

CODE_BYTES = 10
"""80 bits: sixteen letters and digits."""

_FIND = text("SELECT nonce, code_hash FROM setup_codes WHERE id = 1")
_KEEP = text(
    "INSERT INTO setup_codes (id, nonce, code_hash) VALUES (1, :nonce, :hash) ON CONFLICT (id) DO UPDATE"
    " SET nonce = excluded.nonce, code_hash = excluded.code_hash, created_at = now()"
)
_KEEP_FIRST = text(
    "INSERT INTO setup_codes (id, nonce, code_hash) VALUES (1, :nonce, :hash) ON CONFLICT (id) DO NOTHING"
)
_USE = text("DELETE FROM setup_codes WHERE id = 1 AND code_hash = :hash RETURNING id")
_IS_SET_UP = text("SELECT EXISTS (SELECT FROM users)")

WRONG = (
    "The set-up code is wrong or was used already. It stands on the server's console;"
    " `liquor users setup-code` shows a new one."
)


def _derived(nonce: str) -> str:
    letters = base64.b32encode(keyed_hash("setup-code", nonce)[:CODE_BYTES]).decode()
    return "-".join(letters[start : start + 4] for start in range(0, len(letters), 4))


def _hash(code: str) -> str:
    return token_hash("".join(c for c in code.upper()[:64] if c.isalnum()))


async def current_code(session: AsyncSession) -> str | None:
    """Return the code of a shop without users, made if there is none; None once it is set up."""
    if (await session.execute(_IS_SET_UP)).scalar_one():
        return None
    fresh = secrets.token_urlsafe(16)
    await session.execute(_KEEP_FIRST, {"nonce": fresh, "hash": _hash(_derived(fresh))})
    row = (await session.execute(_FIND)).one()
    code = _derived(row.nonce)
    return code if hmac.compare_digest(_hash(code), row.code_hash) else await _renewed(session)


async def _renewed(session: AsyncSession) -> str:
    nonce = secrets.token_urlsafe(16)
    code = _derived(nonce)
    await session.execute(_KEEP, {"nonce": nonce, "hash": _hash(code)})
    return code


async def new_code(session: AsyncSession, actor: Actor) -> str:
    """Return a new code; the one before no longer works.

    Raises:
        Conflict: the shop is set up already.
    """
    require(actor, Permission.TEAM_ADMIN)
    if (await session.execute(_IS_SET_UP)).scalar_one():
        raise Conflict("This shop is set up already. Add people with `liquor users add`.")
    await audit_access(session, actor, "setup_code.made", None)
    return await _renewed(session)


async def check_code(session: AsyncSession, code: str) -> None:
    """Look at a code without using it up.

    Raises:
        Forbidden: it is not the one.
    """
    row = (await session.execute(_FIND)).one_or_none()
    if row is None or not hmac.compare_digest(_hash(code), row.code_hash):
        raise Forbidden(WRONG, field="setup_code")


async def use_code(session: AsyncSession, code: str) -> None:
    """Use a code up, in the transaction that makes the first admin.

    Raises:
        Forbidden: it is not the one, or somebody was faster.
    """
    if (await session.execute(_USE, {"hash": _hash(code)})).scalar() is None:
        raise Forbidden(WRONG, field="setup_code")
