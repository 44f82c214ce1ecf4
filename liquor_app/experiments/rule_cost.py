"""What pinning or forbidding a kind of message is expected to lose, told before anybody does.

Every member of the segment is priced as the planner prices them: by their own basket, answer, value at risk and
due-state, within law, guidance and consent, with the rules in force and with the new one beside them. A plan of the
segment alone has room for everybody or not; whatever the room, dropping the messages the rule touches and keeping the
rest is a plan too, so no plan loses more than those messages are worth on the heaviest day: that is `total`. A pin
takes whatever else a campaign has for its people, of all their segments: `total` counts the best of any.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Any
from uuid import UUID

import numpy as np
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

from liquor_app.accounts.permission_table import Permission
from liquor_app.accounts.permissions import Actor, require
from liquor_app.actions.generate import score_people
from liquor_app.actions.offering.belief_basis import basis_in_words
from liquor_app.actions.offering.cell_rules import DUE_STATES, CellRuleRow, RuleEffect, rules_in_force
from liquor_app.actions.offering.offer_uplifts import offer_label
from liquor_app.actions.offering.proposal_rows import ScoredOffers
from liquor_app.actions.offers import NO_OFFER
from liquor_app.actions.plan_context import read_context
from liquor_app.actions.priority import Floats
from liquor_app.campaigns.brief import imagined_campaign
from liquor_app.core.clock import now
from liquor_app.core.errors import Invalid, Unknown
from liquor_app.core.ids import uuid7
from liquor_app.organization.models import Channel
from liquor_app.organization.settings import shop_today
from liquor_app.scoring.due_state import NO_RHYTHM
from liquor_app.scoring.estimators.uplift import Cell
from liquor_app.scoring.uplift_store import uplift_in_use
from liquor_app.ui.words import figure, plural, show_money

HEAVIEST_DAY = 1.15
"""The most a day counts beside an average one (`planning.candidates.day_weights`)."""

HALF_A_CENT = 0.005
MOST_PEOPLE = 20_000
"""Members who are priced one by one, a second or two; of larger segments so many, drawn by their ids, stand for all."""

_SEGMENT = "SELECT id, name, recommended_offers, optimal_channels FROM segments WHERE slug = :slug"
_EVERY = "SELECT slug FROM segments ORDER BY slug"
_COUNT = "SELECT count(*) FROM segment_members WHERE segment_id = :segment"
_SOME = """
SELECT customer_id FROM segment_members WHERE segment_id = :segment
 ORDER BY hashtextextended(CAST(customer_id AS text), 0) LIMIT :n
"""


@dataclass(frozen=True)
class RuleCostFields:
    """What a rule changes of a plan for a segment: `touched` of its `people` (estimated where it is larger than can be
    priced one by one) would get something else, most of them `free` without it and `instead` with it; None is nothing.
    `basis` is what is known of the rule's own cell."""

    segment: str
    people: int
    touched: int
    is_sampled: bool
    instead: str | None
    free: str | None
    basis: str


@dataclass(frozen=True, slots=True)
class RuleCost(RuleCostFields):
    """What a rule is expected to lose, in money, of what a plan goes by (profit and value kept): `each` of a person of
    the segment and a plan of it with room for all, `total` the most any plan may lose that writes to each once."""

    each: float
    total: float

    @property
    def words(self) -> str:
        """ "Expected to lose $0.03 a person and plan, …"."""
        rests = f"What it changes is {self.basis}."
        people = plural(self.people, "person", "people")
        if not self.touched and self.total >= HALF_A_CENT:
            return (
                f"Expected to lose nothing in a plan of the {people} of {self.segment} alone, at most"
                f" {show_money(self.total, cents=True)} in one of other segments of theirs, too. {rests}"
            )
        if not self.touched:
            return (
                f"Expected to lose nothing: of the {people} of {self.segment} nobody would get anything else. {rests}"
            )
        without, gets = (f"“{offer}”" if offer else "nothing" for offer in (self.free, self.instead))
        about = f", estimated from {figure(MOST_PEOPLE)} of them" if self.is_sampled else ""
        return (
            f"Expected to lose {show_money(self.each, cents=True)} a person and plan, at most"
            f" {show_money(self.total, cents=True)} with the {people} of {self.segment}{about}:"
            f" {figure(self.touched)} would get something else, most of them {gets} instead of {without}. {rests}"
        )


async def rule_cost(
    session: AsyncSession, actor: Actor, *, effect: RuleEffect, segment: str, offer: str, channel: str, due: str = ""
) -> RuleCost:
    """Return what a rule is expected to lose beside the rules in force. Changes nothing.

    Raises:
        Forbidden: the actor is nobody.
        Unknown: the segment's playbook has no such offer or channel.
        Invalid: there is no such due-state.
    """
    require(actor, Permission.ANALYTICS_READ)
    row = (await session.execute(text(_SEGMENT), {"slug": segment})).first()
    if row is None:
        raise Unknown("There is no such segment.", field="segment")
    mine = [one for one in row.recommended_offers if str(one["name"]) == offer]
    if not mine or channel not in row.optimal_channels:
        raise Unknown("The segment's playbook has no such offer or channel.", field="offer")
    if due and due not in DUE_STATES:
        raise Invalid(f"Due must be one of {', '.join(DUE_STATES)}, or empty for all.", field="due")
    standing = await rules_in_force(session)
    asked = CellRuleRow(uuid7(), effect, segment, row.name, offer, channel, due, "", actor.name, now())
    lost = await _lost(session, row.id, asked, [standing, [*standing, asked]])
    people = int(await session.scalar(text(_COUNT), {"segment": row.id}) or 0)
    up = people / lost.seen if lost.seen else 1.0
    return RuleCost(
        row.name, people, round(lost.touched * up), lost.seen < people, _usual(lost.after), _usual(lost.before),
        await _basis(session, segment, mine[0], channel, due),
        each=lost.expected / lost.seen if lost.seen else 0.0, total=lost.most * up * HEAVIEST_DAY,
    )  # fmt: skip


