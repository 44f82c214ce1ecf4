"""What a table holds of one person: how it is told, and how it is scrubbed. Each slice says so of its own tables beside
their columns, in `PERSONAL`; `privacy` goes by all of them, and a test fails for a table that says nothing."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

from liquor_app.core.security.crypto import decrypt

SEALED = "_encrypted"
"""How columns end that are opened before they are told to whom they are about."""
NOTHING = "a^b"
"""A pattern that nothing matches."""
MOST_TURNS = 5
"""Words of a name that may stand first."""


@dataclass(frozen=True, slots=True)
class Traces:
    """By what rows of one person are found.

    Attributes:
        people: their profiles, those merged into one another all together.
        addresses: e-mail addresses and numbers of theirs that nobody else has, normalised.
        hashes: keyed hashes of these.
        numbers: their numbers in the shop's own systems.
        names: the words of their names, in small letters: what somebody would look for.
        words: a pattern of their addresses and full names, for texts that name them; PostgreSQL's.
        named: the same without names that somebody else here bears, too: for what others wrote, where it would be
            theirs. `mark` is what stands in the place of either.
        hints: a pattern of plain letters and digits that is found, in any case, wherever `words` is: quick to look for.
        sends, actions: their messages and actions.
    """

    people: tuple[UUID, ...]
    addresses: tuple[str, ...] = ()
    hashes: tuple[bytes, ...] = ()
    numbers: tuple[str, ...] = ()
    names: tuple[str, ...] = ()
    words: str = NOTHING
    named: str = NOTHING
    mark: str = "erased"
    hints: str = NOTHING
    sends: tuple[UUID, ...] = ()
    actions: tuple[UUID, ...] = ()

    def bound(self, statement: str) -> dict[str, Any]:
        """Return the parameters a statement names."""
        given = {
            "people": list(self.people), "addresses": list(self.addresses), "hashes": list(self.hashes),
            "numbers": list(self.numbers), "names": list(self.names), "words": self.words, "sends": list(self.sends),
            "actions": list(self.actions), "named": self.named, "mark": self.mark,
            "hints": self.hints,
        }  # fmt: skip
        return {name: value for name, value in given.items() if re.search(rf":{name}\b", statement)}


@dataclass(frozen=True, slots=True)
class Personal:
    """What a table holds of a person.

    Attributes:
        table: whose rows.
        rows: the statement that tells a person's, by what `Traces` binds.
        scrub: the statement that takes what is personal out of them, or them away; it may be run again. Empty where
            nothing in them is personal but that they are of a profile, which is nobody's after an erasure.
        why: what is kept and why, where rows stay.
    """

    table: str
    rows: str
    scrub: str = ""
    why: str = ""


@dataclass(frozen=True, slots=True)
class Mention:
    """A place of somebody else's making that may name a person in passing: a tag, a segment, a template.

    Attributes:
        table: whose rows.
        rows: the statement that tells those that name them, as `id` and `name`, by what `Traces` binds.
        scrub: the statement that puts the mark in the place of each whole name, address and number, and leaves the
            rest; empty where only people can tell what else would break.
        link: where an admin changes it by hand, `{id}` being the row's. With one, `scrub` waits for an admin's word.
    """

    table: str
    rows: str
    scrub: str = ""
    link: str = ""


async def mentioning(session: AsyncSession, mention: Mention, traces: Traces) -> list[tuple[str, str]]:
    """Return id and name of rows that name a person. A corridor."""
    return [(str(row.id), str(row.name)) for row in await _run(session, mention.rows, traces)]


async def scrub_mentions(session: AsyncSession, mention: Mention, traces: Traces) -> int:
    """Put the mark in the place of a person's name; returns in how many rows. A corridor."""
    return int((await _run(session, mention.scrub, traces)).rowcount)


async def read_rows(session: AsyncSession, personal: Personal, traces: Traces) -> list[dict[str, Any]]:
    """Return a person's rows of a table, sealed columns opened and told without their ending. A corridor."""
    found = await _run(session, personal.rows, traces)
    return [_opened(row) for row in found.mappings()]


async def scrub_rows(session: AsyncSession, personal: Personal, traces: Traces) -> int:
    """Scrub a person's rows of a table; returns how many there were. A corridor."""
    if not personal.scrub:
        return 0
    done = await _run(session, personal.scrub, traces)
    return int(done.scalar_one() if done.returns_rows else done.rowcount)


async def _run(session: AsyncSession, statement: str, traces: Traces) -> Any:
    return await session.execute(text(statement), traces.bound(statement))


def _opened(row: Mapping[str, Any]) -> dict[str, Any]:
    told = {}
    for name, value in row.items():
        if name.endswith(SEALED):
            told[name.removesuffix(SEALED)] = None if value is None else decrypt(bytes(value))
        else:
            told[name] = value
    return told


