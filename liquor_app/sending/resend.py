"""Once more for a whole campaign: those whose message failed, or everybody who has not got one."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from enum import StrEnum
from uuid import UUID

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

from liquor_app.accounts.audit import audit
from liquor_app.accounts.permission_table import Permission
from liquor_app.accounts.permissions import Actor, require
from liquor_app.actions.action_status import requeue_actions
from liquor_app.core.errors import Conflict
from liquor_app.core.pubsub import publish
from liquor_app.ledger.models import SendStatus
from liquor_app.ledger.new_sends import add_attempts
from liquor_app.sending.service import RESEND_DAYS, open_campaign

AT_ONCE = 20_000


class Whom(StrEnum):
    FAILED = "failed"
    """Whose message the provider refused."""
    REST = "rest"
    """Who has got nothing: refused, or skipped for whatever reason; the rules are asked anew."""


_STATUSES = {Whom.FAILED: [SendStatus.FAILED.value], Whom.REST: [SendStatus.FAILED.value, SendStatus.SKIPPED.value]}


@dataclass(frozen=True, slots=True)
class Again:
    """`added` new attempts; `is_all` is False if more remain than are taken at once."""

    added: int
    is_all: bool


async def send_again(session: AsyncSession, actor: Actor, campaign_id: UUID, whom: Whom) -> Again:
    """New attempts for a campaign's failed messages, or for everybody who has got none. Each is asked about by the
    rules like any other, so that nobody who must not be written to is.

    Raises:
        Forbidden: the actor may only read.
        NotFound: there is no such campaign.
        Conflict: it is no longer open.
    """
    require(actor, Permission.SENDS_WRITE)
    campaign = await open_campaign(session, campaign_id)
    actions = await add_attempts(
        session,
        campaign_id,
        _STATUSES[whom],
        campaign.moment,
        campaign.moment + timedelta(days=RESEND_DAYS),
        limit=AT_ONCE,
    )
    await requeue_actions(session, actions)
    count = len(actions)
    if count:
        await audit(session, actor, "campaign.sent_again", "campaign", campaign_id, whom=whom.value, added=count)
        for topic in (f"campaign:{campaign_id}", "sends"):
            publish(session, topic, {"again": count})
    return Again(count, count < AT_ONCE)


COUNTED = 100_000
"""The most that is counted; a page says "100,000 or more" from there."""

_WAITING = f"""
SELECT count(*) FILTER (WHERE status = '{SendStatus.FAILED}') AS failed, count(*) AS rest FROM (
    SELECT s.status FROM sends s
    WHERE s.campaign_id = :campaign AND s.status = ANY(:statuses) AND s.action_id IS NOT NULL
    AND s.customer_id IS NOT NULL AND NOT EXISTS (
        SELECT 1 FROM send_keys k
        WHERE k.action_id = s.action_id AND k.channel = s.channel AND k.attempt > s.attempt)
    LIMIT :n
) AS latest
"""

_WHY = f"""
SELECT COALESCE(skip_reason, 'unknown') AS reason, count(*) AS messages FROM sends
WHERE campaign_id = :campaign AND status = '{SendStatus.SKIPPED}' GROUP BY 1 ORDER BY 2 DESC, 1 LIMIT 12
"""


@dataclass(frozen=True, slots=True)
class Waiting:
    """How many `send_again` would take, `COUNTED` at most; nothing of a campaign that is no longer open."""

    failed: int
    rest: int


async def count_waiting(session: AsyncSession, actor: Actor, campaign_id: UUID) -> Waiting:
    """Tell what there is to send again. A message that has a newer attempt is not counted.

    Raises:
        NotFound: there is no such campaign.
    """
    require(actor, Permission.SENDS_READ)
    try:
        await open_campaign(session, campaign_id)
    except Conflict:
        return Waiting(0, 0)
    found = await session.execute(
        text(_WAITING), {"campaign": campaign_id, "statuses": _STATUSES[Whom.REST], "n": COUNTED}
    )
    row = found.one()
    return Waiting(row.failed, row.rest)


@dataclass(frozen=True, slots=True)
class WhyNot:
    """A reason and how many messages it stopped."""

    reason: str
    messages: int


async def why_not_sent(session: AsyncSession, actor: Actor, campaign_id: UUID) -> list[WhyNot]:
    """Tell why messages of a campaign were skipped at the moment of sending, most frequent reason first."""
    require(actor, Permission.SENDS_READ)
    found = await session.execute(text(_WHY), {"campaign": campaign_id})
    return [WhyNot(row.reason, row.messages) for row in found]
