"""Cells that say who and where somebody is: ids, addresses, numbers, places. Pure."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from contextlib import suppress
from functools import lru_cache
from ipaddress import ip_address

from liquor_app.core.clock import time_zones
from liquor_app.core.errors import Invalid
from liquor_app.customers.addresses import normalise_email, normalise_phone, stands_for_nobody
from liquor_app.customers.countries import country_code
from liquor_app.customers.person_names import clean_person_name, given_first
from liquor_app.customers.places import STATES, normalise_state, state_of_prefix
from liquor_app.customers.whereabouts.zip_codes import state_of_phone
from liquor_app.imports.cleaning.answers.answer_cells import clean_answer
from liquor_app.imports.cleaning.cells import MAX_TEXT, REMEMBERED, Rejected, clean_text, clean_word

_NATIONAL_PHONE = re.compile(r"^(?:(?:\+|00)?1[ .-]?)?\(?([2-9]\d{2})\)?[ .-]?([2-9]\d{2})[ .-]?(\d{4})$")
_WHOLE = re.compile(r"^\d+\.0+$")
"""A number that went through a spreadsheet: 12583.0."""
_MANTISSA = re.compile(r"^[+-]?(?P<one>\d)(?:[.,](?P<rest>\d+))?E(?P<power>[+-]?\d{1,4})$", re.IGNORECASE)
"""One that may have lost its digits there: 6.17555E+09."""
_BY_SPREADSHEET = re.compile(r"[.,]\d+E|E[+-]", re.IGNORECASE)
"""… as no shop writes a code of its own."""
_ADDRESSES = re.compile(r"[^@\s]+@[^@\s]+(?: [^@\s]+@[^@\s]+)+")
_BEHIND_EMAIL = re.compile(r"(?:\?[^@\s]*| ?\([^()@]*\))$")
"""What a link (`?subject=…`) or a remark (`(work)`) puts behind an address."""
_SEVERAL = re.compile(r"\s?[;|\n]\s?|\s?,\s|\s/\s|,(?=[^,@\s]+@)|\s(?:or|and|&)\s")
"""Of a cell that has come through `clean_word`: its white space is single."""
_PLAIN_EMAIL = re.compile(r"[a-z0-9][a-z0-9_+.-]*@[a-z0-9.-]*[a-z0-9]", re.IGNORECASE | re.ASCII)
"""Most addresses: one of them, with nothing beside it."""
_IN_BRACKETS = re.compile(r"<([^<>]*)>\s?$")
_EXTENSION = re.compile(
    r"\s?(?:;?\s?(?:x|ext\.?|extension|#)\s?\d{1,6}|\([a-z][a-z .]{0,20}\)|[a-z]{1,10})\s?$", re.IGNORECASE
)


_NO_CUSTOMERS = frozenset({
    "guest", "guest customer", "cash", "cash customer", "cash sale", "walkin", "walk in", "walkin customer",
    "walk in customer", "anonymous", "anon", "unknown", "no customer", "nocustomer", "default customer",
})  # fmt: skip
"""Numbers under which a till sells to whoever tells no name: hundreds of people, and none of them."""


def clean_id(cell: str, field: str) -> str | None:
    """Return a name a program gave: without the apostrophe that keeps a spreadsheet from reading it as a number, and
    without the `.0` of one that did. Zeros are nobody's, and of customers "GUEST" and "CASH" (`_NO_CUSTOMERS`)."""
    text = clean_word(cell, field)
    if text is None:
        return None
    if text[0] == "'":
        text = text[1:].strip() or text
    if not text.isdigit() and (text[0].isdecimal() or text[0] in "+-") and _MANTISSA.match(text := unspread(text)):
        raise Rejected(f"bad_{field}", field, f"{field} lost its digits in a spreadsheet: {text[:40]!r}.")
    if field == "external_id" and text[:1].isalpha() and " ".join(re.split(r"[\s_-]+", text.lower())) in _NO_CUSTOMERS:
        return None
    return text if text.strip("0") else None


def unspread(text: str) -> str:
    """Return a whole number as it was before a spreadsheet or a program made one with a point of it: `12583.0`, and
    `6.175550142E+09` where all digits are there. Any other text stays."""
    if _WHOLE.match(text):
        return text.partition(".")[0]
    if (found := _MANTISSA.match(text)) is not None:
        rest, power = (found["rest"] or "").rstrip("0"), int(found["power"])
        if text[0] not in "+-" and 0 < power <= 30 and len(found["rest"] or "") >= power >= len(rest):
            return found["one"] + rest.ljust(power, "0")
    return text


