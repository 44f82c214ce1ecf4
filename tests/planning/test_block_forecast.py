"""What will stand against planned messages at their own moments, and fatigue."""

from __future__ import annotations

from datetime import timedelta

import numpy as np
import pytest
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

from liquor_app.accounts.permissions import SYSTEM
from liquor_app.actions.frequency_caps import AHEAD, BACK
from liquor_app.compliance.service import ensure_rule_pack
from liquor_app.core.clock import now
from liquor_app.customers.addresses import address_hash
from liquor_app.planning import block_forecast as foreseeing
from liquor_app.planning.block_forecast import busiest
from liquor_app.planning.service import make_plan, simulate_plan
from liquor_app.segments.service import create_segment, refresh_segments
from tests.people import add_campaign, add_customer, add_send, ensure_shop


async def test_what_changed_since_planning_is_foreseen(session: AsyncSession, monkeypatch: pytest.MonkeyPatch) -> None:
    await ensure_shop(session)
    await ensure_rule_pack(session)
    people = [await add_customer(session, sms_consent=None) for _ in range(8)]
    await create_segment(session, SYSTEM, {"name": "All", "rules": {"all": []}, "optimal_channels": ["email"]})
    await refresh_segments(session, SYSTEM)
    campaign = await add_campaign(session, ["all"])
    made = await make_plan(session, SYSTEM, campaign)
    seen = made.summary["foreseen"]
    assert (seen["messages"], seen["looked_at"], seen["blocked"], seen["reasons"]) == (8, 8, 0, [])
    assert made.summary["fatigue"]["by_messages"] == [{"messages": 1, "people": 8}]
    assert made.summary["simulation"]["cost_by_channel"] == {"email": "0.01", "sms": "0.00"}

    await session.execute(text("UPDATE brands SET licence_state = NULL"))
    changes = {
        0: "email_consent = 'withdrawn'",
        1: "of_age_on = CURRENT_DATE + 2670",
        2: "state = 'MA'",
        3: "email = NULL, email_key = NULL",
        4: "profiling_objected_at = now()",
    }
    for index, change in changes.items():
        await session.execute(text(f"UPDATE customers SET {change} WHERE id = :id"), {"id": people[index]})
    key = await session.execute(text("SELECT email_key FROM customers WHERE id = :id"), {"id": people[5]})
    await session.execute(
        text("INSERT INTO suppressions (address_hash, channel, reason) VALUES (:hash, NULL, 'complained')"),
        {"hash": address_hash(key.scalar_one())},
    )
    # of age now, but not yet when they agreed
    await session.execute(text("UPDATE customers SET of_age_on = CURRENT_DATE - 30 WHERE id = :id"), {"id": people[7]})
    await session.execute(
        text(
            "INSERT INTO consents (customer_id, channel, status, source, at)"
            " VALUES (:id, 'email', 'given', 'test', now() - interval '2 years')"
        ),
        {"id": people[7]},
    )
    for days_ago in (1, 2):
        await add_send(session, people[6], days_ago=days_ago)
    day = await session.execute(
        text("SELECT scheduled_date FROM actions WHERE customer_id = :id AND status = 'pending'"), {"id": people[6]}
    )
    close = (day.scalar_one() - now().date()) <= timedelta(days=4)
    again = await simulate_plan(session, SYSTEM, made.id)
    told = {reason["reason"]: reason["messages"] for reason in again.summary["foreseen"]["reasons"]}
    wanted = {"no_consent", "underage", "coupon_banned", "no_contact_address", "objected_to_profiling", "suppressed"}
    wanted.add("consent_before_of_age")
    assert told == dict.fromkeys(wanted | ({"cap_reached"} if close else set()), 1)
    assert again.summary["foreseen"]["blocked"] == sum(told.values())

    monkeypatch.setattr(foreseeing, "LOOKED_AT", 4)
    sampled = (await simulate_plan(session, SYSTEM, made.id)).summary["foreseen"]
    assert (sampled["messages"], sampled["looked_at"]) == (8, 4)
    assert sampled["blocked"] % 2 == 0, "scaled up from half of them"


def test_the_busiest_days_running() -> None:
    counts = np.zeros((3, BACK + 3 + AHEAD), dtype=np.int16)
    counts[0, [BACK - 6, BACK, BACK + 8]] = 1
    counts[1, [BACK - 7, BACK - 8]] = 1
    counts[2, [BACK + 2, BACK + 3, BACK + 8]] = 1
    assert busiest(counts, 3, 7).tolist() == [2, 0, 3]
