"""What will stand against planned messages at their own moments, and fatigue."""

from __future__ import annotations

from datetime import timedelta

import numpy as np
import pytest
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

from liquor_app.accounts.permissions import SYSTEM
from liquor_app.actions.frequency_caps import AHEAD, BACK
from liquor_app.compliance.may_send import BlockReason
from liquor_app.compliance.service import ensure_rule_pack
from liquor_app.core.clock import now
from liquor_app.core.ids import uuid7
from liquor_app.customers.addresses import address_hash
from liquor_app.planning import block_forecast as foreseeing
from liquor_app.planning.block_forecast import busiest
from liquor_app.planning.service import make_plan, simulate_plan
from liquor_app.segments.service import create_segment, refresh_segments
from tests.people import add_campaign, add_customer, add_send, believe, ensure_shop


async def test_what_changed_since_planning_is_foreseen(session: AsyncSession, monkeypatch: pytest.MonkeyPatch) -> None:
    await ensure_shop(session)
    await ensure_rule_pack(session)
    people = [await add_customer(session, sms_consent=None) for _ in range(8)]
    await believe(session)
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


_FACTS = {
    BlockReason.GONE: "deleted_at = now()",
    BlockReason.NO_ADDRESS: "email = NULL, email_key = NULL",
    BlockReason.SUPPRESSED: "",
    BlockReason.NO_CONSENT: "email_consent = 'pending'",
    BlockReason.OBJECTED: "profiling_objected_at = now()",
    BlockReason.PAUSED: "paused_until = now() + interval '20 days'",
    BlockReason.TOPIC_DECLINED: "topics_off = ARRAY['win_back']",
    BlockReason.UNDERAGE: "of_age_on = CURRENT_DATE + 2670",
    BlockReason.AGE_DISPUTED: "age_disputed_at = now()",
    BlockReason.AGE_UNKNOWN: "age_verified_at = NULL",
    BlockReason.CONSENT_TOO_EARLY: "of_age_on = CURRENT_DATE - 30",
    BlockReason.CAP_REACHED: "max_contacts_30_days = 0",
}
"""What makes a customer one who may not be e-mailed."""
_NOT_OF_A_PERSON = {
    BlockReason.COUPON_BANNED, BlockReason.OFFER_UNLAWFUL, BlockReason.QUIET_HOURS, BlockReason.STATE_LIMIT,
    BlockReason.NUMBER_ABROAD, BlockReason.UNREAD_REPLY,
}  # fmt: skip
"""Of the offer, the hour or the text; an unread reply is read before it matters."""


async def test_a_plan_counts_nobody_it_knows_may_not_be_reached(session: AsyncSession) -> None:
    """One person for every reason a person can be blocked for; each may be texted or not alike, all are e-mailed."""
    assert set(_FACTS) | _NOT_OF_A_PERSON == set(BlockReason), "a new reason: say here whom it keeps out"
    await ensure_shop(session)
    await ensure_rule_pack(session)
    fine = [await add_customer(session, sms_consent=None) for _ in range(3)]
    people = {reason: await add_customer(session, sms_consent=None) for reason in _FACTS}
    for reason, change in _FACTS.items():
        if change:
            await session.execute(text(f"UPDATE customers SET {change} WHERE id = :id"), {"id": people[reason]})
    key = await session.execute(
        text("SELECT email_key FROM customers WHERE id = :id"), {"id": people[BlockReason.SUPPRESSED]}
    )
    await session.execute(
        text("INSERT INTO suppressions (address_hash, channel, reason) VALUES (:hash, NULL, 'complained')"),
        {"hash": address_hash(key.scalar_one())},
    )
    await session.execute(
        text(
            "INSERT INTO consents (customer_id, channel, status, source, at)"
            " VALUES (:id, 'email', 'given', 'test', now() - interval '2 years')"
        ),
        {"id": people[BlockReason.CONSENT_TOO_EARLY]},
    )
    # bought nothing but tonic: that vouches for no age
    await session.execute(
        text(
            "INSERT INTO purchases (id, customer_id, occurred_at, total, alcohol_total) VALUES (:p, :id, now(), 5, 0)"
        ),
        {"p": uuid7(), "id": people[BlockReason.AGE_UNKNOWN]},
    )
    await believe(session)
    await create_segment(
        session, SYSTEM,
        {"name": "All", "rules": {"all": []}, "optimal_channels": ["email"], "template_category": "win_back"},
    )  # fmt: skip
    await refresh_segments(session, SYSTEM)
    made = await make_plan(session, SYSTEM, await add_campaign(session, ["all"]))
    assert (made.summary["totals"]["sends"], made.summary["foreseen"]["blocked"]) == (len(fine), 0)
    kept_out = {entry["reason"]: entry["customers"] for entry in made.summary["blocks"]}
    assert kept_out == {reason.value: 1 for reason in _FACTS if reason is not BlockReason.GONE}
    planned = await session.execute(text("SELECT customer_id FROM actions WHERE status = 'pending'"))
    assert sorted(planned.scalars()) == sorted(fine)


async def test_what_only_the_last_look_sees_is_left_out_too(session: AsyncSession) -> None:
    """Proposed, then forbidden before the plan is chosen: no message of the new version, whatever the reason is."""
    await ensure_shop(session)
    people = [await add_customer(session, sms_consent=None) for _ in range(3)]
    await believe(session)
    await create_segment(session, SYSTEM, {"name": "All", "rules": {"all": []}, "optimal_channels": ["email"]})
    await refresh_segments(session, SYSTEM)
    campaign = await add_campaign(session, ["all"])
    await make_plan(session, SYSTEM, campaign)
    await session.execute(text("UPDATE customers SET email_consent = 'withdrawn' WHERE id = :id"), {"id": people[0]})
    again = await make_plan(session, SYSTEM, campaign)
    assert (again.summary["totals"]["sends"], again.summary["foreseen"]["messages"]) == (2, 2)
    assert {entry["reason"]: entry["actions"] for entry in again.summary["rejected"]} == {"no_consent": 1}
    left = await session.execute(text("SELECT customer_id, status, skip_detail FROM actions WHERE status <> 'pending'"))
    assert left.all() == [(people[0], "skipped", "Consent to e-mail was withdrawn.")]


def test_the_busiest_days_running() -> None:
    counts = np.zeros((3, BACK + 3 + AHEAD), dtype=np.int16)
    counts[0, [BACK - 6, BACK, BACK + 8]] = 1
    counts[1, [BACK - 7, BACK - 8]] = 1
    counts[2, [BACK + 2, BACK + 3, BACK + 8]] = 1
    assert busiest(counts, 3, 7).tolist() == [2, 0, 3]
