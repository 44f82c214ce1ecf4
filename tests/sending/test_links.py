"""Links and the pixel: they lead where the author said and nowhere else, and notice people, not scanners."""

from __future__ import annotations

import html
import re
from datetime import timedelta
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
from sqlalchemy import text

from liquor_app.core.clock import now, travel
from liquor_app.core.config import get_settings
from liquor_app.core.db import transaction
from liquor_app.core.errors import Invalid
from liquor_app.core.ids import uuid7
from liquor_app.core.security.crypto import sign
from liquor_app.sending.pipeline.dispatch import Dispatcher
from liquor_app.sending.tracking.clicks import Visit, follow, open_pixel
from liquor_app.sending.tracking.links import (
    CLICK_PATH,
    OPEN_PATH,
    Target,
    Tracker,
    link_of,
    read_link,
    read_pixel,
    track_message,
    tracked,
    with_tags,
)
from liquor_app.templates.rendering.render import Rendered
from tests.sending.test_pump import shop

PERSON = Visit("Mozilla/5.0 (iPhone; CPU iPhone OS 26_0 like Mac OS X) AppleWebKit/605.1.15", "192.0.2.9")


def test_links_are_wrapped_and_our_own_pages_are_not() -> None:
    base = get_settings().base_url
    body = (
        '<body><a class="b" href="https://shop.example.com/a?x=1&amp;y=2">Beer</a>'
        f'<a href="{base}/u/token">Unsubscribe</a><a href="mailto:a@example.com">Write</a></body>'
    )
    made = tracked(body, uuid7(), clicks=True, opens=True)
    first, way_out, write = re.findall(r'href="([^"]+)"', made)
    assert first.startswith(f"{base}{CLICK_PATH}/")
    assert (way_out, write) == (f"{base}/u/token", "mailto:a@example.com")
    assert made.index(f'<img src="{base}{OPEN_PATH}/') < made.index("</body>")
    assert "192" not in made
    assert tracked(body, uuid7(), clicks=False, opens=False) == body


def test_links_are_found_however_they_are_written() -> None:
    send_id = uuid7()
    made = track_message(
        Rendered(
            None,
            "<a href='https://s/a?x=1&amp;y=2'>a</a><A title='>' HREF=https://s/b>b</A><a data-href='https://s/no'>c</a>",
            "See (https://s/a_(b)), or https://s/c. Write to a@example.com.\n",
        ),
        Tracker(send_id, clicks=True, opens=False),
    )
    base = get_settings().base_url
    found = [
        read_link(token)
        for token in re.findall(rf"{base}{CLICK_PATH}/([\w-]+(?:\.[\w-]+)+)", f"{made.html}{made.text}")
    ]
    assert found == [
        Target(send_id, "https://s/a?x=1&y=2", "link-1"), Target(send_id, "https://s/b", "link-2"),
        Target(send_id, "https://s/a_(b)", "text-1"), Target(send_id, "https://s/c", "text-2"),
    ]  # fmt: skip
    assert made.text.startswith("See (http")
    assert made.text.endswith(". Write to a@example.com.\n")
    assert "data-href='https://s/no'" in (made.html or "")


def test_an_address_too_long_for_mail_programs_is_left_alone() -> None:
    body = f'<a href="https://s/{"x" * 2000}">a</a>'
    assert tracked(body, uuid7(), clicks=True, opens=False) == body


def test_tokens_are_signed_and_those_of_old_still_lead_on() -> None:
    send_id = uuid7()
    good = Tracker(send_id, clicks=True, opens=True).click(link_of("link-1", "https://s/a") or "").rpartition("/")[2]
    send, link, proof = good.split(".")
    other = link_of("link-1", "https://evil.example/")
    for wrong in (
        f"{send}.{other}.{proof}",
        f"{'A' * 22}.{link}.{proof}",
        f"{send}.{link}.{'A' * 16}",
        f"{good}.x",
        "",
    ):
        with pytest.raises(Invalid):
            read_link(wrong)
    assert read_link(sign("click", {"s": send_id.hex, "u": "https://s/a"})) == Target(send_id, "https://s/a")
    assert read_pixel(sign("open", {"s": send_id.hex})) == send_id
    for wrong in (proof, f"{send}.{proof}", sign("click", {"s": send_id.hex})):
        with pytest.raises(Invalid):
            read_pixel(wrong)


@pytest.mark.parametrize(
    ("address", "joint"),
    [
        ("https://s/?q=a%20b&flag&sig=x%2Fy", "&"),
        ("https://s/", "?"),
        ("https://s", "?"),
        ("https://s/?", ""),
        ("https://s/?a=1&", ""),
        ("https://s/?a=b?c&&d=%zz;+", "&"),
    ],
)
def test_the_authors_query_is_kept_to_the_letter(address: str, joint: str) -> None:
    for fragment in ("", "#here?no=1"):
        made = with_tags(address + fragment, source="Harbor & Vine", medium="email", campaign="Week", content="link-2")
        assert made == (
            f"{address}{joint}utm_source=harbor-vine&utm_medium=email&utm_campaign=week&utm_content=link-2{fragment}"
        )


