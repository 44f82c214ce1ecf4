"""The columns of a file, and what each may become, as the page shows them. Pure."""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass

from liquor_app.customers.labels.custom_fields import CustomFieldRow
from liquor_app.customers.labels.custom_values import FieldKind
from liquor_app.imports.cleaning.answers.heard_columns import ADDED_UP, SEVERAL, field_of, free_name
from liquor_app.imports.cleaning.column_names import KINDS
from liquor_app.imports.dry_run import FilePreview
from liquor_app.imports.profiles.known_tools import PROFILES
from liquor_app.imports.readers.dialect import Dialect
from liquor_app.ui.words import figure, listed, plural, spoken

LABELS: Mapping[str, str] = {
    "email_consent_at": "E-mail consent, when",
    "sms_consent_at": "SMS consent, when",
    "email_consent_source": "E-mail consent, where",
    "sms_consent_source": "SMS consent, where",
    "given_up": "Why nobody writes there any more",
    "email": "E-mail",
    "external_id": "Customer number",
    "second_number": "Another tool's number",
    "email_consent": "E-mail consent",
    "sms_consent": "SMS consent",
    "email_opt_out": "Refused e-mail",
    "sms_opt_out": "Refused SMS",
    "call_opt_out": "Refused calls, and with them texts",
    "opt_out": "Refused every message",
    "email_bounced": "E-mail address is dead (bounced)",
    "sms_bounced": "Phone number is dead",
    "email_valid": "E-mail address is valid",
    "sms_valid": "Phone number is valid",
    "email_suppressed": "Nobody writes e-mail there any more",
    "sms_suppressed": "Nobody texts there any more",
    "email_status": "E-mail status in another list (only a no counts)",
    "sms_status": "SMS status in another list (only a no counts)",
    "objection": "Objected to marketing and profiling (GDPR)",
    "profiling_opt_out": "Objected to profiling",
    "complained": "Complained of spam",
    "suppressed": "Nobody writes there any more",
    "consent_source": "Where consent was given",
    "consent_wording": "What was agreed to (its words)",
    "email_consent_wording": "What was agreed to for e-mail (its words)",
    "sms_consent_wording": "What was agreed to for texts (its words)",
    "consent_ip": "Internet address consent came from",
    "consent_at": "When consent was given",
    "occurred_at": "When it was bought",
    "amount": "What was paid",
    "tax": "Tax within what was paid",
    "other_tax": "Another tax within what was paid",
    "tip": "Tip within what was paid",
    "shipping": "Shipping within what was paid",
    "fees": "Fees within what was paid",
    "tax_rate": "Rate of the tax that prices hold",
    "active": "Still sold",
    "order_total": "What the whole order came to",
    "refunded": "What was given back of it",
    "refund_of": "The order a refund is of",
    "register": "Register (numbers its own receipts)",
    "is_alcohol": "Is alcohol",
    "customer": "Customer (e-mail, phone or number)",
    "age_checked_at": "Age checked, when",
    "age_check": "Age checked, what was seen",
    "custom": "Custom fields",
    "sku": "SKU",
    "upc": "UPC",
}
CHOICES: Mapping[str, list[tuple[str, str]]] = {
    kind: [("", "Leave out"), *((name, LABELS.get(name, spoken(name))) for name in fields)]
    for kind, fields in KINDS.items()
}
"""What a column of the file may become, by kind of file."""
NEW = "new."
"""Before the kind of a custom field that is made of the column."""
_NAMES = {
    name: words
    for choices in CHOICES.values()
    for name, words in choices
    if "_" in name or name == "amount"  # the others are English, and read as they are
}
_SPOKEN = re.compile(rf"“[^”]*”|(?<!\w)'[^']*'|\b({'|'.join(_NAMES)})\b")
_OF_THE_FILE = " the columns "
"""After it stand the file's own names."""


def choices_of(kind: str, custom: Sequence[CustomFieldRow]) -> list[tuple[str, str]]:
    """Return what a column of a file of this kind may become, with the shop's own fields and new ones."""
    if kind != "customers":
        return list(CHOICES[kind])
    own = [(one.name, f"{one.label} ({one.kind.label.lower()})") for one in custom]
    new = [(f"{NEW}{one.value}", f"New field: {one.label.lower()}") for one in FieldKind]
    return [*CHOICES[kind], *own, *new]


