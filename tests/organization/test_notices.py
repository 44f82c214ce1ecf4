"""Notices: one's own and everybody's, the latest first, and settings that contradict themselves."""

from __future__ import annotations

from datetime import timedelta

import pytest
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

from liquor_app.accounts.models import Role, User
from liquor_app.accounts.permissions import SYSTEM, Actor, ActorKind
from liquor_app.core.clock import now
from liquor_app.core.db import transaction
from liquor_app.core.errors import Invalid
from liquor_app.core.ids import uuid7
from liquor_app.organization.bell import has_rung, list_notifications, mark_notifications_read
from liquor_app.organization.service import notify
from liquor_app.organization.settings import ComplianceSettings, load_settings, save_settings

pytestmark = pytest.mark.integration


async def person(session: AsyncSession) -> Actor:
    user = User(email=f"{uuid7().hex[-8:]}@example.com", password_hash="x", role=Role.USER)
    session.add(user)
    await session.flush()
    return Actor(ActorKind.USER, user.id, "x", Role.USER)


async def test_ones_own_and_everybodys_and_no_more_than_a_hundred(session: AsyncSession) -> None:
    vera, other = await person(session), await person(session)
    await notify(session, title="Hers", user_id=vera.user_id)
    await notify(session, title="Another's", user_id=other.user_id)
    await session.execute(
        text(
            "INSERT INTO notifications (level, title, body, created_at) SELECT 'info', 'All ' || n, '',"
            " now() - make_interval(mins => n) FROM generate_series(1, 120) n"
        )
    )
    found = await list_notifications(session, vera, limit=1_000)
    assert len(found) == 100
    assert [row.title for row in found][:3] == ["Hers", "All 1", "All 2"]
    assert len(await list_notifications(session, vera)) == 20
    await mark_notifications_read(session, vera)
    assert all(row.is_read for row in await list_notifications(session, vera))
    assert not any(row.is_read for row in await list_notifications(session, other)), "each has a bell of their own"
    program = Actor(ActorKind.API_KEY, uuid7(), "till", Role.USER)
    await mark_notifications_read(session, program)
    assert not any(row.is_read for row in await list_notifications(session, program))


async def test_a_bell_that_nobody_looked_into_does_not_ring_again(database: str) -> None:
    """Each step in a transaction of its own, as the moment of one is one."""
    since = now() - timedelta(hours=1)
    async with transaction() as session:
        vera = await person(session)
        assert not await has_rung(session, "Replies to read", since=since)
        await notify(session, title="Replies to read")
    async with transaction() as session:
        assert await has_rung(session, "Replies to read", since=since)
        assert not await has_rung(session, "Replies to read", since=now() + timedelta(seconds=5))
        await mark_notifications_read(session, vera)
    async with transaction() as session:
        assert not await has_rung(session, "Replies to read", since=since)


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"email_window_start": "22:00"}, "email_window_end"),  # as late as its end
        ({"sms_window_end": "09:59"}, "sms_window_end"),
        ({"max_contacts_7_days": 7}, "max_contacts_30_days"),
    ],
)
async def test_settings_that_contradict_each_other(
    session: AsyncSession, change: dict[str, object], field: str
) -> None:
    with pytest.raises(Invalid, match=field):
        await save_settings(session, SYSTEM, ComplianceSettings, change)
    assert (await load_settings(session, ComplianceSettings)).email_window_start == "09:00"
