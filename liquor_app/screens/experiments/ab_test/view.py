"""A test and its reading in words. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from types import MappingProxyType

from liquor_app.experiments.ab_tests.ab_store import AbTestRow
from liquor_app.experiments.ab_tests.ab_words import difference_words, interval_words, value_words
from liquor_app.experiments.ab_tests.compare import Beside
from liquor_app.experiments.ab_tests.judge_tests import AbResult
from liquor_app.experiments.ab_tests.models import AbStatus, AbTopic
from liquor_app.ui.words import NONE, figure, percent, show_full_day

STATUS = {
    AbStatus.OPEN: ("Under way", "blue"), AbStatus.DECIDED: ("Decided", "green"), AbStatus.STOPPED: ("Stopped", ""),
}  # fmt: skip
PLANNED = {
    AbTopic.SUBJECT: "The template's subject, as planned",
    AbTopic.WORDS: "The words as planned",
    AbTopic.HOUR: "The hour as planned",
    AbTopic.OFFER: "The offer the plan chose",
    AbTopic.CHANNEL: "The channel the plan chose",
}


@dataclass(frozen=True, slots=True)
class VariantLine:
    """A variant as it is drawn."""

    key: str
    words: str
    people: str
    value: str
    beside: str
    final: str
    detail: str
    mark: str
    tone: str


def variant_lines(
    result: AbResult, offers: Mapping[str, str] = MappingProxyType({}), *, is_played: bool = False
) -> list[VariantLine]:
    """Return a line a variant, A, the control, first.

    Args:
        offers: what playbooks offer, by name, with what each takes off.
        is_played: the week was only played, and is in no figure (ADR 152).
    """
    lines = [_line(result, one, offers) for one in result.judged.variants]
    return [replace(one, **_UNMEASURED) for one in lines] if is_played else lines


_UNMEASURED = {**dict.fromkeys(("people", "value", "beside", "final"), NONE), "detail": "", "mark": "", "tone": ""}
PLAYED_WORDS = "This week was only played: nobody was written to, so the variants are not compared."


def _line(result: AbResult, one: Beside, offers: Mapping[str, str]) -> VariantLine:
    test, sums = result.test, one.sums
    variant = next(known for known in test.variants if known.key == sums.key)
    words = PLANNED[test.topic] if variant is test.variants[0] else offers.get(variant.words, variant.words)
    final = result.final.get(sums.key)
    mark, tone = _mark(result, sums.key)
    return VariantLine(
        key=sums.key,
        words=words,
        people=figure(sums.people),
        value=value_words(test.measure, one.value),
        beside=_beside(result, one),
        final=interval_words(test.measure, *final) if final else NONE,
        detail=(
            f"{percent(sums.clicked / sums.people, 1)} clicked, {percent(sums.bought / sums.people, 1)} bought,"
            f" {percent(sums.unsubscribed / sums.people, 1)} unsubscribed"
            if sums.people
            else "Nobody's turn has come yet"
        ),
        mark=mark,
        tone=tone,
    )


def _beside(result: AbResult, one: Beside) -> str:
    if one.always is None or not one.sums.people:
        return NONE
    told = difference_words(result.test.measure, one.always.difference)
    wide = interval_words(result.test.measure, one.always.low, one.always.high)
    return f"{told} ({wide})" if wide else told


def _mark(result: AbResult, key: str) -> tuple[str, str]:
    test, judged = result.test, result.judged
    if key in test.harmful:
        return "Ended: it does harm", "red"
    if test.winner == key:
        return "Won", "green"
    if test.status is AbStatus.OPEN and judged.is_measured and judged.leader == key:
        return ("Better, proved" if judged.is_proved else "Leads, not proved"), "blue"
    return "", ""


def uneven_words(result: AbResult) -> str:
    """Warn where something beside the draw settled who is in which variant."""
    if not result.is_uneven:
        return ""
    return (
        " The variants are not of the sizes they were drawn for: something else settled who is in them, such as"
        " messages taken out by hand. Do not trust the comparison."
    )


def state_words(test: AbTestRow) -> str:
    """Tell what becomes of a test: when it is decided, when it is read."""
    measured = f"Won by {test.measure.label.lower()}."
    if test.why:
        return f"{measured} {test.why}"
    if test.decide_on is not None:
        return (
            f"{measured} On {show_full_day(test.decide_on)} the best one takes the rest;"
            f" the final read is on {show_full_day(test.read_on)}."
        )
    who = "In it is whom the plan drew" if test.topic.is_planned else "Everybody is in it"
    return f"{measured} {who}; the final read is on {show_full_day(test.read_on)}."
