"""Plans in the database: made, edited, simulated, approved, and made again."""

from __future__ import annotations

from collections import Counter
from datetime import timedelta
from decimal import Decimal
from typing import Any
from uuid import UUID

import pytest
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

from liquor_app.accounts.models import Role
from liquor_app.accounts.permissions import SYSTEM, Actor, ActorKind
from liquor_app.actions.lists import list_actions
from liquor_app.actions.models import ActionStatus
from liquor_app.actions.service import ActionRow, generate_actions, move_action, skip_action
from liquor_app.campaigns.models import Engine
from liquor_app.core.errors import Conflict, Forbidden, Invalid, NotFound
from liquor_app.core.ids import uuid7
from liquor_app.core.listing.spec import ListQuery
from liquor_app.planning.lists import list_plans
from liquor_app.planning.models import PlanStatus
from liquor_app.planning.plan_store import fingerprint_of
from liquor_app.planning.plan_summary import TAKERS, UPLIFT_NOTE, takers_of
from liquor_app.planning.service import approve_plan, get_plan, make_plan, simulate_plan
from liquor_app.scoring.estimators.uplift import PRIOR_MEAN, Cell, Posterior
from liquor_app.screens.campaigns.detail.view import not_written_to, plan_view
from liquor_app.segments.service import create_segment, refresh_segments
from tests.people import add_campaign, add_customer, add_purchase, add_send, believe, ensure_shop, steady_ids

CAMPAIGN = steady_ids(1, "campaign")[0]
VIEWER = Actor(ActorKind.USER, None, "Vi", Role.USER)
MARKETER = Actor(ActorKind.USER, None, "Dana", Role.MANAGER)


async def shop(session: AsyncSession, people: int, *, has_learned: bool = True, **columns: Any) -> list[UUID]:
    """Customers of different worth, all in one segment with both channels."""
    await ensure_shop(session)
    ids = [
        await add_customer(
            session,
            id=one,
            **{"value_at_risk": 20 + index, "response_likelihood": 0.05 + index % 7 / 50, **columns},
        )
        for index, one in enumerate(steady_ids(people))
    ]
    playbook = {"optimal_channels": ["email", "sms"], "optimal_send_window": {"start": "17:00", "end": "20:00"}}
    if has_learned:
        await believe(session)
    await create_segment(session, SYSTEM, {"name": "All", "rules": {"all": []}, **playbook})
    await refresh_segments(session, SYSTEM)
    return ids


async def actions(session: AsyncSession, campaign: UUID, status: str = "") -> list[ActionRow]:
    return list(
        (
            await list_actions(session, SYSTEM, ListQuery({"campaign_id": str(campaign), "status": status}, limit=500))
        ).items
    )


