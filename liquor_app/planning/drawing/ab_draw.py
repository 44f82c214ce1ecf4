"""Drawing a campaign's test of an offer or a channel into the plan that was just made. Corridors.

A variant is another action: it has a cost, room and a chance of its own, so it is drawn before anything is approved and
stands in the plan like any other. In the test is whoever could get every variant, of the agent's one message for them;
the draw (`experiments.ab_tests`) knows nothing of arm, offer or day. What is drawn must not decide whether it can be
given: the budget has to reach for the dearest variant of everybody, and of a day as many take part as its other channel
has room for, were it drawn for all of them; who gives way where more were chosen than there is room for is settled as
if nothing had been drawn.
"""

from __future__ import annotations

from bisect import bisect_left, insort
from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from typing import Any, NamedTuple
from uuid import UUID

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

from liquor_app.actions.offering.playbook_offers import read_playbooks
from liquor_app.actions.offers import Offer
from liquor_app.actions.plan_context import PlanContext
from liquor_app.experiments.ab_tests.in_force import PlannedTest, planned_test_of
from liquor_app.experiments.ab_tests.models import AbTopic
from liquor_app.experiments.ab_tests.variants import CONTROL
from liquor_app.planning.drawing.random_options import FREE_OPTION, Option, profit_of
from liquor_app.ui.words import show_money

_AT_ONCE = 10_000
_ABLE = f"""
SELECT a.id, a.customer_id, a.offer_terms ->> 'name' AS own, o.id AS other_id, o.segment_slug, o.channel,
       o.offer_terms AS terms
  FROM actions a JOIN actions o
    ON o.campaign_id = a.campaign_id AND o.customer_id = a.customer_id AND o.segment_slug = a.segment_slug
 WHERE a.campaign_id = :campaign AND a.customer_id = ANY(:people) AND a.channel = :channel AND o.channel = :other
   AND NOT a.offer_terms ->> 'name' = ANY(CAST(:offers AS text[]))
   AND jsonb_exists(a.offer_terms -> 'answers', a.offer_terms ->> 'name')
   AND (o.offer_terms -> 'answers') ?& (CASE WHEN :by_channel THEN ARRAY[a.offer_terms ->> 'name']
                                             ELSE CAST(:offers AS text[]) END)
   AND {FREE_OPTION.format(a="a")} AND {FREE_OPTION.format(a="o")}
"""
"""Rows somebody could get, each with the row its variants are of: itself, or its like by the other channel."""


class _Lean(NamedTuple):
    """Of an action what drawing it needs."""

    id: UUID
    customer_id: UUID
    segment_slug: str
    channel: str
    offer_terms: dict[str, Any]


@dataclass(frozen=True, slots=True)
class AbDraw:
    """A plan's test. `drawn` are people in it by variant; `given` what those of another variant than A get."""

    test: PlannedTest | None = None
    drawn: Mapping[UUID, str] = field(default_factory=dict)
    given: Mapping[UUID, Option] = field(default_factory=dict)
    able: frozenset[UUID] = frozenset()
    """Rows whose plan would be tested, planned or not."""
    sources: Mapping[tuple[UUID, str], UUID] = field(default_factory=dict)
    """Of a variant's row and offer, the row it is a variant of."""
    why: str = ""
    """Why nobody is in it, where the test could not be drawn."""

    @property
    def words(self) -> dict[str, str]:
        """Return what is said of the actions of each variant but A."""
        if self.test is None:
            return {}
        name = self.test.name
        return {
            one.key: f"The A/B test “{name}” drew variant {one.key} for this customer."
            for one in self.test.variants[1:]
        }

    def chance(self, row_id: UUID, offer: str, *, own: float, chosen: Mapping[UUID, float]) -> float:
        """Return how likely the agent's arm gives just this: as its own choice, and as a variant of another one.

        Args:
            own: how likely it is the agent's choice; 0 where the row's own offer is another.
            chosen: how likely each row is.
        """
        if self.test is None:
            return own
        count = len(self.test.variants)
        source = self.sources.get((row_id, offer))
        as_variant = 0.0 if source is None else chosen.get(source, 0.0) / count
        return own / (count if row_id in self.able else 1) + as_variant

    def logged(self, person: UUID) -> dict[str, str]:
        """Return what somebody's decision keeps of it: which variant of which test; empty of who is in none."""
        if self.test is None or person not in self.drawn:
            return {}
        return {"variant": self.drawn[person], "test": self.test.seed}

    def told(self, stays: Iterable[UUID]) -> dict[str, Any] | None:
        """Return what the plan keeps of it: the test as it was, and people by variant."""
        if self.test is None:
            return None
        counted = Counter(self.drawn[one] for one in stays if one in self.drawn)
        return {
            "test": self.test.document, "name": self.test.name, "why": self.why,
            "people": {one.key: counted[one.key] for one in self.test.variants},
        }  # fmt: skip


