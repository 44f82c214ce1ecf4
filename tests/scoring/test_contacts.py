"""What the response model learns from, against what was written down: the offer, its life, and who acted on it."""

from __future__ import annotations

import json
from datetime import UTC, date, datetime, timedelta
from typing import Any
from uuid import UUID

import numpy as np
import pytest
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

from liquor_app.core.clock import travel
from liquor_app.core.ids import uuid7, uuid7_time
from liquor_app.scoring.contacts import read_contacts, read_reach
from liquor_app.scoring.estimators.offer_response import Contacts
from liquor_app.scoring.features import Moment
from tests.people import add_campaign, add_customer

pytestmark = pytest.mark.integration

NOON = datetime(2026, 6, 10, 16, tzinfo=UTC)
MOMENT = Moment(NOON, NOON.date(), "America/New_York")


async def basket(session: AsyncSession, person: UUID, days_ago: float, *categories: str) -> None:
    purchase = uuid7()
    await session.execute(
        text("INSERT INTO purchases (id, customer_id, occurred_at, total) VALUES (:id, :person, :at, 20)"),
        {"id": purchase, "person": person, "at": NOON - timedelta(days=days_ago)},
    )
    for category in categories:
        await session.execute(
            text("INSERT INTO purchase_lines (purchase_id, category, quantity, amount) VALUES (:p, :category, 1, 9)"),
            {"p": purchase, "category": category},
        )


async def mailed(
    session: AsyncSession, person: UUID, days_ago: float, *, campaign: UUID | None = None,
    terms: dict[str, Any] | None = None, converted_days_ago: float | None = None,
) -> None:  # fmt: skip
    """A message of the past, with the action behind it if it has terms."""
    at, action = NOON - timedelta(days=days_ago), None
    if terms is not None:
        action = uuid7()
        await session.execute(
            text(
                "INSERT INTO actions (id, campaign_id, customer_id, segment_slug, offer, offer_terms, scheduled_date)"
                " VALUES (:id, :campaign, :person, CAST(:id AS text), 'x', CAST(:terms AS jsonb), :day)"
            ),
            {"id": action, "campaign": campaign, "person": person, "terms": json.dumps(terms), "day": at.date()},
        )
    send = uuid7(at)
    await session.execute(
        text(
            "INSERT INTO sends (id, created_at, customer_id, campaign_id, action_id, channel, recipient, status,"
            " not_before, contact_at, converted_at) VALUES (:id, :created, :person, :campaign, :action, 'email',"
            " 'x@example.com', 'delivered', :at, :at, :converted)"
        ),
        {
            "id": send, "created": uuid7_time(send), "person": person, "campaign": campaign, "action": action, "at": at,
            "converted": None if converted_days_ago is None else NOON - timedelta(days=converted_days_ago),
        },
    )  # fmt: skip


def ends(days_ago: int) -> str:
    return (NOON.date() - timedelta(days=days_ago)).isoformat()


async def read(session: AsyncSession) -> Contacts:
    with travel(NOON):
        return await read_contacts(session, MOMENT, await read_reach(session, MOMENT))


async def test_what_an_offer_covers_is_counted_from_raw_baskets(session: AsyncSession) -> None:
    person = await add_customer(session)
    await basket(session, person, 90, "Beer", "Beer", "Snacks")
    await basket(session, person, 80, "Beer")
    await basket(session, person, 70, "Liquor")
    await basket(session, person, 20, "Beer")  # after the messages
    days = {"start_date": NOON.date() - timedelta(days=60), "end_date": NOON.date() - timedelta(days=40)}
    old = await add_campaign(session, [], name="History", offer_categories=["Beer", "Liquor"], **days)
    own = await add_campaign(session, [], name="Own")
    await mailed(session, person, 60, campaign=old)
    await mailed(
        session, person, 50, campaign=own, terms={"covers": "Beer", "discount_pct": "15", "expires_on": ends(40)}
    )
    await mailed(
        session, person, 45, campaign=own, terms={"covers": "Gin", "discount_pct": "x", "expires_on": ends(40)}
    )
    await mailed(session, person, 44, campaign=own, terms={"covers": None, "expires_on": ends(40)})
    await mailed(session, person, 43, campaign=own, terms={"category": "Liquor", "expires_on": ends(40)})
    found = await read(session)
    assert found.offers.covered.tolist() == [3, 2, 0, 3, 1]
    assert found.known.orders.tolist() == [3] * 5
    # Beer is in 3 baskets, Liquor and snacks in 1 each: shares of 5
    assert found.offers.reach == pytest.approx([0.8, 0.6, 0, 1, 0.2])
    assert np.isnan(found.offers.discount).tolist() == [True, False, True, True, True]
    assert found.offers.discount[1] == pytest.approx(0.15)


