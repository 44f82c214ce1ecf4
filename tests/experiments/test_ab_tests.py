"""An A/B test from its definition to its final read: what is drawn, what leaves, what is summed, what the rest gets."""

from __future__ import annotations

from collections import Counter
from datetime import date, timedelta
from typing import Any
from uuid import UUID

import pytest
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

from liquor_app.accounts.models import Role
from liquor_app.accounts.permissions import SYSTEM, Actor, ActorKind
from liquor_app.core.clock import now
from liquor_app.core.db import transaction
from liquor_app.core.errors import Conflict, Forbidden, Invalid, NotFound
from liquor_app.core.ids import uuid7
from liquor_app.experiments.ab_tests.ab_store import yet_to_judge
from liquor_app.experiments.ab_tests.approval_words import words_of_test
from liquor_app.experiments.ab_tests.judge_tests import ab_result, judge_test
from liquor_app.experiments.ab_tests.lists import list_ab_tests
from liquor_app.experiments.ab_tests.models import AbStatus, AbTopic, Measure
from liquor_app.experiments.ab_tests.read_variants import people_in, read_variants
from liquor_app.experiments.ab_tests.service import (
    AbAsked,
    check_ab_test,
    choose_ab_winner,
    define_ab_test,
    get_ab_test,
    note_learned,
    remove_ab_test,
    stop_ab_test,
)
from liquor_app.organization.guidance import save_guidance
from liquor_app.organization.models import Channel
from liquor_app.organization.settings import shop_today
from liquor_app.planning.plan_store import fingerprint_of
from liquor_app.sending.pipeline.dispatch import Dispatcher
from liquor_app.sending.pipeline.launch import launch_campaign
from liquor_app.ui.words import plural
from tests.factories import ALL_DAY, add_people, add_ready_campaign, noon_zone, open_shop

SUBJECT = "The {{ offer.category }} you like, {{ offer.ends }} at the latest"
PLANNED = "Marguerite, we kept your craft beer cold"


def asked(**fields: Any) -> AbAsked:
    given = {
        "name": "Does the last day help?", "topic": AbTopic.SUBJECT, "channel": Channel.EMAIL,
        "measure": Measure.CLICKED, "given": [SUBJECT], "hypothesis": "A date hurries.", **fields,
    }  # fmt: skip
    return AbAsked(**given)


async def draft(session: AsyncSession, people: int, **columns: Any) -> tuple[UUID, list[UUID]]:
    """A campaign not yet approved, of people where it is noon."""
    await open_shop(session)
    ids = await add_people(session, people, timezone=noon_zone())
    return await add_ready_campaign(session, ids, window=ALL_DAY, status="draft", **columns), ids


async def approve(session: AsyncSession, campaign: UUID) -> None:
    await session.execute(text("UPDATE campaigns SET status = 'active' WHERE id = :id"), {"id": campaign})


async def sends(session: AsyncSession, campaign: UUID) -> list[Any]:
    found = await session.execute(text("SELECT * FROM sends WHERE campaign_id = :id ORDER BY id"), {"id": campaign})
    return list(found.all())


async def test_each_gets_the_words_of_their_variant(database: str) -> None:
    """Drawn at launch, once however often; what leaves is the variant's subject, filled in as any other."""
    async with transaction() as session:
        campaign, _ = await draft(session, 40)
        await define_ab_test(session, SYSTEM, campaign, asked(given=[SUBJECT, "We have {{ offer.text }} for you"]))
        await approve(session, campaign)
        await launch_campaign(session, SYSTEM, campaign)
        await launch_campaign(session, SYSTEM, campaign)
    await Dispatcher().pump_once()
    async with transaction() as session:
        rows = await sends(session, campaign)
    counted = Counter(row.variant for row in rows)
    assert sum(counted.values()) == 40
    assert set(counted) == {"A", "B", "C"}
    assert min(counted.values()) >= 5
    said = {key: {row.subject for row in rows if row.variant == key} for key in "ABC"}
    assert said["A"] == {PLANNED}
    assert said["C"] == {"We have 10% off craft beer for you"}
    (b,) = said["B"]
    assert b.startswith("The Craft beer you like, ") or b.startswith("The craft beer you like, ")
    assert all(row.status == "sent" for row in rows)


