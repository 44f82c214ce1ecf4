"""What a row says of consent: yes with where and when, no in whichever column, addresses that are dead. Pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import datetime

from liquor_app.customers.models import ConsentStatus, SuppressionReason
from liquor_app.imports.cleaning.answers.answer_cells import Answer, clean_answer, clean_wording
from liquor_app.imports.cleaning.answers.coded_columns import read_answer, says_in
from liquor_app.imports.cleaning.answers.dead_addresses import (
    DEAD_FIELDS,
    is_bare,
    is_dead,
    is_of_any_bounce,
    is_soft,
    tells_why,
)
from liquor_app.imports.cleaning.answers.heard_columns import places_of
from liquor_app.imports.cleaning.answers.leaving_reasons import Left, given_up_reason, is_strange, why_left
from liquor_app.imports.cleaning.answers.objection_columns import OBJECTIONS
from liquor_app.imports.cleaning.answers.refusals import CALLS, CONSENTS, REFUSALS, clean_refusal
from liquor_app.imports.cleaning.answers.remarks import choice_channels, chosen_noes, holds_remarks, remarks_no
from liquor_app.imports.cleaning.answers.status_columns import STATUSES, is_of_the_person, is_to_all
from liquor_app.imports.cleaning.cells import Rejected, clean_word
from liquor_app.imports.cleaning.dates import read_date
from liquor_app.imports.cleaning.file_setting import Setting
from liquor_app.imports.cleaning.moment_cells import clean_consent_moment
from liquor_app.imports.cleaning.person_cells import clean_ip
from liquor_app.imports.cleaning.row_notes import GIVEN_UP, IN_DOUBT, NO_EVIDENCE, NOTES, STRANGE_REASON, left_out


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
    is_of_all: bool = False
    """A yes, or its day, that somebody said of everybody in the file: any other word beside it wins."""


@dataclass(slots=True)
class Heard:
    """What a row says of consent: what counts, what was left out, and addresses that are written to no more."""

    consents: list[ConsentGiven] = field(default_factory=list)
    notes: dict[str, None] = field(default_factory=dict)
    given_up: dict[str, str] = field(default_factory=dict)
    objects: str = ""
    """The column that says that they object to being profiled."""


def _reason_of(cell: str, usual: SuppressionReason) -> SuppressionReason:
    """Return why an address is written to no more, as the cell itself says: who is “blocked” never bounced."""
    if usual is not SuppressionReason.BOUNCED:
        return usual
    return given_up_reason(cell.lower()) or usual


@dataclass(frozen=True, slots=True)
class ConsentColumns:
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
    remarks: tuple[int, ...] = ()
    """Places of tags and notes, whatever they are mapped to: what somebody of a shop wrote down."""
    choices: tuple[tuple[int, tuple[str, ...]], ...] = ()
    """Places of what people chose to be sent, whatever they are mapped to, and the channels each is about."""

    @classmethod
    def by(cls, at: Mapping[str, int], how: Setting) -> ConsentColumns:
        dead = places_of(at, DEAD_FIELDS)
        return cls(
            tuple(places_of(at, ("given_up",))),
            tuple(dead),
            tuple(places_of(at, (*CONSENTS, *STATUSES))),
            tuple(places_of(at, REFUSALS)),
            frozenset(place for _, place in dead if is_of_any_bounce(how.column(place))),
            frozenset(place for _, place in dead if tells_why(how.column(place))),
            tuple(place for place, column in enumerate(how.columns) if holds_remarks(column)),
            tuple((place, about) for place, column in enumerate(how.columns) if (about := choice_channels(column))),
        )

    def __bool__(self) -> bool:
        return bool(self.why or self.dead or self.consents or self.refusals or self.remarks or self.choices)


def hear(cells: list[str], at: dict[str, int], how: Setting, told: ConsentColumns) -> Heard:
    """Return what the row says of consent.

    Whoever says no is heard, in whichever column, with or without evidence. A yes counts only with where and when it
    was given. An address another system no longer writes to goes onto the suppression list. Nobody is refused for it.
    """
    heard = Heard()
    found, notes = heard.consents, heard.notes
    if told.why:
        _hear_why(cells, at, how, told, heard)
    soft = {name for name, place in told.dead if place in told.bounces and is_soft(cells[place])}
    for name, place in told.dead:
        if not (cell := cells[place]) or (name in soft and place in told.bounces and is_bare(cell)):
            continue
        try:
            channels = DEAD_FIELDS[name].channels if is_dead(cell, name, why=place in told.reasons) else ()
        except Rejected:
            if (said := _refused_in_passing(cell, name, place, cells, at, how)) is None:
                notes[left_out(name)] = None
            else:
                found.append(said)
            continue
        _hear_dead(channels, name, place, cells, at, how, heard=heard)
    agreed = _answers(cells, at, how, told, heard)
    if agreed and how.noes is not None and how.noes.concerned(cells):
        agreed, notes[IN_DOUBT] = {}, None
    for channel, (place, day) in agreed.items():
        if channel in heard.given_up:
            continue
        try:
            proof = (_ip(cells, at, notes), _wording(channel, cells, at, notes), how.column(place))
            found.append(_consent(channel, day, cells, at, how, proof=proof))
        except Rejected as refused:
            notes[refused.code if refused.code in NOTES else NO_EVIDENCE] = None
    for name, place in told.refusals:
        if says_in(cells[place], how.codes.get(how.column(place))):
            continue
        if name == CALLS and any(one.status is ConsentStatus.GIVEN and one.channel == "sms" for one in found):
            continue
        if (cell := cells[place]) and (no := clean_refusal(cell, how.zone, how.now, how.date_order)):
            column = how.column(place)
            source = _source(cells, at, REFUSALS[name]) or _of_file(how, column)
            if name in OBJECTIONS:
                heard.objects = heard.objects or column or name
            for channel in REFUSALS[name]:
                refused_at = no.at or how.now
                found.append(
                    ConsentGiven(
                        channel, ConsentStatus.WITHDRAWN, source[:120], refused_at, no.at is not None, column=column
                    )
                )
    written = [(place, REFUSALS["opt_out"]) for place in told.remarks if remarks_no(cells[place])]
    chosen = [
        (place, off) for place, about in told.choices if (off := chosen_noes(cells[place], about, how.column(place)))
    ]
    for place, channels in (*written, *chosen):
        column = how.column(place)
        source = _of_file(how, column)[:120]
        found += [
            ConsentGiven(channel, ConsentStatus.WITHDRAWN, source, how.now, dated=False, column=column)
            for channel in channels
        ]
    noes = {one.channel for one in found if one.status is ConsentStatus.WITHDRAWN}
    heard.consents = [one for one in found if not (one.is_of_all and one.channel in noes)]
    if heard.given_up:
        notes[GIVEN_UP] = None
    return heard


def _hear_dead(  # noqa: PLR0917 - a cell, and what is known of its row
    channels: Sequence[str], name: str, place: int, cells: list[str], at: dict[str, int], how: Setting, *, heard: Heard
) -> None:
    """Hear a cell that says that an address is written to no more; one that says why ("Suppression: Unsubscribed") is
    what it says."""
    usual = DEAD_FIELDS[name].reason
    why = why_left(cells[place]) if channels and usual is SuppressionReason.MANUAL else Left()
    if why.left and why.reason is None:
        heard.consents += [_withdrawal(channel, place, cells, at, how) for channel in channels]
        return
    of_address = why.reason in (SuppressionReason.BOUNCED, SuppressionReason.COMPLAINED) and len(channels) > 1
    for channel in () if why.passes else (_only(at),) if of_address else channels:
        heard.given_up.setdefault(channel, (why.reason or _reason_of(cells[place], usual)).value)


def _only(at: Mapping[str, int]) -> str:
    """Return the channel a file without another word is about: e-mail, but where it holds numbers alone."""
    return "email" if "email" in at or "phone" not in at else "sms"


def _hear_why(cells: list[str], at: dict[str, int], how: Setting, told: ConsentColumns, heard: Heard) -> None:
    """Hear why an address is on a list of those that are written to no more. Words nobody knows are the list's own no,
    and are told."""
    channel = _only(at)
    said = [(place, why_left(cells[place])) for _, place in told.why]
    for place, why in said:
        if why.reason is not None:
            heard.given_up.setdefault(channel, why.reason.value)
        if why.left:
            heard.consents.append(_withdrawal(channel, place, cells, at, how))
    if not any(why for _, why in said) and any(is_strange(cells[place]) for place, _ in said):
        heard.given_up.setdefault(channel, SuppressionReason.MANUAL.value)
        heard.notes[STRANGE_REASON] = None


def _refused_in_passing(  # noqa: PLR0917 - a cell, and what is known of its row
    cell: str, name: str, place: int, cells: list[str], at: dict[str, int], how: Setting
) -> ConsentGiven | None:
    """Return the no that stands in a column about addresses ("Email Status": valid, bounced, opted-out)."""
    with suppress(Rejected):
        if clean_answer(cell, name) is Answer.NO:
            return _withdrawal(DEAD_FIELDS[name].channels[0], place, cells, at, how)
    return None


def _answers(
    cells: list[str], at: dict[str, int], how: Setting, told: ConsentColumns, heard: Heard
) -> dict[str, tuple[int, str]]:
    """Hear the noes of columns of consents and statuses, and return of each channel nobody said no to where the yes
    stands, and the day it names itself ("Email Opt In: 2024-05-01")."""
    agreed: dict[str, tuple[int, str]] = {}
    refused: set[str] = set()
    to_all: int | None = None
    for name, place in told.consents:
        channel = STATUSES.get(name) or name.removesuffix("_consent")
        day = ""
        try:
            answer = read_answer(cells[place], name, how.codes.get(how.column(place)))
        except Rejected:
            if read_date(cells[place].strip(), how.date_order) is None:
                heard.notes[left_out(name)] = None
                continue
            answer, day = Answer.YES, cells[place]
        if answer is Answer.NO:
            about = tuple(STATUSES.values()) if is_of_the_person(cells[place], how.column(place)) else (channel,)
            if name in STATUSES and is_to_all(cells[place], how.column(place)):
                to_all = place
            refused.update(about)
            heard.consents.extend(_withdrawal(one, place, cells, at, how) for one in about)
        elif answer is Answer.DEAD:
            heard.given_up.setdefault(channel, _reason_of(cells[place], SuppressionReason.BOUNCED).value)
            if name in STATUSES and is_to_all(cells[place], how.column(place)):  # a customer who is blocked
                to_all = place
        elif answer is Answer.YES and name in CONSENTS:
            agreed.setdefault(channel, (place, day))
    if to_all is not None:  # a yes beside it, of whichever channel, is none
        heard.consents.extend(_withdrawal(one, to_all, cells, at, how) for one in agreed if one not in refused)
        refused.update(agreed)
    return {channel: yes for channel, yes in agreed.items() if channel not in refused}


def _ip(cells: list[str], at: dict[str, int], notes: dict[str, None]) -> str | None:
    try:
        return clean_ip(cells[at["consent_ip"]]) if "consent_ip" in at else None
    except Rejected:
        notes[left_out("consent_ip")] = None
        return None


def _wording(channel: str, cells: list[str], at: dict[str, int], notes: dict[str, None]) -> str | None:
    """Return the words of a channel's own column, else of one for both."""
    own, both = (at.get(name) for name in (f"{channel}_consent_wording", "consent_wording"))
    try:
        words = clean_wording(cells[own]) if own is not None else None
        return words or (clean_wording(cells[both]) if both is not None else None)
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
    source = next(filter(None, (clean_word(cells[one], "consent_source") for one in _sources_at(at, channel))), None)
    written = cells[moment_at] if (moment_at := _moment_at(channel, at)) is not None else ""
    of_all = {f"{channel}_consent", f"{channel}_consent_at", "consent_at"} & how.said_of_all
    if day and of_all & {
        "consent_at",
        f"{channel}_consent_at",
    }:  # what is said of all is for rows that say nothing themselves
        written = day
    when = clean_consent_moment(
        written if written.strip() else day, how.zone, how.now, given=True, order=how.date_order
    )
    if source is None or when is None:
        missing = "consent_source" if source is None else "consent_at"
        raise Rejected("consent_without_evidence", missing, f"{channel}_consent is given without {missing}.")
    ip, words, column = proof
    return ConsentGiven(
        channel, ConsentStatus.GIVEN, source[:120], when, ip=ip, words=words, column=column, is_of_all=bool(of_all)
    )


