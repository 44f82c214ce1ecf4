"""Read what a review holds: finished days from the rollups, the holdout's figures as last summed up."""

from __future__ import annotations

from datetime import date

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

from liquor_app.accounts.permission_table import Permission
from liquor_app.accounts.permissions import Actor, require
from liquor_app.analytics.bounce_rates import sender_health
from liquor_app.analytics.insights.read_insights import InsightKind, read_insight
from liquor_app.analytics.measured import recorded_from
from liquor_app.analytics.reports import ReportKind, read_report
from liquor_app.analytics.reviews.review import Review, ReviewKind, days_of, figures_of
from liquor_app.analytics.service import daily
from liquor_app.campaigns.models import CampaignStatus
from liquor_app.core.errors import NotFound
from liquor_app.experiments.effects import By, read_effects
from liquor_app.organization.service import default_brand
from liquor_app.organization.settings import GeneralSettings, load_settings, shop_today

_WAITING = f"SELECT count(*) FROM campaigns WHERE status = '{CampaignStatus.AWAITING_APPROVAL}'"
DEFAULT_COLOR = "#995a07"


async def read_review(session: AsyncSession, actor: Actor, kind: ReviewKind, day: date | None = None) -> Review:
    """Return the review of the week or month `day` lies in; of the last finished one if none is given.

    Raises:
        Invalid: it is not over yet.
        Forbidden: the actor may not read figures.
    """
    require(actor, Permission.ANALYTICS_READ)
    today = await shop_today(session)
    days = days_of(kind, today, day)
    is_last = days == days_of(kind, today)
    course = await daily(session, actor, days.start, days.end)
    before = await daily(session, actor, *days.before)
    year_before = await daily(session, actor, *days.year_before)
    effects, _ = await read_effects(session, actor, By.ALL)
    is_month = kind is ReviewKind.MONTH
    shop, color = await shop_on_paper(session)
    return Review(
        days=days, shop=shop, color=color,
        figures=figures_of(course, before, year_before),
        course=course, course_before=before,
        campaigns=await read_report(session, actor, ReportKind.CAMPAIGNS, days.start, days.end),
        segments=await read_report(session, actor, ReportKind.SEGMENTS, days.start, days.end),
        lift=effects[0] if effects else None,
        health=await sender_health(session, actor) if is_last else (),
        goods=await read_insight(session, actor, InsightKind.CATEGORIES) if is_month else None,
        customers=await read_insight(session, actor, InsightKind.CUSTOMERS) if is_month else None,
        waiting=await waiting_plans(session) if is_last else 0,
        recorded_from=await recorded_from(session),
    )  # fmt: skip


async def waiting_plans(session: AsyncSession) -> int:
    """Return how many plans nobody has approved. A corridor."""
    return int((await session.execute(text(_WAITING))).scalar_one())


async def shop_on_paper(session: AsyncSession) -> tuple[str, str]:
    """Return the shop's name and its brand's colour. A corridor."""
    general = await load_settings(session, GeneralSettings)
    try:
        brand = await default_brand(session)
    except NotFound:
        return general.organization_name, DEFAULT_COLOR
    return general.organization_name, brand.primary_color
