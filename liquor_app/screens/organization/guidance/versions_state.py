"""The guidance's versions on its page: who changed what."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

import reflex as rx

from liquor_app.accounts.permissions import Actor
from liquor_app.core.db import Session
from liquor_app.core.listing.spec import ListQuery, ListSpec
from liquor_app.core.paging import Page
from liquor_app.organization.guidance import Guidance, GuidanceRow, get_guidance
from liquor_app.organization.lists import GUIDANCE, list_guidance
from liquor_app.organization.settings import shop_now
from liquor_app.screens.listing.state import ListState
from liquor_app.ui.words import show_moment

SHOWN = 10


@dataclass(frozen=True, slots=True)
class VersionLine:
    version: str
    who: str
    what: str


def version_line(row: GuidanceRow, before: Guidance, at: datetime) -> VersionLine:
    old = before.model_dump()
    changed = [name.replace("_", " ") for name, value in row.guidance.model_dump().items() if old[name] != value]
    moment = show_moment(row.created_at, at) if row.created_at else ""
    return VersionLine(f"Version {row.version}", f"{row.created_by}, {moment}", ", ".join(changed) or "nothing")


class GuidanceVersionsState(ListState, rx.State):
    """Every version, newest first."""

    rows: list[VersionLine] = []

    def _list(self) -> ListSpec[GuidanceRow]:
        return GUIDANCE

    def _per_page(self) -> int:
        return SHOWN

    async def _read_page(self, session: Session, actor: Actor, query: ListQuery) -> Page[GuidanceRow]:
        return await list_guidance(session, actor, query)

    async def _lines(self, session: Session, actor: Actor, items: list[GuidanceRow]) -> list[VersionLine]:
        """Each beside the one before it; the last one's stands on the next page."""
        if not items:
            return []
        at = await shop_now(session)
        oldest = await get_guidance(session, actor, items[-1].version - 1)
        before = [*items[1:], oldest]
        return [version_line(row, other.guidance, at) for row, other in zip(items, before, strict=True)]
