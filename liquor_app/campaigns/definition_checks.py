"""What a campaign may be before it is one: its audience, dates, share held out, engine and trigger."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from typing import Any
from uuid import UUID

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

from liquor_app.campaigns.models import CampaignType, Engine
from liquor_app.campaigns.triggers import read_trigger
from liquor_app.core.errors import Invalid, NotFound, Unknown
from liquor_app.organization.service import BrandRow, get_brand

MAX_DAYS = 31
MAX_STANDING_DAYS = 366
"""Of a triggered campaign."""


async def check_segments(session: AsyncSession, slugs: list[str]) -> list[str]:
    wanted = list(dict.fromkeys(slugs))
    if not wanted:
        raise Invalid("Choose at least one segment.", field="target_segments")
    if unknown := await _unknown_segments(session, wanted):
        raise Unknown(f"There is no segment {unknown[0]!r}.", field="target_segments")
    return wanted


async def _unknown_segments(session: AsyncSession, slugs: list[str]) -> list[str]:
    """Return those that no segment has. The one look upwards of this slice: see `tests/guards/test_owners.py`."""
    found = await session.execute(text("SELECT slug FROM segments WHERE slug = ANY(:slugs)"), {"slugs": slugs})
    return sorted(set(slugs) - {str(slug) for slug in found.scalars()})


def check_dates(start: date, end: date, type: CampaignType) -> None:
    most = MAX_STANDING_DAYS if type is CampaignType.TRIGGERED else MAX_DAYS
    if end < start:
        raise Invalid("end_date must not be before start_date.", field="end_date")
    if (end - start).days >= most:
        raise Invalid(f"Such a campaign may run for at most {most} days.", field="end_date")


def check_holdout(share: Decimal) -> None:
    if not 0 <= share <= 50:
        raise Invalid("holdout_pct must lie between 0 and 50", field="holdout_pct")


def check_engine(type: CampaignType, engine: Engine) -> None:
    if type is CampaignType.TRIGGERED and engine is not Engine.HEURISTIC:
        raise Invalid(
            "A triggered campaign is planned by the optimiser: the AI planner and a plan by hand share out the messages"
            " of a week, and nobody can say beforehand for whom something will happen. Choose engine heuristic.",
            field="engine",
        )


async def check_trigger(session: AsyncSession, type: CampaignType, trigger: object) -> dict[str, Any] | None:
    """Tell what a triggered campaign waits for; nothing for any other."""
    if type is not CampaignType.TRIGGERED:
        if trigger:
            raise Invalid("Only a triggered campaign has a trigger.", field="trigger")
        return None
    found = read_trigger(trigger or {})
    if found.segment and await _unknown_segments(session, [found.segment]):
        raise Unknown(f"There is no segment {found.segment!r}.", field="trigger.segment")
    return found.model_dump(mode="json")


async def chosen_brand(session: AsyncSession, brand_id: UUID | None) -> BrandRow:
    """Return the brand a campaign speaks for, the default one for None.

    Raises:
        Unknown: there is no such brand.
    """
    try:
        return await get_brand(session, brand_id)
    except NotFound as error:
        raise Unknown(error.message, field="brand_id") from error