async def test_words_and_hours(database: str) -> None:
    """A test of words changes what the message says; one of hours when it may leave."""
    async with transaction() as session:
        campaign, _ = await draft(session, 20)
        await define_ab_test(
            session, SYSTEM, campaign, asked(topic=AbTopic.WORDS, given=["Come by: {{ offer.text }}, quite simply."])
        )
        await approve(session, campaign)
        await launch_campaign(session, SYSTEM, campaign)
        later, _ = await draft(session, 20, start=date(2027, 2, 1))
        await define_ab_test(session, SYSTEM, later, asked(topic=AbTopic.HOUR, given=["19"]))
        await approve(session, later)
        await launch_campaign(session, SYSTEM, later)
    await Dispatcher().pump_once()
    async with transaction() as session:
        rows, waiting = await sends(session, campaign), await sends(session, later)
        bodies = await session.execute(text("SELECT recipient, body_text FROM outbox_messages"))
        said = {row.recipient: row.body_text for row in bodies}
    assert {"quite simply" in said[row.recipient] for row in rows if row.variant == "B"} == {True}
    assert {"quite simply" in said[row.recipient] for row in rows if row.variant == "A"} == {False}
    hours = {(row.variant, row.not_before.astimezone(_zone()).hour) for row in waiting}
    assert hours == {("A", 9), ("B", 19)}


def _zone() -> Any:
    from zoneinfo import ZoneInfo

    return ZoneInfo(noon_zone())


async def test_whom_no_test_touches(session: AsyncSession) -> None:
    """Words of somebody's own, the other channel, and whose turn is on the day of the decision or later."""
    campaign, people = await draft(session, 30)
    start = (await get_dates(session, campaign))[0]
    await session.execute(
        text('UPDATE actions SET offer_terms = offer_terms || \'{"edited_by": "Ann"}\' WHERE customer_id = :id'),
        {"id": people[0]},
    )
    await session.execute(
        text("UPDATE actions SET scheduled_date = scheduled_date + 3 WHERE customer_id = ANY(:ids)"),
        {"ids": people[20:]},
    )
    await define_ab_test(session, SYSTEM, campaign, asked(decide_on=start + timedelta(days=2)))
    await approve(session, campaign)
    await launch_campaign(session, SYSTEM, campaign)
    drawn = {row.customer_id: row.variant for row in await sends(session, campaign)}
    assert drawn[people[0]] is None
    assert {drawn[one] for one in people[20:]} == {None}
    assert {drawn[one] for one in people[1:20]} == {"A", "B"}


async def get_dates(session: AsyncSession, campaign: UUID) -> tuple[date, date]:
    row = (
        await session.execute(text("SELECT start_date, end_date FROM campaigns WHERE id = :id"), {"id": campaign})
    ).one()
    return row.start_date, row.end_date


async def test_the_rest_gets_what_has_won(database: str) -> None:
    """On the day that was set the clock decides by what was measured; who waits then gets the winner, and is no part of
    what was compared."""
    async with transaction() as session:
        campaign, people = await draft(session, 640)
        start, _ = await get_dates(session, campaign)
        today = await shop_today(session)
        await session.execute(
            text("UPDATE actions SET scheduled_date = scheduled_date + 1 WHERE customer_id = ANY(:ids)"),
            {"ids": people[600:]},
        )
        await define_ab_test(session, SYSTEM, campaign, asked(decide_on=start + timedelta(days=1)))
        await approve(session, campaign)
        await launch_campaign(session, SYSTEM, campaign)
    while await Dispatcher().pump_once():
        pass
    async with transaction() as session:
        await _reached(session, campaign)
        await session.execute(
            text("UPDATE sends SET clicked_at = now() WHERE campaign_id = :id AND variant = 'B'"), {"id": campaign}
        )
        assert await yet_to_judge(session, limit=10) == [campaign]
        assert not await judge_test(session, campaign)  # its day has not come
        await session.execute(text("UPDATE ab_tests SET decide_on = :day"), {"day": today})
        assert await judge_test(session, campaign)
        assert not await judge_test(session, campaign)
        test = await get_ab_test(session, SYSTEM, campaign)
        assert test is not None
        assert test.status is AbStatus.DECIDED
        assert test.winner == "B"
        assert test.why.startswith("It is proved: clicks 100.0% a person")
        notices = await session.execute(text("SELECT title FROM notifications"))
        assert "“Does the last day help?”: the rest gets variant B" in set(notices.scalars())
        before = {row.id: row.variant for row in await sends(session, campaign)}
        await session.execute(text("UPDATE sends SET not_before = now() WHERE status = 'pending'"))
    await Dispatcher().pump_once()
    async with transaction() as session:
        rest = [row for row in await sends(session, campaign) if row.customer_id in people[600:]]
        assert {row.id: row.variant for row in await sends(session, campaign)} == before
    assert {row.variant for row in rest} == {None}
    assert {row.status for row in rest} == {"sent"}
    assert {row.subject[:8] for row in rest} == {"The Craf"} or {row.subject[:8] for row in rest} == {"The craf"}


