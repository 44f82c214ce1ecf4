"""Two plans of one campaign side by side. Pure: from their stored summaries."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from liquor_app.planning.plan_summary import TAKERS, takers_of
from liquor_app.planning.reasoning.plan_reasoning import basis_words

SHOWN = 60
"""Cells told of, the largest differences first."""


@dataclass(frozen=True)
class FigureFields:
    """One figure of both plans."""

    name: str
    label: str
    unit: str
    left: float
    right: float


@dataclass(frozen=True, slots=True)
class Figure(FigureFields):
    """One figure of both plans; `low` and `high` are 80 % intervals where it is an estimate."""

    left_range: tuple[float, float] | None = None
    right_range: tuple[float, float] | None = None

    @property
    def difference(self) -> float:
        return self.right - self.left


@dataclass(frozen=True, slots=True)
class DayDifference:
    date: str
    channel: str
    left: int
    right: int


@dataclass(frozen=True)
class CellFields:
    """Messages of a cell in both plans."""

    segment: str
    segment_name: str
    date: str
    channel: str
    offer: str
    left: int
    right: int


@dataclass(frozen=True, slots=True)
class CellDifference(CellFields):
    """Messages to a segment on a day by a channel with an offer, in both plans."""

    @property
    def difference(self) -> int:
        return self.right - self.left


@dataclass(frozen=True, slots=True)
class CopyDifference:
    """What both plans say to a segment by a channel; `(subject or "", text)` each."""

    segment_name: str
    channel: str
    offer: str
    left: tuple[tuple[str, str], ...]
    right: tuple[tuple[str, str], ...]


@dataclass(frozen=True, slots=True)
class Comparison:
    """`cells` holds the `SHOWN` largest differences; `moved` messages are those that stand elsewhere in the other."""

    figures: tuple[Figure, ...]
    days: tuple[DayDifference, ...]
    cells: tuple[CellDifference, ...]
    cells_differing: int
    moved: int
    copy: tuple[CopyDifference, ...]


def compare(left: Mapping[str, Any], right: Mapping[str, Any]) -> Comparison:
    """Tell what differs between two summaries (`summary.figures`)."""
    cells = _cells(left.get("cells", []), right.get("cells", []))
    differing = sorted((cell for cell in cells if cell.difference), key=lambda cell: (-abs(cell.difference), cell.date))
    return Comparison(
        figures=tuple(_figures(left, right)),
        days=tuple(_days(left["days"], right["days"])),
        cells=tuple(differing[:SHOWN]),
        cells_differing=len(differing),
        moved=sum(max(cell.difference, 0) for cell in differing),
        copy=tuple(_copy(left.get("copy", []), right.get("copy", []))),
    )


def _figures(left: Mapping[str, Any], right: Mapping[str, Any]) -> list[Figure]:
    def total(name: str, label: str) -> Figure:
        return Figure(name, label, "", float(left["totals"][name]), float(right["totals"][name]))

    def estimate(name: str, label: str, unit: str) -> Figure:
        mine, other = (
            takers_of(one["simulation"]) if name == "takers" else one["simulation"][name] for one in (left, right)
        )
        return Figure(name, label, unit, float(mine["mean"]), float(other["mean"]), _range(mine), _range(other))

    return [
        total("reach", "People reached"),
        total("sends", "Messages"),
        total("email", "By e-mail"),
        total("sms", "By SMS"),
        estimate("takers", TAKERS, ""),
        estimate("discount", "Discount given", "$"),
        Figure("cost", "Sending cost", "$", float(left["simulation"]["cost"]), float(right["simulation"]["cost"])),
        estimate("incremental_profit", f"Expected incremental profit ({_basis(right)})", "$"),
    ]


def _basis(summary: Mapping[str, Any]) -> str:
    return basis_words(summary["simulation"]["uplift"])


def _range(found: Mapping[str, Any]) -> tuple[float, float]:
    return float(found["low"]), float(found["high"])


def _days(left: Sequence[Mapping[str, Any]], right: Sequence[Mapping[str, Any]]) -> list[DayDifference]:
    mine, other = ({row["date"]: row for row in rows} for rows in (left, right))
    return [
        DayDifference(day, channel, int(mine.get(day, {}).get(channel, 0)), int(other.get(day, {}).get(channel, 0)))
        for day in sorted(mine.keys() | other.keys())
        for channel in ("email", "sms")
    ]


def _cells(left: Sequence[Mapping[str, Any]], right: Sequence[Mapping[str, Any]]) -> list[CellDifference]:
    def keyed(rows: Sequence[Mapping[str, Any]]) -> dict[tuple[str, str, str, str], tuple[str, int]]:
        found: dict[tuple[str, str, str, str], tuple[str, int]] = {}
        for row in rows:
            key = (row["segment"], row["date"], row["channel"], row["offer"])
            found[key] = (row["segment_name"], found.get(key, ("", 0))[1] + int(row["sends"]))
        return found

    mine, other = keyed(left), keyed(right)
    return [
        CellDifference(
            key[0], (mine.get(key) or other[key])[0], *key[1:], mine.get(key, ("", 0))[1], other.get(key, ("", 0))[1]
        )
        for key in sorted(mine.keys() | other.keys())
    ]


def _copy(left: Sequence[Mapping[str, Any]], right: Sequence[Mapping[str, Any]]) -> list[CopyDifference]:
    def keyed(rows: Sequence[Mapping[str, Any]]) -> dict[tuple[str, str, str], list[tuple[str, str]]]:
        found: dict[tuple[str, str, str], list[tuple[str, str]]] = {}
        for row in rows:
            key = (row["segment_name"], row["channel"], row["offer"] or "")
            found.setdefault(key, []).append((row["subject"] or "", row["message"] or ""))
        return found

    mine, other = keyed(left), keyed(right)
    return [
        CopyDifference(*key, tuple(mine.get(key, ())), tuple(other.get(key, ())))
        for key in sorted(mine.keys() | other.keys())
        if mine.get(key) != other.get(key)
    ]
