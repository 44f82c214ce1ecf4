"""The audit log on its page."""

from __future__ import annotations

import reflex as rx

from liquor_app.accounts.permissions import Actor
from liquor_app.core.db import Session
from liquor_app.core.listing.spec import ListQuery, ListSpec
from liquor_app.core.paging import Page
from liquor_app.organization.lists import AUDIT, AuditRow, list_audit
from liquor_app.organization.settings import shop_now
from liquor_app.screens.listing.state import ListState
from liquor_app.screens.organization.audit.view import AuditLine, audit_line


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
        return [audit_line(row, at) for row in items]
