"""Made-up people for the sample households: names, addresses, telephone numbers, places, birthdays.

Nothing here can reach anybody: addresses end in `example.com` (RFC 2606) and numbers are 555-0100 to 555-0199, which
the North American numbering plan keeps for fiction.
"""

from __future__ import annotations

import unicodedata
from collections import Counter
from dataclasses import dataclass
from datetime import date, timedelta

import numpy as np
import pandas as pd

from liquor_app.core.errors import Unavailable

NUMBERS_PER_AREA = 100
LEGAL_AGE = 21


@dataclass(frozen=True, slots=True)
class Place:
    """A city, and the area codes around it. `weight` is its share of the sample's households."""

    city: str
    state: str
    postal_code: str
    timezone: str
    areas: tuple[str, ...]
    weight: float


# The data's own clock is New York's, so most households live by it; a few do not, to show that hours are local.
PLACES = (
    Place("New York", "NY", "10011", "America/New_York", ("212", "646", "917", "718"), 0.14),
    Place("Buffalo", "NY", "14201", "America/New_York", ("716",), 0.04),
    Place("Newark", "NJ", "07102", "America/New_York", ("201", "973"), 0.08),
    Place("Philadelphia", "PA", "19103", "America/New_York", ("215", "267"), 0.08),
    Place("Boston", "MA", "02116", "America/New_York", ("617", "857"), 0.08),
    Place("Hartford", "CT", "06103", "America/New_York", ("860",), 0.04),
    Place("Portland", "ME", "04101", "America/New_York", ("207",), 0.04),
    Place("Columbus", "OH", "43215", "America/New_York", ("614", "216", "513"), 0.10),
    Place("Richmond", "VA", "23220", "America/New_York", ("804", "703"), 0.06),
    Place("Raleigh", "NC", "27601", "America/New_York", ("919",), 0.04),
    Place("Atlanta", "GA", "30309", "America/New_York", ("404", "678"), 0.05),
    Place("Tampa", "FL", "33602", "America/New_York", ("813", "305"), 0.06),
    Place("Detroit", "MI", "48226", "America/Detroit", ("313",), 0.03),
    Place("Chicago", "IL", "60611", "America/Chicago", ("312", "773"), 0.05),
    Place("Nashville", "TN", "37203", "America/Chicago", ("615",), 0.02),
    Place("Austin", "TX", "78701", "America/Chicago", ("512",), 0.03),
    Place("Denver", "CO", "80202", "America/Denver", ("303",), 0.02),
    Place("Phoenix", "AZ", "85004", "America/Phoenix", ("602",), 0.01),
    Place("Sacramento", "CA", "95814", "America/Los_Angeles", ("916",), 0.02),
    Place("Seattle", "WA", "98101", "America/Los_Angeles", ("206",), 0.01),
)

AGE_BANDS = {
    "19-24": (21, 24),
    "25-34": (25, 34),
    "35-44": (35, 44),
    "45-54": (45, 54),
    "55-64": (55, 64),
    "65+": (65, 84),
}

EMAIL_WITHDRAWN = 0.03
SMS_GIVEN = 0.6


def make_people(households: pd.Series, age_band: pd.Series, *, today: date, seed: int) -> pd.DataFrame:
    """Return one made-up person per household; the same seed always makes the same people.

    Args:
        households: household numbers, sorted, shape (n,).
        age_band: the data's age band of each household, aligned, missing where the data have none.
        today: what ages are counted from.
        seed: of names, places, birthdays and consents.

    Returns:
        Columns household_id, name, email, phone, city, state, postal_code, timezone, date_of_birth,
        email_consent and sms_consent (`given`, `withdrawn` or None).

    Raises:
        Unavailable: the faker package of the `sample` extra is not installed.
    """
    try:
        from faker import Faker
    except ImportError as error:
        raise Unavailable(
            "The sample needs the faker package: install the `sample` extra, or start with SAMPLE=0."
        ) from error

    rng = np.random.default_rng(seed)
    faker = Faker("en_US")
    faker.seed_instance(seed)
    names = [f"{faker.first_name()} {faker.last_name()}" for _ in range(len(households))]
    places, phones = _places_and_phones(len(households), rng)
    return pd.DataFrame(
        {
            "household_id": households.to_numpy(),
            "name": names,
            "email": _emails(names),
            "phone": phones,
            "city": [place.city for place in places],
            "state": [place.state for place in places],
            "postal_code": [place.postal_code for place in places],
            "timezone": [place.timezone for place in places],
            "date_of_birth": _birthdays(age_band, today, rng),
            "email_consent": np.where(rng.random(len(names)) < EMAIL_WITHDRAWN, "withdrawn", "given"),
            "sms_consent": ["given" if draw < SMS_GIVEN else None for draw in rng.random(len(names))],
        }
    )


def _emails(names: list[str]) -> list[str]:
    """first.last@example.com, numbered from the second of the same name on."""
    seen: Counter[str] = Counter()
    made = []
    for name in names:
        plain = unicodedata.normalize("NFKD", name.lower()).encode("ascii", "ignore").decode()
        local = ".".join("".join(c for c in word if c.isalnum()) for word in plain.split())
        seen[local] += 1
        made.append(f"{local}{seen[local] if seen[local] > 1 else ''}@example.com")
    return made


def _places_and_phones(count: int, rng: np.random.Generator) -> tuple[list[Place], list[str]]:
    """Return a place for each household by weight, and the next unused fictional number of one of its area codes.

    A place whose numbers are used up passes the household on, so no number is ever given twice.
    """
    free = [[(area, line) for line in range(NUMBERS_PER_AREA) for area in place.areas] for place in PLACES]
    if count > sum(len(numbers) for numbers in free):
        raise ValueError(f"there are not enough fictional telephone numbers for {count} people")
    weight = np.array([place.weight for place in PLACES])
    drawn = rng.choice(len(PLACES), size=count, p=weight / weight.sum())
    places, phones = [], []
    for first in drawn:
        index = int(first)
        while not free[index]:
            index = (index + 1) % len(PLACES)
        area, line = free[index].pop(0)
        places.append(PLACES[index])
        phones.append(f"+1{area}55501{line:02d}")
    return places, phones


def _birthdays(age_band: pd.Series, today: date, rng: np.random.Generator) -> list[date]:
    """Return a birthday within the household's age band; where the data have none, within one drawn like the others."""
    known = age_band.dropna()
    drawn = rng.choice(known.to_numpy(), size=len(age_band)) if len(known) else np.full(len(age_band), "45-54")
    bands = age_band.where(age_band.notna(), pd.Series(drawn, index=age_band.index))
    made = []
    for band in bands:
        youngest, oldest = AGE_BANDS[band]
        # One day more than `youngest` full years, so that the leap years in between cannot make anybody younger.
        days = rng.integers(int(youngest * 365.25) + 1, int((oldest + 1) * 365.25))
        made.append(today - timedelta(days=int(days)))
    return made
