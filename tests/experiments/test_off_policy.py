"""Another policy judged from the log of one that ran: against a world whose truth is known."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from liquor_app.core.errors import Invalid
from liquor_app.experiments.off_policy import Log, NothingLeftToChance, _unskewed, evaluate

ACTIONS = 4


def world(seed: int, people: int = 4000) -> tuple[Log, float]:
    """Two kinds of people, four actions (0 is nothing), a policy that leaves a quarter to chance, another asked about;
    with the asked policy's true mean."""
    rng = np.random.default_rng(seed)
    kind = rng.integers(0, 2, people)
    truth = np.array([[0.10, 0.12, 0.16, 0.08], [0.30, 0.31, 0.25, 0.36]])
    logged_of = np.full((people, ACTIONS), 0.05)
    logged_of[:, 0] = 0.10
    logged_of[np.arange(people), np.where(kind == 0, 1, 2)] += 0.75
    asked_of = np.zeros((people, ACTIONS))
    asked_of[np.arange(people), np.where(kind == 0, 2, 3)] = 0.9
    asked_of[:, 0] = 0.1
    action = (rng.random(people)[:, None] > logged_of.cumsum(axis=1)).sum(axis=1)
    outcome = (rng.random(people) < truth[kind, action]).astype(float)
    true = float((asked_of * truth[kind]).sum(axis=1).mean())
    return Log(action, outcome, logged_of[np.arange(people), action], asked_of), true


def test_each_estimate_is_unbiased_and_covers_what_it_says() -> None:
    worlds = [world(seed) for seed in range(300)]
    found = [(evaluate(log), true) for log, true in worlds]
    for name in ("ips", "snips", "doubly_robust"):
        errors = np.array([getattr(one, name).mean - true for one, true in found])
        covered = np.mean([getattr(one, name).low <= true <= getattr(one, name).high for one, true in found])
        assert abs(errors.mean()) < 4 * errors.std() / len(found) ** 0.5
        assert covered > 0.95 - 3 * (0.95 * 0.05 / len(found)) ** 0.5
    widths = {
        name: np.mean([getattr(one, name).width for one, _ in found]) for name in ("ips", "snips", "doubly_robust")
    }
    assert widths["doubly_robust"] < widths["ips"]


def sparse(seed: int) -> Log:
    """Baskets of whom a twentieth chance gave the action asked about: few, far from normal. The truth is .2 · 45."""
    rng = np.random.default_rng([seed, 9])
    people = 1_500
    action = (rng.random(people) < 0.05).astype(np.intp)
    outcome = (rng.random(people) < 0.2) * rng.lognormal(np.log(45) - 0.32, 0.8, people)
    chances = np.tile([0.95, 0.05], (people, 1))
    return Log(action, outcome, chances[np.arange(people), action], np.tile([0.0, 1.0], (people, 1)))


def test_intervals_hold_the_truth_of_few_large_baskets_too() -> None:
    """Normal intervals held it in 89 to 91 of a hundred."""
    found = [evaluate(sparse(seed)) for seed in range(400)]
    for name in ("ips", "snips", "doubly_robust"):
        covered = np.mean([getattr(one, name).low <= 9 <= getattr(one, name).high for one in found])
        assert covered >= 0.95 - 3 * (0.95 * 0.05 / len(found)) ** 0.5, name


@pytest.mark.parametrize("skewness", [-2.0, 0.0, 0.5, 6.0, 20.0])
@pytest.mark.parametrize("wide", [-0.05, 0.01, 0.05])
def test_ends_are_the_inverse_of_the_cubic(skewness: float, wide: float) -> None:
    w = _unskewed(wide, skewness, 900)
    cubic = w + skewness * w**2 / 3 + skewness**2 * w**3 / 27 + skewness / (6 * 900)
    assert cubic == pytest.approx(wide)


def test_outcomes_all_alike_have_an_interval_of_no_width() -> None:
    alike = Log(np.ones(9, dtype=np.intp), np.full(9, 4.0), np.full(9, 0.5), np.tile([0.5, 0.5], (9, 1)))
    found = evaluate(alike)
    assert (found.logged.low, found.logged.high) == (4.0, 4.0)


