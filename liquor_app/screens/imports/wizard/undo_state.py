"""Taking an import back: what it would do, shown before it is done; how far it is; stopped and gone on with."""

from __future__ import annotations

import asyncio
from typing import Any

import reflex as rx

from liquor_app.accounts.permission_table import Permission, needs
from liquor_app.accounts.permissions import may, require
from liquor_app.core.db import transaction
from liquor_app.core.errors import AppError
from liquor_app.core.queue import get_job
from liquor_app.imports.import_rows import ImportRow
from liquor_app.imports.models import ImportStatus
from liquor_app.imports.undo.kept_rows import KeptRow, kept_names
from liquor_app.imports.undo.undo_import import cancel_undo, preview_undo, request_undo
from liquor_app.screens.imports.wizard.running_state import WATCH_EVERY, WATCH_SECONDS, RunState
from liquor_app.screens.imports.wizard.state import REPORT, EarlierState, ImportState
from liquor_app.screens.imports.wizard.view import ReasonLine, kept_file, undo_lines
from liquor_app.screens.session.background import background
from liquor_app.screens.session.state import guarded, signed_in
from liquor_app.ui.toast import toast_failed
from liquor_app.ui.words import figure

UNCOUNTED = "What this would do could not be counted. Please try again."


class UndoState(rx.State):
    """`asking` while the dialog is open; `counting` until it shows what the undoing would do."""

    asking: bool = False
    counting: bool = False
    lines: list[ReasonLine] = []
    is_nothing: bool = False
    problem: str = ""
    kept_file: str = ""
    """Where the list of all that stays is fetched."""
    percent: float = 0
    words: str = ""
    stopping: bool = False

    @rx.event
    @guarded
    @needs(Permission.IMPORTS_WRITE)
    async def ask(self) -> Any:
        """Open the dialog, and have it counted what the undoing would do."""
        require(await signed_in(self), Permission.IMPORTS_WRITE)
        self.asking, self.counting, self.lines, self.problem, self.is_nothing = True, True, [], "", False
        self.kept_file = ""
        return UndoState.count

    @background
    @needs(Permission.IMPORTS_READ)
    async def count(self) -> None:
        """Count what undoing the import in hand would do; nothing is done."""
        async with self:
            actor = await signed_in(self)
            row = await (await self.get_state(ImportState))._row()
        told, names, problem = None, list[KeptRow](), UNCOUNTED
        try:
            async with transaction() as session:
                told = await preview_undo(session, actor, row.id)
                if any(told.kept.values()) and may(actor, Permission.CUSTOMERS_PRIVATE):
                    names = await kept_names(session, actor, row.id)
        except AppError as error:
            problem = error.message
        finally:
            async with self:
                self.counting, self.problem = False, "" if told else problem
                if told:
                    self.lines, self.is_nothing = undo_lines(told, names, done=False), told.is_nothing
                    self.kept_file = kept_file(row.id) if names else ""

    @rx.event
    @guarded
    @needs(Permission.APP)
    async def close(self, still: bool = False) -> None:
        self.asking = bool(still) and self.asking

    @rx.event
    @guarded
    @needs(Permission.IMPORTS_WRITE)
    async def undo(self) -> Any:
        """Take the import in hand back."""
        actor, file = await signed_in(self), await self.get_state(ImportState)
        row = await file._row()
        async with transaction() as session:
            await request_undo(session, actor, row.id)
        self.asking = False
        return UndoState.watch

    @rx.event
    @guarded
    @needs(Permission.IMPORTS_WRITE)
    async def cancel(self) -> None:
        """Stop after the batch in hand; what was taken back stays so."""
        actor, file = await signed_in(self), await self.get_state(ImportState)
        row = await file._row()
        async with transaction() as session:
            await cancel_undo(session, actor, row.id)
        self.stopping = True

    @background
    @needs(Permission.IMPORTS_READ)
    async def watch(self) -> Any:
        """Follow the undoing of the import in hand to its end."""
        async with self:
            self.percent, self.words, self.stopping = 0, "Waiting for the worker", False
        for _ in range(round(WATCH_SECONDS / WATCH_EVERY)):
            async with self:
                try:
                    row = await self._look()
                except AppError:
                    return None
                if row is None:
                    return None
                if row.status is not ImportStatus.UNDOING:
                    failed = row.status is ImportStatus.UNDO_STOPPED and row.error
                    return [EarlierState.load, *([toast_failed("Not undone", row.error or "")] if failed else [])]
            await asyncio.sleep(WATCH_EVERY)
        return None

    async def _look(self) -> ImportRow | None:
        """Return the import as it is; None once another step is in hand."""
        file = await self.get_state(ImportState)
        row = await file._row()
        if file.step != REPORT:
            return None
        await (await self.get_state(RunState))._told(row)
        if row.job_id is not None:
            async with transaction() as session:
                job = await get_job(session, row.job_id)
            if job.total:
                self.percent = round(min(100.0, job.done / job.total * 100), 1)
                self.words = f"{figure(job.done)} of about {figure(job.total)} rows gone through"
        return row
