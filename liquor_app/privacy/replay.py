"""Erase again who was erased, after an older state of the database was restored: known by keyed hashes alone, which lie
in the file store beside the database."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

from liquor_app.accounts.audit import audit
from liquor_app.accounts.permission_table import Permission
from liquor_app.accounts.permissions import Actor, require
from liquor_app.core.files.folders import ERASURE_NOTES
from liquor_app.core.files.store import file_store
from liquor_app.core.ids import uuid7
from liquor_app.core.queue import Job, enqueue
from liquor_app.customers.erasing.erased_keys import add_erasure, find_erasure, finish_erasure, hash_of, suppress_hashes
from liquor_app.customers.erasing.models import ErasureStatus, Ground

PAGE = 10_000
_PEOPLE = """
SELECT id, email_key, phone, external_id FROM customers
 WHERE id > :after AND created_at <= :latest
   AND (email_key IS NOT NULL OR phone IS NOT NULL OR external_id IS NOT NULL)
 ORDER BY id LIMIT :most
"""


@dataclass(frozen=True, slots=True)
class ErasureNote:
    """An erasure as the file store keeps it: nothing in it tells of whom."""

    id: UUID
    person_id: UUID
    ground: Ground
    asked_at: datetime
    hashes: frozenset[bytes]


@dataclass(frozen=True, slots=True)
class Replayed:
    """How many erasures are noted, how many the database did not know of, and how many people are erased again."""

    noted: int
    unknown: int
    erased_again: int


async def keep_note(note: ErasureNote) -> None:
    """Keep an erasure where a restored database does not reach. A corridor."""
    said = {
        "id": str(note.id), "person_id": str(note.person_id), "ground": note.ground.value,
        "asked_at": note.asked_at.isoformat(), "hashes": sorted(one.hex() for one in note.hashes),
    }  # fmt: skip

    async def whole() -> AsyncIterator[bytes]:
        yield json.dumps(said).encode()

    await file_store().put(ERASURE_NOTES.key(note.id, "json"), whole())


async def read_notes() -> list[ErasureNote]:
    """Return every erasure the file store keeps, the oldest first. A corridor."""
    notes = []
    for key in [one.key async for one in file_store().list(ERASURE_NOTES)]:
        said = json.loads(b"".join([piece async for piece in file_store().read(key)]))
        notes.append(
            ErasureNote(
                UUID(said["id"]), UUID(said["person_id"]), Ground(said["ground"]),
                datetime.fromisoformat(said["asked_at"]), frozenset(bytes.fromhex(one) for one in said["hashes"]),
            )
        )  # fmt: skip
    return sorted(notes, key=lambda one: (one.asked_at, one.id))


async def replay_erasures(session: AsyncSession, actor: Actor) -> Replayed:
    """Erase everybody again who was erased and stands in the database, because it was restored from before. Whoever was
    added since they were erased came back, and stays. May be run as often as one likes; the worker does the rest.

    Raises:
        Forbidden: the actor is not an admin.
        Unavailable: the file store cannot be read.
    """
    require(actor, Permission.CUSTOMERS_ADMIN)
    notes = await read_notes()
    back = await _who_is_back(session, notes)
    unknown = again = 0
    for note in notes:
        await suppress_hashes(session, note.hashes)
        known = await find_erasure(session, note.id)
        unknown += known is None
        people = back.get(note.id, [])
        for number, person in enumerate(people):
            reused = number == 0 and (known is None or known.status is ErasureStatus.ASKED)
            erasure_id = note.id if reused else uuid7()
            if known is None or not reused:
                await _note(session, actor, note, erasure_id, person)
            await enqueue(session, Job.ERASE_PERSON, {"erasure": str(erasure_id)}, dedupe_key=str(erasure_id))
        again += len(people)
        if known is None and not people:  # made and erased since the state that was restored
            await _note(session, actor, note, note.id, note.person_id)
            await finish_erasure(session, note.id, {})
    await audit(session, actor, "erasures.replayed", "privacy", None, noted=len(notes), unknown=unknown, again=again)
    return Replayed(len(notes), unknown, again)


async def _note(session: AsyncSession, actor: Actor, note: ErasureNote, erasure_id: UUID, person: UUID) -> None:
    await add_erasure(session, erasure_id, person, note.ground, by=actor.user_id, name=actor.name, hashes=note.hashes)


async def _who_is_back(session: AsyncSession, notes: list[ErasureNote]) -> dict[UUID, list[UUID]]:
    """Tell by erasure which profiles stand there again."""
    if not notes:
        return {}
    by_hash = {one: note for note in notes for one in note.hashes}
    by_id = {note.person_id: note for note in notes}
    back: dict[UUID, list[UUID]] = {}
    after, latest = UUID(int=0), max(note.asked_at for note in notes)
    while True:
        bound = {"after": after, "latest": latest, "most": PAGE}
        rows = (await session.execute(text(_PEOPLE), bound)).mappings().all()
        for row in rows:
            # a telephone is the family's where they go by anything else
            named = [key for key in ("email_key", "external_id") if row[key]] or ["phone"]
            hashed = [by_hash.get(hash_of(key, row[key])) for key in named]
            note = by_id.get(row["id"]) or next(filter(None, hashed), None)
            if note is not None:
                back.setdefault(note.id, []).append(row["id"])
        if len(rows) < PAGE:
            return back
        after = rows[-1]["id"]
