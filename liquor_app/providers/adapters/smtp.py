"""SMTP: any server. One message a transaction, over a few connections that are kept open.

Whether a message was taken is certain until its last line is on the way; after that only the server's answer tells.
"""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from contextlib import suppress
from email.headerregistry import Address, BaseHeader, HeaderRegistry, UnstructuredHeader
from email.message import EmailMessage
from email.policy import SMTP as SMTP_POLICY
from email.policy import EmailPolicy
from email.utils import format_datetime
from typing import ClassVar, Literal
from uuid import UUID

import aiosmtplib
from pydantic import Field, SecretStr

from liquor_app.core.clock import now
from liquor_app.core.security.outbound import BlockedAddress, open_socket
from liquor_app.organization.models import Channel
from liquor_app.providers.kit.base import (
    Handed,
    Outcome,
    OutgoingMessage,
    ProviderConfig,
    SendResult,
    WebhookEvent,
    in_chunks,
    no_webhooks,
)
from liquor_app.providers.kit.bounces import Cause, cause_of
from liquor_app.providers.kit.provider_http import MAX_SENTENCE


class _AsItIs(UnstructuredHeader, BaseHeader):
    """A header of addresses in angle brackets (RFC 2369). The library would encode what is longer than a line, and no
    mail program decodes these: the button to unsubscribe would not appear. A line may have 998 characters."""

    def fold(self, *, policy: EmailPolicy) -> str:  # type: ignore[override]
        return f"{self.name}: {self}{policy.linesep}"


_HEADERS = HeaderRegistry()
_HEADERS.map_to_type("list-unsubscribe", _AsItIs)
_LETTERS = SMTP_POLICY.clone(header_factory=_HEADERS)
_WHY = {False: "The server cannot be reached, or ended the conversation.", True: "The connection broke off."}
"""In our words: what a server says that is none of SMTP's may hold anything."""
_BROKEN = (aiosmtplib.SMTPException, OSError, TimeoutError)


class SmtpConfig(ProviderConfig):
    """`security`: `starttls` (port 587), `tls` from the first byte (465), or `none` within a trusted network."""

    host: str = Field(pattern=r"^[A-Za-z0-9.:-]{1,253}$")
    port: int = Field(587, ge=1, le=65_535)
    security: Literal["starttls", "tls", "none"] = Field(
        "starttls", description="starttls on port 587, tls on 465, none only inside a trusted network"
    )
    username: str = Field("", max_length=200)
    password: SecretStr = SecretStr("")
    timeout_seconds: float = Field(30.0, ge=1, le=40)


