"""One campaign by segment, offer and channel, and who bought: of what was sent, of an imported history, or of a week
that was only played, whose answers are simulated and say so."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from enum import StrEnum
from typing import Any
from uuid import UUID

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

from liquor_app.accounts.permission_table import Permission
from liquor_app.accounts.permissions import Actor, may, require
from liquor_app.actions.offering.offer_uplifts import offer_label
from liquor_app.analytics.measured import TOLD, measured_sums
from liquor_app.analytics.reports import figures_of
from liquor_app.core.errors import NotFound
from liquor_app.organization.models import Channel

MOST_PARTS = 30
MOST_BUYERS = 10
LOOKED_THROUGH = 100_000
"""Messages up to which buyers are looked for as the page opens; of more, the list of messages has them."""


class PartOf(StrEnum):
    """By what a campaign is parted."""

    SEGMENT = "segment"
    OFFER = "offer"
    CHANNEL = "channel"

    @property
    def label(self) -> str:
        return self.value.capitalize()


@dataclass(frozen=True, slots=True)
class Part:
    """Messages of a campaign that share something, with their figures by metric (`reports.FIGURES`)."""

    of: PartOf
    name: str
    figures: Mapping[str, Any]


@dataclass(frozen=True)
class Buyer:
    """Somebody whose purchase belongs to the campaign, or who bought in a played week."""

    customer_id: UUID
    name: str
    at: datetime
    total: Decimal


@dataclass(frozen=True, slots=True)
class CampaignParts:
    """`is_played`: people and purchases are simulated. `buyers` are None where they are too many to be looked for, or
    not for this actor to see."""

    parts: Sequence[Part]
    buyers: Sequence[Buyer] | None
    is_played: bool


_COUNTED = (
    "sum(d.sends) AS sends, sum(d.delivered) AS delivered, sum(d.opens) AS opens, sum(d.clicks) AS clicks,"
    " sum(d.bounces) AS bounces, sum(d.complaints) AS complaints, sum(d.unsubscribes) AS unsubscribes,"
    " sum(d.redeemed) AS redeemed, sum(d.conversions) AS conversions, sum(d.revenue) AS attributed_revenue,"
    f" {measured_sums('d', 't')}"
)
_BY_CHANNEL = f"""
WITH {TOLD}
SELECT 'channel' AS part, d.channel AS name, NULL AS pct, {_COUNTED}
  FROM daily_messages d JOIN told t USING (campaign_id, channel) WHERE campaign_id = :id GROUP BY d.channel
 ORDER BY sends DESC, name
"""
_BY_CHOICE = f"""
WITH {TOLD}
SELECT CASE WHEN GROUPING(d.offer) = 0 THEN 'offer' ELSE 'segment' END AS part,
       CASE WHEN GROUPING(d.offer) = 0 THEN d.offer ELSE COALESCE(g.name, d.segment_slug) END AS name,
       d.discount_pct AS pct, {_COUNTED}
  FROM daily_offers d LEFT JOIN told t ON t.campaign_id = d.campaign_id AND t.channel = d.channel
  LEFT JOIN segments g ON g.slug = d.segment_slug
 WHERE d.campaign_id = :id GROUP BY GROUPING SETS ((d.segment_slug, g.name), (d.offer, d.discount_pct))
 ORDER BY part DESC, sends DESC, name, pct
"""
# of a played week, everything is known of everybody
_PLAYED = """
SELECT CASE WHEN GROUPING(p.channel) = 0 THEN 'channel' WHEN GROUPING(p.offer) = 0 THEN 'offer' ELSE 'segment' END
       AS part, COALESCE(p.channel, p.offer, g.name, p.segment) AS name, NULL AS pct, count(*) AS sends,
       0 AS delivered, count(p.opened_at) AS opens, count(p.clicked_at) AS clicks, 0 AS bounces, 0 AS complaints,
       0 AS unsubscribes, NULL AS redeemed, count(p.bought_at) AS conversions,
       COALESCE(sum(p.total), 0) AS attributed_revenue,
       0 AS of_deliveries, count(*) AS of_opens, count(*) AS of_clicks, count(*) AS of_orders, 0 AS of_answers
  FROM played_outcomes p LEFT JOIN segments g ON g.slug = p.segment
 WHERE p.campaign_id = :id AND p.is_sent GROUP BY GROUPING SETS ((p.segment, g.name), (p.offer), (p.channel))
 ORDER BY part DESC, sends DESC, name
"""
_NAME = "COALESCE(c.name, c.email, c.phone, 'Unnamed')"
_BUYERS = f"""
SELECT c.id AS customer_id, {_NAME} AS name, s.converted_at AS at, s.conversion_value AS total
  FROM sends s JOIN customers c ON c.id = s.customer_id
 WHERE s.campaign_id = :id AND s.converted_at IS NOT NULL ORDER BY s.conversion_value DESC, s.id LIMIT :most
"""
_PLAYED_BUYERS = f"""
SELECT c.id AS customer_id, {_NAME} AS name, p.bought_at AS at, p.total
  FROM played_outcomes p JOIN customers c ON c.id = p.customer_id
 WHERE p.campaign_id = :id AND p.is_sent AND p.bought_at IS NOT NULL ORDER BY p.total DESC, c.id LIMIT :most
"""
_CAMPAIGN = "SELECT virtual_now IS NOT NULL AS is_played, total_sends FROM campaigns WHERE id = :id"


async def read_parts(session: AsyncSession, actor: Actor, campaign_id: UUID) -> CampaignParts:
    """Return a campaign by segment, offer and channel, and those who bought for most.

    Raises:
        NotFound: there is no such campaign.
    """
    require(actor, Permission.ANALYTICS_READ)
    asked = {"id": campaign_id}
    campaign = (await session.execute(text(_CAMPAIGN), asked)).first()
    if campaign is None:
        raise NotFound("There is no such campaign.")
    is_played = campaign.is_played
    rows = await (_played_rows if is_played else _sent_rows)(session, asked)
    by = {one: [_part(one, row) for row in rows if row["part"] == one][:MOST_PARTS] for one in PartOf}
    buyers: list[Buyer] | None = None
    if may(actor, Permission.CUSTOMERS_READ) and campaign.total_sends <= LOOKED_THROUGH:
        most = {**asked, "most": MOST_BUYERS}
        found = await (
            session.execute(text(_PLAYED_BUYERS), most) if is_played else session.execute(text(_BUYERS), most)
        )
        buyers = [Buyer(**row) for row in found.mappings()]
    return CampaignParts([part for one in PartOf for part in by[one]], buyers, is_played)


async def _sent_rows(session: AsyncSession, asked: Mapping[str, Any]) -> list[dict[str, Any]]:
    chosen, by_channel = await session.execute(text(_BY_CHOICE), asked), await session.execute(text(_BY_CHANNEL), asked)
    return [dict(row) for row in (*chosen.mappings(), *by_channel.mappings())]


async def _played_rows(session: AsyncSession, asked: Mapping[str, Any]) -> list[dict[str, Any]]:
    return [dict(row) for row in (await session.execute(text(_PLAYED), asked)).mappings()]


def _part(of: PartOf, row: Mapping[str, Any]) -> Part:
    name = row["name"]
    if of is PartOf.CHANNEL:
        name = Channel(name).label
    elif row["pct"] is not None:
        name = offer_label(name, row["pct"])
    return Part(of, name, figures_of(row))
