"""Learning what messages change: decisions whose window is over, with what followed, become the next beliefs.

By intention: whoever was drawn counts as drawn, sent or not, once in a campaign, and each person's window begins with
their own first decision, the held out's as everybody else's. Whom a person took out or gave another offer counts as it
was decided: the held out of the same decision could not be taken out. What of a campaign was not carried out teaches
nothing of either side (`what_teaches`), nor does one of the imported history or that was only played.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any
from uuid import UUID

import numpy as np
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

from liquor_app.accounts.audit import audit
from liquor_app.accounts.permission_table import Permission
from liquor_app.accounts.permissions import Actor, require
from liquor_app.actions.models import Arm
from liquor_app.actions.offering.belief_basis import MOVED, Basis, basis_in_words, basis_of
from liquor_app.actions.offering.cell_rules import CellRuleRow, RuleEffect, rules_in_force
from liquor_app.actions.offering.offer_uplifts import offer_label
from liquor_app.actions.offering.playbook_offers import read_scale
from liquor_app.actions.offers import pull
from liquor_app.actions.priority import expected_profit
from liquor_app.campaigns.brief import RESPONSE_DAYS
from liquor_app.core.clock import now
from liquor_app.core.queue import Job, enqueue
from liquor_app.experiments.outcomes import keep_outcomes
from liquor_app.experiments.what_teaches import (
    DECIDED_AT,
    DECIDED_DUE,
    DECIDED_OFFER,
    DECIDED_P,
    DECIDED_PCT,
    NEAR_DAYS,
    OF_CARRIED,
    OWN_DECISION,
    REAL_CAMPAIGN,
    carried_days,
)
from liquor_app.organization.settings import GeneralSettings, PlanningSettings, load_settings, shop_today
from liquor_app.scoring.due_state import NO_RHYTHM
from liquor_app.scoring.estimators.uplift import Cell, Group, Posterior, fit
from liquor_app.scoring.uplift_store import Beliefs, keep_uplift, uplift_before, uplift_in_use

LOOK_BACK_DAYS = 728
"""Two years of decisions; older ones would count next to nothing."""
BASIS = date(2000, 1, 3)
"""A Monday, from which weeks are numbered."""
SHOWN_CELLS = 500
LEVEL_80 = 1.2816

HALF = "CAST(hashtextextended(CAST(a.customer_id AS text), 17) & 1 AS integer)"
"""Of an action `a`: in which of two halves its customer is, always the same."""

_GROUPS = f"""
WITH {carried_days(f"{REAL_CAMPAIGN} AND a.scheduled_date >= CAST(:first AS date) - {NEAR_DAYS}")}, decided AS (
    -- of several messages the first: the same purchase would tell of a person twice
    SELECT DISTINCT ON (a.campaign_id, a.customer_id)
           a.campaign_id, a.customer_id, a.scheduled_date, a.segment_slug, a.channel, {DECIDED_OFFER} AS offer,
           {DECIDED_PCT} AS discount_pct, {DECIDED_DUE} AS due,
           a.arm = '{Arm.HOLDOUT}' AS is_control,
           CAST({DECIDED_P} AS double precision) AS p,
           {DECIDED_AT} AS at
      FROM actions a JOIN campaigns k ON k.id = a.campaign_id
     WHERE a.arm IS NOT NULL AND a.scheduled_date BETWEEN :first AND :last AND {REAL_CAMPAIGN} AND {OWN_DECISION}
       AND (CAST(:half AS integer) IS NULL OR {HALF} = :half)
     ORDER BY a.campaign_id, a.customer_id, at, a.id
), seen AS (
    SELECT d.*, EXISTS (SELECT FROM purchases p WHERE p.customer_id = d.customer_id AND p.total > 0
                         AND p.occurred_at >= d.at AND p.occurred_at < d.at + :window * interval '1 day') AS bought
      FROM decided d {OF_CARRIED}
)
SELECT (scheduled_date - CAST(:basis AS date)) / 7 AS week, segment_slug, channel, offer, discount_pct, due, is_control,
       count(*) AS people, count(*) FILTER (WHERE bought) AS bought, sum(p) AS expected, sum(p * p) AS expected_square,
       COALESCE(sum(p) FILTER (WHERE bought), 0) AS cross,
       (SELECT count(DISTINCT s.customer_id) FROM seen s WHERE NOT s.is_control) AS persons
  FROM seen GROUP BY 1, 2, 3, 4, 5, 6, 7
