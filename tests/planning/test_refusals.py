"""Whatever approving refuses, the outlook tells beforehand: one list, so the two cannot part."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from decimal import Decimal
from uuid import UUID

import pytest
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

from liquor_app.accounts.permissions import SYSTEM
from liquor_app.actions.offering.cell_rules import RuleEffect, undo_rule
from liquor_app.core.errors import AppError
from liquor_app.experiments.ab_tests.models import AbTopic, Measure
from liquor_app.experiments.ab_tests.service import AbAsked, define_ab_test
from liquor_app.organization.guidance import save_guidance
from liquor_app.organization.models import Channel
from liquor_app.planning.approval import approval_refusals
from liquor_app.planning.approval.approval_outlook import Concern, read_outlook
from liquor_app.planning.approval.approval_refusals import REFUSALS
from liquor_app.planning.approval.approve_campaign import approve_campaign, submit_plan
from liquor_app.planning.service import make_plan
from liquor_app.templates.service import update_template
from tests.factories import approve_seen
from tests.kept_rows import shipped_templates
from tests.people import add_campaign, steady_ids
from tests.planning.test_cell_rules import DANA, PLAIN, TEN, rule, shop
from tests.planning.test_what_messages_are_made_from import ADMIN, template

pytestmark = pytest.mark.integration
Plant = Callable[[AsyncSession, UUID], Awaitable[object]]
ROOM = {"email_capacity_per_day": 500, "sms_capacity_per_day": 500}


async def no_address(session: AsyncSession, campaign: UUID) -> None:
    await session.execute(text("UPDATE brands SET postal_address = ''"))


async def nothing_left(session: AsyncSession, campaign: UUID) -> None:
    await session.execute(
        text("UPDATE actions SET status = 'skipped', skip_reason = 'by_hand' WHERE status = 'pending'")
    )


async def another_first(session: AsyncSession, campaign: UUID) -> None:
    _, other = steady_ids(2, "campaign")
    await add_campaign(session, ["all"], id=other, holdout_pct=Decimal(0), constraints=ROOM)
    await make_plan(session, SYSTEM, other)
    await submit_plan(session, DANA, other)
    await approve_seen(session, DANA, other)
    await session.execute(text("UPDATE plans SET created_at = created_at - interval '1 hour' WHERE campaign_id = :id"),
                          {"id": campaign})  # fmt: skip
    await session.execute(
        text("UPDATE actions a SET scheduled_date = b.scheduled_date FROM actions b WHERE a.campaign_id = :id"
             " AND b.campaign_id = :other AND b.customer_id = a.customer_id AND b.status = 'pending'"),
        {"id": campaign, "other": other},
    )  # fmt: skip


async def guidance(session: AsyncSession, campaign: UUID) -> None:
    await save_guidance(session, SYSTEM, {"max_discount_pct": 5})


async def forbidden(session: AsyncSession, campaign: UUID) -> None:
    await rule(session, RuleEffect.FORBID, TEN)


async def no_licence(session: AsyncSession, campaign: UUID) -> None:
    await session.execute(text("UPDATE brands SET licence_state = NULL"))


async def untrue(session: AsyncSession, campaign: UUID) -> None:
    await update_template(session, ADMIN, await template(session), {"subject_template": "Ends today"})


async def banned_variant(session: AsyncSession, campaign: UUID) -> None:
    asked = AbAsked("Words", AbTopic.SUBJECT, Channel.EMAIL, Measure.BOUGHT, ["Marvellous bottles"])
    await define_ab_test(session, DANA, campaign, asked)
    await save_guidance(session, SYSTEM, {"banned_other": ["marvellous"]})


async def too_many(session: AsyncSession, campaign: UUID) -> None:
    await save_guidance(session, SYSTEM, {"admin_above_recipients": 1})


PLANTS: dict[str, Plant] = {
    "_nobodys": no_address, "_empty": nothing_left, "_overtaken": another_first, "_unguided": guidance,
    "_forbidden": forbidden, "_unlawful": no_licence, "_untrue": untrue, "_ab_test": banned_variant,
    "_beyond": too_many,
}  # fmt: skip


def test_every_refusal_is_tried() -> None:
    assert list(PLANTS) == [check.__name__ for check in REFUSALS]


async def waiting(session: AsyncSession) -> UUID:
    campaign = await shop(session, 40)
    await shipped_templates(session)
    await make_plan(session, SYSTEM, campaign)
    await submit_plan(session, DANA, campaign)
    return campaign


async def refused(session: AsyncSession, campaign: UUID) -> tuple[list[str], str]:
    """What the outlook says is refused, and what approving says."""
    seen = await read_outlook(session, DANA, campaign)
    try:
        async with session.begin_nested() as trial:
            await approve_campaign(session, DANA, campaign, plan_id=seen.plan_id, fingerprint=seen.fingerprint)
            await trial.rollback()
        why = ""
    except AppError as error:
        why = error.message
    return [one.words for one in seen.warnings if one.concern is Concern.REFUSED], why


async def test_a_pin_younger_than_the_plan_is_not_passed_over(session: AsyncSession) -> None:
    """Whom something was pinned for after they were planned got something else: the plan was approved as it was."""
    campaign = await waiting(session)
    pinned = await rule(session, RuleEffect.PIN, PLAIN, "sms")
    held = await session.scalar(text("SELECT count(*) FROM actions WHERE status = 'pending'"))
    words = (
        f"Pinned: {PLAIN} by SMS to All (Dana: “As promised”). The plan holds {held} messages that were proposed"
        " before. Plan again, or take the rule back under Learning."
    )
    assert await refused(session, campaign) == ([words], words)
    await undo_rule(session, DANA, pinned)
    assert await refused(session, campaign) == ([], "")
    await rule(session, RuleEffect.PIN, PLAIN, "sms")
    await make_plan(session, SYSTEM, campaign)
    assert await refused(session, campaign) == ([], ""), "planned anew it goes by it"


@pytest.mark.parametrize(("due", "told"), [("overdue", []), ("no_rhythm", [True])])
async def test_a_pin_of_one_due_state_is_held_against_those_alone(
    session: AsyncSession, due: str, told: list[bool]
) -> None:
    campaign = await waiting(session)
    await rule(session, RuleEffect.PIN, PLAIN, due=due)
    seen, why = await refused(session, campaign)
    assert [bool(why)] * len(seen) == told


@pytest.mark.parametrize("name", PLANTS)
async def test_what_is_refused_is_told_beforehand(session: AsyncSession, name: str) -> None:
    """A rule that forbids the plan's messages was not: whoever had looked was refused all the same."""
    campaign = await waiting(session)
    assert await refused(session, campaign) == ([], "")
    await PLANTS[name](session, campaign)
    told, why = await refused(session, campaign)
    assert why, name
    assert told[:1] == [why]


