"""From the cells of a row to a customer, or a reason why not."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import datetime
from functools import partial
from typing import NamedTuple
from zoneinfo import ZoneInfo

from liquor_app.catalog.product_write import NewProduct
from liquor_app.customers.ages.birth_dates import PLACEHOLDERS, known_birthday
from liquor_app.customers.labels.custom_values import split_name
from liquor_app.customers.models import ConsentStatus, SuppressionReason
from liquor_app.customers.person_names import NO_GIVEN, is_nobodys
from liquor_app.customers.places import STATES
from liquor_app.customers.whereabouts.zip_codes import lost_zeros, with_zeros
from liquor_app.imports.cleaning.answers.answer_cells import Answer, clean_answer, clean_wording
from liquor_app.imports.cleaning.answers.dead_addresses import (
    DEAD_FIELDS,
    is_bare,
    is_dead,
    is_of_any_bounce,
    is_soft,
    tells_why,
)
from liquor_app.imports.cleaning.answers.heard_columns import places_of
from liquor_app.imports.cleaning.answers.refusals import CONSENTS, REFUSALS, clean_refusal
from liquor_app.imports.cleaning.answers.status_columns import STATUSES
from liquor_app.imports.cleaning.cells import MAX_TEXT, REMEMBERED, Rejected, clean_label, clean_word
from liquor_app.imports.cleaning.dates import read_date
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
    WITH_ZIPS,
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
from liquor_app.imports.cleaning.row_notes import (
    GIVEN_UP,
    NO_BIRTHDAY,
    NO_EVIDENCE,
    NOTES,
    UNSEEN,
    YEARLESS,
    ZIP_SHORT,
    ZIP_ZEROS,
    left_out,
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
    shares: frozenset[str] = frozenset()
    """Fields whose columns hold percentages, by their names ("Discount %")."""
    file_name: str = ""
    columns: tuple[str, ...] = ()
    said_of_all: frozenset[str] = frozenset()
    """Fields that somebody said of every row of the file, instead of the file itself."""
    is_of_us: bool = True
    """Whether its first rows say that it is about the United States (`person_cells.tell_of_us`)."""
    moments: dict[tuple[str, str], When | None] = field(default_factory=dict, compare=False)

    def column(self, place: int) -> str:
        """Return the name of the column a cell stands in; "" for one that is made beside the file's."""
        return self.columns[place] if place < len(self.columns) else ""

    def moment(self, cell: str, clock: str) -> When | None:
        """Tell when something was bought. The lines of a basket share it, so the last few thousand are remembered."""
        found = self.moments.get((cell, clock))
        if found is None:
            if len(self.moments) > REMEMBERED:
                self.moments.clear()
            found = clean_moment(cell, "occurred_at", self.zone, self.now, clock=clock, order=self.date_order)
            self.moments[cell, clock] = found
        return found


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
    words: str | None = None
    """What was agreed to."""
    column: str = ""
    """The file's, that says so."""


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

    @property
    def says_no(self) -> bool:
        """Whether the row withdraws a consent, or names an address that is written to no more."""
        return bool(self.given_up or self.consents) and (
            bool(self.given_up) or any(one.status is ConsentStatus.WITHDRAWN for one in self.consents)
        )


@dataclass(slots=True)
class _Heard:
    """What a row says of consent: what counts, what was left out, and addresses that are written to no more."""

    consents: list[ConsentGiven] = field(default_factory=list)
    notes: dict[str, None] = field(default_factory=dict)
    given_up: dict[str, str] = field(default_factory=dict)


_GIVEN_UP = (
    (re.compile(r"spam|complain|abuse"), SuppressionReason.COMPLAINED),
    (re.compile(r"bounce|clean|invalid|undeliverable"), SuppressionReason.BOUNCED),
    (re.compile(r"manual|by hand|user|suppress|block"), SuppressionReason.MANUAL),
)
"""Words for why a system writes to an address no more, the gravest first."""
_LEFT = re.compile(r"unsub|opt[ _-]?out")


@dataclass(frozen=True, slots=True)
class _Told:
    """The columns of a file that say something of consent, each with its field: worked out once a file."""

    why: tuple[tuple[str, int], ...]
    dead: tuple[tuple[str, int], ...]
    consents: tuple[tuple[str, int], ...]
    """Of consents and of statuses, whose yes says nothing."""
    refusals: tuple[tuple[str, int], ...]
    bounces: frozenset[int]
    """Places of columns of bounces of any kind: of one that a column beside them calls soft the others say nothing."""
    reasons: frozenset[int]
    """Places of columns that are filled only where an address bounced for good."""

    @classmethod
    def by(cls, at: Mapping[str, int], how: Setting) -> _Told:
        dead = places_of(at, DEAD_FIELDS)
        return cls(
            tuple(places_of(at, ("given_up",))),
            tuple(dead),
            tuple(places_of(at, (*CONSENTS, *STATUSES))),
            tuple(places_of(at, REFUSALS)),
            frozenset(place for _, place in dead if is_of_any_bounce(how.column(place))),
            frozenset(place for _, place in dead if tells_why(how.column(place))),
        )

    def __bool__(self) -> bool:
        return bool(self.why or self.dead or self.consents or self.refusals)


