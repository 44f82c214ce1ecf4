"""Postmark: `POST /email/batch`, up to 500 messages that need have nothing in common; 200 with a code for each.

https://postmarkapp.com/developer/api/email-api
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from email.utils import formataddr
from typing import Any, ClassVar

import httpx
from pydantic import Field, SecretStr

from liquor_app.providers.adapters.postmark_events import read_callback
from liquor_app.providers.kit.base import Handed, Outcome, OutgoingMessage, ProviderConfig, SendResult, WebhookEvent
from liquor_app.providers.kit.callbacks import words
from liquor_app.providers.kit.http_provider import HttpProvider, first_of
from liquor_app.providers.kit.provider_http import refused

MAX_CALL_BYTES = 40_000_000
"""Postmark takes 50 MB; JSON needs some of it for its quotes."""

_OURS = frozenset({10, 400, 401, 405, 412, 413, 1226, 1235})
"""Codes that are our fault: token, sender signature, plan, approval, message stream."""

_INACTIVE = 406
_LATER = frozenset({100, 429})


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


class Postmark(HttpProvider[PostmarkConfig]):
    """Our send id travels as the metadata field `send_id`, which can be searched and comes back in callbacks."""

    name: ClassVar[str] = "postmark"
    Config: ClassVar[type[ProviderConfig]] = PostmarkConfig
    batch_limit: ClassVar[int] = 500
    concurrency: ClassVar[int] = 8
    distinct_bodies: ClassVar[bool] = True
    questions_at_once: ClassVar[int] = 8

    def _credentials(self) -> dict[str, Any]:
        token = self.config.server_token.get_secret_value()
        return {"headers": {"accept": "application/json", "x-postmark-server-token": token}}

    def calls(self, messages: Sequence[OutgoingMessage]) -> list[list[OutgoingMessage]]:
        made: list[list[OutgoingMessage]] = []
        size = 0
        for message in messages:
            own = 2 * (len(message.html or "") + len(message.text)) + 2_000
            own += sum(len(one.encoded) for one in message.attachments)
            if not made or len(made[-1]) == self.batch_limit or size + own > MAX_CALL_BYTES:
                made.append([])
                size = 0
            made[-1].append(message)
            size += own
        return made

    def _request(self, messages: Sequence[OutgoingMessage]) -> tuple[str, dict[str, Any]]:
        return "/email/batch", {"json": [self._message(message) for message in messages]}

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
        if message.attachments:
            body["Attachments"] = [
                {"Name": one.name, "Content": one.encoded, "ContentType": one.kind} for one in message.attachments
            ]
        if message.reply_to:
            body["ReplyTo"] = message.reply_to
        if message.campaign_id:
            body["Tag"] = str(message.campaign_id)
        return body

    def _sentence(self, said: Any) -> object:
        return said.get("Message") if isinstance(said, dict) else None

    def _refusal(
        self, messages: Sequence[OutgoingMessage], answer: httpx.Response, said: Any, detail: str
    ) -> list[SendResult]:
        whole = said if isinstance(said, dict) else {}
        code = _code(whole)
        if code in _OURS or code in _LATER:
            return [_result(message, whole) for message in messages]
        return refused(messages, str(code or answer.status_code), detail)

    def _receipts(
        self, messages: Sequence[OutgoingMessage], answer: httpx.Response, said: Any
    ) -> list[SendResult] | None:
        if not isinstance(said, list) or len(said) != len(messages) or not all(isinstance(one, dict) for one in said):
            return None
        return [_result(message, one) for message, one in zip(messages, said, strict=True)]

    async def _find(self, sent: Handed) -> str | None:
        said = await self._ask(
            "/messages/outbound", "Postmark's message search", count=1, offset=0,
            messagestream=self.config.message_stream, metadata_send_id=str(sent.send_id),
        )  # fmt: skip
        found = first_of(said, "Messages")
        return None if found is None else words(found.get("MessageID"))

    def parse_webhook(self, body: bytes, headers: Mapping[str, str], url: str) -> list[WebhookEvent]:
        return read_callback(body, headers, self.config.webhook_secret.get_secret_value())


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
