"""Take customers as a program tells them, thousands a call: read, told apart and merged as an import's rows are."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import UTC, date
from typing import Any
from zoneinfo import ZoneInfo

from psycopg.errors import UniqueViolation
from sqlalchemy.exc import IntegrityError
from sqlalchemy.ext.asyncio import AsyncSession

from liquor_app.accounts.audit import audit
from liquor_app.accounts.permission_table import Permission
from liquor_app.accounts.permissions import Actor, ActorKind, require
from liquor_app.core.clock import now
from liquor_app.core.errors import Meanwhile
from liquor_app.core.listing.told_rows import RefusedRow, RowFields, RowOutcome, counted, refused
from liquor_app.core.queue import Job, enqueue
from liquor_app.customers.ages.sealed_dates import BIRTH_COLUMNS, SEALED_DATE
from liquor_app.customers.bulk_write import By, Raced
from liquor_app.customers.erasing.erased_keys import erased_among
from liquor_app.customers.labels.custom_fields import list_custom_fields
from liquor_app.customers.models import ConsentStatus
from liquor_app.imports import customer_rows
from liquor_app.imports.cleaning.cells import Rejected
from liquor_app.imports.cleaning.file_setting import Setting
from liquor_app.imports.cleaning.person_cells import tell_of_us
from liquor_app.imports.cleaning.person_rows import Person, PersonReader
from liquor_app.imports.cleaning.row_notes import (
    FUTURE,
    NO_BIRTHDAY,
    NO_EVIDENCE,
    NO_STATE,
    NOTES,
    ZIP_WRONG,
    ZIP_ZEROS,
    left_out,
)
from liquor_app.imports.customer_rows import Result
from liquor_app.imports.erased_rows import WITHHELD
from liquor_app.imports.merge_rows import Outcome, Policy
from liquor_app.imports.people.known_people import KEYS, Base, Known
from liquor_app.imports.readers.formats import READING
from liquor_app.organization.settings import GeneralSettings, load_settings
from liquor_app.webhooks.models import Happened
from liquor_app.webhooks.outbox import emit

FIELDS = (
    "external_id", "email", "phone", "name", "first_name", "last_name", "city", "state", "postal_code", "country",
    "timezone", "language", "date_of_birth", "tags", "email_consent", "sms_consent", "consent_source", "consent_at",
    "consent_ip", "consent_wording",
)  # fmt: skip
"""What a row may say of somebody, beside their custom fields."""
_IDENTITY = ("email", *KEYS)
_LOOK_AT = frozenset({ZIP_ZEROS, ZIP_WRONG, NO_STATE})
"""Notes that cost nothing of the row: it is taken as it stands, and should be looked at."""
_REFUSALS = {
    NO_EVIDENCE: ("consent_source", "A consent counts only with its consent_source and consent_at."),
    FUTURE: ("consent_at", "consent_at lies in the future: nobody has agreed yet."),
    NO_BIRTHDAY: ("date_of_birth", "date_of_birth is what tills write where they know nothing. Leave it out."),
}  # fmt: skip
"""Of a file's row such a thing is left out; whoever calls is there to mend it."""
_PUBLIC = {**dict.fromkeys(BIRTH_COLUMNS, "date_of_birth"), SEALED_DATE: "date_of_birth", "raw_data": "custom",
           "email_key": "email"}  # fmt: skip
"""Columns by the field that is told."""


async def put_customers(
    session: AsyncSession, actor: Actor, rows: Sequence[Mapping[str, Any] | RefusedRow]
) -> list[RowFields]:
    """Add who is new and change who is known, by e-mail, external id or phone; the same again changes nothing.

    What a row leaves out, or says null of, stays as it is. A row with a field that cannot be read is refused whole, but
    for a consent that it withdraws of somebody known: that holds. A consent counts only with where and when it was
    given, and follows its date. Who was erased stays so, and nobody is taken off the suppression list.

    Args:
        rows: `FIELDS` and `custom` (key → value) of each, or why it could not be understood.

    Raises:
        Forbidden: the actor may only read.
        Conflict: somebody else kept writing to the same people.
    """
    require(actor, Permission.CUSTOMERS_WRITE)
    shop = await load_settings(session, GeneralSettings)
    custom = {one.key: one.name for one in await list_custom_fields(session, actor)}
    source = f"API: {actor.name}" if actor.kind is ActorKind.API_KEY else "API"
    read = await READING.run(_Reader(shop, custom, source).read, rows)
    told = {at + 1: refused(at + 1, why) for at, why in read.refused.items()}
    gone = await erased_among(session, [_named(one) for one in read.people])
    told |= {
        read.people[at].number: refused(read.people[at].number, RefusedRow("erased_person", "", WITHHELD))
        for at in gone
    }
    people = [one for at, one in enumerate(read.people) if at not in gone]
    by = By(None, source, actor.user_id)
    try:
        base, result, left = await customer_rows.store(
            session, people, Policy.OVERWRITE, by, heard=read.heard, consents=True
        )
    except (UniqueViolation, IntegrityError, Raced) as error:
        raise Meanwhile("Somebody else kept changing the same customers. Please try again.") from error
    for at, rejected in result.rejected:
        told[people[at].number] = refused(people[at].number, RefusedRow(rejected.code, rejected.field, rejected.reason))
    for at, outcome in result.outcomes.items():
        person = people[at]
        notes = [NOTES[one] for one in (*person.notes, *(left if person.tags else ()))]
        told[person.number] = RowFields(person.number, RowOutcome(outcome.value), result.whose[at], notes=notes)
    rows_told = [told[number] for number in sorted(told)]
    await _announce(session, actor, base, result, rows_told)
    return rows_told


