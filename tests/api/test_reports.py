"""Reports over the API: read by everybody, fetched as a file by whoever asked for it."""

from __future__ import annotations

from datetime import timedelta

import pytest

from liquor_app.core.clock import travel
from liquor_app.core.db import transaction
from tests.analytics.test_figures import NOON, TODAY
from tests.analytics.test_reports import FIRST, week
from tests.api.client import Client

pytestmark = pytest.mark.integration


@pytest.mark.parametrize("form", ["csv", "xlsx"])
async def test_a_report_is_fetched_by_whoever_asked(viewer: Client, manager: Client, form: str) -> None:
    with travel(NOON):
        async with transaction() as session:
            await week(session)
    asked = {"report": "campaigns", "format": form, "start": str(FIRST), "end": str(TODAY - timedelta(days=1))}
    made = await viewer.post("/reports/export", json=asked)
    assert (made.status_code, made.json()["rows"]) == (201, 2)
    path = made.json()["url"].removeprefix("/api/v1")
    fetched = await viewer.get(path)
    assert fetched.status_code == 200
    assert made.json()["name"].endswith(f".{form}")
    if form == "csv":
        assert fetched.content.decode("utf-8-sig").startswith("Campaign,Status,")
    assert (await manager.get(path)).status_code == 403, "a link is its own person's"
    shown = (await viewer.get("/reports/campaigns", params={"start": str(FIRST), "end": asked["end"]})).json()
    assert [row["attributed_revenue"] for row in shown["rows"]] == ["30.00", "12.00"]
    assert (await viewer.get("/reports/segments")).status_code == 200
    assert (await viewer.post("/reports/export", json={**asked, "format": "exe"})).status_code == 422
    assert (await viewer.get("/reports/campaigns", params={"start": "2026-02-31"})).status_code == 422
