"""Likelihood to respond per offer: recovered where it is known, honest of a campaign's level, promoted by errors."""

from __future__ import annotations

import json
from dataclasses import replace

import numpy as np
import pytest
from scipy.special import expit

from benchmarks.backtests import sample_contacts
from liquor_app.core.errors import Invalid
from liquor_app.demo.dataset import load_dataset
from liquor_app.scoring import judge_response
from liquor_app.scoring.estimators import offer_response
from liquor_app.scoring.estimators.evaluate import auc_within, brier
from liquor_app.scoring.estimators.likelihood import FitFailed
from liquor_app.scoring.estimators.offer_response import Contacts, OfferResponse, Offers
from liquor_app.scoring.estimators.response import Known
from liquor_app.scoring.response_model import ResponseModel, train_response

CAMPAIGNS, EACH = 12, 400


def world(seed: int, *, effect: float = 2.0, spread: float = 0.0, discounts: tuple[float, ...] = (0.1,)) -> Contacts:
    """Campaigns a month apart, each over after 20 days: who buys much of what is offered answers, by `effect`; a
    campaign's level differs by `spread`."""
    rng = np.random.default_rng(seed)
    n = CAMPAIGNS * EACH
    campaign = np.arange(n) // EACH
    orders = rng.poisson(12, n).astype(float)
    covered = rng.binomial(orders.astype(int), rng.beta(1, 2, n)).astype(float)
    discount = np.array(discounts)[rng.integers(0, len(discounts), n)]
    level = rng.normal(0, spread, CAMPAIGNS)[campaign] if spread else 0.0
    odds = -2.5 + effect * covered / np.maximum(orders, 1) + 8 * (discount - 0.1) + level
    zeros = np.zeros(n)
    day = campaign * 30.0
    return Contacts(
        day, day + 20, campaign, np.full(n, "email", dtype=object), rng.random(n) < expit(odds),
        Known(zeros, zeros, zeros, orders, zeros, zeros, orders * 20, rng.exponential(30, n)),
        Offers(discount, covered, np.full(n, 0.3)),
    )  # fmt: skip


def test_what_an_offer_covers_and_takes_off_is_learned() -> None:
    contacts = world(1, discounts=(0.0, 0.1, 0.2))
    model = offer_response.fit(contacts)
    assert model.knows_discount
    one = Known(*(np.full(3, value) for value in (0, 0, 0, 12, 0, 0, 240, 20)))
    nothing, half, everything = model.likelihood(one, Offers(np.full(3, 0.1), np.array([0, 6, 12.0]), np.full(3, 0.3)))
    assert nothing < half < everything
    assert everything == pytest.approx(expit(-0.5), abs=0.06)
    full_price, dear = model.likelihood(
        one.of(np.arange(2)), Offers(np.array([0, 0.2]), np.full(2, 6.0), np.full(2, 0.3))
    )
    assert dear / full_price > 2
    # the customer's own part and the offer's make the whole
    offers = Offers(np.full(3, np.nan), np.array([0, 6, 99.0]), np.ones(3))
    assert model.from_odds(model.odds(one), one.orders, offers).tolist() == model.likelihood(one, offers).tolist()


def test_one_discount_alone_teaches_nothing_of_another() -> None:
    model = offer_response.fit(world(2))
    assert not model.knows_discount
    one = Known(*(np.full(2, value) for value in (0, 0, 0, 12, 0, 0, 240, 20)))
    cheap, dear = model.likelihood(one, Offers(np.array([0.0, 0.3]), np.full(2, 6.0), np.full(2, 0.3)))
    assert cheap == pytest.approx(dear)


def test_new_customers_and_offers_without_a_match_have_finite_chances() -> None:
    model = offer_response.fit(world(3))
    new = Known(*(np.full(1, value) for value in (0, 0, 0, 0, 0, 0, 0, np.nan)))
    for covered in (0.0, 5.0):  # a basket that is no longer among their orders covers nothing
        (chance,) = model.likelihood(new, Offers(np.array([np.nan]), np.array([covered]), np.array([1.0])))
        assert 0 < chance < 0.5
    (typical,) = model.likelihood(new, model.usual.offers(new.orders))
    assert 0 < typical < 0.5


