"""Mailgun: `POST /v3/{domain}/messages`, up to 1,000 recipients of one body, or one recipient.

https://documentation.mailgun.com/docs/mailgun/api-reference/send/mailgun/messages
https://documentation.mailgun.com/docs/mailgun/user-manual/sending-messages/batch-sending
"""

from __future__ import annotations

import asyncio
import hashlib
import hmac
import json
import time
from collections.abc import Mapping, Sequence
from datetime import timedelta
from email.utils import formataddr
from typing import Any, ClassVar
from uuid import UUID

import httpx
from pydantic import Field, SecretStr

from liquor_app.core.ids import uuid7_time
from liquor_app.core.security.outbound import http_client
from liquor_app.organization.models import Channel
from liquor_app.providers.kit.base import (
    EventKind,
    Handed,
    Outcome,
    OutgoingMessage,
    ProviderConfig,
    SendResult,
    WebhookEvent,
)
from liquor_app.providers.kit.batch_skeleton import group, skeleton_of
from liquor_app.providers.kit.bounces import Cause, cause_of
from liquor_app.providers.kit.callbacks import (
    check_age,
    child,
    fingerprint,
    forged,
    id_of,
    moment_of,
    read_json,
    require_key,
    words,
)
from liquor_app.providers.kit.provider_http import (
    NoAnswer,
    ask,
    common,
    form_data,
    garbled,
    loaded,
    post,
    refused,
    said_of,
)

DAY_SECONDS = 86_400
MARK = "%recipient"

_KINDS = {
    "delivered": EventKind.DELIVERED,
    "complained": EventKind.COMPLAINED,
    "opened": EventKind.OPENED,
    "clicked": EventKind.CLICKED,
    "unsubscribed": EventKind.UNSUBSCRIBED,
}

_SUPPRESSED = {
    "suppress-bounce": EventKind.BOUNCED,
    "suppress-unsubscribe": EventKind.UNSUBSCRIBED,
    "suppress-complaint": EventKind.COMPLAINED,
}
_LIST_CODES = {"605": "suppress-bounce", "606": "suppress-unsubscribe", "607": "suppress-complaint"}
"""Reasons and codes of messages Mailgun did not try; where they differ, the reason counts."""


class MailgunConfig(ProviderConfig):
    """`base_url` is https://api.eu.mailgun.net in the EU. `lookup_grace_seconds` is how far Mailgun's event log may
    lag behind: only after that does "not in the log" mean "never taken". Mailgun repeats a callback for eight hours,
    so an honest one may be that old."""

    domain: str = Field(pattern=r"^[A-Za-z0-9.-]{3,253}$", description="The sending domain, such as mg.example.com")
    api_key: SecretStr = Field(min_length=1)
    base_url: str = Field(
        "https://api.mailgun.net", pattern=r"^https?://[^\s/]+$", description="https://api.eu.mailgun.net in the EU"
    )
    webhook_signing_key: SecretStr = Field(SecretStr(""), description="Without it no callback is believed")
    webhook_max_age_seconds: int = Field(
        36_000, ge=60, le=604_800, description="Older callbacks are refused as replays"
    )
    lookup_grace_seconds: int = Field(900, ge=1, le=86_400, description="How far the event log may lag behind")
    timeout_seconds: float = Field(20.0, ge=1, le=40)


