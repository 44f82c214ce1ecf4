"""Where a campaign's coupon codes come from, and whether there are enough of them."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal
from uuid import UUID

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

from liquor_app.accounts.audit import audit
from liquor_app.accounts.permission_table import Permission
from liquor_app.accounts.permissions import Actor, require
from liquor_app.actions.models import ActionStatus
from liquor_app.campaigns.models import CampaignStatus
from liquor_app.campaigns.service import lock_campaign
from liquor_app.core.errors import Conflict, Invalid, NotFound
from liquor_app.core.pubsub import publish
from liquor_app.core.states import sql_list
from liquor_app.coupons.chosen_pools import choose_pool
from liquor_app.coupons.coupon_pools import get_pool
from liquor_app.segments.playbook import clean_percent
from liquor_app.ui.words import figure, plain_number, plural

# A campaign that never chose takes the standing pool, as its launch will.
_NEEDS = f"""
WITH need AS (
    SELECT CAST(a.offer_terms ->> 'discount_pct' AS numeric(5, 2)) AS discount_pct, count(*) AS messages
    FROM actions a
    WHERE a.campaign_id = :campaign AND a.status IN {sql_list(ActionStatus.PENDING, ActionStatus.QUEUED)}
      AND a.offer_terms ->> 'discount_pct' ~ '^[0-9]{{1,3}}([.][0-9]+)?$'
      AND NOT EXISTS (SELECT 1 FROM coupons k WHERE k.action_id = a.id)
    GROUP BY 1
)
SELECT n.discount_pct, n.messages, p.id AS pool_id, p.name AS pool_name,
       (SELECT count(*) FROM coupons k WHERE k.pool_id = p.id AND k.action_id IS NULL) AS remaining
FROM need n
LEFT JOIN campaign_pools c ON c.campaign_id = :campaign AND c.discount_pct = n.discount_pct
LEFT JOIN coupon_pools p ON CASE WHEN c.campaign_id IS NULL THEN p.is_standing AND p.discount_pct = n.discount_pct
                                 ELSE p.id = c.pool_id END
WHERE n.discount_pct > 0
ORDER BY n.discount_pct
"""


@dataclass(frozen=True, slots=True)
class PoolChoice:
    """A pool one could choose, with how many codes it has left."""

    id: UUID
    name: str
    remaining: int


@dataclass(frozen=True)
class CodeNeedFields:
    """Where codes come from, and how many there are."""

    messages: int
    pool_id: UUID | None
    pool_name: str | None
    remaining: int


@dataclass(frozen=True, slots=True)
class CodeNeed(CodeNeedFields):
    """Messages of one discount that have no code yet, and where theirs will come from: a pool, or made up (None)."""

    discount_pct: Decimal
    options: tuple[PoolChoice, ...]

    @property
    def missing(self) -> int:
        """Messages that will go without, and so not go at all."""
        return max(self.messages - self.remaining, 0) if self.pool_id else 0

    @property
    def words(self) -> str:
        """What that means for its messages, for people."""
        held = f"has {figure(self.remaining)} of {plural(self.messages, 'code')}" if self.remaining else "has no code"
        return (
            f"The pool “{self.pool_name}” {held} for {plain_number(self.discount_pct)}% off:"
            f" {plural(self.missing, 'message')} will not leave until it has more."
        )


async def code_needs(session: AsyncSession, actor: Actor, campaign_id: UUID) -> list[CodeNeed]:
    """Tell what a campaign's plan asks of the pools, by discount. Empty where there are no pools: codes are made up
    then.

    Raises:
        NotFound: there is no such campaign.
    """
    require(actor, Permission.CAMPAIGNS_READ)
    known = await session.execute(text("SELECT 1 FROM campaigns WHERE id = :id"), {"id": campaign_id})
    if known.first() is None:
        raise NotFound("There is no such campaign.")
    pools = await session.execute(
        text(
            "SELECT p.id, p.name, p.discount_pct,"
            " (SELECT count(*) FROM coupons k WHERE k.pool_id = p.id AND k.action_id IS NULL) AS remaining"
            " FROM coupon_pools p ORDER BY p.name LIMIT 200"
        )
    )
    by_discount: dict[Decimal, list[PoolChoice]] = {}
    for pool in pools:
        by_discount.setdefault(pool.discount_pct, []).append(PoolChoice(pool.id, pool.name, pool.remaining))
    if not by_discount:
        return []
    found = await session.execute(text(_NEEDS), {"campaign": campaign_id})
    return [CodeNeed(**row, options=tuple(by_discount.get(row.discount_pct, ()))) for row in found.mappings()]


async def choose_codes(
    session: AsyncSession, actor: Actor, campaign_id: UUID, discount_pct: object, pool_id: UUID | None
) -> None:
    """Take the codes for one discount of a campaign from a pool, or (None) make them up. Who has a code keeps it.

    Raises:
        Forbidden: the actor may only read.
        NotFound: no such campaign or pool.
        Conflict: the campaign is over.
        Invalid: the pool is for another discount.
    """
    require(actor, Permission.CAMPAIGNS_WRITE)
    percent = clean_percent(discount_pct, "discount_pct")
    campaign = await lock_campaign(session, campaign_id)
    if campaign.status in (CampaignStatus.COMPLETED, CampaignStatus.CANCELLED):
        raise Conflict(f"A campaign that is {campaign.status} gives no codes any more.")
    name = "made up"
    if pool_id is not None:
        pool = await get_pool(session, actor, pool_id)
        if pool.discount_pct != percent:
            raise Invalid(
                f"The codes of “{pool.name}” are worth {plain_number(pool.discount_pct)}% off,"
                f" these messages promise {plain_number(percent)}%.",
                field="pool_id",
            )
        name = pool.name
    await choose_pool(session, campaign_id, percent, pool_id)
    await audit(session, actor, "campaign.codes_chosen", "campaign", campaign_id, discount_pct=str(percent), codes=name)
    publish(session, f"campaign:{campaign_id}", {"codes": True})
