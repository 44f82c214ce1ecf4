"""The one function everything that leaves the house is asked through."""

from __future__ import annotations

from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

import pytest
from dateutil.easter import easter
from hypothesis import given, settings
from hypothesis import strategies as st
from pandas.tseries.holiday import USFederalHolidayCalendar

from liquor_app.actions.offering.playbook_offers import is_banned
from liquor_app.compliance.legal_rules import US_ZONES, WHOLE_DAY, Rules, interval, legal_span, parse_rule
from liquor_app.compliance.may_send import (
    Allowed,
    Blocked,
    BlockReason,
    MessageFacts,
    PersonFacts,
    may_send,
    next_allowed,
)
from liquor_app.compliance.recipient_place import place_of
from liquor_app.compliance.rule_pack import PACK
from liquor_app.compliance.service import make_rules
from liquor_app.core.errors import Invalid
from liquor_app.customers.ages.birth_dates import age_on, birth_columns
from liquor_app.customers.places import _ZIPS, STATES, normalise_state
from liquor_app.customers.whereabouts.zip_codes import law_state
from liquor_app.organization.settings import ComplianceSettings, GeneralSettings
from tests.examples import examples

TILL_BEGAN, NO_DATE = (birth_columns(date(year, 1, 1)).of_age_on for year in (1970, 1900))
LAWS = tuple(
    parse_rule(
        {
            "jurisdiction": rule.jurisdiction, "kind": rule.kind.value, "channel": rule.channel, "value": rule.value,
            "citation": rule.citation, "valid_from": rule.valid_from, "valid_to": None,
        }
    )
    for rule in PACK
)  # fmt: skip
WIDE = {
    "email_window_start": "00:00",
    "email_window_end": "23:59",
    "sms_window_start": "00:00",
    "sms_window_end": "23:59",
}


def rules(**changes: object) -> Rules:
    return make_rules(ComplianceSettings.model_validate(changes), GeneralSettings(), LAWS)


_FEDERAL = {day.date() for day in USFederalHolidayCalendar().holidays("2025-01-01", "2028-12-31")}
_ITSELF = {date(year, *day) for year in range(2025, 2029) for day in ((1, 1), (6, 19), (7, 4), (11, 11), (12, 25))}
_EASTERS = [easter(year) for year in range(2025, 2029)]
_MARDI_GRAS = {day - timedelta(days=47) for day in _EASTERS}
HOLIDAYS = {
    "AL": _FEDERAL | _ITSELF | _MARDI_GRAS,
    "LA": _FEDERAL | _ITSELF | _MARDI_GRAS | {day - timedelta(days=2) for day in _EASTERS},
}
RULES = rules()
LAW_ONLY = rules(**WIDE)
NEW_YORK = ZoneInfo("America/New_York")
ADULT = PersonFacts(age_verified=True, state="ME", timezone="America/New_York")
EMAIL, SMS = MessageFacts("email"), MessageFacts("sms")


def local(day: int, hour: int, minute: int = 0, zone: str = "America/New_York") -> datetime:
    """A moment in the week of Monday 2 November 2026."""
    return datetime(2026, 11, 1 + day, hour, minute, tzinfo=ZoneInfo(zone))


