"""Importing a file: choose, match its columns, run, report. The file itself goes over plain HTTP, not through here.

The address carries the import, so that a reload, or a colleague with the link, comes back to the step it is at.
"""

from __future__ import annotations

import json
from typing import Any

import reflex as rx

from liquor_app.core.db import transaction
from liquor_app.core.errors import AppError
from liquor_app.core.ids import parse_id
from liquor_app.customers.importing.cleaning.column_mapping import KINDS
from liquor_app.customers.models import ImportStatus
from liquor_app.customers.uploads import ImportRow, get_import, list_imports
from liquor_app.organization.settings import shop_now
from liquor_app.screens.imports.wizard.view import ImportLine, import_line
from liquor_app.screens.session.state import guarded, signed_in
from liquor_app.ui.address import parameter, remember
from liquor_app.ui.toast import toast_failed

CHOOSE, MATCH, RUN, REPORT = range(4)
EARLIER = 10
ADDRESS = "/customers/import"
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
    async def load(self) -> Any:
        """The import the address names, at the step it is at; else a fresh start."""
        await signed_in(self)
        if wanted := parameter(self, "import"):
            return await self._open(wanted)
        self.reset()
        return rx.call_script("window.importFile?.forget()")

    @rx.event
    @guarded
    async def choose_kind(self, kind: str | list[str]) -> None:
        self.kind, self.problem = (str(kind) if str(kind) in KINDS else "customers"), ""

    @rx.event
    @guarded
    async def send(self) -> Any:
        """Have the browser send the chosen file."""
        await signed_in(self)
        self.sending, self.problem = True, ""
        return rx.call_script(f"importFile.send({json.dumps(self.kind)})")

    @rx.event
    @guarded
    async def sent(self, answer: Any) -> Any:
        """What the server answered the browser: an import to look at, or why there is none."""
        await signed_in(self)
        answer, self.sending = answer if isinstance(answer, dict) else {}, False
        if "id" not in answer:
            self.problem = str(answer.get("detail") or "The server did not answer.")[:300]
            return toast_failed("Not sent", self.problem)
        return await self._open(str(answer["id"]))

    @rx.event
    @guarded
    async def open(self, import_id: str) -> Any:
        """An import of before."""
        return await self._open(str(import_id))

    async def _open(self, import_id: str) -> Any:
        row = await self._row(import_id)
        await self._forget_file()
        self._import, self.kind, self.name, self.problem = str(row.id), row.kind, row.file_name, ""
        self.step = STEPS.get(row.status, REPORT)
        return [remember(ADDRESS, {"import": self._import}), *_next_events(self.step)]

    async def _forget_file(self) -> None:
        """What the later steps show is another file's from here on: it goes in the same push as its name."""
        from liquor_app.screens.imports.wizard.matching_state import MatchState
        from liquor_app.screens.imports.wizard.running_state import RunState

        (await self.get_state(MatchState))._clear()
        (await self.get_state(RunState)).reset()

    async def _row(self, import_id: str = "") -> ImportRow:
        """The import in hand, as it is now; for the states of the later steps too."""
        actor = await signed_in(self)
        async with transaction() as session:
            return await get_import(session, actor, parse_id(import_id or self._import, "import"))

    @rx.event
    @guarded
    async def again(self) -> Any:
        """From the beginning."""
        self.reset()
        await self._forget_file()
        return [rx.call_script("window.importFile?.forget()"), remember(ADDRESS, {}), EarlierState.load]


def _next_events(step: int) -> list[Any]:
    from liquor_app.screens.imports.wizard.matching_state import MatchState
    from liquor_app.screens.imports.wizard.running_state import RunState

    return {MATCH: [MatchState.begin], RUN: [RunState.watch]}.get(step, [RunState.report])


class EarlierState(rx.State):
    """What was imported before."""

    imports: list[ImportLine] = []

    @rx.event
    @guarded
    async def load(self) -> None:
        actor = await signed_in(self)
        try:
            async with transaction() as session:
                at = await shop_now(session)
                page = await list_imports(session, actor, limit=EARLIER)
        except AppError:
            self.imports = []
            raise
        self.imports = [import_line(row, at) for row in page.items]
