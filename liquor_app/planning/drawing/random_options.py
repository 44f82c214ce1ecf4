"""What chance may draw from: everything somebody could get, bounded so that each has a chance that teaches. Corridors.

What is drawn must not decide whether it can be given: a drawn action that did not fit would leave the log, and the
chances of those that stay would no longer be what they say. So it is settled before anything is drawn, and for
everybody alike: a channel is no option on a day that cannot take all who might draw it, and money off is none where the
budget does not reach for the dearest draw of all. Of more options than leave each a chance of one in a hundred, a
window is drawn for each person by a number of their own; from which it was drawn is logged.
"""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date
from typing import Any, NamedTuple
from uuid import UUID

import numpy as np
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

from liquor_app.actions.eligibility import Reason
from liquor_app.actions.models import ActionStatus
from liquor_app.actions.offering.offer_uplifts import uplift_of
from liquor_app.actions.offering.playbook_offers import read_playbooks
from liquor_app.actions.offers import Offer, Playbook
from liquor_app.actions.plan_context import PlanContext
from liquor_app.actions.priority import expected_profit
from liquor_app.campaigns.brief import CHANNELS, CampaignBrief
from liquor_app.core.bulk import unnest
from liquor_app.experiments.arms import Shares, among, most_options
from liquor_app.planning.optimizer.problem import Room

FREE_OPTION = (
    f"{{a}}.status IN ('{ActionStatus.PENDING}', '{ActionStatus.SKIPPED}', '{ActionStatus.PROPOSED}')"
    f" AND {{a}}.skip_reason IS DISTINCT FROM '{Reason.BY_HAND}' AND NOT {{a}}.offer_terms ? 'pinned'"
    " AND jsonb_typeof({a}.offer_terms -> 'answers') = 'object'"
)
"""Of an action `{a}`: nobody pinned it or took it out, and it is known what its offers would do."""
_FREE = FREE_OPTION.format(a="a")
_OPTIONS = f"""
SELECT a.id, a.customer_id, a.segment_slug, a.channel, a.offer_terms, a.expected_profit AS profit FROM actions a
 WHERE a.campaign_id = :campaign AND a.customer_id = ANY(:people) AND {_FREE}
 ORDER BY a.customer_id, a.segment_slug, a.channel
"""
_KEYS = f"""
SELECT a.customer_id, a.segment_slug, a.channel, k.name,
       COALESCE((a.offer_terms -> 'percents' -> k.name) = '0', false) AS is_plain FROM actions a
 CROSS JOIN LATERAL jsonb_object_keys(a.offer_terms -> 'answers') k (name)
 WHERE a.campaign_id = :campaign AND a.customer_id = ANY(:people) AND {_FREE}
"""
_RANKS = unnest("r", numbered_as="n", segment="text", channel="text", offer="text")
_USUAL = f"""
SELECT a.customer_id, a.segment_slug, a.channel, r.offer,
       COALESCE((a.offer_terms -> 'percents' -> r.offer) = '0', false) AS is_plain FROM actions a
  JOIN {_RANKS}
    ON r.segment = a.segment_slug AND r.channel = a.channel AND jsonb_exists(a.offer_terms -> 'answers', r.offer)
 WHERE a.campaign_id = :campaign AND a.customer_id = ANY(:people) AND {_FREE} ORDER BY a.customer_id, r.n
"""
_COUNTS = f"""
WITH chosen AS MATERIALIZED (
    SELECT DISTINCT customer_id FROM actions
     WHERE campaign_id = :campaign AND plan_id = :plan AND status = '{ActionStatus.PENDING}' AND arm IS NULL
       AND NOT offer_terms ? 'edited_by'
)
SELECT a.customer_id, a.channel, sum(n.options) AS options, sum(n.plain) AS plain
  FROM chosen c JOIN actions a ON a.campaign_id = :campaign AND a.customer_id = c.customer_id
 CROSS JOIN LATERAL (
       SELECT count(*) AS options, count(*) FILTER (WHERE (a.offer_terms -> 'percents' -> k.name) = '0') AS plain
         FROM jsonb_object_keys(a.offer_terms -> 'answers') k (name)) n
 WHERE {_FREE} GROUP BY 1, 2
"""


class Kind(NamedTuple):
    """What can be done for somebody."""

    segment: str
    channel: str
    offer: str