async def _reached(session: AsyncSession, campaign: UUID) -> None:
    """As if a provider that delivers had sent them."""
    await session.execute(
        text("UPDATE sends SET provider = 'mailgun' WHERE campaign_id = :id AND status = 'sent'"), {"id": campaign}
    )


async def test_figures_are_those_of_the_raw_rows(session: AsyncSession) -> None:
    """Summed anew by hand: people, clicks, buyers, revenue and profit of each variant's own week; the sandbox's, what
    was cancelled and what still waits are not in it."""
    campaign, people = await draft(session, 24)
    await define_ab_test(session, SYSTEM, campaign, asked(measure=Measure.PROFIT))
    await approve(session, campaign)
    await launch_campaign(session, SYSTEM, campaign)
    rows = await sends(session, campaign)
    at = now() - timedelta(days=8)
    expected: dict[str, list[float]] = {"A": [], "B": []}
    clicked: Counter[str] = Counter()
    for number, row in enumerate(rows):
        status = "pending" if number == 0 else "cancelled" if number == 1 else "sent"
        provider = "sandbox" if number == 2 else "mailgun"
        await session.execute(
            text(
                "UPDATE sends SET status = :status, provider = :provider, contact_at = :at, sent_at = :at,"
                " clicked_at = :clicked WHERE id = :id"
            ),
            {
                "status": status,
                "provider": provider,
                "at": at,
                "id": row.id,
                "clicked": at if number % 5 == 0 else None,
            },
        )
        left = 0.0
        for day, total in ((1, 20 + number), (9, 500), (-1, 300)):
            if number % 3 == 0 and number:
                await session.execute(
                    text(
                        "INSERT INTO purchases (id, customer_id, occurred_at, total, alcohol_total, discount, source)"
                        " VALUES (uuid_v7(), :customer, :at, :total, :total, 0, 'pos')"
                    ),
                    {"customer": row.customer_id, "at": at + timedelta(days=day), "total": total},
                )
                left += total * 0.25 if day == 1 else 0
        if number > 2:
            expected[row.variant].append(left - 0.001)
            clicked[row.variant] += number % 5 == 0
    costs = (await session.execute(text("SELECT key, value FROM settings"))).all()
    told = {row.key: row.value for row in costs}
    margin, cost = _terms(told)
    found = await read_variants(session, campaign, ["A", "B"], Measure.PROFIT)
    assert len(people) == 24
    for one in found:
        mine = [(value + 0.001) / 0.25 * margin - cost for value in expected[one.key]]
        assert (one.people, one.clicked) == (len(mine), clicked[one.key])
        assert one.bought == sum(value > 0 for value in mine)
        assert one.profit == pytest.approx(sum(mine))
        assert one.profit_square == pytest.approx(sum(value**2 for value in mine))
    # their week is over, so the one final read has them all; as of a day before it was, none
    today = await shop_today(session)
    final = await read_variants(session, campaign, ["A", "B"], Measure.PROFIT, read_on=today)
    assert [one.people for one in final] == [one.people for one in found]
    early = await read_variants(session, campaign, ["A", "B"], Measure.PROFIT, read_on=today - timedelta(days=4))
    assert [one.people for one in early] == [0, 0]


def _terms(settings: dict[str, Any]) -> tuple[float, float]:
    from liquor_app.organization.settings import PlanningSettings

    planning = PlanningSettings()
    return float(planning.margin_pct) / 100, float(planning.email_cost)


async def test_what_was_stopped_in_a_played_week_is_nobody(session: AsyncSession) -> None:
    """Its messages reach nobody, so whose message was stopped on the way is in no variant either."""
    campaign, _ = await draft(session, 24)
    await define_ab_test(session, SYSTEM, campaign, asked())
    await approve(session, campaign)
    await launch_campaign(session, SYSTEM, campaign)
    await session.execute(text("UPDATE sends SET status = 'skipped', skip_reason = 'customer_deleted'"))
    assert sum(one.people for one in await read_variants(session, campaign, ["A", "B"], Measure.BOUGHT)) == 24
    await session.execute(text("UPDATE campaigns SET virtual_now = now()"))
    assert sum(one.people for one in await read_variants(session, campaign, ["A", "B"], Measure.BOUGHT)) == 0


