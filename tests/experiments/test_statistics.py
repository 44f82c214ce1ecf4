"""The statistics of holdouts: published values, calibration under no effect, fair splits."""

from __future__ import annotations

import math
from uuid import UUID, uuid4

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from liquor_app.core.errors import Invalid
from liquor_app.core.holdout_draw import is_held_out, number_of, numbers_of, threshold
from liquor_app.core.ids import uuid7
from liquor_app.experiments.arms import halves_of, turns
from liquor_app.experiments.statistics import Arm, check_split, half_width, lift


def test_half_width_is_equation_9() -> None:
    """Worked by hand: α .05, N* 5000 gives ρ² = (5.99146 + ln 6.99146) / 5000 = 0.00158723."""
    rho_squared = 0.001587230920
    expected = math.sqrt(
        2 * (1000 * rho_squared + 1) / (1000**2 * rho_squared) * math.log(math.sqrt(2.587230920) / 0.05)
    )
    assert half_width(1.0, 1000) == pytest.approx(expected, rel=1e-6)
    assert half_width(4.0, 1000) == pytest.approx(2 * half_width(1.0, 1000))
    assert half_width(1.0, 5000) < half_width(1.0, 1000) < half_width(1.0, 1000, alpha=0.01)
    assert half_width(1.0, 0) == math.inf


@pytest.mark.parametrize(("share", "rate", "per_look"), [(0.5, 0.08, 250), (0.1, 0.08, 250), (0.1, 0.02, 100)])
def test_always_valid_intervals_stay_calibrated_while_peeking(share: float, rate: float, per_look: int) -> None:
    """A/A: no effect, forty looks. A plain z-test cries wolf in a third of the runs; this must stay under 5 %."""
    rng = np.random.default_rng(20261124)
    runs, looks = 300, 40
    ours = plain = 0
    for _ in range(runs):
        held, bought = rng.random((2, looks, per_look)) < np.array([share, rate])[:, None, None]
        people = np.cumsum(np.stack([(~held).sum(axis=1), held.sum(axis=1)]), axis=1)
        buyers = np.cumsum(np.stack([(~held & bought).sum(axis=1), (held & bought).sum(axis=1)]), axis=1)
        alarm = plain_alarm = False
        for look in range(looks):
            sent, control = (Arm.of_rate(int(people[arm, look]), int(buyers[arm, look])) for arm in (0, 1))
            found = lift(sent, control)
            alarm |= found.is_decided
            error = math.sqrt(sent.variance / sent.people + control.variance / max(control.people, 1))
            plain_alarm |= bool(error > 0 and abs(found.difference) > 1.96 * error)
        ours, plain = ours + alarm, plain + plain_alarm
    assert ours / runs < 0.05
    assert plain / runs > 0.15, "the comparison must be able to fail"


def test_a_real_effect_is_found() -> None:
    found = lift(Arm.of_rate(20_000, 2_000), Arm.of_rate(2_200, 132))
    assert found.is_decided
    assert found.verdict == "It works"
    assert found.low is not None
    assert found.low < found.difference == pytest.approx(0.04)
    whole, low, high = found.incremental()
    assert whole == pytest.approx(800)
    assert low is not None
    assert high is not None
    assert low < whole < high
    assert lift(Arm.of_rate(2_200, 132), Arm.of_rate(20_000, 2_000)).verdict == "It does harm"


def test_little_data_says_so() -> None:
    assert lift(Arm.of_rate(0, 0), Arm.of_rate(0, 0)).verdict == "Nobody to compare with yet"
    assert lift(Arm.of_rate(50, 0), Arm.of_rate(5, 0)).low is None
    assert lift(Arm.of_rate(483, 56), Arm.of_rate(68, 5)).verdict == "Not sure yet"


def test_revenue_uses_the_squares() -> None:
    arm = Arm(4, 10.0, 30.0)
    assert arm.mean == 2.5
    assert arm.variance == pytest.approx(np.var([1, 2, 3, 4], ddof=1))


def test_split_check() -> None:
    assert not check_split([900, 100], [0.9, 0.1]).is_mismatch
    off = check_split([9000, 1300], [0.9, 0.1])
    assert off.is_mismatch
    assert off.p_value < 1e-6
    assert check_split([0, 0], [0.9, 0.1]).p_value == 1
    with pytest.raises(Invalid):
        check_split([1, 2], [1.0])


def test_bad_arms_are_refused() -> None:
    with pytest.raises(Invalid):
        Arm.of_rate(3, 4)
    with pytest.raises(Invalid):
        Arm(-1, 0, 0)
    with pytest.raises(Invalid):
        threshold(1.5)


def test_the_draw_is_fixed() -> None:
    person = UUID("0192d7a0-0000-7000-8000-000000000001")
    assert number_of("7", person) == number_of("7", person)
    assert number_of("7", person) != number_of("8", person)
    assert is_held_out("7", person, 1.0)
    assert not is_held_out("7", person, 0.0)


def test_the_draw_takes_its_share() -> None:
    people = [uuid7() for _ in range(20_000)]
    taken = sum(is_held_out("seed", person, 0.1) for person in people)
    assert not check_split([20_000 - taken, taken], [0.9, 0.1]).is_mismatch


@given(st.text(max_size=20), st.uuids(), st.floats(0, 1), st.floats(0, 1))
def test_a_larger_share_only_adds_people(seed: str, person: UUID, one: float, other: float) -> None:
    low, high = sorted((one, other))
    assert not is_held_out(seed, person, low) or is_held_out(seed, person, high)


def test_numbers_of_many_are_those_of_each() -> None:
    people = [uuid7(), *(UUID(int=value) for value in (0, 1, (1 << 128) - 1)), uuid4()]
    for seed in ("7", "global", "ä:b", ""):
        assert numbers_of(seed, people).tolist() == [number_of(seed, one) for one in people]
        assert numbers_of(seed, []).tolist() == []


def test_turns_are_even_and_their_own() -> None:
    """Of 40,000 a fiftieth each within five standard errors, and no telling of one draw from another or from an arm."""
    people = [UUID(int=value << 64 | value % 7) for value in range(40_000)]
    mine = turns("s", halves_of(people), 50)
    assert mine.min() == 0
    assert mine.max() == 49
    assert np.abs(np.bincount(mine, minlength=50) - 800).max() < 5 * np.sqrt(800 * 0.98)
    held = numbers_of("s", people) < threshold(0.1)
    for other in (turns("t", halves_of(people), 50), held):
        assert abs(np.corrcoef(mine, other)[0, 1]) < 5 / np.sqrt(len(people))
    assert turns("s", halves_of(people[:100]), 50).tolist() == mine[:100].tolist()
    assert turns("s", halves_of([]), 50).tolist() == []
