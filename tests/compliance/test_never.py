"""Whatever is known of a person, what may go out breaks none of the rules, each restated here in its own words."""

from __future__ import annotations

from datetime import UTC, date, datetime, time, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from liquor_app.compliance.legal_rules import US_ZONES, Rules
from liquor_app.compliance.may_send import Allowed, Blocked, BlockReason, MessageFacts, PersonFacts, may_send
from tests.compliance.test_may_send import (
    LAW_ONLY,
    RULES,
    changes,
    moments,
    phones,
    rules,
    states,
    strictest,
    zones,
)
from tests.examples import examples

LAX = rules(max_contacts_7_days=14, max_contacts_30_days=60)
"""A shop that writes as often as it may: only the law and the person are left to stop it."""

Moment = st.one_of(moments, changes)
near = st.integers(-400, 400).map(lambda days: timedelta(days=days) / 10)


@st.composite
def situations(draw: st.DrawFn) -> tuple[PersonFacts, MessageFacts, datetime]:
    """Somebody, a message and a moment; mostly somebody who may be written to but for one or two things."""
    moment = draw(Moment)
    birthday = draw(st.none() | st.integers(20 * 365, 27 * 365).map(lambda days: moment.date() - timedelta(days=days)))
    mostly = st.sampled_from([False] * 19 + [True])
    person = PersonFacts(
        has_address=not draw(mostly),
        consent=draw(st.sampled_from(["given"] * 12 + ["withdrawn", "pending", None])),
        consent_at=draw(st.none() | st.integers(0, 4 * 365).map(lambda days: moment - timedelta(days=days))),
        suppressed=draw(mostly),
        deleted=draw(mostly),
        objected=draw(mostly),
        of_age_on=birthday and birthday_of_age(birthday, 21),
        age_verified=draw(st.booleans()),
        age_disputed=draw(mostly),
        has_alcohol_purchases=draw(st.booleans()),
        state=draw(states),
        timezone=draw(zones),
        phone_zones=draw(phones),
        paused_until=moment + draw(near) if draw(st.sampled_from([False, False, True])) else None,
        own_cap_30_days=draw(st.sampled_from([None, None, 1, 2, 4])),
        contacts_24h=(today := draw(st.sampled_from([0, 0, 0, 1, 2, 3]))),
        contacts_7d=(week := today + draw(st.sampled_from([0, 0, 0, 1, 3]))),
        contacts_30d=week + draw(st.sampled_from([0, 0, 1, 5])),
    )
    message = MessageFacts(
        draw(st.sampled_from(["email", "sms"])),
        has_coupon=draw(st.booleans()),
        max_contacts_7_days=draw(st.sampled_from([None, None, 1, 14])),
    )
    return person, message, moment


def birthday_of_age(born: date, years: int) -> date:
    """The day somebody turns `years`; who is born on 29 February does on 1 March."""
    try:
        return born.replace(year=born.year + years)
    except ValueError:
        return date(born.year + years, 3, 1)


@settings(max_examples=examples(1500), suppress_health_check=[HealthCheck.too_slow])
@given(situations(), st.sampled_from([RULES, LAX]))
def test_what_goes_out_breaks_nothing(situation: tuple[PersonFacts, MessageFacts, datetime], store: Rules) -> None:
    person, message, moment = situation
    if not isinstance(may_send(person, message, moment, store), Allowed):
        return
    assert person.has_address
    assert not person.suppressed
    assert not person.deleted
    assert not person.objected
    assert not person.age_disputed
    assert person.consent == "given"
    assert person.paused_until is None or person.paused_until <= moment
    assert person.contacts_7d < min(store.max_contacts_7_days, message.max_contacts_7_days or 99)
    assert person.contacts_30d < min(store.max_contacts_30_days, person.own_cap_30_days or 99)
    if person.of_age_on is None:
        assert person.age_verified or (message.channel == "email" and person.has_alcohol_purchases)
    else:
        # even where the day begins last
        of_age = person.of_age_on
        assert moment.astimezone(ZoneInfo("Pacific/Kiritimati")).date() >= of_age
        assert person.consent_at is None or person.consent_at.date() >= of_age
    if message.channel == "sms":
        assert strictest(person, moment)
        assert person.state not in {"FL", "OK", "MD"} or person.contacts_24h < 3
    assert not (message.has_coupon and person.state in {"MA", None}), "nobody has said whose licence it is"


