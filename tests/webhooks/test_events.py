"""What happens in the shop is written down for those who asked, once, and says nothing of people."""

from __future__ import annotations

import json
from typing import Any

import pytest
from sqlalchemy import text

from liquor_app.accounts.permissions import SYSTEM
from liquor_app.campaigns.models import CampaignStatus
from liquor_app.campaigns.service import lock_campaign, move_campaign
from liquor_app.core.db import transaction
from liquor_app.core.ids import uuid7
from liquor_app.imports.models import ImportStatus
from liquor_app.imports.tasks import conclude
from liquor_app.imports.uploads import add_upload
from liquor_app.webhooks.endpoints import create_endpoint
from liquor_app.webhooks.models import ASKED_FOR
from tests.api.client import Client
from tests.api.conftest import admin, anybody, http, manager, password_hash
from tests.api.test_webhooks import mailgun, process, sent, shop, tell
from tests.people import add_campaign

__all__ = ["admin", "anybody", "http", "manager", "password_hash"]

pytestmark = pytest.mark.integration

ADA = {"name": "Ada Lovelace", "email": "ada@example.com", "phone": "+12075550101"}


@pytest.fixture
async def told(admin: Client) -> None:
    """Somebody asked for everything."""
    async with transaction() as session:
        await create_endpoint(session, SYSTEM, url="https://hooks.example.com/all", events=ASKED_FOR)


async def events() -> list[tuple[str, dict[str, Any]]]:
    async with transaction() as session:
        found = await session.execute(text("SELECT type, payload FROM webhook_events ORDER BY id"))
        written = [(row.type, json.loads(row.payload)) for row in found]
    assert all(kind == said["type"] for kind, said in written)
    whole = json.dumps(written)
    assert not any(word in whole for word in ("Ada", "ada@example.com", "+12075550101", "Bath")), "nobody's data"
    return [(kind, said["data"]) for kind, said in written]


async def test_customers_purchases_and_suppressions(told: None, admin: Client) -> None:
    made = (await admin.post("/customers", json=ADA)).json()["id"]
    path = f"/customers/{made}"
    for _ in range(2):  # the same again changes nothing
        assert (await admin.patch(path, json={"city": "Bath"})).status_code == 200
    order = {
        "order_id": "A-1", "email": ADA["email"], "occurred_at": "2026-11-02T10:00:00Z",
        "lines": [{"amount": "12.50", "quantity": 1, "product": "Rye"}],
    }  # fmt: skip
    for _ in range(2):
        bought = (await admin.post("/purchases", json=order)).json()
    for _ in range(2):
        assert (await admin.post("/suppressions", json={"addresses": [ADA["email"]]})).status_code < 300
    kinds = await events()
    assert [kind for kind, _ in kinds] == [
        "customer.created", "customer.updated", "purchase.created", "suppression.added",
    ]  # fmt: skip
    assert kinds[0][1] == {"customer_id": made}
    assert kinds[1][1] == {"customer_id": made, "fields": ["city"]}
    assert kinds[2][1] == {"purchase_id": bought["id"], "order_id": "A-1", "customer_id": made, "total": "12.50"}
    assert (kinds[3][1]["customer_id"], kinds[3][1]["reason"]) == (made, "manual")


async def test_what_providers_say_of_messages(told: None, admin: Client) -> None:
    """However often they say it: once that it is delivered, once that it came back and that its address is given up."""
    await shop()
    (arrived, reader, _), (back, stranger, _) = await sent(email="ada@example.com"), await sent(email="bo@example.com")
    gone = {"severity": "permanent", "reason": "bounce", "delivery-status": {"code": 550, "message": "no such user"}}
    for _ in range(2):
        told_of = await tell(admin, mailgun("delivered", arrived), mailgun("failed", back, **gone))
        assert told_of == [200, 200]
        await process()
    kinds = await events()
    assert sorted(kind for kind, _ in kinds) == ["send.bounced", "send.delivered", "suppression.added"]
    data = dict(kinds)
    assert (data["send.delivered"]["send_id"], data["send.delivered"]["customer_id"]) == (str(arrived), str(reader))
    assert (data["send.bounced"]["send_id"], data["send.bounced"]["customer_id"]) == (str(back), str(stranger))
    assert data["suppression.added"]["reason"] == "bounced"


async def test_what_is_refused_is_not_told(told: None, admin: Client) -> None:
    assert (await admin.post("/customers", json={"name": "Ada", "email": "no"})).status_code == 422
    assert (await admin.post("/purchases", json={"order_id": "A-1"})).status_code == 422
    assert await events() == []


async def test_campaigns(told: None, admin: Client) -> None:
    async with transaction() as session:
        campaign_id = await add_campaign(session, ["loyal"], name="Autumn")
        campaign = await lock_campaign(session, campaign_id)
        for status in (
            CampaignStatus.AWAITING_APPROVAL, CampaignStatus.SCHEDULED, CampaignStatus.ACTIVE, CampaignStatus.PAUSED,
            CampaignStatus.ACTIVE, CampaignStatus.COMPLETED,
        ):  # fmt: skip
            await move_campaign(session, SYSTEM, campaign, status)
    assert await events() == [
        ("campaign.approved", {"campaign_id": str(campaign_id), "status": "scheduled"}),
        ("campaign.finished", {"campaign_id": str(campaign_id), "status": "completed"}),
    ]


async def test_imports(told: None, admin: Client) -> None:
    import_id = uuid7()
    async with transaction() as session:
        await add_upload(
            session, SYSTEM, import_id=import_id, kind="customers", file_name="Ada.csv", file_key=uuid7().hex
        )
        await session.execute(text("UPDATE imports SET status = 'running' WHERE id = :id"), {"id": import_id})
        await conclude(session, SYSTEM, import_id, ImportStatus.COMPLETED)
    ((kind, said),) = await events()
    assert (kind, said["import_id"], said["status"], said["created"]) == (
        "import.finished", str(import_id), "completed", 0,
    )  # fmt: skip
