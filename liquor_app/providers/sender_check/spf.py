"""SPF of a domain, as a receiver would judge it (RFC 7208): one record, ten look-ups, two void ones, nobody let in."""

from __future__ import annotations

import ipaddress
import re
from dataclasses import dataclass, field

from liquor_app.providers.sender_check.dns_lookups import Answer, Questions, Said, is_name
from liquor_app.providers.sender_check.findings import WHY, Finding, Topic, Verdict, good, not_known

MOST_LOOKUPS = 10
"""Terms that ask the DNS (§ 4.6.4); one more and receivers answer permerror."""
MOST_VOID = 2
"""Of those, how many may find nothing (§ 4.6.4)."""
MOST_MX = 10
MOST_TERMS = 200

_TERM = re.compile(r"([+?~-]?)([A-Za-z][A-Za-z0-9_.-]*)(?:([:=/])(.*))?", re.DOTALL)
_ASKING = frozenset({"include", "a", "mx", "ptr", "exists", "redirect"})
_MECHANISMS = frozenset({"all", "ip4", "ip6", *_ASKING} - {"redirect"})
SPF = Topic.SPF


@dataclass(slots=True)
class _Walk:
    """What one evaluation has used up, and what it met on its way."""

    ask: Questions
    lookups: int = 0
    void: int = 0
    is_sure: bool = True
    includes: set[str] = field(default_factory=set)
    broken: str = ""


def records_of(answer: Answer) -> list[str]:
    """Return those of a name's texts that say they are SPF (§ 4.5)."""
    return [one for one in answer.records if re.match(r"v=spf1(?: |$)", one, re.IGNORECASE)]


async def check_spf(ask: Questions, domain: str, wanted: str = "") -> tuple[list[Finding], bool | None]:
    """Judge the record of a domain that stands in the envelope of our messages.

    Args:
        wanted: what has to be included for the provider to be let in; empty where that is not known.

    Returns:
        What was found, and whether SPF can pass: None where nobody knows.
    """
    answer = await ask(domain)
    if answer.said is Said.FAILED:
        return [not_known(SPF, f"The DNS of {domain} did not answer, so nothing is known of its SPF record.")], None
    found = records_of(answer)
    if not found and answer.cut:
        return [not_known(SPF, f"{domain} has more TXT records than anybody reads; its SPF record may be among them.")
                ], None  # fmt: skip
    if not found and not wanted:
        # one that lets nobody in would be worse than none
        return [_wrong(f"{domain} has no SPF record. Your provider says what it has to hold.", domain, "")], False
    if not found:
        return [_wrong(f"{domain} has no SPF record.", domain, f"v=spf1 include:{wanted} ~all")], False
    if len(found) > 1:
        merged = _merged(found, wanted)
        words = f"{domain} has {len(found)} SPF records; receivers accept one and take several for a fault."
        return [_wrong(words + " Delete all but one.", domain, merged)], False
    return await _judged(ask, domain, found[0], wanted)


async def _judged(ask: Questions, domain: str, record: str, wanted: str) -> tuple[list[Finding], bool | None]:
    walk = _Walk(ask)
    await _evaluate(domain, record, walk, (domain,))
    if walk.broken:
        return [_wrong(walk.broken, domain, await _mended(ask, domain, record, wanted))], False
    if walk.lookups > MOST_LOOKUPS:
        words = (
            f"The SPF record of {domain} asks the DNS more than {MOST_LOOKUPS} times; receivers stop there and take it"
            " for broken. Take out what no longer sends for you."
        )
        return [_wrong(words, domain, "")], False
    if walk.void > MOST_VOID:
        words = (
            f"The SPF record of {domain} names more than {MOST_VOID} hosts that do not exist; receivers stop there and"
            " take it for broken. Take those out."
        )
        return [_wrong(words, domain, "")], False
    ending = _all_of(record)
    if ending == "+":
        open_record = _merged([record], wanted)
        return [_wrong(f"The SPF record of {domain} lets anybody send in its name (+all).", domain, open_record)], False
    found: list[Finding] = []
    if wanted and wanted not in walk.includes:
        if not walk.is_sure:
            found.append(not_known(SPF, f"A part of the SPF record of {domain} could not be read; whether it lets your"
                                        f" provider in ({wanted}) is not known."))  # fmt: skip
            return found, None
        words = f"The SPF record of {domain} does not let your provider in ({wanted})."
        return [_wrong(words, domain, _merged([record], wanted))], False
    if ending in ("", "?") and "redirect=" not in record.lower():
        words = f"The SPF record of {domain} says of strangers neither yes nor no. End it with ~all."
        found.append(Finding(SPF, Verdict.BETTER, words, "", domain, "TXT", _merged([record], wanted)))
    if "ptr" in {name for _, name, _, _ in _terms(record)}:
        words = f"The SPF record of {domain} uses ptr, which receivers may ignore (RFC 7208 § 5.5). Name the servers."
        found.append(Finding(SPF, Verdict.BETTER, words))
    if not walk.is_sure:
        found.append(not_known(SPF, f"A part of the SPF record of {domain} could not be looked up just now."))
    return found or [good(SPF, f"One record at {domain}, {walk.lookups} of {MOST_LOOKUPS} look-ups.")], True


