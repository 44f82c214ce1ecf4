"""What a check of a sending domain found, in words a shop can act on. Pure."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

GMAIL_AND_YAHOO = "Gmail and Yahoo refuse bulk mail without it since 2024 (Gmail: 550 5.7.26)."
MICROSOFT = "Outlook.com refuses such mail since May 2025 (550 5.7.515)."
WHY = f"{GMAIL_AND_YAHOO} {MICROSOFT}"


class Verdict(StrEnum):
    """From good to bad, as far as anybody knows."""

    GOOD = "good"
    BETTER = "better"
    """It works; it could be better."""
    UNKNOWN = "unknown"
    """The DNS did not answer, or nobody has told us what to ask for: no fault is claimed."""
    WRONG = "wrong"


_RANK = (Verdict.GOOD, Verdict.BETTER, Verdict.UNKNOWN, Verdict.WRONG)


class Topic(StrEnum):
    SPF = "SPF"
    DKIM = "DKIM"
    DMARC = "DMARC"
    ALIGNMENT = "Alignment"


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that is so: `record` of `kind` at `name` is what to publish; empty where nothing is to be."""

    topic: Topic
    verdict: Verdict
    words: str
    why: str = ""
    name: str = ""
    kind: str = ""
    record: str = ""


def good(topic: Topic, words: str) -> Finding:
    return Finding(topic, Verdict.GOOD, words)


def not_known(topic: Topic, words: str) -> Finding:
    return Finding(topic, Verdict.UNKNOWN, words)


def worst(findings: list[Finding]) -> Verdict:
    """Return the verdict of a whole check: what is wrong goes before what nobody knows."""
    return max((one.verdict for one in findings), key=_RANK.index, default=Verdict.UNKNOWN)
