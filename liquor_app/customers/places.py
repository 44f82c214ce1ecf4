"""Where somebody lives, for the law: one reading of states for forms, the API, imports and the rules. Pure."""

from __future__ import annotations

import re
from difflib import get_close_matches
from functools import lru_cache

from liquor_app.organization.us_states import STATE_NAMES
from liquor_app.organization.us_states import STATES as STATES  # noqa: PLC0414 - told to be ours to hand on

_BLANK = frozenset({"n", "na", "n a", "nan", "nil", "null", "none", "unknown", "not applicable", "not available"})
"""What programs and people write where they know nothing, letters only."""

# As people write them on envelopes (GPO Style Manual, 9.13, and a few more).
_SHORT = {
    "ala": "AL", "ariz": "AZ", "ark": "AR", "cal": "CA", "calif": "CA", "colo": "CO", "conn": "CT", "del": "DE",
    "dc": "DC", "washington dc": "DC", "fla": "FL", "ill": "IL", "ind": "IN", "kan": "KS", "kans": "KS", "ken": "KY",
    "mass": "MA", "mich": "MI", "minn": "MN", "miss": "MS", "mont": "MT", "neb": "NE", "nebr": "NE", "nev": "NV",
    "okla": "OK", "ore": "OR", "oreg": "OR", "penn": "PA", "penna": "PA", "tenn": "TN", "tex": "TX", "vt": "VT",
    "wash": "WA", "wis": "WI", "wisc": "WI", "wyo": "WY", "n h": "NH", "n j": "NJ", "n m": "NM", "n mex": "NM",
    "n y": "NY", "n c": "NC", "n d": "ND", "n dak": "ND", "s c": "SC", "s d": "SD", "s dak": "SD", "r i": "RI",
    "w va": "WV", "d c": "DC", "p r": "PR", "cali": "CA", "r island": "RI", "rhode is": "RI", "rhode isl": "RI",
    "washington d c": "DC", "dist of columbia": "DC", "washington district of columbia": "DC",
}  # fmt: skip
# Of the states that are named by where they lie, or new: each part in any of its ways.
_PARTS = {
    "n": "north", "no": "north", "nth": "north", "s": "south", "so": "south", "sth": "south", "w": "west",
    "car": "carolina", "caro": "carolina", "dak": "dakota", "va": "virginia", "virg": "virginia", "hamp": "hampshire",
    "mex": "mexico",
}  # fmt: skip
_NEW = frozenset({"hampshire", "jersey", "mexico", "york"})
_AROUND = re.compile(r"^(?:us|usa|united states)[ ]|[ ](?:us|usa|united states)$|^(?:state|commonwealth) of ")

# The first three digits of a ZIP code, from and to (USPS, Domestic Mail Manual L002).
_ZIPS: tuple[tuple[int, int, str], ...] = (
    (5, 5, "NY"), (6, 7, "PR"), (8, 8, "VI"), (9, 9, "PR"), (10, 27, "MA"), (28, 29, "RI"), (30, 38, "NH"),
    (39, 49, "ME"),
    (50, 54, "VT"), (55, 55, "MA"), (56, 59, "VT"), (60, 69, "CT"), (70, 89, "NJ"), (100, 149, "NY"), (150, 196, "PA"),
    (197, 199, "DE"), (200, 200, "DC"), (201, 201, "VA"), (202, 205, "DC"), (206, 219, "MD"), (220, 246, "VA"),
    (247, 268, "WV"), (270, 289, "NC"), (290, 299, "SC"), (300, 319, "GA"), (320, 339, "FL"), (341, 349, "FL"),
    (350, 369, "AL"), (370, 385, "TN"), (386, 397, "MS"), (398, 399, "GA"), (400, 427, "KY"), (430, 459, "OH"),
    (460, 479, "IN"), (480, 499, "MI"), (500, 528, "IA"), (530, 549, "WI"), (550, 567, "MN"), (569, 569, "DC"),
    (570, 577, "SD"), (580, 588, "ND"), (590, 599, "MT"), (600, 629, "IL"), (630, 658, "MO"), (660, 679, "KS"),
    (680, 693, "NE"), (700, 714, "LA"), (716, 729, "AR"), (730, 732, "OK"), (733, 733, "TX"), (734, 749, "OK"),
    (750, 799, "TX"), (800, 816, "CO"), (820, 831, "WY"), (832, 838, "ID"), (840, 847, "UT"), (850, 865, "AZ"),
    (870, 884, "NM"), (885, 885, "TX"), (889, 898, "NV"), (900, 961, "CA"), (967, 968, "HI"), (970, 979, "OR"),
    (980, 994, "WA"), (995, 999, "AK"),
)  # fmt: skip


@lru_cache(maxsize=4096)
def normalise_state(text: str) -> str:
    """Return a US state as its two letters, however it was written; empty where it says nothing ("N/A", "None", "-").
    What is neither is kept as it is, two letters as capitals: a region abroad, or a mistake; the law knows neither.

    "Massachusetts", "Mass.", "MASS", "us-ma", "Commonwealth of Massachusetts", "MA, USA" and
    "MA - Massachusetts" are MA.
    """
    written = " ".join(text.split())
    plain = " ".join(re.sub(r"[^a-z]+", " ", written.lower()).split())
    if plain in _BLANK or not any(letter.isalnum() for letter in written):
        return ""
    for _ in range(2):
        plain = _AROUND.sub("", plain).strip()
    return _state_of(plain) or _said_twice(plain) or (written.upper() if len(written) == 2 else written)


def _state_of(plain: str) -> str | None:
    if len(plain) == 2 and plain.upper() in STATES:
        return plain.upper()
    return STATE_NAMES.get(plain) or _SHORT.get(plain) or STATE_NAMES.get(_in_full(plain))


def _in_full(plain: str) -> str:
    """Return a name of two parts with both in full: "no car" is north carolina, "n hampshire" new hampshire."""
    first, _, second = plain.partition(" ")
    second = _PARTS.get(second, second)
    first = "new" if first == "n" and second in _NEW else _PARTS.get(first, first)
    return f"{first} {second}"


def _said_twice(plain: str) -> str | None:
    """Return the state two ways of writing it agree on: "MA - Massachusetts", "Massachusetts (MA)"."""
    words = plain.split()
    for at in range(1, min(len(words), 6)):
        if (found := _state_of(" ".join(words[:at]))) and found == _state_of(" ".join(words[at:])):
            return found
    return None


@lru_cache(maxsize=4096)
def nearly_a_state(text: str) -> bool:
    """Tell whether a name is a US state's but for a letter or two ("Masachusets"); Kansai in Japan is not Kansas."""
    plain = " ".join(re.sub(r"[^a-z]+", " ", text[:60].lower()).split())
    return plain not in STATE_NAMES and bool(get_close_matches(plain, STATE_NAMES, n=1, cutoff=_NEARLY))


_NEARLY = 0.84
"""Twice the letters in common, by all letters of both: Masachusets .92, Texs .89, Kansai .83."""


def state_of_prefix(zip_code: str) -> str | None:
    """Return the state most ZIP codes with these first three digits lie in; None where there are none. A few lie across
    the border: `whereabouts.zip_codes` knows them one by one."""
    return _STATE_OF_PREFIX.get(int(zip_code[:3]))


_STATE_OF_PREFIX = {prefix: code for first, last, code in reversed(_ZIPS) for prefix in range(first, last + 1)}
