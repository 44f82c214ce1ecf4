"""Likelihood to act on one offer: what is known of the customer, and how much of what they buy the offer is for. Pure.

Levels of campaigns differ by up to fourteen times for reasons no customer's history tells. A likelihood is therefore
the mean over the levels that campaigns have had, and `OfferResponse.level` says within what a new one's may lie.
"""

from __future__ import annotations

import math
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
from scipy.special import expit, logit

from liquor_app.core.errors import Invalid
from liquor_app.scoring.estimators import response
from liquor_app.scoring.estimators.likelihood import FitFailed, Floats
from liquor_app.scoring.estimators.response import MIN_RESPONSES, Known, LogitParams

Ints = npt.NDArray[np.int64]

OFFER_FEATURES = ("discount", "baskets it covers", "share it covers", "bought it before", "reach of the offer")
FEATURES = (*response.FEATURES, *OFFER_FEATURES)

PENALTY = 20.0
"""On squared standardised coefficients, in units of one contact: with less, both ends said too much of themselves."""

LEVEL_PRIOR = 0.5
LEVEL_WEIGHT = 4.0
"""Variance of a campaign's level (log-odds) before any was seen, and as how many campaigns that weighs."""

_Z = 1.959964
_STEP = 0.7
_EDGE = 1e-6

TESTED_CAMPAIGNS = 24
"""The latest campaigns that a model is judged on."""
TAUGHT_BY = 20_000
"""Contacts that teach each of the models judged; the one in use learns from all."""


@dataclass(frozen=True, slots=True)
class Offers:
    """What is offered to each customer, arrays of shape (n,).

    Attributes:
        discount: share of the price; NaN where nobody wrote it down.
        covered: baskets so far with something of what the offer is for; all of them for an offer on everything.
        reach: of all the shop's purchases by category, the share that the offer is for; 1 for one on everything.
    """

    discount: Floats
    covered: Floats
    reach: Floats

    def matrix(self, orders: Floats, discount: float) -> Floats:
        """Return columns as `OFFER_FEATURES`; `discount` stands where none is known."""
        covered = np.minimum(self.covered, orders)
        return np.column_stack(
            [
                np.where(np.isnan(self.discount), discount, self.discount),
                np.log1p(covered),
                covered / np.maximum(orders, 1.0),
                covered > 0,
                np.sqrt(np.clip(self.reach, 0.0, 1.0)),
            ]
        ).astype(np.float64)

    def of(self, rows: npt.NDArray[Any]) -> Offers:
        return Offers(self.discount[rows], self.covered[rows], self.reach[rows])


@dataclass(frozen=True, slots=True)
class Contacts:
    """Past contacts whose offers are over, oldest first, arrays of shape (n,): when (days), when the offer ended
    (days), of which campaign (a code) by which channel, whether they were acted on, and what was known before."""

    day: Floats
    ends: Floats
    campaign: Ints
    channel: npt.NDArray[Any]
    responded: npt.NDArray[np.bool_]
    known: Known
    offers: Offers

    def of(self, rows: npt.NDArray[Any]) -> Contacts:
        return Contacts(
            self.day[rows], self.ends[rows], self.campaign[rows], self.channel[rows], self.responded[rows],
            self.known.of(rows), self.offers.of(rows),
        )  # fmt: skip


@dataclass(frozen=True, slots=True)
class Usual:
    """The offer most like those made so far: its discount, the share of a customer's baskets it covers, its reach."""

    discount: float
    share: float
    reach: float

    def offers(self, orders: Floats) -> Offers:
        """Return it as made to customers with so many baskets."""
        whole = np.ones(orders.shape)
        return Offers(whole * self.discount, orders * self.share, whole * self.reach)


