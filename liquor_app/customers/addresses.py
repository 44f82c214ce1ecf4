"""Addresses as the field understands them: normalised e-mail, E.164 phone, and where somebody lives in time."""

from __future__ import annotations

import re
from collections.abc import Mapping
from functools import lru_cache
from typing import Any

import idna
import phonenumbers
from phonenumbers import timezone as phone_timezone

from liquor_app.core.errors import Invalid
from liquor_app.core.security.pepper import pepper_hash
from liquor_app.customers.visible_text import visible
from liquor_app.customers.whereabouts.zip_codes import zones_of_place

_EMAIL = re.compile(r"^[^@\s\"(),:;<>\[\]\\]{1,64}@[^@\s]{1,253}$")
_LABEL = re.compile(r"^(?!-)[a-z0-9-]{1,63}(?<!-)$")

# One zone a state: the one most of its people live in. Where a state spans two, `compliance` takes the strictest.
STATE_TIMEZONES: dict[str, str] = {
    **dict.fromkeys(
        [
            "CT",
            "DC",
            "DE",
            "FL",
            "GA",
            "IN",
            "KY",
            "MA",
            "MD",
            "ME",
            "MI",
            "NC",
            "NH",
            "NJ",
            "NY",
            "OH",
            "PA",
            "RI",
            "SC",
            "VA",
            "VT",
            "WV",
        ],
        "America/New_York",
    ),
    **dict.fromkeys(
        ["AL", "AR", "IA", "IL", "KS", "LA", "MN", "MO", "MS", "ND", "NE", "OK", "SD", "TN", "TX", "WI"],
        "America/Chicago",
    ),
    **dict.fromkeys(["CO", "ID", "MT", "NM", "UT", "WY"], "America/Denver"),
    **dict.fromkeys(["CA", "NV", "OR", "WA"], "America/Los_Angeles"),
    "AZ": "America/Phoenix",
    "AK": "America/Anchorage",
    "HI": "Pacific/Honolulu",
    "PR": "America/Puerto_Rico",
}


def normalise_email(value: str, field: str = "email") -> str:
    """Return the key two spellings of one address share: trimmed, lower case, IDNA domain. Dots and tags are kept:
    they name different mailboxes at most providers.

    Raises:
        Invalid: it cannot be an address.
    """
    text = visible(value).strip()
    if not _EMAIL.match(text) or len(text) > 254 or "\0" in text:
        raise _no_address(text, field)
    local, domain = text.rsplit("@", 1)
    known = _domain(domain)
    if not known or ".." in local or local[0] == ".":
        raise _no_address(text, field)
    return f"{local.lower()}@{known}"


_DOTLESS = frozenset({"gmail.com", "googlemail.com"})


def mailbox_of(email: str) -> str:
    """Return the mailbox a normalised address most likely leads to: without a tag, and without dots where they mean
    nothing. Only for counting and for leaving alone: what names a person stays as they write it."""
    local, _, domain = email.rpartition("@")
    plain = local.partition("+")[0] or local
    if domain in _DOTLESS:
        return f"{plain.replace('.', '')}@gmail.com"
    return f"{plain}@{domain}"


def _no_address(text: str, field: str) -> Invalid:
    return Invalid(f"{field} is not an e-mail address: {text[:80]!r}", field=field)


@lru_cache(maxsize=4096)
def _domain(domain: str) -> str:
    """Return the domain as compared, empty if it cannot be one. Most people live at a few of them."""
    try:
        # IDNA 2008, as registries and mail servers have it: `straße.de` is another domain than `strasse.de`
        plain = domain.lower() if domain.isascii() else idna.encode(domain, uts46=True).decode()
    except UnicodeError:
        return ""
    labels = plain.split(".")
    return plain if len(labels) >= 2 and all(_LABEL.match(label) for label in labels) else ""


def normalise_phone(value: str, country: str = "US", field: str = "phone", *, is_given_out: bool = True) -> str:
    """E.164.

    Args:
        is_given_out: refuse numbers of areas and kinds nobody has (000-000-0000, 555-0147). Who says no is heard from
            any number of a possible length.

    Raises:
        Invalid: no number of that country.
    """
    try:
        number = phonenumbers.parse(visible(value), country)
    except phonenumbers.NumberParseException as error:
        raise Invalid(f"{field} is not a phone number: {value[:40]!r}", field=field) from error
    written = str(phonenumbers.format_number(number, phonenumbers.PhoneNumberFormat.E164))
    if not phonenumbers.is_possible_number(number) or (
        is_given_out and (not phonenumbers.is_valid_number(number) or stands_for_nobody(written))
    ):
        raise Invalid(f"{field} is not a valid phone number: {value[:40]!r}", field=field)
    return written


_NO_WORDS = (
    r"no[._-]?name|no|none?|null|na|example|nothing|fake|dummy|unknown|declined|refused|test|anonymous|xx+"
    r"|guest|walk[._-]?in|customer|cash|e?mail|asdf|qwerty|abc"
)
_NO_MAILBOX = re.compile(
    # whatever the place: what says by itself that it is none
    r"^(?:(?:no|do[._-]?not|dont)[._-]?e?-?mail(?:[._-]?address)?|no[._-]?reply"
    r"|none|declined|refused|walk[._-]?in|not[._-]?(?:given|provided|available|applicable))\d*(?:\+[^@]*)?@"
    # at a place that is nowhere: anybody
    r"|^[^@]*@(?:no[._-]?e?-?mail|none|nowhere|noone|nobody|fake|dummy)\.[a-z]{2,4}$"
    # words for nobody, at places like it or that give mailboxes to everybody
    rf"|^(?:{_NO_WORDS})\d*@(?:no|null|na|nothing|unknown|test|xx+|e?mail|aol|gmail|yahoo|hotmail)\.[a-z]{{2,4}}$"
    # the same word twice, or one letter or digit
    rf"|^(?P<word>{_NO_WORDS}|[a-z\d]|\d+)@(?P=word)\.[a-z]{{2,4}}$"
)
_DIRECTORY = re.compile(r"^\+1\d{3}5551212$")
"""What an area's directory answers at, and people at a till type."""
_SAME_DIGITS = re.compile(r"^\+(?:1?(\d)\1{6,}|1\d{3}(\d)\2{6})$")
"""… in all places, or behind the area: 617-999-9999."""


