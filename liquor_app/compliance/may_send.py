"""One question, asked when a message is planned, launched and sent: may it go out now, and if not, why? Pure."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from enum import StrEnum
from functools import lru_cache
from zoneinfo import ZoneInfo

from liquor_app.compliance.legal_rules import (
    US_ZONES,
    WHOLE_DAY,
    Interval,
    RuleKind,
    Rules,
    Span,
    intersect,
    interval,
    legal_span,
    narrow,
    reaches,
)
from liquor_app.compliance.may_offer import OfferFacts, may_offer
from liquor_app.customers.ages.birth_dates import comes_of_age
from liquor_app.ui.words import show_clock, show_day, show_moment

LOOK_AHEAD_DAYS = 9
"""Longer than a week, so that a rule of one weekday cannot hide the next open hour."""

MAX_PHONE_ZONES = 4
"""A prefix that belongs to more zones than this (toll-free and the like) says nothing."""


READ_WITHIN = timedelta(hours=1)
"""After which a held text asks again whether what they wrote was read."""


class BlockReason(StrEnum):
    """Why a message may not go out. Where the planner foresees the same, the words are the planner's."""

    GONE = "customer_deleted"
    NO_ADDRESS = "no_contact_address"
    SUPPRESSED = "suppressed"
    NO_CONSENT = "no_consent"
    OBJECTED = "objected_to_profiling"
    PAUSED = "paused_by_customer"
    TOPIC_DECLINED = "topic_declined"
    UNDERAGE = "underage"
    AGE_DISPUTED = "age_disputed"
    AGE_UNKNOWN = "age_unknown"
    CONSENT_TOO_EARLY = "consent_before_of_age"
    COUPON_BANNED = "coupon_banned"
    OFFER_UNLAWFUL = "offer_unlawful"
    NUMBER_ABROAD = "number_abroad"
    UNREAD_REPLY = "unread_reply"
    CAP_REACHED = "cap_reached"
    STATE_LIMIT = "state_contact_limit"
    QUIET_HOURS = "quiet_hours"


@dataclass(frozen=True, slots=True)
class PersonFacts:
    """What is known of the recipient at this moment.

    Attributes:
        consent: `given`, `withdrawn`, `pending` (not confirmed yet) or None, for the message's channel; `consent_at` is
            when it was last given.
        suppressed: the address stands on the suppression list for this channel.
        number_refused: somebody else with the same number said no to texts (SMS only).
        age_disputed: two statements about their age do not agree, and nobody has settled it yet.
        state: two letters, None if unknown; `zip_state` is that of the ZIP code, which may say another, `phone_state`
            that of the number's area code (SMS only).
        timezone: IANA name of where they live, None if unknown; `place_zones` are all their address may lie in.
        phone_zones: IANA names the phone's prefix belongs to (SMS only).
        unread_reply: they wrote something back, by the channel of this message, that nobody has read yet.
        number_abroad: the phone is not one of the United States (SMS only).
        paused_until: they want nothing before; `own_cap_30_days`: nor more than so many messages in 30 days;
            `topics_off`: nor messages of these kinds.
        contacts_24h, contacts_7d, contacts_30d: messages around this moment, on every channel, this one not counted.
    """

    has_address: bool = True
    consent: str | None = "given"
    consent_at: datetime | None = None
    suppressed: bool = False
    number_refused: bool = False
    deleted: bool = False
    objected: bool = False
    of_age_on: date | None = None
    age_verified: bool = False
    age_disputed: bool = False
    has_alcohol_purchases: bool = False
    state: str | None = None
    zip_state: str | None = None
    phone_state: str | None = None
    timezone: str | None = None
    place_zones: tuple[str, ...] = ()
    phone_zones: tuple[str, ...] = ()
    number_abroad: bool = False
    unread_reply: bool = False
    paused_until: datetime | None = None
    own_cap_30_days: int | None = None
    topics_off: tuple[str, ...] = ()
    contacts_24h: int = 0
    contacts_7d: int = 0
    contacts_30d: int = 0


