"""What somebody is called: names as tills and people write them, and words that stand where nobody wrote one. Pure."""

from __future__ import annotations

import html
import re
from unicodedata import normalize

_TITLES = frozenset(
    {
        "mr", "mrs", "ms", "miss", "mx", "dr", "doctor", "prof", "professor", "sir", "madam", "dame", "lady", "lord",
        "rev", "reverend", "fr", "father", "hon", "capt", "captain", "sgt", "lt", "col", "gen", "maj", "pres", "rabbi",
        "imam", "mister", "master", "messrs", "drs", "pastor", "cpl", "cmdr", "atty", "sr", "sra", "srta", "senor",
        "senora", "senorita", "dra", "mme", "mlle", "monsieur", "madame", "herr", "frau", "signor", "signora",
    }
)  # fmt: skip
_SUFFIXES = frozenset({"jr", "sr", "ii", "iii", "iv", "md", "phd", "esq", "dds", "cpa", "rn", "dvm", "jd"})
_FIRMS = frozenset({"llc", "inc", "corp", "ltd", "llp"})
_NOBODY = frozenset(
    {
        "na", "null", "none", "nil", "nan", "unknown", "test", "tester", "testing", "guest", "customer", "customers",
        "anonymous", "noname", "undefined", "tbd", "xxx", "walkin", "user", "member", "loyalty", "online", "valued",
        "default", "cash", "sale", "sales", "house", "account", "shopper", "buyer", "client", "patron", "visitor",
        "retail", "wholesale", "web", "website", "store", "dummy", "sample", "demo", "register", "pos", "walkup",
    }
)  # fmt: skip
"""Words of which tills and programs make what stands for a name they do not know."""
_NAMES_TOO = frozenset({"cash"})
"""Somebody's when they stand alone."""
_WRITTEN_SO = frozenset({"Nan", "Null"})
"""People's, written so; programs write `nan`, `NaN`, `null` and `NULL`."""
_PHRASES = frozenset({"n a", "no name", "first name", "last name", "first last", "full name", "your name"})
_REMARK = re.compile(
    r"(?:do not|dont) [a-z]+( [a-z]+)*"
    r"|no (?:longer|customer|contact|e ?mail|first|last|full)( [a-z]+)*"
    r"|not (?:provided|given|known|available|applicable|set|specified|entered|supplied)"
)
NO_GIVEN = "-"
"""Stands for the given name of somebody whose last name alone was told."""
_BEGINNINGS = _NOBODY | {phrase.split()[0] for phrase in _PHRASES} | {"do", "don", "dont", "not", "walk"}
_CONTROLS = re.compile(r"[\x00-\x1f\x7f-\x9f\u2028\u2029]")
_LETTERS = re.compile(r"[^\W\d_]+")


def clean_person_name(text: str) -> str | None:
    """Return a name as it is kept: web pages' `&#39;` read, None for what stands for nobody's."""
    name = html.unescape(text) if "&" in text else text
    is_plain = name.isascii() and name.isprintable() and "  " not in name and name == name.strip()
    name = name if is_plain else one_line(name)
    return None if is_nobodys(name) else name


def one_line(text: str) -> str:
    """Return a text on one line: breaks, tabs and what steers a terminal are a space."""
    return " ".join(_CONTROLS.sub(" ", text).split())


def is_nobodys(name: str) -> bool:
    """Tell whether a name is what tills write for none ("unknown unknown", "N/A", "Customer #1234", "DO NOT CONTACT"),
    an address, or holds no letter; "#REF!" and "#12 Customer" are nobody's either."""
    if "@" in name or name.startswith("#"):  # what a formula that failed leaves (#REF!), or a number of the till
        return True
    begins = _LETTERS.search(lowered := name.lower())
    if begins is None:
        return True
    if begins[0] not in _BEGINNINGS or name in _WRITTEN_SO:
        return False  # most names, at once: an import asks a million times
    plain = (
        " ".join(_LETTERS.findall(re.sub("['\u2019]", "", lowered)))
        .replace("walk in", "walkin")
        .replace("walk up", "walkup")
    )
    words = set(plain.split())
    return (words <= _NOBODY and words != _NAMES_TOO) or plain in _PHRASES or _REMARK.fullmatch(plain) is not None


