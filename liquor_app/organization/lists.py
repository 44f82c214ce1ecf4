"""The guidance's versions as a list, and the filter every list by channel has."""

from __future__ import annotations

from dataclasses import replace

from sqlalchemy.ext.asyncio import AsyncSession

from liquor_app.accounts.lists import read_list
from liquor_app.accounts.permission_table import Permission
from liquor_app.accounts.permissions import Actor
from liquor_app.core.listing.spec import Filter, ListQuery, ListSpec, Sort
from liquor_app.core.paging import Page
from liquor_app.organization.channel import Channel
from liquor_app.organization.guidance import GuidanceRow, guidance_row
from liquor_app.organization.settings import GeneralSettings, load_settings

CHANNEL_FILTER = Filter(
    "channel", "t.channel", options=tuple(Channel), label="Channel", spoken={one.value: one.label for one in Channel}
)
"""Of every list whose table says by which channel."""


async def by_shop_days(session: AsyncSession, query: ListQuery | None) -> ListQuery:
    """Return a question whose days are the shop's."""
    return replace(query or ListQuery(), scope={"zone": (await load_settings(session, GeneralSettings)).timezone})


GUIDANCE = ListSpec(
    name="guidance",
    row=GuidanceRow,
    source="guidance_versions t",
    select={"guidance": "", "created_by": "t.created_by_name"},
    more={"document": "t.document"},
    build=guidance_row,
    key="t.version",
    key_field="version",
    order="-version",
    permission=Permission.GUIDANCE_READ,
    export_permission=Permission.SETTINGS_EXPORT,
    sorts=(Sort("version", first="-"),),
    export={"version": "version", "created_by": "by", "created_at": "made"},
)


async def list_guidance(session: AsyncSession, actor: Actor, query: ListQuery | None = None) -> Page[GuidanceRow]:
    """Return a page of the guidance's versions, newest first unless asked otherwise.

    Raises:
        Invalid: see `read_list`.
    """
    return await read_list(session, actor, GUIDANCE, query)
