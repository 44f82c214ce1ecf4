"""A few tiny worlds with every landing; `make prove-learning` runs them all, `docs/learning.md` has what they say."""

from __future__ import annotations

import json
from functools import cache
from pathlib import Path

import numpy as np
import pytest
from scipy.stats import t as student

from tests.worlds import report, trials
from tests.worlds.half_year import CAP_30, CAPACITY, HOLDOUT, RANDOM, Outcome, live, worth
from tests.worlds.policies import PLAYBOOKS, Policy, old_values
from tests.worlds.world import CODED, COSTS, DISCOUNTS, MARGIN, SHAPE, Effects, Habits, Kind, Size, effects, habits

ROOT = Path(__file__).resolve().parents[2]
TINY = Size(400, 25, weeks=8)
SEEDS = range(6)


@cache
def people(seed: int, size: Size = TINY) -> Habits:
    return habits(seed, size, keyed=False)


def half_years(policy: Policy, mean: float, kind: Kind = Kind.PLAIN) -> list[Outcome]:
    return [live(people(seed), effects(seed, mean, kind, TINY.weeks), policy, seed) for seed in SEEDS]


def profit(outcomes: list[Outcome]) -> float:
    return sum(sum(one.profit) for one in outcomes)


def test_the_agent_brings_more_than_the_old_rule_and_half_of_what_the_oracle_does() -> None:
    old, agent, oracle = (profit(half_years(policy, 0.02)) for policy in (Policy.OLD, Policy.AGENT, Policy.ORACLE))
    assert old < agent < oracle
    assert agent > 0.5 * oracle


def test_where_no_message_does_anything_the_agent_loses_less_than_half_of_what_the_old_rule_does() -> None:
    nothing = Effects(Kind.PLAIN, np.zeros((TINY.weeks, *SHAPE)), np.full(SHAPE[0], 0.35))
    agent, old = (
        profit([live(people(seed), nothing, policy, seed) for seed in SEEDS]) for policy in (Policy.AGENT, Policy.OLD)
    )
    assert old < 2 * agent < 0
    assert live(people(0), nothing, Policy.ORACLE, 0).profit == [0.0] * TINY.weeks


def test_plans_and_cells_lie_in_their_intervals() -> None:
    small = Size(300, 10, weeks=6)
    lines = [trials.coverage(seed, size=small) for seed in range(8)]
    cells = np.array([line["cells"] for line in lines])
    # eight worlds, whose cells err together
    assert cells[:, 0].mean() > 0.95 - 3 * (0.95 * 0.05 / len(lines)) ** 0.5
    assert cells[:, 1].mean() > 0.80 - 3 * (0.80 * 0.20 / len(lines)) ** 0.5
    assert np.mean([line["plan"][0] for line in lines]) > 0.95 - 3 * (0.95 * 0.05 / len(lines)) ** 0.5
    assert cells[:, 2].mean() < cells[:, 3].mean()