async def _announce(session: AsyncSession, actor: Actor, base: Base, result: Result, told: Sequence[RowFields]) -> None:
    """Have what changed scored, recorded and told to others."""
    counts = counted(told)
    await audit(session, actor, "customers.put", "customer", None, rows=len(told), counts=counts)
    made = {result.whose[at] for at, outcome in result.outcomes.items() if outcome is Outcome.CREATED}
    changed = [one for one in base.people.values() if one.seen is not None and one.changed]
    if made or changed:
        args = {"touched": True, "then_segments": True}
        await enqueue(session, Job.SCORE_CUSTOMERS, args, dedupe_key="touched")
    await emit(session, Happened.CUSTOMER_CREATED, [{"customer_id": one} for one in sorted(made)])
    updated = [{"customer_id": one.id, "fields": fields} for one in changed if (fields := _changed(one))]
    await emit(session, Happened.CUSTOMER_UPDATED, updated)


def _changed(known: Known) -> list[str]:
    _, after = known.changes
    return sorted({_PUBLIC.get(name, name) for name in after})


def _named(person: Person) -> dict[str, str | None]:
    return {key: str(value) for key in KEYS if (value := person.values.get(key))}


class _Read:
    """Rows understood; those refused, by their place; and noes of rows that are refused for something else."""

    def __init__(self) -> None:
        self.people: list[Person] = []
        self.refused: dict[int, RefusedRow] = {}
        self.heard: list[Person] = []


class _Reader:
    """Reads rows by the cells they would have in a file.

    Args:
        custom: key of each custom field → its name in a mapping.
        source: who tells them.
    """

    def __init__(self, shop: GeneralSettings, custom: Mapping[str, str], source: str) -> None:
        self._shop, self._custom, self._source = shop, custom, source
        self._at = {name: place for place, name in enumerate((*FIELDS, *custom.values()))}

    def read(self, rows: Sequence[Mapping[str, Any] | RefusedRow]) -> _Read:
        """Understand rows. For a thread."""
        found, cells = _Read(), dict[int, list[str]]()
        for place, row in enumerate(rows):
            if isinstance(row, RefusedRow):
                found.refused[place] = row
                continue
            try:
                cells[place] = self._cells(row)
            except Rejected as why:
                found.refused[place] = RefusedRow(why.code, why.field, why.reason)
        how = Setting(
            ZoneInfo(self._shop.timezone), now().astimezone(UTC), currency=self._shop.currency, file_name=self._source,
            columns=tuple(self._at), is_of_us=tell_of_us(cells.values(), self._at),
        )  # fmt: skip
        reader = PersonReader(self._at, how)
        for place, row_cells in cells.items():
            try:
                person, blank = reader.read(place + 1, row_cells)
            except Rejected as why:
                found.refused[place] = RefusedRow(why.code, why.field, why.reason)
                continue
            if (refusal := _refusal(person, blank, rows[place])) is None:
                found.people.append(person)
                continue
            found.refused[place] = refusal
            if noes := tuple(one for one in person.consents if one.status is ConsentStatus.WITHDRAWN):
                known_by = {name: person.values[name] for name in _IDENTITY if name in person.values}
                found.heard.append(Person(person.number, known_by, noes))
        return found

    def _cells(self, row: Mapping[str, Any]) -> list[str]:
        cells = [""] * len(self._at)
        for name in FIELDS:
            cells[self._at[name]] = _cell(row.get(name))
        for key, value in (row.get("custom") or {}).items():
            if key not in self._custom:
                raise Rejected("unknown_field", f"custom.{key}"[:80], "There is no such custom field; add it first.")
            cells[self._at[self._custom[key]]] = _cell(value)
        return cells


def _cell(value: Any) -> str:
    if value is None:
        return ""
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, date):  # and a moment
        return value.isoformat()
    return "; ".join(value) if isinstance(value, list | tuple) else str(value)


def _refusal(person: Person, blank: Mapping[str, Rejected], row: object) -> RefusedRow | None:
    """Return why a row is refused of which a file's would have been taken without a cell; None if it is whole."""
    for why in blank.values():
        return RefusedRow(why.code, why.field, why.reason)
    for note in person.notes:
        if note in _REFUSALS:
            field, reason = _REFUSALS[note]
            has_source = note == NO_EVIDENCE and isinstance(row, Mapping) and row.get("consent_source")
            return RefusedRow(note, "consent_at" if has_source else field, reason)
        if note not in _LOOK_AT:
            field = note.removesuffix(left_out(""))
            return RefusedRow(f"bad_{field}", field, f"{field} cannot be read.")
    return None
