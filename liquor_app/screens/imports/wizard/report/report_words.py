"""What became of a file, or would: in a sentence, and as a report of figures and lists. Pure."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from liquor_app.imports.cleaning.row_notes import CHOSEN_ODD, LETTERS_ODD, OF_LETTERS, OTHER_SHEETS, REFUND_SHEETS
from liquor_app.imports.dry_run import ImportReport
from liquor_app.imports.import_rows import ImportRow
from liquor_app.imports.merge_rows import Outcome
from liquor_app.imports.models import NOES, WARNED, ImportStatus
from liquor_app.imports.outcome_words import WORDS, outcome_words, taken_back_words
from liquor_app.imports.readers.dialect import NUMBERINGS, ORDERS
from liquor_app.imports.readers.encoding import ENCODINGS
from liquor_app.imports.undo.undo_import import is_something_left
from liquor_app.screens.imports.wizard.columns_view import on_screen
from liquor_app.screens.imports.wizard.report.note_lines import Note, Part, note_lines, note_words, rows_left_out
from liquor_app.screens.imports.wizard.report.sum_words import apart_words, net_words
from liquor_app.screens.imports.wizard.view import ReasonLine, reason_lines
from liquor_app.ui.words import figure, listed, plural, show_money

MOST_OF_NAME = 60
_UNDO_WORDS = {
    ImportStatus.UNDOING: "It is being undone.",
    ImportStatus.UNDO_STOPPED: "It was undone in part, and can be undone further.",
    ImportStatus.UNDONE: "It was undone as far as nothing was built on it.",
}


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


@dataclass(frozen=True, slots=True)
class Report:
    """What became of an import: how it ended, its figures, and a sentence each of what was left out, what was assumed,
    and what to do next."""

    says: str
    figures: tuple[ReasonLine, ...] = ()
    left_out: tuple[str, ...] = ()
    assumed: tuple[str, ...] = ()
    following: tuple[str, ...] = ()


def report_of(row: ImportRow) -> Report:
    """Tell what became of an import."""
    notes = note_lines(row.notes, row.position.get("twice", ()))
    lists = {part: tuple(one.words for one in notes if one.part is part) for part in Part}
    if not (row.rows or row.taken_back or rows_left_out(row.notes)):
        return Report(_ending(row), following=tuple(_following(row, notes)))
    return Report(
        _ending(row),
        (*_figures(row), *(_figure(one) for one in lists[Part.CAME_IN])),
        (*_doubts(row), *lists[Part.OUT]),
        (*_read_as(row), *lists[Part.ASSUMED]),
        tuple(_following(row, notes)),
    )


def _ending(row: ImportRow) -> str:
    """Tell how it ended."""
    error = on_screen(row.error or "")
    if row.status is ImportStatus.COMPLETED:
        rows, taken = row.rows + rows_left_out(row.notes), row.rows - row.rejected
        if taken == rows:
            return f"Imported, all of it: {plural(rows, 'row')}."
        return f"Imported: {figure(taken)} of {plural(rows, 'row')}."
    if row.status is ImportStatus.UNDONE and not is_something_left(row):
        return "It was undone; nothing of it is left to undo. Below is what it had taken."
    if row.status in _UNDO_WORDS:
        return " ".join(filter(None, (_UNDO_WORDS[row.status], error, "Below is what it had taken.")))
    why = "Stopped." if row.status is ImportStatus.CANCELLED else f"It could not go on. {error}".strip()
    return f"{why} {'What was taken so far stays.' if row.rows or row.taken_back else 'Nothing was imported.'}"


def _figures(row: ImportRow) -> Iterator[ReasonLine]:
    """Tell what came in."""
    yield ReasonLine("Rows in the file", figure(row.rows + rows_left_out(row.notes)))
    for outcome in Outcome:
        lines = int(getattr(row, outcome))
        if row.orders and lines:
            words = f"Orders {WORDS[outcome]} ({plural(lines, 'line')})"
            yield ReasonLine(words, figure(int(row.orders.get(outcome, 0))))
        elif not (row.orders or row.taken_back):  # of orders what there is none of is not said
            yield ReasonLine(WORDS[outcome].capitalize(), figure(lines))
    yield ReasonLine("Rows refused", figure(row.rejected))
    if row.taken_back:
        yield ReasonLine(f"Voided or refunded in full since: {taken_back_words(row.taken_back)}", "")
    if row.orders:
        yield ReasonLine("The orders come to", net_words(row.money, row.came_back.all))
        if (own := row.own_total) is not None:
            money, column = own
            yield ReasonLine(f"The file's own total (“{column[:MOST_OF_NAME]}”)", show_money(money, cents=True))
            if money != row.money:
                known: dict[str, Any] = {
                    "rejected": row.rejected, "notes": row.notes, "taken": row.own_taken, "back": row.came_back.beside,
                }  # fmt: skip
                yield ReasonLine(apart_words(money - row.money, column, **known), "")
    if noes := int(row.position.get(NOES, 0)):
        yield ReasonLine("Rows a no is taken from", figure(noes))
    if warned := int(row.position.get(WARNED, 0)):
        yield ReasonLine("Rows with a warning", figure(warned))


def _figure(words: str) -> ReasonLine:
    """Return "3 customers made of …" as a figure: its number behind the rest."""
    count, _, rest = words.rstrip(".").partition(" ")
    return ReasonLine(rest[:1].upper() + rest[1:], count)


def _doubts(row: ImportRow) -> Iterator[str]:
    """Tell what was left out, may matter, and nobody answered for."""
    return (f"Nobody answered for what may matter: {on_screen(one)}" for one in row.doubts)


def _read_as(row: ImportRow) -> Iterator[str]:
    """Tell how the file was read where somebody said so."""
    options = row.options
    if (encoding := str(options.get("encoding") or "")) in ENCODINGS:
        yield f"The file is read as {ENCODINGS[encoding]}, as it was chosen."
    if sheet := str(options.get("sheet") or ""):
        yield f"Of the workbook the sheet “{sheet[:MOST_OF_NAME]}” is read, as it was chosen."
    if (numbering := str(options.get("numbering") or "")) in NUMBERINGS:
        yield f"Receipt numbers: {NUMBERINGS[numbering]}, as it was chosen."
    if (order := str(options.get("date_order") or "")) == "dmy":
        yield f"Dates with slashes are read {ORDERS[order]}."


def _following(row: ImportRow, notes: Sequence[Note]) -> Iterator[str]:
    """Tell what to do next."""
    if row.can_resume:
        yield "Go on with it: it begins where it stopped."
    if row.status in _UNDO_WORDS:
        return
    if row.rejected:
        yield (
            "Download the refused rows, mend them in that file, and import it: it says of each row why, and what was"
            " taken is recognised."
        )
    if row.doubts:
        yield "Undo this, and import the file again with an answer for each of those columns."
    if row.notes.keys() & {OTHER_SHEETS, REFUND_SHEETS}:
        yield "Import the file again for each other sheet, and choose it there."
    if row.notes.keys() & {*OF_LETTERS, CHOSEN_ODD, LETTERS_ODD}:
        yield "Look at a few names. If they look odd, undo this and import the file again with other letters."
    if int(row.position.get(WARNED, 0)):
        yield "Look through the rows with a warning, below."
    if any("please check" in one.words for one in notes):
        yield "Check what is said to be checked above."
