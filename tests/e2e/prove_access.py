"""Every page of the product and of its recipients held to axe-core, wide and as a phone, light and dark, and what opens
on them: `make prove-access`."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from collections.abc import Iterator
from importlib.resources import files
from typing import Any

import pytest
from playwright.sync_api import Browser, Page, expect

from liquor_app.core.config import PROJECT_ROOT
from tests.e2e.conftest import Product, environment, settle, sign_in
from tests.e2e.test_every_page import routes

pytestmark = [pytest.mark.e2e, pytest.mark.xdist_group("week")]

AXE = (files("axe_playwright_python") / "axe.min.js").read_text()
RULES = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]
RUN = """async (rules) => (await axe.run(document, { runOnly: rules })).violations
  .flatMap((one) => one.nodes.map((node) => `${one.id}: ${node.target.join(' ')} ${node.html.slice(0, 160)}`))"""
LINKS = """
import asyncio, json
from sqlalchemy import text
from liquor_app.accounts.permissions import SYSTEM
from liquor_app.core import db
from liquor_app.core.security.crypto import sign
from liquor_app.organization.models import Channel
from liquor_app.sending.pipeline.stored_bodies import PREFERENCES_PATH
from liquor_app.sending.recipients.double_opt_in import confirm_link
from liquor_app.sending.recipients.preferences import age_link
from liquor_app.sending.recipients.unsubscribe import PATH, message_token
from liquor_app.sending.tracking.age_gate import GATE
from liquor_app.templates.rendering.sms_length import GATE_PATH

async def main():
    async with db.transaction() as session:
        sent = await session.scalar(text("SELECT id FROM sends WHERE channel = 'email' ORDER BY id LIMIT 1"))
        person = (await session.execute(text("SELECT id, email FROM customers WHERE email IS NOT NULL LIMIT 1"))).one()
    token = message_token(sent)
    found = [f"{path}/{token}" for path in (PATH, PREFERENCES_PATH, "/i")]
    found += [age_link(SYSTEM, person.id), confirm_link(SYSTEM, person.id, Channel.EMAIL, person.email)]
    print(json.dumps([*found, f"{GATE_PATH}/" + sign(GATE, {"u": "https://shop.example.com/"})]))
    await db.dispose()

asyncio.run(main())
"""


def recipients_pages(product: Product) -> list[str]:
    """Way out, wishes, bottles asked for, age, consent, the gate before a text's link, sign-up."""
    told = subprocess.run(
        [sys.executable, "-c", LINKS], cwd=PROJECT_ROOT,
        env=environment(product.data_dir, LIQUOR_PUBLIC_URL=product.url),
        capture_output=True, text=True, timeout=60, check=True,
    )  # fmt: skip
    api = product.api()
    brand = api.get("/settings/brands").json()[0]["id"]
    terms = {"terms_url": "https://shop.example.com/terms", "privacy_url": "https://shop.example.com/privacy"}
    joined = api.patch(f"/settings/sign-up/{brand}", json={"is_open": True, **terms}).json()["address"]
    return [*json.loads(told.stdout.splitlines()[-1]), joined, f"{joined}/sheet"]


@pytest.fixture(
    params=[(1440, "light"), (1440, "dark"), (390, "light"), (390, "dark"), (1000, "light")],
    ids=lambda one: f"{one[0]}-{one[1]}",
)
def tab(browser: Browser, product: Product, request: pytest.FixtureRequest) -> Iterator[Page]:
    width, scheme = request.param
    context = browser.new_context(
        viewport={"width": width, "height": 900}, color_scheme=scheme, reduced_motion="reduce"
    )
    context.add_init_script(f"localStorage.setItem('theme', '{scheme}')")
    page = context.new_page()
    sign_in(page, product.url)
    yield page
    context.close()


def violations(page: Page) -> list[str]:
    page.evaluate(AXE)
    return list(page.evaluate(RUN, RULES))


def test_every_page(product: Product, tab: Page) -> None:
    wrong: dict[str, Any] = {}
    for route in routes(product).values():
        if route not in ("/login", "/setup"):
            tab.goto(f"{product.url}{route}")
            expect(tab.locator("main").first).to_be_visible()
            settle(tab)
            expect(tab.locator("h1").locator("visible=true").first).not_to_be_empty()
            wrong[route] = violations(tab)
    assert {route: told for route, told in wrong.items() if told} == {}


def test_every_page_of_recipients(product: Product, tab: Page) -> None:
    wrong: dict[str, Any] = {}
    for address in recipients_pages(product):
        answer = tab.goto(address if address.startswith("http") else f"{product.url}{address}")
        assert answer is not None
        assert answer.status == 200, address
        wrong[address] = violations(tab)
    assert {address: told for address, told in wrong.items() if told} == {}


@pytest.mark.parametrize(
    ("route", "opener"),
    [
        ("/settings/law", "^Change "), ("/settings/law", "^End "), ("/settings/law", "^Add a rule$"),
        ("/customers/suppressed", "^Add addresses$"), ("/replies", "^Note an e-mailed STOP$"),
        ("/coupons", "^New pool$"),
    ],
)  # fmt: skip
def test_what_opens(product: Product, tab: Page, route: str, opener: str) -> None:
    tab.goto(f"{product.url}{route}")
    settle(tab)
    tab.get_by_role("button", name=re.compile(opener)).locator("visible=true").first.click()
    expect(tab.get_by_role("dialog")).to_be_visible()
    assert violations(tab) == []
