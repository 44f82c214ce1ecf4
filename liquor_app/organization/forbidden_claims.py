"""Words and claims no message may hold: shipped lists by kind, matched as whole words. Pure.

Sources: TTB 27 CFR 4.39(h), 5.129, 7.129 (health-related statements), the codes of DISCUS (2023, B1, B7, B18), the
Beer Institute (2023, 3 and 4) and the Wine Institute on excess and on appeal to people under age.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache

HEALTH = (
    "health benefit*", "healthy", "healthier", "heart-healthy", "good for your heart", "good for you", "therapeutic*",
    "medicinal*", "cures", "cure for", "remedy", "remedies", "detox*", "antioxidant*", "immune", "immunity",
    "stress relief", "relieves stress", "relieve stress", "sleep better", "guilt-free", "lose weight", "slimming",
    "hangover", "hangover-free", "no hangover", "doctor recommended", "recommended by doctors", "energy boost",
    "boosts your energy", "performance enhancing",
)  # fmt: skip
EXCESS = (
    "drunk", "get wasted", "wasted", "hammered", "plastered", "binge*", "bottomless", "all you can drink",
    "drink as much as", "unlimited drinks", "chug*", "blackout", "black out", "drown your sorrows", "boozy", "booze up",
    "buzzed", "tipsy", "intoxicat*", "pre-game", "pregame", "shot after shot", "drinking game*", "no limits",
)  # fmt: skip
YOUTH = (
    "teen", "teens", "teenage*", "underage", "kid", "kids", "child", "children", "high school", "back to school",
    "college", "campus", "student*", "frat", "sorority", "spring break", "prom", "sweet sixteen",
    "young drinkers", "santa",
)  # fmt: skip

KINDS = {"health": "a health claim", "excess": "a call to excess", "youth": "an appeal to youth", "other": "banned"}

MAX_PHRASES, MAX_PHRASE = 300, 80


@dataclass(frozen=True, slots=True)
class Claim:
    """A banned phrase found in a text."""

    phrase: str
    kind: str
    found: str

    @property
    def words(self) -> str:
        return f"“{self.found}” is {KINDS.get(self.kind, 'banned')}"


def find_claims(text: str, banned: Mapping[str, Sequence[str]]) -> list[Claim]:
    """Banned phrases in a text, each once, in the order of the lists.

    Whole words only ("drunk" is not in "Drunkard's Walk"), whatever their case, accents, width, the spaces or hyphens
    between them and invisible characters inside them; a trailing `*` matches any ending.

    Args:
        banned: phrases by kind (`KINDS`).
    """
    plain = _plain(text)
    claims = []
    for kind, phrases in banned.items():
        for phrase in phrases:
            found = _pattern(phrase).search(plain)
            if found is not None:
                claims.append(Claim(phrase, kind, found[0]))
    return claims


def _plain(text: str) -> str:
    folded = unicodedata.normalize("NFKD", text)
    return "".join(
        letter for letter in folded if not unicodedata.combining(letter) and unicodedata.category(letter) != "Cf"
    ).casefold()


@lru_cache(maxsize=4096)
def _pattern(phrase: str) -> re.Pattern[str]:
    stem = phrase.endswith("*")
    words = [re.escape(word) for word in re.split(r"[\s\-‐‑–]+", _plain(phrase.rstrip("*").strip())) if word]
    return re.compile(r"(?<!\w)" + r"[\s\-‐‑–_.]+".join(words) + (r"\w*" if stem else "") + r"(?!\w)")