def clean_code(cell: str, field: str) -> str | None:
    """Return a code a shop gave a product, as `clean_id` reads it. What a spreadsheet made of a long number names no
    product: many numbers become the same `8.1E+11`. A shop's own `4E2` stays what it is.

    Raises:
        Rejected: it lost its digits.
    """
    text = clean_word(cell, field)
    if text is None:
        return None
    if text[0] == "'":
        text = text[1:].strip() or text
    whole = unspread(text)
    if whole != text and not _WHOLE.match(text) and not _BY_SPREADSHEET.search(text):
        return text
    if whole == text and _MANTISSA.match(text) and _BY_SPREADSHEET.search(text):
        raise Rejected(f"bad_{field}", field, f"{field} lost its digits in a spreadsheet: {text[:40]!r}.")
    return whole


@lru_cache(maxsize=REMEMBERED)
def clean_order_id(cell: str) -> str | None:
    """Return an order's number. One that lost its digits in a spreadsheet numbers nothing: orders are told apart by who
    bought when, then, as in a file without numbers."""
    try:
        return clean_id(cell, "order_id")
    except Rejected:
        if len(cell) > MAX_TEXT or "\x00" in cell:
            raise
        return None


def clean_name(cell: str, field: str) -> str | None:
    """Return somebody's name; None for what tills write where they know none."""
    text = clean_text(cell, field)
    name = None if text is None else clean_person_name(text)
    return given_first(name) if name and field == "name" and "," in name else name


def each_in(cell: str) -> list[str]:
    """Return what a cell names, of several in it each: "ann@x.example, +1 617-555-0142"."""
    return _SEVERAL.split(cell)


def clean_email(cell: str) -> tuple[str | None, str | None]:
    """Return the address as written, and its key. Of several in a cell the first counts; the name beside it, `mailto:`
    and a full stop behind it are taken off. What stands for no address (`noemail@…`) is none."""
    text = clean_word(cell, "email")
    if text is None:
        return None, None
    if "@" in text and not _PLAIN_EMAIL.fullmatch(text):
        text = _SEVERAL.split(text.strip(" ;,|"), maxsplit=1)[0]
        if named := _IN_BRACKETS.search(text):
            text = named[1]
        text = text[7:] if text[:7].lower() == "mailto:" else text
        text = _BEHIND_EMAIL.sub("", text).strip(" .,;'\"<>")
        if _ADDRESSES.fullmatch(text):
            text = text.partition(" ")[0]
    try:
        key = normalise_email(text)
    except Invalid as error:
        raise Rejected("bad_email", "email", error.message) from error
    if stands_for_nobody(key):
        raise Rejected("nobodys_email", "email", f"email stands for no address: {text[:40]!r}.")
    return text, key


def clean_phone(cell: str, country: str) -> str | None:
    """Return E.164. Of several numbers in a cell the first counts, without its extension. Plain North American numbers
    are recognised without the library, which takes thirty times as long."""
    text = clean_word(cell, "phone")
    if text is None:
        return None
    plain = _NATIONAL_PHONE.match(text) if country == "US" else None
    if plain is None and not text.isdigit() and (whole := unspread(text)) != text:
        return clean_phone(whole, country)
    if plain:
        number = "+1" + "".join(plain.groups())
        if not _is_given_out(plain[1], plain[2]) or stands_for_nobody(number):
            raise Rejected("bad_phone", "phone", f"phone stands for no number: {text[:40]!r}.")
        return number
    if _MANTISSA.match(text):
        raise Rejected("bad_phone", "phone", f"phone lost its digits in a spreadsheet: {text[:40]!r}.")
    first = _EXTENSION.sub("", _SEVERAL.split(text, maxsplit=1)[0])
    if first != text and first:
        return clean_phone(first, country)
    try:
        return normalise_phone(text, country)
    except Invalid as error:
        raise Rejected("bad_phone", "phone", error.message) from error