"""


_ALONE = "SELECT pg_advisory_xact_lock(hashtextextended('uplift', 0))"
_PLAYBOOKS = "SELECT slug, name, recommended_offers, optimal_channels FROM segments ORDER BY name, slug LIMIT 100"


@dataclass(frozen=True, slots=True)
class CellRow:
    """What is believed of one kind of message: P(buys and would not have) with its 80 % interval.

    `learned_from` is how many such messages were decided on while others were held out of them (who got several counts
    with each); 0 is assumed. `before` is what was
    believed a week ago.
    """

    cell: Cell
    mean: float
    low: float
    high: float
    learned_from: int
    before: float

    @property
    def basis(self) -> Basis:
        """What it rests on."""
        return basis_of(self.mean, self.learned_from)

    @property
    def change(self) -> float:
        return self.mean - self.before


@dataclass(frozen=True, slots=True)
class Trial:
    """What somebody usual of a segment will most likely get next, and what of its playbook is known least.

    `most` is worth most at the shop's usual basket and answer, its discount and sending counted; of what a marketer
    pinned the best, for nothing else is given to whom it suits.
    """

    segment: str
    most: CellRow
    is_worth: bool
    """It is believed to be worth its cost."""
    is_pinned: bool
    least_known: tuple[CellRow, ...]
    """One, or all whose intervals are as wide; none where a marketer pinned some, for chance draws nothing there."""

    @property
    def why(self) -> str:
        """ "Believed to be worth most of what the playbook has: …"."""
        if self.is_pinned:
            return "Pinned by a marketer: whom it suits gets nothing else, and chance draws nothing beside it."
        rests = basis_in_words(self.most.mean, self.most.learned_from)
        drawn = "what is drawn at random, of the least known, is for whom something is worth it"
        if not self.is_worth:
            return f"Nothing: no offer is believed to be worth its cost to somebody usual, {rests}; {drawn}."
        return f"Believed to be worth most of what the playbook has, {rests}; {drawn}."


@dataclass(frozen=True, slots=True)
class LearningRow:
    """What the agent believes, how sure it is, and from how much."""

    beliefs: Beliefs
    messages: int
    """That were decided on, one a campaign and person."""
    controls: int
    """How many times somebody was held out."""
    overall: CellRow
    cells: tuple[CellRow, ...]
    """Most tried first, at most `SHOWN_CELLS`."""
    trials: tuple[Trial, ...]
    names: dict[str, str]
    """Of segments, by slug."""

    @property
    def distinct_people(self) -> int | None:
        """To whom those messages went; None of what was learned before they were counted."""
        return self.beliefs.persons

    @property
    def changed(self) -> list[CellRow]:
        """What is believed otherwise than a week ago, most first."""
        moved = [one for one in self.cells if abs(one.change) >= MOVED]
        return sorted(moved, key=lambda one: -abs(one.change))


async def read_groups(session: AsyncSession, half: int | None = None) -> tuple[list[Group], date]:
    """Return decisions whose window is over with what followed, summed by week and cell, and the last such day; of one
    `half` of the customers alone, if asked. A corridor."""
    rows, last = await _read_rows(session, half)
    return [_group(row) for row in rows], last


async def _read_rows(session: AsyncSession, half: int | None) -> tuple[Sequence[Any], date]:
    today = await shop_today(session)
    last = today - timedelta(days=RESPONSE_DAYS + 1)
    found = await session.execute(
        text(_GROUPS),
        {
            "zone": (await load_settings(session, GeneralSettings)).timezone,
            "now": now(),
            "first": today - timedelta(days=LOOK_BACK_DAYS),
            "last": last,
            "window": RESPONSE_DAYS,
            "basis": BASIS,
            "half": half,
        },
    )
    return found.all(), last


def _group(row: Any) -> Group:
    cell = Cell(row.segment_slug, offer_label(row.offer or "", row.discount_pct), row.channel, row.due or NO_RHYTHM)
    return Group(
        int(row.week), cell, row.is_control, row.people, float(row.bought), float(row.expected),
        float(row.expected_square), float(row.cross),
    )  # fmt: skip


async def learned_by_halves(session: AsyncSession) -> tuple[Posterior, Posterior]:
    """Return for the customers of either half (`HALF`) what the other half teaches: nobody's outcome says what is best
    for them. A corridor."""
    of = [await read_groups(session, half) for half in (0, 1)]
    one, other = (fit(groups, now_week=(until - BASIS).days // 7) for groups, until in of)
    return other, one


async def learn(session: AsyncSession, actor: Actor) -> Beliefs:
    """Learn anew from everything whose window is over; the beliefs in use from now on. Nothing new keeps the old. What
    campaigns changed is summed up with it.

    Raises:
        Forbidden: the actor may only read.
    """
    require(actor, Permission.ANALYTICS_WRITE)
    await session.execute(text(_ALONE))  # by hand and by night at once, the second finds nothing new
    await keep_outcomes(session)
    rows, until = await _read_rows(session, None)
    groups, persons = [_group(row) for row in rows], int(rows[0].persons) if rows else 0
    before = await uplift_in_use(session)
    if all(group.is_control for group in groups):
        return before
    weeks = (until - BASIS).days // 7
    learned = fit(groups, now_week=weeks)
    if _says_the_same(before.posterior, learned):
        return before
    kept = await keep_uplift(session, learned, until, persons=persons)
    await audit(
        session, actor, "uplift.learned", "uplift_model", None,
        version=kept.version, messages=sum(learned.people.values()), people=persons, controls=learned.controls,
    )  # fmt: skip
    return kept


def _says_the_same(one: Posterior, other: Posterior) -> bool:
    """Whether nothing new was seen: as many messages and controls, who bought the same as far as is known by now."""
    return (
        (one.people, one.controls) == (other.people, other.controls)
        and one.mean.shape == other.mean.shape
        and bool(np.allclose(one.mean, other.mean, rtol=0, atol=1e-7))
    )


async def read_learning(session: AsyncSession, actor: Actor) -> LearningRow:
    """Return what is believed of everything that was tried, beside a week ago."""
    require(actor, Permission.ANALYTICS_READ)
    beliefs = await uplift_in_use(session)
    earlier = await uplift_before(session, beliefs, (beliefs.until or await shop_today(session)) - timedelta(days=7))
    posterior = beliefs.posterior
    tried: dict[tuple[str, str, str], int] = {}
    for cell, people in posterior.people.items():
        key = cell.segment, cell.offer, cell.channel
        tried[key] = tried.get(key, 0) + people
    most = sorted(tried, key=lambda key: (-tried[key], key))[:SHOWN_CELLS]
    cells = [Cell(*key, NO_RHYTHM) for key in most]
    overall = Cell("", "", "", "")
    playbooks = (await session.execute(text(_PLAYBOOKS))).all()
    return LearningRow(
        beliefs=beliefs,
        messages=sum(posterior.people.values()),
        controls=posterior.controls,
        overall=overall_row(posterior, earlier.posterior, overall),
        cells=tuple(rows_of(posterior, earlier.posterior, cells, [tried[key] for key in most])),
        trials=tuple(
            _trials(posterior, earlier.posterior, playbooks, await usual_person(session), await rules_in_force(session))
        ),
        names={row.slug: row.name for row in playbooks},
    )


async def request_learning(session: AsyncSession, actor: Actor) -> UUID:
    """Ask for the night's learning at once; asking twice asks once.

    Raises:
        Forbidden: the actor may only read.
    """
    require(actor, Permission.ANALYTICS_WRITE)
    return await enqueue(session, Job.LEARN_UPLIFT, created_by=actor.user_id, dedupe_key="now")


@dataclass(frozen=True, slots=True)
class UsualPerson:
    """Somebody usual: what they spend, how likely they answer a coupon, and what messages to them cost."""

    basket: float
    response: float
    margin: float
    costs: dict[str, float]

    def worth(self, uplift: float, discount_pct: float, channel: str) -> float:
        """Return the expected profit of one message, in money."""
        share = discount_pct / 100
        profit = expected_profit(
            response=np.array([self.response * pull(discount_pct)]),
            basket=np.array([self.basket]),
            uplift=np.array([uplift]),
            margin=self.margin,
            discount=np.array([share]),
            cost=self.costs.get(channel, 0.0),
        )
        return float(profit[0])


async def usual_person(session: AsyncSession) -> UsualPerson:
    """Return somebody usual by the shop's medians. A corridor."""
    planning = await load_settings(session, PlanningSettings)
    margin = float(planning.margin_pct) / 100
    scale = await read_scale(session, margin)
    costs = {"email": float(planning.email_cost), "sms": float(planning.sms_cost)}
    return UsualPerson(scale.margin / margin if margin else 0.0, scale.response, margin, costs)


