"""Shapes of the jobs' routes and of notices."""

from __future__ import annotations

from datetime import datetime
from typing import Any, Literal
from uuid import UUID

from liquor_app.api.schemas import Row


class JobOut(Row):
    """Background work; `result` is there once it `succeeded`, `error` once it `failed`."""

    id: UUID
    name: str
    status: str
    done: int
    total: int
    message: str | None
    result: dict[str, Any] | None
    error: str | None
    created_at: datetime
    finished_at: datetime | None


class NotificationMessage(Row):
    """A notice: the unread ones on connecting, then each new one."""

    type: Literal["notification"] = "notification"
    id: UUID
    level: str
    title: str
    body: str
    link: str | None
    created_at: datetime