def on_screen(message: str) -> str:
    """Return words of an import as the page says them: fields by what the menus call them. What stands in quotation
    marks is the file's own, and stays."""
    head, mark, columns = message.partition(_OF_THE_FILE)
    said = _SPOKEN.sub(lambda found: f"“{_NAMES[found[1]]}”" if found[1] else found[0], head)
    return (
        said.replace("an external id", "a customer number").replace("external id", "customer number") + mark + columns
    )


@dataclass(frozen=True, slots=True)
class ColumnLine:
    """A column of the file, a few of its values, and the field it becomes (empty: left out, unless `by` a known tool's
    profile it is put together with others)."""

    name: str
    example: str
    becomes: str
    by: str = ""


def made_words(profile: str) -> str:
    """Tell which fields a known tool's file holds in several columns, or means by being that file."""
    if not profile:
        return ""
    known = PROFILES[profile]
    fields = [LABELS.get(name, spoken(name)).lower() for name in known.made] + (
        ["what was paid"] if known.sales else []
    )
    return f"Put together from several columns: {listed(fields)}." if fields else "Its columns and words are known."


def column_lines(preview: FilePreview) -> list[ColumnLine]:
    """Return every column with up to three of its values and the field it was taken for."""
    becomes = {column: field_of(name) for name, column in preview.mapping.items()}
    together = frozenset(preview.put_together)
    by = dict.fromkeys(preview.statuses, "Says which rows count")
    if preview.profile:
        by |= dict.fromkeys(together, f"Put together by the {PROFILES[preview.profile].name} profile")
    return [
        ColumnLine(name, _example(preview.rows, position), becomes.get(name, ""), by.get(name, ""))
        for position, name in enumerate(preview.columns)
    ]


def columns_words(columns: Sequence[ColumnLine], compared: Collection[str] = ()) -> str:
    """Tell how many columns there are, and how many become nothing: "17 columns, all recognised".

    Args:
        compared: those the file's own sum stands on.
    """
    out = sum(1 for one in columns if not (one.becomes or one.by or one.name in compared))
    return f"{plural(len(columns), 'column')}, {f'{figure(out)} left out' if out else 'all recognised'}"


def _example(rows: Sequence[Sequence[str]], position: int) -> str:
    values = [row[position].strip() for row in rows if position < len(row) and row[position].strip()]
    return ", ".join(list(dict.fromkeys(values))[:3])[:80]


def reassigned(columns: Sequence[ColumnLine], name: str, field: str) -> list[ColumnLine]:
    """Return the columns with one of them becoming `field`; another that did is left out, unless several may."""

    def now(line: ColumnLine) -> str:
        if line.name == name:
            return field
        return "" if field and line.becomes == field and field not in SEVERAL | ADDED_UP else line.becomes

    return [ColumnLine(line.name, line.example, now(line), line.by) for line in columns]


def mapping_of(columns: Sequence[ColumnLine]) -> dict[str, str]:
    """Return field → column; the further ones of a field that several say something of by `free_name`."""
    mapping: dict[str, str] = {}
    for line in columns:
        if line.becomes:
            mapping[free_name(line.becomes, mapping)] = line.name
    return mapping


KNOWN_ELSEWHERE = "Numbers of this file are known of another store's orders, which they are not."


def numbering_words(dialect: Dialect, chosen: str) -> str:
    """Tell why receipts are numbered as they are."""
    if dialect.numbering_evidence:
        return evidence_words(dialect.numbering_evidence, dialect.numbering, chosen)
    return "A number two stores, or two registers, have both given is one order, or one in each of them."


def evidence_words(evidence: str, guessed: str, chosen: str) -> str:
    """Tell why dates or numbers are read as they are: "12 rows such as 24/11/2026 say so." """
    if not evidence:
        return "The first rows read the same either way; please check."
    return f"{evidence}." if guessed == chosen else f"The file seems to say otherwise: {evidence}."