async def test_a_plan_keeps_every_limit_and_accounts_for_everybody(session: AsyncSession) -> None:
    people = await shop(session, 60, has_learned=False)
    await add_customer(session, email_consent=None, sms_consent=None)
    await refresh_segments(session, SYSTEM)
    limits = {"email_capacity_per_day": 4, "sms_capacity_per_day": 2, "discount_budget": "6.00"}
    campaign = await add_campaign(session, ["all"], id=CAMPAIGN, constraints=limits, holdout_pct=Decimal(30))

    plan = await make_plan(session, MARKETER, campaign)

    assert (plan.version, plan.status, plan.engine) == (1, PlanStatus.DRAFT, Engine.HEURISTIC)
    rows = await actions(session, campaign)
    status = Counter(row.status for row in rows)
    assert status[ActionStatus.PROPOSED] == 0, "every candidate was decided"
    chosen = [row for row in rows if row.status is ActionStatus.PENDING]
    assert max(Counter(row.customer_id for row in chosen).values()) == 1
    by_place = Counter((row.scheduled_date, row.channel) for row in chosen)
    assert all(count <= (4 if channel == "email" else 2) for (_, channel), count in by_place.items())
    spent = sum(
        float(row.expected_response or 0) * float(row.offer_terms["basket"]) * float(row.offer_terms["discount_pct"])
        for row in chosen
    )
    assert spent / 100 <= 6.00 + 1e-6
    assert all(row.plan_id == plan.id for row in rows if row.status is not ActionStatus.HELD_OUT)
    assert all(row.skip_reason and row.skip_detail for row in rows if row.status is ActionStatus.SKIPPED)

    held = {row.customer_id for row in rows if row.status is ActionStatus.HELD_OUT}
    assert held
    assert not held & {row.customer_id for row in chosen}
    totals = plan.summary["totals"]
    assert totals["sends"] == len(chosen) == sum(day["email"] + day["sms"] for day in plan.summary["days"])
    assert (totals["audience"], totals["held_out"], totals["blocked"]) == (len(people) + 1, len(held), 1)
    lost = {row.customer_id for row in rows} - {row.customer_id for row in chosen} - held
    assert totals["left_out"] == sum(one["customers"] for one in plan.summary["left_out"]) == len(lost) > 0
    assert totals["audience"] == totals["reach"] + totals["held_out"] + totals["blocked"] + totals["left_out"]
    told = sum(people for _, people in not_written_to(plan.summary))
    assert told == totals["blocked"] + totals["left_out"], "the page counts each of them once"
    headline = plan.summary["simulation"]
    for part in (plan.summary["days"], plan.summary["segments"]):
        for figure, total in (("expected_profit", "incremental_profit"), ("discount", "discount")):
            added = sum(float(line[figure]) for line in part)
            assert added == pytest.approx(float(headline[total]["mean"]), abs=0.1), "parts add up to the headline"
    assert plan.summary["blocks"] == [{"reason": "no_consent", "label": "No consent for the channel", "customers": 1}]
    assert plan.summary["optimality"]["gap_pct"] < 5, "a budget of a dozen offers cannot be cut finer"
    profit = plan.summary["simulation"]["incremental_profit"]
    assert Decimal(profit["low"]) < Decimal(profit["mean"]) < Decimal(profit["high"])
    for figure in ("incremental_profit", "incremental_revenue", "new_buyers"):
        found = headline[figure]
        assert Decimal(str(found["low"])) <= 0 <= Decimal(str(found["high"])), figure
    weight = {day["date"]: day["weight"] for day in plan.summary["days"]}
    answers = sum(float(row.expected_response or 0) * weight[row.scheduled_date.isoformat()] for row in chosen)
    assert "buyers" not in headline, "who buys without the offer is not among them"
    assert headline["takers"]["mean"] == pytest.approx(answers, abs=0.06), "rounded to a tenth"
    facts = {fact.label: fact.value for fact in plan_view(plan).facts}
    assert facts[TAKERS].startswith(f"{headline['takers']['mean']:.0f} (")
    assert "Expected buyers" not in facts
    assert takers_of({"buyers": {"mean": 3.0}}) == {"mean": 3.0}, "of plans that were simulated before"
    assert headline["uplift"] == {"basis": "assumed", "people": 0, "version": 0, "note": UPLIFT_NOTE}
    assert {(cell["uplift"], cell["learned_from"]) for cell in plan.summary["cells"]} == {(PRIOR_MEAN, 0)}
    [sd] = Posterior.prior().effects([Cell("all", "any", "email", "no_rhythm")])[1]
    assert {cell["uplift_sd"] for cell in plan.summary["cells"]} == {round(float(sd), 5)}
    said = " ".join(f"{one['title']} {one['text']}" for one in plan.reasoning)
    assert "uplift assumed" in said
    assert UPLIFT_NOTE in said
    titles = [entry["title"] for entry in plan.reasoning]
    assert any("held out" in title for title in titles)
    assert any(title.endswith("is full") for title in titles)
    assert any(entry["kind"] == "rejected" for entry in plan.reasoning)

    stored = await session.execute(text("SELECT plan_id, held_out, weekly_plan FROM campaigns"))
    row = stored.one()
    assert (row.plan_id, row.held_out, row.weekly_plan["version"]) == (plan.id, len(held), 1)


async def test_the_same_base_gives_the_same_plan(session: AsyncSession) -> None:
    await shop(session, 40)
    campaign = await add_campaign(session, ["all"], id=CAMPAIGN, holdout_pct=Decimal(10))
    first = await make_plan(session, SYSTEM, campaign)
    second = await make_plan(session, SYSTEM, campaign)
    assert second.version == 2
    assert second.fingerprint == first.fingerprint
    assert second.summary == first.summary
    assert (await get_plan(session, VIEWER, first.id)).status is PlanStatus.SUPERSEDED
    await generate_actions(session, SYSTEM, campaign)
    assert (await make_plan(session, SYSTEM, campaign)).fingerprint == first.fingerprint
    page = await list_plans(session, VIEWER, campaign, ListQuery(limit=2))
    assert [plan.version for plan in page.items] == [3, 2]
    rest = await list_plans(session, VIEWER, campaign, ListQuery(limit=2, cursor=page.next_cursor))
    assert ([plan.version for plan in rest.items], rest.total, rest.next_cursor) == ([1], 3, None)


