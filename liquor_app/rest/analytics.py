"""Routes: what the shop earned and who is leaving."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta
from typing import Annotated, Any

from fastapi import APIRouter, Query, Request, Response, WebSocket

from liquor_app.accounts.access_changes import access_topic
from liquor_app.accounts.permission_table import Permission, needs
from liquor_app.accounts.permissions import Actor, require
from liquor_app.actions.offering.cell_rules import CellRuleRow, RuleEffect, add_rule, get_rule, list_rules, undo_rule
from liquor_app.analytics import service
from liquor_app.analytics.bounce_places import BouncePlaces, bounce_places
from liquor_app.analytics.cohorts import MOST_COHORTS, SHOWN_COHORTS, read_cohorts
from liquor_app.analytics.metrics import METRICS, Metric, rows_route
from liquor_app.analytics.periods import NOT_OVER, Against
from liquor_app.api.etag import check_unchanged, tag
from liquor_app.api.idempotency import once
from liquor_app.api.schemas import Day, Id
from liquor_app.api.sockets import serve
from liquor_app.core.clock import now
from liquor_app.core.db import transaction
from liquor_app.core.errors import Invalid
from liquor_app.core.pubsub import Message
from liquor_app.experiments.effects import By, read_effects
from liquor_app.experiments.global_holdout import overall_result
from liquor_app.experiments.learning import CellRow, read_learning
from liquor_app.experiments.policy_question import Policy, ask_policy
from liquor_app.experiments.rule_cost import rule_cost
from liquor_app.organization.settings import shop_today
from liquor_app.rest.kit.authentication import CurrentActor, key_owner, session_cookie, socket_actor
from liquor_app.rest.schemas.analytics import (
    AnalyticsMessage,
    BelievedOut,
    CellRuleIn,
    CellRulesOut,
    ChurnOut,
    CohortsOut,
    DashboardOut,
    EffectsOut,
    HoldoutOut,
    LearningOut,
    MetricsOut,
    PolicyOut,
    RevenueOut,
    RuleCostOut,
)

router = APIRouter(prefix="/analytics", tags=["analytics"])
sockets = APIRouter()

PERIOD_DAYS = 30


@router.get("/dashboard", response_model=DashboardOut)
@needs(Permission.ANALYTICS_READ)
async def dashboard(
    actor: CurrentActor,
    days: Annotated[int | None, Query(ge=1, le=365, description="The last so many; 30 if nothing is given.")] = None,
    start: Annotated[Day | None, Query(description="First day, instead of `days`.")] = None,
    end: Annotated[Day | None, Query(description="Last day; yesterday if not given. It must be over.")] = None,
    against: Annotated[Against, Query(description="As many days before, or 52 weeks before.")] = Against.BEFORE,
) -> object:
    """Revenue, sends, conversion rate and average order of finished days, against those they are compared with; and
    today by itself."""
    async with transaction() as session:
        return await service.dashboard(session, actor, days=days, start=start, end=end, against=against)


@router.get("/revenue", response_model=RevenueOut)
@needs(Permission.ANALYTICS_READ)
async def revenue(
    actor: CurrentActor,
    start: Annotated[Day | None, Query(description="First day; thirty days up to the last if not given.")] = None,
    end: Annotated[Day | None, Query(description="Last day; yesterday if not given. It must be over.")] = None,
) -> object:
    """Revenue, orders, sends and conversions day by day, of finished days; today by itself."""
    async with transaction() as session:
        today = await shop_today(session)
        last = end or today - timedelta(days=1)
        if last >= today:
            raise Invalid(NOT_OVER, field="end")
        first = start or last - timedelta(days=PERIOD_DAYS - 1)
        rows = await service.daily(session, actor, first, last)
        (now_open,) = await service.daily(session, actor, today, today)
    return {
        "start": first,
        "end": last,
        "revenue": sum(row.revenue for row in rows),
        "orders": sum(row.orders for row in rows),
        "days": rows,
        "today": now_open,
        "recorded_from": service.first_recorded(rows),
    }


@router.get("/metrics", response_model=MetricsOut)
@needs(Permission.ANALYTICS_READ)
async def metrics(actor: CurrentActor) -> object:
    """Every figure: what it means, how it is worked out, and which rows are counted."""
    require(actor, Permission.ANALYTICS_READ)
    return {"items": [_told(one) for one in METRICS.values()]}


def _told(metric: Metric) -> dict[str, Any]:
    rows = metric.counted
    return {
        **{name: getattr(metric, name) for name in ("key", "label", "unit", "words", "formula", "source", "no_rows")},
        "rows": rows_route(metric.key),
        "summed": rows.summed if rows else "",
    }


@router.get("/cohorts", response_model=CohortsOut)
@needs(Permission.ANALYTICS_READ)
async def cohorts(
    actor: CurrentActor,
    months: Annotated[int, Query(ge=1, le=MOST_COHORTS, description="How many cohorts, the latest.")] = SHOWN_COHORTS,
) -> object:
    """Customers by the month of their first purchase: who bought again, orders and revenue in each month since, and
    what they are expected to spend."""
    async with transaction() as session:
        return await read_cohorts(session, actor, most=months)


@router.get("/churn", response_model=ChurnOut)
@needs(Permission.ANALYTICS_READ)
async def churn(actor: CurrentActor, limit: Annotated[int, Query(ge=1, le=100)] = 10) -> object:
    """Churn bands, and the customers at high risk who are worth most."""
    async with transaction() as session:
        report = await service.churn_report(session, actor, limit=limit)
    bands = [{"churn_risk": name, "customers": customers} for name, customers in report.bands]
    return {"bands": bands, "customers": report.top}


@router.get("/bounces", response_model=BouncePlaces)
@needs(Permission.ANALYTICS_READ)
async def bounces(actor: CurrentActor) -> BouncePlaces:
    """E-mail of the last thirty days that bounced, soft and hard, by day and by receiving domain."""
    async with transaction() as session:
        return await bounce_places(session, actor)


@router.get("/holdout", response_model=HoldoutOut)
@needs(Permission.ANALYTICS_READ)
async def holdout(actor: CurrentActor) -> object:
    """What marketing as a whole changes: revenue per customer beside that of the people left out of every campaign."""
    async with transaction() as session:
        row = await overall_result(session, actor)
    plain = {name: getattr(row, name) for name in HoldoutOut.model_fields if hasattr(row, name)}
    revenue = row.revenue
    return {
        **plain,
        "is_mismatch": row.split and row.split.is_mismatch,
        "contacted": revenue and revenue.contacted.people,
        "held_out": revenue and revenue.held_out.people,
        "revenue_contacted": revenue and revenue.contacted.mean,
        "revenue_held_out": revenue and revenue.held_out.mean,
    }


@router.get("/learning", response_model=LearningOut)
@needs(Permission.ANALYTICS_READ)
async def learning(actor: CurrentActor) -> object:
    """What messages are believed to change, by segment, offer and channel: shares of the people written to who buy and
    would not have, with 80 % intervals, from how many messages that was learned, what changed since last week, and what
    is tried next and why."""
    async with transaction() as session:
        row = await read_learning(session, actor)
    return {
        "version": row.beliefs.version,
        "learned_at": row.beliefs.learned_at,
        "until": row.beliefs.until,
        "messages": row.messages,
        "distinct_people": row.distinct_people,
        "people": row.messages,
        "held_out": row.controls,
        "overall": _believed(row.overall),
        "cells": [_cell(one) for one in row.cells],
        "changed": [_cell(one) for one in row.changed],
        "next": [
            {
                "segment": one.segment, "most": _cell(one.most), "is_worth": one.is_worth, "is_pinned": one.is_pinned,
                "why": one.why, "least_known": [_cell(cell) for cell in one.least_known],
            }
            for one in row.trials
        ],
    }  # fmt: skip


@router.get("/effects", response_model=EffectsOut)
@needs(Permission.ANALYTICS_READ)
async def effects(
    actor: CurrentActor, by: Annotated[By, Query(description="What they are told by.")] = By.ALL
) -> object:
    """What messages changed, by campaign, segment, playbook or offer or all together: purchases, revenue, and profit
    after discounts and sending, against the people held out of just these messages. Campaigns are pooled by random
    effects with 95 % intervals; how far a few of them lie apart is assumed to be about two buyers of a hundred, and
    gives way to what they show."""
    async with transaction() as session:
        rows, read_at = await read_effects(session, actor, by)
    return {"by": by, "read_at": read_at, "effects": rows}


@router.get("/learning/rules", response_model=CellRulesOut)
@needs(Permission.ANALYTICS_READ)
async def cell_rules(actor: CurrentActor) -> object:
    """Kinds of messages that marketers pinned or forbade, the latest first."""
    async with transaction() as session:
        return {"rules": await list_rules(session, actor)}


@router.post("/learning/rules", response_model=CellRuleRow, status_code=201)
@needs(Permission.ANALYTICS_WRITE)
async def add_cell_rule(request: Request, actor: CurrentActor, body: CellRuleIn) -> Response:
    """Pin a segment's offer by a channel (whom it suits gets nothing else) or forbid it. The next plans go by it."""
    return await once(
        request, key_owner(actor), CellRuleRow, lambda session: add_rule(session, actor, **body.model_dump())
    )


