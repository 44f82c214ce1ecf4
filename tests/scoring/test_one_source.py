"""Thirty customers of the sample: days, gaps, orders, spend and scores are the same figure on the page, in the list, in
a plan's reasons and for programs, and what their raw purchases say."""

from __future__ import annotations

import random
from datetime import date
from itertools import pairwise
from statistics import median
from types import SimpleNamespace
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

import numpy as np
import pytest
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

from liquor_app.accounts.permissions import SYSTEM
from liquor_app.actions.lists import list_actions
from liquor_app.actions.offers import pull
from liquor_app.actions.service import ActionRow, generate_actions, get_action, swap_offer
from liquor_app.core.clock import now
from liquor_app.core.listing.spec import ListQuery
from liquor_app.customers.service import get_customer
from liquor_app.scoring.due_state import Due, DueState, state_words
from liquor_app.scoring.estimators.offer_response import Offers
from liquor_app.scoring.estimators.response import Known
from liquor_app.scoring.offer_forecast import response_in_use
from liquor_app.scoring.service import explain_customer, score_customers
from liquor_app.screens.customers.detail.view import scores_of
from liquor_app.segments.lists import list_customers
from liquor_app.segments.service import create_segment, refresh_segments
from liquor_app.ui.chances import ACTS, within_words
from liquor_app.ui.words import percent, show_money
from tests.people import add_campaign, believe

pytestmark = pytest.mark.integration

SHOP = ZoneInfo("America/New_York")
OFFERS: list[dict[str, Any]] = [
    {"name": "Wine", "discount_pct": 5, "text": "{discount}% off {category}"},
    {"name": "All", "discount_pct": 2, "text": "{discount}% off everything"},
    {"name": "News", "discount_pct": 0, "text": "News of {category}"},
]
BASKETS_BY_CATEGORY = """
SELECT l.category, count(DISTINCT p.id) FROM purchase_lines l JOIN purchases p ON p.id = l.purchase_id
WHERE p.total > 0 GROUP BY 1"""
BOUGHT = """
SELECT l.category, count(DISTINCT p.id) FROM purchase_lines l JOIN purchases p ON p.id = l.purchase_id
WHERE p.customer_id = :id AND p.total > 0 GROUP BY 1"""
RAW = """
SELECT (SELECT count(LEAST(redeemed_at, converted_at)) FROM sends WHERE customer_id = :id
   AND contact_at > CAST(:at AS timestamptz) - interval '365 days') AS responses,
 (SELECT count(*) FROM sends WHERE customer_id = :id
   AND contact_at > CAST(:at AS timestamptz) - interval '365 days') AS contacts,
 (SELECT count(*) FROM analytics_events WHERE customer_id = :id AND event_type IN ('conversion', 'redemption')
   AND occurred_at > CAST(:at AS timestamptz) - interval '365 days') AS answers,
 (SELECT count(*) FROM purchases WHERE customer_id = :id AND total > 0) AS orders, r.recent, r.coupons,
 (SELECT sum(total) FROM purchases WHERE customer_id = :id) AS spend,
 (SELECT CAST(CAST(:at AS timestamptz) AT TIME ZONE 'America/New_York' AS date)
   - max(CAST(occurred_at AT TIME ZONE 'America/New_York' AS date)) FROM purchases WHERE customer_id = :id) AS recency
FROM (SELECT count(*) AS recent, COALESCE(sum(coupon_lines), 0) AS coupons FROM purchases WHERE customer_id = :id
   AND total > 0 AND CAST(occurred_at AT TIME ZONE 'America/New_York' AS date)
     > CAST(CAST(:at AS timestamptz) AT TIME ZONE 'America/New_York' AS date) - 90) r"""


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
        "recommended_offers": OFFERS,
        "max_discount_pct": 12,
        "optimal_send_window": {"start": "17:00", "end": "20:00"},
    }
    await believe(sample)
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
        assert strip[ACTS].figure == percent(row.response_likelihood)
        assert strip[ACTS].detail.startswith("a typical one, within ")
        response = next(sentence for sentence in told.sentences if sentence.topic == "response")
        days = within_words(told.features["answer_days"])
        assert f"{percent(row.response_likelihood)} likely to act on a typical offer {days}" in response.text
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
            assert action.expected_response is not None
            assert f"{percent(action.expected_response)} likely to act on this offer {days}" in reason
            due = Due.of(SimpleNamespace(**{**told.features, "due_on": day_of(told.features["due_on"])}), at.date())
            said = state_words(due, at.date())
            assert said in reason
            if due is not None:
                rhythm = next(sentence for sentence in told.sentences if sentence.topic == "rhythm")
                assert rhythm.title == said, "the card, the reason and the sentence say one thing"
                assert said in strip["Next purchase"].detail
                assert ("before that usually" in reason) == (due.state is DueState.OVERDUE)
            if len(gaps) > 1:
                assert ("every day or so" if median(gaps) < 1.5 else f"every {round(median(gaps))} days") in reason
            if row.value_at_risk is not None and row.value_at_risk >= 1:
                assert f"{show_money(row.value_at_risk, cents=False)} at risk" in reason
    assert reasons > 5, "hardly anybody had an action to compare with"
    await assert_offers_are_answered_as_raw_rows_say(sample, campaign, chosen)
    action = actions[0] if actions else next(iter(await of(sample, campaign)))
    await assert_a_swapped_offer_brings_its_own_figure(sample, action.id)