async def test_harm_ends_a_variant(session: AsyncSession) -> None:
    """Who complains about B more than chance has it: what of B has not left gets what was planned; A and C go on."""
    campaign, _ = await draft(session, 900)
    await define_ab_test(session, SYSTEM, campaign, asked(given=[SUBJECT, "Only a word"]))
    await approve(session, campaign)
    await launch_campaign(session, SYSTEM, campaign)
    rows = await sends(session, campaign)
    waits = [row.id for row in rows if row.variant == "B"][:3]
    await session.execute(
        text("UPDATE sends SET status = 'sent', provider = 'mailgun', contact_at = now() WHERE NOT id = ANY(:ids)"),
        {"ids": waits},
    )
    await session.execute(text("UPDATE sends SET complained_at = now() WHERE variant = 'B' AND status = 'sent'"))
    assert not await judge_test(session, campaign)
    test = await get_ab_test(session, SYSTEM, campaign)
    assert test is not None
    assert test.harmful == ("B",)
    assert test.status is AbStatus.OPEN
    assert {row.variant for row in await sends(session, campaign) if row.id in waits} == {None}
    assert (await ab_result(session, SYSTEM, campaign)).judged.leader != "B"
    with pytest.raises(Conflict, match="Variant B was ended for the harm it did"):
        await choose_ab_winner(session, SYSTEM, campaign, "B")
    await judge_test(session, campaign)  # told once
    titles = list((await session.execute(text("SELECT title FROM notifications"))).scalars())
    assert titles.count("Variant B of “Does the last day help?” was ended") == 1


async def test_the_final_read_is_kept_once(session: AsyncSession) -> None:
    """Read when its day comes, and not again whatever is learned later."""
    campaign, _ = await draft(session, 200)
    await define_ab_test(session, SYSTEM, campaign, asked())
    await approve(session, campaign)
    await launch_campaign(session, SYSTEM, campaign)
    await session.execute(
        text("UPDATE sends SET status = 'sent', provider = 'mailgun', contact_at = now() - interval '20 days'")
    )
    await session.execute(
        text("UPDATE campaigns SET start_date = start_date - 30, end_date = end_date - 20 WHERE id = :id"),
        {"id": campaign},
    )
    await session.execute(
        text(
            "UPDATE sends SET clicked_at = now() - interval '19 days' WHERE variant = 'B'"
            " AND hashtext(CAST(id AS text)) > 0"
        )
    )
    await judge_test(session, campaign)
    kept = (await ab_result(session, SYSTEM, campaign)).final
    assert set(kept) == {"B"}
    assert kept["B"][0] > 0
    await session.execute(text("UPDATE sends SET clicked_at = NULL"))
    assert not await judge_test(session, campaign)
    assert (await ab_result(session, SYSTEM, campaign)).final == kept
    assert await yet_to_judge(session, limit=10) == []


async def test_by_hand(session: AsyncSession) -> None:
    """A marketer picks the winner, or stops it; once, and only what has begun."""
    campaign, _ = await draft(session, 10)
    await session.execute(text("UPDATE campaigns SET started_at = NULL"))
    await define_ab_test(session, SYSTEM, campaign, asked())
    with pytest.raises(Conflict, match="has not begun"):
        await choose_ab_winner(session, SYSTEM, campaign, "B")
    await approve(session, campaign)
    await session.execute(text("UPDATE campaigns SET started_at = now()"))
    await launch_campaign(session, SYSTEM, campaign)
    with pytest.raises(Invalid, match="no variant Z"):
        await choose_ab_winner(session, SYSTEM, campaign, "Z")
    row = await choose_ab_winner(session, SYSTEM, campaign, "B")
    assert (row.status, row.winner, row.why) == (AbStatus.DECIDED, "B", "system chose it.")
    assert {one.variant for one in await sends(session, campaign)} == {None}
    with pytest.raises(Conflict):
        await choose_ab_winner(session, SYSTEM, campaign, "A")
    with pytest.raises(Conflict):
        await stop_ab_test(session, SYSTEM, campaign)
    noted = await note_learned(session, SYSTEM, campaign, "Dates do hurry people.")
    assert noted.learned == "Dates do hurry people."
    page = await list_ab_tests(session, SYSTEM)
    assert [(one.name, one.learned) for one in page.items] == [("Does the last day help?", "Dates do hurry people.")]


