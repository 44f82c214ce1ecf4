"""The content security policy in a real browser: every page works under it, what somebody writes in does not run."""

from __future__ import annotations

import re

import pytest
from playwright.sync_api import Page, expect

from liquor_app.liquor_app import PAGES
from tests.e2e.conftest import Product, settle, sign_in

pytestmark = [pytest.mark.e2e, pytest.mark.xdist_group("week")]

WATCH = """
addEventListener('securitypolicyviolation', event => console.error(
  ['VIOLATION', event.violatedDirective, event.blockedURI, event.sample, event.sourceFile].join(' ')))
"""
INJECT = """() => {
  const script = document.createElement('script');
  script.textContent = 'window.stolen = document.title';
  document.body.append(script);
  const holder = document.createElement('div');
  holder.innerHTML = '<img src="/nothing.png" onerror="window.stolen = 2"><a href="javascript:window.stolen = 3">x</a>';
  document.body.append(holder);
  holder.querySelector('a').click();
  const foreign = document.createElement('script');
  foreign.src = 'http://127.0.0.1:9/evil.js';
  document.body.append(foreign);
}"""


def routes(product: Product) -> list[str]:
    """Every page of the product, those of one thing with one that is there."""
    api = product.api()
    first = {
        name: api.get(path).json()["items"][0]["id"]
        for name, path in {
            "campaign_id": "/campaigns", "customer_id": "/customers", "slug": "/segments",
            "template_id": "/settings/templates?channel=email",
        }.items()
    }  # fmt: skip
    first["slug"] = api.get(f"/segments/{first['slug']}").json()["slug"]
    api.close()
    return [re.sub(r"\[(\w+)\]", lambda found: first.get(found[1], first["slug"]), page.route) for page in PAGES]


def test_every_page_keeps_the_policy(product: Product, page: Page) -> None:
    told: list[str] = []
    page.on("console", lambda message: told.append(message.text) if "VIOLATION" in message.text else None)
    page.add_init_script(WATCH)
    sign_in(page, product.url)
    found = routes(product)
    assert len(found) >= 25
    for route in found:
        answer = page.goto(f"{product.url}{route}")
        assert answer is not None
        assert "script-src 'self' 'unsafe-eval' 'sha256-" in answer.headers["content-security-policy"], route
        assert answer.headers["x-frame-options"] == "DENY"
        expect(page.locator("main").first).to_be_visible()
        settle(page)
        assert not told, (route, told)
    for route in found[::6]:  # from what the browser kept
        page.goto(f"{product.url}{route}")
        page.reload()
        expect(page.locator("main").first).to_be_visible()
        settle(page)
        assert not told, (route, told)
    page.goto(f"{product.url}{next(route for route in found if route.startswith('/templates/'))}")
    expect(page.frame_locator("iframe").locator("body")).not_to_be_empty()
    page.goto(f"{product.url}/docs")
    assert not told, told


def test_a_script_that_was_written_in_does_not_run(product: Product, page: Page) -> None:
    sign_in(page, product.url)
    page.goto(f"{product.url}/customers")
    page.add_init_script(WATCH)
    page.reload()
    expect(page.locator("main").first).to_be_visible()
    told: list[str] = []
    page.on("console", lambda message: told.append(message.text) if "VIOLATION" in message.text else None)
    page.evaluate(INJECT)
    page.wait_for_timeout(500)
    assert page.evaluate("window.stolen === undefined")
    assert sum("script-src" in text for text in told) >= 3, told
