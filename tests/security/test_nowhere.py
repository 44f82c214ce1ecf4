"""One customer who lives nowhere stops nobody else's messages, whatever a program or an older version stored."""

from __future__ import annotations

import pytest

from liquor_app.accounts.permissions import SYSTEM
from liquor_app.core.db import transaction
from liquor_app.core.errors import Invalid
from liquor_app.customers.consents import record_consent
from liquor_app.customers.editing.change_customer import create_customer, update_customer
from liquor_app.customers.models import ConsentStatus
from liquor_app.organization.models import Channel
from liquor_app.sending.pipeline.dispatch import Dispatcher
from tests.sending.test_pump import execute, outbox, sends, shop

pytestmark = pytest.mark.integration

NOWHERE = ["Mars/Base", "../../etc/passwd", "America", "a" * 200, "posix/America/New_York", "\u0130stanbul", "EST5"]


@pytest.mark.parametrize("zone", NOWHERE)
async def test_a_zone_there_is_not_is_no_customers(database: str, zone: str) -> None:
    async with transaction() as session:
        with pytest.raises(Invalid) as refused:
            await create_customer(session, SYSTEM, {"email": "a@x.example", "timezone": zone})
        assert refused.value.field == "timezone"
        person = await create_customer(session, SYSTEM, {"email": "b@x.example", "timezone": "America/Denver"})
        with pytest.raises(Invalid):
            await update_customer(session, SYSTEM, person.id, {"timezone": zone})


@pytest.mark.parametrize("channel", list(Channel))
async def test_one_who_lives_nowhere_stops_nobody(database: str, channel: Channel) -> None:
    """Before: ZoneInfoNotFoundError, and every message of the shop stayed where it was."""
    places = [(zone, None, None) for zone in NOWHERE]
    places += [
        ("", "Narnia", "ZZZZ"),
        ("America/Chicago", "\x01", "00000"),
        ("UTC", "x" * 200, "-1"),
        (None, "", "9" * 40),
    ]
    campaign, people = await shop(len(places) + 2, channel=channel.value)
    for person, (zone, state, code) in zip(people, places, strict=False):
        await execute(
            "UPDATE customers SET timezone = :zone, state = :state, postal_code = :code WHERE id = :id",
            id=person, zone=zone, state=state, code=code,
        )  # fmt: skip
    await Dispatcher().pump_once()
    kept = {one.customer_id: one.status for one in await sends(campaign)}
    assert {kept[person] for person in people[-2:]} == {"sent"}
    assert set(kept.values()) <= {"sent", "pending", "skipped"}
    assert await outbox() >= 2


@pytest.mark.parametrize("source", ["", "  ", "\u200b", " \u2060\u00ad ", "."])
async def test_a_yes_from_nowhere_is_none(database: str, source: str) -> None:
    async with transaction() as session:
        person = await create_customer(session, SYSTEM, {"email": "a@x.example"})
        with pytest.raises(Invalid, match="where"):
            await record_consent(
                session, SYSTEM, person.id, channel=Channel.EMAIL, status=ConsentStatus.GIVEN, source=source
            )
