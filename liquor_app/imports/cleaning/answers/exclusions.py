"""Columns named by an exclusion ("Exclude from email", "Stop Texts"): a yes in them is a no and
never a consent, however the exclusion is put. Pure."""

from __future__ import annotations

import re

_SOON = (
    r"exclu(?:de[ds]?|ding|sions?)|stop(?:s|ped|ping)?|remov(?:e[ds]?|ing|al)|declin(?:e[ds]?|ing)"
    r"|refus(?:e[ds]?|ing|als?)"
    r"|reject(?:s|ed|ing|ions?)?|disabl(?:e[ds]?|ing)|ban(?:s|ned|ning)?|restrict(?:s|ed|ing|ions?)?|block(?:s|ed|ing)?"
    r"|cancel(?:s|l?ed|l?ing|lations?)?|ceas(?:e[ds]?|ing)|halt(?:s|ed|ing)?|paus(?:e[ds]?|ing)|mut(?:e[ds]?|ing)"
    r"|silenc(?:e[ds]?|ing)|prohibit(?:s|ed|ing|ions?)?|forbid(?:s|den|ding)?|forbade|den(?:y|ies|ied|ying|ial)"
    r"|withh(?:olds?|eld|olding)|withdr(?:aws?|awn|ew|awing|awals?)|revo(?:ke[ds]?|king|cations?)"
    r"|terminat(?:e[ds]?|ing|ion)"
    r"|discontinu(?:e[ds]?|ing|ation)|suspen(?:ds?|ded|ding|sion)|snooz(?:e[ds]?|ing)|deactivat(?:e[ds]?|ing|ion)"
    r"|disallow(?:s|ed|ing)?|rescind(?:s|ed|ing)?|avoid(?:s|ed)?|unwanted|never"
    r"|kill(?:s|ed|ing)?"
)
"""Verbs that leave no doubt beside what is sent."""
_DENIED = (
    r"not (?:to be|to|for|want(?:s|ing|ed)?|interested in|accept(?:s|ing|ed)?|allow(?:s|ing|ed)?|permit(?:s|ting|ted)?"
    r"|wished|desired|authori[sz]ed|approved|enabled)"
    r"|(?:does|will|can|may|must|should|would) ?not(?: want| wish| like| accept)?"
    r"|(?:doesn|won|can|mustn|shouldn|wouldn|isn) ?t(?: want| wish| like| accept)?"
)
_WEAK = (
    r"end(?:s|ed|ing)?|quits?|left|leav(?:es?|ing)|off|skip(?:s|ped|ping)?|drop(?:s|ped|ping)? from|on hold|hold|held"
)
"""… and such as are about much else: "Year End Newsletter", "Price Drop Texts"."""

