"""Deadlines as Spanish says them, put into the English words `true_subjects` reads. Pure."""

from __future__ import annotations

import re

_TOLD = re.compile(
    r"\b(?:hoy|manana|hasta|terminan?|acaban?|vencen?|caducan?|finalizan?|expiran?|ultim[oa]s?|quedan?|solamente"
    r"|este fin de semana|esta noche)\b"
)
"""Without one of these a subject tells no deadline in Spanish."""
_DAYS = r"(\d{1,3}|un|una|dos|tres|cuatro|cinco)"
_WORDS = tuple(
    (re.compile(rf"\b(?:{spanish})\b"), english)
    for spanish, english in (
        ("(?:hasta|a) (?:la )?medianoche", "until midnight"),
        ("(?:este|el) fin de semana", "this weekend"),
        ("(?:el )?fin(?:al)? (?:de|del|de este) mes", "the end of the month"),
        ("(?:el )?fin(?:al)? de (?:la|esta) semana", "the end of the week"),
        ("(?:el )?fin(?:al)? (?:de|del|de este) ano", "the end of the year"),
        (rf"quedan? (?:solo )?{_DAYS} dias?", r"\1 days left"),
        (rf"quedan? (?:solo )?{_DAYS} horas?", r"\1 hours left"),
        ("este mes", "this month"), ("esta semana", "this week"),
        ("solo por|solo|solamente|unicamente|nada mas", "only"),
        ("terminan?|acaban?|vencen?|caducan?|finalizan?|expiran?", "ends"), ("hasta", "until"),
        ("ultimas? horas?", "final hours"), ("ultimos? dias?", "last day"), ("ultima oportunidad", "last chance"),
        ("hoy", "today"), ("esta noche", "tonight"), ("manana", "tomorrow"),
        ("un|una", "one"), ("dos", "two"), ("tres", "three"), ("cuatro", "four"), ("cinco", "five"),
        ("lunes", "monday"), ("martes", "tuesday"), ("miercoles", "wednesday"), ("jueves", "thursday"),
        ("viernes", "friday"), ("sabado", "saturday"), ("domingo", "sunday"),
        ("enero", "january"), ("febrero", "february"), ("marzo", "march"), ("abril", "april"), ("mayo", "may"),
        ("junio", "june"), ("julio", "july"), ("agosto", "august"), ("septiembre", "september"),
        ("octubre", "october"), ("noviembre", "november"), ("diciembre", "december"),
        ("el|la", ""), ("de", "of"),
    )
)  # fmt: skip
"""Longer ones first: "el fin de semana" before "el"."""


def in_english(plain: str) -> str:
    """Return a subject line in plain words with what it says of days in English; as it is where it says none."""
    if _TOLD.search(plain) is None:
        return plain
    for spanish, english in _WORDS:
        plain = spanish.sub(english, plain)
    return " ".join(plain.split())
