"""Routes: the bell's notices, for who cannot hold a socket open."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Query, Response

from liquor_app.accounts.permission_table import Permission, needs
from liquor_app.api.schemas import Row
from liquor_app.core.db import transaction
from liquor_app.organization.bell import (
    NotificationFields,
    NotificationRow,
    list_notifications,
    mark_notifications_read,
    notifications_after,
    number_notices,
    position_of,
)
from liquor_app.rest.kit.authentication import CurrentActor

router = APIRouter(tags=["notices"])


class NoticeOut(Row, NotificationFields):
    """A notice; `is_read` once its reader looked into the bell after it."""

    is_read: bool


@router.get("/notices", response_model=list[NoticeOut])
@needs(Permission.JOBS_READ)
async def list_notices(
    actor: CurrentActor,
    limit: Annotated[int, Query(ge=1, le=100, description="Of the latest ones.")] = 20,
    after: Annotated[UUID | None, Query(description="The last one you have: those that came since, in order.")] = None,
) -> Sequence[NotificationRow]:
    """Everybody's notices and one's own: the latest first; with `after`, what could be seen only since then, up to 200
    in the order in which it could. To a key all are new."""
    async with transaction() as session:
        if after is None:
            return await list_notifications(session, actor, limit=limit)
        await number_notices(session)
        return await notifications_after(session, actor, await position_of(session, after))


@router.post("/notices/read", status_code=204, response_class=Response)
@needs(Permission.OWN_ACCOUNT)
async def read_notices(actor: CurrentActor) -> Response:
    """Mark all that can be seen by now as read, for oneself; a key looks into no bell, and changes nothing."""
    async with transaction() as session:
        await mark_notifications_read(session, actor)
    return Response(status_code=204)