def called(name: str | None) -> str | None:
    """Return what somebody is called: the first of their names, without titles, in ordinary letters; None where a name
    does not tell, as a last name alone.

    "Dr. Jane Smith" is Jane, "Okafor, Marguerite" and "MARGUERITE OKAFOR" are Marguerite; "J. Okafor" and "Mr. Smith"
    are nobody's.
    """
    name = clean_person_name(name or "")
    if name is None:
        return None
    family, *others = name.split(",")
    given = [part for part in others if _plain(part) not in _SUFFIXES]
    words = (given[0] if given else family).replace("/", " ").split()
    own = _without_suffixes(_without_titles(words))
    if not own or (len(own) == 1 and not given and (own != words or others)) or _FIRMS & {*map(_plain, name.split())}:
        return None
    first = own[0].strip('.,;:*"()')
    if sum(letter.isalpha() for letter in first) < 2 or "." in first or first[0].isdigit():
        return None
    return in_ordinary_letters(first) if name.isupper() or name.islower() else first


def called_by(given: str | None, name: str | None) -> str | None:
    """Return what somebody is called by the given name they wrote themselves ("Mary Ann"), else by their whole name.

    Args:
        given: `NO_GIVEN` where the last name alone was told: nobody is called by it.
    """
    if given == NO_GIVEN or (name and clean_person_name(name) is None):
        return None
    own = clean_person_name(given or "")
    if own is not None and "," not in own and _without_titles(own.split()) == own.split() and called(own) is not None:
        return in_ordinary_letters(own) if own.isupper() or own.islower() else own
    return called(name)


_PARTICLES = frozenset({"van", "von", "de", "da", "di", "du", "del", "der", "den", "la", "le", "st", "mc", "o", "el"})


def given_first(name: str) -> str:
    """Return "Ann Lee" of "Lee, Ann", as lists are sorted; a name with a title or a firm behind its comma as it is."""
    family, comma, given = (part.strip() for part in name.partition(","))
    own = family.split()
    is_family = len(own) == 1 or (1 < len(own) <= 3 and all(_plain(word) in _PARTICLES for word in own[:-1]))
    words = [_plain(word) for word in given.split()]
    if not comma or not is_family or not 1 <= len(words) <= 3 or "," in given or not all(words):
        return name
    if _SUFFIXES & {*words} or _FIRMS & {*words} or any(letter.isdigit() for letter in name):
        return name
    return f"{given} {family}"


def in_ordinary_letters(name: str) -> str:
    """Return `Mary-Ann O'Neil` of `MARY-ANN O'NEIL`."""
    return re.sub(r"[^\W\d_]+", lambda word: word[0][:1].upper() + word[0][1:].lower(), name)


def _without_titles(words: list[str]) -> list[str]:
    """Leave out "Mr. & Mrs." and the Dr. of "Dr.Jane"."""
    left = [*words]
    while left:
        title, dot, rest = left[0].partition(".")
        if _plain(title) in _TITLES:
            left[:1] = [rest] if dot and rest else []
        elif len(left) < len(words) and left[0].lower() in {"&", "and", "y"}:
            del left[0]
        else:
            break
    return left


def _without_suffixes(words: list[str]) -> list[str]:
    left = [*words]
    while left and _plain(left[-1]) in _SUFFIXES:
        left.pop()
    return left


def _plain(word: str) -> str:
    return re.sub(r"[^a-z]", "", normalize("NFD", word.lower()))


def may_be_one_person(name: str | None, other: str | None) -> bool:
    """Tell whether two names may be one person's: the same given name, its beginning or its initial ("Rob", "R."), or
    all words of one in the other ("Lee" and "Ann Lee"). A name of nobody may be anybody's; a family's name alone
    makes no two one."""
    (first, *_), (second, *_) = words = [_LETTERS.findall((one or "").casefold()) or [""] for one in (name, other)]
    if not (first and second) or set(words[0]) <= set(words[1]) or set(words[1]) <= set(words[0]):
        return True
    short, long = sorted((first, second), key=len)
    return long.startswith(short) and len(short) in {1, *range(3, len(long) + 1)}
