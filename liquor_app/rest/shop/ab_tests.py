"""Routes: the A/B test of a campaign, and the history of tests."""

from __future__ import annotations

from datetime import date, datetime
from decimal import Decimal
from typing import Annotated, Any
from uuid import UUID

from fastapi import APIRouter, Request, Response
from pydantic import Field

from liquor_app.accounts.permission_table import Permission, needs
from liquor_app.accounts.permissions import Actor
from liquor_app.api.etag import check_unchanged, content, tag
from liquor_app.api.schemas import Body, Day, Id, Row
from liquor_app.core.db import Session, transaction
from liquor_app.core.errors import NotFound
from liquor_app.core.money import money
from liquor_app.experiments.ab_tests import service
from liquor_app.experiments.ab_tests.ab_store import AbTestFields
from liquor_app.experiments.ab_tests.compare import VariantCounts
from liquor_app.experiments.ab_tests.judge_tests import AbResult, ab_result
from liquor_app.experiments.ab_tests.lists import AB_TESTS, list_ab_tests
from liquor_app.experiments.ab_tests.models import Measure
from liquor_app.experiments.ab_tests.variants import KEYS, LONGEST
from liquor_app.rest.kit.authentication import CurrentActor
from liquor_app.rest.kit.list_routes import list_routes

router = APIRouter(prefix="/campaigns/{id}/ab-test", tags=["experiments"])
history = APIRouter(prefix="/ab-tests", tags=["experiments"])

Typed = Annotated[str, Field(max_length=LONGEST)]
Key = Annotated[str, Field(pattern=f"^[{KEYS}]$")]
SET_UP = ("name", "hypothesis", "topic", "channel", "measure", "variants", "decide_on", "learned")


class AbTestIn(Body, service.AbAsked):
    """A test. `given` are the variants beside A, which is what the plan says: subjects, words, whole hours, or names of
    the playbooks' offers; a test of channels has the other channel as B and takes none. One of offers or channels is
    drawn as the plan is made: generate the plan again after it. With
    `decide_on` who is to be written to from that day on gets what has won by then."""

    name: Annotated[str, Field(min_length=1, max_length=service.MAX_NAME)]
    hypothesis: Annotated[str, Field(max_length=service.MAX_WORDS)] = ""
    given: Annotated[list[Typed], Field(default_factory=list, max_length=len(KEYS) - 1)]
    decide_on: Day | None = None


class WinnerIn(Body):
    winner: Key


class LearnedIn(Body):
    learned: Annotated[str, Field(max_length=service.MAX_WORDS)]


class VariantOut(Row, VariantCounts):
    """A variant and what it shows so far, by intention. `value` is what it brought a person in the test's measure: a
    rate, or money; `difference` and its 95 % interval beside A hold at every look (null for A, and where nothing can
    be told yet); `final` is the one read on `read_on`."""

    subject: str | None
    text: str | None
    hour: int | None
    offer: str | None
    channel: str | None
    revenue: str
    profit: str
    value: str | None
    difference: str | None
    low: str | None
    high: str | None
    final: tuple[str, str] | None
    harm: str | None


class AbTestOut(Row, AbTestFields):
    """A campaign's test. `leader` is who would win now; `is_proved` whether that holds at every look;
    `is_uneven` that the variants are not of the sizes they were drawn for, so that nothing of it is to be trusted."""

    decide_on: date | None
    read_on: date
    leader: str
    is_proved: bool
    is_measured: bool
    is_uneven: bool
    harmful: list[str]
    decided_at: datetime | None
    variants: list[VariantOut]


@router.get("", response_model=AbTestOut)
@needs(Permission.CAMPAIGNS_READ)
async def get_ab_test(response: Response, actor: CurrentActor, campaign_id: Id) -> object:
    """A campaign's test, and what its variants show so far."""
    async with transaction() as session:
        return await _told(session, response, actor, campaign_id)


@router.put("", response_model=AbTestOut)
@needs(Permission.CAMPAIGNS_WRITE)
async def define_ab_test(
    request: Request, response: Response, actor: CurrentActor, campaign_id: Id, body: AbTestIn
) -> object:
    """Give a campaign its test, or change it, as long as it is not approved."""
    async with transaction() as session:
        await check_unchanged(session, request, lambda: _version(session, actor, campaign_id))
        await service.define_ab_test(session, actor, campaign_id, service.AbAsked(**body.model_dump()))
        return await _told(session, response, actor, campaign_id)


