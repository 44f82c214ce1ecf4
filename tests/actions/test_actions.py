"""Actions in the database: who gets one, who does not and why, and what a person may change."""

from __future__ import annotations

import re
from datetime import timedelta
from decimal import Decimal
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

import pytest
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

from liquor_app.accounts.models import Role
from liquor_app.accounts.permissions import SYSTEM, Actor, ActorKind
from liquor_app.actions.edit_offer import swap_offer
from liquor_app.actions.lists import list_actions, list_not_sent
from liquor_app.actions.models import ActionStatus
from liquor_app.actions.service import (
    ActionRow,
    change_offer,
    generate_actions,
    get_action,
    move_action,
    skip_action,
)
from liquor_app.compliance.service import ensure_rule_pack
from liquor_app.core.clock import now
from liquor_app.core.errors import Conflict, Forbidden, Invalid, NotFound
from liquor_app.core.ids import uuid7
from liquor_app.core.listing.spec import ListQuery
from liquor_app.customers.addresses import address_hash
from liquor_app.organization.guidance import save_guidance
from liquor_app.organization.settings import PlanningSettings, save_settings
from liquor_app.segments.service import create_segment, refresh_segments
from tests.people import add_campaign, add_customer, add_purchase, add_send, believe, ensure_shop

VIEWER = Actor(ActorKind.USER, None, "Vi", Role.USER)
MARKETER = Actor(ActorKind.USER, None, "Dana", Role.MANAGER)


async def audience(session: AsyncSession, *names: str, **playbook: Any) -> list[str]:
    """Segments that hold everybody."""
    await believe(session)
    values = {"rules": {"all": []}, "optimal_channels": ["email", "sms"], "optimal_send_window": WINDOW, **playbook}
    slugs = [(await create_segment(session, SYSTEM, {"name": name, **values})).slug for name in names or ("Everybody",)]
    await refresh_segments(session, SYSTEM)
    return slugs


WINDOW = {"start": "17:00", "end": "20:00"}


async def of_campaign(session: AsyncSession, campaign: UUID) -> list[ActionRow]:
    return list((await list_actions(session, SYSTEM, ListQuery({"campaign_id": str(campaign)}, limit=500))).items)


async def test_a_customer_gets_a_candidate_for_each_segment_and_channel(session: AsyncSession) -> None:
    person = await add_customer(session)
    campaign = await add_campaign(session, await audience(session, "One", "Two"))
    result = await generate_actions(session, SYSTEM, campaign)
    assert (result.proposed, result.excluded, result.customers) == (4, 0, 1)
    rows = await of_campaign(session, campaign)
    assert {(row.segment_slug, row.channel) for row in rows} == {
        ("one", "email"), ("one", "sms"), ("two", "email"), ("two", "sms"),
    }  # fmt: skip
    row = rows[0]
    assert row.customer_id == person
    assert row.priority_score == row.value_points + row.response_points + row.margin_points - row.fatigue_points
    assert row.status is ActionStatus.PROPOSED
    assert row.offer == "10% off domestic wine"
    shop = ZoneInfo("America/New_York")
    since = (now().astimezone(shop).date() - (now() - timedelta(days=41)).astimezone(shop).date()).days
    assert f"{since} days since the last purchase" in str(row.reason)
    assert row.send_window == {"start": "18:00", "end": "20:00", "best": "18:00"}
    assert row.offer_terms["discount_pct"] == "10.00"
    assert row.expected_profit > 0
    await session.execute(
        text(
            "UPDATE actions SET status = 'held_out', skip_reason = 'holdout', updated_at = now() WHERE campaign_id = :c"
        ),
        {"c": campaign},
    )
    assert (await list_not_sent(session, VIEWER, person)).total == 1, "before, a line for each of the four"


