"""Published results of the models, ours beside them.

`PYTHONPATH=. python tests/scoring/scoring_reference.py` prints the table.
Of the `lifetimes` package only the bundled CDNOW data are read; importing it would need an old pandas.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from importlib.util import find_spec
from pathlib import Path

import pandas as pd

from liquor_app.scoring.estimators import bgnbd, gamma_gamma
from liquor_app.scoring.estimators.bgnbd import BgNbdFit, BgNbdParams

PUBLISHED = BgNbdParams(0.243, 4.414, 0.793, 2.426)
"""Fader, Hardie and Lee (2005), table 2, as rounded there."""


@dataclass(frozen=True, slots=True)
class Reference:
    """One published number, ours, and how far apart they may be (half a unit of the last published digit)."""

    name: str
    published: float
    ours: float
    tolerance: float

    @property
    def agrees(self) -> bool:
        return abs(self.ours - self.published) <= self.tolerance


def _data_folder() -> Path:
    spec = find_spec("lifetimes")
    assert spec is not None
    assert spec.origin is not None
    return Path(spec.origin).parent / "datasets"


@lru_cache
def cdnow() -> pd.DataFrame:
    """2,357 CDNOW customers: x, t_x, T (weeks), zbar (dollars)."""
    return pd.read_csv(_data_folder() / "cdnow_customers_summary_with_transactions.csv")


@lru_cache
def cdnow_fit() -> BgNbdFit:
    data = cdnow()
    return bgnbd.fit(data["x"], data["t_x"], data["T"])


def holdout_actual() -> int:
    """Days on which one of the 2,357 bought something in weeks 40–78 (1 October 1997 to 30 June 1998)."""
    log = pd.read_csv(
        _data_folder() / "CDNOW_sample.txt", sep=r"\s+", header=None, names=["master", "id", "date", "cds", "value"]
    )
    later = log[log["date"] > 19970930]
    return len(later.drop_duplicates(["id", "date"]))


def references() -> list[Reference]:
    """Every published number we hold ourselves to."""
    data, fitted = cdnow(), cdnow_fit()
    params = fitted.params
    rows = [
        Reference("BG/NBD r", 0.2426, params.r, 0.00005),
        Reference("BG/NBD α", 4.4135, params.alpha, 0.00005),
        Reference("BG/NBD a", 0.7929, params.a, 0.00005),
        Reference("BG/NBD b", 2.4258, params.b, 0.00005),
        Reference("BG/NBD log-likelihood", -9582.43, fitted.log_likelihood, 0.005),
        Reference(
            "E[Y(39) | x=2, t_x=30.43, T=38.86]",
            1.226,
            float(bgnbd.expected_purchases(PUBLISHED, 39, 2, 30.43, 38.86)),
            0.0005,
        ),
    ]
    printed = {0.1429: 0.0078, 1: 0.0532, 3: 0.1506, 31.857: 1.0405, 32: 1.0437, 78: 1.858}
    rows += [
        Reference(f"E[X({week})]", value, float(bgnbd.expected_purchases_new(params, week)), 0.5 * 10 ** -len(digits))
        for week, value in printed.items()
        for digits in [str(value).split(".")[1]]
    ]
    repeaters = data[data["x"] > 0]
    money = gamma_gamma.fit(repeaters["x"], repeaters["zbar"])
    predicted = float(bgnbd.expected_purchases(params, 39, data["x"], data["t_x"], data["T"]).sum())
    return [
        *rows,
        Reference("Gamma-Gamma customers", 946, money.customers, 0),
        Reference("Gamma-Gamma p", 6.25, money.params.p, 0.005),
        Reference("Gamma-Gamma q", 3.74, money.params.q, 0.005),
        Reference("Gamma-Gamma v", 15.44, money.params.v, 0.01),
        Reference("39-week holdout, actual", 1882, holdout_actual(), 0),
        Reference("39-week holdout, predicted", 1653, predicted, 0.5),
    ]


def table() -> str:
    """The references as text."""
    lines = [f"{'':38}{'published':>12}{'ours':>14}"]
    lines += [
        f"{row.name:38}{row.published:>12,.6g}{row.ours:>14,.7g}  {'ok' if row.agrees else 'DIFFERS'}"
        for row in references()
    ]
    return "\n".join(lines)


if __name__ == "__main__":
    print(table())
