"""Between the tables and the arrays: proposed actions in, the plan's choices out."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime, time, timedelta
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

import numpy as np
import numpy.typing as npt
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

from liquor_app.actions.audience import CHUNK, contacts
from liquor_app.actions.eligibility import Reason
from liquor_app.actions.models import TAKEN, ActionStatus
from liquor_app.actions.offering.due_days import fit_of
from liquor_app.actions.offering.offer_uplifts import offer_label
from liquor_app.actions.plan_decisions import Decision, apply_decisions, copy_decisions, stage_decisions
from liquor_app.campaigns.brief import CHANNELS, CampaignBrief
from liquor_app.campaigns.models import LIVE
from liquor_app.core.clock import today_in
from liquor_app.core.states import sql_list
from liquor_app.experiments.arms import draw_seed, halves_of, tie_breaks, turns
from liquor_app.planning.optimizer.drawn_values import REPEATS, DrawnValues
from liquor_app.planning.optimizer.problem import NOWHERE, Floats, Ints, Problem, Verdict
from liquor_app.planning.simulation import Sends
from liquor_app.scoring.due_state import NO_RHYTHM
from liquor_app.scoring.estimators.uplift import PRIOR_MEAN, Cell
from liquor_app.scoring.uplift_store import Beliefs
from liquor_app.ui.words import show_money

BATCH = 50_000
HAIR = 2e-4
"""Of what a buyer is worth at the middle: by up to so much are values set apart that would be equal. Less than a text
costs more than an e-mail, so never against what is really cheaper; more than prices are found to."""
LEAST_UPLIFT = 1e-5
"""Below it what a buyer keeps cannot be told from what the action is thought to keep; it is stored to six places."""
CHOSEN = f"a.status = '{ActionStatus.PENDING}'"
"""Actions of the campaign's current plan."""
_FIGURES = (
    "expected_profit", "kept", "expected_response", "basket", "discount_pct", "baseline", "uplift", "value_points",
    "margin_pct",
)  # fmt: skip

_TERMS = (
    "a.expected_profit, CAST(a.offer_terms ->> 'kept' AS double precision) AS kept, a.expected_response,"
    " CAST(a.offer_terms ->> 'basket' AS double precision) AS basket,"
    " CAST(a.offer_terms ->> 'discount_pct' AS double precision) AS discount_pct,"
    " CAST(a.offer_terms ->> 'baseline' AS double precision) AS baseline,"
    " COALESCE(CAST(a.offer_terms ->> 'uplift' AS double precision), :uplift) AS uplift, a.value_points,"
    " COALESCE(CAST(a.offer_terms ->> 'margin_pct' AS double precision), :margin_pct) AS margin_pct"
)


_BY_OFFER = """
SELECT id, offer_terms -> 'answers' AS answers, offer_terms -> 'uplifts' AS uplifts FROM actions
 WHERE campaign_id = :campaign ORDER BY customer_id, segment_slug, channel
"""


@dataclass(frozen=True, slots=True)
class Candidates:
    """Actions of one campaign, by customer. Arrays of shape (n,); money unless said otherwise."""

    ids: npt.NDArray[np.void]
    """UUIDs as 16 bytes."""
    people: list[UUID]
    customer: Ints
    """Index into `people`."""
    channel: Ints
    segment: Ints
    """Index into the campaign's target segments."""
    category: Ints
    """Index into `categories`, what the customer buys most; None where it is not known."""
    categories: list[str | None]
    day: Ints
    """Days from the plan's first, of what is planned already."""
    profit: Floats
    kept: Floats
    response: Floats
    basket: Floats
    discount_share: Floats
    baseline: Floats
    """P(buys anyway)."""
    uplift: Floats
    """P(buys and would not have)."""
    value_points: Floats
    fit: Floats
    """What each day of the plan is worth for a customer by when they are due (`due_state.fit_of`), shape (people,
    days)."""
    margin: Floats
    """Share of the price: of the offer's product or category, else the shop's usual."""
    cell: Ints
    """Index into `cells`, what the uplift model knows each by."""
    cells: list[Cell]

    @property
    def discount(self) -> Floats:
        """Expected discount: the chance of an answer times what it is given."""
        return self.response * self.basket * self.discount_share

    def draw_values(self, brief: CampaignBrief, beliefs: Beliefs) -> DrawnValues:
        """Return what they are worth under imagined truths of what is believed, and by whose turn.

        Only what all cells share is drawn (ADR 96, 101): whether messages work at all is as open as it is believed to
        be, which of them work best is not. Equals are told apart by a `HAIR`, or who gets an e-mail and who a text
        would be left to rounding, and its chance with it (ADR 153).
        """
        seed = f"{brief.id}:{brief.seed}"
        a_buyer = self.basket * self.margin + np.divide(
            self.kept, self.uplift, out=np.zeros(self.kept.size), where=np.abs(self.uplift) > LEAST_UPLIFT
        )
        halves = halves_of(self.people)
        costs = np.array([float(brief.limits.email_cost), float(brief.limits.sms_cost)])[self.channel]
        option = self.channel * max(len(brief.target_segments), 1) + self.segment
        hair = HAIR * float(np.median(np.abs(a_buyer))) if a_buyer.size else 0.0
        return DrawnValues(
            base=-self.discount - costs - hair * tie_breaks(seed, halves, self.customer, option),
            slope=a_buyer,
            cell=self.cell,
            draws=beliefs.posterior.level_draws(self.cells, REPEATS, seed=draw_seed(seed, beliefs.version)),
            turn=turns(seed, halves, REPEATS),
            least=float(brief.limits.min_profit),
        )


