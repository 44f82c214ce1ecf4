"""Changes by hand: swapped offers, other words, many at once, and taking it back."""

from __future__ import annotations

from typing import Any
from uuid import UUID

import pytest
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

from liquor_app.accounts.models import Role
from liquor_app.accounts.permissions import SYSTEM, Actor, ActorKind
from liquor_app.actions.lists import list_actions, list_edits
from liquor_app.actions.models import ActionStatus
from liquor_app.actions.service import (
    ActionRow,
    change_copy,
    change_offer,
    get_action,
    list_offers,
    move_action,
    skip_action,
    skip_actions,
    swap_offer,
    undo_edit,
)
from liquor_app.compliance.service import ensure_rule_pack
from liquor_app.core.errors import Conflict, Forbidden, Invalid
from liquor_app.core.holdout_draw import is_held_out
from liquor_app.core.listing.spec import ListQuery
from liquor_app.organization.guidance import save_guidance
from liquor_app.organization.settings import PlanningSettings, save_settings
from liquor_app.planning.service import make_plan
from liquor_app.segments.service import create_segment, refresh_segments
from tests.people import add_campaign, add_customer, add_send, believe, ensure_shop, steady_ids

VIEWER = Actor(ActorKind.USER, None, "Vi", Role.USER)
MARKETER = Actor(ActorKind.USER, None, "Dana", Role.MANAGER)
OFFERS = [
    {"name": "Ten", "discount_pct": 10, "text": "{discount}% off {category}"},
    {"name": "Twenty", "discount_pct": 20, "text": "{discount}% off everything"},
    {"name": "News", "discount_pct": 0, "text": "First pick of {category}"},
]


async def plan(session: AsyncSession, people: int = 6, **constraints: Any) -> UUID:
    await ensure_shop(session)
    for _ in range(people):
        await add_customer(session)
    values = {"rules": {"all": []}, "recommended_offers": OFFERS, "optimal_channels": ["email", "sms"]}
    await believe(session)
    await create_segment(session, SYSTEM, {"name": "All", "max_discount_pct": 12, **values})
    await refresh_segments(session, SYSTEM)
    campaign = await add_campaign(session, ["all"], constraints=constraints)
    await make_plan(session, SYSTEM, campaign)
    return campaign


async def pending(session: AsyncSession, campaign: UUID) -> list[ActionRow]:
    return list(
        (
            await list_actions(
                session, SYSTEM, ListQuery({"campaign_id": str(campaign), "status": "pending"}, limit=500)
            )
        ).items
    )


async def test_an_offer_is_swapped_for_another_of_the_playbook(session: AsyncSession) -> None:
    campaign = await plan(session)
    row = (await pending(session, campaign))[0]
    offers = await list_offers(session, VIEWER, row.id)
    assert [(offer.name, str(offer.discount_pct)) for offer in offers] == [
        ("Ten", "10.00"),
        ("Twenty", "12"),
        ("News", "0.00"),
    ]
    with pytest.raises(Forbidden):
        await swap_offer(session, VIEWER, row.id, "News")
    with pytest.raises(Invalid, match="none of: Ten, Twenty, News"):
        await swap_offer(session, MARKETER, row.id, "Fifty")
    await swap_offer(session, MARKETER, row.id, "News")
    swapped = await get_action(session, VIEWER, row.id)
    assert (swapped.offer, swapped.offer_terms["name"]) == ("First pick of domestic wine", "News")
    assert swapped.expected_response == pytest.approx((row.expected_response or 0) * 0.6)
    uplifts = [float(one.offer_terms["uplift"]) for one in (row, swapped)]
    assert float(row.offer_terms["kept"]) > 0
    assert float(swapped.offer_terms["kept"]) == pytest.approx(
        float(row.offer_terms["kept"]) * uplifts[1] / uplifts[0], abs=1e-4
    ), "it stood for the offer it replaced"
    await save_guidance(session, SYSTEM, {"allowed_offers": ["ten"], "max_discount_pct": "8"})
    assert [offer.name for offer in await list_offers(session, VIEWER, row.id)] == ["Ten"]
    with pytest.raises(Conflict, match="only the offers it names"):
        await change_offer(session, MARKETER, row.id, offer="Hello", discount_pct=0)


