"""What makes a repeated POST harmless."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlmodel import SQLModel

from liquor_app.core.columns import document, stamped, whole, words
from liquor_app.core.platform.retention import Kept


class IdempotencyKey(SQLModel, table=True):
    """The answer once given to (actor, key); replayed for a day to the same request."""

    __tablename__ = "idempotency_keys"

    actor: str = words(primary=True)
    key: str = words(primary=True)
    request_hash: str = words()
    status_code: int = whole()
    response: dict[str, Any] | None = document()
    created_at: datetime = stamped()


KEPT = (Kept("idempotency_keys", "created_at", 1, key=("actor", "key")),)
"""How long rows are kept."""
