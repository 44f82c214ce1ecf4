"""What came of a played week, in words: simulated, and said to be."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import reflex as rx

from liquor_app.actions.models import Arm
from liquor_app.core.db import transaction
from liquor_app.core.ids import parse_id
from liquor_app.experiments.enough import LEAST_COMPARED, few_words
from liquor_app.experiments.learning import CellRow
from liquor_app.experiments.played_week import Lesson, PlayedRow, Won, played_week
from liquor_app.experiments.statistics import Lift
from liquor_app.organization.models import Channel
from liquor_app.screens.session.state import signed_in
from liquor_app.ui.address import last_part
from liquor_app.ui.words import NONE, figure, percent, plural, show_money

Say = Callable[[float], str]


@dataclass(frozen=True, slots=True)
class LiftLine:
    """Who was written to beside who was held out."""

    what: str
    written: str
    held_out: str
    difference: str
    interval: str
    total: str
    """The difference of everybody written to together, with its interval."""
    verdict: str


@dataclass(frozen=True, slots=True)
class LessonLine:
    """Buyers won of a hundred, by one kind of message: believed before, and after."""

    kind: str
    before: str
    after: str
    interval: str
    people: str


@dataclass(frozen=True, slots=True)
class Played:
    """A played week as the page shows it; `is_over` once its last message is out."""

    is_shown: bool = False
    is_over: bool = False
    sent: str = ""
    opened: str = ""
    clicked: str = ""
    buyers: str = ""
    spent: str = ""
    people: str = ""
    control: str = ""
    gain: str = ""
    gain_within: str = ""
    split_words: str = ""
    is_mismatch: bool = False
    sentence: str = ""
    compared: str = ""
    """What the week shows beside what its plan promised."""


def _share(count: int, whole: int) -> str:
    return f"{percent(count / whole)} of the {figure(whole)} whose turn came, also if refused" if whole else ""


def played_view(row: PlayedRow | None) -> Played:
    if row is None:
        return Played()
    lesson = row.lesson
    return Played(
        is_shown=True,
        is_over=lesson is not None,
        sent=figure(row.sent),
        opened=figure(row.opened),
        clicked=figure(row.clicked),
        buyers=figure(row.buyers),
        spent=show_money(row.spent),
        people=_share(row.buyers, row.written),
        control=figure(row.held_out),
        gain=NONE if row.profit is None or not row.profit.is_told else _signed_money(Won.of(row.profit).total),
        gain_within=_within(row),
        split_words="" if row.split is None else row.split.message,
        is_mismatch=row.split is not None and row.split.is_mismatch,
        sentence="" if lesson is None else _sentence(lesson),
        compared=_compared(row),
    )


def _within(row: PlayedRow) -> str:
    if row.profit is None:
        return "told once the week is over"
    won = Won.of(row.profit)
    if not row.profit.is_told:
        return f"not measured: {few_words(row.profit.contacted.people, row.profit.held_out.people).lower()}"
    if won.low is None or won.high is None:
        return "not measured: nobody bought"
    return f"95% interval {_signed_money(won.low)} to {_signed_money(won.high)}, simulated"


def _compared(row: PlayedRow) -> str:
    """Tell whether what was promised lies within what the week shows."""
    found, promised = row.bought, row.promised
    if found is None or promised is None:
        return ""
    told = f"The plan took its messages to win {_of_hundred(promised)} buyers of a hundred."
    if not found.is_told:
        few = few_words(found.contacted.people, found.held_out.people)
        return f"{told} {few} whether they did: at least {LEAST_COMPARED} are needed in either group."
    if found.low is None or found.high is None:
        return f"{told} Whether they did cannot be told of this week: nobody bought."
    seen = f"The week shows {_of_hundred(found.difference)} ({_of_hundred(found.low)} to {_of_hundred(found.high)})"
    if found.low <= promised <= found.high:
        apart = "One week of so few people cannot tell the two apart."
        return f"{told} {seen}: what was promised lies within that interval. {apart}"
    beside = "more" if found.difference > promised else "less"
    did = f"these messages did {beside} than was believed"
    return f"{told} {seen}: what was promised lies outside that interval, so {did}."


def _sentence(lesson: Lesson) -> str:
    row = lesson.overall
    return (
        f"Had this week been real, the agent would take a message to win {_of_hundred(row.mean)} buyers of a hundred,"
        f" four times in five {_of_hundred(row.low)} to {_of_hundred(row.high)}; before it was"
        f" {_of_hundred(row.before)}."
    )


def _of_hundred(share: float) -> str:
    return figure(share * 100, 1, sign=True)


PROFIT = "Profit a person, after discount and sending"


def lift_lines(row: PlayedRow | None) -> list[LiftLine]:
    if row is None or row.bought is None or row.revenue is None or row.profit is None:
        return []
    return [
        _lift_line("Buyers of a hundred", row.bought, _BUYERS),
        _lift_line("Spent a person", row.revenue, _MONEY),
        _lift_line(PROFIT, row.profit, _MONEY),
    ]


def _people_won(number: float) -> str:
    return figure(number, 1, sign=True)


def won_words(won: Won, say: Say) -> str:
    """ "+12.4 (−3.0 to +27.8)"; the figure alone where no interval is known."""
    told = say(won.total)
    return told if won.low is None or won.high is None else f"{told} ({say(won.low)} to {say(won.high)})"


WHAT = {Arm.RANDOM: "by chance", Arm.USUAL: "by business as usual"}


def beside_lines(row: PlayedRow | None) -> list[LiftLine]:
    """Return the agent's choice beside what others got; each line says by what."""
    lines = []
    for one in () if row is None else row.beside:
        lines += [
            _lift_line("Buyers of a hundred", one.bought, _BUYERS, WHAT[one.arm]),
            _lift_line("Spent a person", one.revenue, _MONEY, WHAT[one.arm]),
            _lift_line(PROFIT, one.profit, _MONEY, WHAT[one.arm]),
        ]
    return lines


