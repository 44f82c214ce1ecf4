"""Keep what a campaign's messages were approved to be made of: template versions, and a standing one's playbooks.

A template or playbook changed since reaches nobody unseen: messages are made of the versions kept here, and a triggered
campaign whose playbooks or templates are others by now is paused until a person has looked (`planning.triggered`).
"""

from __future__ import annotations

from typing import Any

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

from liquor_app.campaigns.models import Campaign

CURRENT_TEMPLATES = """
SELECT DISTINCT ON (t.channel, t.category) t.channel, t.category, t.current_version_id AS version
  FROM message_templates t WHERE t.is_active AND t.current_version_id IS NOT NULL
 ORDER BY t.channel, t.category, t.updated_at DESC, t.id
"""
"""Of each channel and kind the version in use, as `templates.template_catalog` has it."""

STANDING = f"""
SELECT md5(concat(
    (SELECT jsonb_agg(jsonb_build_array(s.slug, s.rules, s.recommended_offers, s.optimal_channels,
        s.optimal_send_window, s.template_category, s.max_discount_pct, s.margin_floor_pct, s.is_active)
        ORDER BY s.slug)
       FROM segments s WHERE s.slug = ANY(k.target_segments)),
    (SELECT jsonb_agg(jsonb_build_array(c.channel, c.category, c.version) ORDER BY c.channel, c.category)
       FROM ({CURRENT_TEMPLATES}) c
      WHERE c.category IN (SELECT s.template_category FROM segments s WHERE s.slug = ANY(k.target_segments)))
))
"""
"""Of campaign `k`: what a triggered one's messages will be made from, as one short text."""

_WORDING = f"""
SELECT ({STANDING}) AS standing,
       (SELECT jsonb_object_agg(concat(c.channel, ':', c.category), c.version)
          FROM ({CURRENT_TEMPLATES}) c) AS templates
  FROM campaigns k WHERE k.id = :id
"""


async def wording_now(session: AsyncSession, campaign: Campaign) -> dict[str, Any]:
    """Return what a campaign's messages would be made of now: `templates` (versions by "channel:kind"), `standing`."""
    found = await session.execute(text(_WORDING), {"id": campaign.id})
    row = found.one()
    return {"templates": row.templates or {}, "standing": row.standing}


async def take_up_wording(session: AsyncSession, campaign: Campaign) -> None:
    """Let a held triggered campaign go on with playbooks and templates as they are now: a person resumes it, and
    answers for it. A corridor."""
    if campaign.approved_wording is not None:
        campaign.approved_wording = await wording_now(session, campaign)
