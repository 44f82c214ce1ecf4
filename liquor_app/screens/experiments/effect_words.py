"""What messages changed, in words: for the campaign's page and the learning page. A figure not measured is a dash."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime

from liquor_app.experiments.contrasts import APART, Effect, Span
from liquor_app.experiments.effects import By, EffectRow
from liquor_app.experiments.enough import LEAST_COMPARED, TOO_FEW, few_words, is_enough
from liquor_app.experiments.service import ResultRow
from liquor_app.experiments.statistics import Lift
from liquor_app.ui.words import NONE, figure, percent, plural, show_day, show_money

MISMATCH = "The groups do not have the sizes they were drawn for: do not trust this."
MEASURED = (
    "In the week from each person's own decision on, by intention. Profit is the margin of what was bought where the"
    " catalogue knows it, else the shop's usual, less coupons and sending. Intervals are 95%: one for every"
    " day, and a narrower one of the final read, which takes into account how likely each was to buy anyway. Effects of"
    " an offer are of people as they were when it was tried, due or not."
)


POOLED = (
    " Several campaigns are pooled by random effects. Two or three hardly tell how far campaigns lie apart: that it is"
    f" about {figure(APART * 100)} buyers of a hundred is assumed, and gives way to what they show. "
)


NOBODY = "Nobody by choice whose week has come"
"""Of whom chance alone gave it, too: they are no part of what was chosen."""


@dataclass(frozen=True, slots=True)
class OutcomeLine:
    """One outcome of a campaign: of those written to, of those held out, the difference, and what all together changed,
    by an interval for every day and by the one final read."""

    outcome: str
    written: str
    held_out: str
    changed: str
    total: str
    final: str


@dataclass(frozen=True, slots=True)
class EffectLine:
    """What messages of a kind changed."""

    name: str
    people: str
    bought: str
    revenue: str
    profit: str
    profit_interval: str
    final: str
    verdict: str
    tone: str
    href: str = ""
    """Of the campaign it is of."""


Say = Callable[[float], str]


def _buyers(number: float) -> str:
    return figure(number, 0, sign=True)


def _cash(amount: float) -> str:
    return show_money(amount)


def span_words(span: Span | None, say: Say) -> str:
    """ "+12 (−3 to +27)"; a dash where nothing was measured."""
    return NONE if span is None else f"{say(span.mean)} ({say(span.low)} to {say(span.high)})"


def final_words(row: EffectRow, effect: Effect, say: Say, at: datetime) -> str:
    """Return the one final read, or when it will be; of several campaigns how many of them have been read."""
    if row.is_read:
        if effect.final_total is None and row.few_in_final and row.held_out and row.written:
            return TOO_FEW
        told, is_one = span_words(effect.final_total, say), row.final_on is not None
        if told != NONE and row.final_as_of is not None and is_one:
            told += f", as of {_day_of(row.final_as_of, at)}"
        return told if is_one or told == NONE else f"{told}, from {plural(effect.final_campaigns, 'campaign')}"
    return NONE if row.final_on is None else f"Too early until {show_day(row.final_on, at)}"


def read_words(row: EffectRow, at: datetime) -> str:
    """Tell of what moment the final read is, as a sentence; empty before a night has kept it."""
    if row.final_as_of is None:
        return ""
    if row.final_on is None:
        return f"Final reads are each as of their own day, the latest {_day_of(row.final_as_of, at)}: {NOT_IN_IT}"
    return f"The final read is as of {_day_of(row.final_as_of, at)}: {NOT_IN_IT}"


NOT_IN_IT = "later purchases and refunds are not in it; in what stands beside it they are."


def _day_of(moment: datetime, at: datetime) -> str:
    return show_day(moment, at)


@dataclass(frozen=True, slots=True)
class _Words:
    """How an outcome is said: of one person, as a difference a person, and of all together."""

    name: str
    each: Say
    apart: Say
    total: Say


def outcome_lines(result: ResultRow, at: datetime) -> list[OutcomeLine]:
    """Return a campaign's outcomes, who was written to beside who was held out: buyers, revenue, profit."""
    row, line = result.effect, _line_of(result, at)
    return [
        line(_Words("Buyers", _rate, _points, _buyers), result.bought, row.bought),
        line(_Words("Revenue", *_CASH), result.revenue, row.revenue),
        line(_Words("Profit after discount and sending", *_CASH), result.profit, row.profit),
    ]


def choice_lines(result: ResultRow, at: datetime) -> list[OutcomeLine]:
    """Return the agent's choice beside an action at random and beside business as usual, where there are such arms;
    what was held out of is not in it."""
    row, line, lines = result.effect, _line_of(result, at), []
    for other, what, bought, profit in (
        (result.chance, "chance", row.agent_bought, row.agent_profit),
        (result.usual, "business as usual", row.usual_bought, row.usual_profit),
    ):
        if other is not None:
            lines += [
                line(_Words("Buyers", _rate, _points, _buyers), other.bought, bought, by=what),
                line(_Words("Profit", *_CASH), other.profit, profit, by=what),
            ]
    return lines


