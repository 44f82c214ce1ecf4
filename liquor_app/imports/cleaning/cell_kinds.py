"""What the cells of a column are, whatever it is called: addresses, numbers, answers, dates, money. Pure."""

from __future__ import annotations

import re
from collections.abc import Sequence
from enum import StrEnum

from liquor_app.imports.cleaning.amounts import read_amount
from liquor_app.imports.cleaning.answers.answer_cells import DEAD, NO, SILENT, YES
from liquor_app.imports.cleaning.dates import read_date
from liquor_app.imports.cleaning.orders.money_names import BESIDE, REFUNDED

MOST = 0.8
"""Of the filled cells, for a column to be of a kind: a bad cell here and there is no other column."""
_EMAIL = re.compile(r"^[^@\s,;]+@[^@\s,;]+\.[a-z]{2,}$", re.IGNORECASE)
_PHONE = re.compile(r"^(?:\+\d[\d ().-]{7,18}|(?:1[ .-])?\(?\d{3}\)?[ .-]\d{3}[ .-]\d{4})$")
"""As people write one. Ten digits in a row are as often a number of a customer or of a receipt."""
_CENTS = re.compile(r"[.,]\d{2}\D*$")
_ANSWERS = (YES | NO | SILENT | DEAD) - {"1", "0", "x", "t", "f"}


class CellKind(StrEnum):
    EMAIL = "email"
    PHONE = "phone"
    ANSWER = "answer"
    MOMENT = "moment"
    MONEY = "money"


OF_FIELD = {
    "email": CellKind.EMAIL,
    "phone": CellKind.PHONE,
    **dict.fromkeys(("email_consent", "sms_consent", "is_alcohol"), CellKind.ANSWER),
    **dict.fromkeys(
        ("date_of_birth", "email_consent_at", "sms_consent_at", "consent_at", "occurred_at"), CellKind.MOMENT
    ),
    **dict.fromkeys(
        ("amount", "unit_price", "discount", "coupon_discount", "order_discount", "order_total", *BESIDE, REFUNDED),
        CellKind.MONEY,
    ),
}
"""Field → what its cells are."""
_NO_NAMES = frozenset({CellKind.EMAIL, CellKind.PHONE, CellKind.ANSWER, CellKind.MOMENT})
_WORDS = dict.fromkeys(
    ("name", "first_name", "last_name", "city", "postal_code", "category", "brand", "product"), _NO_NAMES
) | dict.fromkeys(("state", "country"), _NO_NAMES - {CellKind.ANSWER})  # ON is Ontario, NO is Norway
_NUMBERED = dict.fromkeys(("external_id", "order_id"), _NO_NAMES - {CellKind.MOMENT})


def kind_of(cells: Sequence[str]) -> CellKind | None:
    """Return what most of the filled cells are; None if they are no one thing, or nothing is filled."""
    filled = [cell.strip() for cell in cells if cell.strip()]
    told = [kind for cell in filled if (kind := _one(cell)) is not None]
    most = max(set(told), key=told.count, default=None)
    return most if most is not None and told.count(most) >= MOST * len(filled) else None


def contradicts(field: str, kind: CellKind | None) -> bool:
    """Tell whether a column of this kind cannot be what its name says."""
    if kind is None:
        return False
    if field in OF_FIELD:
        return kind is not OF_FIELD[field]
    return kind in _WORDS.get(field, _NUMBERED.get(field, frozenset()))


_NAME = re.compile(r"[^\W\d_]++(?:['’.-]++[^\W\d_]++)*+\.?")


def are_names(cells: Sequence[str]) -> bool:
    """Tell whether a column holds names of people: letters alone, mostly two words or more. One of numbers, addresses
    or single words is none."""
    filled, of_letters = sum(bool(cell.strip()) for cell in cells), _of_letters(cells)
    return len(of_letters) >= MOST * filled and sum(len(one) > 1 for one in of_letters) * 2 > filled


def are_given_names(cells: Sequence[str]) -> bool:
    """Tell whether a column holds words as names are written ("Ann"); "annlee" or "ANN" may be somebody's number."""
    filled = sum(bool(cell.strip()) for cell in cells)
    written = [one for one in _of_letters(cells) if all(word[:1].isupper() and not word[1:].isupper() for word in one)]
    return filled > 0 and len(written) >= MOST * filled


def _of_letters(cells: Sequence[str]) -> list[list[str]]:
    words = (cell.replace(",", " ").split() for cell in cells if cell.strip())
    return [one for one in words if one and all(_NAME.fullmatch(word) for word in one)]


def names_no_columns(cells: Sequence[str]) -> bool:
    """Tell whether a file's first row is somebody's: no column is called by an address, or by a number to call."""
    return any(_one(cell.strip()) in {CellKind.EMAIL, CellKind.PHONE} for cell in cells)


def written_as_phone(cell: str) -> bool:
    """Tell whether a text is a telephone number as people write one; digits alone are as often a customer's number."""
    return _PHONE.match(cell.strip()) is not None


def _one(cell: str) -> CellKind | None:
    if len(cell) > 320:
        return None
    if _EMAIL.match(cell):
        return CellKind.EMAIL
    if " ".join(re.sub(r"[_-]+", " ", cell.lower()).split()) in _ANSWERS:
        return CellKind.ANSWER
    if _PHONE.match(cell):
        return CellKind.PHONE
    if not cell.isdigit() and read_date(cell) is not None:
        return CellKind.MOMENT
    if _CENTS.search(cell) and read_amount(cell) is not None:
        return CellKind.MONEY
    return None
