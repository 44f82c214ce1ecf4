"""Shapes of the actions' routes."""

from __future__ import annotations

from uuid import UUID

from liquor_app.api.schemas import Body


class GenerateActionsIn(Body):
    """For which campaign; its segments say who may be contacted."""

    campaign_id: UUID
