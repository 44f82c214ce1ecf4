"""The same verb for many rows: who may, which rows, what becomes of each, and what does not."""

from __future__ import annotations

import sys
from dataclasses import replace
from datetime import date
from typing import Any
from uuid import UUID

import pytest
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

from liquor_app.accounts.bulk_actions import MOST_OPEN, BulkList, Verb, bulk_task, request_bulk
from liquor_app.accounts.list_exports import request_export
from liquor_app.accounts.models import Role
from liquor_app.accounts.permissions import SYSTEM, Actor, ActorKind
from liquor_app.campaigns.lists import CAMPAIGN_ACTIONS, CAMPAIGNS
from liquor_app.campaigns.service import create_campaign
from liquor_app.core.db import transaction
from liquor_app.core.errors import AppError, Conflict, Forbidden, Invalid
from liquor_app.core.ids import uuid7
from liquor_app.core.listing.selection import MOST_NAMED, MOST_SELECTED, Selection, selection_of
from liquor_app.core.listing.spec import ListQuery
from liquor_app.core.models import JobStatus
from liquor_app.core.queue import Job, JobContext, JobRow, get_job, request_cancel, run
from liquor_app.segments.lists import CUSTOMER_ACTIONS, list_customers
from tests.collisions import rival
from tests.kept_rows import shipped_segments
from tests.lists.contract import declared
from tests.people import add_customer, add_user, ensure_shop
from worker.settings import LISTS, TASKS

pytestmark = pytest.mark.integration
VIEWER = Actor(ActorKind.USER, uuid7(), "Vi", Role.USER)


async def campaigns(*statuses: str) -> list[UUID]:
    async with transaction() as session:
        await ensure_shop(session)
        await shipped_segments(session)
        made = [
            (await create_campaign(session, SYSTEM, name=f"Week {number}", target_segments=["at_risk"],
                                   start_date=date(2027, 1, 4))).id
            for number in range(len(statuses))
        ]  # fmt: skip
        for campaign, status in zip(made, statuses, strict=True):
            await session.execute(
                text("UPDATE campaigns SET status = :status WHERE id = :id"), {"status": status, "id": campaign}
            )
        return made


async def statuses() -> dict[UUID, str]:
    async with transaction() as session:
        return {row.id: row.status for row in await session.execute(text("SELECT id, status FROM campaigns"))}


async def asked(
    actor: Actor, action: str, chosen: Selection, bulk: BulkList = CAMPAIGN_ACTIONS, value: str = ""
) -> UUID:
    async with transaction() as session:
        return await request_bulk(session, actor, bulk, action, chosen, value=value)


async def ended(job: UUID, tasks: Any = TASKS) -> JobRow:
    await run(job, tasks)
    async with transaction() as session:
        return await get_job(session, job)


async def test_each_row_is_held_to_its_own_transitions(database: str) -> None:
    active, paused, over, draft, left_out = await campaigns("active", "paused", "completed", "draft", "active")
    everything = Selection(but=(left_out,), at_most=5)
    job = await ended(await asked(SYSTEM, "pause", everything))
    assert job.status is JobStatus.SUCCEEDED
    assert job.result is not None
    assert (job.result["rows"], job.result["done"], job.result["refused"]) == (4, 1, 3)
    assert sum(one["rows"] for one in job.result["reasons"]) == 3
    assert all(one["reason"] for one in job.result["reasons"])
    found = await statuses()
    assert [found[one] for one in (active, paused, over, draft, left_out)] == [
        "paused", "paused", "completed", "draft", "active"
    ]  # fmt: skip
    assert (job.done, job.total, job.message) == (4, 4, "1 done, 3 refused")

    job = await ended(await asked(SYSTEM, "delete", Selection(ids=(draft, over))))
    assert job.result is not None
    assert (job.result["done"], "Only drafts" in job.result["reasons"][0]["reason"]) == (1, True)
    assert draft not in await statuses()
    async with transaction() as session:
        log = await session.execute(
            text("SELECT action FROM audit_log WHERE entity IN ('job', 'campaign') ORDER BY at, id")
        )
        actions = list(log.scalars())
    assert [one for one in actions if one in {"campaigns.pause_asked", "campaign.paused", "campaign.deleted"}] == [
        "campaigns.pause_asked", "campaign.paused", "campaign.deleted"
    ]  # fmt: skip


