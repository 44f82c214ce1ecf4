"""A campaign and its plan as the page says them: pure words from the services' rows."""

from __future__ import annotations

import math
from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from types import MappingProxyType
from typing import Any

from liquor_app.actions.offering.belief_basis import Basis, basis_in_words, basis_of
from liquor_app.analytics.measured import counts_of_campaign
from liquor_app.analytics.metrics import MEASURED, METRICS, rows_page
from liquor_app.campaigns.models import CampaignStatus
from liquor_app.campaigns.service import CampaignRow
from liquor_app.experiments.learning import LEVEL_80
from liquor_app.planning.plan_summary import NEW_BUYERS, TAKERS, takers_of
from liquor_app.planning.reasoning.plan_reasoning import basis_words, takes_words
from liquor_app.planning.service import PlanRow
from liquor_app.screens.analytics.view import meaning, show_rate
from liquor_app.screens.campaigns.words import Measured, bought_words, days_words, progress_words, revenue_words
from liquor_app.ui.charts.bars import Step
from liquor_app.ui.charts.interval import Marks, interval_marks
from liquor_app.ui.charts.week import Day
from liquor_app.ui.words import NONE, figure, percent, plural, show_moment, show_money, spoken

LEDGER_WORDS = {
    "pending": "Waiting for their send window",
    "claimed": "Being prepared",
    "sending": "On the wire",
    "sent": "Accepted by the provider",
    "delivered": "Confirmed by the provider",
    "bounced": "Came back; now suppressed",
    "complained": "Reported as spam; now suppressed",
    "skipped": "Refused again at the moment of sending",
    "failed": "Refused by the provider for good",
    "cancelled": "Stopped by a person",
    "unknown": "The request left and no answer came",
}


@dataclass(frozen=True, slots=True)
class Head:
    """What a campaign is and what can be done with it now."""

    id: str = ""
    name: str = ""
    status: str = ""
    words: str = ""
    description: str = ""
    percent: float = 0.0
    percent_words: str = ""
    done: str = ""
    line: str = ""
    clock: str = ""
    revenue: str = ""
    bought: str = ""
    bought_rows: str = ""
    """The messages that `bought` and `revenue` count; empty where nothing was measured."""
    held_out: str = ""
    unknown: str = ""
    playing: bool = False
    reviewing: bool = False
    history: bool = False
    autopilot: bool = False
    has_plan: bool = False
    under_way: bool = False


@dataclass(frozen=True, slots=True)
class Fact:
    label: str
    value: str


@dataclass(frozen=True, slots=True)
class BeliefLine:
    """What is believed of messages of one kind in a plan, and what that rests on."""

    segment: str
    offer: str
    channel: str
    messages: str
    believed: str
    within: str
    """The 80 % interval of one such message; empty in plans made before it was kept."""
    basis: str
    is_learned: bool


@dataclass(frozen=True, slots=True)
class PlanView:
    """A plan's figures, ready to draw; an empty id while there is none."""

    id: str = ""
    version: str = ""
    sends: str = ""
    profit: str = ""
    low: str = ""
    high: str = ""
    sentence: str = ""
    uplift: str = ""
    basis: str = ""
    marks: Marks = field(default_factory=lambda: interval_marks(0, 0, 0))
    days: list[Day] = field(default_factory=list)
    facts: list[Fact] = field(default_factory=list)
    limits: list[Fact] = field(default_factory=list)
    blocked: str = ""
    blocks: list[Fact] = field(default_factory=list)
    foreseen: str = ""
    obstacles: list[Fact] = field(default_factory=list)
    tired: list[Fact] = field(default_factory=list)
    beliefs: list[BeliefLine] = field(default_factory=list)
    beliefs_words: str = ""


@dataclass(frozen=True, slots=True)
class LedgerLine:
    status: str
    words: str
    messages: str
    share: str
    href: str


