"""Routes: a campaign's plans, side by side, with the reasoning that stays with them."""

from __future__ import annotations

from typing import Annotated, Any

from fastapi import APIRouter, Path, Query, Request, Response

from liquor_app.accounts.permission_table import Permission, needs
from liquor_app.actions.lists import EDITS, edits_of, list_edits
from liquor_app.actions.service import skip_actions, undo_edit
from liquor_app.api.idempotency import once
from liquor_app.api.schemas import JOB, Id, Started
from liquor_app.core.db import transaction
from liquor_app.core.listing.spec import ListQuery
from liquor_app.planning import service
from liquor_app.planning.approval.approval_outlook import ApprovalOutlook, read_outlook
from liquor_app.planning.lists import PLANS, list_plans, plans_of
from liquor_app.planning.service import PlanRow
from liquor_app.rest.kit.authentication import CurrentActor, key_owner
from liquor_app.rest.kit.list_routes import list_routes_of
from liquor_app.rest.schemas.planning import ComparisonOut, EditOut, PlanBrief, PlanOut, SkipIn, Skipped

router = APIRouter(prefix="/campaigns/{id}", tags=["plans"])

Version = Annotated[int, Path(alias="version", ge=1, le=1_000_000)]


async def _whole(session: Any, actor: Any, plan: PlanRow) -> dict[str, Any]:
    edits = await list_edits(session, actor, plan.campaign_id, ListQuery({"plan": str(plan.id)}, limit=200))
    return {
        **{name: getattr(plan, name) for name in PlanOut.model_fields if hasattr(plan, name)},
        "edits": [EditOut.model_validate(edit) for edit in edits.items],
    }


list_routes_of(
    router, PLANS, list_plans, plans_of, "Every version a campaign's plan had, newest first.", path="/plans",
    shape=PlanBrief,
)  # fmt: skip


@router.get("/plans/compare", response_model=ComparisonOut)
@needs(Permission.PLANS_READ)
async def compare_plans(
    actor: CurrentActor,
    campaign_id: Id,
    left: Annotated[int, Query(ge=1, le=1_000_000, description="A version.")],
    right: Annotated[int, Query(ge=1, le=1_000_000, description="Another.")],
) -> object:
    """Two versions side by side: figures with intervals, days, cells, copy."""
    async with transaction() as session:
        one = await service.plan_of_version(session, actor, campaign_id, left)
        other = await service.plan_of_version(session, actor, campaign_id, right)
        return await service.compare_plans(session, actor, one.id, other.id)


@router.get("/plans/{version}", response_model=PlanOut)
@needs(Permission.PLANS_READ)
async def get_plan(actor: CurrentActor, campaign_id: Id, version: Version) -> object:
    """One version with its figures and why it is as it is, rejected alternatives and changes by hand included."""
    async with transaction() as session:
        return await _whole(session, actor, await service.plan_of_version(session, actor, campaign_id, version))


@router.post("/plans/{version}/choose", response_model=PlanOut)
@needs(Permission.PLANS_WRITE)
async def choose_plan(request: Request, actor: CurrentActor, campaign_id: Id, version: Version) -> Response:
    """Take this version instead of the current one, as long as both are on the table."""

    async def work(session: Any) -> dict[str, Any]:
        plan = await service.plan_of_version(session, actor, campaign_id, version)
        return await _whole(session, actor, await service.choose_plan(session, actor, plan.id))

    return await once(request, key_owner(actor), PlanOut, work, status=200)


@router.get("/outlook", response_model=ApprovalOutlook)
@needs(Permission.PLANS_READ)
async def outlook(actor: CurrentActor, campaign_id: Id) -> object:
    """What stands in the way of the current plan as things are now, before anybody approves it: sending stopped, a
    channel in the sandbox or not set up, a failing sender, no address for replies, and messages that will be held back
    by reason."""
    async with transaction() as session:
        return await read_outlook(session, actor, campaign_id)


@router.post("/simulate", response_model=PlanOut, responses={202: {"model": Started}})
@needs(Permission.PLANS_WRITE)
async def simulate(request: Request, actor: CurrentActor, campaign_id: Id) -> Response:
    """Work the current plan's figures out anew from its actions as they stand, before anything is sent: reach, sends
    a day and channel, cost, discount, who acts on the offer (`takers`, those too who would have bought anyway) and who
    buys and would not have (`new_buyers`), profit with interval, predicted blocks, fatigue.

    Up to two thousand messages the plan itself answers (200); for more a job is started (202), to be followed and
    cancelled at `/api/v1/jobs/{job_id}`, and the plan is read when it is done.
    """

    async def work(session: Any) -> dict[str, Any] | Started:
        found = await service.request_simulation(session, actor, campaign_id)
        return await _whole(session, actor, found) if isinstance(found, PlanRow) else Started(job_id=found)

    def status(answer: dict[str, Any]) -> int:
        return 202 if "job_id" in answer else 200

    return await once(request, key_owner(actor), PlanOut | Started, work, status=status, location=JOB)


list_routes_of(
    router, EDITS, list_edits, edits_of,
    "What people changed in the campaign's plans, newest first; what was changed, and is undone, together is one.",
    path="/edits", shape=EditOut,
)  # fmt: skip


@router.post("/undo", response_model=EditOut)
@needs(Permission.PLANS_WRITE)
async def undo(request: Request, actor: CurrentActor, campaign_id: Id) -> Response:
    """Take back the last change by hand; again for the one before."""
    return await once(
        request, key_owner(actor), EditOut, lambda session: undo_edit(session, actor, campaign_id), status=200
    )


@router.post("/skip", response_model=Skipped)
@needs(Permission.PLANS_WRITE)
async def skip(request: Request, actor: CurrentActor, campaign_id: Id, body: SkipIn) -> Response:
    """Take planned actions out together."""

    async def work(session: Any) -> dict[str, int]:
        return {"skipped": await skip_actions(session, actor, campaign_id, **body.model_dump())}

    return await once(request, key_owner(actor), Skipped, work, status=200)
