"""Jobs: launching a campaign, and playing its week."""

from __future__ import annotations

import logging
from dataclasses import asdict
from datetime import datetime
from typing import Any

from liquor_app.accounts.entry.told_changes import TOLD
from liquor_app.accounts.models import LinkKind
from liquor_app.accounts.permissions import SYSTEM
from liquor_app.core.db import transaction
from liquor_app.core.errors import AppError, Invalid
from liquor_app.core.ids import parse_id
from liquor_app.core.lease import JobLost
from liquor_app.core.platform.collisions import again
from liquor_app.core.queue import Job, JobContext, Task
from liquor_app.core.security.redact import describe
from liquor_app.sending import fast_forward, staff_mail
from liquor_app.sending.events.inbox import BATCH, process_receipts, set_aside
from liquor_app.sending.models import ErrandStatus
from liquor_app.sending.pipeline.launch import launch_campaign
from liquor_app.sending.recipients import transactional
from liquor_app.sending.staff_mail import prepare_access_mail, tell_unmailed
from liquor_app.sending.tracking.conversions import attribute_purchases
from liquor_app.templates.test_messages import hand_over_trial

log = logging.getLogger(__name__)

MOST_ASIDE = 50
"""Events a job sets aside before it says that something else is wrong."""


async def launch(job: JobContext) -> dict[str, Any]:
    """Put a campaign's actions into the ledger."""
    campaign_id = parse_id(str(job.args.get("campaign_id", "")), "campaign_id")
    async with transaction() as session:
        return asdict(await launch_campaign(session, SYSTEM, campaign_id))


async def play_week(job: JobContext) -> dict[str, Any]:
    """Run a sandbox campaign's own clock to the end of its week."""
    campaign_id = parse_id(str(job.args.get("campaign_id", "")), "campaign_id")
    seconds = job.args.get("seconds", fast_forward.DEFAULT_SECONDS)
    if not isinstance(seconds, int | float) or not 0 <= seconds <= 3600:
        raise Invalid("seconds must lie between 0 and 3600", field="seconds")
    return await fast_forward.play_week(job, campaign_id, float(seconds))


async def attribute(job: JobContext) -> dict[str, Any]:
    """Tie purchases to the messages that brought them, of `customer_ids` or of everybody."""
    given = job.args.get("customer_ids")
    ids = [parse_id(str(one), "customer_ids") for one in given] if isinstance(given, list) else None
    async with transaction() as session:
        return {"conversions": await attribute_purchases(session, SYSTEM, ids)}


async def process_webhooks(job: JobContext) -> dict[str, Any]:
    """Work through what providers told, a batch a transaction, until nothing is due. An event that breaks its batch is
    found by going one by one, and set aside: it must not hold up a complaint."""
    done = strangers = aside = 0
    limit = BATCH
    while True:
        try:
            async with transaction() as session:
                processed = await process_receipts(session, SYSTEM, limit=limit)
        except (AppError, JobLost):
            raise
        except Exception as problem:
            log.exception("callbacks, %d at once", limit)
            if limit == 1:
                aside += 1
                async with transaction() as session:
                    await set_aside(session, SYSTEM, describe(problem))
            limit = BATCH if limit == 1 else max(1, limit // 10)
            if aside > MOST_ASIDE:
                raise
            continue
        done, strangers = done + processed.receipts, strangers + processed.strangers
        if not processed.receipts:
            return {"receipts": done, "strangers": strangers, "set_aside": aside}
        await job.progress(done, done, "Reading what providers told")


async def send_errand(job: JobContext) -> dict[str, Any]:
    """Send a message somebody asked for, once."""
    errand_id = parse_id(str(job.args.get("errand_id", "")), "errand_id")
    async with transaction() as session:
        prepared = await transactional.prepare_errand(session, SYSTEM, errand_id)
    if prepared is None:
        return {"sent": False}
    status, provider_id, detail = await transactional.hand_over_errand(prepared)
    provider = prepared.trial.route.provider

    async def record() -> None:
        async with transaction() as session:
            await transactional.record_errand(
                session, errand_id, status, provider=provider, provider_id=provider_id, detail=detail
            )

    await again(record)  # run from its beginning, the job would find nothing that waits
    return {"sent": status is ErrandStatus.SENT, "status": status.value}


async def mail_access_link(job: JobContext) -> dict[str, Any]:
    """Mail somebody of the shop a link to choose a password."""
    user_id = parse_id(str(job.args.get("user_id", "")), "user_id")
    kind = str(job.args.get("kind", ""))
    if kind not in set(LinkKind):
        raise Invalid("kind is none of a link's", field="kind")
    async with transaction() as session:
        mail = await prepare_access_mail(session, SYSTEM, user_id, LinkKind(kind))
    if mail is None:
        return {"sent": False}
    answer = await hand_over_trial(mail)
    if not answer.is_accepted:
        async with transaction() as session:
            await tell_unmailed(session, user_id, answer.detail)
    return {"sent": answer.is_accepted, "detail": answer.detail}


async def tell_account_change(job: JobContext) -> dict[str, Any]:
    """Tell somebody of the shop what changed of their account."""
    user_id, told = parse_id(str(job.args.get("user_id", "")), "user_id"), TOLD.get(str(job.args.get("change", "")))
    if told is None:
        raise Invalid("change is none that is told", field="change")
    by, ip, at = str(job.args.get("by", "")), job.args.get("ip"), datetime.fromisoformat(str(job.args.get("at", "")))
    async with transaction() as session:
        mail = await staff_mail.tell_account_change(session, user_id, told, by=by, ip=str(ip) if ip else None, at=at)
    if mail is None:
        return {"sent": False}
    answer = await hand_over_trial(mail)
    return {"sent": answer.is_accepted, "detail": answer.detail}


TASKS: dict[Job, Task] = {
    Job.LAUNCH_CAMPAIGN: launch,
    Job.PLAY_WEEK: play_week,
    Job.PROCESS_WEBHOOKS: process_webhooks,
    Job.ATTRIBUTE: attribute,
    Job.SEND_ERRAND: send_errand,
    Job.MAIL_ACCESS_LINK: mail_access_link,
    Job.TELL_ACCOUNT_CHANGE: tell_account_change,
}