@dataclass(frozen=True, slots=True)
class MessageFacts:
    """The message: `email` or `sms`, the action's own window, whether it carries a discount, the campaign's own caps
    where they are tighter than the store's, and its kind (`topic`, a template category).

    Attributes:
        licence: the state of the licence it is sent under; None if nobody has said, which is held to the law of every
            place the recipient may live in.
        offer: what it promises; None: read from `has_coupon`.
    """

    channel: str
    window: Span | None = None
    has_coupon: bool = False
    max_contacts_7_days: int | None = None
    max_contacts_30_days: int | None = None
    topic: str | None = None
    licence: str | None = None
    offer: OfferFacts | None = None


@dataclass(frozen=True, slots=True)
class Allowed:
    """It may go out from now until `closes_at`."""

    closes_at: datetime


@dataclass(frozen=True, slots=True)
class Blocked:
    """It may not go out; `until` is the next moment it might (None: waiting does not help)."""

    reason: BlockReason
    detail: str
    until: datetime | None = None


def may_send(person: PersonFacts, message: MessageFacts, now: datetime, rules: Rules) -> Allowed | Blocked:
    """Tell whether this message may reach this person at `now` (aware).

    The strictest of federal law, state law and the store's settings wins. Hours are asked last, because only they
    are worth waiting for.
    """
    return (
        _blocked_by_person(person, message)
        or _blocked_by_age(person, message, now, rules)
        or _blocked_by_offer_law(person, message, now, rules)
        or _blocked_by_state_law(person, message, now, rules)
        or _blocked_by_wish(person, message, now, rules)
        or _blocked_by_caps(person, message, rules)
        or _hours(person, message, now, rules)
    )


def next_allowed(
    person: PersonFacts, message: MessageFacts, not_before: datetime, rules: Rules, *, lasting: timedelta = timedelta(0)
) -> datetime | None:
    """Return the first moment from `not_before` on that lies in every window and stays open for more than `lasting`;
    None if none comes within nine days. Only hours are looked at."""
    found = _next_interval(person, message, not_before, rules, lasting)
    return None if found is None else max(found[0], not_before)


def recipient_zones(person: PersonFacts, channel: str, rules: Rules) -> tuple[str, ...]:
    """Return every zone a text may reach the recipient in, by address and by phone; all of the country's if neither
    says.

    The law's hours are about telephones; for e-mail the zone of the store's own window is enough.
    """
    if channel != "sms":
        return (home_zone(person, rules),)
    zones = set(person.place_zones) or ({person.timezone} if person.timezone else set())
    if len(person.phone_zones) <= MAX_PHONE_ZONES:
        zones |= set(person.phone_zones)
    return tuple(sorted(zones)) if zones else US_ZONES


def home_states(person: PersonFacts) -> frozenset[str] | None:
    """Return the states they may live in, two where their ZIP code lies in another than the one on file; None, which is
    every state, if the address does not say."""
    return None if person.state is None else frozenset({person.state, person.zip_state or person.state})


def law_states(person: PersonFacts) -> frozenset[str] | None:
    """Return the states whose law may reach them, by address and by phone; None, which is every state, if the address
    does not say: people move and keep their number."""
    homes = home_states(person)
    return homes | {person.phone_state} if homes is not None and person.phone_state else homes


def home_zone(person: PersonFacts, rules: Rules) -> str:
    """Return the zone the store's and the campaign's own windows are read in."""
    if person.timezone:
        return person.timezone
    return person.phone_zones[0] if len(person.phone_zones) == 1 else rules.store_zone


