"""From the cells of a row to a customer, or a reason why not."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from functools import partial
from typing import Any, NamedTuple

from liquor_app.customers.addresses import FORCES, country_of_somebody_new
from liquor_app.customers.ages.birth_dates import PLACEHOLDERS, known_birthday
from liquor_app.customers.labels.custom_values import split_name
from liquor_app.customers.models import ConsentStatus
from liquor_app.customers.person_names import NO_GIVEN, is_nobodys
from liquor_app.customers.places import STATES, nearly_a_state
from liquor_app.customers.whereabouts.zip_codes import lost_zeros, with_zeros
from liquor_app.imports.cleaning.answers.consent_cells import ConsentColumns, ConsentGiven, hear
from liquor_app.imports.cleaning.cells import MAX_TEXT, MOST_REMEMBERED, Rejected, clean_label, clean_word
from liquor_app.imports.cleaning.file_setting import Setting
from liquor_app.imports.cleaning.label_cells import clean_custom, clean_tags
from liquor_app.imports.cleaning.moment_cells import (
    clean_birthday,
    clean_moment,
    is_no_birthday,
    yearless_birthday,
)
from liquor_app.imports.cleaning.person_cells import (
    WITH_ZIPS,
    clean_country,
    clean_email,
    clean_id,
    clean_name,
    clean_phone,
    clean_postal_code,
    clean_state,
    clean_timezone,
    is_placeholder,
)
from liquor_app.imports.cleaning.row_notes import (
    COUNTRY_OF_PHONE,
    GIVEN_UP,
    NO_BIRTHDAY,
    NO_STATE,
    NOBODYS,
    UNSEEN,
    YEARLESS,
    ZIP_WRONG,
    ZIP_ZEROS,
    left_out,
)


@dataclass(frozen=True, slots=True)
class AgeSeen:
    """A proof of age somebody has seen, as a file tells it: what it was or who saw it, and when."""

    proof: str
    at: datetime


class Person(NamedTuple):
    """A customer row, understood. `values` holds what was not blank; `notes` what was left out, by `NOTES`."""

    number: int
    values: dict[str, object]
    consents: tuple[ConsentGiven, ...]
    notes: tuple[str, ...] = ()
    given_up: tuple[tuple[str, str], ...] = ()
    """Channels whose address another system no longer writes to, and why (`SuppressionReason`)."""
    tags: tuple[str, ...] = ()
    custom: tuple[tuple[str, str], ...] = ()
    """Custom fields: key and value."""
    age_seen: AgeSeen | None = None
    objects: str = ""
    """The column that says that they object to being profiled; empty where none does."""

    @property
    def says_no(self) -> bool:
        """Whether the row withdraws a consent, names an address that is written to no more, or objects."""
        return bool(
            self.given_up or self.objects or any(one.status is ConsentStatus.WITHDRAWN for one in self.consents)
        )


_CLEAN: dict[str, Callable[[str], str | None]] = {
    "external_id": partial(clean_id, field="external_id"),
    "name": partial(clean_name, field="name"),
    "city": partial(clean_label, field="city"),
    "state": clean_state,
    "postal_code": clean_postal_code,
    "country": clean_country,
    "timezone": clean_timezone,
    "language": partial(clean_word, field="language"),
}


_REPEATED = frozenset({"city", "state", "postal_code", "country", "timezone", "language"})
"""Whose cells say the same again and again: what each was read as is remembered, as far as it could be read."""
UNREAD = object()


def _remember(known: dict[str, Any], cell: str, value: str | None) -> None:
    if len(known) > MOST_PLACES:
        known.clear()
    known[cell] = value


MOST_PLACES = 16_384
ADDRESS = {"email": "email", "sms": "phone"}
"""Channel → the field of its address."""


class PersonReader:
    """Rows of customers, understood: `PersonReader(at, how)(number, cells)`. A cell that cannot be read is left blank
    and noted; it never costs the person.

    What can be told of all rows is worked out once a file: which columns there are, and what reads them.

    Args:
        at: field → position of its cell.
    """

    def __init__(self, at: dict[str, int], how: Setting) -> None:
        self._at, self._how = at, how
        self._plain = [(name, at[name], clean, dict[str, Any]()) for name, clean in _CLEAN.items() if name in at]
        self._names = [
            (name, at[name], partial(clean_name, field=name)) for name in ("first_name", "last_name") if name in at
        ]
        self._custom = [(*split, place) for name, place in at.items() if (split := split_name(name)) is not None]
        self._email, self._phone = at.get("email"), at.get("phone")
        self._born, self._tags = at.get("date_of_birth"), at.get("tags")
        self._proves = "age_check" in at or "age_checked_at" in at
        self._told = ConsentColumns.by(at, how)
        self._today = how.now.astimezone(how.zone).date()

    def __call__(self, number: int, cells: list[str]) -> Person:
        """Return a row as a person.

        Raises:
            Rejected: nothing in it says who it is.
        """
        return self.read(number, cells)[0]

    def read(self, number: int, cells: list[str]) -> tuple[Person, dict[str, Rejected]]:
        """As a call; and why cells of who somebody is were left blank, by their field.

        Raises:
            Rejected: nothing in it says who it is.
        """
        notes: list[str] = []
        refused: dict[str, Rejected] = {}
        values: dict[str, object] = {}
        for name, place, clean, known in self._plain:
            if cell := cells[place]:
                try:
                    if (value := known.get(cell, UNREAD)) is UNREAD:
                        value = clean(cell)
                        if name in _REPEATED and len(cell) <= MOST_REMEMBERED:
                            _remember(known, cell, value)
                    if value:
                        values[name] = value
                except Rejected as why:
                    refused[name] = why.bare()
        self._take_addresses(cells, values, refused)
        if "email_key" not in values and "phone" not in values and "external_id" not in values:
            told = next((refused[name] for name in ("email", "phone", "external_id") if name in refused), None)
            raise told or Rejected(
                "no_identity", "email", "The row has neither an e-mail, a phone nor a customer number."
            )
        if self._names:
            self._take_names(cells, values, refused)
        if (code := values.get("postal_code")) is not None and len(str(code)) != 5 and _looks_cut(str(code)):
            _put_zeros_back(values, notes, self._how.is_of_us)
        elif code is not None and _is_no_zip(str(code), values.get("state"), values.get("country")):
            notes.append(ZIP_WRONG)
        if (state := values.get("state")) is not None and state not in STATES:
            _doubt_state(str(state), values.get("country"), notes, self._how.is_of_us)
        if country_of_somebody_new(values):
            notes.append(COUNTRY_OF_PHONE)
        notes += (self._left_blank(name, cells) for name in refused)
        if self._born is not None and (cell := cells[self._born]):
            self._take_birthday(cell, values, notes)
        tags: tuple[str, ...] = ()
        if self._tags is not None and (cell := cells[self._tags]):
            tags, is_whole = clean_tags(cell)
            if not is_whole:
                notes.append(left_out("tags"))
        custom = self._take_custom(cells, notes) if self._custom else ()
        seen = self._take_proof(cells, notes) if self._proves else None
        if not self._told:
            return Person(number, values, (), tuple(notes), (), tags, custom, seen), refused
        heard = hear(cells, self._at, self._how, self._told)
        for channel in [one for one in heard.given_up if ADDRESS[one] in refused]:
            del heard.given_up[channel]  # of an address nobody can read; whoever it belongs to may have a good one
        if not any(ADDRESS[one] in values or "external_id" in values for one in heard.given_up):
            heard.notes.pop(GIVEN_UP, None)
        notes += heard.notes
        person = Person(
            number, values, tuple(heard.consents), tuple(notes), tuple(heard.given_up.items()), tags, custom, seen,
            heard.objects,
        )  # fmt: skip
        return person, refused

    def _left_blank(self, name: str, cells: list[str]) -> str:
        is_nobodys_own = name in NOBODYS and is_placeholder(cells[self._at[name]], name)
        return NOBODYS[name] if is_nobodys_own else left_out(name)

    def _take_addresses(self, cells: list[str], values: dict[str, object], refused: dict[str, Rejected]) -> None:
        if self._email is not None and (cell := cells[self._email]):
            try:
                email, key = clean_email(cell)
                if key:
                    values["email"], values["email_key"] = email, key
            except Rejected as why:
                refused["email"] = why.bare()
        if self._phone is not None and (cell := cells[self._phone]):
            try:
                if phone := clean_phone(cell, str(values.get("country") or "US")):
                    values["phone"] = phone
            except Rejected as why:
                refused["phone"] = why.bare()

    def _take_names(self, cells: list[str], values: dict[str, object], refused: dict[str, Rejected]) -> None:
        whole = " ".join(cells[place] for _, place, _ in self._names)
        if is_nobodys(whole) and "@" not in whole:
            return  # "Loyalty" and "Member", "DO NOT" and "CONTACT": two cells of one word for nobody
        found: dict[str, str] = {}
        for name, place, clean in self._names:
            if name == "last_name" and "name" in values:
                continue
            try:
                if text := clean(cells[place]):
                    found[name] = text
            except Rejected as why:
                refused[name] = why.bare()
        if "name" not in values and (whole := " ".join(found.values())[:MAX_TEXT]):
            values["name"] = whole
        if "first_name" in found or "last_name" in found:
            values["first_name"] = found.get("first_name", NO_GIVEN)

    def _take_birthday(self, cell: str, values: dict[str, object], notes: list[str]) -> None:
        if (yearless := yearless_birthday(cell, self._how.date_order)) is not None:
            values["birthday_md"] = yearless
            notes.append(YEARLESS)
            return
        try:
            born = clean_birthday(cell, today=self._today, order=self._how.date_order)
        except Rejected:
            notes.append(left_out("date_of_birth"))
            born = None
        if (known := known_birthday(born)) is not None:
            values["date_of_birth"] = known
        if born in PLACEHOLDERS or is_no_birthday(cell):
            notes.append(NO_BIRTHDAY)

    def _take_custom(self, cells: list[str], notes: list[str]) -> tuple[tuple[str, str], ...]:
        how = self._how
        found: list[tuple[str, str]] = []
        is_whole = True
        for kind, key, place in self._custom:
            if not (cell := cells[place]):
                continue
            try:
                value = clean_custom(kind, key, cell, order=how.date_order, decimal=how.decimal, currency=how.currency)
            except Rejected:
                is_whole = False
                continue
            if value is not None:
                found.append((key, value))
        if not is_whole:
            notes.append(left_out("custom"))
        return tuple(found)

    def _take_proof(self, cells: list[str], notes: list[str]) -> AgeSeen | None:
        given: dict[str, str] = {
            name: cells[self._at[name]] for name in ("age_check", "age_checked_at") if name in self._at
        }
        seen = _age_seen(given, self._how) if given.get("age_check") else None
        if seen is None and given.get("age_checked_at"):
            notes.append(UNSEEN)
        return seen


_ZIP = re.compile(r"\d{5}(?:-\d{4})?", re.ASCII)


def _is_no_zip(postal_code: str, state: object, country: object) -> bool:
    """Tell whether a code of an address in the United States, by its state or country, is written as none of theirs."""
    is_theirs = country in WITH_ZIPS or (country is None and (state in STATES or state in FORCES))
    return is_theirs and _ZIP.fullmatch(postal_code) is None


def _looks_cut(postal_code: str) -> bool:
    return postal_code.isdecimal() or lost_zeros(postal_code)


def _doubt_state(state: str, country: object, notes: list[str], is_of_us: bool) -> None:
    """Note a state that the law does not know: any, of an address in the United States; one that is nearly written as
    theirs, where no country is told. It stays as it is written, as a region abroad does."""
    if state in FORCES or (country is not None and country not in WITH_ZIPS):
        return
    if country is not None or (is_of_us and nearly_a_state(state)):
        notes.append(NO_STATE)


def _put_zeros_back(values: dict[str, object], notes: list[str], is_of_us: bool) -> None:
    """Read a ZIP code that a spreadsheet cut as the one it was; four digits are a whole code elsewhere (Zürich's,
    København's), and only what says the United States makes one of theirs of it."""
    state, country, phone = values.get("state"), values.get("country"), str(values.get("phone") or "")
    is_misspelt = False
    if country is not None and country not in WITH_ZIPS:
        return
    if state is not None and state not in (*STATES, *FORCES):
        if country is None and not nearly_a_state(str(state)):
            return  # a region abroad
        state, is_misspelt = None, True  # it says nothing of the code
    if (
        country is None
        and state is None
        and not is_misspelt
        and (not phone.startswith("+1") if phone else not is_of_us)
    ):
        return
    if whole := with_zeros(str(values["postal_code"]), None if state is None else str(state)):
        values["postal_code"] = whole
    notes.append(ZIP_ZEROS if whole else ZIP_WRONG)


def _age_seen(given: dict[str, str], how: Setting) -> AgeSeen | None:
    """Return a proof of age that was seen: only with what it was and on which day, which has come already."""
    try:
        proof = clean_word(given.get("age_check", ""), "age_check")
        when = clean_moment(given.get("age_checked_at", ""), "age_checked_at", how.zone, how.now, order=how.date_order)
    except Rejected:
        return None
    if proof is None or when is None or when.at > how.now or proof.lower() in NO_PROOF:
        return None
    return AgeSeen(proof[:120], when.at)


NO_PROOF = frozenset({"no", "false", "0", "failed", "unverified", "not verified", "pending", "refused"})
