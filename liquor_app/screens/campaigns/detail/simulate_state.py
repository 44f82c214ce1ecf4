"""The Simulate button: small plans answer at once, large ones by a job with progress that can be stopped."""

from __future__ import annotations

import asyncio
from typing import Any
from uuid import UUID

import reflex as rx

from liquor_app.accounts.permission_table import Permission, needs
from liquor_app.core.db import transaction
from liquor_app.core.errors import AppError
from liquor_app.core.ids import parse_id
from liquor_app.core.models import UNFINISHED, JobStatus
from liquor_app.core.queue import JobRow, get_job
from liquor_app.planning.service import PlanRow, cancel_simulation, open_simulation, request_simulation
from liquor_app.screens.campaigns.detail.state import CampaignState
from liquor_app.screens.campaigns.detail.versions_state import VersionsState
from liquor_app.screens.session.background import background
from liquor_app.screens.session.state import guarded, signed_in
from liquor_app.ui.address import last_part
from liquor_app.ui.toast import toast_done, toast_failed, toast_warning

WATCH_SECONDS, WATCH_EVERY = 3600, 0.3


class SimulateState(rx.State):
    """How far the simulation of the campaign in the address is."""

    running: bool = False
    stopping: bool = False
    percent: float = 0
    done: str = ""
    words: str = ""
    _job: str = ""

    @rx.event
    @guarded
    @needs(Permission.PLANS_READ)
    async def load(self) -> Any:
        """Take up a simulation that was asked for before this tab came."""
        actor = await signed_in(self)
        self.reset()
        async with transaction() as session:
            return self._follow(await open_simulation(session, actor, parse_id(last_part(self), "campaign")))

    @rx.event
    @guarded
    @needs(Permission.PLANS_WRITE)
    async def simulate(self) -> Any:
        """Work the figures out anew."""
        actor = await signed_in(self)
        async with transaction() as session:
            found = await request_simulation(session, actor, parse_id(last_part(self), "campaign"))
        return _done() if isinstance(found, PlanRow) else self._follow(found)

    @rx.event
    @guarded
    @needs(Permission.PLANS_WRITE)
    async def cancel(self) -> None:
        """Stop it; the figures stay as they were."""
        actor = await signed_in(self)
        async with transaction() as session:
            self.stopping = await cancel_simulation(session, actor, parse_id(last_part(self), "campaign"))

    def _follow(self, job_id: UUID | None) -> Any:
        if job_id is None:
            return None
        self.running, self.stopping, self.percent, self.words = True, False, 0, "Waiting for the worker"
        self._job = str(job_id)
        return SimulateState.watch

    @background
    @needs(Permission.PLANS_READ)
    async def watch(self) -> Any:
        """Follow the job to its end, as long as this tab waits for it."""
        async with self:
            mine = self._job
        for _ in range(round(WATCH_SECONDS / WATCH_EVERY)):
            async with self:
                if self._job != mine:
                    return None
                try:
                    await signed_in(self)
                    async with transaction() as session:
                        job = await get_job(session, parse_id(mine, "job"))
                except AppError:
                    self.reset()
                    return None
                if job.status not in UNFINISHED:
                    self.reset()
                    return _ended(job)
                self.words = job.message or self.words
                self.percent = round(100 * job.done / job.total) if job.total else 0
                self.done = f"step {min(job.done + 1, job.total)} of {job.total}" if job.total else ""
            await asyncio.sleep(WATCH_EVERY)
        return None


def _ended(job: JobRow) -> Any:
    if job.status is JobStatus.SUCCEEDED:
        return _done()
    if job.status is JobStatus.CANCELLED:
        return toast_warning("Simulation stopped", "The figures are as they were.")
    return toast_failed("Not simulated", job.error or "Please try again.")


def _done() -> list[Any]:
    return [CampaignState.load, VersionsState.load, toast_done("Simulated", "From the messages as they stand.")]
