"""What providers tell us later: proved, kept once, then worked through in batches."""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, fields, replace
from datetime import datetime
from functools import lru_cache
from typing import Any
from uuid import UUID

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

from liquor_app.accounts.permission_table import Permission
from liquor_app.accounts.permissions import Actor, require
from liquor_app.core.errors import AppError, NotFound, Unauthenticated, Unavailable
from liquor_app.core.queue import Job, enqueue
from liquor_app.customers.erasing.erased_keys import erased_texts
from liquor_app.ledger.receipts import (
    Key,
    NewReceipt,
    close_receipts,
    keep_receipts,
    put_off_receipts,
    set_first_aside,
    take_receipts,
)
from liquor_app.organization.models import Channel
from liquor_app.providers.kit.base import EventKind, Provider, WebhookEvent
from liquor_app.providers.registry import PROVIDERS
from liquor_app.providers.service import load_routes, open_provider
from liquor_app.sending.events.apply_events import LOGGED, Told, apply_events
from liquor_app.sending.events.mail_answers import take_mail_answers
from liquor_app.sending.events.replies import keep_texts
from liquor_app.sending.events.sms_keywords import answer_texts, not_understood, stopped_numbers
from liquor_app.sending.events.suppress_on_event import heed_strangers
from liquor_app.sending.sign_up.confirm_sign_up import cancel_sign_ups, take_yeses

BATCH = 500
MAX_EVENTS = 10_000
"""Of one callback; SendGrid's are a thousand at most."""

WRITTEN = frozenset({EventKind.INBOUND, EventKind.INBOUND_MAIL})
"""What people wrote: about no message of ours."""
NO_SUCH_MESSAGE = "No message of ours goes by that name."


@dataclass(frozen=True, slots=True)
class Processed:
    """How many receipts were worked through, how many of them concern no message of ours, and how many are to be tried
    again because theirs is not known yet."""

    receipts: int
    strangers: int
    later: int = 0


@dataclass(frozen=True, slots=True)
class _Receipt:
    provider: str
    event: WebhookEvent
    may_wait: bool

    @property
    def told(self) -> Told:
        return self.provider, self.event

    @property
    def key(self) -> Key:
        return self.provider, self.event.event_id


@lru_cache(maxsize=16)
def _open(name: str, config: bytes | None) -> Provider:
    """Kept: callbacks come by the thousand. Nothing is connected until something is sent."""
    return open_provider(name, config)


async def receive(
    session: AsyncSession, provider: str, body: bytes, headers: Mapping[str, str], url: str
) -> list[WebhookEvent]:
    """Prove a callback, keep its events (each once, however often it is told), and have them worked through.

    Returns:
        Its events, for an answer that cannot wait.

    Raises:
        NotFound: no such provider, or it is not set up.
        Unauthenticated: forged or too old.
        Unavailable: there is no key yet to prove it by.
        Invalid: not what this provider sends.
    """
    configs = {route.config for route in await load_routes(session, even_closed=True) if route.provider == provider}
    if provider not in PROVIDERS or not configs:
        raise NotFound("No such provider is set up here.")
    events = _proved(provider, configs, body, headers, url)[:MAX_EVENTS]
    erased = await erased_texts(session, (one.recipient or "" for one in events))
    kept = [_of_nobody(one) if place in erased else one for place, one in enumerate(events)]
    receipts = [NewReceipt(one.event_id[:200], one.kind.value, one.send_id, _document(one)) for one in kept]
    if await keep_receipts(session, provider, receipts):
        await enqueue(session, Job.PROCESS_WEBHOOKS, dedupe_key="all")
    return events


def _proved(
    provider: str, configs: set[bytes | None], body: bytes, headers: Mapping[str, str], url: str
) -> list[WebhookEvent]:
    """Read with whichever configuration of the provider proves it: one may stand for several channels. Where one has no
    key, it might have been that one's, and may come again once the key is there."""
    refusal: AppError = Unauthenticated("This callback cannot be proved.")
    for config in sorted(configs, key=lambda one: one or b""):
        try:
            return _open(provider, config).parse_webhook(body, headers, url)
        except (Unauthenticated, Unavailable) as error:
            if not isinstance(refusal, Unavailable):
                refusal = error
    raise refusal


def _of_nobody(event: WebhookEvent) -> WebhookEvent:
    """An event of somebody who was erased: what became of a message counts, and nothing that tells of whom."""
    return replace(event, recipient=None, text=None, url=None, user_agent=None, ip=None, detail=None, raw={})


def _document(event: WebhookEvent) -> str:
    """As kept: our words and the provider's own, which `providers.kit.callbacks.clean` has made fit for PostgreSQL."""
    words = {name: value for name, value in asdict(event).items() if name != "raw" and value is not None}
    return json.dumps({"event": words, "raw": dict(event.raw)}, default=str, allow_nan=False)