def _blocked_by_person(person: PersonFacts, message: MessageFacts) -> Blocked | None:
    what = "e-mail" if message.channel == "email" else "SMS"
    if person.deleted:
        return Blocked(BlockReason.GONE, "The customer was deleted.")
    if not person.has_address:
        return Blocked(BlockReason.NO_ADDRESS, f"No address for {what}.")
    if person.number_abroad and message.channel == "sms":
        return Blocked(
            BlockReason.NUMBER_ABROAD,
            "The number is not of the United States; carriers abroad, in Canada too, take no texts about alcohol.",
        )
    if person.suppressed:
        return Blocked(BlockReason.SUPPRESSED, "The address stands on the suppression list.")
    if person.number_refused and message.channel == "sms":
        return Blocked(
            BlockReason.SUPPRESSED, "Another profile with this number said no to texts, and a no is about the number."
        )
    if person.consent != "given":
        how = {"withdrawn": "was withdrawn", "pending": "is not confirmed yet"}.get(
            person.consent or "", "was never given"
        )
        return Blocked(BlockReason.NO_CONSENT, f"Consent to {what} {how}.")
    if person.objected:
        return Blocked(BlockReason.OBJECTED, "The customer objected to being profiled, and this message was chosen so.")
    return None


def _blocked_by_age(person: PersonFacts, message: MessageFacts, now: datetime, rules: Rules) -> Blocked | None:
    zone = ZoneInfo(home_zone(person, rules))
    local = now.astimezone(zone).date()
    if person.age_disputed:
        return Blocked(BlockReason.AGE_DISPUTED, "Their age is in doubt; somebody of the shop has to settle it.")
    if person.of_age_on is not None:
        since = comes_of_age(person.of_age_on, rules.minimum_age)
        if local < since:
            return Blocked(BlockReason.UNDERAGE, f"Not yet {rules.minimum_age}, which is the minimum.")
        # by their own calendar: the evening before a birthday is the birthday already in UTC
        agreed = person.consent_at.astimezone(zone).date() if person.consent_at else local
        if agreed < since:
            return Blocked(
                BlockReason.CONSENT_TOO_EARLY,
                f"Consent was given before the age of {rules.minimum_age}; it must be given anew.",
            )
        return None
    if person.age_verified:
        return None
    if message.channel == "sms":
        return Blocked(BlockReason.AGE_UNKNOWN, "An SMS about alcohol needs a date of birth or a verified age.")
    if rules.unknown_age_email == "with_purchase_history" and person.has_alcohol_purchases:
        return None
    return Blocked(BlockReason.AGE_UNKNOWN, "Age unknown, and no purchase of alcohol at the till vouches for it.")


def _blocked_by_offer_law(person: PersonFacts, message: MessageFacts, now: datetime, rules: Rules) -> Blocked | None:
    if message.licence is not None:
        day = now.astimezone(ZoneInfo(rules.store_zone)).date()
        offer = message.offer or OfferFacts(discount_pct=None if message.has_coupon else Decimal(0))
        refused = may_offer(offer, message.licence, day, rules)
        if refused is None:
            return None
        banned = refused.rule.kind is RuleKind.COUPON_BAN
        return Blocked(BlockReason.COUPON_BANNED if banned else BlockReason.OFFER_UNLAWFUL, refused.detail)
    if not message.has_coupon and (message.offer is None or not message.offer.is_money_off):
        return None
    # whose licence it is nobody has said yet: a ban where they may live holds
    states = home_states(person)
    day = now.astimezone(ZoneInfo(home_zone(person, rules))).date()
    for rule in rules.laws:
        if rule.kind is RuleKind.COUPON_BAN and rule.binds(message.channel, day) and reaches(rule, states):
            return Blocked(BlockReason.COUPON_BANNED, f"{rule.jurisdiction} bans coupons on alcohol ({rule.citation}).")
    return None


