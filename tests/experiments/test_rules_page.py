"""Pinning and forbidding on the learning page."""

from __future__ import annotations

import json

import pytest

from liquor_app.accounts.permissions import SYSTEM
from liquor_app.core.db import transaction
from liquor_app.screens.experiments.learning.rules_state import RulesState
from liquor_app.segments.service import create_segment
from tests.experiments.test_learning_page import MARKETER, VIEWER
from tests.people import ensure_shop
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


async def test_a_viewer_sees_and_may_not(shop: None) -> None:
    state = await Tab("/learning", VIEWER).state(RulesState)
    await run(RulesState.load, state)
    assert not state.may_rule
    answer = await run(
        RulesState.save, state, {"effect": "pin", "cell": json.dumps(list(CELL.values())), "due": "", "reason": "x"}
    )
    await run(RulesState.load, state)
    assert state.rules == [], said(answer)
