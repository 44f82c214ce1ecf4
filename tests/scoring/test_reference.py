"""Our models against what others published (`pytest -s` prints the table)."""

from __future__ import annotations

from liquor_app.scoring.estimators import bgnbd
from tests.scoring.scoring_reference import PUBLISHED, cdnow, cdnow_fit, references, table


def test_every_published_value_is_met() -> None:
    print("\n" + table())
    differing = [row for row in references() if not row.agrees]
    assert not differing
    assert len(references()) == 18


def test_published_parameters_reach_no_better_likelihood_than_ours() -> None:
    data = cdnow()
    theirs = bgnbd.log_likelihood(PUBLISHED, data["x"], data["t_x"], data["T"]).sum()
    assert cdnow_fit().log_likelihood >= theirs
    assert cdnow_fit().log_likelihood - theirs < 0.01


def test_customers_with_the_same_history_are_fitted_once() -> None:
    fitted = cdnow_fit()
    assert fitted.customers == 2357
    assert fitted.patterns == len(cdnow()[["x", "t_x", "T"]].drop_duplicates())