def test_the_effective_size_is_kish() -> None:
    log, _ = world(1)
    weight = log.asked / log.logged
    assert evaluate(log).effective == pytest.approx(weight.sum() ** 2 / (weight**2).sum())


def test_the_policy_that_ran_is_judged_as_it_did() -> None:
    rng = np.random.default_rng(0)
    chances = rng.dirichlet(np.full(3, 5.0), 500)
    action = (rng.random(500)[:, None] > chances.cumsum(axis=1)).sum(axis=1)
    outcome = rng.normal(10, 3, 500)
    found = evaluate(Log(action, outcome, chances[np.arange(500), action], chances))
    assert found.left_out == int((chances[np.arange(500), action] < 0.01).sum())
    assert found.ips.mean == pytest.approx(found.logged.mean)
    assert found.snips.mean == pytest.approx(found.logged.mean)


def test_certain_decisions_tell_nothing() -> None:
    certain = Log(np.ones(9, dtype=np.intp), np.ones(9), np.ones(9), np.tile([0.0, 1.0], (9, 1)))
    with pytest.raises(NothingLeftToChance):
        evaluate(certain)
    with pytest.raises(NothingLeftToChance):
        evaluate(Log(np.ones(0, dtype=np.intp), np.ones(0), np.ones(0), np.ones((0, 2))))


def test_small_chances_are_left_out_and_counted() -> None:
    log, _ = world(2)
    logged = log.logged.copy()
    logged[:7] = 0.009
    found = evaluate(Log(log.action, log.outcome, logged, log.asked_of))
    assert found.left_out == 7
    assert found.people == log.action.size - 7
    rest = Log(log.action[7:], log.outcome[7:], log.logged[7:], log.asked_of[7:])
    assert found.ips == evaluate(rest).ips


def test_what_is_left_out_of_the_asked_policy_is_told() -> None:
    """Eight actions share a twentieth: each has a chance of .00625, and a policy of one of them loses its decisions."""
    rng = np.random.default_rng(4)
    logged_of = np.full((4000, 9), 0.05 / 8)
    logged_of[:, 0] = 0.10
    logged_of[:, 1] += 0.85
    action = (rng.random(4000)[:, None] > logged_of.cumsum(axis=1)).sum(axis=1)
    outcome, logged = np.ones(4000), logged_of[np.arange(4000), action]
    asked_of = np.zeros((4000, 9))
    asked_of[:, 1], asked_of[:, 5] = 0.7, 0.3
    found = evaluate(Log(action, outcome, logged, asked_of))
    assert found.lost == pytest.approx(0.3, abs=0.12)
    assert not found.is_reliable
    asked_of[:, 1], asked_of[:, 0], asked_of[:, 5] = 0.9, 0.1, 0.0
    found = evaluate(Log(action, outcome, logged, asked_of))
    assert found.lost == 0.0
    assert found.is_reliable
    asked_of[:] = np.eye(9)[5]
    with pytest.raises(NothingLeftToChance, match="one in a hundred"):
        evaluate(Log(action, outcome, logged, asked_of))


def test_nobodys_outcome_predicts_itself() -> None:
    """One person's outcome changed by a million moves their own prediction by nothing, so DR moves as IPS does."""
    log, _ = world(3, 200)
    outcome = log.outcome.copy()
    outcome[0] += 1_000_000.0
    moved, before = evaluate(Log(log.action, outcome, log.logged, log.asked_of)), evaluate(log)
    own = 1_000_000.0 * log.asked[0] / log.logged[0] / 200
    assert moved.ips.mean - before.ips.mean == pytest.approx(own)


@pytest.mark.parametrize(
    "broken",
    [
        {"outcome": np.array([1.0, np.nan])},
        {"logged": np.array([0.0, 0.5])},
        {"logged": np.array([1.2, 0.5])},
        {"asked_of": np.array([[0.7, 0.7], [0.5, 0.5]])},
        {"outcome": np.array([1.0])},
    ],
)
def test_impossible_logs_are_refused(broken: dict[str, np.ndarray]) -> None:
    good = {
        "action": np.array([0, 1]), "outcome": np.array([0.0, 1.0]), "logged": np.array([0.5, 0.5]),
        "asked_of": np.full((2, 2), 0.5),
    }  # fmt: skip
    with pytest.raises(Invalid):
        evaluate(Log(**{**good, **broken}))


