"""The audit log as a list (here and not in accounts, because its days are the shop's), and the guidance's versions."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from liquor_app.accounts.lists import read_list
from liquor_app.accounts.permission_table import Permission
from liquor_app.accounts.permissions import Actor, ActorKind, require
from liquor_app.core.listing.spec import Filter, ListQuery, ListSpec, Match, Sort
from liquor_app.core.paging import Page
from liquor_app.organization.channel import Channel
from liquor_app.organization.guidance import GuidanceRow, guidance_row
from liquor_app.organization.settings import GeneralSettings, load_settings

CHANNEL_FILTER = Filter(
    "channel", "t.channel", options=tuple(Channel), label="Channel", spoken={one.value: one.label for one in Channel}
)
"""Of every list whose table says by which channel."""


@dataclass(frozen=True, slots=True)
class AuditRow:
    """Who did what to which thing, from which address and by what. `changes` holds [before, after] of each of `fields`,
    and notes; never a secret, nor what a stranger typed."""

    id: UUID
    at: datetime
    actor_kind: str
    actor_name: str
    action: str
    entity: str
    entity_id: UUID | None
    ip: str | None
    via: str
    fields: list[str]
    changes: dict[str, Any]


AUDIT = ListSpec(
    name="audit",
    row=AuditRow,
    source="audit_log t",
    order="-at",
    permission=Permission.AUDIT_READ,
    export_permission=Permission.AUDIT_READ,
    sorts=(Sort("at", first="-"),),
    filters=(
        Filter("actor_kind", "t.actor_kind", options=tuple(ActorKind), label="As"),
        Filter("entity", "t.entity", label="To"),
        Filter("entity_id", "t.entity_id", Match.ID),
        Filter("action", "t.action"),
        Filter("ip", "t.ip", Match.EXACT, label="From"),
        Filter("since", "t.at", Match.FROM),
        Filter("until", "t.at", Match.UNTIL),
    ),
    search="lower(t.actor_name || ' ' || t.action || ' ' || t.entity || ' ' || t.via) LIKE :search",
    export={
        "at": "when", "actor_kind": "as", "actor_name": "who", "action": "did", "entity": "to", "entity_id": "id",
        "ip": "from", "via": "via", "fields": "changed", "changes": "changes",
    },
)  # fmt: skip


async def by_shop_days(session: AsyncSession, query: ListQuery | None) -> ListQuery:
    """Return a question whose days are the shop's."""
    return replace(query or ListQuery(), scope={"zone": (await load_settings(session, GeneralSettings)).timezone})


async def list_audit(session: AsyncSession, actor: Actor, query: ListQuery | None = None) -> Page[AuditRow]:
    """Return a page of the audit log, newest first.

    Raises:
        Forbidden: the actor is no admin.
        Invalid: see `read_list`.
    """
    require(actor, Permission.AUDIT_READ)
    return await read_list(session, actor, AUDIT, await by_shop_days(session, query))


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
    permission=Permission.SETTINGS_READ,
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
