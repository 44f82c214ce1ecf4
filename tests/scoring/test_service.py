"""Scoring in a real database: the sample, thin shops, people who must not be profiled."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Any
from uuid import UUID, uuid4

import pytest
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

from benchmarks.backtests import sample_contacts
from liquor_app.accounts.models import Role
from liquor_app.accounts.permissions import SYSTEM, Actor, ActorKind
from liquor_app.core import queue
from liquor_app.core.clock import now, travel
from liquor_app.core.db import transaction
from liquor_app.core.errors import Forbidden, NotFound
from liquor_app.core.ids import uuid7
from liquor_app.core.models import JobStatus
from liquor_app.core.queue import Job
from liquor_app.demo.dataset import load_dataset
from liquor_app.scoring import judge_response
from liquor_app.scoring.estimators.rfm import RfmSegment
from liquor_app.scoring.service import explain_customer, list_models, score_customers
from liquor_app.scoring.tasks import TASKS
from liquor_app.ui.words import show_money
from tests.people import add_customer, add_purchase

pytestmark = pytest.mark.integration

VIEWER = Actor(ActorKind.USER, uuid7(), "Vic", Role.USER)


async def rows(session: AsyncSession, sql: str, **values: Any) -> list[Any]:
    return list((await session.execute(text(sql), values)).mappings().all())


async def one(session: AsyncSession, sql: str, **values: Any) -> Any:
    return (await session.execute(text(sql), values)).scalar_one()


async def customer(session: AsyncSession, customer_id: UUID) -> Any:
    return (await rows(session, "SELECT * FROM customers WHERE id = :id", id=customer_id))[0]


async def test_the_sample_is_scored_whole(sample: AsyncSession) -> None:
    row = await score_customers(sample, SYSTEM)
    assert (row.customers, row.scored, row.churn_method) == (1_545, 1_545, "bgnbd_and_regression")
    assert await one(
        sample,
        "SELECT count(*) FROM customers WHERE rfm_segment IS NULL OR churn_probability IS NULL OR clv_score IS NULL"
        " OR response_likelihood IS NULL OR value_at_risk IS NULL OR primary_category IS NULL OR scored_at IS NULL",
    ) == 0  # fmt: skip
    assert await one(sample, "SELECT count(*) FROM customer_scores") == 1_545
    assert {row["rfm_segment"] for row in await rows(sample, "SELECT DISTINCT rfm_segment FROM customers")} == set(
        RfmSegment
    )
    # bands follow from probabilities, value at risk from what a return brings
    assert await one(
        sample,
        "SELECT bool_and((churn_risk = 'low') = (churn_probability < 0.33)"
        " AND (churn_risk = 'high') = (churn_probability > 0.66)"
        " AND abs(value_at_risk - churn_probability * (CAST(k.features ->> 'value_if_back' AS float8)"
        "     - CAST(k.features ->> 'value_if_gone' AS float8))) <= 0.02"
        " AND abs(clv_score - (1 - churn_probability) * CAST(k.features ->> 'value_if_back' AS float8)"
        "     - churn_probability * CAST(k.features ->> 'value_if_gone' AS float8)) <= 0.02)"
        " FROM customers c JOIN customer_scores k ON k.customer_id = c.id",
    )


async def test_facts_are_what_the_purchases_say(sample: AsyncSession) -> None:
    await score_customers(sample, SYSTEM)
    assert await one(
        sample,
        "SELECT count(*) FROM customers c JOIN (SELECT customer_id, count(*) AS n, sum(total) AS spent,"
        " min(occurred_at) AS first, max(occurred_at) AS last FROM purchases GROUP BY 1) p ON p.customer_id = c.id"
        " WHERE (c.purchase_frequency, c.total_spent, c.first_purchase_at, c.last_purchase_at)"
        " IS DISTINCT FROM (p.n, p.spent, p.first, p.last) OR abs(c.avg_order_value - p.spent / p.n) > 0.011",
    ) == 0  # fmt: skip
    # the primary category is the one in most baskets
    assert await one(
        sample,
        "WITH n AS (SELECT p.customer_id, l.category, count(DISTINCT p.id) AS n FROM purchases p"
        " JOIN purchase_lines l ON l.purchase_id = p.id GROUP BY 1, 2)"
        " SELECT count(*) FROM customers c JOIN n ON n.customer_id = c.id AND n.category = c.primary_category"
        " WHERE n.n < (SELECT max(m.n) FROM n m WHERE m.customer_id = c.id)",
    ) == 0  # fmt: skip
    assert await one(sample, "SELECT bool_and(jsonb_array_length(favorite_brands) BETWEEN 1 AND 3) FROM customers")
    contacted = (
        "SELECT count(*) FROM customers c JOIN (SELECT customer_id,"
        " 100.0 * count(LEAST(redeemed_at, converted_at)) / count(*) AS pct FROM sends"
        " WHERE contact_at > now() - interval '365 days'"
        " GROUP BY 1) s ON s.customer_id = c.id WHERE abs(c.success_rate_pct - s.pct) > 0.01"
    )
    assert await one(sample, contacted) == 0


async def test_models_are_stored_with_their_backtests(sample: AsyncSession) -> None:
    await score_customers(sample, SYSTEM)
    await score_customers(sample, SYSTEM)
    assert {model.version for model in await list_models(sample, VIEWER)} == {1}, "fitted again within the week"
    await score_customers(sample, SYSTEM, refit=True)
    models = {model.kind: model for model in await list_models(sample, VIEWER)}
    assert set(models) == {"churn", "clv", "response"}
    assert {model.version for model in models.values()} == {2}
    assert await one(sample, "SELECT count(*) FROM model_versions WHERE status = 'retired'") == 3
    churn, clv, response = (models[kind].metrics for kind in ("churn", "clv", "response"))
    assert churn["auc"] >= 0.77
    assert churn["brier"] < churn["bgnbd_brier"]
    assert churn["auc"] > churn["count_auc"]["recency"]
    assert models["clv"].method == "spend_glm"
    assert clv["why_not"] == []
    assert clv["deviance"] < min(clv["count_deviance"].values())
    assert models["response"].method == "offer_regression"
    assert response["why_not"] == []
    assert response["brier"] < 0.85 * response["constant_brier"]
    # the same as from the sample's own frames, reckoned without the database
    told = judge_response.judge(sample_contacts(load_dataset()))
    for figure in ("brier", "auc", "total", "customer_brier", "constant_brier", "level_sd"):
        assert response[figure] == pytest.approx(told[figure], rel=1e-6), figure


async def test_reasons_carry_the_scores_own_numbers(sample: AsyncSession) -> None:
    await score_customers(sample, SYSTEM)
    best = await one(
        sample, "SELECT id FROM customers WHERE churn_risk = 'high' ORDER BY value_at_risk DESC, id LIMIT 1"
    )
    told, known = await explain_customer(sample, VIEWER, best), await customer(sample, best)
    by_topic = {sentence.topic: sentence for sentence in told.sentences}
    since = told.features["days_since_last"]
    chance = f"{known['churn_probability'] * 100:.0f}%"
    assert f"last bought {since} days ago: {chance} likely not to return within 60 days." in by_topic["churn"].text
    assert by_topic["churn"].tone == "warning"
    assert show_money(known["value_at_risk"]) in by_topic["value"].title
    assert show_money(known["clv_score"]) in by_topic["value"].text
    assert "extrapolated from" in by_topic["value"].text
    assert show_money(told.features["value_if_back"]) in by_topic["value"].text
    assert f"{known['response_likelihood'] * 100:.0f}% likely" in by_topic["response"].text
    assert by_topic["taste"].title == f"Prefers {known['primary_category']}"
    assert {model.kind for model in told.models} == {"churn", "clv", "response"}


async def test_some_customers_are_scored_as_everybody_would_be_without_refitting(sample: AsyncSession) -> None:
    await score_customers(sample, SYSTEM)
    wanted = [row["id"] for row in await rows(sample, "SELECT id FROM customers ORDER BY id LIMIT 3")]
    before = await rows(sample, "SELECT * FROM customers WHERE id = ANY(:ids) ORDER BY id", ids=wanted)
    await sample.execute(
        text("UPDATE customers SET churn_probability = NULL, rfm_segment = NULL, total_spent = 0, scored_at = NULL")
    )
    row = await score_customers(sample, SYSTEM, wanted)
    assert (row.customers, row.scored) == (3, 3)
    after = await rows(sample, "SELECT * FROM customers WHERE id = ANY(:ids) ORDER BY id", ids=wanted)
    same = ("churn_probability", "rfm_segment", "total_spent", "clv_score", "favorite_brands")
    for then, again in zip(before, after, strict=True):
        assert [then[name] for name in same] == [again[name] for name in same]
        assert again["response_likelihood"] == pytest.approx(then["response_likelihood"], rel=1e-12)
    assert await one(sample, "SELECT count(*) FROM customers WHERE scored_at IS NOT NULL") == 3
    assert {model.version for model in await list_models(sample, SYSTEM)} == {1}


async def test_ten_customers_get_quintiles_bands_and_honest_words(session: AsyncSession) -> None:
    with travel(datetime(2026, 7, 1, 16, tzinfo=UTC)):
        ids = [await add_customer(session, churn_probability=0.9) for _ in range(10)]
        for place, customer_id in enumerate(ids):
            for order in range(place + 1):
                await add_purchase(session, customer_id, days_ago=1 + place * 4 + order * 7)
        row = await score_customers(session, SYSTEM)
    assert (row.churn_method, row.response_method) == ("recency_bands", "none")
    found = [await customer(session, customer_id) for customer_id in ids]
    assert [known["f_score"] for known in found] == [1, 1, 2, 2, 3, 3, 4, 4, 5, 5]
    assert [known["r_score"] for known in found] == [5, 5, 4, 4, 3, 3, 2, 2, 1, 1]
    assert {known["churn_probability"] for known in found} == {None}
    assert {known["churn_risk"] for known in found} == {"low", "medium"}
    assert {known["value_at_risk"] for known in found} == {None}
    assert found[9]["clv_score"] > found[1]["clv_score"] > 0
    told = await explain_customer(session, VIEWER, ids[9])
    assert told.sentences[0].title == "Not enough data for a churn probability"
    assert "500 buyers are needed, there are 10" in told.sentences[0].text
    # the last order was 37 days ago and the usual gap is 7, so the next was due 30 days ago
    assert (told.features["gap_median"], told.features["days_since_last"]) == (7, 37)
    assert told.features["due_on"] == "2026-06-01"
    assert found[9]["next_purchase_at"].date() == date(2026, 6, 1)


async def test_a_shop_of_a_few_days_gets_no_lifetime_value(session: AsyncSession) -> None:
    customer_id = await add_customer(session)
    await add_purchase(session, customer_id, days_ago=3)
    row = await score_customers(session, SYSTEM)
    assert row.clv_method == "none"
    assert (await customer(session, customer_id))["clv_score"] is None


async def test_nobody_and_nothing(session: AsyncSession) -> None:
    row = await score_customers(session, SYSTEM)
    assert (row.customers, row.scored) == (0, 0)
    stranger = await add_customer(session)
    await score_customers(session, SYSTEM)
    known = await customer(session, stranger)
    assert (known["purchase_frequency"], known["total_spent"], known["rfm_segment"]) == (0, Decimal(0), None)
    assert (known["churn_risk"], known["churn_probability"], known["primary_category"]) == (None, None, None)
    assert (await explain_customer(session, VIEWER, stranger)).sentences[0].title == "Not enough data"


async def test_who_objects_to_profiling_keeps_facts_and_loses_scores(session: AsyncSession) -> None:
    objector = await add_customer(session, profiling_objected_at=now())
    await add_purchase(session, objector, days_ago=4)
    row = await score_customers(session, SYSTEM)
    assert (row.customers, row.scored) == (1, 0)
    known = await customer(session, objector)
    assert (known["purchase_frequency"], known["total_spent"]) == (1, Decimal("20.00"))
    for score in ("rfm_segment", "r_score", "churn_risk", "churn_probability", "clv_score", "response_likelihood"):
        assert known[score] is None, score
    for habit in ("primary_category", "secondary_category", "avg_purchase_hour", "success_rate_pct"):
        assert known[habit] is None, habit
    assert (known["favorite_brands"], known["is_night_buyer"]) == ([], False)
    kept = await session.execute(text("SELECT features, explanation FROM customer_scores"))
    assert [tuple(row) for row in kept] == [({}, [])], "nothing that was worked out of them is kept"
    (only,) = (await explain_customer(session, VIEWER, objector)).sentences
    assert only.text == "Objected to profiling, so there are no scores and no reasons."


async def test_deleted_people_and_the_future_do_not_count(session: AsyncSession) -> None:
    gone = await add_customer(session, deleted_at=now(), rfm_segment="Champions")
    alive = await add_customer(session)
    await add_purchase(session, gone, days_ago=4)
    await add_purchase(session, alive, days_ago=4)
    await add_purchase(session, alive, days_ago=-3)
    await score_customers(session, SYSTEM)
    assert (await customer(session, alive))["purchase_frequency"] == 1
    assert (await customer(session, gone))["rfm_segment"] == "Champions"
    with pytest.raises(NotFound):
        await explain_customer(session, VIEWER, gone)


async def test_the_usual_hour_is_read_off_the_clock_face(session: AsyncSession) -> None:
    night, noon = await add_customer(session), await add_customer(session)
    for customer_id, hours in ((night, (23, 1, 0, 23, 1)), (noon, (11, 13))):
        for day, hour in enumerate(hours):
            await session.execute(
                text("INSERT INTO purchases (customer_id, occurred_at, local_hour, total) VALUES (:c, :at, :hour, 9)"),
                {"c": customer_id, "at": datetime(2026, 1, 5 + day, 12, tzinfo=UTC), "hour": hour},
            )
    await score_customers(session, SYSTEM)
    found = [await customer(session, customer_id) for customer_id in (night, noon)]
    assert [(known["avg_purchase_hour"], known["is_night_buyer"]) for known in found] == [(0, True), (12, False)]


async def test_what_never_left_the_house_is_no_contact(session: AsyncSession) -> None:
    customer_id = await add_customer(session)
    await add_purchase(session, customer_id, days_ago=4)
    for provider, status in ((None, "sent"), ("mailgun", "delivered"), ("sandbox", "sent"), ("mailgun", "skipped")):
        send_id = uuid7()
        await session.execute(
            text(
                "INSERT INTO sends (id, customer_id, channel, recipient, status, provider, not_before, contact_at,"
                " converted_at) VALUES (:id, :c, 'email', 'a@example.com', :status, :provider, :at, :at, :converted)"
            ),
            {
                "id": send_id,
                "c": customer_id,
                "status": status,
                "provider": provider,
                "at": now() - timedelta(days=30),
                "converted": now() - timedelta(days=29) if status == "sent" else None,
            },
        )
    row = await score_customers(session, SYSTEM)
    assert row.response_method == "responses_per_contact"
    known = await customer(session, customer_id)
    assert known["success_rate_pct"] == Decimal("50.00")
    features = (await explain_customer(session, VIEWER, customer_id)).features
    assert (features["contacts"], features["responses"]) == (2, 1)
    # 2 contacts, 1 response: base rate (1 + ½) / 3, then (1 + 10 · ½) / 12
    assert known["response_likelihood"] == pytest.approx(0.5)


async def test_an_unscored_customer_says_so(session: AsyncSession) -> None:
    customer_id = await add_customer(session)
    told = await explain_customer(session, VIEWER, customer_id)
    assert told.computed_at is None
    assert told.sentences[0].title == "Not scored yet"
    with pytest.raises(NotFound):
        await explain_customer(session, VIEWER, uuid4())


async def test_viewers_may_not_score(session: AsyncSession) -> None:
    with pytest.raises(Forbidden):
        await score_customers(session, VIEWER)


async def test_the_job_scores_in_batches_and_asks_for_segments(database: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("liquor_app.scoring.score_store.BATCH", 4)
    async with transaction() as session:
        for days in range(10):
            await add_purchase(session, await add_customer(session, scored_at=None), days_ago=days)
        job_id = await queue.enqueue(session, Job.SCORE_CUSTOMERS, {"then_segments": True})
    assert await queue.run(job_id, TASKS) is JobStatus.SUCCEEDED
    async with transaction() as session:
        done = await queue.get_job(session, job_id)
        assert (done.done, done.total) == (10, 10)
        assert done.result is not None
        assert done.result["scored"] == 10
        assert await one(session, "SELECT count(*) FROM customers WHERE scored_at IS NOT NULL") == 10
        assert await one(session, "SELECT count(*) FROM jobs WHERE name = 'refresh_segments'") == 1


@pytest.mark.parametrize("ids", ["all", ["not-an-id"]])
async def test_a_job_with_bad_ids_fails_with_the_reason(database: str, ids: object) -> None:
    async with transaction() as session:
        job_id = await queue.enqueue(session, Job.SCORE_CUSTOMERS, {"customer_ids": ids})
    assert await queue.run(job_id, TASKS) is JobStatus.FAILED
    async with transaction() as session:
        failed = await queue.get_job(session, job_id)
        assert "customer_ids" in (failed.error or "")
