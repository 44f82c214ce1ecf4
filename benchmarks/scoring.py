"""Fitting and scoring a large base: seconds and peak memory for a million synthetic customers."""

from __future__ import annotations

import resource
import time
from collections.abc import AsyncIterator

import numpy as np

from liquor_app.scoring.estimators.bgnbd import fit, p_no_purchase


async def run(customers: int = 1_000_000) -> AsyncIterator[dict[str, object]]:
    """BG/NBD on Poisson-gamma buyers; the limit is one pass of `np.exp` over the same array."""
    random = np.random.default_rng(7)
    age = random.integers(7, 365, customers).astype(float)
    rate = random.gamma(0.5, 1 / 12, customers)
    count = random.poisson(rate * age / 7).astype(float)
    recency = np.where(count > 0, age * random.beta(2, 1, customers), 0.0).round()
    began = time.perf_counter()
    params = fit(count, recency, age).params
    fitted = time.perf_counter()
    p_no_purchase(params, 60.0, count, recency, age)
    scored = time.perf_counter()
    np.exp(age)
    limit = time.perf_counter()
    yield {
        "bench": "scoring",
        "customers": customers,
        "fit_s": round(fitted - began, 3),
        "score_s": round(scored - fitted, 3),
        "limit_one_exp_s": round(limit - scored, 4),
        "peak_mb": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024,
    }
