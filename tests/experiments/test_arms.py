"""Who decides for whom: a draw after the choosing, with the chances it says."""

from __future__ import annotations

from collections import Counter
from uuid import UUID

import numpy as np
import pytest

from liquor_app.actions.models import Arm
from liquor_app.experiments.arms import Shares, arm_of, chances, pick, within_budget, within_room

PEOPLE = [UUID(int=number * 7919 + 1) for number in range(20_000)]
SHARES = Shares(0.1, 0.05)


def test_the_arms_have_their_shares_and_raising_the_random_one_moves_nobody_out_of_the_holdout() -> None:
    arms = [arm_of("s", person, SHARES) for person in PEOPLE]
    counted = Counter(arms)
    for arm, share in ((Arm.HOLDOUT, 0.1), (Arm.RANDOM, 0.05), (Arm.AGENT, 0.85)):
        assert counted[arm] / len(PEOPLE) == pytest.approx(share, abs=4 * (share * (1 - share) / len(PEOPLE)) ** 0.5)
    wider = [arm_of("s", person, Shares(0.1, 0.4)) for person in PEOPLE]
    assert all((a is Arm.HOLDOUT) == (b is Arm.HOLDOUT) for a, b in zip(arms, wider, strict=True))


def test_small_plans_leave_nothing_to_chance_but_the_holdout() -> None:
    assert SHARES.of(199) == Shares(0.1, 0.0)
    assert SHARES.of(200) == SHARES


def test_every_option_is_as_likely_and_independent_of_the_arm() -> None:
    drawn = Counter(pick("s", person, 6) for person in PEOPLE)
    assert set(drawn) == set(range(6))
    assert min(drawn.values()) > len(PEOPLE) / 6 * 0.93
    among_held = Counter(pick("s", person, 2) for person in PEOPLE if arm_of("s", person, SHARES) is Arm.HOLDOUT)
    assert abs(among_held[0] - among_held[1]) < 4 * sum(among_held.values()) ** 0.5


def test_chances_are_how_often_it_happens() -> None:
    """Thousands of seeds for one person with four options: the agent chose the second, the third is usual."""
    shares, person = Shares(0.2, 0.3, 0.15), PEOPLE[3]
    got: Counter[int | None] = Counter()
    for seed in map(str, range(4000)):
        arm = arm_of(seed, person, shares)
        kept = {Arm.HOLDOUT: None, Arm.AGENT: 1, Arm.USUAL: 2}
        got[kept[arm] if arm in kept else pick(seed, person, 4)] += 1
    for option in range(4):
        expected = chances(shares, 4, by_agent=float(option == 1), is_usual=option == 2)
        assert got[option] / 4000 == pytest.approx(expected, abs=4 * (expected * (1 - expected) / 4000) ** 0.5)
    assert sum(
        chances(shares, 4, by_agent=float(option == 1), is_usual=option == 2) for option in range(4)
    ) + shares.holdout == pytest.approx(1)


def test_no_more_stay_than_there_is_room_for_and_what_stays_is_alike_in_both_groups() -> None:
    rng = np.random.default_rng(1)
    people = PEOPLE[:6000]
    place = rng.integers(0, 3, 6000)
    counted = np.array([arm_of("s", person, SHARES) is not Arm.HOLDOUT for person in people])
    room = np.array([1000, 2500, 0])
    kept = within_room("s", people, place, counted, room)
    for at in range(3):
        mine = kept[place[kept] == at]
        assert counted[mine].sum() == min(room[at], counted[place == at].sum())
    full = kept[place[kept] == 0]
    ghosts = (~counted[full]).sum()
    assert ghosts / full.size == pytest.approx(0.1, abs=0.03), "the held out give way as often as the others"
    assert set(kept[place[kept] == 1]) == set(np.flatnonzero(place == 1)), "where there is room everybody stays"
    worth = rng.normal(size=6000)
    assert abs(worth[full].mean() - worth[place == 0].mean()) < 4 / full.size**0.5, "who stays was drawn, not chosen"


def test_nobody_stays_where_there_is_no_room_at_all() -> None:
    counted = np.array([True, False])
    assert within_room("s", PEOPLE[:2], np.zeros(2, dtype=np.intp), counted, np.array([0])).size == 0
    assert within_room("s", [], np.zeros(0, dtype=np.intp), np.zeros(0, dtype=np.bool_), np.array([5])).size == 0


def test_the_budget_holds_and_what_costs_nothing_stays_in_any_case() -> None:
    given, all_count = np.full(100, 2.0), np.ones(100, dtype=np.bool_)
    assert within_budget("s", PEOPLE[:100], given, all_count, 41.0).size == 20
    assert within_budget("s", PEOPLE[:100], np.zeros(100), all_count, 0.0).size == 100
    lumpy = np.where(np.arange(100) == 50, 5.2, 0.0)
    assert within_budget("s", PEOPLE[:100], lumpy, all_count, 5.0).tolist() == [n for n in range(100) if n != 50]


def test_the_held_out_fall_to_the_budget_as_those_would_whose_ghosts_they_are() -> None:
    rng = np.random.default_rng(5)
    given = rng.choice([0.0, 1.0, 3.0], PEOPLE_COUNT := 4000)
    counted = rng.random(PEOPLE_COUNT) < 0.5
    kept = within_budget("s", PEOPLE[:PEOPLE_COUNT], given, counted, 0.4 * given[counted].sum())
    spent = given[kept][counted[kept]].sum()
    assert spent <= 0.4 * given[counted].sum() < spent + 3
    for amount in (0.0, 1.0, 3.0):
        stay = [np.isin(np.flatnonzero((given == amount) & (counted == side)), kept).mean() for side in (True, False)]
        assert stay[0] == pytest.approx(stay[1], abs=0.08), "whoever is held out gives way as often as the written to"
