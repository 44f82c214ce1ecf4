"""Questions found by words: what somebody types, compared with what each is about. Pure."""

from __future__ import annotations

import re
from collections import Counter
from functools import lru_cache
from math import log

from liquor_app.analytics.asking.questions import QUESTIONS, Question

LONGEST = 300
"""Letters of what is asked that are looked at."""
_WORD = re.compile(r"[a-z0-9]+")
_IDLE = frozenset({
    "a", "an", "and", "are", "as", "at", "be", "by", "can", "did", "do", "does", "for", "from", "had", "has", "have",
    "how", "i", "in", "is", "it", "its", "me", "much", "many", "my", "of", "on", "or", "our", "show", "tell", "than",
    "that", "the", "their", "them", "there", "they", "this", "to", "was", "we", "were", "what", "which", "who", "will",
    "with", "you", "your", "give", "last", "past", "week", "weeks", "month", "months", "year", "years", "quarter",
    "days",
})  # fmt: skip
_ENDINGS = (
    ("ations", 4), ("ation", 4), ("ings", 4), ("ing", 4), ("ers", 4), ("er", 4), ("ies", 4), ("es", 4), ("ed", 4),
    ("s", 3), ("e", 4), ("y", 4),
)  # fmt: skip
"""Endings, and how many letters are left of a word at least: "wines" is no "win"."""
TYPED = 3
"""Letters of the last word from which on it counts as the beginning of one."""
OWN = 2.0
"""How much more a word of the question itself tells than one of its other names."""
_DAYS = (
    (re.compile(r"\b(?:twelve|12) months|\b365 days|\byear\b"), 365),
    (re.compile(r"\bquarter|\b(?:90|ninety) days|\b(?:3|three) months"), 90),
    (re.compile(r"\bweek|\b(?:7|seven) days"), 7),
    (re.compile(r"\bmonth|\b(?:30|thirty) days"), 30),
)  # fmt: skip
"""Days up to yesterday; what names days of the calendar is a span (`spans`)."""


def stem(word: str) -> str:
    """Return a word without its ending: "campaigns", "campaign" → "campaign"; enough to compare by."""
    for ending, least in _ENDINGS:
        if word.endswith(ending) and len(word) - len(ending) >= least:
            return word[: -len(ending)]
    return word


def stems(words: str) -> Counter[str]:
    """Return what words are about, each with how often."""
    return Counter(stem(one) for one in _WORD.findall(words.lower()[:LONGEST]) if one not in _IDLE)


@lru_cache(maxsize=1)
def _weights() -> tuple[dict[Question, dict[str, float]], dict[str, float]]:
    about = {one: {**dict.fromkeys(stems(one.also), 1.0), **dict.fromkeys(stems(one.words), OWN)}
             for one in QUESTIONS.values()}  # fmt: skip
    seen = Counter(word for words in about.values() for word in words)
    return about, {word: log(1 + len(about) / many) for word, many in seen.items()}


def matching(asked: str) -> list[Question]:
    """Return the questions that words may mean, the likeliest first: by the words they share, rare ones counting more.
    All of them, in their order, where nothing is asked; none where nothing is shared."""
    wanted = stems(asked)
    if not wanted:
        return list(QUESTIONS.values())
    about, rare = _weights()
    last = (_WORD.findall(asked.lower()[:LONGEST]) or [""])[-1]
    begun = last if len(last) >= TYPED and last not in _IDLE else "-"
    scores = {
        question: sum(weight * rare[word] for word, weight in words.items() if word in wanted or word.startswith(begun))
        for question, words in about.items()
    }
    return [one for one, score in sorted(scores.items(), key=lambda pair: -pair[1]) if score > 0]


def days_in(asked: str) -> int | None:
    """Return the days words speak of ("the past week", "90 days"); None where they speak of none."""
    words = asked.lower()[:LONGEST]
    return next((days for pattern, days in _DAYS if pattern.search(words)), None)
