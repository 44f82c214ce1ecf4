"""Two who say yes at once, a no and a yes at once: nobody is left with a consent they took back, or with an error."""

from __future__ import annotations

import asyncio
import re
from collections.abc import Sequence
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import text

from liquor_app.core.clock import now, travel
from liquor_app.core.db import transaction
from liquor_app.core.ids import uuid7
from liquor_app.providers.kit.base import EventKind, WebhookEvent
from liquor_app.sending.events.inbox import hear_texts
from tests.api.client import Client
from tests.sign_ups import EMAIL, PHONE, fill_in, open_sign_up, work

pytestmark = pytest.mark.integration
NUMBER = "+12072000042"


async def rows(sql: str, **values: Any) -> Sequence[Any]:
    async with transaction() as session:
        return (await session.execute(text(sql), values)).all()


async def hears(words: str, at_least: timedelta = timedelta(0)) -> None:
    event = WebhookEvent(EventKind.INBOUND, uuid7().hex, now() + at_least, None, recipient=NUMBER, text=words)
    async with transaction() as session:
        await hear_texts(session, [("twilio", event)])


async def test_links_of_two_forms_said_yes_to_at_once(anybody: Client) -> None:
    """One customer, one consent each time it was given, and no error for either."""
    await open_sign_up()
    start = now()
    for day in (2, 1):
        with travel(start - timedelta(days=day)):
            await fill_in(anybody.http, EMAIL)
            await work()
    links = [
        "/y/" + re.findall(r"/y/([\w.~-]+)", row.body_text)[0]
        for row in await rows("SELECT body_text FROM outbox_messages")
    ]
    assert len(set(links)) == 2
    answers = await asyncio.gather(*(anybody.http.post(one) for one in links * 3))
    codes = sorted({one.status_code for one in answers})
    assert set(codes) <= {200, 422}, codes
    assert 200 in codes
    assert [row.email_consent for row in await rows("SELECT email_consent FROM customers")] == ["given"]
    assert len(await rows("SELECT 1 FROM consents")) == 1


async def test_both_channels_of_a_form_said_yes_to_at_once(anybody: Client) -> None:
    await open_sign_up()
    await fill_in(anybody.http, {**EMAIL, **PHONE})
    await work()
    found = await rows("SELECT body_text FROM outbox_messages WHERE channel = 'email'")
    link = "/y/" + re.findall(r"/y/([\w.~-]+)", found[0].body_text)[0]
    answer, _ = await asyncio.gather(anybody.http.post(link), hears("yes"))
    assert answer.status_code == 200
    said = await rows("SELECT email_consent, sms_consent FROM customers")
    assert [tuple(row) for row in said] == [("given", "given")], "one form, one person"


@pytest.mark.parametrize("first", ["yes", "stop"])
async def test_a_no_and_a_yes_at_once(anybody: Client, first: str) -> None:
    await open_sign_up()
    for _ in range(2):
        await fill_in(anybody.http, PHONE)
        await work()
    await asyncio.gather(hears(first), hears("stop" if first == "yes" else "yes"), hears("stop"))
    assert len(await rows("SELECT 1 FROM suppressions WHERE lifted_at IS NULL AND channel = 'sms'")) == 1