def head_of(row: CampaignRow, at: datetime, measured: Measured = MappingProxyType({})) -> Head:
    done = row.completed_sends + row.failed_sends + row.skipped_sends
    under_way = row.status in {CampaignStatus.ACTIVE, CampaignStatus.PAUSED, CampaignStatus.COMPLETED}
    bought, _ = bought_words(row, measured)
    return Head(
        id=str(row.id),
        name=row.name,
        status=row.status.value,
        words=f"{days_words(row)}. {row.description or ''}".strip(),
        description=row.description or "",
        percent=round(row.progress * 100, 1),
        # 730 of 733 is not all
        percent_words=f"{math.floor(row.progress * 100)}%",
        # of what is not in the ledger yet there is no part
        done=f"{figure(done)} of {figure(row.total_sends)}" if row.total_sends else _no_messages(row),
        line=progress_words(row, at, measured),
        clock=show_moment(row.virtual_now, at) if row.virtual_now else "",
        revenue=revenue_words(row, measured),
        bought=bought,
        bought_rows="" if bought == NONE else rows_page("conversions", campaign_id=str(row.id)),
        held_out=figure(row.held_out),
        unknown=figure(row.unknown_sends) if row.unknown_sends else "",
        playing=row.is_playing,
        reviewing=row.status in {CampaignStatus.DRAFT, CampaignStatus.AWAITING_APPROVAL, CampaignStatus.SCHEDULED},
        history=row.is_history,
        autopilot=row.is_autopilot,
        has_plan=row.plan_id is not None,
        under_way=under_way or row.status is CampaignStatus.CANCELLED,
    )


def _no_messages(row: CampaignRow) -> str:
    is_running = row.status in {CampaignStatus.ACTIVE, CampaignStatus.PAUSED}
    return "Messages are being prepared" if is_running else "No messages"


FUNNEL = {
    "sends": "", "delivered": "delivery_rate", "opens": "open_rate", "clicks": "click_rate", "redeemed": "",
    "conversions": "conversion_rate",
}  # fmt: skip
"""Steps below the plan: the metric, and its rate."""


def funnel_steps(row: CampaignRow, measured: Measured = MappingProxyType({})) -> list[Step]:
    """Return what became of a campaign's messages, from the plan to the orders attributed to them; nothing before
    there are any. A step nobody told of is not measured: it is no nought."""
    if not row.total_sends:
        return []
    counts = counts_of_campaign(row, measured)
    held = f"besides {figure(row.held_out)} held out" if row.held_out else "in the plan"
    steps = [
        Step(
            "Planned", figure(row.total_sends), held, 100.0, meaning="Messages of the plan in force.",
            href=f"/messages?campaign_id={row.id}",
        )
    ]  # fmt: skip
    for metric, of_sent in FUNNEL.items():
        if metric == "redeemed" and not row.redeemed:
            continue  # no step of campaigns without codes
        found = METRICS[metric].of(counts)
        share = 100.0 if found is None else min(round(100 * float(found) / row.total_sends, 1), 100.0)
        detail = f"{show_rate(of_sent, **counts)} of {_below(metric, counts)}" if of_sent else percent(share / 100, 1)
        label = METRICS[metric].label
        if found is None:
            steps.append(Step(label, NONE, "not measured", share, is_measured=False, meaning=meaning(metric)))
        else:
            rows = _sent_rows(row) if metric == "sends" else rows_page(metric, campaign_id=str(row.id))
            steps.append(Step(label, figure(found), detail, share, meaning=meaning(metric), href=rows))
    return steps


def _below(metric: str, counts: Mapping[str, int]) -> str:
    """Return what a rate of the funnel is of, in words: of several channels, those it was measured of."""
    of = counts.get(MEASURED[metric], counts["sends"])
    return "sent" if of == counts["sends"] else f"{figure(of)} it is told of"


def _sent_rows(row: CampaignRow) -> str:
    """The campaign's own count of what was sent goes by status, so that a played week's counts, too."""
    return f"/messages?status=sent,delivered,bounced,complained&campaign_id={row.id}"


def _fill(count: int, capacity: int) -> float:
    return round(100 * count / capacity, 1) if capacity else 0.0


def _days(rows: Sequence[Mapping[str, Any]]) -> list[Day]:
    return [
        Day(
            str(row["date"]),
            str(row["weekday"]),
            str(date.fromisoformat(str(row["date"])).day),
            figure(row["email"]),
            _fill(row["email"], row["email_capacity"]),
            figure(row["sms"]),
            _fill(row["sms"], row["sms_capacity"]),
        )
        for row in rows
    ]


SHOWN_WHOLE = 20


def _span(found: Mapping[str, Any]) -> str:
    return f"{figure(found['mean'])} ({figure(found['low'])} to {figure(found['high'])})"


