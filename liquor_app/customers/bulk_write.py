"""Write many people at once: with what proves their age and their consent. Corridors, for `imports`: whoever calls has
authorised, and has told people apart."""

from __future__ import annotations

import json
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

from liquor_app.core.bulk import copy_rows, unnest
from liquor_app.core.clock import now
from liquor_app.customers.ages.sealed_dates import BIRTH_COLUMNS, SEALED_DATE, copied_seal

FIELDS = (
    "external_id", "email", "email_key", "phone", "name", "first_name", "city", "state", "postal_code", "country",
    "timezone", "language", *BIRTH_COLUMNS, "age_verified_at", "raw_data",
)  # fmt: skip
CONSENT_FIELDS = ("email_consent", "sms_consent")
WRITTEN = (*FIELDS, *CONSENT_FIELDS)
BY_FILE = "date of birth, from a file"
"""How the age ledger names a date of birth that was imported: told, not proved."""
BY_PROGRAM = "date of birth, told to the API"
"""The same of one that a program told."""
SEEN_BY_TILL = "proof seen, from a file"

_CHANGES = (
    "CREATE TEMP TABLE IF NOT EXISTS changed_people ON COMMIT DROP AS"
    f" SELECT id, updated_at AS seen, {', '.join(WRITTEN)}, raw_data AS before, raw_data AS after FROM customers"
    " WITH NO DATA"
)
# What was changed is kept by the statement that changes it; a second change by the same import keeps what the first
# one found.
_UPDATE = f"""
WITH changed AS (
    UPDATE customers c SET {", ".join(f"{name} = i.{name}" for name in WRITTEN)}, updated_at = now()
      FROM changed_people i WHERE c.id = i.id AND c.updated_at = i.seen AND c.deleted_at IS NULL
    RETURNING c.id, i.before, i.after, i.seen, c.updated_at
), kept AS (
    INSERT INTO customer_images AS k (import_id, customer_id, before, after, seen, at)
    SELECT CAST(:import AS uuid), id, before, after, seen, updated_at FROM changed
     WHERE CAST(:import AS uuid) IS NOT NULL
        ON CONFLICT (import_id, customer_id) DO UPDATE
       SET before = excluded.before || k.before, after = k.after || excluded.after, at = excluded.at
)
SELECT count(*) FROM changed
"""

UNIQUE = ("email_key", "external_id")
"""What one of those who are not deleted holds alone."""
HANDED_ON = "handed on by "
_HAND_ON = {
    key: f"UPDATE customers SET {key} = '{HANDED_ON}' || CAST(id AS text) WHERE id = ANY(:ids)" for key in UNIQUE
}
"""For the moment until the statement after it gives them their own: each row of that is checked by itself, and whoever
is to have a key would meet whoever still holds it."""

_AGES = ("customer_id", SEALED_DATE, "verified", "method", "evidence", "at", "import_id")
_CONSENTS = ("customer_id", "channel", "status", "source", "ip", "at", "evidence", "recorded_by", "import_id")


_AGAIN = unnest("f", customer="uuid", channel="text", source="text", at="timestamptz", evidence="jsonb")
_SAY_AGAIN = f"""
WITH f AS MATERIALIZED (
    SELECT f.* FROM {_AGAIN}
     WHERE NOT EXISTS (SELECT FROM consents e WHERE e.customer_id = f.customer AND e.channel = f.channel
                          AND CASE WHEN e.evidence ? 'again' THEN e.at >= f.at
                                   ELSE e.import_id = CAST(:import AS uuid) AND e.status = 'withdrawn' END)
), stale AS (
    DELETE FROM consents e USING f
     WHERE e.customer_id = f.customer AND e.channel = f.channel AND e.evidence ? 'again'
)
INSERT INTO consents (customer_id, channel, status, source, at, evidence, recorded_by, import_id)
SELECT c.id, f.channel, 'withdrawn', f.source, f.at, f.evidence, CAST(:by AS uuid), CAST(:import AS uuid)
  FROM f JOIN customers c ON c.id = f.customer
   FOR KEY SHARE OF c
"""


class Raced(Exception):
    """Somebody else wrote to the same customers at the same moment; doing the same again is safe."""


@dataclass(frozen=True, slots=True)
class Told:
    """A date of birth, or (with a `channel`) a consent given or withdrawn `at` a moment, as a row of a file told it."""

    customer_id: UUID
    row: int
    born: bytes | None = None
    """The date, sealed."""
    proof: str = ""
    """Of a proof of age that was seen `at` a moment: what it was, or who saw it."""
    channel: str = ""
    status: str = ""
    source: str = ""
    sent_from: str | None = None
    """The internet address it came from."""
    at: datetime | None = None
    agreed_to: str | None = None
    column: str = ""


