"""Files to import, as their page shows them. Pure."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from liquor_app.customers.labels.custom_fields import CustomFieldRow
from liquor_app.customers.labels.custom_values import FieldKind
from liquor_app.customers.labels.tags import MOST_OF_ONE
from liquor_app.imports import refused_orders, reversed_orders
from liquor_app.imports.basket_lines import GIVEN, VOIDED_SINCE
from liquor_app.imports.cleaning.answers.heard_columns import SEVERAL, field_of, free_name
from liquor_app.imports.cleaning.column_names import KINDS
from liquor_app.imports.cleaning.row_notes import (
    COST_ABOVE_PRICE,
    FUTURE,
    GIVEN_UP,
    NO_BIRTHDAY,
    NO_EVIDENCE,
    NO_STATE,
    PERCENT,
    PRICE_OF_ZERO,
    REPEATED_FIRST,
    REPEATED_LATER,
    STOCK_BELOW_ZERO,
    TOO_MANY_OF_ONE,
    TOO_MANY_TAGS,
    UNSEEN,
    ZIP_WRONG,
    ZIP_ZEROS,
)
from liquor_app.imports.dry_run import FilePreview, ImportReport
from liquor_app.imports.merge_rows import Outcome
from liquor_app.imports.models import ImportStatus
from liquor_app.imports.new_buyers import MADE
from liquor_app.imports.outcome_words import outcome_words, taken_back_words
from liquor_app.imports.profiles.known_tools import PROFILES
from liquor_app.imports.profiles.tool_profile import LEFT_OUT, NOBODY, PICTURE
from liquor_app.imports.profiles.tool_profile import rows_left_out as left_out_by_reason
from liquor_app.imports.undo.undo_import import UndoCounts, is_something_left
from liquor_app.imports.undo.undo_words import KEPT, REMOVED, thing_words
from liquor_app.imports.uploads import ImportRow
from liquor_app.ui.words import ago, figure, listed, plural, show_money, spoken

LABELS: Mapping[str, str] = {
    "email_consent_at": "E-mail consent, when",
    "sms_consent_at": "SMS consent, when",
    "given_up": "Why nobody writes there any more",
    "email": "E-mail",
    "external_id": "Customer number",
    "email_consent": "E-mail consent",
    "sms_consent": "SMS consent",
    "email_opt_out": "Refused e-mail",
    "sms_opt_out": "Refused SMS",
    "opt_out": "Refused every message",
    "email_bounced": "E-mail address is dead (bounced)",
    "sms_bounced": "Phone number is dead",
    "email_valid": "E-mail address is valid",
    "sms_valid": "Phone number is valid",
    "email_suppressed": "Nobody writes e-mail there any more",
    "sms_suppressed": "Nobody texts there any more",
    "email_status": "E-mail status in another list (only a no counts)",
    "sms_status": "SMS status in another list (only a no counts)",
    "complained": "Complained of spam",
    "suppressed": "Nobody writes there any more",
    "consent_source": "Where consent was given",
    "consent_wording": "What was agreed to (its words)",
    "consent_ip": "Internet address consent came from",
    "consent_at": "When consent was given",
    "occurred_at": "When it was bought",
    "amount": "What was paid",
    "tax": "Tax within what was paid",
    "other_tax": "Another tax within what was paid",
    "tip": "Tip within what was paid",
    "shipping": "Shipping within what was paid",
    "fees": "Fees within what was paid",
    "refunded": "What was given back of it",
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


@dataclass(frozen=True, slots=True)
class ReasonLine:
    words: str
    count: str


@dataclass(frozen=True, slots=True)
class ImportLine:
    """An earlier import."""

    id: str
    name: str
    kind: str
    status: str
    when: str
    words: str
    rejects: str


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


def _example(rows: Sequence[Sequence[str]], position: int) -> str:
    values = [row[position].strip() for row in rows if position < len(row) and row[position].strip()]
    return ", ".join(list(dict.fromkeys(values))[:3])[:80]


def reassigned(columns: Sequence[ColumnLine], name: str, field: str) -> list[ColumnLine]:
    """Return the columns with one of them becoming `field`; another that did is left out, unless several may."""

    def now(line: ColumnLine) -> str:
        if line.name == name:
            return field
        return "" if field and line.becomes == field and field not in SEVERAL else line.becomes

    return [ColumnLine(line.name, line.example, now(line), line.by) for line in columns]


def mapping_of(columns: Sequence[ColumnLine]) -> dict[str, str]:
    """Return field → column; the further ones of a field that several say something of by `free_name`."""
    mapping: dict[str, str] = {}
    for line in columns:
        if line.becomes:
            mapping[free_name(line.becomes, mapping)] = line.name
    return mapping


def trial_words(report: ImportReport, twice: Sequence[str] = ()) -> str:
    """Tell what became of the first rows, tried out: "Of the first 212 rows 208 are new and 4 would be refused: …" """
    taken_back = taken_back_words(report.taken_back)
    if not (report.rows or taken_back):
        said = (
            "None of the rows becomes anything" if rows_left_out(report.notes) else "The file has a header and no rows"
        )
        return f"{said}.{note_words(report.notes)}"
    parts = [
        outcome_words(outcome, rows, report.orders) for outcome in Outcome if (rows := int(getattr(report, outcome)))
    ]
    if report.rejected:
        reasons = ", ".join(f"{line.words} {line.count}" for line in reason_lines(report.reasons))
        parts.append(f"{figure(report.rejected)} refused ({reasons})")
    parts += [taken_back] if taken_back else []
    rows = report.rows + rows_left_out(report.notes)
    return f"Tried on the first {plural(rows, 'row')}: {listed(parts)}.{note_words(report.notes, twice)}"


def evidence_words(evidence: str, guessed: str, chosen: str) -> str:
    """Tell why dates or numbers are read as they are: "12 rows such as 24/11/2026 say so." """
    if not evidence:
        return "The first rows read the same either way; please check."
    return f"{evidence}." if guessed == chosen else f"The file seems to say otherwise: {evidence}."


UNDO_WORDS: Mapping[ImportStatus, str] = {
    ImportStatus.UNDOING: "It is being undone.",
    ImportStatus.UNDO_STOPPED: "It was undone in part, and can be undone further.",
    ImportStatus.UNDONE: "It was undone as far as nothing was built on it.",
}


def undo_lines(counts: UndoCounts, *, done: bool) -> list[ReasonLine]:
    """Tell what undoing takes away and sets back (or did), and what stays and why, each with its number."""
    away, back = ("Removed", "Set back") if done else ("Will be removed", "Will be set back")
    taken = [
        (f"{said}: {REMOVED[what] if many == 1 else thing_words(what)}", many)
        for said, counted in ((away, counts.removed), (back, counts.set_back))
        for what in REMOVED
        if (many := counted.get(what, 0))
    ]
    ranked = [
        (f"{'Kept' if done else 'Stays'}: {KEPT[code]}", counts.kept[code]) for code in KEPT if code in counts.kept
    ]
    return [ReasonLine(words, figure(many)) for words, many in (*taken, *ranked) if many]


def ending_words(row: ImportRow) -> str:
    """Tell what became of an import: "2 rows: 1 new, 0 changed, 0 known already, 1 refused." """
    outcomes = [
        outcome_words(outcome, rows, row.orders)
        for outcome in Outcome
        if (rows := int(getattr(row, outcome)))
        or not (row.orders or row.taken_back)  # of orders what there is none of is not said
    ]
    rows = row.rows + rows_left_out(row.notes)
    counts = f"{plural(rows, 'row')}: {', '.join([*outcomes, f'{figure(row.rejected)} refused'])}."
    if row.taken_back:
        counts += f" {taken_back_words(row.taken_back)}: voided or refunded in full since."
    if row.orders:
        counts += f" The orders come to {show_money(row.money, cents=True)}."
    counts += note_words(row.notes, row.position.get("twice", ()))
    if row.status is ImportStatus.COMPLETED:
        return counts
    if row.status is ImportStatus.UNDONE and not is_something_left(row):
        return "It was undone; nothing of it is left to undo."
    if row.status in UNDO_WORDS:
        return f"{UNDO_WORDS[row.status]} {on_screen(row.error or '')}".strip()
    why = (
        "Stopped."
        if row.status is ImportStatus.CANCELLED
        else f"It could not go on. {on_screen(row.error or '')}".strip()
    )
    if not (row.rows or row.taken_back):
        return f"{why} Nothing was imported."
    return f"{why} What was taken so far stays: {counts}"


_WARNED = {
    ZIP_ZEROS: (
        "ZIP code lost its leading zero and has it again (2139 is read as 02139)",
        "ZIP codes lost their leading zero and have it again (2139 is read as 02139)",
    ),
    ZIP_WRONG: (
        "ZIP code has too few or too many digits for its state: please check it",
        "ZIP codes have too few or too many digits for their state: please check them",
    ),
    NO_STATE: (
        "state is none of the United States, or misspelt: please check it",
        "states are none of the United States, or misspelt: please check them",
    ),
    COST_ABOVE_PRICE: ("product costs more than its price", "products cost more than their price"),
    STOCK_BELOW_ZERO: ("product has a stock below zero", "products have a stock below zero"),
    PRICE_OF_ZERO: ("price of 0 is left blank", "prices of 0 are left blank"),
    GIVEN: (
        "known order is changed by what was given back of it, or exchanged",
        "known orders are changed by what was given back of them, or exchanged",
    ),
    VOIDED_SINCE: (
        "order is left out: it was voided or refunded in full, as a file told that may be the later one",
        "orders are left out: they were voided or refunded in full, as a file told that may be the later one",
    ),
    REPEATED_FIRST: (
        "row names again what stood further up in the file: the first row stands",
        "rows name again what stood further up in the file: the first row stands",
    ),
    REPEATED_LATER: (
        "row names again what stood further up in the file: the later row stands",
        "rows name again what stood further up in the file: the later row stands",
    ),
}
"""What should be looked at in rows that are taken, of one and of several."""


def rows_left_out(notes: Mapping[str, Any]) -> int:
    """Return how many rows of a file are no rows of its kind: left out, and not refused."""
    return sum(sum(words.values()) for words in left_out_by_reason(notes).values())


_NO_FAULT = (NOBODY, PICTURE)
"""Rows that hold nothing of what is imported, and are told by themselves."""


def note_words(notes: Mapping[str, Any], twice: Sequence[str] = ()) -> str:
    """Tell what was left out of rows that were taken: " 3 dates of birth left out: …"; empty for nothing.

    Args:
        twice: which rows name the same, a few of them: "SKU twice in the file, rows 2 and 6".
    """
    words = ""
    if count := int(notes.get(NO_BIRTHDAY, 0)):
        words = (
            f" {plural(count, 'date')} of birth left out: what tills write where they know nothing (1 January 1970)."
        )
    if count := int(notes.get(NO_EVIDENCE, 0)):
        words += (
            f" Consent left out of {plural(count, 'row')}: a yes counts only with columns for where and when it was"
            f" given ({LABELS['consent_source']}, {LABELS['consent_at']}). A no is always taken."
        )
    for code, (one, many) in _WARNED.items():
        if count := int(notes.get(code, 0)):
            rows_told = f" ({'; '.join(twice)})" if twice and code in (REPEATED_FIRST, REPEATED_LATER) else ""
            words += f" {figure(count)} {one if count == 1 else many}{rows_told}."
    blank = [
        f"{LABELS.get(field, spoken(field))} {figure(int(count))}"
        for code, count in sorted(notes.items())
        if (field := code.removesuffix("_left_out")) != code and int(count)
    ]
    if blank:
        words += f" Cells that could not be read are left blank: {listed(blank)}."
    if count := int(notes.get(PERCENT, 0)):
        words += f" {plural(count, 'discount')} in percent: worked out as money, of what the line cost before it."
    if count := int(notes.get(MADE, 0)):
        words += f" {plural(count, 'customer')} made of buyers nobody knew: by number, e-mail or phone alone, without"
        words += " consent."
    for code in _NO_FAULT:
        if count := int(notes.get(code, 0)):
            words += f" {plural(count, 'row')} {LEFT_OUT[code]}: left out, and no fault."
    found = left_out_by_reason(notes)
    rows = [
        f"{reason} {figure(sum(found[code].values()))}{_by_word(found[code])}"
        for code, reason in LEFT_OUT.items()
        if code not in _NO_FAULT and code in found
    ]
    if rows:
        words += f" Rows that are no lines of purchases, left out: {listed(rows)}."
    if count := int(notes.get(reversed_orders.ANOTHERS, 0)):
        words += f" {plural(count, 'known order')} voided or refunded in the file but left as bought: the row names"
        words += " another customer than the order's own."
    if count := int(notes.get(FUTURE, 0)):
        words += f" Consent left out of {plural(count, 'row')}: its date lies in the future."
    if count := int(notes.get(UNSEEN, 0)):
        words += f" Checks of age left out of {plural(count, 'row')}: one counts only with what was seen, and when."
    if count := int(notes.get(TOO_MANY_TAGS, 0)):
        words += f" Tags left out {figure(count)}: there are as many as there may be."
    if count := int(notes.get(TOO_MANY_OF_ONE, 0)):
        words += f" Tags left out {figure(count)}: their customers have {MOST_OF_ONE}, as many as one may have."
    if count := int(notes.get(GIVEN_UP, 0)):
        words += f" {plural(count, 'address', 'addresses')} the file no longer writes to: on the suppression list."
    return words


def _by_word(words: Mapping[str, int]) -> str:
    """Tell which words of the file left rows out: " (“void” 2, “cancelled” 1)"."""
    told = [f"“{word}” {figure(count)}" for word, count in sorted(words.items(), key=lambda one: -one[1]) if word]
    return f" ({', '.join(told)})" if told else ""


def reason_lines(reasons: Mapping[str, Any]) -> list[ReasonLine]:
    """Tell why rows were refused, the most frequent first."""
    ranked = sorted(reasons.items(), key=lambda item: (-int(item[1]), item[0]))
    return [ReasonLine(_reason(code), figure(int(count))) for code, count in ranked]


def _reason(code: str) -> str:
    """ "E-mail not valid" for `bad_email`; other codes read as they are."""
    if code == refused_orders.CODE:
        return "Good lines, refused with their order: another line of it was"
    kind, _, field = code.partition("_")
    if kind in ("bad", "negative") and field:
        return f"{LABELS.get(field, spoken(field))} {'not valid' if kind == 'bad' else 'negative'}"
    return spoken(code)


def import_line(row: ImportRow, at: datetime) -> ImportLine:
    """Return an import of the past in words."""
    taken = [outcome_words(outcome, rows, row.orders) for outcome in Outcome if (rows := int(getattr(row, outcome)))]
    taken += [taken_back_words(row.taken_back)] if row.taken_back else []
    words = listed([*taken, *([f"{figure(row.rejected)} refused"] if row.rejected else [])])
    return ImportLine(
        str(row.id),
        row.file_name,
        spoken(row.kind),
        row.status.value,
        ago(row.created_at, at),
        words or ("nothing new" if row.status is ImportStatus.COMPLETED else ""),
        f"/api/v1/imports/{row.id}/rejects" if row.rejected else "",
    )