def _event(kind: str, event_id: str, kept: Mapping[str, Any]) -> WebhookEvent:
    names = {field.name for field in fields(WebhookEvent)} - {"kind", "event_id", "at", "send_id", "raw"}
    words = {name: value for name, value in kept.items() if name in names}
    send_id = UUID(kept["send_id"]) if kept.get("send_id") else None
    words |= {"answers": tuple(kept.get("answers") or ())}
    return WebhookEvent(EventKind(kind), event_id, datetime.fromisoformat(kept["at"]), send_id, **words)


_BY_MESSAGE = """
SELECT id, provider, provider_message_id, lower(recipient) AS recipient FROM sends
WHERE provider_message_id = ANY(:messages)
"""


async def process_receipts(session: AsyncSession, actor: Actor, *, limit: int = BATCH) -> Processed:
    """Work through up to `limit` kept events that are due, oldest first; in this transaction.

    Raises:
        Forbidden: the actor may only read.
    """
    require(actor, Permission.SENDS_WRITE)
    receipts = [
        _Receipt(row.provider, _event(row.kind, row.event_id, row.event), row.may_wait)
        for row in await take_receipts(session, limit)
    ]
    if not receipts:
        return Processed(0, 0)
    receipts = await _identified(session, receipts)
    texts = [one for one in receipts if one.event.kind is EventKind.INBOUND]
    await hear_texts(session, [one.told for one in texts])
    await take_mail_answers(session, [one.told for one in receipts if one.event.kind is EventKind.INBOUND_MAIL])
    by_send: dict[UUID, list[Told]] = defaultdict(list)
    nameless: list[_Receipt] = []
    for one in receipts:
        if one.event.kind in LOGGED:
            if one.event.send_id is None:
                nameless.append(one)
            else:
                by_send[one.event.send_id].append(one.told)
    strangers = await apply_events(session, actor, by_send)
    # also what waits: a complaint binds at once
    await heed_strangers(session, [*strangers, *(one.told for one in nameless)])
    later = {one.key for one in nameless if one.may_wait and one.event.message_id}
    unknown = {(provider, event.event_id) for provider, event in strangers} | {one.key for one in nameless} - later
    await put_off_receipts(session, later)
    done = [one.key for one in receipts if one.key not in later]
    await close_receipts(session, {key: NO_SUCH_MESSAGE if key in unknown else None for key in done})
    others = sum(one.event.kind not in LOGGED and one.event.kind not in WRITTEN for one in receipts)
    return Processed(len(receipts), len(unknown) + others, len(later))


async def hear_texts(session: AsyncSession, texts: Sequence[Told]) -> None:
    """Do what people wrote by text: a YES to a sign-up of their own, STOP, START; the rest is for a person to read. A
    corridor."""
    events = [event for _, event in texts]
    answers = await take_yeses(session, events)
    await answer_texts(session, events)
    await cancel_sign_ups(session, Channel.SMS, stopped_numbers(events))
    await keep_texts(session, [one for one in texts if not_understood(one[1]) and one[1].event_id not in answers])


async def set_aside(session: AsyncSession, actor: Actor, error: str) -> None:
    """Let the others pass the one event that is due first and cannot be worked through; it is tried again later, and
    given up in the end.

    Raises:
        Forbidden: the actor may only read.
    """
    require(actor, Permission.SENDS_WRITE)
    await set_first_aside(session, error)


async def _identified(session: AsyncSession, receipts: Sequence[_Receipt]) -> list[_Receipt]:
    """With our send ids, by the provider's own name of the message (and the recipient, where a batch shares it)."""
    unnamed = {
        one.event.message_id for one in receipts if one.event.send_id is None and one.event.message_id is not None
    }
    if not unnamed:
        return list(receipts)
    # Mailgun answers `<id>` and tells of `id`
    spellings = [spelling for name in unnamed for spelling in (_bare(name), f"<{_bare(name)}>")]
    found = await session.execute(text(_BY_MESSAGE), {"messages": spellings})
    known: dict[tuple[str, str], list[Any]] = defaultdict(list)
    for row in found:
        known[row.provider, _bare(row.provider_message_id)].append(row)

    def named(one: _Receipt) -> _Receipt:
        event = one.event
        if event.send_id is not None or event.message_id is None:
            return one
        rows = known.get((one.provider, _bare(event.message_id)), [])
        own = [row for row in rows if row.recipient == (event.recipient or "").lower()] or (
            rows if len(rows) == 1 else []
        )
        return replace(one, event=replace(event, send_id=own[0].id)) if own else one

    return [named(one) for one in receipts]


def _bare(message_id: str) -> str:
    return message_id.strip().removeprefix("<").removesuffix(">")
