"""A copy of the base for analysis: asked for, followed, fetched."""

from __future__ import annotations

import asyncio
from typing import Any

import reflex as rx

from liquor_app.accounts.bulk_actions import stop_job
from liquor_app.accounts.list_exports import export_link
from liquor_app.accounts.permission_table import Permission, needs
from liquor_app.core.db import transaction
from liquor_app.core.ids import parse_id
from liquor_app.core.models import UNFINISHED, JobStatus
from liquor_app.core.queue import get_job
from liquor_app.organization.settings import shop_now
from liquor_app.privacy.anonymised_file import latest_anonymised, request_anonymised
from liquor_app.screens.session.background import background
from liquor_app.screens.session.state import guarded, signed_in
from liquor_app.ui.toast import toast_done
from liquor_app.ui.words import plural, show_moment

WATCH_EVERY = 0.6


class CopyState(rx.State):
    """The latest copy of whoever looks: none, one that is written, one that can be fetched, or why there is none."""

    working: bool = False
    percent: int = 0
    step: str = ""
    file_url: str = ""
    report: str = ""
    _job: str = ""

    @rx.event
    @guarded
    @needs(Permission.CUSTOMERS_ADMIN)
    async def load(self) -> Any:
        """Show the copy that was asked for before, as far as it is."""
        actor = await signed_in(self)
        async with transaction() as session:
            found = await latest_anonymised(session, actor)
        self.reset()
        return await self._follow(str(found)) if found is not None else None

    @rx.event
    @guarded
    @needs(Permission.CUSTOMERS_ADMIN)
    async def write(self) -> Any:
        """Ask for a new one."""
        actor = await signed_in(self)
        async with transaction() as session:
            job = await request_anonymised(session, actor)
        self.reset()
        return await self._follow(str(job))

    async def _follow(self, job: str) -> Any:
        self._job = job
        await self._read()
        return CopyState.watch if self.working else None

    @rx.event
    @guarded
    @needs(Permission.CUSTOMERS_ADMIN)
    async def stop(self) -> Any:
        """Stop the one that is written."""
        actor = await signed_in(self)
        async with transaction() as session:
            await stop_job(session, actor, parse_id(self._job, "job"))
        self.reset()
        return toast_done("Stopped", "There is no copy.")

    @background
    @needs(Permission.CUSTOMERS_ADMIN)
    async def watch(self) -> None:
        """Follow it to its end, as long as this tab waits for it."""
        async with self:
            mine = self._job
        while True:
            async with self:
                if not mine or self._job != mine:
                    return
                await self._read()
                if not self.working:
                    return
            await asyncio.sleep(WATCH_EVERY)

    async def _read(self) -> None:
        actor = await signed_in(self)
        async with transaction() as session:
            job, at = await get_job(session, parse_id(self._job, "job")), await shop_now(session)
            ready = job.status is JobStatus.SUCCEEDED
            link = await export_link(session, actor, job.id) if ready else None
        self.working = job.status in UNFINISHED
        self.percent = 100 * job.done // job.total if job.total else 0
        self.step = job.message or "Waiting for its turn"
        self.file_url, self.report = "", ""
        if link is not None:
            left_out = int((job.result or {}).get("left_out", 0))
            self.file_url = link.url
            self.report = (
                f"{plural(link.rows, 'row')}, asked for {show_moment(job.created_at, at)};"
                f" {plural(left_out, 'row')} left out, for too few are like them."
            )
        elif not self.working:
            self.report = f"Not written: {job.error or 'it was stopped.'}"
