"""The clockwork: one line a scheduled job. Every one is safe to run twice and on several workers at once."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from functools import wraps
from typing import Any, cast

from arq import cron
from arq.typing import WorkerCoroutine
from sqlalchemy import text

from liquor_app.accounts.entry.access_links import forget_links
from liquor_app.accounts.entry.sign_in_attempts import forget_attempts
from liquor_app.accounts.permissions import SYSTEM
from liquor_app.accounts.sessions import forget_sessions
from liquor_app.analytics.cohorts import are_uncounted
from liquor_app.analytics.daily_rollups import uncounted_offers
from liquor_app.analytics.reviews.subscriptions import request_due_reviews
from liquor_app.core import queue
from liquor_app.core.clock import now
from liquor_app.core.db import transaction
from liquor_app.core.files.store import file_store
from liquor_app.core.queue import Job, enqueue
from liquor_app.core.security.call_origin import CLOCK, called_from
from liquor_app.imports.drop_folders.look import request_due_looks
from liquor_app.imports.tasks import forget_old_uploads
from liquor_app.organization.settings import shop_today
from liquor_app.planning.due_campaigns import request_firings, start_due
from liquor_app.privacy.erase import take_up_erasures
from liquor_app.providers.sender_check.sender_checks import request_daily_check
from liquor_app.scoring.tasks import score_waiting
from liquor_app.sending.sign_up.confirm_sign_up import forget_sign_ups
from liquor_app.webhooks.outbox import request_due_deliveries


async def sweep_jobs(context: dict[str, Any]) -> int:
    """Ring again for jobs whose ring was lost or whose worker died."""
    return await queue.sweep()


async def start_due_campaigns(context: dict[str, Any]) -> int:
    """Start approved campaigns whose first day has come."""
    async with transaction() as session:
        return await start_due(session, SYSTEM)


async def fire_triggers(context: dict[str, Any]) -> int:
    """Each minute: triggered campaigns take up what happened."""
    async with transaction() as session:
        return await request_firings(session)


async def refresh_knowledge(context: dict[str, Any]) -> None:
    """Each night: score everybody; segments follow from there."""
    async with transaction() as session:
        night = (await shop_today(session)).isoformat()
        await enqueue(session, Job.SCORE_CUSTOMERS, {"then_segments": True}, dedupe_key=night)


async def look_for_doubles(context: dict[str, Any]) -> None:
    """Each night: profiles that may be one person."""
    async with transaction() as session:
        await enqueue(session, Job.FIND_DOUBLES, dedupe_key="all")


async def check_senders(context: dict[str, Any]) -> None:
    """Each day: SPF, DKIM and DMARC of the domains we send as."""
    async with transaction() as session:
        await request_daily_check(session)


async def look_for_restocked(context: dict[str, Any]) -> None:
    """Each five minutes: what people waited for and is back in stock."""
    async with transaction() as session:
        await enqueue(session, Job.TELL_RESTOCKED, dedupe_key="all")


async def score_touched(context: dict[str, Any]) -> bool:
    """Each minute: score those whose purchases changed and whose turn was missed."""
    return await score_waiting()


async def read_holdout(context: dict[str, Any]) -> None:
    """Each hour: what the people left out of every campaign do beside everybody else."""
    async with transaction() as session:
        await enqueue(session, Job.READ_HOLDOUT, dedupe_key="cron")


async def learn_uplift(context: dict[str, Any]) -> None:
    """Each night: what messages changed, of those whose window is over."""
    async with transaction() as session:
        await enqueue(session, Job.LEARN_UPLIFT, dedupe_key="cron")


async def judge_ab_tests(context: dict[str, Any]) -> None:
    """Each ten minutes: A/B tests that are under way."""
    async with transaction() as session:
        await enqueue(session, Job.JUDGE_AB_TESTS, dedupe_key="cron")


async def forget_files(context: dict[str, Any]) -> int:
    """Each day: what imports left behind and nobody needs any longer, and stored files past their time."""
    return await forget_old_uploads() + await file_store().expire()


async def look_at_drop_folders(context: dict[str, Any]) -> int:
    """Each minute: drop folders whose time has come, and those that were silent for too long."""
    async with transaction() as session:
        return await request_due_looks(session)


async def read_callbacks(context: dict[str, Any]) -> None:
    """Each minute: provider callbacks whose job was lost, or whose next try is due."""
    async with transaction() as session:
        waiting = await session.execute(
            text("SELECT EXISTS (SELECT FROM webhook_receipts WHERE processed_at IS NULL AND due_at <= now())")
        )
        if waiting.scalar_one():
            await enqueue(session, Job.PROCESS_WEBHOOKS, dedupe_key="all")


async def deliver_events(context: dict[str, Any]) -> bool:
    """Each half minute: events whose job was lost, or whose next try is due."""
    async with transaction() as session:
        return await request_due_deliveries(session)


async def forget_sign_ins(context: dict[str, Any]) -> None:
    """Each ten minutes: failed sign-ins that no longer count, and sessions that ended long ago."""
    async with transaction() as session:
        await forget_attempts(session)
        await forget_sessions(session)
        await forget_links(session)


async def forget_unconfirmed(context: dict[str, Any]) -> int:
    """Each hour: what was typed on a sign-up page and nobody confirmed within a week."""
    async with transaction() as session:
        return await forget_sign_ups(session)


async def forget_what_is_past(context: dict[str, Any]) -> None:
    """Each night: rows kept for as long as they should be."""
    async with transaction() as session:
        await enqueue(session, Job.APPLY_RETENTION, dedupe_key="cron")


async def take_up_open_erasures(context: dict[str, Any]) -> int:
    """Each ten minutes: erasures that were asked for and could not be ended."""
    async with transaction() as session:
        return await take_up_erasures(session, now() - timedelta(minutes=10))


async def make_partitions(context: dict[str, Any]) -> None:
    """Each day: the next months' partitions of the time series."""
    async with transaction() as session:
        await session.execute(
            text("SELECT ensure_partitions(CAST(now() AS date), CAST(now() + interval '3 months' AS date))")
        )


