"""From the cells of a row to a customer, or a reason why not."""

from __future__ import annotations

import re
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import datetime
from functools import partial
from typing import TypeVar
from zoneinfo import ZoneInfo

from liquor_app.catalog.product_write import NewProduct
from liquor_app.customers.ages.birth_dates import PLACEHOLDERS, known_birthday
from liquor_app.customers.labels.custom_values import split_name
from liquor_app.customers.models import ConsentStatus, SuppressionReason
from liquor_app.imports.cleaning.answer_cells import Answer, clean_answer
from liquor_app.imports.cleaning.cells import MAX_TEXT, REMEMBERED, Rejected, clean_label, clean_word
from liquor_app.imports.cleaning.column_mapping import CONSENTS
from liquor_app.imports.cleaning.label_cells import clean_custom, clean_tags
from liquor_app.imports.cleaning.moment_cells import (
    When,
    clean_birthday,
    clean_consent_moment,
    clean_moment,
    is_no_birthday,
    yearless_birthday,
)
from liquor_app.imports.cleaning.person_cells import (
    clean_country,
    clean_email,
    clean_id,
    clean_ip,
    clean_name,
    clean_phone,
    clean_postal_code,
    clean_state,
    clean_timezone,
)


@dataclass(frozen=True, slots=True)
class Setting:
    """How a file's cells are read: by whose clock, as of when, in which order dates stand, with which
    decimal mark, in whose money."""

    zone: ZoneInfo
    now: datetime
    date_order: str = "mdy"
    decimal: str = "."
    currency: str = "USD"
    moments: dict[tuple[str, str], When | None] = field(default_factory=dict, compare=False)

    def moment(self, cell: str, clock: str) -> When | None:
        """Tell when something was bought. The lines of a basket share it, so the last few thousand are remembered."""
        found = self.moments.get((cell, clock))
        if found is None:
            if len(self.moments) > REMEMBERED:
                self.moments.clear()
            found = clean_moment(cell, "occurred_at", self.zone, self.now, clock=clock, order=self.date_order)
            self.moments[cell, clock] = found
        return found


T = TypeVar("T")
"""People buy more than once."""


@dataclass(frozen=True, slots=True)
class ConsentGiven:
    """Evidence read from a file. `dated` False: a withdrawal of no known day, which holds from now on."""

    channel: str
    status: ConsentStatus
    source: str
    at: datetime
    dated: bool = True
    ip: str | None = None
    """From where it was given."""


@dataclass(frozen=True, slots=True)
class AgeSeen:
    """A proof of age somebody has seen, as a file tells it: what it was or who saw it, and when."""

    proof: str
    at: datetime


@dataclass(frozen=True, slots=True)
class Person:
    """A customer row, understood. `values` holds what was not blank; `notes` what was left out, by `NOTES`."""

    number: int
    values: dict[str, object]
    consents: tuple[ConsentGiven, ...]
    notes: tuple[str, ...] = ()
    given_up: tuple[tuple[str, str], ...] = ()
    """Channels whose address another system no longer writes to, and why (`SuppressionReason`)."""

    @property
    def says_no(self) -> bool:
        """Whether the row withdraws a consent, or names an address that is written to no more."""
        return bool(self.given_up) or any(one.status is ConsentStatus.WITHDRAWN for one in self.consents)

    tags: tuple[str, ...] = ()
    custom: tuple[tuple[str, str], ...] = ()
    """Custom fields: key and value."""
    age_seen: AgeSeen | None = None


@dataclass(slots=True)
class _Heard:
    """What a row says of consent: what counts, what was left out, and addresses that are written to no more."""

    consents: list[ConsentGiven] = field(default_factory=list)
    notes: dict[str, None] = field(default_factory=dict)
    given_up: dict[str, str] = field(default_factory=dict)


_GIVEN_UP = (
    (re.compile(r"spam|complain|abuse"), SuppressionReason.COMPLAINED),
    (re.compile(r"bounce|clean|invalid|undeliverable"), SuppressionReason.BOUNCED),
    (re.compile(r"manual|user|suppress|block"), SuppressionReason.MANUAL),
)
"""Words for why a system writes to an address no more, the gravest first."""
_LEFT = re.compile(r"unsub|opt[ _-]?out")


