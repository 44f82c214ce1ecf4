"""What a message changes in the chance of a purchase, by cell, learned from who was held out. Pure.

A cell is what was decided for somebody: segment, offer, channel, due-state. Its effect τ, in shares of the people
written to who buy within the window and would not have, is a sum with a normal prior for every part:

    τ = μ + segment + offer + channel + due + (segment × offer × channel),   μ ~ N(0.01, 0.01²), the rest ~ N(0, v)

The data are groups of people of one week and cell, written to or held out of just that decision. With ȳ the share who
bought, p̄ the mean of what the churn model expected of them without a message, and b pooled over all groups (CUPED,
Deng et al. 2013),

    ȳ − b · p̄ = week + segment's own level + [written to] · τ + noise,   noise ~ N(0, m (1 − m) (1 − R²) / n)

A week's held-out people are the controls of all its cells at once, so the contrasts share their error: solving for the
weeks' levels together with the effects is generalised least squares. Variances are empirical-Bayes estimates by EM
under weak inverse-gamma priors, which keep them from collapsing to 0 (Bishop 2006, 3.5; Gelman 2006). What is older
counts less (`HALF_LIFE_WEEKS`): effects drift.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np
from scipy.linalg import cho_factor, cho_solve

from liquor_app.scoring.estimators.likelihood import Floats

PRIOR_MEAN, PRIOR_SD = 0.01, 0.01
"""Of μ: one point, as likely nothing as two. The sample's sixteen mailings moved .8 points, standard error .75."""
USUAL_SD = 0.005
"""Where the prior of every other part's standard deviation has its mode: half a point."""
PRIOR_WEIGHT = 1.5
"""Shape of the inverse-gamma priors; small, so a dozen levels say more than it does."""
LEVEL_SD = 0.02
"""The same mode for segments' own levels: how far the churn model may be off in a segment."""
SLOPE_WEIGHT = 6.0
"""What the prior says for b = 1, a calibrated churn model, in units of Σ (p − p̄)²: about two hundred people."""
SMOOTHING = 20
"""People by whom a group's share is drawn to everybody's before its variance is told."""
HALF_LIFE_WEEKS = 52.0
ROUNDS = 200
SETTLED = 1e-4
MOST_LEVELS = 400
PLACES = 12
"""Of what is stored; a variance of half a point is 2.5e-5."""

_EFFECTS = ("segment", "offer", "channel", "due", "interaction")


class Cell(NamedTuple):
    """What was decided for somebody."""

    segment: str
    offer: str
    channel: str
    due: str

    @property
    def interaction(self) -> str:
        return f"{self.segment}\x1f{self.offer}\x1f{self.channel}"

    def parts(self) -> tuple[tuple[str, str], ...]:
        """Return the effects its uplift is the sum of, beside μ: kind and level."""
        return tuple((kind, getattr(self, kind)) for kind in _EFFECTS)


class Group(NamedTuple):
    """People of one week and cell: written to, or held out of just that decision. Sums over them."""

    week: int
    """Any numbering that grows by one a week."""
    cell: Cell
    is_control: bool
    people: int
    bought: float
    expected: float
    """Σ p₀, the chance of a purchase in the window without a message."""
    expected_square: float
    """Σ p₀²."""
    cross: float
    """Σ p₀ over those who bought."""


