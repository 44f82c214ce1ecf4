"""What of a file's orders was given back, tallied in the checkpoint beside what they come to. Pure."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from liquor_app.imports.cleaning.line_rows import Line

CAME_BACK = "came_back"
"""What of a checkpoint says what was given back: `all` of it, and `beside`, in columns of their own. None where orders
were refused after their lines had been read: how much of it was theirs nobody remembers."""


@dataclass(frozen=True, slots=True)
class CameBack:
    """What was given back, in the shop's currency; `beside` what of it stands in columns of its own."""

    all: Decimal = Decimal(0)
    beside: Decimal = Decimal(0)


def came_back(position: dict[str, Any]) -> CameBack:
    """Return what a checkpoint says."""
    told = position.get(CAME_BACK) or {}
    return CameBack(Decimal(told.get("all", 0)), Decimal(told.get("beside", 0)))


def tally(position: dict[str, Any], lines: Sequence[Line], refused: Collection[int]) -> None:
    """Add what lines give back; a void gives nothing back, for nothing was sold.

    Args:
        refused: places of lines that are not taken.
    """
    backs = [one for at, one in enumerate(lines) if one.back and not one.voids and at not in refused]
    if backs:
        before = came_back(position)
        whole = before.all + sum(one.back for one in backs)
        beside = before.beside + sum(one.back for one in backs if one.amount + one.back > 0)
        position[CAME_BACK] = {"all": str(whole), "beside": str(beside)}


def leave_out(position: dict[str, Any], total: Decimal) -> None:
    """Take away lines below zero that were left out later, and came to so much."""
    if CAME_BACK in position:
        before = came_back(position)
        position[CAME_BACK] = {"all": str(before.all + total), "beside": str(before.beside)}
