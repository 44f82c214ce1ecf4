"""The outbox: what the sandbox kept, readable as its recipient would have seen it."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import reflex as rx

from liquor_app.accounts.permission_table import Permission, needs
from liquor_app.accounts.permissions import Actor
from liquor_app.core.db import Session, transaction
from liquor_app.core.ids import parse_id
from liquor_app.core.listing.spec import ListQuery, ListSpec
from liquor_app.core.paging import Page
from liquor_app.organization.settings import shop_now
from liquor_app.screens.listing.state import ListState
from liquor_app.screens.session.background import background
from liquor_app.screens.session.state import guarded, signed_in
from liquor_app.sending.lists import OUTBOX, list_outbox
from liquor_app.sending.sandbox_outbox import OutboxRow, get_outbox_message
from liquor_app.templates.rendering.sms_length import SmsSize
from liquor_app.ui.address import parameter
from liquor_app.ui.live_updates import follow
from liquor_app.ui.words import ago


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


class OutboxState(ListState, rx.State):
    """What the sandbox kept, one message open."""

    rows: list[OutboxLine] = []
    reading: Reading = Reading()

    def _list(self) -> ListSpec[OutboxRow]:
        return OUTBOX

    def _path(self) -> str:
        return "/outbox"

    async def _read_page(self, session: Session, actor: Actor, query: ListQuery) -> Page[OutboxRow]:
        return await list_outbox(session, actor, query)

    async def _lines(self, session: Session, actor: Actor, items: list[OutboxRow]) -> list[OutboxLine]:
        at = await shop_now(session)
        return [
            OutboxLine(
                str(row.id), row.recipient, row.subject or row.excerpt, row.campaign_name or "", row.channel,
                ago(row.accepted_at, at),
            )
            for row in items
        ]  # fmt: skip

    @rx.event
    @guarded
    @needs(Permission.SENDS_READ)
    async def load(self) -> Any:
        """`?send=` opens the message of that send."""
        self.reading = Reading()
        said = await self._load()
        if wanted := parameter(self, "send"):
            asked = ListQuery({"send_id": str(parse_id(wanted, "send"))}, limit=1)
            async with transaction() as session:
                found = await list_outbox(session, await signed_in(self), asked)
            if found.items:
                await self._open(str(found.items[0].id))
        elif self.rows:
            await self._open(self.rows[0].id)
        return said

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
    @needs(Permission.SENDS_READ)
    async def live(self) -> None:
        async for _ in follow(self, "sends"):
            async with self:
                if len(self.cursors) == 1:
                    await self._read()

    @rx.event
    @guarded
    @needs(Permission.SENDS_READ)
    async def open(self, message_id: str) -> None:
        await self._open(message_id)
