"""A message's fate: the same events in any order, once or twice, end alike."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from itertools import pairwise, permutations
from random import Random
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from liquor_app.ledger.models import SEND, SendStatus
from liquor_app.ledger.send_status import Fate
from liquor_app.providers.kit.base import EventKind, WebhookEvent
from liquor_app.sending.events.delivery_status import (
    RANK,
    TOUCHES,
    Touch,
    followed_all,
    machines,
    retold,
    touch_of,
)
from liquor_app.sending.events.sms_keywords import Wish, wish_of
from tests.examples import examples

SENT = datetime(2026, 11, 25, 18, tzinfo=UTC)
PHONE = "Mozilla/5.0 (iPhone; CPU iPhone OS 26_0 like Mac OS X) AppleWebKit/605.1.15"
GMAIL = "Mozilla/5.0 (Windows NT 5.1; rv:11.0) Gecko Firefox/11.0 (via ggpht.com GoogleImageProxy)"

kinds = st.sampled_from([kind for kind in EventKind if kind is not EventKind.INBOUND])
events = st.builds(
    lambda kind, seconds, agent, number: WebhookEvent(
        kind,
        f"e{number}",
        SENT + timedelta(seconds=seconds),
        user_agent=agent,
        code="5.1.1",
        url=f"https://x/{number % 3}",
    ),
    kinds,
    st.one_of(st.integers(-5, 30), st.integers(-5, 100_000)),
    st.sampled_from([None, PHONE, "GoogleImageProxy", "Barracuda Sentinel"]),
    st.integers(0, 20),
)


def after(status: SendStatus, *portions: list[WebhookEvent], sent_at: datetime | None = SENT) -> Fate:
    """Told in portions, as receipts are worked through."""
    fate, before = Fate(status, sent_at=sent_at), dict[str, Touch]()
    for told_of in portions:
        fate, _ = retold(fate, SENT, list(before.values()), told_of)
        before |= {event.event_id: touch_of(event) for event in told_of if event.kind in TOUCHES}
    return fate


@settings(max_examples=examples(300))
@given(
    st.sampled_from(sorted(RANK)),
    st.sampled_from([None, SENT]),
    st.lists(events, max_size=6, unique_by=lambda event: event.event_id),
    st.lists(st.integers(0, 12), max_size=4),
    st.randoms(),
)
def test_order_portions_and_repetition_make_no_difference(
    status: SendStatus,
    sent_at: datetime | None,
    told_of: list[WebhookEvent],
    cuts: list[int],
    random: Random,
) -> None:
    """The flag that says whose an open or a click was is derived as the code derives it, from what was told so far."""
    wanted = after(status, told_of, sent_at=sent_at)
    shuffled = told_of * 2
    random.shuffle(shuffled)
    marks = [0, *sorted(cuts), len(shuffled)]
    portions = [shuffled[start:end] for start, end in pairwise(marks)]
    assert after(status, *portions, sent_at=sent_at) == wanted


@settings(max_examples=examples(100))
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
    assert retold(Fate(status), SENT, [], [event]) == (Fate(status), frozenset())


@pytest.mark.parametrize(
    ("kind", "agent", "seconds", "machine"),
    [
        (EventKind.CLICKED, PHONE, 60, False),
        (EventKind.CLICKED, PHONE, 4, True),
        (EventKind.CLICKED, None, 60, False),
        (EventKind.CLICKED, "", 60, True),
        (EventKind.CLICKED, "Slackbot-LinkExpanding 1.0", 60, True),
        # Gmail and Yahoo fetch the picture when the message is opened; nobody opens one within seconds
        (EventKind.OPENED, GMAIL, 60, False),
        (EventKind.OPENED, GMAIL, 3, True),
        (EventKind.OPENED, "YahooMailProxy; https://help.yahoo.com/kb/", 60, False),
        (EventKind.CLICKED, GMAIL, 60, True),
        # pictures loaded ahead, opened or not: Apple's Mail Privacy Protection, and Gmail while it is open
        (EventKind.OPENED, "Mozilla/5.0 (Windows NT 10.0) Chrome/42.0.2311.135 Edge/12.246 Mozilla/5.0", 60, True),
        (EventKind.OPENED, "Mozilla/5.0", 60, True),
        (EventKind.OPENED, PHONE, 60, False),
        (EventKind.DELIVERED, "", 0, False),
    ],
)  # fmt: skip
def test_scanners_and_proxies_are_no_people(kind: EventKind, agent: str | None, seconds: int, machine: bool) -> None:
    event = WebhookEvent(kind, "e", SENT + timedelta(seconds=seconds), user_agent=agent)
    assert ("e" in machines([touch_of(event)], SENT)) is machine


def test_seconds_are_counted_from_a_late_delivery_where_it_tells_anything() -> None:
    delivered = WebhookEvent(EventKind.DELIVERED, "d", SENT + timedelta(hours=2))
    # before the mailbox had it, as gateways look into a message they have not passed on yet
    early = WebhookEvent(EventKind.CLICKED, "c", SENT + timedelta(hours=1), user_agent=PHONE)
    soon = WebhookEvent(EventKind.OPENED, "o", SENT + timedelta(hours=2, seconds=4), user_agent=PHONE)
    later = WebhookEvent(EventKind.CLICKED, "l", SENT + timedelta(hours=2, seconds=40), user_agent=PHONE)
    for order in permutations([delivered, early, soon, later]):
        fate = after(SendStatus.SENT, *([one] for one in order))
        assert (fate.opened_at, fate.clicked_at) == (None, later.at)
    # a carrier's receipt of a text comes when it comes
    fate, _ = retold(Fate(SendStatus.SENT), SENT, [], [delivered, early], by_delivery=False)
    assert fate.clicked_at == early.at


def test_a_time_from_imported_history_stands() -> None:
    opened = SENT + timedelta(minutes=1)
    event = WebhookEvent(EventKind.OPENED, "o", SENT + timedelta(hours=1), user_agent=PHONE)
    fate, _ = retold(Fate(SendStatus.DELIVERED, opened_at=opened), SENT, [], [event])
    assert fate.opened_at == opened


def test_all_links_at_once_is_a_scanner() -> None:
    def click(name: str, seconds: float, url: str) -> Touch:
        return Touch(name, EventKind.CLICKED, SENT + timedelta(seconds=seconds), url=url)

    swept = [click("a", 60, "https://x/1"), click("b", 61, "https://x/2"), click("c", 61.5, "https://x/3")]
    person = [click("d", 900, "https://x/1"), click("e", 901, "https://x/1"), click("f", 960, "https://x/2")]
    assert followed_all([*swept, *person]) == {"a", "b", "c"}


CASE_27_STOP = (
    "remove me", "take me off", "no more texts", "don't text me", "opt me out", "PARAR", "ALTO", "Don’t text me again!",
    "Please remove my number from your list", "STOP STOP", "i want to stop these messages", "wrong number",
    "no más mensajes por favor", "Dame de baja", "no me envíen más", "dejen de mandarme esto", "unsuscribe me pls",
    "leave me alone", "no texts please", "stop and remove",
)  # fmt: skip
CASE_27_NOT = (
    "is the bus stop nearby", "Don't stop", "non-stop party", "never stop sending these", "can I cancel my order",
    "stop by tomorrow?", "what time do you end", "no problem", "no more cider?", "I will take it",
    "how do I get off Main",
)  # fmt: skip


@pytest.mark.parametrize(
    ("words", "wish"),
    [
        *((word, Wish.STOP) for word in ("STOP", "stop.", " Stop! ", "QUIT", "end", "Revoke", "opt out", "OPT-OUT",
                                         "cancel", "unsubscribe", "stopall", "please stop", "Stop texting me!!")),
        *((word, Wish.START) for word in ("START", "Unstop")),
        ("help?", Wish.HELP),
        ("AYUDA", Wish.HELP),
        *((word, None) for word in (None, "", "yes", "YES!", "thanks", "ends")),
        ("when do you stop selling cider on Sundays this year", None),
        *((word, Wish.STOP) for word in CASE_27_STOP),
        *((word, None) for word in CASE_27_NOT),
    ],
)  # fmt: skip
def test_words_people_text(words: str | None, wish: Wish | None) -> None:
    assert wish_of(words) is wish


def test_case_27_what_the_provider_took_it_for_counts() -> None:
    """Twilio's OptOutType, whatever the words but a no; where it is none of the three, the words."""
    assert [wish_of(words, told) for words, told in (
        ("whatever", "STOP"), ("hola", "START"), ("", "help"), ("STOP", "nonsense"),
    )] == [Wish.STOP, Wish.START, Wish.HELP, Wish.STOP]  # fmt: skip


