"""What every provider is: something that takes messages and says, one by one, what became of them."""

from __future__ import annotations

import base64
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any, ClassVar, NoReturn, Protocol
from uuid import UUID

from pydantic import BaseModel, ConfigDict, ValidationInfo, field_validator

from liquor_app.core.errors import Invalid
from liquor_app.core.security.outbound import check_host, check_url
from liquor_app.organization.models import Channel
from liquor_app.providers.kit.message_bodies import Body


class Outcome(StrEnum):
    """What became of one message. Only the first four are certain."""

    ACCEPTED = "accepted"
    REJECTED = "rejected"
    """For good: this message will never be taken."""
    TRANSIENT = "transient"
    """Not taken now; the very same message may be taken later."""
    MISCONFIGURED = "misconfigured"
    """Not taken because of us (key, domain, plan): trying others is useless until somebody acts."""
    UNKNOWN = "unknown"
    """The request left and no answer came: it may have been taken."""


@dataclass(frozen=True, slots=True)
class Attachment:
    """A file that goes with a letter of the shop's own; customers' messages have none."""

    name: str
    kind: str
    """As MIME names it: "application/pdf"."""
    content: bytes

    @property
    def encoded(self) -> str:
        """Its content as JSON can have it (base64)."""
        return base64.b64encode(self.content).decode("ascii")


@dataclass(frozen=True, slots=True)
class OutgoingMessage:
    """A message ready to leave, its body final. `headers` are those of the message itself (e-mail only). Messages of
    one `template_version_id` may share a call where a provider's batch has one body for all
    (`providers.kit.batch_skeleton`)."""

    send_id: UUID
    campaign_id: UUID | None
    channel: Channel
    sender: str
    sender_name: str
    recipient: str
    body: Body
    subject: str | None = None
    reply_to: str | None = None
    headers: Mapping[str, str] = field(default_factory=dict)
    template_version_id: UUID | None = None
    attachments: tuple[Attachment, ...] = ()

    @property
    def html(self) -> str | None:
        return self.body.html

    @property
    def text(self) -> str:
        return self.body.text


@dataclass(frozen=True, slots=True)
class SendResult:
    """What a provider said of one message.

    Attributes:
        code: the provider's own (`421`, `21610`).
        is_throttled: only the pace was wrong, which is no failure.
        retry_after: seconds the provider asked us to wait.
        is_dead_address: the address is dead or has opted out at the provider: it is never to be written to again.
        is_shared: the call was refused as a whole, for the sake of a message nobody named; the others may be good.
    """

    send_id: UUID
    outcome: Outcome
    message_id: str | None = None
    code: str | None = None
    detail: str | None = None
    is_throttled: bool = False
    retry_after: float | None = None
    is_dead_address: bool = False
    is_shared: bool = False


@dataclass(frozen=True, slots=True)
class Handed:
    """A message a provider was once given, for asking about it."""

    send_id: UUID
    recipient: str


class EventKind(StrEnum):
    """What a provider tells us later."""

    DELIVERED = "delivered"
    DEFERRED = "deferred"
    """Not yet; the provider goes on trying."""
    BOUNCED = "bounced"
    COMPLAINED = "complained"
    OPENED = "opened"
    CLICKED = "clicked"
    UNSUBSCRIBED = "unsubscribed"
    FAILED = "failed"
    """Taken, but never handed to the recipient's side, and not for the address's sake."""
    INBOUND = "inbound"
    """A text message somebody wrote to us."""
    INBOUND_MAIL = "inbound_mail"
    """An e-mail a person wrote back."""
    OTHER = "other"
    """Kept and counted, never acted upon."""


