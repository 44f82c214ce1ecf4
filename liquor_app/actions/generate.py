"""The subagent: for every member of the target segments an action for each channel worth using, or a reason why not.

Set-based: twenty thousand people are read at a time, scored as arrays and written back with COPY. The same base and
campaign always give the same actions; running it again replaces what no person and no ledger has touched.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Awaitable, Callable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from datetime import date, timedelta
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

import numpy as np
import numpy.typing as npt
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

from liquor_app.accounts.audit import audit
from liquor_app.accounts.models import Role
from liquor_app.accounts.permissions import Actor, require
from liquor_app.actions.action_reasons import Facts, offer_reason, why
from liquor_app.actions.audience import People, audience_size, read_people, read_playbooks, read_scale
from liquor_app.actions.eligibility import BLOCKS, Reason
from liquor_app.actions.offering.due_state import Due, due_words
from liquor_app.actions.offering.offer_answers import answers_of, channel_factor, covers_of
from liquor_app.actions.offering.offer_uplifts import uplifts_of
from liquor_app.actions.offers import (
    NO_OFFER,
    Choice,
    Economics,
    Playbook,
    Terms,
    choose,
    creative_hint,
    message_text,
    offer_text,
)
from liquor_app.actions.plan_context import PlanContext, lock_context
from liquor_app.actions.priority import Points, Scale, priority
from liquor_app.actions.send_window import hour_words, send_window
from liquor_app.campaigns.brief import CHANNELS, CampaignBrief
from liquor_app.campaigns.models import CampaignType
from liquor_app.core.db import raw_connection
from liquor_app.core.errors import Conflict
from liquor_app.scoring.estimators.uplift import Posterior
from liquor_app.scoring.offer_forecast import response_in_use
from liquor_app.scoring.response_model import ResponseModel
from liquor_app.scoring.uplift_store import uplift_in_use
from liquor_app.segments.service import resolve_slugs
from liquor_app.ui.words import percent, show_money

VALID_DAYS_AFTER_END = 3
"""An offer of the last evening still needs a day to be used on."""

_COLUMNS = (
    "campaign_id", "customer_id", "segment_slug", "channel", "priority_score", "value_points", "response_points",
    "margin_points", "fatigue_points", "expected_response", "expected_profit", "reason", "offer", "offer_terms",
    "message", "creative_hint", "template_category", "scheduled_date", "send_window", "channels", "status",
)  # fmt: skip


Tell = Callable[[int, int], Awaitable[None]]
"""Told how many people were looked at, of how many."""


@dataclass(frozen=True, slots=True)
class GenerateResult:
    """`proposed` actions, `excluded` customers with the count `by_reason`, `customers` in the audience."""

    proposed: int
    excluded: int
    by_reason: dict[str, int]
    customers: int


@dataclass(frozen=True, slots=True)
class _Known:
    """What was learned of the shop's customers."""

    scale: Scale
    response: ResponseModel
    beliefs: Posterior
    draws: bool
    """Whether the plan will draw from the beliefs."""


@dataclass(slots=True)
class _Tally:
    proposed: int = 0
    customers: int = 0
    reasons: Counter[str] = field(default_factory=Counter)


async def generate_actions(
    session: AsyncSession, actor: Actor, campaign_id: UUID, *, tell: Tell | None = None
) -> GenerateResult:
    """Propose actions for a campaign's audience; whoever gets none is written to `exclusions` with the reason.

    While nothing can have been sent, earlier proposals and the draft plan's choices are replaced; what was edited or
    skipped by hand stays. Once approved, only what is still proposed is replaced.

    Args:
        tell: told after each stretch of people how many were looked at, of how many; may raise to stop it.

    Raises:
        Forbidden: the actor may only read.
        NotFound, Conflict: there is no such campaign, or it is over.
        Conflict: it is triggered: its actions come with the occasions.
        Invalid: it targets a segment that does not exist, or its constraints are wrong.
    """
    require(actor, Role.MANAGER)
    return await generate_within(session, actor, await lock_context(session, campaign_id), tell=tell)


async def generate_within(
    session: AsyncSession, actor: Actor, context: PlanContext, *, tell: Tell | None = None
) -> GenerateResult:
    """Return the same for a campaign that is held. A corridor."""
    brief = context.brief
    if brief.type is CampaignType.TRIGGERED:
        raise Conflict("A triggered campaign makes its actions when something happens, not before.")
    await _clear(session, brief)
    result = await generate_for(session, context, tell=tell)
    await audit(
        session, actor, "actions.generated", "campaign", brief.id, proposed=result.proposed, excluded=result.excluded
    )
    return result


