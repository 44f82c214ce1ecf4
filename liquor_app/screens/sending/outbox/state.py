"""The outbox: what the sandbox kept, readable as its recipient would have seen it."""

from __future__ import annotations

from dataclasses import dataclass, field

import reflex as rx

from liquor_app.core.db import transaction
from liquor_app.core.ids import parse_id
from liquor_app.screens.sending.words import ago
from liquor_app.screens.session.background import background
from liquor_app.screens.session.state import guarded, signed_in
from liquor_app.sending.outbox import get_outbox_message, list_outbox
from liquor_app.templates.rendering.sms_length import SmsSize
from liquor_app.ui.live_updates import follow

PAGE = 20


@dataclass(frozen=True, slots=True)
class OutboxLine:
    """A kept message in the list."""

    id: str
    recipient: str
    title: str
    campaign: str
    channel: str
    when: str


@dataclass(frozen=True, slots=True)
class Reading:
    """The message being read; an empty id for none."""

    id: str = ""
    channel: str = ""
    sender: str = ""
    recipient: str = ""
    subject: str = ""
    html: str = ""
    text: str = ""
    segments: str = ""
    headers: list[str] = field(default_factory=list)


def segment_words(size: SmsSize) -> str:
    """`2 segments, GSM-7, 210 of 306`."""
    return f"{size.segments} segment{'s' * (size.segments > 1)}, {size.encoding}, {size.units} of {size.limit}"


class OutboxState(rx.State):
    """One page of kept messages, one of them open."""

    rows: list[OutboxLine] = []
    reading: Reading = Reading()
    query: str = ""
    showing: str = ""
    cursors: list[str] = [""]
    next_cursor: str = ""
    loading: bool = True

    @rx.event
    @guarded
    async def load(self) -> None:
        """`?send=` opens the message of that send."""
        actor = await signed_in(self)
        self.cursors, self.reading = [""], Reading()
        await self._read()
        wanted = str(self.router.url.query_parameters.get("send", ""))
        if wanted:
            async with transaction() as session:
                page = await list_outbox(session, actor, send_id=parse_id(wanted, "send"), limit=1)
            if page.items:
                await self._open(str(page.items[0].id))
        elif self.rows:
            await self._open(self.rows[0].id)

    async def _read(self) -> None:
        actor = await signed_in(self)
        async with transaction() as session:
            page = await list_outbox(session, actor, search=self.query, limit=PAGE, cursor=self.cursors[-1] or None)
        self.rows = [
            OutboxLine(
                str(row.id), row.recipient, row.subject or row.excerpt, row.campaign_name or "", row.channel,
                ago(row.accepted_at),
            )
            for row in page.items
        ]  # fmt: skip
        self.next_cursor, self.loading = page.next_cursor or "", False
        first = (len(self.cursors) - 1) * PAGE
        self.showing = f"{first + 1:,} to {first + len(self.rows):,} of {page.total:,}" if self.rows else "None"

    async def _open(self, message_id: str) -> None:
        actor = await signed_in(self)
        async with transaction() as session:
            message = await get_outbox_message(session, actor, parse_id(message_id, "message"))
        row = message.row
        self.reading = Reading(
            id=str(row.id),
            channel=row.channel,
            sender=row.sender,
            recipient=row.recipient,
            subject=row.subject or "",
            html=message.body_html or "",
            text=message.body_text or "",
            segments=segment_words(message.sms_size) if message.sms_size else "",
            headers=[f"{name}: {value}" for name, value in message.headers.items()],
        )

    @background
    async def live(self) -> None:
        async for _ in follow(self, "sends"):
            async with self:
                if len(self.cursors) == 1:
                    await self._read()

    @rx.event
    @guarded
    async def open(self, message_id: str) -> None:
        await self._open(message_id)

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
