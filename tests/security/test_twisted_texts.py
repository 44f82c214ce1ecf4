"""Texts that look like another wish, numbers written another way, and people who write a thousand times."""

from __future__ import annotations

from typing import Any

import pytest
from sqlalchemy import text

from liquor_app.core.clock import now
from liquor_app.core.db import transaction
from liquor_app.core.ids import uuid7
from liquor_app.providers.kit.base import EventKind, WebhookEvent
from liquor_app.sending.events.inbox import hear_texts
from liquor_app.sending.events.replies import MOST_UNREAD
from liquor_app.sending.events.sms_keywords import Wish, is_yes, not_understood, wish_of
from tests.people import add_customer

NUMBER = "+12072000042"


def text_of(words: str, sender: str = NUMBER, **more: Any) -> WebhookEvent:
    return WebhookEvent(EventKind.INBOUND, uuid7().hex, now(), None, recipient=sender, text=words, **more)


@pytest.mark.parametrize(
    "words",
    ["не start", "нет, yes", "yes?", "不 yes", "start?", "👎 yes", "yes 🖕", "хватит info", "no quiero 2 start",
     "ĸ yes", "y 2", "ｙｅｓ不", "ѕtop", "🛑", "yes @ 5"],
)  # fmt: skip
def test_what_is_not_all_of_it_is_read_by_a_person(words: str) -> None:
    assert not is_yes(words)
    assert wish_of(words) in (None, Wish.STOP)
    assert wish_of(words) is Wish.STOP or not_understood(text_of(words))


@pytest.mark.parametrize("words", ["Yes", "YES!", " yes. ", "Yes 👍🏽", "sí", "“yes”", "ＹＥＳ", "Y", "Yes, please"])
def test_a_yes_is_a_yes(words: str) -> None:
    assert is_yes(words)


def test_a_providers_reading_nobody_knows_goes_before_nothing() -> None:
    assert wish_of("STOP", "blocked") is Wish.STOP
    assert wish_of("hello", "stop") is Wish.STOP


async def rows(sql: str) -> Any:
    async with transaction() as session:
        return (await session.execute(text(sql))).all()


@pytest.mark.integration
async def test_a_stop_binds_however_its_number_is_written_and_whatever_came_with_it(database: str) -> None:
    async with transaction() as session:
        await add_customer(session, phone=NUMBER)
        await add_customer(session, phone="+12072000043")
    at = now()
    both = [WebhookEvent(EventKind.INBOUND, uuid7().hex, at, None, recipient="+12072000043", text=words)
            for words in ("stop", "start")]  # fmt: skip
    async with transaction() as session:
        await hear_texts(session, [("twilio", one) for one in (text_of("stop", f"rcs:{NUMBER}"), *both)])
    said = await rows("SELECT sms_consent FROM customers")
    assert [row.sms_consent for row in said] == ["withdrawn", "withdrawn"]
    assert len(await rows("SELECT 1 FROM suppressions WHERE lifted_at IS NULL AND channel = 'sms'")) == 2


@pytest.mark.integration
async def test_who_writes_a_thousand_times_fills_nobodys_page(database: str) -> None:
    for _ in range(3):
        async with transaction() as session:
            await hear_texts(session, [("twilio", text_of("who is this")) for _ in range(60)])
    assert len(await rows("SELECT 1 FROM replies")) == MOST_UNREAD
    assert len(await rows("SELECT 1 FROM notifications WHERE title = 'Replies to read'")) == 1
    async with transaction() as session:
        await hear_texts(session, [("twilio", text_of("hello", "+12072000044"))])
    assert len(await rows("SELECT 1 FROM replies")) == MOST_UNREAD + 1
