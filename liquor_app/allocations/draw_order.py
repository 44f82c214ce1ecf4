"""The order of a draw, which anybody can reckon again from what is shown afterwards. Pure.

We commit to a seed by its SHA-256 before anybody is on the list. Each number's ticket is the HMAC-SHA256 of
"allocation:number" under the seed, and the lowest comes first: who knows the list cannot know the order, and the seed,
which is sealed, cannot be chosen afterwards.
"""

from __future__ import annotations

import hashlib
import hmac
import secrets
from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal
from uuid import UUID

from liquor_app.allocations.models import AllocationMethod

CENT = Decimal("0.01")


@dataclass(frozen=True, slots=True)
class Listed:
    """A place on a frozen list."""

    number: int
    person: str
    spend: Decimal


def new_seed() -> str:
    """Return 256 bits of chance, in hexadecimal."""
    return secrets.token_hex(32)


def hash_of_seed(seed: str) -> str:
    """Return what commits us to it."""
    return hashlib.sha256(seed.encode()).hexdigest()


def person_of(allocation_id: UUID, customer_id: UUID) -> str:
    """Return what stands for a customer on this list and says nothing elsewhere."""
    return hashlib.sha256(f"{allocation_id}:{customer_id}".encode()).hexdigest()[:32]


def hash_of_list(entries: Sequence[Listed]) -> str:
    """Return what changes if a single place of the list does."""
    lines = [
        f"{one.number} {one.person} {one.spend.quantize(CENT)}" for one in sorted(entries, key=lambda one: one.number)
    ]
    return hashlib.sha256("\n".join(lines).encode()).hexdigest()


def ticket_of(seed: str, allocation_id: UUID, number: int) -> str:
    """Return a number's ticket."""
    return hmac.new(seed.encode(), f"{allocation_id}:{number}".encode(), hashlib.sha256).hexdigest()


def in_order(seed: str, allocation_id: UUID, entries: Sequence[Listed], method: AllocationMethod) -> list[Listed]:
    """Return everybody in the order bottles are offered: by ticket, or by spend and then by ticket."""

    def key(one: Listed) -> tuple[Decimal, str]:
        ticket = ticket_of(seed, allocation_id, one.number)
        return (-one.spend if method is AllocationMethod.SPEND else Decimal(0)), ticket

    return sorted(entries, key=key)