@dataclass(frozen=True, slots=True)
class Option:
    """An action somebody could get: a row with one of its playbook's offers; money is what is expected of it."""

    row: Any
    offer: Offer
    response: float
    profit: float

    @property
    def kind(self) -> Kind:
        return Kind(self.row.segment_slug, self.row.channel, self.offer.name)

    @property
    def spent(self) -> float:
        return self.response * float(self.row.offer_terms["basket"]) * float(self.offer.discount_pct) / 100


@dataclass(frozen=True, slots=True)
class Window:
    """From which options an action may be drawn for one person. `kinds` is None where that is all they could get."""

    count: int
    kinds: frozenset[Kind] | None = None


@dataclass(frozen=True, slots=True)
class Chance:
    """What chance may draw from in one plan."""

    windows: Mapping[UUID, Window]
    options: Mapping[UUID, Sequence[Option]]
    """Of the people an action is drawn for."""
    money_off: bool
    """False: the budget does not reach for the dearest draw, so nothing with money off is drawn for anybody."""
    bounded: int
    """People with more options than leave each its chance."""
    usual: Mapping[UUID, Kind] | None = None
    """What the shop would send each without choosing; None where nobody is sent that."""
    as_usual: Mapping[UUID, Option] = field(default_factory=dict)
    """The same as actions, of the people an action is drawn for."""

    def count(self, person: UUID) -> int:
        """Return from how many options an action may be drawn for somebody."""
        if self.usual is not None and person not in self.usual:  # nothing is usual for them: they are in no contrast
            return 0
        if person in self.options and not self.options[person]:  # its playbook has them no longer
            return 0
        return self.windows.get(person, _NONE).count

    def is_usual(self, person: UUID, kind: Kind) -> bool:
        """Tell whether just this is what the shop would send somebody without choosing."""
        return self.usual is not None and self.usual.get(person) == kind

    def logged(self, person: UUID, messages: int, variant: Mapping[str, str]) -> str | None:
        """Return as JSON what an action may be drawn from, where that is not all somebody could get, how many messages
        they were chosen for, where that is not one, and which `variant` of the campaign's `test` they are."""
        kinds = self.windows.get(person, _NONE).kinds
        told: dict[str, Any] = {} if kinds is None else {"among": sorted(kinds)}
        told |= {"messages": messages} if messages > 1 else {}
        told |= variant
        return json.dumps(told) if told else None

    def has(self, person: UUID, kind: Kind) -> bool:
        """Tell whether just this might have been drawn for somebody; asked of what they could get."""
        window = self.windows.get(person, _NONE)
        return window.count > 0 and (window.kinds is None or kind in window.kinds)


_NONE = Window(0)


@dataclass(frozen=True, slots=True)
class _Limits:
    """What is no option for anybody."""

    first: date
    room: Room
    """Shape (days, channels); 0 where a channel is no option."""
    money_off: bool

    def day(self, rows: Sequence[Any]) -> int:
        return int((rows[0].scheduled_date - self.first).days)

    def open(self, rows: Sequence[Any], channel: str) -> bool:
        return bool(self.room[self.day(rows), CHANNELS.index(channel)] > 0)


async def read_chance(
    session: AsyncSession,
    context: PlanContext,
    plan_id: UUID,
    by_person: Mapping[UUID, Sequence[Any]],
    drawn: Iterable[UUID],
    *,
    seed: str,
    shares: Shares,
    room: Room,
    budget: float,
) -> Chance:
    """Settle what may be drawn for everybody a plan chose.

    Args:
        by_person: their chosen messages.
        drawn: for whom an action is drawn, where there is one.
    """
    if not shares.draws:
        return Chance({}, {}, True, 0)
    brief = context.brief
    books = await read_playbooks(session, context)
    every = await _options(session, brief, books, {person: by_person[person] for person in drawn})
    limits = _settle(brief, by_person, every, room, budget)
    whole: dict[UUID, int] = defaultdict(int)
    left: dict[UUID, int] = defaultdict(int)
    for person, channel, options, plain in await session.execute(
        text(_COUNTS), {"campaign": brief.id, "plan": plan_id}
    ):
        whole[person] += int(options)
        if limits.open(by_person[person], channel):
            left[person] += int(options if limits.money_off else plain)
    most = most_options(shares.random)
    narrow = [person for person, count in whole.items() if left[person] != count or count > most]
    windows = {person: Window(count) for person, count in whole.items()}
    keys: dict[UUID, list[Kind]] = {person: [] for person in narrow}
    if narrow:
        for person, *kind, is_plain in await session.execute(text(_KEYS), {"campaign": brief.id, "people": narrow}):
            if limits.open(by_person[person], kind[1]) and (limits.money_off or is_plain):
                keys[person].append(Kind(*kind))
    for person, kinds in keys.items():
        kept = among(seed, person, sorted(kinds), most)
        windows[person] = Window(len(kept), frozenset(kept))
    bounded = sum(len(kinds) > most for kinds in keys.values())
    chance = Chance(windows, {}, limits.money_off, bounded)
    options = {person: [one for one in found if chance.has(person, one.kind)] for person, found in every.items()}
    if shares.usual <= 0:
        return replace(chance, options=options)
    usual = await _usual(session, brief.id, books, by_person, limits)
    as_usual = {
        person: one for person, found in every.items() for one in found if person in usual and one.kind == usual[person]
    }
    return replace(chance, options=options, usual=usual, as_usual=as_usual)


