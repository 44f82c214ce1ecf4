"""Columns of a list of people that are left out and smell of a no: who stands there agreed to nothing before somebody
says what the column is. Pure."""

from __future__ import annotations

import re
from collections.abc import Sequence
from functools import lru_cache

from liquor_app.imports.cleaning.answers.answer_cells import NO, YES, Answer, flag_word
from liquor_app.imports.cleaning.answers.coded_columns import may_be_codes
from liquor_app.imports.cleaning.answers.dead_addresses import column_words
from liquor_app.imports.cleaning.answers.other_ways import APPS, LETTERS, other_way
from liquor_app.imports.cleaning.answers.remarks import choice_channels, chosen_noes, holds_remarks, remarks_no
from liquor_app.imports.cleaning.answers.status_columns import answer_of, is_of_the_person, may_be_consent
from liquor_app.imports.cleaning.cells import REMEMBERED, Rejected
from liquor_app.imports.cleaning.dates import read_date
from liquor_app.imports.cleaning.doubts.doubt import MOST_OF_NAME, MOST_OF_VALUE, OF_NOES, Doubt
from liquor_app.ui.words import listed, plural

_OF_NO = re.compile(
    r"\b(?:block(?:s|ed|ing)?|blk|opt(?:s|ed|ing)?(?! ?in\b)|optout|un ?sub\w*|cancel\w*|stop(?:s|ped)?|suppress\w*"
    r"|exclu\w*|bann?(?:ed)?|dnc|dne|dnm|dnt|do not|don t|never|refus\w*|reject\w*|mute[ds]?|quit|left|removed?"
    r"|inactiv\w*"
    r"|object\w*|withdr\w*|revok\w*|restrict\w*|no (?:contact|e ?mails?|mails?|texts?|sms|calls?|marketing)"
    r"|baja|cancelad[oa]|bloque\w*|gesperrt|sperre|widerruf\w*|gekundigt|desabonn\w*|desinscri\w*)\b"
)
_OF_YES = re.compile(
    r"\b(?:contactable|reachable|mailable|marketable|contact (?:ok|allowed|status|preferences?|prefs?|permission)"
    r"|preferences?|prefs?|permissions?|permit\w*|allow\w*|consent\w*|subscri\w*|suscri\w*|abonn\w*|inscri\w*"
    r"|marketing|mktg?|mkt|newsletters?|comms?|communications?|notifications?|mailings?|gdpr|privacy|e ?mail ok"
    r"|ok to)\b"
)
_OF_OTHERS = re.compile(
    r"\b(?:orders?|payments?|credit|cards?|carts?|delivery|shipping|invoices?|substitut\w*|language|diet\w*|wine|grapes?"
    r"|product|bottle|store|pickup|reason|address|street|city|id|ids|count|number|appointment)\b"
)
"""Of headings that are about something else than what is sent."""
_SMELLS = re.compile(
    r"^(?:none|nothing|nobody|no|n|non|nein|nao|never|stop|off|out|false|0|not? .*|nada|ninguno|keine?r?)$"
    r"|\b(?:nothing|only|opt(?:ed|s)? ?out|un ?sub\w*|do not|don t|never|stop|no (?:more|marketing|e ?mails?|texts?"
    r"|sms|contact|thanks?)|dnc|remove[d]?|declin\w*|refus\w*|block\w*|cancel\w*)\b"
)
"""A no in a column about what is sent."""
_STRONG = re.compile(
    r"^(?:stop|dnc|dne|opt(?:ed)? ?out|un ?sub(?:scribed)?)$"
    r"|\b(?:do not|don t|never|stop) (?:contact|e ?mail|text|market|send|message)\w*"
    r"|\bno (?:more )?(?:e ?mails?|texts?|sms|marketing|contact|mailings?|newsletters?)$"
    r"|^(?:sms|texts?|phone|post|mail|e ?mail) only$"
)
"""… and one under any heading."""
_WHEN_IN = re.compile(r"(?:\w+ )?opt(?:ed|s)?(?: in)? (?:date|time|datetime|at|on|source|method|ip|by|url|page)")
"""When and how somebody agreed is no no."""
MOST_LETTERS = 60
_CALLING = re.compile(r"(?:(?:tele)?phone(?: calls?)?|calls?|calling|voice(?: calls?)?|telemarketing|robo ?calls?)")
_ASKED = re.compile(
    r"\b(?:opt(?:ed)? ?ins?|ok(?: to)?|okay|consents?|permissions?|allow(?:ed|s)?|accepts?|agree[ds]?|subscribed?"
    r"|preferences?|marketing|to|y n|yes no|y|n|flag|status|may|can|we|contact by|by|receive|wants?)\b"
)