async def test_stopped_goes_on_as_planned(database: str) -> None:
    async with transaction() as session:
        campaign, _ = await draft(session, 12)
        await define_ab_test(session, SYSTEM, campaign, asked())
        await approve(session, campaign)
        await launch_campaign(session, SYSTEM, campaign)
        await stop_ab_test(session, SYSTEM, campaign)
    await Dispatcher().pump_once()
    async with transaction() as session:
        assert {(row.variant, row.subject) for row in await sends(session, campaign)} == {(None, PLANNED)}


async def test_defined_while_nothing_is_approved(session: AsyncSession) -> None:
    """Changed and taken off until then, by marketers alone; what is wrong is told by its field, and nothing is half
    written. What is approved is the test as it was looked at."""
    campaign, _ = await draft(session, 4)
    viewer = Actor(ActorKind.USER, uuid7(), "Vera", Role.USER)
    with pytest.raises(Forbidden):
        await define_ab_test(session, viewer, campaign, asked())
    with pytest.raises(NotFound):
        await define_ab_test(session, SYSTEM, uuid7(), asked())
    start, end = await get_dates(session, campaign)
    for wrong, field in (
        (asked(name=" "), "name"), (asked(name="x" * 121), "name"), (asked(hypothesis="x" * 401), "hypothesis"),
        (asked(name="a\x00b"), "name"), (asked(decide_on=start), "decide_on"), (asked(given=["x" * 5000]), "variant_b"),
        (asked(decide_on=end + timedelta(days=1)), "decide_on"),
        (asked(topic=AbTopic.HOUR, given=["17"], decide_on=end), "decide_on"),
    ):  # fmt: skip
        with pytest.raises(Invalid) as refused:
            await define_ab_test(session, SYSTEM, campaign, wrong)
        assert refused.value.field == field
    assert await get_ab_test(session, SYSTEM, campaign) is None
    bare = await fingerprint_of(session, campaign)
    first = await define_ab_test(session, SYSTEM, campaign, asked())
    seen = await fingerprint_of(session, campaign)
    changed = await define_ab_test(session, SYSTEM, campaign, asked(given=["Another"]))
    assert changed.id == first.id
    assert changed.variants[1].subject == "Another"
    again = await define_ab_test(session, SYSTEM, campaign, asked(given=["Another"], measure=Measure.BOUGHT))
    assert again.measure is Measure.BOUGHT
    other = await fingerprint_of(session, campaign)
    await define_ab_test(session, SYSTEM, campaign, asked(given=["Another"]))
    assert len({bare, seen, other, await fingerprint_of(session, campaign)}) == 4
    people = await people_in(session, campaign, "email", None, AbTopic.SUBJECT)
    assert await words_of_test(session, campaign) == (
        "A/B test “Does the last day help?”, subject line by E-mail: A as planned, B “Another”."
        f" {plural(people, 'person is', 'people are')} in it: about {people // 2} in each variant. Won by clicks."
    )
    await define_ab_test(session, SYSTEM, campaign, asked(given=["Until Sunday: {{ offer.text }}"]))
    told = await words_of_test(session, campaign)
    assert "{{" not in told, "the approver was shown a template's own language"
    planned = await session.execute(
        text("SELECT offer FROM actions WHERE campaign_id = :id AND status = 'pending'"), {"id": campaign}
    )
    assert any(f"B “Until Sunday: {offer}”" in told for offer in planned.scalars())
    assert "as the first of the plan would read them" in told
    await remove_ab_test(session, SYSTEM, campaign)
    with pytest.raises(NotFound):
        await remove_ab_test(session, SYSTEM, campaign)
    await define_ab_test(session, SYSTEM, campaign, asked())
    await session.execute(text("UPDATE campaigns SET status = 'scheduled' WHERE id = :id"), {"id": campaign})
    for verb in (define_ab_test(session, SYSTEM, campaign, asked()), remove_ab_test(session, SYSTEM, campaign)):
        with pytest.raises(Conflict, match="send it back"):
            await verb
    audited = await session.execute(text("SELECT action FROM audit_log WHERE action LIKE 'ab_test.%' ORDER BY id"))
    assert list(audited.scalars()) == [*(["ab_test.defined"] * 5), "ab_test.removed", "ab_test.defined"]


async def test_guidance_given_since_is_asked_at_approval(session: AsyncSession) -> None:
    campaign, _ = await draft(session, 2)
    await define_ab_test(session, SYSTEM, campaign, asked(given=["A cheap evening"]))
    await check_ab_test(session, campaign, None)
    await save_guidance(session, SYSTEM, {"banned_other": ["cheap"]})
    with pytest.raises(Conflict, match="variant B may not be used any more"):
        await check_ab_test(session, campaign, None)
