"""An import under way, and what became of it."""

from __future__ import annotations

import asyncio
from typing import Any

import reflex as rx

from liquor_app.accounts.permission_table import Permission, needs
from liquor_app.accounts.permissions import may
from liquor_app.core.db import transaction
from liquor_app.core.errors import AppError
from liquor_app.core.queue import get_job
from liquor_app.imports.import_rows import ImportRow
from liquor_app.imports.models import ImportStatus
from liquor_app.imports.undo.kept_rows import KeptRow, kept_names
from liquor_app.imports.undo.undo_import import is_something_left, undo_counts, undoable_until, why_not
from liquor_app.imports.uploads import cancel_import, resume_import
from liquor_app.screens.imports.wizard.report.report_words import report_of
from liquor_app.screens.imports.wizard.report.warned_state import WarnedState
from liquor_app.screens.imports.wizard.state import REPORT, RUN, STEPS, EarlierState, ImportState
from liquor_app.screens.imports.wizard.view import ReasonLine, kept_file, reason_lines, undo_lines
from liquor_app.screens.session.background import background
from liquor_app.screens.session.state import guarded, signed_in
from liquor_app.ui.words import figure, show_full_day

WATCH_SECONDS, WATCH_EVERY = 3600, 0.5
TONES = {
    ImportStatus.COMPLETED: "green",
    ImportStatus.UNDONE: "green",
    ImportStatus.CANCELLED: "amber",
    ImportStatus.UNDOING: "amber",
    ImportStatus.UNDO_STOPPED: "amber",
}


class RunState(rx.State):
    """How far it is; then the report."""

    percent: float = 0
    words: str = ""
    tone: str = "green"
    figures: list[ReasonLine] = []
    left_out: list[str] = []
    """What was left out of the file, and `assumed` of it, a sentence each; `following` is what to do next."""
    assumed: list[str] = []
    following: list[str] = []
    stopping: bool = False
    can_resume: bool = False
    reasons: list[ReasonLine] = []
    rejects: str = ""
    can_undo: bool = False
    undo_until: str = ""
    """Until when it can be undone, in words."""
    no_undo: str = ""
    """Why it cannot be undone, and what to do instead."""
    undoing: bool = False
    undone: list[ReasonLine] = []
    """What its undoing has removed, set back and kept."""
    kept_file: str = ""
    """Where the list of all that it kept is fetched."""

    @background
    @needs(Permission.IMPORTS_READ)
    async def watch(self) -> Any:
        """Follow the import in hand to its end."""
        async with self:
            self.reset()
            self.words = "Waiting for the worker"
        for _ in range(round(WATCH_SECONDS / WATCH_EVERY)):
            async with self:
                try:
                    row = await self._look()
                except AppError:
                    return None
                if row is None:
                    return EarlierState.load
            await asyncio.sleep(WATCH_EVERY)
        return None

    async def _look(self) -> ImportRow | None:
        """Return the import as it is; None once it has ended, or another is in hand."""
        file = await self.get_state(ImportState)
        row = await file._row()
        if STEPS.get(row.status, REPORT) != RUN:
            file.step = REPORT
            await self._told(row)
            return None
        if row.job_id is not None:
            async with transaction() as session:
                job = await get_job(session, row.job_id)
            if job.total:
                self.percent = round(min(100.0, job.done / job.total * 100), 1)
                self.words = (
                    f"{figure(job.done)} of about {figure(job.total)} rows; {figure(row.rejected)} refused so far"
                )
        return row if file.step == RUN else None

    @rx.event
    @guarded
    @needs(Permission.IMPORTS_READ)
    async def report(self) -> None:
        """Tell what became of the import in hand."""
        await self._told(await (await self.get_state(ImportState))._row())

    async def _told(self, row: ImportRow) -> None:
        report = report_of(row)
        self.words, self.tone = report.says, TONES.get(row.status, "red")
        self.figures, self.left_out = list(report.figures), list(report.left_out)
        self.assumed, self.following = list(report.assumed), list(report.following)
        self.stopping, self.can_resume = False, row.can_resume
        self.reasons = reason_lines(row.reasons)
        self.rejects = f"/api/v1/imports/{row.id}/rejects" if row.rejected else ""
        ended = row.status not in (ImportStatus.UNDOING, ImportStatus.UNDONE)
        self.no_undo = why_not(row) if ended and (row.rows or row.taken_back) else ""
        self.can_undo, self.undoing = is_something_left(row) and not why_not(row), row.status is ImportStatus.UNDOING
        until = show_full_day(undoable_until(row).date())
        self.undo_until = f"It can be undone until {until}." if self.can_undo else ""
        names, actor = list[KeptRow](), await signed_in(self)
        if any(undo_counts(row).kept.values()) and may(actor, Permission.CUSTOMERS_PRIVATE):
            async with transaction() as session:
                names = await kept_names(session, actor, row.id)
        self.undone = undo_lines(undo_counts(row), names, done=True)
        self.kept_file = kept_file(row.id) if names else ""
        await (await self.get_state(WarnedState))._show(row)

    @rx.event
    @guarded
    @needs(Permission.IMPORTS_WRITE)
    async def cancel(self) -> None:
        """Stop the import under way; what has been taken stays."""
        actor, file = await signed_in(self), await self.get_state(ImportState)
        row = await file._row()
        async with transaction() as session:
            await cancel_import(session, actor, row.id)
        self.stopping = True

    @rx.event
    @guarded
    @needs(Permission.IMPORTS_WRITE)
    async def resume(self) -> Any:
        """Go on where it stopped."""
        actor, file = await signed_in(self), await self.get_state(ImportState)
        row = await file._row()
        async with transaction() as session:
            await resume_import(session, actor, row.id)
        file.step = RUN
        return RunState.watch
