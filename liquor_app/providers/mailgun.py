"""Mailgun: `POST /v3/{domain}/messages`, one recipient a call, our send id as the Message-Id.

https://documentation.mailgun.com/docs/mailgun/api-reference/send/mailgun/messages
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Mapping, Sequence
from datetime import timedelta
from email.utils import formataddr
from typing import Any, ClassVar
from uuid import UUID

import httpx
from pydantic import Field, SecretStr

from liquor_app.core.errors import Unavailable
from liquor_app.core.ids import uuid7_time
from liquor_app.organization.models import Channel
from liquor_app.providers.base import Outcome, OutgoingMessage, ProviderConfig, SendResult
from liquor_app.providers.http import http_client, outcome_of_error

DAY_SECONDS = 86_400


class MailgunConfig(ProviderConfig):
    """`base_url` is https://api.eu.mailgun.net in the EU. `lookup_grace_seconds` is how far Mailgun's event log may
    lag behind: only after that does "not in the log" mean "never taken"."""

    domain: str = Field(pattern=r"^[A-Za-z0-9.-]{3,253}$")
    api_key: SecretStr = Field(min_length=1)
    base_url: str = Field("https://api.mailgun.net", pattern=r"^https?://[^\s/]+$")
    lookup_grace_seconds: int = Field(900, ge=1, le=86_400)
    timeout_seconds: float = Field(20.0, ge=1, le=40)


class Mailgun:
    """Personal bodies are all different, so every message is a call of its own."""

    name: ClassVar[str] = "mailgun"
    channels: ClassVar[frozenset[Channel]] = frozenset({Channel.EMAIL})
    Config: ClassVar[type[ProviderConfig]] = MailgunConfig
    batch_limit: ClassVar[int] = 1
    concurrency: ClassVar[int] = 50

    def __init__(self, config: ProviderConfig) -> None:
        assert isinstance(config, MailgunConfig)
        self.config = config
        self._client = http_client(
            config.base_url,
            connections=self.concurrency,
            seconds=config.timeout_seconds,
            auth=("api", config.api_key.get_secret_value()),
        )

    @property
    def call_seconds(self) -> float:
        return self.config.timeout_seconds

    @property
    def lookup_grace(self) -> timedelta:
        return timedelta(seconds=self.config.lookup_grace_seconds)

    async def send_batch(self, messages: Sequence[OutgoingMessage]) -> list[SendResult]:
        return list(await asyncio.gather(*(self._send(message) for message in messages)))

    async def _send(self, message: OutgoingMessage) -> SendResult:
        try:
            async with asyncio.timeout(self.call_seconds):
                answer = await self._client.post(f"/v3/{self.config.domain}/messages", data=self._form(message))
        except TimeoutError:
            return SendResult(message.send_id, Outcome.UNKNOWN, code="timeout", detail="Mailgun did not answer.")
        except httpx.HTTPError as error:
            outcome = outcome_of_error(error)
            return SendResult(message.send_id, outcome, code=type(error).__name__, detail=str(error)[:500])
        return self._judge(message.send_id, answer)

    def _form(self, message: OutgoingMessage) -> dict[str, str]:
        form = {
            "from": formataddr((message.sender_name, message.sender)),
            "to": message.recipient,
            "subject": message.subject or "",
            "html": message.html or "",
            "text": message.text,
            "h:Message-Id": f"<{self._message_id(message.send_id)}>",
            "v:send_id": str(message.send_id),
            **{f"h:{name}": value for name, value in message.headers.items()},
        }
        if message.reply_to:
            form["h:Reply-To"] = message.reply_to
        if message.campaign_id:
            form["o:tag"] = str(message.campaign_id)
        return form

    def _message_id(self, send_id: UUID) -> str:
        return f"{send_id}@{self.config.domain}"

    def _judge(self, send_id: UUID, answer: httpx.Response) -> SendResult:
        status = answer.status_code
        said = _json(answer)
        detail = str(said.get("message") or answer.text[:200] or answer.reason_phrase)[:500]
        if status == httpx.codes.OK:
            return SendResult(send_id, Outcome.ACCEPTED, str(said.get("id") or f"<{self._message_id(send_id)}>"))
        if status == httpx.codes.TOO_MANY_REQUESTS:
            return SendResult(send_id, Outcome.TRANSIENT, code="429", detail=detail, is_throttled=True)
        if status in {401, 402, 403, 404}:
            return SendResult(send_id, Outcome.MISCONFIGURED, code=str(status), detail=detail)
        if status >= httpx.codes.INTERNAL_SERVER_ERROR:
            # Mailgun has been seen to answer 5xx and send all the same
            return SendResult(send_id, Outcome.UNKNOWN, code=str(status), detail=detail)
        return SendResult(send_id, Outcome.REJECTED, code=str(status), detail=detail)

    async def lookup(self, send_ids: Sequence[UUID]) -> dict[UUID, str]:
        found = await asyncio.gather(*(self._lookup(send_id) for send_id in send_ids))
        return {send_id: message_id for send_id, message_id in zip(send_ids, found, strict=True) if message_id}

    async def _lookup(self, send_id: UUID) -> str | None:
        """The event log, asked for our Message-Id; any event of it proves that Mailgun has taken the message."""
        params: dict[str, str | int] = {
            "message-id": self._message_id(send_id),
            "begin": int(min(uuid7_time(send_id).timestamp(), time.time() - DAY_SECONDS)),
            "ascending": "yes",
            "limit": 1,
        }
        try:
            async with asyncio.timeout(self.call_seconds):
                answer = await self._client.get(f"/v3/{self.config.domain}/events", params=params)
        except (TimeoutError, httpx.HTTPError) as error:
            raise Unavailable(f"Mailgun's event log cannot be read: {error}") from error
        if answer.status_code != httpx.codes.OK:
            raise Unavailable(f"Mailgun's event log answers {answer.status_code}.")
        items = _json(answer).get("items")
        return f"<{self._message_id(send_id)}>" if items else None

    async def aclose(self) -> None:
        await self._client.aclose()


def _json(answer: httpx.Response) -> Mapping[str, Any]:
    try:
        loaded = answer.json()
    except ValueError:
        return {}
    return loaded if isinstance(loaded, dict) else {}
