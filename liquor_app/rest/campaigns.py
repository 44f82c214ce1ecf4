"""Routes: campaigns, from draft to done."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from datetime import datetime
from decimal import Decimal
from typing import Any
from uuid import UUID

from fastapi import APIRouter, Request, Response, WebSocket

from liquor_app.accounts.access_changes import access_topic
from liquor_app.accounts.permission_table import Permission, needs
from liquor_app.accounts.permissions import Actor
from liquor_app.actions import coupon_source
from liquor_app.actions.coupon_source import CodeNeed
from liquor_app.analytics.attribution_views import read_views
from liquor_app.analytics.campaign_parts import read_parts
from liquor_app.analytics.measured import counts_of_campaign, measured_of_campaigns, told_counters
from liquor_app.analytics.metrics import rate
from liquor_app.analytics.returned_revenue import returned_since
from liquor_app.api.etag import check_unchanged, tag
from liquor_app.api.idempotency import once
from liquor_app.api.schemas import JOB, Id, Started
from liquor_app.api.sockets import serve
from liquor_app.campaigns import lifecycle, lists, service
from liquor_app.campaigns.lists import CAMPAIGN_ACTIONS, CAMPAIGNS
from liquor_app.campaigns.service import CampaignRow
from liquor_app.core.clock import now
from liquor_app.core.db import Session, transaction
from liquor_app.core.errors import Invalid
from liquor_app.core.ids import parse_id
from liquor_app.core.listing.spec import ListQuery
from liquor_app.core.pubsub import Message
from liquor_app.experiments.service import ResultRow, holdout_result
from liquor_app.experiments.statistics import Lift
from liquor_app.planning.approval import approve_campaign
from liquor_app.rest.kit.authentication import CurrentActor, key_owner, session_cookie, socket_actor
from liquor_app.rest.kit.bulk_routes import bulk_routes
from liquor_app.rest.kit.list_routes import list_routes
from liquor_app.rest.schemas.campaigns import (
    ApproveIn,
    AttributionOut,
    BesideOut,
    CampaignAnalytics,
    CampaignCodesIn,
    CampaignHoldoutOut,
    CampaignIn,
    CampaignPartsOut,
    CampaignPatch,
    CampaignStatusMessage,
    CodeNeedOut,
    GenerateIn,
    PauseIn,
    PlanStarted,
    PlayIn,
)
from liquor_app.segments.lists import list_segments
from liquor_app.sending.sandbox_play import play_week

router = APIRouter(prefix="/campaigns", tags=["campaigns"])
sockets = APIRouter()

BIGGEST_SEGMENTS = 6
LOCATION = "/api/v1/campaigns/{id}"


list_routes(router, CAMPAIGNS, lists.list_campaigns, "Campaigns, newest start first.")
bulk_routes(router, CAMPAIGN_ACTIONS)


@router.post("", response_model=CampaignRow, status_code=201)
@needs(Permission.CAMPAIGNS_WRITE)
async def create_campaign(request: Request, actor: CurrentActor, body: CampaignIn) -> Response:
    """A draft; generate its plan next."""
    fields = body.model_dump(exclude_unset=True)
    return await once(
        request,
        key_owner(actor),
        CampaignRow,
        lambda session: service.create_campaign(session, actor, **fields),
        location=LOCATION,
    )


@router.post("/generate", response_model=PlanStarted, status_code=202)
@needs(Permission.CAMPAIGNS_WRITE)
async def generate_week(request: Request, actor: CurrentActor, body: GenerateIn) -> Response:
    """Draft a week whole: a campaign, its actions and a plan that waits for approval; a job does it."""
    fields = body.model_dump(exclude_unset=True, exclude={"target_segments"})

    async def work(session: Any) -> PlanStarted:
        slugs = body.target_segments or await _biggest_segments(session, actor)
        campaign = await service.create_campaign(session, actor, **{"name": body.name, **fields}, target_segments=slugs)
        return PlanStarted(job_id=await service.request_plan(session, actor, campaign.id), campaign_id=campaign.id)

    return await once(request, key_owner(actor), PlanStarted, work, status=202, location=JOB)


async def _biggest_segments(session: Any, actor: Actor) -> list[str]:
    rows = (await list_segments(session, actor, ListQuery({"active_only": "true"}, limit=100))).items
    filled = sorted((row for row in rows if row.customer_count), key=lambda row: -row.customer_count)
    if not filled:
        raise Invalid("No segment has anybody in it yet. Import customers, or name target_segments.",
                      field="target_segments")  # fmt: skip
    return [row.slug for row in filled[:BIGGEST_SEGMENTS]]


@router.get("/{id}", response_model=CampaignRow)
@needs(Permission.CAMPAIGNS_READ)
async def get_campaign(response: Response, actor: CurrentActor, campaign_id: Id) -> object:
    """One campaign with its plan and counters."""
    async with transaction() as session:
        row = await service.get_campaign(session, actor, campaign_id)
    tag(response, row.updated_at)
    return row


@router.patch("/{id}", response_model=CampaignRow)
@needs(Permission.CAMPAIGNS_WRITE)
async def update_campaign(
    request: Request, response: Response, actor: CurrentActor, campaign_id: Id, body: CampaignPatch
) -> object:
    """Change a campaign that does not run yet."""
    async with transaction() as session:
        await check_unchanged(session, request, lambda: _version(session, actor, campaign_id))
        row = await service.update_campaign(session, actor, campaign_id, body.model_dump(exclude_unset=True))
    tag(response, row.updated_at)
    return row


@router.delete("/{id}", status_code=204)
@needs(Permission.CAMPAIGNS_WRITE)
async def delete_campaign(request: Request, actor: CurrentActor, campaign_id: Id) -> Response:
    """Delete a draft. Anything further along is cancelled instead."""
    async with transaction() as session:
        await check_unchanged(session, request, lambda: _version(session, actor, campaign_id))
        await service.delete_campaign(session, actor, campaign_id)
    return Response(status_code=204)


@router.post("/{id}/generate", response_model=PlanStarted, status_code=202)
@needs(Permission.CAMPAIGNS_WRITE)
async def generate_plan(request: Request, actor: CurrentActor, campaign_id: Id) -> Response:
    """Actions and a plan for this campaign, which then waits for approval; a job does it."""

    async def work(session: Any) -> PlanStarted:
        job_id = await service.request_plan(session, actor, campaign_id)
        return PlanStarted(job_id=job_id, campaign_id=campaign_id)

    return await once(request, key_owner(actor), PlanStarted, work, status=202, location=JOB)


async def _move(request: Request, actor: Actor, step: Callable[[Any], Awaitable[CampaignRow]]) -> Response:
    return await once(request, key_owner(actor), CampaignRow, step, status=200)


@router.get("/{id}/codes", response_model=list[CodeNeedOut])
@needs(Permission.CAMPAIGNS_READ)
async def code_needs(actor: CurrentActor, campaign_id: Id) -> Sequence[CodeNeed]:
    """How many coupon codes the plan still needs, by discount, and how many its pool has left. Empty without pools."""
    async with transaction() as session:
        return await coupon_source.code_needs(session, actor, campaign_id)


@router.post("/{id}/codes", response_model=list[CodeNeedOut])
@needs(Permission.CAMPAIGNS_WRITE)
async def choose_codes(actor: CurrentActor, campaign_id: Id, body: CampaignCodesIn) -> Sequence[CodeNeed]:
    """Take the codes for one discount from a pool, or (null) make them up. Who has a code keeps it."""
    async with transaction() as session:
        await coupon_source.choose_codes(session, actor, campaign_id, body.discount_pct, body.pool_id)
        return await coupon_source.code_needs(session, actor, campaign_id)


@router.post("/{id}/submit", response_model=CampaignRow)
@needs(Permission.CAMPAIGNS_WRITE)
async def submit(request: Request, actor: CurrentActor, campaign_id: Id) -> Response:
    """Take a suggested plan up: it then waits for approval."""
    return await _move(request, actor, lambda session: approve_campaign.submit_plan(session, actor, campaign_id))


@router.post("/{id}/approve", response_model=CampaignRow)
@needs(Permission.CAMPAIGNS_WRITE)
async def approve(request: Request, actor: CurrentActor, campaign_id: Id, body: ApproveIn) -> Response:
    """Approve the plan that was looked at; the campaign is then scheduled. Conflicts: another plan took its
    place, a message was changed by hand since, or the brand's domain failed the last sender check."""

    async def work(session: Any) -> CampaignRow:
        return await approve_campaign.approve_campaign(
            session, actor, campaign_id, plan_id=body.plan_id, fingerprint=body.fingerprint,
            despite_sender=body.despite_sender,
        )  # fmt: skip

    return await _move(request, actor, work)


