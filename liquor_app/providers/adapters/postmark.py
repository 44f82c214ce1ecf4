"""Postmark: `POST /email/batch`, up to 500 messages that need have nothing in common; 200 with a code for each.

https://postmarkapp.com/developer/api/email-api
https://postmarkapp.com/developer/webhooks/webhooks-overview
"""

from __future__ import annotations

import asyncio
import base64
import binascii
import hmac
import re
from collections.abc import Mapping, Sequence
from datetime import timedelta
from email.utils import formataddr
from typing import Any, ClassVar
from uuid import UUID

import httpx
from pydantic import Field, SecretStr

from liquor_app.core.errors import Unauthenticated
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
from liquor_app.providers.kit.bounces import Cause, cause_of
from liquor_app.providers.kit.callbacks import (
    child,
    fingerprint,
    header,
    id_of,
    moment_of,
    read_json,
    require_key,
    words,
)
from liquor_app.providers.kit.provider_http import NoAnswer, ask, common, garbled, loaded, post, refused, said_of

MAX_CALL_BYTES = 40_000_000
"""Postmark takes 50 MB; JSON needs some of it for its quotes."""

_OURS = frozenset({10, 400, 401, 405, 412, 413, 1226, 1235})
"""Codes that are our fault: token, sender signature, plan, approval, message stream."""

_INACTIVE = 406
_LATER = frozenset({100, 429})

_KINDS = {
    "Delivery": EventKind.DELIVERED,
    "Open": EventKind.OPENED,
    "Click": EventKind.CLICKED,
    "SpamComplaint": EventKind.COMPLAINED,
    "Bounce": EventKind.BOUNCED,
}

_BOUNCES = {
    "Transient": EventKind.DEFERRED,
    "SpamComplaint": EventKind.COMPLAINED,
    "SpamNotification": EventKind.FAILED,
    "Blocked": EventKind.FAILED,
    "ISPBlock": EventKind.FAILED,
    "DMARCPolicy": EventKind.FAILED,
    "Unsubscribe": EventKind.UNSUBSCRIBED,
    "Subscribe": EventKind.OTHER,
    "AutoResponder": EventKind.OTHER,
    "AddressChange": EventKind.OTHER,
    "ChallengeVerification": EventKind.OTHER,
    "OpenRelayTest": EventKind.OTHER,
}
_SURE = frozenset({"BadEmailAddress", "ManuallyDeactivated"})
"""Types that are about the address whatever a server said; a `HardBounce` is only if the server says so."""
_SILENT = frozenset({Cause.ADDRESS, Cause.UNTOLD})

_CHANGES = {"HardBounce": EventKind.BOUNCED, "SpamComplaint": EventKind.COMPLAINED}


class PostmarkConfig(ProviderConfig):
    """`message_stream` is a broadcast stream, which marketing needs. `webhook_secret` is the password in the
    callback's address (`https://hook:secret@…`), or the value of its header `X-Webhook-Secret`."""

    server_token: SecretStr = Field(min_length=1)
    message_stream: str = Field(
        "broadcast", pattern=r"^[a-z0-9-]{1,60}$", description="A broadcast stream, which marketing needs"
    )
    base_url: str = Field("https://api.postmarkapp.com", pattern=r"^https?://[^\s/]+$")
    webhook_secret: SecretStr = Field(
        SecretStr(""), description="Password in the callback address, or the value of its X-Webhook-Secret header"
    )
    lookup_grace_seconds: int = Field(600, ge=1, le=86_400)
    timeout_seconds: float = Field(30.0, ge=1, le=40)