_NARROW = "\N{NO-BREAK SPACE}\N{NARROW NO-BREAK SPACE}"
"""Spaces that not every reader of patterns takes for one."""
_DASHES = "\N{HYPHEN}\N{NON-BREAKING HYPHEN}\N{EN DASH}"
_GAP = rf"[\s{_NARROW}./(){_DASHES}-]*"
"""Between the digits of a number."""
# in one cell or in two, which files write as "Ada";"Example" and JSON as "Ada", "Example"; over two lines, which JSON
# writes as letters; or as names of files, addresses and short names are made
_BETWEEN = rf"""(?:(?:\\[bfnrt]|[\s{_NARROW}"',;|\\])+|[._+-]|%20|%2b)"""
_CODED = r"\\[bfnrt]|%[0-9a-f][0-9a-f]"
"""What ends in a letter or a digit and is none: a new line in JSON, a character in the address of a page. It is found
with what follows: looking behind for it takes PostgreSQL ten times as long."""
_AMERICAN = re.compile(r"\+1(\d{3})(\d{3})(\d{4})")
_PLAIN = re.compile(r"[a-z0-9.-]+(?![\u0300-\u036f])")
SHORTEST_HINT = 3
"""Shorter pieces of a name are found everywhere."""
_ABROAD = re.compile(r"\+(\d{6,15})")
_SIGNS = {
    "@": "(?:@|%40)",
    "+": r"(?:\+|%2b)",
    "'": "(?:['`\N{RIGHT SINGLE QUOTATION MARK}\N{MODIFIER LETTER APOSTROPHE}]|&#39;|&#x27;)",
}
"""Signs that are written otherwise in addresses of pages, in HTML and by telephones."""
_SIGNS["\N{RIGHT SINGLE QUOTATION MARK}"] = _SIGNS["'"]


def words_pattern(addresses: Collection[str], names: Collection[str], *, alnum: str = "[:alnum:]") -> str:
    """Return a pattern, regardless of case, of texts that name somebody: an address or number of theirs as people write
    it, or their whole name. One word alone is no name: too many people are called so. Documents are looked through as
    the text JSON makes of them.

    Args:
        alnum: the class of letters and digits, as the reader of the pattern writes it.
    """
    said = [*map(_address, addresses), *(one for name in names for one in _name(name))]
    if not said:
        return NOTHING
    return f"(?:(?<![{alnum}])|{_CODED})(?:{'|'.join(sorted(set(said)))})(?![{alnum}])"


def hints_pattern(addresses: Collection[str], names: Collection[str]) -> str:
    """Return a pattern of which a piece is in every text that `words_pattern` of the same finds, to be looked for
    regardless of the case of plain letters alone. Where something has no such piece, everything has."""
    said = [_hint([one]) for one in addresses] + [_hint(name.split()) for name in names if len(name.split()) > 1]
    if not all(said):
        return ""
    return "|".join(sorted({re.escape(one) for one in said})) if said else NOTHING


def _hint(pieces: Collection[str]) -> str:
    """The longest run of plain letters that is written the same whoever writes it; of an address that before the @,
    since many share what is behind it. Of a number its last digits; one from abroad may have gaps anywhere."""
    if pieces and (found := _AMERICAN.fullmatch(next(iter(pieces)))) is not None:
        return found[3]
    if any(map(_ABROAD.fullmatch, pieces)):
        return ""
    for said in ([one.split("@")[0] for one in pieces], pieces):
        runs = [run for one in said for run in _PLAIN.findall(unicodedata.normalize("NFD", one.lower()))]
        if (longest := max(runs, key=len, default="")) and len(longest) >= SHORTEST_HINT:
            return longest
    return ""


def _address(address: str) -> str:
    if (found := _AMERICAN.fullmatch(address)) is not None:
        return rf"(?:\+?1)?{_GAP}{_GAP.join(found.groups())}"
    if (found := _ABROAD.fullmatch(address)) is not None:
        return _GAP.join(found[1])
    return _letters(address)


def _name(name: str) -> list[str]:
    """A name from each of its words on, those before it behind: "Ana de la Cruz" is also "de la Cruz, Ana"."""
    parts = [_letters(part) for part in name.split()]
    if len(parts) < 2:
        return []
    return [_BETWEEN.join(parts[place:] + parts[:place]) for place in range(min(len(parts), MOST_TURNS))]


def _letters(part: str) -> str:
    """A word however its accents are written: as one character with the letter, or behind it, in whatever order."""
    return "".join(map(_letter, unicodedata.normalize("NFC", part)))


def _letter(letter: str) -> str:
    base, accents = (whole := unicodedata.normalize("NFD", letter))[0], whole[1:]
    if not accents:
        return _SIGNS.get(letter) or re.escape(letter)
    written = {letter, whole}
    for place, accent in enumerate(accents):
        rest = accents[:place] + accents[place + 1 :]
        written |= {unicodedata.normalize("NFC", base + accent) + rest, base + rest + accent}
    return f"(?:{'|'.join(map(re.escape, sorted(written)))})"
