"""Backtests on the sample: honest about the cut-off, and nowhere behind a simple count by more than luck."""

from __future__ import annotations

import json
from datetime import date, timedelta

import pytest
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

from liquor_app.accounts.permissions import SYSTEM
from liquor_app.commands.models import beside
from liquor_app.core.errors import Conflict, Invalid
from liquor_app.demo.dataset import last_day_by, yesterday
from liquor_app.scoring.backtest import BacktestRow, run_backtest
from tests.people import add_customer, add_purchase

pytestmark = pytest.mark.integration

COUNTS = {"recency", "frequency", "rfm_sum", "spend_to_date"}


def three_quarters() -> date:
    return last_day_by(yesterday()) - timedelta(days=91)


def half_way() -> date:
    return last_day_by(yesterday()) - timedelta(days=152)


def assert_not_behind(row: BacktestRow) -> None:
    assert row.ahead is not None
    assert row.ahead.by.high >= 0, (row.kind, row.cutoff, row.ahead)


@pytest.mark.proof
async def test_churn_on_the_sample(sample: AsyncSession) -> None:
    row = await run_backtest(sample, SYSTEM, "churn", cutoff=three_quarters(), horizon=60)
    assert row.method == "bgnbd_and_regression"
    assert row.n == 1_386
    assert row.measures.auc is not None
    assert row.measures.auc >= 0.78
    assert set(row.baselines) == COUNTS | {"bgnbd", "one_minus_p_alive"}
    dead = row.baselines["one_minus_p_alive"].auc
    assert dead is not None
    assert dead < 0.5, "P(alive) is no churn score"
    assert all(measures.brier for measures in row.baselines.values())
    for cutoff in (three_quarters(), half_way()):
        assert_not_behind(await run_backtest(sample, SYSTEM, "churn", cutoff=cutoff, horizon=60))


@pytest.mark.proof
@pytest.mark.parametrize("kind", ["clv", "response"])
async def test_nowhere_behind_the_best_count(sample: AsyncSession, kind: str) -> None:
    for cutoff in (three_quarters(), half_way()):
        row = await run_backtest(sample, SYSTEM, kind, cutoff=cutoff, horizon=60)
        assert set(row.baselines) >= COUNTS
        assert_not_behind(row)
        if kind == "clv":
            assert row.measures.spearman is not None
            assert row.measures.total is not None
            assert row.nearer is not None
            assert row.nearer.by.low <= 0, "a simple count came nearer, by more than noise"
            assert row.bands


async def test_nothing_from_the_cutoff_on_is_known(sample: AsyncSession) -> None:
    """Whatever is done to the time after it, what a model says stays the same; only the outcome may change."""
    cutoff = three_quarters()
    before = {kind: await run_backtest(sample, SYSTEM, kind, cutoff=cutoff, horizon=60) for kind in ("churn", "clv")}
    spoilt = await sample.execute(
        text(
            "UPDATE purchases SET total = total * 1000, coupon_lines = 9 WHERE occurred_at >="
            " CAST(:cutoff AS timestamp) AT TIME ZONE 'America/New_York'"
        ),
        {"cutoff": cutoff},
    )
    assert spoilt.rowcount > 1_000  # type: ignore[attr-defined]
    after = {kind: await run_backtest(sample, SYSTEM, kind, cutoff=cutoff, horizon=60) for kind in ("churn", "clv")}
    assert after["churn"] == before["churn"], "money of the future has reached the past"
    assert after["clv"].method == before["clv"].method
    assert after["clv"].measures.spearman == pytest.approx(before["clv"].measures.spearman)


async def test_the_document_is_flat_json(sample: AsyncSession) -> None:
    row = await run_backtest(sample, SYSTEM, "clv", cutoff=three_quarters(), horizon=30)
    document = json.loads(json.dumps(row.as_document()))
    assert {"kind", "method", "n", "auc", "brier", "ece", "lift_decile_1", "spearman", "mae", "baselines"} <= set(
        document
    )
    assert document["brier"] is None
    assert set(document["baselines"]["recency"]) == {
        "auc", "brier", "ece", "lift_decile_1", "spearman", "mae", "gini", "deviance", "total",
    }  # fmt: skip
    assert sum(one["customers"] for one in document["deciles"]) == document["n"]
    told = beside(document)
    assert told[0].startswith(f"spearman less that of {document['ahead_of_best_count']['count']}: ")
    assert told[1].startswith("deviance relative to that of ")
    assert told[2].endswith(f", of {len(document['bands'])}")
    assert beside({**document, "ahead_of_best_count": None, "nearer_than_nearest_count": None, "bands": []}) == []


async def test_what_cannot_be_tested_says_why(session: AsyncSession) -> None:
    with pytest.raises(Conflict, match="no purchases yet"):
        await run_backtest(session, SYSTEM, "churn", cutoff=date(2026, 1, 1), horizon=60)
    customer = await add_customer(session)
    for days in (200, 100, 1):
        await add_purchase(session, customer, days_ago=days)
    with pytest.raises(Invalid, match="kind must be one of churn, clv, response"):
        await run_backtest(session, SYSTEM, "luck", cutoff=date(2026, 1, 1), horizon=60)
    with pytest.raises(Invalid, match="horizon must lie between 1 and 730"):
        await run_backtest(session, SYSTEM, "churn", cutoff=date(2026, 1, 1), horizon=0)
    with pytest.raises(Invalid, match="the cut-off must lie between"):
        await run_backtest(session, SYSTEM, "churn", cutoff=yesterday(), horizon=60)
    with pytest.raises(Invalid, match="too short for 730 days ahead"):
        await run_backtest(session, SYSTEM, "churn", cutoff=yesterday() - timedelta(days=90), horizon=730)
    with pytest.raises(Conflict, match="here all are alike"):
        await run_backtest(session, SYSTEM, "churn", cutoff=yesterday() - timedelta(days=90), horizon=60)
    with pytest.raises(Conflict, match="0 contacts before the cut-off"):
        await run_backtest(session, SYSTEM, "response", cutoff=yesterday() - timedelta(days=90), horizon=60)
