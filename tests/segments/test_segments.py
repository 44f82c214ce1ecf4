"""Segments in the database: what rules match, how membership moves, who may change what."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from hypothesis import HealthCheck, given, settings
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

from liquor_app.accounts.models import Role
from liquor_app.accounts.permissions import SYSTEM, Actor, ActorKind
from liquor_app.core.clock import now, travel
from liquor_app.core.errors import Conflict, Forbidden, Invalid, NotFound
from liquor_app.core.ids import uuid7
from liquor_app.core.listing.spec import ListQuery
from liquor_app.customers.labels.tags import tag_customers
from liquor_app.events.service import NewEvent, record_events
from liquor_app.segments.lists import list_members, list_segments
from liquor_app.segments.models import SegmentKind
from liquor_app.segments.rule_compiler import matching
from liquor_app.segments.rules import parse_rules
from liquor_app.segments.service import (
    add_members,
    breakdown_by_rfm,
    count_rules,
    create_segment,
    delete_segment,
    ensure_default_segments,
    get_segment,
    refresh_segments,
    remove_members,
    update_segment,
)
from tests.examples import examples
from tests.people import add_customer, add_purchase
from tests.segments.test_rules import rules

VIEWER = Actor(ActorKind.USER, None, "Vi", Role.USER)
HIGH = {"field": "churn_probability", "op": "gte", "value": 0.5}


DAY = timedelta(days=1)


async def matches(session: AsyncSession, raw: Any) -> set[Any]:
    found = await session.execute(matching(parse_rules(raw), now()))
    return set(found.scalars())


async def test_conditions_select_by_value_and_the_unknown_never_match_a_comparison(session: AsyncSession) -> None:
    high = await add_customer(session, churn_probability=0.9, state="MA", favorite_brands='["Alder","Birch"]')
    low = await add_customer(session, churn_probability=0.1, state="ME", purchase_frequency=3)
    blank = await add_customer(session, churn_probability=None, state=None, churn_risk=None, email_key=None, email=None)
    await add_customer(session, deleted_at=now())

    assert await matches(session, HIGH) == {high}
    assert await matches(session, {"not": HIGH}) == {low, blank}
    assert await matches(session, {"field": "state", "op": "ne", "value": "MA"}) == {low, blank}
    assert await matches(session, {"field": "state", "op": "contains", "value": "m"}) == {high, low}
    assert await matches(session, {"field": "state", "op": "contains", "value": "%"}) == set()
    assert await matches(session, {"field": "churn_risk", "op": "unknown"}) == {blank}
    assert await matches(session, {"field": "has_email", "op": "eq", "value": False}) == {blank}
    assert await matches(session, {"field": "favorite_brands", "op": "has_all", "value": ["Alder", "Birch"]}) == {high}
    assert await matches(session, {"field": "favorite_brands", "op": "has_none", "value": ["Alder"]}) == {low, blank}
    assert await matches(session, {"field": "purchase_frequency", "op": "gt", "value": 2.5}) == {high, low, blank}
    assert await matches(session, {"field": "purchase_frequency", "op": "lte", "value": 3.4}) == {low}
    assert await matches(session, {"all": []}) == {high, low, blank}


async def test_case_22_words_are_compared_without_case(session: AsyncSession) -> None:
    """Boston, BOSTON and boston are one city; so it is with brands, tags, custom fields and every other text."""
    three = {
        await add_customer(session, city=city, language=city[:2], favorite_brands=f'["{city}"]',
                           raw_data=f'{{"custom": {{"grape": "{city}"}}}}')
        for city in ("Boston", "BOSTON", "boston")
    }  # fmt: skip
    other = await add_customer(session, city="Portland", language="en", raw_data='{"custom": {"grape": "Malbec"}}')
    for name in ("city", "custom.text.grape"):
        assert await matches(session, {"field": name, "op": "eq", "value": "bosTon"}) == three
        assert await matches(session, {"field": name, "op": "in", "value": ["BOSTON", "x"]}) == three
        assert await matches(session, {"field": name, "op": "ne", "value": "boston"}) == {other}
        assert await matches(session, {"field": name, "op": "not_in", "value": ["Boston"]}) == {other}
        assert await matches(session, {"field": name, "op": "starts_with", "value": "bOs"}) == three
    for op in ("has_any", "has_all"):
        assert await matches(session, {"field": "favorite_brands", "op": op, "value": ["Boston", "boston"]}) == three
    assert await matches(session, {"field": "favorite_brands", "op": "has_none", "value": ["BOSTON"]}) == {other}
    for person in (*three, other):
        await tag_customers(session, SYSTEM, [person], "VIP" if person in three else "New")
    assert await matches(session, {"field": "tags", "op": "has_all", "value": ["vip", "ViP"]}) == three


async def test_days_are_the_shops_for_moments_dates_and_events_alike(session: AsyncSession) -> None:
    """Before: a purchase was "in the last day" for 24 hours, a date for two days. Over the end of summer time."""
    shop = ZoneInfo("America/New_York")
    times = ((3, 2), (3, 0, 10), (2, 23, 50), (2, 0, 10), (1, 23, 30), (1, 0, 30), (-1, 23, 50), (-9, 12))
    for when in ("2026-11-02T00:05:00", "2026-11-02T21:30:00", "2026-11-03T00:30:00"):
        at = datetime.fromisoformat(when).replace(tzinfo=shop)
        with travel(at):
            moments = {}
            for day, *clock in times:
                moment = datetime(2026, 11, 1, *clock, tzinfo=shop) + timedelta(days=day - 1)
                custom = json.dumps({"custom": {"seen": moment.date().isoformat()}})
                person = await add_customer(session, last_purchase_at=moment, raw_data=custom)
                await add_purchase(session, person, days_ago=(at.astimezone(UTC) - moment.astimezone(UTC)) / DAY)
                moments[person] = moment

            async def who(raw: dict[str, Any], at: datetime = at, moments: dict[Any, datetime] = moments) -> set[Any]:
                return set((await session.execute(matching(parse_rules(raw), at))).scalars()) & moments.keys()

            for days in (1, 2, 30):
                ago = {person: (at.date() - moment.date()).days for person, moment in moments.items()}
                past = {person for person, moment in moments.items() if moment <= at}
                recent = {person for person in past if ago[person] <= days}
                for name in ("last_purchase_at", "custom.date.seen"):
                    is_day = name != "last_purchase_at"
                    told = {"field": name, "value": days}
                    today = {one for one in moments if ago[one] == 0 and is_day}
                    assert await who(told | {"op": "within_days"}) == recent | today
                    assert await who(told | {"op": "older_than_days"}) == past - recent
                    soon = {one for one in moments if -days <= ago[one] <= 0} - (set() if is_day else past)
                    assert await who(told | {"op": "next_days"}) == soon
                assert await who({"event": "purchased", "within_days": days}) == recent


async def test_events_are_counted_in_their_window(session: AsyncSession) -> None:
    regular, once = await add_customer(session), await add_customer(session)
    for days in (3, 20, 100):
        await add_purchase(session, regular, days_ago=days)
    await add_purchase(session, once, days_ago=70, category="Beer")
    machine = NewEvent("email_open", customer_id=once, properties={"machine": True})
    await record_events(session, [NewEvent("email_open", customer_id=regular), machine])

    def bought(**more: Any) -> dict[str, Any]:
        return {"event": "purchased", **more}

    assert await matches(session, bought(within_days=60)) == {regular}
    assert await matches(session, bought(at_least=3)) == {regular}
    assert await matches(session, bought(at_least=3, within_days=60)) == set()
    assert await matches(session, bought(category="wHISKY")) == {regular}
    assert await matches(session, bought(at_least=1, at_most=1)) == {once}
    assert await matches(session, bought(at_most=0, within_days=30)) == {once}
    assert await matches(session, {"event": "opened"}) == {regular}, "a scanner's open is not a customer's"


async def test_moments_are_relative_to_the_clock(session: AsyncSession) -> None:
    due = await add_customer(session, next_purchase_at=now() + timedelta(days=5))
    soon = {"field": "next_purchase_at", "op": "next_days", "value": 7}
    overdue = {"field": "next_purchase_at", "op": "older_than_days", "value": 0}
    assert await matches(session, soon) == {due}
    assert await matches(session, overdue) == set()
    with travel(now() + timedelta(days=6)):
        assert await matches(session, soon) == set()
        assert await matches(session, overdue) == {due}


@settings(max_examples=examples(60), suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(raw=rules)
async def test_any_rule_runs_and_not_is_its_complement(session: AsyncSession, raw: Any) -> None:
    everybody = await matches(session, {"all": []})
    if not everybody:
        everybody = {await add_customer(session), await add_customer(session, state=None, churn_probability=None)}
    yes, no = await matches(session, raw), await matches(session, {"not": raw})
    assert yes | no == everybody
    assert not yes & no
    assert (await session.execute(text("SELECT count(*) FROM customers"))).scalar_one() == len(everybody)


async def test_counting_shows_who_could_be_reached(session: AsyncSession) -> None:
    await add_customer(session, name="Most at risk", value_at_risk=500)
    await add_customer(session, sms_consent=None, value_at_risk=1)
    await add_customer(session, churn_probability=0.1)
    counted = await count_rules(session, VIEWER, HIGH)
    assert (counted.total, counted.of, counted.emailable, counted.textable) == (2, 3, 2, 1)
    assert counted.sentence == "Churn risk is at least 50%."
    assert counted.sample[0].name == "Most at risk"


async def test_membership_follows_the_rule_and_history_remembers(session: AsyncSession) -> None:
    quiet = await add_customer(session)
    loud = await add_customer(session, churn_probability=0.1)
    segment = await create_segment(session, SYSTEM, {"name": "Going quiet", "rules": HIGH})
    assert segment.slug == "going_quiet"

    (first,) = await refresh_segments(session, SYSTEM, ["going_quiet"])
    assert (first.customers, first.entered, first.left) == (1, 1, 0)
    (again,) = await refresh_segments(session, SYSTEM)
    assert (again.customers, again.entered, again.left) == (1, 0, 0)

    await session.execute(
        text("UPDATE customers SET churn_probability = 1 - churn_probability WHERE id = ANY(:ids)"),
        {"ids": [quiet, loud]},
    )
    (swapped,) = await refresh_segments(session, SYSTEM)
    assert (swapped.customers, swapped.entered, swapped.left) == (1, 1, 1)
    page = await list_members(session, VIEWER, segment.id)
    assert [member.id for member in page.items] == [loud]
    assert (await get_segment(session, VIEWER, "going_quiet")).customer_count == 1
    history = await session.execute(text("SELECT customer_id, entered FROM segment_changes ORDER BY at, entered"))
    assert {tuple(row) for row in history} == {(quiet, True), (quiet, False), (loud, True)}


async def test_whoever_a_rule_held_at_first_is_no_growth(session: AsyncSession) -> None:
    async def grown() -> int:
        shown = {row.slug: row.net_change_30_days for row in (await list_segments(session, VIEWER)).items}
        assert shown["all"] == (await get_segment(session, VIEWER, "all")).net_change_30_days
        return shown["all"]

    segment = await create_segment(session, SYSTEM, {"name": "All", "rules": {"all": []}})
    assert await grown() == 0
    await refresh_segments(session, SYSTEM)  # counted first while there was nobody
    for _ in range(3):
        await add_customer(session, churn_probability=0.5)
    await refresh_segments(session, SYSTEM)
    assert await grown() == 3
    narrow = {"all": [{"field": "churn_probability", "op": "gt", "value": 0.9}]}
    await update_segment(session, SYSTEM, segment.id, {"rules": narrow})
    await refresh_segments(session, SYSTEM)
    assert await grown() == 0, "another rule holds others"
    await add_customer(session, churn_probability=0.95)
    await refresh_segments(session, SYSTEM)
    await update_segment(session, SYSTEM, segment.id, {"rules": narrow, "description": "the same rule"})
    assert await grown() == 1
    picked = await create_segment(session, SYSTEM, {"name": "Picked"}, kind=SegmentKind.STATIC)
    await add_members(session, SYSTEM, picked.id, [await add_customer(session)])
    assert (await get_segment(session, VIEWER, picked.id)).net_change_30_days == 0
    await add_members(session, SYSTEM, picked.id, [await add_customer(session)])
    assert (await get_segment(session, VIEWER, picked.id)).net_change_30_days == 1


async def test_members_and_segments_are_paged(session: AsyncSession) -> None:
    people = [await add_customer(session) for _ in range(5)]
    segment = await create_segment(session, SYSTEM, {"name": "All", "rules": {"all": []}})
    await refresh_segments(session, SYSTEM)
    seen, cursor = [], None
    while True:
        page = await list_members(session, VIEWER, segment.id, ListQuery(limit=2, cursor=cursor))
        assert page.total == 5
        seen += [member.id for member in page.items]
        if (cursor := page.next_cursor) is None:
            break
    assert seen == sorted(people)
    await ensure_default_segments(session, SYSTEM)
    first = await list_segments(session, VIEWER, ListQuery(limit=6))
    rest = await list_segments(session, VIEWER, ListQuery(limit=6, cursor=first.next_cursor))
    assert (len(first.items), len(rest.items), first.total, rest.next_cursor) == (6, 4, 10, None)


async def test_defaults_are_made_once_and_edits_survive(session: AsyncSession) -> None:
    assert await ensure_default_segments(session, SYSTEM) == 9
    champions = await get_segment(session, SYSTEM, "champions")
    assert champions.is_default
    await update_segment(session, SYSTEM, champions.id, {"max_discount_pct": 7.5})
    assert await ensure_default_segments(session, SYSTEM) == 0
    again = await get_segment(session, SYSTEM, "champions")
    assert str(again.max_discount_pct) == "7.50"
    with pytest.raises(Conflict):
        await update_segment(session, SYSTEM, champions.id, {"name": "x"}, seen=now() - timedelta(days=1))


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"name": ""}, "name"),
        ({"nonsense": 1}, "nonsense"),
        ({"rules": {"any": []}}, "rules.any"),
        ({"color": "red"}, "color"),
        ({"recommended_offers": []}, "recommended_offers"),
        ({"recommended_offers": [{"name": "x", "text": "{first_name}!"}]}, "recommended_offers[0].text"),
        (
            {"recommended_offers": [{"name": "x", "text": "y", "discount_pct": 101}]},
            "recommended_offers[0].discount_pct",
        ),
        ({"optimal_channels": ["fax"]}, "optimal_channels"),
        ({"optimal_send_window": {"start": "21:00", "end": "17:00"}}, "optimal_send_window"),
        ({"optimal_send_window": {"start": "25:00", "end": "27:00"}}, "optimal_send_window"),
        ({"template_category": "spam"}, "template_category"),
        ({"max_discount_pct": "NaN"}, "max_discount_pct"),
    ],
)
async def test_bad_input_is_named(session: AsyncSession, changes: dict[str, Any], field: str) -> None:
    segment = await create_segment(session, SYSTEM, {"name": "Fine", "rules": {"all": []}})
    with pytest.raises(Invalid) as refused:
        await update_segment(session, SYSTEM, segment.id, changes)
    assert refused.value.field == field


async def test_viewers_change_nothing_and_live_campaigns_hold_their_segment(session: AsyncSession) -> None:
    segment = await create_segment(session, SYSTEM, {"name": "Held", "rules": {"all": []}})
    with pytest.raises(Forbidden):
        await create_segment(session, VIEWER, {"name": "No", "rules": {"all": []}})
    with pytest.raises(Forbidden):
        await refresh_segments(session, VIEWER)
    with pytest.raises(Conflict):
        await create_segment(session, SYSTEM, {"name": "held", "rules": {"all": []}})
    await session.execute(
        text(
            "INSERT INTO campaigns (name, start_date, end_date, target_segments, status)"
            " VALUES ('Week', current_date, current_date, '{held}', 'active')"
        )
    )
    with pytest.raises(Conflict, match="Week"):
        await delete_segment(session, SYSTEM, segment.id)
    await session.execute(text("UPDATE campaigns SET status = 'completed'"))
    await delete_segment(session, SYSTEM, segment.id)
    with pytest.raises(NotFound):
        await get_segment(session, SYSTEM, segment.id)


async def test_hand_picked_lists(session: AsyncSession) -> None:
    person = await add_customer(session)
    picked = await create_segment(session, SYSTEM, {"name": "Tasting club"}, kind=SegmentKind.STATIC)
    assert await add_members(session, SYSTEM, picked.id, [person, person]) == 1
    with pytest.raises(Invalid):
        await add_members(session, SYSTEM, picked.id, [uuid7()])
    await refresh_segments(session, SYSTEM)
    assert (await get_segment(session, SYSTEM, picked.id)).customer_count == 1
    assert await remove_members(session, SYSTEM, picked.id, [person]) == 1
    ruled = await create_segment(session, SYSTEM, {"name": "Ruled", "rules": {"all": []}})
    with pytest.raises(Conflict):
        await add_members(session, SYSTEM, ruled.id, [person])


async def test_breakdown(session: AsyncSession) -> None:
    await add_customer(session, rfm_segment="Champions")
    await add_customer(session, rfm_segment="Champions")
    await add_customer(session, rfm_segment=None)
    rows = await breakdown_by_rfm(session, VIEWER)
    assert [(row.rfm_segment, row.customers) for row in rows] == [("Champions", 2), ("Not scored", 1)]


async def make(session: AsyncSession, name: str, rules: Any, **more: Any) -> Any:
    return await create_segment(session, SYSTEM, {"name": name, "rules": rules, **more})


async def test_a_segment_builds_on_others_and_comes_after_them(session: AsyncSession) -> None:
    risky, calm = await add_customer(session, churn_probability=0.9), await add_customer(session, churn_probability=0.1)
    vip = await create_segment(session, SYSTEM, {"name": "Picked"}, kind=SegmentKind.STATIC)
    await add_members(session, SYSTEM, vip.id, [risky, calm])
    # made (and so listed) before the one it builds on is
    await make(session, "High risk", HIGH, position=90)
    await make(session, "Picked and risky", {"all": [{"segment": "picked"}, {"segment": "high_risk"}]}, position=1)
    await make(session, "Picked and calm", {"all": [{"segment": "picked"}, {"not": {"segment": "high_risk"}}]})
    refreshed = {row.slug: row.customers for row in await refresh_segments(session, SYSTEM)}
    assert refreshed == {"picked": 2, "high_risk": 1, "picked_and_risky": 1, "picked_and_calm": 1}
    found = await get_segment(session, SYSTEM, "picked_and_calm")
    assert found.sentence == "Is in the segment “picked”, and is not in the segment “high risk”."
    assert (await count_rules(session, SYSTEM, {"segment": "high_risk"})).total == 1


async def test_segments_never_build_on_each_other_in_a_circle(session: AsyncSession) -> None:
    first = await make(session, "First", HIGH)
    await make(session, "Second", {"any": [{"segment": "first"}, HIGH]})
    third = await make(session, "Third", {"not": {"segment": "second"}})
    with pytest.raises(Invalid, match="circle: first → third → second → first") as refused:
        await update_segment(session, SYSTEM, first.id, {"rules": {"segment": "third"}})
    assert refused.value.field == "rules"
    with pytest.raises(Invalid, match="circle: fourth → fourth"):
        await make(session, "Fourth", {"segment": "fourth"})
    with pytest.raises(Invalid, match="no segment called 'nobody'"):
        await make(session, "Fifth", {"segment": "nobody"})
    with pytest.raises(Conflict, match="second builds on this one"):
        await delete_segment(session, SYSTEM, first.id)
    await delete_segment(session, SYSTEM, third.id)


async def test_only_who_changed_is_looked_at_when_only_they_are_named(session: AsyncSession) -> None:
    people = [await add_customer(session, churn_probability=0.9) for _ in range(4)]
    await make(session, "High risk", HIGH)
    await make(session, "Not high", {"not": {"segment": "high_risk"}})
    await refresh_segments(session, SYSTEM)
    await session.execute(
        text("UPDATE customers SET churn_probability = 0.1 WHERE id = ANY(:ids)"), {"ids": people[:2]}
    )
    rows = {row.slug: row for row in await refresh_segments(session, SYSTEM, customer_ids=people[:1])}
    assert (rows["high_risk"].customers, rows["high_risk"].left, rows["high_risk"].entered) == (3, 1, 0)
    assert (rows["not_high"].customers, rows["not_high"].entered) == (1, 1)
    # the night sees the other one too, and finds nothing to mend in the first
    rows = {row.slug: row for row in await refresh_segments(session, SYSTEM)}
    assert (rows["high_risk"].customers, rows["high_risk"].left) == (2, 1)
    newcomer = await add_customer(session, churn_probability=0.8)
    rows = {row.slug: row for row in await refresh_segments(session, SYSTEM, customer_ids=[newcomer])}
    assert (rows["high_risk"].customers, rows["high_risk"].entered) == (3, 1)
    history = await session.execute(text("SELECT count(*) FROM segment_changes WHERE customer_id = :id"),
                                    {"id": people[0]})  # fmt: skip
    assert history.scalar_one() == 3
