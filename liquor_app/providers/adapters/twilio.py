"""Twilio: `POST /2010-04-01/Accounts/{Sid}/Messages.json`, one text a call.

https://www.twilio.com/docs/messaging/api/message-resource
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from ipaddress import ip_address
from typing import Any, ClassVar
from urllib.parse import urlsplit
from uuid import UUID

import httpx
from pydantic import Field, SecretStr

from liquor_app.core.config import get_settings
from liquor_app.organization.models import Channel
from liquor_app.providers.adapters.twilio_events import DEAD, OPTED_OUT, OURS, THROTTLED, read_callback
from liquor_app.providers.kit.base import (
    Handed,
    Outcome,
    OutgoingMessage,
    ProviderConfig,
    SendResult,
    WebhookEvent,
    each,
    in_chunks,
)
from liquor_app.providers.kit.http_provider import HttpProvider, accepted

CALLBACK_PATH = "/api/v1/webhooks/twilio"


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


class Twilio(HttpProvider[TwilioConfig]):
    """Our send id travels in the status callback's address: Twilio's messages carry no metadata, and cannot be
    searched for one that was never answered. 503 is Twilio's "not now"; any other 5xx leaves open whether a text went
    out."""

    name: ClassVar[str] = "twilio"
    channels: ClassVar[frozenset[Channel]] = frozenset({Channel.SMS})
    Config: ClassVar[type[ProviderConfig]] = TwilioConfig
    batch_limit: ClassVar[int] = 1
    concurrency: ClassVar[int] = 40
    distinct_bodies: ClassVar[bool] = True
    taken: ClassVar[frozenset[int]] = frozenset({httpx.codes.OK, httpx.codes.CREATED})

    def __init__(self, config: ProviderConfig) -> None:
        super().__init__(config)
        self._callback = self.config.callback_url or _own_callback()

    def _credentials(self) -> dict[str, Any]:
        return {"auth": (self.config.account_sid, self.config.auth_token.get_secret_value())}

    @property
    def lookup_grace(self) -> None:
        return None

    def calls(self, messages: Sequence[OutgoingMessage]) -> list[list[OutgoingMessage]]:
        return in_chunks(messages, 1)

    def _request(self, messages: Sequence[OutgoingMessage]) -> tuple[str, dict[str, Any]]:
        (message,) = messages
        return f"/2010-04-01/Accounts/{self.config.account_sid}/Messages.json", {"data": self._form(message)}

    def _form(self, message: OutgoingMessage) -> dict[str, str]:
        form = {"To": message.recipient, "Body": message.text}
        if self.config.messaging_service_sid:
            form["MessagingServiceSid"] = self.config.messaging_service_sid
        else:
            form["From"] = message.sender
        if self._callback:
            form["StatusCallback"] = f"{self._callback}?send_id={message.send_id}"
        return form

    def _own_code(self, messages: Sequence[OutgoingMessage], said: Any, detail: str) -> list[SendResult] | None:
        code = _code(said)
        if code in THROTTLED:
            return each(messages, Outcome.TRANSIENT, str(code), detail, is_throttled=True)
        return each(messages, Outcome.MISCONFIGURED, str(code), detail) if code in OURS else None

    def _refusal(
        self, messages: Sequence[OutgoingMessage], answer: httpx.Response, said: Any, detail: str
    ) -> list[SendResult]:
        code = _code(said)
        gone = code == OPTED_OUT or code in DEAD
        return each(messages, Outcome.REJECTED, str(code or answer.status_code), detail, is_dead_address=gone)

    def _receipts(
        self, messages: Sequence[OutgoingMessage], answer: httpx.Response, said: Any
    ) -> list[SendResult] | None:
        return accepted(messages, str(said["sid"])) if isinstance(said, dict) and said.get("sid") else None

    async def lookup(self, handed: Sequence[Handed]) -> dict[UUID, str]:
        return {}

    def parse_webhook(self, body: bytes, headers: Mapping[str, str], url: str) -> list[WebhookEvent]:
        return read_callback(body, headers, url, self.config.auth_token.get_secret_value())


def _code(said: Any) -> int | None:
    code = said.get("code") if isinstance(said, dict) else None
    return code if isinstance(code, int) else None


def _own_callback() -> str:
    """Nothing while only this machine can be reached: Twilio refuses such an address."""
    base = get_settings().base_url
    host = urlsplit(base).hostname or ""
    try:
        is_local = not ip_address(host).is_global
    except ValueError:
        is_local = host == "localhost" or "." not in host
    return "" if is_local else base.rstrip("/") + CALLBACK_PATH
