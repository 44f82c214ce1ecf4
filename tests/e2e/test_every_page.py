"""Every page of the product in a real browser, opened once: it works under the content security policy, and can be read
and named wide, in the dark and on a phone. What recipients see, too."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from liquor_app.liquor_app import PAGES
from liquor_app.rest.pages.age_gate_page import age_gate_page
from liquor_app.sending.recipients.page_branding import Look
from liquor_app.sending.tracking.age_gate import Gate
from tests.e2e.conftest import Product, settle, shoot, sign_in

pytestmark = pytest.mark.e2e
PAGES_PRODUCT, WEEKS_PRODUCT = pytest.mark.xdist_group("pages"), pytest.mark.xdist_group("week")

AUDIT = (Path(__file__).parents[1] / "ui" / "audit.js").read_text()
CLEAN: dict[str, list[str]] = {"faint": [], "cut": [], "nameless": [], "twice": [], "wide": []}
LOOKS = ((1440, "light"), (1440, "dark"), (768, "dark"), (390, "dark"))
"""Each changes one thing of the last: colours are the same at every width."""
WORDS = {
    "/customers": "Churn risk",
    "/customers/[customer_id]": "Why these scores",
    "/segments": "Champions",
    "/segments/[slug]": "of 1,",
    "/customers/import": "Drop a file here",
    "/templates": "Win-back, SMS",
    "/settings/channels": "Sender health",
    "/settings/law": "TCPA",
    "/customers/suppressed": "Suppression list",
}
"""What stands on a page once its data are there."""
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


def routes(product: Product) -> dict[str, str]:
    """Every page of the product by its pattern, those of one thing with one that is there."""
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
    return {
        page.route: re.sub(r"\[(\w+)\]", lambda found: first.get(found[1], first["slug"]), page.route) for page in PAGES
    }


@PAGES_PRODUCT
def test_the_audit_sees_text_that_is_cut(page: Page) -> None:
    """Off any side of a box that hides it, its own or one around it, and over what stands beside it; not what can be
    scrolled to, says that it goes on, or floats above."""
    words = "Blanche de Bourgogne, demi-bouteille"
    shown = "white-space:nowrap;width:60px;"
    page.set_content(
        f"<p style='{shown}overflow:hidden'>{words} 1</p>"
        f"<div style='width:60px;overflow:clip'><p style='white-space:nowrap'>{words} 2</p></div>"
        f"<div style='height:20px;overflow:hidden'><p style='margin:0;width:60px'>{words} 3</p></div>"
        f"<p style='{shown}overflow:hidden;text-overflow:ellipsis'>{words} 4</p>"
        f"<p style='{shown}overflow:hidden' title='{words}'>{words} 5</p>"
        f"<div style='width:60px;overflow:hidden'><p style='{shown}overflow:auto'>{words} 6</p></div>"
        f"<p style='overflow:hidden'>{words} 7</p>"
        f"<div style='display:flex;width:60px'><b style='white-space:nowrap'>{words} 8</b></div>"
        f"<div style='position:relative;width:60px'><i style='position:absolute;white-space:nowrap'>{words} 9</i></div>"
    )
    cut = page.evaluate(AUDIT)["cut"]
    assert [one[-1] for one in cut] == ["1", "2", "3", "8"], cut


def audited(page: Page, patience: int = 10) -> object:
    """What a reader would trip over once the page has taken a new width or colours: charts are drawn anew."""
    seen: object = page.evaluate(AUDIT)
    for _ in range(patience):
        if seen == CLEAN:
            break
        page.wait_for_timeout(150)
        seen = page.evaluate(AUDIT)
    return seen


@pytest.mark.parametrize(
    "half", [pytest.param(0, marks=PAGES_PRODUCT), pytest.param(1, marks=WEEKS_PRODUCT)], ids=["one", "other"]
)
def test_every_page_keeps_the_policy_and_can_be_read(product: Product, page: Page, half: int) -> None:
    """Half of the pages before each of the two products that stand side by side."""
    told: list[str] = []
    page.on("console", lambda message: told.append(message.text) if "VIOLATION" in message.text else None)
    page.add_init_script(WATCH)
    page.emulate_media(color_scheme="light", reduced_motion="reduce")
    sign_in(page, product.url)
    every = routes(product)
    assert len(every) >= 40
    assert set(WORDS) <= set(every)
    found = dict(list(every.items())[half::2])
    unread: list[str] = []
    for pattern, route in found.items():
        answer = page.goto(f"{product.url}{route}")
        assert answer is not None
        assert "script-src 'self' 'unsafe-eval' 'sha256-" in answer.headers["content-security-policy"], route
        assert answer.headers["x-frame-options"] == "DENY"
        expect(page.locator("main").first).to_be_visible()
        if pattern in WORDS:
            expect(page.get_by_text(WORDS[pattern]).locator("visible=true").first).to_be_visible()
        settle(page)
        for width, scheme in LOOKS:
            page.set_viewport_size({"width": width, "height": 900})
            page.emulate_media(color_scheme=scheme)  # type: ignore[arg-type]
            page.wait_for_function("scheme => document.documentElement.classList.contains(scheme)", arg=scheme)
            if (seen := page.evaluate(AUDIT)) != CLEAN:
                unread += [f"{pattern} {width} {scheme}: {kind} {one}" for kind, them in seen.items() for one in them]
            shoot(page, f"25-{width}-{scheme}{pattern.replace('/', '-')}")
        page.set_viewport_size({"width": 1440, "height": 900})
        assert not told, (route, told)
    assert not unread, "\n".join(unread)
    for route in list(found.values())[::6]:  # from what the browser kept
        page.goto(f"{product.url}{route}")
        page.reload()
        expect(page.locator("main").first).to_be_visible()
        settle(page)
        assert not told, (route, told)
    page.goto(f"{product.url}{every['/templates/[template_id]']}")
    expect(page.frame_locator("iframe").locator("body")).not_to_be_empty()
    page.goto(f"{product.url}/docs")
    assert not told, told


@PAGES_PRODUCT
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


@PAGES_PRODUCT
def test_what_strangers_see_on_a_phone(product: Product, page: Page) -> None:
    """From the served product: read, named, filled in and sent by keyboard alone, under a policy of its own."""
    page.set_viewport_size({"width": 390, "height": 900})
    api = product.api()
    brand = api.get("/settings/brands").json()[0]["id"]
    links = {"terms_url": "https://shop.example.com/terms", "privacy_url": "https://shop.example.com/privacy"}
    joined = api.patch(f"/settings/sign-up/{brand}", json={"is_open": True, **links}).json()["address"]
    api.close()
    answer = page.goto(joined)
    assert answer is not None
    assert "default-src 'none'" in answer.headers["content-security-policy"], "the app's own is not put over it"
    assert page.evaluate(AUDIT) == CLEAN
    for keys in ("Tab", "Ines", "Tab", "ines@porter.example", "Tab", " "):
        page.keyboard.press("Tab") if keys == "Tab" else page.keyboard.type(keys)
    assert page.locator("input[name=want_email]").is_checked()
    page.get_by_label("Date of birth").focus()
    page.keyboard.type("05061984")
    page.wait_for_timeout(3200)  # a machine's keyboard is quicker than the form takes
    page.get_by_role("button", name="Sign me up").press("Enter")
    expect(page.get_by_role("heading", name="One more step")).to_be_visible()
    assert page.evaluate(AUDIT) == CLEAN
    page.set_content(bytes(age_gate_page(Gate(Look("Harbor & Vine"), 21, "Maine")).body).decode())
    assert page.evaluate(AUDIT) == CLEAN
    page.keyboard.press("Tab")
    expect(page.get_by_role("button", name="Yes, I am 21 or older")).to_be_focused()
    page.keyboard.press("Tab")
    expect(page.get_by_role("button", name="No", exact=True)).to_be_focused()