async def test_what_a_person_decided_survives_planning_again(session: AsyncSession) -> None:
    await shop(session, 12)
    campaign = await add_campaign(session, ["all"])
    plan = await make_plan(session, SYSTEM, campaign)
    first, second, *_ = await actions(session, campaign, "pending")
    target = next(
        day
        for day in (first.scheduled_date + timedelta(days=step) for step in (1, -1))
        if day.isoformat() in {row["date"] for row in plan.summary["days"]}
    )
    await move_action(session, MARKETER, first.id, target)
    await skip_action(session, MARKETER, second.id)

    again = await make_plan(session, SYSTEM, campaign)
    after = {row.id: row for row in await actions(session, campaign)}
    assert after[first.id].status is ActionStatus.PENDING
    assert after[first.id].scheduled_date == target
    assert after[first.id].plan_id == again.id
    assert after[second.id].status is ActionStatus.SKIPPED
    mine = [row for row in after.values() if row.customer_id == first.customer_id]
    assert sum(row.status is ActionStatus.PENDING for row in mine) == 1


async def test_capacity_and_caps_are_shared_with_approved_campaigns(session: AsyncSession) -> None:
    people = await shop(session, 10, sms_consent=None)
    await add_send(session, people[0], days_ago=1)
    await add_send(session, people[0], days_ago=3)
    one_day = {"email_capacity_per_day": 6}
    first = await add_campaign(session, ["all"], constraints=one_day, name="First")
    await session.execute(text("UPDATE campaigns SET end_date = start_date"))
    plan = await make_plan(session, SYSTEM, first)
    assert plan.summary["totals"]["sends"] == 6
    assert plan.summary["blocks"][0]["reason"] == "cap_reached"
    await approve_plan(session, MARKETER, plan.id, fingerprint=await fingerprint_of(session, plan.campaign_id))
    await session.execute(text("UPDATE campaigns SET status = 'scheduled'"))

    second = await add_campaign(session, ["all"], constraints={"email_capacity_per_day": 8}, name="Second")
    await session.execute(text("UPDATE campaigns SET end_date = start_date"))
    other = await make_plan(session, SYSTEM, second)
    assert other.summary["totals"]["sends"] == 2, "six of the eight places are taken"
    booked = {row.customer_id for row in await actions(session, first, "pending")}
    assert not booked & {row.customer_id for row in await actions(session, second, "pending")}


async def test_plans_that_knew_nothing_of_each_other_are_not_both_approved(session: AsyncSession) -> None:
    await shop(session, 10, sms_consent=None)
    campaigns = [await add_campaign(session, ["all"], name=name) for name in ("First", "Second")]
    first, second = [await make_plan(session, SYSTEM, campaign) for campaign in campaigns]
    await approve_plan(session, MARKETER, first.id, fingerprint=await fingerprint_of(session, first.campaign_id))
    scheduled = "UPDATE campaigns SET status = 'scheduled', approved_at = now() {} interval '1 minute' WHERE id = :id"
    await session.execute(text(scheduled.format("+")), {"id": campaigns[0]})
    with pytest.raises(Conflict, match=r"“First” was approved after this plan was made.*Plan again"):
        await approve_plan(session, MARKETER, second.id, fingerprint=await fingerprint_of(session, second.campaign_id))
    await session.execute(text(scheduled.format("-")), {"id": campaigns[0]})
    again = await make_plan(session, SYSTEM, campaigns[1])
    assert again.summary["totals"]["sends"] > 0
    await approve_plan(session, MARKETER, again.id, fingerprint=await fingerprint_of(session, again.campaign_id))
    met = await session.execute(
        text(
            "SELECT count(*) FROM actions a JOIN actions b USING (customer_id, scheduled_date)"
            " WHERE a.campaign_id = :first AND b.campaign_id = :second AND 'pending' = ALL (ARRAY[a.status, b.status])"
        ),
        {"first": campaigns[0], "second": campaigns[1]},
    )
    assert met.scalar_one() == 0


