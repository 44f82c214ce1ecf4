"""The audit log on its page."""

from __future__ import annotations

from collections.abc import Mapping

import reflex as rx

from liquor_app.accounts.permissions import Actor
from liquor_app.core.db import Session
from liquor_app.core.errors import Invalid
from liquor_app.core.listing.spec import ListQuery, ListSpec
from liquor_app.core.paging import Page
from liquor_app.organization.settings import shop_now
from liquor_app.privacy.lists import AUDIT, KINDS, AuditRow, audit_choices, list_audit, subject_name
from liquor_app.screens.listing.state import ListState
from liquor_app.screens.organization.audit.view import AuditLine, audit_line, did, thing
from liquor_app.ui.address import parameter
from liquor_app.ui.forms.filters import Option


class AuditState(ListState, rx.State):
    """Who did what, newest first."""

    rows: list[AuditLine] = []

    def _list(self) -> ListSpec[AuditRow]:
        return AUDIT

    def _path(self) -> str:
        return "/settings/audit"

    def _export_path(self) -> str:
        return "/api/v1/audit/export"

    async def _options(self, session: Session, actor: Actor) -> Mapping[str, list[Option]]:
        choices = await audit_choices(session, actor)
        done = sorted({one: f"{thing(one.rpartition('.')[0])}: {did(one)}" for one in choices.actions}.items(),
                      key=lambda pair: pair[1])  # fmt: skip
        return {
            "actor_id": [Option(str(one), name) for one, name in choices.actors.items()],
            "entity": sorted((Option(kind, thing(kind)) for kind in KINDS), key=lambda one: one.words),
            "action": [Option(code, words) for code, words in done],
            "subject": await self._subject(session, actor, parameter(self, "subject")),
        }

    async def _subject(self, session: Session, actor: Actor, subject: str) -> list[Option]:
        """Return what the address asks about, in words."""
        if not subject:
            return []
        try:
            name = await subject_name(session, actor, subject)
        except Invalid:
            return []  # reading the list says what is wrong with it
        return [Option(subject, f"{thing(subject.partition(':')[0])} {name or '(gone)'}")]

    async def _read_page(self, session: Session, actor: Actor, query: ListQuery) -> Page[AuditRow]:
        return await list_audit(session, actor, query)

    async def _lines(self, session: Session, actor: Actor, items: list[AuditRow]) -> list[AuditLine]:
        at = await shop_now(session)
        return [audit_line(row, at) for row in items]