def person(**facts: object) -> PersonFacts:
    base = {name: getattr(ADULT, name) for name in PersonFacts.__slots__}
    return PersonFacts(**{**base, **facts})  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("facts", "message", "reason"),
    [
        ({"deleted": True}, EMAIL, BlockReason.GONE),
        ({"has_address": False}, EMAIL, BlockReason.NO_ADDRESS),
        ({"suppressed": True}, EMAIL, BlockReason.SUPPRESSED),
        ({"consent": None}, EMAIL, BlockReason.NO_CONSENT),
        ({"consent": "withdrawn"}, SMS, BlockReason.NO_CONSENT),
        ({"objected": True}, EMAIL, BlockReason.OBJECTED),
        ({"of_age_on": date(2026, 11, 3), "age_verified": True}, EMAIL, BlockReason.UNDERAGE),
        ({"age_disputed": True}, EMAIL, BlockReason.AGE_DISPUTED),
        ({"age_disputed": True, "of_age_on": date(1991, 5, 4)}, SMS, BlockReason.AGE_DISPUTED),
        ({"age_verified": False, "of_age_on": TILL_BEGAN}, SMS, BlockReason.AGE_UNKNOWN),
        (
            {"age_verified": False, "of_age_on": NO_DATE},
            EMAIL,
            BlockReason.AGE_UNKNOWN,
        ),
        ({"age_verified": False}, EMAIL, BlockReason.AGE_UNKNOWN),
        ({"age_verified": False, "has_alcohol_purchases": True}, SMS, BlockReason.AGE_UNKNOWN),
        (
            {"of_age_on": date(2026, 11, 2), "consent_at": datetime(2026, 10, 1, tzinfo=UTC)},
            EMAIL,
            BlockReason.CONSENT_TOO_EARLY,
        ),
        ({"contacts_7d": 2}, EMAIL, BlockReason.CAP_REACHED),
        ({"contacts_30d": 6}, EMAIL, BlockReason.CAP_REACHED),
        ({"contacts_30d": 1, "own_cap_30_days": 1}, SMS, BlockReason.CAP_REACHED),
        ({"contacts_7d": 1}, MessageFacts("email", max_contacts_7_days=1), BlockReason.CAP_REACHED),
        ({"state": "MA"}, MessageFacts("email", has_coupon=True), BlockReason.COUPON_BANNED),
        ({"state": "FL", "contacts_24h": 3}, SMS, BlockReason.STATE_LIMIT),
    ],
)
def test_what_blocks(facts: dict[str, object], message: MessageFacts, reason: BlockReason) -> None:
    """Each rule stops the message for good, with words."""
    verdict = may_send(person(**facts), message, local(1, 12), RULES)
    assert isinstance(verdict, Blocked)
    assert verdict.reason is reason
    assert verdict.until is None
    assert verdict.detail.endswith(".")


@given(days=st.integers(-40, 40), minutes=st.integers(0, 1439), channel=st.sampled_from([EMAIL, SMS]))
def test_a_pause_waits_until_its_end(days: int, minutes: int, channel: MessageFacts) -> None:
    """Put off, not dropped; over the moment it ends."""
    moment = local(1, 12)
    end = moment + timedelta(days=days, minutes=minutes)
    verdict = may_send(person(paused_until=end), channel, moment, RULES)
    if end > moment:
        assert isinstance(verdict, Blocked)
        assert (verdict.reason, verdict.until) == (BlockReason.PAUSED, end)
    else:
        assert isinstance(verdict, Allowed)


def test_a_pause_hides_nothing_that_is_for_good() -> None:
    """Who is suppressed or under age is not put off, but skipped."""
    later = local(20, 12)
    for facts in ({"suppressed": True}, {"consent": None}, {"of_age_on": date(2031, 1, 1)}):
        verdict = may_send(person(paused_until=later, **facts), EMAIL, local(1, 12), RULES)
        assert isinstance(verdict, Blocked)
        assert verdict.reason is not BlockReason.PAUSED
        assert verdict.until is None


CAP = st.one_of(st.none(), st.integers(1, 8))


@given(seen=st.integers(0, 10), store=st.integers(1, 8), campaign=CAP, own=CAP)
def test_the_strictest_cap_holds(seen: int, store: int, campaign: int | None, own: int | None) -> None:
    """A personal limit can only make it fewer, never more."""
    message = MessageFacts("email", max_contacts_30_days=campaign)
    verdict = may_send(
        person(contacts_30d=seen, own_cap_30_days=own),
        message,
        local(1, 12),
        rules(max_contacts_7_days=1, max_contacts_30_days=store),
    )
    strictest = min(cap for cap in (store, campaign, own) if cap is not None)
    assert isinstance(verdict, Allowed) == (seen < strictest)
    if isinstance(verdict, Blocked):
        assert verdict.reason is BlockReason.CAP_REACHED


