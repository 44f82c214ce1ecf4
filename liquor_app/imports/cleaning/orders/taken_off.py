"""What a cell of discounts takes off a line: a sum, or a share of it. Pure."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal

from liquor_app.core.money import money
from liquor_app.imports.cleaning.amounts import read_share, says_percent

MOST_OFF = Decimal("0.95")
"""The largest share that what was paid is worked back from: 99.999 % off $20 would have been two millions off."""


@dataclass(frozen=True, slots=True)
class TakenOff:
    """What a cell takes off: a sum, or a share of the line."""

    money: Decimal = Decimal(0)
    share: Decimal | None = None

    def of(self, gross: Decimal) -> Decimal:
        """Return it as money, of what the line cost before."""
        return money(gross * self.share) if self.share is not None else self.money


NONE_OFF = TakenOff()


def share_of(written: str, decimal: str) -> Decimal | None:
    """Return the share a percentage says. A spreadsheet writes 10 % as 0.1; what a 1 alone says nobody knows."""
    share = read_share(written, decimal)
    if share is None or says_percent(written) or share > Decimal("0.01"):
        return share
    return share * 100 if share < Decimal("0.01") else None


def worth_before(amount: Decimal, worth: Decimal | None, share: Decimal) -> Decimal | None:
    """Return what a line cost before a share was taken off: by its price, else by what was paid; None where neither
    tells, also of a share so large that a slip of the pen would make millions of it."""
    if worth:
        return abs(worth)
    return abs(amount) / (1 - share) if share <= MOST_OFF else None