@settings(max_examples=examples(500), suppress_health_check=[HealthCheck.too_slow])
@given(situations(), st.sampled_from(["suppressed", "deleted", "withdrawn", "pending", "never", "minor"]))
def test_one_no_outweighs_every_yes(situation: tuple[PersonFacts, MessageFacts, datetime], no: str) -> None:
    """No moment, zone, channel or history lets a message past these; and waiting does not help."""
    person, message, moment = situation
    known = {name: getattr(person, name) for name in PersonFacts.__slots__}
    against: dict[str, dict[str, object]] = {
        "suppressed": {"suppressed": True},
        "deleted": {"deleted": True},
        "withdrawn": {"consent": "withdrawn"},
        "pending": {"consent": "pending"},
        "never": {"consent": None},
        "minor": {"of_age_on": moment.date() + timedelta(days=300), "age_verified": True},
    }
    verdict = may_send(PersonFacts(**known | against[no]), message, moment, RULES)
    assert isinstance(verdict, Blocked)
    assert verdict.until is None


@settings(max_examples=examples(300))
@given(
    moment=Moment, zone=zones, phone=phones, channel=st.sampled_from(["email", "sms"]), minutes=st.integers(1, 43200)
)
def test_a_pause_is_waited_for_to_its_end(
    moment: datetime, zone: str | None, phone: tuple[str, ...], channel: str, minutes: int
) -> None:
    """Where nothing else stands against it a pause puts off to the minute it ends, and gives its own reason."""
    known: dict[str, Any] = {"age_verified": True, "state": "ME", "timezone": zone, "phone_zones": phone}
    until = moment + timedelta(minutes=minutes)
    verdict = may_send(PersonFacts(**known, paused_until=until), MessageFacts(channel), moment, RULES)
    assert isinstance(verdict, Blocked)
    assert (verdict.reason, verdict.until) == (BlockReason.PAUSED, until)
    over = PersonFacts(**known, paused_until=moment)
    assert may_send(over, MessageFacts(channel), moment, RULES) == may_send(
        PersonFacts(**known), MessageFacts(channel), moment, RULES
    )


@settings(max_examples=examples(300))
@given(
    night=st.sampled_from([date(2026, 3, 8), date(2026, 11, 1), date(2027, 3, 14), date(2027, 11, 7)]),
    minutes=st.integers(-300, 900),
    here=st.sampled_from(US_ZONES),
    phone=phones,
)
def test_no_text_in_the_night_the_clocks_change(night: date, minutes: int, here: str, phone: tuple[str, ...]) -> None:
    """Minute by minute around the change, at home and wherever the number is from: never before 8 nor from 9 pm on."""
    moment = datetime.combine(night, time(0), ZoneInfo(here)).astimezone(UTC) + timedelta(minutes=minutes)
    someone = PersonFacts(age_verified=True, state="ME", timezone=here, phone_zones=phone)
    verdict = may_send(someone, MessageFacts("sms"), moment, LAW_ONLY)
    for zone in {here, *phone}:
        if isinstance(verdict, Allowed):
            assert time(8) <= moment.astimezone(ZoneInfo(zone)).time() < time(21)
            last = (verdict.closes_at - timedelta(seconds=1)).astimezone(ZoneInfo(zone))
            assert last.time() < time(21)
            assert last.date() == moment.astimezone(ZoneInfo(zone)).date()