@router.post("/{id}/start", response_model=CampaignRow)
@needs(Permission.CAMPAIGNS_WRITE)
async def start(request: Request, actor: CurrentActor, campaign_id: Id) -> Response:
    """Start now; each message still goes out at its own moment."""
    return await _move(request, actor, lambda session: lifecycle.start_campaign(session, actor, campaign_id))


@router.post("/{id}/play", response_model=Started, status_code=202)
@needs(Permission.CAMPAIGNS_WRITE)
async def play(request: Request, actor: CurrentActor, campaign_id: Id, body: PlayIn | None = None) -> Response:
    """Live the whole week in a minute or two, in the sandbox; a job does it."""
    seconds = (body or PlayIn()).seconds

    async def work(session: Any) -> Started:
        return Started(job_id=await play_week(session, actor, campaign_id, seconds=seconds))

    return await once(request, key_owner(actor), Started, work, status=202, location=JOB)


@router.post("/{id}/pause", response_model=CampaignRow)
@needs(Permission.CAMPAIGNS_WRITE)
async def pause(request: Request, actor: CurrentActor, campaign_id: Id, body: PauseIn | None = None) -> Response:
    """Stop sending: what waits keeps waiting, what is on the wire runs out."""
    reason = body.reason if body else None
    return await _move(
        request, actor, lambda session: lifecycle.pause_campaign(session, actor, campaign_id, reason=reason)
    )


