"""The file being imported, and those of before. The file itself goes over plain HTTP, not through here."""

from __future__ import annotations

import json
from typing import Any

import reflex as rx

from liquor_app.accounts.permission_table import Permission, needs
from liquor_app.accounts.permissions import Actor
from liquor_app.core.db import Session, transaction
from liquor_app.core.ids import parse_id
from liquor_app.core.listing.spec import ListQuery, ListSpec
from liquor_app.core.paging import Page
from liquor_app.imports.cleaning.column_names import KINDS
from liquor_app.imports.import_rows import ImportRow, get_import
from liquor_app.imports.lists import IMPORTS, list_imports
from liquor_app.imports.models import ImportStatus
from liquor_app.organization.settings import shop_now
from liquor_app.screens.imports.wizard.view import ImportLine, import_line
from liquor_app.screens.listing.state import ListState
from liquor_app.screens.session.state import guarded, signed_in

CHOOSE, MATCH, RUN, REPORT = range(4)
EARLIER = 10
STEPS = {ImportStatus.PREVIEW: MATCH, ImportStatus.QUEUED: RUN, ImportStatus.RUNNING: RUN}


class ImportState(rx.State):
    """One file on its way in: which it is and how far it has come."""

    step: int = CHOOSE
    kind: str = "customers"
    name: str = ""
    sending: bool = False
    problem: str = ""
    _import: str = ""

    @rx.event
    @guarded
    @needs(Permission.IMPORTS_WRITE)
    async def choose_kind(self, kind: str | list[str]) -> None:
        self.kind, self.problem = (str(kind) if str(kind) in KINDS else "customers"), ""

    @rx.event
    @guarded
    @needs(Permission.IMPORTS_WRITE)
    async def send(self) -> Any:
        """Have the browser send the chosen file."""
        await signed_in(self)
        self.sending, self.problem = True, ""
        return rx.call_script(f"importFile.send({json.dumps(self.kind)})")

    async def _row(self, import_id: str = "") -> ImportRow:
        """Return the import in hand, as it is now; for the states of all steps."""
        actor = await signed_in(self)
        async with transaction() as session:
            return await get_import(session, actor, parse_id(import_id or self._import, "import"))


class EarlierState(ListState, rx.State):
    """What was imported before."""

    rows: list[ImportLine] = []
    waiting: list[ImportLine] = []
    """Files of the page that were looked at, and not imported."""

    def _list(self) -> ListSpec[ImportRow]:
        return IMPORTS

    def _per_page(self) -> int:
        return EARLIER

    async def _read_page(self, session: Session, actor: Actor, query: ListQuery) -> Page[ImportRow]:
        return await list_imports(session, actor, query)

    async def _lines(self, session: Session, actor: Actor, items: list[ImportRow]) -> list[ImportLine]:
        at = await shop_now(session)
        lines = [import_line(row, at) for row in items]
        self.waiting = [one for one in lines if one.status == ImportStatus.PREVIEW.value]
        return [one for one in lines if one.status != ImportStatus.PREVIEW.value]
