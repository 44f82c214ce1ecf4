"""Backtests: what our models would have said on a day of the past, against what then happened.

Nothing from the cut-off on is known to what is judged: features, fits and the choice of method all end the day before.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import asdict, dataclass, field, replace
from datetime import UTC, date, datetime, time, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import numpy as np
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

from liquor_app.accounts.permission_table import Permission
from liquor_app.accounts.permissions import Actor, require
from liquor_app.core.clock import now
from liquor_app.core.errors import Conflict, Invalid
from liquor_app.organization.settings import GeneralSettings, load_settings
from liquor_app.scoring import features, judging, training
from liquor_app.scoring.contacts import read_contacts_between, read_reach
from liquor_app.scoring.estimators import bgnbd, offer_response, response, spend_glm
from liquor_app.scoring.estimators.baselines import (
    Counts,
    Measures,
    as_probability,
    counts_of,
    counts_of_histories,
    judge_chance,
    judge_money,
    judge_ranking,
)
from liquor_app.scoring.estimators.churn import ChurnMethod
from liquor_app.scoring.estimators.evaluate import (
    Difference,
    auc_difference,
    auc_within,
    deviance_difference,
    poisson_deviance,
    said_and_seen,
    spearman_difference,
)
from liquor_app.scoring.estimators.likelihood import FitFailed, Floats
from liquor_app.scoring.estimators.offer_response import Contacts, level_of
from liquor_app.scoring.estimators.response import CONTACT_WINDOW_DAYS
from liquor_app.scoring.estimators.snapshots import Snapshots
from liquor_app.scoring.features import Moment
from liquor_app.scoring.models import ModelKind
from liquor_app.scoring.response_model import ResponseModel, train_response
from liquor_app.scoring.training import ChurnModel, ClvModel

MAX_HORIZON_DAYS = 730


@dataclass(frozen=True, slots=True)
class Ahead:
    """How far what would have been shipped is ahead of the best simple count, with a 95 % interval that allows for
    the count having been picked in hindsight."""

    count: str
    measure: str
    by: Difference


@dataclass(frozen=True, slots=True)
class BacktestRow:
    """A backtest. `method` is what would have been shipped on the eve of the cut-off, by what was known then; `n`
    counts the customers (for responses: contacts) it is judged on."""

    kind: ModelKind
    cutoff: date
    horizon_days: int
    method: str
    n: int
    measures: Measures
    baselines: dict[str, Measures]
    ahead: Ahead | None
    nearer: Ahead | None = None
    """Poisson deviance relative to the nearest count's, less 1: below 0 is nearer."""
    deciles: list[tuple[float, float, int]] = field(default_factory=list)
    """What was said on average, what was seen, of how many; by what was said, lowest first."""
    bands: list[dict[str, Any]] = field(default_factory=list)
    """See `judging.bands_of`."""
    levels: list[dict[str, float]] = field(default_factory=list)
    """Of each campaign: the share said to answer, its interval, the share that did, of how many contacts."""

    def as_document(self) -> dict[str, Any]:
        """Flat, as programs read it; figures rounded to six digits."""
        return {
            "kind": self.kind.value,
            "cutoff": self.cutoff.isoformat(),
            "horizon_days": self.horizon_days,
            "method": self.method,
            "n": self.n,
            **_rounded(self.measures),
            "baselines": {name: _rounded(measures) for name, measures in self.baselines.items()},
            "ahead_of_best_count": self.ahead
            and {"count": self.ahead.count, "measure": self.ahead.measure} | _rounded(self.ahead.by),
            "nearer_than_nearest_count": self.nearer
            and {"count": self.nearer.count, "measure": self.nearer.measure} | _rounded(self.nearer.by),
            "deciles": [
                {"said": round(said, 6), "seen": round(seen, 6), "customers": n} for said, seen, n in self.deciles
            ],
            "bands": self.bands,
            "levels": [{name: round(value, 6) for name, value in one.items()} for one in self.levels],
        }


def _rounded(figures: Measures | Difference) -> dict[str, float | None]:
    return {name: None if value is None else round(value, 6) for name, value in asdict(figures).items()}


