"""A plan in figures: what is stored with it and shown on its page. Pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from liquor_app.actions.eligibility import Reason
from liquor_app.actions.offering.belief_basis import ENOUGH_MESSAGES
from liquor_app.campaigns.brief import CHANNELS, CampaignBrief
from liquor_app.compliance.may_send import BlockReason
from liquor_app.core.money import money
from liquor_app.experiments.arms import LEAST_FOR_RANDOM
from liquor_app.experiments.learning import LEVEL_80
from liquor_app.planning.candidates import Candidates
from liquor_app.planning.optimizer.problem import NOWHERE, Floats, Ints
from liquor_app.planning.simulation import Outcome, Range
from liquor_app.scoring.estimators.uplift import PRIOR_MEAN, PRIOR_SD
from liquor_app.ui.words import figure, plural, show_weekday_name


@dataclass(frozen=True, slots=True)
class Counts:
    """People around the plan. `blocks` are customers by the reason that kept them out of the audience's actions,
    `rejected` actions by the reason the planner gave."""

    names: Mapping[str, str]
    """Of the target segments, by slug."""
    audience: int
    held_out: int
    blocks: Sequence[tuple[str, int]]
    rejected: Sequence[tuple[str, int]]
    left: Sequence[tuple[str, int]] = ()
    """Customers who had an action and get none, by the one reason why."""


def figures(
    brief: CampaignBrief, planned: Candidates, day: Ints, *, weight: Floats, outcome: Outcome, counts: Counts
) -> dict[str, Any]:
    """Return the summary document.

    `{"days": […], "segments": […], "totals": {…}, "simulation": {…}, "blocks": […], "rejected": […]}`; money as
    decimal strings, dates as ISO text.
    """
    chosen = day != NOWHERE
    worth = np.where(chosen, weight[np.clip(day, 0, weight.size - 1)], 0.0)
    profit = _shared(planned.profit * worth, outcome.incremental_profit.mean)
    discount = _shared(planned.discount * worth, outcome.discount.mean)
    return {
        "days": _days(brief, planned, day, weight, profit=profit, discount=discount),
        "segments": _segments(brief, planned, chosen, counts.names, profit=profit, discount=discount),
        "totals": {
            "audience": counts.audience,
            "sends": int(chosen.sum()),
            "reach": int(np.unique(planned.customer[chosen]).size),
            "held_out": counts.held_out,
            "blocked": sum(count for _, count in counts.blocks),
            "left_out": sum(count for _, count in counts.left),
            **{channel: int((planned.channel[chosen] == index).sum()) for index, channel in enumerate(CHANNELS)},
        },
        "simulation": {
            **simulation(outcome, float((planned.kept[chosen]).sum())),
            "cost_by_channel": {
                channel: str(money(int((planned.channel[chosen] == index).sum()) * float(each)))
                for index, (channel, each) in enumerate(
                    zip(CHANNELS, (brief.limits.email_cost, brief.limits.sms_cost), strict=True)
                )
            },
        },
        "blocks": _labelled(counts.blocks, "customers"),
        "left_out": _labelled(counts.left, "customers"),
        "rejected": _labelled(counts.rejected, "actions"),
    }


def _shared(expected: Floats, total: float) -> Floats:
    """Tell what each message brings of the simulation's `total`, so that days and segments add up to the headline. The
    simulation draws around these expectations; where it ends far from them, each is told as it is expected."""
    whole = float(expected.sum())
    factor = total / whole if abs(whole) >= 0.01 else 0.0
    return expected * factor if 0.5 <= factor <= 2 else expected


def _days(
    brief: CampaignBrief, planned: Candidates, day: Ints, weight: Floats, *, profit: Floats, discount: Floats
) -> list[dict[str, Any]]:
    shown = []
    for index, when in enumerate(brief.days):
        on = day == index
        shown.append(
            {
                "date": when.isoformat(),
                "weekday": show_weekday_name(when),
                **{channel: int((on & (planned.channel == at)).sum()) for at, channel in enumerate(CHANNELS)},
                **{f"{channel}_capacity": brief.limits.capacity(when, channel) for channel in CHANNELS},
                "discount": str(money(float(discount[on].sum()))),
                "expected_profit": str(money(float(profit[on].sum()))),
                "weight": round(float(weight[index]), 3),
            }
        )
    return shown


def _segments(
    brief: CampaignBrief,
    planned: Candidates,
    chosen: npt.NDArray[np.bool_],
    names: Mapping[str, str],
    *,
    profit: Floats,
    discount: Floats,
) -> list[dict[str, Any]]:
    rows = []
    for index, slug in enumerate(brief.target_segments):
        mine = chosen & (planned.segment == index)
        rows.append(
            {
                "slug": slug,
                "name": names.get(slug, slug),
                "sends": int(mine.sum()),
                **{channel: int((mine & (planned.channel == at)).sum()) for at, channel in enumerate(CHANNELS)},
                "discount": str(money(float(discount[mine].sum()))),
                "expected_profit": str(money(float(profit[mine].sum()))),
            }
        )
    return sorted(rows, key=lambda row: (-int(row["sends"]), str(row["slug"])))


BLOCK_LABELS = {
    BlockReason.GONE: "Customer deleted",
    BlockReason.STATE_LIMIT: "State's limit of messages a day",
    BlockReason.UNREAD_REPLY: "Wrote a text nobody has read yet",
    BlockReason.QUIET_HOURS: "No lawful hour left in the campaign",
}
"""Of the reasons the planner has no word for."""


def label_of(reason: str) -> str:
    """Return a reason in words, whoever gave it: the planner's where it has some."""
    known = {one.value: one.label for one in Reason}
    own = {one.value: label for one, label in BLOCK_LABELS.items()}
    return known.get(reason) or own.get(reason, reason)


