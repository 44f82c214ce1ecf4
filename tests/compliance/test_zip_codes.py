"""Where the recipient's clock hangs: every ZIP code there is, held against the package's own rows one by one."""

from __future__ import annotations

from datetime import datetime
from zoneinfo import ZoneInfo, available_timezones

import phonenumbers
import pytest
import zipcodes
from phonenumbers import geocoder

from liquor_app.compliance.legal_rules import US_ZONES
from liquor_app.compliance.may_send import Allowed, PersonFacts, may_send, recipient_zones
from liquor_app.compliance.recipient_place import place_of
from liquor_app.customers.addresses import guess_timezone, is_american
from liquor_app.customers.places import STATES, normalise_state
from liquor_app.customers.whereabouts.zip_codes import law_state, law_states, state_of_phone, zones_of_place
from tests.compliance.test_may_send import LAW_ONLY, SMS, strictest

KNOWN = available_timezones()


def test_every_zip_code_of_the_package_has_its_own_zone_or_the_strictest() -> None:
    nowhere = 0
    for row in zipcodes.list_all():
        code, zone = row["zip_code"], row["timezone"]
        found = zones_of_place(None, code)
        if zone in KNOWN:
            assert found == (zone,), code
        else:
            nowhere += 1
            lives = law_state(None, code)
            assert set(found) == (set() if lives is None else set(zones_of_place(lives, None))), code
            someone = PersonFacts(age_verified=True, place_zones=found)
            assert found or recipient_zones(someone, "sms", LAW_ONLY) == US_ZONES
    assert nowhere == 824


def test_every_zip_code_of_the_package_lies_in_its_own_state() -> None:
    """Not in that of its first three digits; the forces' post offices and the free states are no state's."""
    for row in zipcodes.list_all():
        code, state = row["zip_code"], row["state"]
        forces = code.startswith(("09", "340", "962", "963", "964", "965", "966"))
        assert law_state(None, code) == (state if state in STATES and not forces else None), code
    strays = {"06390": "NY", "72643": "MO", "73960": "TX", "83414": "WY", "20588": "MD", "20598": "VA", "96913": "GU"}
    assert {code: law_state(None, code) for code in strays} == strays
    assert law_state(None, "02899") == "RI", "a code the package does not know is its first three digits'"
    assert law_states("CT", "06390") == {"CT", "NY"}
    assert law_states("GA", None) == {"GA"} == law_states("GA", "30303") == law_states("ga", "00000")
    assert law_states("XX", "09012") == frozenset()


def test_every_state_has_every_zone_of_its_zip_codes() -> None:
    zones: dict[str, set[str]] = {}
    for row in zipcodes.list_all():
        if row["timezone"] in KNOWN:
            zones.setdefault(row["state"], set()).add(row["timezone"])
    for state in STATES:
        assert set(zones_of_place(state, None)) == zones[state]
    assert set(zones_of_place("TN", None)) == {"America/Chicago", "America/New_York"}
    assert set(zones_of_place("NY", "99501")) == {"America/New_York", "America/Anchorage"}, "one of them is wrong"


def test_every_area_code_is_of_the_state_another_package_says() -> None:
    compared = 0
    for area in range(200, 1000):
        number = f"+1{area}2345678"
        place = geocoder.description_for_number(phonenumbers.parse(number), "en")
        told = normalise_state(place.split(",")[-1].strip())
        ours = state_of_phone(number)
        if told in STATES and ours is not None:
            compared += 1
            assert ours == told, area
    assert compared > 330
    assert state_of_phone("+18005551234") is None
    assert state_of_phone("+442071838750") is None


@pytest.mark.parametrize(
    ("phone", "american"),
    [("+12075550100", True), ("+17875551234", True), ("+14165550100", False), ("+442071838750", False),
     ("+18765551234", False), ("12", False)],
)  # fmt: skip
def test_canada_is_not_america_to_a_carrier(phone: str, american: bool) -> None:
    assert is_american(phone) is american


def test_knoxville_goes_to_bed_an_hour_before_memphis() -> None:
    """Half past nine there is half past eight in Memphis; a person of Tennessee with no ZIP code may be in either."""

    def at(hour: int, minute: int, postal_code: str | None) -> bool:
        moment = datetime(2026, 11, 4, hour, minute, tzinfo=ZoneInfo("America/New_York"))
        place = place_of("sms", state="TN", postal_code=postal_code, timezone=None, phone=None)
        someone = PersonFacts(age_verified=True, **place)
        allowed = isinstance(may_send(someone, SMS, moment, LAW_ONLY), Allowed)
        assert allowed == strictest(someone, moment)
        return allowed

    assert [at(20, 30, code) for code in ("37902", "38103", None)] == [True, True, True]
    assert [at(21, 30, code) for code in ("37902", "38103", None)] == [False, True, False]
    assert [at(8, 30, code) for code in ("37902", "38103", None)] == [True, False, False]


def test_what_is_stored_is_the_zip_codes_zone() -> None:
    assert guess_timezone("TN", None, "37902") == "America/New_York"
    assert guess_timezone("TN", None, None) == "America/Chicago"
    assert guess_timezone(None, None, "37902-1234") == "America/New_York"
