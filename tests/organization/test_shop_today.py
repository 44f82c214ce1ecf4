"""The shop's calendar day: at half past seven on a Tuesday evening in New York, UTC has Wednesday already."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from datetime import date, datetime, timedelta
from types import SimpleNamespace
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

import pytest
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

from liquor_app.accounts.models import Role
from liquor_app.accounts.permissions import SYSTEM, Actor, ActorKind
from liquor_app.actions.eligibility import Reason
from liquor_app.actions.offering.proposal_rows import _facts
from liquor_app.actions.service import generate_actions
from liquor_app.analytics import tasks as analytics
from liquor_app.analytics.bounce_rates import HEALTH_DAYS, sender_health
from liquor_app.compliance.rule_pack_editing import end_rule
from liquor_app.compliance.service import ensure_rule_pack, list_rules
from liquor_app.core import queue
from liquor_app.core.clock import today_in, travel
from liquor_app.core.db import transaction
from liquor_app.core.errors import Conflict, Invalid
from liquor_app.core.queue import Job, enqueue
from liquor_app.customers.ages.age_verification import hear_birthday, settle_age
from liquor_app.customers.ages.sealed_dates import BIRTH_COLUMNS
from liquor_app.customers.editing.change_customer import create_customer, update_customer
from liquor_app.organization.models import Channel
from liquor_app.organization.settings import GeneralSettings, save_settings, shop_today
from liquor_app.screens.compliance.law.state import LawState
from liquor_app.segments.service import create_segment, refresh_segments
from liquor_app.sending.recipients.transactional import Kind, request_errand
from tests.people import add_campaign, add_customer, add_purchase, ensure_shop
from tests.tabs import Tab, run

pytestmark = pytest.mark.integration

ADMIN = Actor(ActorKind.USER, None, "Ada", Role.ADMIN)
NEW_YORK = ZoneInfo("America/New_York")
TUESDAY, WEDNESDAY = date(2026, 11, 24), date(2026, 11, 25)
EVENING = datetime(2026, 11, 24, 19, 30, tzinfo=NEW_YORK)
MORNING = datetime(2026, 11, 25, 9, 0, tzinfo=NEW_YORK)
BORN = date(2005, 11, 25)
"""Of age, by 21 years, on Wednesday."""


async def test_the_day_is_the_shops(session: AsyncSession) -> None:
    with travel(EVENING):
        assert await shop_today(session) == today_in("America/New_York") == TUESDAY
        await save_settings(session, ADMIN, GeneralSettings, {"timezone": "Asia/Tokyo"})
        assert await shop_today(session) == WEDNESDAY


async def by_proof(session: AsyncSession, customer: UUID) -> bool:
    return (await settle_age(session, SYSTEM, customer, born=BORN, proof="driving licence")).is_of_age


async def by_own_word(session: AsyncSession, customer: UUID) -> bool:
    nothing = ", ".join(f"{name} = NULL" for name in (*BIRTH_COLUMNS, "age_verified_at"))
    await session.execute(text(f"UPDATE customers SET {nothing}"))
    return (await hear_birthday(session, customer, BORN, ip=None)).is_of_age


async def by_the_form(session: AsyncSession, customer: UUID) -> bool:
    """Of a minor on file nobody takes the date away."""
    try:
        await update_customer(session, SYSTEM, customer, {"date_of_birth": None})
    except Conflict:
        return False
    return True


async def by_the_errand(session: AsyncSession, customer: UUID) -> bool:
    try:
        await request_errand(session, SYSTEM, customer, Channel.EMAIL, Kind.AGE)
    except Conflict:
        return False
    return True


async def by_the_plan(session: AsyncSession, customer: UUID) -> bool:
    values = {
        "rules": {"all": []},
        "optimal_channels": ["email"],
        "optimal_send_window": {"start": "17:00", "end": "20:00"},
    }
    everybody = await create_segment(session, SYSTEM, {"name": "Everybody", **values})
    await refresh_segments(session, SYSTEM)
    await add_purchase(session, customer, days_ago=41)
    made = await generate_actions(session, SYSTEM, await add_campaign(session, [everybody.slug]))
    why = (await session.execute(text("SELECT reason FROM exclusions"))).scalars().all()
    assert (made.proposed, list(why)) in ((1, []), (0, [Reason.UNDERAGE]))
    return bool(made.proposed)


DOORS: tuple[Callable[[AsyncSession, UUID], Awaitable[bool]], ...] = (
    by_proof, by_own_word, by_the_form, by_the_errand, by_the_plan,
)  # fmt: skip


@pytest.mark.parametrize("door", DOORS)
@pytest.mark.parametrize("moment", [EVENING, MORNING])
async def test_nobody_comes_of_age_on_the_evening_before(
    session: AsyncSession, door: Callable[[AsyncSession, UUID], Awaitable[bool]], moment: datetime
) -> None:
    with travel(moment):
        await ensure_shop(session)
        await ensure_rule_pack(session)
        customer = await add_customer(session, date_of_birth=BORN)
        assert await door(session, customer) is (moment == MORNING)


async def test_tomorrow_is_no_date_of_birth(session: AsyncSession) -> None:
    with travel(EVENING), pytest.raises(Invalid, match="between 1900 and today"):
        await create_customer(session, SYSTEM, {"email": "ann@example.com", "date_of_birth": WEDNESDAY})


async def test_a_rule_can_end_today_until_midnight(database: str) -> None:
    with travel(EVENING):
        async with transaction() as session:
            await ensure_rule_pack(session)
            first, second, *_ = [row for row in await list_rules(session, ADMIN) if row.valid_to is None]
            with pytest.raises(Invalid, match=f"must be {TUESDAY}"):
                await end_rule(session, ADMIN, first.id, TUESDAY - timedelta(days=1))
            assert (await end_rule(session, ADMIN, first.id, TUESDAY)).valid_to == TUESDAY
            await end_rule(session, ADMIN, second.id, WEDNESDAY)
        page = await Tab("/settings/law", ADMIN).state(LawState)
        await run(LawState.show_ended, page, True)
    ended = {line.id: line.ended for line in page.rows}
    assert page.today == str(TUESDAY)
    assert (ended[str(first.id)], ended[str(second.id)]) == (True, False), "the second binds until tomorrow"


async def test_bounces_are_counted_over_the_shops_days(session: AsyncSession) -> None:
    campaign = await add_campaign(session, ["x"])
    for day, bounces in ((TUESDAY - timedelta(days=HEALTH_DAYS), 100), (TUESDAY - timedelta(days=HEALTH_DAYS - 1), 3)):
        await session.execute(
            text(
                "INSERT INTO daily_messages (day, campaign_id, channel, sends, bounces)"
                " VALUES (:day, :campaign, 'email', 1000, :bounces)"
            ),
            {"day": day, "campaign": campaign, "bounces": bounces},
        )
    with travel(EVENING):
        email, _ = await sender_health(session, ADMIN)
    assert (email.sends, email.bounces) == (1000, 3)


async def test_the_rollup_looks_back_by_the_shops_days(database: str) -> None:
    with travel(EVENING):
        async with transaction() as session:
            job = await enqueue(session, Job.ROLL_UP)
        assert await queue.run(job, analytics.TASKS) == "succeeded"
    async with transaction() as session:
        result = (await session.execute(text("SELECT result FROM jobs WHERE id = :id"), {"id": job})).scalar_one()
    assert result["since"] == str(TUESDAY - timedelta(days=analytics.LATE_DAYS))


@pytest.mark.parametrize("hour", [9, 20])
def test_a_reason_counts_the_shops_days(hour: int) -> None:
    """Bought on Tuesday evening is bought yesterday on Wednesday, of somebody whom no scoring has seen yet."""
    bought = datetime(2026, 11, 24, hour, tzinfo=NEW_YORK).astimezone(ZoneInfo("UTC"))
    row: Any = SimpleNamespace(
        purchase_frequency=1, first_purchase_at=bought, last_purchase_at=bought, primary_category="Rum",
        churn_probability=None, value_at_risk=None, response_likelihood=None, avg_order_value=20,
        orders=None, days_since_last=None, gap_median=None,
    )  # fmt: skip
    assert _facts(row, WEDNESDAY, NEW_YORK).days_since_last == 1
