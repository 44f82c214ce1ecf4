"""What a message changes in the chance of a purchase, by cell, learned from who was held out. Pure.

A cell is what was decided for somebody: segment, offer, channel, due-state. Its effect τ, in shares of the people
written to who buy within the window and would not have, is a sum with a normal prior for every part:

    τ = μ + segment + offer + channel + due + (segment × offer × channel),   μ ~ N(0.01, m²), the rest ~ N(0, s²)

The data are groups of people of one week and cell, written to or held out of just that decision. With ȳ the share who
bought, p̄ the mean of what the churn model expected of them without a message, and b pooled within groups and drawn
towards the pooled by segment and due-state (CUPED, Deng et al. 2013),

    ȳ − b · p̄ = week + segment's own level, slope and bend in p + block + [written to] · τ + noise

A block is a week, segment and due-state; its held-out people are the controls of all its cells at once, so the
contrasts share their error: solving for levels together with the effects is generalised least squares. The noise of a
group is m (1 − m) (1 − R²) / n with m the share of its segment and due-state in all weeks, drawn to everybody's:
weights must not depend on a group's own outcome (ADR 96, 143).

Blocks' variance is an empirical-Bayes estimate by EM under a weak inverse-gamma prior, which keeps it from collapsing
to 0 (Bishop 2006, 3.5; Gelman 2006). How far effects lie apart (s) and μ from a point (m) is summed over a grid, each
value weighted by how likely it makes what was seen. What is older counts less (`HALF_LIFE_WEEKS`): effects drift.
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np
from scipy.linalg import cho_factor, cho_solve

from liquor_app.scoring.estimators.likelihood import Floats

PRIOR_MEAN = 0.01
"""Of μ. The sample's sixteen mailings moved .8 points, standard error .75."""
MEAN_SDS, MEAN_WEIGHTS = (0.01, 0.02, 0.04), (0.5, 0.3, 0.2)
"""m, and how likely each is: as likely nothing as two points in most shops, five are possible."""
PRIOR_SD = math.sqrt(sum(weight * sd**2 for sd, weight in zip(MEAN_SDS, MEAN_WEIGHTS, strict=True)))
"""Of μ over all of them."""
USUAL_SD = 0.005
"""Of every other part before anything was seen: half a point."""
SPREADS = (0.0005, 0.001, 0.002, 0.0035, 0.006, 0.01, 0.017)
SPREAD_WEIGHTS = (0.12, 0.20, 0.25, 0.22, 0.13, 0.06, 0.02)
"""s, and how likely each is; their mean square is about that of half a point."""
PRIOR_WEIGHT = 1.5
"""Shape of the blocks' inverse-gamma prior; small, so a dozen blocks say more than it does."""
LEVEL_SD = 0.02
"""Its mode, and of segments' own levels: how far the churn model may be off."""
SLOPE_SD, BEND_SD = 0.05, 0.2
"""Of what is left of p and of p² in a segment after CUPED."""
SLOPE_WEIGHT = 6.0
"""What the prior says for b = 1, a calibrated churn model, in units of Σ (p − p̄)²: about two hundred people."""
SMOOTHING = 200
"""People by whom the share of a segment and due-state is drawn to everybody's before its variance is told. With a
block's own share and twenty, thirty people who by chance bought little weighed more than others, and messages were
taken to win a tenth of a point less than they did (ADR 143)."""
HALF_LIFE_WEEKS = 52.0
ROUNDS = 20
SETTLED = 0.05
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

    def effects_across(self, mixes: Sequence[Mapping[Cell, float]]) -> tuple[Floats, Floats]:
        """Return mean and standard deviation of averages over cells, each by its weight, shape (mixes,) each: what is
        believed of an offer, of people some of whom are due and some not (`due_states`)."""
        cells = list(dict.fromkeys(cell for mix in mixes for cell in mix))
        whole = self.knowing(cells)
        design = whole.design(cells)
        weights = np.array([[mix.get(cell, 0.0) for cell in cells] for mix in mixes]).reshape(len(mixes), len(cells))
        rows = weights @ design
        variance = np.einsum("ij,jk,ik->i", rows, whole.covariance, rows)
        return rows @ whole.mean, np.sqrt(np.maximum(variance, 0.0))

    def due_states(self, cell: Cell) -> dict[Cell, float]:
        """Return a cell in each due-state that people written to were in, by their share: those of the same offer, else
        of the segment, else all; the cell itself where nobody was written to."""
        for alike in (
            [one for one in self.people if one.interaction == cell.interaction],
            [one for one in self.people if one.segment == cell.segment],
            list(self.people),
        ):
            count = Counter[str]()
            for one in alike:
                count[one.due] += self.people[one]
            if whole := sum(count.values()):
                return {cell._replace(due=due): many / whole for due, many in count.items()}
        return {cell: 1.0}

    def draws(self, cells: Sequence[Cell], repeats: int, *, seed: int) -> Floats:
        """Return imagined truths: uplifts of these cells together, shape (repeats, cells)."""
        whole = self.knowing(cells)
        rows = whole.design(cells)
        values, vectors = np.linalg.eigh(whole.covariance)
        root = vectors * np.sqrt(np.maximum(values, 0.0))
        noise = np.random.default_rng(seed).standard_normal((repeats, whole.mean.size))
        drawn: Floats = (whole.mean + noise @ root.T) @ rows.T
        return drawn

    def level_draws(self, cells: Sequence[Cell], repeats: int, *, seed: int) -> Floats:
        """Return uplifts of which only what all these cells share is drawn, shape (repeats, cells).

        Their order is as believed; whether any of them is worth a message is as open as the posterior has it.
        """
        mean = self.effects(cells)[0]
        common = (self.draws(cells, repeats, seed=seed) - mean).mean(axis=1, keepdims=True)
        return np.asarray(mean + common, dtype=np.float64)

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
        if len(levels) + 1 != mean.size or not (np.isfinite(mean).all() and np.isfinite(covariance).all()):
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
    evidence = _Evidence.of(seen, now_week)
    begin = evidence.effects_from
    mean, covariance, spread = _mixture(evidence)
    people: dict[Cell, int] = {}
    for group in seen:
        if not group.is_control:
            people[group.cell] = people.get(group.cell, 0) + group.people
    mean[0] += PRIOR_MEAN
    return Posterior(
        tuple(evidence.columns[begin + 1 :]),
        mean,
        covariance,
        dict.fromkeys(_EFFECTS, spread),
        people,
        sum(group.people for group in seen if group.is_control),
        evidence.slope,
        evidence.explained,
    )


