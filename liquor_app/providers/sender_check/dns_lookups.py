"""Ask the DNS, bounded: so many questions, so long, answers of so many records. What fails is "not known", never "no".

Whoever runs the domain, and the names its records mention, is a stranger: names lead to further questions and to
nothing else, nothing is ever connected to.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from enum import StrEnum

import dns.asyncresolver
import dns.exception
import dns.name
import dns.rdatatype
import dns.resolver

MOST_QUESTIONS = 80
"""Of one check. SPF's own limit (ten, RFC 7208 § 4.6.4) leaves room for the addresses of ten mail servers, twice."""
MOST_SECONDS = 20.0
QUESTION_SECONDS = 4.0
MOST_RECORDS = 60
"""Of one answer: what comes after is not read. Real ones have a dozen TXT records."""
MOST_LETTERS = 4_096
"""Of one record; the longest key anybody publishes has 800."""


class Said(StrEnum):
    FOUND = "found"
    ABSENT = "absent"
    """There is no such name, or it has no record of this kind: the answer is sure (a void look-up)."""
    FAILED = "failed"
    """Nobody answered, or the answer was no answer."""


@dataclass(frozen=True, slots=True)
class Answer:
    """Records as text; `cut` where there was more than anybody reads, `exists` whether the name has records at all."""

    said: Said
    records: tuple[str, ...] = ()
    cut: bool = False
    exists: bool = True


FAILED = Answer(Said.FAILED)
Ask = Callable[[str, str], Awaitable[Answer]]
"""A name and the kind of record (TXT, A, MX …)."""


async def ask_system(name: str, kind: str) -> Answer:
    """Ask the resolver of this machine."""
    try:
        resolver = dns.asyncresolver.Resolver()
        resolver.lifetime, resolver.timeout = QUESTION_SECONDS, QUESTION_SECONDS / 2
        found = await resolver.resolve(dns.name.from_text(name), kind, search=False)
    except dns.resolver.NXDOMAIN:
        return Answer(Said.ABSENT, exists=False)
    except dns.resolver.NoAnswer:
        return Answer(Said.ABSENT)
    except (dns.exception.DNSException, OSError, ValueError, UnicodeError):
        return FAILED
    if found.rdtype == dns.rdatatype.TXT:
        # one record's strings are one text (RFC 7208 § 3.3, RFC 6376 § 3.6.2.2)
        records = [b"".join(one.strings).decode("latin-1") for one in found]
    elif found.rdtype == dns.rdatatype.MX:
        records = [one.exchange.to_text(omit_final_dot=True) for one in found]
    else:
        records = [one.to_text() for one in found]
    return bounded(tuple(records))


def bounded(records: tuple[str, ...]) -> Answer:
    """Return an answer nobody has to be afraid of."""
    kept = tuple(one for one in records[:MOST_RECORDS] if len(one) <= MOST_LETTERS)
    return Answer(Said.FOUND, kept, cut=len(kept) < len(records))


class Questions:
    """One check's questions: each is asked once, so many at most, and no longer than so long in all."""

    def __init__(self, ask: Ask) -> None:
        self._ask, self._known = ask, dict[tuple[str, str], Answer]()
        self._until = asyncio.get_running_loop().time() + MOST_SECONDS

    async def __call__(self, name: str, kind: str = "TXT") -> Answer:
        key = (name.lower().rstrip("."), kind)
        if key not in self._known:
            self._known[key] = await self._once(*key)
        return self._known[key]

    async def _once(self, name: str, kind: str) -> Answer:
        left = self._until - asyncio.get_running_loop().time()
        if len(self._known) >= MOST_QUESTIONS or left <= 0 or not is_name(name):
            return FAILED
        try:
            async with asyncio.timeout(min(left, QUESTION_SECONDS + 1)):
                answer = await self._ask(name, kind)
        except TimeoutError:
            return FAILED
        return answer if answer.said is not Said.FOUND else bounded_again(answer)


def bounded_again(answer: Answer) -> Answer:
    """Whatever asks, what it brings is bounded."""
    kept = bounded(answer.records)
    return Answer(Said.FOUND, kept.records, cut=answer.cut or kept.cut)


def is_name(name: str) -> bool:
    """Tell whether a name can be asked for at all (RFC 1035 § 2.3.4)."""
    labels = name.rstrip(".").split(".")
    return len(name) <= 253 and name.isascii() and name.isprintable() and all(0 < len(one) <= 63 for one in labels)
