"""From the cells of a row of purchases to who bought. Pure."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from functools import lru_cache, partial
from operator import itemgetter
from typing import TypeVar

from liquor_app.imports.cleaning.cell_kinds import written_as_phone
from liquor_app.imports.cleaning.cells import REMEMBERED, Rejected
from liquor_app.imports.cleaning.person_cells import clean_email, clean_id, clean_phone, each_in

T = TypeVar("T")


@lru_cache(maxsize=16 * REMEMBERED)
def _buyer_email(cell: str) -> str | None:
    return clean_email(cell)[1]


_buyer_id = lru_cache(maxsize=16 * REMEMBERED)(partial(clean_id, field="external_id"))


Buyer = tuple[str | None, str | None, str | None]
"""Who bought: e-mail key, external id, phone."""
NOBODY_NAMED: Buyer = (None, None, None)
OF_NOBODY = frozenset({"no_customer", "nobodys_email"})
"""Why a line of purchases says nobody who bought: most of what a till sells is sold so, and it is no fault."""


def buyer_of(email: str, external: str, key: str, phone: str) -> Buyer:
    """Return who bought, of four cells. One that cannot be read is left out where another can.

    Raises:
        Rejected: none can.
    """
    refused: Rejected | None = None

    def read(clean: Callable[[str], T | None], cell: str) -> T | None:
        nonlocal refused
        if not cell:
            return None
        try:
            return clean(cell)
        except Rejected as why:
            refused = refused or why.bare()
            return None

    called: str | None = None
    email_key, external_id = read(_buyer_email, email), read(_buyer_id, external)
    if key:
        if "@" in key:
            email_key = email_key or read(_buyer_email, key)
            # of several ways to reach somebody in one cell each counts
            called = next((read(_phone, one) for one in each_in(key) if written_as_phone(one)), None)
        elif written_as_phone(key):
            called = read(_phone, key)
        else:
            external_id = external_id or read(_buyer_id, key)
    number = read(_phone, phone) or called
    if not (email_key or external_id or number):
        raise refused or Rejected("no_customer", "customer", "The row does not say who bought.")
    return email_key, external_id, number


def _phone(cell: str) -> str | None:
    return clean_phone(cell, "US")


def cells_at(places: Sequence[int]) -> Callable[[list[str]], str | tuple[str, ...]]:
    """Return what tells the cells at some places: the cell itself of one."""
    return itemgetter(*places) if places else lambda _: ()


class Buyers:
    """`Buyers(at)(cells)` is who bought; the lines of a basket share theirs, so the last few thousand are remembered.

    Args:
        at: field → position of its cell.
    """

    def __init__(self, at: Mapping[str, int]) -> None:
        named = [(nth, at[name]) for nth, name in enumerate(_NAMED) if name in at]
        self._who = [nth for nth, _ in named]
        self._told = cells_at([place for _, place in named])
        self._known: dict[str | tuple[str, ...], Buyer] = {}
        self._last: tuple[str | tuple[str, ...] | None, Buyer] = (None, NOBODY_NAMED)

    def __call__(self, cells: list[str]) -> Buyer:
        """Return who bought.

        Raises:
            Rejected: none of the cells can be read.
        """
        told = self._told(cells)
        last, buyer = self._last
        if told == last:
            return buyer
        if (found := self._known.get(told)) is None:
            if len(self._known) > REMEMBERED:
                self._known.clear()
            named = ["", "", "", ""]
            for nth, cell in zip(self._who, (told,) if isinstance(told, str) else told, strict=True):
                named[nth] = cell
            found = self._known[told] = buyer_of(*named)
        self._last = told, found
        return found


_NAMED = ("email", "external_id", "customer", "phone")
