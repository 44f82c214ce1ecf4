"""What providers spoken to over HTTP have in common: one call, what its status means, asking afterwards.

A provider says what it sends and how it reads its own answers; whether a request left, whose fault a status is and how
long to wait are decided here, once.
"""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from datetime import timedelta
from typing import Any, ClassVar, Generic, TypeVar, cast
from uuid import UUID

import httpx

from liquor_app.core.security.outbound import http_client
from liquor_app.organization.models import Channel
from liquor_app.providers.kit.base import Handed, Outcome, OutgoingMessage, ProviderConfig, SendResult
from liquor_app.providers.kit.provider_http import NoAnswer, ask, common, garbled, loaded, post, refused, said_of

C = TypeVar("C", bound=ProviderConfig)


class HttpProvider(Generic[C]):
    """A `Provider` that is one POST a call. Its configuration has `base_url` and `timeout_seconds`.

    Attributes:
        safe_5xx: server errors after which nothing was taken; after any other nobody knows.
        taken: the statuses of a call that was taken.
        questions_at_once: look-ups that may be open together.
    """

    name: ClassVar[str]
    channels: ClassVar[frozenset[Channel]] = frozenset({Channel.EMAIL})
    Config: ClassVar[type[ProviderConfig]]
    batch_limit: ClassVar[int]
    concurrency: ClassVar[int]
    distinct_bodies: ClassVar[bool] = False
    has_webhooks: ClassVar[bool] = True
    safe_5xx: ClassVar[frozenset[int]] = frozenset({httpx.codes.SERVICE_UNAVAILABLE})
    taken: ClassVar[frozenset[int]] = frozenset({httpx.codes.OK})
    questions_at_once: ClassVar[int] = 1

    def __init__(self, config: ProviderConfig) -> None:
        assert isinstance(config, self.Config)
        self.config = cast(C, config)
        settings: Any = config
        self._seconds: float = settings.timeout_seconds
        self._client = http_client(
            settings.base_url, connections=self.concurrency, seconds=self._seconds, **self._credentials()
        )

    # --- what each says for itself ---

    def _credentials(self) -> dict[str, Any]:
        """`auth` or `headers` of every call."""
        raise NotImplementedError

    def _request(self, messages: Sequence[OutgoingMessage]) -> tuple[str, dict[str, Any]]:
        """Return the path, and httpx's arguments that hold the messages."""
        raise NotImplementedError

    def _sentence(self, said: Any) -> object:
        """Tell what an answer's JSON says of the call, in the provider's words."""
        return said.get("message") if isinstance(said, dict) else None

    def _own_code(self, messages: Sequence[OutgoingMessage], said: Any, detail: str) -> list[SendResult] | None:
        """Tell what a code of the provider's own means before its status is looked at."""
        return None

    def _refusal(
        self, messages: Sequence[OutgoingMessage], answer: httpx.Response, said: Any, detail: str
    ) -> list[SendResult]:
        """Tell what a status means that is neither `taken` nor known to all."""
        return refused(messages, str(answer.status_code), detail)

    def _receipts(
        self, messages: Sequence[OutgoingMessage], answer: httpx.Response, said: Any
    ) -> list[SendResult] | None:
        """Return one result a message of a call that was taken; None if the answer cannot be understood."""
        raise NotImplementedError

    async def _find(self, sent: Handed) -> str | None:
        """Return the provider's id of a message; None if it knows none."""
        raise NotImplementedError

    # --- what all do alike ---

    @property
    def call_seconds(self) -> float:
        return self._seconds

    @property
    def lookup_grace(self) -> timedelta | None:
        settings: Any = self.config
        return timedelta(seconds=settings.lookup_grace_seconds)

    async def send_batch(self, messages: Sequence[OutgoingMessage]) -> list[SendResult]:
        path, content = self._request(messages)
        return self._judge(messages, await post(self._client, path, self._seconds, **content))

    def _judge(self, messages: Sequence[OutgoingMessage], answer: httpx.Response | NoAnswer) -> list[SendResult]:
        if isinstance(answer, NoAnswer):
            return common(messages, answer, "", safe_5xx=self.safe_5xx) or []
        said = loaded(answer)
        detail = said_of(answer, self._sentence(said))
        known = self._own_code(messages, said, detail)
        if known is None:
            known = common(messages, answer, detail, safe_5xx=self.safe_5xx)
        if known is not None:
            return known
        if answer.status_code not in self.taken:
            return self._refusal(messages, answer, said, detail)
        return self._receipts(messages, answer, said) or garbled(messages, answer.status_code)

    async def lookup(self, handed: Sequence[Handed]) -> dict[UUID, str]:
        gate = asyncio.Semaphore(self.questions_at_once)

        async def one(sent: Handed) -> str | None:
            async with gate:
                return await self._find(sent)

        found = await asyncio.gather(*(one(sent) for sent in handed))
        return {sent.send_id: message_id for sent, message_id in zip(handed, found, strict=True) if message_id}

    async def _ask(self, path: str, what: str, **params: str | int) -> dict[str, Any]:
        """Return a question that changes nothing.

        Raises:
            Unavailable: no answer, or not one of ours.
        """
        return await ask(self._client, path, self._seconds, what, **params)

    async def aclose(self) -> None:
        await self._client.aclose()


def first_of(said: Mapping[str, Any], name: str) -> Mapping[str, Any] | None:
    """Return the first object of a list in an answer, if there is one."""
    found = said.get(name)
    first = found[0] if isinstance(found, list) and found else None
    return first if isinstance(first, dict) else None


def accepted(messages: Sequence[OutgoingMessage], message_id: str | None) -> list[SendResult]:
    """Return a call whose messages were all taken, under one id."""
    return [SendResult(message.send_id, Outcome.ACCEPTED, message_id) for message in messages]
