"""What no rule book, no place and no change of the clocks may bring about: the law restated by reading every clock the
recipient may live by, and held against `may_send` for whatever people, messages and rules come up."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from zoneinfo import ZoneInfo

from hypothesis import given, settings
from hypothesis import strategies as st

from liquor_app.compliance.legal_rules import FEDERAL, US_ZONES, Rule, RuleKind, Rules
from liquor_app.compliance.may_offer import OfferFacts
from liquor_app.compliance.may_send import (
    MAX_PHONE_ZONES,
    Allowed,
    Blocked,
    BlockReason,
    MessageFacts,
    PersonFacts,
    may_send,
    next_allowed,
)
from liquor_app.customers.ages.birth_dates import comes_of_age
from tests.examples import examples

HALF_HOUR = timedelta(minutes=30)
CLOCKS_CHANGE = tuple(
    datetime(*day, tzinfo=UTC)
    for day in ((2026, 3, 8), (2026, 3, 29), (2026, 4, 5), (2026, 10, 4), (2026, 10, 25), (2026, 11, 1))
)  # fmt: skip
ELSEWHERE = ("America/St_Johns", "America/Havana", "Europe/London", "Asia/Kolkata", "Australia/Lord_Howe")
"""Half hours, a change at midnight, a change by half an hour; none between half past three and half past eleven."""
KINDS = (RuleKind.HOURS, RuleKind.HOURS, RuleKind.CONTACT_LIMIT, RuleKind.COUPON_BAN, RuleKind.MAX_DISCOUNT)
MANY = (*US_ZONES, "Pacific/Guam")
STATES = ("FL", "TX", "MA", "ME")

moments = st.one_of(
    st.datetimes(datetime(2026, 1, 1), datetime(2027, 1, 1), timezones=st.just(UTC)),  # noqa: DTZ001
    st.builds(
        lambda day, seconds: day + timedelta(seconds=seconds),
        st.sampled_from(CLOCKS_CHANGE),
        st.integers(-86_400, 172_800),
    ),
)
zones = st.sampled_from((*US_ZONES, *ELSEWHERE))
phones = st.one_of(
    st.just(MANY), st.lists(zones, max_size=MAX_PHONE_ZONES, unique=True).map(lambda found: tuple(sorted(found)))
)


def spans(first: int, last: int) -> st.SearchStrategy[tuple[int, int]]:
    """Two half hours of a day, in order; the same twice closes it."""
    half = st.integers(first, last)
    return st.tuples(half, half).map(lambda pair: (min(pair) * 30, max(pair) * 30))


any_hours = spans(0, 48)
by_day = spans(8, 47)
"""From four in the morning to half past eleven, where no clock is ever changed."""
days = st.dates(date(2026, 1, 1), date(2026, 12, 31))


def laws(hours: st.SearchStrategy[tuple[int, int]], least: int) -> st.SearchStrategy[tuple[Rule, ...]]:
    one = st.builds(
        Rule,
        jurisdiction=st.sampled_from((FEDERAL, *STATES)),
        kind=st.sampled_from(KINDS),
        channel=st.sampled_from((None, "sms", "email")),
        citation=st.just("§ 1"),
        valid_from=st.one_of(st.just(date(2000, 1, 1)), days),
        valid_to=st.one_of(st.none(), days),
        span=hours,
        weekdays=st.one_of(st.just(frozenset(range(7))), st.frozensets(st.integers(0, 6), min_size=1)),
        limit=st.integers(1, 3),
        percent=st.sampled_from((Decimal(0), Decimal(10), Decimal(35))),
    )
    return st.lists(one, min_size=least, max_size=5).map(tuple)


def books(hours: st.SearchStrategy[tuple[int, int]], *, least: int = 0) -> st.SearchStrategy[Rules]:
    """Rule books an admin might have written, of at least so many laws."""
    own = st.one_of(st.just((240, 1410)), hours)
    return st.builds(
        Rules,
        laws=laws(hours, least),
        minimum_age=st.sampled_from((18, 21)),
        unknown_age_email=st.sampled_from(("block", "with_purchase_history")),
        store_spans=st.fixed_dictionaries({"email": own, "sms": own}),
        store_zone=st.sampled_from(US_ZONES),
        max_contacts_7_days=st.integers(1, 3),
        max_contacts_30_days=st.integers(3, 6),
    )


def messages(hours: st.SearchStrategy[tuple[int, int]]) -> st.SearchStrategy[MessageFacts]:
    return st.builds(
        MessageFacts,
        channel=st.sampled_from(("email", "sms")),
        window=st.one_of(st.none(), hours),
        has_coupon=st.booleans(),
        max_contacts_7_days=st.one_of(st.none(), st.integers(1, 3)),
        max_contacts_30_days=st.one_of(st.none(), st.integers(1, 6)),
        licence=st.sampled_from((None, *STATES)),
        offer=st.sampled_from((None, *(OfferFacts(Decimal(percent)) for percent in (0, 10, 36)))),
    )


def mostly(usual: object, *others: object) -> st.SearchStrategy[object]:
    """So that people whom nothing stops come up as well."""
    return st.sampled_from((usual,) * 6 + others)


places = st.one_of(st.just(()), st.lists(zones, max_size=2, unique=True).map(tuple))
births = st.one_of(st.none(), st.just(date(2001, 5, 5)), st.dates(date(2025, 1, 1), date(2031, 1, 1)))
people = st.builds(
    PersonFacts,
    has_address=mostly(True, False),
    consent=mostly("given", "withdrawn", None),
    consent_at=st.one_of(st.none(), moments),
    suppressed=mostly(False, True),
    deleted=mostly(False, True),
    objected=mostly(False, True),
    of_age_on=births,
    age_verified=st.booleans(),
    has_alcohol_purchases=st.booleans(),
    state=st.sampled_from((None, *STATES)),
    zip_state=st.sampled_from((None, None, *STATES)),
    phone_state=st.sampled_from((None, None, *STATES)),
    timezone=st.one_of(st.none(), zones),
    place_zones=places,
    phone_zones=phones,
    number_abroad=mostly(False, True),
    paused_until=st.one_of(st.none(), moments),
    own_cap_30_days=st.one_of(st.none(), st.integers(1, 6)),
    contacts_24h=mostly(0, 1, 2, 3),
    contacts_7d=mostly(0, 1, 2, 3),
    contacts_30d=mostly(0, 1, 2, 3, 6),
)


def home(person: PersonFacts, rules: Rules) -> ZoneInfo:
    sole = person.phone_zones[0] if len(person.phone_zones) == 1 else rules.store_zone
    return ZoneInfo(person.timezone or sole)


def walls(person: PersonFacts, channel: str, rules: Rules) -> list[ZoneInfo]:
    """Every place the recipient may be in, as far as the law of `channel` asks."""
    if channel == "email":
        return [home(person, rules)]
    named = set(person.place_zones) or {person.timezone} - {None}
    if len(person.phone_zones) <= MAX_PHONE_ZONES:
        named |= set(person.phone_zones)
    return [ZoneInfo(str(name)) for name in named or US_ZONES]


def reads(span: tuple[int, int], there: datetime) -> bool:
    return span[0] <= there.hour * 60 + there.minute < span[1]


def reached(person: PersonFacts, rule: Rule) -> bool:
    """Federal law reaches everybody, a state's whoever lives there by what is on file or by their ZIP code or has a
    number of it, and where nobody knows where somebody lives, every state's does."""
    possible = (FEDERAL, person.state, person.zip_state, person.phone_state)
    return person.state is None or rule.jurisdiction in possible