class Postmark:
    """Our send id travels as the metadata field `send_id`, which can be searched and comes back in callbacks."""

    name: ClassVar[str] = "postmark"
    channels: ClassVar[frozenset[Channel]] = frozenset({Channel.EMAIL})
    Config: ClassVar[type[ProviderConfig]] = PostmarkConfig
    batch_limit: ClassVar[int] = 500
    concurrency: ClassVar[int] = 8
    distinct_bodies: ClassVar[bool] = True
    has_webhooks: ClassVar[bool] = True

    def __init__(self, config: ProviderConfig) -> None:
        assert isinstance(config, PostmarkConfig)
        self.config = config
        self._client = http_client(
            config.base_url,
            connections=self.concurrency,
            seconds=config.timeout_seconds,
            headers={
                "accept": "application/json",
                "x-postmark-server-token": config.server_token.get_secret_value(),
            },
        )

    @property
    def call_seconds(self) -> float:
        return self.config.timeout_seconds

    @property
    def lookup_grace(self) -> timedelta:
        return timedelta(seconds=self.config.lookup_grace_seconds)

    def calls(self, messages: Sequence[OutgoingMessage]) -> list[list[OutgoingMessage]]:
        made: list[list[OutgoingMessage]] = []
        size = 0
        for message in messages:
            own = 2 * (len(message.html or "") + len(message.text)) + 2_000
            if not made or len(made[-1]) == self.batch_limit or size + own > MAX_CALL_BYTES:
                made.append([])
                size = 0
            made[-1].append(message)
            size += own
        return made

    async def send_batch(self, messages: Sequence[OutgoingMessage]) -> list[SendResult]:
        body = [self._message(message) for message in messages]
        answer = await post(self._client, "/email/batch", self.call_seconds, json=body)
        return self._judge(messages, answer)

    def _message(self, message: OutgoingMessage) -> dict[str, Any]:
        body: dict[str, Any] = {
            "From": formataddr((message.sender_name, message.sender)),
            "To": message.recipient,
            "Subject": message.subject or "",
            "HtmlBody": message.html or "",
            "TextBody": message.text,
            "MessageStream": self.config.message_stream,
            "Metadata": {"send_id": str(message.send_id)},
            "Headers": [{"Name": name, "Value": value} for name, value in message.headers.items()],
            # we count opens and clicks ourselves, and what arrives is what was rendered
            "TrackOpens": False,
            "TrackLinks": "None",
        }
        if message.reply_to:
            body["ReplyTo"] = message.reply_to
        if message.campaign_id:
            body["Tag"] = str(message.campaign_id)
        return body

    def _judge(self, messages: Sequence[OutgoingMessage], answer: httpx.Response | NoAnswer) -> list[SendResult]:
        said = None if isinstance(answer, NoAnswer) else loaded(answer)
        whole = said if isinstance(said, dict) else {}
        detail = "" if isinstance(answer, NoAnswer) else said_of(answer, whole.get("Message"))
        if (known := common(messages, answer, detail, safe_5xx=frozenset({503}))) is not None:
            return known
        assert isinstance(answer, httpx.Response)
        if answer.status_code != httpx.codes.OK:
            code = _code(whole)
            if code in _OURS or code in _LATER:
                return [_result(message, whole) for message in messages]
            return refused(messages, str(code or answer.status_code), detail)
        if not isinstance(said, list) or len(said) != len(messages) or not all(isinstance(one, dict) for one in said):
            return garbled(messages, answer.status_code)
        return [_result(message, one) for message, one in zip(messages, said, strict=True)]

    async def lookup(self, handed: Sequence[Handed]) -> dict[UUID, str]:
        gate = asyncio.Semaphore(self.concurrency)

        async def one(sent: Handed) -> str | None:
            async with gate:
                said = await ask(
                    self._client,
                    "/messages/outbound",
                    self.call_seconds,
                    "Postmark's message search",
                    count=1,
                    offset=0,
                    messagestream=self.config.message_stream,
                    metadata_send_id=str(sent.send_id),
                )
            found = said.get("Messages")
            first = found[0] if isinstance(found, list) and found else None
            return words(first.get("MessageID")) if isinstance(first, dict) else None

        found = await asyncio.gather(*(one(sent) for sent in handed))
        return {sent.send_id: message_id for sent, message_id in zip(handed, found, strict=True) if message_id}

    def parse_webhook(self, body: bytes, headers: Mapping[str, str], url: str) -> list[WebhookEvent]:
        secret = require_key(self.config.webhook_secret.get_secret_value(), "Postmark")
        given = header(headers, "X-Webhook-Secret") or _password(header(headers, "Authorization"))
        if not hmac.compare_digest(given.encode(), secret.encode()):
            raise Unauthenticated("This is not from Postmark: the secret is wrong.")
        return [_event(read_json(body, dict, "Postmark"))]

    async def aclose(self) -> None:
        await self._client.aclose()