@dataclass(frozen=True, slots=True)
class OfferResponse:
    """The chance of acting on an offer within its life.

    Attributes:
        line: on `FEATURES`.
        level_sd: of a campaign's level around it, log-odds.
        campaigns: how many campaigns that was learned from.
        knows_discount: offers with different discounts were made, so what one does was learned.
    """

    line: LogitParams
    usual: Usual
    level_sd: float
    campaigns: int
    knows_discount: bool

    def odds(self, known: Known) -> Floats:
        """Return each customer's own part of the log-odds, whatever is offered; shape (n,)."""
        return self._part(known.matrix(), slice(0, len(response.FEATURES))) + self.line.intercept

    def from_odds(self, odds: Floats, orders: Floats, offers: Offers) -> Floats:
        """P(acts on the offer) from the customers' own parts, shape (n,)."""
        part = self._part(offers.matrix(orders, self.usual.discount), slice(len(response.FEATURES), None))
        return np.asarray(expit(odds + part), dtype=np.float64)

    def likelihood(self, known: Known, offers: Offers) -> Floats:
        """P(acts on the offer), shape (n,)."""
        return self.from_odds(self.odds(known), known.orders, offers)

    def level(self, likelihood: Floats) -> tuple[float, float]:
        """Return within what the share of these customers that answers lies with 95 %, by how far apart campaigns have
        been."""
        return level_of(likelihood, self.level_sd)

    def _part(self, matrix: Floats, columns: slice) -> Floats:
        mean, scale = np.array(self.line.mean)[columns], np.array(self.line.scale)[columns]
        # a sum of products, not a product of matrices, whose last digits depend on how many rows it has
        weighed = (matrix - mean) / scale * np.array(self.line.coefficients)[columns]
        return np.asarray(weighed.sum(axis=1), dtype=np.float64)

    def to_dict(self) -> dict[str, Any]:
        return {
            "line": self.line.to_dict(), "usual": asdict(self.usual), "level_sd": self.level_sd,
            "campaigns": self.campaigns, "knows_discount": self.knows_discount,
        }  # fmt: skip

    @classmethod
    def from_dict(cls, stored: dict[str, Any]) -> OfferResponse:
        """Raises Invalid if something is missing, or is of another version."""
        try:
            line = LogitParams.from_dict(stored["line"])
            usual = Usual(**{name: float(stored["usual"][name]) for name in ("discount", "share", "reach")})
            found = cls(
                line, usual, float(stored["level_sd"]), int(stored["campaigns"]), bool(stored["knows_discount"])
            )  # fmt: skip
        except (KeyError, TypeError, ValueError) as error:
            raise Invalid("the stored response model is incomplete", field="params") from error
        if line.names != FEATURES:
            raise Invalid("the stored response model is of another version", field="params")
        return found


def fit(contacts: Contacts, level_sd: float = LEVEL_PRIOR**0.5, campaigns: int = 0) -> OfferResponse:
    """Return the regression of all these contacts; their level is the mean of their campaigns'.

    Raises:
        FitFailed: fewer than 30 answers, or nothing else.
    """
    if not contacts.day.size:
        raise FitFailed("No offer is over yet.")
    orders, offers = contacts.known.orders, contacts.offers
    told = offers.discount[~np.isnan(offers.discount)]
    discount = float(told.mean()) if told.size else 0.0
    knows = _differ(offers.discount, contacts.responded)
    made = offers.matrix(orders, discount)
    usual = Usual(discount, float(made[:, 2].mean()), float(np.clip(offers.reach, 0, 1).mean()))
    if not knows:
        made[:, 0] = discount  # one discount alone teaches nothing of another
    line = response.fit(np.column_stack([contacts.known.matrix(), made]), contacts.responded, FEATURES, l2=PENALTY)
    return OfferResponse(line, usual, level_sd, campaigns, knows)


def _differ(discount: Floats, responded: npt.NDArray[np.bool_]) -> bool:
    """Tell whether enough answers came to other discounts than the commonest one."""
    told = ~np.isnan(discount)
    values, codes, counts = np.unique(discount[told], return_inverse=True, return_counts=True)
    if values.size < 2:
        return False
    answers = np.bincount(codes, weights=responded[told], minlength=values.size)
    return bool(answers.sum() - answers[counts.argmax()] >= MIN_RESPONSES)


@dataclass(frozen=True, slots=True)
class BandRates:
    """Answers per contact by how often somebody answered before: an honest constant for each of `BANDS`."""

    rates: tuple[float, ...]

    def likelihood(self, known: Known) -> Floats:
        return np.array(self.rates)[_band(known)]


BANDS = ("never contacted", "contacted, never answered", "answered once", "answered more often")


def _band(known: Known) -> Ints:
    return np.where(known.contacts == 0, 0, np.minimum(known.responses, 2) + 1).astype(np.int64)


def fit_bands(contacts: Contacts) -> BandRates:
    """Return the rate of each band, drawn towards everybody's."""
    place = _band(contacts.known)
    tries = np.bincount(place, minlength=len(BANDS))
    hits = np.bincount(place, weights=contacts.responded, minlength=len(BANDS))
    return BandRates(tuple(response.response_rate(hits, tries, base_rate(contacts)).tolist()))


def base_rate(contacts: Contacts) -> float:
    """Everybody's rate, by Jeffreys' prior: a handful of contacts without an answer does not prove that nobody ever
    answers."""
    return (float(contacts.responded.sum()) + 0.5) / (contacts.responded.size + 1)


@dataclass(frozen=True, slots=True)
class Levels:
    """How far each campaign's level was from what was said of it (log-odds, drawn towards 0), and how far apart they
    are as a whole."""

    shift: Floats
    sd: float


