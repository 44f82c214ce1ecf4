"""The sample's liquor log as arrays, read once per process."""

from __future__ import annotations

from datetime import date
from typing import NamedTuple

import numpy as np
import pandas as pd
import pytest

from liquor_app.demo.dataset import load_dataset
from liquor_app.scoring.history import Histories, histories


class SampleLog(NamedTuple):
    """Baskets: customer code, day number (0 is the first day), dollars."""

    customer: np.ndarray
    day: np.ndarray
    value: np.ndarray

    def known(self, cutoff: int) -> Histories:
        return histories(self.customer, self.day, self.value, cutoff)

    def bought_within(self, known: Histories, cutoff: int, horizon: int) -> np.ndarray:
        """Whether each known customer bought in the `horizon` days after the cut-off."""
        later = (self.day > cutoff) & (self.day <= cutoff + horizon)
        return np.isin(known.customer, self.customer[later])

    def spent_within(self, known: Histories, cutoff: int, horizon: int) -> np.ndarray:
        later = (self.day > cutoff) & (self.day <= cutoff + horizon)
        spent = pd.Series(self.value[later]).groupby(self.customer[later]).sum()
        return spent.reindex(known.customer).fillna(0.0).to_numpy()

    def wait(self, known: Histories, cutoff: int) -> np.ndarray:
        """Days from the cut-off to each customer's next basket; inf where there is none."""
        later = self.day > cutoff
        first = pd.Series(self.day[later]).groupby(self.customer[later]).min()
        return first.reindex(known.customer).to_numpy(dtype=float, na_value=np.inf) - cutoff


@pytest.fixture(scope="session")
def sample_log() -> SampleLog:
    purchases = load_dataset(date(2017, 12, 31)).purchases
    day = (pd.to_datetime(purchases["local_day"]) - pd.Timestamp(2017, 1, 1)).dt.days
    return SampleLog(purchases["household_id"].to_numpy(), day.to_numpy(), purchases["total"].to_numpy())
