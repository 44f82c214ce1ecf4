"""A whole shop from the sample: loaded, scored, planned, up to a campaign that waits for approval."""

from __future__ import annotations

from collections.abc import Callable
from uuid import UUID

from sqlalchemy import text

from liquor_app.accounts.permissions import SYSTEM
from liquor_app.actions.service import generate_actions
from liquor_app.campaigns.service import create_campaign
from liquor_app.core.db import transaction
from liquor_app.demo import load as demo
from liquor_app.planning.approval.autopilot import plan_ready
from liquor_app.planning.service import make_plan
from liquor_app.scoring import service as scoring
from liquor_app.segments import service as segments

Report = Callable[[float, float, str], None]

WEEK_SEGMENTS = 6
"""How many of the default segments the first weekly plan is for, those with the most people in them."""


async def is_empty() -> bool:
    """Tell whether there is nobody in the knowledge base yet, and nobody asked for it to stay so."""
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
