"""What somebody asks for themselves, by the link of a message they have: the lists that are open, theirs ticked."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from uuid import UUID

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

from liquor_app.accounts.audit import audit
from liquor_app.accounts.permissions import SYSTEM
from liquor_app.allocations.interest import BY_LINK, note_interests
from liquor_app.allocations.models import AllocationStatus
from liquor_app.core.ids import parse_id
from liquor_app.sending.recipients.page_branding import Look
from liquor_app.sending.recipients.preferences import recipient_of

INTEREST_PATH = "/i"
MOST_OPEN = 50

_OPEN = f"""
SELECT DISTINCT ON (p.id) p.id, p.name, w.id IS NOT NULL AS asked
  FROM allocations a JOIN products p ON p.id = a.product_id
  LEFT JOIN product_interests w ON w.product_id = p.id AND w.customer_id = :customer
 WHERE a.status = '{AllocationStatus.OPEN}' ORDER BY p.id LIMIT {MOST_OPEN}
"""
_WITHDRAW = (
    "DELETE FROM product_interests WHERE customer_id = :customer AND product_id = ANY(CAST(:products AS uuid[]))"
)


@dataclass(frozen=True, slots=True)
class OpenList:
    """A product whose list is open."""

    product_id: UUID
    name: str
    asked: bool


@dataclass(frozen=True, slots=True)
class OwnInterests:
    """The open lists as one recipient sees them; deliberately no address."""

    look: Look
    lists: list[OpenList]


async def own_interests(session: AsyncSession, token: str) -> OwnInterests:
    """Return the lists that are open, for whoever has this message.

    Raises:
        Invalid: the token is not ours.
        NotFound: the message or its recipient is gone.
    """
    customer_id, look = await recipient_of(session, token)
    found = await session.execute(text(_OPEN), {"customer": customer_id})
    lists = sorted((OpenList(row.id, row.name, row.asked) for row in found), key=lambda one: one.name.lower())
    return OwnInterests(look, lists)


async def set_own_interests(session: AsyncSession, token: str, wanted: Sequence[str]) -> OwnInterests:
    """Keep what they ticked, of the lists that are open now; the others' turns stay as they are.

    Raises:
        Invalid: the token is not ours, or a product that is none.
        NotFound: the message or its recipient is gone.
    """
    customer_id, _ = await recipient_of(session, token)
    ticked = {parse_id(one, "product") for one in wanted[:MOST_OPEN]}
    there = (await own_interests(session, token)).lists
    fresh = [one.product_id for one in there if one.product_id in ticked and not one.asked]
    gone = [one.product_id for one in there if one.asked and one.product_id not in ticked]
    for product_id in fresh:
        await note_interests(session, product_id, [customer_id], BY_LINK)
    if gone:
        await session.execute(text(_WITHDRAW), {"customer": customer_id, "products": gone})
    if fresh or gone:
        await audit(
            session,
            SYSTEM,
            "interest.own",
            "customer",
            customer_id,
            asked=len(fresh),
            withdrawn=len(gone),
            source=BY_LINK,
        )
    return await own_interests(session, token)
