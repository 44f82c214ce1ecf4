"""What of a thing was changed, as the audit log may keep it: no secret, no person, of bounded size. Pure."""

from __future__ import annotations

import json
from collections.abc import Collection, Mapping
from datetime import date, datetime
from enum import Enum
from typing import Any

from liquor_app.core.listing.spec import ListSpec
from liquor_app.core.security.redact import redact

HIDDEN = "[hidden]"
VALUE_CHARS = 300
"""Longest a value is kept; a template's text has 100,000 characters, and its versions are kept elsewhere."""
MOST_FIELDS = 40

Changed = dict[str, list[Any]]
"""Field → [before, after]."""


def changed_fields(
    before: Mapping[str, Any], after: Mapping[str, Any], *, private: Collection[str] = (), plain: Collection[str] = ()
) -> Changed:
    """Return the fields of `after` that are not as they were.

    Args:
        private: fields whose values are nobody's business here: people's data, secrets. Only that they were set,
            changed or emptied is told.
        plain: fields whose text is the shop's own and may look like an address: kept as it is.
    """
    names = [name for name in after if before.get(name) != after[name]]
    told = {
        name: [_told(value, hides=name in private, is_plain=name in plain) for value in (before.get(name), after[name])]
        for name in names[:MOST_FIELDS]
    }
    if len(names) > MOST_FIELDS:
        told["more"] = [None, len(names) - MOST_FIELDS]
    return told


def told_filters(spec: ListSpec[Any], filters: Mapping[str, str]) -> dict[str, str]:
    """What a list was narrowed by: of people only that somebody was asked for."""
    return {
        name: HIDDEN if spec.filter_names[name].names_people else redact(value, VALUE_CHARS)
        for name, value in filters.items()
        if value
    }


def _told(value: Any, *, hides: bool, is_plain: bool) -> Any:
    if value is None or value == "":
        return value
    if hides:
        return HIDDEN
    if isinstance(value, Enum):
        return value.value
    if isinstance(value, bool | int | float):
        return value
    if isinstance(value, datetime | date):
        return value.isoformat()
    if isinstance(value, list | tuple | dict):
        whole = json.dumps(value, ensure_ascii=False, default=str, sort_keys=True)
        shown = whole if is_plain else redact(whole, VALUE_CHARS)
        # what was neither cut nor hidden stays what it is
        return json.loads(whole) if shown == whole and len(whole) <= VALUE_CHARS else shown[:VALUE_CHARS]
    text = str(value)
    return text[:VALUE_CHARS] if is_plain else redact(text, VALUE_CHARS)