async def test_a_coupon_is_not_given_by_hand_where_it_is_banned(session: AsyncSession) -> None:
    await ensure_rule_pack(session)
    campaign = await plan(session, 1)
    row = (await pending(session, campaign))[0]
    await session.execute(text("UPDATE customers SET state = 'MA'"))
    await session.execute(text("UPDATE brands SET licence_state = NULL"))
    with pytest.raises(Conflict, match="MA bans coupons"):
        await swap_offer(session, MARKETER, row.id, "Twenty")
    await session.execute(text("UPDATE customers SET state = 'GA', postal_code = '02139'"))
    with pytest.raises(Conflict, match="MA bans coupons"):
        await swap_offer(session, MARKETER, row.id, "Twenty")
    await swap_offer(session, MARKETER, row.id, "News")


async def test_nothing_the_licence_forbids_is_given_by_hand(session: AsyncSession) -> None:
    """Neither an offer of the playbook's, nor one of one's own, nor words that promise what must not be given."""
    await ensure_shop(session)
    await ensure_rule_pack(session)
    campaign = await plan(session, 1)
    row = (await pending(session, campaign))[0]
    await session.execute(text("UPDATE brands SET licence_state = 'MA'"))
    await session.execute(text("UPDATE customers SET state = 'ME'"))
    assert [offer.name for offer in await list_offers(session, VIEWER, row.id)] == ["News"]
    with pytest.raises(Invalid, match="none of: News"):
        await swap_offer(session, MARKETER, row.id, "Twenty")
    with pytest.raises(Conflict, match="138 § 25C"):
        await change_offer(session, MARKETER, row.id, offer="One off", discount_pct=1)
    await session.execute(text("UPDATE brands SET licence_state = 'ME'"))
    await swap_offer(session, MARKETER, row.id, "Twenty")
    with pytest.raises(Conflict, match="708"):
        await change_offer(session, MARKETER, row.id, offer="A free corkscrew", discount_pct=0)


async def test_words_are_changed_within_the_same_rules(session: AsyncSession) -> None:
    campaign = await plan(session)
    row = next(row for row in await pending(session, campaign) if row.channel == "email")
    for message, told in (
        ("Hello", None),
        ("Now 10% off wine for you", None),
        ("Now 50% off wine for you", "promises"),
        ("{{ offer.text }} {% include 'x' %}", "tags"),
        ("{{ customer.email }}", "not one of"),
        ("{{ offer.text", "text"),
        ("<img src=x> {{ offer.text }}", "markup"),
        ("It is healthy", "a health claim"),
        ("", "must not be empty"),
    ):
        if told is None:
            await change_copy(session, MARKETER, row.id, message=message)
            continue
        with pytest.raises(Invalid, match=told):
            await change_copy(session, MARKETER, row.id, message=message)
    await change_copy(session, MARKETER, row.id, message="For you: {{ offer.text }}.", subject="A {{ offer.category }}")
    changed = await get_action(session, VIEWER, row.id)
    assert changed.message == "For you: 10% off domestic wine."
    assert changed.offer_terms["subject"] == "A domestic wine"
    again = await make_plan(session, SYSTEM, campaign)
    kept = await get_action(session, VIEWER, row.id)
    assert (kept.message, kept.scheduled_date, kept.plan_id) == (changed.message, row.scheduled_date, again.id)