def _trials(
    posterior: Posterior,
    earlier: Posterior,
    playbooks: Sequence[Any],
    usual: UsualPerson,
    rules: Sequence[CellRuleRow],
) -> Iterator[Trial]:
    for row in playbooks:
        left, is_pinned = _left_by(rules, row)
        options = [
            (Cell(row.slug, offer_label(str(offer["name"]), percent), channel, NO_RHYTHM), percent)
            for channel, offer in left
            for percent in (float(offer.get("discount_pct", 0)),)
        ]
        cells = [cell for cell, _ in options]
        told = rows_of(posterior, earlier, cells, [posterior.learned_from(cell) for cell in cells])
        if told:
            worth = [
                usual.worth(one.mean, percent, cell.channel) for one, (cell, percent) in zip(told, options, strict=True)
            ]
            best = int(np.argmax(worth))
            widest = max(one.high - one.low for one in told)
            doubt = () if is_pinned else tuple(one for one in told if widest - (one.high - one.low) < MOVED)
            yield Trial(row.slug, told[best], worth[best] > 0, is_pinned, doubt)


def _left_by(rules: Sequence[CellRuleRow], row: Any) -> tuple[list[tuple[str, Any]], bool]:
    """Return what of a playbook a marketer's rules leave for whoever they are due: what is pinned (and that it is),
    else all but what is forbidden."""
    every = [(channel, offer) for offer in row.recommended_offers for channel in row.optimal_channels]
    told = {(one.channel, one.offer): one.effect for one in rules if one.segment == row.slug and not one.due}
    effects = [told.get((channel, str(offer["name"]))) for channel, offer in every]
    pinned = [one for one, effect in zip(every, effects, strict=True) if effect is RuleEffect.PIN]
    if pinned:
        return pinned, True
    return [one for one, effect in zip(every, effects, strict=True) if effect is not RuleEffect.FORBID], False


def overall_row(posterior: Posterior, earlier: Posterior, cell: Cell) -> CellRow:
    """Return what is believed of messages as a whole beside what was earlier."""
    mean, sd = float(posterior.mean[0]), float(posterior.covariance[0, 0]) ** 0.5
    people = sum(posterior.people.values())
    return CellRow(cell, mean, mean - LEVEL_80 * sd, mean + LEVEL_80 * sd, people, float(earlier.mean[0]))


def rows_of(posterior: Posterior, earlier: Posterior, cells: Sequence[Cell], people: Sequence[int]) -> list[CellRow]:
    """Return what is believed of some cells beside what was earlier, of people in the due-states they were in;
    `people` is from how many messages each was learned."""
    if not cells:
        return []
    mixes = [posterior.due_states(cell) for cell in cells]
    mean, sd = posterior.effects_across(mixes)
    before, _ = earlier.effects_across(mixes)
    return [
        CellRow(cell, float(m), float(m - LEVEL_80 * s), float(m + LEVEL_80 * s), n, float(b))
        for cell, m, s, n, b in zip(cells, mean, sd, people, before, strict=True)
    ]
