"""The global holdout: counted by intention from the first campaign on, and silent until there is enough."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

import pytest
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

from liquor_app.accounts.models import Role
from liquor_app.accounts.permissions import SYSTEM, Actor, ActorKind
from liquor_app.core.clock import now
from liquor_app.core.errors import Forbidden
from liquor_app.core.holdout_draw import is_held_out
from liquor_app.core.ids import uuid7, uuid7_time
from liquor_app.experiments.global_holdout import OverallRow, gates, overall_result, take_reading
from liquor_app.experiments.statistics import Arm
from liquor_app.organization.settings import PlanningSettings, save_settings, shop_now
from liquor_app.screens.analytics.view import holdout_card
from tests.factories import add_people as make_people
from tests.people import add_campaign, steady_ids

VIEWER = Actor(ActorKind.USER, None, "Vi", Role.USER)


async def add_people(session: AsyncSession, count: int, **columns: Any) -> list[UUID]:
    """The same people each time: who is held out is drawn by their ids."""
    return await make_people(session, count, ids=steady_ids(count), **columns)


async def share(session: AsyncSession, percent: int, word: str = "global") -> None:
    await save_settings(session, SYSTEM, PlanningSettings, {"global_holdout_pct": percent, "global_holdout_seed": word})


async def drawn(session: AsyncSession, *, days_ago: int) -> None:
    """The stretch began, and the first campaign started, so long ago."""
    await take_reading(session, SYSTEM)
    at = now() - timedelta(days=days_ago)
    await session.execute(text("UPDATE global_holdouts SET since = :at"), {"at": at - timedelta(days=1)})
    campaign = await add_campaign(session, ["all"])
    await session.execute(
        text("UPDATE campaigns SET status = 'active', started_at = :at WHERE id = :id"), {"at": at, "id": campaign}
    )
    await written(session, campaign, at)


async def written(session: AsyncSession, campaign: UUID, at: datetime, provider: str = "smtp") -> None:
    """One message of the campaign left."""
    await session.execute(
        text(
            "INSERT INTO sends (id, created_at, customer_id, campaign_id, channel, recipient, status, provider,"
            " not_before, contact_at) SELECT :id, :created, id, :campaign, 'email', 'x@example.com', 'delivered',"
            " :provider, :at, :at FROM customers LIMIT 1"
        ),
        {"id": (new := uuid7()), "created": uuid7_time(new), "campaign": campaign, "at": at, "provider": provider},
    )


async def buy(session: AsyncSession, people: list[UUID], total: int, *, days_ago: int = 3) -> None:
    await session.execute(
        text(
            "INSERT INTO purchases (customer_id, occurred_at, total) SELECT p, :at, :total + i % 5"
            " FROM unnest(CAST(:people AS uuid[])) WITH ORDINALITY AS x(p, i)"
        ),
        {"people": people, "at": now() - timedelta(days=days_ago), "total": total},
    )


async def test_a_new_shop_leaves_five_in_a_hundred_out_of_everything() -> None:
    assert PlanningSettings().global_holdout_pct == 5


async def test_what_marketing_changes_shows_with_its_interval(session: AsyncSession) -> None:
    await share(session, 20)
    people = await add_people(session, 1200)
    held = [person for person in people if is_held_out("global", person, 0.2)]
    others = [person for person in people if person not in set(held)]
    await drawn(session, days_ago=40)
    await buy(session, others, 40)
    await buy(session, held[: len(held) // 2], 10)
    await buy(session, held, 5000, days_ago=60)  # before the first campaign: not counted
    row = await take_reading(session, SYSTEM)
    assert row.revenue is not None
    assert row.bought is not None
    assert row.split is not None
    assert (row.revenue.contacted.people, row.revenue.held_out.people) == (len(others), len(held))
    assert row.revenue.contacted.mean == pytest.approx(42, abs=0.1)
    assert row.revenue.held_out.mean == pytest.approx(6, abs=0.3)
    assert row.bought.contacted.mean == 1
    assert row.bought.held_out.mean == pytest.approx(0.5, abs=0.01)
    assert (row.days, row.missing, row.is_conclusive, row.split.is_mismatch) == (40, (), True, False)
    assert row.revenue.low is not None
    assert 0 < row.revenue.low < 36 < (row.revenue.high or 0)
    assert await overall_result(session, VIEWER) == row, "a reader sees what the job kept"
    card = holdout_card(row, await shop_now(session))
    assert card.is_on
    assert card.verdict == "It works"
    assert card.has_marks
    assert card.difference.startswith("+$3")


async def test_returns_lower_the_money_of_either_group_and_make_no_buyer(session: AsyncSession) -> None:
    await share(session, 20)
    people = await add_people(session, 60)
    held = [person for person in people if is_held_out("global", person, 0.2)]
    others = [person for person in people if person not in set(held)]
    await drawn(session, days_ago=40)
    for person, total in ((others[0], 50), (others[0], -50), (others[1], 30), (held[0], -12)):
        await session.execute(
            text("INSERT INTO purchases (customer_id, occurred_at, total) VALUES (:id, :at, :total)"),
            {"id": person, "at": now() - timedelta(days=2), "total": total},
        )
    row = await take_reading(session, SYSTEM)
    assert row.revenue is not None
    assert row.bought is not None
    assert row.revenue.contacted.mean == pytest.approx(30 / len(others))
    assert row.revenue.held_out.mean == pytest.approx(-12 / len(held))
    assert row.bought.contacted.mean == pytest.approx(2 / len(others))
    assert row.bought.held_out.mean == 0


async def test_who_unsubscribed_still_counts_and_who_never_agreed_never_did(session: AsyncSession) -> None:
    await share(session, 20)
    left = (await add_people(session, 3, email_consent="withdrawn", sms_consent=None))[0]
    await session.execute(
        text("INSERT INTO consents (customer_id, channel, status, source) VALUES (:id, 'email', 'given', 'till')"),
        {"id": left},
    )
    await make_people(session, 4)
    await session.execute(text("UPDATE customers SET deleted_at = now() WHERE phone = '+12075550004'"))
    row = await take_reading(session, SYSTEM)
    assert row.revenue is not None
    assert row.revenue.contacted.people + row.revenue.held_out.people == 1 + 3


async def test_another_share_or_word_begins_the_measurement_anew(session: AsyncSession) -> None:
    await share(session, 20)
    await add_people(session, 10)
    await drawn(session, days_ago=40)
    assert (await take_reading(session, SYSTEM)).days == 40
    assert (await take_reading(session, SYSTEM)).days == 40
    await share(session, 10)
    fresh = await overall_result(session, VIEWER)
    assert (fresh.share, fresh.revenue, len(fresh.missing)) == (0.1, None, 1), "figures of another draw are not shown"
    assert (await take_reading(session, SYSTEM)).from_at is None
    campaign = (await session.execute(text("SELECT id FROM campaigns"))).scalar_one()
    await written(session, campaign, now())
    again = await take_reading(session, SYSTEM)
    assert again.days == 0
    assert again.from_at is not None, "campaigns under way count from the new draw on"
    await share(session, 10, "other")
    await take_reading(session, SYSTEM)
    await share(session, 0)
    assert (await take_reading(session, SYSTEM)).share == 0
    stretches = await session.execute(text("SELECT count(*), count(ended_at) FROM global_holdouts"))
    assert tuple(stretches.one()) == (3, 3)
    assert not holdout_card(await overall_result(session, VIEWER), now()).is_on


async def test_a_campaign_that_wrote_to_nobody_begins_nothing(session: AsyncSession) -> None:
    """Before, a month counted in which the groups could not differ: started, and paused before its first message."""
    await share(session, 20)
    await add_people(session, 10)
    await take_reading(session, SYSTEM)
    began = now() - timedelta(days=40)
    await session.execute(text("UPDATE global_holdouts SET since = :at"), {"at": began})
    campaign, played = await add_campaign(session, ["all"]), await add_campaign(session, ["all"], name="Played")
    await session.execute(text("UPDATE campaigns SET status = 'active', started_at = :at"), {"at": began})
    await session.execute(text("UPDATE campaigns SET virtual_now = :at WHERE id = :id"), {"at": now(), "id": played})
    await written(session, played, now() - timedelta(days=30))
    await written(session, campaign, now() - timedelta(days=20), provider="sandbox")
    row = await take_reading(session, SYSTEM)
    assert (row.from_at, row.missing[0].split(" since")[0]) == (None, "No campaign has written to anybody")
    await written(session, campaign, now() - timedelta(days=10))
    await written(session, campaign, now() - timedelta(days=5))
    assert (await take_reading(session, SYSTEM)).days == 10


async def test_nothing_is_concluded_too_early(session: AsyncSession) -> None:
    await share(session, 20)
    await add_people(session, 30)
    row = await take_reading(session, SYSTEM)
    assert "No campaign" in row.missing[0]
    assert not row.is_conclusive
    assert holdout_card(row, now()).verdict == "Not enough data yet"
    some = Arm(5000, 100.0, 1000.0)
    assert gates(some, some, (500, 500), 28) == ()
    few = gates(some, Arm(99, 1.0, 1.0), (500, 29), 27)
    assert [line.split()[0] for line in few] == ["28", "100", "30"]


async def test_only_marketers_count_and_an_empty_shop_has_a_card(session: AsyncSession) -> None:
    await share(session, 5)
    waiting: OverallRow = await overall_result(session, VIEWER)
    assert waiting.revenue is None
    assert holdout_card(waiting, now()).missing
    with pytest.raises(Forbidden):
        await take_reading(session, VIEWER)
    empty = await take_reading(session, SYSTEM)
    assert empty.split is not None
    assert not empty.split.is_mismatch
    assert not holdout_card(empty, now()).has_marks
