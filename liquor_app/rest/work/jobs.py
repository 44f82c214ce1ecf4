"""Routes: background work."""

from __future__ import annotations

from dataclasses import replace

from fastapi import APIRouter

from liquor_app.accounts.bulk_actions import stop_job
from liquor_app.accounts.list_exports import export_link
from liquor_app.accounts.lists import JOBS, list_jobs, see_job
from liquor_app.accounts.permission_table import Permission, needs
from liquor_app.api.schemas import Id
from liquor_app.core.db import Session, transaction
from liquor_app.core.listing.spec import ListQuery
from liquor_app.core.queue import get_job
from liquor_app.rest.kit.authentication import CurrentActor
from liquor_app.rest.kit.list_routes import list_routes
from liquor_app.rest.schemas.organization import FileOut, JobOut

router = APIRouter(tags=["jobs"])


async def _everybodys(session: Session, query: ListQuery) -> ListQuery:
    """Whoever may carry the list away may see all of it."""
    return replace(query, scope={"everyone": True, "me": None})


list_routes(
    router, JOBS, list_jobs, "Background work, newest first: everybody's for those who may stop it, one's own else.",
    path="/jobs", shape=JobOut, scoped=_everybodys,
)  # fmt: skip


@router.get("/jobs/{id}", response_model=JobOut)
@needs(Permission.JOBS_READ)
async def read_job(actor: CurrentActor, job_id: Id) -> object:
    """How far a piece of background work is: one's own, or anybody's for those who may stop it."""
    async with transaction() as session:
        return await see_job(session, actor, job_id)


@router.get("/jobs/{id}/file", response_model=FileOut)
@needs(Permission.JOBS_READ)
async def read_job_file(actor: CurrentActor, job_id: Id) -> object:
    """Where the file is fetched that it wrote: by whoever asked for it, for a quarter of an hour."""
    async with transaction() as session:
        return await export_link(session, actor, job_id)


@router.post("/jobs/{id}/cancel", response_model=JobOut)
@needs(Permission.JOBS_WRITE)
async def cancel_job(actor: CurrentActor, job_id: Id) -> object:
    """Stop it: at once if it still waits, at its next step if it runs. What it wrote is rolled back."""
    async with transaction() as session:
        await stop_job(session, actor, job_id)
        return await get_job(session, job_id)