async def _usual(
    session: AsyncSession,
    campaign_id: UUID,
    books: Sequence[Playbook],
    by_person: Mapping[UUID, Sequence[Any]],
    limits: _Limits,
) -> dict[UUID, Kind]:
    """Return what the shop would send each without choosing: of what they could get and what fits whoever is drawn, the
    first by the campaign's order of playbooks, the playbook's of channels, and its of offers."""
    ranks = [(book.slug, channel, offer.name) for book in books for channel in book.channels for offer in book.offers]
    names = {name: [one[place] for one in ranks] for place, name in enumerate(("segment", "channel", "offer"))}
    asked = {"campaign": campaign_id, "people": list(by_person), **_RANKS.bind(**names)}
    usual: dict[UUID, Kind] = {}
    for person, *kind, is_plain in await session.execute(text(_USUAL), asked):
        if person not in usual and limits.open(by_person[person], kind[1]) and (limits.money_off or is_plain):
            usual[person] = Kind(*kind)
    return usual


def _settle(
    brief: CampaignBrief,
    by_person: Mapping[UUID, Sequence[Any]],
    every: Mapping[UUID, Sequence[Option]],
    room: Room,
    budget: float,
) -> _Limits:
    """Return what is no option: channels on days that cannot take all who might draw them, money off beyond budget."""
    limits = _Limits(brief.days[0], room.copy(), True)
    asked = np.zeros_like(room)
    for person, options in every.items():
        for channel in {one.row.channel for one in options}:
            asked[limits.day(by_person[person]), CHANNELS.index(channel)] += 1
    limits.room[asked > room] = 0
    dearest = sum(
        max(
            (one.spent for one in options if limits.open(by_person[person], one.row.channel)),
            default=0.0,
        )
        for person, options in every.items()
    )
    return _Limits(limits.first, limits.room, dearest <= budget + 1e-9)


async def _options(
    session: AsyncSession, brief: CampaignBrief, books: Sequence[Playbook], rows: Mapping[UUID, Sequence[Any]]
) -> dict[UUID, list[Option]]:
    """Return everything each could get: whatever guidance, law and playbooks leave, by channels they may be reached."""
    options: dict[UUID, list[Option]] = {person: [] for person in rows}
    if not rows:
        return options
    offers = {(book.slug, one.name): one for book in books for one in book.offers}
    found = await session.execute(text(_OPTIONS), {"campaign": brief.id, "people": list(rows)})
    for row in found:
        for name, answer in sorted(row.offer_terms["answers"].items()):
            if (offer := offers.get((row.segment_slug, name))) is not None:
                profit = profit_of(brief, row.offer_terms, row.channel, offer, float(answer))
                options[row.customer_id].append(Option(row, offer, float(answer), profit))
    return options


def profit_of(brief: CampaignBrief, terms: Mapping[str, Any], channel: str, offer: Offer, response: float) -> float:
    """Return what is expected of an action with one of its playbook's offers, in money."""
    limits = brief.limits
    profit = expected_profit(
        response=np.array([response]),
        basket=np.array([float(terms["basket"])]),
        uplift=np.array([uplift_of(terms, offer.name)]),
        margin=offer.margin(float(limits.margin_pct) / 100),
        discount=np.array([float(offer.discount_pct) / 100]),
        cost=float(limits.email_cost if channel == "email" else limits.sms_cost),
    )
    return float(profit[0])
