"""Why the plan is as it is, in words that stay with it. Pure.

Each entry is `{"kind", "title", "text"}`; kinds: brief, engine, theme, choice, day, limit, rejected, holdout,
assumption.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from liquor_app.campaigns.brief import CampaignBrief
from liquor_app.core.money import show_money
from liquor_app.planning.ai.response_schema import Proposal
from liquor_app.planning.optimizer.problem import Allocation
from liquor_app.planning.plan_summary import UPLIFT_NOTE
from liquor_app.planning.simulation import MODEL_SPREAD

Entry = dict[str, str]
SHOWN_SEGMENTS = 5
"""Named one by one; those after them are counted together, so that the figures add up to the plan's."""


@dataclass(frozen=True, slots=True)
class Alternative:
    """Another way to plan the same week, tried and not taken; `value` in the plan's own terms."""

    title: str
    value: float


def engine_note(requested: str, has_key: bool) -> Entry | None:
    """Why another engine answers than was asked for; None if the one asked for does."""
    if requested == "manual":
        return entry("engine", "Drafted for you", "The optimiser made this draft; move, drop or change what you like.")
    if requested != "llm":
        return None
    if has_key:
        return entry(
            "engine", "Planned by the optimiser", "The AI planner's plan, if it makes one, is a version beside."
        )
    why = "no OpenAI key is set, so the AI planner is not available"
    return entry("engine", "Planned by the optimiser", f"You asked for the AI planner, but {why}.")


def explain(
    brief: CampaignBrief,
    summary: dict[str, Any],
    plan: Allocation,
    alternatives: Sequence[Alternative],
    note: Entry | None,
) -> list[Entry]:
    """The whole reasoning, in reading order."""
    totals, simulated = summary["totals"], summary["simulation"]
    entries = [_brief(brief, totals)]
    if note is not None:
        entries.append(note)
    if not totals["sends"]:
        entries.append(entry("choice", "Nobody is contacted", _why_nobody(summary)))
        return entries
    profit = simulated["incremental_profit"]
    entries.append(
        entry(
            "choice",
            f"{totals['sends']:,} messages to {totals['reach']:,} people",
            f"Expected incremental profit {_cash(profit['mean'])}, between {_cash(profit['low'])} and"
            f" {_cash(profit['high'])} (uplift assumed, not measured; zero lies within), after"
            f" {_cash(simulated['discount']['mean'])} of discounts"
            f" and {_cash(simulated['cost'])} of sending. {_gap(plan, summary['optimality'].get('within'))}",
        )
    )
    entries += _segment_words(summary)
    if (day := _day_words(summary)) is not None:
        entries.append(day)
    entries += _limit_words(brief, plan)
    entries += _rejected_words(summary, plan, alternatives)
    if totals["held_out"]:
        entries.append(
            entry(
                "holdout",
                f"{totals['held_out']:,} people held out",
                f"Drawn at random ({float(brief.holdout_pct):g}%) before anything was planned, so that the result can"
                " be measured instead of guessed.",
            )
        )
    entries.append(_assumptions(brief))
    return entries


def entry(kind: str, title: str, text: str) -> Entry:
    """One thing to know about a plan."""
    return {"kind": kind, "title": title, "text": text}


def proposal_words(proposal: Proposal, before: dict[str, Any], after: dict[str, Any]) -> list[Entry]:
    """What the AI planner said of its proposal, and what it is expected to bring beside the optimiser's plan."""
    entries = [entry("theme", title, why or "A theme of this plan.") for title, why in proposal.themes]
    entries += [entry("choice", about, why) for about, why in proposal.chosen_because]
    entries += [entry("rejected", about, why) for about, why in proposal.rejected]
    mine, other = (found["simulation"]["incremental_profit"] for found in (after, before))
    entries.append(
        entry(
            "choice",
            "Beside the optimiser's plan",
            f"Expected incremental profit, uplift assumed, {_cash(mine['mean'])} beside {_cash(other['mean'])}, with"
            f" {after['totals']['sends']:,} messages beside {before['totals']['sends']:,}.",
        )
    )
    return entries


def _cash(value: Any) -> str:
    return show_money(value)


