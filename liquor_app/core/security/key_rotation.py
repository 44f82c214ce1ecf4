"""Rotating the ring of secret keys. For operators with a shell: nothing here is reachable over the network.

A new key is put first and everything stored is sealed under it; older keys stay behind it, so that links in mailboxes
go on working, until they are retired. Suppression hangs on no key (`core.security.pepper`).
"""

from __future__ import annotations

import secrets
from collections.abc import AsyncIterator, Iterator
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Column, MetaData, Table, select, update
from sqlalchemy.ext.asyncio import AsyncSession

from liquor_app.core.config import get_settings, write_private
from liquor_app.core.errors import Conflict
from liquor_app.core.platform.runtime_info import database_url
from liquor_app.core.security.crypto import fingerprint, key_ring, opens, reencrypt, reload_ring
from liquor_app.core.security.pepper import ensure_pepper

SEALED = "_encrypted"
"""How the name of every column ends that holds something `crypto.encrypt` made."""


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
    stored = [value async for _, _, value in _sealed(session, metadata)]
    ring = key_ring()
    return [
        KeyRow(fingerprint(secret), place == 0, sum(opens(secret, value) for value in stored))
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
    async for column, key, value in _sealed(session, metadata):
        if opens(first, value):
            continue
        table = column.table
        same_row = [table.c[name] == part for name, part in key.items()]
        await session.execute(update(table).where(*same_row).values({column.name: reencrypt(value)}))
        changed += 1
    return changed


async def _sealed(
    session: AsyncSession, metadata: MetaData
) -> AsyncIterator[tuple[Column[bytes], dict[str, Any], bytes]]:
    """Yield everything stored encrypted: column, primary key, value. Rows are locked until the transaction ends."""
    for table, column in sealed_columns(metadata):
        keys = list(table.primary_key.columns)
        found = await session.execute(select(*keys, column).where(column.is_not(None)).with_for_update())
        for row in found.all():
            yield column, dict(zip([one.name for one in keys], row[:-1], strict=True)), bytes(row[-1])


def sealed_columns(metadata: MetaData) -> Iterator[tuple[Table, Column[bytes]]]:
    """Yield columns of every table that hold encrypted secrets."""
    for table in metadata.sorted_tables:
        for column in table.columns:
            if column.name.endswith(SEALED):
                yield table, column
