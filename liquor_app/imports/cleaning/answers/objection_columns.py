"""Columns that say who objects (GDPR art. 21): "Do Not Profile", "GDPR Objection". Like every no they are heard in
whatever column, and a file only ever sets one. Pure."""

from __future__ import annotations

import re

PROFILING, OBJECTION = "profiling_opt_out", "objection"
OBJECTIONS = {PROFILING: (), OBJECTION: ("email", "sms")}
"""Field → channels that who objects so is written to on no more: of profiling alone, none; who objects without saying
to what objects to marketing, too, which profiling is for (art. 21 (2))."""
_DECIDED = r"(?:profiling|profil(?:bildung|ierung|age|azione)|perfilado|automated decisions?(?: making)?)"
_PROFILING = re.compile(
    r"\b(?:do ?not|don ?t|never) profile[ds]?\b"
    r"|\b(?:do ?not|don ?t|never|no|not|stop|without|against|keine?|opt(?:s|ed|ing)? ?out|optout|refuse[sd]?"
    r"|widerspruch|object(?:s|ed|ing|ions?)?|oppos\w+|refus\w*)"
    r"(?: (?:use[ds]?|be|for|any|to|the|from|of|data|marketing|customer|gegen|au|a|al|alla|ao|al|le|la)){0,3}"
    rf" {_DECIDED}\b"
    rf"|\b{_DECIDED} (?:opt(?:ed)? ?out|objections?|objected|refused|blocked|restricted|widerspruch|widersprochen)\b"
)
_OBJECTION = re.compile(
    r"(?:(?:gdpr|dsgvo|rgpd|marketing|direct marketing|processing|data processing|customer|contact|has) )*"
    r"(?:objections?|objected|objects|right to object|widerspruch|opposition|opposizione|oposicao|oposicion)"
    r"(?: (?:to|gegen|a|au|alla|al|ao) .*)?(?: (?:gdpr|dsgvo|rgpd|art 21|received|flag|status|date|on|at))*"
    r"|(?:gdpr|dsgvo|rgpd|rodo) art(?:icle|ikel)? 21|art(?:icle|ikel)? 21(?: (?:gdpr|dsgvo|rgpd))?(?: objection)?"
)
_OF_ELSE = re.compile(r"\b(?:reason|comment|notes?|text|by|id|handled|answered|sales|price)\b")


def objection_field(words: str) -> str | None:
    """Return which of `OBJECTIONS` a column is by its name, as `column_words` has it; None for any other column."""
    if _OF_ELSE.search(words):
        return None
    if _PROFILING.search(words):
        return PROFILING
    return OBJECTION if _OBJECTION.fullmatch(words) else None
