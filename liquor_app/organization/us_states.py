"""The states as the law knows them, and the one a shop's licence is probably of. Pure."""

from __future__ import annotations

import re
from string import ascii_letters

STATE_NAMES = {
    "alabama": "AL", "alaska": "AK", "arizona": "AZ", "arkansas": "AR", "california": "CA", "colorado": "CO",
    "connecticut": "CT", "delaware": "DE", "district of columbia": "DC", "florida": "FL", "georgia": "GA",
    "hawaii": "HI", "idaho": "ID", "illinois": "IL", "indiana": "IN", "iowa": "IA", "kansas": "KS", "kentucky": "KY",
    "louisiana": "LA", "maine": "ME", "maryland": "MD", "massachusetts": "MA", "michigan": "MI", "minnesota": "MN",
    "mississippi": "MS", "missouri": "MO", "montana": "MT", "nebraska": "NE", "nevada": "NV", "new hampshire": "NH",
    "new jersey": "NJ", "new mexico": "NM", "new york": "NY", "north carolina": "NC", "north dakota": "ND",
    "ohio": "OH", "oklahoma": "OK", "oregon": "OR", "pennsylvania": "PA", "puerto rico": "PR", "rhode island": "RI",
    "south carolina": "SC", "south dakota": "SD", "tennessee": "TN", "texas": "TX", "utah": "UT", "vermont": "VT",
    "virginia": "VA", "washington": "WA", "west virginia": "WV", "wisconsin": "WI", "wyoming": "WY",
    "american samoa": "AS", "guam": "GU", "northern mariana islands": "MP", "virgin islands": "VI",
}  # fmt: skip
STATES = frozenset(STATE_NAMES.values())
"""The states, the district and the territories: nothing else is a state to the law."""

_ZIP = re.compile(r"(?<=\s)\d{5}(?:-\d{4})?\s*+(?:,\s*+)?(?:USA?|United States)?\s*+$")


def state_of_address(postal_address: str) -> str | None:
    """Return the state a written address ends with, "12 Main St, Portland, ME 04101": a guess for a person to confirm;
    None if there is none to read."""
    zip_code = _ZIP.search(postal_address)
    if zip_code is None:
        return None
    before = postal_address[: zip_code.start()].rstrip()
    before = before[:-1] if before.endswith((".", ",")) else before
    words = before[len(before.rstrip(f"{ascii_letters} ")) :].split()
    tails = (" ".join(words[start:]) for start in range(len(words)))
    return next((code for tail in tails if (code := _code(tail)) is not None), None)


def _code(written: str) -> str | None:
    return written.upper() if written.upper() in STATES else STATE_NAMES.get(written.lower())


def state_name(code: str) -> str:
    """Return a state's name, "Rhode Island"."""
    small = {"of"}
    name = next(name for name, known in STATE_NAMES.items() if known == code)
    return " ".join(word if word in small else word.capitalize() for word in name.split())