@router.patch("", response_model=AbTestOut)
@needs(Permission.CAMPAIGNS_WRITE)
async def note_learned(
    request: Request, response: Response, actor: CurrentActor, campaign_id: Id, body: LearnedIn
) -> object:
    """Write down what it taught; at any time."""
    async with transaction() as session:
        await check_unchanged(session, request, lambda: _version(session, actor, campaign_id))
        await service.note_learned(session, actor, campaign_id, body.learned)
        return await _told(session, response, actor, campaign_id)


@router.delete("", status_code=204)
@needs(Permission.CAMPAIGNS_WRITE)
async def remove_ab_test(request: Request, actor: CurrentActor, campaign_id: Id) -> Response:
    """Take the test off a campaign that is not approved."""
    async with transaction() as session:
        await check_unchanged(session, request, lambda: _version(session, actor, campaign_id))
        await service.remove_ab_test(session, actor, campaign_id)
    return Response(status_code=204)


@router.post("/winner", response_model=AbTestOut)
@needs(Permission.CAMPAIGNS_WRITE)
async def choose_winner(response: Response, actor: CurrentActor, campaign_id: Id, body: WinnerIn) -> object:
    """End the test: what has not left yet gets this variant. A second time is refused."""
    async with transaction() as session:
        await service.choose_ab_winner(session, actor, campaign_id, body.winner)
        return await _told(session, response, actor, campaign_id)


@router.post("/stop", response_model=AbTestOut)
@needs(Permission.CAMPAIGNS_WRITE)
async def stop_ab_test(response: Response, actor: CurrentActor, campaign_id: Id) -> object:
    """End the test without a winner: what has not left yet gets what was planned. A second time is refused."""
    async with transaction() as session:
        await service.stop_ab_test(session, actor, campaign_id)
        return await _told(session, response, actor, campaign_id)


async def _version(session: Session, actor: Actor, campaign_id: UUID) -> str:
    row = await service.get_ab_test(session, actor, campaign_id)
    if row is None:
        raise NotFound("This campaign has no A/B test.")
    return content(row, *SET_UP)


async def _told(session: Session, response: Response, actor: Actor, campaign_id: UUID) -> AbTestOut:
    result = await ab_result(session, actor, campaign_id)
    tag(response, content(result.test, *SET_UP))
    return ab_test_out(result)


def ab_test_out(result: AbResult) -> AbTestOut:
    """Return a test and its reading as the API says them."""
    test, judged = result.test, result.judged

    def said(value: float | None) -> str | None:
        if value is None:
            return None
        return str(money(value)) if test.measure is Measure.PROFIT else str(round(Decimal(value), 6))

    variants = []
    for variant, one in zip(test.variants, judged.variants, strict=True):
        sums, always, final = one.sums, one.always, result.final.get(variant.key)
        variants.append(
            VariantOut(
                key=variant.key, subject=variant.subject, text=variant.text, hour=variant.hour, offer=variant.offer,
                channel=variant.channel, people=sums.people,
                left=sums.left, delivered=sums.delivered, clicked=sums.clicked, bought=sums.bought,
                unsubscribed=sums.unsubscribed, complained=sums.complained, revenue=str(money(sums.revenue)),
                profit=str(money(sums.profit)), value=said(one.value),
                difference=said(always.difference if always else None), low=said(always.low if always else None),
                high=said(always.high if always else None),
                final=None if final is None else (said(final[0]) or "", said(final[1]) or ""), harm=one.harm,
            )
        )  # fmt: skip
    own: dict[str, Any] = {name: getattr(test, name) for name in AbTestOut.model_fields if hasattr(test, name)}
    return AbTestOut.model_validate(
        {
            **own, "variants": variants, "harmful": list(test.harmful), "leader": judged.leader,
            "is_proved": judged.is_proved, "is_measured": judged.is_measured, "is_uneven": result.is_uneven,
        }
    )  # fmt: skip


list_routes(
    history, AB_TESTS, list_ab_tests,
    "A/B tests of all campaigns, newest first: what was tried, what won, what was learned.",
)  # fmt: skip
