"""A sign-up page that is open, and people who use it."""

from __future__ import annotations

import re
from datetime import timedelta
from html import unescape
from typing import Any

import httpx
from sqlalchemy import text

from liquor_app.accounts.permissions import SYSTEM
from liquor_app.core.clock import now, travel
from liquor_app.core.db import transaction
from liquor_app.core.queue import run as run_job
from liquor_app.sending.sign_up.sign_up_pages import save_sign_up_page
from worker.settings import TASKS

PAGES = {"terms_url": "https://shop.example.com/terms", "privacy_url": "https://shop.example.com/privacy"}
JOIN = "/join/harbor-vine"
ADULT = {"born": "1984-05-06"}
EMAIL = {"email": "Ines@Example.com", "want_email": "yes", **ADULT}
PHONE = {"phone": "(207) 200-0042", "want_phone": "yes", **ADULT}


async def open_sign_up(**changes: Any) -> None:
    """The sample brand's page, with what texts need."""
    async with transaction() as session:
        await save_sign_up_page(session, SYSTEM, None, {"is_open": True, **PAGES, **changes})


def token_in(page: httpx.Response) -> str:
    found = re.search(r"name=form value='([^']+)'", page.text)
    assert found, page.text
    return unescape(found[1])


async def fill_in(http: httpx.AsyncClient, fields: dict[str, str], **headers: str) -> httpx.Response:
    """Open the page, take a while, send the form."""
    with travel(now() - timedelta(seconds=30)):
        shown = await http.get(JOIN)
    assert shown.status_code == 200, shown.text
    sent = {"form": token_in(shown), **fields}
    return await http.post(JOIN, data=sent, headers={"user-agent": "Phone/1", **headers})


async def work() -> None:
    """Run what was asked for, as a worker does."""
    async with transaction() as session:
        found = await session.execute(text("SELECT id FROM jobs WHERE status = 'queued' ORDER BY id"))
        ids = list(found.scalars())
    for one in ids:
        await run_job(one, TASKS)