async def generate_for(
    session: AsyncSession, context: PlanContext, only: Sequence[UUID] | None = None, *, tell: Tell | None = None
) -> GenerateResult:
    """Propose actions for the campaign's audience, or for some people of it who have none yet. The caller has locked
    the campaign and cleared what is to be replaced."""
    brief = context.brief
    playbooks = await read_playbooks(session, context)
    segment_ids = await resolve_slugs(session, brief.target_segments)
    scale = await read_scale(session, float(brief.limits.margin_pct) / 100)
    known = _Known(scale, await response_in_use(session), (await uplift_in_use(session)).posterior, context.draws)
    connection = await raw_connection(session)
    await connection.execute("CREATE TEMP TABLE IF NOT EXISTS staged_actions (LIKE actions INCLUDING DEFAULTS)")
    tally = _Tally()
    total = 0 if tell is None else await audience_size(session, segment_ids)
    async for people in read_people(session, context, segment_ids, scale, only):
        candidates = _candidates(people, playbooks, brief, known)
        await connection.execute("TRUNCATE staged_actions")
        async with connection.cursor() as cursor:
            async with cursor.copy(f"COPY staged_actions ({', '.join(_COLUMNS)}) FROM STDIN") as copy:
                for row in _action_rows(people, candidates, brief):
                    await copy.write_row(row)
            await cursor.execute(
                f"INSERT INTO actions (id, {', '.join(_COLUMNS)}) SELECT id, {', '.join(_COLUMNS)} FROM staged_actions"
                " ON CONFLICT (campaign_id, customer_id, segment_slug, channel) DO NOTHING"
            )
            tally.proposed += cursor.rowcount
            async with cursor.copy("COPY exclusions (campaign_id, customer_id, reason, detail) FROM STDIN") as copy:
                for customer_id, reason, detail in _exclusions(people, candidates, playbooks, brief):
                    tally.reasons[reason.value] += 1
                    await copy.write_row((brief.id, customer_id, reason.value, detail))
        tally.customers += len(people.rows)
        if tell is not None:
            await tell(tally.customers, max(total, tally.customers))
    await connection.execute("DROP TABLE staged_actions")
    return GenerateResult(
        tally.proposed, sum(tally.reasons.values()), dict(tally.reasons.most_common()), tally.customers
    )


async def _clear(session: AsyncSession, brief: CampaignBrief) -> None:
    replaceable = ["proposed", "pending", "held_out", "skipped"] if brief.is_open else ["proposed"]
    await session.execute(
        text(
            "DELETE FROM actions WHERE campaign_id = :id AND status = ANY(:statuses)"
            " AND (segment_slug <> ALL(:targets)"
            "      OR skip_reason IS DISTINCT FROM :by_hand AND NOT offer_terms ? 'edited_by')"
        ),
        {
            "id": brief.id,
            "statuses": replaceable,
            "targets": list(brief.target_segments),
            "by_hand": Reason.BY_HAND.value,
        },
    )
    await session.execute(text("DELETE FROM exclusions WHERE campaign_id = :id"), {"id": brief.id})


@dataclass(frozen=True, slots=True)
class _Candidates:
    """One playbook's offers to some people by one channel. `who` indexes `People`."""

    playbook: Playbook
    channel: str
    who: npt.NDArray[np.intp]
    people: Economics
    choice: Choice
    points: Points

    @property
    def worth_it(self) -> npt.NDArray[np.intp]:
        return np.flatnonzero(self.choice.offer != NO_OFFER)


