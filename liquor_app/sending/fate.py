"""What becomes of a message as providers and recipients tell, in whatever order they tell it. Pure.

Every instant is the earliest told, and a status only ever gives way to one that says more, so that the same events in
any order, once or ten times, end in the same fate.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from liquor_app.providers.base import EventKind, WebhookEvent
from liquor_app.sending.models import SendStatus

RANK = {
    SendStatus.SENDING: 0,
    SendStatus.UNKNOWN: 0,
    SendStatus.SENT: 1,
    SendStatus.FAILED: 2,
    SendStatus.DELIVERED: 3,
    SendStatus.BOUNCED: 4,
    SendStatus.COMPLAINED: 5,
}
"""What says more wins. A message that never left (pending, claimed, skipped, cancelled) has no fate."""

BECOMES = {
    EventKind.DELIVERED: SendStatus.DELIVERED,
    # who opens or clicks has got it
    EventKind.OPENED: SendStatus.DELIVERED,
    EventKind.CLICKED: SendStatus.DELIVERED,
    EventKind.BOUNCED: SendStatus.BOUNCED,
    EventKind.COMPLAINED: SendStatus.COMPLAINED,
    EventKind.FAILED: SendStatus.FAILED,
}

CLICK_SECONDS, OPEN_SECONDS = 10, 5
"""Nobody has a message in hand so soon after it was handed over."""

TOGETHER = timedelta(seconds=2)
"""Different links of one message clicked within this time were clicked by a scanner that follows them all."""

_MACHINES = re.compile(
    r"bot\b|crawl|spider|slurp|preview|scan|monitor|curl|wget|python|java/|go-http|okhttp|headless|phantom|fetch"
    r"|googleimageproxy|ggpht|yahoomailproxy|barracuda|proofpoint|mimecast|symantec|fireeye|trendmicro|safelinks"
    r"|microsoft office|outlook-ios-android/1|^mozilla/5\.0$|^$",
    re.IGNORECASE,
)
"""Scanners, link previews and image proxies by their user agent; one that says nothing at all is none of a person's."""


@dataclass(frozen=True, slots=True)
class Fate:
    """A message as the ledger has it."""

    status: SendStatus
    sent_at: datetime | None = None
    delivered_at: datetime | None = None
    opened_at: datetime | None = None
    clicked_at: datetime | None = None
    bounced_at: datetime | None = None
    complained_at: datetime | None = None
    unsubscribed_at: datetime | None = None
    error_code: str | None = None
    error_message: str | None = None


def is_machine(event: WebhookEvent, sent_at: datetime | None) -> bool:
    """Whether an open or a click was no person's.

    Held against the time of sending, which is known before any event, so that the order of events makes no difference.
    """
    if event.kind not in (EventKind.OPENED, EventKind.CLICKED):
        return False
    if event.is_machine or (event.user_agent is not None and _MACHINES.search(event.user_agent)):
        return True
    soonest = timedelta(seconds=CLICK_SECONDS if event.kind is EventKind.CLICKED else OPEN_SECONDS)
    return sent_at is not None and event.at - sent_at < soonest


def followed_all(clicks: Iterable[WebhookEvent]) -> set[str]:
    """Ids of the clicks of one message that came together with a click on another of its links."""
    ordered = sorted(clicks, key=lambda click: click.at)
    found: set[str] = set()
    for at, one in enumerate(ordered):
        for other in ordered[at + 1 :]:
            if other.at - one.at > TOGETHER:
                break
            if one.url != other.url:
                found |= {one.event_id, other.event_id}
    return found


def told(fate: Fate, event: WebhookEvent, *, machine: bool = False) -> Fate:
    """The fate after one more event."""
    if fate.status not in RANK:
        return fate
    becomes = BECOMES.get(event.kind)
    if becomes is not None and RANK[becomes] > RANK[fate.status]:
        fate = replace(fate, status=becomes)
    at = event.at
    match event.kind:
        case EventKind.DELIVERED:
            return replace(fate, delivered_at=_earlier(fate.delivered_at, at), sent_at=fate.sent_at or at)
        case EventKind.OPENED | EventKind.CLICKED:
            fate = replace(fate, delivered_at=_earlier(fate.delivered_at, at), sent_at=fate.sent_at or at)
            if machine:
                return fate
            if event.kind is EventKind.OPENED:
                return replace(fate, opened_at=_earlier(fate.opened_at, at))
            return replace(fate, clicked_at=_earlier(fate.clicked_at, at))
        case EventKind.BOUNCED:
            return _failed(replace(fate, bounced_at=_earlier(fate.bounced_at, at)), event)
        case EventKind.COMPLAINED:
            return replace(fate, complained_at=_earlier(fate.complained_at, at))
        case EventKind.UNSUBSCRIBED:
            return replace(fate, unsubscribed_at=_earlier(fate.unsubscribed_at, at))
        case EventKind.FAILED:
            return _failed(fate, event)
        case _:
            return fate


def _failed(fate: Fate, event: WebhookEvent) -> Fate:
    """With the provider's words; of several the alphabet's first, so that their order does not matter."""
    said = min([(event.code or "", event.detail or ""), *(
        [(fate.error_code or "", fate.error_message or "")] if fate.error_code or fate.error_message else []
    )])  # fmt: skip
    return replace(fate, error_code=said[0][:60] or None, error_message=said[1][:500] or None)


def _earlier(known: datetime | None, at: datetime) -> datetime:
    return at if known is None else min(known, at)