async def test_who_may_not_gets_nothing_done(database: str) -> None:
    (campaign,) = await campaigns("active")
    with pytest.raises(Forbidden):
        await asked(VIEWER, "cancel", Selection(ids=(campaign,)))
    # the role is asked again when the work is done, not only when it was asked for
    manager = await add_user(Role.MANAGER)
    job = await asked(manager, "cancel", Selection(ids=(campaign,)))
    async with transaction() as session:
        await session.execute(text("UPDATE users SET role = 'user' WHERE id = :id"), {"id": manager.id})
    after = await ended(job)
    assert (after.status, "needs the role" in (after.error or "")) == (JobStatus.FAILED, True)
    gone = await add_user(Role.MANAGER)
    job = await asked(gone, "cancel", Selection(ids=(campaign,)))
    async with transaction() as session:
        await session.execute(text("UPDATE users SET is_active = false WHERE id = :id"), {"id": gone.id})
    assert (await ended(job)).status is JobStatus.FAILED
    async with transaction() as session:
        key = (await session.execute(text("INSERT INTO api_keys (name, prefix, key_hash, role) VALUES ('till', 'lk_x',"
                                          " 'y', 'manager') RETURNING id"))).scalar_one()  # fmt: skip
    program = Actor(ActorKind.API_KEY, key, "till", Role.MANAGER)
    first, second = [await asked(program, "pause", Selection(ids=(campaign,))) for _ in range(2)]
    async with transaction() as session:
        await session.execute(text("UPDATE api_keys SET revoked_at = now() WHERE id = :id"), {"id": key})
    assert (await ended(first)).status is JobStatus.FAILED
    assert await statuses() == {campaign: "active"}
    async with transaction() as session:
        await session.execute(text("UPDATE api_keys SET revoked_at = NULL WHERE id = :id"), {"id": key})
    assert (await ended(second)).status is JobStatus.SUCCEEDED
    assert await statuses() == {campaign: "paused"}


async def test_what_has_come_to_match_since_was_chosen_by_nobody(database: str) -> None:
    first = await campaigns("draft", "draft")
    drafts = Selection(filters={"status": "draft"}, at_most=2)
    job = await asked(SYSTEM, "delete", drafts)
    third = await campaigns("draft")
    after = await ended(job)
    assert (after.status, "More rows match" in (after.error or "")) == (JobStatus.FAILED, True)
    assert set(await statuses()) == {*first, *third}
    with pytest.raises(Conflict, match="More rows match"):
        await asked(SYSTEM, "delete", drafts)


@pytest.mark.parametrize(
    ("given", "field"),
    [
        ({}, "at_most"),
        ({"filters": {"status": "draft"}}, "at_most"),
        ({"filters": {"status": "draft"}, "at_most": MOST_SELECTED + 1}, "at_most"),
        ({"at_most": "many"}, "at_most"),
        ({"ids": [str(uuid7()) for _ in range(MOST_NAMED + 1)]}, "ids"),
        ({"ids": ["1; DROP TABLE campaigns"]}, "ids"),
        ({"ids": "all"}, "ids"),
        ({"ids": [str(uuid7())], "search": "x"}, "ids"),
        ({"but": [str(uuid7()) for _ in range(MOST_NAMED + 1)], "at_most": 5}, "but"),
        ({"filters": {"password_hash": "x"}, "at_most": 5}, "password_hash"),
        ({"filters": {"picked": "x"}, "at_most": 5}, "picked"),
        ({"filters": {"status": "no such status"}, "at_most": 5}, "status"),
        ({"filters": {"status": ["draft"]}, "at_most": 5}, "filters"),
        ({"filters": "x", "at_most": 5}, "filters"),
        ({"search": "a\x00b", "at_most": 5}, "search"),
    ],
)
def test_a_selection_that_makes_no_sense_is_refused(given: dict[str, Any], field: str) -> None:
    with pytest.raises(Invalid) as caught:
        selection_of(CAMPAIGNS, given)
    assert caught.value.field == field


async def test_rows_that_are_not_there_are_not_made(database: str) -> None:
    (campaign,) = await campaigns("active")
    with pytest.raises(Invalid, match="None of the chosen"):
        await asked(SYSTEM, "cancel", Selection(ids=(uuid7(),)))
    with pytest.raises(Invalid, match="action must be one of"):
        await asked(SYSTEM, "erase", Selection(ids=(campaign,)))
    async with transaction() as session:
        there, gone = await add_customer(session), await add_customer(session)
        await session.execute(text("UPDATE customers SET deleted_at = now() WHERE id = :id"), {"id": gone})
    job = await ended(await asked(SYSTEM, "tag", Selection(ids=(there, gone)), CUSTOMER_ACTIONS, " Wine  club "))
    assert job.result is not None
    assert (job.result["rows"], job.result["done"]) == (1, 1)
    with pytest.raises(Invalid) as caught:
        await asked(SYSTEM, "tag", Selection(ids=(there,)), CUSTOMER_ACTIONS, "a,b")
    assert caught.value.field == "value"
    async with transaction() as session:
        tagged = await list_customers(session, SYSTEM, ListQuery({"tag": "Wine club"}))
        assert [row.id for row in tagged.items] == [there]
    again = await ended(await asked(SYSTEM, "tag", Selection(ids=(there,)), CUSTOMER_ACTIONS, "Wine club"))
    assert again.result is not None
    assert again.result["reasons"] == [{"reason": "They have this tag already.", "rows": 1}]
    await ended(await asked(SYSTEM, "untag", Selection(search="ada", at_most=9), CUSTOMER_ACTIONS, "Wine club"))
    async with transaction() as session:
        assert (await list_customers(session, SYSTEM, ListQuery({"tag": "Wine club"}))).items == []