async def run_backtest(session: AsyncSession, actor: Actor, kind: str, *, cutoff: date, horizon: int) -> BacktestRow:
    """Judge one kind of model over the `horizon` days from `cutoff` on. Writes nothing.

    Raises:
        Forbidden: the actor may not read.
        Invalid: an unknown kind, or days of which the outcome is not known yet.
        Conflict: nobody had bought (or been contacted) before the cut-off, or nothing happened after it.
    """
    require(actor, Permission.ANALYTICS_READ)
    if kind not in set(ModelKind):
        raise Invalid(f"kind must be one of {', '.join(ModelKind)}", field="kind")
    if not 1 <= horizon <= MAX_HORIZON_DAYS:
        raise Invalid(f"horizon must lie between 1 and {MAX_HORIZON_DAYS} days", field="horizon")
    span = await _Span.within(session, cutoff, horizon)
    run = {ModelKind.CHURN: _churn, ModelKind.CLV: _clv, ModelKind.RESPONSE: _response}[ModelKind(kind)]
    return await run(session, span)


@dataclass(frozen=True, slots=True)
class _Span:
    """The cut-off and its horizon on the store's calendar. `eve` is the last day known."""

    cutoff: date
    horizon: int
    first: date
    zone: str

    @classmethod
    async def within(cls, session: AsyncSession, cutoff: date, horizon: int) -> _Span:
        zone = (await load_settings(session, GeneralSettings)).timezone
        found = await session.execute(
            text(
                "SELECT CAST(min(occurred_at) AT TIME ZONE :zone AS date), CAST(max(occurred_at) AT TIME ZONE :zone"
                " AS date) FROM purchases WHERE occurred_at <= :now"
            ),
            {"zone": zone, "now": now()},
        )
        first, last = found.one()
        if first is None:
            raise Conflict("There are no purchases yet, so there is nothing to test on.")
        latest = last - timedelta(days=horizon - 1)
        if first >= latest:
            raise Invalid(
                f"horizon must leave days to learn from: purchases are known from {first} to {last}, too short for"
                f" {horizon} days ahead",
                field="horizon",
            )
        if not first < cutoff <= latest:
            raise Invalid(
                f"with {horizon} days to look ahead, the cut-off must lie between {first + timedelta(days=1)} and"
                f" {latest}: purchases are known from {first} to {last}",
                field="cutoff",
            )
        return cls(cutoff, horizon, first, zone)

    @property
    def eve(self) -> date:
        return self.cutoff - timedelta(days=1)

    def start_of(self, day: date) -> datetime:
        return datetime.combine(day, time(), ZoneInfo(self.zone)).astimezone(UTC)

    def end_of(self, day: date) -> Moment:
        """Return the last moment of a day, as the features are read."""
        return Moment(self.start_of(day + timedelta(days=1)) - timedelta(microseconds=1), day, self.zone)

    async def read(self, session: AsyncSession) -> tuple[Snapshots, Snapshots]:
        """Return the log as it stood on the eve, and with what followed over the horizon. Days count from the eve."""
        moment = self.end_of(self.eve + timedelta(days=self.horizon))
        log = (await features.read_snapshots(session, moment)).log
        shifted = replace(log, day=log.day + self.horizon)
        return Snapshots(shifted, 0.0), Snapshots(shifted, float(self.horizon))


