"""The sandbox: delivers nothing outside, keeps every message for reading in the outbox."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from datetime import timedelta
from typing import Any, ClassVar
from uuid import UUID

from sqlalchemy import text
from sqlalchemy.exc import DBAPIError

from liquor_app.core.db import transaction
from liquor_app.core.errors import AppError
from liquor_app.core.security.redact import describe
from liquor_app.organization.models import Channel
from liquor_app.providers.kit.base import (
    Handed,
    Outcome,
    OutgoingMessage,
    ProviderConfig,
    SendResult,
    WebhookEvent,
    each,
    in_chunks,
    no_webhooks,
)

# As JSON: arrays of text would have every quote of every body escaped, one by one.
_INSERT = """
INSERT INTO outbox_messages
    (send_id, campaign_id, channel, sender, recipient, subject, body_html, body_text, headers)
SELECT * FROM json_to_recordset(CAST(:messages AS json)) AS m(
    send_id uuid, campaign_id uuid, channel text, sender text, recipient text, subject text, html text, text text,
    headers jsonb)
RETURNING send_id, id
"""

CALL_SECONDS = 5.0


class SandboxConfig(ProviderConfig):
    """Nothing to set."""


class Sandbox:
    """Behaves like any other provider: its own transaction is its network."""

    name: ClassVar[str] = "sandbox"
    channels: ClassVar[frozenset[Channel]] = frozenset(Channel)
    Config: ClassVar[type[ProviderConfig]] = SandboxConfig
    batch_limit: ClassVar[int] = 500
    concurrency: ClassVar[int] = 2
    distinct_bodies: ClassVar[bool] = True
    has_webhooks: ClassVar[bool] = False

    def __init__(self, config: ProviderConfig) -> None:
        pass

    @property
    def call_seconds(self) -> float:
        return CALL_SECONDS

    @property
    def lookup_grace(self) -> timedelta:
        return timedelta(seconds=CALL_SECONDS)

    def calls(self, messages: Sequence[OutgoingMessage]) -> list[list[OutgoingMessage]]:
        return in_chunks(messages, self.batch_limit)

    async def send_batch(self, messages: Sequence[OutgoingMessage]) -> list[SendResult]:
        try:
            async with transaction() as session:
                await session.execute(text(f"SET LOCAL statement_timeout = '{CALL_SECONDS:.0f}s'"))
                inserted = await session.execute(
                    text(_INSERT), {"messages": json.dumps([_row(message) for message in messages])}
                )
                ids = {row.send_id: str(row.id) for row in inserted}
        except (AppError, DBAPIError, OSError) as error:
            # the commit may have been cut off half-way: only a look-up can tell
            return each(messages, Outcome.UNKNOWN, "database", describe(error))
        return [SendResult(message.send_id, Outcome.ACCEPTED, ids[message.send_id]) for message in messages]

    async def lookup(self, handed: Sequence[Handed]) -> dict[UUID, str]:
        async with transaction() as session:
            found = await session.execute(
                text("SELECT DISTINCT ON (send_id) send_id, id FROM outbox_messages WHERE send_id = ANY(:ids)"),
                {"ids": [sent.send_id for sent in handed]},
            )
            return {row.send_id: str(row.id) for row in found}

    def parse_webhook(self, body: bytes, headers: Mapping[str, str], url: str) -> list[WebhookEvent]:
        no_webhooks("The sandbox")

    async def aclose(self) -> None:
        pass


def _row(message: OutgoingMessage) -> dict[str, Any]:
    is_email = message.channel is Channel.EMAIL
    return {
        "send_id": str(message.send_id),
        "campaign_id": str(message.campaign_id) if message.campaign_id else None,
        "channel": message.channel.value,
        "sender": f"{message.sender_name} <{message.sender}>" if is_email else message.sender,
        "recipient": message.recipient,
        "subject": message.subject,
        "html": message.html,
        "text": message.text,
        "headers": dict(message.headers),
    }