def _brief(brief: CampaignBrief, totals: dict[str, Any]) -> Entry:
    asked = f" You asked: “{brief.llm_prompt.strip()[:300]}”" if brief.llm_prompt and brief.llm_prompt.strip() else ""
    count = len(brief.target_segments)
    return entry(
        "brief",
        brief.name,
        f"{_day(brief.days[0])} to {_day(brief.days[-1])}, {count} segment{'s' if count != 1 else ''},"
        f" {totals['audience']:,} people in the audience.{asked}",
    )


def _day(day: Any) -> str:
    return f"{day:%a} {day.day} {day:%b}"


def _gap(plan: Allocation, within: str | None) -> str:
    limits = f"{within} and these limits" if within else "these limits"
    if plan.gap < 0.0005:
        return f"No better plan exists within {limits}."
    return f"No plan within {limits} can be more than {plan.gap * 100:.1f}% better."


def _why_nobody(summary: dict[str, Any]) -> str:
    blocks = summary["blocks"] or summary["rejected"]
    if not blocks:
        return "The target segments are empty. Refresh them, or choose others."
    worst = blocks[0]
    return f"The most frequent reason is “{worst['label'].lower()}”."


def _segment_words(summary: dict[str, Any]) -> list[Entry]:
    used = [row for row in summary["segments"] if row["sends"]]
    if not used:
        return []
    best = max(used, key=lambda row: float(row["expected_profit"]))
    share = "; ".join(f"{row['name']} {row['sends']:,}" for row in used[:SHOWN_SEGMENTS])
    if rest := used[SHOWN_SEGMENTS:]:
        others = f"{len(rest)} other segment{'s' * (len(rest) > 1)}"
        share += f"; {others} {sum(row['sends'] for row in rest):,}"
    return [
        entry(
            "choice",
            f"Most is expected from {best['name']}",
            f"{_cash(best['expected_profit'])} from {best['sends']:,} messages. All: {share}.",
        )
    ]


def _day_words(summary: dict[str, Any]) -> Entry | None:
    days = summary["days"]
    if len(days) < 2 or len({day["weight"] for day in days}) == 1:
        return None
    best = max(days, key=lambda day: day["weight"])
    full = [day["weekday"] for day in days if day["email"] >= day["email_capacity"] > 0]
    text = f"The shop's last 90 days favour {best['weekday']} and the evening before; days were weighted accordingly."
    if full:
        text += f" E-mail is full on {', '.join(full)}."
    return entry("day", f"{best['weekday']} is worth most", text)


def _limit_words(brief: CampaignBrief, plan: Allocation) -> list[Entry]:
    entries = []
    for index, name in enumerate(("e-mail", "SMS")):
        dearest = float(plan.price[:, index].max()) if plan.price.size else 0.0
        if dearest >= 0.005:
            entries.append(
                entry(
                    "limit",
                    f"{name[0].upper()}{name[1:]} capacity binds",
                    f"One more {name} on the fullest day would bring about {_cash(dearest)}.",
                )
            )
    if plan.budget_price > 0:
        entries.append(
            entry(
                "limit",
                "The discount budget binds",
                f"One more dollar than {_cash(brief.limits.discount_budget)} would bring about"
                f" {_cash(plan.budget_price)}.",
            )
        )
    return entries


def _rejected_words(summary: dict[str, Any], plan: Allocation, alternatives: Sequence[Alternative]) -> list[Entry]:
    entries = [
        entry(
            "rejected",
            alternative.title,
            f"Worth {_cash(alternative.value)} beside {_cash(plan.value)} of this plan, so it was not taken.",
        )
        for alternative in alternatives
        if alternative.value < plan.value - 0.005
    ]
    left = [row for row in summary["rejected"] if row["reason"] != "better_action_chosen"]
    if left:
        told = ", ".join(f"{row['label'].lower()}: {row['actions']:,}" for row in left)
        entries.append(entry("rejected", "Actions left out", f"{told[0].upper()}{told[1:]}."))
    return entries


def _assumptions(brief: CampaignBrief) -> Entry:
    limits = brief.limits
    return entry(
        "assumption",
        "What this rests on",
        f"{UPLIFT_NOTE} A margin of {limits.margin_pct:g}%; purchases that would have come anyway bring nothing;"
        f" {float(limits.kept_share):.0%} of the value at risk counts as kept when somebody answers (for choosing only,"
        f" it is not in the profit above); the response model may be off by {MODEL_SPREAD:.0%} as a whole.",
    )