def _consents(cells: list[str], at: dict[str, int], how: Setting) -> _Heard:
    """Return what the row says of consent.

    Whoever says no is heard, with or without evidence. A yes counts only with where and when it was given. An address
    another system no longer writes to goes onto the suppression list. None of it costs the person.
    """
    heard = _Heard()
    found, notes = heard.consents, heard.notes
    why = cells[at["given_up"]].lower() if "given_up" in at else ""
    if reason := next((reason for words, reason in _GIVEN_UP if words.search(why)), None):
        heard.given_up["email"] = reason.value
    if _LEFT.search(why):
        found.append(_withdrawal("email", cells, at, how))
    for name in CONSENTS:
        if name not in at:
            continue
        channel = name.removesuffix("_consent")
        try:
            answer = clean_answer(cells[at[name]], name)
        except Rejected:
            notes[left_out(name)] = None
            continue
        if answer is Answer.NO:
            found.append(_withdrawal(channel, cells, at, how))
        elif answer is Answer.DEAD:
            heard.given_up.setdefault(channel, SuppressionReason.BOUNCED.value)
        elif answer is Answer.YES and channel not in heard.given_up:
            try:
                found.append(_consent(channel, cells, at, how, _ip(cells, at, notes)))
            except Rejected as refused:
                notes[refused.code if refused.code in NOTES else NO_EVIDENCE] = None
    if heard.given_up:
        notes[GIVEN_UP] = None
    return heard


def _ip(cells: list[str], at: dict[str, int], notes: dict[str, None]) -> str | None:
    try:
        return clean_ip(cells[at["consent_ip"]]) if "consent_ip" in at else None
    except Rejected:
        notes[left_out("consent_ip")] = None
        return None


def _consent(channel: str, cells: list[str], at: dict[str, int], how: Setting, ip: str | None) -> ConsentGiven:
    source = clean_word(cells[at["consent_source"]] if "consent_source" in at else "", "consent_source")
    written = cells[moment_at] if (moment_at := _moment_at(channel, at)) is not None else ""
    when = clean_consent_moment(written, how.zone, how.now, given=True, order=how.date_order)
    if source is None or when is None:
        missing = "consent_source" if source is None else "consent_at"
        raise Rejected("consent_without_evidence", missing, f"{channel}_consent is given without {missing}.")
    return ConsentGiven(channel, ConsentStatus.GIVEN, source[:120], when, ip=ip)


def _moment_at(channel: str, at: dict[str, int]) -> int | None:
    """Return where the moment of a channel's consent stands: in a column of its own, or in one for all."""
    return at.get(f"{channel}_consent_at", at.get("consent_at"))