def _mixture(evidence: _Evidence) -> tuple[Floats, Floats, float]:
    """Return the effects' mean beside their prior's and covariance over all spreads, and the spread's expected square.

    How far effects lie apart is not known either: each of `SPREADS` is weighed by how likely it makes what was seen.
    """
    begin = evidence.effects_from
    sds = {"week": 1.0, "level": LEVEL_SD, "slope": SLOPE_SD, "bend": BEND_SD}

    def prior(wide: float, spread: float) -> Floats:
        own = sds | {"mean": wide}
        return np.array([own.get(kind, spread) for kind, _ in evidence.columns]) ** -2.0

    usual, block = prior(PRIOR_SD, USUAL_SD), LEVEL_SD**2
    for _ in range(ROUNDS):
        squares = evidence.blocks(*evidence.without_blocks(block).solve(usual)[:2], block)
        fresh = (squares.sum() + 2 * LEVEL_SD**2 * (PRIOR_WEIGHT + 1)) / (squares.size + 2 * PRIOR_WEIGHT + 2)
        moved, block = abs(fresh / block - 1), float(fresh)
        if moved < SETTLED:
            break
    system = evidence.without_blocks(block)
    found = []
    for wide in MEAN_SDS:
        for spread in SPREADS:
            mean, covariance, likely = system.solve(prior(wide, spread))
            found.append((likely, mean[begin:], covariance[begin:, begin:], spread**2))
    logs = np.array([one[0] for one in found])
    weight = np.exp(logs - logs.max()) * np.outer(MEAN_WEIGHTS, SPREAD_WEIGHTS).ravel()
    weight /= weight.sum()
    means = np.array([one[1] for one in found])
    centre = weight @ means
    about = np.tensordot(weight, np.array([one[2] for one in found]), 1)
    about += ((means - centre).T * weight) @ (means - centre)
    return centre, about, float(weight @ [one[3] for one in found])


@dataclass(frozen=True, slots=True)
class _Evidence:
    """What was seen, summed up: unknowns are weeks, segments' levels and effects (k); blocks are taken out exactly.

    `information` (k, k) and `pull` (k,) leave blocks out of account; `touched` (blocks, k), `surplus` and `precision`
    (blocks,) are each block's sums of weighted rows, of weighted responses and of weights.
    """

    columns: list[tuple[str, str]]
    effects_from: int
    slope: float
    explained: float
    information: Floats
    pull: Floats
    touched: Floats
    surplus: Floats
    precision: Floats

    @classmethod
    def of(cls, groups: Sequence[Group], now_week: int | None) -> _Evidence:
        columns, begin = _columns(groups)
        weeks = np.array([group.week for group in groups], dtype=np.float64)
        blocks: dict[tuple[int, str, str], int] = {}
        block = np.array([blocks.setdefault((one.week, one.cell.segment, one.cell.due), len(blocks)) for one in groups])
        slope, explained, response, variance, people = _reduced(groups)
        age = np.maximum((weeks.max() if now_week is None else now_week) - weeks, 0.0)
        weight = people * 0.5 ** (age / HALF_LIFE_WEEKS) / variance
        design = _design(groups, columns)
        response = response - PRIOR_MEAN * design[:, begin]
        weighted = design * weight[:, None]
        touched = np.zeros((len(blocks), len(columns)))
        np.add.at(touched, block, weighted)
        return cls(
            columns, begin, slope, explained, design.T @ weighted, weighted.T @ response, touched,
            np.bincount(block, weight * response).astype(np.float64), np.bincount(block, weight).astype(np.float64),
        )  # fmt: skip

    def without_blocks(self, variance: float) -> _System:
        """Return what is left to solve once blocks' levels of this variance are summed out."""
        scaled = self.touched * self._share(variance)[:, None]
        return _System(self.information - self.touched.T @ scaled, self.pull - scaled.T @ self.surplus)

    def blocks(self, mean: Floats, covariance: Floats, variance: float) -> Floats:
        """Return the expected squares of blocks' levels, (blocks,)."""
        share = self._share(variance)
        scaled = self.touched * share[:, None]
        level = share * (self.surplus - self.touched @ mean)
        return np.asarray(level**2 + share + ((scaled @ covariance) * scaled).sum(axis=1), dtype=np.float64)

    def _share(self, variance: float) -> Floats:
        return np.asarray(variance / (1.0 + variance * self.precision), dtype=np.float64)


