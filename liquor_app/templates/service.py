"""Templates and their versions: list, read, change."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession
from sqlmodel import col, select

from liquor_app.accounts.audit import audit, audit_change
from liquor_app.accounts.permission_table import Permission
from liquor_app.accounts.permissions import Actor, require
from liquor_app.core.clock import now
from liquor_app.core.config import get_settings
from liquor_app.core.errors import Conflict, Invalid, Meanwhile, NotFound, Taken
from liquor_app.core.storable_text import said
from liquor_app.organization.guidance import refuse_claims
from liquor_app.organization.models import Channel
from liquor_app.segments.playbook import TEMPLATE_CATEGORIES
from liquor_app.templates.defaults import default_templates
from liquor_app.templates.models import MessageTemplate, TemplateVersion
from liquor_app.templates.rendering.compile_sandboxed import COMPILING, words_of
from liquor_app.templates.rendering.render import TemplateSource, variables_of
from liquor_app.templates.staff_copy import holds_own_links
from liquor_app.templates.template_lint import try_template


@dataclass(frozen=True, slots=True)
class TemplateRow:
    """A template as it stands."""

    id: UUID
    name: str
    channel: str
    category: str
    subject_template: str | None
    body_html_template: str | None
    body_text_template: str | None
    variables: list[str]
    version: int
    current_version_id: UUID | None
    is_active: bool
    created_at: datetime
    updated_at: datetime


@dataclass(frozen=True, slots=True)
class VersionRow:
    id: UUID
    version: int
    subject_template: str | None
    created_by: str | None
    created_at: datetime


_SELECT = (
    "SELECT id, name, channel, category, subject_template, body_html_template, body_text_template, variables, version,"
    " current_version_id, is_active, created_at, updated_at FROM message_templates"
)


async def ensure_default_templates(session: AsyncSession) -> int:
    """Add the shipped templates whose names are not taken; returns how many."""
    taken = await session.execute(text("SELECT name FROM message_templates"))
    names = set(taken.scalars())
    fresh = [template for template in default_templates() if template.name not in names]
    for template in fresh:
        source = TemplateSource(template.channel, template.subject, template.html, template.text)
        await _insert(session, template.name, template.category, source, created_by=None)
    return len(fresh)


async def get_template(session: AsyncSession, actor: Actor, template_id: UUID) -> TemplateRow:
    """Return one template.

    Raises:
        NotFound: there is none.
    """
    require(actor, Permission.SETTINGS_READ)
    found = await session.execute(text(f"{_SELECT} WHERE id = :id"), {"id": template_id})
    row = found.mappings().first()
    if row is None:
        raise NotFound("There is no such template.")
    return TemplateRow(**row)


async def create_template(
    session: AsyncSession,
    actor: Actor,
    *,
    name: str,
    channel: str,
    category: str,
    subject_template: str | None = None,
    body_html_template: str | None = None,
    body_text_template: str | None = None,
    is_active: bool = True,
) -> TemplateRow:
    """Return a new template; if it is active, at once the one in use for its channel and category.

    Raises:
        Forbidden: the actor is not an admin.
        Conflict: the name is taken.
        Invalid: a part is missing or not valid Liquid or MJML; `field` names it.
    """
    require(actor, Permission.TEMPLATES_ADMIN)
    title = await _free_name(session, name, None)
    source = TemplateSource(_channel(channel), subject_template, body_html_template, body_text_template)
    _refuse_own_links(source)
    await COMPILING.run(try_template, source)
    await _refuse_claims(session, source)
    template_id = await _insert(
        session, title, _category(category), source, created_by=actor.user_id, is_active=is_active
    )
    await audit(session, actor, "template.created", "template", template_id, name=title)
    return await get_template(session, actor, template_id)


CONTENT = ("subject_template", "body_html_template", "body_text_template")
EDITABLE = {"name", "category", "is_active", *CONTENT}


async def update_template(
    session: AsyncSession, actor: Actor, template_id: UUID, changes: dict[str, Any], *, seen: int | None = None
) -> TemplateRow:
    """Change a template. Changed content becomes a new version; messages keep pointing to the version they used.

    Args:
        seen: the version the editor started from; saving over somebody else's work is refused.

    Raises:
        Forbidden, NotFound: as usual.
        Conflict: somebody saved a newer version meanwhile; the name is taken; or it is the last active one of a kind
            that segments use.
        Invalid: unknown field, or content that is not valid; `field` names it.
    """
    require(actor, Permission.TEMPLATES_ADMIN)
    if unknown := sorted(set(changes) - EDITABLE):
        raise Invalid(f"{unknown[0]} is not a field that can be changed", field=unknown[0])
    found = await session.execute(
        select(MessageTemplate).where(col(MessageTemplate.id) == template_id).with_for_update()
    )
    template = found.scalars().first()
    if template is None:
        raise NotFound("There is no such template.")
    if seen is not None and template.version != seen:
        raise Meanwhile(f"Version {template.version} was saved meanwhile. Reload, then make your change again.")
    before = {name: getattr(template, name) for name in changes}
    if "name" in changes:
        template.name = await _free_name(session, str(changes["name"]), template.id)
    await _move(session, template, changes)
    fresh = {name: changes[name] for name in CONTENT if name in changes and changes[name] != getattr(template, name)}
    if fresh:
        source = _source(template, fresh)
        _refuse_own_links(source)
        await COMPILING.run(try_template, source)
        await _refuse_claims(session, source)
        for name, value in fresh.items():
            setattr(template, name, value)
        template.version += 1
        template.variables = variables_of(source)
        template.current_version_id = await _add_version(session, template.id, template.version, source, actor.user_id)
    template.updated_at = now()
    await session.flush()
    after = {name: getattr(template, name) for name in changes}
    await audit_change(
        session,
        actor,
        "template.updated",
        "template",
        template.id,
        before=before,
        after=after,
        version=template.version,
    )
    return await get_template(session, actor, template_id)


async def _insert(
    session: AsyncSession,
    name: str,
    category: str,
    source: TemplateSource,
    *,
    created_by: UUID | None,
    is_active: bool = True,
) -> UUID:
    template = MessageTemplate(
        name=name,
        is_active=is_active,
        channel=source.channel,
        category=category,
        subject_template=source.subject,
        body_html_template=source.html,
        body_text_template=source.text,
        variables=variables_of(source),
    )
    session.add(template)
    await session.flush()
    template.current_version_id = await _add_version(session, template.id, 1, source, created_by)
    await session.flush()
    return template.id


async def _add_version(
    session: AsyncSession, template_id: UUID, number: int, source: TemplateSource, created_by: UUID | None
) -> UUID:
    version = TemplateVersion(
        template_id=template_id,
        version=number,
        subject_template=source.subject,
        body_html_template=source.html,
        body_text_template=source.text,
        variables=variables_of(source),
        created_by=created_by,
    )
    session.add(version)
    await session.flush()
    return version.id


def _refuse_own_links(source: TemplateSource) -> None:
    """Raise Invalid for a design copied from a message somebody got: everybody would act as that one person."""
    for name, part in zip(CONTENT, (source.subject, source.html, source.text), strict=True):
        if part and holds_own_links(part, get_settings().base_url):
            raise Invalid(
                "This was copied from a message that was sent: it holds the links of whoever got it. Copy the template"
                " instead, or take those links out.",
                field=name,
            )


async def _refuse_claims(session: AsyncSession, source: TemplateSource) -> None:
    """Tell what an author wrote, without markup, held against the guidance."""
    html = await COMPILING.run(words_of, source.html) if source.html else None
    parts = zip(CONTENT, (source.subject, html, source.text), strict=True)
    await refuse_claims(session, parts)


async def _move(session: AsyncSession, template: MessageTemplate, changes: dict[str, Any]) -> None:
    """Switch it on or off, or make it another kind of message: never so that a segment is left without."""
    category = _category(str(changes["category"])) if "category" in changes else template.category
    is_active = bool(changes.get("is_active", template.is_active))
    if template.is_active and not (is_active and category == template.category):
        await _refuse_last(session, template)
    template.category, template.is_active = category, is_active


async def _refuse_last(session: AsyncSession, template: MessageTemplate) -> None:
    # whoever switches the other one off at the same moment waits here
    await session.execute(
        text("SELECT pg_advisory_xact_lock(hashtext('templates'), hashtext(:kind))"),
        {"kind": f"{template.channel.value}:{template.category}"},
    )
    found = await session.execute(
        text(
            "SELECT (SELECT count(*) FROM message_templates WHERE channel = :channel AND category = :category"
            " AND is_active AND id <> :id) AS others,"
            " (SELECT string_agg(name, ', ' ORDER BY position, name) FROM segments WHERE is_active"
            " AND template_category = :category AND :channel = ANY(optimal_channels)) AS segments"
        ),
        {"channel": template.channel.value, "category": template.category, "id": template.id},
    )
    row = found.one()
    if row.segments and not row.others:
        raise Conflict(
            f"It is the last active {template.channel.label} template of its kind, and these segments use it:"
            f" {row.segments}. Activate another one first.",
            field="is_active",
        )


def _source(template: MessageTemplate, fresh: dict[str, Any]) -> TemplateSource:
    """Return the template's content with changes on top."""
    subject, html, text_part = (fresh.get(name, getattr(template, name)) for name in CONTENT)
    return TemplateSource(template.channel, subject, html, text_part)


async def _free_name(session: AsyncSession, value: str, own: UUID | None) -> str:
    title = said(value)
    if not 1 <= len(title) <= 120:
        raise Invalid("name must have 1 to 120 characters", field="name")
    taken = await session.execute(text("SELECT id FROM message_templates WHERE name = :name"), {"name": title})
    if (other := taken.scalar()) is not None and other != own:
        raise Taken(f"There is a template called {title!r} already.", field="name")
    return title


def _channel(value: str) -> Channel:
    if value not in set(Channel):
        raise Invalid(f"channel must be one of {', '.join(Channel)}", field="channel")
    return Channel(value)


def _category(value: str) -> str:
    if value not in TEMPLATE_CATEGORIES:
        raise Invalid(f"category must be one of {', '.join(TEMPLATE_CATEGORIES)}", field="category")
    return value
