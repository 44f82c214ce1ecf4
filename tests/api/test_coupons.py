"""Coupon pools, brands and uncounted customers over HTTP and on their pages."""

from __future__ import annotations

from typing import Any

import pytest

from liquor_app.accounts.models import Role
from liquor_app.accounts.permissions import SYSTEM, Actor, ActorKind
from liquor_app.core.db import transaction
from liquor_app.coupons.coupon_pools import add_codes, create_pool
from liquor_app.screens.campaigns.detail.coupons_state import CodesState
from liquor_app.screens.coupons.pools.state import PoolsState
from tests.api.client import Client, is_problem
from tests.factories import add_people, add_played_campaign, open_shop
from tests.tabs import Tab, run, said

pytestmark = pytest.mark.integration

MARKETER = Actor(ActorKind.USER, None, "Dana", Role.MANAGER)
VIEWER = Actor(ActorKind.USER, None, "Vi", Role.USER)
AUTUMN = {"name": "Autumn", "discount_pct": "10", "low_water": 1}


async def test_a_pool_from_list_and_file(manager: Client, viewer: Client) -> None:
    is_problem(await viewer.post("/coupon-pools", json=AUTUMN), 403, "forbidden")
    is_problem(
        await manager.post("/coupon-pools", json={**AUTUMN, "discount_pct": "0"}), 422, "rule.value", "discount_pct"
    )
    made = await manager.post("/coupon-pools", json=AUTUMN)
    assert made.status_code == 201
    pool = made.json()
    is_problem(await manager.post("/coupon-pools", json=AUTUMN), 409, "rule.taken", "name")
    url = f"/coupon-pools/{pool['id']}"
    done = (await manager.post(f"{url}/codes", json={"codes": ["AAA-1", "AAA-1", "??"]})).json()
    assert {name: done[name] for name in ("added", "repeated", "refused")} == {"added": 1, "repeated": 1, "refused": 1}
    assert done["examples"] == [{"line": 3, "text": "??"}]
    lines = "Code;Note\n" + "".join(f"F-{number:05};x\n" for number in range(3000)) + "AAA-1\n"
    files = {"file": ("codes.csv", lines.encode("utf-16"))}
    is_problem(await viewer.post("/coupon-pools/file", data={"pool_id": pool["id"]}, files=files), 403, "forbidden")
    is_problem(await manager.post("/coupon-pools/file", data={"pool_id": "x"}, files=files), 422, "invalid", "pool_id")
    is_problem(await manager.post("/coupon-pools/file", data={"pool_id": pool["id"]}), 422, "invalid", "file")
    done = (await manager.post("/coupon-pools/file", data={"pool_id": pool["id"]}, files=files)).json()
    assert (done["added"], done["known"]) == (3000, 1)
    odd = {"file": ("codes.bin", b"\xff\xfe\x00\x00\n\x00")}
    is_problem(
        await manager.post("/coupon-pools/file", data={"pool_id": pool["id"]}, files=odd), 422, "rule.value", "codes"
    )
    assert (await viewer.get(url)).json() == {**pool, "total": 3001, "remaining": 3001, "is_low": False}
    changed = await manager.patch(url, json={"is_standing": True, "low_water": 5000})
    assert (changed.json()["is_standing"], changed.json()["is_low"]) == (True, True)
    assert (await manager.post(f"{url}/discard")).json()["total"] == 0
    assert (await manager.delete(url)).status_code == 204
    is_problem(await manager.get(url), 404, "not_found")


async def ready() -> tuple[Any, Any]:
    """A plan of three that waits, and a pool of two codes for it."""
    async with transaction() as session:
        await open_shop(session)
        pool = await create_pool(session, SYSTEM, name="Autumn", discount_pct=10)
        await add_codes(session, SYSTEM, pool.id, ["AAA-1", "AAA-2"])
        campaign = await add_played_campaign(session, await add_people(session, 3), status="awaiting_approval")
    return campaign, pool.id


