"""What became of a file, or would, in sentences. Pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from decimal import Decimal
from typing import Any

from liquor_app.customers.labels.tags import MOST_OF_ONE
from liquor_app.imports.cleaning.row_notes import (
    COST_ABOVE_PRICE,
    FUTURE,
    GIVEN_UP,
    IN_DOUBT,
    LETTERS_ODD,
    NO_BIRTHDAY,
    NO_EVIDENCE,
    NO_LONGER_SOLD,
    NO_STATE,
    NOBODYS,
    OTHER_SHEETS,
    PERCENT,
    PRICE_OF_ZERO,
    READ_AS_CENTRAL,
    READ_AS_JAPANESE,
    READ_AS_MAC,
    REFUND_SHEETS,
    REPEATED_FIRST,
    REPEATED_LATER,
    SALE_ABOVE_PRICE,
    STOCK_BELOW_ZERO,
    STRANGE_REASON,
    TOO_MANY_OF_ONE,
    TOO_MANY_TAGS,
    TOTAL_BELOW,
    TOTALS_ADDED,
    UNSEEN,
    ZIP_WRONG,
    ZIP_ZEROS,
)
from liquor_app.imports.dry_run import ImportReport
from liquor_app.imports.import_rows import ImportRow
from liquor_app.imports.merge_rows import Outcome
from liquor_app.imports.models import NOES, WARNED, ImportStatus
from liquor_app.imports.orders import reversed_orders
from liquor_app.imports.orders.basket_lines import GIVEN, LONG, MOVED, REPLACED, VOIDED_SINCE
from liquor_app.imports.orders.new_buyers import MADE
from liquor_app.imports.outcome_words import outcome_words, taken_back_words
from liquor_app.imports.profiles.tool_profile import LEFT_OUT, NOBODY, PICTURE, TOTALS, plain
from liquor_app.imports.profiles.tool_profile import rows_left_out as left_out_by_reason
from liquor_app.imports.readers.letters import CALLED, CENTRAL, JAPANESE, MAC, WINDOWS
from liquor_app.imports.trial.file_totals import TOTALS as WHOLE_TOTALS
from liquor_app.imports.undo.undo_import import is_something_left
from liquor_app.screens.imports.wizard.columns_view import LABELS, on_screen
from liquor_app.screens.imports.wizard.view import reason_lines
from liquor_app.ui.words import figure, listed, plural, show_money, spoken

MOST_OF_NAME = 60
UNDO_WORDS: Mapping[ImportStatus, str] = {
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
        counts += f" The orders come to {net_words(row.money, row.came_back.all)}."
        if (own := row.own_total) is not None:
            money, column = own
            counts += f" The file's own total (“{column[:MOST_OF_NAME]}”) is {show_money(money, cents=True)}."
            if money != row.money:
                known: dict[str, Any] = {
                    "rejected": row.rejected,
                    "notes": row.notes,
                    "taken": row.own_taken,
                    "back": row.came_back.beside,
                }
                counts += f" {apart_words(money - row.money, column, **known)}"
    if warned := int(row.position.get(WARNED, 0)):
        counts += f" {plural(warned, 'row')} {'has' if warned == 1 else 'have'} a warning."
    counts += doubt_words(row.doubts)
    counts += note_words(row.notes, row.position.get("twice", ()))
    if noes := int(row.position.get(NOES, 0)):
        counts += f" A no is taken from {plural(noes, 'row')}."
    if row.status is ImportStatus.COMPLETED:
        return counts
    if row.status is ImportStatus.UNDONE and not is_something_left(row):
        return f"It was undone; nothing of it is left to undo. It had taken {counts}"
    if row.status in UNDO_WORDS:
        return " ".join(filter(None, (UNDO_WORDS[row.status], on_screen(row.error or ""), f"It had taken {counts}")))
    why = (
        "Stopped."
        if row.status is ImportStatus.CANCELLED
        else f"It could not go on. {on_screen(row.error or '')}".strip()
    )
    if not (row.rows or row.taken_back):
        return f"{why} Nothing was imported."
    return f"{why} What was taken so far stays: {counts}"


def doubt_words(doubts: Sequence[str]) -> str:
    """Tell what was left out, may matter, and nobody answered for; empty for nothing."""
    return f" Nobody answered for what may matter: {' '.join(map(on_screen, doubts))}" if doubts else ""


_LETTERS = "letters may be wrong; if names look odd, save it as UTF-8 where it comes from, and import that"
_WARNED = {
    ZIP_ZEROS: (
        "ZIP code lost its leading zero and has it again (2139 is read as 02139)",
        "ZIP codes lost their leading zero and have it again (2139 is read as 02139)",
    ),
    ZIP_WRONG: (
        "ZIP code is written as none of its state: please check it",
        "ZIP codes are written as none of their state: please check them",
    ),
    NO_STATE: (
        "state is none of the United States, or misspelt: please check it",
        "states are none of the United States, or misspelt: please check them",
    ),
    STRANGE_REASON: (
        "address is on the list for a reason nobody here knows: it is written to no more, as by hand",
        "addresses are on the list for reasons nobody here knows: they are written to no more, as by hand",
    ),
    OTHER_SHEETS: (
        "other sheet of the workbook was not read: import the file again and choose it",
        "other sheets of the workbook were not read: import the file again and choose each",
    ),
    REFUND_SHEETS: (
        "sheet of the workbook is of refunds and was not read, so that what came back counts as paid: import the file"
        " again and choose it",
        "sheets of the workbook are of refunds and were not read, so that what came back counts as paid: import the"
        " file again and choose each",
    ),
    READ_AS_MAC: (f"file is read as {CALLED[MAC]}: {_LETTERS}", ""),
    READ_AS_CENTRAL: (f"file is read as {CALLED[CENTRAL]}: {_LETTERS}", ""),
    READ_AS_JAPANESE: (f"file is read as {CALLED[JAPANESE]}: {_LETTERS}", ""),
    LETTERS_ODD: (f"file is no UTF-8 and is read as {CALLED[WINDOWS]}, and words look odd in it: {_LETTERS}", ""),
    COST_ABOVE_PRICE: ("product costs more than its price", "products cost more than their price"),
    SALE_ABOVE_PRICE: (
        "product has a sale price above its price: please check which is which",
        "products have a sale price above their price: please check which is which",
    ),
    NO_LONGER_SOLD: (
        "product is sold no more, as the file says: its stock is taken as none, and it is not offered",
        "products are sold no more, as the file says: their stock is taken as none, and they are not offered",
    ),
    STOCK_BELOW_ZERO: ("product has a stock below zero", "products have a stock below zero"),
    PRICE_OF_ZERO: ("price of 0 is left blank", "prices of 0 are left blank"),
    GIVEN: (
        "known order is changed by what was given back of it, or exchanged",
        "known orders are changed by what was given back of them, or exchanged",
    ),
    MOVED: (
        "known order of an earlier day, or another store, took what the file says: if numbers begin anew, undo this and"
        " write the month or the store before them",
        "known orders of earlier days, or other stores, took what the file says: if numbers begin anew, undo this and"
        " write the month or the store before them",
    ),
    REPLACED: (
        "known order held other things before, and now the file's: if it is cut over two files, put them into one",
        "known orders held other things before, and now the file's: if they are cut over two files, put them into one",
    ),
    LONG: (
        "order number was sold on several days, and is one order: if numbers begin anew, write the month or the day"
        " before them",
        "order numbers were sold on several days, and are one order each: if numbers begin anew, write the month or"
        " the day before them",
    ),
    TOTAL_BELOW: (
        "row is of an order whose total is less than its lines come to, and no column says why: the total is taken as"
        " what was paid, and the difference off the lines as a discount",
        "rows are of orders whose total is less than their lines come to, and no column says why: the total is taken as"
        " what was paid, and the difference off the lines as a discount",
    ),
    TOTALS_ADDED: (
        "row names another total than a row of the same order before it: they are added up; if one of them is what the"
        " whole order came to, take the other out",
        "rows name other totals than rows of the same order before them: they are added up; if one of them is what the"
        " whole order came to, take the others out",
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


def net_words(net: Decimal, back: Decimal) -> str:
    """Return what orders come to, and what of them came back: "$45.00 (60.00 less 15.00 back)"."""
    said = show_money(net, cents=True)
    return f"{said} ({figure(net + back, 2)} less {figure(back, 2)} back)" if back > 0 else said


def apart_words(
    apart: Decimal, column: str, *, rejected: int, notes: Mapping[str, Any], left_out: Decimal = Decimal(0),
    taken: str = "", back: Decimal = Decimal(0),
) -> str:  # fmt: skip
    """Tell why a file's own sum is another than what its orders come to: only what can be the reason here.

    Args:
        column: whose sum the file's own is.
        taken: the columns revenue is made of, where that is known.
        left_out: what rows that are no lines come to, where that is known.
        back: what was given back, as columns of its own say: no sum of another column holds it.
    """
    why = [f"{show_money(back, cents=True)} came back"] if 0 < back <= apart else []
    if rejected:
        why.append(f"{plural(rejected, 'refused row')} {'does' if rejected == 1 else 'do'} not count")
    sums = sum(left_out_by_reason(notes).get(TOTALS, {}).values())  # whose money is other rows'
    if rows := rows_left_out(notes) - sums:
        came_to = f" ({show_money(left_out, cents=True)})" if left_out else ""
        why.append(f"{plural(rows, 'row')} {'is' if rows == 1 else 'are'} no line of a purchase{came_to}")
    if "− the tax of" in taken:
        why.append("the tax that prices hold is taken out")
    elif taken and "−" not in taken and taken.replace("“", "").replace("”", "") != column:
        why.append(f"what was paid stands in {taken}")
    elif plain(column) in WHOLE_TOTALS and not (rejected or abs(apart) in (left_out, back)):
        why.append("that column may hold tax, shipping and tips as well, which are not paid for goods")
    elif not why:
        why.append("discounts and returns stand in other columns")
    return f"They are {show_money(abs(apart), cents=True)} apart: {listed(why)}."


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
        words = f" {plural(count, 'date')} of birth left out: what tills write where they know nothing (such as"
        words += " 1 January 1900 or 1970)."
    if count := int(notes.get(NO_EVIDENCE, 0)):
        words += (
            f" Consent left out of {plural(count, 'row')}: a yes counts only with where and when it was given, by"
            f" columns for them ({LABELS['consent_source']}, {LABELS['consent_at']}) or said of everybody in the"
            " file. A no is always taken."
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
    nobodys = [
        f"{LABELS.get(field, spoken(field))} {figure(count)}"
        for field, code in NOBODYS.items()
        if (count := int(notes.get(code, 0)))
    ]
    if nobodys:
        words += f" What people write where they know none is left blank, and no fault: {listed(nobodys)}."
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
        what = (
            "Rows that are no lines of purchases" if found.keys() - {TOTALS} else "Rows that are about the list itself"
        )
        words += f" {what}, left out: {listed(rows)}."
    if count := int(notes.get(reversed_orders.ANOTHERS, 0)):
        words += f" {plural(count, 'known order')} voided or refunded in the file but left as bought: the row names"
        words += " another customer, or another store, than the order's own."
    if count := int(notes.get(FUTURE, 0)):
        words += f" Consent left out of {plural(count, 'row')}: its date lies in the future."
    if count := int(notes.get(IN_DOUBT, 0)):
        words += f" A yes is left out of {plural(count, 'row')}: a column that becomes nothing may say no there."
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