def _moment_at(channel: str, at: dict[str, int]) -> int | None:
    """Return where the moment of a channel's consent stands: in a column of its own, or in one for all."""
    return at.get(f"{channel}_consent_at", at.get("consent_at"))


def _sources_at(at: dict[str, int], *channels: str) -> list[int]:
    """Return where it stands from where a channel's consent is: in a column of its own, then in one for all."""
    return [at[one] for one in (*(f"{each}_consent_source" for each in channels), "consent_source") if one in at]


def _source(cells: list[str], at: dict[str, int], channels: Sequence[str]) -> str | None:
    for place in _sources_at(at, *channels):
        with suppress(Rejected):
            if source := clean_word(cells[place], "consent_source"):
                return source
    return None


def _withdrawal(channel: str, place: int, cells: list[str], at: dict[str, int], how: Setting) -> ConsentGiven:
    """Never refused: of no known source it is the file's word, of no known moment one of now."""
    column = how.column(place)
    source = _source(cells, at, (channel,)) or _of_file(how, column)
    when: datetime | None = None
    if (moment_at := _moment_at(channel, at)) is not None:
        with suppress(Rejected):
            when = clean_consent_moment(cells[moment_at], how.zone, how.now, given=False, order=how.date_order)
    return ConsentGiven(
        channel, ConsentStatus.WITHDRAWN, source[:120], when or how.now, when is not None, column=column
    )