async def test_simulating_again_follows_edits_and_approval_checks_what_was_seen(session: AsyncSession) -> None:
    await shop(session, 8)
    campaign = await add_campaign(session, ["all"])
    plan = await make_plan(session, SYSTEM, campaign)
    row = (await actions(session, campaign, "pending"))[0]
    await skip_action(session, MARKETER, row.id)
    with pytest.raises(Conflict, match="changed since"):
        await approve_plan(session, MARKETER, plan.id, fingerprint=plan.fingerprint)
    with pytest.raises(Forbidden):
        await simulate_plan(session, VIEWER, plan.id)
    fresh = await simulate_plan(session, MARKETER, plan.id)
    assert fresh.summary["totals"]["sends"] == plan.summary["totals"]["sends"] - 1
    assert fresh.fingerprint != plan.fingerprint
    with pytest.raises(Forbidden):
        await approve_plan(session, VIEWER, plan.id, fingerprint=await fingerprint_of(session, plan.campaign_id))
    approved = await approve_plan(session, MARKETER, plan.id, fingerprint=fresh.fingerprint)
    assert approved.status is PlanStatus.APPROVED
    assert approved.approved_at is not None

    newer = await make_plan(session, SYSTEM, campaign)
    assert (await get_plan(session, VIEWER, plan.id)).status is PlanStatus.APPROVED, "in force until the next is"
    with pytest.raises(Conflict, match="newer plan"):
        await approve_plan(session, MARKETER, plan.id, fingerprint=await fingerprint_of(session, plan.campaign_id))
    with pytest.raises(Conflict):
        await simulate_plan(session, MARKETER, plan.id)
    await approve_plan(session, MARKETER, newer.id, fingerprint=await fingerprint_of(session, newer.campaign_id))
    assert (await get_plan(session, VIEWER, plan.id)).status is PlanStatus.SUPERSEDED


async def test_planning_a_running_campaign_replaces_only_what_still_waits(session: AsyncSession) -> None:
    await shop(session, 12)
    campaign = await add_campaign(session, ["all"], id=CAMPAIGN, holdout_pct=Decimal(20))
    plan = await make_plan(session, SYSTEM, campaign)
    await approve_plan(session, MARKETER, plan.id, fingerprint=await fingerprint_of(session, plan.campaign_id))
    before = await actions(session, campaign)
    waiting = [row for row in before if row.status is ActionStatus.PENDING]
    gone = waiting[:3]
    await session.execute(text("UPDATE campaigns SET status = 'active'"))
    await session.execute(
        text("UPDATE actions SET status = 'queued' WHERE id = ANY(:ids)"), {"ids": [row.id for row in gone]}
    )
    limits = '{"discount_budget": "0"}'
    await session.execute(text("UPDATE campaigns SET constraints = CAST(:limits AS jsonb)"), {"limits": limits})

    again = await make_plan(session, SYSTEM, campaign)

    after = {row.id: row for row in await actions(session, campaign)}
    assert all(after[row.id].status is ActionStatus.QUEUED for row in gone)
    held = {row.customer_id for row in before if row.status is ActionStatus.HELD_OUT}
    assert {row.customer_id for row in after.values() if row.status is ActionStatus.HELD_OUT} == held
    assert {after[row.id].skip_reason for row in waiting[3:]} == {"discount_budget_spent"}
    assert again.summary["totals"]["sends"] == 0
    assert (await get_plan(session, VIEWER, plan.id)).status is PlanStatus.APPROVED


async def test_an_empty_plan_says_why_and_cannot_be_approved(session: AsyncSession) -> None:
    await shop(session, 2, email_consent=None, sms_consent=None)
    campaign = await add_campaign(session, ["all"])
    plan = await make_plan(session, SYSTEM, campaign)
    assert plan.summary["totals"]["sends"] == 0
    assert any("no consent" in entry["text"] for entry in plan.reasoning)
    with pytest.raises(Conflict, match="holds no action"):
        await approve_plan(session, MARKETER, plan.id, fingerprint=await fingerprint_of(session, plan.campaign_id))


async def test_the_ai_engine_without_a_key_is_answered_by_the_optimiser_and_says_so(session: AsyncSession) -> None:
    await shop(session, 5)
    campaign = await add_campaign(session, ["all"], engine="llm", llm_prompt="Win back wine lovers")
    plan = await make_plan(session, SYSTEM, campaign)
    assert plan.engine is Engine.HEURISTIC
    assert any("no OpenAI key" in entry["text"] for entry in plan.reasoning)
    assert any("Win back wine lovers" in entry["text"] for entry in plan.reasoning)
    manual = await add_campaign(session, ["all"], engine="manual", name="By hand")
    assert (await make_plan(session, SYSTEM, manual)).engine is Engine.MANUAL


