"""Routes: reports, read and carried away."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from enum import StrEnum
from typing import Annotated

from fastapi import APIRouter, Query, Request, Response

from liquor_app.accounts.permission_table import Permission, needs
from liquor_app.analytics.alerts import read_alerts
from liquor_app.analytics.asking.answers import answer
from liquor_app.analytics.asking.pick import Meant, meant
from liquor_app.analytics.asking.questions import QUESTIONS, QuestionKey, picked
from liquor_app.analytics.insights.read_insights import InsightKind, read_insight
from liquor_app.analytics.metrics import Unit
from liquor_app.analytics.report_files import Asked, export_any
from liquor_app.analytics.reports import ReportKind, read_report
from liquor_app.analytics.reviews.read_review import read_review
from liquor_app.analytics.reviews.review import ReviewKind
from liquor_app.analytics.reviews.review_words import review_words
from liquor_app.analytics.service import first_recorded
from liquor_app.api.idempotency import once
from liquor_app.api.schemas import Day
from liquor_app.core.db import transaction
from liquor_app.rest.kit.authentication import CurrentActor, key_owner
from liquor_app.rest.schemas.reports import (
    AlertsOut,
    AnswerOut,
    AskIn,
    CalibrationOut,
    CampaignReportOut,
    CouponsOut,
    CustomerBaseOut,
    GoodsTrendOut,
    MovesOut,
    PlaybooksOut,
    QuestionsOut,
    ReportIn,
    ReportLinkOut,
    ReviewOut,
    SegmentReportOut,
    SendTimesOut,
)

router = APIRouter(prefix="/reports", tags=["reports"])
insights = APIRouter(prefix="/analytics", tags=["analytics"])


class Goods(StrEnum):
    """What goods are told by."""

    CATEGORIES = InsightKind.CATEGORIES.value
    BRANDS = InsightKind.BRANDS.value


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


@insights.get("/moves", response_model=MovesOut)
@needs(Permission.ANALYTICS_READ)
async def moves(actor: CurrentActor) -> object:
    """How many went from which RFM segment to which in the last finished month, those who stayed among them."""
    async with transaction() as session:
        return await read_insight(session, actor, InsightKind.MOVES)


@router.get("/review", response_model=ReviewOut)
@needs(Permission.ANALYTICS_READ)
async def review(
    actor: CurrentActor,
    kind: Annotated[ReviewKind, Query(description="How long it looks back.")] = ReviewKind.WEEK,
    day: Annotated[Day | None, Query(description="A day of it; of the last finished one if not given.")] = None,
) -> object:
    """A finished week or month in words, and the figures they are made of. `POST /reports/export` makes a PDF of it."""
    async with transaction() as session:
        found = await read_review(session, actor, kind, day)
    return {
        "kind": kind, "title": kind.heading, "start": found.days.start, "end": found.days.end,
        "words": review_words(found), "waiting": found.waiting, "recorded_from": first_recorded(found.course),
        "figures": [
            {
                "key": one.metric.key, "label": one.metric.label, "unit": one.metric.unit, "value": one.value,
                "before": one.before, "year_before": one.year_before,
            }
            for one in found.figures
        ],
    }  # fmt: skip


@insights.get("/customer-base", response_model=CustomerBaseOut)
@needs(Permission.ANALYTICS_READ)
async def customer_base(actor: CurrentActor) -> object:
    """Who came, came back and lapsed in each of the last finished months, and who was active."""
    async with transaction() as session:
        return await read_insight(session, actor, InsightKind.CUSTOMERS)


@insights.get("/goods", response_model=GoodsTrendOut)
@needs(Permission.ANALYTICS_READ)
async def goods(
    actor: CurrentActor,
    by: Annotated[Goods, Query(description="What rows are of.")] = Goods.CATEGORIES,
) -> object:
    """What categories or brands came to in the last twelve finished months, beside the twelve before."""
    async with transaction() as session:
        return await read_insight(session, actor, InsightKind(by.value))


@insights.get("/send-times", response_model=SendTimesOut)
@needs(Permission.ANALYTICS_READ)
async def send_times(actor: CurrentActor) -> object:
    """Campaign messages of the last ninety days by weekday and hour of the shop's clock, and what became of them."""
    async with transaction() as session:
        return await read_insight(session, actor, InsightKind.SEND_TIMES)


