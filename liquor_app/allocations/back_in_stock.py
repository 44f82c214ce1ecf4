"""Back in stock: who asked for a product while it was out is told once, by a campaign that somebody approves.

Nothing is sent from here: a draft and its list are made, and its plan goes the way of every plan (consent, law, caps,
reasons, approval).
"""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal
from typing import Any
from uuid import UUID

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

from liquor_app.accounts.audit import audit
from liquor_app.accounts.permission_table import Permission
from liquor_app.accounts.permissions import Actor, require
from liquor_app.allocations.models import INTEREST, AllocationStatus, InterestStatus
from liquor_app.campaigns.models import CampaignType
from liquor_app.campaigns.service import create_campaign, request_plan
from liquor_app.catalog.stock import STATE, StockState, fresh_now
from liquor_app.core.clock import now
from liquor_app.core.ids import uuid7
from liquor_app.core.states import sql_list
from liquor_app.organization.service import notify
from liquor_app.segments.hand_picked import MAX_LISTED, add_members
from liquor_app.segments.models import SegmentKind
from liquor_app.segments.playbook import as_offer_words
from liquor_app.segments.service import create_segment
from liquor_app.ui.words import plural

MOST_PRODUCTS = 20
"""Products taken up at one tick; the others wait for the next."""

_UNDER_WAY = sql_list(AllocationStatus.OPEN, AllocationStatus.FROZEN)
_SEE_OUT = f"""
UPDATE product_interests w SET out_since = :at FROM products p
 WHERE p.id = w.product_id AND w.status = '{InterestStatus.WAITING}' AND w.out_since IS NULL
   AND {STATE.format(t="p")} = '{StockState.OUT}'
"""
# what is drawn for is not "back": its bottles are few, and go by the draw
_BACK = f"""
SELECT p.id, p.name, COALESCE(p.sku, p.upc) AS code FROM products p
 WHERE {STATE.format(t="p")} = '{StockState.IN}'
   AND EXISTS (SELECT 1 FROM product_interests w WHERE w.product_id = p.id AND w.status = '{InterestStatus.WAITING}'
                  AND w.out_since IS NOT NULL)
   AND NOT EXISTS (SELECT 1 FROM allocations a WHERE a.product_id = p.id AND a.status IN {_UNDER_WAY})
 ORDER BY p.id LIMIT {MOST_PRODUCTS} FOR UPDATE OF p SKIP LOCKED
"""
_TAKE = f"""
UPDATE product_interests w SET status = '{InterestStatus.TOLD}', told_at = :at
  FROM customers c
 WHERE w.product_id = :product AND c.id = w.customer_id AND c.deleted_at IS NULL AND w.out_since IS NOT NULL
   AND w.status IN {INTEREST.sources_sql(InterestStatus.TOLD)}
RETURNING w.customer_id
"""


@dataclass(frozen=True, slots=True)
class Restocked:
    """A product that is back, how many waited for it, and the draft that would tell them."""

    product_id: UUID
    people: int
    campaign_id: UUID


async def tell_restocked(session: AsyncSession, actor: Actor) -> list[Restocked]:
    """Take up products that were out and are back: each gets a list of who waited and a campaign to approve.

    Raises:
        Forbidden: the actor is not a marketer.
    """
    require(actor, Permission.ALLOCATIONS_WRITE)
    at, fresh = now(), await fresh_now(session)
    await session.execute(text(_SEE_OUT), {"at": at, "fresh": fresh})
    made = []
    for product in (await session.execute(text(_BACK), {"fresh": fresh})).all():
        taken = await session.execute(text(_TAKE), {"product": product.id, "at": at})
        people = list(taken.scalars())
        if people:
            made.append(await _draft(session, actor, product, people))
    return made


async def _draft(session: AsyncSession, actor: Actor, product: Any, people: list[UUID]) -> Restocked:
    product_id, name, code = product.id, as_offer_words(product.name, 120), product.code
    words = f"the {name} you asked for is back in stock"
    offer = {"name": "Back in stock", "discount_pct": 0, "text": words, "product": code}
    segment = await create_segment(
        session,
        actor,
        {
            "name": f"Back in stock: {name}"[:80],
            "slug": f"back_{uuid7().hex}",
            "description": f"They asked for {name} while it was out of stock."[:500],
            "recommended_offers": [offer],
            "template_category": "loyalty",
            "max_discount_pct": 0,
        },
        kind=SegmentKind.STATIC,
    )
    for start in range(0, len(people), MAX_LISTED):
        await add_members(session, actor, segment.id, people[start : start + MAX_LISTED])
    campaign = await create_campaign(
        session,
        actor,
        name=f"Back in stock: {name}"[:120],
        target_segments=[segment.slug],
        description=f"{plural(len(people), 'person', 'people')} asked for {name} while it was out of stock.",
        type=CampaignType.ONE_TIME,
        holdout_pct=Decimal(0),
    )
    await request_plan(session, actor, campaign.id)
    await audit(session, actor, "interest.restocked", "product", product_id, people=len(people), campaign=campaign.id)
    await notify(
        session,
        title=f"{name} is back in stock",
        body=f"{plural(len(people), 'person', 'people')} asked for it. A campaign to tell them needs approval.",
        link=f"/campaigns/{campaign.id}",
    )
    return Restocked(product_id, len(people), campaign.id)
