"""The shop's own fields on their page, and taking one away."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from typing import Any
from uuid import UUID

import reflex as rx

from liquor_app.accounts.permission_table import Permission, needs
from liquor_app.core.db import transaction
from liquor_app.core.errors import AppError
from liquor_app.core.models import JobStatus
from liquor_app.core.queue import get_job
from liquor_app.customers.labels.custom_fields import list_custom_fields
from liquor_app.customers.labels.field_removal import request_removal
from liquor_app.screens.session.background import background
from liquor_app.screens.session.state import guarded, signed_in
from liquor_app.templates.custom_field_usage import FieldUse, custom_field_uses
from liquor_app.ui.toast import toast_done, toast_failed
from liquor_app.ui.words import figure, listed

WATCH_SECONDS, WATCH_EVERY = 3600, 0.5


@dataclass(frozen=True)
class FieldLine:
    """A field as the page draws it; `tag` is what a template says for it."""

    key: str = ""
    label: str = ""
    kind: str = ""
    tag: str = ""


def use_words(use: FieldUse) -> str:
    """Tell who names a field, and what becomes of that."""
    parts = [
        f"{what} {listed([f'“{one}”' for one in names])}"
        for what, names in (("the segments", use.segments), ("the templates", use.templates))
        if names
    ]
    if not parts:
        return "No segment and no template names it."
    return f"It is named by {listed(parts)}: they find nothing there any more. Change them first."


class CustomFieldsState(rx.State):
    """The fields; `asking` is the key of the one it is asked about."""

    rows: list[FieldLine] = []
    asking: str = ""
    uses: str = ""
    percent: float = 0
    words: str = ""
    """How far the taking away is; empty when none is under way."""
    _job: str = ""

    @rx.event
    @guarded
    @needs(Permission.CUSTOMERS_READ)
    async def load(self) -> None:
        await self._read()

    async def _read(self) -> None:
        actor = await signed_in(self)
        async with transaction() as session:
            found = await list_custom_fields(session, actor)
        self.rows = [FieldLine(one.key, one.label, one.kind.label, f"{{{{ custom.{one.key} }}}}") for one in found]

    @rx.var
    def chosen(self) -> FieldLine:
        """The field it is asked about."""
        return next((row for row in self.rows if row.key == self.asking), FieldLine())

    @rx.event
    @guarded
    @needs(Permission.CUSTOMERS_READ)
    async def ask(self, key: str) -> None:
        """Ask whether to take a field away, with who names it."""
        actor = await signed_in(self)
        async with transaction() as session:
            self.uses = use_words(await custom_field_uses(session, actor, str(key)))
        self.asking = str(key)

    @rx.event
    @guarded
    @needs(Permission.CUSTOMERS_READ)
    async def shut(self, open: bool = False) -> None:
        if not open:
            self.asking = ""

    @rx.event
    @guarded
    @needs(Permission.CUSTOMERS_ADMIN)
    async def remove(self) -> Any:
        """Have the field taken away by a job."""
        actor, key, self.asking = await signed_in(self), self.asking, ""
        async with transaction() as session:
            self._job = str(await request_removal(session, actor, key))
        self.words, self.percent = "Waiting for the worker", 0
        return CustomFieldsState.watch

    @background
    @needs(Permission.CUSTOMERS_READ)
    async def watch(self) -> Any:
        """Follow the job to its end."""
        for _ in range(round(WATCH_SECONDS / WATCH_EVERY)):
            async with self:
                if (ended := await self._look()) is not None:
                    return ended
            await asyncio.sleep(WATCH_EVERY)
        return None

    async def _look(self) -> Any:
        """Read how far it is; a toast once it has ended."""
        await signed_in(self)
        try:
            async with transaction() as session:
                job = await get_job(session, UUID(self._job))
        except (AppError, ValueError):
            self.words = ""
            return toast_failed("Not known", "What became of it is no longer on record.")
        if job.status in (JobStatus.QUEUED, JobStatus.RUNNING):
            self.percent = round(min(100.0, job.done / job.total * 100), 1) if job.total else 0
            self.words = (
                f"{figure(job.done)} of {figure(job.total)} customers" if job.total else "Waiting for the worker"
            )
            return None
        self.words = ""
        await self._read()
        if job.status is JobStatus.SUCCEEDED:
            return toast_done("Field taken away", "Nothing stands in it for anybody any more.")
        return toast_failed("Not taken away", job.error or "It was stopped. Take it away again to go on.")
