"""A template is written in a real browser: the preview follows, a mistake has its line, a version is kept."""

from __future__ import annotations

import re

import pytest
from playwright.sync_api import Browser, Page, expect

from liquor_app.organization.channel import Channel
from liquor_app.templates.rendering.render import Legal, TemplateSource, compile_template, render_message
from tests.e2e.conftest import Product, shoot, sign_in

pytestmark = [pytest.mark.e2e, pytest.mark.xdist_group("week")]
LEGAL = Legal("Brand", "1 Main St", "", "21 and over.", 21, "https://example.com/u", disclosure="Terms.")
# each of them in a sheet that stays in the letter, where what the inliner does is no help
DRESSED = [
    "body{background:#63635e!important}", "body,body *{background:#21201c!important;color:#21201c!important}",
    "body>div:last-child{background:#63635e;rotate:90deg!important;scale:0!important}",
    "a{background:#63635e!important}",
    "div{translate:-9999px!important;mix-blend-mode:screen!important}", "div{background-clip:text!important}",
    "a,div{font-size-adjust:.01!important;font-weight:100!important}", "*{content-visibility:hidden!important}",
    "html,body{scale:0!important;translate:-9999px!important;rotate:90deg!important;mix-blend-mode:screen!important}",
    "div,a{text-shadow:0 0 9px #63635e!important;line-height:0!important;contain:size!important}",
]  # fmt: skip
SEEN = """() => {
  const parse = (text) => text.match(/[\\d.]+/g).map(Number);
  const light = ([r, g, b]) => [r, g, b].map((v) => (v /= 255) <= .03928 ? v / 12.92 : ((v + .055) / 1.055) ** 2.4)
    .reduce((sum, v, i) => sum + v * [.2126, .7152, .0722][i], 0);
  const seen = (el) => {
    const style = getComputedStyle(el), box = el.getBoundingClientRect();
    let ground = el;
    while (ground && (parse(getComputedStyle(ground).backgroundColor)[3] ?? 1) < 1) ground = ground.parentElement;
    const [a, b] = [style.color, ground ? getComputedStyle(ground).backgroundColor : "rgb(255,255,255)"]
      .map((c) => light(parse(c)));
    const at = document.elementFromPoint(box.left + box.width / 2, box.top + box.height / 2);
    return box.width > 20 && box.height > 10 && box.left >= 0 && !!at && (at === el || el.contains(at))
      && parseFloat(style.fontSize) >= 12 && style.mixBlendMode === "normal" && style.backgroundClip === "border-box"
      && style.contentVisibility === "visible" && style.textShadow === "none"
      && (Math.max(a, b) + .05) / (Math.min(a, b) + .05) >= 4.5;
  };
  const below = [...document.querySelectorAll("body > div:nth-last-of-type(-n+2)")];
  const way = below[1].querySelector("a:last-of-type");
  way.scrollIntoView();
  return [...below, way].map(seen);
}"""


def made(design: str) -> str:
    return render_message(compile_template(TemplateSource(Channel.EMAIL, "Hi", design, "Hi")), {}, LEGAL).html or ""


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


def test_no_sheet_takes_the_colour_or_the_place_of_the_footer(browser: Browser) -> None:
    """A body of the footer's own grey hid the way out: the words were there, and nobody could read them."""
    page = browser.new_page(viewport={"width": 600, "height": 500})
    page.set_content(made("<body style='background:#63635e'>x</body>"))
    told = {"inline": page.evaluate(SEEN)}
    for sheet in DRESSED:
        page.set_content(made(f"<head><style>@media all{{{sheet}}}</style></head><body>x</body>"))
        told[sheet] = page.evaluate(SEEN)
    page.close()
    assert told == {sheet: [True, True, True] for sheet in told}
