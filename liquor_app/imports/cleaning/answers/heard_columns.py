"""Fields that several columns of a file may say something of, each of which is heard: "Do Not Contact" beside "Opted
Out", a line's discount beside its order's. A mapping names the further ones `opt_out.2`, `opt_out.3`. Pure."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Mapping

from liquor_app.imports.cleaning.answers.dead_addresses import DEAD_FIELDS
from liquor_app.imports.cleaning.answers.refusals import CONSENTS, REFUSALS
from liquor_app.imports.cleaning.answers.status_columns import STATUSES

SEVERAL = frozenset({*CONSENTS, *REFUSALS, *DEAD_FIELDS, *STATUSES, "given_up"})
"""Where any no counts, of whichever column."""
ADDED_UP = frozenset({"discount", "order_discount", "stock", "fees", "refunded"})
"""Fields that several columns hold parts of."""
OF_EVIDENCE = frozenset({
    "consent_source", "email_consent_source", "sms_consent_source", "consent_at", "email_consent_at", "sms_consent_at",
    "consent_wording", "email_consent_wording", "sms_consent_wording", *CONSENTS, *REFUSALS,
})  # fmt: skip
"""Fields a consent stands on."""
OF_CONSENT = frozenset({*CONSENTS, *REFUSALS, *STATUSES, "given_up"})
"""Fields that may change one."""
_FURTHER = re.compile(r"(\w+)\.(?:[2-9]|[1-9][0-9]{1,2})")


def field_of(name: str) -> str:
    """Return the field a name of a mapping stands for: `opt_out.2` is opt_out."""
    found = _FURTHER.fullmatch(name)
    return found[1] if found and found[1] in SEVERAL | ADDED_UP else name


def free_name(field: str, taken: Collection[str]) -> str:
    """Return what a mapping calls the next column of a field: the field, or `opt_out.2` where that is taken."""
    name, nth = field, 1
    while name in taken:
        nth += 1
        name = f"{field}.{nth}"
    return name


def places_of(at: Mapping[str, int], fields: Iterable[str]) -> list[tuple[str, int]]:
    """Return each field with the place of each of its columns, in the order of the fields."""
    return [(field, place) for field in fields for name, place in at.items() if field_of(name) == field]
