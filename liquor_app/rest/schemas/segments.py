"""Shapes of the segments' routes."""

from __future__ import annotations

from typing import Any, ClassVar

from liquor_app.api.schemas import Patch
from liquor_app.segments.models import SegmentKind


class SegmentPatch(Patch):
    """Fields to change. `rules` follows the schema of the rule language; the rest is the playbook."""

    nullable: ClassVar[frozenset[str]] = frozenset({"description", "messaging_strategy"})

    name: str | None = None
    description: str | None = None
    rules: dict[str, Any] | None = None
    color: str | None = None
    recommended_offers: list[dict[str, Any]] | None = None
    messaging_strategy: str | None = None
    optimal_channels: list[str] | None = None
    optimal_send_window: dict[str, str] | None = None
    template_category: str | None = None
    max_discount_pct: float | str | None = None
    margin_floor_pct: float | str | None = None
    is_active: bool | None = None
    position: int | None = None


class SegmentIn(SegmentPatch):
    """A new segment. A `static` one is a hand-picked list and has no rules."""

    kind: SegmentKind = SegmentKind.RULE
