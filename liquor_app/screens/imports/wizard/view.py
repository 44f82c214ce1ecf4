"""What became of imports, line by line: why rows were refused, what an undoing does, the earlier ones. Pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from liquor_app.imports.import_rows import ImportRow
from liquor_app.imports.merge_rows import Outcome
from liquor_app.imports.models import ImportStatus
from liquor_app.imports.orders import basket_lines, refused_orders
from liquor_app.imports.outcome_words import outcome_words, taken_back_words
from liquor_app.imports.undo.kept_rows import KeptRow
from liquor_app.imports.undo.undo_import import UndoCounts
from liquor_app.imports.undo.undo_words import KEPT, REMOVED, thing_words
from liquor_app.screens.imports.wizard.columns_view import LABELS
from liquor_app.ui.words import ago, figure, listed, spoken


@dataclass(frozen=True, slots=True)
class ReasonLine:
    """What there is so many of; `names` are those of the first."""

    words: str
    count: str
    names: str = ""


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


def undo_lines(counts: UndoCounts, names: Sequence[KeptRow] = (), *, done: bool) -> list[ReasonLine]:
    """Tell what undoing takes away and sets back (or did), and what stays and why, each with its number, and by name
    as far as `names` goes."""
    away, back = ("Removed", "Set back") if done else ("Will be removed", "Will be set back")
    taken = [
        (f"{said}: {REMOVED[what] if many == 1 else thing_words(what)}", many)
        for said, counted in ((away, counts.removed), (back, counts.set_back))
        for what in REMOVED
        if (many := counted.get(what, 0))
    ]
    stays = "Kept" if done else "Stays"
    ranked = [
        ReasonLine(f"{stays}: {KEPT[code]}", figure(many), _named([one.name for one in names if one.why == code], many))
        for code in KEPT
        if (many := counts.kept.get(code, 0))
    ]
    return [*(ReasonLine(words, figure(many)) for words, many in taken if many), *ranked]


def kept_file(import_id: UUID) -> str:
    """Return where the list of all that an undoing keeps is fetched."""
    return f"/api/v1/imports/{import_id}/undo/kept"


def _named(names: Sequence[str], many: int) -> str:
    """Return "Ann Lee, Bo Ray and 12 more"; empty where no name is known."""
    if not names:
        return ""
    more = many - len(names)
    return f"{', '.join(names)} and {figure(more)} more" if more > 0 else listed(list(names))


def reason_lines(reasons: Mapping[str, Any]) -> list[ReasonLine]:
    """Tell why rows were refused, the most frequent first."""
    ranked = sorted(reasons.items(), key=lambda item: (-int(item[1]), item[0]))
    return [ReasonLine(_reason(code), figure(int(count))) for code, count in ranked]


_REASONS = {
    "nobodys_email": "E-mail that stands for nobody",
    "no_identity": "No e-mail, phone or customer number",
    "no_customer": "Nobody named who bought",
    "unknown_customer": "Customer not known",
    "order_of_another_customer": "Order of another customer",
    basket_lines.ELSEWHERE: "Given back at another store",
    "email_of_another": "E-mail of another customer",
    "two_customers": "E-mail and number of two customers",
    "foreign_currency": "Another currency",
    "no_time": "No time of purchase",
    "no_amount": "Nothing paid",
    "unknown_status": "Not clear whether it was paid",
    "two_totals": "Two totals of one order",
    "upc_of_several": "UPC of several products",
}
"""Why rows are refused, where the code is no sentence of ours."""


def _reason(code: str) -> str:
    """ "E-mail not valid" for `bad_email`; other codes read as they are."""
    if code == refused_orders.CODE:
        return "Good lines, refused with their order: another line of it was"
    if code in _REASONS:
        return _REASONS[code]
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