async def test_everything_is_told_at_once(session: AsyncSession, monkeypatch: pytest.MonkeyPatch) -> None:
    campaign = await waiting(session)
    for plant in (no_address, forbidden, no_licence, untrue, too_many):
        await plant(session, campaign)
    told, why = await refused(session, campaign)
    assert len(told) == 5
    assert why == told[0]
    monkeypatch.setattr(approval_refusals, "REFUSALS", ())
    assert await refused(session, campaign) == ([], ""), "both ask this list and nothing else"


async def test_texts_without_a_sender_are_told(session: AsyncSession) -> None:
    campaign = await shop(session, 40)
    await shipped_templates(session)
    await rule(session, RuleEffect.PIN, PLAIN, "sms")
    await make_plan(session, SYSTEM, campaign)
    await submit_plan(session, DANA, campaign)
    await session.execute(text("UPDATE brands SET sms_sender = NULL"))
    told, why = await refused(session, campaign)
    assert told == [why]
    assert why.startswith("The plan has text messages, and the brand has no sender for them")


async def test_what_runs_already_is_refused_nothing(session: AsyncSession) -> None:
    campaign = await waiting(session)
    await approve_seen(session, DANA, campaign)
    await forbidden(session, campaign)
    seen = await read_outlook(session, DANA, campaign)
    assert all(one.concern is not Concern.REFUSED for one in seen.warnings)