def test_the_authors_own_tags_win() -> None:
    own = "https://s/?UTM_Source=me&utm%5Fmedium=&utm_campaign=mine&utm_content=top"
    assert with_tags(own, source="a", medium="b", campaign="c", content="d") == own
    assert with_tags("https://s/", source="", medium="sms", campaign="", content="") == "https://s/?utm_medium=sms"


async def message() -> Any:
    """A message as the sandbox kept it."""
    await shop(1)
    await Dispatcher().pump_once()
    async with transaction() as session:
        found = await session.execute(
            text("SELECT s.id, o.body_html, k.name FROM outbox_messages o JOIN sends s ON s.id = o.send_id"
                 " JOIN campaigns k ON k.id = s.campaign_id")
        )  # fmt: skip
        earlier = now() - timedelta(hours=1)
        await session.execute(
            text("UPDATE sends SET sent_at = :at, batch_id = :batch"), {"at": earlier, "batch": uuid7(earlier)}
        )
        return found.one()


def tokens(body: str, path: str) -> list[str]:
    return re.findall(rf'{re.escape(get_settings().base_url + path)}/([^"]+)"', html.unescape(body))


async def state() -> Any:
    async with transaction() as session:
        found = await session.execute(
            text("SELECT status, opened_at, clicked_at, (SELECT count(*) FROM analytics_events e WHERE e.event_type ="
                 " 'link_click') AS clicks, (SELECT count(*) FROM analytics_events e WHERE e.properties ? 'machine')"
                 " AS machine FROM sends")
        )  # fmt: skip
        return found.one()


async def test_a_click_is_noted_and_leads_on_with_the_campaigns_tags(database: str) -> None:
    sent = await message()
    token = tokens(sent.body_html, CLICK_PATH)[0]
    async with transaction() as session:
        address = await follow(session, token, PERSON)
    parts = urlsplit(address)
    assert parts.scheme == "https"
    assert parse_qs(parts.query)["utm_campaign"] == ["back-to-the-counter"]
    assert parse_qs(parts.query)["utm_medium"] == ["email"]
    assert parse_qs(parts.query)["utm_content"] == ["link-1"]
    row = await state()
    assert (row.clicked_at is not None, row.clicks, row.machine) == (True, 1, 0)
    async with transaction() as session:
        asked = await session.execute(text("SELECT count(*) FROM jobs WHERE name = 'attribute'"))
        assert asked.scalar_one() == 1


async def test_the_pixel_notes_an_open_and_proxies_do_not_count(database: str) -> None:
    sent = await message()
    (token,) = [one.removesuffix(".gif") for one in tokens(sent.body_html, OPEN_PATH)]
    async with transaction() as session:
        await open_pixel(session, token, Visit("Mozilla/5.0", None))
    assert (await state()).opened_at is None
    async with transaction() as session:
        await open_pixel(session, token, PERSON)
    assert (await state()).opened_at is not None


async def test_a_scanner_that_follows_every_link_is_unmasked_by_the_second(database: str) -> None:
    sent = await message()
    base = {"s": sent.id.hex}
    for n in range(3):
        async with transaction() as session:
            await follow(session, sign("click", {**base, "u": f"https://shop.example.com/{n}"}), PERSON)
    row = await state()
    assert (row.clicked_at, row.clicks, row.machine) == (None, 3, 3)
    with travel(now() + timedelta(minutes=5)):
        async with transaction() as session:
            await follow(session, sign("click", {**base, "u": "https://shop.example.com/1"}), PERSON)
    assert (await state()).clicked_at is not None


async def test_nobody_is_sent_anywhere_else(database: str) -> None:
    async with transaction() as session:
        for token in ("x.y", sign("unsubscribe", {"s": "0", "u": "https://evil.example"}), sign("click", {"s": "0"})):
            with pytest.raises(Invalid):
                await follow(session, token, PERSON)
        # a message long gone still leads on
        address = await follow(session, sign("click", {"s": uuid7().hex, "u": "https://shop.example.com/"}), PERSON)
        assert address == "https://shop.example.com/"


async def test_who_does_not_want_to_be_tracked_is_not(database: str) -> None:
    await shop(1)
    async with transaction() as session:
        await session.execute(text("UPDATE customers SET no_tracking = true"))
    await Dispatcher().pump_once()
    async with transaction() as session:
        body = (await session.execute(text("SELECT body_html FROM outbox_messages"))).scalar_one()
    assert f"{CLICK_PATH}/" not in body.replace(get_settings().base_url + "/u", "")
    assert OPEN_PATH + "/" not in body