@router.get("/learning/rule-cost", response_model=RuleCostOut)
@needs(Permission.ANALYTICS_READ)
async def cell_rule_cost(
    actor: CurrentActor,
    *,
    effect: Annotated[RuleEffect, Query(description="What the rule would do.")],
    segment: Annotated[str, Query(max_length=80, description="A segment's slug.")],
    offer: Annotated[str, Query(max_length=200, description="An offer as the segment's playbook names it.")],
    channel: Annotated[str, Query(max_length=20, description="A channel of the playbook.")],
    due: Annotated[str, Query(max_length=20, description="One due-state; empty for all.")] = "",
) -> object:
    """What pinning or forbidding a kind of message is expected to lose, before anybody does."""
    async with transaction() as session:
        return await rule_cost(session, actor, effect=effect, segment=segment, offer=offer, channel=channel, due=due)


@router.get("/learning/rules/{id}", response_model=CellRuleRow)
@needs(Permission.ANALYTICS_READ)
async def cell_rule(response: Response, actor: CurrentActor, rule_id: Id) -> object:
    """One of them."""
    async with transaction() as session:
        row = await get_rule(session, actor, rule_id)
    tag(response, str(row.id))
    return row


@router.delete("/learning/rules/{id}", status_code=204)
@needs(Permission.ANALYTICS_WRITE)
async def undo_cell_rule(request: Request, actor: CurrentActor, rule_id: Id) -> None:
    """Take a rule back; it stays in the audit log."""
    async with transaction() as session:

        async def version() -> str:
            return str((await get_rule(session, actor, rule_id)).id)

        await check_unchanged(session, request, version)
        await undo_rule(session, actor, rule_id)


