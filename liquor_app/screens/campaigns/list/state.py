"""The list of campaigns."""

from __future__ import annotations

from dataclasses import dataclass
from types import MappingProxyType

import reflex as rx

from liquor_app.accounts.bulk_actions import BulkList
from liquor_app.accounts.permission_table import Permission, needs
from liquor_app.accounts.permissions import Actor
from liquor_app.analytics.measured import measured_of_campaigns
from liquor_app.campaigns.lists import CAMPAIGN_ACTIONS, CAMPAIGNS, DONE, OPEN, list_campaigns
from liquor_app.campaigns.models import CampaignStatus
from liquor_app.campaigns.service import CampaignRow
from liquor_app.core.db import Session
from liquor_app.core.listing.spec import ListQuery, ListSpec
from liquor_app.core.paging import Page
from liquor_app.screens.campaigns.words import Measured, bought_words, days_words, revenue_words
from liquor_app.screens.listing.bulk_state import BulkState
from liquor_app.screens.listing.state import ListState
from liquor_app.screens.session.background import background
from liquor_app.ui.forms.filters import Option
from liquor_app.ui.live_updates import follow
from liquor_app.ui.status_looks import LOOKS
from liquor_app.ui.words import figure


@dataclass(frozen=True, slots=True)
class CampaignLine:
    """A row of the table, in words."""

    id: str
    name: str
    status: str
    days: str
    sends: str
    bought: str
    rate: str
    revenue: str
    history: bool


def line_of(row: CampaignRow, measured: Measured = MappingProxyType({})) -> CampaignLine:
    sent = row.completed_sends
    return CampaignLine(
        str(row.id),
        row.name,
        row.status.value,
        days_words(row),
        figure(sent) if row.total_sends == sent else f"{figure(sent)} of {figure(row.total_sends)}",
        *bought_words(row, measured),
        revenue_words(row, measured),
        row.is_history,
    )


FIELDS = {
    "Days": ("start_date", "end_date"),
    "Status": ("status",),
    "Messages": ("total_sends", "completed_sends"),
    "Attributed orders": ("conversions",),
    "Attributed revenue": ("revenue_generated",),
}
"""Columns of the page and what they show of the file."""


class CampaignsState(BulkState, ListState, rx.State):
    """The list of campaigns."""

    rows: list[CampaignLine] = []

    def _bulk(self) -> BulkList:
        return CAMPAIGN_ACTIONS

    def _noun(self) -> tuple[str, str]:
        return "campaign", "campaigns"

    def _column_fields(self) -> dict[str, tuple[str, ...]]:
        return FIELDS

    def _list(self) -> ListSpec[CampaignRow]:
        return CAMPAIGNS

    def _path(self) -> str:
        return "/campaigns"

    def _export_path(self) -> str:
        return "/api/v1/campaigns/export"

    async def _read_page(self, session: Session, actor: Actor, query: ListQuery) -> Page[CampaignRow]:
        return await list_campaigns(session, actor, query)

    async def _lines(self, session: Session, actor: Actor, items: list[CampaignRow]) -> list[CampaignLine]:
        measured = await measured_of_campaigns(session, actor, {row.id: row.completed_sends for row in items})
        return [line_of(row, measured.get(row.id, {})) for row in items]

    async def _options(self, session: Session, actor: Actor) -> dict[str, list[Option]]:
        each = [Option(status.value, LOOKS[status.value].word) for status in CampaignStatus]
        return {"status": [Option(OPEN, "Open"), Option(DONE, "Done"), *each]}

    @background
    @needs(Permission.APP)
    async def live(self) -> None:
        async for _ in follow(self, "dashboard"):
            async with self:
                await self._read()
