"""Rows chosen on a list's page, across its pages, and the jobs that change them or carry them away."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Collection
from typing import Any

import reflex as rx

from liquor_app.accounts.bulk_actions import BulkList, count_matching, request_bulk, stop_work
from liquor_app.accounts.list_exports import export_link, request_export
from liquor_app.accounts.permission_table import Permission, needs
from liquor_app.core.db import transaction
from liquor_app.core.ids import parse_id
from liquor_app.core.listing.selection import MOST_NAMED, selection_of
from liquor_app.core.models import UNFINISHED, JobStatus
from liquor_app.core.queue import Job, JobRow, get_job
from liquor_app.screens.forms.state import submits
from liquor_app.screens.listing.views_state import ViewsState
from liquor_app.screens.session.background import background
from liquor_app.screens.session.state import guarded, signed_in
from liquor_app.ui.forms.form_data import typed
from liquor_app.ui.toast import toast_failed
from liquor_app.ui.words import figure, plural

WATCH_SECONDS, WATCH_EVERY = 3600, 0.4
REPORT = "work-report"
SHOW_REPORT = rx.call_script(
    f"setTimeout(id => document.getElementById(id)?.scrollIntoView({{block: 'center'}}), 0, {json.dumps(REPORT)})"
)
"""It is told once, above the rows; whoever chose them may be far below."""


class BulkState(ViewsState, rx.State, mixin=True):  # type: ignore[call-arg]
    """A list whose rows can be chosen: `class XState(BulkState, ListState, rx.State)`, which writes `_bulk`, `_noun`
    and, for the file's columns, `_column_fields`. What a verb has to be told is a form, and so is a view's name.

    Chosen is what `chosen` names, or `everything` that matches but `left_out`. It survives turning pages and sorting,
    and ends with the question it was an answer to.
    """

    chosen: list[str] = []
    everything: bool = False
    left_out: list[str] = []
    marked: list[str] = []
    """What is ticked on this page and, chosen by name, on others."""
    selected: int = 0
    """How many rows are chosen."""
    selected_words: str = ""
    can_choose_all: bool = False
    asking: str = ""
    """The verb that is asked about."""
    asking_title: str = ""
    asking_means: str = ""
    asking_value: str = ""
    working: str = ""
    """What a job does now, in words; empty for none."""
    work_words: str = ""
    work_percent: float = 0
    stopping: bool = False
    report: str = ""
    """What became of the last one."""
    partly: bool = False
    """Not all of it was done."""
    reasons: list[str] = []
    file_url: str = ""
    file_name: str = ""
    _job: str = ""
    _matching: int = 0

    def _bulk(self) -> BulkList:
        raise NotImplementedError

    def _noun(self) -> tuple[str, str]:
        """Return one of the rows, and many."""
        raise NotImplementedError

    def _fields(self) -> Collection[str]:
        return {"value", *super()._fields()}

    def _asked(self) -> bool:
        return bool(self.asking) or super()._asked()

    def _shut(self) -> None:
        self.asking = ""
        super()._shut()

    # --- choosing ---

    async def _asked_otherwise(self) -> None:
        self.chosen, self.everything, self.left_out, self._matching = [], False, [], 0

    async def _shown(self) -> None:
        """Tick what is chosen of this page."""
        here = [row.id for row in self.rows]
        if self.everything:
            self.marked = [one for one in here if one not in self.left_out]
            self.selected = max(self._matching - len(self.left_out), 0)
        else:
            self.marked, self.selected = self.chosen, len(self.chosen)
        self.selected_words = f"{figure(self.selected)} selected"
        whole_page = bool(here) and set(here) <= set(self.chosen)
        self.can_choose_all = not self.everything and whole_page and bool(self.next_cursor or len(self.cursors) > 1)

    @rx.event
    @guarded
    @needs(Permission.APP)
    async def toggle(self, row_id: str) -> Any:
        await self._flip([str(row_id)])

    @rx.event
    @guarded
    @needs(Permission.APP)
    async def toggle_page(self) -> None:
        """Choose everything on this page, or nothing of it if all is chosen."""
        here = [row.id for row in self.rows]
        await self._flip(here if set(here) <= set(self.marked) else [one for one in here if one not in self.marked])

    async def _flip(self, ids: list[str]) -> None:
        known = {row.id for row in self.rows} | set(self.chosen)
        ids = [one for one in ids if one in known]
        named = self.left_out if self.everything else self.chosen
        fresh = [one for one in ids if one not in named]
        named = [one for one in named if one not in ids or one in fresh] + fresh
        if self.everything:
            self.left_out = named[:MOST_NAMED]
        else:
            self.chosen = named[:MOST_NAMED]
        await self._shown()

    @rx.event
    @guarded
    @needs(Permission.APP)
    async def choose_all(self) -> None:
        """Choose all that match, whichever page they stand on."""
        actor = await signed_in(self)
        async with transaction() as session:
            self._matching = await count_matching(session, actor, self._list(), self._query())
        self.everything, self.left_out, self.chosen = True, [], []
        await self._shown()

    @rx.event
    @guarded
    @needs(Permission.APP)
    async def clear(self) -> None:
        await self._unchoose()

    async def _unchoose(self) -> None:
        await BulkState._asked_otherwise(self)
        await self._shown()

    # --- doing ---

    @rx.event
    @guarded
    @needs(Permission.APP)
    async def ask_bulk(self, action: str) -> None:
        """Say what a verb means for what is chosen; an empty one closes the question."""
        self._fresh()
        self.asking = ""
        if action and self.selected:
            verb = self._bulk().verb(str(action))
            names = [str(getattr(row, "name", "")) for row in self.rows if [row.id] == self.chosen]
            whom = names[0] if names and names[0] else plural(self.selected, *self._noun())
            self.asking, self.asking_value = verb.name, verb.value
            self.asking_title, self.asking_means = f"{verb.label}: {whom}", verb.question

    @rx.event
    @submits
    @needs(Permission.APP)
    async def do_bulk(self, form: dict[str, Any]) -> Any:
        """Have the worker do what is asked about to what is chosen."""
        actor, verb = await signed_in(self), self._bulk().verb(self.asking)
        given = {"ids": self.chosen} if not self.everything else {
            "filters": dict(self._query().filters), "search": self._query().search, "but": self.left_out,
            "at_most": self._matching,
        }  # fmt: skip
        async with transaction() as session:
            chosen = selection_of(self._list(), given)
            job = await request_bulk(session, actor, self._bulk(), verb.name, chosen, value=typed(form, "value"))
        self._shut()
        self._job = str(job)
        self.working = f"{verb.label}: {plural(self.selected, *self._noun())}"
        return self._follow()

    @rx.event
    @guarded
    @needs(Permission.APP)
    async def export_file(self) -> Any:
        """Have the worker write all that match, and the columns shown of it, into an Excel file."""
        actor, spec = await signed_in(self), self._list()
        async with transaction() as session:
            self._job = str(await request_export(session, actor, spec, self._query(), columns=self._file_columns()))
        self.working = "Writing the Excel file"
        return self._follow()

    @rx.event
    @guarded
    @needs(Permission.JOBS_WRITE)
    async def stop_bulk(self) -> None:
        """Stop the job; what it has done is done."""
        actor = await signed_in(self)
        async with transaction() as session:
            await stop_work(session, actor, parse_id(self._job, "job"))
        self.stopping = True

    @rx.event
    @needs(Permission.APP)
    async def close_report(self) -> None:
        self.report, self.reasons, self.file_url = "", [], ""

    def _follow(self) -> Any:
        self.work_words, self.work_percent, self.stopping = "Waiting for the worker", 0, False
        self.report, self.partly, self.reasons, self.file_url = "", False, [], ""
        return type(self).watch_bulk

    @background
    @needs(Permission.OWN_FILES)
    async def watch_bulk(self) -> Any:
        """Follow the job to its end, as long as this tab waits for it."""
        async with self:
            mine = self._job
        for _ in range(round(WATCH_SECONDS / WATCH_EVERY)):
            async with self:
                if not mine or self._job != mine:
                    return None
                actor = await signed_in(self)
                async with transaction() as session:
                    job = await get_job(session, parse_id(mine, "job"))
                    ready = job.status is JobStatus.SUCCEEDED and job.name == Job.EXPORT_ROWS.value
                    link = await export_link(session, actor, job.id) if ready else None
                if job.status not in UNFINISHED:
                    self.working, self._job, self.stopping = "", "", False
                    if link is not None:
                        self.report = f"{link.name} with {plural(link.rows, 'row')} is ready for a quarter of an hour."
                        self.file_url, self.file_name = link.url, link.name
                        return SHOW_REPORT
                    return await self._ended(job)
                self.work_words = job.message or self.work_words
                self.work_percent = round(100 * job.done / job.total, 1) if job.total else 0
            await asyncio.sleep(WATCH_EVERY)
        return None

    async def _ended(self, job: JobRow) -> Any:
        made = job.result or {}
        if job.status is JobStatus.CANCELLED:
            self.report, self.partly = f"Stopped. {job.message or 'Nothing was done.'}", True
            return SHOW_REPORT
        if job.status is not JobStatus.SUCCEEDED:
            return toast_failed("Not done", job.error or "Please try again.")
        if job.name == Job.CHANGE_ROWS.value:
            await self._unchoose()
            await self._read()
            self.reasons = [f"{plural(one['rows'], *self._noun())}: {one['reason']}" for one in made["reasons"]]
            left = f", {figure(made['refused'])} left as they are." if made["refused"] else "."
            self.report = f"{figure(made['done'])} of {figure(made['rows'])} done{left}"
            self.partly = bool(made["refused"])
        return SHOW_REPORT