@router.get("/policies/{policy}", response_model=PolicyOut)
@needs(Permission.ANALYTICS_READ)
async def policy(actor: CurrentActor, policy: Policy) -> object:
    """What the last quarter would have brought under another policy: the share of decisions after which the person
    buys within the week, by inverse propensity (plain and self-normalised) and doubly robust, with 95 % intervals over
    people. 409 where nothing was left to chance."""
    async with transaction() as session:
        answer = await ask_policy(session, actor, policy)
    return {
        "policy": answer.policy,
        "label": answer.policy.label,
        "is_reliable": answer.estimate.is_reliable,
        "estimate": answer.estimate,
    }


def _believed(row: CellRow) -> dict[str, object]:
    return {name: getattr(row, name) for name in BelievedOut.model_fields}


def _cell(row: CellRow) -> dict[str, object]:
    return {**_believed(row), **row.cell._asdict()}


@sockets.websocket("/ws/analytics")
@needs(Permission.ANALYTICS_READ)
async def live_analytics(websocket: WebSocket) -> None:
    """The dashboard's figures as they change."""

    async def read(actor: Actor, hints: Sequence[Message]) -> list[AnalyticsMessage]:
        async with transaction() as session:
            found = await service.dashboard(session, actor, days=PERIOD_DAYS)
        return [AnalyticsMessage.model_validate({
            "start": found.start, "end": found.end, "at": now(), "today": found.today,
            "kpis": [{"name": kpi.name, "value": kpi.value, "previous": kpi.previous, "series": kpi.series}
                     for kpi in found.kpis],
        })]  # fmt: skip

    await serve(
        websocket,
        lambda: ["dashboard"],
        lambda token: socket_actor(websocket, token),
        read,
        changes=lambda actor: access_topic(actor.id),
        has_cookie=session_cookie(websocket) is not None,
    )
