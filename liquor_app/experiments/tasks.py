"""Jobs: reading the global holdout, learning what messages change."""

from __future__ import annotations

from typing import Any

from liquor_app.accounts.permissions import SYSTEM
from liquor_app.core.db import transaction
from liquor_app.core.queue import Job, JobContext, Task
from liquor_app.experiments.ab_tests.ab_store import yet_to_judge
from liquor_app.experiments.ab_tests.judge_tests import judge_test
from liquor_app.experiments.global_holdout import take_reading
from liquor_app.experiments.learning import learn


async def read_holdout(job: JobContext) -> dict[str, Any]:
    """Count both groups anew; harmless at any time and as often as one likes."""
    async with transaction() as session:
        row = await take_reading(session, SYSTEM)
    return {"share": row.share, "days": row.days, "missing": list(row.missing)}


async def learn_uplift(job: JobContext) -> dict[str, Any]:
    """Learn from decisions whose window is over; twice learns nothing twice."""
    async with transaction() as session:
        beliefs = await learn(session, SYSTEM)
    return {"version": beliefs.version, "people": sum(beliefs.posterior.people.values())}


MOST_AT_ONCE = 200
"""A/B tests looked at in one go, each in a transaction of its own."""


async def judge_ab_tests(job: JobContext) -> dict[str, Any]:
    """Look at every A/B test that is under way; at any time and as often as one likes."""
    async with transaction() as session:
        campaigns = await yet_to_judge(session, limit=MOST_AT_ONCE)
    decided = 0
    for done, campaign in enumerate(campaigns):
        async with transaction() as session:
            decided += await judge_test(session, campaign)
        await job.progress(done + 1, len(campaigns), "Looking at A/B tests")
    return {"tests": len(campaigns), "decided": decided}


TASKS: dict[Job, Task] = {
    Job.READ_HOLDOUT: read_holdout,
    Job.LEARN_UPLIFT: learn_uplift,
    Job.JUDGE_AB_TESTS: judge_ab_tests,
}
