"""One row of a file against what is known: who it is, what it changes. Pure; the order of the file is kept.

A row is matched by e-mail, else by external id, else by phone (the last only if the row or the customer is known by
nothing else, and may be called so: families share a telephone). Consent follows its date under every policy: an older
word never overrides a newer one, and a withdrawal is honoured even where known people are kept as they are. A yes is
about an address: it is taken for the row's own alone, and goes with an address that is replaced.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from enum import StrEnum
from typing import Any

from liquor_app.core.ids import uuid7
from liquor_app.customers.addresses import country_of_somebody_new
from liquor_app.customers.ages.sealed_dates import SEALED_DATE
from liquor_app.customers.bulk_write import FIELDS
from liquor_app.customers.merging.merged_fields import CONSENTS
from liquor_app.customers.models import ConsentStatus, SuppressionReason
from liquor_app.imports.cleaning.answers.consent_cells import ConsentGiven
from liquor_app.imports.cleaning.person_rows import Person
from liquor_app.imports.people.known_people import KEYS, Base, Known
from liquor_app.imports.people.row_columns import (
    OPEN,
    columns_of,
    custom_changes,
    is_given_name,
    said_again,
    timezone_of,
    younger,
)

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
        home = country_of_somebody_new(person.values) or DEFAULTS["country"]
        known = Known(uuid7(), {**_BLANK, "country": home, "timezone": guess, **columns_of(person)})
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
    if known.seen is not None:
        known.listed = (known.listed or set()) | said_again(known.before, person)
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
