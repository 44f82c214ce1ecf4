"""Rotating the ring of secret keys. For operators with a shell: nothing here is reachable over the network.

A new key is put first and everything stored is sealed under it; older keys stay behind it, so that links in mailboxes
go on working, until they are retired. Suppression hangs on no key (`core.security.pepper`).
"""

from __future__ import annotations

import secrets
from collections.abc import AsyncIterator, Iterator
from dataclasses import dataclass

from sqlalchemy import Column, MetaData, Table, func, select, text
from sqlalchemy.ext.asyncio import AsyncSession

from liquor_app.core.bulk import unnest
from liquor_app.core.config import get_settings, write_private
from liquor_app.core.errors import Conflict
from liquor_app.core.platform.runtime_info import database_url
from liquor_app.core.security.crypto import fingerprint, key_ring, opens, reencrypt, reload_ring
from liquor_app.core.security.pepper import ensure_pepper

SEALED = "_encrypted"
"""How the name of every column ends that holds something `crypto.encrypt` made."""
AT_ONCE = 5_000
"""Values sealed anew by one statement."""

_PAIRS = unnest("p", old="bytea", new="bytea")
_RESEAL = f"UPDATE {{table}} t SET {{column}} = p.new FROM {_PAIRS} WHERE t.{{column}} = p.old"


@dataclass(frozen=True, slots=True)
class KeyRow:
    """A key of the ring. `sealed`: how many stored secrets only it opens."""

    fingerprint: str
    is_first: bool
    sealed: int


@dataclass(frozen=True, slots=True)
class Rotation:
    """What was done. `ring` is the new value of LIQUOR_SECRET_KEYS where only the environment can be told it."""

    is_rotated: bool
    resealed: int
    ring: str = ""


def new_key() -> str:
    """Return a key as good as any: 384 random bits."""
    return secrets.token_urlsafe(48)


async def list_keys(session: AsyncSession, metadata: MetaData) -> list[KeyRow]:
    """Return the ring, first key first, and what hangs on each."""
    stored = [one for _, column in sealed_columns(metadata) async for one in _stored(session, column)]
    ring = key_ring()
    return [
        KeyRow(fingerprint(secret), place == 0, sum(rows for value, rows in stored if opens(secret, value)))
        for place, secret in enumerate(ring)
    ]


async def rotate_keys(session: AsyncSession, metadata: MetaData) -> Rotation:
    """Put a new key first and seal everything stored under the first. Where the environment gives the ring: seal what
    is not under its first key yet; if nothing is, say the ring with a new key to put there.

    Raises:
        Conflict: something stored opens under no key of the ring.
    """
    ensure_pepper(database_url())
    settings = get_settings()
    if settings.given_keys():
        resealed = await _reseal(session, metadata)
        ring = "" if resealed else ",".join([new_key(), *(secret.decode() for secret in key_ring())])
        return Rotation(bool(resealed), resealed, ring)
    # the key is kept before anything is sealed under it
    _write_ring((new_key().encode(), *key_ring()))
    return Rotation(True, await _reseal(session, metadata))


async def retire_keys(session: AsyncSession, metadata: MetaData) -> int:
    """Forget every key but the first: links signed with them end. Returns how many there were.

    Raises:
        Conflict: something stored is still sealed under one, or the environment gives the ring.
    """
    ring = key_ring()
    if any(row.sealed for row in (await list_keys(session, metadata))[1:]):
        raise Conflict("Stored secrets are still sealed under an older key. Run `liquor keys rotate` first.")
    if get_settings().given_keys():
        raise Conflict("The ring is given by LIQUOR_SECRET_KEYS: leave only its first key there, then restart.")
    _write_ring(ring[:1])
    return len(ring) - 1


def _write_ring(ring: tuple[bytes, ...]) -> None:
    target = get_settings().key_file
    fresh = target.with_suffix(".new")
    write_private(fresh, "\n".join(secret.decode() for secret in ring) + "\n")
    fresh.replace(target)
    reload_ring()


async def _reseal(session: AsyncSession, metadata: MetaData) -> int:
    first, changed = key_ring()[0], 0
    for table, column in sealed_columns(metadata):
        old = [value async for value, _ in _stored(session, column) if not opens(first, value)]
        for start in range(0, len(old), AT_ONCE):
            some = old[start : start + AT_ONCE]
            done = await session.execute(
                text(_RESEAL.format(table=table.name, column=column.name)),
                _PAIRS.bind(old=some, new=[reencrypt(value) for value in some]),
            )
            changed += int(done.rowcount)  # type: ignore[attr-defined]
    return changed


async def _stored(session: AsyncSession, column: Column[bytes]) -> AsyncIterator[tuple[bytes, int]]:
    """Yield what stands encrypted in a column, and in how many rows: a day of birth is sealed once for many."""
    found = await session.execute(select(column, func.count()).where(column.is_not(None)).group_by(column))
    for value, rows in found:
        yield bytes(value), int(rows)


def sealed_columns(metadata: MetaData) -> Iterator[tuple[Table, Column[bytes]]]:
    """Yield columns of every table that hold encrypted secrets."""
    for table in metadata.sorted_tables:
        for column in table.columns:
            if column.name.endswith(SEALED):
                yield table, column
