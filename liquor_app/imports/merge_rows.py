"""One row of a file against what is known: who it is, what it changes. Pure; the order of the file is kept.

A row is matched by e-mail, else by external id, else by phone (the last only if the row or the customer is known by
nothing else, and may be called so: families share a telephone). Consent follows its date under every policy: an older
word never overrides a newer one, and a withdrawal is honoured even where known people are kept as they are. A yes is
about an address: it is taken for the row's own alone, and goes with an address that is replaced.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Any
from uuid import UUID

from liquor_app.core.ids import uuid7
from liquor_app.customers.ages.sealed_dates import SEALED_DATE
from liquor_app.customers.bulk_write import FIELDS
from liquor_app.customers.merging.merged_fields import CONSENTS
from liquor_app.customers.models import ConsentStatus, SuppressionReason
from liquor_app.customers.person_names import may_be_one_person
from liquor_app.imports.cleaning.answers.consent_cells import ConsentGiven
from liquor_app.imports.cleaning.cells import Rejected
from liquor_app.imports.cleaning.person_rows import AgeSeen, Person
from liquor_app.imports.people.row_columns import OPEN, columns_of, custom_changes, is_given_name, timezone_of, younger

KEYS = ("email_key", "external_id", "phone")
DEFAULTS = {"country": "US", "language": "en"}
_BLANK: dict[str, Any] = {**dict.fromkeys(FIELDS), **DEFAULTS}


class Policy(StrEnum):
    """What a row does to somebody known already."""

    FILL = "fill"
    OVERWRITE = "overwrite"
    KEEP = "keep"


class Outcome(StrEnum):
    CREATED = "created"
    UPDATED = "updated"
    UNCHANGED = "unchanged"


@dataclass(slots=True)
class Known:
    """A customer in hand. `seen` is the `updated_at` it was read with; None for one made by this file."""

    id: UUID
    values: dict[str, Any]
    seen: datetime | None = None
    consent: dict[str, str | None] = field(default_factory=dict)
    consent_at: dict[str, datetime] = field(default_factory=dict)
    evidence: list[tuple[int, ConsentGiven]] = field(default_factory=list)
    again: dict[str, tuple[int, ConsentGiven]] = field(default_factory=dict)
    """Channel → the latest no of this file that changes nothing."""
    born_in_row: int | None = None
    """The row of this file that last told their date of birth, if it told a new one."""
    given_up: dict[tuple[str, str], str] = field(default_factory=dict)
    """Channel and address → why nobody may write there any more, as this file says."""
    tags: dict[str, None] = field(default_factory=dict)
    """Tags this file gives them, whether they have them or not."""
    age_seen: tuple[int, AgeSeen] | None = None
    """The row that told a proof of age, where it counts."""
    objects: bool = False
    """Whether they object to being profiled."""
    objected: tuple[int, str] | None = None
    """The row of this file that told so first, and its column."""
    before: dict[str, Any] = field(default_factory=dict)
    consent_before: dict[str, str | None] = field(default_factory=dict)
    numbers: list[str] = field(default_factory=list)
    """What this file's tool calls them, beside the number they bear already."""

    def __post_init__(self) -> None:
        if self.seen is not None:
            self.before = dict(self.values)
            self.consent_before = dict(self.consent)

    @property
    def changes(self) -> tuple[dict[str, Any], dict[str, Any]]:
        """What the file changes of them, by column: before, and after."""
        changed = [name for name, value in self.values.items() if value != self.before.get(name)]
        before = {name: self.before.get(name) for name in changed}
        after = {name: self.values[name] for name in changed}
        for channel, status in self.consent.items():
            if status != self.consent_before.get(channel):
                before[f"{channel}_consent"] = self.consent_before.get(channel)
                after[f"{channel}_consent"] = status
        return before, after

    @property
    def is_nameless(self) -> bool:
        """Known by a telephone alone, which families share."""
        return not (self.values.get("email_key") or self.values.get("external_id"))

    @property
    def changed(self) -> bool:
        return self.values != self.before or bool(self.evidence)

    @property
    def is_touched(self) -> bool:
        """Whether the file says anything new of them: of them, of their objection, or how another tool calls them."""
        return self.changed or self.objected is not None or bool(self.numbers)


