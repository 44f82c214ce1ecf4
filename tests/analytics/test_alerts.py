"""What needs somebody is told, and nothing else: a shop that is closed on Sundays is not asked why."""

from __future__ import annotations

from datetime import date, timedelta
from decimal import Decimal

import pytest
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

from liquor_app.accounts.models import Role
from liquor_app.accounts.permissions import STRANGER, SYSTEM, Actor, ActorKind
from liquor_app.analytics.alerts import AlertLevel, health_alerts, missing_days, read_alerts
from liquor_app.analytics.bounce_rates import SenderHealth
from liquor_app.analytics.daily_rollups import roll_up
from liquor_app.analytics.service import Day
from liquor_app.campaigns.models import CampaignStatus
from liquor_app.core.errors import Forbidden
from liquor_app.core.ids import uuid7
from liquor_app.screens.analytics.dashboard.page import dashboard_page
from liquor_app.screens.analytics.dashboard.state import DashboardState
from tests.people import add_campaign, add_customer, add_purchase, add_user
from tests.tabs import Tab, run

VIEWER = Actor(ActorKind.USER, None, "Vi", Role.USER)
SUNDAY = date(2026, 6, 7)


def days(without: set[date], *, closed: int = -1) -> list[Day]:
    """Five weeks up to a Sunday; no orders on some, and never on the weekday `closed`."""
    all_of = [SUNDAY - timedelta(days=nth) for nth in range(35)][::-1]
    return [
        Day(day, Decimal(10), 0 if day in without or day.weekday() == closed else 3, 0, 0, 0) for day in all_of
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("without", "closed", "missing"),
    [
        (set(), -1, []),
        ({date(2026, 6, 3)}, -1, [date(2026, 6, 3)]),
        ({date(2026, 6, 3), date(2026, 6, 7)}, -1, [date(2026, 6, 3), date(2026, 6, 7)]),
        (set(), 6, []),
        ({date(2026, 6, 3)}, 6, [date(2026, 6, 3)]),
        ({date(2026, 6, 3), date(2026, 5, 27)}, -1, []),
        ({date(2026, 5, 20)}, -1, []),
    ],
    ids=["every day", "one", "two", "closed on Sundays", "closed, and one", "quiet Wednesdays", "long ago"],
)
def test_days_that_usually_have_purchases_are_missed(without: set[date], closed: int, missing: list[date]) -> None:
    assert missing_days(days(without, closed=closed)) == missing


@pytest.mark.parametrize(
    ("health", "keys"),
    [
        (SenderHealth("email", 5000, 10, 4, 0.002, 0.0008), []),
        (SenderHealth("email", 5000, 10, 6, 0.002, 0.0012), [("spam_email", "look")]),
        (SenderHealth("sms", 5000, 10, 15, 0.002, 0.003), [("spam_sms", "bad")]),
        (SenderHealth("email", 5000, 100, 0, 0.02, 0.0), [("bounces_email", "look")]),
        (SenderHealth("email", 50, 50, 50, None, None), []),
    ],
)
def test_shares_that_providers_do_not_bear(health: SenderHealth, keys: list[tuple[str, str]]) -> None:
    assert [(one.key, one.level) for one in health_alerts([health])] == keys


async def brought(session: AsyncSession, name: str, status: str, rows: int, rejected: int) -> None:
    await session.execute(
        text("INSERT INTO imports (id, kind, file_name, file_key, status, rows, rejected) VALUES"
             " (:id, 'customers', :name, 'x', :status, :rows, :rejected)"),
        {"id": uuid7(), "name": name, "status": status, "rows": rows, "rejected": rejected},
    )  # fmt: skip


@pytest.mark.integration
async def test_everything_that_needs_somebody(session: AsyncSession) -> None:
    assert await read_alerts(session, SYSTEM) == []
    who = await add_customer(session)
    for nth in range(1, 36):
        if nth != 3:
            await add_purchase(session, who, days_ago=nth)
    await roll_up(session, date(1970, 1, 1))
    for row in (("a.csv", "completed", 500, 12), ("b.csv", "failed", 0, 0), ("c.csv", "completed", 9, 0)):
        await brought(session, *row)
    await session.execute(text("INSERT INTO settings (key, value) VALUES ('sending_switch', CAST(:value AS jsonb))"),
                          {"value": '{"stopped": true, "stopped_by": "Mo"}'})  # fmt: skip
    await session.execute(
        text("INSERT INTO model_versions (id, kind, version, method, params, metrics, status) VALUES"
             " (:id, 'churn', 1, 'x', '{}', CAST(:metrics AS jsonb), 'active')"),
        {"id": uuid7(), "metrics": '{"drift": {"level": "shifted"}}'},
    )  # fmt: skip
    found = await read_alerts(session, SYSTEM)
    assert [(one.key.partition("_")[0], one.level) for one in found] == [
        ("stopped", AlertLevel.BAD), ("import", AlertLevel.BAD), ("days", AlertLevel.LOOK),
        ("import", AlertLevel.LOOK), ("drift", AlertLevel.LOOK),
    ]  # fmt: skip
    words = " ".join(one.words for one in found)
    for part in ("stopped by Mo", "“b.csv” could not be taken in", "“a.csv”, 12 of 500 rows were refused"):
        assert part in words
    seen = await read_alerts(session, VIEWER)
    assert [one.key.partition("_")[0] for one in seen] == ["stopped", "days", "drift"], "files are not a viewer's"
    assert [one.page for one in seen] == ["/outbox", "", "/models"], "nor are pages that do not open for them"
    with pytest.raises(Forbidden):
        await read_alerts(session, STRANGER)


@pytest.mark.integration
async def test_the_dashboard_begins_with_them(database: str) -> None:
    from liquor_app.core.db import transaction

    user = await add_user(Role.MANAGER)
    async with transaction() as session:
        await brought(session, "<b>x</b>.csv", "failed", 0, 0)
    state = await Tab("/", user).state(DashboardState)
    await run(DashboardState.load, state)
    assert [one.words for one in state.alerts] == ["The file “<b>x</b>.csv” could not be taken in."]
    assert "Look at it" in str(dashboard_page())


@pytest.mark.integration
@pytest.mark.parametrize(("role", "whose"), [(Role.USER, "approval"), (Role.MANAGER, "your approval")])
async def test_who_cannot_approve_is_not_waited_for(database: str, role: Role, whose: str) -> None:
    from liquor_app.core.db import transaction

    user = await add_user(role)
    async with transaction() as session:
        await add_campaign(session, [], name="Rum month", status=CampaignStatus.AWAITING_APPROVAL.value)
    state = await Tab("/", user).state(DashboardState)
    await run(DashboardState.load, state)
    assert state.waiting.title == f"Rum month is waiting for {whose}"
