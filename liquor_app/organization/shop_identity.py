"""Who the shop is: a fresh one has no name yet, and sends nothing until it has what the law wants in every message."""

from __future__ import annotations

from typing import Protocol

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

from liquor_app.core.errors import Conflict

UNNAMED = "Your shop"
"""What a shop is called until somebody names it."""


class Identity(Protocol):
    """What of a brand says who writes."""

    @property
    def name(self) -> str: ...
    @property
    def from_name(self) -> str: ...
    @property
    def from_email(self) -> str: ...
    @property
    def postal_address(self) -> str: ...
    @property
    def website_url(self) -> str: ...


def missing_identity(brand: Identity) -> str:
    """Tell what of it is missing, in words; empty if nothing is."""
    lacks = [
        words
        for words, is_there in (
            ("its name", UNNAMED not in (brand.name, brand.from_name)),
            ("a sender's address", bool(brand.from_email)),
            ("its postal address", bool(brand.postal_address)),
            ("its website", bool(brand.website_url)),
        )
        if not is_there
    ]
    return " and ".join([", ".join(lacks[:-1]), lacks[-1]] if len(lacks) > 1 else lacks)


def require_identity(brand: Identity) -> None:
    """Check, or raise Conflict: nothing is sent in nobody's name (15 U.S.C. 7704(a)(5): a postal address)."""
    if lacks := missing_identity(brand):
        raise Conflict(f"Nothing is sent before your shop has {lacks}: add it under Settings, Brand.")


async def ensure_blank_brand(session: AsyncSession) -> None:
    """A first brand that says nothing yet."""
    await session.execute(
        text(
            "INSERT INTO brands (name, from_name, from_email, postal_address, website_url, header, is_default)"
            " SELECT :name, :name, '', '', '', 'plain', true WHERE NOT EXISTS (SELECT 1 FROM brands)"
        ),
        {"name": UNNAMED},
    )
