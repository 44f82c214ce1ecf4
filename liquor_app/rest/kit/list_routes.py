"""The two routes every declared list has: a page of it, and all of it as a file."""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable
from typing import Any, TypeVar
from uuid import UUID

from fastapi import APIRouter, Depends, Response
from fastapi.responses import StreamingResponse

from liquor_app.accounts.lists import open_export
from liquor_app.accounts.permission_table import Permission, needs
from liquor_app.accounts.permissions import Actor
from liquor_app.api.etag import tag
from liquor_app.api.list_query import ExportFormat, asked_of, columns_of, csv_response, format_of, ndjson_response
from liquor_app.api.many_rows import NDJSON
from liquor_app.api.schemas import Id, ListOf, listing
from liquor_app.core.db import Session, transaction
from liquor_app.core.listing.spec import ListQuery, ListSpec
from liquor_app.core.paging import Page
from liquor_app.organization.settings import shop_zone
from liquor_app.rest.kit.authentication import CurrentActor

R = TypeVar("R")

FILE: dict[str, Any] = {
    "description": "The file.",
    "content": {"text/csv": {"schema": {"type": "string"}}, NDJSON: {"schema": {"type": "string"}}},
}


def list_routes(
    router: APIRouter,
    spec: ListSpec[R],
    read: Callable[[Session, Actor, ListQuery], Awaitable[Page[R]]],
    doc: str,
    *,
    path: str = "",
    limit: int = 50,
    shape: type[Any] | None = None,
    scoped: Callable[[Session, ListQuery], Awaitable[ListQuery]] | None = None,
) -> None:
    """Add `GET path` and `GET path/export`.

    Args:
        read: the service's verb.
        doc: what the list is and how it is sorted, for the reference.
        limit: rows of a page where none are asked for.
        shape: of an item, where it is not the service's row.
        scoped: adds the list's own parameters for the export; `read` does so itself.
    """

    async def read_page(actor: CurrentActor, query: ListQuery = asked_of(spec, limit=limit)) -> Any:
        async with transaction() as session:
            return listing(await read(session, actor, query))

    async def export(
        actor: CurrentActor,
        query: ListQuery = asked_of(spec, page=False),
        columns: tuple[str, ...] = columns_of(spec),
        kind: ExportFormat = Depends(format_of),
    ) -> StreamingResponse:
        async with transaction() as session:
            whole = await scoped(session, query) if scoped else query
            pages = await open_export(session, actor, spec, whole)
            return await _file(session, spec, pages, columns=columns, kind=kind, shape=shape)

    _add(router, spec, (read_page, export), path=path, doc=doc, shape=shape)


def list_routes_of(
    router: APIRouter,
    spec: ListSpec[R],
    read: Callable[[Session, Actor, UUID, ListQuery], Awaitable[Page[R]]],
    scoped: Callable[[Session, Actor, UUID, ListQuery], Awaitable[ListQuery]],
    doc: str,
    *,
    path: str,
    limit: int = 50,
    shape: type[Any] | None = None,
    version: Callable[[Session, UUID], Awaitable[str]] | None = None,
) -> None:
    """Add the two routes of a list that belongs to the thing whose `{id}` stands in the path, as `list_routes` does.

    Args:
        version: tells the version of the whole list, where something is removed from it by that.
    """

    async def read_page(
        response: Response, actor: CurrentActor, owner: Id, query: ListQuery = asked_of(spec, limit=limit)
    ) -> Any:
        async with transaction() as session:
            page = listing(await read(session, actor, owner, query))
            if version is not None:
                tag(response, await version(session, owner))
        return page

    async def export(
        actor: CurrentActor,
        owner: Id,
        query: ListQuery = asked_of(spec, page=False),
        columns: tuple[str, ...] = columns_of(spec),
        kind: ExportFormat = Depends(format_of),
    ) -> StreamingResponse:
        async with transaction() as session:
            whole = await scoped(session, actor, owner, query)
            pages = await open_export(session, actor, spec, whole)
            return await _file(session, spec, pages, columns=columns, kind=kind, shape=shape)

    _add(router, spec, (read_page, export), path=path, doc=doc, shape=shape)


async def _file(
    session: Session,
    spec: ListSpec[Any],
    pages: AsyncIterator[list[Any]],
    *,
    columns: tuple[str, ...],
    kind: ExportFormat,
    shape: type[Any] | None,
) -> StreamingResponse:
    if kind is ExportFormat.NDJSON:
        return ndjson_response(spec, pages, columns, shape or spec.row)
    return csv_response(spec, pages, columns, await shop_zone(session))


def _add(
    router: APIRouter,
    spec: ListSpec[Any],
    answers: tuple[Callable[..., Any], Callable[..., Any]],
    *,
    path: str,
    doc: str,
    shape: type[Any] | None,
) -> None:
    read_page, export = answers
    needs(Permission(spec.permission))(read_page)
    needs(Permission(spec.export_permission))(export)
    page: Any = ListOf.__class_getitem__(shape or spec.row)
    router.add_api_route(
        path, read_page, methods=["GET"], response_model=page, name=f"list_{spec.name}", description=doc
    )
    router.add_api_route(
        f"{path}/export", export, methods=["GET"], response_class=StreamingResponse, name=f"export_{spec.name}",
        description=f"All that match, as CSV or as JSON lines, as it was at one moment. {doc}", responses={200: FILE},
    )  # fmt: skip