@pytest.mark.parametrize(("hour", "passes"), [(21, False), (23, False), (24, True)])
def test_consent_is_as_old_as_its_giver_was_there(hour: int, passes: bool) -> None:
    """Given on the evening before the birthday, when it is the birthday already in UTC: a minor's."""
    given_at = local(1, 0).astimezone(UTC) + timedelta(hours=hour - 24)
    someone = person(of_age_on=date(2026, 11, 2), consent_at=given_at, age_verified=False)
    verdict = may_send(someone, EMAIL, local(3, 12), RULES)
    assert isinstance(verdict, Allowed) == passes
    assert passes or getattr(verdict, "reason", None) is BlockReason.CONSENT_TOO_EARLY


def test_what_passes() -> None:
    """Somebody of age, with consent, within hours."""
    assert may_send(ADULT, EMAIL, local(1, 12), RULES) == Allowed(local(1, 22).astimezone(UTC))
    of_age_today = person(of_age_on=date(2026, 11, 2), consent_at=local(1, 11), age_verified=False)
    assert isinstance(may_send(of_age_today, SMS, local(1, 12), RULES), Allowed)
    bought = person(age_verified=False, has_alcohol_purchases=True)
    assert isinstance(may_send(bought, EMAIL, local(1, 12), RULES), Allowed)
    strict = rules(unknown_age_email="block")
    assert isinstance(may_send(bought, EMAIL, local(1, 12), strict), Blocked)
    assert isinstance(may_send(person(state="MA"), EMAIL, local(1, 12), RULES), Allowed)


@pytest.mark.parametrize(
    ("state", "day", "opens", "closes"),
    [
        ("ME", 1, 8 * 60, 21 * 60),
        ("FL", 1, 8 * 60, 20 * 60),
        ("CT", 1, 9 * 60, 20 * 60),
        ("TX", 6, 9 * 60, 21 * 60),
        ("TX", 7, 12 * 60, 21 * 60),
        ("KY", 1, 10 * 60, 21 * 60),
        ("RI", 5, 9 * 60, 18 * 60),
        ("RI", 6, 10 * 60, 17 * 60),
        ("MS", 6, 8 * 60, 20 * 60),
        (None, 5, 10 * 60, 18 * 60),
        (None, 6, 10 * 60, 17 * 60),
    ],
)
def test_legal_hours_of_texts(state: str | None, day: int, opens: int, closes: int) -> None:
    """Federal and state law, the strictest wins; without a state, the strictest of all states."""
    assert legal_span(LAW_ONLY, "sms", state and frozenset({state}), local(day, 12).date()) == (opens, closes)


@pytest.mark.parametrize(
    ("state", "day", "closed"),
    [
        ("AL", date(2026, 11, 8), True),  # a Sunday
        ("MS", date(2026, 11, 8), True),
        ("LA", date(2026, 11, 8), True),
        ("TX", date(2026, 11, 8), False),
        (None, date(2026, 11, 8), True),
        ("LA", date(2026, 11, 26), True),  # Thanksgiving
        ("AL", date(2027, 7, 5), True),  # Independence Day fell on the Sunday before
        ("AL", date(2021, 12, 31), True),  # New Year's Day of 2022 fell on a Saturday
        ("LA", date(2026, 4, 3), True),  # Good Friday
        ("AL", date(2026, 4, 3), False),
        ("MS", date(2026, 11, 26), False),
        ("ME", date(2026, 11, 26), False),
        (None, date(2026, 11, 26), True),
    ],
)
def test_days_on_which_no_text_goes_out(state: str | None, day: date, closed: bool) -> None:
    opens, closes = legal_span(LAW_ONLY, "sms", state and frozenset({state}), day)
    assert (opens >= closes) is closed


def test_two_states_may_both_bind() -> None:
    """Lives in Maine with a number of Florida: the law of the number counts as well."""
    both = person(phone_state="FL")
    assert isinstance(may_send(both, SMS, local(1, 19, 59), LAW_ONLY), Allowed)
    assert isinstance(may_send(both, SMS, local(1, 20), LAW_ONLY), Blocked)
    verdict = may_send(person(phone_state="FL", contacts_24h=3), SMS, local(1, 12), LAW_ONLY)
    assert isinstance(verdict, Blocked)
    assert verdict.reason is BlockReason.STATE_LIMIT