class Mailgun:
    """Our send id travels as the variable `send_id`, which every event of the message repeats."""

    name: ClassVar[str] = "mailgun"
    channels: ClassVar[frozenset[Channel]] = frozenset({Channel.EMAIL})
    Config: ClassVar[type[ProviderConfig]] = MailgunConfig
    batch_limit: ClassVar[int] = 1000
    concurrency: ClassVar[int] = 50
    distinct_bodies: ClassVar[bool] = False
    has_webhooks: ClassVar[bool] = True

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

    def calls(self, messages: Sequence[OutgoingMessage]) -> list[list[OutgoingMessage]]:
        return group(messages, limit=self.batch_limit, forbidden=MARK)

    async def send_batch(self, messages: Sequence[OutgoingMessage]) -> list[SendResult]:
        form = self._form(messages[0]) if len(messages) == 1 else self._shared_form(messages)
        answer = await post(self._client, f"/v3/{self.config.domain}/messages", self.call_seconds, **form_data(form))
        return self._judge(messages, answer)

    def _form(self, message: OutgoingMessage) -> dict[str, str]:
        return {
            **self._envelope(message),
            "to": message.recipient,
            "subject": message.subject or "",
            "html": message.html or "",
            "text": message.text,
            "h:Message-Id": f"<{message.send_id}@{self.config.domain}>",
            "v:send_id": str(message.send_id),
            **{f"h:{name}": value for name, value in message.headers.items()},
        }

    def _shared_form(self, messages: Sequence[OutgoingMessage]) -> dict[str, str]:
        """Recipient variables: each recipient's mail shows nobody else, and is exactly what was rendered."""
        shared = skeleton_of(messages, lambda name: f"{MARK}.{name}%")
        variables = {
            message.recipient: {"send_id": str(message.send_id), **own}
            for message, own in zip(messages, shared.values, strict=True)
        }
        return {
            **self._envelope(messages[0]),
            "to": ", ".join(variables),
            "subject": shared.subject,
            "html": shared.html,
            "text": shared.text,
            "v:send_id": f"{MARK}.send_id%",
            "recipient-variables": json.dumps(variables, separators=(",", ":")),
            **{f"h:{name}": value for name, value in shared.headers.items()},
        }

    def _envelope(self, message: OutgoingMessage) -> dict[str, str]:
        # we count opens and clicks ourselves, and what arrives is what was rendered
        form = {"from": formataddr((message.sender_name, message.sender)), "o:tracking": "no"}
        if message.reply_to:
            form["h:Reply-To"] = message.reply_to
        if message.campaign_id:
            form["o:tag"] = str(message.campaign_id)
        return form

    def _judge(self, messages: Sequence[OutgoingMessage], answer: httpx.Response | NoAnswer) -> list[SendResult]:
        said = {} if isinstance(answer, NoAnswer) else loaded(answer)
        detail = "" if isinstance(answer, NoAnswer) else _detail(said, answer)
        # Mailgun has been seen to answer 5xx and send all the same
        if (known := common(messages, answer, detail, safe_5xx=frozenset())) is not None:
            return known
        assert isinstance(answer, httpx.Response)
        if answer.status_code != httpx.codes.OK:
            return refused(messages, str(answer.status_code), detail)
        if not isinstance(said, dict) or not said.get("id"):
            return garbled(messages, answer.status_code)
        return [SendResult(message.send_id, Outcome.ACCEPTED, str(said["id"])) for message in messages]

    async def lookup(self, handed: Sequence[Handed]) -> dict[UUID, str]:
        gate = asyncio.Semaphore(10)

        async def one(sent: Handed) -> str | None:
            async with gate:
                return await self._lookup(sent)

        found = await asyncio.gather(*(one(sent) for sent in handed))
        return {sent.send_id: message_id for sent, message_id in zip(handed, found, strict=True) if message_id}

    async def _lookup(self, sent: Handed) -> str | None:
        """The event log of that address; any event with our send id proves that Mailgun has taken the message."""
        said = await ask(
            self._client,
            f"/v3/{self.config.domain}/events",
            self.call_seconds,
            "Mailgun's event log",
            recipient=sent.recipient,
            event="accepted",
            begin=int(min(uuid7_time(sent.send_id).timestamp(), time.time() - DAY_SECONDS)),
            ascending="yes",
            limit=300,
        )
        for event in said.get("items") or []:
            if isinstance(event, dict) and child(event, "user-variables").get("send_id") == str(sent.send_id):
                return words(_message_id(event)) or str(sent.send_id)
        return None

    def parse_webhook(self, body: bytes, headers: Mapping[str, str], url: str) -> list[WebhookEvent]:
        key = require_key(self.config.webhook_signing_key.get_secret_value(), "Mailgun")
        said = read_json(body, dict, "Mailgun")
        proof, event = child(said, "signature"), child(said, "event-data")
        timestamp, token = words(proof.get("timestamp")) or "", words(proof.get("token")) or ""
        wanted = hmac.new(key.encode(), f"{timestamp}{token}".encode(), hashlib.sha256).hexdigest()
        given = words(proof.get("signature")) or ""
        if not token or not hmac.compare_digest(wanted.encode(), given.encode()):
            raise forged("Mailgun")
        check_age(timestamp, self.config.webhook_max_age_seconds, "Mailgun")
        return [_event(event, token)]

    async def aclose(self) -> None:
        await self._client.aclose()


def _detail(said: object, answer: httpx.Response) -> str:
    message = said.get("message") if isinstance(said, dict) else None
    return said_of(answer, message)


def _message_id(event: Mapping[str, Any]) -> str | None:
    return words(child(child(event, "message"), "headers").get("message-id"))


def _kind(event: Mapping[str, Any]) -> EventKind:
    name = str(event.get("event"))
    if name != "failed":
        return _KINDS.get(name, EventKind.OTHER)
    if event.get("severity") == "temporary":
        return EventKind.DEFERRED
    return _SUPPRESSED.get(_listed_as(event), EventKind.BOUNCED)


def _listed_as(event: Mapping[str, Any]) -> str:
    """On which of Mailgun's own lists the address stands, so that it did not even try; empty if it tried."""
    reason = str(event.get("reason") or "")
    return (
        reason
        if reason in _SUPPRESSED
        else _LIST_CODES.get(words(child(event, "delivery-status").get("code")) or "", "")
    )


def _is_dead(event: Mapping[str, Any]) -> bool:
    """Whether the server says that nobody is there: Mailgun calls a block list, a full mailbox and whatever it does not
    understand permanent too."""
    if event.get("severity") != "permanent":
        return False
    if _listed_as(event):
        return True
    status = child(event, "delivery-status")
    told = " ".join(filter(None, (words(status.get("description")), words(status.get("message")))))
    return cause_of(words(status.get("code")), told) is Cause.ADDRESS


def _event(event: Mapping[str, Any], token: str) -> WebhookEvent:
    kind, status, client = _kind(event), child(event, "delivery-status"), child(event, "client-info")
    code = words(status.get("code"))
    return WebhookEvent(
        kind,
        event_id=token or fingerprint(event),
        at=moment_of(event.get("timestamp")),
        send_id=id_of(child(event, "user-variables").get("send_id")),
        message_id=_message_id(event),
        recipient=words(event.get("recipient")),
        is_permanent=kind is EventKind.BOUNCED and _is_dead(event),
        code=code,
        detail=words(status.get("description")) or words(status.get("message")) or words(event.get("reason")),
        url=words(event.get("url")),
        user_agent=words(client.get("user-agent")),
        ip=words(event.get("ip")),
        is_machine=bool(client.get("bot")),
        raw=event,
    )