def test_every_list_with_verbs_is_known_to_the_worker() -> None:
    found = {
        id(value)
        for where in declared()
        for value in vars(sys.modules[where.rpartition(".")[0]]).values()
        if isinstance(value, BulkList)
    }
    assert found == {id(one) for one in LISTS}


@pytest.mark.parametrize(
    ("bulk", "verb"),
    [(bulk, verb) for bulk in LISTS for verb in bulk.verbs],
    ids=lambda one: one.name if isinstance(one, Verb) else "",
)
async def test_no_viewer_does_anything(session: AsyncSession, bulk: BulkList, verb: Verb) -> None:
    with pytest.raises(Forbidden):
        await request_bulk(session, VIEWER, bulk, verb.name, Selection(at_most=5), value="x")
    with pytest.raises(Forbidden):
        await verb.work(session, VIEWER, [uuid7()], "x")


async def test_nobody_fills_the_queue(session: AsyncSession) -> None:
    one = Selection(ids=(await add_customer(session),))
    for _ in range(MOST_OPEN):
        await request_bulk(session, SYSTEM, CUSTOMER_ACTIONS, "tag", one, value="x")
        await request_export(session, SYSTEM, CUSTOMER_ACTIONS.spec, ListQuery())
    with pytest.raises(Conflict, match="under way"):
        await request_bulk(session, SYSTEM, CUSTOMER_ACTIONS, "tag", one, value="x")
    with pytest.raises(Conflict, match="under way"):
        await request_export(session, SYSTEM, CUSTOMER_ACTIONS.spec, ListQuery())


async def test_stopped_half_way_what_is_done_is_done(database: str) -> None:
    ids = await campaigns("active", "active", "active")
    pause = replace(CAMPAIGN_ACTIONS.verb("pause"), at_once=1)

    async def pause_and_stop(*given: Any) -> Any:
        outcome = await pause.work(*given)
        async with transaction() as session:
            await request_cancel(session, job)
        return outcome

    stopping = BulkList(CAMPAIGNS, (replace(pause, work=pause_and_stop),))
    job = await asked(SYSTEM, "pause", Selection(ids=tuple(ids)))
    after = await ended(job, {Job.CHANGE_ROWS: bulk_task([stopping])})
    assert after.status is JobStatus.CANCELLED
    assert sorted((await statuses()).values()) == ["active", "active", "paused"]


@pytest.mark.parametrize("wrong", [{}, {"list": "users"}, {"list": "campaigns", "action": "erase"}])
async def test_a_job_with_other_arguments_does_nothing(database: str, wrong: dict[str, Any]) -> None:
    job = JobContext(uuid7(), Job.CHANGE_ROWS, wrong, 1, None)
    with pytest.raises(AppError):
        await TASKS[Job.CHANGE_ROWS](job)
    forged = {"list": "campaigns", "action": "cancel", "chosen": {"at_most": 5}, "actor": ["user", str(uuid7())]}
    with pytest.raises(Forbidden):
        await TASKS[Job.CHANGE_ROWS](replace(job, args=forged))


async def test_a_step_that_collides_is_done_again_and_counted_once(database: str) -> None:
    ids = await campaigns("active", "active")
    pause = CAMPAIGN_ACTIONS.verb("pause")
    async with rival(database) as other:
        await other.hold("UPDATE settings SET value = value WHERE key = 'planning'")
        rivals = [other]

        async def pause_in_the_way(session: AsyncSession, *given: Any) -> Any:
            outcome = await pause.work(session, *given)
            if rivals:
                await rivals.pop().want("UPDATE campaigns SET name = name")
            await session.execute(text("UPDATE settings SET value = value WHERE key = 'planning'"))
            return outcome

        hindered = BulkList(CAMPAIGNS, (replace(pause, work=pause_in_the_way, at_once=1),))
        job = await asked(SYSTEM, "pause", Selection(ids=tuple(ids)))
        after = await ended(job, {Job.CHANGE_ROWS: bulk_task([hindered])})
        await other.done()
    assert after.status is JobStatus.SUCCEEDED
    assert after.result is not None
    assert (after.result["done"], after.result["refused"]) == (2, 0)
