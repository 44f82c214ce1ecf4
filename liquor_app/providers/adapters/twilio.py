"""Twilio: `POST /2010-04-01/Accounts/{Sid}/Messages.json`, one text a call.

https://www.twilio.com/docs/messaging/api/message-resource
https://www.twilio.com/docs/usage/webhooks/webhooks-security
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from ipaddress import ip_address
from typing import Any, ClassVar
from urllib.parse import parse_qs, parse_qsl, urlsplit
from uuid import UUID

import httpx
from pydantic import Field, SecretStr
from twilio.request_validator import RequestValidator

from liquor_app.core.clock import now
from liquor_app.core.config import get_settings
from liquor_app.core.errors import Invalid
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
    in_chunks,
)
from liquor_app.providers.kit.callbacks import clean, fingerprint, forged, header, id_of, read_json, words
from liquor_app.providers.kit.provider_http import NoAnswer, common, garbled, loaded, post, said_of

CALLBACK_PATH = "/api/v1/webhooks/twilio"

_OPTED_OUT = 21610
_DEAD = frozenset({21211, 21614, 30005, 30006})
"""Not a number, not a mobile, nobody's number any more, a landline."""

_OURS = frozenset({20003, 20005, 21606, 21659, 30007, 30034})
"""Credentials, suspended account, a sender that cannot send, filtered by carriers, not registered (A2P 10DLC)."""

_THROTTLED = frozenset({20429, 14107, 30022})


class TwilioConfig(ProviderConfig):
    """Texts come from the brand's own sender, or from a messaging service's pool. `callback_url` is where Twilio
    reports to, if not the address this app is known under."""

    account_sid: str = Field(pattern=r"^AC[0-9a-fA-F]{32}$")
    auth_token: SecretStr = Field(min_length=1)
    messaging_service_sid: str = Field(
        "", pattern=r"^(MG[0-9a-fA-F]{32})?$", description="Sends from its pool instead of the brand's number"
    )
    base_url: str = Field("https://api.twilio.com", pattern=r"^https?://[^\s/]+$")
    callback_url: str = Field(
        "", pattern=r"^(https?://[^\s?#]+)?$", description="Only if Twilio reaches this app by another address"
    )
    timeout_seconds: float = Field(15.0, ge=1, le=40)


