"""An admin changes a law and brings a suppression list, in a real browser."""

from __future__ import annotations

from datetime import timedelta

import pytest
from playwright.sync_api import Page, expect

from liquor_app.core.clock import now
from tests.e2e.conftest import Product, shoot, sign_in

pytestmark = [pytest.mark.e2e, pytest.mark.xdist_group("week")]


def test_a_rule_is_added_and_ended(product: Product, page: Page) -> None:
    sign_in(page, product.url)
    page.goto(f"{product.url}/settings/law")
    page.get_by_role("button", name="Add a rule").click()
    dialog = page.get_by_role("dialog")
    dialog.get_by_label("Place").fill("or")
    dialog.get_by_label("From", exact=True).fill("9 o'clock")
    dialog.get_by_label("Until").fill("18:30")
    dialog.get_by_label("Law", exact=True).fill("Made up for this test, § 1")
    save = dialog.get_by_role("button", name="Save")
    save.click()
    expect(dialog.get_by_text("must be a time such as 08:00")).to_be_visible()
    shoot(page, "70-a-rule-that-makes-no-sense")
    dialog.get_by_label("From", exact=True).fill("09:00")
    save.click()
    line = page.locator("tbody tr", has_text="Made up for this test")
    expect(line).to_contain_text("09:00 to 18:30")
    line.get_by_role("button", name="Change Made up for this test, § 1").click()
    expect(dialog.get_by_label("From", exact=True)).to_have_value("09:00")
    dialog.get_by_label("From", exact=True).fill("10:00")
    dialog.get_by_label("Binds from").fill(str(now().date() + timedelta(days=9)))
    save.click()
    expect(line).to_have_count(2)
    shoot(page, "71-a-rule-and-its-successor")
    line.filter(has_text="10:00").get_by_role("button", name="End Made up").click()
    dialog.get_by_label("Binds no more from").fill("2020-01-01")
    dialog.get_by_role("button", name="End the rule").click()
    expect(dialog.get_by_text("what has bound is history")).to_be_visible()
    dialog.get_by_label("Binds no more from").fill(str(now().date() + timedelta(days=9)))
    dialog.get_by_role("button", name="End the rule").click()
    expect(dialog).to_be_hidden()
    expect(line.get_by_role("button")).to_have_count(0)


def test_a_list_is_brought_and_searched(product: Product, page: Page) -> None:
    sign_in(page, product.url)
    page.goto(f"{product.url}/customers/suppressed")
    page.get_by_role("button", name="Add addresses").click()
    dialog = page.get_by_role("dialog")
    dialog.get_by_label("Addresses").fill("left.once@example.com\nnobody")
    dialog.get_by_role("button", name="Suppress").click()
    expect(dialog.get_by_text("Line 2")).to_be_visible()
    dialog.get_by_label("Addresses").fill("Left.Once@example.com\n(617) 555-0199")
    dialog.get_by_role("button", name="Suppress").click()
    expect(dialog).to_be_hidden()
    expect(page.locator("tbody tr", has_text="+16175550199")).to_be_visible()
    page.get_by_role("searchbox", name="Address or number").fill("left.once@EXAMPLE.com")
    expect(page.locator("tbody tr", has_text="+16175550199")).to_have_count(0)
    expect(page.locator("tbody tr", has_text="left.once@example.com")).to_have_count(1)
    shoot(page, "72-an-address-is-found")
    page.get_by_role("button", name="Take left.once@example.com off the list").click()
    dialog.get_by_role("button", name="Take off the list").click()
    expect(dialog.get_by_text("Say why")).to_be_visible()
    dialog.get_by_label("Why").fill("Asked in writing on 3 May.")
    dialog.get_by_role("button", name="Take off the list").click()
    expect(page.get_by_text("Not on the list", exact=True)).to_be_visible()
