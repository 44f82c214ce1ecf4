"""SendGrid: `POST /v3/mail/send`; 202 means queued only. One body and up to 1,000 personalizations a call.

https://www.twilio.com/docs/sendgrid/api-reference/mail-send
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import timedelta
from typing import Any, ClassVar

import httpx
from pydantic import Field, SecretStr

from liquor_app.providers.adapters.sendgrid_events import read_callback, read_letter
from liquor_app.providers.kit.base import Handed, OutgoingMessage, ProviderConfig, SendResult, WebhookEvent
from liquor_app.providers.kit.batch_skeleton import group, skeleton_of
from liquor_app.providers.kit.callbacks import header, words
from liquor_app.providers.kit.http_provider import HttpProvider, accepted, first_of
from liquor_app.providers.kit.provider_http import garbled

MARK = "-lmv."


class SendGridConfig(ProviderConfig):
    """`verification_key` is the public key of the signed event webhook. `has_email_activity`: the account has the
    Email Activity add-on, so that a lost answer can be looked up; else such a message stays unknown."""

    api_key: SecretStr = Field(min_length=1)
    base_url: str = Field("https://api.sendgrid.com", pattern=r"^https?://[^\s/]+$")
    verification_key: str = Field("", max_length=1000, description="Public key of the signed event webhook")
    parse_verification_key: str = Field(
        "", max_length=1000, description="Public key of the inbound parse's security policy: e-mail people write back"
    )
    webhook_max_age_seconds: int = Field(
        90_000, ge=60, le=604_800, description="Older callbacks are refused as replays"
    )
    has_email_activity: bool = Field(False, description="The account has the Email Activity add-on")
    lookup_grace_seconds: int = Field(1800, ge=1, le=86_400)
    timeout_seconds: float = Field(20.0, ge=1, le=40)


class SendGrid(HttpProvider[SendGridConfig]):
    """Our send id travels as the custom argument `send_id`: no personal data, as SendGrid asks."""

    name: ClassVar[str] = "sendgrid"
    Config: ClassVar[type[ProviderConfig]] = SendGridConfig
    batch_limit: ClassVar[int] = 1000
    concurrency: ClassVar[int] = 50
    taken: ClassVar[frozenset[int]] = frozenset({httpx.codes.ACCEPTED})
    questions_at_once: ClassVar[int] = 4

    def _credentials(self) -> dict[str, Any]:
        return {"headers": {"authorization": f"Bearer {self.config.api_key.get_secret_value()}"}}

    @property
    def lookup_grace(self) -> timedelta | None:
        return super().lookup_grace if self.config.has_email_activity else None

    def calls(self, messages: Sequence[OutgoingMessage]) -> list[list[OutgoingMessage]]:
        return group(messages, limit=self.batch_limit, forbidden=MARK)

    def _request(self, messages: Sequence[OutgoingMessage]) -> tuple[str, dict[str, Any]]:
        return "/v3/mail/send", {"json": self._body(messages)}

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
        if first.attachments:
            body["attachments"] = [
                {"content": one.encoded, "type": one.kind, "filename": one.name, "disposition": "attachment"}
                for one in first.attachments
            ]
        if first.reply_to:
            body["reply_to"] = {"email": first.reply_to}
        if first.campaign_id:
            body["categories"] = [str(first.campaign_id)]
        return body

    def _sentence(self, said: Any) -> object:
        errors = said.get("errors") if isinstance(said, dict) else None
        return " ".join(str(error.get("message")) for error in errors or [] if isinstance(error, dict))

    def _refusal(
        self, messages: Sequence[OutgoingMessage], answer: httpx.Response, said: Any, detail: str
    ) -> list[SendResult]:
        if answer.is_success:
            return garbled(messages, answer.status_code)
        return super()._refusal(messages, answer, said, detail)

    def _receipts(
        self, messages: Sequence[OutgoingMessage], answer: httpx.Response, said: Any
    ) -> list[SendResult] | None:
        return accepted(messages, answer.headers.get("x-message-id"))

    async def _find(self, sent: Handed) -> str | None:
        query = f"unique_args['send_id']=\"{sent.send_id}\""
        said = await self._ask("/v3/messages", "SendGrid's email activity", limit=1, query=query)
        found = first_of(said, "messages")
        return None if found is None else words(found.get("msg_id")) or str(sent.send_id)

    def parse_webhook(self, body: bytes, headers: Mapping[str, str], url: str) -> list[WebhookEvent]:
        if header(headers, "Content-Type").lower().startswith("multipart/"):  # the inbound parse hands a letter on
            return read_letter(body, headers, self.config.parse_verification_key, self.config.webhook_max_age_seconds)
        return read_callback(body, headers, self.config.verification_key, self.config.webhook_max_age_seconds)


def _mark(name: str) -> str:
    return f"{MARK}{name}-"
