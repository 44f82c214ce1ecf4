"""The learning page, its route and its job: what is believed in words, and who may ask to learn."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from sqlalchemy import text

from liquor_app.accounts.models import Role
from liquor_app.accounts.permissions import SYSTEM, Actor, ActorKind
from liquor_app.core.clock import now
from liquor_app.core.db import transaction
from liquor_app.core.errors import Forbidden
from liquor_app.experiments.learning import CellRow, Trial, request_learning
from liquor_app.experiments.off_policy import Estimate, NothingLeftToChance, OffPolicy
from liquor_app.experiments.policy_question import NO_DECISIONS, Answer, Policy
from liquor_app.scoring.estimators.uplift import Cell
from liquor_app.screens.experiments.learning import state as learning_page
from liquor_app.screens.experiments.learning.state import LearningState, doubt_words, policy_line, trial_of
from liquor_app.segments.service import create_segment
from tests.people import add_campaign, believe, ensure_shop
from tests.tabs import Tab, run

pytestmark = pytest.mark.integration
VIEWER = Actor(ActorKind.USER, None, "Vi", Role.USER)
MARKETER = Actor(ActorKind.USER, None, "Dana", Role.MANAGER)


async def shown(actor: Actor = VIEWER) -> LearningState:
    state = await Tab("/learning", actor).state(LearningState)
    assert await run(LearningState.load, state) is None
    return state


async def test_before_anything_was_learned_it_says_that_it_assumes(database: str) -> None:
    async with transaction() as session:
        await ensure_shop(session)
        await create_segment(session, SYSTEM, {"name": "All", "rules": {"all": []}, "optimal_channels": ["email"]})
    state = await shown()
    assert (state.is_empty, state.may_learn, state.loading) == (True, False, False)
    assert (state.summary.mean, state.summary.from_people) == ("+1.0", "No message yet: this is assumed")
    low, high = (float(end.replace("−", "-")) for end in state.summary.interval.split(" to "))
    assert (
        f"win 1.0 buyers in a hundred, give or take {(high - low) / 2:.1f} four times in five." in state.summary.meaning
    )
    (trial,) = state.summary.trials
    assert trial.segment == "All"
    assert trial.most == "A word from the shop, E-mail", "a discount costs more than one point of buyers brings"
    assert trial.wins == "+1.0 (−2.2 to +4.2)"
    assert trial.doubt == "Favourite category, 10% off, E-mail; A word from the shop, E-mail: alike, −2.2 to +4.2"


def test_of_equals_all_are_named_or_counted() -> None:
    """It named one of them as what is known least."""
    cells = [CellRow(Cell("all", f"Offer {one}", "email", "due"), 0.01, -0.02, 0.04, 0, 0.01) for one in range(4)]
    assert doubt_words(cells[:1]) == "Offer 0, E-mail: −2.0 to +4.0"
    assert doubt_words(cells) == "Offer 0, E-mail; Offer 1, E-mail and 2 others: alike, −2.0 to +4.0"
    other = replace(cells[0], low=-0.03, high=0.03)
    assert doubt_words([cells[0], other]).endswith(": alike, each as wide")


def test_chance_tries_nothing_where_nobody_is_written_to() -> None:
    """It said of a segment that gets nothing what of it chance would try."""
    cells = tuple(CellRow(Cell("all", f"Offer {one}", "email", "due"), 0.0, -0.02, 0.04, 0, 0.01) for one in range(2))
    told = trial_of(Trial("all", cells[0], False, False, cells[1:]), {"all": "All"})
    assert told.most == "Nothing: no offer is believed to be worth its cost"
    assert told.doubt == "Only for whom one is worth it: Offer 1, E-mail: −2.0 to +4.0"
    worth = trial_of(Trial("all", cells[0], True, False, cells[1:]), {"all": "All"})
    assert worth.doubt == "Offer 1, E-mail: −2.0 to +4.0"


async def test_what_was_learned_stands_with_its_interval_and_from_how_many(database: str) -> None:
    async with transaction() as session:
        await ensure_shop(session)
        await create_segment(session, SYSTEM, {"name": "Everybody", "rules": {"all": []}})
        await believe(session, 0.02, {"Favourite category, 10% off": 0.03})
    state = await shown(MARKETER)
    assert state.may_learn
    (line,) = state.cells
    assert (line.segment, line.offer, line.channel) == ("Everybody", "Favourite category, 10% off", "E-mail")
    assert (line.mean, line.learned, line.change) == ("+6.0", "Learned from 1,000 messages", "+5.0")
    assert line.interval == "+6.0 to +6.0"
    assert state.summary.meaning == "The interval leaves out zero: messages win buyers here."
    assert state.summary.from_people == "1,000 messages; 500 times somebody was held out"
    (trial,) = state.summary.trials
    assert trial.segment == "Everybody"
    assert trial.most == "Favourite category, 10% off, E-mail"


async def test_what_if_is_refused_in_words_where_nothing_was_left_to_chance(database: str) -> None:
    state = await shown()
    await run(LearningState.ask, state)
    assert state.policies == []
    assert state.refused == NO_DECISIONS
    async with transaction() as session:
        await add_campaign(session, ["all"], virtual_now=now(), start_date=now().date())
    await run(LearningState.ask, state)
    assert state.refused.startswith(NO_DECISIONS)
    assert "The week of 1 campaign was only played: that is simulated" in state.refused


async def test_a_policy_that_cannot_be_told_hides_no_other(database: str, monkeypatch: pytest.MonkeyPatch) -> None:
    found = OffPolicy(
        *(Estimate(0.05, 0.01, 0.09),) * 4, people=280, decisions=300, left_out=2, effective=120.0, lost=0.0
    )

    async def answers(session: Any, actor: Actor, policy: Policy) -> Answer:
        if policy is Policy.RANDOM:
            raise NothingLeftToChance("No option has a chance of its own.")
        return Answer(policy, found)

    monkeypatch.setattr(learning_page, "ask_policy", answers)
    state = await shown()
    await run(LearningState.ask, state)
    told = {line.policy: line for line in state.policies}
    assert told[Policy.RANDOM.label].rests_on == "No option has a chance of its own."
    assert told[Policy.RANDOM.label].bought == "–"
    other = told[Policy.BELIEVED.label]
    assert (other.bought, other.interval) == ("5.0", "1.0 to 9.0")
    assert "2 decisions of too small a chance left out" in other.rests_on
    assert other.rests_on.endswith("each half of the people by what the other half taught")
    assert "other half" not in told[Policy.NOTHING.label].rests_on
    missed = policy_line(Answer(Policy.RANDOM, replace(found, lost=0.7)))
    assert missed.rests_on.endswith("70% of what it would do could not have been drawn: not to be relied on")
    assert other.others == "IPS 5.0 (1.0 to 9.0); SNIPS 5.0 (1.0 to 9.0)"
    assert told["What was done"].rests_on == "300 decisions about 280 people"


async def test_a_marketer_asks_once_and_a_viewer_not_at_all(database: str) -> None:
    async with transaction() as session:
        with pytest.raises(Forbidden):
            await request_learning(session, VIEWER)
        assert await request_learning(session, MARKETER) == await request_learning(session, MARKETER)
        jobs = await session.execute(text("SELECT count(*) FROM jobs WHERE name = 'learn_uplift'"))
        assert jobs.scalar_one() == 1
