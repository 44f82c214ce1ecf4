"""What the models read of a buyer, worked out again one customer at a time, and the same by SQL."""

from __future__ import annotations

from itertools import pairwise
from statistics import fmean, stdev
from typing import Any

import numpy as np
import pytest
from sqlalchemy.ext.asyncio import AsyncSession

from liquor_app.core.clock import now
from liquor_app.core.errors import Invalid
from liquor_app.scoring import features
from liquor_app.scoring.estimators.scorecard import buyers_of, signals_of
from liquor_app.scoring.estimators.signals import HALF_LIVES, MOST_OVERDUE, DayLog
from liquor_app.scoring.estimators.snapshots import LEAST_KNOWN_DAYS, Snapshots
from liquor_app.scoring.features import Moment


def made_log(seed: int, people: int = 40, baskets: int = 300) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    random = np.random.default_rng(seed)
    money = np.round(random.gamma(2.0, 12.0, baskets), 2) * random.choice([1.0, 1.0, 1.0, -0.4, 0.0], baskets)
    return random.integers(0, people, baskets), random.integers(0, 200, baskets).astype(float), np.round(money, 2)


@pytest.mark.parametrize("seed", range(4))
def test_each_customer_as_counted_by_hand(seed: int) -> None:
    who, day, money = made_log(seed)
    cutoff, ahead = 140, 30
    window = DayLog.of(who, day, money).window(cutoff, ahead)
    signals, known = window.signals, window.signals.known
    seen = []
    for code in range(40):
        theirs = [(d, m) for c, d, m in zip(who, day, money, strict=True) if c == code and m != 0]
        days = sorted({d for d, m in theirs if m > 0 and d <= cutoff})
        if not days:
            continue
        seen.append(code)
        row = len(seen) - 1
        assert known.customer[row] == code
        assert (known.x[row], known.t_x[row], known.T[row]) == (len(days) - 1, days[-1] - days[0], cutoff - days[0])
        assert known.spend[row] == pytest.approx(max(sum(m for d, m in theirs if d <= cutoff), 0))
        for column, half in enumerate(HALF_LIVES):
            weight = [2 ** (-(cutoff - d) / half) for d in days]
            assert signals.orders_lately[row, column] == pytest.approx(sum(weight))
            spent = sum(m * 2 ** (-(cutoff - d) / half) for d, m in theirs if d <= cutoff)
            assert signals.spend_lately[row, column] == pytest.approx(max(spent, 0), abs=1e-9)
        gaps = [later - day for day, later in pairwise(days)]
        if len(gaps) > 1:
            assert signals.gap_variation[row] == pytest.approx(stdev(gaps) / fmean(gaps))
        else:
            assert np.isnan(signals.gap_variation[row])
        late = min((cutoff - days[-1]) / max(fmean(gaps), 1), MOST_OVERDUE) if gaps else 0
        assert signals.overdue[row] == pytest.approx(late)
        after = [(d, m) for d, m in theirs if cutoff < d <= cutoff + ahead]
        assert window.spent[row] == pytest.approx(max(sum(m for _, m in after), 0), abs=1e-9)
        assert window.bought[row] == any(m > 0 for _, m in after)
    assert len(signals) == len(seen)


def test_a_log_of_nobody_and_one_of_unequal_columns() -> None:
    nobody = DayLog.of([], [], [])
    assert len(nobody.at(10)) == 0
    assert nobody.window(0, 5).bought.size == 0
    assert Snapshots(nobody, 0).observed == 0
    with pytest.raises(Invalid, match="equally long"):
        DayLog.of([1], [1, 2], [3.0])


def test_snapshots_end_before_what_they_are_asked_by(sample_log: Any) -> None:
    log = DayLog.of(sample_log.customer, sample_log.day, sample_log.value)
    snapshots = Snapshots(log, 364)
    cutoffs = [one.cutoff for one in snapshots.closed(300, 60)]
    assert cutoffs == [240, 225, 210, 195, 180, 165]
    assert all(one.cutoff + one.window.days <= 300 for one in snapshots.closed(300, 60))
    assert snapshots.at(305, 60) is None, "its days are not over"
    assert snapshots.at(LEAST_KNOWN_DAYS - 1, 60) is None, "everybody would look new"
    judged = [(one.cutoff, [past.cutoff for past in learned][:1]) for one, learned in snapshots.judged(60)]
    assert judged == [(304, [244]), (244, [184]), (184, [124])]
    # nothing after the day is known of it: a log cut off there says the same
    cut = DayLog(*(part[log.day <= 240] for part in (log.customer, log.day, log.spent, log.paid)))
    assert np.array_equal(cut.at(240).orders_lately, snapshots.closed(300, 60)[0].signals.orders_lately)


@pytest.mark.integration
async def test_sql_says_the_same_of_everybody(sample: AsyncSession) -> None:
    moment = Moment(now(), now().date(), "America/New_York")
    customers = buyers_of(await features.read_customers(sample, moment, window_days=365))
    by_sql = signals_of(customers)
    log = (await features.read_snapshots(sample, moment)).log
    by_day = log.at(0.0)
    order_a, order_b = (np.lexsort((one.known.spend, one.known.t_x, one.known.T)) for one in (by_sql, by_day))
    assert len(by_sql) == len(by_day) == 1_545
    for name in ("orders_lately", "spend_lately", "gap_variation", "overdue"):
        one, other = getattr(by_sql, name)[order_a], getattr(by_day, name)[order_b]
        assert np.allclose(one, other, rtol=1e-9, atol=1e-9, equal_nan=True), name
