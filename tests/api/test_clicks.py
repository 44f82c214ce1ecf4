"""Links over HTTP: whoever clicks is led on, from a mail or a text, whatever becomes of our notes."""

from __future__ import annotations

import re
from datetime import timedelta
from typing import Any

import httpx
import pytest
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

from liquor_app.accounts.permissions import SYSTEM
from liquor_app.core.clock import now
from liquor_app.core.config import get_settings
from liquor_app.core.db import transaction
from liquor_app.core.errors import Conflict
from liquor_app.core.ids import uuid7
from liquor_app.rest import tracking
from liquor_app.sending.pipeline.dispatch import Dispatcher
from liquor_app.sending.pipeline.launch import launch_campaign
from liquor_app.sending.tracking import clicks
from liquor_app.sending.tracking.links import Tracker, link_of
from liquor_app.sending.tracking.short_links import shorten
from liquor_app.templates.preview import preview_draft
from liquor_app.templates.rendering.sms_length import CODE_LENGTH, MAX_CHARACTERS, SHORT_PATH
from tests.api.client import Client
from tests.api.test_webhooks import PHONE, ledger, rows, sent, shop
from tests.factories import add_people, add_played_campaign, open_shop, sms_source

pytestmark = pytest.mark.integration

SHOP = "https://shop.example.com/whisky?sig=a%20b"


async def path_of(send_id: Any) -> str:
    made = Tracker(send_id, clicks=True, opens=True).click(link_of("link-1", SHOP) or "")
    return made.removeprefix(get_settings().base_url)


async def get(http: httpx.AsyncClient, path: str) -> httpx.Response:
    return await http.get(path, headers={"User-Agent": PHONE})


async def test_a_click_always_leads_on(
    anybody: Client, http: httpx.AsyncClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    await shop()
    send_id, *_ = await sent()
    path = await path_of(send_id)
    good = await get(http, path)
    assert (good.status_code, good.headers["location"].partition("&")[0]) == (302, SHOP)
    assert "utm_content=link-1" in good.headers["location"]
    assert (await ledger(send_id))["clicked_at"] is not None

    for trouble in (Conflict("The same work ended at this very moment."), RuntimeError("anything else")):

        async def broken(*_: Any, error: Exception = trouble, **__: Any) -> None:
            raise error

        monkeypatch.setattr(clicks, "enqueue", broken)
        answer = await get(http, path)
        assert (answer.status_code, answer.headers["location"]) == (302, SHOP)
    assert (await get(http, await path_of(uuid7()))).headers["location"] == SHOP, "a message long gone"
    assert (await get(http, path[:-1])).status_code == 422


async def test_more_visits_than_a_person_makes_lead_on_and_fill_no_log(
    anybody: Client, http: httpx.AsyncClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(tracking, "VISITS_PER_MINUTE", 3)
    await shop()
    send_id, *_ = await sent()
    path = await path_of(send_id)
    assert [(await get(http, path)).status_code for _ in range(8)] == [302] * 8
    assert len(await rows("SELECT 1 FROM analytics_events")) <= 6, "a minute may end in between"


async def texted(words: str, **person: Any) -> str:
    """The text one customer got, out of the sandbox."""
    async with transaction() as session:
        await open_shop(session)
        await session.execute(text("UPDATE brands SET sms_sender = '+18005551212'"))
        await session.execute(
            text(
                "UPDATE template_versions SET body_text_template = :words WHERE id IN (SELECT current_version_id"
                " FROM message_templates WHERE channel = 'sms')"
            ),
            {"words": words},
        )
        people = await add_people(session, 1, **person)
        campaign = await add_played_campaign(session, people, channel="sms")
        await launch_campaign(session, SYSTEM, campaign)
    await Dispatcher().pump_once()
    ((body,),) = await rows("SELECT body_text FROM outbox_messages")
    return str(body)


async def test_links_in_texts_are_short_and_lead_on(anybody: Client, http: httpx.AsyncClient) -> None:
    body = await texted(f"Harbor: 10% off at {SHOP}. More: https://shop.example.com/all")
    base = get_settings().base_url
    codes = re.findall(rf"{re.escape(base + SHORT_PATH)}/(\w+)", body)
    assert [len(code) for code in codes] == [CODE_LENGTH] * 2
    assert f"/{codes[0]}. More:" in body
    assert "shop.example.com" not in body
    async with transaction() as session:
        await session.execute(
            text("UPDATE sends SET batch_id = :batch"), {"batch": uuid7(now() - timedelta(minutes=5))}
        )
    answer = await get(http, f"{SHORT_PATH}/{codes[1]}")
    assert answer.status_code == 302
    assert answer.headers["location"].startswith("https://shop.example.com/all?utm_source=")
    assert "utm_medium=sms&" in answer.headers["location"]
    assert answer.headers["location"].endswith("utm_content=link-2")
    assert [row.clicked for row in await rows("SELECT clicked_at IS NOT NULL AS clicked FROM sends")] == [True]


@pytest.mark.parametrize("who", ["brand", "customer"])
async def test_texts_of_who_is_not_tracked_keep_their_links(anybody: Client, who: str) -> None:
    async with transaction() as session:
        await open_shop(session)
        if who == "brand":
            await session.execute(text("UPDATE brands SET track_clicks = false"))
    body = await texted(f"Harbor: 10% off at {SHOP}", no_tracking=who == "customer")
    assert SHOP in body
    assert await rows("SELECT 1 FROM short_links") == []


async def test_wrong_codes_tell_nothing_and_are_limited(
    anybody: Client, http: httpx.AsyncClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(tracking, "WRONG_PER_MINUTE", 2)
    wrong = ("x" * CODE_LENGTH, "a" * CODE_LENGTH, "%00", "b")
    answers = [await get(http, f"{SHORT_PATH}/{code}") for code in wrong]
    assert {answer.status_code for answer in answers} <= {404, 422, 429}
    assert answers[0].status_code == 404
    assert 429 in {(await get(http, f"{SHORT_PATH}/{'z' * CODE_LENGTH}")).status_code for _ in range(6)}


def test_the_same_text_again_has_the_same_codes_and_a_too_long_one_keeps_its_links() -> None:
    send_id, campaign = uuid7(), uuid7()
    first, links = shorten(f"a {SHOP} b", send_id, campaign)
    assert shorten(f"a {SHOP} b", send_id, campaign) == (first, links)
    assert shorten(f"a {SHOP} b", uuid7(), campaign)[1][0].code != links[0].code
    full = "x" * (MAX_CHARACTERS - 12) + " http://a.co"
    assert shorten(full, send_id, campaign) == (full, ())


async def test_segments_are_counted_with_short_links(session: AsyncSession) -> None:
    await open_shop(session)
    words = "Harbor: come by https://shop.example.com/" + "x" * 200
    (person,) = await add_people(session, 1)

    async def segments() -> int:
        seen = await preview_draft(session, SYSTEM, sms_source(words), customer_id=person)
        return seen.segments

    assert await segments() == 1
    await session.execute(text("UPDATE customers SET no_tracking = true"))
    assert await segments() == 2
    await session.execute(text("UPDATE customers SET no_tracking = false"))
    await session.execute(text("UPDATE brands SET track_clicks = false"))
    assert await segments() == 2