async def roll_up_today(context: dict[str, Any]) -> None:
    """Each minute: the daily rollups dashboards read."""
    async with transaction() as session:
        await enqueue(session, Job.ROLL_UP, dedupe_key="cron")


async def count_months(context: dict[str, Any]) -> None:
    """Each night: cohorts, with what was told late of last month."""
    async with transaction() as session:
        await enqueue(session, Job.COUNT_COHORTS, dedupe_key="cron")


async def mail_reviews(context: dict[str, Any]) -> int:
    """Each hour: reviews of weeks and months that are over, to who asked for them, once the shop's morning has come."""
    async with transaction() as session:
        return await request_due_reviews(session)


async def count_first_months(context: dict[str, Any]) -> None:
    """At a start: what a shop that was there before never had counted; the night may be far."""
    async with transaction() as session:
        if await are_uncounted(session):
            await enqueue(session, Job.COUNT_COHORTS, dedupe_key="cron")
        if since := await uncounted_offers(session):
            await enqueue(session, Job.ROLL_UP, {"since": since.isoformat()}, dedupe_key="offers")


def _at(task: Callable[..., Any], **when: Any) -> Any:
    @wraps(task)
    async def tick(context: dict[str, Any]) -> Any:
        with called_from(CLOCK):
            return await task(context)

    return cron(cast(WorkerCoroutine, tick), **when)


CRON = [
    _at(sweep_jobs, second={0, 10, 20, 30, 40, 50}, run_at_startup=True),
    _at(start_due_campaigns, second=5),
    _at(fire_triggers, second=25),
    _at(roll_up_today, second=15),
    _at(score_touched, second=25),
    _at(read_holdout, minute=41, second=45, run_at_startup=True),
    _at(count_months, hour=6, minute=20),
    _at(count_first_months, hour=6, minute=19, run_at_startup=True),
    _at(mail_reviews, minute=12, second=20),
    _at(learn_uplift, hour=6, minute=50),
    _at(judge_ab_tests, minute=set(range(6, 60, 10)), second=40),
    _at(forget_files, hour=5, minute=11),
    _at(forget_what_is_past, hour=5, minute=31),
    _at(look_at_drop_folders, second=20),
    _at(read_callbacks, second=35),
    _at(deliver_events, second={10, 40}),
    _at(forget_sign_ins, minute=set(range(3, 60, 10)), second=50),
    _at(take_up_open_erasures, minute=set(range(4, 60, 10)), second=30),
    _at(forget_unconfirmed, minute=27, second=55),
    _at(make_partitions, hour=0, minute=7, run_at_startup=True),
    _at(refresh_knowledge, hour=7, minute=30),
    _at(look_for_doubles, hour=8, minute=30),
    _at(look_for_restocked, minute=set(range(2, 60, 5)), second=40),
    _at(check_senders, hour=9, minute=17),
]
