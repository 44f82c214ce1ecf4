"""What every provider is: something that takes messages and says, one by one, what became of them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from enum import StrEnum
from typing import ClassVar, Protocol
from uuid import UUID

from pydantic import BaseModel, ConfigDict

from liquor_app.organization.models import Channel


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
class OutgoingMessage:
    """A message ready to leave, its body final. `headers` are those of the message itself (e-mail only)."""

    send_id: UUID
    campaign_id: UUID | None
    channel: Channel
    sender: str
    sender_name: str
    recipient: str
    text: str
    subject: str | None = None
    html: str | None = None
    reply_to: str | None = None
    headers: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class SendResult:
    """What a provider said of one message. `code` is the provider's own (`421`, `21610`); `is_throttled` means that
    only the pace was wrong, which is no failure."""

    send_id: UUID
    outcome: Outcome
    message_id: str | None = None
    code: str | None = None
    detail: str | None = None
    is_throttled: bool = False


class ProviderConfig(BaseModel):
    """A provider's settings; secrets are `SecretStr` and are never shown again."""

    model_config = ConfigDict(extra="forbid", frozen=True)


class Provider(Protocol):
    """A way out of the house.

    Attributes:
        channels: what it can carry.
        batch_limit: messages a call of `send_batch` may be given.
        concurrency: calls that may be open at once.
        call_seconds: the longest a call may take; leases are longer.
        lookup_grace: how long after a call a negative `lookup` cannot be trusted yet; None if it has no look-up.
    """

    name: ClassVar[str]
    channels: ClassVar[frozenset[Channel]]
    Config: ClassVar[type[ProviderConfig]]
    batch_limit: ClassVar[int]
    concurrency: ClassVar[int]

    def __init__(self, config: ProviderConfig) -> None: ...

    @property
    def call_seconds(self) -> float: ...

    @property
    def lookup_grace(self) -> timedelta | None: ...

    async def send_batch(self, messages: Sequence[OutgoingMessage]) -> list[SendResult]:
        """Hand messages over, each at most once; one result per message, in order.

        Never raises for what happens on the way: a broken call is `TRANSIENT` if nothing left the house, else
        `UNKNOWN`. Takes at most `call_seconds`.
        """
        ...

    async def lookup(self, send_ids: Sequence[UUID]) -> dict[UUID, str]:
        """Which of these the provider has taken, with its own message ids.

        Raises:
            Unavailable: it could not be asked.
        """
        ...

    async def aclose(self) -> None:
        """Close its connections."""
        ...


def each(messages: Sequence[OutgoingMessage], outcome: Outcome, code: str, detail: str) -> list[SendResult]:
    """The same result for every message of a call."""
    return [SendResult(message.send_id, outcome, code=code, detail=detail[:500]) for message in messages]
