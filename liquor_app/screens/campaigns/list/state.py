"""The list of campaigns."""

from __future__ import annotations

from dataclasses import dataclass

import reflex as rx

from liquor_app.campaigns.service import CampaignRow, list_campaigns
from liquor_app.core.db import transaction
from liquor_app.core.money import show_money
from liquor_app.screens.campaigns.words import days_words
from liquor_app.screens.session.background import background
from liquor_app.screens.session.state import guarded, signed_in
from liquor_app.ui.live_updates import follow

PAGE = 25
TABS = {
    "all": "",
    "open": "draft,awaiting_approval,scheduled,active,paused",
    "done": "completed,cancelled",
}


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


def line_of(row: CampaignRow) -> CampaignLine:
    sent = row.completed_sends
    return CampaignLine(
        str(row.id),
        row.name,
        row.status.value,
        days_words(row),
        f"{sent:,}" if row.total_sends == sent else f"{sent:,} of {row.total_sends:,}",
        f"{row.conversions:,}",
        f"{row.conversions / sent:.1%}" if sent else "–",
        show_money(row.revenue_generated) if row.revenue_generated else "–",
        row.is_history,
    )


class CampaignsState(rx.State):
    """One page of campaigns; `cursors` is the way back to the pages before."""

    tab: str = "all"
    query: str = ""
    rows: list[CampaignLine] = []
    showing: str = ""
    loading: bool = True
    cursors: list[str] = [""]
    next_cursor: str = ""

    @rx.event
    @guarded
    async def load(self) -> None:
        self.cursors = [""]
        await self._read()

    async def _read(self) -> None:
        actor = await signed_in(self)
        async with transaction() as session:
            page = await list_campaigns(
                session,
                actor,
                status=TABS[self.tab],
                search=self.query,
                limit=PAGE,
                cursor=self.cursors[-1] or None,
            )
        self.rows = [line_of(row) for row in page.items]
        self.next_cursor, self.loading = page.next_cursor or "", False
        first = (len(self.cursors) - 1) * PAGE + 1
        self.showing = f"{first:,} to {first + len(self.rows) - 1:,} of {page.total:,}" if self.rows else "None"

    @background
    async def live(self) -> None:
        async for _ in follow(self, "dashboard"):
            async with self:
                await self._read()

    @rx.event
    @guarded
    async def choose(self, tab: str | list[str]) -> None:
        self.tab, self.cursors = (tab if isinstance(tab, str) and tab in TABS else "all"), [""]
        await self._read()

    @rx.event
    @guarded
    async def search(self, query: str) -> None:
        self.query, self.cursors = str(query)[:100], [""]
        await self._read()

    @rx.event
    @guarded
    async def forward(self) -> None:
        if self.next_cursor:
            self.cursors = [*self.cursors, self.next_cursor]
            await self._read()

    @rx.event
    @guarded
    async def back(self) -> None:
        if len(self.cursors) > 1:
            self.cursors = self.cursors[:-1]
            await self._read()
