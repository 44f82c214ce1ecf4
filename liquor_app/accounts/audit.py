"""The audit log."""

from __future__ import annotations

import json
from typing import Any
from uuid import UUID

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

from liquor_app.accounts.permissions import Actor


async def audit(
    session: AsyncSession, actor: Actor, action: str, entity: str, entity_id: UUID | None, **changes: Any
) -> None:
    """Record that `actor` did `action` to an entity, in the transaction that did it. Never pass secrets."""
    await session.execute(
        text(
            "INSERT INTO audit_log (actor_kind, actor_id, actor_name, action, entity, entity_id, changes)"
            " VALUES (:kind, :id, :name, :action, :entity, :entity_id, CAST(:changes AS jsonb))"
        ),
        {
            "kind": actor.kind.value,
            "id": actor.id,
            "name": actor.name,
            "action": action,
            "entity": entity,
            "entity_id": entity_id,
            "changes": json.dumps(changes, default=str),
        },
    )
