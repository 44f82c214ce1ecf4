"""Who uses which template: the one in use of its kind, and the segments and campaigns that ask for that kind."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from uuid import UUID

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

from liquor_app.accounts.permission_table import Permission
from liquor_app.accounts.permissions import Actor, require
from liquor_app.campaigns.models import LIVE, CampaignStatus
from liquor_app.core.states import sql_list


@dataclass(frozen=True, slots=True)
class TemplateUse:
    """`is_current`: of the active templates of its channel and category it was changed last, so messages are made of
    it. Those of `segments`, and campaigns over them that are not over, are there only then; `would_serve` are the
    segments that would use it were it the one, instead of `current`. `follower` is the active one that would be in use
    were this one not active; empty if there is none."""

    is_current: bool
    segments: tuple[str, ...]
    campaigns: tuple[str, ...]
    would_serve: tuple[str, ...] = ()
    current: str = ""
    follower: str = ""


_USES = f"""
WITH current AS (
    SELECT DISTINCT ON (channel, category) id, name, channel, category FROM message_templates
    WHERE is_active ORDER BY channel, category, updated_at DESC, id
), asking AS (
    SELECT t.id, s.slug, s.name, s.position FROM message_templates t
    JOIN segments s ON s.is_active AND s.template_category = t.category AND t.channel = ANY(s.optimal_channels)
    WHERE t.id = ANY(:ids)
)
SELECT t.id, COALESCE(c.name, '') AS name_now, COALESCE(c.id = t.id, false) AS is_current,
    COALESCE((SELECT n.name FROM message_templates n
              WHERE n.is_active AND n.channel = t.channel AND n.category = t.category AND n.id <> t.id
              ORDER BY n.updated_at DESC, n.id LIMIT 1), '') AS follower,
    ARRAY(SELECT a.name FROM asking a WHERE a.id = t.id ORDER BY a.position, a.name LIMIT 20) AS segments,
    ARRAY(SELECT k.name FROM campaigns k
          WHERE k.status IN {sql_list(CampaignStatus.AWAITING_APPROVAL, *LIVE)}
          AND k.target_segments && ARRAY(SELECT a.slug FROM asking a WHERE a.id = t.id)
          ORDER BY k.start_date DESC LIMIT 20) AS campaigns
FROM message_templates t LEFT JOIN current c ON c.channel = t.channel AND c.category = t.category
WHERE t.id = ANY(:ids)
"""


async def template_uses(session: AsyncSession, actor: Actor, ids: Sequence[UUID]) -> dict[UUID, TemplateUse]:
    """Tell how each of these templates is used; at most twenty names each."""
    require(actor, Permission.SETTINGS_READ)
    found = await session.execute(text(_USES), {"ids": list(ids)})
    used = {
        row.id: TemplateUse(True, tuple(row.segments), tuple(row.campaigns), (), row.name_now, row.follower)
        if row.is_current
        else TemplateUse(False, (), (), tuple(row.segments), row.name_now, row.follower)
        for row in found
    }
    return {template_id: used.get(template_id, TemplateUse(False, (), ())) for template_id in ids}