@dataclass(frozen=True, slots=True)
class By:
    """Which file says so, whose import of it this is, and which fields they said of all its rows. Without an import it
    is a program's word, told to the API, and `file_name` says whose."""

    import_id: UUID | None
    file_name: str
    recorded_by: UUID | None = None
    said_of_all: tuple[str, ...] = ()

    @property
    def where(self) -> dict[str, str]:
        """Return what evidence says of where it is from."""
        return {"import" if self.import_id else "told_by": self.file_name}

    def evidence(self, one: Told, **more: Any) -> str:
        """Return the proof of a consent, as JSON: where in the file it stands, and what was agreed to."""
        told = {
            **self.where, "row": one.row, "column": one.column, "words": one.agreed_to,
            "said_of_all": list(self.said_of_all),
        }  # fmt: skip
        return json.dumps({name: value for name, value in told.items() if value} | more)


async def add_people(session: AsyncSession, rows: Sequence[Sequence[Any]]) -> None:
    """Add customers, each `(id, import_id, *WRITTEN)`, and note them for the next scoring.

    Raises:
        psycopg.errors.UniqueViolation: somebody else added one of them meanwhile.
    """
    await copy_rows(session, "customers", ("id", "import_id", *WRITTEN), rows)
    await copy_rows(session, "touched_customers", ("customer_id",), ([row[0]] for row in rows))


async def change_people(
    session: AsyncSession,
    rows: Sequence[Sequence[Any]],
    import_id: UUID | None,
    *,
    handing_on: Mapping[str, Sequence[UUID]],
) -> None:
    """Change customers, each `(id, seen, *WRITTEN, before, after)`, and keep what they were for an import's undoing.

    `seen` is the `updated_at` they were read with; `before` and `after` hold what changes, as JSON.

    Args:
        handing_on: by `UNIQUE` key, of these customers those whose key another of them takes.

    Raises:
        Raced: one was changed since, or deleted.
        psycopg.errors.UniqueViolation: a key of one is somebody else's by now.
    """
    await session.execute(text(_CHANGES))
    await session.execute(text("TRUNCATE changed_people"))
    await copy_rows(session, "changed_people", ("id", "seen", *WRITTEN, "before", "after"), rows)
    await make_room(session, handing_on)
    updated = await session.execute(text(_UPDATE), {"import": import_id})
    if updated.scalar_one() != len(rows):
        raise Raced


async def make_room(session: AsyncSession, handing_on: Mapping[str, Collection[UUID]]) -> None:
    """Take their `UNIQUE` key from people who get another one by the next statement, by key."""
    for key, ids in handing_on.items():
        await session.execute(text(_HAND_ON[key]), {"ids": list(ids)})


async def note_noes_again(session: AsyncSession, told: Iterable[Told], by: By) -> None:
    """Keep that a file says no to somebody who is out already, or whose yes is later: so no yes of before it comes
    after it, and who made them taken back leaves it there. Of such words only the latest is kept: the same files come
    each night."""
    again = list(told)
    if not again:
        return
    rows = _AGAIN.bind(
        customer=[one.customer_id for one in again],
        channel=[one.channel for one in again],
        source=[one.source for one in again],
        at=[one.at for one in again],
        evidence=[by.evidence(one, again=True) for one in again],
    )
    await session.execute(text(_SAY_AGAIN), {**rows, "by": by.recorded_by, "import": by.import_id})


async def note_evidence(session: AsyncSession, told: Iterable[Told], by: By) -> None:
    """Append to the age ledger and to the consents what a file's rows say; the customers' own columns are
    `add_people`'s and `change_people`'s."""
    ages: list[list[Any]] = []
    consents: list[list[Any]] = []
    whose = str(by.recorded_by) if by.recorded_by else None
    for one in told:
        if one.channel:
            consents.append(
                [
                    one.customer_id, one.channel, one.status, one.source, one.sent_from, one.at, by.evidence(one),
                    by.recorded_by, by.import_id,
                ]
            )  # fmt: skip
        else:
            evidence = json.dumps(
                {**by.where, "row": one.row, "by": whose, **({"proof": one.proof} if one.proof else {})}
            )
            method = SEEN_BY_TILL if one.proof else BY_FILE if by.import_id else BY_PROGRAM
            sealed, at = copied_seal(one.born), one.at or now()
            ages.append([one.customer_id, sealed, bool(one.proof), method, evidence, at, by.import_id])
    if ages:
        await copy_rows(session, "age_ledger", _AGES, ages)
    if consents:
        await copy_rows(session, "consents", _CONSENTS, consents)
