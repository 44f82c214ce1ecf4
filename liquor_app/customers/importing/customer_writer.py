"""A chunk of customer rows into the database: one read, one COPY of the new, one UPDATE of the changed."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any
from uuid import UUID

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

from liquor_app.core.bulk import copy_rows
from liquor_app.customers.importing.cleaning.cells import Rejected
from liquor_app.customers.importing.cleaning.rows import Person
from liquor_app.customers.importing.merge_rows import FIELDS, KEYS, Base, Known, Outcome, Policy, apply

CHANNELS = ("email", "sms")
BY_FILE = "date of birth, from a file"
"""How the age ledger names a date of birth that was imported: told, not proved."""
WRITTEN = (*FIELDS, *(f"{channel}_consent" for channel in CHANNELS))


class Raced(Exception):
    """Somebody else wrote to the same customers at the same moment; doing the chunk again is safe."""


@dataclass(slots=True)
class Result:
    """What became of a chunk, by position in it."""

    outcomes: dict[int, Outcome] = field(default_factory=dict)
    rejected: list[tuple[int, Rejected]] = field(default_factory=list)


async def load_known(session: AsyncSession, keys: dict[str, list[str]], *, consents: bool = False) -> Base:
    """Everybody who holds one of these e-mail keys, external ids or phones."""
    holders = " UNION ".join(
        f"SELECT id FROM customers WHERE deleted_at IS NULL AND {key} = ANY(:{key})" for key in KEYS
    )
    found = await session.execute(
        text(f"SELECT id, updated_at, {', '.join(WRITTEN)} FROM customers WHERE id IN ({holders}) ORDER BY id"),
        {key: keys.get(key, []) for key in KEYS},
    )
    known = [
        Known(
            row["id"],
            {name: row[name] for name in FIELDS},
            row["updated_at"],
            {channel: row[f"{channel}_consent"] for channel in CHANNELS},
        )
        for row in found.mappings()
    ]
    base = Base(known)
    if consents and known:
        latest = await session.execute(
            text("SELECT customer_id, channel, max(at) FROM consents WHERE customer_id = ANY(:ids) GROUP BY 1, 2"),
            {"ids": [one.id for one in known]},
        )
        for customer_id, channel, at in latest:
            base.people[customer_id].consent_at[channel] = at
    return base


def merge(base: Base, people: Sequence[Person], policy: Policy) -> Result:
    """Take the rows into the base, in order. Rows that in the end left their customer as it was count as unchanged."""
    result = Result()
    updates: dict[UUID, list[int]] = {}
    for position, person in enumerate(people):
        try:
            known, outcome = apply(base, person, policy)
        except Rejected as why:
            result.rejected.append((position, why))
            continue
        result.outcomes[position] = outcome
        if outcome is Outcome.UPDATED and known.seen is not None:
            updates.setdefault(known.id, []).append(position)
    for known_id, positions in updates.items():
        if not base.people[known_id].changed:
            result.outcomes |= dict.fromkeys(positions, Outcome.UNCHANGED)
    return result


def _row(known: Known) -> list[Any]:
    return [*(known.values[name] for name in FIELDS), *(known.consent.get(channel) for channel in CHANNELS)]


async def write(session: AsyncSession, base: Base, recorded_by: UUID | None, file_name: str) -> None:
    """Store what `merge` made of the base.

    Raises:
        Raced: a customer was changed since it was read.
        psycopg.errors.UniqueViolation: somebody else added the same customer meanwhile.
    """
    fresh = [known for known in base.people.values() if known.seen is None]
    changed = [known for known in base.people.values() if known.seen is not None and known.changed]
    if fresh:
        await copy_rows(session, "customers", ("id", *WRITTEN), ([known.id, *_row(known)] for known in fresh))
        await copy_rows(session, "touched_customers", ("customer_id",), ([known.id] for known in fresh))
    if changed:
        await session.execute(
            text(
                "CREATE TEMP TABLE IF NOT EXISTS import_changes ON COMMIT DROP AS"
                f" SELECT id, updated_at AS seen, {', '.join(WRITTEN)} FROM customers WITH NO DATA"
            )
        )
        await session.execute(text("TRUNCATE import_changes"))
        rows = ([known.id, known.seen, *_row(known)] for known in changed)
        await copy_rows(session, "import_changes", ("id", "seen", *WRITTEN), rows)
        updated = await session.execute(
            text(
                f"UPDATE customers c SET {', '.join(f'{name} = i.{name}' for name in WRITTEN)}, updated_at = now()"
                " FROM import_changes i WHERE c.id = i.id AND c.updated_at = i.seen AND c.deleted_at IS NULL"
                " RETURNING c.id"
            )
        )
        if len(updated.all()) != len(changed):
            raise Raced
    ages = [known for known in (*fresh, *changed) if known.born_in_row is not None]
    if ages:
        by = str(recorded_by) if recorded_by else None
        rows = (
            [
                known.id,
                known.values["date_of_birth"],
                False,
                BY_FILE,
                json.dumps({"import": file_name, "row": known.born_in_row, "by": by}),
            ]
            for known in ages
        )
        await copy_rows(session, "age_ledger", ("customer_id", "date_of_birth", "verified", "method", "evidence"), rows)
    evidence = [(known, number, given) for known in (*fresh, *changed) for number, given in known.evidence]
    if evidence:
        columns = ("customer_id", "channel", "status", "source", "at", "evidence", "recorded_by")
        await copy_rows(
            session,
            "consents",
            columns,
            (
                [
                    known.id,
                    given.channel,
                    given.status.value,
                    given.source,
                    given.at,
                    json.dumps({"import": file_name, "row": number}),
                    recorded_by,
                ]
                for known, number, given in evidence
            ),
        )