_HEAD = (
    r"(?:mkt|mktg|mrkt|mrktg|e ?mail(?:s|ed|ing|ings)?|mail(?:s|ed|ing|ings)?|newsletters?|sms|mms|text(?:s|ed"
    r"|ing)?|txts?|marketing"
    r"|promo(?:s|tions?|tional)?|offers|advert(?:s|ising|isements?)?|solicitations?|campaigns?|communications?"
    r"|contact(?:ed|ing)?"
    r"|messag(?:es|ing)|e ?blasts?|consents?|permissions?|opt ?ins?)"
)
_SENT = r"(?:e ?mail(?:s|ings?)?|mailings?|newsletters?|sms|texts?|txts?|marketing)"
_TAIL = (
    r"(?:lists?|messag(?:es?|ing)|subscriptions?|updates?|alerts?|communications?|campaigns?|consents?|permissions?"
    r"|opt ?ins?|preferences?|notifications?|offers?|sends?|contacts?|blasts?|material|and|or)"
)
_BEFORE = (
    r"(?:(?:is|was|are|be|to|has|have|had|please|pls|customer|client|subscriber|member|person|user|flag|the"
    r"|should|must|wants?"
    r"|wanted|asked|requested|requests?|wishes|they|gdpr|ccpa|turn(?:ed)?|switch(?:ed)?|tak(?:e|en)) ){0,4}"
)
_BETWEEN = (
    r"(?:(?:from|of|to|for|out|off|any|all|the|our|my|us|future|further|more|bulk|mass|being|be|sending|send|receiving"
    r"|receive|getting|get|by|via|on|with|me|them) ){0,4}"
)
_IS = r"(?:(?:is|was|are|were|has|have|been|be|to|turned|switched|put) ){0,3}"
_AFTER = r"(?: (?:at|on|date|time|datetime|timestamp|flag|yn|y n|ind|indicator|since|status)){0,2}"
_EXCLUSION = re.compile(
    rf"{_BEFORE}(?:{_SOON}|{_DENIED}) {_BETWEEN}{_HEAD}(?: {_HEAD}| {_TAIL}){{0,4}}{_AFTER}"
    rf"|{_BEFORE}(?:{_SOON}|{_DENIED}) (?:me )?from (?:(?:the|our|all|any|my) ){{0,2}}lists?{_AFTER}"
    rf"|{_BEFORE}{_HEAD}(?: {_HEAD}| {_TAIL}){{0,3}} {_IS}(?:{_SOON}|{_DENIED}){_AFTER}"
    rf"|{_BEFORE}(?:{_WEAK}) {_BETWEEN}{_SENT}(?: {_SENT}| lists?| messages?){{0,3}}"
    rf"|{_BEFORE}{_SENT}(?: {_SENT}| lists?| messages?){{0,3}} {_IS}(?:ended|off|on hold|dropped){_AFTER}"
)
"""A name that is an exclusion and nothing else: what is sent, what is done with it, and words that say no more."""
_ALONE = re.compile(rf"{_BEFORE}(?:stop(?:ped)?|exclu(?:de|ded|sion)|kill(?:ed)?|muted?|unwanted|silenced){_AFTER}")
"""A name that is an exclusion from everything, as it does not say from what: "Excluded", "STOP"."""

_ANY_EXCLUSION = re.compile(
    rf"\b(?:{_SOON}|{_DENIED}|{_WEAK}|drop\w*|no|non|not|nor|without|against|lacks?|missing|dis(?:agree|approv"
    rf"|sent|inter|lik|connect)\w*|un(?!ique|it|ion|iver|til|der|less)\w+|in(?:active|eligible)"
    r"|suppress\w*|delet\w*|purg\w*|lock(?:s|ed)?|freez\w*|frozen|kill(?:s|ed)?|ignor\w*|expir\w*|laps\w*"
    r"|object\w*|oppos\w*"
    r"|exclu\w*|stop\w*|reject\w*|restrict\w*|block\w*|cancel\w*|black ?list\w*|dnc|dne|opt(?:s|ed|ing)? ?out|optout"
    r"|nao|nunca|sin|sem|senza|sans|ne|pas|jamais|mai|ohne|kein\w*|nicht|niemals|gesperrt|bloque\w*|bloqu\w*"
    r"|gekundigt|baja)\b"
)
_ANY_SENT = re.compile(
    r"(?:e ?mail|\bmail|newsletter|\bsms\b|\bmms\b|\btext|\btxt|marketing|promo|\boffer|advert|campaign"
    r"|communicat|\bcontact"
    r"|messag|consent|permission|subscri|\blists?\b|\bopt ?in|\bphone|\bmobile|\bcell\b|correo|boletin|werbung"
    r"|publicid|publicit)"
)


def is_exclusion(words: str) -> bool:
    """Tell whether a column is an exclusion from what is sent, by its name as `column_words` has it."""
    return _EXCLUSION.fullmatch(words) is not None or _ALONE.fullmatch(words) is not None


def names_exclusion(words: str) -> bool:
    """Tell whether any word of an exclusion stands beside one for what is sent: such a column may mean either, and a
    yes in it agrees to nothing."""
    return _ANY_EXCLUSION.search(words) is not None and _ANY_SENT.search(words) is not None
