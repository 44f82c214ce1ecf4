"""How good a score is. Numpy only; ties are handled as the definitions ask."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

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


def brier(outcome: npt.ArrayLike, probability: npt.ArrayLike) -> float:
    """Mean squared error of a probability; 0 is perfect."""
    happened, value = _pair(outcome, probability)
    return float(np.mean((value - happened) ** 2))


def ece(outcome: npt.ArrayLike, probability: npt.ArrayLike, *, bins: int = 10) -> float:
    """Expected calibration error over equal-width bins: how far, on average, the said is from the seen."""
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
    """Mean absolute error, in the unit of the two."""
    seen, said = _pair(actual, predicted)
    return float(np.mean(np.abs(seen - said)))


def _pair(one: npt.ArrayLike, other: npt.ArrayLike) -> tuple[Floats, Floats]:
    first, second = np.asarray(one, dtype=np.float64), np.asarray(other, dtype=np.float64)
    if first.shape != second.shape or first.ndim != 1 or first.size == 0:
        raise Invalid(f"two equally long lists are needed, got shapes {first.shape} and {second.shape}")
    if not (np.all(np.isfinite(first)) and np.all(np.isfinite(second))):
        raise Invalid("outcomes and scores must be finite numbers")
    return first, second
