"""Know somebody again who was erased, by the keyed hash of an address or number, and leave them out. Corridors: no
actor is asked."""

from __future__ import annotations

import json
import re
from collections.abc import Collection, Iterable, Mapping
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

from liquor_app.accounts.permission_table import Permission
from liquor_app.accounts.permissions import Actor, ActorKind, require
from liquor_app.core.bulk import unnest
from liquor_app.core.errors import Invalid, Taken
from liquor_app.core.security.pepper import pepper_hash
from liquor_app.customers.addresses import address_hash, normalise_email, normalise_phone
from liquor_app.customers.erasing.models import ERASURE, ErasureStatus, Ground
from liquor_app.customers.models import SuppressionReason

_ANY = "SELECT EXISTS (SELECT FROM erased_keys)"
_AMONG = "SELECT key_hash FROM erased_keys WHERE key_hash = ANY(:hashes)"
_ADD = """
INSERT INTO erasures (id, person_id, ground, asked_by, asked_by_name, in_templates)
VALUES (:id, :person, :ground, :by, :name, :in_templates)
"""
_KEYS = unnest("k", hash="bytea")
_ADD_KEYS = f"""
INSERT INTO erased_keys (key_hash, erasure_id) SELECT k.hash, :erasure FROM {_KEYS} ON CONFLICT DO NOTHING
"""
_KEYS_OF = "SELECT key_hash FROM erased_keys WHERE erasure_id = :id ORDER BY key_hash"
_ROW = """
SELECT id, person_id, ground, status, asked_by_name, asked_at, finished_at, told, in_templates
  FROM erasures WHERE id = :id
"""
_OF = """
SELECT id, person_id, ground, status, asked_by_name, asked_at, finished_at, told, in_templates
  FROM erasures
 WHERE person_id = ANY(:people) ORDER BY asked_at DESC, id DESC LIMIT 1
"""
_FINISH = f"""
UPDATE erasures SET status = '{ErasureStatus.DONE}', finished_at = now(), told = CAST(:told AS jsonb)
 WHERE id = :id AND status IN {ERASURE.sources_sql(ErasureStatus.DONE)}
"""

_SUPPRESS = f"""
INSERT INTO suppressions (address_hash, reason, source) SELECT k.hash, '{SuppressionReason.ERASED}', 'erased'
  FROM {_KEYS}
ON CONFLICT (address_hash, coalesce(channel, '*')) WHERE lifted_at IS NULL
DO UPDATE SET reason = excluded.reason, source = excluded.source, address = NULL
"""
_OPEN = "SELECT id FROM erasures WHERE finished_at IS NULL AND asked_at < :before ORDER BY asked_at"
_RETIRE = """
UPDATE customers SET deleted_at = now(), updated_at = now() WHERE id = ANY(:people) AND deleted_at IS NULL
"""

_BETWEEN = re.compile(r"[\s\"'<>,;:()\[\]]")
"""What stands around a mailbox."""
_NUMBER = re.compile(r"\+?\d[\d\s().-]{5,20}\d")


@dataclass(frozen=True)
class ErasureRow:
    """That a person was erased, or is being: `told` counts rows by table once it is done."""

    id: UUID
    person_id: UUID
    ground: Ground
    status: ErasureStatus
    asked_by_name: str
    asked_at: datetime
    finished_at: datetime | None
    told: dict[str, int]
    in_templates: bool


def hash_of(key: str, value: str) -> bytes:
    """Return the keyed hash of what identifies somebody: `key` is `email_key`, `phone` or `external_id`."""
    return pepper_hash(f"number {value}") if key == "external_id" else address_hash(value)


async def erased_hashes(session: AsyncSession, hashes: Collection[bytes]) -> set[bytes]:
    """Return those of these hashes by which somebody who was erased is known."""
    if not hashes:
        return set()
    return {bytes(one) for one in (await session.execute(text(_AMONG), {"hashes": list(hashes)})).scalars()}


async def is_anybody_erased(session: AsyncSession) -> bool:
    """Tell whether there is anybody to look for: most shops have erased nobody, and hash nothing for that."""
    return bool((await session.execute(text(_ANY))).scalar_one())


