"""The sandbox: delivers nothing outside, keeps every message for reading in the outbox."""

from __future__ import annotations

import json
from collections.abc import Sequence
from datetime import timedelta
from typing import ClassVar
from uuid import UUID

from sqlalchemy import text
from sqlalchemy.exc import DBAPIError

from liquor_app.core.db import transaction
from liquor_app.core.errors import AppError
from liquor_app.organization.models import Channel
from liquor_app.providers.base import Outcome, OutgoingMessage, ProviderConfig, SendResult, each

_INSERT = """
INSERT INTO outbox_messages
    (send_id, campaign_id, channel, sender, recipient, subject, body_html, body_text, headers)
SELECT * FROM unnest(
    CAST(:sends AS uuid[]), CAST(:campaigns AS uuid[]), CAST(:channels AS text[]), CAST(:senders AS text[]),
    CAST(:recipients AS text[]), CAST(:subjects AS text[]), CAST(:htmls AS text[]), CAST(:texts AS text[]),
    CAST(:headers AS jsonb[]))
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

    def __init__(self, config: ProviderConfig) -> None:
        pass

    @property
    def call_seconds(self) -> float:
        return CALL_SECONDS

    @property
    def lookup_grace(self) -> timedelta:
        return timedelta(seconds=CALL_SECONDS)

    async def send_batch(self, messages: Sequence[OutgoingMessage]) -> list[SendResult]:
        try:
            async with transaction() as session:
                await session.execute(text(f"SET LOCAL statement_timeout = '{CALL_SECONDS:.0f}s'"))
                inserted = await session.execute(
                    text(_INSERT),
                    {
                        "sends": [message.send_id for message in messages],
                        "campaigns": [message.campaign_id for message in messages],
                        "channels": [message.channel.value for message in messages],
                        "senders": [_sender(message) for message in messages],
                        "recipients": [message.recipient for message in messages],
                        "subjects": [message.subject for message in messages],
                        "htmls": [message.html for message in messages],
                        "texts": [message.text for message in messages],
                        "headers": [json.dumps(dict(message.headers)) for message in messages],
                    },
                )
                ids = {row.send_id: str(row.id) for row in inserted}
        except (AppError, DBAPIError, OSError) as error:
            # the commit may have been cut off half-way: only a look-up can tell
            return each(messages, Outcome.UNKNOWN, "database", str(error))
        return [SendResult(message.send_id, Outcome.ACCEPTED, ids[message.send_id]) for message in messages]

    async def lookup(self, send_ids: Sequence[UUID]) -> dict[UUID, str]:
        async with transaction() as session:
            found = await session.execute(
                text("SELECT DISTINCT ON (send_id) send_id, id FROM outbox_messages WHERE send_id = ANY(:ids)"),
                {"ids": list(send_ids)},
            )
            return {row.send_id: str(row.id) for row in found}

    async def aclose(self) -> None:
        pass


def _sender(message: OutgoingMessage) -> str:
    return f"{message.sender_name} <{message.sender}>" if message.channel is Channel.EMAIL else message.sender
