"""The models page by its state: what is said of a model that was fitted to nobody."""

from __future__ import annotations

import pytest

from liquor_app.accounts.models import Role
from liquor_app.accounts.permissions import SYSTEM, Actor, ActorKind
from liquor_app.core.db import transaction
from liquor_app.scoring.service import list_models, score_customers
from liquor_app.screens.scoring.models.state import ModelsState
from tests.people import add_customer, add_purchase, ensure_shop
from tests.tabs import Tab, run

pytestmark = pytest.mark.integration
VIEWER = Actor(ActorKind.USER, None, "Vi", Role.USER)


async def shown() -> ModelsState:
    state = await Tab("/models", VIEWER).state(ModelsState)
    assert await run(ModelsState.load, state) is None
    return state


async def test_a_model_fitted_to_nobody_is_not_in_use(database: str) -> None:
    """Before, a shop that had started over read "Version 1, from 0 customers" and "In use"."""
    async with transaction() as session:
        await ensure_shop(session)
        await add_customer(session)
        await score_customers(session, SYSTEM)
        rows = await list_models(session, SYSTEM, history=True)
    assert {row.n for row in rows} == {0}, "customers, but no purchase"
    state = await shown()
    assert (state.loading, state.is_empty) == (False, True)
    assert {line.status for line in state.versions} == {"Not enough data"}
    assert {card.trained for card in state.cards} == {"No model yet"}


async def test_one_fitted_to_somebody_is(database: str) -> None:
    async with transaction() as session:
        await ensure_shop(session)
        for days in (3, 40, 90):
            await add_purchase(session, await add_customer(session), days_ago=days)
        await score_customers(session, SYSTEM)
        counts = {row.kind: row.n for row in await list_models(session, SYSTEM)}
    assert (counts["churn"], counts["response"]) == (3, 0)
    state = await shown()
    assert not state.is_empty
    told = {line.title: line.status for line in state.versions}
    assert (told["Churn risk"], told["Likelihood to act on an offer"]) == ("In use", "Not enough data")
    trained = {card.kind: card.trained for card in state.cards}
    assert trained["churn"].startswith("Version 1, from 3 customers")
    assert trained["response"] == "No model yet"
