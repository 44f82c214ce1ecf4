"""What a round of proposing writes: a row for every action worth using, and for the others the reason why not. Pure.

Where a marketer pinned a cell, whom it suits gets it and nothing else of the campaign.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, timedelta
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

import numpy as np
import numpy.typing as npt

from liquor_app.actions.action_reasons import Facts, offer_reason, uplift_words, why
from liquor_app.actions.audience import People
from liquor_app.actions.eligibility import BLOCKS, Reason, only_reason
from liquor_app.actions.offering.due_days import due_words
from liquor_app.actions.offering.offer_answers import covers_of
from liquor_app.actions.offers import NO_OFFER, Choice, Economics, Playbook, creative_hint, message_text, offer_text
from liquor_app.actions.priority import Points
from liquor_app.actions.send_window import hour_words, send_window
from liquor_app.campaigns.brief import CHANNELS, RESPONSE_DAYS, CampaignBrief
from liquor_app.scoring.due_state import Due, DueState
from liquor_app.ui.chances import acts_words, buys_words
from liquor_app.ui.words import show_money

VALID_DAYS_AFTER_END = 3
"""An offer of the last evening still needs a day to be used on."""

ACTION_COLUMNS = (
    "campaign_id", "customer_id", "segment_slug", "channel", "priority_score", "value_points", "response_points",
    "margin_points", "fatigue_points", "expected_response", "expected_profit", "reason", "offer", "offer_terms",
    "message", "creative_hint", "template_category", "scheduled_date", "send_window", "channels", "status",
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class ScoredOffers:
    """One playbook's offers to some people by one channel. `who` indexes `People`."""

    playbook: Playbook
    channel: str
    who: npt.NDArray[np.intp]
    people: Economics
    choice: Choice
    points: Points
    pins: Mapping[str, str]
    """What is said of a pinned offer, by its name."""
    tried: Mapping[str, int]
    """From how many messages it was learned what an offer changes, by its name; of those that were tried."""
    answer_days: float | None = None
    """How long the offers held that the chance to act on one was learned from."""
    gave_way: npt.NDArray[np.bool_] | None = None
    """Who gets nothing here because another cell is pinned for them."""

    @property
    def worth_it(self) -> npt.NDArray[np.intp]:
        return np.flatnonzero((self.choice.offer != NO_OFFER) & self.stands)

    @property
    def refused(self) -> npt.NDArray[np.intp]:
        return np.flatnonzero((self.choice.offer == NO_OFFER) & self.stands)

    def suits(self, index: int) -> bool:
        """Tell whether an offer is for one of `who`."""
        return any(bool(suits[index]) for suits in self.choice.suits)

    @property
    def stands(self) -> npt.NDArray[np.bool_]:
        return np.ones(self.who.size, dtype=np.bool_) if self.gave_way is None else ~self.gave_way


def giving_way(scored: Sequence[ScoredOffers], people: int) -> list[ScoredOffers]:
    """Return the same with nothing for whom another cell is pinned."""
    pinned = np.zeros(people, dtype=np.bool_)
    for one in scored:
        pinned[one.who[one.choice.pinned]] = True
    if not pinned.any():
        return list(scored)
    return [replace(one, gave_way=pinned[one.who] & ~one.choice.pinned) for one in scored]


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


def action_rows(people: People, candidates: Sequence[ScoredOffers], brief: CampaignBrief) -> Iterator[tuple[Any, ...]]:
    """Yield rows of `ACTION_COLUMNS`."""
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
            due = Due.of(row, people.today)
            late = due is not None and due.state is DueState.OVERDUE
            known_now = replace(known[person], response=response, answer_days=candidate.answer_days, is_overdue=late)
            offer = playbook.offers[choice.offer[index]]
            category = offer.category or playbook.shelf.to_name(row.primary_category, row.secondary_category)
            shown = offer_text(offer, category)
            key = (playbook.slug, channel, row.avg_purchase_hour)
            if key not in windows:
                window = send_window(playbook.window, limits.windows[channel], row.avg_purchase_hour)
                windows[key] = json.dumps(window), hour_words(window or {}, row.avg_purchase_hour)
            left = float(choice.margin[index])
            basket, share = float(candidate.people.basket[index]), float(choice.discount[index])
            capped_from = float(offer.listed_pct) if offer.is_capped else None
            told = (
                why(known_now), due_words(due, brief.days, people.today), windows[key][1],
                offer_reason(basket * (left - share), share * 100, capped_from, offer),
                uplift_words(
                    float(choice.uplift[index]), candidate.tried.get(offer.name, 0),
                    float(candidate.people.baseline[index]),
                ),
                candidate.pins[offer.name] if choice.pinned[index] else "",
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
                **({} if candidate.answer_days is None else {"answer_days": candidate.answer_days}),
                "baseline": round(float(candidate.people.baseline[index]), 4),
                "kept": f"{choice.kept[index]:.4f}",
                **({} if due is None else {"due": due.terms}),
                **({"tried": dict(candidate.tried)} if candidate.tried else {}),
                **({"pinned": True} if choice.pinned[index] else {}),
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
                message_text(playbook.template_category, shown, until, offer.discount_pct),
                creative_hint(playbook.template_category, category),
                playbook.template_category,
                brief.days[0],
                windows[key][0],
                [channel],
                "proposed",
            )