async def test_days_are_weighted_by_the_shops_own_trade(session: AsyncSession) -> None:
    people = await shop(session, 6)
    for index in range(120):
        await add_purchase(session, people[index % 6], days_ago=7 * (index % 12) + 1)
    campaign = await add_campaign(session, ["all"])
    plan = await make_plan(session, SYSTEM, campaign)
    weights = [day["weight"] for day in plan.summary["days"]]
    assert max(weights) == 1.15
    assert min(weights) == 0.85
    best = {day["date"] for day in plan.summary["days"] if day["weight"] == 1.15}
    assert {row.scheduled_date.isoformat() for row in await actions(session, campaign, "pending")} <= best


async def test_a_holiday_is_kept_free(session: AsyncSession) -> None:
    await shop(session, 30)
    campaign = await add_campaign(session, ["all"])
    start = (await session.execute(text("SELECT start_date FROM campaigns"))).scalar_one()
    await session.execute(
        text("UPDATE campaigns SET constraints = jsonb_build_object('capacity_by_day', CAST(:days AS jsonb))"),
        {"days": f'{{"{start}": {{"email": 0, "sms": 0}}}}'},
    )
    plan = await make_plan(session, SYSTEM, campaign)
    assert (plan.summary["days"][0]["email"], plan.summary["days"][0]["sms"]) == (0, 0)
    assert plan.summary["totals"]["sends"] == 30


async def test_refusals(session: AsyncSession) -> None:
    with pytest.raises(NotFound):
        await make_plan(session, SYSTEM, uuid7())
    with pytest.raises(Forbidden):
        await make_plan(session, VIEWER, uuid7())
    with pytest.raises(NotFound):
        await get_plan(session, VIEWER, uuid7())
    with pytest.raises(NotFound):
        await approve_plan(session, SYSTEM, uuid7(), fingerprint="")
    unknown = await add_campaign(session, ["nobody"])
    with pytest.raises(Invalid):
        await make_plan(session, SYSTEM, unknown)


async def test_fifteen_hundred_customers_are_planned_at_once(session: AsyncSession) -> None:
    first = await add_customer(session)
    await session.execute(
        text(
            "INSERT INTO customers (id, email_key, email, phone, email_consent, sms_consent, age_verified_at,"
            " first_purchase_at, last_purchase_at, purchase_frequency, total_spent, avg_order_value, avg_purchase_hour,"
            " primary_category, churn_probability, clv_score, value_at_risk, response_likelihood)"
            " SELECT CAST(md5('person ' || n) AS uuid), n || '@example.com', n || '@example.com',"
            " '+1207' || lpad(CAST(n AS text), 7, '0'), 'given',"
            " CASE WHEN n % 3 = 0 THEN 'given' END, now(), now() - interval '300 days',"
            " now() - make_interval(days => n % 200), 1 + n % 30, 10 * (1 + n % 30), 5 + n % 20, n % 24, 'Beer',"
            " (n % 100) / 100.0, 50 + n % 90, (50 + n % 90) * (n % 100) / 100.0, 0.02 + (n % 20) / 100.0"
            " FROM customers, generate_series(1, 1500) n WHERE id = :first"
        ),
        {"first": first},
    )
    playbook = {"optimal_channels": ["email", "sms"], "optimal_send_window": {"start": "17:00", "end": "20:00"}}
    for name in ("One", "Two"):
        await believe(session)
        await create_segment(session, SYSTEM, {"name": name, "rules": {"all": []}, **playbook})
    await refresh_segments(session, SYSTEM)
    campaign = await add_campaign(session, ["one", "two"], id=CAMPAIGN, holdout_pct=Decimal(10))
    plan = await make_plan(session, SYSTEM, campaign)
    assert plan.summary["totals"]["sends"] > 900
    assert plan.summary["optimality"]["gap_pct"] <= 1


async def test_what_was_proposed_by_the_old_reckoning_is_proposed_anew(session: AsyncSession) -> None:
    """A draft from before an upgrade: its actions counted answers as purchases won."""
    await shop(session, 10, has_learned=False)
    campaign = await add_campaign(session, ["all"], id=CAMPAIGN)
    await make_plan(session, SYSTEM, campaign)
    await session.execute(text("UPDATE actions SET offer_terms = offer_terms - 'uplift', expected_profit = 99"))
    again = await make_plan(session, SYSTEM, campaign)
    rows = await actions(session, campaign)
    assert max(row.expected_profit for row in rows) < 1
    assert again.summary["totals"]["sends"] == 10