async def test_everybody_without_an_action_has_a_reason(session: AsyncSession) -> None:
    both = {"email_consent": None, "sms_consent": "withdrawn"}
    people = {
        "no_consent": await add_customer(session, **both),
        "no_contact_address": await add_customer(session, email=None, email_key=None, phone=None, external_id="x"),
        "objected_to_profiling": await add_customer(session, profiling_objected_at=now()),
        "underage": await add_customer(session, date_of_birth=now().date() - timedelta(days=20 * 365)),
        "suppressed": await add_customer(session, email_key="gone@example.com", sms_consent=None),
        "cap_reached": await add_customer(session),
        "not_worth_it": await add_customer(session, avg_order_value=0, value_at_risk=0),
    }
    unverified = await add_customer(session, age_verified_at=None)
    await add_purchase(session, unverified, days_ago=41)
    await add_customer(session, deleted_at=now())
    await session.execute(
        text("INSERT INTO suppressions (address_hash, channel, reason) VALUES (:hash, 'email', 'bounced')"),
        {"hash": address_hash("gone@example.com")},
    )
    for days_ago in (-1, -3, -5, -7, 0):
        await add_send(session, people["cap_reached"], days_ago=days_ago, status="pending" if days_ago < 0 else "sent")
    campaign = await add_campaign(session, await audience(session))

    result = await generate_actions(session, SYSTEM, campaign)
    found = await session.execute(text("SELECT reason, customer_id, detail FROM exclusions"))
    by_reason = {row.reason: row for row in found}
    assert {reason: row.customer_id for reason, row in by_reason.items()} == people
    assert result.by_reason == dict.fromkeys(people, 1)
    assert by_reason["no_consent"].detail == "E-mail: no consent for the channel; SMS: no consent for the channel"
    assert re.search(
        r"[0-9.]+% likely to buy within 7 days without the message, [0-9.]+% with it: [+]41.0 buyers of a hundred.",
        by_reason["not_worth_it"].detail,
    )
    assert [(row.customer_id, row.channel) for row in await of_campaign(session, campaign)] == [(unverified, "email")]

    history = await list_not_sent(session, VIEWER, people["suppressed"])
    assert [(row.stage, row.label) for row in history.items] == [("audience", "Unsubscribed, bounced or complained")]


async def test_who_is_lost_by_e_mail_is_not_counted_as_without_consent_to_texts(session: AsyncSession) -> None:
    """A playbook that texts first told of everybody lost by e-mail that they had not agreed to texts."""
    capped = await add_customer(session, sms_consent=None)
    gone = await add_customer(session, email_key="gone@example.com", sms_consent=None)
    disputed = await add_customer(session, sms_consent="withdrawn", age_disputed_at=now())
    silent = await add_customer(session, email_consent=None, phone=None)
    declined = await add_customer(session, sms_consent=None, topics_off=["win_back"])
    for days_ago in (-1, -3, -5, -7, 0):
        await add_send(session, capped, days_ago=days_ago, status="pending" if days_ago < 0 else "sent")
    await session.execute(
        text("INSERT INTO suppressions (address_hash, channel, reason) VALUES (:hash, 'email', 'bounced')"),
        {"hash": address_hash("gone@example.com")},
    )
    targets = await audience(session, optimal_channels=["sms", "email"], template_category="win_back")
    campaign = await add_campaign(session, targets)
    result = await generate_actions(session, SYSTEM, campaign)
    found = {row.customer_id: row for row in await session.execute(text("SELECT * FROM exclusions"))}
    assert {person: row.reason for person, row in found.items()} == {
        capped: "cap_reached", gone: "suppressed", disputed: "age_disputed", silent: "no_consent",
        declined: "topic_declined",
    }  # fmt: skip
    assert (sum(result.by_reason.values()), result.excluded) == (5, 5), "one reason a person"
    assert found[capped].detail == "SMS: no consent for the channel; E-mail: too many messages lately (cap)"
    assert found[declined].detail == "They do not want messages of this kind. SMS: no consent for the channel."