def test_case_33_who_follows_all_links_has_not_opened_it() -> None:
    """Delivered t+5, opened t+14, nine links within a second at t+48, all by one program: nobody read it. The same
    browser a day later is a person's."""

    def event(kind: EventKind, name: str, seconds: float, **more: Any) -> WebhookEvent:
        return WebhookEvent(kind, name, SENT + timedelta(seconds=seconds), user_agent=PHONE, **more)

    delivered = WebhookEvent(EventKind.DELIVERED, "d", SENT + timedelta(seconds=5))
    opened = event(EventKind.OPENED, "o", 14)
    swept = [event(EventKind.CLICKED, f"c{n}", 48 + n / 10, url=f"https://x/{n}") for n in range(9)]
    for order in ([delivered, opened, *swept], [*swept, opened, delivered]):
        fate = after(SendStatus.SENT, *([one] for one in order))
        assert (fate.opened_at, fate.clicked_at) == (None, None)
    later = event(EventKind.OPENED, "p", 86_400)
    fate = after(SendStatus.SENT, [delivered, opened, *swept, later])
    assert fate.opened_at == later.at
    other = WebhookEvent(EventKind.OPENED, "q", SENT + timedelta(seconds=60), user_agent=GMAIL)
    assert after(SendStatus.SENT, [delivered, opened, *swept, other]).opened_at == other.at
