"""The sample into the database, and out of it again.

Everything written here is marked: customers and campaigns by `is_sample`, purchases, consents and ages by
`source=sample`, conversions by `inferred`.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import dataclass
from uuid import UUID

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

from liquor_app.accounts.audit import audit
from liquor_app.accounts.permission_table import Permission
from liquor_app.accounts.permissions import SYSTEM, Actor, require
from liquor_app.analytics.cohorts import EVER, count_cohorts
from liquor_app.analytics.daily_rollups import roll_up
from liquor_app.analytics.insights.month_counts import count_insights
from liquor_app.analytics.insights.rfm_moves import count_moves
from liquor_app.core.bulk import copy_frame
from liquor_app.core.errors import Conflict
from liquor_app.core.queue import Job, enqueue
from liquor_app.demo.dataset import load_dataset
from liquor_app.demo.sample_brand import take_off_sample_brand, wear_sample_brand
from liquor_app.demo.table_rows import rows_of
from liquor_app.organization.service import notify
from liquor_app.organization.settings import GeneralSettings, save_settings
from liquor_app.ui.words import figure

Progress = Callable[[int, int, str], None]

SCORED = (
    "rfm_segment", "r_score", "f_score", "m_score", "churn_risk", "churn_probability", "clv_score", "value_at_risk",
    "response_likelihood", "next_purchase_at", "scored_at",
)  # fmt: skip
"""Columns of a customer that models fill."""


_OWN_PEOPLE = """EXISTS (SELECT 1 FROM actions a JOIN customers u ON u.id = a.customer_id
    WHERE a.campaign_id = c.id AND NOT u.is_sample)"""
_SAMPLE_PEOPLE = """EXISTS (SELECT 1 FROM actions a JOIN customers u ON u.id = a.customer_id
    WHERE a.campaign_id = c.id AND u.is_sample)"""

MADE_OF_SAMPLE = f"""
SELECT c.id FROM campaigns c
WHERE c.is_sample OR (
    {_SAMPLE_PEOPLE} AND NOT {_OWN_PEOPLE}
    AND NOT (c.trigger IS NOT NULL AND c.status IN ('scheduled', 'active', 'paused')))
"""
"""The sample's campaigns, and those of your own that were planned for its people alone; a triggered one that runs waits
for your customers instead."""

UNPLAN = f"""
UPDATE campaigns c SET status = 'draft', plan_id = NULL, weekly_plan = NULL, held_out = 0, updated_at = now()
WHERE c.status IN ('draft', 'awaiting_approval') AND c.plan_id IS NOT NULL
    AND ({_SAMPLE_PEOPLE} OR NOT {_OWN_PEOPLE})
