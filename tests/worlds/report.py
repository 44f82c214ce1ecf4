"""The kept lines as tables: what `docs/learning.md` shows between its two marks."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from scipy.stats import t as student

from tests.worlds.policies import Policy
from tests.worlds.world import Floats

BEGIN, END = "<!-- figures: written by `python -m tests.worlds` -->", "<!-- end of figures -->"
RESAMPLED = 4_000
Line = dict[str, Any]
SHARES = ((Policy.AGENT, Policy.BOUND), (Policy.AGENT, Policy.ORACLE), (Policy.GREEDY, Policy.ORACLE))
"""Whose profit is told as a share of whose."""


def read(path: Path) -> list[Line]:
    """Return the kept lines of a part, in the order of their trials; none where it was not run."""
    lines = [json.loads(line) for line in path.read_text().splitlines()] if path.exists() else []
    return sorted(lines, key=lambda line: str(line["job"]))


def write(kept: Path, page: Path) -> str:
    """Put the tables between the page's marks and return them."""
    tables = "\n\n".join(
        filter(None, (part(kept) for part in (_profit, _kinds, _wider, _coverage, _alarms, _others, _sample)))
    )
    text = page.read_text()
    before, rest = text.split(BEGIN, 1)
    page.write_text(f"{before}{BEGIN}\n\n{tables}\n\n{END}{rest.split(END, 1)[1]}")
    return tables


def interval(values: Sequence[float] | Floats) -> tuple[float, float, float]:
    """Return a mean over seeds and its 95 % interval (Student's t)."""
    array = np.asarray(values, dtype=np.float64)
    few = array.size < 2
    wide = float("inf") if few else student.ppf(0.975, array.size - 1) * float(array.std(ddof=1)) / array.size**0.5
    return float(array.mean()), float(array.mean()) - wide, float(array.mean()) + wide


def share(values: Sequence[float], whole: Sequence[float]) -> tuple[float, float, float]:
    """Return the ratio of two means over the same seeds and its 95 % interval (bootstrap over seeds)."""
    ours, theirs = np.asarray(values, dtype=np.float64), np.asarray(whole, dtype=np.float64)
    drawn = np.random.default_rng(0).integers(0, ours.size, (RESAMPLED, ours.size))
    low, high = np.quantile(ours[drawn].mean(axis=1) / theirs[drawn].mean(axis=1), [0.025, 0.975])
    return float(ours.mean() / theirs.mean()), float(low), float(high)


def _table(head: Iterable[str], rows: Iterable[Iterable[str]]) -> str:
    names = list(head)
    lines = [names, ["---"] * len(names), *(list(row) for row in rows)]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)


def _money(values: Sequence[float]) -> str:
    mean, low, high = interval(values)
    return f"{mean:.1f} ({low:.1f} to {high:.1f})"


def _per_cent(values: Sequence[float], whole: Sequence[float]) -> str:
    if not any(whole):
        return "–"
    middle, low, high = share(values, whole)
    return f"{middle:.0%} ({low:.0%} to {high:.0%})"


def _grouped(lines: Sequence[Line], name: Callable[[Line], Any]) -> dict[Any, list[Line]]:
    found: dict[Any, list[Line]] = {}
    for line in lines:
        found.setdefault(name(line), []).append(line)
    return dict(sorted(found.items()))


def _policies(lines: Sequence[Line]) -> list[str]:
    told = []
    for policy in Policy:
        values = [line[policy] for line in lines if policy in line]
        few = f", {len(values)} seeds" if len(values) < len(lines) else ""
        told.append(_money(values) + few if values else "–")
    for policy, whole in SHARES:
        both = [(line[policy], line[whole]) for line in lines if policy in line and whole in line]
        told.append(_per_cent([one for one, _ in both], [all_ for _, all_ in both]) if both else "–")
    return told


def _points(mean: float) -> str:
    return f"{mean * 100:g}"


_HEAD = [*Policy, *(f"{policy} / {whole}" for policy, whole in SHARES)]


