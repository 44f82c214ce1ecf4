"""BG/NBD × Gamma-Gamma in money: what the value model's level hangs on."""

from __future__ import annotations

from typing import Any

import pytest

from liquor_app.scoring.estimators.signals import DayLog
from liquor_app.scoring.estimators.snapshots import Snapshots
from liquor_app.scoring.estimators.spend_glm import bgnbd_value


def test_the_models_get_the_total_right(sample_log: Any) -> None:
    snapshots = Snapshots(DayLog.of(sample_log.customer, sample_log.day, sample_log.value), 364)
    at = snapshots.at(273, 91)
    assert at is not None
    total = bgnbd_value(at.buying, at.spending, at.signals, 91).sum()
    assert total == pytest.approx(at.window.spent.sum(), rel=0.1)
