"""An empty shop: whoever reads the console becomes the admin, and nobody after that."""

from __future__ import annotations

import re
import signal
from pathlib import Path

import httpx
import pytest
from playwright.sync_api import Page, expect

from liquor_app.core.platform.child_process import free_port
from tests.e2e.conftest import shoot, start, wait_until_ready

pytestmark = [pytest.mark.e2e, pytest.mark.xdist_group("pages")]


def test_whoever_reads_the_console_sets_the_shop_up(data_root: Path, page: Page) -> None:
    port = free_port()
    url = f"http://127.0.0.1:{port}"
    process, log = start(data_root / "bare", port, LIQUOR_SAMPLE="0", LIQUOR_ADMIN_PASSWORD="")
    try:
        wait_until_ready(process, url, log)
        page.goto(url)
        page.wait_for_url(re.compile("/setup"))
        console = re.search(r"Set-up code:\s+([A-Z2-7]{4}(?:-[A-Z2-7]{4}){3})", log.read_text())
        assert console is not None, log.read_text()
        page.fill("#setup_code", "AAAA-BBBB-CCCC-DDDD")
        page.fill("#email", "eve@example.com")
        page.fill("#password", "correct-horse-battery")
        page.click("button[type=submit]")
        expect(page.get_by_role("alert")).to_contain_text("set-up code is wrong")
        page.fill("#setup_code", console[1].lower())
        page.fill("#full_name", "Dana Ruiz")
        page.fill("#email", "dana@example.com")
        page.fill("#password", "short")
        page.click("button[type=submit]")
        expect(page.get_by_role("alert")).to_contain_text("10 to 200 characters")
        page.fill("#setup_code", console[1])
        page.fill("#full_name", "Dana Ruiz")
        page.fill("#email", "dana@example.com")
        page.fill("#password", "correct-horse-battery")
        shoot(page, "20-first-admin")
        page.click("button[type=submit]")
        page.wait_for_url(f"{url}/")
        expect(page.get_by_text("Nothing under way")).to_be_visible()
        shoot(page, "21-an-empty-dashboard")
        second = httpx.post(
            f"{url}/session/first-admin",
            data={"email": "eve@example.com", "password": "correct-horse-battery", "setup_code": console[1]},
            headers={"Origin": url},
            follow_redirects=False,
        )
        assert "already%20set%20up" in second.headers["location"]
        assert "set-cookie" not in second.headers
    finally:
        process.send_signal(signal.SIGTERM)
        process.wait(10)
