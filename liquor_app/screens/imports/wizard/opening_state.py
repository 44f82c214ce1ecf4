"""Opening a file to import at the step it is at: choose, match its columns, run, report.

The address carries the import, so that a reload, or a colleague with the link, comes back to that step.
"""

from __future__ import annotations

from contextlib import suppress
from typing import Any

import reflex as rx

from liquor_app.accounts.permission_table import Permission, needs
from liquor_app.core.db import transaction
from liquor_app.core.errors import Conflict, NotFound
from liquor_app.core.ids import parse_id
from liquor_app.imports.cleaning.column_names import KINDS
from liquor_app.imports.models import ImportStatus
from liquor_app.imports.undo.discard_upload import discard_upload
from liquor_app.screens.imports.wizard.matching_state import MatchState
from liquor_app.screens.imports.wizard.running_state import RunState
from liquor_app.screens.imports.wizard.state import MATCH, REPORT, RUN, STEPS, EarlierState, ImportState
from liquor_app.screens.imports.wizard.undo_state import UndoState
from liquor_app.screens.session.state import guarded, signed_in
from liquor_app.ui.address import parameter, remember
from liquor_app.ui.toast import toast_failed

ADDRESS = "/customers/import"
NEXT: dict[int, Any] = {MATCH: MatchState.begin, RUN: RunState.watch, REPORT: RunState.report}
"""What a step begins with."""


class OpeningState(rx.State):
    """How a file comes into hand; it is held by `ImportState`, what its steps show by theirs."""

    discarding: str = ""
    """The import that is asked about; empty while no dialog is open."""
    discarding_name: str = ""

    @rx.event
    @guarded
    @needs(Permission.IMPORTS_WRITE)
    async def load(self) -> Any:
        """Return the import the address names, at the step it is at; else a fresh start."""
        await signed_in(self)
        if wanted := parameter(self, "import"):
            return await self._open(wanted)
        file = await self.get_state(ImportState)
        file.reset()
        file.kind = wanted if (wanted := parameter(self, "kind")) in KINDS else file.kind
        return rx.call_script("window.importFile?.forget()")

    @rx.event
    @guarded
    @needs(Permission.IMPORTS_WRITE)
    async def sent(self, answer: Any) -> Any:
        """Tell what the server answered the browser: an import to look at, or why there is none."""
        await signed_in(self)
        file = await self.get_state(ImportState)
        answer, file.sending = answer if isinstance(answer, dict) else {}, False
        if "id" not in answer:
            file.problem = str(answer.get("detail") or "The server did not answer.")[:300]
            return toast_failed("Not sent", file.problem)
        return await self._open(str(answer["id"]))

    @rx.event
    @guarded
    @needs(Permission.IMPORTS_WRITE)
    async def open(self, import_id: str) -> Any:
        """Return an import of before."""
        return await self._open(str(import_id))

    async def _open(self, import_id: str) -> Any:
        file = await self.get_state(ImportState)
        row = await file._row(import_id)
        await self._forget_file()
        file._import, file.kind, file.name, file.problem = str(row.id), row.kind, row.file_name, ""
        file.step = STEPS.get(row.status, REPORT)
        following = UndoState.watch if row.status is ImportStatus.UNDOING else NEXT[file.step]
        return [remember(ADDRESS, {"import": file._import}), following]

    async def _forget_file(self) -> None:
        """Tell what the later steps show is another file's from here on: it goes in the same push as its name."""
        (await self.get_state(MatchState))._clear()
        (await self.get_state(RunState)).reset()
        (await self.get_state(UndoState)).reset()

    @rx.event
    @guarded
    @needs(Permission.IMPORTS_WRITE)
    async def ask_discard(self, import_id: str = "") -> None:
        """Ask before a file of the list is forgotten; "" closes the question."""
        await signed_in(self)
        self.discarding = self.discarding_name = ""
        if import_id:
            row = await (await self.get_state(ImportState))._row(str(import_id))
            self.discarding, self.discarding_name = str(row.id), row.file_name

    @rx.event
    @guarded
    @needs(Permission.IMPORTS_WRITE)
    async def discard(self) -> Any:
        """Forget the file that was asked about, which was only looked at."""
        actor, import_id = await signed_in(self), self.discarding
        self.discarding = self.discarding_name = ""
        async with transaction() as session:
            await discard_upload(session, actor, parse_id(import_id, "import"))
        return EarlierState.load

    @rx.event
    @guarded
    @needs(Permission.APP)
    async def discard_open(self, is_open: bool) -> None:
        """The dialog was closed."""
        if not is_open:
            self.discarding = self.discarding_name = ""

    @rx.event
    @guarded
    @needs(Permission.IMPORTS_WRITE)
    async def again(self) -> Any:
        """From the beginning; a file of one's own that was only looked at is forgotten."""
        actor, file = await signed_in(self), await self.get_state(ImportState)
        with suppress(NotFound, Conflict):  # gone, or started in another tab
            if (
                file._import
                and (row := await file._row()).status is ImportStatus.PREVIEW
                and row.created_by == actor.user_id
            ):
                async with transaction() as session:
                    await discard_upload(session, actor, row.id)
        file.reset()
        await self._forget_file()
        return [rx.call_script("window.importFile?.forget()"), remember(ADDRESS, {}), EarlierState.load]
