"""Links over HTTP: whoever clicks is led on, from a mail or a text, whatever becomes of our notes."""

from __future__ import annotations

import re
from datetime import timedelta
from typing import Any

import httpx
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

from liquor_app.accounts.permissions import SYSTEM
from liquor_app.core.clock import now, travel
from liquor_app.core.config import get_settings
from liquor_app.core.db import transaction
from liquor_app.core.errors import Conflict, Invalid
from liquor_app.core.ids import uuid7
from liquor_app.core.security.crypto import sign
from liquor_app.organization.settings import ComplianceSettings, save_settings
from liquor_app.rest import tracking
from liquor_app.sending.pipeline.dispatch import Dispatcher
from liquor_app.sending.pipeline.launch import launch_campaign
from liquor_app.sending.tracking import clicks
from liquor_app.sending.tracking.links import Tracker, link_of
from liquor_app.sending.tracking.short_links import shorten
from liquor_app.templates.preview import preview_draft
from liquor_app.templates.rendering.sms_length import CODE_LENGTH, GATE_PATH, MAX_CHARACTERS, SHORT_PATH
from liquor_app.templates.test_messages import gated
from tests.api.client import Client
from tests.api.test_webhooks import PHONE, ledger, rows, sent, shop
from tests.examples import examples
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
    path = f"{SHORT_PATH}/{codes[1]}"
    for look in (await get(http, path), await http.head(path), await http.get(path, headers={"user-agent": "Bot"})):
        assert look.status_code == 200
        assert "location" not in look.headers
    asked = await get(http, path)
    assert "Are you 21 or older?" in asked.text
    assert "sells in Maine to people of 21 or older" in asked.text
    assert "shop.example.com" not in asked.text, "nothing about the shop before the answer"
    no = await http.post(path, data={"answer": "no"}, headers={"User-Agent": PHONE})
    assert (no.status_code, "not for you" in no.text, no.headers.get("set-cookie")) == (200, True, None)
    forged = ({"origin": "https://evil.example"}, {"sec-fetch-site": "cross-site"}, {"origin": "null"})
    for headers in forged:
        answer = await http.post(path, data={"answer": "yes"}, headers={"User-Agent": PHONE, **headers})
        assert (answer.status_code, answer.headers.get("set-cookie")) == (200, None), "another site answers for nobody"
    assert [row.clicked for row in await rows("SELECT clicked_at IS NOT NULL AS clicked FROM sends")] == [False]
    answer = await http.post(path, data={"answer": "yes"}, headers={"User-Agent": PHONE})
    assert answer.status_code == 303
    assert answer.headers["location"].startswith("https://shop.example.com/all?utm_source=")
    assert "utm_medium=sms&" in answer.headers["location"]
    assert answer.headers["location"].endswith("utm_content=link-2")
    assert [row.clicked for row in await rows("SELECT clicked_at IS NOT NULL AS clicked FROM sends")] == [True]
    assert len(await rows("SELECT 1 FROM analytics_events WHERE event_type = 'link_click'")) == 1
    assert await rows("SELECT 1 FROM age_ledger") == [], "a yes on a page proves nothing"
    # the browser keeps it for thirty days
    assert (await get(http, path)).status_code == 302
    with travel(now() + timedelta(days=30, minutes=1)):
        assert (await get(http, path)).status_code == 200


async def test_a_yes_is_for_its_age_and_its_key(anybody: Client, http: httpx.AsyncClient) -> None:
    body = await texted(f"Harbor: {SHOP}")
    path = body[body.index(SHORT_PATH + "/") :].split()[0]
    kept = {"a": 21, "t": int(now().timestamp())}
    for value in ("yes", sign("of-age", kept), sign("of age", {"a": 18, "t": kept["t"]}), sign("of age", {"a": 21})):
        assert (await http.get(path, headers={"cookie": f"of_age={value}"})).status_code == 200, value
    good = {"cookie": f"of_age={sign('of age', kept)}"}
    assert (await http.get(path, headers=good)).status_code == 302
    async with transaction() as session:
        await save_settings(session, SYSTEM, ComplianceSettings, {"minimum_age": 25})
    assert "Are you 25 or older?" in (await http.get(path, headers=good)).text


@pytest.mark.parametrize("who", ["brand", "customer"])
async def test_texts_of_who_is_not_tracked_ask_for_the_age_and_count_nothing(
    anybody: Client, http: httpx.AsyncClient, who: str
) -> None:
    async with transaction() as session:
        await open_shop(session)
        if who == "brand":
            await session.execute(text("UPDATE brands SET track_clicks = false"))
    body = await texted(f"Harbor: 10% off at {SHOP} now", no_tracking=who == "customer")
    assert SHOP not in body
    path = body[body.index(SHORT_PATH + "/") :].split()[0]
    answer = await http.post(path, data={"answer": "yes"}, headers={"User-Agent": PHONE})
    assert (answer.status_code, answer.headers["location"]) == (303, SHOP), "to the letter as it was written"
    assert [row.clicked for row in await rows("SELECT clicked_at IS NOT NULL AS clicked FROM sends")] == [False]
    assert await rows("SELECT 1 FROM analytics_events WHERE event_type = 'link_click'") == []


