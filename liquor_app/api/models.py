"""What makes a repeated POST harmless."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import JSON, Column
from sqlmodel import Field, SQLModel

from liquor_app.core.columns import stamped, whole, words
from liquor_app.core.platform.named_in import names_them
from liquor_app.core.platform.personal_data import Personal
from liquor_app.core.platform.retention import Kept


class IdempotencyKey(SQLModel, table=True):
    """The answer once given to (actor, key); replayed for a day to the same request."""

    __tablename__ = "idempotency_keys"

    actor: str = words(primary=True)
    key: str = words(primary=True)
    request_hash: str = words()
    status_code: int = whole()
    response: dict[str, Any] | None = Field(default=None, sa_column=Column(JSON(none_as_null=True)))
    """As it was sent, its fields in their order: `jsonb` keeps none."""
    created_at: datetime = stamped()


KEPT = (Kept("idempotency_keys", "created_at", 1, key=("actor", "key")),)
"""How long rows are kept."""

_NAMED = names_them("concat_ws(' ', key, response)", ":words")
PERSONAL = (
    Personal(
        "idempotency_keys",
        rows=f"SELECT key, response, created_at FROM idempotency_keys WHERE {_NAMED}",
        scrub=f"WITH gone AS (DELETE FROM idempotency_keys WHERE {names_them('key', ':words')} RETURNING key)"
        " UPDATE idempotency_keys SET response = json_build_object()"
        f" WHERE {names_them('CAST(response AS text)', ':words')} AND key NOT IN (SELECT key FROM gone)",
        why="that a request was answered is kept for its day, so that repeating it adds nobody again",
    ),
)
"""What rows hold of a person."""