def levels(said: Floats, responded: npt.NDArray[np.bool_], campaign: Ints) -> Levels:
    """Empirical Bayes: one intercept a campaign, normal around what was said, the variance by EM.

    Args:
        said: what had been said of each contact before, strictly between 0 and 1.
        campaign: codes 0…k−1.
    """
    count = int(campaign.max()) + 1 if campaign.size else 0
    odds = logit(np.clip(said, _EDGE, 1 - _EDGE))
    shift, variance = np.zeros(count), LEVEL_PRIOR
    for _ in range(200):
        for _ in range(3):
            p = expit(odds + shift[campaign])
            slope = np.bincount(campaign, p - responded, count) + shift / variance
            curve = np.bincount(campaign, p * (1 - p), count) + 1 / variance
            shift = shift - np.clip(slope / curve, -_STEP, _STEP)
        moved = float((shift**2 + 1 / curve).sum()) if count else 0.0
        moved = (moved + LEVEL_WEIGHT * LEVEL_PRIOR) / (count + LEVEL_WEIGHT)
        if abs(moved - variance) < 1e-4:
            break
        variance = moved
    return Levels(shift, math.sqrt(variance))


def level_of(likelihood: Floats, sd: float) -> tuple[float, float]:
    """Return the 95 % interval of a new campaign's share of answers, if these likelihoods are right on average."""
    if not likelihood.size:
        return 0.0, 0.0
    odds = logit(np.clip(likelihood, _EDGE, 1 - _EDGE))
    return float(expit(odds - _Z * sd).mean()), float(expit(odds + _Z * sd).mean())


@dataclass(frozen=True, slots=True)
class Tested:
    """Contacts of later campaigns, each with what models of the contacts that were over when its campaign began said.
    Arrays of shape (m,).

    Attributes:
        rows: which of the contacts.
        campaign: 0 for the first tested.
        said: by this model ("offer"), by one that knows nothing of the offer ("customer"), by `BandRates` ("band"), by
            everybody's rate ("constant").
        low, high: of each campaign's share of answers as it was said to lie, shape (campaigns,).
    """

    rows: Ints
    campaign: Ints
    said: dict[str, Floats]
    low: Floats
    high: Floats

    @property
    def campaigns(self) -> int:
        return int(self.low.size)


def judge_in_order(contacts: Contacts) -> Tested | None:
    """Let models learn from campaigns that were over and forecast the one that begins; None if none can be judged."""
    starts = {int(code): float(contacts.day[contacts.campaign == code].min()) for code in np.unique(contacts.campaign)}
    parts: list[tuple[Ints, dict[str, Floats]]] = []
    bounds: list[tuple[float, float]] = []
    ended: list[float] = []
    for code, start in sorted(starts.items(), key=lambda pair: (pair[1], pair[0]))[-TESTED_CAMPAIGNS:]:
        past = np.flatnonzero((contacts.ends <= start) & (contacts.day < start))
        past = past[:: max(1, -(-past.size // TAUGHT_BY))]
        taught, rows = contacts.of(past), np.flatnonzero(contacts.campaign == code)
        later = contacts.of(rows)
        try:
            model = fit(taught)
            plain = response.fit(taught.known.matrix(), taught.responded, response.FEATURES)
        except FitFailed:
            continue
        said = {
            "offer": model.likelihood(later.known, later.offers),
            "customer": response.predict(plain, later.known.matrix()),
            "band": fit_bands(taught).likelihood(later.known),
            "constant": np.full(rows.size, base_rate(taught)),
        }
        over = [place for place, end in enumerate(ended) if end <= start]
        bounds.append(level_of(said["offer"], _sd([parts[place] for place in over], contacts)))
        parts.append((rows, said))
        ended.append(float(later.ends.max()))
    if not parts:
        return None
    low, high = (np.array(column) for column in zip(*bounds, strict=True))
    return Tested(
        np.concatenate([rows for rows, _ in parts]),
        _codes(parts),
        {name: np.concatenate([said[name] for _, said in parts]) for name in parts[0][1]},
        low,
        high,
    )


def _codes(parts: list[tuple[Ints, dict[str, Floats]]]) -> Ints:
    return np.concatenate([np.full(rows.size, place) for place, (rows, _) in enumerate(parts)]).astype(np.int64)


def _sd(parts: list[tuple[Ints, dict[str, Floats]]], contacts: Contacts) -> float:
    if not parts:
        return math.sqrt(LEVEL_PRIOR)
    rows = np.concatenate([rows for rows, _ in parts])
    said = np.concatenate([one["offer"] for _, one in parts])
    return levels(said, contacts.responded[rows], _codes(parts)).sd
