"""Customers and segments in a real browser: find, add, change, group, import."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from tests.e2e.conftest import Product, shoot, sign_in

pytestmark = [pytest.mark.e2e, pytest.mark.xdist_group("pages")]


PRESS_WHILE_ARRIVING = """() => new Promise((pressed) => {
  history.back();
  const look = () => {
    const button = document.querySelector('button[aria-label="Remove filter Churn risk"]');
    if (!button) return setTimeout(look, 1);
    const was = document.querySelector("main").ariaBusy;
    button.click();
    pressed(was);
  };
  look();
})"""


def rows(page: Page) -> list[str]:
    """The names in the table of customers, once it has any."""
    expect(page.locator("tbody td.who b").first).to_be_visible()
    return page.locator("tbody td.who b").all_inner_texts()


def test_the_list_is_found_again_by_its_address(product: Product, page: Page) -> None:
    sign_in(page, product.url)
    page.goto(f"{product.url}/customers")
    everybody = rows(page)
    page.get_by_role("search").get_by_role("button", name="Churn risk").click()
    page.get_by_role("menuitem", name="High").click()
    expect(page).to_have_url(re.compile("churn_risk=high"))
    page.get_by_role("button", name="Last purchase").click()
    expect(page).to_have_url(re.compile("sort=-last_purchase_at"))
    page.get_by_role("button", name="Next", exact=True).click()
    expect(page).to_have_url(re.compile("page=2"))
    second = rows(page)
    assert second != everybody
    page.reload()
    expect(page.get_by_text(re.compile(r"^26 to 50 of "))).to_be_visible()
    assert rows(page) == second

    page.locator("tbody tr a.go").nth(3).click()
    expect(page.get_by_role("heading", name=second[3])).to_be_visible()
    page.go_back()
    expect(page.get_by_text(re.compile(r"^26 to 50 of "))).to_be_visible()
    page.get_by_role("button", name="Remove filter Churn risk").click()
    expect(page.get_by_text(re.compile(r"^1 to 25 of "))).to_be_visible()

    # what is pressed before a page that is come back to has read its address waits, and is not undone by that
    page.goto(f"{product.url}/customers?churn_risk=high")
    page.locator("tbody tr a.go").nth(3).click()
    expect(page.get_by_role("heading", level=1)).not_to_have_text("Customers")
    assert page.evaluate(PRESS_WHILE_ARRIVING) == "true", "it is known not to have arrived"
    no_filter = page.get_by_role("button", name="Remove filter Churn risk")
    expect(no_filter).to_have_count(0)
    page.wait_for_timeout(500)
    expect(no_filter).to_have_count(0)
    expect(page).not_to_have_url(re.compile("churn_risk"))
    page.goto(f"{product.url}/customers?churn_risk=high")
    expect(page.locator("main[aria-busy=false]")).to_be_visible()
    page.evaluate("document.querySelector('main').ariaBusy = 'true'")
    no_filter.click()
    page.wait_for_timeout(500)
    expect(no_filter).to_have_count(1)
    page.evaluate("document.querySelector('main').ariaBusy = 'false'")
    expect(no_filter).to_have_count(0)
    search = page.get_by_role("searchbox", name="Name, e-mail, phone")
    search.press_sequentially("nobody by this name", delay=15)
    expect(page.get_by_text("Nobody matches")).to_be_visible()
    page.get_by_role("button", name="Show everybody").click()
    expect(search).to_have_value("")

    # what a menu's line opens has the keyboard, and asks before what was typed goes
    views = page.get_by_role("button", name="Views")
    views.focus()
    page.keyboard.press("Enter")
    expect(page.get_by_role("menuitem", name="Save this view")).to_be_visible()
    page.keyboard.press("Enter")
    name = page.get_by_role("dialog").get_by_label("Name")
    expect(name).to_be_focused()
    page.keyboard.type("Half a")
    page.keyboard.press("Escape")
    asked = page.get_by_role("alertdialog", name="Throw away what you typed?")
    asked.get_by_role("button", name="Keep editing").click()
    expect(name).to_be_focused()
    page.keyboard.type(" word")
    expect(name).to_have_value("Half a word")
    page.keyboard.press("Escape")
    asked.get_by_role("button", name="Throw away").click()
    expect(views).to_be_focused()

    page.get_by_label("Select this page").click()
    page.get_by_role("button", name="Choose all that match").click()
    bar = page.get_by_role("toolbar", name="Selected rows")
    page.get_by_role("button", name="Next", exact=True).click()
    expect(bar).not_to_contain_text("25 selected")
    bar.get_by_role("button", name="Add tag").click()
    dialog = page.get_by_role("dialog")
    dialog.get_by_role("textbox", name="Tag").fill("Everybody once")
    dialog.get_by_role("button", name="Do it").click()
    done = page.get_by_text(re.compile(r"^([\d,]+) of \1 done\.$"))
    expect(done).to_be_in_viewport(timeout=30_000)
    expect(done).to_have_count(1)
    shoot(page, "21-many-customers-changed")
    page.get_by_role("button", name="Excel").click()
    with page.expect_download() as file:
        page.get_by_role("link", name="Save the file").click(timeout=30_000)
    assert file.value.suggested_filename == "customers.xlsx"


def test_somebody_is_added_changed_and_deleted(product: Product, page: Page) -> None:
    sign_in(page, product.url)
    page.goto(f"{product.url}/customers")
    page.get_by_role("button", name="Add customer").click()
    form = page.get_by_role("dialog")
    form.get_by_label("Name").fill("Somebody")
    page.reload()
    expect(form).to_have_count(0)  # it would be open, and empty
    page.get_by_role("button", name="Add customer").click()
    form.get_by_label("Name").fill("Ada Vermouth")
    form.get_by_label("E-mail").fill("ada@@vermouth")
    form.get_by_label("Phone").fill("207 555 0188")
    # The browser has its own idea of an address; what the server says is what counts here.
    page.evaluate("document.getElementById('customer-form').noValidate = true")
    form.get_by_role("button", name="Add customer").click()
    expect(form.get_by_role("alert")).to_contain_text("not an e-mail address")
    form.get_by_label("E-mail").fill("ada@vermouth.example")
    form.get_by_role("button", name="Add customer").click()
    page.wait_for_url(re.compile(r"/customers/[0-9a-f-]{36}$"))
    expect(page.get_by_role("heading", name="Ada Vermouth")).to_be_visible()
    expect(page.get_by_text("+1 207-555-0188")).to_be_visible()

    page.get_by_role("button", name="Edit").click()
    form.get_by_label("City").fill("Portland")
    form.get_by_label("State").fill("ME")
    form.get_by_role("button", name="Save").click()
    expect(page.get_by_text("Portland, ME")).to_be_visible()

    page.get_by_role("button", name="Record").first.click()
    form.get_by_label("Where it came from").fill("form in the store")
    form.get_by_role("button", name="Record").click()
    expect(page.get_by_text("Form in the store").first).to_be_visible()
    shoot(page, "20-customer-added")

    page.locator(".ph").get_by_role("button", name="More").click()
    page.get_by_role("menuitem", name="Delete").click()
    page.get_by_role("alertdialog").get_by_role("button", name="Delete").click()
    page.wait_for_url(re.compile(r"/customers$"))


def test_a_segment_is_written_counted_and_saved(product: Product, page: Page) -> None:
    sign_in(page, product.url)
    page.goto(f"{product.url}/segments")
    page.get_by_role("link", name="New segment").click()
    page.get_by_label("Name", exact=True).fill("Beer people, worth it")
    page.get_by_label("What is asked").select_option("event:purchased")
    page.get_by_label("Category, empty for any").press_sequentially("Beer", delay=20)
    said = page.locator(".sticky .quote")  # beside the rule; where there is no room it stands below it
    expect(said).to_have_text("Bought Beer in the last 60 days.")
    page.get_by_role("button", name="Group", exact=True).click()
    page.get_by_role("button", name="Save segment").click()
    expect(page.get_by_text("Fill this in.").first).to_be_visible()
    page.get_by_label("What is asked").nth(1).select_option("field:total_spent")
    page.get_by_label("Number").press_sequentially("100", delay=20)
    expect(said).to_contain_text("total spent is at least $100.")
    shoot(page, "21-segment-builder")
    page.get_by_role("button", name="Save segment").click()
    page.wait_for_url(re.compile(r"/segments$"))
    card = page.locator("section.card", has_text="Beer people, worth it")
    expect(card.get_by_text("Counted just now")).to_be_visible(timeout=30_000)
    assert int(card.locator("b.t20").inner_text().replace(",", "")) > 0
    shoot(page, "22-segments")
    page.get_by_role("button", name="More about Beer people, worth it").click()
    page.get_by_role("menuitem", name="Delete").click()
    page.get_by_role("alertdialog").get_by_role("button", name="Delete").click()
    expect(card).to_have_count(0)


def test_a_file_is_matched_tried_imported_and_reported(product: Product, page: Page, tmp_path: Path) -> None:
    file = tmp_path / "till.csv"
    file.write_text(
        "Kunde;E-Mail;Mobile\nCy Porter;cy@porter.example;207 555 0190\nDee Sour;no address;\n", encoding="cp1252"
    )
    sign_in(page, product.url)
    page.goto(f"{product.url}/customers/import")
    chosen = page.get_by_label("File to import")
    expect(chosen).to_be_enabled()
    chosen.set_input_files(file)
    expect(page.get_by_text("Tried on the first 2 rows: 1 new and 1 refused")).to_be_visible()
    page.get_by_label("Becomes").first.select_option("name")
    expect(page.get_by_label("Becomes").first).to_have_value("name")  # and with it, Import waits for the look
    shoot(page, "23-import-match")
    page.get_by_role("button", name="Import", exact=True).click()
    expect(page.get_by_text("Imported: 1 of 2 rows.")).to_be_visible(timeout=60_000)
    shoot(page, "24-import-report")
    with page.expect_download() as download:
        page.get_by_text("Download refused rows").click()
    assert "not an e-mail address" in Path(download.value.path()).read_text(encoding="utf-8-sig")
