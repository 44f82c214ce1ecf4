"""What the ledger refuses to write, whoever asks."""

from __future__ import annotations

from datetime import UTC, datetime
from decimal import Decimal
from uuid import UUID

import pytest
from sqlalchemy import text

from liquor_app.core.db import transaction
from liquor_app.core.errors import Conflict
from liquor_app.core.ids import uuid7, uuid7_time
from liquor_app.ledger.models import SendStatus
from liquor_app.ledger.send_status import Conversion, Fate, change_fates, mark_converted, settle_send

pytestmark = pytest.mark.integration

AT = datetime(2026, 11, 25, 18, tzinfo=UTC)


async def add_send(status: SendStatus) -> UUID:
    send_id = uuid7()
    async with transaction() as session:
        await session.execute(
            text(
                "INSERT INTO sends (id, created_at, channel, recipient, status, not_before)"
                " VALUES (:id, :at, 'email', 'm@example.com', :status, now())"
            ),
            {"id": send_id, "at": uuid7_time(send_id), "status": status.value},
        )
    return send_id


async def status_of(send_id: UUID) -> str:
    async with transaction() as session:
        found = await session.execute(text("SELECT status FROM sends WHERE id = :id"), {"id": send_id})
        return str(found.scalar_one())


@pytest.mark.parametrize("after", [SendStatus.SENDING, SendStatus.PENDING, SendStatus.FAILED])
async def test_no_fate_takes_back_a_delivery(database: str, after: SendStatus) -> None:
    send_id = await add_send(SendStatus.DELIVERED)
    with pytest.raises(Conflict, match="delivered cannot become"):
        async with transaction() as session:
            await change_fates(session, {send_id: (Fate(SendStatus.DELIVERED), Fate(after))})
    assert await status_of(send_id) == "delivered"


async def test_what_is_known_is_not_settled_by_hand(database: str) -> None:
    send_id = await add_send(SendStatus.COMPLAINED)
    with pytest.raises(Conflict, match="complained cannot become sent"):
        async with transaction() as session:
            await settle_send(session, send_id, SendStatus.COMPLAINED, was_sent=True, note="")
    assert await status_of(send_id) == "complained"


async def test_a_message_converts_once(database: str) -> None:
    send_id = await add_send(SendStatus.SENT)
    first = Conversion(send_id, AT, Decimal("12.50"), False)
    async with transaction() as session:
        assert await mark_converted(session, [first]) == {send_id}
    async with transaction() as session:
        assert await mark_converted(session, [first]) == set()
