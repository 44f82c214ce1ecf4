"""The past as it stood on earlier days, with the purchase models of those days: what later ones learn from. Pure."""

from __future__ import annotations

from dataclasses import dataclass, field

from liquor_app.scoring.estimators import bgnbd, gamma_gamma
from liquor_app.scoring.estimators.bgnbd import BgNbdParams
from liquor_app.scoring.estimators.gamma_gamma import GammaGammaParams
from liquor_app.scoring.estimators.likelihood import FitFailed, Floats
from liquor_app.scoring.estimators.signals import DayLog, Signals, Window

MOST_SNAPSHOTS, STEP_DAYS = 6, 15
"""Snapshots one model learns from, and how far apart: their windows overlap, their seasons differ a little."""

LEAST_KNOWN_DAYS = 30
"""Days of log before a snapshot: with less, everybody looks new."""

JUDGED = 3
"""Windows, one after the other, that a model has to stand up to."""


@dataclass(frozen=True, slots=True)
class Snapshot:
    """What was known on a day, what followed, and BG/NBD and Gamma-Gamma fitted to what was known.

    Attributes:
        observed: length of the log on that day, days.
        expected: purchases the BG/NBD expected over the window's days, shape (n,): dear, and asked for often.
    """

    cutoff: float
    window: Window
    buying: BgNbdParams
    spending: GammaGammaParams
    observed: float
    expected: Floats

    @property
    def signals(self) -> Signals:
        return self.window.signals


@dataclass(slots=True)
class Snapshots:
    """Snapshots of one log, each made once. `until` is the last day that is known."""

    log: DayLog
    until: float
    _made: dict[tuple[float, int], Snapshot | None] = field(default_factory=dict)
    _fitted: dict[float, tuple[Signals, BgNbdParams, GammaGammaParams] | None] = field(default_factory=dict)

    @property
    def observed(self) -> float:
        """Length of the log, days; 0 where nobody bought."""
        return self.until - self.log.first + 1 if self.log.paid.any() else 0.0

    def at(self, cutoff: float, days: int) -> Snapshot | None:
        """Return the day's snapshot with the `days` after it; None where the models could not be fitted to what was
        known, or the days are not over."""
        if not self.log.first + LEAST_KNOWN_DAYS <= cutoff <= self.until - days:
            return None
        key = (cutoff, days)
        if key not in self._made:
            self._made[key] = self._snapshot(cutoff, days)
        return self._made[key]

    def _snapshot(self, cutoff: float, days: int) -> Snapshot | None:
        fitted = self._models(cutoff)
        if fitted is None:
            return None
        signals, buying, spending = fitted
        known = signals.known
        expected = bgnbd.expected_purchases(buying, days, known.x, known.t_x, known.T)
        window = self.log.window(cutoff, days)
        return Snapshot(cutoff, window, buying, spending, cutoff - self.log.first + 1, expected)

    def closed(self, before: float, days: int) -> list[Snapshot]:
        """Return the latest snapshots whose `days` are over by `before`, the latest first."""
        found = (self.at(before - days - STEP_DAYS * place, days) for place in range(MOST_SNAPSHOTS))
        return [one for one in found if one is not None]

    def judged(self, days: int) -> list[tuple[Snapshot, list[Snapshot]]]:
        """Return up to three windows one after the other, the latest first, each with the snapshots a model could have
        learned from on its eve: none for the earliest of a short log."""
        found = []
        for place in range(1, JUDGED + 1):
            snapshot = self.at(self.until - days * place, days)
            if snapshot is not None:
                found.append((snapshot, self.closed(snapshot.cutoff, days)))
        return found

    def _models(self, cutoff: float) -> tuple[Signals, BgNbdParams, GammaGammaParams] | None:
        if cutoff not in self._fitted:
            signals = self.log.at(cutoff)
            known = signals.known
            try:
                buying = bgnbd.fit(known.x, known.t_x, known.T).params
                spending = gamma_gamma.fit(known.orders, known.mean_value).params
                self._fitted[cutoff] = (signals, buying, spending)
            except FitFailed:
                self._fitted[cutoff] = None
        return self._fitted[cutoff]