@dataclass(frozen=True, slots=True)
class Posterior:
    """What is believed of every effect: normal with `mean` (k,) and `covariance` (k, k); μ is the first.

    `people` is how many were written to in each cell, `controls` how many held out in all.
    """

    levels: tuple[tuple[str, str], ...]
    mean: Floats
    covariance: Floats
    variances: Mapping[str, float]
    people: Mapping[Cell, int]
    controls: int
    slope: float
    """b: how much of the expected chance is taken off."""
    explained: float
    """R²: the share of the variance that the expected chance explains."""

    @classmethod
    def prior(cls) -> Posterior:
        """What is believed before anybody was written to."""
        variances = dict.fromkeys(_EFFECTS, USUAL_SD**2)
        return cls((), np.array([PRIOR_MEAN]), np.array([[PRIOR_SD**2]]), variances, {}, 0, 1.0, 0.0)

    def knowing(self, cells: Iterable[Cell]) -> Posterior:
        """Return the same with every level of these cells in it; what was never seen is as its prior says."""
        known = set(self.levels)
        new = [part for part in dict.fromkeys(part for cell in cells for part in cell.parts()) if part not in known]
        if not new:
            return self
        size, grown = self.mean.size, self.mean.size + len(new)
        covariance = np.zeros((grown, grown))
        covariance[:size, :size] = self.covariance
        covariance[np.arange(size, grown), np.arange(size, grown)] = [self.variances[kind] for kind, _ in new]
        mean = np.concatenate([self.mean, np.zeros(len(new))])
        return Posterior(
            (*self.levels, *new), mean, covariance, self.variances, self.people, self.controls, self.slope,
            self.explained,
        )  # fmt: skip

    def design(self, cells: Sequence[Cell]) -> Floats:
        """Return which effects each cell's uplift is the sum of, shape (cells, k).

        Raises:
            KeyError: a level is not known; see `knowing`.
        """
        place = {part: index for index, part in enumerate(self.levels, start=1)}
        rows = np.zeros((len(cells), self.mean.size))
        rows[:, 0] = 1.0
        for row, cell in enumerate(cells):
            rows[row, [place[part] for part in cell.parts()]] = 1.0
        return rows

    def effects(self, cells: Sequence[Cell]) -> tuple[Floats, Floats]:
        """Return the mean and the standard deviation of each cell's uplift, shape (cells,) each."""
        whole = self.knowing(cells)
        rows = whole.design(cells)
        variance = np.einsum("ij,jk,ik->i", rows, whole.covariance, rows)
        return rows @ whole.mean, np.sqrt(np.maximum(variance, 0.0))

    def draws(self, cells: Sequence[Cell], repeats: int, *, seed: int) -> Floats:
        """Return imagined truths: uplifts of these cells together, shape (repeats, cells)."""
        whole = self.knowing(cells)
        rows = whole.design(cells)
        values, vectors = np.linalg.eigh(whole.covariance)
        root = vectors * np.sqrt(np.maximum(values, 0.0))
        noise = np.random.default_rng(seed).standard_normal((repeats, whole.mean.size))
        drawn: Floats = (whole.mean + noise @ root.T) @ rows.T
        return drawn

    def learned_from(self, cell: Cell) -> int:
        """How many people were written to in a cell, over all due-states."""
        return sum(count for known, count in self.people.items() if known.interaction == cell.interaction)

    def as_document(self) -> dict[str, Any]:
        """Return it as JSON, for `model_versions.params`."""
        rows, columns = np.tril_indices(self.mean.size)
        return {
            "levels": [list(level) for level in self.levels],
            "mean": [round(float(value), PLACES) for value in self.mean],
            "covariance": [round(float(value), PLACES) for value in self.covariance[rows, columns]],
            "variances": {kind: round(float(value), PLACES) for kind, value in self.variances.items()},
            "people": [[*cell, count] for cell, count in self.people.items()],
            "controls": self.controls,
            "slope": self.slope,
            "explained": self.explained,
        }

    @classmethod
    def from_document(cls, stored: Mapping[str, Any]) -> Posterior:
        """Read what `as_document` wrote.

        Raises:
            ValueError, KeyError, TypeError: it is something else.
        """
        mean = np.array(stored["mean"], dtype=np.float64)
        covariance = np.zeros((mean.size, mean.size))
        covariance[np.tril_indices(mean.size)] = stored["covariance"]
        covariance += np.tril(covariance, -1).T
        levels = tuple((str(kind), str(level)) for kind, level in stored["levels"])
        if len(levels) + 1 != mean.size or not np.isfinite(covariance).all():
            raise ValueError("the stored uplift model does not fit together")
        return cls(
            levels, mean, covariance, {kind: float(stored["variances"][kind]) for kind in _EFFECTS},
            {Cell(*map(str, entry[:4])): int(entry[4]) for entry in stored["people"]},
            int(stored["controls"]), float(stored["slope"]), float(stored["explained"]),
        )  # fmt: skip


