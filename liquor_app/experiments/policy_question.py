"""What another policy would have brought in the last quarter, from decisions that were logged with their chances."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import timedelta
from enum import StrEnum
from itertools import chain
from typing import Any

import numpy as np
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

from liquor_app.accounts.permission_table import Permission
from liquor_app.accounts.permissions import Actor, require
from liquor_app.actions.models import Arm
from liquor_app.actions.offering.offer_uplifts import offer_label
from liquor_app.campaigns.brief import RESPONSE_DAYS
from liquor_app.core.clock import now
from liquor_app.experiments.learning import HALF, learned_by_halves
from liquor_app.experiments.off_policy import Estimate, Log, NothingLeftToChance, OffPolicy, evaluate
from liquor_app.experiments.what_teaches import (
    DECIDED_AT,
    DECIDED_DUE,
    DECIDED_OFFER,
    NEAR_DAYS,
    OF_CARRIED,
    OWN_DECISION,
    REAL_CAMPAIGN,
    carried_days,
)
from liquor_app.organization.settings import GeneralSettings, load_settings, shop_today
from liquor_app.scoring.due_state import NO_RHYTHM
from liquor_app.scoring.estimators.uplift import Cell, Posterior
from liquor_app.ui.words import plural

QUARTER_DAYS = 91
MOST_DECISIONS = 50_000
"""The latest; each is a row of chances as wide as there are kinds of messages."""

_DECISIONS = f"""
WITH {carried_days(f"{REAL_CAMPAIGN} AND a.scheduled_date >= CAST(:first AS date) - {NEAR_DAYS}")}, decided AS (
    SELECT a.id, a.campaign_id, a.scheduled_date, a.customer_id, a.segment_slug, a.channel, {DECIDED_OFFER} AS offer,
           {DECIDED_DUE} AS due, a.arm, a.propensity, a.decision, {DECIDED_AT} AS at, {HALF} AS half
      FROM actions a JOIN campaigns k ON k.id = a.campaign_id
     WHERE a.arm IS NOT NULL AND a.propensity IS NOT NULL AND a.decision IS NOT NULL
       AND a.scheduled_date BETWEEN :first AND :last AND {REAL_CAMPAIGN} AND {OWN_DECISION}
       -- chosen for several messages, one where it is drawn: they would count more often in one arm than in another
       AND NOT a.decision ? 'messages'
), counted AS (
    SELECT d.* FROM decided d {OF_CARRIED} ORDER BY d.scheduled_date DESC, d.id DESC LIMIT :most
)
SELECT d.customer_id, d.segment_slug, d.channel, d.offer, d.due, d.arm, d.propensity, d.half,
       d.decision -> 'options' AS options,
       d.decision -> 'among' AS among,
       EXISTS (SELECT FROM purchases p WHERE p.customer_id = d.customer_id AND p.total > 0
                AND p.occurred_at >= d.at AND p.occurred_at < d.at + :window * interval '1 day') AS bought
  FROM counted d ORDER BY d.id
"""

_PLAYED = "SELECT count(*) FROM campaigns WHERE virtual_now IS NOT NULL AND NOT is_history AND start_date >= :first"
NO_DECISIONS = (
    "No decision of the last quarter can be judged: it takes a campaign that reached people, some of it left to chance,"
    " and the week after."
)
ONLY_PLAYED = " The week of {} was only played: that is simulated, and says nothing of another policy."

Kind = tuple[str, str, str]
"""Segment, channel and offer's name: what can be done for somebody."""


class Policy(StrEnum):
    """What is asked about."""

    NOTHING = "nothing"
    RANDOM = "random"
    BELIEVED = "believed"

    @property
    def label(self) -> str:
        return {
            "nothing": "Nobody is written to",
            "random": "Everybody gets an eligible action at random",
            "believed": "Everybody gets what is believed to win most, of what chance could have drawn",
        }[self.value]


@dataclass(frozen=True, slots=True)
class Answer:
    """What a policy would have brought: shares of decisions after which the person buys within the week."""

    policy: Policy
    estimate: OffPolicy


