"""What is on its way when somebody asks to be forgotten, or not to be profiled, does not leave."""

from __future__ import annotations

from typing import Any

import pytest
from sqlalchemy import text

from liquor_app.accounts.permissions import SYSTEM
from liquor_app.actions.generate import generate_actions
from liquor_app.core.db import transaction
from liquor_app.core.queue import Job
from liquor_app.customers.erasing.models import Ground
from liquor_app.customers.objections import record_objection
from liquor_app.privacy.erase import request_erasure
from liquor_app.sending.pipeline.dispatch import Dispatcher
from tests.actions.test_actions import audience
from tests.people import add_campaign, add_customer, ensure_shop
from tests.privacy.planted import run_jobs, scalar
from tests.sending.test_pump import outbox, sends, shop

pytestmark = pytest.mark.integration


@pytest.mark.parametrize("is_scrubbed", [False, True])
async def test_erased_between_the_claim_and_the_fence(
    database: str, monkeypatch: pytest.MonkeyPatch, is_scrubbed: bool
) -> None:
    """Rendered already, address and words in the worker's hands: the fence lets the others through alone."""
    campaign, people = await shop(3)
    paced = Dispatcher._paced

    async def late(self: Dispatcher, *given: Any) -> Any:
        async with transaction() as session:
            await request_erasure(session, SYSTEM, people[0], ground=Ground.ASKED, confirmed=True)
        if is_scrubbed:
            await run_jobs(Job.ERASE_PERSON)
        return await paced(self, *given)

    monkeypatch.setattr(Dispatcher, "_paced", late)
    await Dispatcher().pump_once()
    assert {row.customer_id: row.status for row in await sends(campaign)} == {
        people[0]: "cancelled", people[1]: "sent", people[2]: "sent",
    }  # fmt: skip
    assert await outbox() == 2
    if is_scrubbed:
        assert [row.recipient for row in await sends(campaign) if row.customer_id == people[0]] == [""]


async def test_an_objection_between_the_claim_and_the_fence(database: str, monkeypatch: pytest.MonkeyPatch) -> None:
    campaign, people = await shop(2)
    paced = Dispatcher._paced

    async def late(self: Dispatcher, *given: Any) -> Any:
        async with transaction() as session:
            await record_objection(session, SYSTEM, people[0], objects=True)
        return await paced(self, *given)

    monkeypatch.setattr(Dispatcher, "_paced", late)
    await Dispatcher().pump_once()
    assert await outbox() == 1
    monkeypatch.setattr(Dispatcher, "_paced", paced)
    await Dispatcher().pump_once()
    rows = {row.customer_id: (row.status, row.skip_reason) for row in await sends(campaign)}
    assert rows[people[0]] == ("skipped", "objected_to_profiling")
    assert await outbox() == 1


async def test_a_plan_leaves_out_who_objects_with_a_reason_of_its_own(database: str) -> None:
    async with transaction() as session:
        await ensure_shop(session)
        objects, other = await add_customer(session), await add_customer(session)
        await record_objection(session, SYSTEM, objects, objects=True)
        campaign = await add_campaign(session, await audience(session))
        await generate_actions(session, SYSTEM, campaign)
        found = await session.execute(text("SELECT DISTINCT customer_id FROM actions"))
        assert list(found.scalars()) == [other]
    assert await scalar("SELECT reason FROM exclusions WHERE customer_id = :id", id=objects) == "objected_to_profiling"