@router.post("/{id}/resume", response_model=CampaignRow)
@needs(Permission.CAMPAIGNS_WRITE)
async def resume(request: Request, actor: CurrentActor, campaign_id: Id) -> Response:
    """Go on where it stopped, with nobody skipped or repeated."""
    return await _move(request, actor, lambda session: lifecycle.resume_campaign(session, actor, campaign_id))


@router.post("/{id}/cancel", response_model=CampaignRow)
@needs(Permission.CAMPAIGNS_WRITE)
async def cancel(request: Request, actor: CurrentActor, campaign_id: Id) -> Response:
    """End it for good."""
    return await _move(request, actor, lambda session: lifecycle.cancel_campaign(session, actor, campaign_id))


@router.get("/{id}/analytics", response_model=CampaignAnalytics)
@needs(Permission.CAMPAIGNS_READ)
async def analytics(actor: CurrentActor, campaign_id: Id) -> object:
    """What it did so far, and what it earned beyond what would have happened anyway."""
    async with transaction() as session:
        row = await service.get_campaign(session, actor, campaign_id)
        result = await holdout_result(session, actor, campaign_id)
        returned = await returned_since(session, actor, campaign_id)
        measured = await measured_of_campaigns(session, actor, {campaign_id: row.completed_sends})
    of = measured.get(campaign_id, {})
    counts = counts_of_campaign(row, of)
    rates = {name: rate(name, **counts) for name in ("delivery_rate", "open_rate", "click_rate", "conversion_rate")}
    lift = _lift(result.revenue)["difference"] if result else None
    all_kpis = {**rates, "incremental_revenue": None if lift is None else Decimal(str(lift))}
    return {
        **{name: getattr(row, name) for name in CampaignAnalytics.model_fields if hasattr(row, name)},
        **told_counters(row, of),
        **rates,
        "campaign_id": row.id,
        "targets": {name: all_kpis[name] for name in row.target_kpis if name in all_kpis},
        "returned": returned,
        "holdout": _holdout(result) if result else None,
    }


@router.get("/{id}/parts", response_model=CampaignPartsOut)
@needs(Permission.ANALYTICS_READ)
async def parts(actor: CurrentActor, campaign_id: Id) -> object:
    """What became of it by segment, offer and channel, and who bought for most."""
    async with transaction() as session:
        found = await read_parts(session, actor, campaign_id)
    return {
        "is_played": found.is_played,
        "parts": [{"of": one.of, "name": one.name, **one.figures} for one in found.parts],
        "buyers": found.buyers,
    }


@router.get("/{id}/attribution", response_model=list[AttributionOut])
@needs(Permission.ANALYTICS_READ)
async def attribution(actor: CurrentActor, campaign_id: Id) -> object:
    """What it brought, in each way to see it: by click, by coupon, shared among messages, against the people held out,
    beside all that those written to bought and what came back since. They do not add up."""
    async with transaction() as session:
        return await read_views(session, actor, campaign_id)


def _holdout(result: ResultRow) -> dict[str, Any]:
    plain = {name: getattr(result, name) for name in CampaignHoldoutOut.model_fields if hasattr(result, name)}
    chance, usual = result.chance, result.usual
    plain |= {"bought": _lift(result.bought), "revenue": _lift(result.revenue)}
    plain |= {"agent_bought": chance and _lift(chance.bought), "agent_revenue": chance and _lift(chance.revenue)}
    plain["usual"] = usual and {name: _lift(getattr(usual, name)) for name in BesideOut.model_fields}
    return {
        **plain,
        "contacted": result.bought.contacted.people,
        "held_out": result.bought.held_out.people,
        "is_mismatch": result.split.is_mismatch,
    }


def _lift(found: Lift) -> dict[str, float | None]:
    difference = found.difference if found.is_told else None
    return {"difference": difference, "low": found.low, "high": found.high}


@sockets.websocket("/ws/campaign/{id}/status")
@needs(Permission.CAMPAIGNS_READ)
async def campaign_status(websocket: WebSocket) -> None:
    """A campaign's figures as they change."""

    def asked() -> UUID:
        return parse_id(str(websocket.path_params["id"]))

    async def read(actor: Actor, hints: Sequence[Message]) -> list[CampaignStatusMessage]:
        async with transaction() as session:
            row = await service.get_campaign(session, actor, asked())
            measured = await measured_of_campaigns(session, actor, {row.id: row.completed_sends})
        fields = {name: getattr(row, name) for name in CampaignStatusMessage.model_fields if hasattr(row, name)}
        fields |= told_counters(row, measured.get(row.id, {}))
        fields |= {"type": "campaign.status", "campaign_id": row.id, "at": now()}
        return [CampaignStatusMessage(**fields)]

    await serve(
        websocket,
        lambda: [f"campaign:{asked()}"],
        lambda token: socket_actor(websocket, token),
        read,
        changes=lambda actor: access_topic(actor.id),
        has_cookie=session_cookie(websocket) is not None,
    )


async def _version(session: Session, actor: Actor, campaign_id: UUID) -> datetime:
    return (await service.get_campaign(session, actor, campaign_id)).updated_at
