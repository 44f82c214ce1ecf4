"""Starting with one's own data. Its name sorts last: it removes what the other tests look at."""

from __future__ import annotations

import pytest
from playwright.sync_api import Page, expect

from tests.e2e.conftest import Product, shoot, sign_in

pytestmark = pytest.mark.e2e


def test_start_with_your_own_data(product: Product, page: Page) -> None:
    sign_in(page, product.url)
    page.get_by_role("button", name="Start with your own data").click()
    dialog = page.get_by_role("dialog").or_(page.get_by_role("alertdialog"))
    dialog.get_by_role("textbox").fill("remove")
    shoot(page, "11-start-with-your-own-data")
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
    expect(page.get_by_role("heading", name="Customers")).to_be_visible()
    expect(page.get_by_text("This is sample data")).to_have_count(0)
    shoot(page, "12-an-empty-shop")
