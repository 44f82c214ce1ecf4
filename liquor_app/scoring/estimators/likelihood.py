"""Maximum likelihood by L-BFGS, shared by the models that are fitted here."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import numpy.typing as npt
from scipy.optimize import minimize

from liquor_app.core.errors import Conflict

Floats = npt.NDArray[np.float64]
Objective = Callable[[Floats], tuple[float, Floats]]

_BOUND = 15.0
"""Parameters are searched as logarithms within ±15: e¹⁵ is far beyond any sensible value and far from overflow."""


class FitFailed(Conflict):
    """The data do not determine the model; the caller falls back to something simpler."""

    code = "rule.fit_failed"


def minimise(objective: Objective, start: Floats, what: str, *, bounded: bool = True) -> Floats:
    """Return the argument at which `objective` (value, gradient) is least.

    Args:
        objective: mean negative log-likelihood, so that tolerances do not depend on the number of customers.
        start: where to begin, shape (k,).
        what: the model's name, for the error.
        bounded: keep every coordinate within ±15, for parameters searched as logarithms.

    Raises:
        FitFailed: no optimum was reached; the data are too few or too uniform.
    """
    bounds = [(-_BOUND, _BOUND)] * len(start) if bounded else None
    found = minimize(
        objective,
        start,
        jac=True,
        method="L-BFGS-B",
        bounds=bounds,
        options={"maxiter": 1000, "ftol": 1e-14, "gtol": 1e-8},
    )
    at = np.asarray(found.x, dtype=np.float64)
    _, gradient = objective(at)
    # At a bound the slope may point outwards: such a limit (nobody ever drops out, say) is a valid answer.
    inside = np.abs(at) < _BOUND if bounded else np.full(at.shape, True)
    if not np.all(np.isfinite(at)) or not np.max(np.abs(gradient[inside]), initial=0.0) < 1e-3:
        raise FitFailed(f"The {what} model could not be fitted: the purchases are too few or too uniform.")
    return at