@insights.get("/coupons", response_model=CouponsOut)
@needs(Permission.ANALYTICS_READ)
async def coupons(actor: CurrentActor) -> object:
    """Codes given in the last ninety finished days, by source and discount, and which of them were redeemed."""
    async with transaction() as session:
        return await read_insight(session, actor, InsightKind.COUPONS)


@insights.get("/playbooks", response_model=PlaybooksOut)
@needs(Permission.ANALYTICS_READ)
async def playbooks(actor: CurrentActor) -> object:
    """What messages of the last ninety finished days did, by segment and offer of its playbook."""
    async with transaction() as session:
        return await read_insight(session, actor, InsightKind.PLAYBOOKS)


@insights.get("/calibration", response_model=CalibrationOut)
@needs(Permission.ANALYTICS_READ)
async def calibration(actor: CurrentActor) -> object:
    """What the churn score in use said of tenths of the customers in its backtest, beside how many stayed away."""
    async with transaction() as session:
        return await read_insight(session, actor, InsightKind.CALIBRATION)


@insights.get("/alerts", response_model=AlertsOut)
@needs(Permission.ANALYTICS_READ)
async def alerts(actor: CurrentActor) -> object:
    """What needs somebody, the worst first: sending that stopped, spam, bounces, days without purchases, refused rows
    of files, models that no longer fit."""
    async with transaction() as session:
        return {"items": await read_alerts(session, actor)}


@insights.get("/questions", response_model=QuestionsOut)
@needs(Permission.ANALYTICS_READ)
async def questions(actor: CurrentActor) -> object:
    """Every question there is an answer to."""
    return {"items": list(QUESTIONS.values())}


@insights.post("/ask", response_model=AnswerOut)
@needs(Permission.ANALYTICS_READ)
async def ask(actor: CurrentActor, body: AskIn) -> object:
    """Ask one of the questions, by its key or in words. Words are matched; where a language model is set up it picks
    the question, and sees nothing but what was typed. Nothing is changed."""
    if body.question in set(QuestionKey):
        found = Meant(picked(body.question, body.days, body.period or ""), [])
    else:
        found = await meant(actor, body.question)
    others = [QUESTIONS[one] for one in found.others]
    if found.picked is None:
        return {
            "question": None, "days": None, "period": None, "words": [], "columns": [], "rows": [], "page": None,
            "others": others,
        }  # fmt: skip
    async with transaction() as session:
        told = await answer(session, actor, found.picked)
    return {
        "question": told.question, "days": told.days, "period": told.span or None,
        "words": [one for one in (found.doubt, *told.sentences) if one],
        "columns": told.columns,
        "rows": [{one.key: _cell(row[one.key], one.unit) for one in told.columns} for row in told.rows],
        "page": told.link[0], "others": others,
    }  # fmt: skip


def _cell(value: object, unit: Unit | None) -> object:
    if unit is Unit.MONEY and isinstance(value, float):
        return str(Decimal(str(value)).quantize(Decimal("0.01")))
    return str(value) if isinstance(value, Decimal | date) else value


@router.post("/export", response_model=ReportLinkOut, status_code=201)
@needs(Permission.ANALYTICS_READ)
async def export(request: Request, actor: CurrentActor, body: ReportIn) -> Response:
    """Carry a report away as a CSV, Excel or PDF file: the answer says where it is fetched."""

    asked = Asked(body.report, body.format, body.start, body.end, body.day)
    return await once(request, key_owner(actor), ReportLinkOut, lambda session: export_any(session, actor, asked))
