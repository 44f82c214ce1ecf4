"""How good a score is. Numpy only; ties are handled as the definitions ask."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from scipy.special import ndtri

from liquor_app.core.errors import Invalid

Floats = npt.NDArray[np.float64]


def ranks(values: npt.ArrayLike) -> Floats:
    """Ranks from 1, ties sharing their mean rank; shape (n,)."""
    data = np.asarray(values, dtype=np.float64)
    _, code, count = np.unique(data, return_inverse=True, return_counts=True)
    upper = np.cumsum(count)
    return np.asarray(upper - (count - 1) / 2, dtype=np.float64)[code]


def auc(outcome: npt.ArrayLike, score: npt.ArrayLike) -> float:
    """Area under the ROC curve: P(a positive scores above a negative), ties counting half (Mann–Whitney).

    Raises:
        Invalid: only one kind of outcome, or shapes differ.
    """
    happened, value = _pair(outcome, score)
    positives = int(happened.sum())
    negatives = happened.size - positives
    if positives == 0 or negatives == 0:
        raise Invalid("AUC needs both outcomes among the customers", field="outcome")
    above = ranks(value)[happened > 0].sum() - positives * (positives + 1) / 2
    return float(above / (positives * negatives))


def auc_within(outcome: npt.ArrayLike, score: npt.ArrayLike, group: npt.ArrayLike) -> float:
    """AUC among pairs of one group (campaign) only: whoever is written to is chosen within a campaign, so a score
    that merely tells good campaigns from bad ones is worth nothing. Every pair weighs the same.

    Raises:
        Invalid: no group has both outcomes.
    """
    happened, value = _pair(outcome, score)
    which = np.asarray(group)
    above = pairs = 0.0
    for one in np.unique(which):
        inside = which == one
        positives = float(happened[inside].sum())
        weight = positives * (float(np.count_nonzero(inside)) - positives)
        if weight:
            above += auc(happened[inside], value[inside]) * weight
            pairs += weight
    if not pairs:
        raise Invalid("AUC needs both outcomes within some campaign", field="outcome")
    return above / pairs


@dataclass(frozen=True, slots=True)
class Difference:
    """One score's measure minus another's on the same customers, with a 95 % interval."""

    value: float
    low: float
    high: float

    @property
    def is_noise(self) -> bool:
        return self.low <= 0 <= self.high


def auc_difference(
    outcome: npt.ArrayLike,
    one: npt.ArrayLike,
    other: npt.ArrayLike,
    group: npt.ArrayLike | None = None,
    *,
    rivals: int = 1,
) -> Difference:
    """AUC of `one` minus AUC of `other`, both within groups if there are any.

    Where `other` was picked as the best of several `rivals` in hindsight, the interval is widened for that
    (Bonferroni).

    Source of the variance: DeLong, DeLong, Clarke-Pearson 1988, from each customer's placement among the other kind.

    Raises:
        Invalid: no group has both outcomes.
    """
    happened, first = _pair(outcome, one)
    _, second = _pair(outcome, other)
    which = np.zeros(happened.size) if group is None else np.asarray(group)
    total = variance = pairs = 0.0
    for label in np.unique(which):
        inside = which == label
        hits, misses = inside & (happened > 0), inside & (happened == 0)
        p, n = np.count_nonzero(hits), np.count_nonzero(misses)
        if not p or not n:
            continue
        above, below = _placements(first, hits, misses), _placements(second, hits, misses)
        gains = [mine - theirs for mine, theirs in zip(above, below, strict=True)]
        weight = float(p) * float(n)
        total += weight * float(gains[0].mean())
        spread = sum(float(gain.var(ddof=1)) / gain.size for gain in gains if gain.size > 1)
        variance += weight**2 * spread
        pairs += weight
    if not pairs:
        raise Invalid("AUC needs both outcomes within some campaign", field="outcome")
    reach = float(ndtri(1 - 0.025 / rivals) * np.sqrt(variance)) / pairs
    return Difference(total / pairs, total / pairs - reach, total / pairs + reach)


def _placements(score: Floats, hits: npt.NDArray[np.bool_], misses: npt.NDArray[np.bool_]) -> tuple[Floats, Floats]:
    """Per positive the share of negatives below it, per negative the share of positives above it; ties half."""
    high, low = score[hits], score[misses]
    joint = ranks(np.concatenate([high, low]))
    above = (joint[: high.size] - ranks(high)) / low.size
    below = 1 - (joint[high.size :] - ranks(low)) / high.size
    return above, below


def spearman_difference(
    actual: npt.ArrayLike,
    one: npt.ArrayLike,
    other: npt.ArrayLike,
    group: npt.ArrayLike | None = None,
    *,
    rivals: int = 1,
    draws: int = 400,
    most: int = 5_000,
) -> Difference:
    """Spearman of `one` minus that of `other` with `actual`, the mean of the groups' if there are any; the interval by
    a seeded bootstrap of `draws` samples, within groups.

    `rivals` as in `auc_difference`. More than `most` customers are thinned to as many for the interval, which then only
    gets wider.
    """
    truth, first = _pair(actual, one)
    _, second = _pair(actual, other)
    which = np.zeros(truth.size) if group is None else np.asarray(group)
    parts = [np.flatnonzero(which == label) for label in np.unique(which)]
    random = np.random.default_rng(7)

    def gap(rows: npt.NDArray[np.intp]) -> float:
        return spearman(truth[rows], first[rows]) - spearman(truth[rows], second[rows])

    gaps = [
        np.mean([gap(rows[random.integers(0, rows.size, min(rows.size, most // len(parts)))]) for rows in parts])
        for _ in range(draws)
    ]
    low, high = np.quantile(gaps, [0.025 / rivals, 1 - 0.025 / rivals])
    return Difference(float(np.mean([gap(rows) for rows in parts])), float(low), float(high))


def psi(expected: npt.ArrayLike, seen: npt.ArrayLike) -> float:
    """Population stability index of two distributions over the same bins (shares or counts, shape (bins,)).

    Below .1 nothing has moved, above .25 the population is another one (Siddiqi, Credit Risk Scorecards, 2006).
    """
    was, is_now = np.asarray(expected, dtype=np.float64), np.asarray(seen, dtype=np.float64)
    if was.shape != is_now.shape or was.sum() <= 0 or is_now.sum() <= 0:
        raise Invalid("two distributions over the same bins are needed", field="seen")
    # half a customer in an empty bin keeps the logarithm finite
    was, is_now = (part / part.sum() for part in (was + 0.5 / was.size, is_now + 0.5 / is_now.size))
    return float(((is_now - was) * np.log(is_now / was)).sum())


def brier(outcome: npt.ArrayLike, probability: npt.ArrayLike) -> float:
    """Return mean squared error of a probability; 0 is perfect."""
    happened, value = _pair(outcome, probability)
    return float(np.mean((value - happened) ** 2))


def ece(outcome: npt.ArrayLike, probability: npt.ArrayLike, *, bins: int = 10) -> float:
    """Return expected calibration error over equal-width bins: how far, on average, the said is from the seen."""
    happened, value = _pair(outcome, probability)
    which = np.minimum((value * bins).astype(np.int64), bins - 1)
    said = np.bincount(which, weights=value, minlength=bins)
    seen = np.bincount(which, weights=happened, minlength=bins)
    return float(np.abs(said - seen).sum() / happened.size)


def lift(outcome: npt.ArrayLike, score: npt.ArrayLike, *, share: float = 0.1) -> float:
    """Response among the best `share` by score, over the response of all; 1 is chance.

    Customers tied at the edge count in proportion, so that the order of equals does not matter.
    """
    happened, value = _pair(outcome, score)
    base = float(happened.mean())
    if base == 0:
        raise Invalid("lift needs at least one positive outcome", field="outcome")
    take = share * happened.size
    levels, code = np.unique(-value, return_inverse=True)
    size = np.bincount(code, minlength=levels.size).astype(np.float64)
    hits = np.bincount(code, weights=happened, minlength=levels.size)
    before = np.cumsum(size) - size
    part = np.clip((take - before) / size, 0, 1)
    return float((hits * part).sum() / take / base)


def spearman(one: npt.ArrayLike, other: npt.ArrayLike) -> float:
    """Rank correlation; 0 if either side is constant."""
    first, second = _pair(one, other)
    a, b = ranks(first), ranks(second)
    a, b = a - a.mean(), b - b.mean()
    norm = float(np.sqrt((a @ a) * (b @ b)))
    return float(a @ b) / norm if norm else 0.0


def mae(actual: npt.ArrayLike, predicted: npt.ArrayLike) -> float:
    """Return mean absolute error, in the unit of the two."""
    seen, said = _pair(actual, predicted)
    return float(np.mean(np.abs(seen - said)))


def poisson_deviance(actual: npt.ArrayLike, predicted: npt.ArrayLike) -> float:
    """Mean Poisson deviance of a forecast of money: least, on average, for the true mean, which absolute error is not
    (it rewards low-balling where most spend nothing). In the unit of the two; a forecast below a tenth of a cent counts
    as that.

    Source: Gneiting (2011), "Making and Evaluating Point Forecasts".
    """
    seen, said = _pair(actual, predicted)
    return float(_deviances(seen, said).mean())


def _deviances(seen: Floats, said: Floats) -> Floats:
    mean = np.maximum(said, 1e-3)
    with np.errstate(divide="ignore", invalid="ignore"):
        logged = np.where(seen > 0, seen * np.log(seen / mean), 0.0)
    return np.asarray(2 * (logged - (seen - mean)), dtype=np.float64)


def deviance_difference(
    actual: npt.ArrayLike, one: npt.ArrayLike, other: npt.ArrayLike, *, who: npt.ArrayLike | None = None
) -> Difference:
    """Poisson deviance of `one` relative to that of `other`, less 1: below 0, `one` is better. The interval by a seeded
    bootstrap over customers; `who` names them where they stand in several rows.

    Raises:
        Invalid: `other` is perfect, so nothing is relative to it.
    """
    truth, first = _pair(actual, one)
    _, second = _pair(actual, other)
    mine, theirs = _deviances(truth, first), _deviances(truth, second)
    if theirs.sum() <= 0:
        raise Invalid("a perfect forecast cannot be compared with")
    low, high = _ratio_interval(mine, theirs, who)
    return Difference(float(mine.sum() / theirs.sum() - 1), low - 1, high - 1)


DRAWS = 400
"""Of a bootstrap."""


def _ratio_interval(top: Floats, bottom: Floats, who: npt.ArrayLike | None) -> tuple[float, float]:
    """95 % interval of a ratio of sums, customers drawn with replacement, each with all of their rows; a Poisson number
    of times each, which is the same for many and costs no index."""
    if who is not None:
        codes = np.unique(np.asarray(who), return_inverse=True)[1].reshape(-1)
        top, bottom = (np.bincount(codes, weights=part).astype(np.float64) for part in (top, bottom))
    random = np.random.default_rng(11)
    ratios = np.empty(DRAWS)
    for draw in range(DRAWS):
        times = random.poisson(1.0, top.size).astype(np.float64)
        ratios[draw] = float(times @ top) / max(float(times @ bottom), 1e-12)
    low, high = np.quantile(ratios, [0.025, 0.975])
    return float(low), float(high)


def normalised_gini(actual: npt.ArrayLike, predicted: npt.ArrayLike) -> float:
    """How well a forecast sorts money, 1 for the order of the truth, 0 for chance; ties share their rank.

    Source: Wang, Liu and Miao (2019), "A Deep Probabilistic Model for Customer Lifetime Value Prediction".
    """
    seen, said = _pair(actual, predicted)
    best = _concentration(seen, seen)
    return _concentration(seen, said) / best if best > 0 else 0.0


def _concentration(money: Floats, by: Floats) -> float:
    total = float(money.sum())
    if total <= 0:
        return 0.0
    return float((money * (ranks(by) - (money.size + 1) / 2)).sum() / (total * money.size))


def isotonic(said: npt.ArrayLike, seen: npt.ArrayLike) -> tuple[Floats, Floats]:
    """Return the levels, rising, of what was seen over what was said, and how many stand behind each; shape (blocks,).

    Source: pool adjacent violators, Ayer et al. (1955).
    """
    forecast, outcome = _pair(said, seen)
    order = np.argsort(forecast, kind="stable")
    _, first = np.unique(forecast[order], return_index=True)
    sums = np.add.reduceat(outcome[order], first)
    counts = np.diff(np.append(first, forecast.size)).astype(np.float64)
    level: list[float] = []
    weight: list[float] = []
    for total, count in zip(sums.tolist(), counts.tolist(), strict=True):
        level.append(total)
        weight.append(count)
        while len(level) > 1 and level[-2] * weight[-1] >= level[-1] * weight[-2]:
            level[-2:] = [level[-2] + level[-1]]
            weight[-2:] = [weight[-2] + weight[-1]]
    return np.array(level) / np.array(weight), np.array(weight)


def said_and_seen(said: npt.ArrayLike, seen: npt.ArrayLike, *, bins: int = 10) -> list[tuple[float, float, int]]:
    """Return what was said on average, what was seen, and of how many, in `bins` equal parts by what was said, lowest
    first; customers with the same forecast stay together."""
    forecast, outcome = _pair(said, seen)
    place = np.minimum((ranks(forecast) - 1) * bins / forecast.size, bins - 1).astype(np.int64)
    told = []
    for part in range(bins):
        inside = place == part
        if inside.any():
            told.append((float(forecast[inside].mean()), float(outcome[inside].mean()), int(inside.sum())))
    return told


def total_interval(actual: npt.ArrayLike, predicted: npt.ArrayLike, *, who: npt.ArrayLike | None = None) -> Difference:
    """Everybody's forecast over what they spent, with a 95 % interval by a seeded bootstrap over customers; `who` names
    them where they stand in several rows.

    Raises:
        Invalid: nobody spent anything.
    """
    seen, said = _pair(actual, predicted)
    if seen.sum() <= 0:
        raise Invalid("nobody spent anything, so no total can be compared")
    low, high = _ratio_interval(said, seen, who)
    return Difference(float(said.sum() / seen.sum()), low, high)


def _pair(one: npt.ArrayLike, other: npt.ArrayLike) -> tuple[Floats, Floats]:
    first, second = np.asarray(one, dtype=np.float64), np.asarray(other, dtype=np.float64)
    if first.shape != second.shape or first.ndim != 1 or first.size == 0:
        raise Invalid(f"two equally long lists are needed, got shapes {first.shape} and {second.shape}")
    if not (np.all(np.isfinite(first)) and np.all(np.isfinite(second))):
        raise Invalid("outcomes and scores must be finite numbers")
    return first, second