async def test_generating_again_changes_nothing_but_follows_the_base(session: AsyncSession) -> None:
    person, other = await add_customer(session), await add_customer(session, value_at_risk=10)
    campaign = await add_campaign(session, await audience(session))
    first = await generate_actions(session, SYSTEM, campaign)

    async def snapshot() -> list[tuple[Any, ...]]:
        rows = await of_campaign(session, campaign)
        return [(row.customer_id, row.channel, row.priority_score, row.reason, row.offer_terms) for row in rows]

    before = await snapshot()
    told: list[tuple[int, int]] = []

    async def tell(done: int, total: int) -> None:
        told.append((done, total))

    assert await generate_actions(session, SYSTEM, campaign, tell=tell) == first
    assert told == [(2, 2)], "progress is told by people looked at"
    assert await snapshot() == before

    kept = next(row for row in await of_campaign(session, campaign) if row.customer_id == other)
    await skip_action(session, MARKETER, kept.id, note="asked us not to")
    await session.execute(text("UPDATE customers SET email_consent = NULL WHERE id = :id"), {"id": person})
    again = await generate_actions(session, SYSTEM, campaign)
    assert again.proposed == 2, "one SMS each; the other's e-mail stays as Dana left it"
    left = await get_action(session, VIEWER, kept.id)
    assert (left.status, left.skip_reason) == (ActionStatus.SKIPPED, "skipped_by_hand")
    assert left.skip_detail == "By Dana: asked us not to"


async def test_caps_count_the_ledger_and_other_approved_campaigns(session: AsyncSession) -> None:
    person = await add_customer(session)
    slugs = await audience(session)
    other = await add_campaign(session, slugs, name="Approved", constraints={})
    await generate_actions(session, SYSTEM, other)
    campaign = await add_campaign(session, slugs, constraints={"max_contacts_7_days": 1})
    assert (await generate_actions(session, SYSTEM, campaign)).excluded == 0, "a proposal is no contact yet"
    await session.execute(
        text("UPDATE actions SET status = 'pending' WHERE campaign_id = :id AND channel = 'email'"), {"id": other}
    )
    await session.execute(text("UPDATE campaigns SET status = 'scheduled' WHERE id = :id"), {"id": other})
    again = await generate_actions(session, SYSTEM, campaign)
    assert again.by_reason == {"cap_reached": 1}
    assert (await list_not_sent(session, VIEWER, person)).total == 1


async def test_guardrails_cap_the_discount(session: AsyncSession) -> None:
    await add_customer(session)
    slugs = await audience(session, max_discount_pct=10, margin_floor_pct=21)
    campaign = await add_campaign(session, slugs)
    await generate_actions(session, SYSTEM, campaign)
    row = (await of_campaign(session, campaign))[0]
    assert row.offer == "7% off domestic wine"
    assert row.offer_terms["listed_pct"] == "10.00"
    assert "cut from 10% by the margin floor" in str(row.reason)


async def test_who_buys_ever_more_is_not_pushed(session: AsyncSession) -> None:
    rising, steady, unpressed = [await add_customer(session) for _ in range(3)]
    for person in (rising, unpressed):
        for days_ago in (2, 5, 9, 14, 20, 60, 80):
            await add_purchase(session, person, days_ago=days_ago)
    for days_ago in (2, 9, 16, 23, 35, 42, 49, 56, 63, 70, 77, 84):
        await add_purchase(session, steady, days_ago=days_ago)
    for person in (rising, steady):
        await add_send(session, person, days_ago=20)
    campaign = await add_campaign(session, await audience(session))
    result = await generate_actions(session, SYSTEM, campaign)
    assert result.by_reason == {"fast_rising_purchases": 1}
    assert {row.customer_id for row in await of_campaign(session, campaign)} == {steady, unpressed}


async def test_where_coupons_are_banned_only_undiscounted_offers_go_out(session: AsyncSession) -> None:
    await ensure_rule_pack(session)
    banned = await add_customer(session, state="MA")
    await add_customer(session, state="ME")
    discounts = [{"name": "Ten", "discount_pct": 10, "text": "{discount}% off"}]
    slugs = await audience(session, recommended_offers=discounts)
    campaign = await add_campaign(session, slugs)
    result = await generate_actions(session, SYSTEM, campaign)
    assert (result.proposed, result.by_reason) == (2, {"coupon_banned": 1})
    news = [*discounts, {"name": "News", "discount_pct": 0, "text": "First pick of {category}"}]
    other = await add_campaign(session, await audience(session, "Second", recommended_offers=news), name="Other")
    await generate_actions(session, SYSTEM, other)
    offers = {row.customer_id: row.offer for row in await of_campaign(session, other)}
    assert offers.pop(banned) == "First pick of domestic wine"
    assert set(offers.values()) == {"10% off"}