def _cash(found: Mapping[str, Any]) -> str:
    """Return an estimate with its interval; cents only where dollars would be too coarse."""
    if abs(float(found["mean"])) >= SHOWN_WHOLE:
        mean, low, high = (show_money(found[name], cents=False) for name in ("mean", "low", "high"))
        return f"{mean} ({low} to {high})"
    return f"{show_money(found['mean'])} ({show_money(found['low'])} to {show_money(found['high'])})"


def plan_view(plan: PlanRow | None) -> PlanView:
    """Return a plan's summary (see `planning.plan_summary.figures`) in words."""
    if plan is None:
        return PlanView()
    summary, limits = plan.summary, plan.constraints
    totals, simulated = summary["totals"], summary["simulation"]
    profit = simulated["incremental_profit"]
    mean, low_mark, high_mark = (float(profit[name]) for name in ("mean", "low", "high"))
    uplift = simulated["uplift"]
    blocks = not_written_to(summary)
    return PlanView(
        id=str(plan.id),
        version=f"Plan {plan.version}",
        sends=figure(totals["sends"]),
        profit=show_money(profit["mean"]),
        low=show_money(profit["low"]),
        high=show_money(profit["high"]),
        sentence=f"Expected incremental profit {_cash(profit)}, 80% interval; {basis_words(uplift)}",
        uplift=uplift["note"],
        basis=basis_words(uplift),
        marks=interval_marks(min(low_mark, mean), mean, max(high_mark, mean)),
        days=_days(summary["days"]),
        facts=[
            Fact("Reach", f"{figure(totals['reach'])} of {figure(totals['audience'])}"),
            Fact("Held out", figure(totals["held_out"])),
            *_at_random(summary.get("arms", {})),
            *_power(summary.get("power") or {}),
            Fact(TAKERS, _span(takers_of(simulated))),
            Fact(NEW_BUYERS, _span(simulated["new_buyers"])),
            Fact("Incremental revenue", _cash(simulated["incremental_revenue"])),
            Fact("Discount given", _cash(simulated["discount"])),
            Fact("Revenue with the offer", _cash(simulated["revenue"])),
            Fact("Sending cost", show_money(simulated["cost"])),
            *_costs(simulated.get("cost_by_channel", {})),
        ],
        limits=[
            Fact(label, f"{limits[name]}{unit}")
            for name, label, unit in (
                ("email_capacity_per_day", "E-mails a day", ""),
                ("sms_capacity_per_day", "SMS a day", ""),
                ("max_contacts_7_days", "A person in 7 days", ""),
                ("max_contacts_30_days", "A person in 30 days", ""),
                ("margin_floor_pct", "Margin floor", "%"),
            )
            if name in limits
        ]
        + ([Fact("Discount budget", show_money(limits["discount_budget"]))] if "discount_budget" in limits else []),
        blocked=f"{figure(sum(people for _, people in blocks))} of {figure(totals['audience'])}",
        blocks=[Fact(label, figure(people)) for label, people in blocks],
        **_foreseen(summary),
        **_beliefs(summary.get("cells", ())),
    )


def not_written_to(summary: Mapping[str, Any]) -> list[tuple[str, int]]:
    """Return who of the audience gets nothing, held out apart, by the one reason each has; most people first."""
    people: Counter[str] = Counter()
    for part in ("blocks", "left_out"):  # plans made before `left_out` was kept have none
        for one in summary.get(part, ()):
            people[one["label"]] += one["customers"]
    return [(label, count) for label, count in people.most_common() if count]