def _withdrawal(channel: str, cells: list[str], at: dict[str, int], how: Setting) -> ConsentGiven:
    """Never refused: of no known source it is the file's word, of no known moment one of now."""
    source: str | None = None
    when: datetime | None = None
    if "consent_source" in at:
        with suppress(Rejected):
            source = clean_word(cells[at["consent_source"]], "consent_source")
    if (moment_at := _moment_at(channel, at)) is not None:
        with suppress(Rejected):
            when = clean_consent_moment(cells[moment_at], how.zone, how.now, given=False, order=how.date_order)
    return ConsentGiven(
        channel, ConsentStatus.WITHDRAWN, (source or "imported file")[:120], when or how.now, when is not None
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


NO_BIRTHDAY = "placeholder_birthday"
YEARLESS = "birthday_without_year"
NO_EVIDENCE = "consent_without_evidence"
GIVEN_UP = "address_given_up"
FUTURE = "consent_in_the_future"
UNSEEN = "age_without_evidence"
TOO_MANY_TAGS = "too_many_tags"


def left_out(field: str) -> str:
    """Return the code of the note that a cell was left blank."""
    return f"{field}_left_out"


_OF_PRODUCTS = ("sku", "upc", "category", "brand", "price", "sale_price", "cost", "stock")
_PERSONAL = (
    *_CLEAN,
    "email",
    "phone",
    "date_of_birth",
    "first_name",
    "last_name",
    "tags",
    "custom",
    "consent_ip",
    *CONSENTS,
)
NOTES = {
    NO_EVIDENCE: "Consent is left out: it counts only with a source and a date of consent beside it.",
    FUTURE: "Consent is left out: its date lies in the future, nobody has agreed yet.",
    NO_BIRTHDAY: "The date of birth is what tills write where they know nothing; it is left out, and proves no age.",
    YEARLESS: "The birthday has no year: it is kept as a birthday, and the date of birth is left blank.",
    TOO_MANY_TAGS: "A tag is left out: there are as many in the shop as there may be.",
    UNSEEN: "The check of age is left out: it counts only with what was seen, and on which day.",
    GIVEN_UP: "The file says that this address is no longer written to: it goes onto the suppression list.",
    **{left_out(field): f"{field} cannot be read and is left blank." for field in (*_PERSONAL, *_OF_PRODUCTS)},
}
"""What may be left out of a row that is taken all the same, and the words for it."""


def clean_person(number: int, cells: list[str], at: dict[str, int], how: Setting) -> Person:
    """Return a row of customers, understood. A cell that cannot be read is left blank and noted; it never costs the
    person.

    Args:
        at: field → position of its cell.

    Raises:
        Rejected: nothing in it says who it is.
    """

    given = {field: cells[position] for field, position in at.items() if cells[position]}
    notes: list[str] = []
    refused: dict[str, Rejected] = {}

    def read(field: str, clean: Callable[[str], T], nothing: T) -> T:
        try:
            return clean(given[field]) if field in given else nothing
        except Rejected as why:
            refused[field] = why
            notes.append(left_out(field))
            return nothing

    values: dict[str, object] = {field: read(field, clean, None) for field, clean in _CLEAN.items() if field in given}
    no_email: tuple[str | None, str | None] = (None, None)
    values["email"], values["email_key"] = read("email", clean_email, no_email)
    values["phone"] = read("phone", partial(clean_phone, country=str(values.get("country") or "US")), None)
    if not (values["email_key"] or values["phone"] or values.get("external_id")):
        told = next((refused[field] for field in ("email", "phone", "external_id") if field in refused), None)
        raise told or Rejected("no_identity", "email", "The row has neither an e-mail, a phone nor an external id.")
    if not values.get("name"):
        parts = [read(field, partial(clean_name, field=field), None) for field in ("first_name", "last_name")]
        values["name"] = " ".join(part for part in parts if part)[:MAX_TEXT]
    if "first_name" in given:
        values["first_name"] = read("first_name", partial(clean_name, field="first_name"), None)
    if (yearless := yearless_birthday(given.get("date_of_birth", ""), how.date_order)) is not None:
        values["birthday_md"] = yearless
        notes.append(YEARLESS)
    elif "date_of_birth" in given:
        today = how.now.astimezone(how.zone).date()
        born = read("date_of_birth", partial(clean_birthday, today=today, order=how.date_order), None)
        values["date_of_birth"] = known_birthday(born)
        if born in PLACEHOLDERS or is_no_birthday(given["date_of_birth"]):
            notes.append(NO_BIRTHDAY)
    tags: tuple[str, ...] = ()
    if "tags" in given:
        tags, is_whole = clean_tags(given["tags"])
        if not is_whole:
            notes.append(left_out("tags"))
    custom, is_read = _custom(given, how)
    if not is_read:
        notes.append(left_out("custom"))
    seen = _age_seen(given, how) if "age_check" in given else None
    if seen is None and "age_checked_at" in given:
        notes.append(UNSEEN)
    known = {field: value for field, value in values.items() if value}
    heard = _consents(cells, at, how)
    all_notes = (*notes, *heard.notes)
    return Person(number, known, tuple(heard.consents), all_notes, tuple(heard.given_up.items()), tags, custom, seen)


def _custom(given: dict[str, str], how: Setting) -> tuple[tuple[tuple[str, str], ...], bool]:
    """Return what stands in custom fields, and whether every cell could be read."""
    found: list[tuple[str, str]] = []
    is_whole = True
    for column, cell in given.items():
        if (name := split_name(column)) is None:
            continue
        kind, key = name
        try:
            value = clean_custom(
                kind, key, cell, order=how.date_order, decimal=how.decimal, currency=how.currency
            )  # fmt: skip
        except Rejected:
            is_whole = False
            continue
        if value is not None:
            found.append((key, value))
    return tuple(found), is_whole


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


@dataclass(frozen=True, slots=True)
class CleanProduct:
    """A row of products, understood; `notes` as a person's."""

    product: NewProduct
    notes: tuple[str, ...] = ()