"""
"""A plan that counts people who go is no plan any more: the campaign stays as a draft, to be planned anew."""


@dataclass(frozen=True, slots=True)
class SampleRow:
    """How much of the sample there is; `loaded` is False if it was there already."""

    loaded: bool
    customers: int
    purchases: int
    lines: int
    campaigns: int
    sends: int
    redeemed: int
    conversions: int


async def load_sample(
    session: AsyncSession, progress: Progress | None = None, *, actor: Actor = SYSTEM, full_store: bool = False
) -> SampleRow:
    """Load the sample: people with consents and ages, purchases, and the data's own campaigns as history.

    Loading twice adds nothing. Nothing is scored: that is the pipeline's work.

    Args:
        progress: called with rows done, rows in all, and what is being loaded.
        full_store: all purchases of these people, not their liquor alone; 1.1M lines instead of 17,000.

    Raises:
        Forbidden: the actor is not an admin.
        Conflict: there are customers of your own.
        Unavailable: the `sample` extra is not installed.
        Invalid: the sample package is damaged.
    """
    require(actor, Permission.DATA_ADMIN)
    found = await session.execute(
        text("SELECT count(*) FILTER (WHERE NOT is_sample) AS own, count(*) AS everybody FROM customers")
    )
    own, everybody = found.one()
    if own:
        raise Conflict(f"There are {figure(own)} customers of your own. The sample goes into an empty database only.")
    if everybody:
        return await _present(session)
    await wear_sample_brand(session)
    sample = await asyncio.to_thread(load_dataset, full_store=full_store)
    tables = await asyncio.to_thread(rows_of, sample, await _default_brand(session))
    first = min(sample.campaigns["starts_on"].min(), sample.purchases["local_day"].min())
    await session.execute(text("SELECT ensure_partitions(:first, :last)"), {"first": first, "last": sample.ends_on})
    total, done = sum(len(frame) for _, frame, _ in tables), 0
    for table, frame, label in tables:

        def tell(rows: int, label: str = label) -> None:
            nonlocal done
            done += rows
            if progress:
                progress(done, total, label)

        await copy_frame(session, table, frame, tell)
    await session.execute(text(f"ANALYZE {', '.join(dict.fromkeys(table for table, _, _ in tables))}"))
    await roll_up(session, first)
    await count_cohorts(session, first)
    await count_insights(session, first)
    await count_moves(session, first)
    await save_settings(session, actor, GeneralSettings, {"is_sample": True})
    await audit(session, actor, "sample.loaded", "sample", None, customers=len(sample.customers))
    present = await _present(session)
    return SampleRow(True, *(getattr(present, name) for name in SampleRow.__slots__[1:]))


async def clear_sample(session: AsyncSession, actor: Actor) -> SampleRow:
    """Remove everything marked sample and what was made of it; your own data stay. Returns what there was.

    Raises:
        Forbidden: the actor is not an admin.
    """
    require(actor, Permission.DATA_ADMIN)
    before = await _present(session)
    gone = list((await session.execute(text(MADE_OF_SAMPLE))).scalars())
    # The time series and the outbox have no cascading keys; the rest goes with its customer or campaign.
    people, campaigns = "SELECT id FROM customers WHERE is_sample", "CAST(:gone AS uuid[])"
    theirs = f"customer_id IN ({people}) OR campaign_id = ANY({campaigns})"
    for statement in (
        f"DELETE FROM outbox_messages WHERE send_id IN (SELECT id FROM sends WHERE {theirs})"
        f" OR campaign_id = ANY({campaigns})",
        f"DELETE FROM analytics_events WHERE {theirs}",
        f"DELETE FROM sends WHERE {theirs}",
        f"DELETE FROM coupons WHERE {theirs}",
        f"DELETE FROM suppressions WHERE customer_id IN ({people})",
        f"DELETE FROM notifications n USING campaigns c WHERE c.id = ANY({campaigns})"
        " AND n.link = '/campaigns/' || c.id",
        "DELETE FROM notifications n USING customers c WHERE c.is_sample AND n.link = '/customers/' || c.id",
        UNPLAN,
        f"DELETE FROM campaigns WHERE id = ANY({campaigns})",
        "DELETE FROM customers WHERE is_sample",
        # what was learned from the sample must not judge anybody else; your own are fitted and scored anew
        "DELETE FROM customer_scores",
        "DELETE FROM model_versions",
        "DELETE FROM scoring_standards",
        f"UPDATE customers SET {', '.join(f'{name} = NULL' for name in SCORED)} WHERE scored_at IS NOT NULL",
    ):
        await session.execute(text(statement), {"gone": gone} if ":gone" in statement else {})
    await roll_up(session, EVER)
    await count_cohorts(session, EVER)
    await count_insights(session, EVER)
    await count_moves(session, EVER)
    await save_settings(session, actor, GeneralSettings, {"is_sample": False})
    await take_off_sample_brand(session)
    await audit(session, actor, "sample.cleared", "sample", None, customers=before.customers)
    await notify(
        session, title="The sample is gone", body="Now bring your own customers in.", level="success",
        link="/customers/import",
    )  # fmt: skip
    own = (await session.execute(text("SELECT EXISTS (SELECT 1 FROM customers WHERE deleted_at IS NULL)"))).scalar_one()
    if own:
        await enqueue(session, Job.SCORE_CUSTOMERS, {"then_segments": True}, created_by=actor.user_id)
    else:
        await enqueue(session, Job.REFRESH_SEGMENTS, created_by=actor.user_id)
    return before


async def _present(session: AsyncSession) -> SampleRow:
    found = await session.execute(
        text(
            "SELECT (SELECT count(*) FROM customers WHERE is_sample) AS customers,"
            " (SELECT count(*) FROM purchases p JOIN customers c ON c.id = p.customer_id WHERE c.is_sample)"
            " AS purchases,"
            " (SELECT count(*) FROM purchase_lines l JOIN purchases p ON p.id = l.purchase_id"
            "  JOIN customers c ON c.id = p.customer_id WHERE c.is_sample) AS lines,"
            " count(DISTINCT k.id) AS campaigns, count(s.id) AS sends,"
            " count(s.redeemed_at) AS redeemed, count(s.converted_at) AS conversions"
            " FROM campaigns k LEFT JOIN sends s ON s.campaign_id = k.id WHERE k.is_sample AND k.is_history"
        )
    )
    return SampleRow(False, **found.mappings().one())


async def _default_brand(session: AsyncSession) -> UUID | None:
    found: UUID | None = (await session.execute(text("SELECT id FROM brands WHERE is_default"))).scalar()
    return found
