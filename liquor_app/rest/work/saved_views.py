"""Routes: questions of lists kept under a name."""

from __future__ import annotations

from collections.abc import Sequence
from enum import StrEnum
from typing import Annotated, Any

from fastapi import APIRouter, Query, Request, Response
from pydantic import Field

from liquor_app.accounts.permission_table import Permission, needs
from liquor_app.api.etag import check_unchanged, content, tag
from liquor_app.api.idempotency import once
from liquor_app.api.schemas import Body, Id, Row
from liquor_app.campaigns.lists import CAMPAIGNS
from liquor_app.catalog.lists import PRODUCTS
from liquor_app.core.db import Session, transaction
from liquor_app.organization import saved_views
from liquor_app.organization.saved_views import LONGEST, ViewFields, ViewRow
from liquor_app.rest.kit.authentication import CurrentActor, key_owner
from liquor_app.segments.lists import CUSTOMERS

router = APIRouter(tags=["views"])


class ViewedList(StrEnum):
    """Lists whose questions are kept."""

    CUSTOMERS = CUSTOMERS.name
    CAMPAIGNS = CAMPAIGNS.name
    PRODUCTS = PRODUCTS.name


class ViewIn(Body):
    """A question: `query` holds the list's parameters (filters, `search`, `sort`), as its address has them. One of the
    same name and for the same people is replaced. `is_shared`: for everybody; what a key keeps always is."""

    list: ViewedList
    name: Annotated[str, Field(min_length=1, max_length=60, examples=["At risk"])]
    query: Annotated[
        dict[Annotated[str, Field(max_length=60)], Annotated[str, Field(max_length=LONGEST)]],
        Field(max_length=40, examples=[{"churn_risk": "high", "sort": "-clv_score"}]),
    ]
    is_shared: bool = False


class ViewOut(Row, ViewFields):
    """A kept question, and the list it is asked of."""


@router.get("/saved-views", response_model=list[ViewOut])
@needs(Permission.OWN_ACCOUNT)
async def list_saved_views(
    actor: CurrentActor, list_name: Annotated[ViewedList, Query(alias="list", description="Of which list.")]
) -> Sequence[ViewRow]:
    """Everybody's views of a list, then one's own, by name."""
    async with transaction() as session:
        return await saved_views.list_views(session, actor, list_name.value)


@router.post("/saved-views", response_model=ViewOut, status_code=201)
@needs(Permission.OWN_ACCOUNT)
async def save_view(request: Request, actor: CurrentActor, body: ViewIn) -> Response:
    """Keep a question."""

    async def keep(session: Session) -> ViewRow:
        kept = await saved_views.save_view(
            session, actor, body.list.value, body.name, body.query, shared=body.is_shared
        )
        return await saved_views.get_view(session, actor, kept)

    return await once(request, key_owner(actor), ViewOut, keep, location="/api/v1/saved-views/{id}")


@router.get("/saved-views/{id}", response_model=ViewOut)
@needs(Permission.OWN_ACCOUNT)
async def one_saved_view(response: Response, actor: CurrentActor, view_id: Id) -> Any:
    """One view, everybody's or one's own."""
    async with transaction() as session:
        row = await saved_views.get_view(session, actor, view_id)
    tag(response, content(row))
    return row


@router.delete("/saved-views/{id}", status_code=204, response_class=Response)
@needs(Permission.OWN_ACCOUNT)
async def delete_saved_view(request: Request, actor: CurrentActor, view_id: Id) -> Response:
    """Take a view away: one's own; everybody's as a marketer."""

    async with transaction() as session:

        async def version() -> str:
            return content(await saved_views.get_view(session, actor, view_id))

        await check_unchanged(session, request, version)
        await saved_views.delete_view(session, actor, view_id)
    return Response(status_code=204)