async def _evaluate(domain: str, record: str, walk: _Walk, way: tuple[str, ...]) -> None:
    """Go through a record's terms as a receiver does for a sender that matches none of them."""
    if not record.isascii():
        walk.broken = f"The SPF record of {domain} holds letters that are not ASCII; receivers take it for broken."
        return
    terms = _terms(record)
    if len(terms) > MOST_TERMS or any(one and _term(one) is None for one in record.split(" ")[1:]):
        walk.broken = f"The SPF record of {domain} has a term receivers cannot read: “{_unread(record)}”."
        return
    has_all = any(name == "all" for _, name, _, _ in terms)
    redirect = next((target for _, name, _, target in terms if name == "redirect"), "")
    for _, name, _, target in terms:
        if walk.broken or walk.lookups > MOST_LOOKUPS or walk.void > MOST_VOID:
            return
        if name == "all":
            return
        if name not in _ASKING or name == "redirect":
            continue
        walk.lookups += 1
        await _look_up(domain, name, target.partition("/")[0] or domain, walk, way)
    if redirect and not has_all and not walk.broken:
        walk.lookups += 1
        await _enter(domain, "redirect", redirect, walk, way)


async def _look_up(domain: str, name: str, target: str, walk: _Walk, way: tuple[str, ...]) -> None:
    if name == "ptr":
        return
    if "%" in target:  # a macro is filled in from the message: nothing to look up here
        walk.is_sure = False
        return
    if not is_name(target):
        walk.broken = f"The SPF record of {domain} names “{target[:80]}”, which is no name of a host."
        return
    if name == "include":
        await _enter(domain, name, target, walk, way)
        return
    if name == "mx":
        answer = await walk.ask(target, "MX")
        if len(answer.records) > MOST_MX:
            walk.broken = f"The SPF record of {domain} means {target}, which has more than {MOST_MX} mail servers."
            return
    else:
        answer = await walk.ask(target, "A")
        if answer.said is Said.ABSENT and name == "a":
            answer = await walk.ask(target, "AAAA")
    walk.void += answer.said is Said.ABSENT
    walk.is_sure &= answer.said is not Said.FAILED


async def _enter(domain: str, name: str, target: str, walk: _Walk, way: tuple[str, ...]) -> None:
    """Follow an include or a redirect; one that leads back to where it came from never ends."""
    known = target.lower().rstrip(".")
    walk.includes.add(known)
    if "%" in target:
        walk.is_sure = False
        return
    if not is_name(target):
        walk.broken = f"The SPF record of {domain} names “{target[:80]}”, which is no name of a host."
        return
    if known in way:
        walk.broken = f"The SPF record of {domain} includes {target}, which leads back to itself."
        return
    answer = await walk.ask(known)
    if answer.said is Said.FAILED:
        walk.is_sure = False
        return
    walk.void += answer.said is Said.ABSENT
    records = records_of(answer)
    if not records and answer.cut:
        walk.is_sure = False
        return
    if len(records) != 1:
        many = "several SPF records" if records else "no SPF record"
        walk.broken = f"The SPF record of {domain} has {name}:{target}, which has {many}: receivers take it for broken."
        return
    await _evaluate(known, records[0], walk, (*way, known))


def _terms(record: str) -> list[tuple[str, str, str, str]]:
    """Return qualifier, name, separator and value of each term; of a record with a fault those before it."""
    read: list[tuple[str, str, str, str]] = []
    for one in record.split(" ")[1:]:
        if not one:
            continue
        if (term := _term(one)) is None:
            return read
        read.append(term)
    return read


def _term(one: str) -> tuple[str, str, str, str] | None:
    found = _TERM.fullmatch(one)
    if found is None:
        return None
    mark, name, sign, value = found[1], found[2].lower(), found[3] or "", found[4] or ""
    if sign == "=":  # a modifier; unknown ones are to be ignored (§ 6)
        return None if mark or (name in ("redirect", "exp") and not value) else (mark, name, sign, value)
    if name not in _MECHANISMS or (name in ("include", "exists", "ip4", "ip6") and not value):
        return None
    if name == "all" and sign:
        return None
    if name in ("ip4", "ip6") and not _is_network(value, 4 if name == "ip4" else 6):
        return None
    return mark, name, sign, "" if sign == "/" else value


def _is_network(value: str, version: int) -> bool:
    try:
        return ipaddress.ip_network(value, strict=False).version == version
    except ValueError:
        return False


def _unread(record: str) -> str:
    return next((one[:80] for one in record.split(" ")[1:] if one and _term(one) is None), record[:80])


def _all_of(record: str) -> str:
    """Return how a record ends: the mark of its `all`, "+" for none of them written, empty where there is no all."""
    return next((mark or "+" for mark, name, _, _ in _terms(record) if name == "all"), "")


async def _mended(ask: Questions, domain: str, record: str, wanted: str) -> str:
    """Return the record without the terms that break it each by itself."""
    kept = []
    for one in _merged([record], wanted).split(" ")[1:-1]:
        walk = _Walk(ask)
        await _evaluate(domain, f"v=spf1 {one}", walk, (domain,))
        if not walk.broken:
            kept.append(one)
    return " ".join(["v=spf1", *kept, "~all"])


def _merged(records: list[str], wanted: str) -> str:
    """Return one record that says what all of these say and lets the provider in; nobody else."""
    kept: list[str] = []
    for record in records:
        for one in record.split(" ")[1:]:
            term = _term(one) if one.isascii() else None
            if term and term[1] not in ("all", "redirect", "ptr") and one not in kept:
                kept.append(one)
    if wanted and f"include:{wanted}" not in kept:
        kept.append(f"include:{wanted}")
    return " ".join(["v=spf1", *kept[:40], "~all"])


def _wrong(words: str, domain: str, record: str) -> Finding:
    return Finding(SPF, Verdict.WRONG, words, WHY, domain, "TXT", record)
