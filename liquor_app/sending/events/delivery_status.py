"""What becomes of a message as providers and recipients tell, in whatever order they tell it. Pure.

Every instant is the earliest told, a status only ever gives way to one that says more, and whether a person opened or
clicked is asked anew of all that was told so far: the same events in any order, in any portions, once or ten times, end
in the same fate.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from liquor_app.ledger.models import SendStatus
from liquor_app.ledger.send_status import Fate
from liquor_app.providers.kit.base import EventKind, WebhookEvent

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
"""Nobody has a message in hand so soon after it was delivered."""

TOGETHER = timedelta(seconds=2)
"""Different links of one message clicked within this time were clicked by a scanner that follows them all."""

SCAN_LASTS = timedelta(minutes=10)
"""Between a scanner's look at the pictures and its sweep over the links."""

TOUCHES = frozenset({EventKind.DELIVERED, EventKind.OPENED, EventKind.CLICKED})
"""What it takes to tell people from machines."""

_MACHINES = re.compile(
    r"bot\b|crawl|spider|slurp|preview|scan|monitor|curl|wget|python|java/|go-http|okhttp|headless|phantom|fetch"
    r"|barracuda|proofpoint|mimecast|symantec|fireeye|trendmicro|safelinks|facebookexternalhit|whatsapp"
    r"|microsoft office|outlook-ios-android/1|^mozilla/5\.0$|edge/12\.246 mozilla/5\.0$|^$",
    re.IGNORECASE,
)
"""Scanners, link previews and prefetching by their user agent; one that says nothing at all is none of a person's.

A bare `Mozilla/5.0` is Apple's Mail Privacy Protection, which loads every picture whether the message is read or not.
`Edge/12.246 Mozilla/5.0` is Gmail loading pictures before it shows a message it has just received.
https://www.sparkpost.com/blog/gmail-prefetching-images/
"""

_PROXIES = re.compile(r"googleimageproxy|ggpht|yahoomailproxy", re.IGNORECASE)
"""Fetch a picture when a person opens the message, on the person's behalf. They never follow links."""


@dataclass(frozen=True, slots=True)
class Touch:
    """A delivery, an open or a click. `is_machine`: whoever told it said so."""

    id: str
    kind: EventKind
    at: datetime
    url: str | None = None
    user_agent: str | None = None
    is_machine: bool = False


def touch_of(event: WebhookEvent) -> Touch:
    """Tell what matters of an event of the `TOUCHES`."""
    return Touch(event.event_id, event.kind, event.at, event.url, event.user_agent, event.is_machine)


def machines(touches: Sequence[Touch], handed_at: datetime) -> frozenset[str]:
    """Return ids of the opens and clicks that were no person's.

    Args:
        touches: all that is known of one message. Leave deliveries out where their instants cannot be trusted.
        handed_at: when the message left us. Its delivery, if known, is later, and says more.
    """
    delivered = min((touch.at for touch in touches if touch.kind is EventKind.DELIVERED), default=handed_at)
    in_hand = max(handed_at, delivered)
    alone = {touch.id for touch in touches if _is_machine(touch, in_hand)}
    swept = followed_all(touch for touch in touches if touch.kind is EventKind.CLICKED)
    return frozenset(alone | swept | _opened_by_who_followed(touches, swept))


def _opened_by_who_followed(touches: Sequence[Touch], swept: set[str]) -> set[str]:
    """Return ids of opens by the very program that followed all links, in the minutes around it: a scanner loads the
    pictures first. The same agent on another day is a person with a common browser."""
    sweeps = [(touch.user_agent, touch.at) for touch in touches if touch.id in swept and touch.user_agent]
    return {
        touch.id
        for touch in touches
        if touch.kind is EventKind.OPENED
        and any(agent == touch.user_agent and abs(touch.at - at) <= SCAN_LASTS for agent, at in sweeps)
    }


def _is_machine(touch: Touch, in_hand: datetime) -> bool:
    if touch.kind not in (EventKind.OPENED, EventKind.CLICKED):
        return False
    is_click, agent = touch.kind is EventKind.CLICKED, touch.user_agent
    if touch.is_machine or (agent is not None and _MACHINES.search(agent)):
        return True
    if is_click and agent is not None and _PROXIES.search(agent):
        return True
    return touch.at < in_hand + timedelta(seconds=CLICK_SECONDS if is_click else OPEN_SECONDS)


def followed_all(clicks: Iterable[Touch]) -> set[str]:
    """Return ids of the clicks of one message that came together with a click on another of its links."""
    ordered = sorted(clicks, key=lambda click: click.at)
    found: set[str] = set()
    for at, one in enumerate(ordered):
        for other in ordered[at + 1 :]:
            if other.at - one.at > TOGETHER:
                break
            if one.url != other.url:
                found |= {one.id, other.id}
    return found


def retold(
    fate: Fate, handed_at: datetime, before: Sequence[Touch], news: Sequence[WebhookEvent], *, by_delivery: bool = True
) -> tuple[Fate, frozenset[str]]:
    """Return the fate after more events, and the ids of all opens and clicks, old and new, that were no person's.

    Args:
        before: the touches told earlier.
        by_delivery: whether a delivery's instant says when the message was in hand. A carrier's receipt of a text
            says nothing of the kind: it may come long after the text.
    """
    if fate.status not in RANK:
        return fate, frozenset()
    for event in news:
        fate = _told(fate, event, handed_at)
    touches = [*before, *(touch_of(event) for event in news if event.kind in TOUCHES)]
    measured = [touch for touch in touches if by_delivery or touch.kind is not EventKind.DELIVERED]
    found = machines(measured, handed_at)
    return (
        replace(
            fate,
            opened_at=_first(fate.opened_at, EventKind.OPENED, touches, found),
            clicked_at=_first(fate.clicked_at, EventKind.CLICKED, touches, found),
        ),
        found,
    )


def _first(known: datetime | None, kind: EventKind, touches: Sequence[Touch], found: frozenset[str]) -> datetime | None:
    """Return the first of a person's. A known instant that no touch accounts for (it came with imported history)
    stands."""
    own = [touch for touch in touches if touch.kind is kind]
    people = [touch.at for touch in own if touch.id not in found]
    if known is not None and all(touch.at != known for touch in own):
        people.append(known)
    return min(people, default=None)


def _told(fate: Fate, event: WebhookEvent, handed_at: datetime) -> Fate:
    """Return the fate after one more event, but for whether a person opened or clicked."""
    becomes = BECOMES.get(event.kind)
    if becomes is not None:
        if RANK[becomes] > RANK[fate.status]:
            fate = replace(fate, status=becomes)
        if becomes is not SendStatus.FAILED:
            # told before we wrote down that it was accepted: it left when it passed the fence
            fate = replace(fate, sent_at=fate.sent_at or handed_at)
    at = event.at
    match event.kind:
        case EventKind.DELIVERED | EventKind.OPENED | EventKind.CLICKED:
            return replace(fate, delivered_at=_earlier(fate.delivered_at, at))
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