def test_caps_capacity_and_arms_hold() -> None:
    one_by_one = Size(1500, weeks=6)
    for policy in (Policy.AGENT, Policy.ORACLE):
        found = live(habits(3, one_by_one), effects(3, 0.05, Kind.DECAY, 6), policy, 3)
        most = sum(int(share * one_by_one.people) for share in CAPACITY)
        assert 0 < found.messages <= most * 6
        assert found.messages <= CAP_30 * one_by_one.people * -(-6 * 7 // 30)
        if policy is Policy.AGENT:
            assert found.messages < most * 6 * (1 - HOLDOUT / 2)
            assert 0 < found.random_messages < 2 * RANDOM * most * 6


def test_a_seed_is_a_world() -> None:
    first, again = (live(people(1), effects(1, 0.02, Kind.DRIFT, TINY.weeks), Policy.THOMPSON, 1) for _ in range(2))
    assert first.profit == again.profit
    other = live(people(2), effects(2, 0.02, Kind.DRIFT, TINY.weeks), Policy.THOMPSON, 2)
    assert first.profit != other.profit


def test_what_is_planted_has_the_mean_and_the_spread_it_says() -> None:
    cells = np.array([effects(seed, 0.02, Kind.PLAIN, 1, spread=0.5).cell[0] for seed in range(200)])
    assert cells.mean(axis=(1, 2, 3, 4)) == pytest.approx(0.02)
    # what more off adds is the same in each
    own = cells - cells.mean(axis=0)
    # centring takes one of the levels of each part
    left = (5 / 6 + (3 / 4 + 1 / 2 + 3 / 4) / 4 + 47 / 48) / 2.75
    assert own.std() == pytest.approx(0.01 * left**0.5, rel=0.05)
    assert cells.mean(axis=(0, 1, 3, 4))[3] > cells.mean(axis=(0, 1, 3, 4))[0]


def test_a_message_brings_what_the_formula_says() -> None:
    """By hand: τ · basket · margin − (who buys anyway and takes it, and who came for it) · discount − cost."""
    planted = effects(1, 0.05, Kind.PLAIN, 1)
    segment, offer, p, basket = np.array([2]), np.array([3]), np.array([0.2]), 50.0
    effect = planted.of(0, (segment, offer, np.array([1]), np.array([0])), p, np.zeros(1))
    taken = planted.taken(segment, offer, p, effect)
    assert taken[0] == pytest.approx(planted.leak[2] * 0.2 + CODED * effect[0])
    assert planted.taken(segment, np.array([0]), p, effect)[0] == 0
    told = worth(np.array([basket]), effect, taken, offer, np.array([1]))
    assert told[0] == pytest.approx(effect[0] * basket * MARGIN - taken[0] * basket * DISCOUNTS[3] - COSTS[1])


def test_the_old_rule_takes_the_first_offer_of_the_playbook_that_pays() -> None:
    segments = np.arange(len(PLAYBOOKS))
    values = old_values(segments, np.full(6, 0.2), np.full(6, 0.1), np.full(6, 45.0))
    for segment, book in enumerate(PLAYBOOKS):
        assert np.flatnonzero(values[segment, :, 0] > 0).tolist() == [book[0]]
    # p · (1 − p₀) · margin − p · discount, by hand: 15 % off for who has lapsed
    assert values[3, 3, 0] == pytest.approx(0.1 * 45 * (0.8 * MARGIN - 0.15) - 0.001)


def test_daily_looks_cry_wolf_in_less_than_one_run_of_twenty() -> None:
    lines = [trials.alarm(seed) for seed in range(40)]
    for name in ("buyers", "revenue"):
        assert np.mean([line[name] for line in lines]) < 0.05


def test_another_policy_is_judged_without_bias_where_its_actions_had_a_chance() -> None:
    lines = [trials.other_policy(seed, 4) for seed in range(40)]
    for name in ("ips", "snips", "doubly_robust"):
        errors = np.array([line[name][0] for line in lines])
        assert abs(errors.mean()) < 3 * errors.std(ddof=1) / len(errors) ** 0.5
        assert np.mean([line[name][2] for line in lines]) > 0.95 - 3 * (0.95 * 0.05 / len(lines)) ** 0.5


def test_a_policy_whose_actions_had_hardly_a_chance_is_refused_or_told_as_unreliable() -> None:
    lines = [trials.other_policy(seed, 8) for seed in range(20)]
    assert all(line["refused"] or not line["reliable"] for line in lines)
    assert any(line["refused"] for line in lines)


def test_tables_are_what_the_lines_say(tmp_path: Path) -> None:
    lines = [
        {"job": str(seed), "customers": 20_000, "mean": 0.02, "kind": "plain"}
        | {
            str(policy): value + seed
            for policy, value in zip(Policy, (-10.0, 60.0, 50.0, 40.0, 80.0, 75.0), strict=True)
        }
        for seed in range(4)
    ]
    (tmp_path / "profit.jsonl").write_text("\n".join(map(json.dumps, lines)))
    page = tmp_path / "page.md"
    page.write_text(f"words\n{report.BEGIN}\nold\n{report.END}\nmore\n")
    report.write(tmp_path, page)
    text = page.read_text()
    assert text.startswith("words\n")
    assert text.endswith("\nmore\n")
    assert "old\n" not in text.split("|")[0]
    wide = student.ppf(0.975, 3) * np.std([0, 1, 2, 3], ddof=1) / 2
    assert f"| 20,000 | 2 | 4 | -8.5 ({-8.5 - wide:.1f} to {-8.5 + wide:.1f}) | 61.5 ({61.5 - wide:.1f} to" in text
    assert f"{61.5 / 81.5:.0%} (" in text


def test_a_kept_line_comes_out_the_same_again() -> None:
    """What is kept was made by the product's own formula of today; one of each size would take ten seconds."""
    [kept] = [
        line for line in report.read(ROOT / "docs" / "learning" / "profit.jsonl")
        if (line["customers"], line["mean"], line["seed"]) == (20_000, 0.02, 0)
    ]  # fmt: skip
    size = trials.SIZES[20_000]
    found = live(habits(0, size, keyed=False), effects(0, 0.02, Kind.PLAIN, size.weeks), Policy.GREEDY, 0)
    assert round(sum(found.profit) * 1000 / (size.customers * size.weeks), 3) == kept["greedy"]


def test_ten_weeks_of_the_sample_moved_the_agent_to_what_is_planted_on_the_whole() -> None:
    lives = report.read_weeks(ROOT / "docs" / "learning")
    assert len(lives) >= 4
    ends = []
    for lines in lives.values():
        beliefs = [line for line in lines if line["what"] == "belief"]
        (end,) = (line for line in lines if line["what"] == "end")
        assert (beliefs[0]["messages"], beliefs[0]["buyers_of_100"]) == (0, 1.0)
        assert beliefs[-1]["high"] - beliefs[-1]["low"] < 0.75 * (beliefs[0]["high"] - beliefs[0]["low"])
        ends.append(end)
    assert np.median([end["messages"] for end in ends]) > 5_000
    # four in five if every life were as its interval says: half at least in so few
    assert np.mean([end["low"] < end["planted"] < end["high"] for end in ends]) >= 0.5
    off = [abs(end["buyers_of_100"] - end["planted"]) - abs(1.0 - end["planted"]) for end in ends]
    assert np.median(off) < 0


def test_the_page_shows_what_is_kept(tmp_path: Path) -> None:
    kept, page = ROOT / "docs" / "learning", ROOT / "docs" / "learning.md"
    copy = tmp_path / "learning.md"
    copy.write_text(page.read_text())
    report.write(kept, copy)
    assert copy.read_text() == page.read_text()


def test_what_is_kept_reaches_what_was_asked_where_the_page_says_so() -> None:
    lines = report.read(ROOT / "docs" / "learning" / "profit.jsonl")

    def share(mean: float, whole: Policy = Policy.BOUND) -> tuple[float, float, float]:
        some = [line for line in lines if (line["customers"], line["mean"]) == (20_000, mean)]
        assert len(some) >= 40
        return report.share([line["agent"] for line in some], [line[whole] for line in some])

    assert share(0.004)[1] > 0
    for whole in (Policy.BOUND, Policy.ORACLE):  # also beside one that holds nobody out
        assert share(0.008, whole)[0] > 0.5
        assert share(0.008, whole)[1] > 0.4
    assert share(0.02)[0] > 0.75
    assert share(0.05)[0] > 0.75
    others = report.read(ROOT / "docs" / "learning" / "other_policy.jsonl")
    for name in ("ips", "snips", "doubly_robust"):
        told = [line[name][2] for line in others if line.get("reliable")]
        assert np.mean(told) >= 0.95 - 3 * (0.95 * 0.05 / len(told)) ** 0.5
    alarms = report.read(ROOT / "docs" / "learning" / "daily_looks.jsonl")
    assert len(alarms) >= 1_000
    assert all(np.mean([line[name] for line in alarms]) < 0.05 for name in ("buyers", "revenue"))
