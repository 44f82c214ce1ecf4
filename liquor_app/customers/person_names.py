"""What somebody is called: names as tills and people write them, and words that stand where nobody wrote one. Pure."""

from __future__ import annotations

import html
import re

_TITLES = frozenset(
    {
        "mr", "mrs", "ms", "miss", "mx", "dr", "doctor", "prof", "professor", "sir", "madam", "dame", "lady", "lord",
        "rev", "reverend", "fr", "father", "hon", "capt", "captain", "sgt", "lt", "col", "gen", "maj", "pres", "rabbi",
        "imam",        "mister", "master",
    }
)  # fmt: skip
_SUFFIXES = frozenset({"jr", "sr", "ii", "iii", "iv", "md", "phd", "esq", "dds", "cpa", "rn", "dvm", "jd"})
_NOBODY = frozenset(
    {
        "", "n/a", "na", "null", "none", "nil", "nan", "unknown", "test", "guest", "customer", "anonymous", "noname",
        "undefined", "tbd", "xxx", "no name", "not provided", "not given", "walk in", "walk-in", "walkin",
        "walk in customer", "walk-in customer", "n a", "cash customer", "cash sale", "house account", "guest customer",
        "first name", "last name", "test test", "first last", "default customer",
    }
)  # fmt: skip
"""What tills and programs write where they know no name."""
_BEGINNINGS = frozenset(name.split(" ")[0].replace(".", "") for name in _NOBODY if name)


def clean_person_name(text: str) -> str | None:
    """Return a name as it is kept: web pages' `&#39;` read, None for what stands for nobody's."""
    name = html.unescape(text) if "&" in text else text
    name = name if name.isascii() and "  " not in name and name == name.strip() else " ".join(name.split())
    return None if is_nobodys(name) else name


def is_nobodys(name: str) -> bool:
    """Tell whether a name is what tills write for none ("unknown unknown", "N/A"), an address, or holds no letter."""
    if "@" in name:
        return True
    lowered = name.lower()
    if lowered[:1].isalpha() and lowered.split(" ", 1)[0].replace(".", "") not in _BEGINNINGS:
        return False  # most names, at once: an import asks a million times
    plain = " ".join(lowered.replace(".", " ").split()).strip(" -_*?")
    words = set(plain.split())
    return plain in _NOBODY or (len(words) == 1 and words <= _NOBODY) or not any(letter.isalpha() for letter in name)


def called(name: str | None) -> str | None:
    """Return what somebody is called: the first of their names, without titles, in ordinary letters; None where a name
    does not tell.

    "Dr. Jane Smith" is Jane, "Okafor, Marguerite" and "MARGUERITE OKAFOR" are Marguerite, "J. Okafor" is nobody's.
    """
    name = clean_person_name(name or "")
    if name is None:
        return None
    family, comma, given = name.partition(",")
    if comma and _plain(given) not in _SUFFIXES:
        name = given  # the family's name came first
    elif comma:
        name = family
    words = name.split()
    while words and _plain(words[0]) in _TITLES:
        words.pop(0)
    first = words[0].strip('.,;:*"()') if words else ""
    if sum(letter.isalpha() for letter in first) < 2 or "." in first or first[0].isdigit():
        return None
    return in_ordinary_letters(first) if name.isupper() or name.islower() else first


def called_by(given: str | None, name: str | None) -> str | None:
    """Return what somebody is called by the given name they wrote themselves ("Mary Ann"), else by their whole name."""
    own = clean_person_name(given or "")
    if own is not None and "," not in own and _plain(own.split()[0]) not in _TITLES and called(own) is not None:
        return in_ordinary_letters(own) if own.isupper() or own.islower() else own
    return called(name)


def in_ordinary_letters(name: str) -> str:
    """Return `Mary-Ann O'Neil` of `MARY-ANN O'NEIL`."""
    return re.sub(r"[^\W\d_]+", lambda word: word[0][:1].upper() + word[0][1:].lower(), name)


def _plain(word: str) -> str:
    return re.sub(r"[^a-z]", "", word.lower())