@pytest.mark.parametrize(
    ("state", "postal_code", "phone", "at", "contacts", "reason"),
    [
        ("GA", "02139", None, "2026-11-04 20:30", 0, BlockReason.QUIET_HOURS),
        ("GA", "35203", None, "2026-11-08 12:30", 0, BlockReason.QUIET_HOURS),
        ("GA", "33101", None, "2026-11-04 12:00", 3, BlockReason.STATE_LIMIT),
        ("FL", "30303", None, "2026-11-04 12:00", 3, BlockReason.STATE_LIMIT),
        ("GA", "30303", "+12055550123", "2026-11-08 12:30", 0, BlockReason.QUIET_HOURS),
        ("GA", "30303", None, "2026-11-04 20:30", 3, None),
        ("GA", "30303", None, "2026-11-08 12:30", 3, None),
        ("GA", None, None, "2026-11-08 12:30", 3, None),
    ],
)
def test_a_zip_code_of_another_state_brings_its_law_along(
    state: str, postal_code: str | None, phone: str | None, at: str, contacts: int, reason: BlockReason | None
) -> None:
    """One of the two is wrong, and nobody knows which: both hold."""
    place = place_of("sms", state=state, postal_code=postal_code, timezone=None, phone=phone)
    moment = datetime.fromisoformat(at).replace(tzinfo=ZoneInfo("America/New_York"))
    verdict = may_send(person(**{**place, "contacts_24h": contacts}), SMS, moment, LAW_ONLY)
    assert (verdict.reason if isinstance(verdict, Blocked) else None) is reason


def test_an_unread_reply_holds_what_would_go_there() -> None:
    """Whoever asks has looked under the address of the message's own channel."""
    moment = local(1, 12)
    for message in (SMS, EMAIL):
        verdict = may_send(person(unread_reply=True), message, moment, RULES)
        assert isinstance(verdict, Blocked)
        assert (verdict.reason, verdict.until) == (BlockReason.UNREAD_REPLY, moment + timedelta(hours=1))


def test_no_text_about_alcohol_goes_abroad() -> None:
    verdict = may_send(person(number_abroad=True), SMS, local(1, 12), RULES)
    assert isinstance(verdict, Blocked)
    assert (verdict.reason, verdict.until) == (BlockReason.NUMBER_ABROAD, None)
    assert isinstance(may_send(person(number_abroad=True), EMAIL, local(1, 12), RULES), Allowed)


def test_a_rule_binds_from_its_first_day() -> None:
    """Connecticut's narrower hours came on 1 October 2023."""
    assert legal_span(LAW_ONLY, "sms", frozenset({"CT"}), date(2023, 9, 30)) == (8 * 60, 21 * 60)
    assert legal_span(LAW_ONLY, "sms", frozenset({"CT"}), date(2023, 10, 1)) == (9 * 60, 20 * 60)


def test_email_follows_the_stores_hours_only() -> None:
    """22:00 is too late for the law of telephones, and fine for e-mail."""
    late = rules(email_window_end="23:00")
    assert isinstance(may_send(ADULT, EMAIL, local(1, 22, 30), late), Allowed)
    assert isinstance(may_send(ADULT, SMS, local(1, 21, 30), LAW_ONLY), Blocked)


def test_outside_the_window_is_later_not_never() -> None:
    """A text at 21:30 on Saturday in Texas goes out on Sunday noon."""
    texan = person(state="TX", timezone="America/Chicago")
    verdict = may_send(texan, SMS, local(6, 21, 30, "America/Chicago"), LAW_ONLY)
    assert isinstance(verdict, Blocked)
    assert verdict.reason is BlockReason.QUIET_HOURS
    assert verdict.until == local(7, 12, 0, "America/Chicago")
    assert "Sun 8 Nov, 12:00 CST" in verdict.detail


def test_the_campaigns_own_window_narrows() -> None:
    """17:30 to 20:00 at the recipient's place."""
    message = MessageFacts("email", window=(17 * 60 + 30, 20 * 60))
    verdict = may_send(ADULT, message, local(1, 12), RULES)
    assert isinstance(verdict, Blocked)
    assert verdict.until == local(1, 17, 30)
    assert may_send(ADULT, message, local(1, 18), RULES) == Allowed(local(1, 20).astimezone(UTC))


