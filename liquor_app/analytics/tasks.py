"""Jobs: the daily rollups, cohorts, and reviews that are mailed."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any

from liquor_app.analytics.attribution_views import count_views
from liquor_app.analytics.cohorts import EVER, count_cohorts
from liquor_app.analytics.daily_rollups import roll_up, roll_up_messages
from liquor_app.analytics.insights.month_counts import count_insights, lately
from liquor_app.analytics.insights.rfm_moves import count_moves
from liquor_app.analytics.kept_views import campaigns_to_count
from liquor_app.analytics.reviews.review import ReviewKind
from liquor_app.analytics.reviews.subscriptions import prepare_review_mail
from liquor_app.core.clock import today_in
from liquor_app.core.db import transaction
from liquor_app.core.errors import Invalid
from liquor_app.core.ids import parse_id
from liquor_app.core.pubsub import publish
from liquor_app.core.queue import Job, JobContext, Task, enqueue
from liquor_app.ledger.rollup_backlog import asked_recounts, forget_recounts
from liquor_app.organization.settings import GeneralSettings, load_settings
from liquor_app.sending.campaign_rollup import roll_up_once
from liquor_app.templates.test_messages import hand_over_trial

LATE_DAYS = 3
"""How far back the minutely rollup looks; imports of older purchases name their own first day, and what is learned
late of a message asks for its day (`ledger.rollup_backlog`)."""


def given_day(since: object) -> date | None:
    """Return the day a job was given; None if none was.

    Raises:
        Invalid: it is no date.
    """
    try:
        return date.fromisoformat(since) if since else None  # type: ignore[arg-type]
    except (TypeError, ValueError) as error:
        raise Invalid(f"since must be a date, not {since!r}", field="since") from error


async def roll_up_days(job: JobContext) -> dict[str, Any]:
    """Return the last days or those `since` a date, and the older ones of which something was learned late."""
    given = job.args.get("since")
    async with transaction() as session:
        zone = (await load_settings(session, GeneralSettings)).timezone
        since = given_day(given) or today_in(zone) - timedelta(days=LATE_DAYS)
        asked = await asked_recounts(session, zone)
    # before they are forgotten: whoever dies in between counts once more
    if asked.campaigns:
        await roll_up_once(asked.campaigns)
    async with transaction() as session:
        await roll_up(session, since)
        await roll_up_messages(session, [day for day in asked.days if day < since])
        await forget_recounts(session, asked.ids)
        publish(session, "dashboard", {"rollup": since})
        if given and since < today_in(zone) - timedelta(days=LATE_DAYS):  # an import; the night's turn would be late
            await enqueue(session, Job.COUNT_COHORTS, {"since": given}, dedupe_key=given)
    return {"since": since.isoformat(), "older_days": sum(day < since for day in asked.days)}


async def count_months(job: JobContext) -> dict[str, Any]:
    """Count cohorts and insights from the month `since` lies in; or all cohorts, for profiles are merged, and their
    pasts with them, and what was sold lately, which returns still change."""
    given = given_day(job.args.get("since"))
    since = given or EVER
    async with transaction() as session:
        zone = (await load_settings(session, GeneralSettings)).timezone
        await count_cohorts(session, since)
        await count_insights(session, given or lately(today_in(zone)))
    async with transaction() as session:
        await count_moves(session, given or today_in(zone))
        many = [] if given else await campaigns_to_count(session, today_in(zone))
    for campaign_id in many:  # each by itself: seconds apiece, and nobody waits for all of them
        async with transaction() as session:
            await count_views(session, campaign_id)
    return {"since": since.isoformat()}


async def mail_review(job: JobContext) -> dict[str, Any]:
    """Mail somebody of the shop the last review they asked for."""
    user_id, kind = parse_id(str(job.args.get("user_id", "")), "user_id"), str(job.args.get("kind", ""))
    if kind not in set(ReviewKind):
        raise Invalid("kind is none of a review's", field="kind")
    async with transaction() as session:
        mail = await prepare_review_mail(session, user_id, ReviewKind(kind))
    if mail is None:
        return {"sent": False}
    answer = await hand_over_trial(mail)
    return {"sent": answer.is_accepted, "detail": answer.detail}


TASKS: dict[Job, Task] = {
    Job.ROLL_UP: roll_up_days,
    Job.COUNT_COHORTS: count_months,
    Job.MAIL_REVIEW: mail_review,
}