@dataclass(frozen=True, slots=True)
class WebhookEvent:
    """One thing a provider tells, in our words.

    Attributes:
        event_id: the provider's own, unique per event: with the provider's name the key of `webhook_receipts`.
        send_id: ours, if it travelled with the message; else only `message_id` leads back to it.
        message_id: the provider's own name of the message.
        recipient: whom it is about; of an inbound text or e-mail, who wrote it.
        is_permanent: of a bounce: the address itself is bad (hard); False for a soft one.
        code, detail: the provider's own.
        url: of a click.
        text: of an inbound message; `opt_out` is what the provider took it for: stop, start or help.
        is_proved: of an inbound e-mail: whether the provider found that its author's domain sent it (DKIM or SPF,
            aligned with From); None where it said nothing of that.
        answers: of an inbound e-mail: names of the messages it says it answers.
        is_machine: the provider itself says that a machine opened or clicked.
        raw: the event as it came, for keeping.
    """

    kind: EventKind
    event_id: str
    at: datetime
    send_id: UUID | None = None
    message_id: str | None = None
    recipient: str | None = None
    is_permanent: bool = False
    code: str | None = None
    detail: str | None = None
    url: str | None = None
    text: str | None = None
    opt_out: str | None = None
    user_agent: str | None = None
    ip: str | None = None
    is_proved: bool | None = None
    answers: tuple[str, ...] = ()
    is_machine: bool = False
    raw: Mapping[str, Any] = field(default_factory=dict)


class ProviderConfig(BaseModel):
    """A provider's settings; secrets are `SecretStr` and are never shown again."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    @field_validator("base_url", "host", check_fields=False)
    @classmethod
    def _outside(cls, value: str, info: ValidationInfo) -> str:
        """Return a provider's address as it is connected to, a public one, by whatever name its field goes."""
        try:
            return (check_url if info.field_name == "base_url" else check_host)(value, info.field_name or "")
        except Invalid as error:
            raise ValueError(error.message) from error


class Provider(Protocol):
    """A way out of the house.

    Attributes:
        channels: what it can carry.
        batch_limit: messages a call of `send_batch` may be given.
        distinct_bodies: a call may carry bodies that have nothing in common. Otherwise only messages that `calls` puts
            together go together.
        concurrency: calls that may be open at once.
        call_seconds: the longest a call may take; leases are longer.
        lookup_grace: how long after a call a negative `lookup` cannot be trusted yet; None if it has no look-up.
        has_webhooks: whether `parse_webhook` can be asked.
    """

    name: ClassVar[str]
    channels: ClassVar[frozenset[Channel]]
    Config: ClassVar[type[ProviderConfig]]
    batch_limit: ClassVar[int]
    concurrency: ClassVar[int]
    distinct_bodies: ClassVar[bool]
    has_webhooks: ClassVar[bool]

    def __init__(self, config: ProviderConfig) -> None: ...

    @property
    def call_seconds(self) -> float: ...

    @property
    def lookup_grace(self) -> timedelta | None: ...

    def calls(self, messages: Sequence[OutgoingMessage]) -> list[list[OutgoingMessage]]:
        """Return the messages, put together for `send_batch`."""
        ...

    async def send_batch(self, messages: Sequence[OutgoingMessage]) -> list[SendResult]:
        """Hand messages over in one call, each at most once; one result per message, in order.

        Never raises for what happens on the way: a broken call is `TRANSIENT` if nothing left the house, else
        `UNKNOWN`. Takes at most `call_seconds`.
        """
        ...

    async def lookup(self, handed: Sequence[Handed]) -> dict[UUID, str]:
        """Tell which of these the provider has taken, with its own message ids, by our send id.

        Raises:
            Unavailable: it could not be asked.
        """
        ...

    def parse_webhook(self, body: bytes, headers: Mapping[str, str], url: str) -> list[WebhookEvent]:
        """Tell what the provider tells us, once it has proved that it is the provider.

        Args:
            body: exactly as it came; signatures cover every byte.
            headers: names in any case.
            url: the public address it was sent to, query included, as the sender saw it.

        Raises:
            Unauthenticated: forged or too old.
            Unavailable: no key is configured yet to check it with.
            Invalid: it is not the provider's format.
        """
        ...

    async def aclose(self) -> None:
        """Close its connections."""
        ...


def each(
    messages: Sequence[OutgoingMessage], outcome: Outcome, code: str, detail: str, **more: Any
) -> list[SendResult]:
    """Return the same result for every message of a call."""
    return [SendResult(message.send_id, outcome, code=code, detail=detail[:500], **more) for message in messages]


def in_chunks(messages: Sequence[OutgoingMessage], size: int) -> list[list[OutgoingMessage]]:
    """Calls of `size` messages: for providers to whom bodies are all the same."""
    return [list(messages[start : start + size]) for start in range(0, len(messages), size)]


def no_webhooks(provider: str) -> NoReturn:
    """For providers that never call back."""
    raise Invalid(f"{provider} sends no webhooks.", field="provider")
