"""What a line of a purchase says in words, and what reads each. Pure."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import partial

from liquor_app.imports.cleaning.cells import clean_label, clean_word
from liquor_app.imports.cleaning.file_setting import Setting
from liquor_app.imports.cleaning.orders.store_numbers import plain_register
from liquor_app.imports.cleaning.person_cells import clean_code

Words = tuple[str | None, ...]
"""Store, register, coupon code, product, SKU, category, brand."""


def _sku(cell: str) -> str | None:
    code = clean_code(cell, "sku")
    return code if code and code.strip("0") else None


WORDS: Mapping[str, Callable[[str], str | None]] = {
    "store": partial(clean_label, field="store"),
    "register": partial(clean_label, field="register"),
    "coupon_code": partial(clean_word, field="coupon_code"),
    "product": partial(clean_label, field="product"),
    "sku": _sku,  # it says what was sold, and not for what
    "category": partial(clean_label, field="category"),
    "brand": partial(clean_label, field="brand"),
}


def words_of(at: Mapping[str, int], how: Setting) -> list[tuple[int, str, int, Callable[[str], str | None]]]:
    """Return which of `WORDS` a file has: the how-manieth it is, its name, its place, and what reads it. A register's
    column that stands for the store says the register, too."""
    places = dict(at)
    if "register" not in at and "store" in at and plain_register(how.column(at["store"])):
        places["register"] = at["store"]
    return [(nth, name, places[name], clean) for nth, (name, clean) in enumerate(WORDS.items()) if name in places]