def stands_for_nobody(address: str) -> bool:
    """Tell whether a normalised address is what people at a till type where there is none: noemail@…, 8888888888."""
    if address[0] == "+":
        return _SAME_DIGITS.match(address) is not None or _DIRECTORY.match(address) is not None
    return _NO_MAILBOX.match(address) is not None


def show_phone(phone: str) -> str:
    """Return a stored number as people write it, "+1 617-555-0124"; what is no number as it stands."""
    try:
        number = phonenumbers.parse(phone, None)
    except phonenumbers.NumberParseException:
        return phone
    return str(phonenumbers.format_number(number, phonenumbers.PhoneNumberFormat.INTERNATIONAL))


def address_hash(address: str) -> bytes:
    """Peppered hash of a normalised e-mail address or E.164 number: the suppression list knows it for ever."""
    return pepper_hash(address)


@lru_cache(maxsize=4096)
def zones_of_phone(phone: str) -> tuple[str, ...]:
    """IANA zones a number's prefix belongs to; empty if unknown."""
    try:
        found = phone_timezone.time_zones_for_number(phonenumbers.parse(phone, None))
    except phonenumbers.NumberParseException:
        return ()
    return tuple(zone for zone in found if zone != "Etc/Unknown")


_AMERICAN = frozenset({"US", "PR", "VI", "GU", "AS", "MP"})


@lru_cache(maxsize=65_536)
def is_american(phone: str) -> bool:
    """Tell whether a number is of the United States or a territory: +1 alone is Canada and the Caribbean too."""
    try:
        number = phonenumbers.parse(phone, None)
    except phonenumbers.NumberParseException:
        return False
    return phonenumbers.region_code_for_number(number) in _AMERICAN


@lru_cache(maxsize=65_536)
def _region_of(phone: str) -> str:
    try:
        return phonenumbers.region_code_for_number(phonenumbers.parse(phone, None)) or ""
    except phonenumbers.NumberParseException:
        return ""


_AREA, _SUBSCRIBER = 5, "2345678"
"""Of a +1 number: how much of it the area takes, and what any area has behind it."""


def country_of_phone(phone: str) -> str | None:
    """Return the country a normalised number is of, where it is another than the United States and its territories;
    None for these, and for numbers of nowhere. Of a +1 number the area tells."""
    region = _region_of(phone[:_AREA] + _SUBSCRIBER if phone.startswith("+1") else phone)
    return region if len(region) == 2 and region.isalpha() and region not in _AMERICAN else None


_FIVE_DIGITS = frozenset(
    {"DE", "EE", "ES", "FI", "FR", "GR", "HR", "IL", "IT", "KR", "MX", "MY", "SA", "SE", "TH", "TR"}
)
"""Countries whose postal codes look like ZIP codes."""
_ZIP = re.compile(r"\d{5}(?:-\d{4})?", re.ASCII)


def country_of_somebody_new(values: Mapping[str, Any]) -> str | None:
    """Return the country of a person whose address names none: their phone's own, where that is another than the United
    States and neither state nor ZIP code says these; None where nothing says so."""
    phone, state = values.get("phone"), str(values.get("state") or "")
    if not phone or values.get("country") or state.upper() in STATE_TIMEZONES or state.upper() in FORCES:
        return None
    country = country_of_phone(str(phone))
    is_zip = _ZIP.fullmatch(str(values.get("postal_code") or "")) is not None
    return None if is_zip and country not in _FIVE_DIGITS else country


FORCES = frozenset({"AA", "AE", "AP"})
"""What soldiers abroad write for a state."""


_PERSONS = frozenset({
    phonenumbers.PhoneNumberType.MOBILE, phonenumbers.PhoneNumberType.FIXED_LINE,
    phonenumbers.PhoneNumberType.FIXED_LINE_OR_MOBILE,
})  # fmt: skip


def is_persons_phone(phone: str) -> bool:
    """Tell whether a normalised number may be somebody's telephone: toll-free, premium and follow-me numbers (800, 900,
    500) are not, and a text to some of them earns whoever owns them money."""
    try:
        return phonenumbers.number_type(phonenumbers.parse(phone, None)) in _PERSONS
    except phonenumbers.NumberParseException:
        return False


def guess_timezone(state: str | None, phone: str | None, postal_code: str | None = None) -> str | None:
    """Return a person's zone: the ZIP code's, else the one most of their state lives in, else the phone's if its prefix
    names just one; None if unknown."""
    if postal_code and (zones := zones_of_place(state, postal_code)) and len(zones) == 1:
        return zones[0]
    if state and state.upper() in STATE_TIMEZONES:
        return STATE_TIMEZONES[state.upper()]
    zones = zones_of_phone(phone) if phone else ()
    return zones[0] if len(zones) == 1 else None