def _candidates(
    people: People, playbooks: Sequence[Playbook], brief: CampaignBrief, known: _Known
) -> list[_Candidates]:
    """Return every playbook × channel, scored."""
    scale, model, beliefs = known.scale, known.response, known.beliefs
    limits = brief.limits
    margin = float(limits.margin_pct) / 100
    built = []
    for ordinal, playbook in enumerate(playbooks):
        for rank, channel in enumerate(playbook.channels):
            column = CHANNELS.index(channel)
            wanted = _wanted(people, playbook)
            who = np.flatnonzero(people.member[:, ordinal] & (people.blocks[:, column] == 0) & wanted)
            if who.size == 0 or send_window(playbook.window, limits.windows[channel], None) is None:
                continue
            factor = channel_factor(model, channel, rank)
            rows = [people.rows[int(index)] for index in who]
            uplifts = uplifts_of(beliefs, playbook, channel, rows, people.today)
            economics = Economics(
                response=np.clip(people.response[who] * factor, 0.0, 1.0),
                basket=people.basket[who],
                baseline=people.baseline[who],
                value_at_risk=people.value_at_risk[who],
                may_discount=people.may_discount[who],
                categories=[people.categories[int(index)] for index in who],
                per_offer=answers_of(model, playbook, rows, people.response[who], factor),
                uplift=uplifts.mean,
                hope=uplifts.hope if known.draws else None,
            )
            choice = choose(
                playbook.offers,
                economics,
                Terms(
                    margin=margin,
                    cost=float(limits.email_cost if channel == "email" else limits.sms_cost),
                    least=float(limits.min_profit),
                    kept_share=float(limits.kept_share),
                ),
            )
            points = priority(
                scale,
                value_at_risk=economics.value_at_risk,
                response=choice.response,
                margin=economics.basket * (choice.margin - choice.discount),
                week=people.week[who],
                month=people.month[who],
            )
            built.append(_Candidates(playbook, channel, who, economics, choice, points))
    return built


def _wanted(people: People, playbook: Playbook) -> npt.NDArray[np.bool_]:
    """Tell who has not declined what the playbook is about, shape (n,)."""
    topic = playbook.template_category
    return np.fromiter((topic not in row.topics_off for row in people.rows), dtype=np.bool_, count=len(people.rows))


def _facts(row: Any, today: date, zone: ZoneInfo) -> Facts:
    """What the last scoring found; of somebody it has not seen yet, the last purchase alone."""
    last = row.last_purchase_at
    since = max(0, (today - last.astimezone(zone).date()).days) if last else None
    return Facts(
        orders=row.purchase_frequency if row.orders is None else row.orders,
        days_since_last=since if row.orders is None else row.days_since_last,
        usual_gap=row.gap_median,
        churn_probability=row.churn_probability,
        value_at_risk=float(row.value_at_risk) if row.value_at_risk is not None else None,
        response=None,
        basket=float(row.avg_order_value),
    )


def _action_rows(people: People, candidates: Sequence[_Candidates], brief: CampaignBrief) -> Iterator[tuple[Any, ...]]:
    """Yield rows of `_COLUMNS`."""
    limits = brief.limits
    zone = ZoneInfo(limits.timezone)
    until = brief.offers_end + timedelta(days=VALID_DAYS_AFTER_END)
    known: dict[int, Facts] = {}
    windows: dict[tuple[Any, ...], tuple[str, str]] = {}
    for candidate in candidates:
        playbook, channel, choice, points = candidate.playbook, candidate.channel, candidate.choice, candidate.points
        for index in candidate.worth_it:
            person = int(candidate.who[index])
            row = people.rows[person]
            if person not in known:
                known[person] = _facts(row, people.today, zone)
            response = float(choice.response[index])
            words = why(replace(known[person], response=response))
            offer = playbook.offers[choice.offer[index]]
            category = offer.category or playbook.shelf.to_name(row.primary_category, row.secondary_category)
            shown = offer_text(offer, category)
            key = (playbook.slug, channel, row.avg_purchase_hour)
            if key not in windows:
                window = send_window(playbook.window, limits.windows[channel], row.avg_purchase_hour)
                windows[key] = json.dumps(window), hour_words(window or {}, row.avg_purchase_hour)
            due = Due.of(row, people.today)
            left = float(choice.margin[index])
            basket, share = float(candidate.people.basket[index]), float(choice.discount[index])
            capped_from = float(offer.listed_pct) if offer.is_capped else None
            told = (
                words, due_words(due, brief.days, people.today), windows[key][1],
                offer_reason(basket * (left - share), share * 100, capped_from, offer),
            )  # fmt: skip
            terms = {
                "name": offer.name,
                "discount_pct": str(offer.discount_pct),
                "category": category,
                "covers": covers_of(offer, category),
                "answers": _by_offer(candidate, candidate.people.per_offer or (), int(index)),
                "uplifts": _by_offer(candidate, candidate.people.uplift, int(index)),
                "uplift": round(float(choice.uplift[index]), 6),
                "percents": {
                    one.name: float(one.discount_pct)
                    for one, suits in zip(playbook.offers, choice.suits, strict=True)
                    if suits[index]
                },
                "expires_on": until.isoformat(),
                "basket": f"{basket:.2f}",
                "baseline": round(float(candidate.people.baseline[index]), 4),
                "kept": f"{choice.kept[index]:.4f}",
                **({} if due is None else {"due": due.terms}),
                **offer.own_terms,
            }
            if offer.is_capped:
                terms["listed_pct"] = str(offer.listed_pct)
            yield (
                brief.id,
                row.id,
                playbook.slug,
                channel,
                f"{points.total[index]:.2f}",
                f"{points.value[index]:.2f}",
                f"{points.response[index]:.2f}",
                f"{points.margin[index]:.2f}",
                f"{points.fatigue[index]:.2f}",
                response,
                f"{choice.profit[index]:.4f}",
                " ".join(filter(None, told)),
                shown,
                json.dumps(terms),
                message_text(playbook.template_category, shown, until),
                creative_hint(playbook.template_category, category),
                playbook.template_category,
                brief.days[0],
                windows[key][0],
                [channel],
                "proposed",
            )