@dataclass(frozen=True, slots=True)
class Limits:
    """What a test has to fit in."""

    first: date
    budget: float
    """What is left beside everybody who is in no test."""
    room: Mapping[tuple[int, str], int]
    """Messages by day and channel that are left beside everybody who is planned."""


async def draw_test(
    session: AsyncSession, context: PlanContext, rows: Mapping[UUID, Any], days: Mapping[UUID, date], limits: Limits
) -> AbDraw:
    """Draw the campaign's test of offers or channels, if it has one.

    Args:
        rows: the one message of each whom the agent writes to once.
        days: of everybody the plan chose; of the others it is only settled which rows would be tested.
    """
    test = await planned_test_of(session, context.brief.id)
    if test is None:
        return AbDraw()
    found = await _able(session, context, test, list(days))
    planned = {one.id: one.customer_id for one in rows.values()}
    if test.topic is AbTopic.CHANNEL:
        out = _beyond_room(test, days, found, planned, limits)
        found = {row: options for row, options in found.items() if options[0].row.customer_id not in out}
    drawn = {planned[row]: test.draw(planned[row]) for row in found if row in planned}
    needed = sum(
        max(*(one.spent for one in found[rows[person].id]), float(rows[person].spent or 0)) for person in drawn
    )
    if needed > limits.budget + 1e-9:
        left = max(limits.budget, 0.0)
        why = (
            f"The discount budget leaves {show_money(left)} for the people of the A/B test, and its dearest variant"
            f" could take {show_money(needed)}: what is drawn for somebody must not decide whether they get it."
        )
        return AbDraw(test, why=why)
    keys = [one.key for one in test.variants[1:]]
    given = {
        person: found[rows[person].id][keys.index(variant)] for person, variant in drawn.items() if variant != CONTROL
    }
    sources = {(option.row.id, option.offer.name): row for row, options in found.items() for option in options}
    return AbDraw(test, drawn, given, frozenset(found), sources, "" if drawn or not rows else _nobody(test))


def _nobody(test: PlannedTest) -> str:
    what = "all of its offers" if test.topic is AbTopic.OFFER else "it by both channels, on a day with room for them"
    return f"Nobody the plan chose could get {what}, so the A/B test has nobody in it."


async def _able(
    session: AsyncSession, context: PlanContext, test: PlannedTest, people: Sequence[UUID]
) -> dict[UUID, list[Option]]:
    """Return what each row's variants are, but for A, of rows all of whose variants could be got."""
    books = {(book.slug, one.name): one for book in await read_playbooks(session, context) for one in book.offers}
    by_channel = test.topic is AbTopic.CHANNEL
    wanted = [one.offer for one in test.variants[1:] if one.offer is not None]
    asked = {
        "campaign": context.brief.id, "channel": test.channel, "by_channel": by_channel, "offers": wanted,
        "other": test.variants[1].channel if by_channel else test.channel,
    }  # fmt: skip
    found: dict[UUID, list[Option]] = {}
    for start in range(0, len(people), _AT_ONCE):
        part = list(people[start : start + _AT_ONCE])
        for row in await session.execute(text(_ABLE), {**asked, "people": part}):
            names = [row.own] if by_channel else wanted
            offers = [books.get((row.segment_slug, name)) for name in names]
            if all(offers):
                found[row.id] = [_option(context, row, offer) for offer in offers if offer is not None]
    return found


def _option(context: PlanContext, row: Any, offer: Offer) -> Option:
    terms = row.terms
    response = float(terms["answers"][offer.name])
    lean = _Lean(
        row.other_id, row.customer_id, row.segment_slug, row.channel,
        {"basket": terms["basket"], "name": terms.get("name")},
    )  # fmt: skip
    profit = profit_of(context.brief, terms, row.channel, offer, response)
    return Option(lean, offer, response, profit)


def _beyond_room(
    test: PlannedTest, days: Mapping[UUID, date], found: Mapping[UUID, Sequence[Option]],
    planned: Mapping[UUID, UUID], limits: Limits,
) -> frozenset[UUID]:  # fmt: skip
    """Return people in no test, because the other channel has no room for them on their day, were it drawn for all.

    Who that is is settled by a number of their own, before and whatever is drawn: a day that took part only where the
    draw happens to fit would give the other channel less often than the chance that is logged.
    """
    seats: dict[date, list[int]] = defaultdict(list)
    for row in found:
        if row in planned:
            insort(seats[days[planned[row]]], test.seat(planned[row]))
    out = set[UUID]()
    for options in found.values():
        person = options[0].row.customer_id
        room = limits.room.get(((days[person] - limits.first).days, str(test.variants[1].channel)), 0)
        if bisect_left(seats[days[person]], test.seat(person)) >= room:
            out.add(person)
    return frozenset(out)
