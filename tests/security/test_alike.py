"""Whoever may not, learns nothing: every route with an id answers of one that is there as of one that is nobody's."""

from __future__ import annotations

import re
from typing import Any

import pytest

from liquor_app.accounts.api_keys import create_api_key
from liquor_app.accounts.models import Role
from liquor_app.accounts.permissions import SYSTEM
from liquor_app.core.db import transaction
from liquor_app.core.ids import uuid7
from tests.api.client import Client, whole_api
from tests.privacy.test_every_column import add_row, columns, database, loosen
from tests.security.test_generated import NOBODY, Shop, Spec, shop

__all__ = ["database", "shop"]
pytestmark = pytest.mark.integration

THINGS = {
    "/api/v1/allocations": "allocations",
    "/api/v1/analytics/learning/rules": "cell_rules",
    "/api/v1/coupon-pools": "coupon_pools",
    "/api/v1/custom-fields": "custom_fields",
    "/api/v1/doubles": "likely_doubles",
    "/api/v1/drop-files": "drop_files",
    "/api/v1/drop-folders": "drop_sources",
    "/api/v1/imports": "imports",
    "/api/v1/merges": "customer_merges",
    "/api/v1/products": "products",
    "/api/v1/replies": "replies",
    "/api/v1/saved-views": "saved_views",
    "/api/v1/sends": "sends",
    "/api/v1/settings/compliance/rules": "compliance_rules",
    "/api/v1/settings/sign-up": "brands",
    "/api/v1/users/me/passkeys": "passkeys",
    "/api/v1/users/me/sessions": "browser_sessions",
    "/api/v1/webhook-deliveries": "webhook_deliveries",
    "/api/v1/webhook-endpoints": "webhook_endpoints",
}
"""Tables of what a shop in use has, and the shop of these tests has not; whose they are is nobody's here."""
ONES_OWN = ("/api/v1/saved-views", "/api/v1/users/me/passkeys", "/api/v1/users/me/sessions")
"""Of these everybody has some, and may read no others."""
NOT_KEPT = {"/api/v1/analytics/policies/{policy}", "/api/v1/files/{token}", "/api/v1/webhooks/{provider}"}
"""What stands in their address is no number of something kept; links to files: `tests/api/test_files.py`."""


async def stocked(shop: Shop) -> Shop:
    """With one of everything that has an id."""
    await loosen()
    held = await columns()
    for number, (listed, table) in enumerate(THINGS.items()):
        given: dict[str, Any] = {"key": "grape"} if table == "custom_fields" else {"id": uuid7()}
        owned = {"user_id": uuid7()} if any(one.column_name == "user_id" for one in held[table]) else {}
        await add_row(table, held[table], number, **given, **owned)
        shop.known[listed] = str(next(iter(given.values())))
    return shop


async def weak(admin: Client) -> Client:
    """A key of an admin that may see coupons, and nothing else."""
    async with transaction() as session:
        secret = await create_api_key(session, SYSTEM, name="weak", role=Role.ADMIN, areas=["coupons:read"])
    return Client(admin.http, {"X-API-Key": secret})


def told(answer: Any, path: str) -> tuple[int, str]:
    """What is told, without what it was asked for and the number of the request."""
    body = re.sub(r'"request_id":"[^"]*"', "", answer.text)
    for part in path.split("/"):
        body = body.replace(part, "ID") if len(part) > 20 else body
    return answer.status_code, body


async def test_what_is_there_is_refused_as_what_is_not(
    shop: Shop, admin: Client, manager: Client, viewer: Client
) -> None:
    await stocked(shop)
    told_apart, tried, refused = [], set(), 0
    callers = {"viewer": viewer, "marketer": manager, "weak key": await weak(admin)}
    for method, template, operation in Spec(whole_api().openapi()).operations():
        if "{" not in template or template in NOT_KEPT:
            continue
        there = await shop.fill(template)
        nobodys = re.sub(r"\{(\w+)\}", lambda found: "1" if found[1] == "version" else str(uuid7()), template)
        tried |= {template} if NOBODY not in there else set()
        options = {"json": {}} if "requestBody" in operation else {}
        for who, client in callers.items():
            for headers in ({}, {"If-Match": '"x"'}):
                one, other = [
                    told(await client.call(method, path, headers=headers, **options), path) for path in (there, nobodys)
                ]
                if {one[0], other[0]} & {401, 403} or template.startswith(ONES_OWN):
                    refused += 1
                    if one != other:
                        told_apart.append((who, method, template, one, other))
    assert told_apart == []
    missing = {path for path in whole_api().openapi()["paths"] if "{" in path} - NOT_KEPT - tried
    assert missing == set(), "a route with an id: put its table among THINGS"
    assert refused > 300