async def read_candidates(session: AsyncSession, brief: CampaignBrief, condition: str) -> Candidates:
    """Return the campaign's actions that meet an SQL condition of ours, in an order that never changes."""
    segments = {slug: index for index, slug in enumerate(brief.target_segments)}
    streamed = await session.stream(
        text(
            f"SELECT a.id, a.customer_id, a.channel, a.segment_slug, a.scheduled_date,"
            " a.offer_terms ->> 'category' AS category, a.offer_terms -> 'due' AS due,"
            f" a.offer_terms ->> 'name' AS offer, {_TERMS}"
            f" FROM actions a WHERE a.campaign_id = :campaign AND {condition}"
            " ORDER BY a.customer_id, a.segment_slug, a.channel"
        ),
        {"campaign": brief.id, "margin_pct": float(brief.limits.margin_pct), "uplift": PRIOR_MEAN},
        execution_options={"yield_per": BATCH},
    )
    ids = bytearray()
    people: list[UUID] = []
    fits: list[Floats] = []
    known: dict[tuple[str, str] | None, Floats] = {}
    columns: list[npt.NDArray[Any]] = []
    figures: list[Floats] = []
    first = brief.days[0]
    categories: dict[str | None, int] = {}
    cells: dict[tuple[str, str, str, float, str | None], int] = {}
    async for batch in streamed.partitions():
        rows = batch
        who = np.empty(len(rows), dtype=np.intp)
        for index, row in enumerate(rows):
            ids += row.id.bytes
            if not people or people[-1] != row.customer_id:
                people.append(row.customer_id)
                key = (row.due["state"], row.due["on"]) if row.due else None
                if key not in known:
                    known[key] = fit_of(row.due, brief.days)
                fits.append(known[key])
            who[index] = len(people) - 1
        columns.append(
            np.stack(
                [
                    who,
                    np.array([CHANNELS.index(row.channel) for row in rows], dtype=np.intp),
                    np.array([segments.get(row.segment_slug, NOWHERE) for row in rows], dtype=np.intp),
                    np.array([(row.scheduled_date - first).days for row in rows], dtype=np.intp),
                    np.array([categories.setdefault(row.category, len(categories)) for row in rows], dtype=np.intp),
                    np.array([cells.setdefault(_cell_key(row), len(cells)) for row in rows], dtype=np.intp),
                ]
            )
        )
        figures.append(np.array([[float(getattr(row, name) or 0) for name in _FIGURES] for row in rows]).T)
    joined = np.concatenate(columns, axis=1) if columns else np.empty((6, 0), dtype=np.intp)
    numbers = np.concatenate(figures, axis=1) if figures else np.empty((len(_FIGURES), 0))
    profit, kept, response, basket, discount_pct, baseline, uplift, value_points, margin_pct = numbers
    return Candidates(
        ids=np.frombuffer(bytes(ids), dtype="V16"),
        people=people,
        customer=joined[0],
        channel=joined[1],
        segment=joined[2],
        category=joined[4],
        categories=list(categories),
        day=joined[3],
        profit=profit,
        kept=kept,
        response=response,
        basket=basket,
        discount_share=discount_pct / 100,
        baseline=baseline,
        uplift=uplift,
        value_points=value_points,
        margin=margin_pct / 100,
        fit=np.stack(fits) if fits else np.ones((0, len(brief.days))),
        cell=joined[5],
        cells=[
            Cell(segment, offer_label(offer, discount), channel, state or NO_RHYTHM)
            for segment, channel, offer, discount, state in cells
        ],
    )


