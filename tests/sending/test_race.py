"""Four dispatchers at once over real PostgreSQL: nobody gets one message more than the tightest of their limits."""

from __future__ import annotations

import asyncio
from contextvars import ContextVar
from datetime import timedelta
from decimal import Decimal
from typing import Any
from uuid import UUID

import pytest
from sqlalchemy import text

from liquor_app.accounts.permissions import SYSTEM
from liquor_app.catalog.product_write import write_products
from liquor_app.core.clock import now
from liquor_app.core.db import transaction
from liquor_app.organization.settings import ComplianceSettings, save_settings
from liquor_app.providers.kit.base import EventKind, WebhookEvent
from liquor_app.sending.events.sms_keywords import answer_texts
from liquor_app.sending.pipeline import dispatch
from liquor_app.sending.pipeline.dispatch import Dispatcher, Pace
from liquor_app.sending.pipeline.launch import launch_campaign
from liquor_app.sending.stop_all import resume_all_sending, stop_all_sending
from tests.factories import MONDAY, add_people, add_played_campaign, at, open_shop, product
from tests.sending.test_pump import execute, outbox

CAMPAIGNS = 5


async def drain(dispatcher: Dispatcher, patience: int = 20) -> None:
    idle = 0
    while idle < patience:
        idle = 0 if await dispatcher.pump_once() else idle + 1
        await asyncio.sleep(0)


async def test_every_limit_holds_with_four_racing(database: str) -> None:
    """A wish of one a month, the shop's four a week, Florida's three texts a day, a pause, a minor; five campaigns."""
    async with transaction() as session:
        await open_shop(session)
        await save_settings(session, SYSTEM, ComplianceSettings, {"max_contacts_7_days": 4, "max_contacts_30_days": 4})
        ids = await add_people(session, 60)
        groups = dict(zip(("own", "shop", "florida", "paused", "minor", "declined"), _tenths(ids), strict=True))
        for channel in ("email", "sms"):
            people = groups["florida"] if channel == "sms" else [one for one in ids if one not in groups["florida"]]
            for _ in range(CAMPAIGNS):
                campaign = await add_played_campaign(session, people, channel=channel)
                await launch_campaign(session, SYSTEM, campaign)
    for group, change in {
        "own": "max_contacts_30_days = 1",
        "florida": "state = 'FL'",
        "paused": "paused_until = :far",
        "minor": "of_age_on = '2031-01-01'",
        "declined": "email_consent = 'withdrawn'",
    }.items():
        values = {"far": at(40, 12)} if group == "paused" else {}
        await execute(f"UPDATE customers SET {change} WHERE id = ANY(:ids)", ids=groups[group], **values)
    await asyncio.gather(*(drain(Dispatcher(Pace(batch=7))) for _ in range(4)))
    async with transaction() as session:
        found = await session.execute(
            text("SELECT customer_id, count(*) FILTER (WHERE status = 'sent') AS sent, count(*) AS all_of_them,"
                 " array_agg(DISTINCT skip_reason) FILTER (WHERE status = 'skipped') AS why FROM sends GROUP BY 1")
        )  # fmt: skip
        rows = {row.customer_id: row for row in found}
    told = {
        group: {(rows[one].sent, rows[one].all_of_them, *(rows[one].why or ())) for one in people}
        for group, people in groups.items()
    }
    assert told == {
        "own": {(1, 5, "cap_reached")},
        "shop": {(4, 5, "cap_reached")},
        "florida": {(3, 5, "state_contact_limit")},
        "paused": {(0, 5, "paused_by_customer")},
        "minor": {(0, 5, "underage")},
        "declined": {(0, 5, "no_consent")},
    }
    assert await outbox() == 10 * (1 + 4 + 3)


def _tenths(ids: list[UUID]) -> list[list[UUID]]:
    return [ids[start : start + 10] for start in range(0, 60, 10)]


GROUP = 12
LAW = ("licence", "rule", "zip", "holiday", "shelf")
"""Facts a claim goes by; what was thrown at everybody (a STOP, the switch) is looked at again by the fence."""


async def _change(name: str, people: list[UUID]) -> None:
    """What makes one group's messages forbidden, committed."""
    if name == "stop":
        async with transaction() as session:
            phones = await session.execute(text("SELECT phone FROM customers WHERE id = ANY(:ids)"), {"ids": people})
            told = [WebhookEvent(EventKind.INBOUND, f"SM{phone}", now(), recipient=phone, text="please stop, thanks")
                    for phone in phones.scalars()]  # fmt: skip
            await answer_texts(session, told)
        return
    if name == "halted":
        async with transaction() as session:
            await stop_all_sending(session, SYSTEM)
        return
    await execute(
        {
            "licence": "UPDATE brands SET licence_state = 'MA' WHERE name = 'licence'",
            "rule": "INSERT INTO compliance_rules (jurisdiction, kind, value, citation, valid_from)"
            " VALUES ('VT', 'max_discount', '{\"percent\": 5}', 'Made up', '2026-01-01')",
            "zip": "UPDATE customers SET state = 'RI', postal_code = '02903' WHERE id = ANY(:ids)",
            "holiday": "UPDATE customers SET state = 'AL', postal_code = '35203' WHERE id = ANY(:ids)",
            "shelf": "UPDATE products SET stock = 0, stock_at = now()",
        }[name],
        **({"ids": people} if name in ("zip", "holiday") else {}),
    )


