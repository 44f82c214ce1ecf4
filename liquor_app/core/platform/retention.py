"""How long rows are kept. A table that grows says so beside its columns, in its slice's `KEPT`; `worker/retention.py`
goes by all of them each night."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

AT_ONCE = 5_000
"""Rows of one transaction."""


@dataclass(frozen=True, slots=True)
class Kept:
    """Rows of a table are deleted so many days after the moment in `by`.

    Attributes:
        table: whose rows.
        by: the moment their age is counted from; rows without one stay.
        days: how many days, or the field of the retention settings that says so, where 0 keeps for ever.
        only: which rows, as SQL about the table `t`.
        key: columns that tell a row.
    """

    table: str
    by: str
    days: int | str
    only: str = "true"
    key: tuple[str, ...] = ("id",)

    def before(self, at: datetime, settings: Mapping[str, Any]) -> datetime | None:
        """Return the moment before which rows are too old; None where they are kept for ever."""
        days = self.days if isinstance(self.days, int) else int(settings[self.days])
        return at - timedelta(days=days) if days else None

    @property
    def statement(self) -> str:
        """The statement that deletes the oldest `:most` rows from before `:before`."""
        if self.table == "audit_log":  # nothing else may: its trigger refuses
            return "SELECT audit_log_forget(:before, :most)"
        keys = ", ".join(f"t.{one}" for one in self.key)
        same = " AND ".join(f"d.{one} = o.{one}" for one in self.key)
        return (
            f"WITH old AS (SELECT {keys} FROM {self.table} t WHERE t.{self.by} < :before AND ({self.only})"
            f" ORDER BY t.{self.by} LIMIT :most),"
            # asked again of a row that was given a later moment meanwhile
            f" gone AS (DELETE FROM {self.table} d USING old o WHERE {same} AND d.{self.by} < :before RETURNING 1)"
            " SELECT count(*) FROM gone"
        )


async def forget_some(session: AsyncSession, kept: Kept, before: datetime, most: int = AT_ONCE) -> int:
    """Delete the oldest rows that are past their time; returns how many. A corridor."""
    return int((await session.execute(text(kept.statement), {"before": before, "most": most})).scalar_one())
