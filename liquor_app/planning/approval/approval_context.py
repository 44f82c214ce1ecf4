"""Hold a campaign and its plan and read what an approval goes by, once."""

from __future__ import annotations

from dataclasses import dataclass

from sqlalchemy.ext.asyncio import AsyncSession

from liquor_app.actions.plan_context import PlanContext, read_context
from liquor_app.campaigns.brief import CampaignBrief
from liquor_app.campaigns.models import Campaign
from liquor_app.core.errors import Conflict
from liquor_app.organization.guidance import Guidance, GuidanceRow
from liquor_app.organization.service import BrandRow, get_brand
from liquor_app.planning.plan_store import Planned, PlanRow, lock_plan


@dataclass(frozen=True, slots=True)
class ApprovalContext:
    """Everything an approval goes by. Read once in a transaction, under the locks of campaign and plan, and passed
    down: what one check saw is what the next one sees."""

    campaign: Campaign
    plan: PlanRow
    planned: Planned
    planning: PlanContext
    brand: BrandRow
    """What it is sent under."""

    @property
    def brief(self) -> CampaignBrief:
        return self.planning.brief

    @property
    def guidance(self) -> Guidance:
        return self.planning.brief.guidance


async def read_approval(
    session: AsyncSession,
    campaign: Campaign,
    planned: Planned,
    *,
    bound_by: GuidanceRow | None = None,
    brand: BrandRow | None = None,
) -> ApprovalContext:
    """Tell what the approval of a held campaign's current plan goes by; `bound_by` is the guidance, and `brand` what it
    is sent under, if they were read already.

    Raises:
        Conflict: there is no plan, or the campaign is over or its last day has passed.
        Invalid: a constraint or a stored law makes no sense.
    """
    if campaign.plan_id is None:
        raise Conflict("There is no plan to approve yet. Generate one first.")
    known = brand or await get_brand(session, campaign.brand_id)
    return ApprovalContext(
        campaign=campaign,
        plan=await lock_plan(session, campaign.plan_id),
        planned=planned,
        planning=await read_context(session, campaign, bound_by=bound_by, brand=known),
        brand=known,
    )