def _profit(kept: Path) -> str:
    groups = _grouped(read(kept / "profit.jsonl"), lambda line: (line["customers"], line["mean"]))
    rows = [
        [f"{customers:,}", _points(mean), str(len(lines)), *_policies(lines), _arm(lines)]
        for (customers, mean), lines in groups.items()
    ]
    title = "True incremental profit, dollars per 1,000 customer-weeks (doing nothing: 0), 95 % intervals over seeds:"
    return f"{title}\n\n{_table(['customers', 'points', 'seeds', *_HEAD, 'of it random arm'], rows)}" if rows else ""


def _arm(lines: Sequence[Line]) -> str:
    """What the twentieth that gets an action at random brings of the agent's figure."""
    values = [line["random arm"] for line in lines if "random arm" in line]
    return _money(values) if values else "–"


def _kinds(kept: Path) -> str:
    lines = [line for line in read(kept / "profit.jsonl") if line["customers"] == 20_000]
    groups = _grouped(lines, lambda line: (line["mean"], line["kind"]))
    rows = [[_points(mean), kind, str(len(some)), *_policies(some)] for (mean, kind), some in groups.items()]
    return (
        f"The same at 20,000 customers, by kind of world:\n\n{_table(['points', 'world', 'seeds', *_HEAD], rows)}"
        if rows
        else ""
    )


def _wider(kept: Path) -> str:
    groups = _grouped(read(kept / "wider_spread.jsonl"), lambda line: line["mean"])
    rows = [[_points(mean), str(len(some)), *_policies(some)] for mean, some in groups.items()]
    title = "The same at 20,000 customers where cells' effects have a spread of half of their mean instead of .3:"
    return f"{title}\n\n{_table(['points', 'seeds', *_HEAD], rows)}" if rows else ""


def _coverage(kept: Path) -> str:
    lines = read(kept / "coverage.jsonl")
    groups = {
        "all as assumed": [line for line in lines if line["kind"] == "plain"],
        **{f"{_points(mean)} points": some for mean, some in
           _grouped([line for line in lines if line["kind"] == "plain"], lambda line: line["mean"]).items()},
        **{f"violated: {kind}": some for kind, some in
           _grouped([line for line in lines if line["kind"] != "plain"], lambda line: line["kind"]).items()},
    }  # fmt: skip
    rows = []
    for name, some in groups.items():
        if not some:
            continue
        cells = np.array([line["cells"] for line in some])
        plan = np.array([line["plan"] for line in some], dtype=np.float64)
        rows.append(
            [name, str(len(some))]
            + [text for one in (cells, plan) for text in
               (f"{one[:, 0].mean():.1%}", f"{one[:, 1].mean():.1%}",
                f"{one[:, 2].mean() * 100:.2f} / {one[:, 3].mean() * 100:.2f}")]
        )  # fmt: skip
    head = [
        "worlds",
        "number",
        "cells: in 95 %",
        "in 80 %",
        "width / prior's",
        "plan: in 95 %",
        "in 80 %",
        "width / prior's",
    ]
    title = "Intervals against the truth after ten weeks of 3,000 customers; widths are of 95 % intervals, in points:"
    return f"{title}\n\n{_table(head, rows)}" if rows else ""


def _alarms(kept: Path) -> str:
    lines = read(kept / "daily_looks.jsonl")
    if not lines:
        return ""
    told = [f"{name} {np.mean([line[name] for line in lines]):.1%}" for name in ("buyers", "revenue")]
    return f"False alarms where nothing differs, looked at on each of 90 days, {len(lines):,} runs: {', '.join(told)}."


SAMPLE_WEEKS = "sample_weeks.ndjson"
"""What `python -m benchmarks learning` said, of every life that was lived."""


FEW = 200
"""Messages below which a week has no random arm."""


def read_weeks(kept: Path) -> dict[int, list[Line]]:
    """Return the lines of the sample's weeks by life; nothing where they were not run."""
    path = kept / SAMPLE_WEEKS
    lives: dict[int, list[Line]] = {}
    for line in map(json.loads, path.read_text().splitlines() if path.exists() else ()):
        lives.setdefault(line["life"], []).append(line)
    return lives


