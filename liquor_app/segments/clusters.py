"""Groups that the base falls into by itself, found by k-means and told as rules anybody can read. Pure.

How many groups there are is decided by stability: the number is taken at which two random halves of the customers lead
most to the same groups (Ben-Hur, Elisseeff, Guyon 2002; agreement by the adjusted Rand index). Each group is then
learned by a small decision tree over round thresholds, whose leaves are the rule.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import numpy.typing as npt
from scipy.cluster.vq import kmeans2, vq

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]
Flags = npt.NDArray[np.bool_]

FEWEST = 200
"""Customers below which groups are chance."""
GROUPS = range(3, 8)
SPLITS = 5
STARTS = 4
MOST_LEAVES = 40
SMALLEST_LEAF = 0.003
FAITHFUL = 0.9
"""A rule must find this share of its group, and so much of what it finds must belong to it."""


@dataclass(frozen=True, slots=True)
class Axis:
    """One measure customers are grouped by.

    Attributes:
        field: the field of the rule language; `days` of an age instead of a value are marked by `is_age`.
        low, high: how a group far below or above the average is called.
        steps: thresholds a person would choose.
    """

    name: str
    field: str
    low: str
    high: str
    steps: tuple[float, ...]
    is_age: bool = False


AXES: tuple[Axis, ...] = (
    Axis("days", "last_purchase_at", "recent", "long silent",
         (3, 5, 7, 10, 14, 21, 30, 45, 60, 75, 90, 120, 150, 180, 240, 300, 365, 540, 730), is_age=True),
    Axis("orders", "purchase_frequency", "few orders", "frequent",
         (2, 3, 4, 5, 6, 8, 10, 12, 15, 20, 25, 30, 40, 50, 75, 100, 150, 200)),
    Axis("average", "avg_order_value", "small baskets", "big baskets",
         (5, 7.5, 10, 12.5, 15, 17.5, 20, 25, 30, 35, 40, 50, 60, 75, 100, 125, 150, 200, 300, 500)),
    Axis("response", "response_likelihood", "seldom answer", "answer offers",
         (0.01, 0.02, 0.03, 0.04, 0.05, 0.06, 0.08, 0.1, 0.12, 0.15, 0.2, 0.25, 0.3, 0.4, 0.5, 0.6, 0.75)),
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Base:
    """Buyers to be grouped; arrays of shape (n,).

    Attributes:
        days: since the last purchase, less half a day: a day is above or below a threshold.
        orders, average: number of purchases and money per purchase.
        response: likelihood to act on an offer, 0–1; NaN where it is not known.
        spent: money in all; `category`: the favourite one, or None.
    """

    days: Floats
    orders: Floats
    average: Floats
    response: Floats
    spent: Floats
    category: npt.NDArray[Any]

    def axes(self) -> list[tuple[Axis, Floats]]:
        """Return the axes that tell anything here, with their values."""
        values = (self.days, self.orders, self.average, np.where(np.isnan(self.response), 0.0, self.response))
        return [(axis, value) for axis, value in zip(AXES, values, strict=True) if value.size and np.ptp(value) > 0]


@dataclass(frozen=True, slots=True)
class Group:
    """A group as a suggestion.

    Attributes:
        rules: in the rule language; `found` is the share of the group the rule finds, `pure` the share of what it
            finds that belongs to the group.
        share: of the customers; `money`: of what they spent.
        typical: medians by axis name.
    """

    name: str
    rules: dict[str, Any]
    found: float
    pure: float
    share: float
    money: float
    typical: dict[str, float]
    category: str | None
    category_share: float


@dataclass(frozen=True, slots=True)
class Grouping:
    """`stability` is the mean adjusted Rand index of the number of groups chosen."""

    groups: list[Group]
    stability: float
    customers: int


def group(base: Base, *, seed: int = 7) -> Grouping:
    """Return the groups that can be told as a faithful rule, largest share of the money first; none of fewer than 200
    customers, or where all are alike."""
    size = base.days.size
    axes = base.axes()
    if size < FEWEST or len(axes) < 2:
        return Grouping([], 0.0, size)
    points = _standardised(axes)
    random = np.random.default_rng(seed)
    stability = {k: _stability(points, k, random) for k in GROUPS}
    k = max(stability, key=lambda number: stability[number])
    label = _fit(points, k, random)[1]
    coded = [(axis, value, np.searchsorted(axis.steps, value, side="right")) for axis, value in axes]
    found = [made for one in range(k) if (made := _told(base, coded, points, label == one)) is not None]
    found.sort(key=lambda one: -one.money)
    return Grouping(_distinct(found), stability[k], size)


def _standardised(axes: Sequence[tuple[Axis, Floats]]) -> Floats:
    columns = [np.log1p(np.maximum(value, 0) * (100 if axis.name == "response" else 1)) for axis, value in axes]
    points = np.column_stack(columns)
    return np.asarray((points - points.mean(axis=0)) / points.std(axis=0), dtype=np.float64)


def _fit(points: Floats, k: int, random: np.random.Generator) -> tuple[Floats, Ints]:
    """Centres and labels of the best of several k-means++ starts."""
    best: tuple[float, Floats, Ints] | None = None
    for _ in range(STARTS):
        centres, label = kmeans2(points, k, minit="++", seed=random, iter=25)
        spread = float(((points - centres[label]) ** 2).sum())
        if np.unique(label).size == k and (best is None or spread < best[0]):
            best = (spread, centres, label.astype(np.int64))
    if best is None:
        return points[:k], vq(points, points[:k])[0].astype(np.int64)
    return best[1], best[2]


def _stability(points: Floats, k: int, random: np.random.Generator) -> float:
    """Return mean agreement of the groups that random halves lead to, on everybody."""
    agreements = []
    for _ in range(SPLITS):
        mixed = random.permutation(len(points))
        halves = mixed[: len(points) // 2], mixed[len(points) // 2 :]
        one, other = (vq(points, _fit(points[half], k, random)[0])[0] for half in halves)
        agreements.append(adjusted_rand(one, other))
    return float(np.mean(agreements))


def adjusted_rand(one: npt.ArrayLike, other: npt.ArrayLike) -> float:
    """Agreement of two groupings of the same customers: 1 the same, 0 chance (Hubert and Arabie 1985)."""
    _, a = np.unique(one, return_inverse=True)
    _, b = np.unique(other, return_inverse=True)
    table = np.bincount(a * (b.max() + 1) + b, minlength=(a.max() + 1) * (b.max() + 1)).astype(np.float64)
    pairs = float((table * (table - 1)).sum()) / 2
    rows, columns = (np.bincount(labels).astype(np.float64) for labels in (a, b))
    by_rows, by_columns = (float((sizes * (sizes - 1)).sum()) / 2 for sizes in (rows, columns))
    expected = by_rows * by_columns / (a.size * (a.size - 1) / 2)
    most = (by_rows + by_columns) / 2
    return 1.0 if most == expected else (pairs - expected) / (most - expected)


Coded = list[tuple[Axis, Floats, Ints]]


def _told(base: Base, coded: Coded, points: Floats, inside: Flags) -> Group | None:
    """Return the group with its rule, as short as it can be; None if no rule is faithful to it."""
    codes = [bins for _, _, bins in coded]
    for boxes in _grown(codes, inside, SMALLEST_LEAF * inside.size):
        if _faithful(codes, boxes, inside):
            short = _simplified(codes, boxes, inside)
            said = _covered(codes, short)
            both = np.count_nonzero(said & inside)
            rules = (
                {"any": [_conditions(coded, box) for box in short]} if len(short) > 1 else _conditions(coded, short[0])
            )
            fit = (rules, both / np.count_nonzero(inside), both / np.count_nonzero(said))
            return _described(base, coded, points, inside, fit)
    return None


def _covered(codes: list[Ints], boxes: Sequence[Box]) -> Flags:
    said = np.zeros(codes[0].size, dtype=bool)
    for box in boxes:
        said |= _within(codes, box)
    return said


def _faithful(codes: list[Ints], boxes: Sequence[Box], inside: Flags) -> bool:
    said = _covered(codes, boxes)
    both, told = np.count_nonzero(said & inside), np.count_nonzero(said)
    return bool(told > 0 and both >= FAITHFUL * np.count_nonzero(inside) and both >= FAITHFUL * told)


def _simplified(codes: list[Ints], boxes: list[Box], inside: Flags) -> list[Box]:
    """Boxes and bounds that the rule stays faithful without are left out, the least useful first."""
    whole = tuple((0, int(bins.max())) for bins in codes)
    kept = _merged(boxes)
    for box in sorted(kept, key=lambda one: np.count_nonzero(_within(codes, one) & inside)):
        rest = [one for one in kept if one != box]
        if rest and _faithful(codes, rest, inside):
            kept = rest
    for at in range(len(kept)):
        for axis, (first, last) in enumerate(whole):
            for side in (0, 1):
                bounds = list(kept[at][axis])
                bounds[side] = (first, last)[side]
                wider = (*kept[at][:axis], (bounds[0], bounds[1]), *kept[at][axis + 1 :])
                if _faithful(codes, [*kept[:at], wider, *kept[at + 1 :]], inside):
                    kept[at] = wider
    return _merged(kept)


Box = tuple[tuple[int, int], ...]
"""Per axis the lowest and highest bin (both included)."""


def _grown(codes: list[Ints], inside: Flags, smallest: float) -> Iterator[list[Box]]:
    """Yield the boxes that are mostly inside, of a decision tree that grows where most is gained, a leaf at a time."""
    whole: Box = tuple((0, int(bins.max())) for bins in codes)
    root = np.ones(inside.size, dtype=bool)
    leaves: list[tuple[float, Box, Flags, tuple[int, int] | None]] = [_leaf(codes, inside, (whole, root), smallest)]
    for _ in range(MOST_LEAVES):
        at = max(range(len(leaves)), key=lambda one: leaves[one][0])
        gain, box, here, split = leaves.pop(at)
        if split is None or gain <= 0:
            return
        axis, last = split
        low, high = box[axis]
        below = codes[axis] <= last
        for bounds, part in (((low, last), here & below), ((last + 1, high), here & ~below)):
            leaves.append(_leaf(codes, inside, ((*box[:axis], bounds, *box[axis + 1 :]), part), smallest))
        boxes = [box for _, box, part, _ in leaves if np.count_nonzero(inside & part) * 2 > np.count_nonzero(part)]
        if boxes:
            yield boxes


def _leaf(
    codes: list[Ints], inside: Flags, node: tuple[Box, Flags], smallest: float
) -> tuple[float, Box, Flags, tuple[int, int] | None]:
    """Return a leaf with what splitting it would gain, and where."""
    found = _best_split(codes, inside, node[1], smallest)
    return (found[0], *node, found[1]) if found else (0.0, *node, None)


def _best_split(codes: list[Ints], inside: Flags, here: Flags, smallest: float) -> tuple[float, tuple[int, int]] | None:
    """Tell what the best cut takes off the Gini impurity, with its axis and the last bin below it; None if nothing."""
    total, hits = np.count_nonzero(here), np.count_nonzero(inside & here)
    if hits in (0, total):
        return None
    before = float(hits * (total - hits) / total)
    best = before - 1e-9
    chosen: tuple[int, int] | None = None
    for axis, bins in enumerate(codes):
        size = int(bins.max()) + 1
        n = np.cumsum(np.bincount(bins[here], minlength=size))[:-1].astype(np.float64)
        h = np.cumsum(np.bincount(bins[inside & here], minlength=size))[:-1].astype(np.float64)
        ok = (n >= smallest) & (total - n >= smallest)
        if not ok.any():
            continue
        with np.errstate(divide="ignore", invalid="ignore"):
            impurity = h * (n - h) / n + (hits - h) * (total - n - hits + h) / (total - n)
        impurity = np.where(ok, impurity, np.inf)
        at = int(np.argmin(impurity))
        if impurity[at] < best:
            best, chosen = float(impurity[at]), (axis, at)
    return None if chosen is None else (before - best, chosen)


def _merged(boxes: list[Box]) -> list[Box]:
    """Boxes that differ on one axis only and touch there become one: fewer lines for a person to read."""
    done = False
    while not done:
        done = True
        for one in boxes:
            for other in boxes:
                apart = [axis for axis in range(len(one)) if one[axis] != other[axis]]
                if len(apart) == 1 and one[apart[0]][1] + 1 == other[apart[0]][0]:
                    axis = apart[0]
                    joined = (*one[:axis], (one[axis][0], other[axis][1]), *one[axis + 1 :])
                    boxes = [*(box for box in boxes if box not in (one, other)), joined]
                    done = False
                    break
            if not done:
                break
    return boxes


def _within(codes: list[Ints], box: Box) -> Flags:
    held = np.ones(codes[0].size, dtype=bool)
    for bins, (low, high) in zip(codes, box, strict=True):
        held &= (bins >= low) & (bins <= high)
    return held


def _conditions(coded: Coded, box: Box) -> dict[str, Any]:
    parts: list[dict[str, Any]] = []
    for (axis, _, bins), (low, high) in zip(coded, box, strict=True):
        floor = axis.steps[low - 1] if low > 0 else None
        ceiling = axis.steps[high] if high < int(bins.max()) else None
        if floor is not None:
            parts.append(_condition(axis, floor, above=True))
        if ceiling is not None:
            parts.append(_condition(axis, ceiling, above=False))
    return {"all": parts}


def _condition(axis: Axis, step: float, *, above: bool) -> dict[str, Any]:
    value: float | int = int(step) if step == int(step) else step
    if axis.is_age:
        return {"field": axis.field, "op": "older_than_days" if above else "within_days", "value": int(step)}
    return {"field": axis.field, "op": "gte" if above else "lt", "value": value}


def _described(
    base: Base, coded: Coded, points: Floats, inside: Flags, told: tuple[dict[str, Any], float, float]
) -> Group:
    offs = points[inside].mean(axis=0)
    order = np.argsort(-np.abs(offs))
    words = [coded[at][0].high if offs[at] > 0 else coded[at][0].low for at in order if abs(offs[at]) >= 0.4][:3]
    typical = {axis.name: float(np.median(value[inside])) for axis, value, _ in coded}
    if typical.get("orders") == 1:
        words = ["one order" if word == "few orders" else word for word in words]
    names, counts = np.unique(np.array([name or "" for name in base.category[inside]]), return_counts=True)
    most = int(np.argmax(counts))
    name = ", ".join(words) or "Average in everything"
    return Group(
        name=name[:1].upper() + name[1:],
        rules=told[0],
        found=told[1],
        pure=told[2],
        share=float(np.count_nonzero(inside)) / inside.size,
        money=float(base.spent[inside].sum()) / max(float(base.spent.sum()), 1e-9),
        typical=typical,
        category=str(names[most]) or None,
        category_share=float(counts[most]) / float(counts.sum()),
    )


def _distinct(groups: list[Group]) -> list[Group]:
    """Return names that would be the same are told apart by the favourite category, then by number."""
    seen: dict[str, int] = {}
    named = []
    for one in groups:
        seen[one.name] = seen.get(one.name, 0) + 1
        suffix = "" if seen[one.name] == 1 else f", {one.category}" if one.category else f" {seen[one.name]}"
        named.append(replace(one, name=one.name + suffix))
    return named
