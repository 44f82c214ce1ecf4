"""Importing a file: choose, match its columns, run, report. The file itself goes over plain HTTP, not through here."""

from __future__ import annotations

import asyncio
import json
import tempfile
from pathlib import Path
from typing import Any

import reflex as rx

from liquor_app.accounts.models import Role
from liquor_app.accounts.permissions import Actor, require
from liquor_app.accounts.state import guarded, signed_in
from liquor_app.core.db import transaction
from liquor_app.core.errors import AppError, Invalid
from liquor_app.core.ids import parse_id
from liquor_app.core.models import JobStatus
from liquor_app.core.queue import JobRow, get_job, request_cancel
from liquor_app.customers.importing import ImportReport, import_file, inspect_file
from liquor_app.customers.importing.mapping import KINDS
from liquor_app.customers.importing.merging import Policy
from liquor_app.customers.states.uploads import (
    CHOICES,
    ColumnLine,
    ImportLine,
    ReasonLine,
    column_lines,
    head_of,
    import_line,
    mapping_of,
    reason_lines,
    reassigned,
    trial_words,
)
from liquor_app.customers.uploads import ImportRow, get_import, list_imports
from liquor_app.organization.settings import shop_now
from liquor_app.ui.toast import toast_failed
from liquor_app.ui.words import plural

CHOOSE, MATCH, RUN, REPORT = range(4)
WATCH_SECONDS, WATCH_EVERY = 3600, 0.5
EARLIER = 10


class ImportState(rx.State):
    """One file on its way in."""

    step: int = CHOOSE
    kind: str = "customers"
    policy: str = Policy.FILL.value
    name: str = ""
    columns: list[ColumnLine] = []
    problem: str = ""
    trial: str = ""
    percent: float = 0
    words: str = ""
    reasons: list[ReasonLine] = []
    rejects: str = ""
    _head: bytes = b""
    _import: str = ""

    @rx.event
    @guarded
    async def load(self) -> Any:
        """A fresh start, unless an import is under way."""
        await signed_in(self)
        if self.step == RUN and self._import:
            return ImportState.watch
        self.reset()
        return rx.call_script("importFile.forget()")

    @rx.event
    @guarded
    async def choose_kind(self, kind: str | list[str]) -> None:
        self.kind, self.problem = (str(kind) if str(kind) in KINDS else "customers"), ""

    @rx.event
    @guarded
    async def choose_policy(self, policy: str) -> None:
        self.policy = policy if policy in set(Policy) else Policy.FILL.value
        await self._try()

    @rx.event
    @guarded
    async def looked(self, sent: Any) -> None:
        """The browser sends the first bytes of the chosen file."""
        require(await signed_in(self), Role.MANAGER)
        self.problem = ""
        try:
            self.name, self._head = head_of(sent)
            with tempfile.TemporaryDirectory() as folder:
                self.columns = column_lines(inspect_file(_kept(self._head, folder), self.kind))
        except Invalid as problem:
            self.problem = problem.message
            return
        self.step = MATCH
        await self._try()

    @rx.event
    @guarded
    async def match(self, column: str, field: str) -> None:
        """A column of the file becomes a field; an empty one leaves it out."""
        known = {value for value, _ in CHOICES[self.kind]}
        self.columns = reassigned(self.columns, str(column), field if field in known else "")
        await self._try()

    async def _try(self) -> None:
        """Import the first rows for trial: everything is rolled back, only the outcome is kept."""
        actor, mapping = await signed_in(self), mapping_of(self.columns)
        self.problem = self.trial = ""
        try:
            report = await _tried(actor, self._head, self.kind, self.policy, mapping)
        except Invalid as problem:
            self.problem = problem.message
            return
        self.trial = trial_words(report)

    @rx.event
    @guarded
    async def start(self) -> Any:
        """Have the browser send the whole file."""
        if self.step != MATCH or self.problem:
            return None
        self.step, self.percent, self.words = RUN, 0, "Sending the file"
        arguments = (json.dumps(text) for text in (self.kind, self.policy, json.dumps(mapping_of(self.columns))))
        return rx.call_script(f"importFile.send({', '.join(arguments)})")

    @rx.event
    @guarded
    async def sent(self, answer: Any) -> Any:
        """What the server answered the browser: an import to watch, or why there is none."""
        actor = await signed_in(self)
        answer = answer if isinstance(answer, dict) else {}
        if "import_id" not in answer:
            self.step = MATCH
            return toast_failed("Not imported", str(answer.get("detail") or "The server did not answer.")[:300])
        async with transaction() as session:
            row = await get_import(session, actor, parse_id(str(answer["import_id"]), "import"))
        self._import, self.words = str(row.id), "Waiting for the worker"
        return ImportState.watch

    @rx.event
    @guarded
    async def cancel(self) -> None:
        """Stop the import under way; nothing of it stays."""
        actor = await signed_in(self)
        async with transaction() as session:
            row = await get_import(session, actor, parse_id(self._import, "import"))
            if row.job_id is not None:
                await request_cancel(session, row.job_id)

    @rx.event(background=True)
    async def watch(self) -> Any:
        """Follow the import under way to its end."""
        for _ in range(round(WATCH_SECONDS / WATCH_EVERY)):
            async with self:
                try:
                    row, job = await self._progress()
                except AppError:
                    return None
                if job.status not in (JobStatus.QUEUED, JobStatus.RUNNING):
                    self._report(row, job)
                    return EarlierState.load
            await asyncio.sleep(WATCH_EVERY)
        return None

    async def _progress(self) -> tuple[ImportRow, JobRow]:
        actor = await signed_in(self)
        async with transaction() as session:
            row = await get_import(session, actor, parse_id(self._import, "import"))
            job = await get_job(session, parse_id(str(row.job_id), "job"))
        if job.total:
            self.percent = round(min(100.0, job.done / job.total * 100), 1)
            self.words = f"{job.done:,} of about {job.total:,} rows"
        return row, job

    def _report(self, row: ImportRow, job: JobRow) -> None:
        self.step, self._head = REPORT, b""
        if job.status is not JobStatus.SUCCEEDED:
            self.problem = f"Nothing was imported. {job.error or ''}".strip()
            return
        self.words = (
            f"{plural(row.rows, 'row')}: {row.created:,} new, {row.updated:,} changed,"
            f" {row.unchanged:,} known already, {row.rejected:,} refused."
        )
        self.reasons = reason_lines((job.result or {}).get("reasons") or {})
        self.rejects = f"/api/v1/imports/{row.id}/rejects" if row.rejected else ""

    @rx.event
    @guarded
    async def again(self) -> Any:
        """From the beginning."""
        self.reset()
        return rx.call_script("importFile.forget()")


class EarlierState(rx.State):
    """What was imported before."""

    imports: list[ImportLine] = []

    @rx.event
    @guarded
    async def load(self) -> None:
        actor = await signed_in(self)
        async with transaction() as session:
            at = await shop_now(session)
            page = await list_imports(session, actor, limit=EARLIER)
        self.imports = [import_line(row, at) for row in page.items]


def _kept(head: bytes, folder: str) -> Path:
    path = Path(folder) / "head.csv"
    path.write_bytes(head)
    return path


async def _tried(actor: Actor, head: bytes, kind: str, policy: str, mapping: dict[str, str]) -> ImportReport:
    with tempfile.TemporaryDirectory() as folder:
        async with transaction() as session:
            return await import_file(
                session,
                actor,
                kind=kind,
                path=_kept(head, folder),
                policy=policy,
                dry_run=True,
                mapping=mapping,
                rejects_path=Path(folder) / "rejects.csv",
            )
