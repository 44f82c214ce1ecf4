"""Thirty customers of the sample: days, gaps, orders, spend and scores are the same figure on the page, in the list, in
a plan's reasons and for programs, and what their raw purchases say."""

from __future__ import annotations

import random
from datetime import date
from itertools import pairwise
from statistics import median
from uuid import UUID
from zoneinfo import ZoneInfo

import pytest
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

from liquor_app.accounts.permissions import SYSTEM
from liquor_app.actions.lists import list_actions
from liquor_app.actions.service import generate_actions
from liquor_app.core.clock import now
from liquor_app.core.listing.spec import ListQuery
from liquor_app.customers.service import get_customer
from liquor_app.scoring.service import explain_customer, score_customers
from liquor_app.screens.customers.detail.view import scores_of
from liquor_app.segments.lists import list_customers
from liquor_app.segments.service import create_segment, refresh_segments
from liquor_app.ui.words import percent, show_money
from tests.people import add_campaign

pytestmark = pytest.mark.integration

SHOP = ZoneInfo("America/New_York")


async def test_the_same_figure_everywhere(sample: AsyncSession) -> None:
    await score_customers(sample, SYSTEM)
    ids = sorted((await sample.execute(text("SELECT id FROM customers"))).scalars())
    chosen = random.Random(13).sample(ids, 30)
    raw: dict[UUID, list[tuple[date, float]]] = {one: [] for one in chosen}
    found = await sample.execute(
        text("SELECT customer_id, occurred_at, total FROM purchases WHERE customer_id = ANY(:ids)"), {"ids": chosen}
    )
    for row in found:
        raw[row.customer_id].append((row.occurred_at.astimezone(SHOP).date(), float(row.total)))
    playbook = {
        "rules": {"all": []},
        "optimal_channels": ["email"],
        "optimal_send_window": {"start": "17:00", "end": "20:00"},
    }
    slug = (await create_segment(sample, SYSTEM, {"name": "Everybody there is", **playbook})).slug
    await refresh_segments(sample, SYSTEM)
    campaign = await add_campaign(sample, [slug])
    await generate_actions(sample, SYSTEM, campaign)
    at, reasons = now().astimezone(SHOP), 0
    for one in chosen:
        days = sorted({day for day, _ in raw[one]})
        since = (at.date() - days[-1]).days
        gaps = [(later - day).days for day, later in pairwise(days)]
        told, row = await explain_customer(sample, SYSTEM, one), await get_customer(sample, SYSTEM, one)
        assert told.features["orders"] == len(days)
        assert told.features["days_since_last"] == since
        assert told.features["gap_median"] == (median(gaps) if len(gaps) > 1 else None)
        assert row.purchase_frequency == len(raw[one])
        assert float(row.total_spent) == pytest.approx(sum(total for _, total in raw[one]), abs=0.005)
        churn = next(sentence for sentence in told.sentences if sentence.topic == "churn")
        assert {0: "today", 1: "yesterday"}.get(since, f"{since} days ago") in churn.text
        assert row.churn_probability is not None
        assert f"{percent(row.churn_probability)} likely not to return" in churn.text
        strip = {cell.label: cell for cell in scores_of(row, told, 60, at)}
        assert strip["Churn, 60 days"].figure == percent(row.churn_probability)
        assert strip["Expected spend, 12 months"].figure == show_money(row.clv_score)
        assert strip["Value at risk"].figure == show_money(row.value_at_risk)
        listed = (await list_customers(sample, SYSTEM, ListQuery(search=str(row.email)))).items
        assert [(who.clv_score, who.churn_probability, who.last_purchase_at) for who in listed if who.id == one] == [
            (row.clv_score, row.churn_probability, row.last_purchase_at)
        ]
        actions = (
            await list_actions(sample, SYSTEM, ListQuery({"campaign_id": str(campaign), "customer_id": str(one)}))
        ).items
        for action in actions:
            reasons += 1
            reason = str(action.reason)
            assert (f"{since} days since" in reason) or since <= 1
            assert f"{percent(row.response_likelihood)} likely to respond" in reason
            if len(gaps) > 1:
                usual = max(1, round(median(gaps)))
                assert f"every {usual} day" in reason
            if row.value_at_risk is not None and row.value_at_risk >= 1:
                assert f"{show_money(row.value_at_risk, cents=False)} at risk" in reason
    assert reasons > 5, "hardly anybody had an action to compare with"