def _code(said: Mapping[str, Any]) -> int | None:
    code = said.get("ErrorCode")
    return code if isinstance(code, int) else None


def _result(message: OutgoingMessage, said: Mapping[str, Any]) -> SendResult:
    code, detail = _code(said), str(said.get("Message") or "")[:500]
    if code is None:
        return SendResult(message.send_id, Outcome.UNKNOWN, code="200", detail="The answer cannot be understood.")
    if code == 0:
        return SendResult(message.send_id, Outcome.ACCEPTED, words(said.get("MessageID")))
    if code in _LATER:
        return SendResult(message.send_id, Outcome.TRANSIENT, code=str(code), detail=detail, is_throttled=code == 429)
    if code in _OURS:
        return SendResult(message.send_id, Outcome.MISCONFIGURED, code=str(code), detail=detail)
    return SendResult(
        message.send_id, Outcome.REJECTED, code=str(code), detail=detail, is_dead_address=code == _INACTIVE
    )


def _password(authorization: str) -> str:
    found = re.fullmatch(r"Basic\s+(\S+)", authorization.strip(), re.IGNORECASE)
    if found is None:
        return ""
    try:
        return base64.b64decode(found[1], validate=True).decode().partition(":")[2]
    except (binascii.Error, UnicodeDecodeError):
        return ""


def _kind(event: Mapping[str, Any]) -> EventKind:
    record = str(event.get("RecordType"))
    if record == "Bounce":
        return _BOUNCES.get(str(event.get("Type")), EventKind.BOUNCED)
    if record == "SubscriptionChange":
        if event.get("SuppressSending") is not True:
            return EventKind.OTHER
        return _CHANGES.get(str(event.get("SuppressionReason")), EventKind.UNSUBSCRIBED)
    return _KINDS.get(record, EventKind.OTHER)


def _event(event: Mapping[str, Any]) -> WebhookEvent:
    kind = _kind(event)
    times = (event.get(name) for name in ("DeliveredAt", "BouncedAt", "ReceivedAt", "ChangedAt"))
    at = next((value for value in times if value), None)
    cause = cause_of(None, words(event.get("Details")))
    sure = event.get("Type") in _SURE or event.get("SuppressionReason") == "HardBounce"
    dead = (event.get("Type") == "HardBounce" and cause is Cause.ADDRESS) or (sure and cause in _SILENT)
    return WebhookEvent(
        kind,
        event_id=fingerprint(
            event.get("RecordType"), event.get("ID"), event.get("MessageID"), event.get("Recipient"), at,
            event.get("OriginalLink"), event.get("SuppressSending"),
        ),
        at=moment_of(at),
        send_id=id_of(child(event, "Metadata").get("send_id")),
        message_id=words(event.get("MessageID")),
        recipient=words(event.get("Recipient")) or words(event.get("Email")),
        # a server's words weigh more than the class Postmark puts them in
        is_permanent=kind is EventKind.BOUNCED and dead,
        code=words(event.get("TypeCode")) or words(event.get("Type")),
        detail=words(event.get("Description")) or words(event.get("Details")),
        url=words(event.get("OriginalLink")),
        user_agent=words(event.get("UserAgent")),
        ip=words(child(event, "Geo").get("IP")),
        raw=event,
    )  # fmt: skip
