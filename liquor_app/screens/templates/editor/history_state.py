"""A template's versions: who and when, what changed since, and bringing one back."""

from __future__ import annotations

from typing import Any

import reflex as rx

from liquor_app.accounts.permission_table import Permission, needs
from liquor_app.accounts.permissions import Actor
from liquor_app.core.db import Session, transaction
from liquor_app.core.ids import parse_id
from liquor_app.core.listing.spec import ListQuery, ListSpec
from liquor_app.core.paging import Page
from liquor_app.organization.settings import shop_now
from liquor_app.screens.listing.state import ListState
from liquor_app.screens.session.state import guarded, signed_in
from liquor_app.screens.templates.editor.state import EditorState
from liquor_app.screens.templates.view import PARTS, VersionLine, version_line
from liquor_app.templates.diff import Change, changes_between
from liquor_app.templates.lists import VERSIONS, list_versions
from liquor_app.templates.service import VersionRow, get_template
from liquor_app.templates.template_versions import read_version, restore_version
from liquor_app.ui.address import last_part
from liquor_app.ui.forms.source_text import guard
from liquor_app.ui.toast import toast_done
from liquor_app.ui.words import show_moment

SHOWN = 12


class HistoryState(ListState, rx.State):
    """Its versions; `comparing` is the number of the one laid beside the present one, 0 for none."""

    rows: list[VersionLine] = []
    comparing: int = 0
    who: str = ""
    changes: list[Change] = []
    _present: int = 0

    def _list(self) -> ListSpec[VersionRow]:
        return VERSIONS

    def _per_page(self) -> int:
        return SHOWN

    @rx.event
    @guarded
    @needs(Permission.SETTINGS_READ)
    async def load(self) -> Any:
        self.reset()
        return await self._load()

    async def _read_page(self, session: Session, actor: Actor, query: ListQuery) -> Page[VersionRow]:
        """Return the versions as they are now; none if the template is not there (its page says so)."""
        editor = await self.get_state(EditorState)
        if not editor.head.id:
            return Page([], None, 0)
        template_id = parse_id(editor.head.id, "template")
        self._present = (await get_template(session, actor, template_id)).version
        return await list_versions(session, actor, template_id, query)

    async def _lines(self, session: Session, actor: Actor, items: list[VersionRow]) -> list[VersionLine]:
        at = await shop_now(session)
        return [version_line(row, self._present, at) for row in items]

    @rx.event
    @guarded
    @needs(Permission.SETTINGS_READ)
    async def save(self) -> Any:
        """Save what is typed; the new version joins the list."""
        editor = await self.get_state(EditorState)
        said = [event async for event in EditorState.save.fn(editor)]
        await self._again()
        return said[-1] if said else None

    @rx.event
    @guarded
    @needs(Permission.SETTINGS_READ)
    async def compare(self, version: int) -> None:
        """Lay a version beside what is stored now."""
        actor = await signed_in(self)
        template_id = parse_id(last_part(self), "template")
        async with transaction() as session:
            old = await read_version(session, actor, template_id, int(version))
            row = await get_template(session, actor, template_id)
            at = await shop_now(session)
        found: list[Change] = []
        for name, label in PARTS.items():
            lines = changes_between(getattr(old, name) or "", getattr(row, name) or "")
            found += [Change("gap", label), *lines] if lines else []
        self.changes, self.comparing, self._present = found, old.version, row.version
        made = next((line.who for line in self.rows if line.number == old.version), "")
        self.who = made or f"{old.created_by or 'System'}, {show_moment(old.created_at, at)}"

    @rx.event
    @needs(Permission.SETTINGS_READ)
    async def close(self) -> None:
        self.comparing = 0

    @rx.event
    @guarded
    @needs(Permission.TEMPLATES_ADMIN)
    async def restore(self) -> Any:
        """Return the compared version's content becomes the newest version."""
        actor = await signed_in(self)
        old = self.comparing
        async with transaction() as session:
            template_id = parse_id(last_part(self), "template")
            row = await restore_version(session, actor, template_id, old, seen=self._present)
        self.comparing = 0
        editor = await self.get_state(EditorState)
        await editor._show(row)
        await self._again()
        return [guard(False), toast_done(f"Version {row.version} says what version {old} said")]
