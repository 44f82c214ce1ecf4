"""Keep what a campaign's messages were approved to be made of: template versions, and a standing one's playbooks.

A template or playbook changed since reaches nobody unseen: messages are made of the versions kept here, and a triggered
campaign whose playbooks, their pins and bans, or templates are others by now is paused until a person has looked
(`planning.triggered`).
"""

from __future__ import annotations

import json
from typing import Any
from uuid import UUID

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

from liquor_app.campaigns.models import Campaign

_OFFER = """
UPDATE campaigns SET approved_wording = approved_wording || jsonb_build_object('offered', CAST(:offered AS jsonb))
 WHERE id = :id AND approved_wording IS NOT NULL
"""


async def offer_wording(session: AsyncSession, campaign_id: UUID, offered: dict[str, Any]) -> None:
    """Note of a campaign that is paused for it what it would be made of instead. A corridor."""
    await session.execute(text(_OFFER), {"id": campaign_id, "offered": json.dumps(offered)})


def take_up_wording(campaign: Campaign) -> None:
    """Let a held campaign go on with what it was paused for: a person resumes it, and answers for it."""
    if offered := (campaign.approved_wording or {}).get("offered"):
        campaign.approved_wording = offered
