"""Shapes of the plans' routes."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Any
from uuid import UUID

from pydantic import Field

from liquor_app.actions.edit_actions import EditFields
from liquor_app.api.schemas import Body, Day, Row
from liquor_app.campaigns.models import Engine
from liquor_app.planning.compare_plans import CellFields, FigureFields
from liquor_app.planning.models import PlanStatus
from liquor_app.rest.schemas.analytics import Figure


class PlanBrief(Row):
    """A version of a campaign's plan, without its figures."""

    id: UUID
    version: int
    engine: Engine
    status: PlanStatus
    is_current: bool
    can_be_chosen: bool
    fingerprint: str
    guidance_version: int
    created_at: datetime
    approved_at: datetime | None


class EditOut(Row, EditFields):
    """A change by hand; `undone_at` once it was taken back."""


class PlanOut(PlanBrief):
    """A plan with everything that stays with it: limits, figures, reasoning, what was asked of the AI planner and what
    it cost, and what people changed."""

    campaign_id: UUID
    constraints: dict[str, Any]
    summary: dict[str, Any]
    reasoning: list[dict[str, str]]
    engine_record: dict[str, Any] | None
    edits: list[EditOut]


class FigureOut(Row, FigureFields):
    left: Figure  # type: ignore[assignment]
    right: Figure  # type: ignore[assignment]
    difference: Figure
    left_range: tuple[Figure, Figure] | None
    right_range: tuple[Figure, Figure] | None


class DayOut(Row):
    date: str
    channel: str
    left: int
    right: int


class CellOut(Row, CellFields):
    difference: int


class CopyOut(Row):
    """Subject (may be empty) and text of each variant."""

    segment_name: str
    channel: str
    offer: str
    left: list[tuple[str, str]]
    right: list[tuple[str, str]]


class ComparisonOut(Row):
    """Two plans side by side; `cells` are the largest differences of `cells_differing`."""

    figures: list[FigureOut]
    days: list[DayOut]
    cells: list[CellOut]
    cells_differing: int
    moved: int
    copy_differences: Annotated[list[CopyOut], Field(validation_alias="copy")]


class SkipIn(Body):
    """Which planned actions to take out: a segment's, a day's, a channel's, or where they overlap."""

    segment: Annotated[str, Field(max_length=60)] = ""
    day: Day | None = None
    channel: Annotated[str, Field(max_length=10)] = ""
    note: Annotated[str, Field(max_length=200)] = ""


class Skipped(Row):
    skipped: int