def _blocked_by_state_law(person: PersonFacts, message: MessageFacts, now: datetime, rules: Rules) -> Blocked | None:
    day, states = now.astimezone(ZoneInfo(home_zone(person, rules))).date(), law_states(person)
    for rule in rules.laws:
        if rule.kind is not RuleKind.CONTACT_LIMIT or not rule.binds(message.channel, day):
            continue
        # of somebody whose state is not known every state's law holds, as with hours
        if reaches(rule, states) and person.contacts_24h >= rule.limit:
            return Blocked(
                BlockReason.STATE_LIMIT,
                f"{person.contacts_24h} messages within 24 hours; {rule.jurisdiction} allows {rule.limit}"
                f" ({rule.citation}).",
            )
    return None


def _blocked_by_wish(person: PersonFacts, message: MessageFacts, now: datetime, rules: Rules) -> Blocked | None:
    if message.topic is not None and message.topic in person.topics_off:
        return Blocked(BlockReason.TOPIC_DECLINED, "The customer does not want messages of this kind.")
    if person.unread_reply:
        return Blocked(
            BlockReason.UNREAD_REPLY,
            "They wrote something that nobody has read yet; it may be a no. It waits under Replies.",
            now + READ_WITHIN,
        )
    if person.paused_until is None or person.paused_until <= now:
        return None
    day = show_day(person.paused_until, now.astimezone(ZoneInfo(home_zone(person, rules))))
    return Blocked(BlockReason.PAUSED, f"The customer asked for nothing before {day}.", person.paused_until)


def _blocked_by_caps(person: PersonFacts, message: MessageFacts, rules: Rules) -> Blocked | None:
    for days, seen, store, own in (
        (7, person.contacts_7d, rules.max_contacts_7_days, message.max_contacts_7_days),
        (30, person.contacts_30d, rules.max_contacts_30_days, message.max_contacts_30_days),
    ):
        caps = (store, own, person.own_cap_30_days if days == 30 else None)
        cap = min(limit for limit in caps if limit is not None)
        if seen >= cap:
            return Blocked(BlockReason.CAP_REACHED, f"{seen} messages within {days} days; the cap is {cap}.")
    return None


def _hours(person: PersonFacts, message: MessageFacts, now: datetime, rules: Rules) -> Allowed | Blocked:
    found = _next_interval(person, message, now, rules, timedelta(0))
    if found is None:
        return Blocked(BlockReason.QUIET_HOURS, "Law, store and campaign leave no hour in common.")
    if found[0] <= now:
        return Allowed(found[1])
    local = now.astimezone(ZoneInfo(home_zone(person, rules)))
    return Blocked(
        BlockReason.QUIET_HOURS,
        f"{show_clock(now, local)} at the recipient's place is outside the allowed hours;"
        f" next from {show_moment(found[0], local)}.",
        found[0],
    )


def _next_interval(
    person: PersonFacts, message: MessageFacts, moment: datetime, rules: Rules, lasting: timedelta
) -> Interval | None:
    # a day early, because it may still be yesterday where the recipient is
    first = moment.astimezone(UTC).date() - timedelta(days=1)
    open_hours = _open_hours(
        rules,
        message.channel,
        law_states(person),
        recipient_zones(person, message.channel, rules),
        home_zone(person, rules),
        message.window or WHOLE_DAY,
        first,
    )
    for opens, closes in open_hours:
        if closes - max(opens, moment) > lasting:
            return opens, closes
    return None


@lru_cache(maxsize=32_768)
def _open_hours(  # noqa: PLR0917 - a cache's key
    rules: Rules,
    channel: str,
    states: frozenset[str] | None,
    zones: tuple[str, ...],
    home: str,
    window: Span,
    first: date,
) -> tuple[Interval, ...]:
    """Open hours from `first` on: the law's in every zone the recipient may be in, and the store's at home."""
    days = [first + timedelta(days=offset) for offset in range(LOOK_AHEAD_DAYS + 2)]
    own = narrow(rules.store_spans[channel], window)
    found = [hours for day in days if (hours := interval(home, day, own))]
    for zone in zones:
        legal = [hours for day in days if (hours := interval(zone, day, legal_span(rules, channel, states, day)))]
        found = intersect(found, legal)
    return tuple(found)
