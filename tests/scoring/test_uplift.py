"""What a message changes, learned from the held out: against planted effects, and against plain algebra."""

from __future__ import annotations

import json

import numpy as np
import pytest

from liquor_app.scoring.estimators.uplift import (
    MEAN_SDS,
    MEAN_WEIGHTS,
    PRIOR_MEAN,
    PRIOR_SD,
    SPREAD_WEIGHTS,
    SPREADS,
    USUAL_SD,
    Cell,
    Group,
    Posterior,
    fit,
)

SEGMENTS, OFFERS, CHANNELS, DUE = 4, 3, 2, 2
Z_95, Z_80 = 1.96, 1.2816


def cell(segment: int, offer: int, channel: int, due: int) -> Cell:
    return Cell(f"segment {segment}", f"offer {offer}", ("email", "sms")[channel], ("due", "overdue")[due])


def groups_of(week: int, code: np.ndarray, is_control: np.ndarray, bought: np.ndarray, p: np.ndarray) -> list[Group]:
    """Sum people up as the product does."""
    found = []
    for one in np.unique(code):
        for held in (False, True):
            some = (code == one) & (is_control == held)
            if some.any():
                rest, due = divmod(int(one), DUE)
                rest, channel = divmod(rest, CHANNELS)
                segment, offer = divmod(rest, OFFERS)
                found.append(
                    Group(
                        week, cell(segment, offer, channel, due), held, int(some.sum()), float(bought[some].sum()),
                        float(p[some].sum()), float((p[some] ** 2).sum()), float(p[some][bought[some]].sum()),
                    )
                )  # fmt: skip
    return found


def world(
    seed: int, *, weeks: int = 16, people: int = 1500, mean: float = 0.02
) -> tuple[list[Group], dict[Cell, float]]:
    """Weeks of people with habits, a season, segments the churn model is wrong about, and planted effects."""
    rng = np.random.default_rng(seed)
    parts = [rng.normal(0, 0.005, size) for size in (SEGMENTS, OFFERS, CHANNELS, DUE)]
    together = rng.normal(0, 0.004, (SEGMENTS, OFFERS, CHANNELS))
    usual, wrong = rng.uniform(0.2, 0.4, SEGMENTS), rng.normal(0, 0.02, SEGMENTS)
    found: list[Group] = []
    for week in range(weeks):
        chosen = [rng.integers(0, size, people) for size in (SEGMENTS, OFFERS, CHANNELS, DUE)]
        p = np.clip(usual[chosen[0]] + rng.normal(0, 0.04, people), 0.1, 0.9)
        held = rng.random(people) < 0.1
        effect = mean + sum(part[at] for part, at in zip(parts, chosen, strict=True)) + together[tuple(chosen[:3])]
        chance = p + wrong[chosen[0]] + rng.normal(0, 0.02) + np.where(held, 0.0, effect)
        bought = rng.random(people) < np.clip(chance, 0, 1)
        code = ((chosen[0] * OFFERS + chosen[1]) * CHANNELS + chosen[2]) * DUE + chosen[3]
        found += groups_of(week, code, held, bought, p)
    truth = {
        cell(s, o, c, d): mean + parts[0][s] + parts[1][o] + parts[2][c] + parts[3][d] + together[s, o, c]
        for s in range(SEGMENTS) for o in range(OFFERS) for c in range(CHANNELS) for d in range(DUE)
    }  # fmt: skip
    return found, truth


def test_planted_effects_lie_in_the_intervals_and_the_intervals_are_no_wider_than_the_prior() -> None:
    inside_95 = inside_80 = cells = 0
    widths = []
    for seed in range(12):
        groups, truth = world(seed)
        mean, sd = fit(groups).effects(list(truth))
        off = np.abs(mean - np.array(list(truth.values())))
        inside_95 += int((off < Z_95 * sd).sum())
        inside_80 += int((off < Z_80 * sd).sum())
        cells += len(truth)
        widths.append(float(sd.mean()))
    # three quarters of one that is sure of μ within a point and of the five parts within half a point each
    assert np.mean(widths) < 0.75 * (0.01**2 + 5 * USUAL_SD**2) ** 0.5
    assert np.mean(widths) < 0.75 * Posterior.prior().effects(list(truth))[1].mean()
    # cells of one world err together: three standard errors of twelve worlds, not of their cells
    assert inside_95 / cells > 0.95 - 3 * (0.95 * 0.05 / 12) ** 0.5 * 0.5
    assert inside_80 / cells > 0.80 - 3 * (0.80 * 0.20 / 12) ** 0.5 * 0.5


def test_more_people_mean_a_smaller_error() -> None:
    def error(people: int) -> float:
        squares = []
        for seed in range(4):
            groups, truth = world(seed, people=people)
            mean, _ = fit(groups).effects(list(truth))
            squares.append(float(((mean - np.array(list(truth.values()))) ** 2).mean()))
        return float(np.sqrt(np.mean(squares)))

    assert error(24_000) < 0.6 * error(1_000)


