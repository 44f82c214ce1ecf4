"""Cells that a marketer pinned or forbade: what the next plan does, what it says, and that the log stays exact."""

from __future__ import annotations

from collections import Counter
from decimal import Decimal
from typing import Any
from uuid import UUID

import pytest
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

from liquor_app.accounts.models import Role
from liquor_app.accounts.permissions import SYSTEM, Actor, ActorKind
from liquor_app.actions.offering.cell_rules import RuleEffect, add_rule, list_rules, undo_rule
from liquor_app.core.errors import Conflict, Forbidden, Invalid, NotFound
from liquor_app.organization.settings import PlanningSettings, save_settings
from liquor_app.planning.draft_plan import make_plan
from liquor_app.segments.service import create_segment, refresh_segments
from tests.people import add_campaign, add_customer, believe, ensure_shop, steady_ids

VIEWER = Actor(ActorKind.USER, None, "Vi", Role.USER)
DANA = Actor(ActorKind.USER, None, "Dana", Role.MANAGER)
PLAIN, TEN = "A word from the shop", "Favourite category"


async def shop(session: AsyncSession, people: int = 300) -> UUID:
    """A campaign by e-mail and SMS whose planner would give everybody the ten per cent by e-mail."""
    await ensure_shop(session)
    await save_settings(session, SYSTEM, PlanningSettings, {"explore_pct": 20})
    for one in steady_ids(people):
        await add_customer(session, id=one)
    await believe(session)
    await create_segment(session, SYSTEM, {"name": "All", "rules": {"all": []}, "optimal_channels": ["email", "sms"]})
    await refresh_segments(session, SYSTEM)
    (campaign,) = steady_ids(1, "campaign")
    limits = {"email_capacity_per_day": 500, "sms_capacity_per_day": 500}
    await add_campaign(session, ["all"], id=campaign, holdout_pct=Decimal(10), constraints=limits)
    return campaign


async def planned(session: AsyncSession, campaign: UUID) -> list[Any]:
    await make_plan(session, SYSTEM, campaign)
    found = await session.execute(
        text(
            "SELECT arm, propensity, channel, offer_terms ->> 'name' AS offer, reason, decision -> 'options' AS options"
            " FROM actions WHERE campaign_id = :id AND arm IS NOT NULL"
        ),
        {"id": campaign},
    )
    return list(found.all())


async def rule(session: AsyncSession, effect: RuleEffect, offer: str, channel: str = "email", due: str = "") -> UUID:
    made = await add_rule(
        session, DANA, effect=effect, segment="all", offer=offer, channel=channel, due=due, reason="As promised"
    )
    return made.id


async def test_a_pinned_cell_is_all_its_people_get_and_nothing_is_left_to_chance(session: AsyncSession) -> None:
    campaign = await shop(session)
    before = await planned(session, campaign)
    assert {(row.offer, row.channel) for row in before if row.arm == "agent"} == {(TEN, "email")}
    assert len({(row.offer, row.channel) for row in before if row.arm == "random"}) == 4

    pinned = await rule(session, RuleEffect.PIN, PLAIN, "sms")
    rows = await planned(session, campaign)
    assert {(row.offer, row.channel) for row in rows} == {(PLAIN, "sms")}
    assert Counter(row.arm for row in rows).keys() == {"fixed", "holdout"}
    assert {row.arm: row.propensity for row in rows} == pytest.approx({"fixed": 0.9, "holdout": 0.1})
    assert all("Pinned by Dana: “As promised”." in row.reason for row in rows)
    assert {sum(len(option["answers"]) for option in row.options) for row in rows} == {1}
    plan = (await session.execute(text("SELECT reasoning FROM plans ORDER BY version DESC LIMIT 1"))).scalar_one()
    told = [one["text"] for one in plan if "decided by a marketer" in one["title"]]
    assert told == [f"Pinned: {PLAIN} by SMS to All (Dana: “As promised”)."]

    await undo_rule(session, DANA, pinned)
    after = await planned(session, campaign)
    key = ("arm", "offer", "channel", "propensity")
    assert Counter(tuple(getattr(row, name) for name in key) for row in after) == Counter(
        tuple(getattr(row, name) for name in key) for row in before
    ), "undone, the plan is as it was"