def _beliefs(cells: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    """Tell of each segment, offer and channel, over the week's days, what its messages are believed to change, most
    messages first; plans made before cells kept it have none."""
    kinds: dict[tuple[str, ...], list[Mapping[str, Any]]] = defaultdict(list)
    for cell in cells:
        if "learned_from" in cell:
            kinds[cell["segment_name"], cell["offer"], str(cell["discount_pct"]), cell["channel"]].append(cell)
    counts = {kind: sum(cell["sends"] for cell in them) for kind, them in kinds.items()}
    rests = {kind: (_mean_uplift(them, counts[kind]), them[0]["learned_from"]) for kind, them in kinds.items()}
    known = {kind for kind, found in rests.items() if basis_of(*found) is Basis.LEARNED}
    unknown = sum(count for kind, count in counts.items() if kind not in known)
    lines = [
        BeliefLine(
            segment=kind[0],
            offer=kind[1] if kind[2] in ("", "0") else f"{kind[1]}, {kind[2]}% off",
            channel={"email": "E-mail", "sms": "SMS"}.get(kind[3], kind[3]),
            messages=figure(counts[kind]),
            believed=figure(100 * rests[kind][0], 1, sign=True),
            within=_within(them, counts[kind]),
            basis=spoken(basis_in_words(*rests[kind])),
            is_learned=kind in known,
        )
        for kind, them in sorted(kinds.items(), key=lambda one: (-counts[one[0]], one[0]))
    ]
    total = plural(sum(counts.values()), "message")
    words = f"{figure(unknown)} of {total} of kinds not learned of yet" if lines else ""
    return {"beliefs": lines, "beliefs_words": words}


def _mean_uplift(cells: Sequence[Mapping[str, Any]], sends: int) -> float:
    return float(sum(cell["uplift"] * cell["sends"] for cell in cells)) / sends


def _within(cells: Sequence[Mapping[str, Any]], sends: int) -> str:
    if "uplift_sd" not in cells[0]:
        return ""
    mean, wide = _mean_uplift(cells, sends), LEVEL_80 * float(cells[0]["uplift_sd"])
    return f"{figure(100 * (mean - wide), 1, sign=True)} to {figure(100 * (mean + wide), 1, sign=True)}"


def _power(power: Mapping[str, Any]) -> list[Fact]:
    """Tell the smallest effect the holdout would show, and what it takes to see two buyers in a hundred."""
    if few := power.get("too_few"):
        return [Fact("Smallest effect seen", few)]
    if power.get("detectable") is None:
        return []
    facts = [Fact("Smallest effect seen", f"{figure(power['detectable'] * 100, 1)} buyers of 100 people")]
    if needed := takes_words(power):
        facts.append(Fact(f"To see {figure(power['wanted'] * 100, 0)} of 100", needed))
    return facts


def _at_random(arms: Mapping[str, Any]) -> list[Fact]:
    """Tell of whom chance decides that they get something else, and what that is expected to cost."""
    return [
        Fact(label, f"{figure(arms[arm])}, expected to cost {show_money(arms[f'{arm}_cost'])}")
        for arm, label in (("random", "Given at random"), ("usual", "Given business as usual"))
        if arms.get(arm)
    ]


def _costs(by_channel: Mapping[str, Any]) -> list[Fact]:
    names = {"email": "Of it e-mail", "sms": "Of it SMS"}
    return [Fact(name, show_money(by_channel[key])) for key, name in names.items() if float(by_channel.get(key, 0))]


def _foreseen(summary: Mapping[str, Any]) -> dict[str, Any]:
    """Tell what will stand against messages at their own moments, and how tired people will be; plans made before these
    were worked out have neither."""
    seen, tired = summary.get("foreseen"), summary.get("fatigue")
    if not seen or not tired:
        return {}
    sampled = f" (asked about {figure(seen['looked_at'])} of them)" if seen["looked_at"] < seen["messages"] else ""
    return {
        "foreseen": f"{figure(seen['blocked'])} of {figure(seen['messages'])} messages{sampled}",
        "obstacles": [
            *(Fact(reason["label"], figure(reason["messages"])) for reason in seen["reasons"]),
            Fact("Wait for a lawful hour", figure(seen["later"])),
        ],
        "tired": [
            Fact("Messages a person in 7 days", figure(tired["mean_7_days"], 2)),
            Fact("People at the 7-day cap", figure(tired["at_cap_7_days"])),
            Fact("People at the 30-day cap", figure(tired["at_cap_30_days"])),
        ],
    }


def ledger_lines(rows: Sequence[Any], campaign_id: object) -> list[LedgerLine]:
    """Return the ledger by status, with each status' share."""
    total = sum(row.messages for row in rows) or 1
    return [
        LedgerLine(
            row.status,
            LEDGER_WORDS.get(row.status, ""),
            figure(row.messages),
            percent(row.messages / total, 1),
            f"/messages?status={row.status}&campaign_id={campaign_id}",
        )
        for row in rows
    ]
