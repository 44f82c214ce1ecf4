"""DMARC of a domain (RFC 9989): the tree walk that finds policy and organisation, and whether names agree.

No list of public suffixes is asked: the DNS itself says where an organisation ends (§ 4.10).
"""

from __future__ import annotations

from dataclasses import dataclass

from liquor_app.providers.sender_check.dkim import tags_of
from liquor_app.providers.sender_check.dns_lookups import Questions, Said
from liquor_app.providers.sender_check.findings import WHY, Finding, Topic, Verdict, good, not_known

MOST_LABELS = 8
"""A longer name is cut to seven labels after the first question (§ 4.10): eight questions at most."""
POLICIES = ("none", "quarantine", "reject")
GONE = ("pct", "rf", "ri")
"""Tags of RFC 7489 that RFC 9989 took away."""
_WEAKER = {"reject": "quarantine", "quarantine": "none", "none": "none"}
DMARC = Topic.DMARC


@dataclass(frozen=True, slots=True)
class Record:
    """A policy record at a name of the walk."""

    domain: str
    tags: dict[str, str]

    @property
    def psd(self) -> str:
        return self.tags.get("psd", "u").lower()


@dataclass(frozen=True, slots=True)
class Walk:
    """The records a walk met, from the name itself upwards; not sure where a question failed on the way, `several`
    names that have more than one record, all of which count as none (§ 4.7)."""

    start: str
    records: tuple[Record, ...]
    is_sure: bool
    several: tuple[str, ...] = ()

    @property
    def organization(self) -> str:
        """Return the organisational domain (§ 4.10.2)."""
        for one in self.records:
            if one.psd == "n":
                return one.domain
            if one.psd == "y" and one.domain != self.start:
                labels = one.domain.count(".") + 2
                return ".".join(self.start.split(".")[-labels:])
        return min(self.records, key=lambda one: one.domain.count(".")).domain if self.records else self.start


async def walk_tree(ask: Questions, domain: str) -> Walk:
    """Ask upwards from a name (§ 4.10): until a record says where its organisation ends, or nothing is left."""
    start = domain.lower().rstrip(".")
    labels, records, several, is_sure = start.split("."), list[Record](), list[str](), True
    name = start
    while True:
        answer = await ask(f"_dmarc.{name}")
        is_sure &= answer.said is not Said.FAILED and not answer.cut
        read = [tags for one in answer.records if (tags := read_record(one)) is not None]
        if len(read) > 1:
            several.append(name)
        elif read:
            records.append(Record(name, read[0]))
            if records[-1].psd in ("y", "n"):
                break
        is_cut = name == start and len(labels) >= MOST_LABELS
        left = labels[-(MOST_LABELS - 1) :] if is_cut else name.split(".")[1:]
        if not left:
            break
        name = ".".join(left)
    return Walk(start, tuple(records), is_sure, tuple(several))


def read_record(record: str) -> dict[str, str] | None:
    """Return the tags of what is a DMARC record: it begins with the version, exactly so written (§ 4.7)."""
    if record.partition(";")[0].replace(" ", "").replace("\t", "") != "v=DMARC1":
        return None
    return tags_of(record)


def policy_record(walk: Walk) -> Record | None:
    """Return the record that counts for the name (§ 4.10.1): its own, else its organisation's, else its suffix's."""
    for wanted in (walk.start, walk.organization):
        for one in walk.records:
            if one.domain == wanted:
                return one
    return next((one for one in walk.records if one.psd == "y"), None)


def policy_of(record: Record, domain: str, *, exists: bool = True) -> str | None:
    """Return the policy in force for a name, weakened while testing (t=y); None where the record has none to apply:
    a wrong policy is "none" with a place for reports, and nothing without (§ 4.7)."""
    named = {one: record.tags[one].lower() for one in ("p", "sp", "np") if one in record.tags}
    if "p" not in named or any(one not in POLICIES for one in named.values()):
        return "none" if record.tags.get("rua", "").lower().startswith("mailto:") else None
    policy = named["p"]
    if record.domain != domain:
        policy = named.get("sp", policy)
        if not exists:
            policy = named.get("np", policy)
    return _WEAKER[policy] if record.tags.get("t", "n").lower() == "y" else policy


async def check_dmarc(ask: Questions, domain: str) -> tuple[list[Finding], Record | None, Walk]:
    """Judge the policy of a domain in From."""
    walk = await walk_tree(ask, domain)
    record = policy_record(walk)
    fresh = f"v=DMARC1; p=none; rua=mailto:postmaster@{domain}"
    if domain in walk.several or (record is None and walk.several):
        name = walk.several[0]
        words = f"_dmarc.{name} has several DMARC records; receivers then act as if there were none. Keep one."
        return [_wrong(words, name, fresh)], None, walk
    if record is None or (not walk.is_sure and record.domain != domain):
        if not walk.is_sure:  # its own may be where nobody answered
            return [not_known(DMARC, f"The DNS of {domain} did not answer, so nothing is known of DMARC.")], None, walk
        return [_wrong(f"{domain} has no DMARC record, nor has a domain above it.", domain, fresh)], None, walk
    found: list[Finding] = []
    exists = (await ask(domain, "A")).exists
    policy = policy_of(record, domain, exists=exists)
    if policy is None:
        words = (
            f"The DMARC record at _dmarc.{record.domain} names no policy that receivers know; they act as if it"
            " were not there."
        )
        return [_wrong(words, record.domain, fresh)], None, walk
    if gone := [one for one in GONE if one in record.tags]:
        words = f"The DMARC record uses {', '.join(gone)}, which RFC 9989 took away: receivers ignore it."
        kept = "; ".join(f"{name}={value}" for name, value in record.tags.items() if name not in gone)
        found.append(Finding(DMARC, Verdict.BETTER, words, "", f"_dmarc.{record.domain}", "TXT", kept))
    if record.tags.get("t", "").lower() == "y":
        found.append(Finding(DMARC, Verdict.BETTER, "The DMARC policy is being tested (t=y): receivers weaken it."))
    if not record.tags.get("rua"):
        words = "Nobody gets DMARC's reports, so nobody learns who else sends in your name. Add rua=mailto:…"
        found.append(Finding(DMARC, Verdict.BETTER, words))
    place = f"_dmarc.{record.domain}"
    return [*found, good(DMARC, f"A policy at {place}: {policy}.")], record, walk


async def agrees(ask: Questions, other: str, walk: Walk, *, strict: bool) -> bool | None:
    """Tell whether a name that passed SPF or DKIM is aligned with From (§ 4.4); None where nobody knows."""
    other = other.lower().rstrip(".")
    if other == walk.start:
        return True
    if strict:
        return False
    theirs = await walk_tree(ask, other)
    if theirs.organization == walk.organization:
        return True
    return False if theirs.is_sure and walk.is_sure else None


def _wrong(words: str, domain: str, record: str) -> Finding:
    return Finding(DMARC, Verdict.WRONG, words, WHY, f"_dmarc.{domain}", "TXT", record)