async def _racing_shop() -> dict[str, list[UUID]]:
    """A group for each fact, in a running campaign of its own, all of them lawful so far."""
    names = ("calm", *LAW, "stop", "halted")
    async with transaction() as session:
        await open_shop(session)
        ids = await add_people(session, GROUP * len(names))
        groups = {name: ids[index * GROUP :][:GROUP] for index, name in enumerate(names)}
        await write_products(session, [product(1, "RYE", None, stock=Decimal(5))], source="till", at=now())
        for name, state in (("licence", "ME"), ("rule", "VT")):
            await session.execute(
                text(
                    "INSERT INTO brands (name, from_name, from_email, postal_address, website_url, licence_state)"
                    " SELECT :name, from_name, from_email, postal_address, website_url, :state FROM brands"
                    " WHERE is_default"
                ),
                {"name": name, "state": state},
            )
        for name, people in groups.items():
            columns: dict[str, Any] = {"channel": "sms" if name in ("zip", "holiday", "stop") else "email"}
            if name in ("licence", "rule"):
                found = await session.execute(text("SELECT id FROM brands WHERE name = :name"), {"name": name})
                columns["brand_id"] = found.scalar_one()
            if name == "holiday":
                columns |= {"clock": at(7, 18, 30), "scheduled": MONDAY + timedelta(days=6)}
            campaign = await add_played_campaign(session, people, **{"clock": at(1, 18, 30), **columns})
            if name == "shelf":
                await session.execute(
                    text(
                        'UPDATE actions SET offer_terms = offer_terms || \'{"product": "RYE"}\' WHERE campaign_id = :id'
                    ),
                    {"id": campaign},
                )
            await launch_campaign(session, SYSTEM, campaign)
    return groups


async def test_facts_that_change_while_four_race_bind_every_later_claim(
    database: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The licence's state, a rule of law, ZIP codes whose hours are over or whose day is closed, an empty shelf, a
    STOP, and last the switch: each is committed while four dispatchers run. No claim that began afterwards takes a
    message of its group, no fence that began after a STOP or the switch lets one pass, and none leaves twice."""
    groups = await _racing_shop()
    owner = {person: name for name, people in groups.items() for person in people}
    done: set[str] = set()
    thrown: dict[str, asyncio.Task[None]] = {}
    one_left = asyncio.Event()
    taken, passed = list[tuple[str, frozenset[str]]](), list[tuple[str, frozenset[str]]]()
    began: ContextVar[frozenset[str]] = ContextVar("began", default=frozenset())
    real_claim, real_fence, real_pump = dispatch.claim_batch, dispatch.pass_fence, Dispatcher.pump_once

    async def pump(self: Dispatcher) -> int:
        began.set(frozenset(done))  # before the rules are read
        return await real_pump(self)

    async def claim(*args: Any, **named: Any) -> Any:
        before = frozenset(done)
        made = await real_claim(*args, **named)
        known = {"rule": began.get()}
        for one in made.messages:
            name = owner[one.customer_id]
            taken.append((name, known.get(name, before)))
            if name != "calm" and name not in thrown:  # the first of a group is on its way: now
                thrown[name] = asyncio.create_task(throw(name))
        return made

    async def fence(session: Any, token: UUID, messages: Any, **named: Any) -> set[UUID]:
        before = frozenset(done)
        people = {item.composed.claimed.id: item.composed.claimed.customer_id for item in messages}
        left: set[UUID] = await real_fence(session, token, messages, **named)
        passed.extend((owner[people[one]], before) for one in left)
        if left:
            one_left.set()
        return left

    monkeypatch.setattr(dispatch, "claim_batch", claim)
    monkeypatch.setattr(dispatch, "pass_fence", fence)
    monkeypatch.setattr(Dispatcher, "pump_once", pump)

    async def throw(name: str) -> None:
        if name == "halted":
            await one_left.wait()
        await _change(name, groups[name])
        done.add(name)

    async def race() -> None:
        await asyncio.gather(*(drain(Dispatcher(Pace(batch=2, knowledge=0)), 4) for _ in range(4)))
        await asyncio.gather(*thrown.values())

    await race()
    at_stop = await outbox()
    assert "halted" in done
    assert 0 < at_stop < GROUP * len(groups), "it was thrown in the middle"
    async with transaction() as session:
        await resume_all_sending(session, SYSTEM)
    done.remove("halted")
    await race()
    assert done == {*LAW, "stop"}
    assert [name for name, before in taken if name in before and name in LAW] == []
    assert [name for name, before in passed if "halted" in before or (name == "stop" and "stop" in before)] == []
    async with transaction() as session:
        twice = await session.execute(text("SELECT recipient FROM outbox_messages GROUP BY 1 HAVING count(*) > 1"))
        assert twice.all() == []
        found = await session.execute(text("SELECT customer_id, status, skip_reason, note FROM sends"))
        rows = {row.customer_id: row for row in found}
    assert len(rows) == GROUP * len(groups)
    for name in ("calm", "halted"):
        assert {rows[person].status for person in groups[name]} == {"sent"}, name
    why = {
        "licence": ("skipped", "coupon_banned"), "rule": ("skipped", "offer_unlawful"),
        "shelf": ("skipped", "out_of_stock"),
        "stop": ("skipped", "suppressed"), "zip": ("pending", None), "holiday": ("skipped", "quiet_hours"),
    }  # fmt: skip
    for name, held in why.items():
        seen = {(rows[person].status, rows[person].skip_reason) for person in groups[name]}
        assert held in seen <= {held, ("sent", None)}, name
    assert await outbox() == sum(row.status == "sent" for row in rows.values())
