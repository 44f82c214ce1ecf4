"""Pinning and forbidding on the learning page."""

from __future__ import annotations

import json
import re

import pytest

from liquor_app.accounts.permissions import SYSTEM
from liquor_app.actions.offering.cell_rules import DUE_STATES, RuleEffect, add_rule, undo_rule
from liquor_app.core.db import transaction
from liquor_app.scoring.due_state import STATE_WORDS
from liquor_app.screens.experiments.learning.rules_state import DUE_WORDS, RulesState, rule_line
from liquor_app.screens.experiments.learning.state import LearningState
from liquor_app.segments.service import create_segment, refresh_segments
from tests.experiments.test_learning_page import MARKETER, VIEWER
from tests.people import add_customer, believe, ensure_shop, steady_ids
from tests.tabs import Tab, run, said

pytestmark = pytest.mark.integration
CELL = {"segment": "all", "offer": "Favourite category", "channel": "email"}


@pytest.fixture
async def shop(database: str) -> None:
    async with transaction() as session:
        await ensure_shop(session)
        await create_segment(session, SYSTEM, {"name": "All", "rules": {"all": []}, "optimal_channels": ["email"]})


async def test_a_marketer_pins_and_takes_it_back(shop: None) -> None:
    state = await Tab("/learning", MARKETER).state(RulesState)
    await run(RulesState.load, state)
    key, words = next(cell for cell in state.cells if cell[0] == json.dumps(list(CELL.values())))
    assert words == "All: Favourite category, E-mail"
    await run(RulesState.ask, state)
    form = {"effect": "pin", "cell": key, "due": "overdue", "reason": "As promised"}
    await run(RulesState.save, state, form)
    (line,) = state.rules
    assert (line.effect, line.cell) == ("Pinned", "Favourite category, E-mail, to All, overdue")
    assert line.author.startswith("Dana, ")
    await run(RulesState.ask, state)
    await run(RulesState.save, state, {**form, "due": ""})
    assert "Undo that first." in state.errors["cell"]
    await run(RulesState.undo, state, line.id)
    assert state.rules == []
    await run(RulesState.ask, state)
    await run(RulesState.save, state, {**form, "reason": " "})
    assert state.errors["reason"].startswith("Say why")


async def test_what_is_pinned_is_neither_drawn_nor_replaced_by_nothing(shop: None) -> None:
    """The learning page said of a pinned offer that chance would try it, and that nothing was worth it."""
    async with transaction() as session:
        await add_rule(session, SYSTEM, effect=RuleEffect.PIN, reason="As promised", **CELL)
    state = await Tab("/learning", VIEWER).state(LearningState)
    await run(LearningState.load, state)
    (trial,) = state.summary.trials
    assert trial.most.startswith("Pinned: Favourite category, 10% off, E-mail, not believed to be worth its cost")
    assert "alike" not in trial.doubt
    assert trial.doubt.startswith("Nothing")
    assert trial.wins.startswith("+1.0")


async def test_each_due_state_has_the_same_words_wherever_it_is_told(shop: None) -> None:
    """An action, a rule, its form and a plan had three wordings for who has no rhythm."""
    assert [state for state, _ in DUE_WORDS] == ["", *DUE_STATES] == ["", *STATE_WORDS]
    for due in DUE_STATES:
        async with transaction() as session:
            row = await add_rule(session, SYSTEM, effect=RuleEffect.PIN, reason="x", due=due, **CELL)
            await undo_rule(session, SYSTEM, row.id)
        said_of = STATE_WORDS[due]
        assert f"of those {said_of}" in row.words
        assert rule_line(row, "").cell.endswith(f", {said_of}")
        assert dict(DUE_WORDS)[due].endswith(said_of)


async def test_a_viewer_sees_and_may_not(shop: None) -> None:
    state = await Tab("/learning", VIEWER).state(RulesState)
    await run(RulesState.load, state)
    assert not state.may_rule
    answer = await run(
        RulesState.save, state, {"effect": "pin", "cell": json.dumps(list(CELL.values())), "due": "", "reason": "x"}
    )
    await run(RulesState.load, state)
    assert state.rules == [], said(answer)


async def test_what_a_rule_is_expected_to_lose_is_told_before_it_is_made(shop: None) -> None:
    """What a pin costs was known once a plan had been made with it."""
    offers = [
        {"name": "News", "text": "News of {category}", "discount_pct": 0},
        {"name": "Ten off", "text": "{discount}% off", "discount_pct": 10},
    ]
    async with transaction() as session:
        row = await create_segment(
            session, SYSTEM,
            {"name": "Some", "rules": {"all": []}, "optimal_channels": ["email"], "recommended_offers": offers},
        )  # fmt: skip
        for one in steady_ids(7):
            await add_customer(session, id=one)
        await refresh_segments(session, SYSTEM)
        await believe(session, 0.05, {"News": 0.02, "Ten off, 10% off": 0.01})
    cell = {name: json.dumps([row.slug, name, "email"]) for name in ("News", "Ten off")}
    state = await Tab("/learning", MARKETER).state(RulesState)
    await run(RulesState.load, state)
    await run(RulesState.ask, state)
    assert state.cost, "of what the form has at first, too"
    await run(RulesState.choose, state, "cell", cell["Ten off"])
    told = re.match(
        r"Expected to lose \$(.+) a person and plan, at most \$(.+) with the 7 people of Some: ", state.cost
    )
    assert told is not None, state.cost
    each, most = map(float, told.groups())
    assert 0 < each * 7 <= most
    assert "7 would get something else, most of them “Ten off, 10% off, E-mail” instead of “News, E-mail”" in state.cost
    assert "learned from" in state.cost
    await run(RulesState.choose, state, "due", "overdue")
    assert state.cost.startswith("Expected to lose nothing: of the 7 people of Some nobody would get anything else.")
    await run(RulesState.choose, state, "due", "")
    await run(RulesState.choose, state, "cell", cell["News"])
    assert state.cost.startswith("Expected to lose nothing in a plan of the 7 people of Some alone, at most")
    await run(RulesState.choose, state, "effect", "forbid")
    assert state.cost.startswith(f"Expected to lose ${each:.2f} a person and plan"), "of a ban, too"
    await run(RulesState.choose, state, "cell", "made up")
    assert "Choose a segment" in state.errors.get("cell", "") or state.cost == ""
    assert state.rules == [], "nothing was pinned yet"
