"""Taking what could name a person out of free text before it leaves the house."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from typing import Any

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

EMAIL = re.compile(r"(?<![^\s@<>\"',;])[^\s@<>\"',;]++@[^\s@<>\"',;]+\.[\w-]+")
UUID_LIKE = re.compile(r"\b[0-9a-f]{8}-?(?:[0-9a-f]{4}-?){3}[0-9a-f]{12}\b", re.IGNORECASE)
PHONE = re.compile(r"(?<![\w.])\+?\(?\d[\d\s().\-]{6,}\d(?!\w)")
DAY = re.compile(r"^\d{4}-\d{2}-\d{2}$")
WORD = re.compile(r"[\w'’.\-]+")

LONGEST_NAME = 5
"""Words."""
MOST_PHRASES = 20_000


def scrub_patterns(words: str) -> str:
    """Addresses, telephone numbers and ids, by their looks."""
    cleaned = UUID_LIKE.sub("[id]", EMAIL.sub("[e-mail]", words))
    return PHONE.sub(lambda match: match[0] if DAY.match(match[0]) else "[number]", cleaned)


def phrases_of(words: str) -> Iterator[str]:
    """Yield every run of up to five words, in lower case."""
    found = [match[0].strip(".'’-") for match in WORD.finditer(words)]
    for start in range(len(found)):
        for length in range(1, LONGEST_NAME + 1):
            if start + length <= len(found):
                yield " ".join(found[start : start + length]).lower()


async def known_names(session: AsyncSession, texts: Iterable[str]) -> list[str]:
    """Return names and outside ids of customers that stand in the texts, longest first.

    One pass over the customers; names of one word count too, as they may be all there is.
    """
    phrases = list(dict.fromkeys(phrase for words in texts for phrase in phrases_of(words)))[:MOST_PHRASES]
    if not phrases:
        return []
    found = await session.execute(
        text(
            "SELECT DISTINCT lower(name) AS word FROM customers"
            " WHERE regexp_replace(lower(name), '\\s+', ' ', 'g') = ANY(:phrases)"
            " UNION SELECT DISTINCT lower(external_id) FROM customers WHERE lower(external_id) = ANY(:phrases)"
        ),
        {"phrases": phrases},
    )
    return sorted(found.scalars(), key=lambda name: (-len(name), name))


def scrub_names(words: str, names: Iterable[str]) -> str:
    """Return the text without these names, whatever their case and the spaces between their words."""
    for name in names:
        pattern = r"\s+".join(re.escape(part) for part in name.split())
        words = re.sub(rf"(?<!\w){pattern}(?!\w)", "[name]", words, flags=re.IGNORECASE)
    return words


def strings_in(value: Any) -> Iterator[str]:
    """Yield every text in a JSON document, keys left out."""
    if isinstance(value, str):
        yield value
    elif isinstance(value, dict):
        for item in value.values():
            yield from strings_in(item)
    elif isinstance(value, list | tuple):
        for item in value:
            yield from strings_in(item)


def scrub_document(value: Any, names: Iterable[str]) -> Any:
    """Return a JSON document with every text scrubbed."""
    names = list(names)
    if isinstance(value, str):
        return scrub_names(scrub_patterns(value), names)
    if isinstance(value, dict):
        return {key: scrub_document(item, names) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [scrub_document(item, names) for item in value]
    return value
