"""SendGrid: `POST /v3/mail/send`; 202 means queued only. One body and up to 1,000 personalizations a call.

https://www.twilio.com/docs/sendgrid/api-reference/mail-send
https://www.twilio.com/docs/sendgrid/for-developers/tracking-events/getting-started-event-webhook-security-features
"""

from __future__ import annotations

import asyncio
import base64
import binascii
import re
from collections.abc import Mapping, Sequence
from datetime import timedelta
from typing import Any, ClassVar
from uuid import UUID

import httpx
from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import load_der_public_key
from pydantic import Field, SecretStr

from liquor_app.core.errors import Unavailable
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
    fingerprint,
    forged,
    header,
    id_of,
    moment_of,
    read_json,
    require_key,
    words,
)
from liquor_app.providers.kit.provider_http import NoAnswer, ask, common, garbled, loaded, post, refused, said_of

MARK = "-lmv."
SIGNATURE = "X-Twilio-Email-Event-Webhook-Signature"
TIMESTAMP = "X-Twilio-Email-Event-Webhook-Timestamp"

_KINDS = {
    "delivered": EventKind.DELIVERED,
    "deferred": EventKind.DEFERRED,
    "bounce": EventKind.BOUNCED,
    "open": EventKind.OPENED,
    "click": EventKind.CLICKED,
    "spamreport": EventKind.COMPLAINED,
    "unsubscribe": EventKind.UNSUBSCRIBED,
    "group_unsubscribe": EventKind.UNSUBSCRIBED,
}

_DROPPED = {
    "bounced address": EventKind.BOUNCED,
    "invalid": EventKind.BOUNCED,
    "invalid address": EventKind.BOUNCED,
    "invalid email address": EventKind.BOUNCED,
    "spam reporting address": EventKind.COMPLAINED,
    "unsubscribed address": EventKind.UNSUBSCRIBED,
}
"""A message SendGrid never tried, by its reason: the address is on one of its lists. Other reasons are about us: an
invalid header, spam content, the plan's quota."""

_OF_ADDRESS, _OPEN = frozenset({"invalid address"}), frozenset({"", "unclassified"})
"""Classes of bounces (`bounce_classification`): those that mean the address, and those that tell nothing."""


class SendGridConfig(ProviderConfig):
    """`verification_key` is the public key of the signed event webhook. `has_email_activity`: the account has the
    Email Activity add-on, so that a lost answer can be looked up; else such a message stays unknown."""

    api_key: SecretStr = Field(min_length=1)
    base_url: str = Field("https://api.sendgrid.com", pattern=r"^https?://[^\s/]+$")
    verification_key: str = Field("", max_length=1000, description="Public key of the signed event webhook")
    webhook_max_age_seconds: int = Field(
        90_000, ge=60, le=604_800, description="Older callbacks are refused as replays"
    )
    has_email_activity: bool = Field(False, description="The account has the Email Activity add-on")
    lookup_grace_seconds: int = Field(1800, ge=1, le=86_400)
    timeout_seconds: float = Field(20.0, ge=1, le=40)


