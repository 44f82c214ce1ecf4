"""The pepper of hashes that are looked up for ever: who was suppressed stays so through every rotation of keys.

It lies in the database, encrypted under the ring. It is made once, from the oldest secret in force: the value hashes
had before there was a ring, so that an upgrade changes none of them.
"""

from __future__ import annotations

import hmac

import psycopg

from liquor_app.core.config import Settings, get_settings
from liquor_app.core.errors import Conflict, Unavailable
from liquor_app.core.platform.runtime_info import database_url
from liquor_app.core.security.crypto import decrypt, derive, encrypt, key_ring

SUPPRESSION = "suppression_pepper"
_PURPOSE = "suppression"

_MAKE = "INSERT INTO sealed_secrets (name, value_encrypted) VALUES (%s, %s) ON CONFLICT DO NOTHING"
_READ = "SELECT value_encrypted FROM sealed_secrets WHERE name = %s"

_known: tuple[Settings, bytes] | None = None


def pepper_hash(value: str) -> bytes:
    """HMAC-SHA256 of `value` under the pepper.

    Raises:
        Conflict: no key of the ring opens the pepper; nobody would be recognised, so nothing goes on.
        Unavailable: the database cannot be reached.
    """
    global _known  # noqa: PLW0603 - read once a process: hashes are asked for by the million
    settings = get_settings()
    if _known is None or _known[0] is not settings:
        _known = (settings, ensure_pepper(database_url()))
    return hmac.digest(_known[1], value.encode(), "sha256")


def ensure_pepper(url: str) -> bytes:
    """Return the pepper of a database; made there if it has none, by whichever process is first.

    Raises:
        Conflict, Unavailable: as `pepper_hash`.
    """
    dsn = url.replace("postgresql+psycopg://", "postgresql://", 1)
    try:
        # a connection of its own, for moments: whoever hashes an address stands in no transaction of ours
        with psycopg.connect(dsn, connect_timeout=5, autocommit=True, options="-c statement_timeout=5s") as connection:
            row = connection.execute(_READ, [SUPPRESSION]).fetchone()
            if row is None:
                fresh = encrypt(derive(key_ring()[-1], _PURPOSE).hex())
                connection.execute(_MAKE, [SUPPRESSION, fresh])
                row = connection.execute(_READ, [SUPPRESSION]).fetchone()
    except psycopg.OperationalError as error:
        raise Unavailable("The database cannot be reached to read the suppression list's key.") from error
    if row is None:
        raise Conflict("The suppression list's key was removed while it was read. Please try again.")
    try:
        return bytes.fromhex(decrypt(bytes(row[0])))
    except Conflict as error:
        raise Conflict(
            "The suppression list cannot be read: the key it was sealed with is not in LIQUOR_SECRET_KEYS. Add that key"
            " behind the first one; until then nothing is sent."
        ) from error
