"""Messages whose answer never came: listed, and decided by hand."""

from __future__ import annotations

from dataclasses import dataclass

import reflex as rx

from liquor_app.accounts.state import guarded, signed_in
from liquor_app.core.db import transaction
from liquor_app.core.ids import parse_id
from liquor_app.sending.service import list_sends, resend, settle_unknown
from liquor_app.sending.words import ago

PAGE = 10


@dataclass(frozen=True, slots=True)
class UnknownLine:
    """A message nobody can know about."""

    id: str
    recipient: str
    campaign: str
    provider: str
    when: str
    note: str


class UnknownState(rx.State):
    """The first of them; each that is decided makes room for the next."""

    rows: list[UnknownLine] = []
    total: int = 0

    @rx.event
    @guarded
    async def load(self) -> None:
        await self._read()

    async def _read(self) -> None:
        actor = await signed_in(self)
        async with transaction() as session:
            page = await list_sends(session, actor, status="unknown", limit=PAGE)
        self.total = page.total
        self.rows = [
            UnknownLine(
                str(row.id), row.customer_name or row.recipient, row.campaign_name or "", row.provider or "",
                ago(row.created_at), row.note or row.error_message or "",
            )
            for row in page.items
        ]  # fmt: skip

    @rx.event
    @guarded
    async def was_sent(self, send_id: str) -> None:
        """The provider's own pages show it: it has arrived."""
        actor = await signed_in(self)
        async with transaction() as session:
            await settle_unknown(session, actor, parse_id(send_id, "send"), was_sent=True)
        await self._read()

    @rx.event
    @guarded
    async def send_again(self, send_id: str) -> None:
        """It has not: a new attempt, and this one has failed."""
        actor = await signed_in(self)
        async with transaction() as session:
            await resend(session, actor, parse_id(send_id, "send"))
            await settle_unknown(session, actor, parse_id(send_id, "send"), was_sent=False)
        await self._read()