def _by_offer(candidate: _Candidates, each: Sequence[npt.NDArray[np.float64]], index: int) -> dict[str, float]:
    """Return one customer's figure of each offer of the playbook that suits them, by its name: whoever swaps it, and
    the random draw, read it here."""
    return {
        offer.name: round(float(figures[index]), 6)
        for offer, figures, suits in zip(candidate.playbook.offers, each, candidate.choice.suits, strict=True)
        if suits[index]
    }


def _exclusions(
    people: People, candidates: Sequence[_Candidates], playbooks: Sequence[Playbook], brief: CampaignBrief
) -> Iterator[tuple[UUID, Reason, str]]:
    """Customer, reason and detail of everybody without an action."""
    served = np.zeros(len(people.rows), dtype=np.bool_)
    best: dict[int, tuple[float, Reason, str]] = {}
    for candidate in candidates:
        served[candidate.who[candidate.worth_it]] = True
        for index in np.flatnonzero(candidate.choice.offer == NO_OFFER):
            person, gain = int(candidate.who[index]), float(candidate.choice.profit[index])
            if person not in best or gain > best[person][0]:
                best[person] = (gain, *_refusal(candidate, int(index), brief))
    for person in map(int, np.flatnonzero(~served)):
        row = people.rows[person]
        if person in best:
            yield row.id, best[person][1], best[person][2]
            continue
        channels = list(
            dict.fromkeys(channel for ordinal in row.segments for channel in playbooks[ordinal - 1].channels)
        )
        told = [(channel, BLOCKS[people.blocks[person, CHANNELS.index(channel)]]) for channel in channels]
        stopped = [(channel, reason) for channel, reason in told if reason is not None]
        if not stopped and all(playbooks[at - 1].template_category in row.topics_off for at in row.segments):
            yield row.id, Reason.TOPIC_DECLINED, "They do not want messages of this kind."
            continue
        if not stopped:
            yield row.id, Reason.NOT_WORTH_IT, "The playbook's hours and the store's sending hours do not overlap."
            continue
        detail = "; ".join(f"{_NAMES[channel]}: {reason.label.lower()}" for channel, reason in stopped)
        yield row.id, stopped[0][1], detail


_NAMES = {"email": "E-mail", "sms": "SMS"}


def _refusal(candidate: _Candidates, index: int, brief: CampaignBrief) -> tuple[Reason, str]:
    people, choice, offers = candidate.people, candidate.choice, candidate.playbook.offers
    if not offers:
        why_not = "; ".join(candidate.playbook.left_out)
        told = f" ({why_not})" if why_not else ""
        if candidate.playbook.unlawful:
            return Reason.OFFER_UNLAWFUL, "; ".join(candidate.playbook.unlawful)
        return Reason.NOT_WORTH_IT, f"The guardrails leave no offer of the playbook “{candidate.playbook.name}”{told}."
    if not people.may_discount[index] and all(offer.discount_pct > 0 for offer in offers):
        return Reason.COUPON_BANNED, f"Every offer of the playbook “{candidate.playbook.name}” is a discount."
    return Reason.NOT_WORTH_IT, (
        f"The best offer would bring {show_money(float(choice.profit[index]))}, less than"
        f" {show_money(brief.limits.min_profit)}: it moves {percent(float(choice.uplift[index]), 1)} of such people to"
        f" buy, {percent(float(choice.response[index]))} are likely to take it,"
        f" {percent(float(people.baseline[index]))} to buy anyway this week,"
        f" usual basket {show_money(float(people.basket[index]))}."
    )
