"""Why the plan is as it is, in words that stay with it. Pure.

Each entry is `{"kind", "title", "text"}`; kinds: brief, engine, theme, choice, day, limit, rejected, holdout,
assumption.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from liquor_app.actions.offering.due_days import DAILY, EARLY
from liquor_app.campaigns.brief import CampaignBrief
from liquor_app.experiments.enough import LEAST_COMPARED
from liquor_app.planning.ai.response_schema import Proposal
from liquor_app.planning.optimizer.problem import Allocation
from liquor_app.planning.plan_summary import LEARNED, takers_of
from liquor_app.planning.reasoning.plan_worth import beside_words, binding_words, doubt_of, gap_words
from liquor_app.planning.simulation import MODEL_SPREAD
from liquor_app.ui.chances import within_words
from liquor_app.ui.words import figure, listed, percent, plain_number, plural, show_money, show_weekday

Entry = dict[str, str]
SHOWN_SEGMENTS = 5
"""Named one by one; those after them are counted together, so that the figures add up to the plan's."""


@dataclass(frozen=True, slots=True)
class Alternative:
    """Another way to plan the same week, tried and not taken; `value` in the plan's own terms."""

    title: str
    value: float


def engine_note(requested: str, has_key: bool) -> Entry | None:
    """Tell why another engine answers than was asked for; None if the one asked for does."""
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
    """Return the whole reasoning, in reading order."""
    totals, simulated = summary["totals"], summary["simulation"]
    entries = [_brief(brief, totals)]
    if note is not None:
        entries.append(note)
    if not totals["sends"]:
        entries.append(entry("choice", "Nobody is contacted", _why_nobody(summary)))
        return entries + _silence_words(summary) + _rule_words(summary)
    profit = simulated["incremental_profit"]
    entries.append(
        entry(
            "choice",
            f"{figure(totals['sends'])} messages to {figure(totals['reach'])} people",
            f"Expected incremental profit {show_money(profit['mean'])}, between {show_money(profit['low'])} and"
            f" {show_money(profit['high'])} ({basis_words(simulated['uplift'])}), after"
            f" {show_money(simulated['discount']['mean'])} of discounts"
            f" and {show_money(simulated['cost'])} of sending. {gap_words(plan, brief.limits, summary)}".rstrip(),
        )
    )
    entries += _silence_words(summary)
    if (doubt := doubt_of(summary)) is not None:
        entries.append(entry("limit", doubt.title, doubt.words))
    entries += _segment_words(summary)
    if (day := _day_words(summary)) is not None:
        entries.append(day)
    entries += [entry("limit", title, words) for title, words in binding_words(plan, brief.limits, summary)]
    entries += _rejected_words(brief, summary, plan, alternatives)
    if totals["held_out"]:
        entries.append(
            entry(
                "holdout",
                f"{figure(totals['held_out'])} people held out",
                f"Drawn at random ({plain_number(float(brief.holdout_pct))}%) of whom the plan chose, after it was"
                " made: they are the same kind of people, so the result can be measured instead of guessed."
                f"{power_words(summary.get('power'))}",
            )
        )
    if arms := summary.get("arms", {}).get("random"):
        entries.append(
            entry(
                "holdout",
                f"{figure(arms)} people get an action at random",
                "Drawn from everything guidance, budget and law allow for them, to judge the agent's choosing by and to"
                f" learn what it would never try. Expected to cost {show_money(summary['arms']['random_cost'])}."
                f"{_bounds(summary['arms'])}",
            )
        )
    if usual := summary.get("arms", {}).get("usual"):
        entries.append(
            entry(
                "holdout",
                f"{figure(usual)} people get business as usual",
                "The first offer of their first playbook, by its first channel, as the shop would send it without"
                " choosing: the agent is judged by them. Expected to cost"
                f" {show_money(summary['arms']['usual_cost'])}.",
            )
        )
    if tested := summary.get("ab_test"):
        entries.append(_tested_words(tested))
    if drawn := summary.get("drawn"):
        entries.append(
            entry(
                "assumption",
                "What messages change was drawn",
                f"{'To learn' if brief.limits.explore else 'On autopilot'}, each customer's actions are valued by one"
                f" of {figure(drawn['repeats'])} draws from what"
                " is believed, so that what is not known is tried as often as it may be worth it. The figures here are"
                " what is believed. How likely each choice was is kept with the action.",
            )
        )
    entries += _rule_words(summary)
    entries.append(_assumptions(brief, summary))
    return entries


