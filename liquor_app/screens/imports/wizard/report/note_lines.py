"""What was left out of a file, what was assumed, and what should be looked at, a sentence each. Pure."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from enum import StrEnum
from typing import Any, NamedTuple

from liquor_app.customers.labels.tags import MOST_OF_ONE
from liquor_app.imports.cleaning.row_notes import (
    CHOSEN_ODD,
    COST_ABOVE_PRICE,
    COUNTRY_OF_PHONE,
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
from liquor_app.imports.orders import reversed_orders
from liquor_app.imports.orders.basket_lines import CLASH, GIVEN, LONG, MOVED, REPLACED, VOIDED_SINCE
from liquor_app.imports.orders.new_buyers import MADE
from liquor_app.imports.profiles.tool_profile import LEFT_OUT, NOBODY, PICTURE, TOTALS
from liquor_app.imports.profiles.tool_profile import rows_left_out as left_out_by_reason
from liquor_app.imports.readers.letters import CALLED, CENTRAL, JAPANESE, MAC, WINDOWS
from liquor_app.screens.imports.wizard.columns_view import LABELS
from liquor_app.ui.words import figure, listed, plural, spoken


class Part(StrEnum):
    """Where a report says something."""

    CAME_IN = "came_in"
    OUT = "left_out"
    ASSUMED = "assumed"


class Note(NamedTuple):
    """A sentence of a report, and where it stands."""

    part: Part
    words: str


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
    COUNTRY_OF_PHONE: (
        "row tells no country, and its phone is of another than the United States: somebody new is taken to live there",
        "rows tell no country, and their phones are of another than the United States: whoever is new is taken to live"
        " there",
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
    CHOSEN_ODD: ("file is read in the letters that were chosen, and words look odd in them", ""),
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
    CLASH: (
        "known order held other things before, bought at another time: two receipts seem to have its number, and the"
        " file's took the place of the first. If registers or stores number their receipts each anew, undo this, write"
        " a column “Register” into each of their files, and import them again",
        "known orders held other things before, bought at another time: two receipts each seem to have their number,"
        " and the file's took the place of the first. If registers or stores number their receipts each anew, undo"
        " this, write a column “Register” into each of their files, and import them again",
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
_OUT = frozenset({OTHER_SHEETS, REFUND_SHEETS, PRICE_OF_ZERO, VOIDED_SINCE})
"""Of these, what is left out; the rest is taken as it seems to be meant."""
_NO_FAULT = (NOBODY, PICTURE)
"""Rows that hold nothing of what is imported, and are told by themselves."""


def note_words(notes: Mapping[str, Any], twice: Sequence[str] = ()) -> str:
    """Tell all of it as a text: " 3 dates of birth left out: …"; empty for nothing."""
    return "".join(f" {one.words}" for one in note_lines(notes, twice))


def note_lines(notes: Mapping[str, Any], twice: Sequence[str] = ()) -> list[Note]:
    """Tell what was left out of rows that were taken, and what was assumed of them.

    Args:
        twice: which rows name the same, a few of them: "SKU twice in the file, rows 2 and 6".
    """
    return [*_evidence(notes), *_warned(notes, twice), *_cells(notes), *_rows(notes), *_rest(notes)]


def _count(notes: Mapping[str, Any], code: str) -> int:
    return int(notes.get(code, 0))


def _evidence(notes: Mapping[str, Any]) -> Iterator[Note]:
    if count := _count(notes, NO_BIRTHDAY):
        words = "of birth left out: what tills write where they know nothing (such as 1 January 1900 or 1970)."
        yield Note(Part.OUT, f"{plural(count, 'date')} {words}")
    if count := _count(notes, NO_EVIDENCE):
        yield Note(
            Part.OUT,
            f"Consent left out of {plural(count, 'row')}: a yes counts only with where and when it was given, by"
            f" columns for them ({LABELS['consent_source']}, {LABELS['consent_at']}) or said of everybody in the"
            " file. A no is always taken.",
        )


def _warned(notes: Mapping[str, Any], twice: Sequence[str]) -> Iterator[Note]:
    for code, (one, many) in _WARNED.items():
        if count := _count(notes, code):
            rows_told = f" ({'; '.join(twice)})" if twice and code in (REPEATED_FIRST, REPEATED_LATER) else ""
            part = Part.OUT if code in _OUT else Part.CAME_IN if code == GIVEN else Part.ASSUMED
            yield Note(part, f"{figure(count)} {one if count == 1 else many}{rows_told}.")


def _cells(notes: Mapping[str, Any]) -> Iterator[Note]:
    blank = [
        f"{LABELS.get(field, spoken(field))} {figure(int(count))}"
        for code, count in sorted(notes.items())
        if (field := code.removesuffix("_left_out")) != code and int(count)
    ]
    if blank:
        yield Note(Part.OUT, f"Cells that could not be read are left blank: {listed(blank)}.")
    nobodys = [
        f"{LABELS.get(field, spoken(field))} {figure(count)}"
        for field, code in NOBODYS.items()
        if (count := _count(notes, code))
    ]
    if nobodys:
        words = f"What people write where they know none is left blank, and no fault: {listed(nobodys)}."
        yield Note(Part.OUT, words)
    if count := _count(notes, PERCENT):
        words = f"{plural(count, 'discount')} in percent: worked out as money, of what the line cost before it."
        yield Note(Part.ASSUMED, words)
    if count := _count(notes, MADE):
        words = "made of buyers nobody knew: by number, e-mail or phone alone, without consent."
        yield Note(Part.CAME_IN, f"{plural(count, 'customer')} {words}")


def _rows(notes: Mapping[str, Any]) -> Iterator[Note]:
    for code in _NO_FAULT:
        if count := _count(notes, code):
            yield Note(Part.OUT, f"{plural(count, 'row')} {LEFT_OUT[code]}: left out, and no fault.")
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
        yield Note(Part.OUT, f"{what}, left out: {listed(rows)}.")


def _rest(notes: Mapping[str, Any]) -> Iterator[Note]:
    if count := _count(notes, reversed_orders.ANOTHERS):
        words = "voided or refunded in the file but left as bought: the row names another customer, or another store,"
        yield Note(Part.OUT, f"{plural(count, 'known order')} {words} than the order's own.")
    if count := _count(notes, FUTURE):
        yield Note(Part.OUT, f"Consent left out of {plural(count, 'row')}: its date lies in the future.")
    if count := _count(notes, IN_DOUBT):
        words = f"A yes is left out of {plural(count, 'row')}: a column that becomes nothing may say no there."
        yield Note(Part.OUT, words)
    if count := _count(notes, UNSEEN):
        words = f"Checks of age left out of {plural(count, 'row')}: one counts only with what was seen, and when."
        yield Note(Part.OUT, words)
    if count := _count(notes, TOO_MANY_TAGS):
        yield Note(Part.OUT, f"Tags left out {figure(count)}: there are as many as there may be.")
    if count := _count(notes, TOO_MANY_OF_ONE):
        words = f"Tags left out {figure(count)}: their customers have {MOST_OF_ONE}, as many as one may have."
        yield Note(Part.OUT, words)
    if count := _count(notes, GIVEN_UP):
        words = f"{plural(count, 'address', 'addresses')} the file no longer writes to: on the suppression list."
        yield Note(Part.CAME_IN, words)


def rows_left_out(notes: Mapping[str, Any]) -> int:
    """Return how many rows of a file are no rows of its kind: left out, and not refused."""
    return sum(sum(words.values()) for words in left_out_by_reason(notes).values())


def _by_word(words: Mapping[str, int]) -> str:
    """Tell which words of the file left rows out: " (“void” 2, “cancelled” 1)"."""
    told = [f"“{word}” {figure(count)}" for word, count in sorted(words.items(), key=lambda one: -one[1]) if word]
    return f" ({', '.join(told)})" if told else ""