async def _churn(session: AsyncSession, span: _Span) -> BacktestRow:
    past, whole = await span.read(session)
    window, days = whole.log.window(0.0, span.horizon), span.horizon
    gone, signals = ~window.bought, window.signals
    _both(gone, "stayed away", "came back")
    trained = training.train_churn(signals.known, past, days)
    model = ChurnModel.from_stored(trained.method, trained.params)
    before = past.at(-float(days), days)
    earlier = None if before is None else counts_of_histories(before.signals.known)
    left = None if before is None else ~before.window.bought
    known = signals.known
    baselines = _ranked(gone, counts_of_histories(known), earlier, left)
    said = model.risk(signals, days, past.observed).probability
    counts = {name: _turned(name, count) for name, count in counts_of_histories(known).items()}
    if np.isnan(said).any():
        shipped, ahead = baselines["recency"], None
    else:
        shipped = judge_ranking(gone, said, said)
        ahead = _ahead(baselines, counts, lambda count: auc_difference(gone, said, -count, rivals=len(counts)))
    if model.params is not None:
        alone = bgnbd.p_no_purchase(model.params, days, known.x, known.t_x, known.T)
        dead = 1 - bgnbd.p_alive(model.params, known.x, known.t_x, known.T)
        baselines[ChurnMethod.BGNBD.value] = judge_ranking(gone, alone, alone)
        baselines["one_minus_p_alive"] = judge_ranking(gone, dead, dead)
    deciles = [] if np.isnan(said).any() else said_and_seen(said, gone.astype(np.float64))
    return BacktestRow(
        ModelKind.CHURN, span.cutoff, days, trained.method, gone.size, shipped, baselines, ahead, deciles=deciles
    )  # fmt: skip


async def _clv(session: AsyncSession, span: _Span) -> BacktestRow:
    past, whole = await span.read(session)
    window, days = whole.log.window(0.0, span.horizon), span.horizon
    spent, signals = window.spent, window.signals
    if not spent.any():
        raise Conflict("Nobody who was known before the cut-off bought anything after it.")
    trained = training.train_clv(signals.known, past)
    model = ClvModel.from_stored(trained.method, trained.params)
    counts = {name: _turned(name, count) for name, count in counts_of_histories(signals.known).items()}
    snapshot, closed = whole.at(0.0, days), past.closed(0.0, days)
    money: dict[str, Floats] = {}
    if snapshot is not None and closed:
        money = judging.money_of_counts(snapshot, closed, days)
    elif past.observed:
        money = {"spend_to_date": signals.known.spend * (days / past.observed)}
    baselines = {name: judge_money(spent, count, money.get(name)) for name, count in counts.items()}
    if "calibrated_count" in money:
        baselines["calibrated_count"] = judge_money(spent, money["calibrated_count"], money["calibrated_count"])
    if snapshot is not None:
        rival = spend_glm.bgnbd_value(snapshot.buying, snapshot.spending, signals, days)
        baselines["bgnbd_gamma_gamma"] = judge_money(spent, rival, rival)
    said = model.value(signals, days, past.observed)
    if np.isnan(said).any():
        return BacktestRow(
            ModelKind.CLV, span.cutoff, days, trained.method, spent.size, Measures(), baselines, None
        )  # fmt: skip
    ahead = _ahead(
        baselines, counts, lambda count: spearman_difference(spent, said, count, rivals=len(counts)), by="spearman"
    )
    nearest = min(money, key=lambda name: poisson_deviance(spent, money[name]))
    bands = []
    if snapshot is not None:
        bands = judging.bands_of(judging.join([(snapshot, {"said": said})], days), said)
    return BacktestRow(
        ModelKind.CLV, span.cutoff, days, trained.method, spent.size, judge_money(spent, said, said), baselines, ahead,
        nearer=Ahead(nearest, "deviance", deviance_difference(spent, said, money[nearest])),
        deciles=said_and_seen(said, spent), bands=bands,
    )  # fmt: skip