def _cell_key(row: Any) -> tuple[str, str, str, float, str | None]:
    return row.segment_slug, row.channel, row.offer or "", row.discount_pct or 0.0, row.due and row.due["state"]


@dataclass(frozen=True, slots=True)
class ByOffer:
    """Of offers by name, each of shape (n,); NaN where an action's playbook has no such offer."""

    answers: dict[str, Floats]
    """P(acts on it)."""
    uplifts: dict[str, Floats]
    """P(buys and would not have)."""


async def read_by_offer(
    session: AsyncSession, brief: CampaignBrief, candidates: Candidates, names: Collection[str]
) -> ByOffer:
    """Return what candidates were told of each offer of their playbook."""
    streamed = await session.stream(text(_BY_OFFER), {"campaign": brief.id}, execution_options={"yield_per": BATCH})
    found = ByOffer(*({name: np.full(candidates.ids.size, np.nan) for name in names} for _ in range(2)))
    place = 0
    async for batch in streamed.partitions():
        for action_id, answers, uplifts in batch:  # candidates are some of these, in the same order
            if place == candidates.ids.size or action_id.bytes != candidates.ids[place].tobytes():
                continue
            for name in names:
                found.answers[name][place] = (answers or {}).get(name, np.nan)
                found.uplifts[name][place] = (uplifts or {}).get(name, np.nan)
            place += 1
    return found


def sends_of(chosen: Candidates, brief: CampaignBrief, day: Ints, weight: Floats) -> Sends:
    """Tell what the simulation needs of the planned ones; `day` is −1 for the others."""
    planned = day != NOWHERE
    cost = np.array([float(brief.limits.email_cost), float(brief.limits.sms_cost)])
    inside = np.clip(day[planned], 0, weight.size - 1)
    return Sends(
        response=chosen.response[planned],
        cell=chosen.cell[planned],
        basket=chosen.basket[planned],
        discount=chosen.discount_share[planned],
        cost=cost[chosen.channel[planned]],
        weight=weight[inside],
        margin=chosen.margin[planned],
    )


async def day_weights(session: AsyncSession, brief: CampaignBrief) -> Floats:
    """Tell what each day of the plan is worth beside an average one, shape (days,).

    A message works in the evening and the day after, so a day counts the shop's trade of both, taken from the last 90
    days and halved towards 1: when people come is not yet when a message moves them. Between 0.85 and 1.15; all 1
    with fewer than a hundred purchases to judge by.
    """
    local = ZoneInfo(brief.limits.timezone)
    since = datetime.combine(today_in(local) - timedelta(days=91), time.min, local)
    found = await session.execute(
        text(
            "SELECT CAST(extract(isodow FROM occurred_at AT TIME ZONE :zone) AS integer) AS weekday, count(*) AS n"
            " FROM purchases WHERE occurred_at >= :since AND occurred_at < :until AND total > 0 GROUP BY 1"
        ),
        {"zone": brief.limits.timezone, "since": since, "until": since + timedelta(days=91)},
    )
    trade = np.zeros(7)
    for row in found:
        trade[row.weekday - 1] = row.n
    if trade.sum() < 100:
        return np.ones(len(brief.days))
    share = trade / trade.sum() * 7
    both = (share + np.roll(share, -1)) / 2
    tempered = np.clip(1 + (both - 1) / 2, 0.85, 1.15)
    return np.array([tempered[day.weekday()] for day in brief.days])


async def taken_room(session: AsyncSession, brief: CampaignBrief, *, but_own: bool = False) -> npt.NDArray[np.int64]:
    """Return messages of the plan's days that are spoken for, shape (days, channels): other approved campaigns', and
    this one's that are pinned by hand or in the ledger (`but_own`: not those it only plans)."""
    found = await session.execute(
        text(
            "SELECT a.scheduled_date AS day, a.channel, count(*) AS n FROM actions a"
            " JOIN campaigns k ON k.id = a.campaign_id"
            f" WHERE a.scheduled_date BETWEEN :first AND :last AND a.status IN {sql_list(*TAKEN)}"
            f" AND (k.id = :campaign OR k.status IN {sql_list(*LIVE)})"
            f" AND NOT (:but_own AND k.id = :campaign AND {CHOSEN} AND NOT a.offer_terms ? 'edited_by')"
            " GROUP BY 1, 2"
        ),
        {"first": brief.days[0], "last": brief.days[-1], "campaign": brief.id, "but_own": but_own},
    )
    taken = np.zeros((len(brief.days), len(CHANNELS)), dtype=np.int64)
    for row in found:
        taken[(row.day - brief.days[0]).days, CHANNELS.index(row.channel)] += row.n
    return taken