def _cents(value: float) -> str:
    return show_money(value, cents=True)


_BUYERS: tuple[Say, Say, Say] = (lambda share: figure(share * 100, 1), _of_hundred, _people_won)


def verdict_of(found: Lift) -> str:
    """Return what a week that is over says: nothing more comes, so nothing is unsure *yet*."""
    if found.low is None:
        if min(found.contacted.people, found.held_out.people) < 1:
            return "Nobody to compare with"
        return few_words(found.contacted.people, found.held_out.people) or "Nobody bought"
    return found.verdict if found.is_decided else "Cannot be told: zero lies within"


def _signed_money(value: float) -> str:
    return f"{'+' if value >= 0 else '−'}{show_money(abs(value), cents=True)}"


_MONEY: tuple[Say, Say, Say] = (_cents, _signed_money, _signed_money)


def _lift_line(what: str, found: Lift, words: tuple[Say, Say, Say], by: str = "") -> LiftLine:
    """Return a comparison; `words` say what one person did, a difference of that, and of all together."""
    plain, signed, whole = words
    told = [plain(arm.mean) if arm.people >= LEAST_COMPARED else NONE for arm in (found.contacted, found.held_out)]
    interval = "–" if found.low is None or found.high is None else f"{signed(found.low)} to {signed(found.high)}"
    return LiftLine(
        what, told[0], f"{told[1]} {by}".strip(), NONE if NONE in told else signed(found.difference), interval,
        NONE if NONE in told else won_words(Won.of(found), whole), verdict_of(found),
    )  # fmt: skip


def lesson_lines(row: PlayedRow | None) -> list[LessonLine]:
    if row is None or row.lesson is None:
        return []
    return [_lesson_line(cell, row.lesson.names) for cell in row.lesson.cells]


def _lesson_line(row: CellRow, names: dict[str, str]) -> LessonLine:
    cell = row.cell
    return LessonLine(
        f"{names.get(cell.segment, cell.segment)}: {cell.offer}, {Channel(cell.channel).label}",
        _of_hundred(row.before),
        _of_hundred(row.mean),
        f"{_of_hundred(row.low)} to {_of_hundred(row.high)}",
        plural(row.learned_from, "person", "people"),
    )


class PlayedState(rx.State):
    """What came of the week of the campaign in the address; read whenever the campaign is."""

    week: Played = Played()
    lifts: list[LiftLine] = []
    beside: list[LiftLine] = []
    lessons: list[LessonLine] = []

    async def _refresh(self) -> None:
        actor = await signed_in(self)
        async with transaction() as session:
            row = await played_week(session, actor, parse_id(last_part(self), "campaign"))
        self.week, self.lifts, self.lessons = played_view(row), lift_lines(row), lesson_lines(row)
        self.beside = beside_lines(row)