async def test_a_campaign_chooses_and_is_told_what_is_missing(manager: Client, viewer: Client) -> None:
    campaign, pool = await ready()
    url = f"/campaigns/{campaign}/codes"
    (need,) = (await viewer.get(url)).json()
    assert (need["messages"], need["pool_id"], need["missing"]) == (3, None, 0)
    choice = {"discount_pct": "10", "pool_id": str(pool)}
    is_problem(await viewer.post(url, json=choice), 403, "forbidden")
    (need,) = (await manager.post(url, json=choice)).json()
    assert (need["pool_name"], need["remaining"], need["missing"]) == ("Autumn", 2, 1)
    is_problem(await manager.post(url, json={**choice, "discount_pct": "15"}), 422, "rule.value", "pool_id")
    is_problem(await manager.delete(f"/coupon-pools/{pool}"), 409, "rule.state")
    missing = "/campaigns/018f0000-0000-7000-8000-000000000000/codes"
    is_problem(await viewer.get(missing), 404, "not_found")
    tab = Tab(f"/campaigns/{campaign}", MARKETER)
    state = await tab.state(CodesState)
    await run(CodesState.load, state)
    assert [line.trouble for line in state.lines] == ["“Autumn” has 2 codes for 3 messages: 1 will be skipped."]
    assert "Codes chosen" in said(await run(CodesState.choose, state, "10", ""))
    assert (state.lines[0].pool, state.lines[0].trouble) == ("", "")
    tab.actor = VIEWER
    assert "role" in said(await run(CodesState.choose, await tab.state(CodesState), "10", str(pool)))


async def test_the_page_of_the_pools(database: str) -> None:
    tab = Tab("/coupons", MARKETER)
    state = await tab.state(PoolsState)
    await run(PoolsState.load, state)
    await run(PoolsState.ask, state, "new", "")
    await run(PoolsState.save, state, {"name": "", "discount_pct": "10", "low_water": "1"})
    assert "name" in state.errors
    await run(PoolsState.save, state, {"name": "Autumn", "discount_pct": "10", "low_water": "1", "is_standing": "yes"})
    assert (state.asking, state.rows[0].worth, state.rows[0].standing) == ("add", "10% off", True)
    await run(PoolsState.paste, state, {"codes": "?"})
    assert "no code in it" in state.errors["codes"]
    told = said(await run(PoolsState.paste, state, {"codes": "AAA-1\nAAA-2\nAAA-1\nno good"}))
    assert "2 codes added" in told
    assert state.report == "1 code stood in the list twice; 1 line held no code, such as line 4 “no good”."
    for answer in (None, [], {"added": "x"}, {"detail": "Too large."}):
        await run(PoolsState.sent, state, answer)
        assert state.errors["codes"]
    counts = {"added": 1, "repeated": 0, "known": 0, "beyond": 0, "refused": 0}
    assert "1 code added" in said(await run(PoolsState.sent, state, counts))
    assert state.rows[0].left == "2", "figures are read anew, never believed"
    assert "2 codes discarded" in said(await run(PoolsState.discard, state))
    assert "deleted" in said(await run(PoolsState.delete, state))
    tab.actor = VIEWER
    state = await tab.state(PoolsState)
    await run(PoolsState.ask, state, "new", "")
    assert "role" in said(await run(PoolsState.save, state, {"name": "X", "discount_pct": "5", "low_water": "1"}))


async def test_a_brand_and_a_customer_over_the_api(admin: Client, manager: Client, viewer: Client) -> None:
    is_problem(await viewer.get("/settings/brands"), 403, "forbidden")
    (brand,) = (await manager.get("/settings/brands")).json()
    url = f"/settings/brands/{brand['id']}"
    is_problem(await manager.patch(url, json={"name": "Mine"}), 403, "forbidden")
    is_problem(await admin.patch(url, json={"logo_url": "http://x.example/a.png"}), 422, "rule.value", "logo_url")
    is_problem(await admin.patch(url, json={"name": None}), 422, "invalid")
    changed = await admin.patch(url, json={"header": "band", "track_clicks": False, "reply_to": None})
    assert changed.json() == {**brand, "header": "band", "track_clicks": False}
    made = (await manager.post("/customers", json={"email": "ann@example.com"})).json()
    assert made["no_tracking"] is False
    one = f"/customers/{made['id']}"
    assert (await manager.patch(one, json={"no_tracking": True})).json()["no_tracking"] is True
    is_problem(await manager.patch(one, json={"no_tracking": None}), 422, "invalid")
