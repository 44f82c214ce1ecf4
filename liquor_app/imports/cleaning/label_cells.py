"""Cells of the shop's own words: tags, and custom fields by their kind. Pure."""

from __future__ import annotations

import csv
import re
from datetime import datetime

from liquor_app.core.errors import Invalid
from liquor_app.customers.labels.custom_values import FieldKind, clean_value
from liquor_app.customers.labels.tags import MOST_OF_ONE, clean_tag
from liquor_app.imports.cleaning.answers.answer_cells import clean_flag
from liquor_app.imports.cleaning.cells import Rejected, clean_text, clean_word
from liquor_app.imports.cleaning.dates import read_date
from liquor_app.imports.cleaning.number_cells import clean_signed

_BETWEEN = re.compile(r"[;|\n]")
_LIST = re.compile(r"\s*\[(.*)\]\s*", re.DOTALL)
LONGEST = 20_000
"""Letters of a cell of tags that are read; the CSV parser reads no field of any length."""


def clean_tags(cell: str) -> tuple[tuple[str, ...], bool]:
    """Return a cell's tags, each once (`VIP` and `vip` are one), and whether one of them was left out. They stand
    between commas, semicolons or bars, with or without quotation marks (Mailchimp), or as a program writes a list:
    `["vip", "rum"]`."""
    found: dict[str, str] = {}
    is_whole = len(cell) <= LONGEST
    if listed := _LIST.fullmatch(cell):
        cell = listed[1]
    for part in next(csv.reader([",".join(map(str.strip, _BETWEEN.split(cell[:LONGEST])))], skipinitialspace=True), []):
        try:
            if (text := clean_word(part.strip(" \"'"), "tags")) is not None:
                found.setdefault((tag := clean_tag(text)).casefold(), tag)
        except (Invalid, Rejected):
            is_whole = False
    tags = tuple(found.values())
    return tags[:MOST_OF_ONE], is_whole and len(tags) <= MOST_OF_ONE


def clean_custom(kind: FieldKind, key: str, cell: str, *, order: str, decimal: str, currency: str) -> str | None:
    """Return a custom field's value as it is kept; None if blank.

    Raises:
        Rejected: not of its kind.
    """
    if kind is FieldKind.TEXT:
        given: object = clean_text(cell, key)
    elif kind is FieldKind.NUMBER:
        given = clean_signed(cell, key, decimal, currency)
    elif kind is FieldKind.FLAG:
        given = clean_flag(cell, key)
    else:
        given = _day(cell, key, order)
    try:
        return clean_value(kind, given, key)
    except Invalid as error:
        raise Rejected(f"bad_{key}", key, error.message) from error


def _day(cell: str, key: str, order: str) -> str | None:
    text = clean_word(cell, key)
    if text is None:
        return None
    if (found := read_date(text, order)) is None:
        raise Rejected(f"bad_{key}", key, f"{key} is not a date: {text[:40]!r}.")
    return (found.date() if isinstance(found, datetime) else found).isoformat()
