"""A passkey in a real browser: its own authenticator makes one, and signs in with it."""

from __future__ import annotations

import re

import pytest
from playwright.sync_api import Page, expect

from tests.e2e.conftest import PASSWORD, Product, shoot, sign_in

pytestmark = [pytest.mark.e2e, pytest.mark.xdist_group("pages")]

DEVICE = {
    "protocol": "ctap2", "transport": "internal", "hasResidentKey": True, "hasUserVerification": True,
    "isUserVerified": True, "automaticPresenceSimulation": True,
}  # fmt: skip


def test_somebody_adds_a_passkey_and_signs_in_with_it(product: Product, page: Page) -> None:
    url = product.url.replace("127.0.0.1", "localhost")
    device = page.context.new_cdp_session(page)
    device.send("WebAuthn.enable")
    made = device.send("WebAuthn.addVirtualAuthenticator", {"options": DEVICE})

    sign_in(page, url)
    page.goto(f"{url}/profile")
    card = page.locator("section.card", has=page.get_by_role("heading", name="Passkeys"))
    expect(card.get_by_text("You have none yet")).to_be_visible()
    card.get_by_label("Name").fill("Test key")
    card.get_by_label("Present password").fill("not it at all")
    card.get_by_role("button", name="Add a passkey").click()
    expect(card.get_by_role("alert")).to_contain_text("Your present password is wrong.")
    card.get_by_label("Present password").fill(PASSWORD)
    card.get_by_role("button", name="Add a passkey").click()
    expect(page.get_by_text("Your passkey is added")).to_be_visible()
    expect(card.get_by_text("Test key")).to_be_visible()
    expect(card.get_by_text("Not used yet")).to_be_visible()
    shoot(page, "23-a-passkey")
    page.wait_for_url(re.compile("/profile$"))
    page.reload()
    expect(card.get_by_text("Test key")).to_be_visible()
    expect(page.get_by_text("Your passkey is added")).to_have_count(0)  # it is told once

    page.context.clear_cookies()
    page.goto(f"{url}/login?next=/profile")
    page.get_by_role("button", name="Sign in with a passkey").click()
    page.wait_for_url(re.compile("/profile$"))
    expect(card.get_by_text("Used just now")).to_be_visible()

    card.get_by_role("button", name="More about Test key").click()
    page.get_by_role("menuitem", name="Rename").click()
    page.get_by_role("dialog").get_by_label("Name").fill("Other key")
    page.get_by_role("dialog").get_by_role("button", name="Save").click()
    expect(card.get_by_text("Other key")).to_be_visible()
    card.get_by_role("button", name="More about Other key").click()
    page.get_by_role("menuitem", name="Remove").click()
    page.get_by_role("dialog").get_by_role("button", name="Remove").click()
    expect(card.get_by_text("You have none yet")).to_be_visible()

    page.context.clear_cookies()
    page.goto(f"{url}/login")
    page.get_by_role("button", name="Sign in with a passkey").click()
    expect(page.get_by_role("alert").first).to_contain_text("This passkey was not accepted")
    device.send("WebAuthn.removeVirtualAuthenticator", {"authenticatorId": made["authenticatorId"]})
    page.goto(f"{product.url}/login")
    page.wait_for_load_state("networkidle")
    page.get_by_role("button", name="Sign in with a passkey").click()
    expect(page.get_by_text("Passkeys do not work at this address")).to_be_visible()