def _is_of_another_way(column: str, cells: Sequence[str], columns: Sequence[str], *, hears_texts: bool) -> bool:
    """Tell whether a heading asks about letters or an app's messages, or for a yes to calls where texts have a column
    of their own: no word there is one on what is written, but one that is the person's."""
    if other_way(column, columns) in (LETTERS, APPS):
        return not any(is_of_the_person(cell, "") for cell in cells)
    left = " ".join(_ASKED.sub(" ", column_words(column)).split())
    if _OF_NO.search(column_words(column)) or not _ASKED.search(column_words(column)):
        return False
    return hears_texts and _CALLING.fullmatch(left) is not None


def may_concern(column: str, cell: str) -> bool:
    """Tell whether a cell of a column that becomes nothing may say that somebody is not to be written to."""
    return bool(cell.strip()) and len(cell) <= MOST_LETTERS and _concerns(column, cell)


@lru_cache(maxsize=4 * REMEMBERED)
def _concerns(column: str, cell: str) -> bool:
    heading, said = column_words(column), column_words(cell)
    try:
        word = flag_word(cell, "opt_out")
    except Rejected:
        word = ""
    if _STRONG.search(said):
        return True
    if _OF_OTHERS.search(heading):
        return False
    if _OF_NO.search(heading) and _is_flag(cell, word):
        return True
    return _OF_YES.search(heading) is not None and (word in NO or _SMELLS.search(said) is not None)


def _is_flag(cell: str, word: str) -> bool:
    """Tell whether a cell marks somebody: a yes, a tick, a day, a word for leaving; a no marks nobody."""
    if word in YES:
        return True
    if word in NO:
        return word not in _PLAIN_NO
    return read_date(cell.strip()) is not None or _SMELLS.search(column_words(cell)) is not None


_PLAIN_NO = frozenset({"no", "n", "false", "f", "0", "off", "non", "nein", "não", "nao", "never", "unchecked", "☐"})


class LeftOutNoes:
    """The columns of a list of people that become nothing and may say who is not to be written to.

    Args:
        columns: those left out, each with its place.
        cells: the cells of each in the first rows.
        heard: the file's columns.
        hears_texts: a column that is read says who agreed to texts, or refused them.
    """

    def __init__(
        self,
        columns: Sequence[tuple[str, int]],
        cells: Sequence[Sequence[str]],
        *,
        heard: Sequence[str] = (),
        hears_texts: bool = False,
    ) -> None:
        self._named: list[tuple[str, int]] = []
        self.unheard: list[str] = []
        """Those that hold yeses and noes, or codes, and may say who agreed."""
        self._codes: set[str] = set()
        for (column, place), held in zip(columns, cells, strict=True):
            if _is_of_another_way(column, held, heard, hears_texts=hears_texts):
                continue
            if may_be_codes(column, held):
                self._codes.add(column)
            if column in self._codes or may_be_consent(column, held):
                self.unheard.append(column)
            self._named.append((column, place))

    def concerned(self, cells: Sequence[str]) -> list[str]:
        """Return the columns in which a row's cells may be a no."""
        return [
            column for column, place in self._named if place < len(cells) and self._is_in_doubt(column, cells[place])
        ]

    def _is_in_doubt(self, column: str, cell: str) -> bool:
        if not cell.strip():
            return False
        if column in self._codes:
            return True
        if (holds_remarks(column) and remarks_no(cell)) or chosen_noes(cell, choice_channels(column), column):
            return False  # it is taken as one
        if _WHEN_IN.fullmatch(column_words(column)):
            return False
        if column in self.unheard:  # whether a yes there is one nobody knows
            answer = answer_of(cell, "email_consent")
            return answer is not Answer.YES or may_concern(column, cell)
        return may_concern(column, cell)

    def without(self, answered: Sequence[str] | frozenset[str]) -> LeftOutNoes:
        """Return them without those somebody answered for."""
        left = LeftOutNoes((), ())
        left._named = [one for one in self._named if one[0] not in answered]
        left.unheard = [one for one in self.unheard if one not in answered]
        left._codes = self._codes
        return left

    def doubts(self, rows: Sequence[Sequence[str]]) -> list[Doubt]:
        """Return what is to be asked of the first rows, with how many people each column concerns."""
        found: dict[str, list[str]] = {}
        for cells in rows:
            for column in self.concerned(cells):
                found.setdefault(column, []).append(cells[dict(self._named)[column]].strip())
        return [_asked(column, values) for column, values in found.items()]


def _asked(column: str, values: Sequence[str]) -> Doubt:
    few = listed([f"“{one[:MOST_OF_VALUE]}”" for one in list(dict.fromkeys(values))[:4]])
    words = (
        f"“{column[:MOST_OF_NAME]}” is left out and may say that {plural(len(values), 'person', 'people')} of the first"
        f" rows {'is' if len(values) == 1 else 'are'} not to be written to ({few}): no yes of theirs is taken. Match it"
        " to what it is, or say that it changes nothing."
    )
    return Doubt(column, OF_NOES, words)
