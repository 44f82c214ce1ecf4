"""The segments' pages: the rule builder loses nothing, counts while one writes, and saves rule and playbook."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from sqlalchemy import text

from liquor_app.accounts.models import Role
from liquor_app.accounts.permissions import SYSTEM, Actor, ActorKind
from liquor_app.core.db import transaction
from liquor_app.screens.segments.edit.count_state import CountState
from liquor_app.screens.segments.edit.playbook_form import OfferLine, another_offer
from liquor_app.screens.segments.edit.rule_editor import Line, added, blamed, changed, removed
from liquor_app.screens.segments.edit.rule_translation import lines_of, rules_of
from liquor_app.screens.segments.edit.state import NEW_RULES, EditSegmentState
from liquor_app.screens.segments.list.state import SegmentsState
from liquor_app.segments.default_segments import DEFAULT_SEGMENTS
from liquor_app.segments.models import SegmentKind
from liquor_app.segments.rule_wording import sentence
from liquor_app.segments.rules import check_rules
from liquor_app.segments.service import create_segment, ensure_default_segments, get_segment, refresh_segments
from tests.examples import examples
from tests.people import add_campaign, add_customer
from tests.segments.test_rules import QUIET_WHISKY, rules
from tests.tabs import Tab, run, said

MANAGER = Actor(ActorKind.USER, None, "Mo", Role.MANAGER)
VIEWER = Actor(ActorKind.USER, None, "Vi", Role.USER)


def said_by(lines: list[Line]) -> str:
    return sentence(rules_of(lines)[0])


# the builder's model


@settings(max_examples=examples(200))
@given(rules)
def test_every_rule_survives_the_builder(raw: Any) -> None:
    lines = lines_of(raw)
    written, paths = rules_of(lines)
    assume(not check_rules(written))  # a negated leaf at the deepest level needs one level more
    assert sentence(written) == sentence(raw)
    assert set(paths.values()) == {line.id for line in lines}
    assert rules_of(lines_of(written))[0] == written


@pytest.mark.parametrize("default", DEFAULT_SEGMENTS, ids=lambda default: str(default["slug"]))
def test_the_default_rules_open_in_the_builder_as_they_were_written(default: dict[str, Any]) -> None:
    written, _ = rules_of(lines_of(default["rules"]))
    assert written == default["rules"]


@settings(max_examples=examples(100))
@given(
    rules,
    st.lists(
        st.tuples(st.sampled_from("carx"), st.integers(0, 30), st.text(max_size=6), st.text(max_size=6)), max_size=8
    ),
)
def test_whatever_a_client_sends_the_lines_stay_lines(raw: Any, calls: list[tuple[str, int, str, str]]) -> None:
    lines = lines_of(raw)
    for verb, number, one, other in calls:
        match verb:
            case "c":
                lines = changed(lines, str(number), one, other)
            case "a":
                lines = added(lines, str(number), "group" if number % 2 else "field")
            case "r":
                lines = removed(lines, str(number))
            case _:
                lines = changed(lines, one, "what", "event:purchased")
    written, paths = rules_of(lines)
    assert lines[0].kind == "group"
    assert len(paths) <= 100
    blamed(lines, check_rules(written), paths)


def test_a_condition_is_chosen_and_typed_step_by_step() -> None:
    lines = lines_of(NEW_RULES)
    assert said_by(lines) == "Churn risk is at least 50%."
    leaf = lines[1].id
    lines = changed(lines, leaf, "op", "between")
    lines = changed(changed(lines, leaf, "value", "25"), leaf, "high", "75")
    assert said_by(lines) == "Churn risk is between 25% and 75%."
    lines = changed(lines, leaf, "what", "field:is_night_buyer")
    assert said_by(lines) == "Buys mostly at night."
    lines = changed(lines, leaf, "what", "event:purchased")
    lines = changed(changed(lines, leaf, "value", "2"), leaf, "category", "Liquor, whisky")
    assert said_by(lines) == "Bought Liquor, whisky at least twice in the last 60 days."
    lines = changed(changed(lines, leaf, "op", "never"), leaf, "days", "")
    assert said_by(lines) == "Never bought Liquor, whisky."
    lines = changed(changed(lines, leaf, "what", "field:state"), leaf, "op", "in")
    lines = changed(lines, leaf, "value", 'ME, "Rhode Island, the state", MA')
    assert rules_of(lines)[0]["all"][0]["value"] == ["ME", "Rhode Island, the state", "MA"]


def test_groups_open_inside_groups_and_go_with_what_they_hold() -> None:
    lines = added(lines_of(NEW_RULES), "1", "group")
    group = next(line for line in lines if line.kind == "group" and line.depth == 1)
    lines = changed(lines, group.id, "mode", "none")
    lines = added(lines, group.id, "field")
    assert rules_of(lines)[0]["all"][1] == {
        "not": {"any": [{"field": "churn_probability", "op": "gte", "value": ""}] * 2}
    }
    assert [line.kind for line in lines] == ["group", "field", "group", "field", "field", "add", "add"]
    assert removed(lines, group.id) == lines_of(NEW_RULES)
    assert removed(lines, "1") == lines  # the outermost stays


def test_what_is_wrong_is_said_beside_the_line_it_is_wrong_with() -> None:
    lines = lines_of(QUIET_WHISKY)
    ids = {line.what: line.id for line in lines}
    one, two = ids["field:churn_probability"], ids["field:value_at_risk"]
    lines = changed(changed(lines, one, "value", "150"), two, "value", "")
    written, paths = rules_of(lines)
    errors = {line.id: line.error for line in blamed(lines, check_rules(written), paths, finished=True) if line.error}
    assert errors == {one: "Must lie between 0 and 1 (0.5 is 50 %).", two: "Fill this in."}


def test_a_playbook_holds_eight_offers() -> None:
    offers: list[OfferLine] = []
    for _ in range(12):
        offers = another_offer(offers)
    assert len({offer.id for offer in offers}) == len(offers) == 8


# the pages


@pytest.mark.integration
async def test_nobody_unsigned_gets_or_changes_a_segment(database: str) -> None:
    async with transaction() as session:
        await ensure_default_segments(session)
    tab = Tab("/segments/loyal", None)
    cards, edit, count = await tab.state(SegmentsState), await tab.state(EditSegmentState), await tab.state(CountState)
    for handler, state, *arguments in (
        (SegmentsState.load, cards),
        (SegmentsState.refresh, cards),
        (SegmentsState.forward, cards),
        (SegmentsState.ask, cards, "loyal"),
        (SegmentsState.delete, cards),
        (EditSegmentState.load, edit),
        (EditSegmentState.load_new, edit),
        (EditSegmentState.save, edit, {"name": "Mine"}),
    ):
        assert "/login" in said(await run(handler, state, *arguments))
    await run(CountState.count_rules, count, NEW_RULES)
    assert (cards.rows, edit.lines, edit.fields, count.total) == ([], [], {}, "")


@pytest.mark.integration
async def test_cards_say_who_how_many_and_what_to_do(database: str) -> None:
    async with transaction() as session:
        for hours in range(4):
            await add_customer(session, purchase_frequency=1 if hours else 9)
        await create_segment(
            session, SYSTEM, {
                "name": "Once", "rules": {"field": "purchase_frequency", "op": "eq", "value": 1},
                "recommended_offers": [{"name": "A", "discount_pct": 12, "text": "{discount}% off {category}"},
                                       {"name": "B", "discount_pct": 0, "text": "Thanks"}],
                "optimal_channels": ["sms", "email"], "messaging_strategy": "Good to meet you",
            },
        )  # fmt: skip
        await create_segment(session, SYSTEM, {"name": "Friends"}, kind=SegmentKind.STATIC)
        await refresh_segments(session, SYSTEM, ["once"])
    state = await Tab("/segments", VIEWER).state(SegmentsState)
    await run(SegmentsState.load, state)
    once, friends = state.rows
    assert (once.people, once.share, once.change) == ("3", "customers, 75.0%", "no change"), "counted first just now"
    assert once.offer == "12% off favourite category, and 1 other"
    assert once.reach == "SMS, then e-mail, 17:00 to 21:00"
    assert once.rule == "Number of purchases is 1."
    assert friends.rule == "A hand-picked list."
    assert friends.refreshed == "Not counted yet"


@pytest.mark.integration
async def test_refresh_is_a_job_for_those_who_may(database: str) -> None:
    tab = Tab("/segments", VIEWER)
    state = await tab.state(SegmentsState)
    assert "needs the role" in said(await run(SegmentsState.refresh, state))
    tab.actor = MANAGER
    await tab.state(SegmentsState)
    await run(SegmentsState.refresh, state)
    await run(SegmentsState.refresh, state)  # asked twice, done once
    async with transaction() as session:
        jobs = await session.execute(text("SELECT id, name FROM jobs"))
        assert [(str(row.id), row.name) for row in jobs] == [(state.job, "refresh_segments")]


@pytest.mark.integration
async def test_a_segment_a_campaign_needs_is_not_deleted(database: str) -> None:
    async with transaction() as session:
        await ensure_default_segments(session)
        campaign = await add_campaign(session, ["loyal"], name="Quiet week")
    state = await Tab("/segments", MANAGER).state(SegmentsState)
    await run(SegmentsState.ask, state, "loyal")
    assert state.asking_name == "Loyal"
    assert "Quiet week" in said(await run(SegmentsState.delete, state))
    async with transaction() as session:
        await session.execute(text("UPDATE campaigns SET status = 'cancelled' WHERE id = :id"), {"id": campaign})
    await run(SegmentsState.ask, state, "loyal")
    assert "deleted" in said(await run(SegmentsState.delete, state))
    assert "loyal" not in {card.slug for card in state.rows}


def form(state: Any, **typed: str) -> dict[str, str]:
    """The form as the browser would send it."""
    sent = dict(state.fields)
    for offer in state.offers:
        for part, value in zip(
            ("name", "discount_pct", "text", "category"),
            (offer.name, offer.discount, offer.text, offer.category),
            strict=True,
        ):
            sent[f"offer_{part}_{offer.id}"] = value
    return sent | typed  # fmt: skip


@pytest.mark.integration
async def test_a_new_segment_is_counted_while_written_then_saved_and_refreshed(database: str) -> None:
    async with transaction() as session:
        await add_customer(session, name="High", churn_probability=0.9, value_at_risk=Decimal(90))
        await add_customer(session, name="Low", churn_probability=0.1, sms_consent=None)
    tab = Tab("/segments/new", MANAGER)
    state, count = await tab.state(EditSegmentState), await tab.state(CountState)
    await run(EditSegmentState.load_new, state)
    await run(CountState.count_rules, count, rules_of(state.lines)[0])
    assert (count.total, [one.name for one in count.examples]) == ("1", ["High"])
    assert count.of.startswith("of 2, 50.0%")

    leaf = state.lines[1].id
    await run(EditSegmentState.change, state, leaf, "value", "")
    assert state.lines[1].error == ""
    assert "not complete" in said(await run(EditSegmentState.save, state, form(state, name="At risk, likely")))
    assert state.lines[1].error == "Fill this in."
    await run(EditSegmentState.change, state, leaf, "value", "5")
    await run(EditSegmentState.add_offer, state)
    await run(EditSegmentState.remove_offer, state, "1")
    await run(EditSegmentState.remove_offer, state, "2")
    saved = said(await run(EditSegmentState.save, state, form(state, name="At risk, likely", offer_name_3="Ten off")))
    assert "/segments" in saved
    async with transaction() as session:
        row = await get_segment(session, SYSTEM, "at_risk_likely")
        queued = (await session.execute(text("SELECT args FROM jobs"))).scalar_one()
    assert row.rules == {"all": [{"field": "churn_probability", "op": "gte", "value": 0.05}]}
    assert [offer["name"] for offer in row.recommended_offers] == ["Ten off"]
    assert queued == {"slugs": ["at_risk_likely"]}
    assert (await tab.state(SegmentsState)).job


@pytest.mark.integration
async def test_a_bad_field_is_said_beside_itself_and_what_was_typed_stays(database: str) -> None:
    async with transaction() as session:
        await ensure_default_segments(session)
    state = await Tab("/segments/loyal", MANAGER).state(EditSegmentState)
    await run(EditSegmentState.load, state)
    await run(EditSegmentState.save, state, form(state, max_discount_pct="lots"))
    assert "percentage" in state.errors["max_discount_pct"]
    await run(EditSegmentState.save, state, form(state, start="20:00", end="20:30"))
    assert "an hour" in state.errors["optimal_send_window"]
    await run(EditSegmentState.save, state, form(state, offer_text_2="{bottle} off"))
    assert [offer.error != "" for offer in state.offers] == [False, True, False]
    assert state.offers[1].text == "{bottle} off"
    await run(EditSegmentState.save, state, form(state, name="Champions of the week", offer_text_2="Fine"))
    async with transaction() as session:
        assert (await get_segment(session, SYSTEM, "loyal")).name == "Champions of the week"


@pytest.mark.integration
async def test_viewers_read_a_segment_but_cannot_save_it(database: str) -> None:
    async with transaction() as session:
        await ensure_default_segments(session)
    state = await Tab("/segments/loyal", VIEWER).state(EditSegmentState)
    await run(EditSegmentState.load, state)
    assert state.title == "Loyal"
    assert "needs the role" in said(await run(EditSegmentState.save, state, form(state, name="Mine")))
    gone = await Tab("/segments/nowhere", VIEWER).state(EditSegmentState)
    await run(EditSegmentState.load, gone)
    assert gone.missing


@pytest.mark.integration
async def test_somebody_elses_change_is_not_overwritten(database: str) -> None:
    async with transaction() as session:
        await ensure_default_segments(session)
    state = await Tab("/segments/loyal", MANAGER).state(EditSegmentState)
    await run(EditSegmentState.load, state)
    async with transaction() as session:
        await session.execute(text("UPDATE segments SET name = 'Theirs', updated_at = now() + interval '1 second'"))
    assert "meanwhile" in said(await run(EditSegmentState.save, state, form(state, name="Mine")))


@pytest.mark.integration
async def test_only_the_newest_question_is_answered(database: str) -> None:
    state = await Tab("/segments/new", VIEWER).state(CountState)
    await run(CountState.count_rules, state, {"all": []})
    assert state.total == "0"
    await run(CountState.count_rules, state, {"field": "nonsense"})
    assert "nonsense" in state.problem
    assert state.total == "0"