def test_with_one_cell_it_is_the_precision_weighted_mean_of_prior_and_contrast() -> None:
    """One week, one cell, many people: priors N(.01, …) of every spread against (treated − controls), by hand."""
    only, n = cell(0, 0, 0, 0), 40_000
    rate, lifted = 0.20, 0.24
    groups = [
        Group(0, only, False, n, lifted * n, 0.2 * n, 0.04 * n, 0.2 * lifted * n),
        Group(0, only, True, n, rate * n, 0.2 * n, 0.04 * n, 0.2 * rate * n),
    ]
    mean, sd = fit(groups).effects([only])
    noise, contrast = 2 * 0.22 * 0.78 / n, lifted - rate
    share = np.outer(MEAN_WEIGHTS, SPREAD_WEIGHTS).ravel()
    prior = np.add.outer(np.square(MEAN_SDS), 5 * np.square(SPREADS)).ravel()
    share = share * np.exp(-((contrast - PRIOR_MEAN) ** 2) / (prior + noise) / 2) / np.sqrt(prior + noise)
    share /= share.sum()
    variances = 1 / (1 / prior + 1 / noise)
    means = (PRIOR_MEAN / prior + contrast / noise) * variances
    assert mean[0] == pytest.approx(share @ means, abs=5e-5)
    assert sd[0] == pytest.approx((share @ (variances + means**2) - (share @ means) ** 2) ** 0.5, rel=0.02)