def is_open(person: PersonFacts, message: MessageFacts, moment: datetime, rules: Rules) -> bool:
    """Whether the clocks on all those walls read an hour that law, store and campaign leave."""
    here = moment.astimezone(home(person, rules))
    if not reads(rules.store_spans[message.channel], here) or (message.window and not reads(message.window, here)):
        return False
    for wall in walls(person, message.channel, rules):
        there = moment.astimezone(wall)
        for rule in rules.laws:
            concerned = reached(person, rule)
            if (
                rule.kind is RuleKind.HOURS
                and concerned
                and rule.channel in (None, message.channel)
                and rule.valid_from <= there.date() < (rule.valid_to or date.max)
                and there.weekday() in rule.weekdays
                and not reads(rule.span, there)
            ):
                return False
    return True


def in_force(rule: Rule, day: date) -> bool:
    return rule.valid_from <= day < (rule.valid_to or date.max)


def may_be_written_to(person: PersonFacts, message: MessageFacts, moment: datetime, rules: Rules) -> bool:
    """Everything but the hours."""
    zone = home(person, rules)
    today = moment.astimezone(zone).date()
    if person.deleted or person.suppressed or person.objected or not person.has_address or person.consent != "given":
        return False
    if person.paused_until and person.paused_until > moment:
        return False
    if person.of_age_on:
        of_age_since = [today] + ([person.consent_at.astimezone(zone).date()] if person.consent_at else [])
        if any(day < comes_of_age(person.of_age_on, rules.minimum_age) for day in of_age_since):
            return False
    elif not person.age_verified:
        vouched = person.has_alcohol_purchases and rules.unknown_age_email == "with_purchase_history"
        if message.channel == "sms" or not vouched:
            return False
    if message.channel == "sms" and person.number_abroad:
        return False
    for rule in rules.laws:
        here = rule.channel in (None, message.channel) and in_force(rule, today)
        limited = here and rule.kind is RuleKind.CONTACT_LIMIT and person.contacts_24h >= rule.limit
        if limited and reached(person, rule):
            return False
        if message.licence is None:
            lives = rule.jurisdiction == FEDERAL or (
                person.state is None or rule.jurisdiction in (person.state, person.zip_state)
            )
            if here and rule.kind is RuleKind.COUPON_BAN and lives and message.has_coupon:
                return False
        elif rule.jurisdiction in (FEDERAL, message.licence):
            # wherever they live: the licence is the shop's
            off = message.offer.discount_pct if message.offer else Decimal(100) if message.has_coupon else Decimal(0)
            assert off is not None
            if in_force(rule, moment.astimezone(ZoneInfo(rules.store_zone)).date()):
                if rule.kind is RuleKind.COUPON_BAN and off > 0:
                    return False
                if rule.kind is RuleKind.MAX_DISCOUNT and off > rule.percent:
                    return False
    weekly = (rules.max_contacts_7_days, message.max_contacts_7_days)
    monthly = (rules.max_contacts_30_days, message.max_contacts_30_days, person.own_cap_30_days)
    return all(
        cap is None or seen < cap
        for seen, caps in ((person.contacts_7d, weekly), (person.contacts_30d, monthly))
        for cap in caps
    )


