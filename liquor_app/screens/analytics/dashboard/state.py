"""The dashboard: live figures, what waits for approval, what is on its way."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import reflex as rx

from liquor_app.accounts.permission_table import Permission, needs
from liquor_app.accounts.permissions import Actor, may
from liquor_app.analytics.alerts import Alert, read_alerts
from liquor_app.analytics.service import dashboard, revenue_by_day
from liquor_app.campaigns.lists import list_campaigns
from liquor_app.campaigns.models import CampaignStatus
from liquor_app.campaigns.service import CampaignRow
from liquor_app.core.db import transaction
from liquor_app.core.listing.spec import ListQuery
from liquor_app.organization.settings import shop_now
from liquor_app.screens.analytics.period_state import PeriodState
from liquor_app.screens.analytics.view import Tile, period_words, tiles, today_words
from liquor_app.screens.campaigns.words import progress_words, waiting_words
from liquor_app.screens.sending.words import SendLine, send_line
from liquor_app.screens.session.background import background
from liquor_app.screens.session.state import guarded, signed_in
from liquor_app.sending.lists import list_left
from liquor_app.ui.live_updates import follow
from liquor_app.ui.words import figure

PERIODS = {"30": 30, "7": 7, "90": 90}


@dataclass(frozen=True, slots=True)
class CampaignLine:
    """A campaign in the dashboard's list."""

    id: str
    name: str
    status: str
    percent: float
    done: str
    detail: str


@dataclass(frozen=True, slots=True)
class Waiting:
    """The plan that waits for approval; an empty id for none."""

    id: str = ""
    title: str = ""
    detail: str = ""


def campaign_line(row: CampaignRow, at: datetime) -> CampaignLine:
    done = row.completed_sends + row.failed_sends + row.skipped_sends
    return CampaignLine(
        str(row.id),
        row.name,
        row.status.value,
        round(row.progress * 100, 1),
        f"{figure(done)} / {figure(row.total_sends)}" if row.total_sends else "",
        progress_words(row, at),
    )


class DashboardState(PeriodState, rx.State):
    """Everything on the dashboard is read again on each hint; figures come from rollups, so that is cheap."""

    loading: bool = True
    words: str = ""
    today_words: str = ""
    tiles: list[Tile] = []
    days: list[str] = []
    revenue: list[float | None] = []
    """Of the finished days; None of today, the last."""
    previous: list[float | None] = []
    today: list[float | None] = []
    campaigns: list[CampaignLine] = []
    sends: list[SendLine] = []
    waiting: Waiting = Waiting()
    alerts: list[Alert] = []

    @rx.event
    @guarded
    @needs(Permission.CAMPAIGNS_READ)
    async def load(self) -> None:
        await self._from_address()
        await self._show()
        self.loading = False

    def _periods(self) -> Mapping[str, int]:
        return PERIODS

    def _address(self) -> str:
        return "/"

    async def _show(self) -> None:
        await self._refresh(await signed_in(self))

    @background
    @needs(Permission.CAMPAIGNS_READ)
    async def live(self) -> None:
        async for _ in follow(self, "dashboard", "sends"):
            async with self:
                await self._refresh(await signed_in(self))

    async def _refresh(self, actor: Actor) -> None:
        async with transaction() as session:
            board = await dashboard(session, actor, **self._asked())
            running = await list_campaigns(
                session, actor, ListQuery({"status": "active,paused,scheduled,awaiting_approval"}, limit=6)
            )
            alerts = await read_alerts(session, actor)
            at = await shop_now(session)
            latest = await list_left(session, actor, ListQuery({"played": "false"}, limit=9))
        self.words, self.tiles = period_words(board), tiles(board)
        self.today_words = today_words(board)
        self.days = [day.day.isoformat() for day in (*board.days, board.today)]
        self.revenue = [*revenue_by_day(board.days), None]
        self.previous = [*revenue_by_day(board.previous), None]
        self.today = [*(None for _ in board.days), float(board.today.revenue)]
        self.campaigns = [campaign_line(row, at) for row in running.items]
        self.alerts = alerts
        self.sends = [send_line(row, at) for row in latest.items]
        whose = "your " if may(actor, Permission.CAMPAIGNS_WRITE) else ""
        self.waiting = next(
            (Waiting(str(row.id), f"{row.name} is waiting for {whose}approval", waiting_words(row))
             for row in running.items if row.status is CampaignStatus.AWAITING_APPROVAL),
            Waiting(),
        )  # fmt: skip


LOAD: Any = [DashboardState.load, DashboardState.live]