async def erased_among(session: AsyncSession, people: Iterable[Mapping[str, str | None]]) -> set[int]:
    """Return the places of those who were erased: by e-mail or number, or by telephone where that is all that is told
    of them, for families share one."""
    if not await is_anybody_erased(session):
        return set()
    hashes: dict[bytes, list[int]] = {}
    for place, told in enumerate(people):
        named = {key: value for key in ("email_key", "external_id") if (value := told.get(key))}
        if not named and (phone := told.get("phone")):
            named = {"phone": phone}
        for key, value in named.items():
            hashes.setdefault(hash_of(key, value), []).append(place)
    return {place for one in await erased_hashes(session, hashes) for place in hashes[one]}


async def check_not_erased(session: AsyncSession, actor: Actor, told: Mapping[str, str | None]) -> None:
    """Check, or raise Taken: a program brings back somebody who was erased. Of people of the shop it is taken that they
    do it at that person's own wish, and the audit log names them."""
    require(actor, Permission.CUSTOMERS_WRITE)
    if actor.kind is ActorKind.API_KEY and await erased_among(session, [told]):
        raise Taken("This is somebody who was erased, whom no program brings back.", field="email")


def addresses_in(words: str) -> set[str]:
    """Return the addresses and numbers that stand in a text, normalised."""
    mailboxes = [one for one in _BETWEEN.split(words) if "@" in one]
    found = set()
    for normalise, written in ((normalise_email, mailboxes), (normalise_phone, _NUMBER.findall(words))):
        for one in written:
            with suppress(Invalid):
                found.add(normalise(one))
    return found


async def erased_texts(session: AsyncSession, texts: Iterable[str]) -> set[int]:
    """Return the places of texts in which an address or number of somebody stands who was erased."""
    if not await is_anybody_erased(session):
        return set()
    hashes: dict[bytes, list[int]] = {}
    for place, words in enumerate(texts):
        for address in addresses_in(words):
            hashes.setdefault(address_hash(address), []).append(place)
    return {place for one in await erased_hashes(session, hashes) for place in hashes[one]}


async def add_erasure(
    session: AsyncSession, erasure_id: UUID, person_id: UUID, ground: Ground, *, by: UUID | None, name: str,
    hashes: Collection[bytes], in_templates: bool = False,
) -> None:  # fmt: skip
    """Note that somebody is to be erased, and by which hashes they are known."""
    await session.execute(
        text(_ADD),
        {
            "id": erasure_id, "person": person_id, "ground": ground.value, "by": by, "name": name,
            "in_templates": in_templates,
        },
    )  # fmt: skip
    await session.execute(text(_ADD_KEYS), {"erasure": erasure_id, **_KEYS.bind(hash=sorted(hashes))})


async def suppress_hashes(session: AsyncSession, hashes: Collection[bytes]) -> None:
    """Put addresses of somebody who was erased on the suppression list for good, by their hashes alone."""
    await session.execute(text(_SUPPRESS), _KEYS.bind(hash=sorted(hashes)))


async def keys_of_erasure(session: AsyncSession, erasure_id: UUID) -> list[bytes]:
    """Return the hashes of an erasure."""
    return [bytes(one) for one in (await session.execute(text(_KEYS_OF), {"id": erasure_id})).scalars()]


async def find_erasure(session: AsyncSession, erasure_id: UUID) -> ErasureRow | None:
    """Return an erasure; None if there is none."""
    return _row((await session.execute(text(_ROW), {"id": erasure_id})).mappings().first())


async def erasure_of(session: AsyncSession, people: Collection[UUID]) -> ErasureRow | None:
    """Return the last erasure of one of these profiles; None if there is none."""
    return _row((await session.execute(text(_OF), {"people": list(people)})).mappings().first())


async def open_erasures(session: AsyncSession, before: datetime) -> list[UUID]:
    """Return erasures asked for before a moment that are not done."""
    return list((await session.execute(text(_OPEN), {"before": before})).scalars())


async def retire_profiles(session: AsyncSession, people: Collection[UUID]) -> None:
    """Take profiles out of every list and audience, at once."""
    await session.execute(text(_RETIRE), {"people": list(people)})


async def finish_erasure(session: AsyncSession, erasure_id: UUID, told: Mapping[str, int]) -> None:
    """Note that somebody is erased, and how many rows of which tables that took."""
    await session.execute(text(_FINISH), {"id": erasure_id, "told": json.dumps(told)})


def _row(found: Any) -> ErasureRow | None:
    if found is None:
        return None
    return ErasureRow(**{**found, "ground": Ground(found["ground"]), "status": ErasureStatus(found["status"])})