def _bounds(arms: Mapping[str, Any]) -> str:
    """Tell what chance did not draw from, as sentences that follow another."""
    told = ""
    if bounded := arms.get("bounded"):
        told += (
            f" {plural(bounded, 'person', 'people')} could get more than leaves each action one chance in a hundred:"
            " from which of it is drawn, too, and the rest is left out."
        )
    if arms.get("money_off") is False:
        told += " The budget is nearly spent, so nothing with money off was drawn at random."
    return told


def silence_words(silent: Mapping[str, Any]) -> str:
    """Tell why a plan keeps silent, and what it would take to find out whether it should."""
    who = f"{plural(silent['people'], 'person', 'people')} of the audience"
    if silent.get("is_tried"):
        return (
            f"Learning was tried: what messages may change was drawn for {who}, and in nearly nobody's draw is one"
            " worth its cost. Planning to learn again draws from the same beliefs; another offer, or"
            " lower costs, may pay."
        )
    rest = (
        f"the {plural(silent['planned'], 'person', 'people')} it chose are too few for anything to be left to chance"
        if silent["planned"]
        else "whoever is not written to teaches nothing"
    )
    return (
        f"For {who} no message is believed to be worth its cost, and {rest}: by itself that belief will hardly change,"
        " though it may rest on one bad week. “Plan to learn” draws what messages may change from what is believed, as"
        " often as it may be worth it, and writes to those in whose draw it is; what that is expected to cost is told"
        " before you approve."
    )


def _silence_words(summary: Mapping[str, Any]) -> list[Entry]:
    silent = summary.get("silent")
    return [entry("limit", "Little or nothing is learned from this plan", silence_words(silent))] if silent else []


def _rule_words(summary: Mapping[str, Any]) -> list[Entry]:
    """Tell what marketers pinned and forbade of the campaign's segments: neither was left to the agent or to chance."""
    if not (rules := summary.get("cell_rules")):
        return []
    told = " ".join(f"{rule['words']}." for rule in rules)
    return [entry("limit", f"{plural(len(rules), 'kind')} of messages decided by a marketer", told)]


def power_words(power: Mapping[str, Any] | None) -> str:
    """Tell what a holdout of this size can show, as a sentence that follows another; empty where nothing is known."""
    if power and (few := power.get("too_few")):
        return f" {few} what the messages change: at least {LEAST_COMPARED} are needed in either group."
    if not power or power["detectable"] is None:
        return ""
    wanted = figure(power["wanted"] * 100, 0)
    takes = takes_words(power)
    more = f"to see {wanted} {'takes ' if power['share'] is None else ''}{takes or 'more people'}"
    return (
        f" One read at the end, person by person, would show an effect of {figure(power['detectable'] * 100, 1)} buyers"
        f" in a hundred people or more four times in five; {more}."
    )


def takes_words(power: Mapping[str, Any]) -> str:
    """Tell what it takes to see the wanted effect: a share to hold out, else how many people and for how long such
    campaigns; empty of plans made before the number was kept."""
    if power["share"] is not None:
        return f"hold out {percent(power['share'])}"
    if not power.get("needed"):
        return ""
    campaigns = math.ceil(power["needed"] / power["people"])
    return f"{figure(power['needed'])} people, {plural(campaigns, 'such campaign')} together"


def basis_words(uplift: Mapping[str, Any]) -> str:
    """Tell in a bracket where what messages change was taken from."""
    if uplift.get("basis") != LEARNED:
        return "uplift assumed, not measured"
    return f"uplift learned from {figure(uplift['people'])} messages"


def entry(kind: str, title: str, text: str) -> Entry:
    """Return one thing to know about a plan."""
    return {"kind": kind, "title": title, "text": text}


def proposal_words(proposal: Proposal, before: dict[str, Any], after: dict[str, Any]) -> list[Entry]:
    """Tell what the AI planner said of its proposal, and what it is expected to bring beside the optimiser's plan."""
    entries = [entry("theme", title, why or "A theme of this plan.") for title, why in proposal.themes]
    entries += [entry("choice", about, why) for about, why in proposal.chosen_because]
    entries += [entry("rejected", about, why) for about, why in proposal.rejected]
    mine, other = (found["simulation"]["incremental_profit"] for found in (after, before))
    entries.append(
        entry(
            "choice",
            "Beside the optimiser's plan",
            f"Expected incremental profit, {basis_words(after['simulation']['uplift'])},"
            f" {show_money(mine['mean'])} beside"
            f" {show_money(other['mean'])}, with {figure(after['totals']['sends'])} messages beside"
            f" {figure(before['totals']['sends'])}.",
        )
    )
    return entries