def test_small_groups_do_not_make_every_message_seem_to_work() -> None:
    """A tenth held out, in groups of a few: weighed by their own share, those without a buyer would weigh the most."""
    errors = []
    for seed in range(6):
        rng = np.random.default_rng(seed)
        found = []
        for week in range(20):
            code = rng.integers(0, SEGMENTS * OFFERS * CHANNELS * DUE, 5000)
            held = rng.random(5000) < 0.1
            # half of the segments hardly buy
            p = np.where(code // (OFFERS * CHANNELS * DUE) < 2, 0.03, 0.35)
            found += groups_of(week, code, held, rng.random(5000) < p, p)
        learned = fit(found)
        cells = [cell(s, o, c, d) for s in range(4) for o in range(3) for c in range(2) for d in range(2)]
        row = learned.design(cells).mean(axis=0)
        errors.append(row @ learned.mean / (row @ learned.covariance @ row) ** 0.5)
    # the prior's mean of one point still draws a little
    assert abs(np.mean(errors)) < 3 / len(errors) ** 0.5
    assert abs(np.mean(errors)) < 1.0


def test_another_segments_slope_is_not_taken_for_an_effect_of_the_offer() -> None:
    """Offers go to who is worth them: within a segment, one offer to those of a small p, another to the rest; and what
    the churn model says is half true in one segment, true in the other."""
    rng = np.random.default_rng(8)
    found = []
    for week in range(20):
        segment = rng.integers(0, 2, 8000)
        p = rng.uniform(0.05, 0.45, 8000)
        offer = (p > 0.25).astype(int)
        held = rng.random(8000) < 0.1
        chance = np.where(segment == 0, 0.12 + 0.5 * p, p)
        code = (segment * OFFERS + offer) * CHANNELS * DUE
        found += groups_of(week, code, held, rng.random(8000) < chance, p)
    cells = [cell(s, o, 0, 0) for s in range(2) for o in range(2)]
    mean, sd = fit(found).effects(cells)
    assert (np.abs(mean) < 3 * sd).all()
    assert (np.abs(mean) < 0.01).all()


def test_what_the_churn_model_expected_is_taken_off() -> None:
    """People who would have bought anyway a little more often, by luck of the draw, prove nothing."""
    rng = np.random.default_rng(3)
    found = []
    for week in range(10):
        held = np.repeat([False, True], 4000)
        p = rng.uniform(0.05, 0.55, 8000) + np.where(held, 0.0, 0.04)
        found += groups_of(week, np.zeros(8000, dtype=int), held, rng.random(8000) < p, p)
    learned = fit(found)
    mean, sd = learned.effects([cell(0, 0, 0, 0)])
    assert abs(mean[0]) < 3 * sd[0] < 0.02
    assert learned.slope == pytest.approx(1.0, abs=0.05)


def test_nobody_written_to_is_the_prior() -> None:
    only = cell(0, 0, 0, 0)
    for groups in ([], [Group(0, only, True, 50, 5, 5, 0.5, 0.5)], [Group(0, only, False, 0, 0, 0, 0, 0)]):
        mean, sd = fit(groups).effects([only])
        assert mean[0] == PRIOR_MEAN
        assert sd[0] == pytest.approx((PRIOR_SD**2 + 5 * USUAL_SD**2) ** 0.5)
        assert fit(groups).learned_from(only) == 0


def test_a_cell_nobody_saw_borrows_from_its_relatives() -> None:
    groups, _ = world(1, mean=0.04)
    learned = fit(groups)
    new = Cell("segment 1", "offer 2", "sms", "never seen")
    mean, sd = learned.effects([new, Cell("new", "new", "new", "new")])
    assert mean[0] > PRIOR_MEAN
    assert sd[0] < sd[1]
    assert learned.learned_from(new) > 0


def test_what_is_old_counts_less() -> None:
    old, _ = world(5, mean=0.05)
    recent, _ = world(5, mean=0.0)
    moved = [one._replace(week=one.week - 300) for one in old]
    mean, _ = fit([*moved, *recent]).effects([cell(0, 0, 0, 0)])
    alone, _ = fit(recent).effects([cell(0, 0, 0, 0)])
    together, _ = fit([*[one._replace(week=one.week - 20) for one in old], *recent]).effects([cell(0, 0, 0, 0)])
    assert abs(mean[0] - alone[0]) < 0.3 * abs(together[0] - alone[0])


def test_draws_have_the_mean_and_the_covariance_they_are_drawn_from() -> None:
    groups, truth = world(2)
    learned, cells = fit(groups), list(truth)[:6]
    mean, sd = learned.effects(cells)
    drawn = learned.draws(cells, 40_000, seed=11)
    assert drawn.mean(axis=0) == pytest.approx(mean, abs=5 * float(sd.max()) / 200)
    assert drawn.std(axis=0) == pytest.approx(sd, rel=0.03)
    rows = learned.design(cells)
    expected = rows @ learned.covariance @ rows.T
    assert np.cov(drawn.T) == pytest.approx(expected, abs=0.03 * float(expected.max()))
    assert np.array_equal(learned.draws(cells, 5, seed=1), learned.draws(cells, 5, seed=1))


def test_it_is_stored_and_read() -> None:
    groups, truth = world(4)
    learned = fit(groups)
    again = Posterior.from_document(json.loads(json.dumps(learned.as_document())))
    for ours, theirs in zip(learned.effects(list(truth)), again.effects(list(truth)), strict=True):
        assert ours == pytest.approx(theirs, abs=1e-5)
    assert (again.people, again.controls) == (learned.people, learned.controls)
    broken = learned.as_document() | {"levels": []}
    with pytest.raises(ValueError, match="fit together"):
        Posterior.from_document(broken)


def test_the_order_of_groups_changes_nothing() -> None:
    groups, truth = world(6, weeks=4)
    forth, back = fit(groups).effects(list(truth)), fit(groups[::-1]).effects(list(truth))
    assert forth[0] == pytest.approx(back[0], abs=1e-9)


def test_only_what_is_common_moves_in_a_draw_of_the_level() -> None:
    groups, truth = world(7)
    learned, cells = fit(groups), list(truth)
    drawn = learned.level_draws(cells, 4_000, seed=1)
    mean, _ = learned.effects(cells)
    moved = drawn - mean
    assert moved == pytest.approx(np.broadcast_to(moved[:, :1], moved.shape), abs=1e-12)
    row = learned.design(cells).mean(axis=0)
    assert drawn.mean(axis=1).std() == pytest.approx(float(row @ learned.covariance @ row) ** 0.5, rel=0.05)


def test_an_offers_effect_is_that_of_the_people_it_was_tried_on() -> None:
    """Before, a page told the effect on people without a rhythm, of whom there were none, as that of everybody."""
    held, _ = world(3, mean=0.03)
    posterior = fit(held)
    one = cell(1, 2, 0, 0)
    mix = posterior.due_states(one._replace(due="no_rhythm"))
    people = {due: posterior.people[one._replace(due=due)] for due in ("due", "overdue")}
    assert {known.due: share for known, share in mix.items()} == pytest.approx(
        {due: many / sum(people.values()) for due, many in people.items()}
    )
    draws = posterior.draws(list(mix), 200_000, seed=5) @ np.array(list(mix.values()))
    (mean,), (sd,) = posterior.effects_across([mix])
    assert (mean, sd) == (pytest.approx(draws.mean(), abs=1e-4), pytest.approx(draws.std(), rel=0.01))
    single, spread = posterior.effects([one])
    assert posterior.effects_across([{one: 1.0}])[0] == pytest.approx(single)
    assert posterior.effects_across([{one: 1.0}])[1] == pytest.approx(spread)


def test_of_what_was_never_tried_the_segments_people_tell_else_everybody() -> None:
    held, _ = world(3)
    posterior = fit(held)
    untried = Cell("segment 1", "another offer", "email", "no_rhythm")
    assert {one.due for one in posterior.due_states(untried)} == {"due", "overdue"}
    assert sum(posterior.due_states(untried).values()) == pytest.approx(1)
    nobody = Cell("a new segment", "another offer", "email", "no_rhythm")
    assert sum(posterior.due_states(nobody).values()) == pytest.approx(1)
    assert Posterior.prior().due_states(nobody) == {nobody: 1.0}
