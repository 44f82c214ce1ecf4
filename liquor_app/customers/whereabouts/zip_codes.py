"""What ZIP codes say of time zones and states, from the `zipcodes` package (USPS and Census data). Pure.

A state is no zone: by one zone a state, 1,301 of 41,924 codes would be told the wrong hour (Knoxville, all of western
Kentucky). Where the code is known its own zone counts; where it is not, every zone the state has.
"""

from __future__ import annotations

import re
from collections import Counter, defaultdict
from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from itertools import chain
from string import digits

import zipcodes

from liquor_app.core.clock import time_zones
from liquor_app.customers.places import STATES, normalise_state, state_of_prefix

_ZIP = re.compile(r"^(\d{5})(?:-?\d{4})?$", re.ASCII)
_SOLDIERS = re.compile(r"^(?:09|340|96[2-6])")
"""Post offices of the forces: whoever writes from one may be anywhere, whatever state the package says (five of them
are New Jersey's to it)."""


@dataclass(frozen=True, slots=True)
class _Atlas:
    zone_of_zip: Mapping[str, str]
    zones_of_state: Mapping[str, tuple[str, ...]]
    """Those of its ZIP codes, the most frequent first."""
    state_of_zip: Mapping[str, str]
    """Of every code there is, with or without a zone; the forces' and the free states' are none to the law."""
    state_of_area: Mapping[str, str]
    """By the three digits of a phone number, the state most of its ZIP codes lie in."""


@lru_cache(maxsize=1)
def _atlas() -> _Atlas:
    """Read once a process, in a second and 50 MB: asking the package by code takes .4 ms each. In tenths, so that its
    42,789 entries never stand in memory together."""
    known = time_zones()
    zones: dict[str, str] = {}
    places: dict[str, str] = {}
    states: dict[str, Counter[str]] = defaultdict(Counter)
    areas: dict[str, Counter[str]] = defaultdict(Counter)
    for entry in chain.from_iterable(zipcodes.similar_to(digit) for digit in digits):
        code, zone, state = str(entry["zip_code"]), str(entry["timezone"]), str(entry["state"])
        places[code] = state
        if zone in known:
            zones[code] = zone
            states[state][zone] += 1
        if state in STATES:
            for area in entry["area_codes"]:
                areas[area][state] += 1
    return _Atlas(
        zone_of_zip=zones,
        state_of_zip=places,
        zones_of_state={state: tuple(zone for zone, _ in counted.most_common()) for state, counted in states.items()},
        state_of_area={area: counted.most_common(1)[0][0] for area, counted in areas.items()},
    )


@lru_cache(maxsize=65_536)
def law_state(state: str | None, postal_code: str | None = None) -> str | None:
    """Return two letters of the state somebody says to live in: the one on file, else the ZIP code's; None if neither
    tells. What is written there but is no state of the US (`NA`, `XX`, a typing error) tells nothing: whoever does not
    know somebody's state takes the strictest one's law. The law may be another's as well: `law_states`."""
    known = state if state in STATES else normalise_state(state or "")  # as files have been read it is two letters
    if known in STATES:
        return known
    found = _ZIP.match((postal_code or "").strip())
    return _state_of(found[1]) if found else None


def _state_of(code: str) -> str | None:
    """Return the state a ZIP code's five digits lie in, if it has a law of its own."""
    if _SOLDIERS.match(code):
        return None
    told = _atlas().state_of_zip.get(code) or state_of_prefix(code)
    return told if told in STATES else None


@lru_cache(maxsize=65_536)
def law_states(state: str | None, postal_code: str | None) -> frozenset[str]:
    """Return every state whose law may hold for somebody with this address: two where the ZIP code lies in another than
    the one on file, for one of them is wrong and nobody knows which; empty where nothing is known, which is all."""
    told = (law_state(state, postal_code), law_state(None, postal_code))
    return frozenset(state for state in told if state is not None)


@lru_cache(maxsize=65_536)
def zones_of_place(state: str | None, postal_code: str | None) -> tuple[str, ...]:
    """Return every time zone somebody with this address may live in: the ZIP code's, else each of the state's, the
    one with most ZIP codes first; empty where neither says anything.

    A ZIP code of another state than the one on file speaks for neither alone: both are possible.
    """
    found = _ZIP.match((postal_code or "").strip())
    zone = _atlas().zone_of_zip.get(found[1]) if found else None
    lives = state if state in STATES else law_state(state, postal_code)
    if found is None or zone is None:
        return _atlas().zones_of_state.get(lives or "", ())
    if lives is not None and _state_of(found[1]) not in (None, lives):
        return tuple(dict.fromkeys((*_atlas().zones_of_state.get(lives, ()), zone)))
    return (zone,)


_LOST_ZEROS = re.compile(r"^(\d{3,4})(?:-?(\d{4}))?$", re.ASCII)


def lost_zeros(postal_code: str) -> bool:
    """Tell whether a code is what a spreadsheet makes of a ZIP code of New England or Puerto Rico: 2139, 501, or, with
    its four further digits, 21391234."""
    return _LOST_ZEROS.match(postal_code) is not None


def with_zeros(postal_code: str, state: str | None) -> str | None:
    """Return the ZIP code that lost its leading zeros (`2139` is 02139), None where there is no such code, or it lies
    in another state than the one on file."""
    if (found := _LOST_ZEROS.match(postal_code)) is None or (code := found[1].zfill(5)) not in _atlas().state_of_zip:
        return None
    whole = f"{code}-{found[2]}" if found[2] else code
    return whole if state is None or law_state(None, code) == law_state(state, None) else None


def state_of_phone(phone: str | None) -> str | None:
    """Return the state an American number's area code belongs to; None where there is none (toll-free, abroad).

    People keep their numbers when they move, and a state's law may reach the number and the place.
    """
    if not phone or not phone.startswith("+1") or len(phone) != 12:
        return None
    return _atlas().state_of_area.get(phone[2:5])


def known_zone(name: str | None) -> str | None:
    """Return the IANA name of a zone there is; None for any other, which says nothing of where somebody is."""
    return name if name in time_zones() else None
