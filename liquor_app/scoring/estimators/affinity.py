"""What a customer likes: own frequency, with popularity filling in where there is none.

On liquor baskets this beats collaborative filtering, so there is no matrix factorisation here.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from liquor_app.core.errors import Invalid
from liquor_app.scoring.estimators.likelihood import Floats


@dataclass(frozen=True, slots=True)
class Affinities:
    """The best items of each customer.

    Attributes:
        item: item codes, best first, shape (customers, k); −1 where there are fewer than k items at all.
        score: (own count + popularity) / (own total + 1), in (0, 1), same shape.
        own: whether the customer ever bought the item; False means it is there by popularity.
    """

    item: npt.NDArray[np.int64]
    score: Floats
    own: npt.NDArray[np.bool_]


def affinities(
    customer: npt.ArrayLike,
    item: npt.ArrayLike,
    count: npt.ArrayLike,
    *,
    customers: int,
    items: int,
    k: int,
    popularity: npt.ArrayLike | None = None,
) -> Affinities:
    """Return the k best items of every customer.

    The score is a count smoothed by one imaginary purchase spread over all items by popularity. It is below one for
    anything never bought and at least one for anything bought (before the division), so own purchases always come
    first, ties among them are broken by popularity, and strangers get what is popular.

    Args:
        customer, item: integer codes of each (customer, item) pair bought, shape (m,), each pair once.
        count: how often (baskets or quantity), ≥ 1, shape (m,).
        customers, items: how many codes there are.
        k: how many to return.
        popularity: how often everybody bought each item, shape (items,), when the pairs are only some customers';
            by default the pairs themselves tell.

    Raises:
        Invalid: a code is out of range, a count is below 1, k is below 1.
    """
    who, what = np.asarray(customer, dtype=np.int64), np.asarray(item, dtype=np.int64)
    often = np.asarray(count, dtype=np.float64)
    if not who.shape == what.shape == often.shape:
        raise Invalid("customer, item and count must be equally long", field="item")
    if k < 1:
        raise Invalid("k must be at least 1", field="k")
    if who.size and (who.min() < 0 or who.max() >= customers or what.min() < 0 or what.max() >= items):
        raise Invalid("a customer or item code is out of range", field="item")
    if np.any(often < 1):
        raise Invalid("counts must be at least 1", field="count")

    demand = np.bincount(what, weights=often, minlength=items) if popularity is None else np.asarray(popularity)
    if demand.shape != (items,):
        raise Invalid(f"popularity must have {items} entries, got shape {demand.shape}", field="popularity")
    popular_share = demand / max(float(demand.sum()), 1.0)
    total = np.bincount(who, weights=often, minlength=customers)
    best = np.full((customers, k), -1, dtype=np.int64)
    score = np.zeros((customers, k))
    own = np.zeros((customers, k), dtype=bool)

    strength = often + popular_share[what]
    order = np.lexsort((what, -strength, who))
    place = np.arange(order.size) - np.searchsorted(who[order], who[order])
    top = order[place < k]
    slot = place[place < k]
    best[who[top], slot] = what[top]
    score[who[top], slot] = strength[top]
    own[who[top], slot] = True

    filled = np.minimum(np.bincount(who, minlength=customers), k)
    # A customer short of k own items owns fewer than k, so the 2k − 1 most popular always suffice.
    for popular in np.argsort(-popular_share, kind="stable")[: 2 * k - 1]:
        bought = np.zeros(customers, dtype=bool)
        bought[who[what == popular]] = True
        take = np.flatnonzero((filled < k) & ~bought)
        best[take, filled[take]] = popular
        score[take, filled[take]] = popular_share[popular]
        filled[take] += 1
    return Affinities(best, score / (total[:, None] + 1), own)
