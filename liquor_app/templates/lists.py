"""The lists of templates and of one template's versions."""

from __future__ import annotations

from dataclasses import replace
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from liquor_app.accounts.lists import read_list
from liquor_app.accounts.permission_table import Permission
from liquor_app.accounts.permissions import Actor
from liquor_app.core.listing.spec import Filter, ListQuery, ListSpec, Sort
from liquor_app.core.paging import Page
from liquor_app.organization.lists import CHANNEL_FILTER
from liquor_app.segments.playbook import TEMPLATE_CATEGORIES
from liquor_app.templates.service import TemplateRow, VersionRow, get_template

TEMPLATES = ListSpec(
    name="templates",
    row=TemplateRow,
    source="message_templates t",
    order="name",
    permission=Permission.SETTINGS_READ,
    export_permission=Permission.SETTINGS_EXPORT,
    sorts=(Sort("name", by="natural_order"), Sort("category"), Sort("updated_at", first="-")),
    filters=(
        CHANNEL_FILTER,
        Filter("category", "t.category", options=tuple(TEMPLATE_CATEGORIES), label="Kind"),
    ),
    search="lower(t.name) LIKE :search",
    bounded="a shop has tens of templates",
    export={
        "id": "id", "name": "name", "channel": "channel", "category": "kind", "is_active": "in use",
        "version": "version", "subject_template": "subject", "updated_at": "changed",
    },
)  # fmt: skip


async def list_templates(session: AsyncSession, actor: Actor, query: ListQuery | None = None) -> Page[TemplateRow]:
    """Return a page of templates by name unless asked otherwise.

    Raises:
        Invalid: see `read_list`.
    """
    return await read_list(session, actor, TEMPLATES, query)


VERSIONS = ListSpec(
    name="versions",
    row=VersionRow,
    source="template_versions t LEFT JOIN users u ON u.id = t.created_by",
    counted="template_versions t",
    where="t.template_id = :template",
    select={"created_by": "COALESCE(u.full_name, u.email)"},
    key="t.version",
    key_field="version",
    order="-version",
    permission=Permission.SETTINGS_READ,
    export_permission=Permission.SETTINGS_EXPORT,
    sorts=(Sort("version", first="-"),),
    export={"version": "version", "subject_template": "subject", "created_by": "by", "created_at": "made"},
)


async def versions_of(session: AsyncSession, actor: Actor, template_id: UUID, query: ListQuery | None) -> ListQuery:
    """Return a question about one template's versions.

    Raises:
        NotFound: there is no such template.
    """
    await get_template(session, actor, template_id)
    return replace(query or ListQuery(), scope={"template": template_id})


async def list_versions(
    session: AsyncSession, actor: Actor, template_id: UUID, query: ListQuery | None = None
) -> Page[VersionRow]:
    """Return a page of a template's versions, newest first unless asked otherwise.

    Raises:
        NotFound: there is no such template.
        Invalid: see `read_list`.
    """
    return await read_list(session, actor, VERSIONS, await versions_of(session, actor, template_id, query))
