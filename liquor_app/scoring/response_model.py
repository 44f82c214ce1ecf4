"""The response model: fitted to contacts whose offers are over, used only if it stood up to later campaigns."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from liquor_app.core.errors import Invalid
from liquor_app.scoring import judge_response
from liquor_app.scoring.estimators import offer_response, response
from liquor_app.scoring.estimators.likelihood import FitFailed, Floats
from liquor_app.scoring.estimators.offer_response import BandRates, Contacts, OfferResponse, Offers
from liquor_app.scoring.estimators.response import MIN_RESPONSES, Known, ResponseMethod
from liquor_app.scoring.models import ModelKind
from liquor_app.scoring.training import Trained

MOST_CATEGORIES = 500
"""Whose reach is kept with the model; an offer for a rarer one reaches nobody to speak of."""

CHANNEL_CONTACTS = 200
"""Contacts by a channel from which on how it does is told apart from the others."""


@dataclass(frozen=True, slots=True)
class ResponseModel:
    """`base_rate` is None where nobody was ever contacted; `channels` are the rates of channels used often enough,
    `reach` each category's share of baskets when the model was fitted."""

    base_rate: float | None
    offer: OfferResponse | None = None
    bands: BandRates | None = None
    channels: Mapping[str, float] = field(default_factory=dict)
    reach: Mapping[str, float] = field(default_factory=dict)
    life_days: float | None = None
    """How long the offers held that it was learned from, the median: until then somebody acts on one, or not at all."""

    @classmethod
    def from_stored(cls, method: str, params: dict[str, Any]) -> ResponseModel:
        """What an older version stored knows no offer: answers per contact stand in until the next fit."""
        common = {
            "base_rate": params.get("base_rate"), "channels": params.get("channels", {}),
            "life_days": params.get("life_days"),
        }  # fmt: skip
        try:
            if method == ResponseMethod.OFFER:
                return cls(
                    **common, offer=OfferResponse.from_dict(params["offer"]), reach=params.get("reach", {})
                )  # fmt: skip
            if method == ResponseMethod.BAND:
                return cls(**common, bands=BandRates(tuple(float(rate) for rate in params["bands"])))
        except (Invalid, KeyError):
            pass
        return cls(**common)

    @property
    def method(self) -> str:
        if self.offer is not None:
            return ResponseMethod.OFFER
        if self.bands is not None:
            return ResponseMethod.BAND
        return "none" if self.base_rate is None else ResponseMethod.COUNT

    @property
    def level_sd(self) -> float | None:
        """How far campaigns' levels were from what was said of them, log-odds; None where nobody has learned it."""
        return None if self.offer is None else self.offer.level_sd

    @property
    def level_campaigns(self) -> int:
        return 0 if self.offer is None else self.offer.campaigns

    def typical(self, known: Known) -> Floats:
        """P(acts on an offer like those made so far), shape (n,); NaN where nobody was ever contacted."""
        return self.likelihood(known, None)

    def likelihood(self, known: Known, offers: Offers | None) -> Floats:
        """P(acts on the offer), shape (n,); the same for every offer where none could be told from another."""
        if self.offer is not None:
            return self.offer.likelihood(known, self.offer.usual.offers(known.orders) if offers is None else offers)
        if self.base_rate is None:
            return np.full(known.responses.shape, np.nan)
        if self.bands is not None:
            return self.bands.likelihood(known)
        return response.response_rate(known.responses, known.contacts, self.base_rate)

    def odds(self, known: Known) -> Floats:
        """Return the customers' own part of the log-odds, NaN where offers are not told apart."""
        return np.full(known.responses.shape, np.nan) if self.offer is None else self.offer.odds(known)

    def by_channel(self, likelihood: float) -> dict[str, float]:
        """Return one customer's likelihood on each channel used often enough: scaled by how the channel does."""
        if not self.base_rate:
            return {}
        return {
            channel: round(min(likelihood * rate / self.base_rate, 0.99), 4) for channel, rate in self.channels.items()
        }


def train_response(contacts: Contacts, reach: Mapping[str, float]) -> Trained:
    """The regression on customer and offer if it stands up to later campaigns (`judge_response`); else a constant by
    band, and with very few answers responses per contact.

    Args:
        reach: see `contacts.read_reach`.
    """
    n = int(contacts.day.size)
    if n == 0:
        return Trained(ModelKind.RESPONSE, "none", {"base_rate": None}, {}, 0)
    rate = offer_response.base_rate(contacts)
    life = round(float(np.median(contacts.ends - contacts.day)), 2)
    params: dict[str, Any] = {"base_rate": rate, "channels": _channel_rates(contacts, rate), "life_days": life}
    if contacts.responded.sum() < MIN_RESPONSES:
        return Trained(ModelKind.RESPONSE, ResponseMethod.COUNT, params, {}, n)
    metrics = judge_response.judge(contacts)
    if metrics and not metrics["why_not"]:
        try:
            model = offer_response.fit(contacts, metrics["level_sd"], metrics["campaigns"])
        except FitFailed as failure:
            metrics["why_not"] = [failure.message]
        else:
            kept = sorted(reach.items(), key=lambda one: (-one[1], one[0]))[:MOST_CATEGORIES]
            params |= {"offer": model.to_dict(), "reach": dict(kept)}
            return Trained(ModelKind.RESPONSE, ResponseMethod.OFFER, params, metrics, n)
    bands = offer_response.fit_bands(contacts)
    return Trained(ModelKind.RESPONSE, ResponseMethod.BAND, params | {"bands": list(bands.rates)}, metrics, n)


def _channel_rates(contacts: Contacts, rate: float) -> dict[str, float]:
    """Responses per contact of each channel used often enough, drawn towards everybody's rate; of one alone none."""
    rates = {}
    for channel in sorted(set(contacts.channel.tolist())):
        by = contacts.channel == channel
        if np.count_nonzero(by) >= CHANNEL_CONTACTS:
            drawn = response.response_rate([contacts.responded[by].sum()], [np.count_nonzero(by)], rate)
            rates[str(channel)] = round(float(drawn[0]), 6)
    return rates if len(rates) > 1 else {}
