"""The list of templates."""

from __future__ import annotations

from sqlalchemy.ext.asyncio import AsyncSession

from liquor_app.accounts.lists import read_list
from liquor_app.accounts.permissions import Actor
from liquor_app.core.listing.spec import Filter, ListQuery, ListSpec, Sort
from liquor_app.core.paging import Page
from liquor_app.organization.channel import Channel
from liquor_app.segments.playbook import TEMPLATE_CATEGORIES
from liquor_app.templates.service import TemplateRow

TEMPLATES = ListSpec(
    name="templates",
    row=TemplateRow,
    source="message_templates t",
    order="name",
    sorts=(Sort("name"), Sort("category"), Sort("updated_at", first="-")),
    filters=(
        Filter("channel", "t.channel", options=tuple(Channel), label="Channel",
               spoken={one.value: one.label for one in Channel}),
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
    """A page of templates by name unless asked otherwise.

    Raises:
        Invalid: see `read_list`.
    """
    return await read_list(session, actor, TEMPLATES, query)
