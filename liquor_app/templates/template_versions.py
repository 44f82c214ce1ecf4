"""A template's history: read an old version, compare it, bring it back; and copies of a template."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

from liquor_app.accounts.audit import audit_change
from liquor_app.accounts.permission_table import Permission
from liquor_app.accounts.permissions import Actor, require
from liquor_app.core.errors import Conflict, NotFound
from liquor_app.templates.service import CONTENT, TemplateRow, create_template, get_template, update_template

NAME_ROOM = 120


@dataclass(frozen=True, slots=True)
class VersionDetail:
    """A version with its content."""

    id: UUID
    version: int
    subject_template: str | None
    body_html_template: str | None
    body_text_template: str | None
    created_by: str | None
    created_at: datetime


async def read_version(session: AsyncSession, actor: Actor, template_id: UUID, version: int) -> VersionDetail:
    """Return one version of a template.

    Raises:
        NotFound: there is no such version.
    """
    require(actor, Permission.SETTINGS_READ)
    found = await session.execute(
        text(
            "SELECT v.id, v.version, v.subject_template, v.body_html_template, v.body_text_template,"
            " COALESCE(u.full_name, u.email) AS created_by, v.created_at"
            " FROM template_versions v LEFT JOIN users u ON u.id = v.created_by"
            " WHERE v.template_id = :id AND v.version = :version"
        ),
        {"id": template_id, "version": version if 0 < version < 2**31 else 0},
    )
    row = found.mappings().first()
    if row is None:
        raise NotFound("There is no such version of the template.")
    return VersionDetail(**row)


async def restore_version(
    session: AsyncSession, actor: Actor, template_id: UUID, version: int, *, seen: int | None = None
) -> TemplateRow:
    """Bring an old version's content back, as a new version: history is only added to.

    Args:
        seen: the version somebody was looking at when they decided.

    Raises:
        Forbidden: the actor is not an admin.
        NotFound: no such template or version.
        Conflict: it says what the present one says, or somebody saved meanwhile.
        Invalid: what was valid then no longer is (guidance has changed); `field` names the part.
    """
    require(actor, Permission.TEMPLATES_ADMIN)
    old = await read_version(session, actor, template_id, version)
    before = await get_template(session, actor, template_id)
    content = {name: getattr(old, name) for name in CONTENT}
    if content == {name: getattr(before, name) for name in CONTENT}:
        raise Conflict(f"Version {version} says what the present one says.")
    row = await update_template(session, actor, template_id, content, seen=before.version if seen is None else seen)
    await audit_change(
        session,
        actor,
        "template.restored",
        "template",
        template_id,
        before={"version": before.version},
        after={"version": row.version},
        restored=version,
    )
    return row


async def duplicate_template(session: AsyncSession, actor: Actor, template_id: UUID) -> TemplateRow:
    """Return a copy, not active: it changes no message until somebody switches it on.

    Raises:
        Forbidden, NotFound: as usual.
        Invalid: what was valid then no longer is; `field` names the part.
    """
    require(actor, Permission.TEMPLATES_ADMIN)
    row = await get_template(session, actor, template_id)
    return await create_template(
        session,
        actor,
        name=await _copy_name(session, row.name),
        channel=row.channel,
        category=row.category,
        is_active=False,
        **{name: getattr(row, name) for name in CONTENT},
    )


async def _copy_name(session: AsyncSession, name: str) -> str:
    """ "Win-back, copy", then "Win-back, copy 2"."""
    base = name[: NAME_ROOM - 12]
    found = await session.execute(
        text("SELECT name FROM message_templates WHERE starts_with(name, :base)"), {"base": f"{base}, copy"}
    )
    taken = set(found.scalars())
    candidates = (f"{base}, copy{'' if number == 1 else f' {number}'}" for number in range(1, len(taken) + 2))
    return next(candidate for candidate in candidates if candidate not in taken)
