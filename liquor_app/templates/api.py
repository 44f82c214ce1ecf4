"""Routes: message templates."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Query, Request, Response

from liquor_app.accounts.deps import CurrentActor, key_owner
from liquor_app.api.etag import check_match, tag
from liquor_app.api.idempotency import once
from liquor_app.api.schemas import Cursor, Id, Limit, ListOf, listing
from liquor_app.core.db import transaction
from liquor_app.templates import service
from liquor_app.templates.schemas import TemplateIn, TemplatePatch
from liquor_app.templates.service import TemplateRow

router = APIRouter(prefix="/settings/templates", tags=["settings"])


@router.get("", response_model=ListOf[TemplateRow])
async def list_templates(
    actor: CurrentActor,
    channel: Annotated[str, Query(max_length=10)] = "",
    category: Annotated[str, Query(max_length=40)] = "",
    limit: Limit = 50,
    cursor: Cursor = None,
) -> object:
    """Templates by name."""
    async with transaction() as session:
        page = await service.list_templates(
            session, actor, channel=channel, category=category, limit=limit, cursor=cursor
        )
    return listing(page)


@router.post("", response_model=TemplateRow, status_code=201)
async def create_template(request: Request, actor: CurrentActor, body: TemplateIn) -> Response:
    """A new template; at once the one in use for its channel and category."""
    return await once(
        request,
        key_owner(actor),
        TemplateRow,
        lambda session: service.create_template(session, actor, **body.model_dump()),
    )


@router.patch("/{id}", response_model=TemplateRow)
async def update_template(
    request: Request, response: Response, actor: CurrentActor, template_id: Id, body: TemplatePatch
) -> object:
    """Change a template; what was sent keeps the version it used."""
    async with transaction() as session:
        before = await service.get_template(session, actor, template_id)
        check_match(request, before.updated_at)
        row = await service.update_template(
            session, actor, template_id, body.model_dump(exclude_unset=True), seen=before.version
        )
    tag(response, row.updated_at)
    return row