class Twilio:
    """Our send id travels in the status callback's address: Twilio's messages carry no metadata, and cannot be
    searched for one that was never answered."""

    name: ClassVar[str] = "twilio"
    channels: ClassVar[frozenset[Channel]] = frozenset({Channel.SMS})
    Config: ClassVar[type[ProviderConfig]] = TwilioConfig
    batch_limit: ClassVar[int] = 1
    concurrency: ClassVar[int] = 40
    distinct_bodies: ClassVar[bool] = True
    has_webhooks: ClassVar[bool] = True
    lookup_grace: ClassVar[None] = None

    def __init__(self, config: ProviderConfig) -> None:
        assert isinstance(config, TwilioConfig)
        self.config = config
        self._client = http_client(
            config.base_url,
            connections=self.concurrency,
            seconds=config.timeout_seconds,
            auth=(config.account_sid, config.auth_token.get_secret_value()),
        )
        self._callback = config.callback_url or _own_callback()

    @property
    def call_seconds(self) -> float:
        return self.config.timeout_seconds

    def calls(self, messages: Sequence[OutgoingMessage]) -> list[list[OutgoingMessage]]:
        return in_chunks(messages, 1)

    async def send_batch(self, messages: Sequence[OutgoingMessage]) -> list[SendResult]:
        (message,) = messages
        path = f"/2010-04-01/Accounts/{self.config.account_sid}/Messages.json"
        answer = await post(self._client, path, self.call_seconds, data=self._form(message))
        return [self._judge(message, answer)]

    def _form(self, message: OutgoingMessage) -> dict[str, str]:
        form = {"To": message.recipient, "Body": message.text}
        if self.config.messaging_service_sid:
            form["MessagingServiceSid"] = self.config.messaging_service_sid
        else:
            form["From"] = message.sender
        if self._callback:
            form["StatusCallback"] = f"{self._callback}?send_id={message.send_id}"
        return form

    def _judge(self, message: OutgoingMessage, answer: httpx.Response | NoAnswer) -> SendResult:
        said = None if isinstance(answer, NoAnswer) else loaded(answer)
        told = said if isinstance(said, dict) else {}
        detail = "" if isinstance(answer, NoAnswer) else said_of(answer, told.get("message"))
        code = told.get("code") if isinstance(told.get("code"), int) else None
        if code in _THROTTLED:
            return SendResult(message.send_id, Outcome.TRANSIENT, code=str(code), detail=detail, is_throttled=True)
        if code in _OURS:
            return SendResult(message.send_id, Outcome.MISCONFIGURED, code=str(code), detail=detail)
        # 503 is Twilio's "not now"; any other 5xx leaves open whether a text went out
        if (known := common([message], answer, detail, safe_5xx=frozenset({503}))) is not None:
            return known[0]
        assert isinstance(answer, httpx.Response)
        if answer.status_code not in (httpx.codes.OK, httpx.codes.CREATED):
            gone = code == _OPTED_OUT or code in _DEAD
            shown = str(code or answer.status_code)
            return SendResult(message.send_id, Outcome.REJECTED, code=shown, detail=detail, is_dead_address=gone)
        if not told.get("sid"):
            return garbled([message], answer.status_code)[0]
        return SendResult(message.send_id, Outcome.ACCEPTED, str(told["sid"]))

    async def lookup(self, handed: Sequence[Handed]) -> dict[UUID, str]:
        return {}

    def parse_webhook(self, body: bytes, headers: Mapping[str, str], url: str) -> list[WebhookEvent]:
        validator = RequestValidator(self.config.auth_token.get_secret_value())
        query = parse_qs(urlsplit(url).query)
        signature = header(headers, "X-Twilio-Signature")
        try:
            if "bodySHA256" in query:
                good = validator.validate(url, body.decode(), signature)
                form: dict[str, Any] = read_json(body, dict, "Twilio") if good else {}
            else:
                form = dict(parse_qsl(body.decode(), keep_blank_values=True, strict_parsing=bool(body)))
                good = validator.validate(url, _Every(body.decode()), signature)
        except ValueError as error:
            raise Invalid("Twilio callbacks are forms; this is not.") from error
        if not signature or not good:
            raise forged("Twilio")
        return [_event(clean(form), id_of(query.get("send_id", [""])[0]))]

    async def aclose(self) -> None:
        await self._client.aclose()


class _Every(dict[str, list[str]]):
    """A form with all the values of each name: Twilio signs every one."""

    def __init__(self, body: str) -> None:
        super().__init__(parse_qs(body, keep_blank_values=True))

    def getall(self, name: str) -> list[str]:
        """What Twilio's validator asks for."""
        return self[name]


def _own_callback() -> str:
    """Nothing while only this machine can be reached: Twilio refuses such an address."""
    base = get_settings().base_url
    host = urlsplit(base).hostname or ""
    try:
        is_local = not ip_address(host).is_global
    except ValueError:
        is_local = host == "localhost" or "." not in host
    return "" if is_local else base.rstrip("/") + CALLBACK_PATH


def _kind(form: Mapping[str, Any], code: int | None) -> EventKind:
    status = str(form.get("MessageStatus") or form.get("SmsStatus") or "").lower()
    if status in ("receiving", "received"):
        return EventKind.INBOUND
    if status == "delivered":
        return EventKind.DELIVERED
    if status not in ("failed", "undelivered"):
        return EventKind.OTHER
    if code == _OPTED_OUT:
        return EventKind.UNSUBSCRIBED
    return EventKind.FAILED if (status == "failed" and code not in _DEAD) or code in _OURS else EventKind.BOUNCED


def _event(form: Mapping[str, Any], send_id: UUID | None) -> WebhookEvent:
    given = str(form.get("ErrorCode") or "")
    code = int(given) if given.isdigit() else None
    kind = _kind(form, code)
    sid = words(form.get("MessageSid")) or words(form.get("SmsSid"))
    status = words(form.get("MessageStatus")) or words(form.get("SmsStatus")) or ""
    inbound = kind is EventKind.INBOUND
    return WebhookEvent(
        kind,
        event_id=f"{sid}:{status}" if sid else fingerprint(sorted(form.items())),
        at=now(),
        send_id=None if inbound else send_id,
        message_id=sid,
        recipient=words(form.get("From" if inbound else "To")),
        is_permanent=kind is EventKind.BOUNCED and code in _DEAD,
        code=given or None,
        detail=words(form.get("ErrorMessage")),
        text=str(form.get("Body") or "")[:2000] if inbound else None,
        raw=dict(form),
    )
