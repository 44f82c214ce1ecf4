"""Tags: words of the shop's own on customers, which lists and segments can ask for."""

from __future__ import annotations

from collections.abc import Sequence
from uuid import UUID

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

from liquor_app.accounts.audit import audit
from liquor_app.accounts.models import Role
from liquor_app.accounts.permissions import Actor, require
from liquor_app.core.errors import Conflict, Invalid
from liquor_app.core.storable_text import unstorable

MOST_LETTERS = 40
MOST_TAGS = 500
"""In a shop."""

_ADD = """
INSERT INTO customer_tags (customer_id, tag_id)
SELECT c.id, t.id FROM customers c, tags t
 WHERE c.id = ANY(:ids) AND c.deleted_at IS NULL AND t.name = :name ORDER BY c.id
ON CONFLICT DO NOTHING
"""
_REMOVE = """
DELETE FROM customer_tags WHERE customer_id = ANY(:ids) AND tag_id = (SELECT id FROM tags WHERE name = :name)
"""


def clean_tag(name: str) -> str:
    """Return a tag as it is kept.

    Raises:
        Invalid: empty, too long, or with a comma or what cannot be printed.
    """
    cleaned = " ".join(name.split())
    if (
        not 1 <= len(cleaned) <= MOST_LETTERS
        or "," in cleaned
        or unstorable(cleaned) is not None
        or not cleaned.isprintable()
    ):
        raise Invalid(f"A tag has 1 to {MOST_LETTERS} letters and no comma.", field="value")
    return cleaned


async def tag_customers(session: AsyncSession, actor: Actor, customer_ids: Sequence[UUID], name: str) -> int:
    """Give customers a tag, making it if it is new; returns how many had it not.

    Raises:
        Forbidden: the actor may only read.
        Invalid: see `clean_tag`.
        Conflict: there are too many tags already.
    """
    require(actor, Role.MANAGER)
    tag = clean_tag(name)
    counted = await session.execute(
        text("SELECT count(*) AS tags, count(*) FILTER (WHERE name = :name) AS known FROM tags"), {"name": tag}
    )
    row = counted.one()
    if row.tags >= MOST_TAGS and not row.known:
        raise Conflict(f"There are {MOST_TAGS} tags already. Use one of them.")
    await session.execute(text("INSERT INTO tags (name) VALUES (:name) ON CONFLICT DO NOTHING"), {"name": tag})
    added = await session.execute(text(_ADD), {"ids": list(customer_ids), "name": tag})
    count = int(added.rowcount)  # type: ignore[attr-defined]
    await audit(session, actor, "customers.tagged", "customer", None, tag=tag, customers=count)
    return count


async def untag_customers(session: AsyncSession, actor: Actor, customer_ids: Sequence[UUID], name: str) -> int:
    """Take a tag off customers; returns how many had it.

    Raises:
        Forbidden: the actor may only read.
        Invalid: see `clean_tag`.
    """
    require(actor, Role.MANAGER)
    tag = clean_tag(name)
    removed = await session.execute(text(_REMOVE), {"ids": list(customer_ids), "name": tag})
    count = int(removed.rowcount)  # type: ignore[attr-defined]
    await audit(session, actor, "customers.untagged", "customer", None, tag=tag, customers=count)
    return count


async def tags_in_use(session: AsyncSession, actor: Actor) -> list[str]:
    """Return every tag somebody has, by name."""
    require(actor, Role.USER)
    found = await session.execute(
        text("SELECT name FROM tags t WHERE EXISTS (SELECT 1 FROM customer_tags c WHERE c.tag_id = t.id) ORDER BY name")
    )
    return [str(name) for name in found.scalars()]


async def tags_of(session: AsyncSession, actor: Actor, customer_id: UUID) -> list[str]:
    """Return one customer's tags, by name."""
    require(actor, Role.USER)
    found = await session.execute(
        text("SELECT t.name FROM customer_tags c JOIN tags t ON t.id = c.tag_id WHERE c.customer_id = :id ORDER BY 1"),
        {"id": customer_id},
    )
    return [str(name) for name in found.scalars()]