class Base:
    """The known customers a chunk of rows may be about, found by any of their keys."""

    def __init__(
        self,
        known: Iterable[Known],
        aliases: Mapping[tuple[str, str], UUID] | None = None,
        *,
        tool: str = "",
        tools: Mapping[UUID, set[str]] | None = None,
    ) -> None:
        self.people: dict[UUID, Known] = {}
        self.aliases = dict(aliases or {})
        """Addresses and numbers of profiles that were merged away, and who has them now; numbers of a second tool."""
        self._tool, self._tools = tool, dict(tools or {})
        """Whose export the rows are; and whose numbers people bear ("" among them: somebody's we do not know)."""
        self._by: dict[str, dict[Any, list[Known]]] = {key: {} for key in KEYS}
        for one in known:
            self.add(one)

    def add(self, one: Known) -> None:
        self.people[one.id] = one
        for key, holders in self._by.items():
            if value := one.values.get(key):
                holders.setdefault(value, []).append(one)

    def index(self, one: Known, key: str) -> None:
        if value := one.values.get(key):
            self._by[key].setdefault(value, []).append(one)

    def owner(self, key: str, value: Any) -> Known | None:
        """Tell who holds `value` now; entries of values since changed are skipped."""
        for one in self._by[key].get(value, ()):
            if one.values.get(key) == value:
                return one
        return self.people.get(self.aliases[key, value]) if self.aliases and (key, value) in self.aliases else None

    def match(self, given: dict[str, Any]) -> Known | None:
        """Tell whom a row is about; None for somebody new.

        Raises:
            Rejected: its e-mail is one customer's and its external id another's.
        """
        by_email = self.owner("email_key", given["email_key"]) if "email_key" in given else None
        by_external = self.owner("external_id", given["external_id"]) if "external_id" in given else None
        if by_email and by_external and by_email is not by_external:
            raise Rejected(
                "two_customers", "external_id", "The e-mail belongs to one customer and the external id to another."
            )
        if (
            by_email
            and by_external is None
            and given.get("external_id")
            and by_email.values["external_id"] not in {None, given["external_id"]}
            and not self.is_second_tools(by_email, given)
        ):
            raise Rejected(
                "email_of_another",
                "email",
                f"The e-mail belongs to customer {str(by_email.values['external_id'])[:40]!r}. If both are one person,"
                " leave the id column out of the mapping; if the address is a stand-in, blank it.",
            )
        if found := by_email or by_external:
            return found
        alone = not (given.get("email_key") or given.get("external_id"))
        phone = given.get("phone")
        if not (held := self._by["phone"].get(phone)):
            return None
        holders = [
            one for one in held
            if one.values["phone"] == phone and (alone or one.is_nameless)
            and may_be_one_person(one.values.get("name"), given.get("name"))
        ]  # fmt: skip
        # Several people may hold one telephone by now. Whoever is known by nothing else comes first, then whoever
        # knows all that the row tells: so the same file again finds the same person.
        told = ["of_age_on" if name == "date_of_birth" else name for name in given]
        found = min(holders, default=None, key=lambda one: (not one.is_nameless, not all(map(one.values.get, told))))
        return None if found and len(holders) > 1 and _is_another(given, holders) else found

    def is_second_tools(self, known: Known, given: Mapping[str, Any]) -> bool:
        """Tell whether a row's number is another tool's for somebody with the same address, whose name does not
        contradict. Two numbers of one tool are two people who share it, as families do."""
        has = self._tools.get(known.id, set())
        is_other = bool(self._tool and has) and not has & {"", self._tool}
        return is_other and may_be_one_person(known.values.get("name"), given.get("name"))

    def take_number(self, known: Known, given: Mapping[str, Any]) -> bool:
        """Note a second tool's number of somebody who was found by their address; tell whether it is one."""
        number, key = given.get("external_id"), given.get("email_key")
        held = known.values.get("external_id")
        if not number or not key or known.values.get("email_key") != key or held in {None, number}:
            return False
        if ("external_id", number) in self.aliases or not self.is_second_tools(known, given):
            return False
        self.aliases["external_id", str(number)] = known.id
        self._tools[known.id].add(self._tool)
        known.numbers.append(str(number))
        return True

    def others_at(self, phone: Any, known: Known) -> list[Known]:
        """Return who else holds a telephone."""
        return [one for one in self._by["phone"].get(phone, ()) if one is not known and one.values["phone"] == phone]