def _by_offer(candidate: ScoredOffers, each: Sequence[npt.NDArray[np.float64]], index: int) -> dict[str, float]:
    """Return one customer's figure of each offer of the playbook that suits them, by its name: whoever swaps it, and
    the random draw, read it here."""
    return {
        offer.name: round(float(figures[index]), 6)
        for offer, figures, suits in zip(candidate.playbook.offers, each, candidate.choice.suits, strict=True)
        if suits[index]
    }


def exclusion_rows(
    people: People, candidates: Sequence[ScoredOffers], playbooks: Sequence[Playbook], brief: CampaignBrief
) -> Iterator[tuple[UUID, Reason, str]]:
    """Customer, reason and detail of everybody without an action."""
    served = np.zeros(len(people.rows), dtype=np.bool_)
    best: dict[int, tuple[tuple[bool, float], Reason, str]] = {}
    for candidate in candidates:
        served[candidate.who[candidate.worth_it]] = True
        for index in candidate.refused:
            # what was weighed and found too light says more than what was never there to weigh
            person = int(candidate.who[index])
            nearest = candidate.suits(int(index)), float(candidate.choice.worth[index])
            if person not in best or nearest > best[person][0]:
                best[person] = (nearest, *_refusal(candidate, int(index), brief))
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
        detail = "; ".join(f"{_NAMES[channel]}: {reason.label.lower()}" for channel, reason in stopped)
        if told and len(stopped) == len(told):
            yield row.id, only_reason([reason for _, reason in stopped]), detail
        elif all(playbooks[at - 1].template_category in row.topics_off for at in row.segments):
            yield row.id, Reason.TOPIC_DECLINED, _beside("They do not want messages of this kind.", detail)
        else:
            hours = "The playbook's hours and the store's sending hours do not overlap."
            yield row.id, Reason.NO_COMMON_HOURS, _beside(hours, detail)


def _beside(words: str, detail: str) -> str:
    """Tell of the channels that were open why they brought nothing, and of the others what stood against them."""
    return f"{words} {detail}." if detail else words


def _none_left(playbook: Playbook) -> tuple[Reason, str]:
    """Tell why a playbook has no offer: the law goes first, then what the shop said itself."""
    if playbook.unlawful:
        return Reason.OFFER_UNLAWFUL, "; ".join(playbook.unlawful)
    if playbook.unguided:
        why = "; ".join((*playbook.unguided, *playbook.left_out))
        return Reason.FORBIDDEN_BY_GUIDANCE, f"The guidance leaves no offer of the playbook “{playbook.name}”: {why}."
    why = "; ".join(playbook.left_out)
    told = f" ({why})" if why else ""
    return Reason.NO_OFFER_LEFT, f"The guardrails leave no offer of the playbook “{playbook.name}”{told}."


HALF_A_CENT = 0.005
_NAMES = {"email": "E-mail", "sms": "SMS"}


def _refusal(candidate: ScoredOffers, index: int, brief: CampaignBrief) -> tuple[Reason, str]:
    people, choice, offers = candidate.people, candidate.choice, candidate.playbook.offers
    if not offers:
        return _none_left(candidate.playbook)
    if not people.may_discount[index] and all(offer.discount_pct > 0 for offer in offers):
        return Reason.COUPON_BANNED, f"Every offer of the playbook “{candidate.playbook.name}” is a discount."
    if choice.barred[index] and not candidate.suits(index):
        return Reason.FORBIDDEN, f"A marketer forbade every offer of “{candidate.playbook.name}” that would suit."
    if not candidate.suits(index):
        why = "" if people.may_discount[index] else ", or a discount that the law of their state bans"
        unguided = candidate.playbook.unguided
        others = f" The guidance leaves no other: {'; '.join(unguided)}." if unguided else ""
        return Reason.NO_OFFER_SUITS, (
            f"Every offer of the playbook “{candidate.playbook.name}” is of something they do not buy{why}.{others}"
        )
    saved = float(choice.kept[index])
    kept = f" with {show_money(saved)} of value at risk kept" if saved >= HALF_A_CENT else ""
    return Reason.NOT_WORTH_IT, (
        f"The {'pinned' if choice.pinned[index] else 'best'} offer would be worth"
        f" {show_money(float(choice.worth[index]))}{kept}; more than {show_money(brief.limits.min_profit)} is asked."
        f" {buys_words(float(people.baseline[index]), float(choice.uplift[index]), RESPONSE_DAYS)}."
        f" {acts_words(float(choice.response[index]), 'the offer', candidate.answer_days)}."
        f" The usual basket is {show_money(float(people.basket[index]))}."
    )