def test_a_campaigns_level_is_drawn_towards_what_was_said_and_its_spread_is_found() -> None:
    rng = np.random.default_rng(4)
    truth = rng.normal(0, 0.8, 60)
    campaign = np.repeat(np.arange(60), 300)
    said = expit(rng.normal(-2, 0.5, campaign.size))
    responded = rng.random(campaign.size) < expit(np.log(said / (1 - said)) + truth[campaign])
    found = offer_response.levels(said, responded, campaign)
    assert found.sd == pytest.approx(0.8, abs=0.12)
    assert np.corrcoef(found.shift, truth)[0, 1] > 0.95
    few = offer_response.levels(said[:3], np.array([True, True, True]), np.zeros(3, dtype=np.int64))
    assert 0 < few.shift[0] < 2, "three answers of three do not make a campaign that everybody answers"
    low, high = offer_response.level_of(np.full(9, 0.1), 0.8)
    assert low == pytest.approx(expit(np.log(1 / 9) - 1.96 * 0.8), rel=1e-3)
    assert low < 0.1 < high


def test_nothing_that_was_not_over_teaches() -> None:
    """Answers of a campaign still open when the next begins are changed: what is said of the next stays the same."""
    contacts = world(5)
    open_then = (contacts.campaign == 7) & (contacts.day > 0)
    late = replace(contacts, ends=np.where(open_then, contacts.day + 200, contacts.ends))
    spoilt = replace(late, responded=np.where(open_then, ~late.responded, late.responded))
    before, after = offer_response.judge_in_order(late), offer_response.judge_in_order(spoilt)
    assert before is not None
    assert after is not None
    assert before.said["offer"].tolist() == after.said["offer"].tolist()
    closed = offer_response.judge_in_order(contacts)
    assert closed is not None
    assert closed.said["offer"].tolist() != before.said["offer"].tolist()


def test_it_is_used_where_it_stands_up_and_a_constant_by_band_where_not() -> None:
    trained = train_response(world(6), {"Beer": 0.3})
    assert (trained.method, trained.metrics["why_not"]) == ("offer_regression", [])
    assert trained.metrics["brier"] < trained.metrics["customer_brier"]
    model = ResponseModel.from_stored(str(trained.method), json.loads(json.dumps(trained.params)))
    assert model.method == "offer_regression"
    assert model.reach == {"Beer": 0.3}
    noise = train_response(replace(world(7), responded=np.random.default_rng(8).random(CAMPAIGNS * EACH) < 0.1), {})
    assert noise.method == "rate_by_band"
    assert "came nearer to who answered" in noise.metrics["why_not"][0]
    bands = ResponseModel.from_stored(str(noise.method), noise.params)
    told = bands.typical(Known(*(np.array([0.0, 3.0]) for _ in range(8))))
    assert told == pytest.approx([noise.params["bands"][0], noise.params["bands"][3]])


def test_what_an_older_version_stored_answers_per_contact_until_the_next_fit() -> None:
    old = {"base_rate": 0.1, "channels": {}, "logit": {}, "offer": {"line": {}}}
    for method in ("logistic_regression", "best_count", "offer_regression"):
        model = ResponseModel.from_stored(method, old)
        assert model.method == "responses_per_contact"
    with pytest.raises(Invalid, match="incomplete"):
        OfferResponse.from_dict({"line": {}})
    stored = offer_response.fit(world(9)).to_dict()
    stored["line"]["names"] = ["x", *stored["line"]["names"][1:]]
    with pytest.raises(Invalid, match="another version"):
        OfferResponse.from_dict(stored)


def test_too_little_is_said_so() -> None:
    none = world(10).of(np.array([], dtype=np.int64))
    with pytest.raises(FitFailed, match="No offer is over"):
        offer_response.fit(none)
    assert offer_response.judge_in_order(none) is None
    assert judge_response.judge(world(10).of(np.arange(EACH))) == {}, "one campaign has none before it"


@pytest.fixture(scope="module")
def liquor() -> Contacts:
    return sample_contacts(load_dataset())


def test_on_the_sample_it_is_nearer_than_the_constants_and_without_the_offer(liquor: Contacts) -> None:
    tested = offer_response.judge_in_order(liquor)
    assert tested is not None
    seen = liquor.responded[tested.rows]
    errors = {name: brier(seen, said) for name, said in tested.said.items()}
    found = judge_response.figures(liquor, tested)
    assert found["brier"] == pytest.approx(errors["offer"])
    assert errors["offer"] < 0.85 * errors["constant"]
    assert errors["offer"] < min(errors["customer"], errors["band"])
    assert found["auc"] == auc_within(seen, tested.said["offer"], tested.campaign) > 0.69
    inside = [low <= rate <= high for _, low, high, rate, _ in found["levels"]]
    assert np.mean(inside) >= 0.8
    assert [line[3] for line in found["levels"]] == [
        seen[tested.campaign == place].mean() for place in range(tested.campaigns)
    ]