def test_an_empty_intersection_never_opens() -> None:
    """A window before the store opens has no next moment, and says so."""
    verdict = may_send(ADULT, MessageFacts("sms", window=(60, 120)), local(1, 12), RULES)
    assert isinstance(verdict, Blocked)
    assert verdict.until is None


def test_somebody_of_two_places_needs_both_open() -> None:
    """Lives in Maine, phone from California: 9 in the morning in Portland is 6 there."""
    both = person(phone_zones=("America/Los_Angeles",))
    assert next_allowed(both, SMS, local(1, 9), LAW_ONLY) == local(1, 8, 0, "America/Los_Angeles")


def test_toll_free_numbers_say_nothing() -> None:
    """A prefix of many zones is no evidence; the address decides."""
    everywhere = person(phone_zones=(*US_ZONES, "Pacific/Guam"))
    assert isinstance(may_send(everywhere, SMS, local(1, 9), LAW_ONLY), Allowed)


def test_born_on_a_leap_day() -> None:
    """Of age on 1 March."""
    assert age_on(date(2004, 2, 29), date(2025, 2, 28)) == 20
    assert age_on(date(2004, 2, 29), date(2025, 3, 1)) == 21


@pytest.mark.parametrize(
    ("kind", "value"),
    [
        ("hours", {"start": "8", "end": "20:00"}),
        ("hours", {"start": "08:00", "end": "25:00"}),
        ("hours", {"start": "08:00", "end": "20:00", "days": ["sunday"]}),
        ("hours", {"start": "08:00", "end": "20:00", "days": 5}),
        ("hours", {"start": "08:00", "end": "20:00", "days": {"sun": True}}),
        ("contact_limit", {"max": 0}),
        ("contact_limit", {"max": True}),
        ("max_discount", {}),
        ("max_discount", {"percent": "NaN"}),
        ("max_discount", {"percent": 101}),
        ("min_markup", {"percent": True}),
        ("closed_days", {"holidays": []}),
        ("closed_days", {"holidays": ["boxing_day"]}),
        ("closed_days", {"holidays": "christmas"}),
        ("disclosure", {"text": "  "}),
        ("hours", {"start": "08:00", "end": "20:00", "disputed": "maybe"}),
        ("curfew", {}),
    ],
)
def test_bad_rules_are_refused(kind: str, value: dict[str, object]) -> None:
    """Nothing is sent by a rule nobody understands."""
    row = {
        "jurisdiction": "XX", "kind": kind, "channel": None, "value": value, "citation": "", "valid_to": None,
        "valid_from": date(2020, 1, 1),
    }  # fmt: skip
    with pytest.raises(Invalid, match="XX"):
        parse_rule(row)


moments = st.datetimes(datetime(2026, 1, 1), datetime(2028, 1, 1), timezones=st.just(UTC))  # noqa: DTZ001
states = st.sampled_from(
    [None, "FL", "CT", "TX", "ME", "OK", "MA", "CA", "AZ", "HI", "AL", "LA", "MS", "KY", "NV", "RI"]
)
zones = st.sampled_from([None, *US_ZONES])
phones = st.lists(st.sampled_from(US_ZONES), max_size=3, unique=True).map(tuple)
# days around both changes of the clocks, where mistakes live
changes = st.sampled_from([datetime(2026, 3, 8, tzinfo=UTC), datetime(2026, 11, 1, tzinfo=UTC)]).flatmap(
    lambda day: st.integers(-1440, 2880).map(lambda minutes: day + timedelta(minutes=minutes))
)


def kept(day: date, state: str) -> bool:
    """Whether a legal holiday of the state is kept on a day, restated with pandas' own calendar."""
    return day in HOLIDAYS[state]


