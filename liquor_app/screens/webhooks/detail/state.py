"""What was sent to one webhook endpoint."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any

import reflex as rx

from liquor_app.accounts.permission_table import Permission, needs
from liquor_app.accounts.permissions import Actor
from liquor_app.core.db import Session, transaction
from liquor_app.core.ids import parse_id
from liquor_app.core.listing.spec import ListQuery, ListSpec
from liquor_app.core.paging import Page
from liquor_app.organization.settings import shop_now
from liquor_app.screens.details.state import DetailState
from liquor_app.screens.listing.state import ListState
from liquor_app.screens.session.background import background
from liquor_app.screens.session.state import guarded, signed_in
from liquor_app.ui.address import last_part
from liquor_app.ui.live_updates import follow
from liquor_app.ui.toast import toast_done
from liquor_app.ui.words import NONE, ago, plural, show_moment
from liquor_app.webhooks.endpoints import get_endpoint, replay_delivery, send_test
from liquor_app.webhooks.lists import DELIVERIES, DeliveryRow, list_deliveries
from liquor_app.webhooks.models import DeliveryStatus
from liquor_app.webhooks.tell_endpoints import TOPIC


@dataclass(frozen=True, slots=True)
class DeliveryLine:
    """A delivery, in words."""

    id: str = ""
    when: str = ""
    event: str = ""
    called: str = ""
    """The event, as programs call it."""
    status: str = ""
    tries: str = ""
    said: str = ""
    next: str = ""
    payload: str = ""


def delivery_line(row: DeliveryRow, at: datetime) -> DeliveryLine:
    """Return a delivery in words; `at` is now in the shop's zone."""
    answered = f"{row.response_code}" if row.response_code else NONE
    waits = row.status is DeliveryStatus.PENDING
    return DeliveryLine(
        str(row.id), show_moment(row.created_at, at), row.type.label, row.type.value, row.status.value,
        f"{plural(row.attempts, 'try', 'tries')}{f', the last {ago(row.last_at, at)}' if row.last_at else ''}",
        row.error or answered, show_moment(row.next_at, at) if waits else NONE, row.payload,
    )  # fmt: skip


class EndpointState(DetailState, rx.State):
    """The endpoint itself, or that there is none."""

    url: str = ""
    is_active: bool = True

    def _noun(self) -> str:
        return "endpoint"

    async def _read(self) -> None:
        actor = await signed_in(self)
        async with transaction() as session:
            found = await get_endpoint(session, actor, self._id())
        self.url, self.is_active = found.url, found.is_active


class DeliveriesState(ListState, rx.State):
    """Of the endpoint in the address."""

    rows: list[DeliveryLine] = []

    def _list(self) -> ListSpec[DeliveryRow]:
        return DELIVERIES

    def _path(self) -> str:
        return f"/settings/webhooks/{last_part(self)}"

    def _export_path(self) -> str:
        return f"/api/v1/webhook-endpoints/{last_part(self)}/deliveries/export"

    async def _read_page(self, session: Session, actor: Actor, query: ListQuery) -> Page[DeliveryRow]:
        return await list_deliveries(session, actor, parse_id(last_part(self), "endpoint"), query)

    async def _lines(self, session: Session, actor: Actor, items: list[DeliveryRow]) -> list[DeliveryLine]:
        at = await shop_now(session)
        return [delivery_line(row, at) for row in items]

    @background
    @needs(Permission.WEBHOOKS_READ)
    async def live(self) -> None:
        """Show what came of tries as it comes."""
        async for _ in follow(self, TOPIC):
            async with self:
                if len(self.cursors) == 1:
                    await self._read()

    @rx.event
    @guarded
    @needs(Permission.WEBHOOKS_ADMIN)
    async def test(self) -> Any:
        """Send the endpoint an event that means nothing, and show it among the others."""
        actor = await signed_in(self)
        async with transaction() as session:
            await send_test(session, actor, parse_id(last_part(self), "endpoint"))
        await self._read()
        return toast_done("A test is on its way", "What it answers is shown here.")

    @rx.event
    @guarded
    @needs(Permission.WEBHOOKS_ADMIN)
    async def replay(self, delivery_id: str) -> Any:
        actor = await signed_in(self)
        async with transaction() as session:
            await replay_delivery(session, actor, parse_id(str(delivery_id), "delivery"))
        await self._read()
        return toast_done("It is sent once more")
