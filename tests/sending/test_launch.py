"""From actions to the ledger: once, at the right moment, and not for people held out."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime, timedelta
from uuid import UUID

import pytest
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

from liquor_app.accounts.models import Role
from liquor_app.accounts.permissions import SYSTEM, Actor, ActorKind
from liquor_app.core.db import transaction
from liquor_app.core.errors import Conflict, Forbidden, NotFound
from liquor_app.core.ids import uuid7, uuid7_time
from liquor_app.sending.pipeline.launch import launch_campaign
from tests.factories import MONDAY, add_people, add_played_campaign, add_ready_campaign, at, open_shop


async def ledger(session: AsyncSession, campaign: UUID) -> list[object]:
    found = await session.execute(
        text("SELECT * FROM sends WHERE campaign_id = :id ORDER BY id"), {"id": campaign}
    )  # fmt: skip
    return list(found.all())


async def test_once_however_often(database: str) -> None:
    """Twice in turn and twice at once: one message an action, with a coupon each; ids carry the partition's time."""
    async with transaction() as session:
        await open_shop(session)
        people = await add_people(session, 30)
        campaign = await add_played_campaign(session, people, clock=datetime(2026, 11, 2, tzinfo=UTC))

    async def once() -> int:
        async with transaction() as session:
            return (await launch_campaign(session, SYSTEM, campaign)).added

    assert sorted(await asyncio.gather(once(), once())) == [0, 30]
    assert await once() == 0
    async with transaction() as session:
        rows = await ledger(session, campaign)
        coupons = (await session.execute(text("SELECT count(DISTINCT code), count(*) FROM coupons"))).one()
        actions = (await session.execute(text("SELECT DISTINCT status FROM actions"))).scalars().all()
    assert len(rows) == 30
    assert tuple(coupons) == (30, 30)
    assert actions == ["queued"]
    for row in rows:
        assert row.not_before == at(1, 17, 30)  # type: ignore[attr-defined]
        assert row.expires_at == at(8, 0)  # type: ignore[attr-defined]
        assert row.created_at == uuid7_time(row.id)  # type: ignore[attr-defined]


async def test_held_out_people_get_nothing(session: AsyncSession) -> None:
    """Held out by the plan, or drawn into the control group since."""
    await open_shop(session)
    people = await add_people(session, 4)
    campaign = await add_played_campaign(session, people)
    await session.execute(
        text("UPDATE actions SET status = 'held_out' WHERE customer_id = :id"), {"id": people[0]}
    )  # fmt: skip
    experiment, arm = uuid7(), uuid7()
    await session.execute(
        text("INSERT INTO experiments (id, campaign_id, name, kind, seed) VALUES (:id, :k, 'holdout', 'holdout', '1')"),
        {"id": experiment, "k": campaign},
    )
    await session.execute(
        text(
            "INSERT INTO experiment_arms (id, experiment_id, name, share, is_control) VALUES (:a, :e, 'c', 0.1, true)"
        ),
        {"a": arm, "e": experiment},
    )
    await session.execute(
        text("INSERT INTO experiment_assignments (experiment_id, customer_id, arm_id) VALUES (:e, :c, :a)"),
        {"e": experiment, "c": people[1], "a": arm},
    )
    result = await launch_campaign(session, SYSTEM, campaign)
    assert (result.added, result.held_out) == (2, 2)
    assert {row.customer_id for row in await ledger(session, campaign)} == set(people[2:])  # type: ignore[attr-defined]