async def _response(session: AsyncSession, span: _Span) -> BacktestRow:
    """Return contacts after the cut-off whose offers are over by now, ranked within their campaigns by what was known
    before it; beside the counts a model that knows nothing of the offer, the constant by band and the constant."""
    edge, clock = span.start_of(span.cutoff), now()
    end = span.start_of(span.cutoff + timedelta(days=span.horizon))
    reach = await read_reach(session, span.end_of(span.eve))
    first = datetime.min.replace(tzinfo=UTC)
    earlier, later = [
        await read_contacts_between(session, since, before, known=edge, until=until, zone=span.zone, reach=reach)
        for since, before, until in ((first, edge, edge), (edge, end, clock))
    ]
    if not earlier.day.size or not later.day.size:
        raise Conflict(
            f"{earlier.day.size} contacts before the cut-off whose offers were over by then, and {later.day.size} after"
            " it whose offers are over now: both are needed."
        )
    _both(later.responded, "answered", "did not")
    if not any(0 < later.responded[later.campaign == code].mean() < 1 for code in np.unique(later.campaign)):
        raise Conflict(
            "People are ranked within a campaign, and after the cut-off each campaign was answered by all or by nobody."
        )
    trained = train_response(earlier, reach)
    model = ResponseModel.from_stored(trained.method, trained.params)
    said = model.likelihood(later.known, later.offers)
    counts, before = _contact_counts(later), _contact_counts(earlier)
    baselines = _ranked(later.responded, counts, before, earlier.responded, later.campaign)
    for name, rival in _response_rivals(earlier, later).items():
        baselines[name] = judge_chance(later.responded, rival, later.campaign)
    signed = {name: _signed(later, count) for name, count in counts.items()}
    ahead = _ahead(
        baselines,
        signed,
        lambda count: auc_difference(later.responded, said, count, later.campaign, rivals=len(signed)),
    )
    seen = later.responded.astype(np.float64)
    return BacktestRow(
        ModelKind.RESPONSE, span.cutoff, span.horizon, trained.method, int(later.day.size),
        judge_chance(later.responded, said, later.campaign), baselines, ahead,
        deciles=said_and_seen(said, seen),
        levels=[
            {
                "said": float(said[one].mean()), "low": low, "high": high, "seen": float(seen[one].mean()),
                "contacts": int(one.sum()),
            }
            for code in np.unique(later.campaign)
            for one in (later.campaign == code,)
            for low, high in (level_of(said[one], _level_sd(model)),)
        ],
    )  # fmt: skip


def _response_rivals(earlier: Contacts, later: Contacts) -> dict[str, Floats]:
    rivals = {
        "constant": np.full(later.day.size, offer_response.base_rate(earlier)),
        "rate_by_band": offer_response.fit_bands(earlier).likelihood(later.known),
    }
    try:
        plain = response.fit(earlier.known.matrix(), earlier.responded, response.FEATURES)
    except FitFailed:
        return rivals
    return rivals | {"customer_alone": response.predict(plain, later.known.matrix())}


def _level_sd(model: ResponseModel) -> float:
    return offer_response.LEVEL_PRIOR**0.5 if model.offer is None else model.offer.level_sd


def _signed(contacts: Contacts, count: Floats) -> Floats:
    """Return a count turned the way it ranks better in hindsight: as strong a rival as it can be."""
    return count if auc_within(contacts.responded, count, contacts.campaign) >= 0.5 else -count


def _ahead(
    baselines: dict[str, Measures], counts: Counts, differ: Callable[[Floats], Difference], *, by: str = "auc"
) -> Ahead:
    best = max(counts, key=lambda name: getattr(baselines[name], by) or 0.0)
    return Ahead(best, by, differ(counts[best]))


def _contact_counts(contacts: Contacts) -> dict[str, Floats]:
    known = contacts.known
    recency = np.minimum(np.nan_to_num(known.recency, nan=CONTACT_WINDOW_DAYS), CONTACT_WINDOW_DAYS)
    spend = np.maximum(np.nan_to_num(known.spend), 0)
    return counts_of(recency, known.orders, spend) | {
        "past_responses": known.responses, "recent_coupon_lines": known.coupons,
    }  # fmt: skip


def _ranked(
    happened: Any, counts: Counts, earlier: Counts | None, earlier_happened: Any, group: Any = None
) -> dict[str, Measures]:
    """Return every count, its direction and calibration learned one period earlier; higher is likelier where there is
    none."""
    judged = {}
    for name, count in counts.items():
        said = None if earlier is None else as_probability(earlier[name], earlier_happened, count)
        judged[name] = judge_ranking(happened, count if said is None else said, said, group)
    return judged


def _turned(name: str, count: Floats) -> Floats:
    """Higher is better: whoever has long been silent is worth little."""
    return 1 / (1 + count) if name == "recency" else count


def _both(happened: Any, yes: str, no: str) -> None:
    if not happened.any() or happened.all():
        raise Conflict(f"A backtest needs customers who {yes} and customers who {no}; here all are alike.")
