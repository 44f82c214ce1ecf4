"""Mailgun: `POST /v3/{domain}/messages`, up to 1,000 recipients of one body, or one recipient.

https://documentation.mailgun.com/docs/mailgun/api-reference/send/mailgun/messages
https://documentation.mailgun.com/docs/mailgun/user-manual/sending-messages/batch-sending
"""

from __future__ import annotations

import json
import time
from collections.abc import Mapping, Sequence
from email.utils import formataddr
from typing import Any, ClassVar

import httpx
from pydantic import Field, SecretStr

from liquor_app.core.ids import uuid7_time
from liquor_app.providers.adapters.mailgun_events import message_id_of, read_callback, read_letter
from liquor_app.providers.kit.base import Handed, OutgoingMessage, ProviderConfig, SendResult, WebhookEvent
from liquor_app.providers.kit.batch_skeleton import group, skeleton_of
from liquor_app.providers.kit.callbacks import child, header, words
from liquor_app.providers.kit.http_provider import HttpProvider, accepted
from liquor_app.providers.kit.provider_http import form_data

DAY_SECONDS = 86_400
MARK = "%recipient"


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


class Mailgun(HttpProvider[MailgunConfig]):
    """Our send id travels as the variable `send_id`, which every event of the message repeats."""

    name: ClassVar[str] = "mailgun"
    Config: ClassVar[type[ProviderConfig]] = MailgunConfig
    batch_limit: ClassVar[int] = 1000
    concurrency: ClassVar[int] = 50
    safe_5xx: ClassVar[frozenset[int]] = frozenset()
    """Mailgun has been seen to answer 5xx and send all the same."""
    questions_at_once: ClassVar[int] = 10

    def _credentials(self) -> dict[str, Any]:
        return {"auth": ("api", self.config.api_key.get_secret_value())}

    def calls(self, messages: Sequence[OutgoingMessage]) -> list[list[OutgoingMessage]]:
        return group(messages, limit=self.batch_limit, forbidden=MARK)

    def _request(self, messages: Sequence[OutgoingMessage]) -> tuple[str, dict[str, Any]]:
        form = self._form(messages[0]) if len(messages) == 1 else self._shared_form(messages)
        return f"/v3/{self.config.domain}/messages", form_data(form, messages[0].attachments)

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

    def _receipts(
        self, messages: Sequence[OutgoingMessage], answer: httpx.Response, said: Any
    ) -> list[SendResult] | None:
        return accepted(messages, str(said["id"])) if isinstance(said, dict) and said.get("id") else None

    async def _find(self, sent: Handed) -> str | None:
        """Return the event log of that address; any event with our send id proves that Mailgun has taken the
        message."""
        said = await self._ask(
            f"/v3/{self.config.domain}/events",
            "Mailgun's event log",
            recipient=sent.recipient,
            event="accepted",
            begin=int(min(uuid7_time(sent.send_id).timestamp(), time.time() - DAY_SECONDS)),
            ascending="yes",
            limit=300,
        )
        for event in said.get("items") or []:
            if isinstance(event, dict) and child(event, "user-variables").get("send_id") == str(sent.send_id):
                return words(message_id_of(event)) or str(sent.send_id)
        return None

    def parse_webhook(self, body: bytes, headers: Mapping[str, str], url: str) -> list[WebhookEvent]:
        key = self.config.webhook_signing_key.get_secret_value()
        if (kind := header(headers, "Content-Type")) and "json" not in kind.lower():  # a route forwards a letter
            return read_letter(body, kind, key, self.config.webhook_max_age_seconds)
        return read_callback(body, key, self.config.webhook_max_age_seconds)
