"""A brand by hand: what it may be, who may change it, and what of it stands above a message."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

from liquor_app.accounts.models import Role
from liquor_app.accounts.permissions import SYSTEM, Actor, ActorKind
from liquor_app.core.db import transaction
from liquor_app.core.errors import Forbidden, Invalid
from liquor_app.organization.brand_assets import READABLE, contrast, text_on
from liquor_app.organization.brands import clean_brand, list_brands, update_brand
from liquor_app.organization.service import default_brand
from liquor_app.screens.organization.brand.state import BrandState
from liquor_app.sending.pipeline.dispatch import Dispatcher
from liquor_app.templates.preview import preview_brand
from tests.people import ensure_shop
from tests.sending.test_pump import sends, shop
from tests.tabs import Tab, run, said

MARKETER = Actor(ActorKind.USER, None, "Dana", Role.MANAGER)
ADMIN = Actor(ActorKind.USER, None, "Ada", Role.ADMIN)


@pytest.mark.parametrize(
    ("name", "value", "words"),
    [
        ("logo_url", "http://shop.example.com/a.png", "https"),
        ("logo_url", "javascript:alert(1)", "https"),
        ("logo_url", 'https://x.example/"><script>', None),
        ("logo_url", "https://a b/", "https"),
        ("primary_color", "red", "hexadecimal"),
        ("primary_color", "#f6c000", "read 1.7 to 1"),
        ("header", "huge", "one of none, plain, band"),
        ("from_email", "not an address", "not an e-mail"),
        ("from_email", "a@b.example\r\nBcc: all@x.example", "control characters"),
        ("from_name", "", "needed"),
        ("postal_address", "Portland", "whole postal address"),
        ("postal_address", "1 A St, ME", None),
        ("sms_sender", "a way too long name", "short code"),
        ("website_url", "shop", "whole address"),
        ("timezone", "Mars/Olympus", "time zone"),
        ("track_opens", "yes", "true or false"),
        ("is_default", True, "not a field"),
        ("name", "x" * 81, "at most 80"),
    ],
)
def test_what_a_brand_cannot_be(name: str, value: Any, words: str | None) -> None:
    if words is None:
        assert clean_brand({name: value})
        return
    with pytest.raises(Invalid, match=words) as raised:
        clean_brand({name: value})
    assert raised.value.field == name


def test_contrast_is_the_standards() -> None:
    """Figures of WCAG 2.2's own definition, worked out by hand."""
    assert contrast("#ffffff", "#000000") == pytest.approx(21)
    assert contrast("#0000ff", "#ffffff") == pytest.approx(1.05 / (0.0722 + 0.05))
    assert contrast("#00ff00", "#000000") == pytest.approx((0.7152 + 0.05) / 0.05)
    assert contrast("#0a0a0a", "#000000") == pytest.approx((10 / 255 / 12.92 + 0.05) / 0.05)
    assert contrast("#123456", "#123456") == 1


def test_words_can_be_read_on_every_colour() -> None:
    for step in range(0, 256, 15):
        color = f"#{step:02x}{(step * 7) % 256:02x}{255 - step:02x}"
        assert contrast(color, text_on(color)) >= READABLE


async def test_admins_change_it_and_the_log_says_what_was(session: AsyncSession) -> None:
    await ensure_shop(session)
    with pytest.raises(Forbidden):
        await update_brand(session, MARKETER, None, {"name": "Other"})
    row = await update_brand(session, ADMIN, None, {"track_opens": False, "logo_url": "", "name": "Harbor & Vine"})
    assert (row.track_opens, row.track_clicks, row.logo_url) == (False, True, None)
    logged = (await session.execute(text("SELECT action, changes FROM audit_log"))).all()
    assert [(one.action, one.changes) for one in logged] == [("brand.changed", {"track_opens": [True, False]})]
    assert [brand.track_opens for brand in await list_brands(session, MARKETER)] == [False]


async def test_the_header_stands_above_html_and_text(session: AsyncSession) -> None:
    await ensure_shop(session)
    plain = await preview_brand(session, ADMIN, await default_brand(session))
    assert plain.text.startswith("Harbor & Vine\n\n")
    html = plain.html or ""
    assert html.index("Harbor &amp; Vine</span>") < html.index("IT HAS BEEN A WHILE")
    changes = {"header": "band", "logo_url": "https://cdn.example/a.png?x=1&y=2", "logo_alt": 'The "Vine"'}
    made = await preview_brand(session, ADMIN, await update_brand(session, ADMIN, None, changes))
    html = made.html or ""
    assert 'src="https://cdn.example/a.png?x=1&amp;y=2" alt="The &#34;Vine&#34;"' in html
    assert 'bgcolor="#995a07"' in html
    none = await preview_brand(session, ADMIN, await update_brand(session, ADMIN, None, {"header": "none"}))
    assert "cdn.example" not in (none.html or "")
    assert not none.text.startswith("Harbor")


async def test_what_was_stored_unsafe_reaches_nobody(session: AsyncSession) -> None:
    await ensure_shop(session)
    await session.execute(
        text("UPDATE brands SET logo_url = 'javascript:x', primary_color = 'red;x', website_url = 'javascript:y'")
    )
    made = await preview_brand(session, ADMIN, await default_brand(session))
    assert "javascript:x" not in (made.html or "")
    assert '<a href="javascript:y" style="text-decoration:none' not in (made.html or "")
    banded = replace(await default_brand(session), header="band")
    assert 'bgcolor="#995a07"' in ((await preview_brand(session, ADMIN, banded)).html or "")


async def test_messages_follow_the_brand(database: str) -> None:
    campaign, _ = await shop(2)
    async with transaction() as session:
        await update_brand(session, SYSTEM, None, {"header": "band", "track_opens": False, "track_clicks": False})
    await Dispatcher().pump_once()
    for row in await sends(campaign):
        assert 'bgcolor="#995a07"' in row.body_html
        assert row.body_text.startswith("Harbor & Vine\n\n")
        assert "/t/" not in row.body_html


async def test_the_page_says_a_mistake_at_once_and_stores_nothing_half(database: str) -> None:
    async with transaction() as session:
        await ensure_shop(session)
    tab = Tab("/settings/brand", ADMIN)
    state = await tab.state(BrandState)
    await run(BrandState.load, state)
    assert (state.dirty, state.values["header"], state.switches) == (
        False, "plain", {"track_clicks": True, "track_opens": True},
    )  # fmt: skip
    await run(BrandState.type_in, state, "primary_color", "#ffee00")
    assert "Take a darker one" in state.errors["primary_color"]
    assert "#ffee00" not in state.html, "what cannot be used is not drawn"
    await run(BrandState.type_in, state, "name", "Cellar & Co")
    assert "Cellar &amp; Co" in state.html
    assert await run(BrandState.save, state) is None
    async with transaction() as session:
        assert (await default_brand(session)).name == "Harbor & Vine"
    await run(BrandState.type_in, state, "primary_color", "#7a1f3d")
    await run(BrandState.flip, state, "track_opens", False)
    assert "Brand saved" in said(await run(BrandState.save, state))
    async with transaction() as session:
        row = await default_brand(session)
    assert (row.name, row.primary_color, row.track_opens) == ("Cellar & Co", "#7a1f3d", False)
    tab.actor = MARKETER
    state = await tab.state(BrandState)
    assert "role" in said(await run(BrandState.type_in, state, "name", "Mine"))