LINKED = re.compile(
    r"(?:https?://|www\.)\S+|\b[\w-]+(?:\.[\w-]+)*\.(?:com|net|org|shop|store)\b(?!@)\S*|\b[\w-]+\.[a-z]{2}/\S*", re.I
)
"""What phones make a link of, told anew."""


@given(
    links=st.lists(
        st.sampled_from((
            SHOP, "http://x.example", "HTTPS://Shop.Example.COM/A?b=1#c", "www.harbor.wine/sale", "shop.example.com",
            "bit.ly/3xYz", "sub.shop.example.store?x=1", "https://user@evil.example/x", "https://[::1]/x",
            "https://shop.example.com/a(b)", "harbor-vine.com:8080/x",
        )),
        min_size=1, max_size=4,
    ),
    joint=st.sampled_from((" ", ", ", " (", ") ", ": ", "\n", "! ", " \"", ". ")),
)  # fmt: skip
@settings(max_examples=examples(150), deadline=None)
def test_every_link_of_a_text_goes_over_the_age_gate(links: list[str], joint: str) -> None:
    base = get_settings().base_url
    for made, path in (
        (shorten(f"Harbor{joint}{joint.join(links)}{joint}bye", uuid7(), None)[0], SHORT_PATH),
        (gated(f"Harbor{joint}{joint.join(links)}{joint}bye"), GATE_PATH),
    ):
        found = LINKED.findall(made.replace(f"{base}{path}/", "§"))
        assert found == [], made
        assert made.count(f"{base}{path}/") == len(links)


def test_what_is_no_link_stays(database: str) -> None:
    for words in (
        "Great.Wine tonight. Call.me at 5",
        "us@shop.example.com",
        "10.5% off. 2.5 l",
        "e.g. Merlot etc.",
        f"{get_settings().base_url}/u/x",
        "St.Patrick's",
    ):
        assert shorten(words, uuid7(), None) == (words, ()), words


async def test_a_test_message_asks_too_and_counts_for_nobody(anybody: Client, http: httpx.AsyncClient) -> None:
    made = gated(f"See {SHOP} soon")
    path = made.split()[1].removeprefix(get_settings().base_url)
    assert "Are you 21 or older?" in (await http.get(path)).text
    answer = await http.post(path, data={"answer": "yes"})
    assert (answer.status_code, answer.headers["location"]) == (303, SHOP)
    for forged in (f"{GATE_PATH}/x", f"{GATE_PATH}/{sign('of age', {'u': SHOP})}",
                   f"{GATE_PATH}/{sign('age gate', {'u': 'javascript:alert(1)'})}"):  # fmt: skip
        assert (await http.get(forged)).status_code == 422
    assert await rows("SELECT 1 FROM analytics_events") == []


async def test_wrong_codes_tell_nothing_and_are_limited(
    anybody: Client, http: httpx.AsyncClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(tracking, "WRONG_PER_MINUTE", 2)
    wrong = ("x" * CODE_LENGTH, "a" * CODE_LENGTH, "%00", "b")
    answers = [await get(http, f"{SHORT_PATH}/{code}") for code in wrong]
    assert {answer.status_code for answer in answers} <= {404, 422, 429}
    assert answers[0].status_code == 404
    assert 429 in {(await get(http, f"{SHORT_PATH}/{'z' * CODE_LENGTH}")).status_code for _ in range(6)}


def test_the_same_text_again_has_the_same_codes_and_a_too_long_one_is_refused(database: str) -> None:
    send_id, campaign = uuid7(), uuid7()
    first, links = shorten(f"a {SHOP} b", send_id, campaign)
    assert shorten(f"a {SHOP} b", send_id, campaign) == (first, links)
    assert shorten(f"a {SHOP} b", uuid7(), campaign)[1][0].code != links[0].code
    full = "x" * (MAX_CHARACTERS - 12) + " http://a.co"
    with pytest.raises(Invalid, match="With its links"):
        shorten(full, send_id, campaign)


async def test_segments_are_counted_with_short_links(session: AsyncSession) -> None:
    await open_shop(session)
    words = "Harbor: come by https://shop.example.com/" + "x" * 200
    (person,) = await add_people(session, 1)

    async def segments() -> int:
        seen = await preview_draft(session, SYSTEM, sms_source(words), customer_id=person)
        return seen.segments

    assert await segments() == 1
    # also for who is not counted: the question for the age is for everybody
    await session.execute(text("UPDATE customers SET no_tracking = true"))
    assert await segments() == 1
