"""Shares as room: the proposal is kept to, and no limit of the week is broken for it."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from liquor_app.actions.frequency_caps import AHEAD, BACK
from liquor_app.actions.offers import Offer
from liquor_app.campaigns.brief import Limits
from liquor_app.planning.ai.response_schema import Lane, Proposal
from liquor_app.planning.optimizer import share_quotas as steering
from liquor_app.planning.optimizer.problem import NOWHERE, Problem, Verdict
from liquor_app.planning.optimizer.share_quotas import Base, rooms, solve, steer
from tests.examples import examples

DAYS = 5
OFFERS = [
    Offer("Ten", "10% off", None, Decimal(10), Decimal(10)),
    Offer("News", "News", None, Decimal(0), Decimal(0)),
    Offer("Whisky", "5% off whisky", "Whisky", Decimal(5), Decimal(5)),
]


def limits() -> Limits:
    return Limits(
        email_capacity_per_day=10, sms_capacity_per_day=4, capacity_by_day={}, discount_budget=Decimal(1000),
        margin_pct=Decimal(28), margin_floor_pct=Decimal(10), email_cost=Decimal("0.001"), sms_cost=Decimal("0.012"),
        max_contacts_7_days=2, max_contacts_30_days=6, max_per_customer=1, min_profit=Decimal("0.05"),
        kept_share=Decimal("0.1"), horizon_days=60, stock_hours=24, global_holdout_pct=Decimal(0),
        explore_pct=Decimal(0),
        usual_pct=Decimal(0),
        explore=False,
        global_holdout_seed="global",
        minimum_age=21, unknown_age_email="block", windows={}, timezone="America/New_York",
    )  # fmt: skip


def week(people: int, seed: int = 1) -> tuple[Base, Problem]:
    """Everybody in both segments, by both channels."""
    rng = np.random.default_rng(seed)
    customer = np.repeat(np.arange(people), 4)
    count = customer.size
    base = Base(
        customer=customer,
        segment=np.tile(np.array([0, 0, 1, 1]), people),
        channel=np.tile(np.array([0, 1, 0, 1]), people),
        response=rng.uniform(0.05, 0.4, count),
        basket=np.repeat(rng.uniform(10, 60, people), 4),
        uplift=np.full(count, 0.2),
        kept=np.zeros(count),
        margin=np.full(count, 0.28),
        discount_pct=np.full(count, 10.0),
        may_discount=np.repeat(np.arange(people) % 5 != 0, 4),
        category=["Whisky" if index % 2 else "Beer" for index in customer],
    )
    problem = Problem(
        customer=customer.astype(np.intp),
        channel=base.channel.astype(np.intp),
        value=np.ones(count),
        discount=np.ones(count),
        counts=np.zeros((people, BACK + DAYS + AHEAD), dtype=np.int16),
        weight=np.ones(DAYS),
        capacity=np.tile(np.array([10, 4], dtype=np.int64), (DAYS, 1)),
        budget=1000.0,
        cap_7=2,
        cap_30=6,
    )
    return base, problem


def proposal(shares: dict[tuple[Lane, int], float]) -> Proposal:
    return Proposal(shares, {}, (("T", "w"),), (), ())


def test_only_what_has_a_share_is_planned_and_lawfully() -> None:
    base, problem = week(200)
    first, second = Lane(0, 0, 0), Lane(1, 1, 2)
    shares = {(first, 0): 0.1, (first, 2): 0.1, (second, 1): 0.05}
    steered = steer(base, problem, proposal(shares), OFFERS, most=60, limits=limits())
    outcome = solve(steered, base.customer.size)
    chosen = np.flatnonzero(outcome.day != NOWHERE)
    made = [(int(base.segment[i]), int(base.channel[i]), int(outcome.day[i])) for i in chosen]
    assert {cell: made.count(cell) for cell in set(made)} == {(0, 0, 0): 6, (0, 0, 2): 6, (1, 1, 1): 3}
    assert base.may_discount[chosen].all(), "where coupons are banned nobody gets one"
    whisky = [index for index in chosen if base.segment[index] == 1]
    assert {base.category[index] for index in whisky} == {"Whisky"}
    people = base.customer[chosen]
    assert len(set(people)) == people.size
    assert (outcome.verdict[chosen] == Verdict.CHOSEN).all()
    lost = outcome.verdict[(base.segment == 0) & (base.channel == 1)]
    assert set(lost) == {Verdict.NO_SHARE}
    assert outcome.value <= outcome.bound * (1 + 1e-9)
    assert outcome.value >= 0.99 * outcome.bound


def test_figures_follow_the_offer() -> None:
    base, problem = week(10)
    lane = Lane(0, 0, 1)
    steered = steer(base, problem, proposal({(lane, 0): 0.5}), OFFERS, most=10, limits=limits())
    own = base.response[steered.origin]
    assert steered.response == pytest.approx(own * 0.6), "an offer without money off is answered 60 % as often"
    assert (steered.problem.discount == 0).all()
    expected = 0.2 * base.basket[steered.origin] * 0.28 - 0.001
    assert steered.profit == pytest.approx(expected)


def test_what_is_kept_goes_by_the_offer_that_is_sent_and_counts_for_the_least() -> None:
    """It was the value that another offer would keep: of a product that leaves half as much, or moves half as many."""
    base, problem = week(10)
    base = replace(base, kept=np.full(base.customer.size, 2.0), uplifts={"Port": np.full(base.customer.size, 0.05)})
    port = Offer("Port", "Port", None, Decimal(0), Decimal(0), margin_pct=Decimal(14))
    lane = Lane(0, 0, 0)
    steered = steer(base, problem, proposal({(lane, 0): 0.5}), [port], most=10, limits=limits())
    kept = 2.0 * (0.05 / 0.2) * (0.14 / 0.28)
    assert steered.problem.value == pytest.approx(steered.profit + kept)
    dear = replace(base, kept=np.zeros(base.customer.size), basket=np.full(base.customer.size, 1.0))
    for value, is_worth in ((0.0, False), (2.0, True)):  # a profit of .6 cents alone is below the least of five
        one = steer(replace(dear, kept=np.full(base.customer.size, value)), problem, proposal({(lane, 0): 0.5}), [port],
                    most=10, limits=limits())  # fmt: skip
        assert (one.problem.value > 0).all() == is_worth


def test_an_offer_is_answered_as_the_response_model_says_of_it_where_it_says_something() -> None:
    base, problem = week(10)
    said = np.where(np.arange(base.customer.size) % 8 < 4, 0.123, np.nan)
    lane = Lane(0, 0, 1)
    steered = steer(
        replace(base, answers={"News": said}), problem, proposal({(lane, 0): 0.5}), OFFERS, most=10, limits=limits()
    )
    told = said[steered.origin]
    assert steered.response[~np.isnan(told)] == pytest.approx(0.123)
    own = base.response[steered.origin][np.isnan(told)]
    assert steered.response[np.isnan(told)] == pytest.approx(own * 0.6)


@settings(max_examples=examples(60))
@given(
    parts=st.lists(
        st.tuples(
            st.integers(0, 1), st.integers(0, 1), st.integers(0, 2), st.integers(0, DAYS - 1), st.floats(0.001, 1)
        ),
        min_size=1,
        max_size=30,
    ),
    email=st.integers(0, 20),
    sms=st.integers(0, 8),
    most=st.integers(1, 200),
)
def test_rooms_never_exceed_a_days_room(
    parts: list[tuple[int, int, int, int, float]], email: int, sms: int, most: int
) -> None:
    shares = {(Lane(segment, channel, option), day): share for segment, channel, option, day, share in parts}
    total = sum(shares.values())
    shares = {cell: share / max(total, 1.0) for cell, share in shares.items()}
    given_room = np.tile(np.array([email, sms], dtype=np.int64), (DAYS, 1))
    made = proposal(shares)
    found = rooms(made, made.lanes, given_room, most)
    for channel in (0, 1):
        mine = [number for number, lane in enumerate(made.lanes) if lane.channel == channel]
        assert (found[:, mine].sum(axis=1) <= given_room[:, channel]).all()
    assert found.sum() <= most
    assert (found >= 0).all()
    for number, lane in enumerate(made.lanes):
        for day in range(DAYS):
            assert found[day, number] <= shares.get((lane, day), 0) * most + 1


def test_a_large_base_is_dealt_into_hands_without_breaking_a_limit(monkeypatch: pytest.MonkeyPatch) -> None:
    base, problem = week(2_000)
    problem = replace(problem, capacity=problem.capacity * 10, budget=40.0)
    lanes = [Lane(0, 0, 0), Lane(1, 0, 2), Lane(0, 1, 0)]
    made = proposal({(lane, day): 0.06 for lane in lanes for day in range(DAYS)})
    whole = steer(base, problem, made, OFFERS, most=600, limits=limits())
    one = solve(whole, base.customer.size)
    monkeypatch.setattr(steering, "CELLS_AT_ONCE", 4_000)
    many = solve(whole, base.customer.size)
    picks = many.chosen[many.chosen != NOWHERE]
    assert whole.problem.discount[picks].sum() <= 40.0 + 1e-6
    used = np.zeros_like(whole.problem.capacity)
    np.add.at(used, (many.day[whole.origin[picks]], whole.lane[picks]), 1)
    assert (used <= whole.problem.capacity).all()
    assert np.unique(base.customer[whole.origin[picks]]).size == picks.size
    assert many.value >= 0.97 * one.value
