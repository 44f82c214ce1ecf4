"""Read what a customer was offered last, for whoever looks at a template through their eyes."""

from __future__ import annotations

from uuid import UUID

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

from liquor_app.accounts.permission_table import Permission
from liquor_app.accounts.permissions import Actor, require
from liquor_app.templates.rendering.variables import OfferFacts

_LATEST = """
SELECT a.offer, a.message, a.offer_terms FROM actions a JOIN customers c ON c.id = a.customer_id
WHERE a.customer_id = :id AND c.deleted_at IS NULL ORDER BY a.created_at DESC, a.id DESC LIMIT 1
"""


async def latest_offer(session: AsyncSession, actor: Actor, customer_id: UUID | None) -> OfferFacts | None:
    """Return the offer of a customer's latest action; None of nobody, and where there is none."""
    require(actor, Permission.ACTIONS_READ)
    if customer_id is None:
        return None
    row = (await session.execute(text(_LATEST), {"id": customer_id})).first()
    return OfferFacts(row.offer, row.message, row.offer_terms) if row is not None and row.offer else None
