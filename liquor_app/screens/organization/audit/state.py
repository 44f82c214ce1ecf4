"""The audit log on its page."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import reflex as rx

from liquor_app.accounts.permissions import Actor, ActorKind
from liquor_app.core.db import Session
from liquor_app.core.listing.spec import ListQuery, ListSpec
from liquor_app.core.paging import Page
from liquor_app.organization.lists import AUDIT, AuditRow, list_audit
from liquor_app.organization.settings import shop_now
from liquor_app.screens.listing.state import ListState
from liquor_app.ui.words import show_moment


@dataclass(frozen=True, slots=True)
class AuditLine:
    """One thing somebody did, in words."""

    id: str
    when: str
    who: str
    kind: str
    did: str
    about: str
    changes: str
    source: str
    """The address it was done from; what did it, where that was no person."""
    via: str


def audit_line(row: AuditRow, when: str) -> AuditLine:
    told = [
        _told(name, value, name in row.fields) for name, value in row.changes.items() if value not in (None, {}, [])
    ]
    action = row.action.rpartition(".")[2].replace("_", " ")
    return AuditLine(
        str(row.id), when, row.actor_name, row.actor_kind.replace("_", " "), action, row.entity.replace("_", " "),
        ", ".join(told), row.ip or (row.via if row.via and row.actor_kind == ActorKind.SYSTEM else "–"), row.via,
    )  # fmt: skip


def _told(name: str, value: Any, is_change: bool) -> str:
    """Return a note, or a field as it was and as it is."""
    words = name.replace("_", " ")
    if not is_change:
        return f"{words}: {_shown(value)}"
    before, after = ("–" if one is None or one == "" else one for one in map(_shown, value))
    return f"{words}: {before} → {after}"


def _shown(value: Any) -> Any:
    """Return a value as people write it; none of it as a program would."""
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, list):
        return ", ".join(str(_shown(one)) for one in value)
    if isinstance(value, dict):
        return ", ".join(f"{_shown(one)} {name.replace('_', ' ')}" for name, one in value.items())
    return value


class AuditState(ListState, rx.State):
    """Who did what, newest first."""

    rows: list[AuditLine] = []

    def _list(self) -> ListSpec[AuditRow]:
        return AUDIT

    def _path(self) -> str:
        return "/settings/audit"

    def _export_path(self) -> str:
        return "/api/v1/audit/export"

    async def _read_page(self, session: Session, actor: Actor, query: ListQuery) -> Page[AuditRow]:
        return await list_audit(session, actor, query)

    async def _lines(self, session: Session, actor: Actor, items: list[AuditRow]) -> list[AuditLine]:
        at = await shop_now(session)
        return [audit_line(row, show_moment(row.at, at)) for row in items]
