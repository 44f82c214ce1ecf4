"""What the list of customers can be filtered by: the values that occur."""

from __future__ import annotations

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

from liquor_app.accounts.permission_table import Permission
from liquor_app.accounts.permissions import Actor, require

MAX_CHOICES = 100


async def categories_in_use(session: AsyncSession, actor: Actor) -> list[str]:
    """Favourite categories that occur, in alphabetical order, the first hundred.

    Walks the index from value to value, so that a million customers cost as little as ten.
    """
    require(actor, Permission.CUSTOMERS_READ)
    found = await session.execute(
        text(
            "WITH RECURSIVE walk (name) AS ("
            " (SELECT primary_category FROM customers WHERE deleted_at IS NULL AND primary_category IS NOT NULL"
            "  ORDER BY primary_category LIMIT 1)"
            " UNION ALL"
            " SELECT (SELECT c.primary_category FROM customers c"
            "  WHERE c.deleted_at IS NULL AND c.primary_category > w.name ORDER BY c.primary_category LIMIT 1)"
            " FROM walk w WHERE w.name IS NOT NULL)"
            " SELECT name FROM walk WHERE name IS NOT NULL LIMIT :n"
        ),
        {"n": MAX_CHOICES},
    )
    return [str(name) for name in found.scalars()]
