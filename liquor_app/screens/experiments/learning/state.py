"""The learning page: what the agent believes messages change, how sure it is, what it will try and why."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime

import reflex as rx

from liquor_app.accounts.permission_table import Permission, needs
from liquor_app.accounts.permissions import may
from liquor_app.actions.offering.belief_basis import MOVED, Basis, basis_in_words
from liquor_app.core.db import transaction
from liquor_app.experiments.learning import CellRow, LearningRow, Trial, read_learning, request_learning
from liquor_app.experiments.off_policy import MOST_LOST, Estimate, NothingLeftToChance, OffPolicy
from liquor_app.experiments.played_week import PlayedCampaign, PlayedWeeks, Won, list_played
from liquor_app.experiments.policy_question import Answer, Policy, ask_policy
from liquor_app.organization.models import Channel
from liquor_app.organization.settings import shop_now
from liquor_app.screens.experiments.played.played_state import won_words
from liquor_app.screens.session.state import guarded, signed_in
from liquor_app.ui.words import NONE, figure, percent, plural, show_day, show_money, spoken


@dataclass(frozen=True, slots=True)
class CellLine:
    """One kind of message, in words: buyers won of a hundred people written to."""

    segment: str
    offer: str
    channel: str
    mean: str
    interval: str
    learned: str
    tone: str
    change: str


@dataclass(frozen=True, slots=True)
class TrialLine:
    segment: str
    most: str
    wins: str
    doubt: str


@dataclass(frozen=True, slots=True)
class PlayedLine:
    """A campaign whose week was played: simulated, so nothing was learned from it."""

    name: str
    href: str
    written: str
    held_out: str
    buyers: str
    won: str
    profit: str


def played_lines(row: PlayedWeeks) -> list[PlayedLine]:
    """Return weeks, and below more than one of them all together: the sums of what stands above."""

    def line(name: str, href: str, one: PlayedCampaign | PlayedWeeks, won: Won, profit: Won) -> PlayedLine:
        return PlayedLine(
            name, href, figure(one.written), figure(one.held_out), figure(one.buyers), won_words(won, _buyers_won),
            won_words(profit, _signed_money),
        )  # fmt: skip

    lines = [line(one.name, f"/campaigns/{one.id}", one, Won.of(one.bought), Won.of(one.profit)) for one in row.weeks]
    if len(lines) > 1:
        lines.append(line(f"All {figure(len(lines))} together", "", row, row.won, row.profit))
    return lines


def _buyers_won(number: float) -> str:
    return figure(number, 1, sign=True)


def _signed_money(amount: float) -> str:
    return f"{'+' if amount >= 0 else '−'}{show_money(abs(amount), cents=True)}"


@dataclass(frozen=True, slots=True)
class PolicyLine:
    """Another policy over the last quarter, in words: buyers of a hundred decisions, doubly robust, 95 %."""

    policy: str
    bought: str
    interval: str
    rests_on: str
    others: str = ""
    """The same by the other two estimators: where they lie far from it, it rests on a model."""


def _share_of(estimate: Estimate) -> tuple[str, str]:
    """Return buyers of a hundred, and their interval."""
    mean, low, high = (figure(share * 100, 1) for share in (estimate.mean, estimate.low, estimate.high))
    return mean, f"{low} to {high}"


def _of_whom(found: OffPolicy) -> str:
    return f"{plural(found.decisions, 'decision')} about {plural(found.people, 'person', 'people')}"


def policy_line(answer: Answer) -> PolicyLine:
    found = answer.estimate
    rests = f"as good as {plural(round(found.effective), 'person', 'people')}"
    if found.left_out:
        rests += f", {plural(found.left_out, 'decision')} of too small a chance left out"
    if answer.policy is Policy.BELIEVED:
        rests += ", each half of the people by what the other half taught"
    if found.lost > MOST_LOST:
        rests += f", {percent(found.lost, 0)} of what it would do could not have been drawn"
    return PolicyLine(
        answer.policy.label,
        *_share_of(found.doubly_robust),
        rests if found.is_reliable else f"{rests}: not to be relied on",
        "; ".join(
            f"{name} {mean} ({span})"
            for name, (mean, span) in (("IPS", _share_of(found.ips)), ("SNIPS", _share_of(found.snips)))
        ),
    )


@dataclass(frozen=True, slots=True)
class Summary:
    """What is believed of messages as a whole."""

    mean: str = ""
    interval: str = ""
    from_people: str = ""
    since: str = ""
    meaning: str = ""
    trials: list[TrialLine] = field(default_factory=list)


def _of_hundred(share: float) -> str:
    return figure(share * 100, 1, sign=True)


def _interval(row: CellRow) -> str:
    return f"{_of_hundred(row.low)} to {_of_hundred(row.high)}"


def line_of(row: CellRow, names: dict[str, str]) -> CellLine:
    cell = row.cell
    moved = abs(row.change) >= MOVED
    return CellLine(
        names.get(cell.segment, cell.segment),
        cell.offer,
        Channel(cell.channel).label,
        _of_hundred(row.mean),
        _interval(row),
        spoken(basis_in_words(row.mean, row.learned_from)),
        "green" if row.basis is Basis.LEARNED else "gray",
        _of_hundred(row.change) if moved else "–",
    )


NAMED = 2
"""So many of equals are named, the rest counted."""


def doubt_words(rows: Sequence[CellRow]) -> str:
    """Name what is known least; of several that are known alike all, or how many more there are."""
    names = [f"{row.cell.offer}, {Channel(row.cell.channel).label}" for row in rows]
    rest = len(names) - NAMED
    told = "; ".join(names[:NAMED]) + (f" and {plural(rest, 'other')}" if rest > 0 else "")
    spans = {_interval(row) for row in rows}
    span = _interval(rows[0]) if len(spans) == 1 else "each as wide"
    return f"{told}: {'alike, ' if len(rows) > 1 else ''}{span}"


def trial_of(row: Trial, names: dict[str, str]) -> TrialLine:
    """Tell what somebody of a segment will most likely get next, and what chance will try beside it."""
    segment, most = names.get(row.segment, row.segment), row.most
    kind = f"{most.cell.offer}, {Channel(most.cell.channel).label}"
    wins = f"{_of_hundred(most.mean)} ({_interval(most)})"
    if row.is_pinned:
        cost = "" if row.is_worth else ", not believed to be worth its cost: where it is not, nothing"
        return TrialLine(
            segment, f"Pinned: {kind}{cost}", wins, "Nothing: chance draws neither what is pinned nor else"
        )
    tried = doubt_words(row.least_known)
    if not row.is_worth:
        # chance draws only for whom the planner writes to
        nothing = "Nothing: no offer is believed to be worth its cost"
        return TrialLine(segment, nothing, NONE, f"Only for whom one is worth it: {tried}")
    return TrialLine(segment, kind, wins, tried)


def from_words(row: LearningRow) -> str:
    """ "1,000 messages to 640 people, 500 times somebody was held out". Of fits before people were counted, without."""
    to = "" if row.distinct_people is None else f" to {plural(row.distinct_people, 'person', 'people')}"
    return f"{plural(row.messages, 'message')}{to}; {plural(row.controls, 'time')} somebody was held out"


def summary_of(row: LearningRow, at: datetime) -> Summary:
    overall = row.overall
    trials = [trial_of(one, row.names) for one in row.trials]
    if row.messages == 0:
        return Summary(
            _of_hundred(overall.mean), _interval(overall), "No message yet: this is assumed", "",
            "Until campaigns with people held out are over, a message is taken to win"
            f" {figure(overall.mean * 100, 1)} buyers in a hundred, give or take"
            f" {figure((overall.high - overall.low) / 2 * 100, 1)} four times in five.",
            trials,
        )  # fmt: skip
    verdict = (
        "The interval leaves out zero: messages win buyers here." if overall.low > 0
        else "The interval leaves out zero: messages drive buyers away here." if overall.high < 0
        else "Zero lies within the interval: it is not sure yet that messages win buyers here."
    )  # fmt: skip
    return Summary(
        _of_hundred(overall.mean),
        _interval(overall),
        from_words(row),
        f"Version {row.beliefs.version}, with outcomes up to {show_day(row.beliefs.until, at)}",
        verdict,
        trials,
    )


class LearningState(rx.State):
    """Read only, but for asking to learn now."""

    loading: bool = True
    is_empty: bool = False
    may_learn: bool = False
    summary: Summary = Summary()
    cells: list[CellLine] = []
    policies: list[PolicyLine] = []
    played: list[PlayedLine] = []
    refused: str = ""

    @rx.event
    @guarded
    @needs(Permission.ANALYTICS_READ)
    async def load(self) -> None:
        actor = await signed_in(self)
        async with transaction() as session:
            row = await read_learning(session, actor)
            played = await list_played(session, actor)
            at = await shop_now(session)
        self.summary = summary_of(row, at)
        self.cells = [line_of(cell, row.names) for cell in row.cells]
        self.played = played_lines(played)
        self.may_learn = may(actor, Permission.ANALYTICS_WRITE)
        self.is_empty, self.loading = not row.cells, False

    @rx.event
    @guarded
    @needs(Permission.ANALYTICS_READ)
    async def ask(self) -> None:
        """Judge other policies by the last quarter's log."""
        actor = await signed_in(self)
        self.refused, self.policies = "", []
        answers: list[Answer] = []
        lines: list[PolicyLine] = []
        for policy in Policy:
            try:
                async with transaction() as session:
                    answers.append(await ask_policy(session, actor, policy))
            except NothingLeftToChance as error:  # of one policy: the others are told
                self.refused = error.message
                lines.append(PolicyLine(policy.label, NONE, NONE, error.message))
            else:
                lines.append(policy_line(answers[-1]))
        if answers:
            done = answers[0].estimate
            lines.append(PolicyLine("What was done", *_share_of(done.logged), _of_whom(done)))
            self.policies = lines

    @rx.event
    @guarded
    @needs(Permission.ANALYTICS_WRITE)
    async def learn_now(self) -> rx.event.EventSpec:
        """Ask for the night's learning at once."""
        actor = await signed_in(self)
        async with transaction() as session:
            await request_learning(session, actor)
        return rx.toast("Learning from what has come in. Look again in a minute.")