def is_placeholder(cell: str, field: str) -> bool:
    """Tell whether a phone or an e-mail that cannot be taken is one people write where they know none (0000000000,
    555-0147, `noemail@…`): no fault of the file's. A number too short to be one is a slip of the pen."""
    if field == "email":
        try:
            clean_email(cell)
        except Rejected as why:
            return why.code == "nobodys_email"
        return False
    digits = "".join(one for one in cell if one.isdigit())
    if len(digits) == LEAST_DIGITS and digits.startswith("555"):
        return True
    return len(digits) >= LEAST_DIGITS and (len(set(digits)) == 1 or stands_for_nobody(f"+1{digits[-10:]}"))


LEAST_DIGITS = 7
"""Of a placeholder for a number."""


@lru_cache(maxsize=4 * REMEMBERED)
def _is_given_out(area: str, exchange: str) -> bool:
    """Tell whether North America has numbers of this area and exchange."""
    try:
        normalise_phone(f"+1{area}{exchange}0123")
    except Invalid:
        return False
    return True


def clean_ip(cell: str) -> str | None:
    """Return an internet address, version 4 or 6, in its usual spelling; None for blank, and for that of nobody."""
    text = clean_word(cell, "consent_ip")
    if text is None:
        return None
    try:
        address = ip_address(text)
    except ValueError as error:
        raise Rejected("bad_consent_ip", "consent_ip", f"consent_ip is no internet address: {text[:40]!r}.") from error
    return None if address.is_unspecified else str(address)


@lru_cache(maxsize=REMEMBERED)
def clean_state(cell: str) -> str | None:
    """As `normalise_state` reads it; None if blank. What answers a question is no state, nor a region abroad.

    Raises:
        Rejected: "Active", "unsubscribed".
    """
    text = clean_text(cell, "state")
    if text is None:
        return None
    state = normalise_state(text)
    if state and state not in STATES and _is_answer(state):
        raise Rejected("bad_state", "state", f"state is no state: {text[:40]!r}.")
    return state or None


def _is_answer(text: str) -> bool:
    if len(text) == 2:
        return False  # ON is Ontario, NO is in Norway
    with suppress(Rejected):
        clean_answer(text, "state")
        return True
    return False


@lru_cache(maxsize=REMEMBERED)
def clean_postal_code(cell: str) -> str | None:
    """Return a postal code as it is written; `12345.0` is 12345, `021391234` is 02139-1234, `MA 02139` is 02139."""
    text = clean_word(cell, "postal_code")
    if text is None:
        return None
    text = unspread(text)
    if (found := _ZIP.match(text)) is None or (told := state_of_prefix(found["zip"][:3])) is None:
        return text
    if found["state"] and normalise_state(found["state"]) not in (told, "US"):
        return text  # DE 10115 lies in Berlin
    return f"{found['zip']}-{found['more']}" if found["more"] else found["zip"]


_ZIP = re.compile(r"^(?:(?:.*[ ,])?(?P<state>[A-Za-z]{2})[ .,-]*)?(?P<zip>\d{5})(?:-?(?P<more>\d{4})|-)?$", re.ASCII)


def tell_of_us(rows: Iterable[Sequence[str]], at: Mapping[str, int]) -> bool:
    """Tell whether any of a file's first rows says that it is about the United States: by a state, a country or a
    telephone number."""
    state, country, phone = (at.get(name) for name in ("state", "country", "phone"))
    return any(
        (state is not None and normalise_state(cells[state]) in STATES)
        or (country is not None and country_code(cells[country]) in WITH_ZIPS)
        or (phone is not None and _is_us_phone(cells[phone]))
        for cells in rows
    )


WITH_ZIPS = frozenset({"US", "PR", "VI"})
"""Countries whose postal codes are ZIP codes."""


def _is_us_phone(cell: str) -> bool:
    try:
        return state_of_phone(clean_phone(cell, "US")) is not None
    except Rejected:
        return False


@lru_cache(maxsize=REMEMBERED)
def clean_country(cell: str) -> str | None:
    """ISO 3166-1 alpha-2."""
    text = clean_text(cell, "country")
    if text is None:
        return None
    code = country_code(text)
    if code is None:
        raise Rejected("bad_country", "country", f"country must be two letters such as US, not {text[:40]!r}.")
    return code


@lru_cache(maxsize=REMEMBERED)
def clean_timezone(cell: str) -> str | None:
    text = clean_word(cell, "timezone")
    if text is not None and text not in time_zones():
        raise Rejected("bad_timezone", "timezone", f"timezone must be a name such as America/New_York, not {text!r}.")
    return text
