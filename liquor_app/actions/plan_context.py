"""Hold a campaign and read what a plan goes by, once: its brief, the settings, the guidance and the law."""

from __future__ import annotations

from dataclasses import dataclass, replace
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from liquor_app.campaigns.brief import CampaignBrief, read_brief
from liquor_app.campaigns.models import Campaign
from liquor_app.campaigns.service import lock_campaign
from liquor_app.compliance.legal_rules import Rules
from liquor_app.compliance.service import load_rules
from liquor_app.organization.guidance import Autonomy, GuidanceRow, autopilot_stopped
from liquor_app.organization.service import BrandRow


@dataclass(frozen=True, slots=True)
class PlanContext:
    """What proposing, planning, simulating and approving go by. Read once in a transaction, under the campaign's lock,
    and passed down: nothing below reads a setting, the guidance or the campaign again."""

    brief: CampaignBrief
    rules: Rules
    draws: bool = False
    """Whether actions are valued by draws of what is believed instead of its mean: on autopilot, and where a marketer
    wants a campaign planned to learn."""

    @property
    def licence(self) -> str | None:
        return self.brief.licence


async def lock_context(session: AsyncSession, campaign_id: UUID) -> PlanContext:
    """Hold a campaign for planning.

    Raises:
        NotFound, Conflict, Invalid: as `campaigns.brief.lock_brief`; or a stored law makes no sense.
    """
    context = await read_context(session, await lock_campaign(session, campaign_id))
    brief = context.brief
    if brief.limits.explore:
        return replace(context, draws=True)
    if brief.bound_by.guidance.autonomy(brief.type.value) is not Autonomy.AUTOPILOT:
        return context
    return replace(context, draws=not await autopilot_stopped(session))


async def read_context(
    session: AsyncSession, campaign: Campaign, *, bound_by: GuidanceRow | None = None, brand: BrandRow | None = None
) -> PlanContext:
    """Return the same of a campaign that is held already; `bound_by` is the guidance, and `brand` what it is sent
    under, if they were read already."""
    brief = await read_brief(session, campaign, bound_by=bound_by, brand=brand)
    return PlanContext(brief, await load_rules(session, shop=brief.shop))
