"""What came back is no spend of anything that learns from spend, and a return alone is no purchase."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from uuid import UUID

import pandas as pd
import pytest
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

from liquor_app.core.clock import travel
from liquor_app.scoring import score_documents
from liquor_app.scoring.contacts import read_contacts_between
from liquor_app.scoring.features import Moment, read_customers, read_popularity, read_snapshots, read_tastes
from tests.people import add_customer, add_send

pytestmark = pytest.mark.integration

NOON = datetime(2026, 6, 10, 16, tzinfo=UTC)
MOMENT = Moment(NOON, NOON.date(), "America/New_York")


async def told(session: AsyncSession, person: UUID, *baskets: tuple[int, int]) -> None:
    """Baskets of a person: days ago, and what they came to."""
    for days_ago, total in baskets:
        await session.execute(
            text("INSERT INTO purchases (customer_id, occurred_at, total) VALUES (:id, :at, :total)"),
            {"id": person, "at": NOON - timedelta(days=days_ago), "total": total},
        )


async def test_what_is_learned_of_value_is_net_and_days_of_returns_are_no_visits(session: AsyncSession) -> None:
    with travel(NOON):
        kept, gave_back = await add_customer(session), await add_customer(session)
        # 100 and 40 before the day the models are tried at, 30 after it
        await told(session, kept, (200, 100), (150, 40), (20, 30))
        # the same, but 40 came back before, and all that was bought after it
        await told(session, gave_back, (200, 100), (150, 40), (140, -40), (20, 30), (10, -30))
        window = (await read_snapshots(session, MOMENT)).log.window(-60, 60)
        known = window.signals.known
        order = known.spend.argsort()[::-1]
        assert known.spend[order].tolist() == [140, 100]
        assert window.spent[order].tolist() == [30, 0]
        assert known.x[order].tolist() == [1, 1], "the day of a return is no day of a purchase"
        assert window.bought[order].tolist() == [True, True]
        rows = (await read_customers(session, MOMENT, window_days=90, ids=[kept, gave_back])).set_index("id")
    assert rows.loc[[kept, gave_back], "spend"].tolist() == [170, 100]
    assert rows.loc[[kept, gave_back], "baskets"].tolist() == [3, 3]


async def test_shares_of_spend_are_of_what_was_kept(session: AsyncSession) -> None:
    """20 of beer and 30 of wine, 10 of the beer came back; so did more gin than was bought, and rum."""
    with travel(NOON):
        person = await add_customer(session)
        for days_ago, category, amount in ((9, "Beer", 20), (9, "Wine", 30), (8, "Beer", -10), (7, "Gin", 5),
                                           (6, "Gin", -9), (5, "Rum", -4)):  # fmt: skip
            found = await session.execute(
                text("INSERT INTO purchases (customer_id, occurred_at, total) VALUES (:id, :at, :total) RETURNING id"),
                {"id": person, "at": NOON - timedelta(days=days_ago), "total": amount},
            )
            await session.execute(
                text(
                    "INSERT INTO purchase_lines (purchase_id, category, quantity, amount)"
                    " VALUES (:id, :category, sign(:amount), :amount)"
                ),
                {"id": found.scalar_one(), "category": category, "amount": amount},
            )
        liked = await read_tastes(session, MOMENT, "category", [person])
        popular = await read_popularity(session, MOMENT, "category")
    assert liked.set_index("name")["amount"].to_dict() == {"Beer": 20, "Wine": 30, "Gin": 5}, "what was paid"
    own = score_documents.tastes(liked, popular, pd.Series([person]), k=3).own[0]
    assert dict(own) == {"Beer": 0.25, "Wine": 0.75, "Gin": 0.0}


async def test_what_is_learned_of_answers_knows_what_came_back_by_then(session: AsyncSession) -> None:
    with travel(NOON):
        person = await add_customer(session)
        await told(session, person, (90, 80), (70, -30), (5, -50))
        await add_send(session, person, days_ago=30)
        contacts = await read_contacts_between(
            session, NOON - timedelta(days=60), NOON, known=NOON, until=NOON, zone="America/New_York", reach={}
        )
    assert (contacts.known.orders.tolist(), contacts.known.spend.tolist()) == ([1], [50]), "the last return came later"
