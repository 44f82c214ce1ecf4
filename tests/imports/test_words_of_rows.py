"""What is said of a row is about that very row, and about days there are."""

from __future__ import annotations

import pytest

from liquor_app.imports.cleaning.refusal_words import FileWords
from liquor_app.imports.cleaning.row_notes import ZIP_ZEROS
from liquor_app.imports.readers.dialect import guess_dialect
from liquor_app.imports.readers.row_reader import Record


@pytest.mark.parametrize(("cell", "told"), [("2118", "2118 is read as 02118"), ("2118.0", "2118 is read as 02118")])
def test_a_zip_code_that_lost_its_zero_is_the_rows_own(cell: str, told: str) -> None:
    assert told in FileWords(["Email", "Zip"], {"email": 0, "postal_code": 1}).note(ZIP_ZEROS, ["a@x.example", cell])


@pytest.mark.parametrize("never", ["02/30/1985", "04/31/2026", "30/02/1985"])
def test_a_day_there_never_was_proves_no_order_of_dates(never: str) -> None:
    found = guess_dialect([Record(2, [never])], {"occurred_at": 0})
    assert (found.date_order, found.date_evidence) == ("mdy", "")
    found = guess_dialect([Record(2, [never]), Record(3, ["24/11/2026"])], {"occurred_at": 0})
    assert (found.date_order, found.date_evidence) == ("dmy", "1 row such as 24/11/2026 says so")


@pytest.mark.parametrize(("cell", "mark"), [("24.99", "."), ("24,99", ",")])
def test_a_products_price_says_how_sums_are_written(cell: str, mark: str) -> None:
    found = guess_dialect([Record(2, [cell])], {"price": 0})
    assert (found.decimal, found.decimal_evidence) == (mark, f"1 row such as {cell} says so")
