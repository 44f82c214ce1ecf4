"""Lists of who is written to no more, each with why ("email, reason, created"), whichever provider wrote them: bounces,
complaints and those who left are kept apart, as each row says. Pure."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import NamedTuple

from liquor_app.customers.models import SuppressionReason
from liquor_app.imports.cleaning.answers.answer_cells import NO, SILENT, SOFT, YES
from liquor_app.imports.cleaning.answers.dead_addresses import column_words
from liquor_app.imports.cleaning.cell_kinds import CellKind, kind_of

_GIVEN_UP = (
    (re.compile(r"spam|complain|abuse|junk"), SuppressionReason.COMPLAINED),
    (
        re.compile(
            r"bounce|clean|invalid|undeliverable|unknown user|user unknown|no such|mailbox|does not exist|not found"
            r"|^\s*(?:5\d\d|60[5-7])\b|\b5\.\d{1,3}\.\d{1,3}\b"
        ),
        SuppressionReason.BOUNCED,
    ),
    (re.compile(r"manual|by hand|user|suppress|block"), SuppressionReason.MANUAL),
)
"""Words for why a system writes to an address no more, the gravest first."""
_LEFT = re.compile(
    r"\b(?:\w*un ?subs?(?:cri\w*)?|opt(?:ed|s)? ?outs?|stop(?:ped)?(?: ?all)?|removal|removed by (?:user|request)"
    r"|withdr\w+"
    r"|revok\w+|do not (?:contact|e ?mail|text|mail|market)|dnc|left(?: the)?(?: list)?|non transactional)\b"
)
_PASSES = re.compile(
    r"^\s*4\d\d\b|\b4\.\d{1,3}\.\d{1,3}\b|\bquota\b|(?:mailbox|inbox) (?:is )?full|try again|timed? ?out"
)
_HARD = re.compile(r"\b(?:hard|permanent)\b")
_OF_US = re.compile(r"\b5\.7\.\d{1,3}\b|\breputation\b|\bspf\b|\bdkim\b|\bdmarc\b|invalid[ _-](?:sender|smtpapi)")
"""What is refused for who sends it: the address lives."""
_CODES = {"b": "bounced", "u": "unsubscribed"}
_LIVES = frozenset(
    {"delivered", "delivery", "open", "opened", "click", "clicked", "processed", "deferred", "sent", "valid"}
)


class Left(NamedTuple):
    """What a cell says of why: for good `reason`, or that somebody `left`; neither of one that `passes`."""

    reason: SuppressionReason | None = None
    left: bool = False
    passes: bool = False

    def __bool__(self) -> bool:
        return self.reason is not None or self.left or self.passes


def given_up_reason(text: str) -> SuppressionReason | None:
    """Return why an address is written to no more, by words in small letters; None in others."""
    return next((reason for words, reason in _GIVEN_UP if words.search(text)), None)


def why_left(cell: str) -> Left:
    """Return what a cell says of why an address is written to no more; nothing in words we do not know."""
    words, raw = column_words(cell[:2_000]), cell[:2_000].lower()
    words = _CODES.get(words, words)
    if not _HARD.search(words) and (SOFT.search(words) or _PASSES.search(raw)):
        return Left(passes=True)
    if _OF_US.search(raw):
        return Left(SuppressionReason.MANUAL)
    reason, left = given_up_reason(raw) or given_up_reason(words), _LEFT.search(words) is not None
    if left and reason is SuppressionReason.MANUAL:
        reason = None  # "Unsubscribed by user" is no decision of the shop's
    return Left(reason, left)


def is_strange(cell: str) -> bool:
    """Tell whether a cell says something that is no reason we know, and not that there is none."""
    words = column_words(cell[:2_000])
    if words in _LIVES or words in {*NO, *SILENT} - {"stop"}:
        return False
    return any(letter.isalpha() for letter in words) and words not in {
        "none",
        "null",
        "na",
        "n a",
        "nan",
        "active",
        "subscribed",
    }


_WHY = re.compile(
    r"(?:(?:e ?mail|sms|phone|contact|suppress(?:ion|ed)?|reject(?:ion|ed)?|bounce|event|removal|removed|list|blocked"
    r"|drop|unsub\w*|opt ?out|smtp|exclusion|failure|status) )*"
    r"(?:reasons?|types?|events?|codes?|status|category|cause|why|sources?|origin|list|errors?|suppressions?"
    r"|reason code|kind|classification|action|sub ?type)"
)
_SAYS_WHY = re.compile(r"\b(?:reasons?|why|cause|suppress\w*|reject\w*|bounced?|events?)\b")
"""Names that say it alone; a "Status" or a "Code" is one beside a day."""
_WHEN = re.compile(
    r"(?:(?:suppress(?:ion|ed)?|event|bounced?|removed|added|last|first|date|time|un ?sub\w*|opt ?out"
    r"|created|update) ?)*"
    r"(?:created|when|created(?: ?(?:at|on|date|time))?|date|time|timestamp|at|on|added|update ?time|updated|date added"
    r"|last updated?(?: ?time)?)"
)
_BESIDE = frozenset({"email", "phone", "external_id", "name", "first_name", "last_name", "given_up"})
"""What else such a list may hold of people: one that knows more of them is one of customers."""
_MAY_BE_WHY = frozenset(
    {"email_status", "sms_status", "email_consent", "sms_consent", "suppressed", "email_suppressed"}
)
_MOST_COLUMNS = 10


def suppression_list(
    columns: Sequence[str], cells: Mapping[str, Sequence[str]], found: Mapping[str, str]
) -> dict[str, str]:
    """Return the columns of a list of who is written to no more: `given_up` for why, `consent_at` for when. Nothing of
    any other file.

    Args:
        cells: of each column.
        found: field → column, as far as is known.
    """
    if len(columns) > _MOST_COLUMNS or not ({"email", "phone"} & {*found}):
        return {}
    more = {name: column for name, column in found.items() if name not in _MAY_BE_WHY}
    free = [one for one in columns if one not in more.values()]
    whys = [one for one in free if _WHY.fullmatch(column_words(one)) and _tells_why(cells[one])]
    if not whys or {*more} - _BESIDE - {"consent_at"} or any(name.startswith("given_up") for name in more):
        return {}
    when = next(
        (one for one in free if one not in whys and _WHEN.fullmatch(column_words(one))
         and kind_of(cells[one]) is CellKind.MOMENT), None,
    )  # fmt: skip
    if when is None and not any(_SAYS_WHY.search(column_words(one)) for one in whys):
        return {}
    named = {f"given_up{'' if nth == 1 else f'.{nth}'}": column for nth, column in enumerate(whys, 1)}
    return named | ({"consent_at": when} if when and "consent_at" not in found else {})


def _tells_why(cells: Sequence[str]) -> bool:
    """Tell whether each row says why, most of them in words we know, and none that somebody is written to."""
    filled = [column_words(cell) for cell in cells if cell.strip()]
    known = [bool(why_left(cell)) for cell in cells if cell.strip()]
    if any(word in YES or word in SILENT - {"soft bounce", "soft bounced"} for word in filled):
        return False
    return len(filled) * 10 >= len(cells) * 9 and sum(known) * 2 > len(filled) > 0