def unsupported(seed: int, people: int = 318) -> Log:
    """A plan without a random arm: nine tenths got the agent's choice, a tenth was held out. The policy asked about
    gives each of four actions alike; the three the log never took win twice as many."""
    rng = np.random.default_rng([seed, 4])
    held = rng.random(people) < 0.1
    action = np.where(held, 0, 1)
    outcome = (rng.random(people) < np.where(held, 0.08, 0.10)).astype(float)
    asked = np.tile([0.0, 0.25, 0.25, 0.25, 0.25], (people, 1))
    return Log(action, outcome, np.where(held, 0.1, 0.9), asked)


def test_what_the_log_never_could_have_done_is_lost() -> None:
    """Told as reliable in each of 200 such logs, with an interval around the agent's own figure that never held the
    truth."""
    found = [evaluate(unsupported(seed)) for seed in range(50)]
    assert not any(one.is_reliable for one in found)
    assert all(0.6 < one.lost <= 0.75 for one in found)
    (one,) = {evaluate(unsupported(0, 10_000)).lost}
    assert one == pytest.approx(0.75, abs=0.03)


def test_a_log_that_could_have_done_everything_loses_nothing() -> None:
    lost = [evaluate(world(seed)[0]).lost for seed in range(200)]
    assert np.mean([share > 0 for share in lost]) < 0.06
    assert max(lost) < 0.05


def repeated(seed: int, people: int = 400, times: int = 5) -> tuple[Log, float]:
    """People who are decided on several times and buy every time or never: they tell less than as many strangers."""
    rng = np.random.default_rng([seed, 14])
    buys = np.repeat(rng.random(people) < 0.3, times)
    action = (rng.random(people * times) < 0.5).astype(np.intp)
    chances = np.full((people * times, 2), 0.5)
    asked = np.tile([0.0, 1.0], (people * times, 1))
    return Log(action, buys.astype(float), chances[:, 0], asked, np.repeat(np.arange(people), times)), 0.3


def test_intervals_are_over_people_who_are_decided_on_several_times() -> None:
    """Taken as independent decisions they held the truth in far fewer than 95 of a hundred logs."""
    worlds = [repeated(seed) for seed in range(300)]
    for name in ("snips", "doubly_robust", "logged"):
        found = [(getattr(evaluate(log), name), true) for log, true in worlds]
        covered = np.mean([one.low <= true <= one.high for one, true in found])
        assert covered > 0.95 - 3 * (0.95 * 0.05 / len(worlds)) ** 0.5, name
        naive = [getattr(evaluate(replace(log, person=None)), name) for log, _ in worlds]
        assert np.mean([one.low <= 0.3 <= one.high for one in naive]) < 0.85, name


def test_the_variance_is_of_what_each_person_adds() -> None:
    """Recomputed from the log's rows: a person's terms summed, then the variance of people."""
    log, _ = repeated(3, 60)
    keep = np.arange(log.action.size) % 7 != 0  # not everybody as often
    assert log.person is not None
    log = Log(log.action[keep], log.outcome[keep], log.logged[keep], log.asked_of[keep], log.person[keep] * 11)
    terms = log.asked / log.logged * log.outcome
    mean = float(terms.mean())
    assert log.person is not None
    sums = np.array([(terms[log.person == one] - mean).sum() for one in sorted(set(log.person.tolist()))])
    found = evaluate(log)
    assert found.people == sums.size == 60
    assert found.decisions == log.action.size
    assert found.ips.mean == pytest.approx(mean)
    error = float((sums**2).sum()) ** 0.5 / log.action.size
    assert found.ips.width == pytest.approx(2 * 1.96 * error, rel=0.1), "but for the skewness"
    weights = [(log.asked / log.logged)[log.person == one].sum() for one in sorted(set(log.person.tolist()))]
    assert found.effective == pytest.approx(sum(weights) ** 2 / sum(weight**2 for weight in weights))
