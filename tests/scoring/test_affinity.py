"""Own frequency first, popularity where there is none."""

from __future__ import annotations

from datetime import date

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from liquor_app.core.errors import Invalid
from liquor_app.demo.dataset import load_dataset
from liquor_app.scoring.estimators.affinity import affinities


def test_own_items_come_first_and_strangers_get_what_is_popular() -> None:
    found = affinities([0, 0, 1], [2, 0, 0], [1, 3, 9], customers=3, items=4, k=2)
    assert found.item.tolist() == [[0, 2], [0, 2], [0, 2]]
    assert found.own.tolist() == [[True, True], [True, False], [False, False]]
    assert found.score[0, 0] == pytest.approx((3 + 12 / 13) / 5)


def test_ties_go_to_the_more_popular() -> None:
    found = affinities([0, 0, 1], [1, 0, 1], [2, 2, 5], customers=2, items=2, k=1)
    assert found.item[0, 0] == 1


def test_fewer_items_than_asked_for() -> None:
    found = affinities([0], [0], [1], customers=1, items=1, k=3)
    assert found.item.tolist() == [[0, -1, -1]]
    assert affinities([], [], [], customers=2, items=0, k=1).item.tolist() == [[-1], [-1]]


pairs = st.dictionaries(st.tuples(st.integers(0, 5), st.integers(0, 7)), st.integers(1, 9), max_size=40)


@given(bought=pairs, k=st.integers(1, 6))
def test_it_equals_the_plain_definition(bought: dict[tuple[int, int], int], k: int) -> None:
    customer, item = ([pair[side] for pair in bought] for side in (0, 1))
    found = affinities(customer, item, list(bought.values()), customers=6, items=8, k=k)
    total = max(sum(bought.values()), 1)
    popularity = [sum(n for (_, i), n in bought.items() if i == code) / total for code in range(8)]
    for who in range(6):
        own_total = sum(n for (c, _), n in bought.items() if c == who)
        strength = [bought.get((who, code), 0) + popularity[code] for code in range(8)]
        best = sorted(range(8), key=lambda code: (-strength[code], code))[:k]
        assert found.score[who].tolist() == pytest.approx([strength[code] / (own_total + 1) for code in best])
        assert found.own[who].tolist() == [(who, code) in bought for code in best]
        assert len(set(found.item[who].tolist())) == k


def test_own_frequency_beats_popularity_on_real_brands() -> None:
    sample = load_dataset(date(2017, 12, 31))
    lines = sample.lines.merge(sample.purchases[["basket_id", "household_id", "local_day"]], on="basket_id")
    cutoff = date(2017, 9, 30)
    lines["who"], _ = pd.factorize(lines["household_id"])
    lines["what"], brands = pd.factorize(lines["brand"])
    before = lines[lines["local_day"] <= cutoff]
    counts = before.groupby(["who", "what"]).size().reset_index(name="n")
    found = affinities(
        counts["who"], counts["what"], counts["n"], customers=lines["who"].max() + 1, items=len(brands), k=1
    )
    later = lines[(lines["local_day"] > cutoff) & lines["who"].isin(before["who"])]
    bought = later.groupby("who")["what"].agg(set)
    own = np.mean([found.item[who, 0] in brands_bought for who, brands_bought in bought.items()])
    most_popular = int(counts.groupby("what")["n"].sum().idxmax())
    popular = np.mean([most_popular in brands_bought for brands_bought in bought])
    print(f"\nbrand hit rate at 1: own frequency {own:.3f}, popularity {popular:.3f}")
    assert own > 0.43
    assert own > popular + 0.05


@pytest.mark.parametrize(
    ("customer", "item", "count", "k"),
    [([5], [0], [1], 1), ([0], [9], [1], 1), ([0], [0], [0], 1), ([0], [0], [1], 0), ([0, 1], [0], [1], 1)],
)
def test_bad_input_is_refused(customer: list[int], item: list[int], count: list[int], k: int) -> None:
    with pytest.raises(Invalid):
        affinities(customer, item, count, customers=2, items=2, k=k)