@pytest.mark.parametrize(
    ("licence", "offered"),
    [("MA", {"First pick"}), ("NC", {"35% off", "First pick"}), ("ME", {"40% off", "First pick"})],
)
async def test_a_plan_holds_only_what_the_licence_may_offer(
    session: AsyncSession, licence: str, offered: set[str]
) -> None:
    """Wherever people live; a discount above the law's is cut to it, and what it cannot be is left out with why."""
    await ensure_shop(session)
    await ensure_rule_pack(session)
    await session.execute(text("UPDATE brands SET licence_state = :state"), {"state": licence})
    for state in ("MA", "NY", None):
        await add_customer(session, state=state)
    await save_settings(session, SYSTEM, PlanningSettings, {"margin_pct": 80, "margin_floor_pct": 0})
    await save_guidance(session, SYSTEM, {"max_discount_pct": "60"})
    forty = {"name": "Forty", "discount_pct": 40, "text": "{discount}% off"}
    news = {"name": "News", "discount_pct": 0, "text": "First pick"}
    for offer in (forty, news):
        slugs = await audience(
            session, offer["name"], recommended_offers=[offer], max_discount_pct=60, margin_floor_pct=0
        )
        campaign = await add_campaign(session, slugs, name=offer["name"])
        result = await generate_actions(session, SYSTEM, campaign)
        made = {row.offer for row in await of_campaign(session, campaign)}
        assert made <= offered
        if not made:
            assert (licence, result.by_reason) == ("MA", {"offer_unlawful": 3})
        offered = offered - made
    assert offered == set()


async def test_filters_and_pages(session: AsyncSession) -> None:
    for value in (10, 20, 30, 40, 50):
        await add_customer(session, value_at_risk=value)
    campaign = await add_campaign(session, await audience(session))
    await generate_actions(session, SYSTEM, campaign)
    seen: list[ActionRow] = []
    cursor = None
    while True:
        page = await list_actions(
            session, VIEWER, ListQuery({"campaign_id": str(campaign), "channel": "email"}, limit=2, cursor=cursor)
        )
        assert (page.total, page.total_is_exact) == (5, True)
        seen += page.items
        if (cursor := page.next_cursor) is None:
            break
    assert [row.priority_score for row in seen] == sorted((row.priority_score for row in seen), reverse=True)
    assert len({row.id for row in seen}) == 5
    high = await list_actions(
        session, VIEWER, ListQuery({"campaign_id": str(campaign), "min_priority": str(float(seen[1].priority_score))})
    )
    assert high.total < 10
    assert (await list_actions(session, VIEWER, ListQuery({"status": "pending,sent"}))).total == 0
    assert (
        await list_actions(session, VIEWER, ListQuery({"day": str(seen[0].scheduled_date), "segment": "everybody"}))
    ).total == 10
    for wrong in ({"status": "lost"}, {"channel": "fax"}, {"min_priority": "101"}, {"day": "Friday"}):
        with pytest.raises(Invalid):
            await list_actions(session, VIEWER, ListQuery(wrong))