def _is_another(given: dict[str, Any], holders: Sequence[Known]) -> bool:
    """Tell whether a row by its telephone alone is of nobody who holds it: of a household, each known by more than
    that, nobody is called so."""
    name = " ".join(str(given.get("name") or "").split()).casefold()
    called = {" ".join(str(one.values.get("name") or "").split()).casefold() for one in holders}
    return bool(name) and name not in called and not any(one.is_nameless for one in holders)


def _take_age(known: Known, person: Person) -> bool:
    """A proof of age that was seen counts for somebody who is no minor by what is on file, once."""
    if person.age_seen is None or known.values.get("age_verified_at") is not None:
        return False
    of_age_on = known.values.get("of_age_on")
    if of_age_on is not None and of_age_on > person.age_seen.at.date():
        return False
    known.values["age_verified_at"], known.age_seen = person.age_seen.at, (person.number, person.age_seen)
    return True


def _without_aliases(base: Base, person: Person) -> Person:
    """Return a row without the address and number of a profile that was merged away: they are nobody's any more."""
    gone = {key for key in KEYS if (key, person.values.get(key)) in base.aliases}
    if "email_key" in gone:
        gone.add("email")
    return person._replace(values={name: value for name, value in person.values.items() if name not in gone})


def _changes(known: Known, person: Person, policy: Policy) -> dict[str, Any]:
    if policy is Policy.KEEP:
        return {}
    changes: dict[str, Any] = {}
    for name, value in person.values.items():
        if name in {"email", "date_of_birth"} or (policy is Policy.FILL and known.values.get(name) not in OPEN):
            continue
        if name == "first_name" and not is_given_name(value, changes.get("name", known.values.get("name")), person):
            continue
        if name == "birthday_md" and known.values.get("of_age_on"):  # the whole date is known
            continue
        if known.values.get(name) != value:
            changes[name] = value
    changes |= custom_changes(known.values, person, overwrites=policy is Policy.OVERWRITE)
    changes |= younger(known.values, person.values.get("date_of_birth"), fills=policy is Policy.FILL)
    if "email_key" in changes:  # another spelling of the same address is no change
        changes["email"] = person.values["email"]
    if "timezone" not in changes and (not known.values.get("timezone") or "state" in changes):
        guess = timezone_of({**known.values, **changes})
        if guess and guess != known.values.get("timezone"):
            changes["timezone"] = guess
    return changes


def apply(base: Base, person: Person, policy: Policy) -> tuple[Known, Outcome]:
    """Take one row into the base.

    Raises:
        Rejected: it names two customers at once.
    """
    known, row = base.match(person.values), person
    is_told = known is not None and base.take_number(known, person.values)
    if known is not None and base.aliases:
        person = _without_aliases(base, person)
    if known is None:
        guess = None if "timezone" in person.values else timezone_of(person.values)
        known = Known(uuid7(), {**_BLANK, "timezone": guess, **columns_of(person)})
        if "date_of_birth" in person.values:
            known.born_in_row = person.number
        _take_consents(known, person)
        _take_age(known, person)
        _take_objection(known, person)
        known.tags.update(dict.fromkeys(person.tags))
        _give_up(known, person)
        base.add(known)
        _refuse_for_all(base, known, person)
        return known, Outcome.CREATED
    changes = _changes(known, person, policy)
    moved = _forget_yeses(known, changes)
    known.values.update(changes)
    if SEALED_DATE in changes:
        known.born_in_row = person.number
    for key in KEYS:
        if key in changes:
            base.index(known, key)
    is_alias = not is_told and bool(base.aliases) and any((key, row.values.get(key)) in base.aliases for key in KEYS)
    consented, seen = _take_consents(known, row, moved=moved, is_alias=is_alias), _take_age(known, person)
    if policy is not Policy.KEEP:
        known.tags.update(dict.fromkeys(person.tags))
    _give_up(known, row)
    objected = _take_objection(known, row)
    if changes or consented or seen or objected or is_told:
        return known, Outcome.UPDATED
    return known, Outcome.UNCHANGED