def strictest(person: PersonFacts, moment: datetime) -> bool:
    """The law, restated: in every place the recipient may be, at every hour some state might object to."""
    places = {*(person.place_zones or {person.timezone}), *person.phone_zones} - {None} or set(US_ZONES)
    lives = {person.state, person.zip_state or person.state, person.phone_state or person.state}
    for zone in places:
        there = moment.astimezone(ZoneInfo(str(zone)))
        clock, sunday, weekend = there.time(), there.weekday() == 6, there.weekday() >= 5
        opens, closes = time(8), time(21)

        def bound(*states: str, lives: set[str | None] = lives) -> bool:
            return (None in lives and person.state is None) or bool(lives & set(states))

        if bound("CT", "TX", "MI", "MN", "NM", "NV", "RI"):
            opens = time(9)
        if bound("KY") or (weekend and bound("RI")):
            opens = time(10)
        if sunday and bound("TX"):
            opens = time(12)
        if bound("FL", "CT", "OK", "MA", "MD", "WA", "NV", "AL", "LA", "MS"):
            closes = time(20)
        if bound("RI"):
            closes = time(17) if weekend else time(18)
        if sunday and bound("AL", "LA", "MS"):
            return False
        if (bound("AL") and kept(there.date(), "AL")) or (bound("LA") and kept(there.date(), "LA")):
            return False
        if not opens <= clock < closes:
            return False
    return True


@settings(max_examples=examples(400))
@given(moment=st.one_of(moments, changes), state=states, zip_state=states, zone=zones, phone=phones)
def test_no_text_outside_the_strictest_window(
    moment: datetime, state: str | None, zip_state: str | None, zone: str | None, phone: tuple[str, ...]
) -> None:
    """In any zone, across any change of clocks: allowed exactly when every law allows it, that of the state on file and
    that of the ZIP code's."""
    someone = person(state=state, zip_state=zip_state, timezone=zone, phone_zones=phone)
    verdict = may_send(someone, SMS, moment, LAW_ONLY)
    # the widest store setting still ends at 23:59, which no law reaches
    assert isinstance(verdict, Allowed) == strictest(someone, moment)


@settings(max_examples=examples(300))
@given(moment=st.one_of(moments, changes), state=states, zone=zones, phone=phones, start=st.integers(0, 22))
def test_the_next_moment_is_allowed_and_the_first(
    moment: datetime, state: str | None, zone: str | None, phone: tuple[str, ...], start: int
) -> None:
    """Rescheduling lands in the window, never before the moment, and never skips an open hour."""
    someone = person(state=state, timezone=zone, phone_zones=phone)
    message = MessageFacts("sms", window=(start * 60, start * 60 + 120))
    found = next_allowed(someone, message, moment, RULES)
    if found is None:
        return
    assert found >= moment
    verdict = may_send(someone, message, found, RULES)
    assert isinstance(verdict, Allowed)
    assert strictest(someone, found)
    assert found < verdict.closes_at
    if found > moment:
        before = may_send(someone, message, found - timedelta(minutes=1), RULES)
        assert isinstance(before, Blocked)
        assert before.until == found


@settings(max_examples=examples(200))
@given(moment=st.one_of(moments, changes), zone=st.sampled_from(US_ZONES))
def test_an_hour_that_does_not_exist_is_no_hour(moment: datetime, zone: str) -> None:
    """A store window over the night of the change: what is allowed reads as allowed on the recipient's clock."""
    night = rules(email_window_start="01:30", email_window_end="02:30")
    verdict = may_send(person(timezone=zone), EMAIL, moment, night)
    if isinstance(verdict, Allowed):
        assert time(1, 30) <= moment.astimezone(ZoneInfo(zone)).time() < time(2, 30)


COUPON = MessageFacts("email", has_coupon=True)
NO_STATES = ("NA", "N.A.", "None", "US", "XX", "UN", "NO", "ZZ", "zz", "ON", "AE", "--", "??", "Unknown")
"""Two letters and blanks that are no state: the ZIP code tells, or the strictest law holds."""


