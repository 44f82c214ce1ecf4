"""A model's life: weekly refits, promotion only of what is no worse, drift."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

from liquor_app.accounts.models import Role
from liquor_app.accounts.permissions import SYSTEM, Actor, ActorKind
from liquor_app.core.clock import now, travel
from liquor_app.core.ids import uuid7
from liquor_app.scoring import training
from liquor_app.scoring.models import ModelKind
from liquor_app.scoring.service import list_models, score_customers
from tests.people import add_customer, add_purchase

pytestmark = pytest.mark.integration

VIEWER = Actor(ActorKind.USER, uuid7(), "Vic", Role.USER)


async def versions(session: AsyncSession) -> dict[str, list[tuple[int, str]]]:
    rows = await list_models(session, VIEWER, history=True)
    return {kind: [(row.version, row.status) for row in rows if row.kind == kind] for kind in ("churn", "clv")}


async def test_models_are_fitted_once_a_week(sample: AsyncSession) -> None:
    await score_customers(sample, SYSTEM)
    with travel(now() + timedelta(days=3)):
        await score_customers(sample, SYSTEM)
        assert (await versions(sample))["churn"] == [(1, "active")]
    with travel(now() + timedelta(days=7)):
        await score_customers(sample, SYSTEM)
        assert (await versions(sample))["churn"] == [(2, "active"), (1, "retired")]


async def test_a_worse_refit_is_kept_but_not_promoted(sample: AsyncSession, monkeypatch: pytest.MonkeyPatch) -> None:
    await score_customers(sample, SYSTEM)
    honest = training.train_churn

    def broken(*given: Any) -> training.Trained:
        fitted = honest(*given)
        # a fit gone astray: every sign is taken the other way round
        line = {**fitted.params["blends"][0]["line"], "coefficients": [-9.0] * 10}
        blends = [{**one, "line": line} for one in fitted.params["blends"]]
        return replace(fitted, params={**fitted.params, "blends": blends})

    monkeypatch.setattr(training, "train_churn", broken)
    row = await score_customers(sample, SYSTEM, refit=True)
    assert (await versions(sample))["churn"] == [(2, "rejected"), (1, "active")]
    assert (await versions(sample))["clv"] == [(2, "active"), (1, "retired")]
    rejected = next(row for row in await list_models(sample, VIEWER, history=True) if row.status == "rejected")
    ahead, low, high = rejected.metrics["incumbent_ahead"]
    assert 0 < low < ahead < high
    assert row.churn_method == "bgnbd_and_regression"
    used = await sample.execute(
        text("SELECT DISTINCT m.version FROM customer_scores s JOIN model_versions m ON m.id = s.churn_model_id")
    )
    assert list(used.scalars()) == [1]


async def test_a_new_population_is_noticed_once(sample: AsyncSession) -> None:
    await score_customers(sample, SYSTEM)
    await score_customers(sample, SYSTEM)
    churn = {row.kind: row for row in await list_models(sample, VIEWER)}[ModelKind.CHURN]
    assert churn.metrics["drift"]["level"] == "stable"
    assert churn.metrics["drift"]["psi"] == pytest.approx(0, abs=1e-9)
    with travel(now() + timedelta(days=5)):
        # a file with everybody's orders stamped today
        await sample.execute(text("UPDATE purchases SET occurred_at = :at"), {"at": now() - timedelta(hours=1)})
        for _ in range(2):
            await score_customers(sample, SYSTEM)
    churn = {row.kind: row for row in await list_models(sample, VIEWER)}[ModelKind.CHURN]
    assert churn.metrics["drift"]["level"] == "shifted"
    told = await sample.execute(text("SELECT count(*) FROM notifications WHERE title LIKE '%churn model%'"))
    assert told.scalar_one() == 1


async def test_a_stand_in_gives_way_as_soon_as_the_data_suffice(session: AsyncSession) -> None:
    """Scored while empty, then a file comes: nobody waits a week for a model."""
    await score_customers(session, SYSTEM)
    await add_purchase(session, await add_customer(session), days_ago=40)
    row = await score_customers(session, SYSTEM)
    assert row.clv_method == "calibrated_count"


async def test_a_response_model_of_an_older_version_is_fitted_anew_at_once(sample: AsyncSession) -> None:
    await score_customers(sample, SYSTEM)
    await sample.execute(
        text(
            "UPDATE model_versions SET method = 'logistic_regression', params = params - 'offer'"
            " WHERE kind = 'response'"
        )
    )
    row = await score_customers(sample, SYSTEM)
    assert row.response_method == "offer_regression"
    found = await sample.execute(text("SELECT count(*) FROM customers WHERE response_likelihood IS NULL"))
    assert found.scalar_one() == 0


async def test_a_value_of_an_older_version_is_fitted_anew_at_once(sample: AsyncSession) -> None:
    await score_customers(sample, SYSTEM)
    await sample.execute(text("UPDATE model_versions SET method = 'spend_to_date', params = '{}' WHERE kind = 'clv'"))
    row = await score_customers(sample, SYSTEM)
    assert row.clv_method == "spend_glm"
