"""Merge a chunk of customer rows with who is known: one read before, one writing after (`customers.bulk_write`)."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import date
from functools import partial
from operator import itemgetter
from typing import Any
from uuid import UUID

from psycopg.errors import UniqueViolation
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

from liquor_app.core.bulk import by_index, in_order_of_index
from liquor_app.customers.ages.sealed_dates import SEALED_DATE, copied_seal
from liquor_app.customers.bulk_write import (
    FIELDS,
    UNIQUE,
    WRITTEN,
    By,
    Raced,
    Told,
    add_people,
    change_people,
    note_evidence,
    note_noes_again,
)
from liquor_app.customers.imported.confirmations import confirm_people
from liquor_app.customers.labels.custom_fields import ensure_fields
from liquor_app.customers.labels.custom_values import FieldKind
from liquor_app.customers.labels.tags import MOST_TAGS, add_tags, known_tags
from liquor_app.customers.merging.aliases import add_numbers, aliases_among, asked_for, holders_of
from liquor_app.customers.models import ConsentStatus
from liquor_app.customers.objections import object_told
from liquor_app.customers.suppressions import GivenUp, suppress_told
from liquor_app.imports.cleaning.cells import Rejected
from liquor_app.imports.cleaning.person_rows import Person
from liquor_app.imports.cleaning.row_notes import TOO_MANY_OF_ONE, TOO_MANY_TAGS
from liquor_app.imports.import_rows import KEPT_DAYS
from liquor_app.imports.merge_rows import Outcome, Policy, apply
from liquor_app.imports.people.known_people import KEYS, Base, Known
from liquor_app.imports.profiles.known_numbers import tools_of
from liquor_app.imports.readers.formats import READING
from liquor_app.imports.trial.becoming import Becoming, becoming, called
from liquor_app.imports.trial.becoming import person as told_of

CHANNELS = ("email", "sms")
TRIES = 3
_fields = itemgetter(*FIELDS)
_SEAL_AT, _RAW_AT = FIELDS.index(SEALED_DATE), FIELDS.index("raw_data")


@dataclass(slots=True)
class Result:
    """What became of a chunk, by position in it."""

    outcomes: dict[int, Outcome] = field(default_factory=dict)
    rejected: list[tuple[int, Rejected]] = field(default_factory=list)
    tagged: dict[UUID, list[int]] = field(default_factory=dict)
    """Rows that give somebody tags."""
    whose: dict[int, UUID] = field(default_factory=dict)
    becoming: dict[int, Becoming] = field(default_factory=dict)
    """What each row makes of its person, where that is watched."""


async def load_known(
    session: AsyncSession, keys: dict[str, list[str]], *, consents: bool = False, tool: str = ""
) -> Base:
    """Return everybody who holds one of these e-mail keys, external ids or phones.

    Args:
        tool: whose export the keys are from (`known_tools.tool_of`).
    """
    holders = " UNION ".join(f"SELECT h.id FROM {holders_of(key)}" for key in KEYS)
    columns = (
        f"SELECT id, updated_at, {', '.join(WRITTEN)}, profiling_objected_at IS NOT NULL AS objects FROM customers"
    )
    asked = asked_for({key: keys.get(key, []) for key in KEYS})
    async with in_order_of_index(session):
        found = await _rows(session, f"{columns} WHERE id IN ({holders})", asked)
    rows = {row["id"]: row for row in sorted(found, key=itemgetter("id"))}
    aliases = await aliases_among(session, keys)
    # apart, for there are none mostly: within the statement above, an unknown number of them made its plan a bad one
    if others := sorted(set(aliases.values()) - rows.keys()):
        merged = await _rows(session, f"{columns} WHERE deleted_at IS NULL AND id = ANY(:ids)", {"ids": others})
        rows = dict(sorted((rows | {row["id"]: row for row in merged}).items()))
    known = [
        Known(
            row["id"],
            {name: row[name] for name in FIELDS},
            row["updated_at"],
            {channel: row[f"{channel}_consent"] for channel in CHANNELS},
            objects=row["objects"],
        )
        for row in rows.values()
    ]
    numbers = frozenset(keys.get("external_id", ()))
    doubted = [one.id for one in known if one.values["external_id"] and one.values["external_id"] not in numbers]
    tools = await tools_of(session, doubted) if tool and numbers and doubted else {}
    base = Base(known, aliases, tool=tool, tools=tools)
    if consents and known:
        latest = await session.execute(
            text("SELECT customer_id, channel, max(at) FROM consents WHERE customer_id = ANY(:ids) GROUP BY 1, 2"),
            {"ids": [one.id for one in known]},
        )
        for customer_id, channel, at in latest:
            base.people[customer_id].consent_at[channel] = at
    return base


async def _rows(session: AsyncSession, statement: str, values: Mapping[str, Any]) -> Sequence[Mapping[str, Any]]:
    return (await session.execute(text(statement), values)).mappings().all()  # type: ignore[return-value]


def merge(base: Base, people: Sequence[Person], policy: Policy, *, watch: bool = False) -> Result:
    """Take the rows into the base, in order. Rows that in the end left their customer as it was count as unchanged.

    Args:
        watch: tell what each row makes of its person.
    """
    result = Result()
    updates: dict[UUID, list[int]] = {}
    for position, person in enumerate(people):
        try:
            before = told_of(base.match(person.values)) if watch else {}
            known, outcome = apply(base, person, policy)
        except Rejected as why:
            result.rejected.append((position, _heard_of_refused(base, person, why.bare())))
            continue
        if watch:
            result.becoming[position] = becoming(called(known), before, told_of(known))
        result.outcomes[position], result.whose[position] = outcome, known.id
        if person.tags and known.tags:
            result.tagged.setdefault(known.id, []).append(position)
        if outcome is Outcome.UPDATED and known.seen is not None:
            updates.setdefault(known.id, []).append(position)
    for known_id, positions in updates.items():
        if not base.people[known_id].is_touched:
            result.outcomes |= dict.fromkeys(positions, Outcome.UNCHANGED)
    return result


def _heard_of_refused(base: Base, person: Person, why: Rejected) -> Rejected:
    """Take the no of a row whose address and number are of two people as one of both: nobody can tell whose it is, and
    it was said of that address. Nothing else of the row is taken. Return why it is refused, with that."""
    noes = tuple(one for one in person.consents if one.status is ConsentStatus.WITHDRAWN)
    if not (noes or person.given_up or person.objects):
        return why
    refused = person._replace(consents=noes, age_seen=None, tags=(), custom=())
    for key, names in _OF_KEY.items():
        values = {name: person.values[name] for name in names if name in person.values}
        if key in values and base.owner(key, values[key]) is not None:
            apply(base, refused._replace(values=values), Policy.KEEP)
    return Rejected(why.code, why.field, f"{why.reason} That it says no is taken all the same.")


_OF_KEY = {"email_key": ("email_key", "email"), "external_id": ("external_id",)}


def _row(known: Known) -> list[Any]:
    row = list(_fields(known.values))
    if (seal := row[_SEAL_AT]) is not None:
        row[_SEAL_AT] = copied_seal(seal)
    if (raw := row[_RAW_AT]) is not None:
        row[_RAW_AT] = json.dumps(raw)
    return [*row, *map(known.consent.get, CHANNELS)]


async def store(
    session: AsyncSession,
    people: Sequence[Person],
    policy: Policy,
    by: By,
    *,
    heard: Sequence[Person] = (),
    fields: Iterable[tuple[FieldKind, str, str]] = (),
    consents: bool = False,
    watch: bool = False,
    tool: str = "",
) -> tuple[Base, Result, Counter[str]]:
    """Read who is known, merge a chunk of rows with them and write it; begun again where somebody else wrote to the
    same people meanwhile.

    Args:
        heard: rows of which nothing is taken but that somebody known says no.
        fields: custom fields the rows fill, made where there are none: kind, key, name.
        consents: the rows may say something of consent.
        watch: tell what each row makes of its person.
        tool: whose export the rows are; empty for none we know.

    Returns:
        Everybody the rows are about, what became of each row, and how many tags were left out, by why.

    Raises:
        psycopg.errors.UniqueViolation, Raced: somebody else kept writing to them.
    """
    keys = {key: [str(row.values[key]) for row in (*heard, *people) if key in row.values] for key in KEYS}
    for attempt in range(1, TRIES + 1):
        try:
            async with session.begin_nested(), by_index(session):
                await ensure_fields(session, fields)
                base = await load_known(session, keys, consents=consents, tool=tool)
                _hear(base, heard)
                result = await READING.run(partial(merge, watch=watch), base, people, policy)
                await write(session, base, by)
                left_out = await write_tags(session, base, result, by.import_id)
            return base, result, left_out
        except (UniqueViolation, Raced):
            if attempt == TRIES:
                raise
    raise AssertionError("the last try returns or raises")


def _hear(base: Base, heard: Iterable[Person]) -> None:
    for one in heard:
        with suppress(Rejected):
            if base.match(one.values) is not None:
                apply(base, one, Policy.KEEP)


async def write(session: AsyncSession, base: Base, by: By) -> None:
    """Store what `merge` made of the base.

    Raises:
        Raced: a customer was changed since it was read.
        psycopg.errors.UniqueViolation: somebody else added the same customer meanwhile.
    """
    fresh = [known for known in base.people.values() if known.seen is None]
    changed = [known for known in base.people.values() if known.seen is not None and known.changed]
    listed = {known.id: known.listed for known in base.people.values() if known.listed is not None}
    if changed:  # before anybody is added, who may be called as one of them was
        rows = [[known.id, known.seen, *_row(known), *_images(known)] for known in changed]
        await change_people(session, rows, by.import_id, handing_on=_handing_on(changed))
    if fresh:
        made_by = by.import_id.hex if by.import_id else None
        await add_people(session, [[known.id.hex, made_by, *_row(known)] for known in fresh])
    if by.import_id:
        numbers = {one: known.id for known in base.people.values() for one in known.numbers}
        await add_numbers(session, numbers, by.import_id)
    await confirm_people(session, listed, {known.id for known in changed}, by.import_id, days=KEPT_DAYS)
    await note_evidence(session, _told([*fresh, *changed]), by)
    await note_noes_again(session, _again(base.people.values()), by)
    objecting = [(known.id, *known.objected) for known in base.people.values() if known.objected]
    await object_told(session, objecting, by)
    source = f"import: {by.file_name}"[:120] if by.import_id else by.file_name[:120]
    await suppress_told(session, _given_up(base.people.values()), source=source, import_id=by.import_id)


def _handing_on(changed: Sequence[Known]) -> dict[str, list[UUID]]:
    """Return by key who gives up theirs to another of them: a file that says two customers' addresses the other way
    round, or passes one on."""
    handed: dict[str, list[UUID]] = {}
    for key in UNIQUE:
        left = {held: known.id for known in changed if (held := known.before[key]) and held != known.values[key]}
        taken = {known.values[key] for known in changed if known.values[key] != known.before[key]} if left else set()
        if ids := [customer_id for held, customer_id in left.items() if held in taken]:
            handed[key] = ids
    return handed


def _images(known: Known) -> tuple[str, str]:
    """Return what changed of somebody, before and after, as JSON. The sealed date is no part of it: where there was
    one, the younger stays; where there was none, there is none again."""
    before, after = known.changes
    if SEALED_DATE in after:
        if before[SEALED_DATE] is None:
            before[SEALED_DATE] = after[SEALED_DATE] = None
        else:
            del before[SEALED_DATE], after[SEALED_DATE]
    return json.dumps(before, default=_iso), json.dumps(after, default=_iso)


def _iso(value: date) -> str:
    return value.isoformat()


async def write_tags(session: AsyncSession, base: Base, result: Result, import_id: UUID | None) -> Counter[str]:
    """Give everybody the tags the file gives them; a row that gave one counts as a change. Returns how many tags were
    left out, by why (`NOTES`)."""
    if not result.tagged:
        return Counter()
    there = {name.casefold(): name for name in sorted(await known_tags(session), reverse=True)}
    given, left_out = list[tuple[UUID, str]](), Counter[str]()
    for customer_id in result.tagged:
        for name in base.people[customer_id].tags:
            if name.casefold() not in there and len(there) >= MOST_TAGS:
                left_out[TOO_MANY_TAGS] += 1
                continue
            given.append((customer_id, there.setdefault(name.casefold(), name)))
    tagged, many = await add_tags(session, given, import_id)
    left_out[TOO_MANY_OF_ONE] += many
    for customer_id in tagged:
        for position in result.tagged[customer_id]:
            if result.outcomes[position] is Outcome.UNCHANGED:
                result.outcomes[position] = Outcome.UPDATED
    return +left_out


def _told(people: Sequence[Known]) -> Iterator[Told]:
    for known in people:
        if known.born_in_row is not None:
            yield Told(known.id, known.born_in_row, born=known.values[SEALED_DATE])
        if known.age_seen is not None:
            number, seen = known.age_seen
            yield Told(known.id, number, born=known.values[SEALED_DATE], proof=seen.proof, at=seen.at)
        for number, given in known.evidence:
            yield Told(
                known.id, number, channel=given.channel, status=given.status.value, source=given.source,
                sent_from=given.ip, at=given.at, agreed_to=given.words, column=given.column,
            )  # fmt: skip


def _again(people: Iterable[Known]) -> Iterator[Told]:
    for known in people:
        for number, given in known.again.values():
            yield Told(known.id, number, channel=given.channel, source=given.source, at=given.at, column=given.column)


def _given_up(people: Iterable[Known]) -> list[GivenUp]:
    """Return the addresses that the file says are written to no more."""
    return [
        GivenUp(address, channel, reason, known.id)
        for known in people
        for (channel, address), reason in known.given_up.items()
    ]