async def test_a_forbidden_cell_is_given_to_nobody_and_the_chances_are_of_the_rest(session: AsyncSession) -> None:
    campaign = await shop(session)
    await rule(session, RuleEffect.FORBID, TEN)
    rows = await planned(session, campaign)
    assert (TEN, "email") not in {(row.offer, row.channel) for row in rows}
    drawn = Counter((row.offer, row.channel) for row in rows if row.arm == "random")
    assert len(drawn) == 3
    own = {(row.offer, row.channel) for row in rows if row.arm == "agent"}
    assert own == {(TEN, "sms")}
    for row in rows:
        by_agent = 0.7 if (row.offer, row.channel) in own and row.arm != "holdout" else 0.0
        assert row.propensity == pytest.approx(0.1 if row.arm == "holdout" else by_agent + 0.2 / 3)


@pytest.mark.parametrize(
    ("effect", "offer", "channel"), [(RuleEffect.PIN, PLAIN, "sms"), (RuleEffect.FORBID, TEN, "email")]
)
async def test_a_plan_says_no_rule_that_came_while_it_was_made(
    session: AsyncSession, effect: RuleEffect, offer: str, channel: str
) -> None:
    """A rule made between the proposals and the plan was told as one it went by."""
    campaign = await shop(session, 20)
    await planned(session, campaign)
    made = await rule(session, effect, offer, channel)
    # as if the proposals had been read a moment before: they are not made anew
    await session.execute(
        text("UPDATE cell_rules SET created_at = (SELECT min(created_at) FROM actions) WHERE id = :id"), {"id": made}
    )
    assert {(row.offer, row.channel) for row in await planned(session, campaign) if row.arm == "agent"} == {
        (TEN, "email")
    }
    plan = (await session.execute(text("SELECT reasoning FROM plans ORDER BY version DESC LIMIT 1"))).scalar_one()
    assert not [one["text"] for one in plan if "decided by a marketer" in one["title"]]


async def test_where_everything_is_forbidden_nobody_is_written_to_and_it_says_why(session: AsyncSession) -> None:
    campaign = await shop(session, 5)
    for offer in (PLAIN, TEN):
        for channel in ("email", "sms"):
            await rule(session, RuleEffect.FORBID, offer, channel)
    assert await planned(session, campaign) == []
    found = await session.execute(text("SELECT DISTINCT reason, detail FROM exclusions"))
    assert [tuple(row) for row in found] == [
        ("forbidden_by_marketer", "A marketer forbade every offer of “All” that would suit.")
    ]


async def test_a_rule_of_one_due_state_leaves_the_others_alone(session: AsyncSession) -> None:
    campaign = await shop(session, 20)
    await rule(session, RuleEffect.PIN, PLAIN, due="overdue")
    rows = await planned(session, campaign)
    assert {row.offer for row in rows} == {TEN}, "nobody here has a rhythm"
    await rule(session, RuleEffect.PIN, PLAIN, due="no_rhythm")
    assert {row.offer for row in await planned(session, campaign)} == {PLAIN}


async def test_who_may_and_what_is_refused(session: AsyncSession) -> None:
    await shop(session, 1)
    cell = {"segment": "all", "offer": TEN, "channel": "email", "reason": "why"}
    with pytest.raises(Forbidden):
        await add_rule(session, VIEWER, effect=RuleEffect.PIN, **cell)
    for field, wrong in (
        ("segment", "none"), ("offer", "Ten, 10% off"), ("channel", "fax"), ("due", "soon"), ("reason", "  "),
        ("reason", "x" * 301),
    ):  # fmt: skip
        with pytest.raises(Invalid) as error:
            await add_rule(session, DANA, effect=RuleEffect.PIN, **{**cell, field: wrong})
        assert error.value.field == field
    made = await add_rule(session, DANA, effect=RuleEffect.PIN, **cell)
    for effect, again in (
        (RuleEffect.PIN, cell), (RuleEffect.FORBID, {**cell, "due": "overdue"}),
        (RuleEffect.PIN, {**cell, "offer": PLAIN, "channel": "sms"}),
    ):  # fmt: skip
        with pytest.raises(Conflict):
            await add_rule(session, DANA, effect=effect, **again)
    assert [(one.id, one.author, one.why) for one in await list_rules(session, VIEWER)] == [(made.id, "Dana", "why")]
    with pytest.raises(Forbidden):
        await undo_rule(session, VIEWER, made.id)
    await undo_rule(session, DANA, made.id)
    with pytest.raises(NotFound):
        await undo_rule(session, DANA, made.id)
    assert await list_rules(session, VIEWER) == []
    audited = await session.execute(text("SELECT action FROM audit_log WHERE action LIKE 'cell.%' ORDER BY at, id"))
    assert list(audited.scalars()) == ["cell.pin", "cell.undone"]
