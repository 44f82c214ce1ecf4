"""The response model in use, for those who plan: a customer's own part was kept by the last scoring, an offer's is
added here, so that a plan, its reasons and the customer's page go by one model and one reading of the facts."""

from __future__ import annotations

import numpy as np
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

from liquor_app.scoring.estimators.likelihood import Floats
from liquor_app.scoring.estimators.offer_response import Offers
from liquor_app.scoring.models import ModelKind, ModelStatus
from liquor_app.scoring.response_model import ResponseModel

_IN_USE = f"""
SELECT method, params FROM model_versions WHERE kind = '{ModelKind.RESPONSE}' AND status = '{ModelStatus.ACTIVE}'
"""


async def response_in_use(session: AsyncSession) -> ResponseModel:
    """Return the response model that scores customers now; one that knows nothing before the first scoring. A
    corridor."""
    row = (await session.execute(text(_IN_USE))).first()
    return ResponseModel(None) if row is None else ResponseModel.from_stored(row.method, row.params)


def reach_of(model: ResponseModel, category: str | None) -> float:
    """Tell what share of the shop's baskets an offer reaches: of a category, or (None) of everything."""
    return 1.0 if category is None else model.reach.get(category, 0.0)


def answers(
    model: ResponseModel, odds: Floats, orders: Floats, *, covered: Floats, reach: Floats, discount: float
) -> Floats | None:
    """P(acts on an offer), shape (n,); None where offers are not told apart, NaN where a customer was not scored.

    Args:
        odds: customers' own parts, as scored.
        orders: their baskets.
        covered: baskets with something the offer is for.
        reach: `reach_of` what it is for.
        discount: share of the price.
    """
    if model.offer is None:
        return None
    return model.offer.from_odds(odds, orders, Offers(np.full(odds.shape, discount), covered, reach))
