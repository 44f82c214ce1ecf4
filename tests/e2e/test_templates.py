"""A template is written in a real browser: the preview follows, a mistake has its line, a version is kept."""

from __future__ import annotations

import re

import pytest
from playwright.sync_api import Page, expect

from tests.e2e.conftest import Product, shoot, sign_in

pytestmark = [pytest.mark.e2e, pytest.mark.xdist_group("week")]


def test_a_letter_is_written_and_seen(product: Product, page: Page) -> None:
    sign_in(page, product.url)
    page.goto(f"{product.url}/templates?channel=email")
    page.get_by_role("link", name="Win-back, e-mail").click()
    page.wait_for_url(re.compile("/templates/[0-9a-f-]{36}"))
    letter = page.frame_locator("iframe[title='E-mail preview']")
    expect(letter.get_by_text("Your shelf misses you")).to_be_visible()
    frame = page.locator("iframe[title='E-mail preview']")
    expect(frame).to_have_attribute("sandbox", "")
    save = page.get_by_role("button", name="Save as a new version")
    expect(save).to_be_disabled()
    design = page.get_by_label("Design, in MJML")
    written = design.input_value()
    design.fill(written.replace("Your shelf misses you", "We kept a seat"))
    expect(letter.get_by_text("We kept a seat")).to_be_visible()
    expect(page.get_by_text("Not saved yet")).to_be_visible()
    page.locator("#subject_template").fill("Hello ")
    page.get_by_role("button", name="customer.first_name", exact=True).click()
    expect(page.locator(".mailhead")).to_contain_text("Hello Marguerite")
    assert_reaches_its_last_line(page)
    design.fill(written.replace("</mj-body>", "</mj-bdy>"))
    mistake = page.get_by_role("button", name=re.compile("Design, line"))
    expect(mistake).to_be_visible()
    expect(letter.get_by_text("We kept a seat")).to_be_visible()
    shoot(page, "60-a-mistake-with-its-line")
    mistake.click()
    expect(design).to_be_focused()
    design.fill(written.replace("Your shelf misses you", "We kept a seat"))
    expect(mistake).to_be_hidden()
    page.get_by_text("Phone", exact=True).first.click()
    save.click()
    expect(page.get_by_text("Version 2 saved")).to_be_visible()
    expect(save).to_be_disabled()
    page.get_by_role("button", name="Send test").click()
    expect(page.get_by_text("It is in the outbox.").first).to_be_visible()
    page.get_by_role("button", name="Compare").click()
    expect(page.get_by_role("dialog")).to_contain_text("We kept a seat")
    removed = page.get_by_role("dialog").locator(".ln.gone")
    expect(removed.filter(has_text="Your shelf misses you").first).to_be_visible()
    shoot(page, "61-two-versions")
    page.get_by_role("button", name="Restore as a new version").click()
    expect(letter.get_by_text("Your shelf misses you")).to_be_visible()
    expect(page.get_by_text("v3", exact=True).first).to_be_visible()


def assert_reaches_its_last_line(page: Page) -> None:
    """A long design is seen to its end: the field is as tall as its text, and its box scrolls to the last line."""
    seen = page.evaluate(
        """() => {
            const field = document.getElementById("body_html_template"), box = field.closest(".codebox");
            box.scrollTop = box.scrollHeight;
            const end = field.getBoundingClientRect().bottom, edge = box.getBoundingClientRect().bottom;
            const lines = field.value.split("\\n").length;
            return {lines, tall: field.clientHeight, needs: field.scrollHeight, below: Math.round(end - edge)};
        }"""
    )
    assert seen["lines"] > 30, "else nothing is proved"
    assert seen["tall"] >= seen["needs"] >= seen["lines"] * 20
    assert seen["below"] <= 2, "the last line can be scrolled to"