async def test_each_in_their_own_evening(session: AsyncSession) -> None:
    """Half past five is half past five where the recipient lives; a text also waits for the phone's place."""
    await open_shop(session)
    clock = datetime(2026, 11, 2, tzinfo=UTC)
    west = await add_people(session, 1, timezone="America/Los_Angeles", state="CA")
    campaign = await add_played_campaign(session, west, clock=clock)
    await launch_campaign(session, SYSTEM, campaign)
    (row,) = await ledger(session, campaign)
    assert row.not_before == at(1, 17, 30, zone="America/Los_Angeles")  # type: ignore[attr-defined]
    # lives in Honolulu, phone from Maine: 17:30 there is 22:30 in Maine, so the text goes out next morning, when
    # both are awake
    far = await add_people(session, 1, timezone="Pacific/Honolulu", state="HI")
    campaign = await add_played_campaign(
        session, far, clock=clock, channel="sms", window={"start": "09:00", "end": "20:00"}, scheduled=MONDAY
    )
    await launch_campaign(session, SYSTEM, campaign)
    (row,) = await ledger(session, campaign)
    assert row.not_before == at(1, 10, zone="Pacific/Honolulu")  # type: ignore[attr-defined]


async def test_no_lawful_moment_is_said_not_hidden(session: AsyncSession) -> None:
    """A window after the store closes, a person without an address, a campaign that is over: skipped with words."""
    await open_shop(session)
    people = await add_people(session, 1)
    never = await add_played_campaign(session, people, window={"start": "22:30", "end": "23:00"})
    silent = await add_people(session, 1)
    await session.execute(text("UPDATE customers SET email = NULL, email_key = NULL WHERE id = :id"), {"id": silent[0]})
    unknown = await add_played_campaign(session, silent)
    late = await add_played_campaign(session, await add_people(session, 1), clock=at(7, 21))
    results = [await launch_campaign(session, SYSTEM, campaign) for campaign in (never, unknown, late)]
    assert [(result.added, result.skipped) for result in results] == [(1, 1)] * 3
    rows = [(await ledger(session, campaign))[0] for campaign in (never, unknown, late)]
    assert [(row.status, row.skip_reason) for row in rows] == [  # type: ignore[attr-defined]
        ("skipped", "quiet_hours"),
        ("skipped", "no_contact_address"),
        ("skipped", "quiet_hours"),
    ]
    assert rows[2].note == "The next allowed hour comes after the campaign's last day, Sun 8 Nov."  # type: ignore[attr-defined]
    actions = await session.execute(text("SELECT DISTINCT status, skip_reason IS NOT NULL FROM actions"))
    assert [tuple(row) for row in actions] == [("skipped", True)]


async def test_odd_terms_do_no_harm(session: AsyncSession) -> None:
    """An offer whose discount cannot be read gets no coupon, and goes out all the same."""
    await open_shop(session)
    campaign = await add_played_campaign(session, await add_people(session, 2))
    await session.execute(
        text(
            'UPDATE actions SET offer_terms = \'{"discount_pct": "a lot", "expires_on": "soon"}\', send_window = \'{}\''
        )
    )
    assert (await launch_campaign(session, SYSTEM, campaign)).added == 2
    assert (await session.execute(text("SELECT count(*) FROM coupons"))).scalar_one() == 0


async def test_who_may_and_when(session: AsyncSession) -> None:
    """Viewers may not; nothing is launched that does not run."""
    await open_shop(session)
    viewer = Actor(ActorKind.USER, uuid7(), "Vera", Role.USER)
    draft = await add_ready_campaign(session, await add_people(session, 1), status="scheduled")
    with pytest.raises(Forbidden):
        await launch_campaign(session, viewer, draft)
    with pytest.raises(Conflict, match="scheduled"):
        await launch_campaign(session, SYSTEM, draft)
    with pytest.raises(NotFound):
        await launch_campaign(session, SYSTEM, uuid7())


async def test_starting_late_skips_no_day(session: AsyncSession) -> None:
    """Launched on Wednesday morning, Monday's messages go out on Wednesday evening."""
    await open_shop(session)
    campaign = await add_played_campaign(session, await add_people(session, 1), clock=at(3, 9))
    await launch_campaign(session, SYSTEM, campaign)
    (row,) = await ledger(session, campaign)
    assert row.not_before == at(3, 17, 30)  # type: ignore[attr-defined]
    assert row.expires_at - row.not_before > timedelta(days=4)  # type: ignore[attr-defined]