def _line_of(result: ResultRow, at: datetime) -> Callable[..., OutcomeLine]:
    row = result.effect

    def line(words: _Words, found: Lift, effect: Effect | None, by: str = "") -> OutcomeLine:
        # the mean of a few is no figure either
        written, held = (
            words.each(arm.mean) if arm.people >= LEAST_COMPARED else NONE for arm in (found.contacted, found.held_out)
        )
        span = None if found.low is None or found.high is None else Span(found.difference, found.low, found.high)
        total = final = NONE
        if effect is not None and (by or result.is_held):
            total, final = span_words(effect.total, words.total), final_words(row, effect, words.total, at)
        beside = f"{held} by {by}" if by else held
        changed = span_words(span, words.apart)
        if not found.is_told and found.held_out.people and found.contacted.people:
            what = f"given it by {by}" if by else "held out"
            changed = few_words(found.contacted.people, found.held_out.people, what=what)
        return OutcomeLine(words.name, written, beside, changed, total, final)

    return line


_CASH = (_cash, _cash, _cash)


def _rate(share: float) -> str:
    return percent(share, 1)


def _points(share: float) -> str:
    """A difference of shares, as buyers of a hundred."""
    return f"{figure(share * 100, 1, sign=True)} of 100"


def _verdict(row: EffectRow, profit: Effect, *, is_compared: bool = False) -> tuple[str, str]:
    """Return a verdict and its tone: by the one final read once a campaign has it, until then by the interval for every
    day. `is_compared` where both groups have people: then what is missing are buyers."""
    if row.is_mismatch:
        return "Split is off", "red"
    is_over = row.is_read and row.final_on is not None
    is_final = is_over and profit.final_total is not None
    read = profit.final_total if is_final else profit.total
    if read is None and is_compared and (row.few_in_final if is_over else row.is_too_few):
        return few_words(row.written, row.held_out) or TOO_FEW, "gray"
    if read is None:
        nobody = "Nobody bought" if is_over else "Nobody bought yet"
        return (nobody if is_compared else "Nothing to compare"), "gray"
    if read.low > 0:
        return "It pays", "green"
    if read.high < 0:
        return "It costs", "red"
    return ("Cannot be told", "gray") if is_final else ("Not sure yet", "amber")


def beside_lines(row: EffectRow, at: datetime) -> list[EffectLine]:
    """Return the agent's choice beside an action at random and beside business as usual, where there are such arms."""
    lines = []
    for what, bought, profit in (
        ("chance", row.agent_bought, row.agent_profit), ("business as usual", row.usual_bought, row.usual_profit)
    ):  # fmt: skip
        if bought is not None and profit is not None:
            verdict, tone = _verdict(row, profit)
            if profit.total is None and what == "chance" and row.random is not None and row.random.people:
                verdict = few_words(row.random.agent, row.random.people, what="by chance") or verdict
            lines.append(
                EffectLine(
                    f"Agent's choice beside {what}",
                    f"{figure(row.random.agent)} and {figure(row.random.people)} by chance"
                    if row.random is not None and what == "chance"
                    else NONE,
                    span_words(bought.total, _buyers),
                    NONE,
                    *_profit_words(profit),
                    final_words(row, profit, _cash, at),
                    verdict,
                    tone,
                )
            )
    return lines


def _profit_words(profit: Effect) -> tuple[str, str]:
    if profit.total is None:
        return NONE, NONE
    return _cash(profit.total.mean), f"{_cash(profit.total.low)} to {_cash(profit.total.high)}"


def _people(row: EffectRow, *, is_one: bool) -> str:
    """Return what a row rests on: people written to and held out, in how many campaigns, how many are left out."""
    told = f"{figure(row.written)} and {figure(row.held_out)}" if row.written or row.held_out else NOBODY
    if not is_one and row.campaigns:
        told += f" in {plural(row.campaigns, 'campaign')}"
    if not is_one and row.without:
        told += f", {plural(row.without, 'campaign')} {'more ' * bool(row.campaigns)}with nobody to compare"
    if not row.left_out:
        return told
    left_out = f"{plural(row.left_out, 'campaign')} left out, not split as drawn"
    return f"{told}, {left_out}" if row.campaigns or row.without else left_out


def random_words(row: EffectRow | None) -> str:
    """Tell how many got an action at random instead of the agent's choice, and what that cost."""
    if row is None:
        return ""
    if row.random is None or not row.random.people:
        return "No campaign summed up here gave anybody an action at random."
    who = f"{plural(row.random.people, 'person', 'people')} got an action at random, {figure(row.random.agent)} the"
    if not is_enough(row.random.agent, row.random.people):
        return f"{who} agent's choice beside them: too few to say what chance changed of the profit."
    if row.random.cost is None:
        return f"{who} agent's choice beside them. What chance changed of the profit is not measured yet."
    cost = row.random.cost
    changed = span_words(Span(-cost.mean, -cost.high, -cost.low), _cash)
    return f"{who} agent's choice beside them. Chance changed the profit by {changed}: 95% interval, for every day."


def effect_line(row: EffectRow, at: datetime, by: By = By.ALL) -> EffectLine:
    """Return what messages of a kind changed, of everybody written to."""
    is_one = row.final_on is not None
    profit = row.profit
    final = final_words(row, profit, _cash, at)
    is_compared = min(row.written, row.held_out) > 1
    verdict, tone = _verdict(row, profit, is_compared=is_compared)
    return EffectLine(
        row.name,
        _people(row, is_one=is_one),
        span_words(row.bought.total, _buyers),
        span_words(row.revenue.total, _cash),
        *_profit_words(profit),
        final,
        verdict,
        tone,
        f"/campaigns/{row.key}" if by is By.CAMPAIGN else "",
    )