@dataclass(slots=True)
class _Lost:
    """Added up over people; `before` and `after` count what those touched get."""

    before: Counter[str | None]
    after: Counter[str | None]
    seen: int = 0
    touched: int = 0
    expected: float = 0.0
    most: float = 0.0


@dataclass(slots=True)
class _Priced:
    """What one person could get under either set of rules: the worth and the words of the best, without the new rule
    and with it, and `most`, the worth of the best whatever else is pinned for them."""

    worth: float
    left: float
    free: str | None
    instead: str | None
    most: float
    is_touched: bool


async def _lost(
    session: AsyncSession, segment_id: UUID, asked: CellRuleRow, rules: list[Sequence[CellRuleRow]]
) -> _Lost:
    ids = list((await session.execute(text(_SOME), {"segment": segment_id, "n": MOST_PEOPLE})).scalars())
    alone = await _priced(session, [asked.segment], rules, ids)
    beside: dict[UUID, _Priced] = {}
    if asked.effect is RuleEffect.PIN:
        every = (await session.execute(text(_EVERY))).scalars().all()
        beside = await _priced(session, every, rules, ids)
    lost = _Lost(Counter(), Counter(), seen=len(alone))
    for who, mine in alone.items():
        _add(lost, mine, beside.get(who, mine))
    return lost


def _add(lost: _Lost, alone: _Priced, beside: _Priced) -> None:
    """Add somebody as a plan of the segment alone, and as one of all their segments finds them."""
    if alone.is_touched or beside.is_touched:
        lost.most += max(alone.worth, beside.most if beside is not alone else 0.0)
    if alone.is_touched:
        lost.touched += 1
        lost.expected += max(alone.worth - alone.left, 0.0)
        lost.before[alone.free] += 1
        lost.after[alone.instead] += 1


async def _priced(
    session: AsyncSession, segments: Sequence[str], rules: list[Sequence[CellRuleRow]], only: Sequence[UUID]
) -> dict[UUID, _Priced]:
    context = await read_context(session, imagined_campaign(segments, await shop_today(session) + timedelta(days=1)))
    priced: dict[UUID, _Priced] = {}
    async for people, (free, ruled) in score_people(session, context, rules, only):
        count = len(people.rows)
        (worth, could, best), (left, can, instead) = (_best(some, count) for some in (free, ruled))
        most = _most(free, count)
        for at, row in enumerate(people.rows):
            priced[row.id] = _Priced(
                float(worth[at]), float(left[at]), best[at], instead[at], float(most[at]), could[at] != can[at]
            )
    return priced


def _most(scored: Sequence[ScoredOffers], people: int) -> Floats:
    """Return what the best of all is worth to each person, whatever is pinned for them elsewhere: a campaign need not
    hold the segment of that pin."""
    most = np.zeros(people)
    for one in scored:
        offered = np.flatnonzero(one.choice.offer != NO_OFFER)
        np.maximum.at(most, one.who[offered], one.choice.worth[offered])
    return most


def _best(
    scored: Sequence[ScoredOffers], people: int
) -> tuple[Floats, list[dict[tuple[str, str], str]], list[str | None]]:
    """Return of each person what their best is worth, what they could get of each segment by each channel, and the best
    in words."""
    worth = np.zeros(people)
    could: list[dict[tuple[str, str], str]] = [{} for _ in range(people)]
    best: list[str | None] = [None] * people
    for one in scored:
        channel = Channel(one.channel).label
        for at in one.worth_it:
            who, offer = int(one.who[at]), one.playbook.offers[int(one.choice.offer[at])]
            label = f"{offer_label(offer.name, offer.discount_pct)}, {channel}"
            could[who][one.playbook.slug, one.channel] = label
            if one.choice.worth[at] > worth[who]:
                worth[who], best[who] = float(one.choice.worth[at]), label
    return worth, could, best


def _usual(counted: Counter[str | None]) -> str | None:
    return counted.most_common(1)[0][0] if counted else None


async def _basis(session: AsyncSession, segment: str, offer: dict[str, Any], channel: str, due: str) -> str:
    cell = Cell(
        segment, offer_label(str(offer["name"]), float(offer.get("discount_pct", 0))), channel, due or NO_RHYTHM
    )
    posterior = (await uplift_in_use(session)).posterior
    mean = posterior.effects([cell])[0] if due else posterior.effects_across([posterior.due_states(cell)])[0]
    return basis_in_words(float(mean[0]), posterior.learned_from(cell))