async def ask_policy(session: AsyncSession, actor: Actor, policy: Policy) -> Answer:
    """Judge a policy by the last quarter's log.

    Raises:
        Forbidden: the actor is nobody.
        NothingLeftToChance: there is no log of anybody who was reached, or every decision in it was certain.
    """
    require(actor, Permission.ANALYTICS_READ)
    today = await shop_today(session)
    found = await session.execute(
        text(_DECISIONS),
        {
            "zone": (await load_settings(session, GeneralSettings)).timezone,
            "now": now(),
            "first": today - timedelta(days=QUARTER_DAYS),
            "last": today - timedelta(days=RESPONSE_DAYS + 1),
            "window": RESPONSE_DAYS,
            "most": MOST_DECISIONS,
        },
    )
    rows = found.all()
    if not rows:
        played = await session.scalar(text(_PLAYED), {"first": today - timedelta(days=QUARTER_DAYS)})
        raise NothingLeftToChance(NO_DECISIONS + (ONLY_PLAYED.format(plural(played, "campaign")) if played else ""))
    beliefs = await learned_by_halves(session) if policy is Policy.BELIEVED else (Posterior.prior(),) * 2
    told = evaluate(log_of(rows, _POLICIES[policy], beliefs))
    return Answer(
        policy,
        replace(
            told, ips=_possible(told.ips), snips=_possible(told.snips), doubly_robust=_possible(told.doubly_robust),
            logged=_possible(told.logged),
        ),
    )  # fmt: skip


def _possible(found: Estimate) -> Estimate:
    """Cut an estimate to what shares of people may be: few decisions of large weights carry it beyond."""
    mean, low, high = (min(max(share, 0.0), 1.0) for share in (found.mean, found.low, found.high))
    return Estimate(mean, low, high)


Chances = Callable[[Sequence[Kind], Any, Posterior], Mapping[Kind | None, float]]


def log_of(rows: Sequence[Any], chances: Chances, beliefs: tuple[Posterior, Posterior]) -> Log:
    """Return decisions with the chances a policy would have given everything that could be done; None is nothing.

    Args:
        beliefs: for customers of either half what the other half taught: judged by the decisions it was learned from, a
            policy looks better than it is (26.5 told for 20, in 200 logs).
    """
    kinds: dict[Kind | None, int] = {None: 0}
    options = [_options_of(row) for row in rows]
    own: list[Kind | None] = [
        None if row.arm == Arm.HOLDOUT else (row.segment_slug, row.channel, row.offer) for row in rows
    ]
    # an offer of an AI plan need not be one of its playbook's
    for kind in (*chain.from_iterable(options), *own):
        kinds.setdefault(kind, len(kinds))
    asked_of = np.zeros((len(rows), len(kinds)))
    action = np.zeros(len(rows), dtype=np.intp)
    for index, (row, could) in enumerate(zip(rows, options, strict=True)):
        action[index] = kinds[own[index]]
        for asked, chance in chances(could, row, beliefs[row.half]).items():
            asked_of[index, kinds[asked]] += chance
    outcome = np.array([float(row.bought) for row in rows])
    logged = np.array([float(row.propensity) for row in rows])
    numbers = {who: number for number, who in enumerate(dict.fromkeys(row.customer_id for row in rows))}
    person = np.array([numbers[row.customer_id] for row in rows], dtype=np.intp)
    return Log(action, outcome, logged, asked_of, person)


def _options_of(row: Any) -> list[Kind]:
    """Return what chance could have drawn: what it could not is in no log, and no policy is judged by it."""
    could = [
        (option["segment"], option["channel"], name)
        for option in row.options or []
        for name in sorted(option.get("answers") or {})
    ]
    among = {tuple(one) for one in row.among or []}
    return could if row.among is None else [one for one in could if one in among]


def _nothing(options: Sequence[Kind], row: Any, beliefs: Posterior) -> Mapping[Kind | None, float]:
    return {None: 1.0}


def _random(options: Sequence[Kind], row: Any, beliefs: Posterior) -> Mapping[Kind | None, float]:
    return dict.fromkeys(options, 1.0 / len(options)) if options else {None: 1.0}


def _believed(options: Sequence[Kind], row: Any, beliefs: Posterior) -> Mapping[Kind | None, float]:
    """All on the option that is believed to win most buyers; nothing where none is believed to win any."""
    if not options:
        return {None: 1.0}
    percents = {
        (option["segment"], option["channel"], name): percent
        for option in row.options
        for name, percent in (option.get("percents") or {}).items()
    }
    cells = [
        Cell(segment, offer_label(name, percents.get((segment, channel, name), 0)), channel, row.due or NO_RHYTHM)
        for segment, channel, name in options
    ]
    mean, _ = beliefs.effects(cells)
    best = int(np.argmax(mean))
    return {options[best]: 1.0} if mean[best] > 0 else {None: 1.0}


_POLICIES: dict[Policy, Chances] = {Policy.NOTHING: _nothing, Policy.RANDOM: _random, Policy.BELIEVED: _believed}
