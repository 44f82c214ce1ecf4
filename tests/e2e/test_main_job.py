"""The main job, as a marketer does it: sign in, look, review, approve, watch a week go out.

`test_sent_week` has the end of it. Each step leaves a picture in $LIQUOR_SHOTS/liquor-shots.
"""

from __future__ import annotations

import re

import pytest
from playwright.sync_api import Browser, Page, expect

from tests.e2e.conftest import EMAIL, WEEK_MS, Day, Product, shoot, sign_in

pytestmark = [pytest.mark.e2e, pytest.mark.xdist_group("week")]


def test_the_main_job(product: Product, day: Day) -> None:
    url, page = product.url, day.tab
    page.goto(f"{url}/campaigns")
    page.wait_for_url(re.compile(r"/login\?next="))
    page.fill("#email", EMAIL)
    page.fill("#password", "not the password")
    page.click("button[type=submit]")
    expect(page.get_by_role("alert").filter(has_text="E-mail or password is wrong")).to_be_visible()
    shoot(page, "01-sign-in")

    sign_in(page, url)
    expect(page.get_by_role("heading", name="Dashboard")).to_be_visible()
    expect(page.get_by_text("is waiting for your approval")).to_be_visible()
    expect(page.get_by_text("This is sample data")).to_be_visible()
    expect(page.locator(".js-plotly-plot")).to_be_visible()
    shoot(page, "02-dashboard")
    day.figures = product.api().get("/analytics/dashboard").json()

    page.get_by_role("link", name="Customers").first.click()
    expect(page.get_by_role("heading", name="Customers", exact=True)).to_be_visible()
    expect(page.get_by_text(re.compile(r"1,545"))).not_to_have_count(0)
    shoot(page, "03-customers")
    first = page.locator("table tbody tr").first
    name = first.locator("b").first.inner_text()
    page.get_by_role("searchbox").first.fill(name.split()[-1])
    expect(page.locator("table tbody tr").first).to_contain_text(name.split()[-1])
    page.locator("table tbody tr a").first.click()
    page.wait_for_url(re.compile(r"/customers/[0-9a-f-]{36}"))
    expect(page.get_by_text("Why these scores")).to_be_visible()
    expect(page.get_by_text(re.compile(r"bought|buys|baskets", re.I))).not_to_have_count(0)
    shoot(page, "04-customer")

    page.get_by_role("link", name="Campaigns").first.click()
    page.get_by_role("link", name=re.compile("This week's plan")).first.click()
    page.wait_for_url(re.compile(r"/campaigns/[0-9a-f-]{36}"))
    expect(page.get_by_text("Expected incremental profit").first).to_be_visible()
    expect(
        page.get_by_text(re.compile(r"at risk, \d+% likely to act on this offer")).locator("visible=true").first
    ).to_be_visible()
    shoot(page, "05-plan")

    test = page.locator("section.card", has=page.get_by_role("heading", name="A/B test"))
    told = {"name": "Does a question help?", "topic": "subject", "channel": "email", "measure": "clicked",
            "given": ["What about {{ offer.category }}?"]}  # fmt: skip
    product.api().put(f"/campaigns/{page.url.rsplit('/', 1)[1]}/ab-test", json=told).raise_for_status()
    expect(test.get_by_text("Planned", exact=True)).to_be_visible()  # a colleague gave it one: nothing was loaded anew
    expect(test.get_by_role("button", name="Change")).to_be_visible()

    page.get_by_role("button", name="Approve plan").click()
    expect(page.get_by_text("is in the sandbox").first).to_be_visible()
    page.get_by_role("button", name="Approve all the same").click()
    expect(page.get_by_text("Approved").first).to_be_visible()
    expect(page.get_by_role("button", name="Play the week")).to_be_visible()
    shoot(page, "06-approved")
    page.get_by_role("button", name="Play the week").click()

    expect(page.get_by_text("As it happens")).to_be_visible()
    messages = page.get_by_role("table", name="Latest messages of this campaign").locator("tbody tr")
    expect(messages.nth(2)).to_be_visible(timeout=WEEK_MS)
    expect(test.get_by_text("Under way", exact=True)).to_be_visible()
    expect(test.get_by_role("button", name="Stop")).to_be_visible()
    expect(test.get_by_role("button", name="Change")).to_have_count(0)
    shoot(page, "07-going-out")


def test_a_copied_tab_shows_nothing_without_its_cookie(product: Product, page: Page, browser: Browser) -> None:
    """A tab is known by a token that a thief could copy; what it shows is tied to the cookie, which he could not."""
    sign_in(page, product.url)
    page.goto(f"{product.url}/customers")
    expect(page.get_by_text("@example.com").first).to_be_visible()
    token = page.evaluate("window.sessionStorage.getItem('token')")
    assert token

    thief = browser.new_context()
    frames: list[str] = []
    thief.add_init_script(f"window.sessionStorage.setItem('token', {token!r})")
    tab = thief.new_page()
    tab.on("websocket", lambda socket: socket.on("framereceived", lambda frame: frames.append(str(frame))))
    tab.goto(f"{product.url}/customers")
    tab.wait_for_url(re.compile("/login"))
    tab.wait_for_timeout(1000)
    assert frames
    assert not any("@example.com" in frame for frame in frames)
    thief.close()