def fit(groups: Sequence[Group], *, now_week: int | None = None) -> Posterior:
    """Learn effects from what was seen; the prior where nothing was.

    Args:
        groups: in any order; several of one week and cell are fine.
        now_week: from which age is counted; by default the latest week.
    """
    seen = [group for group in groups if group.people > 0]
    if not seen or all(group.is_control for group in seen):
        return Posterior.prior()
    columns, effects_from = _columns(seen)
    design = _design(seen, columns)
    slope, explained, response, precision = _reduced(seen, now_week)
    start = np.zeros(len(columns))
    start[effects_from] = PRIOR_MEAN
    kinds = [kind for kind, _ in columns]
    variances = dict.fromkeys(_EFFECTS, USUAL_SD**2) | {"level": LEVEL_SD**2}
    modes = dict(variances)
    weighted = design.T * precision
    information, evidence = weighted @ design, weighted @ (response - design @ start)
    members = {kind: np.flatnonzero([one == kind for one in kinds]) for kind in variances}
    for _ in range(ROUNDS):
        prior = np.array([_prior_precision(kind, variances) for kind in kinds])
        factor = cho_factor(information + np.diag(prior), lower=True)
        covariance = cho_solve(factor, np.eye(len(columns)))
        change = covariance @ evidence
        second = change**2 + np.diag(covariance)
        fresh = {
            kind: float((second[at].sum() + 2 * modes[kind] * (PRIOR_WEIGHT + 1)) / (at.size + 2 * PRIOR_WEIGHT + 2))
            for kind, at in members.items()
        }
        moved = max(abs(fresh[kind] / variances[kind] - 1) for kind in fresh)
        variances = fresh
        if moved < SETTLED:
            break
    people: dict[Cell, int] = {}
    for group in seen:
        if not group.is_control:
            people[group.cell] = people.get(group.cell, 0) + group.people
    return Posterior(
        tuple(columns[effects_from + 1 :]),
        (start + change)[effects_from:],
        covariance[effects_from:, effects_from:],
        {kind: variances[kind] for kind in _EFFECTS},
        people,
        sum(group.people for group in seen if group.is_control),
        slope,
        explained,
    )


def _prior_precision(kind: str, variances: Mapping[str, float]) -> float:
    if kind == "week":
        return 1.0  # a hundred points either way: as good as nothing
    return 1.0 / (PRIOR_SD**2 if kind == "mean" else variances[kind])


def _columns(groups: Sequence[Group]) -> tuple[list[tuple[str, str]], int]:
    """Return the unknowns, kind and level, and where the effects begin: μ is the first of them."""
    treated: dict[Cell, int] = {}
    for group in groups:
        if not group.is_control:
            treated[group.cell] = treated.get(group.cell, 0) + group.people
    weeks = [("week", str(week)) for week in sorted({group.week for group in groups})]
    levels = [("level", name) for name in sorted({group.cell.segment for group in groups})]
    parts: dict[tuple[str, str], int] = {}
    for cell, count in treated.items():
        for part in cell.parts():
            parts[part] = parts.get(part, 0) + count
    # the most seen first, so that what is beyond the bound is what little is known of
    kept = sorted(parts, key=lambda part: (_EFFECTS.index(part[0]), -parts[part], part[1]))[:MOST_LEVELS]
    return [*weeks, *levels, ("mean", ""), *kept], len(weeks) + len(levels)


def _design(groups: Sequence[Group], columns: Sequence[tuple[str, str]]) -> Floats:
    place = {column: index for index, column in enumerate(columns)}
    rows = np.zeros((len(groups), len(columns)))
    for row, group in enumerate(groups):
        rows[row, place["week", str(group.week)]] = 1.0
        rows[row, place["level", group.cell.segment]] = 1.0
        if not group.is_control:
            rows[row, place["mean", ""]] = 1.0
            rows[row, [place[part] for part in group.cell.parts() if part in place]] = 1.0
    return rows


def _reduced(groups: Sequence[Group], now_week: int | None) -> tuple[float, float, Floats, Floats]:
    """Return b, R², what is left of each group's share after CUPED, and its precision."""
    people, bought, expected, square, cross = (
        np.array([getattr(group, name) for group in groups], dtype=np.float64)
        for name in ("people", "bought", "expected", "expected_square", "cross")
    )
    sxy = float((cross - bought * expected / people).sum())
    sxx = float(np.maximum(square - expected**2 / people, 0.0).sum())
    syy = float((bought - bought**2 / people).sum())
    slope = (sxy + SLOPE_WEIGHT) / (sxx + SLOPE_WEIGHT)
    left = syy - 2 * slope * sxy + slope**2 * sxx
    explained = min(max(1.0 - left / syy, 0.0), 0.9) if syy > 0 else 0.0
    usual = float(bought.sum() / people.sum())
    smooth = (bought + SMOOTHING * usual) / (people + SMOOTHING)
    variance = np.maximum(smooth * (1.0 - smooth), 1e-4) * (1.0 - explained)
    weeks = np.array([group.week for group in groups], dtype=np.float64)
    age = np.maximum((weeks.max() if now_week is None else now_week) - weeks, 0.0)
    counts = people * 0.5 ** (age / HALF_LIFE_WEEKS)
    return slope, explained, bought / people - slope * expected / people, counts / variance