async def test_a_reason_tells_what_is_believed_and_from_how_many(session: AsyncSession) -> None:
    """By e-mail this offer went to a thousand people, by text to nobody; another offer given by hand is assumed."""
    await add_customer(session)
    ten = {"name": "Favourite category", "discount_pct": 10, "text": "{discount}% off {category}"}
    news = {"name": "News", "discount_pct": 0, "text": "First pick"}
    campaign = await add_campaign(session, await audience(session, recommended_offers=[ten, news]))
    await generate_actions(session, SYSTEM, campaign)
    told = {row.channel: str(row.reason) for row in await of_campaign(session, campaign)}
    assert told["email"].endswith("% with it: +41.0 buyers of a hundred, learned from 1,000 messages.")
    assert told["sms"].endswith("% with it: +40.0 buyers of a hundred, learned from other messages.")
    (mail,) = [row for row in await of_campaign(session, campaign) if row.channel == "email"]
    await swap_offer(session, MARKETER, mail.id, "News")
    assert str((await get_action(session, VIEWER, mail.id)).reason).endswith(
        "% with it: +21.0 buyers of a hundred, learned from other messages."
    )
    await swap_offer(session, MARKETER, mail.id, "Favourite category")
    assert str((await get_action(session, VIEWER, mail.id)).reason).endswith("learned from 1,000 messages.")


async def test_edits_meet_the_same_constraints(session: AsyncSession) -> None:
    await add_customer(session)
    await add_customer(session)
    slugs = await audience(session, max_discount_pct=12)
    campaign = await add_campaign(session, slugs, constraints={"email_capacity_per_day": 1})
    await generate_actions(session, SYSTEM, campaign)
    first, second = [row for row in await of_campaign(session, campaign) if row.channel == "email"]
    monday, tuesday = first.scheduled_date, first.scheduled_date + timedelta(days=1)

    with pytest.raises(Forbidden):
        await move_action(session, VIEWER, first.id, monday)
    await move_action(session, MARKETER, first.id, monday)
    assert (await get_action(session, VIEWER, first.id)).status is ActionStatus.PENDING
    with pytest.raises(Conflict, match="all 1 messages by email are used"):
        await move_action(session, MARKETER, second.id, monday)
    await move_action(session, MARKETER, second.id, tuesday)
    sms = next(row for row in await of_campaign(session, campaign) if row.channel == "sms")
    with pytest.raises(Conflict, match="may send each customer 1"):
        await move_action(session, MARKETER, sms.id, tuesday)
    with pytest.raises(Invalid):
        await move_action(session, MARKETER, first.id, monday - timedelta(days=1))
    with pytest.raises(NotFound):
        await move_action(session, MARKETER, uuid7(), monday)

    with pytest.raises(Invalid, match="at most 12"):
        await change_offer(session, MARKETER, first.id, offer="{discount}% off gin", discount_pct=13)
    await change_offer(session, MARKETER, first.id, offer="{discount}% off {category}", discount_pct=Decimal("5"))
    changed = await get_action(session, VIEWER, first.id)
    assert changed.offer == "5% off domestic wine"
    assert changed.expected_profit > first.expected_profit
    assert changed.margin_points > first.margin_points
    assert str(changed.reason).endswith(
        "The usual basket leaves $4.60 after 5% off."
        " 4.1% likely to buy within 7 days without the message, 45.1% with it: +41.0 buyers of a hundred, learned"
        " from other messages."
    )

    await skip_action(session, MARKETER, first.id)
    with pytest.raises(Conflict):
        await change_offer(session, MARKETER, first.id, offer="x", discount_pct=0)
    await session.execute(text("UPDATE campaigns SET status = 'scheduled'"))
    with pytest.raises(Conflict, match="back to review"):
        await skip_action(session, MARKETER, second.id)


async def test_bad_campaigns_are_refused_by_name(session: AsyncSession) -> None:
    with pytest.raises(NotFound):
        await generate_actions(session, SYSTEM, uuid7())
    with pytest.raises(Forbidden):
        await generate_actions(session, VIEWER, uuid7())
    unknown = await add_campaign(session, ["nobody"])
    with pytest.raises(Invalid, match="nobody"):
        await generate_actions(session, SYSTEM, unknown)
    slugs = await audience(session)
    wrong = await add_campaign(session, slugs, constraints={"margin_pct": 400})
    with pytest.raises(Invalid) as refused:
        await generate_actions(session, SYSTEM, wrong)
    assert refused.value.field == "constraints.margin_pct"
    past = now().date() - timedelta(days=9)
    over = await add_campaign(session, slugs, start_date=past, end_date=past)
    with pytest.raises(Conflict, match="has passed"):
        await generate_actions(session, SYSTEM, over)