async def test_only_offers_that_are_over_teach_and_only_what_came_before_their_end(session: AsyncSession) -> None:
    person = await add_customer(session)
    over = await add_campaign(session, [], name="Over", start_date=date(2026, 5, 1), end_date=date(2026, 5, 20))
    cut = await add_campaign(session, [], name="Cut short", start_date=date(2026, 5, 1), end_date=date(2026, 5, 20),
                             offers_end_on=date(2026, 6, 20))  # fmt: skip
    await mailed(session, person, 40, campaign=over, converted_days_ago=30)
    await mailed(session, person, 39, campaign=over, converted_days_ago=2)  # long after it was over
    await mailed(session, person, 38, campaign=cut, converted_days_ago=30)  # still holds: nobody knows the others yet
    await mailed(session, person, 15)  # nobody wrote down until when: two weeks
    await mailed(session, person, 13)
    # the last day of an offer counts in the store's own time: today's is not over at noon
    await mailed(session, person, 9, campaign=over, terms={"covers": None, "expires_on": ends(0)})
    await mailed(session, person, 8, campaign=over, terms={"covers": None, "expires_on": ends(1)})
    found = await read(session)
    days_ago = (NOON.timestamp() / 86400 - found.day).round().tolist()
    assert days_ago == [40, 39, 15, 8]
    assert found.responded.tolist() == [True, False, False, False]
    midnight = datetime(2026, 6, 10, 4, tzinfo=UTC).timestamp() / 86400
    assert found.ends[-1] == pytest.approx(midnight)


async def test_buying_what_an_offer_without_a_code_is_for_is_an_answer(session: AsyncSession) -> None:
    campaign = await add_campaign(session, [])
    told = {}
    for name, terms, category, bought in (
        ("bought it", {"covers": "Beer", "expires_on": ends(10)}, "Beer", 15.0),
        ("news of it", {"covers": "Beer", "discount_pct": "0", "expires_on": ends(10)}, "Beer", 15.0),
        ("nobody can read it", {"covers": "Beer", "discount_pct": "x", "expires_on": ends(10)}, "Beer", 15.0),
        ("bought another", {"covers": "Beer", "expires_on": ends(10)}, "Gin", 15.0),
        ("too late", {"covers": "Beer", "expires_on": ends(10)}, "Beer", 5.0),
        ("before it came", {"covers": "Beer", "expires_on": ends(10)}, "Beer", 25.0),
        ("anything", {"covers": None, "expires_on": ends(10)}, "Gin", 15.0),
        (
            "had a code, left it at home",
            {"covers": "Beer", "discount_pct": "10.00", "expires_on": ends(10)},
            "Beer",
            15.0,
        ),
    ):
        person = await add_customer(session)
        await mailed(session, person, 20, campaign=campaign, terms=terms)
        await basket(session, person, bought, category)
        told[name] = person
    # history has no actions: what is known of it are its coupons
    person = await add_customer(session)
    await mailed(session, person, 20, campaign=await add_campaign(
        session, [], name="Old", start_date=date(2026, 5, 1), end_date=date(2026, 6, 1)))  # fmt: skip
    await basket(session, person, 15, "Beer")
    answers = (await read(session)).responded.tolist()
    assert sorted(answers) == [False] * 6 + [True] * 3
    # told apart one by one
    alone = {}
    for name, one in told.items():
        await session.execute(text("UPDATE sends SET status = 'skipped' WHERE customer_id <> :id"), {"id": one})
        await session.execute(text("UPDATE sends SET status = 'delivered' WHERE customer_id = :id"), {"id": one})
        alone[name] = (await read(session)).responded.tolist()
    assert {name for name, acted in alone.items() if acted == [True]} == {"bought it", "news of it", "anything"}