class SendGrid:
    """Our send id travels as the custom argument `send_id`: no personal data, as SendGrid asks."""

    name: ClassVar[str] = "sendgrid"
    channels: ClassVar[frozenset[Channel]] = frozenset({Channel.EMAIL})
    Config: ClassVar[type[ProviderConfig]] = SendGridConfig
    batch_limit: ClassVar[int] = 1000
    concurrency: ClassVar[int] = 50
    distinct_bodies: ClassVar[bool] = False
    has_webhooks: ClassVar[bool] = True

    def __init__(self, config: ProviderConfig) -> None:
        assert isinstance(config, SendGridConfig)
        self.config = config
        self._client = http_client(
            config.base_url,
            connections=self.concurrency,
            seconds=config.timeout_seconds,
            headers={"authorization": f"Bearer {config.api_key.get_secret_value()}"},
        )

    @property
    def call_seconds(self) -> float:
        return self.config.timeout_seconds

    @property
    def lookup_grace(self) -> timedelta | None:
        return timedelta(seconds=self.config.lookup_grace_seconds) if self.config.has_email_activity else None

    def calls(self, messages: Sequence[OutgoingMessage]) -> list[list[OutgoingMessage]]:
        return group(messages, limit=self.batch_limit, forbidden=MARK)

    async def send_batch(self, messages: Sequence[OutgoingMessage]) -> list[SendResult]:
        answer = await post(self._client, "/v3/mail/send", self.call_seconds, json=self._body(messages))
        return self._judge(messages, answer)

    def _body(self, messages: Sequence[OutgoingMessage]) -> dict[str, Any]:
        shared = skeleton_of(messages, _mark)
        first = messages[0]
        body: dict[str, Any] = {
            "from": {"email": first.sender, "name": first.sender_name},
            "subject": shared.subject,
            "content": [
                {"type": kind, "value": value}
                for kind, value in (("text/plain", shared.text), ("text/html", shared.html))
                if value
            ],
            "personalizations": [
                {
                    "to": [{"email": message.recipient}],
                    "headers": dict(message.headers),
                    "custom_args": {"send_id": str(message.send_id)},
                    "substitutions": {_mark(name): value for name, value in own.items()},
                }
                for message, own in zip(messages, shared.values, strict=True)
            ],
            # we count opens and clicks ourselves, and what arrives is what was rendered
            "tracking_settings": {"click_tracking": {"enable": False}, "open_tracking": {"enable": False}},
        }
        if first.reply_to:
            body["reply_to"] = {"email": first.reply_to}
        if first.campaign_id:
            body["categories"] = [str(first.campaign_id)]
        return body

    def _judge(self, messages: Sequence[OutgoingMessage], answer: httpx.Response | NoAnswer) -> list[SendResult]:
        detail = "" if isinstance(answer, NoAnswer) else _detail(answer)
        if (known := common(messages, answer, detail, safe_5xx=frozenset({503}))) is not None:
            return known
        assert isinstance(answer, httpx.Response)
        if answer.is_success and answer.status_code != httpx.codes.ACCEPTED:
            return garbled(messages, answer.status_code)
        if answer.status_code != httpx.codes.ACCEPTED:
            return refused(messages, str(answer.status_code), detail)
        message_id = answer.headers.get("x-message-id")
        return [SendResult(message.send_id, Outcome.ACCEPTED, message_id) for message in messages]

    async def lookup(self, handed: Sequence[Handed]) -> dict[UUID, str]:
        gate = asyncio.Semaphore(4)

        async def one(sent: Handed) -> str | None:
            async with gate:
                said = await ask(
                    self._client,
                    "/v3/messages",
                    self.call_seconds,
                    "SendGrid's email activity",
                    limit=1,
                    query=f"unique_args['send_id']=\"{sent.send_id}\"",
                )
            found = said.get("messages")
            first = found[0] if isinstance(found, list) and found else None
            return (words(first.get("msg_id")) or str(sent.send_id)) if isinstance(first, dict) else None

        found = await asyncio.gather(*(one(sent) for sent in handed))
        return {sent.send_id: message_id for sent, message_id in zip(handed, found, strict=True) if message_id}

    def parse_webhook(self, body: bytes, headers: Mapping[str, str], url: str) -> list[WebhookEvent]:
        key = _public_key(require_key(self.config.verification_key, "SendGrid"))
        timestamp = header(headers, TIMESTAMP)
        try:
            signature = base64.b64decode(header(headers, SIGNATURE), validate=True)
            key.verify(signature, timestamp.encode() + body, ec.ECDSA(hashes.SHA256()))
        except (InvalidSignature, binascii.Error, ValueError) as error:
            raise forged("SendGrid") from error
        check_age(timestamp, self.config.webhook_max_age_seconds, "SendGrid")
        return [_event(event) for event in read_json(body, list, "SendGrid") if isinstance(event, dict)]

    async def aclose(self) -> None:
        await self._client.aclose()


def _mark(name: str) -> str:
    return f"{MARK}{name}-"


def _detail(answer: httpx.Response) -> str:
    said = loaded(answer)
    errors = said.get("errors") if isinstance(said, dict) else None
    told = [str(error.get("message")) for error in errors or [] if isinstance(error, dict)]
    return said_of(answer, " ".join(told))


def _public_key(text: str) -> ec.EllipticCurvePublicKey:
    """Of base64 DER, with or without PEM's first and last line."""
    bare = re.sub(r"-----[A-Z ]+-----|\s", "", text)
    try:
        key = load_der_public_key(base64.b64decode(bare, validate=True))
    except (ValueError, UnsupportedAlgorithm) as error:
        raise Unavailable("SendGrid's verification key in the settings is not a public key.") from error
    if not isinstance(key, ec.EllipticCurvePublicKey):
        raise Unavailable("SendGrid's verification key in the settings is not an elliptic-curve key.")
    return key


def _kind(event: Mapping[str, Any]) -> EventKind:
    name, reason = str(event.get("event")), str(event.get("reason") or "").lower()
    if name == "dropped":
        return _DROPPED.get(" ".join(reason.split()), EventKind.FAILED)
    return _KINDS.get(name, EventKind.OTHER)


def _is_dead(event: Mapping[str, Any]) -> bool:
    """Whether the server says that nobody is there: a `blocked` bounce, or one for content or reputation, is about us,
    an `expired` one about then, and one without a reason we understand tells nothing."""
    if event.get("event") == "dropped":
        return True
    if event.get("type") in ("blocked", "expired"):
        return False
    told = str(event.get("bounce_classification") or "").lower()
    cause = cause_of(words(event.get("status")), words(event.get("reason")))
    if cause is Cause.UNTOLD:
        return told in _OF_ADDRESS
    return cause is Cause.ADDRESS and told in _OF_ADDRESS | _OPEN | {"mailbox unavailable"}


def _event(event: Mapping[str, Any]) -> WebhookEvent:
    kind = _kind(event)
    return WebhookEvent(
        kind,
        event_id=words(event.get("sg_event_id")) or fingerprint(sorted(event.items(), key=str)),
        at=moment_of(event.get("timestamp")),
        send_id=id_of(event.get("send_id")),
        message_id=words(event.get("sg_message_id")),
        recipient=words(event.get("email")),
        is_permanent=kind is EventKind.BOUNCED and _is_dead(event),
        code=words(event.get("status")),
        detail=words(event.get("reason")) or words(event.get("response")),
        url=words(event.get("url")),
        user_agent=words(event.get("useragent")),
        ip=words(event.get("ip")),
        is_machine=event.get("sg_machine_open") is True,
        raw=event,
    )