def _consents(cells: list[str], at: dict[str, int], how: Setting, told: _Told) -> _Heard:
    """Return what the row says of consent.

    Whoever says no is heard, in whichever column, with or without evidence. A yes counts only with where and when it
    was given. An address another system no longer writes to goes onto the suppression list. Nobody is refused for it.
    """
    heard = _Heard()
    found, notes = heard.consents, heard.notes
    for _, place in told.why:
        why = cells[place].lower()
        if reason := next((reason for words, reason in _GIVEN_UP if words.search(why)), None):
            heard.given_up.setdefault("email", reason.value)
        if _LEFT.search(why):
            found.append(_withdrawal("email", place, cells, at, how))
    soft = {name for name, place in told.dead if place in told.bounces and is_soft(cells[place])}
    for name, place in told.dead:
        if not (cell := cells[place]) or (name in soft and place in told.bounces and is_bare(cell)):
            continue
        try:
            channels = DEAD_FIELDS[name].channels if is_dead(cell, name, why=place in told.reasons) else ()
        except Rejected:
            notes[left_out(name)] = None
            continue
        for channel in channels:
            heard.given_up.setdefault(channel, DEAD_FIELDS[name].reason.value)
    agreed = _answers(cells, at, how, told, heard)
    for channel, (place, day) in agreed.items():
        if channel in heard.given_up:
            continue
        try:
            proof = (_ip(cells, at, notes), _wording(cells, at, notes), how.column(place))
            found.append(_consent(channel, day, cells, at, how, proof=proof))
        except Rejected as refused:
            notes[refused.code if refused.code in NOTES else NO_EVIDENCE] = None
    for name, place in told.refusals:
        if (cell := cells[place]) and (no := clean_refusal(cell, how.zone, how.now, how.date_order)):
            column = how.column(place)
            source = _source(cells, at) or _of_file(how, column)
            for channel in REFUSALS[name]:
                refused_at = no.at or how.now
                found.append(
                    ConsentGiven(
                        channel, ConsentStatus.WITHDRAWN, source[:120], refused_at, no.at is not None, column=column
                    )
                )
    if heard.given_up:
        notes[GIVEN_UP] = None
    return heard


def _answers(
    cells: list[str], at: dict[str, int], how: Setting, told: _Told, heard: _Heard
) -> dict[str, tuple[int, str]]:
    """Hear the noes of columns of consents and statuses, and return of each channel nobody said no to where the yes
    stands, and the day it names itself ("Email Opt In: 2024-05-01")."""
    agreed: dict[str, tuple[int, str]] = {}
    refused: set[str] = set()
    for name, place in told.consents:
        channel = STATUSES.get(name) or name.removesuffix("_consent")
        day = ""
        try:
            answer = clean_answer(cells[place], name)
        except Rejected:
            if read_date(cells[place].strip(), how.date_order) is None:
                heard.notes[left_out(name)] = None
                continue
            answer, day = Answer.YES, cells[place]
        if answer is Answer.NO:
            refused.add(channel)
            heard.consents.append(_withdrawal(channel, place, cells, at, how))
        elif answer is Answer.DEAD:
            heard.given_up.setdefault(channel, SuppressionReason.BOUNCED.value)
        elif answer is Answer.YES and name in CONSENTS:
            agreed.setdefault(channel, (place, day))
    return {channel: yes for channel, yes in agreed.items() if channel not in refused}


def _ip(cells: list[str], at: dict[str, int], notes: dict[str, None]) -> str | None:
    try:
        return clean_ip(cells[at["consent_ip"]]) if "consent_ip" in at else None
    except Rejected:
        notes[left_out("consent_ip")] = None
        return None


def _wording(cells: list[str], at: dict[str, int], notes: dict[str, None]) -> str | None:
    try:
        return clean_wording(cells[at["consent_wording"]]) if "consent_wording" in at else None
    except Rejected:
        notes[left_out("consent_wording")] = None
        return None


def _of_file(how: Setting, column: str) -> str:
    """Return where a no is from that names no source: the file, and its column."""
    told = how.file_name or "imported file"
    return f"{told[:70]}, column {column}" if column else told