def room_of(brief: CampaignBrief, taken: npt.NDArray[np.int64]) -> npt.NDArray[np.int64]:
    """Return messages left, shape (days, channels)."""
    capacity = np.array(
        [[brief.limits.capacity(day, channel) for channel in CHANNELS] for day in brief.days], dtype=np.int64
    )
    left: npt.NDArray[np.int64] = np.maximum(capacity - taken, 0)
    return left


async def contact_counts(session: AsyncSession, brief: CampaignBrief, people: list[UUID]) -> npt.NDArray[np.int16]:
    """Return contacts around the plan of everybody in it (`pressure.contact_matrix`), a chunk of people at a time."""
    parts = [await contacts(session, people[start : start + CHUNK], brief) for start in range(0, len(people), CHUNK)]
    return np.concatenate(parts) if parts else await contacts(session, [], brief)


_REASONS = {
    Verdict.NO_DAY: Reason.CAP_REACHED,
    Verdict.OTHER_CHOSEN: Reason.BETTER_ACTION,
    Verdict.NOT_WORTH_IT: Reason.NOT_WORTH_IT,
    Verdict.CAPACITY: Reason.CAPACITY,
    Verdict.BUDGET: Reason.BUDGET,
    Verdict.NO_SHARE: Reason.PLAN_SHARE,
}


async def write_choices(
    session: AsyncSession,
    brief: CampaignBrief,
    plan_id: UUID,
    *,
    candidates: Candidates,
    verdict: npt.NDArray[np.int8],
    day: Ints,
    details: Mapping[tuple[Reason, int], str],
) -> None:
    """Set every candidate to pending on its day, or to skipped with the reason; `details` as `reasons_of` has them."""
    await stage_decisions(session)

    def decided() -> Iterator[Decision]:
        for index, code in enumerate(verdict):
            action_id = UUID(bytes=candidates.ids[index].tobytes())
            if code == Verdict.CHOSEN:
                yield Decision(action_id, ActionStatus.PENDING, brief.days[day[index]])
            else:
                reason = _REASONS[Verdict(int(code))]
                detail = details[reason, candidates.channel[index]]
                yield Decision(action_id, ActionStatus.SKIPPED, None, reason.value, detail)

    await copy_decisions(session, decided())
    await apply_decisions(session, plan_id)


def reasons_of(brief: CampaignBrief, price: Floats, *, shared: bool = False) -> dict[tuple[Reason, int], str]:
    """Tell why an action was not chosen, in words, by reason and channel.

    Args:
        price: of a message, shape (days, channels).
        shared: the plan was made within shares, so what is full is a share.
    """
    limits = brief.limits
    told: dict[tuple[Reason, int], str] = {}
    for channel, name in enumerate(("e-mail", "SMS")):
        cheapest = float(price[:, channel].min()) if price.size else 0.0
        worth = f" The last place of the week is worth {show_money(cheapest, cents=True)}." if cheapest >= 0.005 else ""
        told[Reason.CAPACITY, channel] = f"Every {name} of these days goes to an action that brings more.{worth}"
        told[Reason.PLAN_SHARE, channel] = f"The plan gives no {name} to this segment with such an offer."
        if shared:
            told[Reason.CAPACITY, channel] = "The plan's share for it goes to actions that bring more."
        told[Reason.BUDGET, channel] = (
            f"The discount budget of {show_money(limits.discount_budget)} goes to actions that bring more for it."
        )
        told[Reason.BETTER_ACTION, channel] = "Another action for the same customer brings more."
        told[Reason.CAP_REACHED, channel] = (
            f"Every day would break a contact cap ({limits.max_contacts_7_days} in 7 days,"
            f" {limits.max_contacts_30_days} in 30)."
        )
        told[Reason.NOT_WORTH_IT, channel] = "It would cost more than it is expected to bring."
    return told


async def build_problem(
    session: AsyncSession, brief: CampaignBrief, candidates: Candidates, weight: Floats, spent: float
) -> Problem:
    """Return the optimiser's view of the candidates; `spent` is the discount already promised."""
    return Problem(
        customer=candidates.customer,
        channel=candidates.channel,
        value=candidates.profit + candidates.kept,
        discount=candidates.discount,
        counts=await contact_counts(session, brief, candidates.people),
        weight=weight,
        capacity=room_of(brief, await taken_room(session, brief)),
        budget=max(0.0, float(brief.limits.discount_budget) - spent),
        cap_7=brief.limits.max_contacts_7_days,
        cap_30=brief.limits.max_contacts_30_days,
        max_per_customer=brief.limits.max_per_customer,
        fit=candidates.fit,
    )