async def of(session: AsyncSession, campaign: UUID) -> list[ActionRow]:
    return list((await list_actions(session, SYSTEM, ListQuery({"campaign_id": str(campaign)}, limit=500))).items)


async def assert_offers_are_answered_as_raw_rows_say(session: AsyncSession, campaign: UUID, people: list[UUID]) -> None:
    """The figure of every action, from the stored model and what was written down of purchases and messages."""
    model = await response_in_use(session)
    assert model.offer is not None
    shares = {name: float(baskets) for name, baskets in await session.execute(text(BASKETS_BY_CATEGORY))}
    rows = (
        await session.execute(
            text("SELECT * FROM actions WHERE campaign_id = :id AND customer_id = ANY(:people)"),
            {"id": campaign, "people": people},
        )
    ).all()
    compared = set()
    for row in rows:
        raw = (await session.execute(text(RAW), {"id": row.customer_id, "at": now()})).one()
        known = Known(**{name: np.array([float(value)]) for name, value in raw._mapping.items()})
        bought = dict((await session.execute(text(BOUGHT), {"id": row.customer_id})).all())
        for offer in OFFERS:
            covers = row.offer_terms["category"] if "{category}" in offer["text"] else None
            covered = float(raw.orders) if covers is None else float(bought.get(covers, 0))
            reach = 1.0 if covers is None else shares[covers] / sum(shares.values())
            made = Offers(np.array([offer["discount_pct"] / 100]), np.array([covered]), np.array([reach]))
            (chance,) = model.offer.likelihood(known, made) * pull(offer["discount_pct"])
            assert row.offer_terms["answers"][offer["name"]] == pytest.approx(chance, abs=2e-6)
            if row.offer_terms["name"] == offer["name"]:
                assert row.expected_response == pytest.approx(chance, abs=2e-6)
                assert row.offer_terms["covers"] == covers
                compared.add(offer["name"])
        assert row.offer_terms["answers"]["Wine"] != row.offer_terms["answers"]["All"], "offers are told apart"
    assert compared


def day_of(told: str | None) -> date | None:
    return date.fromisoformat(told) if told else None


async def assert_a_swapped_offer_brings_its_own_figure(session: AsyncSession, action: UUID) -> None:
    before = await get_action(session, SYSTEM, action)
    other = next(one["name"] for one in OFFERS if one["name"] != before.offer_terms["name"])
    await swap_offer(session, SYSTEM, action, other)
    after = await get_action(session, SYSTEM, action)
    assert after.expected_response == pytest.approx(before.offer_terms["answers"][other])
    assert f" {percent(after.expected_response)} likely to act on this offer" in str(after.reason)
    assert str(after.reason).count("likely to act") == 1
    assert before.expected_response != pytest.approx(after.expected_response, rel=1e-3)