def assert_open_throughout(
    person: PersonFacts, message: MessageFacts, opens: datetime, closes: datetime, rules: Rules
) -> None:
    """At its first moment, every quarter of an hour, and at the last."""
    assert opens < closes
    moment = opens
    while moment < closes:
        assert is_open(person, message, moment, rules), moment
        moment += timedelta(minutes=15)
    assert is_open(person, message, closes - timedelta(microseconds=1), rules)


@settings(max_examples=examples(400))
@given(person=people, message=messages(any_hours), moment=moments, rules=books(any_hours))
def test_nothing_goes_out_that_any_rule_forbids(
    person: PersonFacts, message: MessageFacts, moment: datetime, rules: Rules
) -> None:
    """Whatever the rule book: also where hours are lost or come twice, and until the very last moment allowed."""
    verdict = may_send(person, message, moment, rules)
    if isinstance(verdict, Blocked):
        return
    assert may_be_written_to(person, message, moment, rules)
    assert_open_throughout(person, message, moment, verdict.closes_at, rules)


@settings(max_examples=examples(400))
@given(person=people, message=messages(by_day), moment=moments, rules=books(by_day))
def test_what_no_rule_forbids_goes_out(
    person: PersonFacts, message: MessageFacts, moment: datetime, rules: Rules
) -> None:
    """Exactly: nobody is kept from a message for a reason that does not hold, and waiting is offered only for hours
    and the customer's own pause."""
    verdict = may_send(person, message, moment, rules)
    expected = may_be_written_to(person, message, moment, rules) and is_open(person, message, moment, rules)
    assert isinstance(verdict, Allowed) == expected
    if isinstance(verdict, Blocked):
        assert verdict.detail.endswith(".")
        assert verdict.until is None or verdict.until > moment
        assert verdict.until is None or verdict.reason in (BlockReason.QUIET_HOURS, BlockReason.PAUSED)
    else:
        # a day that no law narrows ends at midnight there, even if the next one goes on
        closes = [verdict.closes_at.astimezone(wall) for wall in walls(person, message.channel, rules)]
        midnight = any((there.hour, there.minute) == (0, 0) for there in closes)
        assert midnight or not is_open(person, message, verdict.closes_at, rules)


