"""Which variant is better, and what does harm: against truth that was planted."""

from __future__ import annotations

from uuid import NAMESPACE_URL, uuid5

import numpy as np
import pytest

from liquor_app.core.errors import Invalid
from liquor_app.experiments.ab_tests.ab_words import why_words
from liquor_app.experiments.ab_tests.compare import Guardrail, VariantSums, judge
from liquor_app.experiments.ab_tests.models import AbTopic, Measure
from liquor_app.experiments.ab_tests.variants import Bounds, clean_variants, variant_of
from liquor_app.organization.guidance import Guidance
from liquor_app.organization.models import Channel

RUNS, LOOKS = 300, 14
ERROR = 3 * (0.05 * 0.95 / RUNS) ** 0.5
"""Three standard errors of a share of one in twenty over the runs."""


def _sums(
    rng: np.random.Generator, keys: str, clicks: list[float], *, people: int, gone: list[float]
) -> list[list[VariantSums]]:
    """What each variant has shown by each look: people come evenly."""
    each = [people * (look + 1) // LOOKS for look in range(LOOKS)]
    looks: list[list[VariantSums]] = [[] for _ in each]
    for key, rate, leaving in zip(keys, clicks, gone, strict=True):
        clicked, left = rng.random(people) < rate, rng.random(people) < leaving
        profit = np.where(rng.random(people) < 0.03, rng.gamma(2.0, 12.0, people), 0.0) - 0.01
        for at, n in enumerate(each):
            bought = int((profit[:n] > 0).sum())
            looks[at].append(
                VariantSums(
                    key, n, n, n, int(clicked[:n].sum()), int(left[:n].sum()), 0, bought, 0.0,
                    float(profit[:n].sum()), float((profit[:n] ** 2).sum()),
                )
            )  # fmt: skip
    return looks


def test_variants_that_do_not_differ_are_seldom_told_apart() -> None:
    """A/A/A/A looked at every day for two weeks: any claim at all in fewer than one run in twenty; nor does a guardrail
    cry wolf more often."""
    rng = np.random.default_rng(8)
    told = harmed = 0
    for _ in range(RUNS):
        looks = _sums(rng, "ABCD", [0.03] * 4, people=900, gone=[0.004] * 4)
        read = [judge(look, Measure.CLICKED) for look in looks]
        told += any(
            one.always is not None and one.always.low is not None and not one.always.low <= 0 <= (one.always.high or 0)
            for look in read for one in look.variants
        )  # fmt: skip
        harmed += any(one.harm for look in read for one in look.variants)
    assert told / RUNS < 0.05
    assert harmed / RUNS < 0.05


def test_a_planted_harm_is_caught() -> None:
    """One in thirty unsubscribes instead of one in 250: caught in nearly every run, and it wins nothing though it is
    clicked more."""
    rng = np.random.default_rng(9)
    caught = won = 0
    for _ in range(60):
        look = _sums(rng, "AB", [0.03, 0.05], people=3000, gone=[0.004, 0.033])[-1]
        judged = judge(look, Measure.CLICKED)
        caught += judged.variants[1].harm is Guardrail.UNSUBSCRIBED
        won += judged.leader == "B"
    assert caught >= 57
    assert won <= 3


def test_intervals_cover_what_is_true() -> None:
    """Planted +2 points: both intervals hold it as often as they say, and the one of one read is the narrower."""
    rng = np.random.default_rng(10)
    always = final = 0
    widths = []
    for _ in range(RUNS):
        judged = judge(_sums(rng, "AB", [0.03, 0.05], people=2000, gone=[0.0, 0.0])[-1], Measure.CLICKED)
        one = judged.variants[1]
        assert one.always is not None
        assert one.final is not None
        low, high = one.always.low or 0.0, one.always.high or 0.0
        always += low <= 0.02 <= high
        final += one.final[0] <= 0.02 <= one.final[1]
        widths.append((high - low, one.final[1] - one.final[0]))
    assert always / RUNS >= 0.95 - ERROR
    assert final / RUNS >= 0.95 - ERROR
    assert all(narrow < wide for wide, narrow in widths)


def test_nobody_measured_is_said() -> None:
    """Without anybody's turn, or any click, what was planned takes the rest, and nothing is claimed."""
    for sums in ([VariantSums("A"), VariantSums("B")], [VariantSums("A", 50, 50), VariantSums("B", 50, 50)]):
        judged = judge(sums, Measure.CLICKED)
        assert (judged.leader, judged.is_proved, judged.is_measured) == ("A", False, False)
        assert "Nothing was measured" in why_words(judged, Measure.CLICKED)
    assert judge([VariantSums("A"), VariantSums("B")], Measure.CLICKED).variants[0].value is None


def test_the_leader_and_how_sure() -> None:
    """A lead that chance explains is told as such; one that it does not as proved; in money as in rates."""
    few = judge([VariantSums("A", 100, 100, clicked=3), VariantSums("B", 100, 100, clicked=4)], Measure.CLICKED)
    assert (few.leader, few.is_proved) == ("B", False)
    assert why_words(few, Measure.CLICKED).startswith(
        "It leads, but that is not proved: clicks 4.0% a person, +1.0 points"
    )
    many = judge(
        [VariantSums("A", 9000, 9000, clicked=270), VariantSums("B", 9000, 9000, clicked=540)], Measure.CLICKED
    )
    assert (many.leader, many.is_proved) == ("B", True)
    worse = judge(
        [VariantSums("A", 9000, 9000, clicked=540), VariantSums("B", 9000, 9000, clicked=270)], Measure.CLICKED
    )
    assert (worse.leader, worse.is_proved) == ("A", True)
    money = judge(
        [
            VariantSums("A", 400, 400, bought=10, profit=100.0, profit_square=2000.0),
            VariantSums("B", 400, 400, bought=12, profit=180.0, profit_square=4000.0),
        ],
        Measure.PROFIT,
    )
    assert money.leader == "B"
    assert "$0.45 a person, +$0.20 beside A" in why_words(money, Measure.PROFIT)


def test_ended_for_harm_wins_nothing_later() -> None:
    """A variant that was ended keeps what it had, and is no leader whatever it shows."""
    sums = [VariantSums("A", 500, 500, clicked=10), VariantSums("B", 500, 500, clicked=40)]
    assert judge(sums, Measure.CLICKED).leader == "B"
    assert judge(sums, Measure.CLICKED, harmful=["B"]).leader == "A"


def test_the_draw_is_even_and_stays() -> None:
    """Each variant gets its share, the same person always the same one, and another test draws anew."""
    people = [uuid5(NAMESPACE_URL, str(number)) for number in range(6000)]
    first = [variant_of("one", person, "ABC") for person in people]
    assert first == [variant_of("one", person, "ABC") for person in people]
    assert all(1850 < first.count(key) < 2150 for key in "ABC")
    again = [variant_of("two", person, "ABC") for person in people]
    assert 0.29 < sum(a == b for a, b in zip(first, again, strict=True)) / len(people) < 0.38


BOUNDS = Bounds(AbTopic.SUBJECT, Channel.EMAIL, Guidance(), (9, 21))
HOURS = Bounds(AbTopic.HOUR, Channel.EMAIL, Guidance(), (9, 21))


def test_variants_as_typed() -> None:
    """The control comes first; what is left empty is left out, and keys have no gap."""
    made = clean_variants(["", "  Your  {{ offer.category }} waits "], BOUNDS)
    assert [(one.key, one.subject) for one in made] == [("A", None), ("B", "Your {{ offer.category }} waits")]
    assert [(one.key, one.hour) for one in clean_variants(["17", "9"], HOURS)] == [("A", None), ("B", 17), ("C", 9)]


@pytest.mark.parametrize(
    ("given", "bounds", "field", "words"),
    [
        ([], BOUNDS, "variant_b", "at least one"),
        (["Free wine for all"], BOUNDS, "variant_b", "promises"),
        (["20% off"], BOUNDS, "variant_b", "promises"),
        (["Hello {{ customer.email }}"], BOUNDS, "variant_b", "not one of"),
        (["{% include 'x' %}"], BOUNDS, "variant_b", "no place"),
        (["x" * 91], BOUNDS, "variant_b", "90 is the most"),
        (["One", "One"], BOUNDS, "variant_c", "alike"),
        (["One", "Two", "Three", "Four"], BOUNDS, "variant_d", "at most 4"),
        (["see www.example.com"], BOUNDS, "variant_b", "No links"),
        (["21"], HOURS, "variant_b", "whole hour from 9 to 20"),
        (["8"], HOURS, "variant_b", "whole hour"),
        (["１７"], HOURS, "variant_b", "whole hour"),
        (["-9"], HOURS, "variant_b", "whole hour"),
        (["Hi"], Bounds(AbTopic.SUBJECT, Channel.SMS, Guidance(), (9, 21)), "topic", "no subject"),
        (["Only words"], Bounds(AbTopic.WORDS, Channel.EMAIL, Guidance(), (9, 21)), "variant_b", "offer.text"),
    ],
)
def test_variants_refused(given: list[str], bounds: Bounds, field: str, words: str) -> None:
    with pytest.raises(Invalid, match=words) as refused:
        clean_variants(given, bounds)
    assert refused.value.field == field