def _brief(brief: CampaignBrief, totals: dict[str, Any]) -> Entry:
    asked = f" You asked: “{brief.llm_prompt.strip()[:300]}”" if brief.llm_prompt and brief.llm_prompt.strip() else ""
    count = len(brief.target_segments)
    return entry(
        "brief",
        brief.name,
        f"{_day(brief.days[0])} to {_day(brief.days[-1])}, {count} segment{'s' if count != 1 else ''},"
        f" {figure(totals['audience'])} people in the audience.{asked}",
    )


def _day(day: Any) -> str:
    return show_weekday(day)


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
    share = "; ".join(f"{row['name']} {figure(row['sends'])}" for row in used[:SHOWN_SEGMENTS])
    if rest := used[SHOWN_SEGMENTS:]:
        others = f"{len(rest)} other segment{'s' * (len(rest) > 1)}"
        share += f"; {others} {figure(sum(row['sends'] for row in rest))}"
    return [
        entry(
            "choice",
            f"Most is expected from {best['name']}"
            if float(best["expected_profit"]) > 0
            else f"No segment is expected to bring more than {best['name']}",
            f"{show_money(best['expected_profit'])} from {figure(best['sends'])} messages. All: {share}.",
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


def _rejected_words(
    brief: CampaignBrief, summary: dict[str, Any], plan: Allocation, alternatives: Sequence[Alternative]
) -> list[Entry]:
    entries = [
        entry("rejected", alternative.title, beside_words(plan, alternative.value, brief.limits, summary))
        for alternative in alternatives
        if alternative.value < plan.value - 0.005
    ]
    left = [row for row in summary["rejected"] if row["reason"] != "better_action_chosen"]
    if left:
        told = ", ".join(f"{row['label'].lower()}: {figure(row['actions'])}" for row in left)
        entries.append(entry("rejected", "Actions left out", f"{told[0].upper()}{told[1:]}."))
    return entries


def _level(summary: Mapping[str, Any]) -> str:
    """Tell within what the share of answers may lie, by how far apart the levels of earlier campaigns were."""
    level, sends = summary.get("response_level"), summary["totals"]["sends"]
    if level is None or not sends:
        return f"the response model may be off by {percent(MODEL_SPREAD)} as a whole."
    said = float(takers_of(summary["simulation"])["mean"]) / sends
    campaigns = plural(int(level["campaigns"]), "earlier campaign")
    return (
        f"{percent(said)} of the messages' offers are expected to be acted on {within_words(level.get('days'))}, by"
        " people too who would have bought anyway; by how far off"
        f" {campaigns} were as a whole, it may be {percent(level['low'])} to {percent(level['high'])} (95% interval)."
    )


def _assumptions(brief: CampaignBrief, summary: Mapping[str, Any]) -> Entry:
    limits = brief.limits
    return entry(
        "assumption",
        "What this rests on",
        f"{summary['simulation']['uplift']['note']}"
        f" A margin of {plain_number(limits.margin_pct)}%; purchases that would have come anyway"
        " bring nothing;"
        f" {percent(float(limits.kept_share))} of the value at risk counts as kept with each buyer brought about"
        " (for choosing only,"
        f" it is not in the profit above); {_level(summary)}"
        " Whoever is due within the plan is written to from that day on where there is room (a message before it counts"
        f" {percent(1 - EARLY)} less), whoever is overdue early (each day's wait counts {percent(DAILY)}).",
    )


def _tested_words(tested: Mapping[str, Any]) -> Entry:
    """Tell what the test of offers or channels has drawn (`AbDraw.told`)."""
    if tested["why"]:
        return entry("holdout", f"The A/B test “{tested['name']}” has nobody in it", tested["why"])
    people = listed([f"{key} {figure(count)}" for key, count in sorted(tested["people"].items())])
    return entry(
        "holdout",
        f"A/B test “{tested['name']}”: {people}",
        "Drawn among those the agent writes to once who could get every variant. What it drew stands in this plan with"
        " its cost; it is compared to the end, and the agent's own choosing is not judged by this campaign.",
    )
