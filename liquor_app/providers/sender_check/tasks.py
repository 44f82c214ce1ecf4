"""The job that looks at the sending domains."""

from __future__ import annotations

from collections import Counter
from typing import Any

from liquor_app.accounts.permissions import SYSTEM
from liquor_app.core.db import transaction
from liquor_app.core.queue import Job, JobContext, Task
from liquor_app.providers.sender_check.check_domain import check_sender
from liquor_app.providers.sender_check.dns_lookups import Ask, ask_system
from liquor_app.providers.sender_check.sender_checks import record_check, senders_now


async def check_senders(job: JobContext, ask: Ask = ask_system) -> dict[str, Any]:
    """Check each domain in turn, outside any transaction; what each found is kept at once."""
    async with transaction() as session:
        senders = await senders_now(session, SYSTEM)
    told: Counter[str] = Counter()
    for number, sender in enumerate(senders):
        await job.progress(number, len(senders), sender.domain)
        findings = await check_sender(sender, ask)
        async with transaction() as session:
            told[await record_check(session, SYSTEM, sender, findings)] += 1
    return {"domains": len(senders), **told}


TASKS: dict[Job, Task] = {Job.CHECK_SENDERS: check_senders}