def _refuse_for_all(base: Base, known: Known, person: Person) -> None:
    """Take a no to texts of a row that says no more of whose it is than a telephone and a name as one of everybody who
    holds that telephone: what they are called is no reason to go on."""
    if person.values.get("email_key") or person.values.get("external_id"):
        return
    noes = tuple(one for one in person.consents if one.channel == "sms" and one.status is ConsentStatus.WITHDRAWN)
    for other in base.others_at(person.values.get("phone"), known) if noes else ():
        _take_consents(other, person._replace(consents=noes))


def _forget_yeses(known: Known, changes: Mapping[str, Any]) -> list[str]:
    """Forget the consent that was about an address which is replaced; a no is the person's and stays. Returns of which
    channels."""
    moved = [
        channel
        for channel, (_, address) in CONSENTS.items()
        if address in changes
        and known.values.get(address)
        and known.consent.get(channel) not in (None, ConsentStatus.WITHDRAWN)
    ]
    known.consent.update(dict.fromkeys(moved))
    return moved


def _is_theirs(known: Known, person: Person, channel: str, is_alias: bool) -> bool:
    """Tell whether what a row says of an address is about the one that is written to."""
    address = CONSENTS[channel][1]
    told = person.values.get(address)
    return told == known.values.get(address) if told else not is_alias


def _give_up(known: Known, person: Person) -> None:
    """Note the address a row says is written to no more: its own, and unless that is about the address alone (a
    bounce), the person's too."""
    for channel, reason in person.given_up:
        address = CONSENTS[channel][1]
        told, kept = person.values.get(address), known.values.get(address)
        for one in {told or kept} if reason == SuppressionReason.BOUNCED else {told, kept}:
            if one:
                known.given_up[channel, str(one)] = reason


def _take_objection(known: Known, person: Person) -> bool:
    """An objection holds under every policy; no row lifts one."""
    if not person.objects or known.objects:
        return False
    known.objects, known.objected = True, (person.number, person.objects)
    return True


def _take_consents(known: Known, person: Person, *, moved: Sequence[str] = (), is_alias: bool = False) -> bool:
    """Take what a row says of consents, by its date: a no of the person, a yes for the row's own address alone.

    Args:
        moved: channels whose address this row has replaced.
        is_alias: the row names a profile that was merged away.
    """
    taken = False
    for given in person.consents:
        if given.status is ConsentStatus.GIVEN and not _is_theirs(known, person, given.channel, is_alias):
            continue
        if given.is_of_all and known.consent.get(given.channel) == ConsentStatus.WITHDRAWN:
            continue  # what is said of everybody takes back no no that is on file
        _forget_said_of_all(known, given)
        latest = known.consent_at.get(given.channel)
        # at the same moment the word that says no holds
        says_no = given.status is ConsentStatus.WITHDRAWN and known.consent.get(given.channel) != given.status
        if not given.dated and not says_no:
            _say_again(known, person.number, given)
            continue  # the same file again says nothing new
        if latest is None or given.at > latest or (given.at == latest and (says_no or given.channel in moved)):
            known.consent[given.channel] = given.status.value
            known.consent_at[given.channel] = given.at
            known.evidence.append((person.number, given))
            taken = True
        elif given.status is ConsentStatus.WITHDRAWN:
            _say_again(known, person.number, given)
    return taken


def _forget_said_of_all(known: Known, given: ConsentGiven) -> None:
    """Leave out the yes that this file said of everybody where another row of theirs says no, whenever that was."""
    of_all = [one for _, one in known.evidence if one.is_of_all and one.channel == given.channel]
    if of_all and given.status is ConsentStatus.WITHDRAWN:
        known.evidence = [(row, one) for row, one in known.evidence if one not in of_all]
        known.consent[given.channel] = known.consent_before.get(given.channel)
        known.consent_at.pop(given.channel, None)


def _say_again(known: Known, number: int, given: ConsentGiven) -> None:
    if known.seen is not None and (given.channel not in known.again or known.again[given.channel][1].at < given.at):
        known.again[given.channel] = (number, given)
