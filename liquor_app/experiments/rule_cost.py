"""What pinning or forbidding a kind of message is expected to lose, told before anybody does."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

from liquor_app.accounts.permission_table import Permission
from liquor_app.accounts.permissions import Actor, require
from liquor_app.actions.offering.belief_basis import basis_in_words
from liquor_app.actions.offering.cell_rules import CellRuleRow, RuleEffect, rules_in_force
from liquor_app.actions.offering.offer_uplifts import offer_label
from liquor_app.core.errors import Unknown
from liquor_app.experiments.learning import UsualPerson, usual_person
from liquor_app.organization.models import Channel
from liquor_app.scoring.due_state import NO_RHYTHM
from liquor_app.scoring.estimators.uplift import Cell, Posterior
from liquor_app.scoring.uplift_store import uplift_in_use
from liquor_app.ui.words import plural, show_money

_SEGMENT = """
SELECT name, customer_count AS people, recommended_offers, optimal_channels FROM segments WHERE slug = :slug
"""


@dataclass(frozen=True)
class RuleCostFields:
    """What a rule changes for somebody usual of a segment: `instead` is what they would get with it, `free` without it;
    None is nothing, where no offer is believed to be worth its cost. `basis` is what is known of the rule's own
    cell."""

    segment: str
    people: int
    instead: str | None
    free: str | None
    basis: str


@dataclass(frozen=True, slots=True)
class RuleCost(RuleCostFields):
    """What a rule is expected to lose, in money: `each` of somebody usual of the segment and a plan, `total` of
    everybody in it, the most it may be."""

    each: float

    @property
    def total(self) -> float:
        return self.each * self.people

    @property
    def words(self) -> str:
        """ "Expected to lose $0.03 a person and plan, …"."""
        without = f"“{self.free}”" if self.free else "nothing"
        rests = f"What it changes is {self.basis}."
        if self.each <= 0:
            return f"Expected to lose nothing: without it somebody usual of {self.segment} gets {without}. {rests}"
        gets = f"“{self.instead}”" if self.instead else "nothing, for it is not believed to be worth its cost"
        return (
            f"Expected to lose {show_money(self.each, cents=True)} a person and plan, at most"
            f" {show_money(self.total, cents=True)} with the {plural(self.people, 'person', 'people')} of"
            f" {self.segment}: somebody usual gets {gets}, without it {without}. {rests}"
        )


@dataclass(frozen=True, slots=True)
class _Option:
    offer: str
    channel: str
    words: str
    worth: float
    basis: str


async def rule_cost(
    session: AsyncSession, actor: Actor, *, effect: RuleEffect, segment: str, offer: str, channel: str
) -> RuleCost:
    """Return what a rule is expected to lose beside the rules in force, of whoever they are due.

    Raises:
        Forbidden: the actor is nobody.
        Unknown: the segment's playbook has no such offer or channel.
    """
    require(actor, Permission.ANALYTICS_READ)
    row = (await session.execute(text(_SEGMENT), {"slug": segment})).first()
    if row is None:
        raise Unknown("There is no such segment.", field="segment")
    options = _options(row, segment, (await uplift_in_use(session)).posterior, await usual_person(session))
    mine = [one for one in options if (one.offer, one.channel) == (offer, channel)]
    if not mine:
        raise Unknown("The segment's playbook has no such offer or channel.", field="offer")
    free = _left(options, segment, await rules_in_force(session))
    ruled = mine if effect is RuleEffect.PIN else [one for one in free if one not in mine]
    before, after = (_best(some) for some in (free, ruled))
    lost = (before.worth if before else 0.0) - (after.worth if after else 0.0)
    return RuleCost(
        row.name, int(row.people or 0), after.words if after else None, before.words if before else None,
        mine[0].basis, max(lost, 0.0),
    )  # fmt: skip


def _options(row: Any, segment: str, posterior: Posterior, usual: UsualPerson) -> list[_Option]:
    every = [(offer, channel) for offer in row.recommended_offers for channel in row.optimal_channels]
    percents = [float(offer.get("discount_pct", 0)) for offer, _ in every]
    cells = [
        Cell(segment, offer_label(str(offer["name"]), percent), channel, NO_RHYTHM)
        for (offer, channel), percent in zip(every, percents, strict=True)
    ]
    means = posterior.effects_across([posterior.due_states(cell) for cell in cells])[0] if cells else ()
    return [
        _Option(
            str(offer["name"]), channel, f"{cell.offer}, {Channel(channel).label}",
            usual.worth(float(mean), percent, channel), basis_in_words(float(mean), posterior.learned_from(cell)),
        )
        for (offer, channel), percent, cell, mean in zip(every, percents, cells, means, strict=True)
    ]  # fmt: skip


def _left(options: Sequence[_Option], segment: str, rules: Sequence[CellRuleRow]) -> list[_Option]:
    told = {(one.offer, one.channel): one.effect for one in rules if one.segment == segment and not one.due}
    pinned = [one for one in options if told.get((one.offer, one.channel)) is RuleEffect.PIN]
    return pinned or [one for one in options if (one.offer, one.channel) not in told]


def _best(options: Sequence[_Option]) -> _Option | None:
    best = max(options, key=lambda one: one.worth, default=None)
    return best if best is not None and best.worth > 0 else None
