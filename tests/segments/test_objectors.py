"""Who objects to being profiled is in no segment that looks at what they did; what they told finds them."""

from __future__ import annotations

from typing import Any
from uuid import UUID

import pytest
from sqlalchemy import text

from liquor_app.accounts.models import Role
from liquor_app.accounts.permissions import SYSTEM, Actor, ActorKind
from liquor_app.actions.lists import list_not_sent
from liquor_app.core.clock import now
from liquor_app.core.db import transaction
from liquor_app.customers.objections import record_objection
from liquor_app.screens.customers.detail.history_state import NotSentState
from liquor_app.screens.customers.detail.state import CustomerState
from liquor_app.screens.customers.detail.view import OBJECTS, SCORES
from liquor_app.segments.hand_picked import add_members
from liquor_app.segments.models import SegmentKind
from liquor_app.segments.rule_compiler import matching
from liquor_app.segments.rule_fields import EVENTS, FIELDS, PLAIN, Kind
from liquor_app.segments.rules import parse_rules, profiles
from liquor_app.segments.service import create_segment, refresh_segments
from liquor_app.sending.pipeline.launch import launch_campaign
from tests.factories import add_ready_campaign
from tests.people import add_customer, add_purchase, ensure_shop
from tests.tabs import Tab, run

TOLD: list[dict[str, Any]] = [
    {"all": []},
    {"field": "city", "op": "eq", "value": "Bath"},
    {"field": "objected_to_profiling", "op": "eq", "value": True},
    {"field": "tags", "op": "has_none", "value": ["vip"]},
    {"field": "age_band", "op": "unknown"},
    {"field": "custom.text.grape", "op": "unknown"},
    {"not": {"field": "state", "op": "eq", "value": "ZZ"}},
    {"any": [{"field": "has_email", "op": "eq", "value": True}, {"field": "city", "op": "eq", "value": "x"}]},
]
DID: list[dict[str, Any]] = [
    {"field": "total_spent", "op": "gte", "value": 0},
    {"field": "churn_probability", "op": "unknown"},
    {"field": "rfm_segment", "op": "ne", "value": "Champions"},
    {"event": "purchased", "at_least": 1},
    {"event": "purchased", "at_most": 0, "category": "Gin"},
    {"event": "opened", "at_most": 0},
    {"not": {"event": "clicked", "at_least": 1}},
    {"not": {"segment": "champions"}},
    {"not": {"any": [{"field": "city", "op": "eq", "value": "x"}, {"segment": "champions"}]}},
    {"any": [{"field": "city", "op": "eq", "value": "Bath"}, {"field": "purchase_frequency", "op": "gte", "value": 0}]},
]


async def two() -> tuple[UUID, UUID]:
    """Somebody who objects, and somebody alike who does not."""
    async with transaction() as session:
        await ensure_shop(session)
        people = [
            await add_customer(
                session, city="Bath", state="ME", total_spent=20, rfm_segment=None, churn_probability=None
            )
            for _ in "ab"
        ]
        for one in people:
            await add_purchase(session, one, days_ago=5)
        await record_objection(session, SYSTEM, people[0], objects=True)
    return people[0], people[1]


@pytest.mark.integration
async def test_what_they_did_sorts_them_into_nothing_and_what_they_told_does(database: str) -> None:
    objector, other = await two()
    async with transaction() as session:
        for rules, expected in ((TOLD, {objector}), (DID, set())):
            for rule in rules:
                found = set((await session.execute(matching(parse_rules(rule), now()))).scalars())
                assert found & {objector} == expected, rule
                if rule != TOLD[2]:
                    assert other in found, rule


@pytest.mark.integration
async def test_a_segment_loses_them_when_they_say_so_and_a_list_keeps_them(database: str) -> None:
    async with transaction() as session:
        await ensure_shop(session)
        ann = await add_customer(session)
        await add_purchase(session, ann, days_ago=5)
        bought = await create_segment(
            session, SYSTEM, {"name": "Bought", "rules": {"event": "purchased", "at_least": 1}}
        )
        picked = await create_segment(session, SYSTEM, {"name": "By hand"}, kind=SegmentKind.STATIC)
        await add_members(session, SYSTEM, picked.id, [ann])
        await refresh_segments(session, SYSTEM)

    async def holds(segment: UUID) -> bool:
        async with transaction() as session:
            await refresh_segments(session, SYSTEM)
            found = await session.execute(
                text("SELECT count(*) FROM segment_members WHERE segment_id = :id AND customer_id = :ann"),
                {"id": segment, "ann": ann},
            )
            return bool(found.scalar_one())

    assert (await holds(bought.id), await holds(picked.id)) == (True, True)
    async with transaction() as session:
        await record_objection(session, SYSTEM, ann, objects=True)
    assert (await holds(bought.id), await holds(picked.id)) == (False, True)
    async with transaction() as session:
        await record_objection(session, SYSTEM, ann, objects=False)
    assert await holds(bought.id)


def test_every_field_says_whether_it_is_told_or_done() -> None:
    """A new field counts as profiling until somebody has thought about it."""
    assert set(FIELDS) >= PLAIN
    assert profiles(parse_rules({"event": next(iter(EVENTS)), "at_least": 1}))
    for name, field in FIELDS.items():
        op = {Kind.FLAG: ("eq", True), Kind.LIST: ("has_any", ["x"]), Kind.REACHED: ("within_days", 3)}.get(field.kind)
        asked = {"field": name, "op": op[0], "value": op[1]} if op else {"field": name, "op": "known"}
        assert profiles(parse_rules(asked)) is (name not in PLAIN), name


@pytest.mark.integration
async def test_their_page_says_that_they_object_and_each_answer_once(database: str) -> None:
    objector, other = await two()
    async with transaction() as session:
        campaign = await add_ready_campaign(session, [objector])
        await launch_campaign(session, SYSTEM, campaign)
        stopped = "status = 'skipped', skip_reason = 'objected_to_profiling' WHERE campaign_id = :id"
        for table in ("actions", "sends"):
            await session.execute(text(f"UPDATE {table} SET {stopped}"), {"id": campaign})
        rows = (await list_not_sent(session, SYSTEM, objector)).items
    assert [(row.stage, row.reason) for row in rows] == [("sending", "objected_to_profiling")]
    actor = Actor(ActorKind.USER, None, "Vi", Role.USER)
    tab = Tab(f"/customers/{objector}", actor)
    state = await tab.state(CustomerState)
    await run(CustomerState.load, state)
    assert [one.detail for one in state.scores] == [OBJECTS] * SCORES
    assert state.profile.objects
    shown = await tab.state(NotSentState)
    await run(NotSentState.load, shown)
    assert len(shown.rows) == 1
    tab.go(f"/customers/{other}")
    await run(CustomerState.load, state)
    assert OBJECTS not in {one.detail for one in state.scores}
    assert not state.profile.objects