class _System(NamedTuple):
    information: Floats
    pull: Floats

    def solve(self, prior: Floats) -> tuple[Floats, Floats, float]:
        """Return the unknowns' mean beside their prior's, their covariance, and the logarithm of how likely the
        responses are, up to what does not depend on `prior` (precisions, (k,))."""
        information = self.information.copy()
        information[np.diag_indices_from(information)] += prior
        factor = cho_factor(information, lower=True, check_finite=False)
        covariance = cho_solve(factor, np.eye(prior.size), check_finite=False)
        mean = covariance @ self.pull
        likely = float(np.log(prior).sum() / 2 - np.log(np.diag(factor[0])).sum() + self.pull @ mean / 2)
        return mean, covariance, likely


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
    bends = [(kind, name) for kind in ("slope", "bend") for _, name in levels]
    return [*weeks, *levels, *bends, ("mean", ""), *kept], len(weeks) + len(levels) + len(bends)


def _design(groups: Sequence[Group], columns: Sequence[tuple[str, str]]) -> Floats:
    place = {column: index for index, column in enumerate(columns)}
    numbers = {cell: number for number, cell in enumerate(dict.fromkeys(group.cell for group in groups))}
    of_cell = np.zeros((len(numbers), len(columns)))
    for cell, row in numbers.items():
        of_cell[row, [place["mean", ""], *(place[part] for part in cell.parts() if part in place)]] = 1.0
    rows: Floats = of_cell[[numbers[group.cell] for group in groups]]
    rows[[group.is_control for group in groups]] = 0.0
    every = np.arange(len(groups))
    rows[every, [place["week", str(group.week)] for group in groups]] = 1.0
    rows[every, [place["level", group.cell.segment] for group in groups]] = 1.0
    # what is left of p within a block, where the slope is another one or the line is bent
    for kind, values in (
        ("slope", [group.expected / group.people for group in groups]),
        ("bend", [group.expected_square / group.people for group in groups]),
    ):
        rows[every, [place[kind, group.cell.segment] for group in groups]] = values
    return rows


def _reduced(groups: Sequence[Group]) -> tuple[float, float, Floats, Floats, Floats]:
    """Return b, R², what is left of each group's share after CUPED, the variance of a person like its own, and
    people."""
    people, bought, expected, square, cross = np.array(
        [(one.people, one.bought, one.expected, one.expected_square, one.cross) for one in groups], dtype=np.float64
    ).T
    sxy, sxx = cross - bought * expected / people, np.maximum(square - expected**2 / people, 0.0)
    syy = float((bought - bought**2 / people).sum())
    slope = float((sxy.sum() + SLOPE_WEIGHT) / (sxx.sum() + SLOPE_WEIGHT))
    # Offers go to who is worth them, so people of one segment who get different ones differ in p: a slope that is
    # another segment's would be taken for an effect of the offer.
    own = np.full(people.size, slope)
    for kinds in ([one.cell.segment for one in groups], [(one.cell.segment, one.cell.due) for one in groups]):
        names = {kind: number for number, kind in enumerate(dict.fromkeys(kinds))}
        code = np.array([names[kind] for kind in kinds])
        before = np.bincount(code, own) / np.bincount(code)
        own = ((np.bincount(code, sxy) + SLOPE_WEIGHT * before) / (np.bincount(code, sxx) + SLOPE_WEIGHT))[code]
    left = syy - float((2 * own * sxy - own**2 * sxx).sum())
    explained = min(max(1.0 - left / syy, 0.0), 0.9) if syy > 0 else 0.0
    # One variance for everybody alike: from each group's own share, small control groups without a buyer would weigh
    # the most, and every message would seem to work.
    usual = float(bought.sum() / people.sum())
    together = (np.bincount(code, bought) + SMOOTHING * usual) / (np.bincount(code, people) + SMOOTHING)
    variance = np.maximum(together * (1.0 - together), 1e-4)[code] * (1.0 - explained)
    return slope, explained, bought / people - own * expected / people, variance, people