open_to_all = st.builds(
    PersonFacts,
    age_verified=st.just(True),
    state=st.sampled_from((None, *STATES)),
    zip_state=st.sampled_from((None, *STATES)),
    phone_state=st.sampled_from((None, *STATES)),
    timezone=st.one_of(st.none(), zones),
    place_zones=places,
    phone_zones=phones,
)
texts = st.builds(MessageFacts, channel=st.just("sms"))


@settings(max_examples=examples(600))
@given(person=open_to_all, message=texts, moment=moments, rules=books(by_day, least=2))
def test_a_text_heeds_every_clock_it_may_ring_by(
    person: PersonFacts, message: MessageFacts, moment: datetime, rules: Rules
) -> None:
    """Of the address and of the phone, of all the country if neither says; of every state if none is known."""
    laws = tuple(replace(law, kind=RuleKind.HOURS, channel=None) for law in rules.laws)
    strict = replace(rules, laws=laws, store_spans={"sms": (240, 1410)})
    verdict = may_send(person, message, moment, strict)
    assert isinstance(verdict, Allowed) == is_open(person, message, moment, strict)


night = spans(0, 8)


@settings(max_examples=examples(400))
@given(
    zone=st.sampled_from(("America/New_York", "America/Havana", "Europe/London", "Australia/Lord_Howe")),
    change=st.sampled_from(CLOCKS_CHANGE),
    minutes=st.integers(-1440, 1440),
    hours=night,
)
def test_hours_lost_or_doubled_count_against_us(
    zone: str, change: datetime, minutes: int, hours: tuple[int, int]
) -> None:
    """A window in the night of a change: once open it reads as open to its end, on a clock that jumps."""
    someone, message = PersonFacts(age_verified=True, timezone=zone), MessageFacts("email", window=hours)
    rules = Rules((), 21, "block", {"email": (0, 1439)}, zone, 1, 1)
    found = next_allowed(someone, message, change + timedelta(minutes=minutes), rules)
    if found is None:
        assert hours[0] == hours[1]
        return
    verdict = may_send(someone, message, found, rules)
    assert isinstance(verdict, Allowed)
    assert_open_throughout(someone, message, found, verdict.closes_at, rules)


never = st.sampled_from(
    (
        {"deleted": True},
        {"has_address": False},
        {"suppressed": True},
        {"consent": "withdrawn"},
        {"consent": None},
        {"objected": True},
        {"of_age_on": date(2031, 1, 1), "age_verified": True},
    )
)


@settings(max_examples=examples(300))
@given(person=people, facts=never, message=messages(any_hours), moment=moments, rules=books(any_hours))
def test_never_to_these(
    person: PersonFacts, facts: dict[str, object], message: MessageFacts, moment: datetime, rules: Rules
) -> None:
    """The suppressed, the unconsented, the objecting, the under age, whatever else is true; nor does waiting help."""
    verdict = may_send(replace(person, **facts), message, moment, rules)  # type: ignore[arg-type]
    assert isinstance(verdict, Blocked)
    assert verdict.until is None


@settings(max_examples=examples(200))
@given(person=people, message=messages(any_hours), moment=moments, rules=books(any_hours))
def test_no_text_to_an_unknown_age(
    person: PersonFacts, message: MessageFacts, moment: datetime, rules: Rules
) -> None:  # fmt: skip
    """Alcohol bought at the till vouches for e-mail only, whatever the policy."""
    unknown = replace(person, of_age_on=None, age_verified=False, has_alcohol_purchases=True)
    assert isinstance(may_send(unknown, replace(message, channel="sms"), moment, rules), Blocked)


@settings(max_examples=examples(200))
@given(person=open_to_all, message=messages(by_day), moment=moments, rules=books(by_day))
def test_the_next_moment_is_the_first_open_one(
    person: PersonFacts, message: MessageFacts, moment: datetime, rules: Rules
) -> None:
    """Found by walking on from half hour to half hour: all places' hours begin and end on one."""
    found = next_allowed(person, message, moment, rules)
    midnight = moment.replace(hour=0, minute=0, second=0, microsecond=0)
    walk = [moment, *(step for n in range(8 * 48) if (step := midnight + n * HALF_HOUR) > moment)]
    first = next((step for step in walk if is_open(person, message, step, rules)), None)
    if first is not None:
        assert found == first
    elif found is not None:
        assert found > walk[-1]
    if found is not None:
        later = may_send(replace(person, contacts_24h=0), replace(message, has_coupon=False, offer=None), found, rules)
        assert isinstance(later, Allowed)