def _labelled(counts: Sequence[tuple[str, int]], unit: str) -> list[dict[str, Any]]:
    return [{"reason": reason, "label": label_of(reason), unit: count} for reason, count in counts]


ASSUMED, LEARNED = "assumed", "learned"
UPLIFT_NOTE = (
    "What a message changes is assumed, not measured in this shop:"
    f" {figure(PRIOR_MEAN * 100, 1)} more buyers in a hundred, give or take {figure(LEVEL_80 * PRIOR_SD * 100, 1)} four"
    " times in five."
)
"""Said wherever the forecast of a profit is shown, until what messages bring about is learned from held-out groups."""


NO_MESSAGES = (
    "The plan holds no message, so there is nothing to forecast. What is believed of messages, and from how many,"
    " stands on the Learning page."
)


def uplift_basis(people: int, version: int, *, messages: int = 1) -> dict[str, Any]:
    """Tell where what messages change was taken from: `{"basis", "people", "version", "note"}`. Few are said
    beside what is assumed, not instead.

    Args:
        people: how many messages like the plan's were decided on while others were held out of them; who got several
            counts with each.
        version: of the uplift model; 0 before anything was learned.
        messages: of the plan; where it has none, nothing is said of such.
    """
    if not messages:
        return {"basis": ASSUMED, "people": people, "version": version, "note": NO_MESSAGES}
    if people < ENOUGH_MESSAGES:
        sent = plural(people, "such message") if people else "No such message"
        told = f"{sent} so far, too few to say what they change: it is"
        note = f"{told} taken from other messages and from what was assumed."
        return {"basis": ASSUMED, "people": people, "version": version, "note": note if version else UPLIFT_NOTE}
    note = f"What a message changes was learned from {figure(people)} such messages, against who was"
    return {"basis": LEARNED, "people": people, "version": version, "note": f"{note} held out of them."}


def simulation(outcome: Outcome, kept: float) -> dict[str, Any]:
    """Return the simulation as a document; each range is `{"mean", "low", "high"}`, an 80 % interval."""
    return {
        "uplift": uplift_basis(0, 0),
        "takers": _plain(outcome.takers),
        "new_buyers": _plain(outcome.new_buyers),
        "revenue": _money(outcome.revenue),
        "incremental_revenue": _money(outcome.incremental_revenue),
        "incremental_profit": _money(outcome.incremental_profit),
        "discount": _money(outcome.discount),
        "cost": str(money(outcome.cost)),
        "value_kept": str(money(kept)),
    }


TAKERS = "Expected to act on the offer"
NEW_BUYERS = "Expected to buy who would not have"


def takers_of(simulated: Mapping[str, Any]) -> Mapping[str, Any]:
    """Return how many are expected to act on the offer, `{"mean", "low", "high"}`. Plans simulated before it was named
    so say `buyers`, which they are not all: who buys without the offer is left out."""
    found: Mapping[str, Any] = simulated["takers"] if "takers" in simulated else simulated["buyers"]
    return found


def _plain(found: Range) -> dict[str, float]:
    return {"mean": round(found.mean, 1), "low": round(found.low, 1), "high": round(found.high, 1)}


def _money(found: Range) -> dict[str, str]:
    return {"mean": str(money(found.mean)), "low": str(money(found.low)), "high": str(money(found.high))}


def silence_of(summary: Mapping[str, Any], *, people: int) -> dict[str, Any] | None:
    """Tell of a plan that keeps silent for what is believed: `{"people", "planned"}`, who gets nothing because no
    message is believed to be worth its cost, and how many are planned. None where a random arm is drawn, most are
    written to, or what is believed was drawn already and somebody is written to. `is_tried` is said where it was drawn
    and no draw paid: then learning was tried.

    Who is not written to teaches nothing, and below `LEAST_FOR_RANDOM` nothing is left to chance either: what one bad
    week showed would be believed for ever.
    """
    reasons = (*summary["blocks"], *summary["left_out"])
    unworthy = sum(one["customers"] for one in reasons if one["reason"] == Reason.NOT_WORTH_IT)
    is_tried = bool(summary.get("drawn"))
    if people >= LEAST_FOR_RANDOM or unworthy <= people or (is_tried and people):
        return None
    return {"people": unworthy, "planned": people, **({"is_tried": True} if is_tried else {})}
