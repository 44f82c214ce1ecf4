"""The gallery in a real browser: one build on two ports, events, keyboard, weight, contrast, phone width."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, Request, Response, expect

from liquor_app.core.platform.frontend import ensure_built
from tests.browser import served
from tests.ui.page_weight import GROWTH, RECORDED, weights

pytestmark = [pytest.mark.e2e, pytest.mark.xdist_group("pages")]
AUDIT = (Path(__file__).parent / "audit.js").read_text()
BUDGET = 650_000


@pytest.fixture(scope="module")
def address() -> Iterator[str]:
    ensure_built()
    with served() as url:
        yield url


def test_one_build_serves_any_port(browser: Browser, address: str) -> None:
    with served() as second:
        assert second != address
        for url in (address, second):
            page = browser.new_page()
            foreign: list[str] = []

            def note_foreign(request: Request, own: str = url, found: list[str] = foreign) -> None:
                if not request.url.startswith((own, "data:")):
                    found.append(request.url)

            page.on("request", note_foreign)
            page.goto(f"{url}/_gallery")
            search = page.get_by_label("Name, e-mail, phone")
            search.press_sequentially("brand", delay=20)
            expect(page.locator("table", has_text="Customers").locator("tbody tr")).to_have_count(1)
            expect(search).to_have_value("brand")
            assert not foreign
            page.close()


def test_the_first_page_is_light(browser: Browser, address: str) -> None:
    page = browser.new_page()
    sizes: dict[str, int] = {}

    def weigh(response: Response) -> None:
        if response.url.endswith(".js"):
            sizes[response.url] = int(response.headers.get("content-length", 0))

    page.on("response", weigh)
    page.goto(f"{address}/_gallery")
    expect(page.locator(".js-plotly-plot").first).to_be_visible()
    assert 100_000 < sum(sizes.values()) <= BUDGET
    page.close()


def test_no_page_grows_unseen(address: str) -> None:
    """What a page asks for before anything is pressed, beside what was recorded (`python -m tests.ui.page_weight`)."""
    recorded, present = json.loads(RECORDED.read_text()), weights()
    assert set(recorded) == set(present), "record what a new page weighs"
    assert {route: kb for route, kb in present.items() if kb > recorded[route] + GROWTH} == {}


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", [1440, 1000, 390])
@pytest.mark.parametrize("route", ["/_gallery", "/_entry"])
def test_everyone_can_read_and_reach_it(browser: Browser, address: str, route: str, width: int, scheme: str) -> None:
    # Without motion: a colour on its way from one theme to the other is none that anybody reads by.
    context = browser.new_context(
        viewport={"width": width, "height": 900},
        color_scheme=scheme,  # type: ignore[arg-type]
        reduced_motion="reduce",
    )
    page = context.new_page()
    wrong: list[str] = []
    page.on("pageerror", lambda error: wrong.append(str(error)))
    page.goto(address + route)
    expect(page.locator("h1")).to_be_visible()
    if route == "/_gallery":
        expect(page.locator(".js-plotly-plot").first).to_be_visible()
    assert page.evaluate(AUDIT) == {"faint": [], "cut": [], "nameless": [], "twice": [], "wide": []}
    assert not wrong
    context.close()


def test_dialogs_keep_the_keyboard(browser: Browser, address: str) -> None:
    page = _gallery(browser, address)
    page.get_by_role("button", name="Erase…").focus()
    page.keyboard.press("Enter")
    question = page.get_by_role("alertdialog")
    do_it = question.get_by_role("button", name="Erase for good")
    expect(do_it).to_be_disabled()
    question.get_by_label("Type “erase” to go on").press_sequentially("erase")
    expect(do_it).to_be_enabled()
    page.keyboard.press("Escape")
    expect(question).to_be_hidden()
    expect(page.get_by_role("button", name="Erase…")).to_be_focused()
    page.close()


def test_the_palette_is_a_key_away(browser: Browser, address: str) -> None:
    page = _gallery(browser, address)
    page.keyboard.press("Control+k")
    palette = page.get_by_role("dialog", name="Search")
    expect(palette.get_by_label("Search")).to_be_focused()
    page.keyboard.press("ArrowDown")
    expect(palette.get_by_role("link", name="Marguerite Okafor")).to_be_focused()
    page.keyboard.press("ArrowUp")
    expect(palette.get_by_label("Search")).to_be_focused()
    page.close()


def test_theme_and_width_are_remembered(browser: Browser, address: str) -> None:
    page = _gallery(browser, address)
    page.get_by_role("button", name="Theme").click()
    page.get_by_role("button", name="Collapse").click()
    page.reload()
    expect(page.locator("html")).to_have_class("dark")
    expect(page.locator("html")).to_have_attribute("data-nav", "rail")
    page.close()


def test_a_lost_server_is_said_and_forgiven(browser: Browser) -> None:
    page = browser.new_page()
    with served() as url:
        page.goto(f"{url}/_gallery")
        expect(page.get_by_label("Name, e-mail, phone")).to_be_visible()
        assert page.get_by_text("No connection.").count() == 0
    expect(page.get_by_text("No connection.")).to_be_visible(timeout=20_000)
    page.close()


def test_an_unknown_address_is_a_404(browser: Browser, address: str) -> None:
    page = browser.new_page()
    answer = page.goto(f"{address}/no/such/page")
    assert answer is not None
    assert answer.status == 404
    expect(page.get_by_role("link", name="To the dashboard")).to_be_visible()
    page.close()


def _gallery(browser: Browser, address: str) -> Page:
    page = browser.new_page()
    page.goto(f"{address}/_gallery")
    expect(page.get_by_role("button", name="Notifications, 2 new")).to_be_visible()
    return page
