"""Where a custom field of customers is named: by the rules of segments and in templates."""

from __future__ import annotations

from dataclasses import dataclass

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

from liquor_app.accounts.permission_table import Permission
from liquor_app.accounts.permissions import Actor, require
from liquor_app.customers.labels.custom_fields import get_custom_field

MOST = 20


@dataclass(frozen=True)
class FieldUse:
    """Names of segments and of templates, `MOST` of each."""

    segments: list[str]
    templates: list[str]


# keys are letters, digits and underscores: they stand in a pattern as they are
_USES = """
SELECT ARRAY(SELECT s.name FROM segments s WHERE position(:quoted IN CAST(s.rules AS text)) > 0
              ORDER BY s.position, s.name LIMIT :most) AS segments,
       ARRAY(SELECT t.name FROM message_templates t
              WHERE concat_ws(' ', t.subject_template, t.body_html_template, t.body_text_template) ~ :named
              ORDER BY t.name LIMIT :most) AS templates
"""


async def custom_field_uses(session: AsyncSession, actor: Actor, key: str) -> FieldUse:
    """Return who names a field, so that nobody takes it away unknowing.

    Raises:
        NotFound: there is no such field.
    """
    require(actor, Permission.SETTINGS_READ)
    row = await get_custom_field(session, actor, key)
    bound = {"quoted": f'"{row.name}"', "named": rf"\mcustom\.{row.key}\M", "most": MOST}
    found = (await session.execute(text(_USES), bound)).one()
    return FieldUse(list(found.segments), list(found.templates))
