"""How likely each customer is to act on each offer of a playbook, as the response model in use says. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from liquor_app.actions.offers import Offer, Playbook, pull
from liquor_app.actions.priority import Floats
from liquor_app.scoring.offer_forecast import answers, reach_of
from liquor_app.scoring.response_model import ResponseModel

SECOND_CHANNEL = 0.9
"""How well a playbook's second channel works beside its first: an assumption until the shop has sent enough by both."""


def channel_factor(model: ResponseModel, channel: str, rank: int) -> float:
    """Tell how often a channel is answered beside all: as it was, where enough went out by several; else assumed by its
    rank in the playbook."""
    if model.base_rate and channel in model.channels:
        return model.channels[channel] / model.base_rate
    return float(SECOND_CHANNEL**rank)


def covers_of(offer: Offer, own: str | None) -> str | None:
    """Return the category an offer is for; None for everything. `own` is what its words name for this customer."""
    if offer.category is not None:
        return offer.category
    if offer.product is not None:
        return offer.product_category
    return own if "{category}" in offer.text else None


def answers_of(
    model: ResponseModel, playbook: Playbook, rows: Sequence[Any], typical: Floats, factor: float
) -> list[Floats]:
    """Return P(acts on it) of each offer of the playbook, each of shape (people,).

    Args:
        rows: of `audience.People`.
        typical: P(acts on a typical offer), for whom or where offers are not told apart: then by the discount alone.
        factor: `channel_factor`.
    """
    odds = _numbers([row.response_odds for row in rows])
    orders = np.nan_to_num(_numbers([row.baskets for row in rows]))
    own = [playbook.shelf.to_name(row.primary_category, row.secondary_category) for row in rows]
    baskets = [row.category_baskets or {} for row in rows]
    reached = {name: reach_of(model, name) for name in {None, *own, *(offer.category for offer in playbook.offers)}}
    found = []
    for offer in playbook.offers:
        share = float(offer.discount_pct) / 100
        assumed = typical * pull(share * 100)
        categories = [covers_of(offer, name) for name in own]
        said = answers(
            model,
            odds,
            orders,
            covered=np.array(
                [
                    count if name is None else float(bought.get(name, 0))
                    for name, bought, count in zip(categories, baskets, orders.tolist(), strict=True)
                ]
            ),
            reach=np.array([reached[name] if name in reached else reach_of(model, name) for name in categories]),
            discount=share,
        )
        if said is None:
            chance = assumed
        else:
            # what a discount does was not learned where offers hardly differed in it: then it is assumed as before
            known = said if model.offer is None or model.offer.knows_discount else said * pull(share * 100)
            chance = np.where(np.isnan(known), assumed, known)
        found.append(np.clip(chance * factor, 0.0, 1.0))
    return found


def _numbers(values: Sequence[Any]) -> Floats:
    return np.array([np.nan if value is None else float(value) for value in values], dtype=np.float64)
