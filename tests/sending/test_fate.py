"""A message's fate: the same events in any order, once or twice, end alike."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from itertools import permutations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from liquor_app.providers.base import EventKind, WebhookEvent
from liquor_app.sending.fate import RANK, Fate, followed_all, is_machine, told
from liquor_app.sending.inbound import Wish, wish_of
from liquor_app.sending.models import SEND, SendStatus

SENT = datetime(2026, 11, 25, 18, tzinfo=UTC)
PHONE = "Mozilla/5.0 (iPhone; CPU iPhone OS 26_0 like Mac OS X) AppleWebKit/605.1.15"

kinds = st.sampled_from([kind for kind in EventKind if kind is not EventKind.INBOUND])
events = st.builds(
    lambda kind, seconds, agent, number: WebhookEvent(
        kind, f"e{number}", SENT + timedelta(seconds=seconds), user_agent=agent, code="5.1.1", url=f"https://x/{number}"
    ),
    kinds,
    st.integers(-5, 100_000),
    st.sampled_from([None, PHONE, "GoogleImageProxy", "Barracuda Sentinel"]),
    st.integers(0, 3),
)


def after(status: SendStatus, told_of: list[WebhookEvent]) -> Fate:
    fate = Fate(status, sent_at=SENT)
    for event in told_of:
        fate = told(fate, event, machine=is_machine(event, SENT))
    return fate


@settings(max_examples=200, deadline=None)
@given(st.sampled_from(sorted(RANK)), st.lists(events, max_size=5), st.randoms())
def test_order_and_repetition_make_no_difference(
    status: SendStatus, told_of: list[WebhookEvent], random: object
) -> None:
    wanted = after(status, told_of)
    shuffled = told_of * 2
    random.shuffle(shuffled)  # type: ignore[attr-defined]
    assert after(status, shuffled) == wanted


@settings(max_examples=100, deadline=None)
@given(st.sampled_from(sorted(RANK)), events)
def test_every_step_is_one_the_ledger_allows(status: SendStatus, event: WebhookEvent) -> None:
    became = after(status, [event]).status
    assert became == status or SEND.allows(status, became)


def test_a_click_may_come_before_its_delivery() -> None:
    clicked = WebhookEvent(EventKind.CLICKED, "c", SENT + timedelta(minutes=5), user_agent=PHONE, url="https://x")
    delivered = WebhookEvent(EventKind.DELIVERED, "d", SENT + timedelta(seconds=3))
    bounced = WebhookEvent(EventKind.BOUNCED, "b", SENT + timedelta(days=1), is_permanent=True)
    complained = WebhookEvent(EventKind.COMPLAINED, "s", SENT + timedelta(days=2))
    fates = {after(SendStatus.SENT, list(order)) for order in permutations([clicked, delivered, bounced, complained])}
    (fate,) = fates
    assert fate.status is SendStatus.COMPLAINED
    assert fate.delivered_at == delivered.at
    assert fate.clicked_at == clicked.at


@pytest.mark.parametrize("status", [status for status in SendStatus if status not in RANK])
def test_what_never_left_has_no_fate(status: SendStatus) -> None:
    event = WebhookEvent(EventKind.DELIVERED, "d", SENT)
    assert told(Fate(status), event) == Fate(status)


@pytest.mark.parametrize(
    ("kind", "agent", "seconds", "machine"),
    [
        (EventKind.CLICKED, PHONE, 60, False),
        (EventKind.CLICKED, PHONE, 4, True),
        (EventKind.CLICKED, None, 60, False),
        (EventKind.CLICKED, "", 60, True),
        (EventKind.CLICKED, "Slackbot-LinkExpanding 1.0", 60, True),
        (EventKind.OPENED, "Mozilla/5.0 (Windows NT 5.1) Firefox/11.0 (via ggpht.com GoogleImageProxy)", 60, True),
        (EventKind.OPENED, "Mozilla/5.0", 60, True),
        (EventKind.OPENED, PHONE, 60, False),
        (EventKind.DELIVERED, "", 0, False),
    ],
)  # fmt: skip
def test_scanners_and_proxies_are_no_people(kind: EventKind, agent: str | None, seconds: int, machine: bool) -> None:
    event = WebhookEvent(kind, "e", SENT + timedelta(seconds=seconds), user_agent=agent)
    assert is_machine(event, SENT) is machine


def test_all_links_at_once_is_a_scanner() -> None:
    def click(name: str, seconds: float, url: str) -> WebhookEvent:
        return WebhookEvent(EventKind.CLICKED, name, SENT + timedelta(seconds=seconds), url=url)

    swept = [click("a", 60, "https://x/1"), click("b", 61, "https://x/2"), click("c", 61.5, "https://x/3")]
    person = [click("d", 900, "https://x/1"), click("e", 901, "https://x/1"), click("f", 960, "https://x/2")]
    assert followed_all([*swept, *person]) == {"a", "b", "c"}


@pytest.mark.parametrize(
    ("words", "wish"),
    [
        *((word, Wish.STOP) for word in ("STOP", "stop.", " Stop! ", "QUIT", "end", "Revoke", "opt out", "OPT-OUT",
                                         "cancel", "unsubscribe", "stopall", "please stop", "Stop texting me!!")),
        *((word, Wish.START) for word in ("START", "Unstop", "yes")),
        ("help?", Wish.HELP),
        *((word, None) for word in (None, "", "when do you stop selling cider on Sundays this year", "thanks", "ends")),
    ],
)  # fmt: skip
def test_words_people_text(words: str | None, wish: Wish | None) -> None:
    assert wish_of(words) is wish
