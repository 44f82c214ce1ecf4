"""Case 26: an address that only ever bounces softly is given up, not written to for ever."""

from __future__ import annotations

from collections import Counter
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

import pytest
from sqlalchemy import text

from liquor_app.accounts.models import Role
from liquor_app.accounts.permissions import SYSTEM, Actor, ActorKind
from liquor_app.analytics.bounce_places import bounce_places
from liquor_app.core.clock import now
from liquor_app.core.db import transaction
from liquor_app.core.ids import uuid7, uuid7_time
from liquor_app.organization.settings import GeneralSettings, SendingSettings, load_settings, save_settings, shop_today
from liquor_app.providers.kit.base import EventKind, WebhookEvent
from liquor_app.sending.events.apply_events import apply_events
from tests.people import add_customer, ensure_shop

pytestmark = pytest.mark.integration
ADDRESS = "full@example.com"


async def mail(person: UUID, days_ago: float, *, address: str = ADDRESS) -> tuple[UUID, datetime]:
    """A message that left so many days ago."""
    at = now() - timedelta(days=days_ago)
    send_id = uuid7(at)
    async with transaction() as session:
        await session.execute(
            text(
                "INSERT INTO sends (id, created_at, customer_id, channel, recipient, status, not_before, contact_at,"
                " sent_at, provider)"
                " VALUES (:id, :created, :person, 'email', :address, 'sent', :at, :at, :at, 'mailgun')"
            ),
            {"id": send_id, "created": uuid7_time(send_id), "person": person, "address": address, "at": at},
        )
    return send_id, at


async def told(send: tuple[UUID, datetime], kind: EventKind, **more: Any) -> None:
    send_id, at = send
    event = WebhookEvent(kind, f"{send_id}-{kind}", at + timedelta(minutes=5), send_id, **more)
    async with transaction() as session:
        await apply_events(session, SYSTEM, {send_id: [("mailgun", event)]})


async def given_up() -> list[Any]:
    async with transaction() as session:
        found = await session.execute(text("SELECT reason, channel, source FROM suppressions WHERE lifted_at IS NULL"))
        return [tuple(row) for row in found]


async def person() -> UUID:
    async with transaction() as session:
        await ensure_shop(session)
        return await add_customer(session, email=ADDRESS, email_key=ADDRESS)


async def test_case_26_five_in_a_row_over_a_week(database: str) -> None:
    somebody = await person()
    for index, days_ago in enumerate((40, 30, 20, 10, 1)):
        assert await given_up() == [], index
        await told(await mail(somebody, days_ago), EventKind.BOUNCED)
    assert await given_up() == [("bounced", "email", "soft bounces in a row")]


@pytest.mark.parametrize(("gap", "after"), [(1, 8), (2, 5)])
async def test_case_26_however_often_the_shop_writes(database: str, gap: int, after: int) -> None:
    """Given up with the first bounce that lies a week after the first of the row, or the fifth if that is later."""
    somebody = await person()
    await told(await mail(somebody, gap * 20), EventKind.DELIVERED)
    for told_of in range(1, after + 1):
        assert await given_up() == [], told_of
        await told(await mail(somebody, gap * (20 - told_of)), EventKind.BOUNCED)
    assert await given_up() == [("bounced", "email", "soft bounces in a row")]


@pytest.mark.parametrize(
    "history",
    [
        [(40, "b"), (30, "b"), (20, "d"), (10, "b"), (5, "b"), (1, "b")],  # one came through
        [(6, "b"), (5, "b"), (4, "b"), (3, "b"), (2, "b"), (1, "b")],  # a bad week
        [(40, "b"), (30, "b"), (20, "b"), (10, "b")],
        [(20, "b"), (19, "b")] + [(9, "d")] + [(day, "b") for day in range(8, 1, -1)],
        [(40, "b"), (30, "b"), (20, "b"), (10, "b"), (1, "other")],  # another address since
    ],
    ids=["delivered between", "within a week", "four", "a row that was broken", "another address"],
)
async def test_what_is_no_dead_address(database: str, history: list[tuple[int, str]]) -> None:
    somebody = await person()
    for days_ago, what in history:
        send = await mail(somebody, days_ago, address="new@example.com" if what == "other" else ADDRESS)
        await told(send, EventKind.DELIVERED if what == "d" else EventKind.BOUNCED)
    assert await given_up() == []


async def test_the_shop_says_how_many(database: str) -> None:
    somebody = await person()
    async with transaction() as session:
        await save_settings(session, SYSTEM, SendingSettings, {"soft_bounces": 2, "soft_bounce_days": 1})
    for days_ago in (3, 1):
        await told(await mail(somebody, days_ago), EventKind.BOUNCED)
    assert len(await given_up()) == 1


async def test_bounces_by_day_and_receiving_domain_are_the_raw_rows(database: str) -> None:
    """Told twice it counts once, soft and then refused for good it is hard; each figure again from the rows."""
    somebody = await person()
    history = [
        (40, "old@gmail.com", [False]), (20, "a@gmail.com", [False, False]), (20, "b@Gmail.com", [True]),
        (20, "c@yahoo.com", [False, True]), (3, "d@gmail.com", [False]), (3, "e@hotmail.com", []),
        (0.5, "f@yahoo.com", [True]),
    ]  # fmt: skip
    for days_ago, address, permanents in history:
        send_id, at = await mail(somebody, days_ago, address=address)
        for number, permanent in enumerate(permanents):
            event = WebhookEvent(EventKind.BOUNCED, f"{send_id}-{number}", at, send_id, is_permanent=permanent)
            async with transaction() as session:
                await apply_events(session, SYSTEM, {send_id: [("mailgun", event)]})
    async with transaction() as session:
        places = await bounce_places(session, Actor(ActorKind.USER, uuid7(), "Vic", Role.USER))
        zone = ZoneInfo((await load_settings(session, GeneralSettings)).timezone)
        first = await shop_today(session) - timedelta(days=29)
        rows = (await session.execute(text(
            "SELECT s.recipient, e.occurred_at, e.send_id, e.properties FROM analytics_events e"
            " JOIN sends s ON s.id = e.send_id WHERE e.event_type = 'bounced'"
        ))).all()  # fmt: skip
    by_send: dict[UUID, list[Any]] = {}
    for row in rows:
        by_send.setdefault(row.send_id, []).append(row)
    raw: Counter[tuple[Any, bool]] = Counter()
    for told_of in by_send.values():
        day = min(one.occurred_at for one in told_of).astimezone(zone).date()
        if day >= first:
            is_hard = any(one.properties["permanent"] for one in told_of)
            raw[day, is_hard] += 1
            raw[told_of[0].recipient.rpartition("@")[2].lower(), is_hard] += 1
    days = {(one.day, one.soft, one.hard) for one in places.days}
    domains = [(one.domain, one.soft, one.hard) for one in places.domains]
    assert days == {(day, raw[day, False], raw[day, True]) for day, _ in raw if not isinstance(day, str)}
    assert domains == [("gmail.com", 2, 1), ("yahoo.com", 0, 2)]
    assert domains == [(name, raw[name, False], raw[name, True]) for name in ("gmail.com", "yahoo.com")]
    assert (places.soft, places.hard, places.other_domains) == (2, 3, 0)
