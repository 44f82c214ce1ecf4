"""Routes: reports, read and carried away."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Query, Request, Response

from liquor_app.accounts.permission_table import Permission, needs
from liquor_app.analytics.report_files import export_report
from liquor_app.analytics.reports import ReportKind, read_report
from liquor_app.api.idempotency import once
from liquor_app.api.schemas import Day
from liquor_app.core.db import transaction
from liquor_app.rest.kit.authentication import CurrentActor, key_owner
from liquor_app.rest.schemas.reports import CampaignReportOut, ReportIn, ReportLinkOut, SegmentReportOut

router = APIRouter(prefix="/reports", tags=["reports"])

Start = Annotated[Day | None, Query(description="First day; thirty days before the end if not given.")]
End = Annotated[Day | None, Query(description="Last day; yesterday if not given.")]


@router.get("/campaigns", response_model=CampaignReportOut)
@needs(Permission.ANALYTICS_READ)
async def campaigns(actor: CurrentActor, start: Start = None, end: End = None) -> object:
    """Campaigns that sent something in the period: what became of their messages, and what each brought against the
    people held out."""
    async with transaction() as session:
        return await read_report(session, actor, ReportKind.CAMPAIGNS, start, end)


@router.get("/segments", response_model=SegmentReportOut)
@needs(Permission.ANALYTICS_READ)
async def segments(actor: CurrentActor, start: Start = None, end: End = None) -> object:
    """Segments that messages of the period were chosen for, with the same figures."""
    async with transaction() as session:
        return await read_report(session, actor, ReportKind.SEGMENTS, start, end)


@router.post("/export", response_model=ReportLinkOut, status_code=201)
@needs(Permission.ANALYTICS_READ)
async def export(request: Request, actor: CurrentActor, body: ReportIn) -> Response:
    """Carry a report away as a CSV or Excel file: the answer says where it is fetched."""

    return await once(
        request, key_owner(actor), ReportLinkOut,
        lambda session: export_report(
            session, actor, body.report, form=body.format, start=body.start, end=body.end
        ),
    )  # fmt: skip
