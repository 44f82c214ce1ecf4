"""The first run: defaults, the first admin, the sample and the pipeline over it. On the roof: it sees all slices."""

from __future__ import annotations

from collections.abc import Callable
from uuid import UUID

from sqlalchemy import text

from liquor_app.accounts import service as accounts
from liquor_app.accounts.passwords import hash_password
from liquor_app.accounts.permissions import SYSTEM
from liquor_app.accounts.setup_code import current_code
from liquor_app.actions.service import generate_actions
from liquor_app.campaigns.autopilot import plan_ready
from liquor_app.campaigns.service import create_campaign
from liquor_app.compliance import service as compliance
from liquor_app.core.config import get_settings
from liquor_app.core.db import transaction
from liquor_app.demo import load as demo
from liquor_app.organization import service as organization
from liquor_app.planning.service import make_plan
from liquor_app.scoring import service as scoring
from liquor_app.segments import service as segments
from liquor_app.templates import service as templates

Report = Callable[[float, float, str], None]

WEEK_SEGMENTS = 6
"""How many of the default segments the first weekly plan is for, those with the most people in them."""


async def defaults(admin_password: str | None) -> bool:
    """What every shop starts with; creates the admin if there is no user and a password is given.

    Returns:
        Whether the admin was created now.
    """
    async with transaction() as session:
        await organization.ensure_defaults(session)
        await segments.ensure_default_segments(session)
        await templates.ensure_default_templates(session)
        await compliance.ensure_rule_pack(session)
        if admin_password is None or await accounts.has_users(session):
            return False
    hashed = await hash_password(admin_password)
    async with transaction() as session:
        await accounts.register_first_admin(
            session, email=get_settings().admin_email, password=hashed, full_name="Admin", code=None
        )
    return True


async def renew_unread_password(password: str) -> bool:
    """Give the admin a new password if nobody has signed in yet: a first start that was interrupted made one up that
    nobody may have read. Returns whether it did."""
    email = get_settings().admin_email
    async with transaction() as session:
        if not await accounts.is_unclaimed(session, email):
            return False
    hashed = await hash_password(password)
    async with transaction() as session:
        await accounts.reset_password(session, SYSTEM, email=email, password=hashed)
    return True


async def setup_code() -> str | None:
    """The one-time code of a shop nobody has set up; None for one that has users."""
    async with transaction() as session:
        return await current_code(session)


async def is_empty() -> bool:
    """Whether there is nobody in the knowledge base yet, and nobody asked for it to stay so."""
    async with transaction() as session:
        found = await session.execute(
            text(
                "SELECT NOT EXISTS (SELECT 1 FROM customers) AND NOT EXISTS"
                " (SELECT 1 FROM settings WHERE key = 'general' AND value ->> 'is_sample' = 'false')"
            )
        )
        return bool(found.scalar_one())


async def load_sample(report: Report, *, full_store: bool = False) -> None:
    """Load the sample (or, with `full_store`, all its people ever bought) and run the pipeline on it, up to a campaign
    waiting for approval."""
    async with transaction() as session:
        await demo.load_sample(
            session,
            lambda done, total, label: report(done / max(total, 1) * 0.6, 1.0, label),
            full_store=full_store,
        )
    await pipeline(lambda done, total, label: report(0.6 + done / max(total, 1) * 0.4, 1.0, label))


async def pipeline(report: Report) -> UUID:
    """Score, refresh segments, propose actions, plan a week; returns the campaign that waits for approval."""
    report(0, 4, "Scoring every customer")
    async with transaction() as session:
        await scoring.score_customers(session, SYSTEM)
    report(1, 4, "Refreshing segments")
    async with transaction() as session:
        await segments.refresh_segments(session, SYSTEM)
    report(2, 4, "Proposing actions")
    async with transaction() as session:
        biggest = await session.execute(
            text(
                "SELECT slug FROM segments WHERE is_active AND customer_count > 0"
                " ORDER BY customer_count DESC, slug LIMIT :n"
            ),
            {"n": WEEK_SEGMENTS},
        )
        campaign = await create_campaign(
            session,
            SYSTEM,
            name="This week's plan",
            description="Drafted by the planner from last night's scores.",
            target_segments=[str(slug) for slug in biggest.scalars()],
            is_sample=True,
        )
        await generate_actions(session, SYSTEM, campaign.id)
    report(3, 4, "Planning the week")
    async with transaction() as session:
        await make_plan(session, SYSTEM, campaign.id)
        await plan_ready(session, SYSTEM, campaign.id)
    report(4, 4, "A weekly plan waits for approval")
    return campaign.id
