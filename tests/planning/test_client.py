"""The AI planner against a local server that speaks its protocol, well and badly."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import AsyncIterator
from datetime import date, timedelta
from decimal import Decimal
from typing import Any
from uuid import UUID

import numpy as np
import pytest
from pydantic import SecretStr
from sqlalchemy import text

from liquor_app.accounts.permissions import SYSTEM
from liquor_app.actions.lists import list_actions
from liquor_app.actions.models import ActionStatus
from liquor_app.actions.offers import Offer
from liquor_app.actions.service import ActionRow, skip_action
from liquor_app.campaigns.models import Engine
from liquor_app.campaigns.service import get_campaign
from liquor_app.core import config, queue
from liquor_app.core.config import Settings
from liquor_app.core.db import transaction
from liquor_app.core.errors import Conflict
from liquor_app.core.listing.spec import ListQuery
from liquor_app.core.models import JobStatus
from liquor_app.core.queue import Job, enqueue
from liquor_app.organization.guidance import Guidance, save_guidance
from liquor_app.planning.ai.client import consult
from liquor_app.planning.ai.prompt import Option, Question
from liquor_app.planning.lists import list_plans
from liquor_app.planning.models import PlanStatus
from liquor_app.planning.service import PlanRow, choose_plan, compare_plans, get_plan
from liquor_app.planning.tasks import TASKS
from liquor_app.segments.service import create_segment, refresh_segments
from tests.people import add_campaign, add_customer, believe, ensure_shop
from tests.planning.chat_server import ChatServer, Reply, answering, chat_server

PEOPLE = 40


@pytest.fixture
async def server(database: str, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[ChatServer]:
    async with chat_server() as held:
        monkeypatch.setenv("LIQUOR_OPENAI_BASE_URL", held.url)
        monkeypatch.setenv("LIQUOR_OPENAI_API_KEY", "test-key")
        monkeypatch.setenv("LIQUOR_OPENAI_TIMEOUT_SECONDS", "5")
        config.get_settings.cache_clear()
        yield held


@pytest.fixture
async def campaign(server: ChatServer) -> UUID:
    """Forty people in one segment with two offers, and a campaign that asks for the AI planner."""
    async with transaction() as session:
        await ensure_shop(session)
        for index in range(PEOPLE):
            await add_customer(
                session,
                name=f"Quentin Example{index}",
                value_at_risk=20 + index,
                response_likelihood=0.05 + index % 7 / 50,
            )
        offers = [
            {"name": "Ten off", "discount_pct": 10, "text": "{discount}% off {category}"},
            {"name": "First pick", "discount_pct": 0, "text": "First pick of {category}"},
        ]
        await believe(session)
        await create_segment(
            session,
            SYSTEM,
            {"name": "All", "rules": {"all": []}, "recommended_offers": offers, "optimal_channels": ["email", "sms"]},
        )
        await refresh_segments(session, SYSTEM)
        return await add_campaign(
            session,
            ["all"],
            engine="llm",
            llm_prompt="Win back wine lovers",
            holdout_pct=Decimal(0),
            constraints={"email_capacity_per_day": 10, "sms_capacity_per_day": 5},
        )


async def plan(campaign: UUID) -> tuple[PlanRow, list[PlanRow]]:
    """Have the job make the plans; the current one, and all of them, oldest first."""
    async with transaction() as session:
        job = await enqueue(session, Job.GENERATE_CAMPAIGN, {"campaign_id": str(campaign)})
    assert await queue.run(job, TASKS) is JobStatus.SUCCEEDED
    async with transaction() as session:
        row = await get_campaign(session, SYSTEM, campaign)
        assert row.plan_id is not None
        assert row.status.value == "awaiting_approval"
        rows = (await list_plans(session, SYSTEM, campaign)).items
        return await get_plan(session, SYSTEM, row.plan_id), list(rows[::-1])


async def pending(campaign: UUID) -> list[ActionRow]:
    async with transaction() as session:
        return list(
            (
                await list_actions(
                    session, SYSTEM, ListQuery({"campaign_id": str(campaign), "status": "pending"}, limit=500)
                )
            ).items
        )


def problems(plan: PlanRow) -> list[str]:
    assert plan.engine_record is not None
    return [problem for attempt in plan.engine_record["attempts"] for problem in attempt["problems"]]


async def test_a_proposal_is_allocated_by_the_same_solver_and_kept_beside_the_optimisers(
    server: ChatServer, campaign: UUID
) -> None:
    server.say(answering())
    made, versions = await plan(campaign)
    assert [row.engine for row in versions] == [Engine.HEURISTIC, Engine.LLM]
    assert made.engine is Engine.LLM
    rows = await pending(campaign)
    assert 0 < len(rows) <= 30
    days = sorted({row.scheduled_date for row in rows})
    document = server.document()
    assert {day.isoformat() for day in days} <= {day["day"] for day in document["days"][:3]}
    assert {row.channel for row in rows} == {"email"}
    most = document["messages_the_plan_can_hold"]
    assert max(Counter(row.scheduled_date for row in rows).values()) <= min(round(0.3 * most) + 1, 10)
    assert max(Counter(row.customer_id for row in rows).values()) == 1
    assert {row.offer for row in rows} == {"10% off domestic wine"}
    wordings = {row.message for row in rows}
    assert "We kept something for you: 10% off domestic wine." in wordings
    assert any(str(words).startswith("It has been a while. 10% off domestic wine, until") for words in wordings)
    assert {row.offer_terms["variant"] for row in rows} == {"A", "B"}
    assert {row.offer_terms.get("subject") for row in rows} == {"Your shelf is waiting", None}

    assert made.engine_record is not None
    assert made.engine_record["outcome"] == "used"
    assert (made.engine_record["prompt_tokens"], made.engine_record["completion_tokens"]) == (900, 300)
    assert Decimal(made.engine_record["cost"]) == Decimal("0.000840")
    titles = [entry["title"] for entry in made.reasoning]
    assert {"A quiet return", "The first days", "Texts", "Beside the optimiser's plan"} <= set(titles)
    assert made.summary["totals"]["sends"] == len(rows)
    assert sum(cell["sends"] for cell in made.summary["cells"]) == len(rows)
    async with transaction() as session:
        skipped = (
            await list_actions(
                session, SYSTEM, ListQuery({"campaign_id": str(campaign), "status": "skipped"}, limit=500)
            )
        ).items
    assert all(row.skip_reason and row.skip_detail for row in skipped if row.skip_reason != "better_action_chosen")
    assert "plan_share_used" in {row.skip_reason for row in skipped}


async def test_nothing_that_is_sent_names_a_person(server: ChatServer, campaign: UUID) -> None:
    async with transaction() as session:
        people = (await session.execute(text("SELECT id, name, email, phone FROM customers"))).all()
        first = people[0]
        wish = f"Like {first.name.upper()}, {first.email}, {first.phone} or {first.id}; call (207) 555-0199"
        await session.execute(text("UPDATE campaigns SET llm_prompt = :wish"), {"wish": wish})
        await session.execute(
            text("UPDATE segments SET messaging_strategy = :words"), {"words": f"As for {people[1].name}: be kind."}
        )
    server.say(Reply("not json"), answering())
    made, _ = await plan(campaign)
    assert made.engine is Engine.LLM
    assert len(server.raw) == 2
    sent = b"".join(server.raw).decode().lower()
    for row in people:
        for value in (row.name, row.email, row.phone, row.phone[2:], str(row.id), row.id.hex):
            assert value.lower() not in sent
    assert "555-0199" not in sent
    assert "like [name], [e-mail], [number] or [id]" in sent
    assert "test-key" not in json.dumps(made.engine_record)


@pytest.mark.parametrize(
    ("changes", "told"),
    [
        ({"shares": lambda d: [{**cell(d), "segment": "s9"}]}, "no segment 's9'"),
        ({"shares": lambda d: [{**cell(d), "offer": "s1o9"}]}, "no offer 's1o9'"),
        ({"shares": lambda d: [{**cell(d), "channel": "fax"}]}, "no channel 'fax'"),
        ({"shares": lambda d: [{**cell(d), "day": "2020-01-01"}]}, "none of the plan's days"),
        ({"shares": lambda d: [{**cell(d), "share": 0.9}]}, "there is room for"),
        ({"shares": lambda d: [{**cell(d), "share": -1}]}, "greater than 0"),
        ({"shares": lambda d: [{**cell(d), "share": "half"}]}, "valid number"),
        ({"shares": lambda d: [{**cell(d), "discount_pct": 100}]}, "Extra inputs"),
        ({"shares": []}, "at least 1"),
        ({"shares": lambda d: [cell(d), cell(d)]}, "twice"),
        ({"themes": [{"title": "<script>alert(1)</script>", "why": "x"}]}, "no markup"),
        ({"copy_variants": lambda d: [words(d, "Everything is 100% off, today only: {{ offer.text }}")]}, "promises"),
        ({"copy_variants": lambda d: [words(d, 'So {{ offer.text | append: " and 100% off" }}')]}, "nothing else"),
        ({"copy_variants": lambda d: [words(d, "A glass is heart-healthy: {{ offer.text }}")]}, "a health claim"),
        ({"copy_variants": lambda d: [words(d, "Get d\u00adrunk with {{ offer.text }}")]}, "cannot be shown"),
        ({"copy_variants": lambda d: [words(d, "Back to  school! {{ offer.text }}")]}, "an appeal to youth"),
        ({"copy_variants": lambda d: [words(d, "{% include 'secrets' %}{{ offer.text }}")]}, "copy_variants[0].text"),
        ({"copy_variants": lambda d: [words(d, "{{ customer.email }} {{ offer.text }}")]}, "not one of"),
        ({"copy_variants": lambda d: [words(d, "<b>Now</b> {{ offer.text }}")]}, "no markup"),
        ({"copy_variants": lambda d: [words(d, "See http://evil.example {{ offer.text }}")]}, "no links"),
        ({"copy_variants": lambda d: [words(d, "Come by.")]}, "must show {{ offer.text }}"),
        ({"copy_variants": lambda d: [words(d, "{{ offer.text }}" + "!" * 600)]}, "is the most"),
        ({"copy_variants": lambda d: [words(d, "日本酒をどうぞ、" * 16 + "{{ offer.text }}", "sms")]}, "segments"),
    ],
)
async def test_hostile_and_wrong_answers_are_sent_back_once_then_refused(
    talker: ChatServer, changes: dict[str, Any], told: str
) -> None:
    talker.say(answering(**changes))
    found = await consult(question(), settings(talker))
    assert found.proposal is None
    assert found.record.outcome == "refused"
    assert len(talker.requests) == 2, "repaired once, no more"
    assert told in talker.requests[1]["messages"][-1]["content"]
    assert told in " ".join(found.record.attempts[1].problems)
    assert "could not be used" in found.record.why


@pytest.fixture
async def talker() -> AsyncIterator[ChatServer]:
    async with chat_server() as held:
        yield held


def settings(server: ChatServer, **changes: Any) -> Settings:
    given = {"openai_api_key": SecretStr("test-key"), "openai_base_url": server.url, "openai_timeout_seconds": 9}
    return Settings().model_copy(update={**given, **changes})


def question() -> Question:
    """A week, one segment, two offers; no database needed."""
    days = tuple(date(2026, 11, 24) + timedelta(days=offset) for offset in range(7))
    offers = (
        Offer("Ten off", "10% off", None, Decimal(10), Decimal(10)),
        Offer("News", "News", None, *[Decimal(0)] * 2),
    )
    options = tuple(Option(f"s1o{index + 1}", 0, offer) for index, offer in enumerate(offers))
    document = {
        "messages_the_plan_can_hold": 60,
        "days": [{"day": day.isoformat(), "email_room": 10, "sms_room": 5} for day in days],
        "segments": [{"key": "s1", "offers": [{"key": option.key} for option in options]}],
    }
    room = np.tile(np.array([10, 5], dtype=np.int64), (7, 1))
    return Question(document, ("s1",), ("All",), options, (frozenset({"email", "sms"}),), days, room, 60, Guidance())


def cell(document: dict[str, Any]) -> dict[str, Any]:
    segment = document["segments"][0]
    offer = segment["offers"][0]["key"]
    day = document["days"][0]["day"]
    return {"segment": segment["key"], "channel": "email", "offer": offer, "day": day, "share": 0.1}


def words(document: dict[str, Any], said: str, channel: str = "email") -> dict[str, Any]:
    segment = document["segments"][0]
    where = {"segment": segment["key"], "channel": channel, "offer": segment["offers"][0]["key"]}
    return {**where, "subject": None, "text": said}


async def test_an_answer_that_is_mended_is_used(server: ChatServer, campaign: UUID) -> None:
    server.say(Reply('{"themes": ['), answering())
    made, _ = await plan(campaign)
    assert made.engine is Engine.LLM
    assert made.engine_record is not None
    assert [bool(attempt["problems"]) for attempt in made.engine_record["attempts"]] == [True, False]


@pytest.mark.parametrize(
    ("reply", "outcome", "told", "requests"),
    [
        (Reply(status=500, body=b"{}"), "failed", "HTTP status 500", 3),
        (Reply(status=429, body=b"{}", headers={"retry-after-ms": "5"}), "failed", "HTTP status 429", 3),
        (Reply(status=401, body=b'{"error": {"message": "bad key test-key"}}'), "failed", "HTTP status 401", 1),
        (Reply(body=b"<html>hello</html>"), "failed", "does not speak the chat protocol", 1),
        (Reply(body=b'{"choices": []}'), "failed", "does not speak the chat protocol", 1),
        (Reply(body=b'{"a": "' + b"x" * 2_100_000 + b'"}'), "failed", "longer than", 1),
        (Reply("{}", tokens=(30_000, 30_000)), "over_budget", "60,000 tokens", 1),
        (Reply("{}", finish="length"), "refused", "cut off", 2),
        (Reply("{}", delay=30), "failed", "did not answer within 3 seconds", 1),
    ],
)
async def test_a_server_that_fails_is_given_up_with_the_reason(
    talker: ChatServer, reply: Reply, outcome: str, told: str, requests: int
) -> None:
    talker.say(reply)
    found = await consult(question(), settings(talker, openai_timeout_seconds=3 if reply.delay else 9))
    assert found.proposal is None
    assert (found.record.outcome, len(talker.requests)) == (outcome, requests)
    assert told in found.record.why
    assert "test-key" not in json.dumps(found.record.as_document())


async def test_a_question_beyond_the_budget_is_not_asked(talker: ChatServer) -> None:
    talker.say(answering())
    found = await consult(question(), settings(talker, openai_token_budget=1000))
    assert (found.record.outcome, talker.requests) == ("over_budget", [])


async def test_without_a_key_nobody_is_asked(talker: ChatServer) -> None:
    found = await consult(question(), settings(talker, openai_api_key=SecretStr("")))
    assert (found.record.outcome, talker.requests) == ("no_key", [])


async def test_a_failing_server_leaves_the_optimisers_plan_and_says_so(server: ChatServer, campaign: UUID) -> None:
    server.say(Reply(body=b"<html>hello</html>"))
    made, versions = await plan(campaign)
    assert (made.engine, len(versions)) == (Engine.HEURISTIC, 1)
    assert made.engine_record is not None
    assert made.engine_record["outcome"] == "failed"
    notes = [entry for entry in made.reasoning if entry["kind"] == "engine"]
    assert len(notes) == 1
    assert "does not speak the chat protocol" in notes[0]["text"]
    assert len(await pending(campaign)) == made.summary["totals"]["sends"] > 0


async def test_either_plan_may_be_chosen_and_the_other_chosen_back(server: ChatServer, campaign: UUID) -> None:
    server.say(answering(shares=lambda d: [{**cell(d), "offer": "s1o2", "share": 0.2}], copy_variants=[]))
    made, (first, second) = await plan(campaign)
    assert (first.can_be_chosen, second.is_current, made.id) == (True, True, second.id)
    assert {row.offer for row in await pending(campaign)} == {"First pick of domestic wine"}
    async with transaction() as session:
        found = await compare_plans(session, SYSTEM, first.id, second.id)
    sends = next(figure for figure in found.figures if figure.name == "sends")
    assert (sends.left, sends.right) == (first.summary["totals"]["sends"], second.summary["totals"]["sends"])
    profit = next(figure for figure in found.figures if figure.name == "incremental_profit")
    assert profit.left_range is not None
    assert profit.left_range[0] < profit.left < profit.left_range[1]
    assert {cell.offer for cell in found.cells} == {"Ten off", "First pick"}
    assert found.copy

    async with transaction() as session:
        chosen = await choose_plan(session, SYSTEM, first.id)
    assert (chosen.is_current, chosen.status) == (True, PlanStatus.DRAFT)
    rows = await pending(campaign)
    assert len(rows) == first.summary["totals"]["sends"]
    assert {row.offer for row in rows} == {"10% off domestic wine"}
    async with transaction() as session:
        await skip_action(session, SYSTEM, rows[0].id)
        await choose_plan(session, SYSTEM, second.id)
    assert {row.offer for row in await pending(campaign)} == {"First pick of domestic wine"}
    async with transaction() as session:
        await choose_plan(session, SYSTEM, first.id)
    assert len(await pending(campaign)) == len(rows) - 1, "what was changed by hand stays changed"

    async with transaction() as session:
        await session.execute(text("DELETE FROM actions WHERE id = :id"), {"id": rows[1].id})
    with pytest.raises(Conflict, match="proposed anew"):
        async with transaction() as session:
            await choose_plan(session, SYSTEM, second.id)


async def test_what_changed_while_it_was_thinking_is_not_overwritten(server: ChatServer, campaign: UUID) -> None:
    async def meddle() -> None:
        async with transaction() as session:
            row = (
                await list_actions(session, SYSTEM, ListQuery({"campaign_id": str(campaign), "status": "pending"}))
            ).items[0]
            await skip_action(session, SYSTEM, row.id)

    import asyncio

    edits: list[asyncio.Task[None]] = []

    def turn(asked: dict[str, Any]) -> Reply:
        edits.append(asyncio.create_task(meddle()))
        reply = answering()(asked)
        reply.delay = 1.0
        return reply

    server.say(turn)
    made, versions = await plan(campaign)
    await asyncio.gather(*edits)
    assert (made.engine, len(versions)) == (Engine.HEURISTIC, 1)
    assert made.engine_record is not None
    assert made.engine_record["outcome"] == "stale"
    async with transaction() as session:
        skipped = (
            await list_actions(
                session, SYSTEM, ListQuery({"campaign_id": str(campaign), "status": "skipped"}, limit=500)
            )
        ).items
    assert "skipped_by_hand" in {row.skip_reason for row in skipped}


async def test_guidance_binds_the_ai_planner_too(server: ChatServer, campaign: UUID) -> None:
    async with transaction() as session:
        await save_guidance(
            session, SYSTEM, {"allowed_offers": ["First pick"], "banned_other": ["shelf"], "tone": "Dry."}
        )
    server.say(answering())
    made, _ = await plan(campaign)
    document = server.document()
    assert [offer["name"] for offer in document["segments"][0]["offers"]] == ["First pick"]
    assert document["guidance"]["tone"] == "Dry."
    assert made.engine is Engine.HEURISTIC
    assert "“shelf” is banned" in " ".join(problems(made))
    assert made.guidance_version == 1
    assert {row.offer for row in await pending(campaign)} == {"First pick of domestic wine"}
    assert all(row.status is ActionStatus.PENDING for row in await pending(campaign))