def _consent(
    channel: str,
    day: str,
    cells: list[str],
    at: dict[str, int],
    how: Setting,
    *,
    proof: tuple[str | None, str | None, str],
) -> ConsentGiven:
    source = clean_word(cells[at["consent_source"]] if "consent_source" in at else "", "consent_source")
    written = cells[moment_at] if (moment_at := _moment_at(channel, at)) is not None else ""
    when = clean_consent_moment(
        written if written.strip() else day, how.zone, how.now, given=True, order=how.date_order
    )
    if source is None or when is None:
        missing = "consent_source" if source is None else "consent_at"
        raise Rejected("consent_without_evidence", missing, f"{channel}_consent is given without {missing}.")
    ip, words, column = proof
    return ConsentGiven(channel, ConsentStatus.GIVEN, source[:120], when, ip=ip, words=words, column=column)


def _moment_at(channel: str, at: dict[str, int]) -> int | None:
    """Return where the moment of a channel's consent stands: in a column of its own, or in one for all."""
    return at.get(f"{channel}_consent_at", at.get("consent_at"))


def _source(cells: list[str], at: dict[str, int]) -> str | None:
    with suppress(Rejected):
        return clean_word(cells[at["consent_source"]], "consent_source") if "consent_source" in at else None
    return None


def _withdrawal(channel: str, place: int, cells: list[str], at: dict[str, int], how: Setting) -> ConsentGiven:
    """Never refused: of no known source it is the file's word, of no known moment one of now."""
    column = how.column(place)
    source = _source(cells, at) or _of_file(how, column)
    when: datetime | None = None
    if (moment_at := _moment_at(channel, at)) is not None:
        with suppress(Rejected):
            when = clean_consent_moment(cells[moment_at], how.zone, how.now, given=False, order=how.date_order)
    return ConsentGiven(
        channel, ConsentStatus.WITHDRAWN, source[:120], when or how.now, when is not None, column=column
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


class PersonReader:
    """Rows of customers, understood: `PersonReader(at, how)(number, cells)`. A cell that cannot be read is left blank
    and noted; it never costs the person.

    What can be told of all rows is worked out once a file: which columns there are, and what reads them.

    Args:
        at: field → position of its cell.
    """

    def __init__(self, at: dict[str, int], how: Setting) -> None:
        self._at, self._how = at, how
        self._plain = [(name, at[name], clean) for name, clean in _CLEAN.items() if name in at]
        self._names = [
            (name, at[name], partial(clean_name, field=name)) for name in ("first_name", "last_name") if name in at
        ]
        self._custom = [(*split, place) for name, place in at.items() if (split := split_name(name)) is not None]
        self._email, self._phone = at.get("email"), at.get("phone")
        self._born, self._tags = at.get("date_of_birth"), at.get("tags")
        self._proves = "age_check" in at or "age_checked_at" in at
        self._told = _Told.by(at, how)
        self._today = how.now.astimezone(how.zone).date()

    def __call__(self, number: int, cells: list[str]) -> Person:
        """Return a row as a person.

        Raises:
            Rejected: nothing in it says who it is.
        """
        notes: list[str] = []
        refused: dict[str, Rejected] = {}
        values: dict[str, object] = {}
        for name, place, clean in self._plain:
            if cell := cells[place]:
                try:
                    if value := clean(cell):
                        values[name] = value
                except Rejected as why:
                    refused[name] = why.bare()
        self._take_addresses(cells, values, refused)
        if "email_key" not in values and "phone" not in values and "external_id" not in values:
            told = next((refused[name] for name in ("email", "phone", "external_id") if name in refused), None)
            raise told or Rejected("no_identity", "email", "The row has neither an e-mail, a phone nor an external id.")
        if self._names:
            self._take_names(cells, values, refused)
        if (code := values.get("postal_code")) is not None and len(str(code)) != 5 and lost_zeros(str(code)):
            _put_zeros_back(values, notes, self._how.is_of_us)
        notes += map(left_out, refused)
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
            return Person(number, values, (), tuple(notes), (), tags, custom, seen)
        heard = _consents(cells, self._at, self._how, self._told)
        notes += heard.notes
        return Person(
            number, values, tuple(heard.consents), tuple(notes), tuple(heard.given_up.items()), tags, custom, seen
        )

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


_FORCES = ("AA", "AE", "AP")
"""What soldiers abroad write for a state."""


def _put_zeros_back(values: dict[str, object], notes: list[str], is_of_us: bool) -> None:
    """Read a ZIP code that a spreadsheet cut as the one it was; four digits are a whole code elsewhere (Zürich's,
    København's), and only what says the United States makes one of theirs of it."""
    state, country, phone = values.get("state"), values.get("country"), str(values.get("phone") or "")
    if country is not None and country not in WITH_ZIPS:
        return
    if state is not None and state not in (*STATES, *_FORCES):
        return  # a region abroad
    if country is None and state is None and (not phone.startswith("+1") if phone else not is_of_us):
        return
    if whole := with_zeros(str(values["postal_code"]), None if state is None else str(state)):
        values["postal_code"] = whole
    notes.append(ZIP_ZEROS if whole else ZIP_SHORT)


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