def _sample(kept: Path) -> str:
    lives = read_weeks(kept)
    lines = lives.get(0, [])
    plans = {line["week"]: line for line in lines if line["what"] == "plan"}
    rows = [
        [str(line["week"] + 1), f"{line['messages']:,} / {line['held_out']:,}", _of_hundred(line),
         *_planned(plans.get(line["week"]))]
        for line in lines if line["what"] == "belief"
    ]  # fmt: skip
    cells = [
        [line["segment"], line["offer"], line["channel"], f"{line['messages']:,}", _of_hundred(line),
         f"{line['planted']:+.1f}"]
        for line in lines if line["what"] == "cell"
    ]  # fmt: skip
    if not rows:
        return ""
    weeks = _table(["week", "learned from: messages / times held out", "believed", "messages", "held out", "at random",
                    "with money off", "expected profit"], rows)  # fmt: skip
    tried = _table(["segment", "offer", "channel", "messages", "believed", "planted"], cells)
    title = "Ten weeks of the sample, buyers won of a hundred with 80 % intervals, and the plan made with it:"
    return f"{title}\n\n{weeks}\n\nWhat was tried most, beside what is planted:\n\n{tried}\n\n{_lives(lives)}"


def _lives(lives: dict[int, list[Line]]) -> str:
    """What each life ended with, beside what is planted over all its messages."""
    rows = []
    for life, lines in lives.items():
        (end,) = (line for line in lines if line["what"] == "end")
        few = sum(line["messages"] < FEW for line in lines if line["what"] == "plan")
        rows.append(
            [str(life + 1), f"{end['messages']:,} / {end['held_out']:,}, {end['people']:,} people", str(few),
             _of_hundred(end), f"{end['planted']:+.1f}"]
        )  # fmt: skip
    title = "Lives that differ in their draws alone, at the end, over all their messages:"
    head = ["life", "messages / times held out", f"weeks of fewer than {FEW} messages", "believed", "planted"]
    return f"{title}\n\n{_table(head, rows)}"


def _of_hundred(line: Line) -> str:
    return f"{line['buyers_of_100']:+.1f} ({line['low']:+.1f} to {line['high']:+.1f})"


def _planned(plan: Line | None) -> list[str]:
    if plan is None:
        return ["–"] * 5
    profit = {name: float(value) for name, value in plan["profit"].items()}
    return [
        f"{plan['messages']:,}", str(plan["held_out"]), str(plan["random"]), str(plan["money_off"]),
        f"{profit['mean']:.0f} ({profit['low']:.0f} to {profit['high']:.0f})",
    ]  # fmt: skip


def _others(kept: Path) -> str:
    rows = []
    for eligible, lines in _grouped(read(kept / "other_policy.jsonl"), lambda line: line["eligible"]).items():
        judged = [line for line in lines if not line["refused"]]
        counts = [str(eligible), str(len(lines)), str(len(lines) - len(judged))]
        counts.append(str(sum(not line["reliable"] for line in judged)))
        sure = [line for line in judged if line["reliable"]]
        if not sure:
            rows.append([*counts, *["–"] * 5])
            continue
        for name, label in (("ips", "IPS"), ("snips", "SNIPS"), ("doubly_robust", "DR")):
            off, low, high = interval([line[name][0] for line in sure])
            rows.append(
                [*counts, label, f"{np.mean([line['truth'] for line in sure]):.3f}",
                 f"{off:+.3f} ({low:+.3f} to {high:+.3f})", f"{np.mean([line[name][1] for line in sure]):.3f}",
                 f"{np.mean([line[name][2] for line in sure]):.1%}"]
            )  # fmt: skip
    head = ["eligible actions", "logs", "refused", "told as unreliable", "estimate", "truth", "bias", "width"]
    title = "Another policy judged from a log of 5,000 decisions, dollars a decision, where told as reliable:"
    return f"{title}\n\n{_table([*head, 'truth in 95 %'], rows)}" if rows else ""