class Smtp:
    """Our send id is the Message-ID's first half; SMTP has no way to ask about it later."""

    name: ClassVar[str] = "smtp"
    channels: ClassVar[frozenset[Channel]] = frozenset({Channel.EMAIL})
    Config: ClassVar[type[ProviderConfig]] = SmtpConfig
    batch_limit: ClassVar[int] = 1
    concurrency: ClassVar[int] = 8
    distinct_bodies: ClassVar[bool] = True
    has_webhooks: ClassVar[bool] = False
    lookup_grace: ClassVar[None] = None

    def __init__(self, config: ProviderConfig) -> None:
        assert isinstance(config, SmtpConfig)
        self.config = config
        self._idle: list[aiosmtplib.SMTP] = []
        self._gate = asyncio.Semaphore(self.concurrency)

    @property
    def call_seconds(self) -> float:
        return self.config.timeout_seconds

    def calls(self, messages: Sequence[OutgoingMessage]) -> list[list[OutgoingMessage]]:
        return in_chunks(messages, 1)

    async def send_batch(self, messages: Sequence[OutgoingMessage]) -> list[SendResult]:
        (message,) = messages
        try:
            content = _mime(message)
        except (ValueError, UnicodeError) as error:
            return [SendResult(message.send_id, Outcome.REJECTED, code="message", detail=str(error)[:500])]
        async with self._gate:
            return [await self._send(message, content)]

    async def _send(self, message: OutgoingMessage, content: bytes) -> SendResult:
        """Nothing has left before DATA, so what breaks there may be tried again; what breaks in DATA is unknown."""
        leaving = False
        client: aiosmtplib.SMTP | None = None
        try:
            async with asyncio.timeout(self.call_seconds):
                client = await self._greeted(message.sender)
                await client.rcpt(message.recipient)
                leaving = True
                await client.data(content)
        except aiosmtplib.SMTPResponseException as error:
            if 400 <= error.code < 600:
                await self._keep(client)
                return _judge(message, error)
            return self._lost(message, client, error, leaving)
        except _BROKEN as error:
            return self._lost(message, client, error, leaving)
        except BaseException:
            if client is not None:
                client.close()
            raise
        self._idle.append(client)
        return SendResult(message.send_id, Outcome.ACCEPTED, _message_id(message))

    @staticmethod
    def _lost(message: OutgoingMessage, client: aiosmtplib.SMTP | None, error: Exception, leaving: bool) -> SendResult:
        """No answer, or none that can be understood."""
        if client is not None:
            client.close()
        if isinstance(error, BlockedAddress):
            return SendResult(message.send_id, Outcome.MISCONFIGURED, code="address", detail=str(error))
        outcome = Outcome.UNKNOWN if leaving else Outcome.TRANSIENT
        return SendResult(message.send_id, outcome, code=type(error).__name__, detail=_WHY[leaving])

    async def _greeted(self, sender: str) -> aiosmtplib.SMTP:
        """Return a connection that has taken the sender. Kept ones may have been closed meanwhile: then a new one."""
        while self._idle:
            client = self._idle.pop()
            try:
                await client.mail(sender)
                return client
            except aiosmtplib.SMTPResponseException:
                client.close()
                raise
            except _BROKEN:
                client.close()
        client = aiosmtplib.SMTP(
            hostname=self.config.host,
            sock=await open_socket(self.config.host, self.config.port),
            use_tls=self.config.security == "tls",
            start_tls=self.config.security == "starttls",
            username=self.config.username or None,
            password=self.config.password.get_secret_value() or None,
            timeout=self.config.timeout_seconds,
        )
        try:
            await client.connect()
            await client.mail(sender)
        except BaseException:
            client.close()
            raise
        return client

    async def _keep(self, client: aiosmtplib.SMTP | None) -> None:
        """A refused message leaves the connection good for the next one, once it is reset."""
        if client is None:
            return
        try:
            await client.rset()
        except _BROKEN:
            client.close()
        else:
            self._idle.append(client)

    async def lookup(self, handed: Sequence[Handed]) -> dict[UUID, str]:
        return {}

    def parse_webhook(self, body: bytes, headers: Mapping[str, str], url: str) -> list[WebhookEvent]:
        no_webhooks("SMTP")

    async def aclose(self) -> None:
        while self._idle:
            client = self._idle.pop()
            with suppress(*_BROKEN):
                await client.quit()


def _message_id(message: OutgoingMessage) -> str:
    return f"<{message.send_id}@{message.sender.rpartition('@')[2]}>"


def _mime(message: OutgoingMessage) -> bytes:
    """Return the letter, text first, as RFC 5322 wants it.

    Raises:
        ValueError, UnicodeError: a header cannot be written, such as a name with a line break in it.
    """
    letter = EmailMessage(_LETTERS)
    letter["From"] = Address(message.sender_name, addr_spec=message.sender)
    letter["To"] = Address(addr_spec=message.recipient)
    letter["Subject"] = message.subject or ""
    letter["Date"] = format_datetime(now())
    letter["Message-ID"] = _message_id(message)
    if message.reply_to:
        letter["Reply-To"] = Address(addr_spec=message.reply_to)
    for name, value in message.headers.items():
        letter[name] = value
    letter.set_content(message.text)
    if message.html:
        letter.add_alternative(message.html, subtype="html")
    for one in message.attachments:
        main, _, kind = one.kind.partition("/")
        letter.add_attachment(one.content, maintype=main, subtype=kind, filename=one.name)
    return letter.as_bytes()


def _judge(message: OutgoingMessage, error: aiosmtplib.SMTPResponseException) -> SendResult:
    """4yz: later; 5yz: never, and of our own greeting, credentials or sender: our fault (RFC 5321 §4.2.1). The address
    is dead only where the server says so of the recipient."""
    ours = (
        aiosmtplib.SMTPAuthenticationError,
        aiosmtplib.SMTPSenderRefused,
        aiosmtplib.SMTPHeloError,
        aiosmtplib.SMTPConnectResponseError,
    )
    if error.code < 500:
        outcome = Outcome.TRANSIENT
    elif isinstance(error, ours) or error.code in (530, 535):
        outcome = Outcome.MISCONFIGURED
    else:
        outcome = Outcome.REJECTED
    dead = (
        outcome is Outcome.REJECTED
        and isinstance(error, aiosmtplib.SMTPRecipientRefused)
        and cause_of(error.code, str(error.message)) is Cause.ADDRESS
    )
    said = " ".join(str(error.message).split())[:MAX_SENTENCE]
    return SendResult(message.send_id, outcome, code=str(error.code), detail=said, is_dead_address=dead)
