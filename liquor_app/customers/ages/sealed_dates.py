"""The date of birth itself, sealed by the ring of keys: opened for the age page, an export and a merge alone."""

from __future__ import annotations

from datetime import date
from functools import lru_cache
from typing import Any

from liquor_app.core.security.crypto import decrypt, encrypt, key_ring
from liquor_app.customers.ages.birth_dates import birth_columns

SEALED_DATE = "date_of_birth_encrypted"
BIRTH_COLUMNS = (SEALED_DATE, "of_age_on", "birthday_md")

_DATES = 40_000
"""More days than a living person may be born on."""


def seal_birth_date(born: date | None) -> bytes | None:
    """Seal a date of birth; None for none. An import seals a million: the same day is sealed once a process, which
    tells no more than `of_age_on` beside it does."""
    return None if born is None else _seal(key_ring()[0], born)


def open_birth_date(sealed: bytes | None) -> date | None:
    """Return a date of birth that was sealed; None for none.

    Raises:
        Conflict: the key it was sealed with is no longer in the ring.
    """
    return None if sealed is None else date.fromisoformat(decrypt(bytes(sealed)))


def copied_seal(sealed: bytes | None) -> str | None:
    """Return a sealed date as COPY takes it: its letters are plain ones."""
    return None if sealed is None else bytes(sealed).decode("ascii")


def born_columns(born: date | None) -> dict[str, Any]:
    """Return every column of a customer that a date of birth fills."""
    plain = birth_columns(born)
    return {SEALED_DATE: seal_birth_date(born), "of_age_on": plain.of_age_on, "birthday_md": plain.birthday_md}


@lru_cache(maxsize=_DATES)
def _seal(first_key: bytes, born: date) -> bytes:
    return encrypt(born.isoformat())
