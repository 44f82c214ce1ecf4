"""The routes of a list whose rows are changed and carried away by jobs."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Annotated, Any
from uuid import UUID

from fastapi import APIRouter, Request, Response
from pydantic import Field

from liquor_app.accounts.bulk_actions import BulkList, request_bulk
from liquor_app.accounts.list_exports import request_export
from liquor_app.accounts.permission_table import Permission, needs
from liquor_app.api.idempotency import once
from liquor_app.api.schemas import JOB, Body, Started
from liquor_app.core.errors import Invalid, Malformed
from liquor_app.core.listing.selection import MOST_NAMED, MOST_SELECTED, selection_of
from liquor_app.core.listing.spec import ListQuery
from liquor_app.rest.kit.authentication import CurrentActor, key_owner

Words = Annotated[str, Field(max_length=500)]
Filters = Annotated[dict[Annotated[str, Field(max_length=60)], Words], Field(max_length=20, default_factory=dict)]
Ids = Annotated[list[UUID], Field(max_length=MOST_NAMED, default_factory=list)]
Names = Annotated[list[Annotated[str, Field(max_length=60)]], Field(max_length=60, default_factory=list)]


class BulkIn(Body):
    """What to do to which rows: those named in `ids`, or all that match `filters` and `search` but the ones in `but`.
    Then `at_most` says how many were seen: if more match by now, nothing is done."""

    action: Annotated[str, Field(max_length=40)]
    value: Annotated[str, Field(max_length=200)] = ""
    ids: Ids
    filters: Filters
    search: Annotated[str, Field(max_length=100)] = ""
    but: Ids
    at_most: Annotated[int | None, Field(ge=1, le=MOST_SELECTED)] = None


class ExportIn(Body):
    """What to carry away: all that match, sorted, and of them these columns (by their names in the CSV's answer; all if
    none is named)."""

    filters: Filters
    search: Annotated[str, Field(max_length=100)] = ""
    sort: Annotated[str, Field(max_length=200)] = ""
    columns: Names


@contextmanager
def _beyond_its_shape() -> Iterator[None]:
    """A body names filters, sorts and columns freely, where an address has a pattern for each: what is wrong with one
    is not told by its shape."""
    try:
        yield
    except Malformed as error:
        raise Invalid(error.message, field=error.field) from error


def bulk_routes(router: APIRouter, bulk: BulkList, *, path: str = "") -> None:
    """Add `POST path/bulk` and `POST path/export`; the file is fetched by `GET /jobs/{id}/file`."""
    spec = bulk.spec
    verbs = ", ".join(f"`{one.name}`{' (with a value)' if one.value else ''}" for one in bulk.verbs)

    @needs(bulk.verbs[0].permission)  # the service asks for what the verb takes
    async def change(request: Request, actor: CurrentActor, body: BulkIn) -> Response:
        async def work(session: Any) -> dict[str, Any]:
            with _beyond_its_shape():
                chosen = selection_of(spec, body.model_dump(include={"ids", "filters", "search", "but", "at_most"}))
                return {"job_id": await request_bulk(session, actor, bulk, body.action, chosen, value=body.value)}

        return await once(request, key_owner(actor), Started, work, status=202, location=JOB)

    @needs(Permission(spec.export_permission))
    async def export(request: Request, actor: CurrentActor, body: ExportIn) -> Response:
        async def work(session: Any) -> dict[str, Any]:
            query = ListQuery(filters=body.filters, search=body.search, sort=body.sort)
            with _beyond_its_shape():
                return {"job_id": await request_export(session, actor, spec, query, columns=body.columns)}

        return await once(request, key_owner(actor), Started, work, status=202, location=JOB)

    router.add_api_route(
        f"{path}/bulk", change, methods=["POST"], response_model=Started, status_code=202, name=f"change_{spec.name}",
        description=f"Do something to many rows: {verbs}. A job does it; its result says how many were done, how"
        " many refused, and why.",
    )  # fmt: skip
    router.add_api_route(
        f"{path}/export", export, methods=["POST"], response_model=Started, status_code=202,
        name=f"request_{spec.name}_file", description="All that match, as an Excel file. A job writes it.",
    )  # fmt: skip