@pytest.mark.parametrize(
    ("state", "postal_code", "banned"),
    [
        (None, None, True),
        ("", "", True),
        ("Mass.", None, True),
        ("Massachusetts", "04530", True),
        ("mass", None, True),
        ("US-MA", None, True),
        ("Massachusets", None, True),
        ("n/a", "02118", True),
        (None, "02118", True),
        (None, "02118-1234", True),
        ("ME", "02118", True),  # one of the two is wrong
        ("MA", "04530", True),
        ("Maine", None, False),
        (None, "04530", False),
        (None, "4530", True),
        ("N.H.", None, False),
        ("VI", None, False),
        (None, "00802", False),
        *((written, "02118", True) for written in NO_STATES),
        *((written, None, True) for written in NO_STATES),
        *((written, "04530", False) for written in NO_STATES),
    ],
)
def test_case_34_an_unknown_state_gets_no_coupons(state: str | None, postal_code: str | None, banned: bool) -> None:
    """As with hours, the strictest state's rule holds where nobody knows the state; however it was written."""
    home = place_of("email", state=state, postal_code=postal_code, timezone="America/New_York", phone=None)
    someone = person(**home)
    verdict = may_send(someone, COUPON, local(1, 12), RULES)
    assert (isinstance(verdict, Blocked) and verdict.reason is BlockReason.COUPON_BANNED) is banned
    assert isinstance(may_send(someone, EMAIL, local(1, 12), RULES), Allowed), "without money off it may go"
    assert is_banned(frozenset({"MA"}), state, postal_code) is banned, "and the planner foresees the same"
    assert not is_banned(frozenset(), state, postal_code), "nothing is banned where no law says so"


@pytest.mark.parametrize(
    ("written", "state"),
    [
        ("N. Carolina", "NC"), ("No. Carolina", "NC"), ("North Car.", "NC"), ("S. Carolina", "SC"), ("So. Car.", "SC"),
        ("W. Virginia", "WV"), ("West Va.", "WV"), ("So. Dakota", "SD"), ("No. Dak.", "ND"), ("N. Hampshire", "NH"),
        ("N. York", "NY"), ("N Jersey", "NJ"), ("New Mex.", "NM"), ("Washington, D.C.", "DC"),
        ("Dist. of Columbia", "DC"),
        ("Rhode Is.", "RI"), ("MA - Massachusetts", "MA"), ("MASSACHUSETTS (MA)", "MA"), ("NC/North Carolina", "NC"),
        ("West Virginia (W. Va.)", "WV"), ("Calif. CA", "CA"), ("Cali", "CA"), ("Washington", "WA"), ("Virginia", "VA"),
        ("Va.", "VA"), ("MA or NH", "MA or NH"), ("Washington Virginia", "Washington Virginia"), ("North", "North"),
        ("West Mexico", "West Mexico"), ("S. Virginia", "S. Virginia"), ("Carolina", "Carolina"),
    ],
)  # fmt: skip
def test_a_state_as_people_write_it(written: str, state: str) -> None:
    assert normalise_state(written) == state
    assert normalise_state(f" {written.upper()} ").upper() == state.upper()


def test_every_zip_code_prefix_belongs_to_one_state() -> None:
    seen: set[int] = set()
    for first, last, state in _ZIPS:
        assert state in STATES
        assert first <= last
        assert not seen & set(range(first, last + 1))
        seen |= set(range(first, last + 1))
    assert {state for *_, state in _ZIPS} == STATES - {"AS", "GU", "MP"}
    assert law_state(None, "96799-0001") == "AS"
    assert law_state(None, "96813") == "HI"


@given(st.text(max_size=3) | st.text("ABCDEFGHIJKLMNOPQRSTUVWXYZ.", min_size=2, max_size=3))
def test_no_text_is_a_state_the_us_has_not(written: str) -> None:
    assert law_state(written) in {None, *STATES}
    assert normalise_state(normalise_state(written)) == normalise_state(written)


@pytest.mark.parametrize("zone", ["America/Havana", "America/Sao_Paulo", "America/New_York"])
def test_whole_days_leave_nothing_out_between_them(zone: str) -> None:
    """Also where clocks change at midnight, and it is skipped or comes twice."""
    day = date(2018, 1, 1)
    while day.year == 2018:
        today, tomorrow = (interval(zone, one, WHOLE_DAY) for one in (day, day + timedelta(days=1)))
        assert today is not None
        assert tomorrow is not None
        assert today[1] == tomorrow[0], day
        day += timedelta(days=1)
