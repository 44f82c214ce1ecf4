"""Starting with one's own data. Of the tests of a day's work its name sorts last: it removes what they look at, and
leaves a shop with a name of its own."""

from __future__ import annotations

import pytest
from playwright.sync_api import Page, expect

from tests.e2e.conftest import Product, shoot, sign_in

pytestmark = [pytest.mark.e2e, pytest.mark.xdist_group("week")]


def test_start_with_your_own_data(product: Product, page: Page) -> None:
    sign_in(page, product.url)
    page.get_by_role("button", name="Start with your own data").click()
    dialog = page.get_by_role("dialog").or_(page.get_by_role("alertdialog"))
    dialog.get_by_role("textbox").fill("remove")
    shoot(page, "11-start-with-your-own-data")
    with page.expect_event("load", timeout=60_000):  # the tab loads itself anew: nothing of the sample stays on it
        dialog.get_by_role("button", name="Remove the sample").click()
    api = product.api()
    for _ in range(120):
        left = api.get("/customers").json()["total"]
        if left < 10:
            break
        page.wait_for_timeout(500)
    # whoever other tests added by hand is one's own, and stays
    assert left < 10
    assert api.get("/campaigns").json()["total"] == 0
    page.goto(f"{product.url}/customers")
    expect(page.get_by_role("heading", name="Customers", exact=True)).to_be_visible()
    expect(page.get_by_text("This is sample data")).to_have_count(0)
    shoot(page, "12-an-empty-shop")
    # the sample's name is gone with it, and nothing is sent in nobody's
    expect(page.get_by_text("Nothing is sent before your shop has")).to_be_visible()
    assert page.get_by_text("Harbor & Vine").count() == 0
    page.get_by_role("link", name="Name your shop").click()
    page.wait_for_url("**/settings/brand")
    expect(page.locator("#from_name")).to_have_value("Your shop")  # what is stored has come: it would take the place
    for field, words in (
        ("name", "Quay Street Wines"),
        ("from_name", "Quay Street Wines"),
        ("from_email", "hello@quaystreet.example.org"),
        ("postal_address", "3 Quay St, Bath, ME 04530"),
        ("website_url", "https://quaystreet.example.org"),
    ):
        page.locator(f"#{field}").fill(words)
    page.locator("#licence_state").select_option("ME")
    expect(page.get_by_role("button", name="Save")).to_be_enabled()
    page.get_by_role("button", name="Save").click()
    expect(page.get_by_text("Brand saved")).to_be_visible()
    page.reload()
    expect(page.get_by_text("Quay Street Wines").first).to_be_visible()
    expect(page.get_by_text("Nothing is sent before your shop has")).to_have_count(0)
    shoot(page, "13-a-shop-with-a-name")