async def test_the_last_change_is_taken_back_and_the_one_before(session: AsyncSession) -> None:
    campaign = await plan(session)
    before = {row.id: row for row in await pending(session, campaign)}
    first, second, *_ = before.values()
    campaign_days = await session.execute(text("SELECT start_date, end_date FROM campaigns"))
    day = next(day for day in campaign_days.one() if day != first.scheduled_date)
    with pytest.raises(Conflict, match="Nothing was changed"):
        await undo_edit(session, MARKETER, campaign)
    await move_action(session, MARKETER, first.id, day)
    await swap_offer(session, MARKETER, first.id, "News")
    await skip_action(session, MARKETER, second.id)
    assert await skip_actions(session, MARKETER, campaign, segment="all", note="Out of stock") == len(before) - 1
    assert await pending(session, campaign) == []
    with pytest.raises(Forbidden):
        await undo_edit(session, VIEWER, campaign)
    undone = await undo_edit(session, MARKETER, campaign)
    assert (undone.kind, undone.actions, undone.by) == ("skip", len(before) - 1, "Dana")
    assert len(await pending(session, campaign)) == len(before) - 1
    for _ in range(3):
        await undo_edit(session, MARKETER, campaign)
    after = {row.id: row for row in await pending(session, campaign)}
    for row_id, row in before.items():
        assert (after[row_id].offer, after[row_id].scheduled_date) == (row.offer, row.scheduled_date)
        assert after[row_id].offer_terms == row.offer_terms
    assert [edit.undone_at is not None for edit in (await list_edits(session, VIEWER, campaign)).items] == [True] * 4


async def test_taking_back_meets_the_limits_of_now(session: AsyncSession) -> None:
    campaign = await plan(session, 2)
    row = (await pending(session, campaign))[0]
    await skip_action(session, MARKETER, row.id)
    for days_ago in (-1, -2):
        await add_send(session, row.customer_id, days_ago=days_ago, status="pending")
    with pytest.raises(Conflict, match="contact cap"):
        await undo_edit(session, MARKETER, campaign)


async def test_many_are_taken_out_by_day_and_channel(session: AsyncSession) -> None:
    campaign = await plan(session, 12, email_capacity_per_day=1, sms_capacity_per_day=1)
    rows = await pending(session, campaign)
    day = rows[0].scheduled_date
    mine = [row for row in rows if row.scheduled_date == day and row.channel == "email"]
    assert await skip_actions(session, MARKETER, campaign, day=day, channel="email") == len(mine) == 1
    with pytest.raises(Conflict, match="Nothing of the plan"):
        await skip_actions(session, MARKETER, campaign, day=day, channel="email")
    for wrong in ({}, {"channel": "fax"}):
        with pytest.raises(Invalid):
            await skip_actions(session, MARKETER, campaign, **wrong)
    left = await get_action(session, VIEWER, mine[0].id)
    assert (left.status, left.skip_reason) == (ActionStatus.SKIPPED, "skipped_by_hand")


async def test_the_global_holdout_is_in_no_campaign_and_says_why(session: AsyncSession) -> None:
    await save_settings(session, SYSTEM, PlanningSettings, {"global_holdout_pct": "20", "global_holdout_seed": "2026"})
    await ensure_shop(session)
    people = [await add_customer(session, id=one) for one in steady_ids(60)]
    await believe(session)
    await create_segment(session, SYSTEM, {"name": "All", "rules": {"all": []}})
    await refresh_segments(session, SYSTEM)
    held = {person for person in people if is_held_out("2026", person, 0.2)}
    assert 3 <= len(held) <= 25
    for name in ("One", "Two"):
        campaign = await add_campaign(session, ["all"], name=name)
        made = await make_plan(session, SYSTEM, campaign)
        told = {block["reason"]: block["customers"] for block in made.summary["blocks"]}
        assert told == {"global_holdout": len(held)}
        assert not held & {row.customer_id for row in await pending(session, campaign)}
        excluded = await session.execute(
            text("SELECT customer_id FROM exclusions WHERE campaign_id = :id"), {"id": campaign}
        )
        assert set(excluded.scalars()) == held
