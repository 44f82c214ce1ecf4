"""Password hashing (Argon2id, RFC 9106's second recommended option scaled to a shared machine)."""

from __future__ import annotations

import asyncio

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerifyMismatchError

from liquor_app.core.errors import Invalid

MIN_LENGTH = 10
_hasher = PasswordHasher(time_cost=2, memory_cost=32 * 1024, parallelism=1)
# verified when the account does not exist, so that a wrong address takes as long as a wrong password
_decoy = _hasher.hash("nobody has this password")


async def hash_password(password: str, field: str = "password") -> str:
    """Hash a new password.

    Raises:
        Invalid: shorter than ten or longer than 200 characters, or all one character.
    """
    if not MIN_LENGTH <= len(password) <= 200 or len(set(password)) < 4:
        raise Invalid(f"{field} must have {MIN_LENGTH} to 200 characters, not all alike", field=field)
    return await asyncio.to_thread(_hasher.hash, password)


def _verify(stored: str | None, password: str) -> bool:
    try:
        matches = _hasher.verify(stored or _decoy, password)
    except (VerifyMismatchError, InvalidHashError):
        return False
    return matches and stored is not None


async def verify_password(stored: str | None, password: str) -> bool:
    """Whether `password` is the one behind `stored`; takes as long when nothing is stored."""
    return await asyncio.to_thread(_verify, stored, password[:200])
